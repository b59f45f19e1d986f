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
import pyarrow as pa
import pyarrow.compute as pc

from ..schema import TRANSACTION_COLUMNS, CrmkitError
from . import amounts as money
from . import dates as days
from .columns import LABEL_HINT, Mapping, ends_in_total, is_total, read_mapping
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
    """Numbers distinct values as they come, so that each is parsed once: value → code; ``parsed[code]``, ``flags[code]``."""

    def __init__(self, parse, flag):
        super().__init__()
        self.parse, self.flag, self.parsed, self.flags = parse, flag, [], bytearray()

    def __missing__(self, value):
        code = self[value] = len(self)
        self.parsed.append(self.parse(value))
        self.flags.append(self.flag(value, self.parsed[-1]))
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

    def seen(self, codes) -> list[int]:
        return np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(self))).tolist()


def customer_text(value) -> str | None:
    """A customer's id as text: ``'00123'`` keeps its zeros, 12345.0 is ``'12345'``; None when there is none.

    >>> customer_text(" 00123 "), customer_text(12345.0), customer_text("N/A")
    ('00123', '12345', None)
    """
    if isinstance(value, str):
        text = value.strip()
        if not text.isalnum():
            text = text.strip(" \t\r\n\u3000\xa0\ufeff\u200b\x00\x1a")
            if text.startswith('="') and text.endswith('"'):  # a spreadsheet's way of keeping zeros
                text = text[2:-1].strip()
            text = text.removeprefix("'")
        return None if len(text) < 9 and _NO_CUSTOMER.fullmatch(text) else text
    if value is None or value != value or value is pd.NaT:
        return None
    if isinstance(value, (float, Decimal)) and value == value.to_integral_value() if isinstance(value, Decimal) else (
        isinstance(value, float) and value.is_integer()
    ):
        return str(int(value))
    return str(value).strip() or None


def _is_empty(cell) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\xa0\ufeff\u200b\x00\x1a"))


_OK, _MISSING, _TOTAL, _PART = 0, 1, 2, 3


def _customer_flag(value, text) -> int:
    return _MISSING if text is None else _TOTAL if is_total(value) else _PART if ends_in_total(value) else _OK


def _date_flag(value, parsed) -> int:
    return _MISSING if parsed is None else _OK


def _text_array(column) -> pa.Array:
    """A text column cleaned as ids are; Arrow trims it, and only cells that may need more are looked at one by one."""
    if isinstance(column, pd.Series):
        column = column.astype(object).tolist()
    try:
        texts = pc.utf8_trim_whitespace(pa.array(column, pa.large_string()))
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # a workbook's mixed cells
        return pa.array([customer_text(v) for v in column], pa.large_string())
    odd = pc.fill_null(pc.match_substring_regex(texts, r"^(?:$|[^A-Za-z0-9\p{Han}]|[nN].{0,4}$|[无無空])"), True)
    return pc.replace_with_mask(texts, odd, pa.array([customer_text(v) for v in texts.filter(odd).to_pylist()], pa.large_string()))


class _Rows:
    """One pass over the table: what each column in use holds, line numbers, row hashes, and which rows are totals lines.

    A column is kept as codes of its distinct values; amounts that are plain numbers as cents (their code is -1).
    """

    def __init__(self, table: Table, mapping: Mapping, keep: bool):
        header = table.header
        reader = days.DateReader(mapping.date_format, mapping.time_zone, table.epoch_1904)
        parsers = {"customer_id": (customer_text, _customer_flag), "date": (reader.read, _date_flag), "currency": (money.currency_code, lambda *_: 0)}
        wanted = [c for c in ("customer_id", "date", "currency") if c in header.found]
        wanted += ["amount"] if "amount" in header.found else [c for c in ("quantity", "unit_price") if c in header.found]
        if keep:
            wanted += [c for c in _NUMBER_COLUMNS if c in header.found and c not in wanted]
        self.position = {c: header.found[c] for c in wanted}
        self.texts = {c: header.found[c] for c in _TEXT_COLUMNS if keep and c in header.found}
        self.distinct = {c: _Codes(*parsers.get(c, (money.take_apart, lambda *_: 0))) for c in wanted}
        self.fast = "amount" in header.found and header.multiplier == 1
        self.split = mapping.date_format in (None, *days.READINGS) and mapping.time_zone is None
        parts = {}
        for chunk in table.chunks():
            for name, values in self._take(chunk).items():
                parts.setdefault(name, []).append(values)
        joined = {name: pa.chunked_array(p) if name in self.texts else np.concatenate(p) for name, p in parts.items()}
        nothing = np.zeros(0, dtype=np.int64)
        self.lines, self.hashes, self.ends, self.seconds, self.cents = (
            joined.get(name, nothing) for name in ("lines", "hashes", "ends", "seconds", "cents")
        )
        self.total, self.surplus, self.pointed = (joined.get(name, nothing).astype(bool) for name in ("total", "surplus", "pointed"))
        self.codes = {c: joined.get(c, nothing) for c in wanted}
        self.text_of = {c: joined[c] for c in self.texts if c in joined}

    def __len__(self) -> int:
        return len(self.lines)

    def _take(self, chunk) -> dict:
        n, found = len(chunk.lines), {}
        for name, j in self.position.items():
            column, codes = chunk.columns[j], self.distinct[name]
            if name == "date" and self.split and not isinstance(column, pd.Series):
                found[name], found["seconds"] = self._dates(column, codes)
            elif name == "amount" and self.fast:
                plain, found["cents"], found["pointed"] = money.plain_amounts(column)
                found[name] = np.full(n, -1, dtype=np.int64)
                rest = np.flatnonzero(~plain)
                cells = column.iloc[rest] if isinstance(column, pd.Series) else [column[i] for i in rest]
                found[name][rest] = codes.encode(cells)
            else:
                found[name] = codes.encode(column)
        customer, dated = self._flags("customer_id", found, n), self._flags("date", found, n)
        total, blank, surplus = (np.zeros(n, dtype=bool) for _ in range(3))
        surplus[chunk.surplus] = True
        doubtful = np.flatnonzero((customer != _OK) | (dated != _OK))
        if len(doubtful):
            cells = [c.iloc[doubtful].tolist() if isinstance(c, pd.Series) else [c[i] for i in doubtful] for c in chunk.columns]
            for i, *row in zip(doubtful, *cells):
                blank[i] = all(map(_is_empty, row)) and not surplus[i]
                total[i] = not blank[i] and self._is_total_row(row, customer[i], dated[i])
        ends = np.append(chunk.lines[1:] - 1, chunk.lines[-1:] + 10_000)
        found |= {"lines": chunk.lines, "hashes": chunk.hashes, "total": total, "surplus": surplus, "ends": ends}
        found |= {name: _text_array(chunk.columns[j]) for name, j in self.texts.items()}
        if blank.any():
            found = {k: v.filter(pa.array(~blank)) if k in self.texts else v[~blank] for k, v in found.items()}
        return found

    @staticmethod
    def _dates(column, codes):
        split = days.split_clock(column)
        if split is None:
            return codes.encode(column), np.zeros(len(column), dtype=np.int64)
        day, seconds, done = split
        mine = np.array([codes[d] for d in day.dictionary.to_pylist()] + [0], dtype=np.int64)
        found = mine[day.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        rest = np.flatnonzero(~done)
        found[rest] = codes.encode([column[i] for i in rest])
        return found, seconds

    def _flags(self, column, found, n) -> np.ndarray:
        if column not in found:
            return np.full(n, _MISSING)
        # a copy: a bytearray that somebody looks into cannot grow
        return np.frombuffer(bytes(self.distinct[column].flags), dtype=np.uint8)[found[column]]

    def _is_total_row(self, row, customer: int, dated: int) -> bool:
        """合计 or Total in the customer's or the date's cell; in the first cell, or in any, when customer or date is lacking."""
        cells = [c for c in row if not _is_empty(c)] or [""]
        date_cell = row[self.position["date"]] if "date" in self.position else None
        if customer == _TOTAL or is_total(date_cell) or is_total(cells[0]):
            return True
        if dated == _OK:
            return False
        if customer == _PART or ends_in_total(date_cell) or ends_in_total(cells[0]):
            return True
        return customer == _MISSING and any(map(is_total, cells))


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
        notes.append(_note("multiplied", column=_priced(header), factor=f"{header.multiplier:f}"))
    set_aside_frame = _set_aside_frame(table, rows, reason)
    counted = dict(
        rows_in=len(rows), rows_used=int(used.sum()), rows_set_aside=int((~used).sum()),
        reasons={name: int((reason == i).sum()) for i, name in enumerate(REASONS)}, duplicate_rows=int(again.sum()),
        customers=len({customers[c] for c in rows.distinct["customer_id"].seen(rows.codes["customer_id"][used])}) if customers else 0,
        date_format=reading or mapping.date_format, decimal=mark, currency=mapping.currency or (next(iter(currencies), None) if len(currencies) < 2 else None), notes=tuple(notes),
    )
    if cents is not None:
        taken = cents[used]
        total = (int((taken >> 20).sum()) << 20) + int((taken & 0xFFFFF).sum())  # in two halves, which cannot overflow
        counted |= dict(
            zero_amount_rows=int((taken == 0).sum()), negative_amount_rows=int((taken < 0).sum()),
            amount_total=_two_decimals(total) if len(currencies) <= 1 else None,
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
    texts, present = parsed, [t for t in parsed if t]
    if any(t.endswith(".0") for t in present) and all(re.fullmatch(r"\d+(?:\.0)?", t) or LABEL_HINT.search(t) for t in present):
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
        reason[(reason < 0) & np.array(undecided)[codes]] = REASONS.index("bad_date")
        return None, None
    moments = [p.get(reading) if isinstance(p, dict) else p for p in distinct.parsed]
    moments = np.array([np.datetime64("NaT") if m is None else m for m in moments], dtype="datetime64[us]")[codes]
    return (moments + rows.seconds.astype("timedelta64[s]") if len(rows.seconds) == len(rows) else moments), reading


def _amounts(rows, mapping, header, reason):
    """Each row's cents, which rows have none, and the decimal mark; cents are None when the file has no amount."""
    columns = [c for c in ("amount",) if c in rows.codes] or [c for c in ("quantity", "unit_price") if c in rows.codes]
    if columns not in (["amount"], ["quantity", "unit_price"]):
        return None, np.zeros(len(rows), dtype=bool), None
    values, mark, judged = {}, mapping.decimal, reason < 0
    points = int(rows.pointed[judged].sum()) if len(rows.pointed) else 0
    for column in columns[::-1]:  # the price's mark also reads the quantity
        parsed, codes = rows.distinct[column].parsed, rows.codes[column][judged]
        if mark is None:
            mark = money.decimal_mark(parsed, np.bincount(codes[codes >= 0], minlength=len(parsed)).tolist(), points)
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
    if len(rows.cents):
        cents = np.where(codes < 0, rows.cents, cents)
        if mark == ",":  # 12.50 is no number where the comma is the decimal mark
            unreadable |= (codes < 0) & rows.pointed
    return cents, unreadable, mark


def _currencies(rows, used, header, mapping) -> dict:
    """Each currency among the rows used → where it was first seen (row index); ¥ beside JPY is JPY, beside CNY it is CNY."""
    seen = {}
    for column in ("currency", "amount", "unit_price"):
        if column in rows.codes and used.any():
            parsed = rows.distinct[column].parsed
            for code in rows.distinct[column].seen(rows.codes[column][used]):
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
    def text(values, name):
        return pd.Series(values, dtype="str").take(rows.codes[name][used]).reset_index(drop=True)

    columns = {"customer_id": text(customers, "customer_id"), "date": moments[used], "amount": cents[used] / 100}
    for name in TRANSACTION_COLUMNS:
        if name in rows.text_of:
            columns[name] = pd.Series(rows.text_of[name].filter(pa.array(used)).to_pandas(), dtype="str")
        elif name == "currency" and name in rows.codes:
            columns[name] = text(rows.distinct[name].parsed, name)
        elif name in _NUMBER_COLUMNS and name in rows.codes:
            numbers = [None if p is None else p.value(mark or ".") for p in rows.distinct[name].parsed]
            columns[name] = np.array([np.nan if v is None else float(v) for v in numbers], dtype=np.float64)[rows.codes[name][used]]
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
