"""Which currencies the amounts of a file are in: by columns, signs, formats of cells, and names of files and sheets."""

import numpy as np

from crmkit.core.errors import CrmkitError, refusal

from .reading import amounts as money
from .reading.columns import currencies_named, header_forms, money_unit
from .reading.meanings import cell_text


def currencies_of(judged) -> dict:
    """Each currency among the rows used → where it was first seen, as (column, code of the value)."""
    rows, used, header, mapping = judged.rows, judged.used, judged.header, judged.mapping
    seen = {header.currency: (None, None)} if header.currency else {}
    # an amount that the mapping names, whose heading names its currency, needs no column of currencies
    named = header.currency not in (None, "¥", "$") and "amount" in mapping.columns
    columns = ("amount", "unit_price") if named else ("currency", "amount", "unit_price")
    for column in [c for c in columns if c in rows.codes]:
        distinct = rows.distinct[column]
        for code in distinct.seen(rows.codes[column][used]):
            value = distinct.parsed[code]
            if kind := value if column == "currency" else value and value.currency:
                seen.setdefault(kind, (column, code))
    if "currency" not in rows.codes:
        seen = _of_formats(judged) | _beside(judged) | seen
    if not seen:
        parts = judged.table.parts
        seen = {code: (None, None) for name, *_ in parts for code in currencies_named(name)}
    said = mapping.currency and money.currency_code(mapping.currency)
    # a bare sign may be several currencies
    dollars = header.currency if header.currency in _DOLLARS else "USD"
    crowns = next((code for code in ("SEK", "NOK", "DKK") if code in seen), "KR")
    meant = {"¥": said or ("JPY" if "JPY" in seen else "CNY"), "$": said or dollars, "KR": said or crowns}
    return {meant.get(kind, kind): place for kind, place in reversed(seen.items())}


def _of_formats(judged) -> dict:
    """The currencies of the formats in which a workbook shows the amounts used, where there are several."""
    place = judged.header.found.get("amount", judged.header.found.get("unit_price"))
    of_lines = judged.table.currencies.get(place, {})
    shown = {of_lines[line] for line in judged.rows.lines[judged.used].tolist() if line in of_lines}
    return dict.fromkeys(sorted(shown), (None, None)) if len(shown) > 1 else {}


def empty_amounts(judged) -> np.ndarray:
    """The rows whose cell in the column of amounts is empty."""
    empty = [cell_text(value) == "" for value in judged.rows.distinct["amount"]]
    return np.array([*empty, False])[judged.rows.codes["amount"]]


def _beside(judged) -> dict:
    """The currencies of further columns of amounts that are filled where the first one is empty: EUR, and USD."""
    found = {}
    for name in judged.header.alternatives.get("amount", ()):
        currency = money_unit(header_forms(name)[1])[0]
        if currency in (None, judged.header.currency) or not judged.header.currency:
            continue
        if (empty_amounts(judged) & judged.rows.column(judged.place(name)).filled).any():
            found |= dict.fromkeys((judged.header.currency, currency), (None, None))
    return found


_DOLLARS = ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN")


def mixed_currency(judged) -> CrmkitError:
    rows, header = judged.rows, judged.header
    found = ", ".join(sorted(judged.currencies))
    column, code = next((place for place in judged.currencies.values() if place[0]), (None, None))
    if column is None:  # the names of files or sheets, or the formats of the cells say so
        return refusal("mixed_currency", "mixed_currency_said", value=found, found=found)
    value = list(rows.distinct[column])[code]
    line = int(rows.lines[np.flatnonzero(rows.codes[column] == code)[0]])
    name = header.names[header.found[column]]
    return CrmkitError("mixed_currency", row=line, column=name, value=str(value), found=found)
