"""How amounts are written: decimal marks, signs and words beside the numbers,
units said in a column or below the table.
"""

import re
from collections import defaultdict

import numpy as np

from .judge import APART_HEAD, APART_REST, Judged
from .reading import amounts as money
from .reading.columns import money_unit, plain, plain_unit
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, headed, meaning, meanings, state
from .sections import in_parts
from .side import listed, side_columns

_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
_REMARK = re.compile(r"^$|备注|備註|说明|摘要|remark|note|comment|memo", re.IGNORECASE)
_UNIT_SAID = re.compile(
    r"(?:单位|單位|\bunits?)\s*(?:为|是|[:：])?\s*(?:人民币)?([^\s,，;；。)）\t]+)", re.IGNORECASE
)
MOST_REMARKS = 20  # lines below the table
_THREE_DECIMALS = ("KWD", "BHD", "OMR", "TND", "JOD", "IQD", "LYD")
_NO_DECIMALS = {"IDR", "VND", "JPY", "KRW", "CLP", "PYG", "UGX", "COP", "KHR", "LAK", "MMK", "IRR"}  # in use
FAR_LARGER = 30  # times: an amount in cents beside amounts in euros
FEW_BELOW = 5  # rows
_CODES = (1, 9, 99, 999, 9999, 99999)  # what stands for: not known
FEW_SIGNS = 3  # fewer rows are slips of the pen


def unread_amounts(judged: Judged) -> tuple[str, dict[str, int]]:
    """The heading of the amounts or prices, and the texts in it that were read as no amount, with their rows."""
    priced = "amount" if "amount" in judged.rows.codes else "unit_price"
    distinct, codes = judged.rows.distinct[priced], judged.rows.codes[priced]
    name, wrong = judged.header.names[judged.header.found[priced]], judged.of("bad_amount") & (codes >= 0)
    if not wrong.any():
        return name, {}
    counts = np.bincount(codes[wrong], minlength=len(distinct))
    found = {
        value: int(count)
        for value, parsed, count in zip(distinct, distinct.parsed, counts)
        if count and parsed is None and isinstance(value, str)
    }
    return name, found


def marked_amounts(judged: Judged) -> Decision | None:
    """Words beside the numbers that say what each row is: 34.50(退), $12 refunded, $12 paid."""
    mapping = judged.mapping
    if judged.units is None or mapping.amount_marks or "amount_marks" in mapping.as_read:
        return None
    name, unread = unread_amounts(judged)
    signs: dict[str, int] = {}
    rows, against, example = 0, 0, ""
    for text, count in unread.items():
        found = money.mark_beside_number(text)
        sign = _sign_of_mark(found[0]) if found else 0
        if not sign:
            continue
        signs[found[0].casefold()] = sign
        rows, against = rows + count, against + (count if sign < 0 else 0)
        example = text if sign < 0 or not example else example
    if not signs:
        return None
    fields = {"values": listed(signs), "value": example}
    taken = Reading("negative", {"amount_marks": signs}, fields=fields)
    if not against:
        return Decision("amount_marks", (taken,), name, rows, fields, certain=True)
    others = {mark: sign for mark, sign in signs.items() if sign > 0}
    aside = Reading("set_aside", {"amount_marks": others, "as_read": ["amount_marks"]})
    return Decision("amount_marks", (taken, aside), name, against, fields)


def _sign_of_mark(word: str) -> int:
    """Whether a word beside a number says that it was sold (1) or given back (-1); 0 where it says neither."""
    if meaning(word, "document") == "back" or state(word) == "lost":
        return -1 if word.casefold() not in money.SIDES else 0
    return 1 if meaning(word, "status") == "sale" else 0


def decimal_mark(judged: Judged) -> Decision | None:
    """Amounts that are all written like 1.234: a thousand, or one and a bit."""
    if judged.mapping.decimal is not None or judged.units is None or judged.decimal != ".":
        return None
    if set(judged.currencies) & set(_THREE_DECIMALS):
        return None
    priced = "amount" if "amount" in judged.rows.codes else "unit_price"
    distinct, codes = judged.rows.distinct[priced], judged.rows.codes[priced]
    if bool((judged.rows.pointed & judged.used & (codes < 0)).any()):
        return None
    counts = np.bincount(codes[judged.used & (codes >= 0)], minlength=len(distinct))
    pointed = []
    for value, parsed, count in zip(distinct, distinct.parsed, counts):
        if not count or parsed is None or parsed.exact is not None:
            continue
        if "," in parsed.digits:
            return None
        if "." in parsed.digits:
            if not _THOUSANDS.fullmatch(parsed.digits):
                return None
            pointed.append(str(value))
    if not pointed:
        return None
    name = judged.header.names[judged.header.found[priced]]
    fields = {"value": pointed[0]}
    if set(judged.currencies) and set(judged.currencies) <= _NO_DECIMALS:
        taken = Reading("thousands", {"decimal": ","})
        return Decision("decimal_mark", (taken,), name, int(counts.sum()), fields, certain=True)
    readings = (
        Reading("thousands", {"decimal": ","}, fields=fields),
        Reading("decimals", {"decimal": "."}, fields=fields),
    )
    return Decision("decimal_mark", readings, name, int(counts.sum()), fields)


def currency_sign(judged: Judged) -> Decision | None:
    """Numbers beside a sign that the door does not know: the currency, or something else (points, days, pieces)."""
    mapping = judged.mapping
    if judged.units is None or "currency_sign" in mapping.as_read:
        return None
    name, unread = unread_amounts(judged)
    rows_of: dict[str, int] = defaultdict(int)
    example: dict[str, str] = {}
    for value, count in unread.items():
        marked = money.mark_beside_number(value)
        if marked and _sign_of_mark(marked[0]):
            continue
        sign = money.sign_beside_number(value)
        if sign is not None:
            rows_of[sign] += count
            example.setdefault(sign, cell_text(value))
    if not rows_of:
        return None
    sign = max(rows_of, key=rows_of.get)
    if rows_of[sign] < FEW_SIGNS:
        return None
    fields = {"sign": sign, "value": example[sign]}
    readings = [Reading("money", {"currency_signs": [sign]}, fields=fields)]
    if judged.used.any():
        readings.append(
            Reading("set_aside", {"as_read": ["currency_sign"]}, "reading_currency_sign_set_aside", fields)
        )
    return Decision("currency_sign", tuple(readings), name, rows_of[sign], fields)


def unit_column(judged: Judged) -> Decision | None:
    """A column that says of each row whether its amount is in 元, 千元 or 万元."""
    if judged.units is None or judged.mapping.unit_column or judged.header.multiplier != 1:
        return None
    for place, name in side_columns(judged):
        if not headed(name, "amount_unit"):
            continue
        said = {plain(cell_text(value)) for value in judged.rows.column(place).values if cell_text(value)}
        scaled = any(money_unit(unit)[1] != 1 for unit in said)
        if scaled and said <= meanings()["amount_unit"]["values"]:
            fields = {"values": ", ".join(sorted(said))}
            reading = Reading("taken", {"unit_column": name})
            rows = int(judged.used.sum())
            return Decision("unit_column", (reading,), name, rows, fields, certain=True)
    return None


def unit_in_remark(judged: Judged) -> Decision | None:
    """A line below the table that says what its amounts are in: 单位：万元."""
    if judged.units is None or judged.mapping.unit is not None or judged.header.multiplier != 1:
        return None
    used = np.flatnonzero(judged.used)
    remarks = np.flatnonzero(judged.unreadable & (judged.of("missing_customer") | judged.of("bad_date")))
    remarks = remarks[remarks > used[-1]][:MOST_REMARKS] if len(used) else remarks[:0]
    spans = [(int(judged.rows.lines[row]), int(judged.rows.ends[row])) for row in remarks]
    for text in judged.table.original(spans) if spans else ():
        found = _UNIT_SAID.search(text)
        if found and money_unit(plain_unit(found[1]))[1] != 1:
            priced = judged.priced
            reading = Reading("taken", {"unit": found[1]})
            rows = int(judged.used.sum())
            return Decision("unit_in_remark", (reading,), priced, rows, {"value": found[1]}, certain=True)
    return None


def thousands_apart(judged: Judged) -> Decision | None:
    """1,234.50 without quotes: the thousand stands in the amount's column, the rest in the one behind it."""
    if judged.units is None or "amount" not in judged.header.found or judged.mapping.thousands == "joined":
        return None
    if judged.table.delimiter != "," or "thousands" in judged.mapping.as_read:
        return None
    place = judged.header.found["amount"]
    if place + 1 >= len(judged.header.names):
        return None
    column, behind = judged.rows.column(place), judged.rows.column(place + 1)
    if behind.size > 5000:
        return None  # a column of its own
    rest = behind.where(lambda cell: bool(APART_REST.fullmatch(cell_text(cell))))
    filled = behind.filled
    rows = judged.used & rest
    if not rows.any() or (filled & judged.used & ~rest).any():
        return None
    head = column.where(lambda cell: bool(APART_HEAD.fullmatch(cell_text(cell))))
    if (filled & judged.used & ~rest).any() or not head[rows].all():
        return None
    if head[judged.used & ~filled].all() and (judged.used & ~filled).any():
        return None  # every amount is a small whole number: the column behind may be one of its own
    if rows.sum() == judged.used.sum() and not _REMARK.search(judged.header.names[place + 1]):
        return None  # filled in every row: a column of its own
    name, other = judged.header.names[place], judged.header.names[place + 1] or str(place + 2)
    readings = (Reading("joined", {"thousands": "joined"}), as_it_stands("thousands"))
    return Decision("thousands", readings, name, int(rows.sum()), {"other": other})


def parts_in_cents(judged: Judged) -> Decision | None:
    """A file or a sheet whose amounts are all whole and far larger than the others', which have decimals: cents."""
    parts = judged.table.parts
    if judged.units is None or len(parts) < 2 or "part_units" in judged.mapping.as_read:
        return None
    scale = 10**judged.decimals
    whole, medians = {}, {}
    for name, *_ in parts:
        amounts = np.abs(judged.units[judged.used & in_parts(judged, [name])])
        amounts = amounts[amounts > 0]
        if len(amounts) and name not in judged.mapping.part_units:
            whole[name], medians[name] = bool((amounts % scale == 0).all()), float(np.median(amounts))
    exact = [medians[name] for name in medians if not whole[name]]
    large = [name for name in medians if whole[name] and exact and medians[name] >= FAR_LARGER * max(exact)]
    if not large or len(large) + len(exact) < len(medians):
        return None
    rows = int((judged.used & in_parts(judged, large)).sum())
    cents = Reading("cents", {"part_units": dict.fromkeys(large, 0.01)})
    name = judged.priced
    return Decision("part_units", (cents, as_it_stands("part_units")), name, rows, {"parts": listed(large)})


def turned_signs(judged: Judged) -> Decision | None:
    """More amounts below zero than above, or none above: a ledger, in which sales are credits."""
    if judged.units is None or judged.mapping.unit is not None or "turned" in judged.mapping.as_read:
        return None
    amounts = judged.units[judged.used]
    below, above = int((amounts < 0).sum()), int((amounts > 0).sum())
    if below < FEW_BELOW or above >= below or amounts.sum() >= 0:
        return None
    name = judged.priced
    turn = Reading("turn", {"unit": -float(judged.header.multiplier)})
    return Decision("turned", (turn, as_it_stands("turned")), name, below)


def missing_codes(judged: Judged) -> Decision | None:
    """The only amounts below zero are all the same -1, -99 or -999, of which nothing was ever sold:
    no amount was known.
    """
    if (
        judged.units is None
        or "amount" not in judged.header.found
        or "missing_codes" in judged.mapping.as_read
    ):
        return None
    amounts, scale = judged.units[judged.used], 10**judged.decimals
    below = amounts[amounts < 0]
    if len(below) < 2 or (below != below[0]).any() or -below[0] not in [code * scale for code in _CODES]:
        return None
    if (amounts == -below[0]).any():
        return None
    place = judged.header.found["amount"]
    name, code = judged.header.names[place], int(below[0]) // scale
    column = judged.rows.column(place)
    cells = column.where(lambda cell: cell_text(cell).split(".")[0] == str(code))
    said = sorted({cell_text(value) for value, count in zip(column.values, column.counts(cells)) if count})
    aside = Reading("set_aside", {"drop": {name: said}}, "reading_references_drop")
    fields = {"value": str(code)}
    return Decision("missing_codes", (aside, as_it_stands("missing_codes")), name, len(below), fields)
