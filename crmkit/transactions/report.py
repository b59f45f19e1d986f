"""Judges every row of a client's table and reports so that anybody can reconcile the totals.

Blank lines are no rows. Every other row below the header is used or set aside, for the first of these reasons that holds: total_row,
missing_customer, bad_date, bad_amount (also a row with more fields than the header: its values stand in the wrong columns),
after_as_of, duplicate.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

from ..schema import TRANSACTION_COLUMNS, CrmkitError
from . import amounts as money
from . import dates as days
from .columns import Mapping, ends_in_total, is_total, read_mapping
from .files import Table, open_table

REASONS = ("total_row", "missing_customer", "bad_date", "bad_amount", "after_as_of", "duplicate")
_NO_CUSTOMER = re.compile(r"[-—–_/\\.?]*|nan|nat|null|none|n/a|na|#n/a|\\n|\(null\)|\(blank\)|<null>|<na>|无|無|空|（空）|空白", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_TEXT_COLUMNS = ("order_id", "product_id", "channel")
_NUMBER_COLUMNS = ("quantity", "unit_price", "unit_cost")


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What the door found: the counts to reconcile, the errors that refuse the file, the transactions and the rows set aside.

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
    problem: CrmkitError | None = field(default=None, repr=False, compare=False)  # the first error, to be raised

    def to_dict(self) -> dict:
        """Everything but the frames, as JSON takes it."""
        plain = {k: getattr(self, k) for k in self.__dataclass_fields__ if k not in ("transactions", "set_aside", "problem")}
        plain["notes"] = [{"message_zh": zh, "message_en": en} for zh, en in self.notes]
        return plain

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


class _Codes(dict):
    """Numbers distinct values as they come, so that each is parsed once: value → code; ``parsed[code]``."""

    def __init__(self, parse):
        super().__init__()
        self.parse, self.parsed = parse, []

    def __missing__(self, value):
        code = self[value] = len(self)
        self.parsed.append(self.parse(value))
        return code

    def encode(self, column) -> np.ndarray:
        if not isinstance(column, pd.Series):
            return np.fromiter(map(self.__getitem__, column), dtype=np.int64, count=len(column))
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        try:
            codes, distinct = pd.factorize(column)
        except TypeError:  # lists and the like
            codes, distinct = pd.factorize(column.astype(str))
        mine = np.array([self[v] for v in distinct.tolist()] + [self[None] if (codes < 0).any() else 0], dtype=np.int64)
        return mine[codes]


def customer_text(value) -> str | None:
    """A customer's id as text: ``'00123'`` keeps its zeros, 12345.0 is ``'12345'``; None when there is none.

    >>> customer_text(" 00123 "), customer_text(12345.0), customer_text("N/A")
    ('00123', '12345', None)
    """
    if isinstance(value, str):
        text = value.strip(" \t\r\n\f\v\u3000\xa0\ufeff\u200b\x00")
        if text.startswith('="') and text.endswith('"'):
            text = text[2:-1].strip()
        text = text.removeprefix("'")
        return None if _NO_CUSTOMER.fullmatch(text) else text
    if value is None or value != value or value is pd.NaT:
        return None
    if isinstance(value, (float, Decimal)) and value == value.to_integral_value() if isinstance(value, Decimal) else (
        isinstance(value, float) and value.is_integer()
    ):
        return str(int(value))
    return str(value).strip() or None


def _is_empty(cell) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\xa0\ufeff\u200b\x00"))


_OK, _MISSING, _TOTAL, _PART = 0, 1, 2, 3


def _customer_flag(value) -> int:
    if customer_text(value) is None:
        return _MISSING
    return _TOTAL if is_total(value) else _PART if ends_in_total(value) else _OK


class _Rows:
    """One pass over the table: the codes of the columns in use, line numbers, row hashes, and which rows are totals lines."""

    def __init__(self, table: Table, mapping: Mapping, keep: bool):
        header = table.header
        reader = days.DateReader(mapping.date_format, mapping.time_zone, table.epoch_1904)
        parsers = {"customer_id": lambda v: (customer_text(v), _customer_flag(v)), "date": reader.read, "currency": money.currency_code}
        wanted = [c for c in ("customer_id", "date", "currency") if c in header.found]
        wanted += ["amount"] if "amount" in header.found else [c for c in ("quantity", "unit_price") if c in header.found]
        if keep:
            wanted += [c for c in (*_TEXT_COLUMNS, *_NUMBER_COLUMNS) if c in header.found and c not in wanted]
        self.position = {c: header.found[c] for c in wanted}
        self.distinct = {
            c: _Codes(parsers.get(c, customer_text if c in _TEXT_COLUMNS else money.take_apart)) for c in wanted
        }
        parts = {name: [] for name in ("lines", "hashes", "total", "surplus", "ends", *wanted)}
        for chunk in table.chunks():
            self._take(chunk, parts)
        self.codes = {c: _joined(parts[c]) for c in wanted}
        self.lines, self.hashes, self.ends = _joined(parts["lines"]), _joined(parts["hashes"]), _joined(parts["ends"])
        self.total, self.surplus = _joined(parts["total"]).astype(bool), _joined(parts["surplus"]).astype(bool)

    def __len__(self) -> int:
        return len(self.lines)

    def _take(self, chunk, parts) -> None:
        n = len(chunk.lines)
        codes = {c: self.distinct[c].encode(chunk.columns[j]) for c, j in self.position.items()}
        customer = self._flags("customer_id", codes, lambda p: p[1], n)
        dated = self._flags("date", codes, lambda p: _MISSING if p is None else _OK, n)
        total, blank = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        doubtful = np.flatnonzero((customer != _OK) | (dated != _OK))
        if len(doubtful):
            cells = [
                c.iloc[doubtful].tolist() if isinstance(c, pd.Series) else [c[i] for i in doubtful] for c in chunk.columns
            ]
            for i, *row in zip(doubtful, *cells):
                blank[i] = all(map(_is_empty, row))
                total[i] = not blank[i] and self._is_total_row(row, customer[i], dated[i])
        surplus = np.zeros(n, dtype=bool)
        surplus[chunk.surplus] = True
        kept = ~blank | surplus
        ends = np.append(chunk.lines[1:] - 1, chunk.lines[-1:] + 10_000 if n else [])
        for name, values in {**codes, "lines": chunk.lines, "hashes": chunk.hashes, "total": total, "surplus": surplus, "ends": ends}.items():
            parts[name].append(values[kept] if blank.any() else values)

    def _flags(self, column, codes, flag, n) -> np.ndarray:
        if column not in codes:
            return np.full(n, _MISSING)
        return np.array([flag(p) for p in self.distinct[column].parsed], dtype=np.int8)[codes[column]]

    def _is_total_row(self, row, customer: int, dated: int) -> bool:
        """合计 or Total in the customer's or the date's cell; in the first cell, or in any, when customer or date is lacking."""
        cells = [c for c in row if not _is_empty(c)]
        date_cell = row[self.position["date"]] if "date" in self.position else None
        if customer == _TOTAL or is_total(date_cell) or is_total(cells[0]):
            return True
        if dated == _OK:
            return False
        if customer == _PART or ends_in_total(date_cell) or ends_in_total(cells[0]):
            return True
        return customer == _MISSING and any(map(is_total, cells))


def _joined(parts: list) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def examine(source, *, mapping=None, as_of=None, sheet=None, drop_duplicates=False, keep=True) -> CheckReport:
    """The whole check; ``keep`` builds the transactions too. Errors that refuse the file are in the report, not raised."""
    try:
        mapping = read_mapping(mapping)
        limit = _as_date(as_of)
        table = open_table(source, mapping, sheet)
    except CrmkitError as problem:
        return _refused([problem], source=_name(source))
    return _judge(table, mapping, limit, drop_duplicates, keep)


def _judge(table: Table, mapping: Mapping, limit, drop_duplicates: bool, keep: bool) -> CheckReport:
    header, errors, notes = table.header, [], []
    if header.problem:
        errors.append(header.problem)
    else:
        errors += [_missing_column(name, table) for name in header.missing]
    known = dict(
        source=table.name, encoding=table.encoding, sheet=table.sheet, delimiter=table.delimiter, columns=tuple(n for n in header.names if n),
        header_row=header.row + 1 if header.row >= 0 else None, alternatives=header.alternatives,
        mapping={c: header.names[j] for c, j in header.found.items()}, as_of=str(limit) if limit else None,
    )
    try:
        rows = _Rows(table, mapping, keep and not errors)
    except CrmkitError as problem:
        return _refused([*errors, problem], **known)
    if not len(rows):
        errors.insert(0, CrmkitError("empty_file", value=table.name, name=table.name))
        return _refused(errors, **known)

    reason = np.full(len(rows), -1, dtype=np.int8)

    def set_aside(name, mask):
        reason[(reason < 0) & mask] = REASONS.index(name)

    set_aside("total_row", rows.total)
    customers = None
    if "customer_id" in rows.codes:
        customers = _customers(rows.distinct["customer_id"].parsed, notes)
        set_aside("missing_customer", np.array([c is None for c in customers])[rows.codes["customer_id"]])
    moments, reading = _dates(rows, header, reason, errors)
    if moments is not None:
        set_aside("bad_date", np.isnat(moments))
    cents, mark = _amounts(rows, mapping, header, reason)
    set_aside("bad_amount", rows.surplus if cents is None else rows.surplus | np.array([c is None for c in cents[0]])[cents[1]])
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
        notes.append(_note("multiplied", column=_priced(header), factor=f"{header.multiplier:f}"))
    set_aside_frame = _set_aside_frame(table, rows, reason)
    counted = dict(
        rows_in=len(rows), rows_used=int(used.sum()), rows_set_aside=int((~used).sum()),
        reasons={name: int((reason == i).sum()) for i, name in enumerate(REASONS)}, duplicate_rows=int(again.sum()),
        customers=len({customers[c] for c in np.unique(rows.codes["customer_id"][used])}) if customers else 0,
        date_format=reading or mapping.date_format, decimal=mark, currency=mapping.currency or next(iter(currencies), None), notes=tuple(notes),
    )
    if cents is not None:
        counts = np.bincount(cents[1][used], minlength=len(cents[0]))
        sums = [(c, int(n)) for c, n in zip(cents[0], counts) if n]
        counted |= dict(
            zero_amount_rows=sum(n for c, n in sums if c == 0), negative_amount_rows=sum(n for c, n in sums if c < 0),
            amount_total=_two_decimals(sum(c * n for c, n in sums)) if len(currencies) <= 1 else None,
        )
    if moments is not None and used.any():
        counted |= dict(first_date=str(moments[used].min())[:10], last_date=str(moments[used].max())[:10])
    frame = _transactions(rows, used, customers, moments, cents, mark) if keep and not errors else None
    if errors:
        return _refused(errors, set_aside=set_aside_frame, **known, **counted)
    return CheckReport(usable=True, transactions=frame, set_aside=set_aside_frame, **known, **counted)


def _refused(errors: list[CrmkitError], **known) -> CheckReport:
    described = tuple(
        {"code": e.code, "message_zh": e.message_zh, "message_en": e.message_en, "row": e.row, "column": e.column,
         "value": None if e.value is None else str(e.value)}
        for e in errors
    )
    return CheckReport(usable=False, errors=described, problem=errors[0], **known)


def _customers(parsed, notes) -> list:
    """The ids as text; ``17850.0`` loses its ``.0`` when every id of the file is a whole number so written."""
    texts = [text for text, _ in parsed]
    present = [t for t in texts if t]
    floats = [t for t in present if re.fullmatch(r"\d+\.0", t)]
    if floats and all(re.fullmatch(r"\d+(?:\.0)?", t) for (t, flag) in parsed if t and flag == _OK):
        texts = [t.removesuffix(".0") if t else t for t in texts]
    if lossy := [t for t in present if _SCIENTIFIC.fullmatch(t)]:
        notes.append(_note("scientific_ids", count=len(lossy), value=lossy[0]))
    return texts


def _dates(rows, header, reason, errors):
    """Every row's moment (NaT where unreadable) under the column's one reading; None when that cannot be decided."""
    if "date" not in rows.codes:
        return None, None
    codes, distinct = rows.codes["date"], rows.distinct["date"]
    counts = np.bincount(codes[reason < 0], minlength=len(distinct))
    texts = list(distinct)
    open_ones = [i for i, p in enumerate(distinct.parsed) if isinstance(p, dict) and counts[i]]
    column, reading = header.names[header.found["date"]], None
    try:
        reading = days.decide(
            [distinct.parsed[i] for i in open_ones], [int(counts[i]) for i in open_ones], [str(texts[i]) for i in open_ones], column
        )
    except CrmkitError as problem:
        shown = next(i for i in open_ones if str(texts[i]) == problem.value)
        problem.row = int(rows.lines[np.flatnonzero(codes == shown)[0]])
        errors.append(problem)
        undecided = [p is None for p in distinct.parsed]
        rows.total = rows.total.copy()
        reason[(reason < 0) & np.array(undecided)[codes]] = REASONS.index("bad_date")
        return None, None
    moments = [p.get(reading) if isinstance(p, dict) else p for p in distinct.parsed]
    return np.array([np.datetime64("NaT") if m is None else m for m in moments], dtype="datetime64[us]")[codes], reading


def _amounts(rows, mapping, header, reason):
    """``(cents of each distinct amount, code of each row)`` and the decimal mark; None when no amount column is known."""
    columns = [c for c in ("amount",) if c in rows.codes] or [c for c in ("quantity", "unit_price") if c in rows.codes]
    if columns not in (["amount"], ["quantity", "unit_price"]):
        return None, None
    values, mark = {}, mapping.decimal
    for column in columns[::-1]:  # the price's mark also reads the quantity
        parsed = rows.distinct[column].parsed
        if mark is None:
            mark = money.decimal_mark(parsed, np.bincount(rows.codes[column][reason < 0], minlength=len(parsed)).tolist())
        values[column] = [None if p is None else p.value(mark) for p in parsed]
    if columns == ["amount"]:
        return ([None if v is None else money.cents(v * header.multiplier) for v in values["amount"]], rows.codes["amount"]), mark
    width = max(len(values["unit_price"]), 1)
    pairs, codes = np.unique(rows.codes["quantity"] * width + rows.codes["unit_price"], return_inverse=True)
    products = [(values["quantity"][p // width], values["unit_price"][p % width]) for p in pairs.tolist()]
    return ([None if None in (q, p) else money.cents(q * p * header.multiplier) for q, p in products], codes), mark


def _currencies(rows, used, header, mapping) -> dict:
    """Each currency among the rows used → where it was first seen (row index); ¥ beside JPY is JPY, beside CNY it is CNY."""
    seen = {}
    for column in ("currency", "amount", "unit_price"):
        if column in rows.codes and used.any():
            parsed = rows.distinct[column].parsed
            for code in np.unique(rows.codes[column][used]).tolist():
                kind = parsed[code] if column == "currency" else getattr(parsed[code], "currency", None)
                if kind:
                    seen.setdefault(kind, (column, code))
    if header.currency:
        seen.setdefault(header.currency, (None, None))
    if "JPY" in seen and "CNY" in seen and _only_yen_signs(rows, seen):
        del seen["CNY"]
    return seen


def _only_yen_signs(rows, seen) -> bool:
    column = seen["CNY"][0]
    if column in (None, "currency"):
        return False
    texts = [str(t) for t, p in rows.distinct[column].items() if getattr(rows.distinct[column].parsed[p], "currency", None) == "CNY"]
    return all(("¥" in t or "￥" in t) and not re.search(r"元|圆|rmb|cn", t, re.IGNORECASE) for t in texts)


def _mixed_currency(currencies, rows, header) -> CrmkitError:
    column, code = list(currencies.values())[-1]
    if column is None:
        column, code = next(v for v in currencies.values() if v[0])
    value = list(rows.distinct[column])[code]
    line = int(rows.lines[np.flatnonzero(rows.codes[column] == code)[0]])
    name = header.names[header.found[column]]
    return CrmkitError("mixed_currency", row=line, column=name, value=str(value), found=", ".join(currencies))


def _missing_column(name: str, table: Table) -> CrmkitError:
    zh = {"customer_id": "客户编号", "date": "日期", "amount": "金额（或数量和单价）"}[name]
    en = {"customer_id": "customer id", "date": "date", "amount": "amount (or quantity and unit price)"}[name]
    return CrmkitError(
        "missing_column", column=name, row=table.header.row + 1 or None, wanted_zh=zh, wanted_en=en,
        allowed=", ".join(n for n in table.header.names if n) or "—",
    )


def _set_aside_frame(table, rows, reason) -> pd.DataFrame:
    places = np.flatnonzero(reason >= 0)
    spans = [(int(rows.lines[i]), int(rows.ends[i])) for i in places]
    texts = list(table.original(spans)) if spans else []
    return pd.DataFrame({
        "line": pd.Series([s[0] for s in spans], dtype="int64"),
        "reason": pd.Series([REASONS[reason[i]] for i in places], dtype="str"),
        "original": pd.Series(texts, dtype="str"),
    })


def _transactions(rows, used, customers, moments, cents, mark) -> pd.DataFrame:
    def text(values, codes):
        return pd.Series(values, dtype="str").take(codes).reset_index(drop=True)

    money_of = np.array([0 if c is None else c for c in cents[0]], dtype=np.float64) / 100
    columns = {
        "customer_id": text(customers, rows.codes["customer_id"][used]), "date": moments[used], "amount": money_of[cents[1][used]],
    }
    for name in TRANSACTION_COLUMNS:
        if name in columns or name not in rows.codes:
            continue
        parsed, codes = rows.distinct[name].parsed, rows.codes[name][used]
        if name in _NUMBER_COLUMNS:
            numbers = [None if p is None else p.value(mark or ".") for p in parsed]
            columns[name] = np.array([np.nan if v is None else float(v) for v in numbers], dtype=np.float64)[codes]
        else:
            columns[name] = text(parsed, codes)
    return pd.DataFrame(columns)


def _two_decimals(total_cents: int) -> str:
    return str((Decimal(total_cents) / 100).quantize(money.CENT, ROUND_HALF_UP))


def _priced(header) -> str:
    return header.names[header.found.get("amount", header.found.get("unit_price"))]


def _note(key: str, **fields) -> tuple[str, str]:
    from ..terms import message_pair

    return message_pair(f"note_{key}", **fields)


def _name(source) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else type(source).__name__


def _as_date(as_of) -> date | None:
    if as_of is None or isinstance(as_of, date) and not isinstance(as_of, datetime):
        return as_of
    if isinstance(as_of, datetime):
        return as_of.date()
    try:
        return date.fromisoformat(str(as_of)[:10])
    except ValueError:
        raise CrmkitError("bad_as_of", value=as_of) from None
