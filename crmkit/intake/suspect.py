"""What is read all the same and said: ids that may be one person, one customer who is most of the file,
hidden rows …
"""

import re
from collections import defaultdict
from datetime import date
from decimal import Decimal

import numpy as np

from crmkit.core.messages import MESSAGES, listed

from .decide_gaps import other_kinds
from .decide_kinds import partly_refunded, unknown_kinds
from .decide_money import is_money, line_values
from .decide_people import people, people_headed_as_names
from .decide_sales import other_rows, unknown_states, words_of_returns
from .decide_words import marked_few
from .decide_written import unread_amounts
from .ids import cut, key_of, masked, may_be_alike, scientific
from .judge import Judged, money_in, to_cents
from .noticed import LOOKS
from .reading import amounts as money
from .reading.columns import plain
from .reading.meanings import cell_text, headed
from .side import columns_decided, side_columns

_REPUBLIC = re.compile(r"(?:中华|中華)?民[国國]|1\d{2}\s*[-/.年]\s*\d")
_BUDDHIST = re.compile(r"^2[4-6]\d\d[-/.年]|[-/. ]2[4-6]\d\d$")
_LARGE_SHARE = 0.2  # of all orders under one id, among many
_THIRD = 0.3  # of all orders under one id, where no other has half as many
_ENOUGH = 10  # orders, of which that may be said
_FEW = 8  # rows, below which a share says nothing
_LOOKED_AT = 100  # values of a column
_MANY_MONTHS = 4  # with rows, of which a gap between them may be told
_LONG_GAP = 3  # months
_SEVERAL = 3  # other customers, beside whom one may be implausible
_MANY = 5  # customers, from which on one of them may be implausible


def note(code: str, rows: int = 0, effect: Decimal | None = None, **fields) -> dict:
    """A note as the report keeps it: what was seen, in how many rows, and what hangs on it in money."""
    money_said = None if effect is None else to_cents(effect)
    zh, en = MESSAGES.pair(f"note_{code}", rows=rows, effect=money_said, **fields)
    return {"code": code, "rows": rows, "effect": money_said, "message_zh": zh, "message_en": en}


def suspicions(judged: Judged, today: date) -> list[dict]:
    """The notes on a table that nothing refuses."""
    found = [note(code, **fields) for code, fields in judged.table.notes]
    found += _about_future(judged, today)
    for look in (
        _about_ids,
        _about_one_customer,
        _about_dates,
        _about_columns,
        _about_unnamed,
        _about_sheets,
        _about_amounts,
    ):
        found += look(judged)
    return found + [note(**said) for look in LOOKS for said in look(judged)]


def _about_ids(judged: Judged) -> list[dict]:
    found = people(judged)
    if found is None:
        return []
    present, notes = found.present, []
    for code, find in (("scientific_ids", scientific), ("masked_ids", masked), ("cut_ids", cut)):
        hit = find(present)
        if hit:
            rows = int(found.rows[found.among(hit)].sum())
            notes.append(note(code, rows, count=len(hit), value=hit[0]))
    alike: dict[str, list[str]] = defaultdict(list)
    for customer in may_be_alike(present):
        alike[key_of(customer)].append(customer)
    groups = [group for group in alike.values() if len(group) > 1]
    if groups:
        rows = int(found.rows[found.among([customer for group in groups for customer in group])].sum())
        notes.append(note("ids_alike", rows, count=len(groups), value=" / ".join(groups[0][:4])))
    if people_headed_as_names(judged):
        name = judged.heading("customer_id")
        notes.append(note("names_as_ids", int(judged.used.sum()), column=name))
    if len(present) >= 3 and judged.used.sum() == len(present):
        notes.append(note("nobody_returns", len(present)))
    return notes


def _about_one_customer(judged: Judged) -> list[dict]:
    """An id with an implausible share of the orders."""
    found = people(judged)
    if found is None or found.rows.sum() == 0:
        return []
    most = int(found.rows.argmax())
    share = found.rows[most] / found.rows.sum()
    others = np.delete(found.rows, most)
    others = others[others > 0]
    if found.rows[most] < _FEW:
        return []
    if not len(others):
        return [note("only_customer", int(found.rows[most]), value=found.ids[most])]
    if len(others) < _SEVERAL:
        return []
    alone = share >= _THIRD and found.rows[most] >= _ENOUGH and 2 * others.max() < found.rows[most]
    implausible = (
        len(others) >= _MANY and share >= _LARGE_SHARE and found.rows[most] >= 5 * np.median(others) or alone
    )
    if not implausible:
        return []
    effect = judged.sum_of(judged.used & (found.codes == most))
    return [
        note(
            "one_customer", int(found.rows[most]), effect, value=found.ids[most], share=round(100 * share, 1)
        )
    ]


def _about_dates(judged: Judged) -> list[dict]:
    rows = judged.rows
    if "date" not in rows.codes or judged.moments is None or not judged.used.any():
        return []
    notes = []
    distinct = rows.distinct["date"]
    counts = np.bincount(rows.codes["date"][judged.used], minlength=len(distinct))
    kinds = defaultdict(int)
    example: dict[str, str] = {}
    for value, parsed, count in zip(distinct, distinct.parsed, counts):
        if count and parsed is not None and (kind := _kind_of_date(value)):
            kinds[kind] += int(count)
            example.setdefault(kind, cell_text(value))
    for kind, count in kinds.items():
        if kind != "zoned_dates" or judged.mapping.time_zone is None:
            notes.append(note(kind, count, value=example[kind]))
    return notes + _about_gaps(judged)


def _about_future(judged: Judged, today: date) -> list[dict]:
    if judged.moments is None:
        return []
    late = judged.used & (judged.moments > np.datetime64(today) + np.timedelta64(2, "D"))
    if not late.any():
        return []
    last = str(judged.moments[late].max())[:10]
    return [note("future_dates", int(late.sum()), judged.sum_of(late), value=last)]


def _about_gaps(judged: Judged) -> list[dict]:
    """One day in every row; or months without a row, far more of them together than anywhere else."""
    days = judged.moments[judged.used].astype("datetime64[D]")
    if len(days) >= _LOOKED_AT // 5 and (days == days[0]).all():
        return [note("one_day", len(days), column=judged.heading("date"), value=str(days[0]))]
    months = np.unique(days.astype("datetime64[M]"))
    if len(months) < _MANY_MONTHS:
        return []
    empty = np.sort(np.diff(months).astype(int) - 1)
    if empty[-1] < _LONG_GAP or empty[-1] < 3 * empty[-2]:
        return []
    before = months[int(np.argmax(np.diff(months)))]
    first, last = str(before + 1), str(before + int(empty[-1]))
    return [note("empty_months", 0, first=first, last=last, count=int(empty[-1]))]


def _kind_of_date(value) -> str | None:
    """How a date is written, where that is worth saying."""
    text = cell_text(value)
    if getattr(value, "tzinfo", None) is not None:
        return "zoned_dates"
    if _BUDDHIST.search(text):
        return "buddhist_years"
    if _REPUBLIC.match(text):
        return "roc_years"
    if text.isdigit() and len(text) in (9, 10, 12, 13, 15, 16):
        return "epoch_times"
    tail = text[10:]
    if ":" in tail and (text.endswith(("Z", "z", "UTC", "GMT")) or "+" in tail or "-" in tail):
        return "zoned_dates"
    return None


def _about_columns(judged: Judged) -> list[dict]:
    """Other columns of money that might be the revenue, and headings that occur twice."""
    notes, header = [], judged.header
    names = [plain(name) for name in header.names if name]
    twice = sorted({name for name in header.names if name and names.count(plain(name)) > 1})
    if twice:
        notes.append(note("same_heading", columns=listed(twice)))
    if judged.units is None or "amount" not in header.found:
        return notes
    used = header.names[header.found["amount"]]
    for place, other in side_columns(judged):
        if not _may_be_revenue(judged, place, other):
            continue
        total = Decimal(int(money_in(judged, place)[judged.used].sum())).scaleb(-judged.decimals)
        if total and total != judged.sum_of(judged.used):
            effect = total - judged.sum_of(judged.used)
            notes.append(
                note(
                    "other_amount",
                    int(judged.used.sum()),
                    effect,
                    column=used,
                    other=other,
                    total=to_cents(total),
                )
            )
    return notes


def _about_unnamed(judged: Judged) -> list[dict]:
    """Columns without a heading in which something stands beside the rows used."""
    notes = []
    for place, name in enumerate(judged.header.names):
        rows = judged.used & judged.rows.column(place).filled if not name else judged.used & False
        if rows.any() and not judged.table.parts and str(place + 1) not in columns_decided(judged):
            column = judged.rows.column(place)
            value = cell_text(column.values[column.codes[int(rows.argmax())]])
            effect = judged.sum_of(rows)
            notes.append(note("unnamed_column", int(rows.sum()), effect, place=place + 1, value=value))
    return notes


_NO_MONEY = re.compile(
    r"编号|编码|号码|单号|[数號号]$|\b(?:number|no|id|count|qty|quantity|record|index|points?)\b",
    re.IGNORECASE,
)
_OF_MONEY = re.compile(r"金额|金額|[额額款]$|amount|total|sales|revenue|\b(?:net|gross)\b", re.IGNORECASE)


def _may_be_revenue(judged: Judged, place: int, name: str) -> bool:
    """Whether another column might be the revenue just as well."""
    if _NO_MONEY.search(name):
        return False
    beside = ("shipping", "tax", "tip", "discount", "discount_rate", "refund", "status", "document")
    if any(headed(name, kind) for kind in beside):
        return False
    if name not in judged.header.alternatives.get("amount", ()) and not _OF_MONEY.search(name):
        return False
    return is_money(judged, place)


def _about_sheets(judged: Judged) -> list[dict]:
    notes, table = [], judged.table
    if table.hidden:
        rows = judged.used & np.isin(judged.rows.lines, table.hidden)
        if rows.any():
            notes.append(note("hidden_rows", int(rows.sum()), judged.sum_of(rows)))
    if table.merged:
        notes.append(note("merged_cells", table.merged))
    if judged.continued:
        notes.append(note("continued_orders", judged.continued))
    repeated = int(judged.of("repeated_header").sum())
    if repeated:
        notes.append(note("repeated_headers", repeated))
    of_words = (unknown_states, unknown_kinds, partly_refunded, words_of_returns, marked_few)
    for look in (*of_words, other_rows, other_kinds):
        for name, words, rows in look(judged):
            fields = {"column": name, "values": ", ".join(words[:6])}
            notes.append(note(look.__name__, int(rows.sum()), judged.sum_of(rows), **fields))
    if len(table.parts) > 1:
        notes += _about_parts(judged)
    return notes


def _about_parts(judged: Judged) -> list[dict]:
    """What each file or sheet brings, one after the other."""
    said = []
    for name, first, last in judged.table.parts:
        rows = judged.used & (judged.rows.lines >= first) & (judged.rows.lines <= last)
        said.append(f"{name}: {int(rows.sum())} / {to_cents(judged.sum_of(rows))}")
    notes = [note("parts", int(judged.used.sum()), parts=listed(said, between="clauses"))]
    again = _orders_in_several_parts(judged)
    if again.any():
        notes.append(note("orders_in_parts", int(again.sum()), judged.sum_of(again)))
    return notes


def _orders_in_several_parts(judged: Judged) -> np.ndarray:
    """The rows whose order number stands in an earlier file or sheet too."""
    none = np.zeros(len(judged.rows), dtype=bool)
    if "order_id" not in judged.header.found:
        return none
    orders = judged.rows.column(judged.header.found["order_id"])
    part = np.searchsorted([last for *_, last in judged.table.parts], judged.rows.lines)
    first = np.full(orders.size, len(judged.table.parts))
    np.minimum.at(first, orders.codes, part)
    return judged.used & orders.filled & (part > first[orders.codes])


def _about_amounts(judged: Judged) -> list[dict]:
    notes, header, rows = [], judged.header, judged.rows
    if judged.units is None:
        return notes
    if header.multiplier != 1:
        factor = f"{header.multiplier:f}"
        notes.append(note("multiplied", int(judged.used.sum()), column=judged.priced, factor=factor))
    if "quantity" in rows.codes and "amount" not in rows.codes:
        both = judged.used & _is_negative(judged, "quantity") & _is_negative(judged, "unit_price")
        if both.any():
            notes.append(note("double_negative", int(both.sum()), judged.sum_of(both)))
    if "KR" in judged.currencies:
        notes.append(note("crowns"))
    if header.currency and _bare_dollars(judged) and header.currency != "USD":
        notes.append(note("title_currency", int(judged.used.sum()), currency=header.currency))
    signed = judged.units[judged.used]
    if len(signed) >= _MANY and (signed <= 0).all():
        notes.append(
            note("all_negative" if signed.any() else "all_zero", len(signed), judged.sum_of(judged.used))
        )
    priced, unread = unread_amounts(judged)
    unread = {text: n for text, n in unread.items() if cell_text(text)}
    if unread:
        notes.append(note("unread_amounts", sum(unread.values()), column=priced, value=next(iter(unread))))
    notes += _about_totals(judged)
    notes += _about_lines(judged)
    taken = np.abs(judged.units[judged.used])
    if len(taken) >= 10 and int(taken.max()) * 2 > int(taken.sum()) > 0:
        largest = int(np.abs(np.where(judged.used, judged.units, 0)).argmax())
        value = Decimal(int(judged.units[largest])).scaleb(-judged.decimals)
        notes.append(note("largest_amount", 1, value, line=int(rows.lines[largest]), value=to_cents(value)))
    return notes


def _about_lines(judged: Judged) -> list[dict]:
    """Amounts that are quantity times price in most rows, and not in the others."""
    lines = line_values(judged) if "amount" in judged.header.found else None
    if lines is None or judged.mapping.subtract or judged.mapping.negative or judged.repeats is not None:
        return []
    known = judged.used & ~np.isnan(lines)
    apart = known & (np.abs(judged.units - lines) > 0.011 * 10**judged.decimals)
    if not apart.any() or _in_one_proportion(judged.units[known], lines[known]):
        return []
    words = "line_differs" if apart.sum() * 2 <= known.sum() else "lines_differ"
    return [note(words, int(apart.sum()), judged.sum_of(apart))]


def _in_one_proportion(amounts: np.ndarray, lines: np.ndarray) -> bool:
    """Whether the amounts are quantity times price with the same tax, or less the same discount, in (nearly)
    every row.
    """
    priced = lines != 0
    shares = np.round(amounts[priced] / lines[priced], 2)
    if not len(shares):
        return True
    said, counts = np.unique(shares, return_counts=True)
    if 1 in said:
        return False  # neither taxed nor reduced in those rows
    return bool(counts.max() >= 0.9 * len(shares) or len(counts) <= 3 and counts.min() >= 0.1 * len(shares))


def _about_totals(judged: Judged) -> list[dict]:
    """A totals line at the end that is not the sum of the rows used: something is missing, or was counted twice."""
    if judged.mapping.unpivot:
        return []  # a totals line of its own for each month
    if beside := _said_beside(judged):
        return beside
    rows = np.flatnonzero(judged.of("total_row") & ~judged.unreadable & (judged.units != 0))
    used = np.flatnonzero(judged.used)
    if not len(rows) or not len(used) or rows[-1] < used[-1]:
        return []
    said, found = judged.sum_of(rows[-1:]), judged.sum_of(judged.used)
    aside = judged.sum_of(~judged.used & ~judged.of("total_row") & ~judged.unreadable)
    above = rows[-2] if len(rows) > 1 else -1
    since = judged.sum_of(used[used > above])
    if said in (found, found + aside, since):
        return []
    line = int(judged.rows.lines[rows[-1]])
    return [note("total_differs", 1, said - found, line=line, said=to_cents(said), found=to_cents(found))]


_TOTAL_SAID = re.compile(
    r"(?:合计|合計|总计|總計|总金额|總金額|总额|total(?:\s+(?:amount|sales|revenue|value))?)(?:金额|金額)?\s*[:：=为是]?\s*"
    r"[¥￥$€£]?\s*(?P<total>\d[\d,]*(?:\.\d+)?)(?![\d.]*\s*(?:条|笔|行|单|筆|rows|records|orders|customers|%))",
    re.IGNORECASE,
)
_MOST_REMARKS = 20  # lines above or below the table


def _said_beside(judged: Judged) -> list[dict]:
    """A title or a remark below the table that says a total other than that of the rows."""
    rows, used = judged.rows, np.flatnonzero(judged.used)
    remark = (
        judged.of("missing_customer") | judged.of("bad_date") | judged.of("total_row") & judged.unreadable
    )
    below = np.flatnonzero(remark)
    below = below[below > used[-1]][:_MOST_REMARKS] if len(used) else below[:0]
    spans = list(zip(rows.lines[below].tolist(), rows.ends[below].tolist()))
    lines = list(enumerate(judged.table.titles, 1))
    lines += list(zip(rows.lines[below].tolist(), judged.table.original(spans))) if spans else []
    found = judged.sum_of(judged.used)
    every = judged.sum_of(~judged.of("total_row") & ~judged.unreadable)
    for line, text in lines:
        said = _TOTAL_SAID.search(text)
        total = Decimal(said["total"].replace(",", "")) if said else found
        if total not in (found, every) and abs(total - found) >= 1:
            return [
                note(
                    "total_differs", 1, total - found, line=line, said=to_cents(total), found=to_cents(found)
                )
            ]
    return []


def _is_negative(judged: Judged, name: str) -> np.ndarray:
    distinct, codes = judged.rows.distinct[name], judged.rows.codes[name]
    values = [None if p is None else p.value(judged.decimal or ".") for p in distinct.parsed]
    return np.array([value is not None and value < 0 for value in values] + [False])[codes]


def _bare_dollars(judged: Judged) -> bool:
    priced = "amount" if "amount" in judged.rows.codes else "unit_price"
    parsed = judged.rows.distinct[priced].parsed if priced in judged.rows.codes else []
    return any(p is not None and p.currency == "$" for p in parsed)


def _are_words(values: list, counts: np.ndarray) -> bool:
    """Whether none of the most frequent values of very many, nor of some others all over the column, is a number."""
    if len(values) <= 4 * _LOOKED_AT:
        return False
    often = np.argsort(counts)[-_LOOKED_AT:].tolist()
    others = range(0, len(values), len(values) // _LOOKED_AT)
    return all(money.take_apart(values[place]) is None for place in [*often, *others])


def unused_numbers(judged: Judged) -> tuple[dict, ...]:
    """Every column of numbers that is in no use, with its total over the rows used."""
    found = []
    for place, name in side_columns(judged):
        column = judged.rows.column(place)
        plain_cells, cents, _ = money.plain_amounts(column.cells)
        rest = np.flatnonzero(~plain_cells & judged.used)
        codes, counts = np.unique(column.codes[rest], return_counts=True) if len(rest) else ([], [])
        values = [column.values[code] for code in codes]
        if len(values) > 0.2 * len(plain_cells) + 50 or not plain_cells.any() and _are_words(values, counts):
            continue
        parsed = [money.take_apart(value) for value in values]
        numbers = [None if p is None else p.value(judged.decimal or ".") for p in parsed]
        strange = sum(int(n) for v, x, n in zip(values, numbers, counts) if x is None and cell_text(v))
        seen = plain_cells & judged.used
        count = int(seen.sum()) + sum(int(n) for x, n in zip(numbers, counts) if x is not None)
        if not count or strange > 0.05 * count:
            continue
        total = Decimal(int(cents[seen].sum())).scaleb(-2)
        total += sum((x * int(n) for x, n in zip(numbers, counts) if x is not None), Decimal(0))
        found.append({"column": name, "total": to_cents(total)})
    return tuple(found)
