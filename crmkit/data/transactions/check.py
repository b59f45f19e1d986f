"""Judges every row of a client's table and reports so that anybody can reconcile the totals.

Blank lines are no rows. Every other row below the header is used, or set aside for the first of these reasons that
holds: total_row, missing_customer, bad_date, bad_amount (also a row with more fields than the header: its values stand
in the wrong columns), after_as_of, duplicate.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from crmkit.core.errors import CrmkitError
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import TRANSACTION_COLUMNS
from crmkit.data.frames import Transactions

from . import amounts as money
from . import dates as days
from .columns import LABEL_HINT, Mapping, MappingGiven, read_mapping
from .files import open_table
from .rows import NUMBER_COLUMNS, Rows
from .table import Table

REASONS = ("total_row", "missing_customer", "bad_date", "bad_amount", "after_as_of", "duplicate")
_WHOLE = re.compile(r"\d+(?:\.0)?")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What the door found: counts to reconcile, errors that refuse the file, the transactions, the rows set aside.

    In a refused file ``rows_used`` counts the rows that nothing known so far speaks against.
    """

    usable: bool
    rows_in: int = 0
    rows_used: int = 0
    rows_set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    zero_amount_rows: int = 0
    negative_amount_rows: int = 0
    duplicate_rows: int = 0
    customers: int = 0
    amount_total: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    encoding: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    errors: tuple[dict, ...] = ()  # code, message_zh, message_en, row, column, value
    # beyond what is promised
    source: str = ""
    sheet: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    columns: tuple[str, ...] = ()
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    date_format: str | None = None
    decimal: str | None = None
    currency: str | None = None
    as_of: str | None = None
    notes: tuple[tuple[str, str], ...] = ()
    transactions: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    set_aside: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    problem: CrmkitError | None = field(
        default=None, repr=False, compare=False
    )  # the first error, to be raised

    def to_dict(self) -> dict:
        """Everything but the frames, as JSON takes it."""
        frames = ("transactions", "set_aside", "problem")
        plain = {k: getattr(self, k) for k in self.__dataclass_fields__ if k not in frames}
        plain["notes"] = [{"message_zh": zh, "message_en": en} for zh, en in self.notes]
        return plain

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


def examine(
    source: Transactions,
    *,
    mapping: MappingGiven = None,
    as_of: date | str | None = None,
    sheet: str | int | None = None,
    drop_duplicates: bool = False,
    keep: bool = True,
) -> CheckReport:
    """The whole check; ``keep`` builds the transactions too. What refuses the file is in the report, not raised."""
    try:
        mapping = read_mapping(mapping)
        limit = _as_date(as_of)
        table = open_table(source, mapping, sheet)
    except CrmkitError as problem:
        return _report([problem], source=_name(source))
    return _judge(table, mapping, limit, drop_duplicates, keep)


@dataclass
class _Judged:
    """A table while it is judged: its rows, what speaks against each so far, and what the steps have found out."""

    table: Table
    mapping: Mapping
    rows: Rows
    errors: list[CrmkitError]  # what refuses the file
    reason: np.ndarray  # a row's place in REASONS; -1 while nothing speaks against it
    notes: list[tuple[str, str]] = field(default_factory=list)
    customers: list | None = None  # the text of each distinct id
    moments: np.ndarray | None = None  # when, row by row; None while the column's reading is undecided
    date_reading: str | None = None
    cents: np.ndarray | None = None  # how much, row by row
    decimal: str | None = None
    copies: np.ndarray | None = None  # rows that repeat an earlier one exactly, and are used all the same
    currencies: dict = field(default_factory=dict)

    @property
    def used(self) -> np.ndarray:
        """The rows that nothing speaks against."""
        return self.reason < 0

    def set_aside(self, reason: str, wrong: np.ndarray) -> None:
        """Set these rows aside, unless an earlier reason has done so."""
        self.reason[self.used & wrong] = REASONS.index(reason)


def _judge(
    table: Table, mapping: Mapping, limit: date | None, drop_duplicates: bool, keep: bool
) -> CheckReport:
    """Judge every row by one reason after the other, in the order of REASONS, and report."""
    errors = _header_errors(table)
    about_file = _about_file(table, limit)
    try:
        rows = Rows(table, mapping, keep and not errors)
    except CrmkitError as problem:
        return _report([problem, *errors], **about_file)

    judged = _Judged(table, mapping, rows, errors, reason=np.full(len(rows), -1, dtype=np.int8))
    judged.set_aside("total_row", rows.total)
    _judge_customers(judged)
    _judge_dates(judged)
    _judge_amounts(judged)
    _judge_late_rows(judged, limit)
    _judge_copies(judged, drop_duplicates)
    _judge_currencies(judged)
    if not judged.used.any() and not errors:
        errors.append(CrmkitError("no_usable_rows", value=table.name, name=table.name, rows=len(rows)))
    _note_multiplier(judged)
    transactions = _transactions(judged) if keep and not errors else None
    return _report(
        errors, **about_file, **_counts(judged), **_amount_counts(judged), transactions=transactions
    )


def _header_errors(table: Table) -> list[CrmkitError]:
    if table.header.problem:
        return [table.header.problem]
    return [_missing_column(name, table) for name in table.header.missing]


def _about_file(table: Table, limit: date | None) -> dict:
    """What the report says of the file before a row is read."""
    header = table.header
    return {
        "source": table.name,
        "encoding": table.encoding,
        "sheet": table.sheet,
        "delimiter": table.delimiter,
        "columns": tuple(name for name in header.names if name),
        "header_row": header.row + 1 or None,
        "alternatives": header.alternatives,
        "mapping": {column: header.names[place] for column, place in header.found.items()},
        "as_of": str(limit) if limit else None,
    }


def _judge_customers(judged: _Judged) -> None:
    rows = judged.rows
    if "customer_id" not in rows.codes:
        return
    judged.customers = _customers(rows.distinct["customer_id"].parsed, judged.notes)
    nobody = np.array([customer is None for customer in judged.customers])
    judged.set_aside("missing_customer", nobody[rows.codes["customer_id"]])


def _judge_dates(judged: _Judged) -> None:
    rows = judged.rows
    if "date" not in rows.codes:
        return
    no_date = np.array([parsed is None for parsed in rows.distinct["date"].parsed])
    judged.set_aside("bad_date", no_date[rows.codes["date"]])
    judged.moments, judged.date_reading = _dates(rows, judged.table.header, judged.reason, judged.errors)
    if judged.moments is not None:
        judged.set_aside("bad_date", np.isnat(judged.moments))


def _judge_amounts(judged: _Judged) -> None:
    rows = judged.rows
    judged.cents, unreadable, judged.decimal = _amounts(
        rows, judged.mapping, judged.table.header, judged.reason
    )
    judged.set_aside("bad_amount", unreadable | rows.surplus)


def _judge_late_rows(judged: _Judged, limit: date | None) -> None:
    if limit and judged.moments is not None:
        day_after = np.datetime64(limit) + np.timedelta64(1, "D")
        judged.set_aside("after_as_of", judged.moments >= day_after)


def _judge_copies(judged: _Judged, drop_duplicates: bool) -> None:
    """Find rows that repeat one used above them; they are used unless they are to be dropped."""
    copies = np.zeros(len(judged.rows), dtype=bool)
    copies[judged.used] = pd.Series(judged.rows.hashes[judged.used]).duplicated().to_numpy()
    if drop_duplicates:
        judged.set_aside("duplicate", copies)
        copies = np.zeros_like(copies)
    judged.copies = copies


def _judge_currencies(judged: _Judged) -> None:
    header = judged.table.header
    judged.currencies = _currencies(judged.rows, judged.used, header, judged.mapping)
    if len(judged.currencies) > 1:
        judged.errors.append(_mixed_currency(judged.currencies, judged.rows, header))


def _note_multiplier(judged: _Judged) -> None:
    header = judged.table.header
    if header.multiplier != 1:
        priced = header.names[header.found.get("amount", header.found.get("unit_price"))]
        note = MESSAGES.pair("note_multiplied", column=priced, factor=f"{header.multiplier:f}")
        judged.notes.append(note)


def _counts(judged: _Judged) -> dict:
    """What the report says of the rows, their customers and their dates."""
    rows, used, customers = judged.rows, judged.used, judged.customers
    seen = rows.distinct["customer_id"].seen(rows.codes["customer_id"][used]) if customers else []
    only_currency = next(iter(judged.currencies), None) if len(judged.currencies) < 2 else None
    counts = {
        "rows_in": len(rows),
        "rows_used": int(used.sum()),
        "rows_set_aside": int((~used).sum()),
        "reasons": {name: int((judged.reason == place).sum()) for place, name in enumerate(REASONS)},
        "duplicate_rows": int(judged.copies.sum()),
        "customers": len({customers[code] for code in seen}),
        "date_format": judged.date_reading or judged.mapping.date_format,
        "decimal": judged.decimal,
        "notes": tuple(judged.notes),
        "set_aside": _set_aside_frame(judged.table, rows, judged.reason),
        "currency": judged.mapping.currency or only_currency,
    }
    if judged.moments is not None and used.any():
        moments = judged.moments[used]
        counts["first_date"] = str(moments.min())[:10]
        counts["last_date"] = str(moments.max())[:10]
    return counts


def _amount_counts(judged: _Judged) -> dict:
    """What the report says of the amounts; nothing where the file has none."""
    if judged.cents is None:
        return {}
    taken = judged.cents[judged.used]
    # in two halves, which cannot overflow
    high, low = int((taken >> 20).sum()), int((taken & 0xFFFFF).sum())
    total = Decimal((high << 20) + low).scaleb(-2)
    return {
        "zero_amount_rows": int((taken == 0).sum()),
        "negative_amount_rows": int((taken < 0).sum()),
        "amount_total": str(total) if len(judged.currencies) <= 1 else None,
    }


def _report(errors: list[CrmkitError], **known) -> CheckReport:
    described = tuple(
        {
            "code": e.code,
            "message_zh": e.message_zh,
            "message_en": e.message_en,
            "row": e.row,
            "column": e.column,
            "value": None if e.value is None else str(e.value),
        }
        for e in errors
    )
    return CheckReport(usable=not errors, errors=described, problem=errors[0] if errors else None, **known)


def _customers(parsed, notes) -> list:
    """The ids as text; ``17850.0`` loses its ``.0`` when every id of the file is a whole number so written."""
    present = [t for t in parsed if t]
    if lossy := [t for t in present if _SCIENTIFIC.fullmatch(t)]:
        notes.append(MESSAGES.pair("note_scientific_ids", count=len(lossy), value=lossy[0]))
    if all(_WHOLE.fullmatch(t) or LABEL_HINT.search(t) for t in present):
        return [t.removesuffix(".0") if t else t for t in parsed]
    return parsed


def _dates(rows, header, reason, errors):
    """Every row's moment (NaT where unreadable) under the column's one reading; None when that cannot be decided."""
    codes, parsed, texts = (
        rows.codes["date"],
        rows.distinct["date"].parsed,
        list(map(str, rows.distinct["date"])),
    )
    counts = np.bincount(codes[reason < 0], minlength=len(parsed))
    undecided = [i for i, p in enumerate(parsed) if isinstance(p, dict) and counts[i]]
    options, shown = [parsed[i] for i in undecided], [texts[i] for i in undecided]
    try:
        reading = days.decide(options, counts[undecided].tolist(), shown, header.names[header.found["date"]])
    except CrmkitError as problem:
        problem.row = int(rows.lines[np.flatnonzero(codes == undecided[shown.index(problem.value)])[0]])
        errors.append(problem)
        return None, None
    moments = [p.get(reading) if isinstance(p, dict) else p for p in parsed]
    moments = np.array([np.datetime64("NaT") if m is None else m for m in moments], dtype="datetime64[us]")[
        codes
    ]
    return moments + rows.seconds.astype("timedelta64[s]"), reading


def _amounts(rows, mapping, header, reason):
    """Each row's cents, which rows have none, and the decimal mark; cents are None when the file has no amount."""
    columns = ["amount"] if "amount" in rows.codes else ["quantity", "unit_price"]
    if not rows.codes.keys() >= set(columns):
        return None, np.zeros(len(rows), dtype=bool), None
    values, mark, judged = {}, mapping.decimal, reason < 0
    points = int(rows.pointed[judged].sum())
    for column in columns[::-1]:  # the price's mark also reads the quantity
        parsed, codes = rows.distinct[column].parsed, rows.codes[column][judged]
        if mark is None:
            mark = money.decimal_mark(
                parsed, np.bincount(codes[codes >= 0], minlength=len(parsed)).tolist(), points
            )
        values[column] = [None if p is None else p.value(mark) for p in parsed]
    if columns == ["amount"]:
        codes = rows.codes["amount"]
        products = [None if v is None else v * header.multiplier for v in values["amount"]]
    else:
        width = max(len(values["unit_price"]), 1)
        codes, pairs = pd.factorize(rows.codes["quantity"] * width + rows.codes["unit_price"])
        factors = [(values["quantity"][p // width], values["unit_price"][p % width]) for p in pairs.tolist()]
        products = [None if None in f else f[0] * f[1] * header.multiplier for f in factors]
    known = np.array([0 if v is None else money.cents(v) for v in products] + [0], dtype=np.int64)
    cents, unreadable = known[codes], np.array([v is None for v in products] + [False])[codes]
    plain = codes < 0
    if mark == ",":  # 12.50 is no number where the comma is the decimal mark
        unreadable |= plain & rows.pointed
    return np.where(plain, rows.cents, cents), unreadable, mark


def _currencies(rows, used, header, mapping) -> dict:
    """Each currency among the rows used → where it was first seen, as (column, code of the value)."""
    seen = {header.currency: (None, None)} if header.currency else {}
    for column in [c for c in ("currency", "amount", "unit_price") if c in rows.codes]:
        distinct = rows.distinct[column]
        for code in distinct.seen(rows.codes[column][used]):
            value = distinct.parsed[code]
            if kind := value if column == "currency" else value and value.currency:
                seen.setdefault(kind, (column, code))
    said = mapping.currency and money.currency_code(mapping.currency)
    # a bare sign may be several currencies
    meant = {"¥": said or ("JPY" if "JPY" in seen else "CNY"), "$": said or "USD"}
    return {meant.get(kind, kind): place for kind, place in reversed(seen.items())}


def _mixed_currency(currencies, rows, header) -> CrmkitError:
    column, code = next(place for place in currencies.values() if place[0])  # the one seen last
    value = list(rows.distinct[column])[code]
    line = int(rows.lines[np.flatnonzero(rows.codes[column] == code)[0]])
    name = header.names[header.found[column]]
    return CrmkitError(
        "mixed_currency", row=line, column=name, value=str(value), found=", ".join(sorted(currencies))
    )


def _missing_column(name: str, table: Table) -> CrmkitError:
    return CrmkitError(
        "missing_column",
        column=name,
        row=table.header.row + 1 or None,
        wanted=MESSAGES.pair(f"wanted_{name}"),
        allowed=", ".join(n for n in table.header.names if n) or "—",
    )


def _set_aside_frame(table, rows, reason) -> pd.DataFrame:
    places = np.flatnonzero(reason >= 0)
    spans = list(zip(rows.lines[places].tolist(), rows.ends[places].tolist()))
    texts = list(table.original(spans)) if spans else []
    names = pd.Series([REASONS[i] for i in reason[places]], dtype="str")
    return pd.DataFrame(
        {"line": rows.lines[places], "reason": names, "original": pd.Series(texts, dtype="str")}
    )


def _transactions(judged: _Judged) -> pd.DataFrame:
    rows, used = judged.rows, judged.used

    def text(values: list, name: str) -> pd.Series:
        return pd.Series(values, dtype="str").take(rows.codes[name][used]).reset_index(drop=True)

    columns = {
        "customer_id": text(judged.customers, "customer_id"),
        "date": judged.moments[used],
        "amount": judged.cents[used] / 100,
    }
    for name in TRANSACTION_COLUMNS:
        if name in rows.text_of:
            columns[name] = pd.Series(rows.text_of[name].filter(pa.array(used)).to_pandas(), dtype="str")
        elif name == "currency" and name in rows.codes:
            columns[name] = text(rows.distinct[name].parsed, name)
        elif name in NUMBER_COLUMNS and name in rows.codes:
            parsed = rows.distinct[name].parsed
            numbers = [None if value is None else value.value(judged.decimal or ".") for value in parsed]
            floats = np.array([np.nan if n is None else float(n) for n in numbers], dtype=np.float64)
            columns[name] = floats[rows.codes[name][used]]
    return pd.DataFrame(columns)


def _name(source: Transactions) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else type(source).__name__


def _as_date(as_of: date | str | None) -> date | None:
    try:
        return None if as_of is None else date.fromisoformat(str(as_of)[:10])
    except ValueError:
        raise CrmkitError("bad_as_of", value=as_of) from None
