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

from crmkit.core.catalogue import message_pair
from crmkit.core.errors import CrmkitError
from crmkit.core.schema import TRANSACTION_COLUMNS

from . import amounts as money
from . import dates as days
from .columns import LABEL_HINT, Mapping, read_mapping
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


def examine(source, *, mapping=None, as_of=None, sheet=None, drop_duplicates=False, keep=True) -> CheckReport:
    """The whole check; ``keep`` builds the transactions too. What refuses the file is in the report, not raised."""
    try:
        mapping = read_mapping(mapping)
        limit = _as_date(as_of)
        table = open_table(source, mapping, sheet)
    except CrmkitError as problem:
        return _report([problem], source=_name(source))
    return _judge(table, mapping, limit, drop_duplicates, keep)


def _judge(table: Table, mapping: Mapping, limit, drop_duplicates: bool, keep: bool) -> CheckReport:
    header, notes = table.header, []
    errors = [header.problem] if header.problem else [_missing_column(name, table) for name in header.missing]
    known = dict(
        source=table.name,
        encoding=table.encoding,
        sheet=table.sheet,
        delimiter=table.delimiter,
        columns=tuple(n for n in header.names if n),
        header_row=header.row + 1 or None,
        alternatives=header.alternatives,
        mapping={c: header.names[j] for c, j in header.found.items()},
        as_of=str(limit) if limit else None,
    )
    try:
        rows = Rows(table, mapping, keep and not errors)
    except CrmkitError as problem:
        return _report([problem, *errors], **known)

    reason = np.full(len(rows), -1, dtype=np.int8)

    def set_aside(name, mask):
        reason[(reason < 0) & mask] = REASONS.index(name)

    set_aside("total_row", rows.total)
    customers = moments = reading = None
    if "customer_id" in rows.codes:
        customers = _customers(rows.distinct["customer_id"].parsed, notes)
        set_aside("missing_customer", np.array([c is None for c in customers])[rows.codes["customer_id"]])
    if "date" in rows.codes:
        set_aside("bad_date", np.array([p is None for p in rows.distinct["date"].parsed])[rows.codes["date"]])
        moments, reading = _dates(rows, header, reason, errors)
    if moments is not None:
        set_aside("bad_date", np.isnat(moments))
    cents, unreadable, mark = _amounts(rows, mapping, header, reason)
    set_aside("bad_amount", unreadable | rows.surplus)
    if limit and moments is not None:
        set_aside("after_as_of", moments >= np.datetime64(limit) + np.timedelta64(1, "D"))
    again = np.zeros(len(rows), dtype=bool)
    again[reason < 0] = pd.Series(rows.hashes[reason < 0]).duplicated().to_numpy()
    if drop_duplicates:
        set_aside("duplicate", again)
        again[:] = False

    used = reason < 0
    currencies = _currencies(rows, used, header, mapping)
    if len(currencies) > 1:
        errors.append(_mixed_currency(currencies, rows, header))
    if not used.any() and not errors:
        errors.append(CrmkitError("no_usable_rows", value=table.name, name=table.name, rows=len(rows)))
    if header.multiplier != 1:
        priced = header.names[header.found.get("amount", header.found.get("unit_price"))]
        notes.append(message_pair("note_multiplied", column=priced, factor=f"{header.multiplier:f}"))
    seen = rows.distinct["customer_id"].seen(rows.codes["customer_id"][used]) if customers else []
    counted = dict(
        rows_in=len(rows),
        rows_used=int(used.sum()),
        rows_set_aside=int((~used).sum()),
        reasons={name: int((reason == i).sum()) for i, name in enumerate(REASONS)},
        duplicate_rows=int(again.sum()),
        customers=len({customers[c] for c in seen}),
        date_format=reading or mapping.date_format,
        decimal=mark,
        notes=tuple(notes),
        set_aside=_set_aside_frame(table, rows, reason),
        currency=mapping.currency or (next(iter(currencies), None) if len(currencies) < 2 else None),
    )
    if cents is not None:
        taken = cents[used]
        total = (int((taken >> 20).sum()) << 20) + int(
            (taken & 0xFFFFF).sum()
        )  # in two halves, which cannot overflow
        counted |= dict(
            zero_amount_rows=int((taken == 0).sum()),
            negative_amount_rows=int((taken < 0).sum()),
            amount_total=str(Decimal(total).scaleb(-2)) if len(currencies) <= 1 else None,
        )
    if moments is not None and used.any():
        counted |= dict(first_date=str(moments[used].min())[:10], last_date=str(moments[used].max())[:10])
    if keep and not errors:
        counted["transactions"] = _transactions(rows, used, customers, moments, cents, mark)
    return _report(errors, **known, **counted)


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
        notes.append(message_pair("note_scientific_ids", count=len(lossy), value=lossy[0]))
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
    zh = {"customer_id": "客户编号", "date": "日期", "amount": "金额（或数量和单价）"}[name]
    en = {"customer_id": "customer id", "date": "date", "amount": "amount (or quantity and unit price)"}[name]
    return CrmkitError(
        "missing_column",
        column=name,
        row=table.header.row + 1 or None,
        wanted_zh=zh,
        wanted_en=en,
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


def _transactions(rows, used, customers, moments, cents, mark) -> pd.DataFrame:
    def text(values, name):
        return pd.Series(values, dtype="str").take(rows.codes[name][used]).reset_index(drop=True)

    columns = {
        "customer_id": text(customers, "customer_id"),
        "date": moments[used],
        "amount": cents[used] / 100,
    }
    for name in TRANSACTION_COLUMNS:
        if name in rows.text_of:
            columns[name] = pd.Series(rows.text_of[name].filter(pa.array(used)).to_pandas(), dtype="str")
        elif name == "currency" and name in rows.codes:
            columns[name] = text(rows.distinct[name].parsed, name)
        elif name in NUMBER_COLUMNS and name in rows.codes:
            numbers = [None if p is None else p.value(mark or ".") for p in rows.distinct[name].parsed]
            floats = np.array([np.nan if v is None else float(v) for v in numbers], dtype=np.float64)
            columns[name] = floats[rows.codes[name][used]]
    return pd.DataFrame(columns)


def _name(source) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else type(source).__name__


def _as_date(as_of) -> date | None:
    try:
        return None if as_of is None else date.fromisoformat(str(as_of)[:10])
    except ValueError:
        raise CrmkitError("bad_as_of", value=as_of) from None
