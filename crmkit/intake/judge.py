"""Judges every row of a table under one mapping: which rows count, of whom, when and with how much.

Blank lines are no rows. Every other row below the header is used, or set aside for the first of REASONS that holds.
Amounts are whole numbers of a unit fine enough for every amount of the file, so that they are added exactly; nothing
is rounded but the total.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError

from .adding_up import sums_of_others
from .currencies import currencies_of, empty_amounts, mixed_currency
from .gaps import fill_down
from .ids import customers_as_text, name_of_returned
from .reading import amounts as money
from .reading import dates as days
from .reading.columns import (
    Header,
    Mapping,
    header_forms,
    money_unit,
    no_such_column,
    plain,
    plain_unit,
    unit_factor,
)
from .reading.decisions import Outcome
from .reading.meanings import cell_text, plain_value
from .reading.rows import Rows
from .reading.table import Table
from .sections import below, in_parts, turn_sections
from .signs import take_other_party, turn_negative
from .sums import count_orders_once, only_subtracted, take_differences, take_larger
from .units import FINEST, read_amounts, whole_units

REASONS = (
    "repeated_header",
    "total_row",
    "not_a_sale",
    "missing_customer",
    "nobody",
    "bad_date",
    "bad_amount",
    "outlier",
    "after_as_of",
    "duplicate",
)
NAMELESS = ("missing_customer", "nobody")  # for which rows that are sales are set aside
# what the file itself leaves out; the others were asked for, or are no sales
LEFT_OUT = ("missing_customer", "nobody", "bad_date", "bad_amount", "outlier")
_TENTHS = re.compile("折$")
PERCENT_HEADED = re.compile(r"[%％]|\bpct\b|percent", re.IGNORECASE)
_PERCENT = re.compile(r"\s*[%％]$")
_ORDER_NAME = re.compile(r"#\d+.*")
# 1,234.50 that a comma has cut in two
APART_HEAD = re.compile(r"-?[1-9]\d{0,2}")
APART_REST = re.compile(r"\d{3}(?:\.\d+)?")


@dataclass
class Judged:
    """A table under one mapping: its rows, what speaks against each, and what the steps have found out."""

    table: Table
    mapping: Mapping
    rows: Rows
    limit: date | None
    drop_duplicates: bool
    errors: list[CrmkitError] = field(default_factory=list)
    reason: np.ndarray = None  # a row's place in REASONS; -1 while nothing speaks against it
    notes: list[dict] = field(default_factory=list)
    customers: list | None = None  # the text of each distinct id
    moments: np.ndarray | None = None  # when, row by row; None while the column's reading is undecided
    date_reading: str | None = None
    open_dates: CrmkitError | None = None
    units: np.ndarray | None = None  # how much, row by row
    decimals: int = 2  # an amount is so many places after the point
    unreadable: np.ndarray | None = None
    decimal: str | None = None
    copies: np.ndarray | None = None  # rows that repeat an earlier one exactly, and are used all the same
    currencies: dict = field(default_factory=dict)
    found_people: object = None  # the customers by id, counted once
    repeats: np.ndarray | None = None  # rows that repeat an order's total and count nothing of it
    continued: int = 0  # rows that took what they lack from the first row of their order

    @property
    def header(self) -> Header:
        return self.rows.header

    @property
    def used(self) -> np.ndarray:
        """The rows that nothing speaks against."""
        return self.reason < 0

    def set_aside(self, reason: str, wrong: np.ndarray) -> None:
        """Set these rows aside, unless an earlier reason has done so."""
        self.reason[self.used & wrong] = REASONS.index(reason)

    def of(self, reason: str) -> np.ndarray:
        return self.reason == REASONS.index(reason)

    def place(self, name: str) -> int | None:
        """Where a column stands that is named by its heading; None when there is none."""
        names = self.header.names
        if name in names:
            return names.index(name)
        wanted = plain(name)
        found = next((i for i, heading in enumerate(names) if heading and plain(heading) == wanted), None)
        if (
            found is None
            and wanted.isdigit()
            and 0 < int(wanted) <= len(names)
            and not names[int(wanted) - 1]
        ):
            return int(wanted) - 1  # a column without a heading goes by its number
        return found

    def named(self, key: str, name: str) -> int | None:
        """Where the column stands that the mapping names under a key; where there is none, that is an error."""
        place = self.place(name)
        if place is None:
            self.errors.append(no_such_column(key, name, self.header))
        return place

    def heading(self, column: str) -> str:
        """How the column in use as this one is headed."""
        return self.header.names[self.header.found[column]]

    @property
    def priced(self) -> str:
        """How the amounts are headed, or the prices where there are no amounts."""
        return self.heading("amount" if "amount" in self.header.found else "unit_price")

    def sum_of(self, rows: np.ndarray) -> Decimal:
        """The exact total of the amounts of these rows."""
        if self.units is None:
            return Decimal(0)
        taken = self.units[rows]
        # in two halves, which cannot overflow
        high, low = int((taken >> 20).sum()), int((taken & 0xFFFFF).sum())
        return Decimal((high << 20) + low).scaleb(-self.decimals)

    def outcome(self) -> Outcome:
        """What the file comes to as it is judged."""
        used, customers, top = self.used, 0, None
        if self.customers is not None and used.any():
            inverse, texts = pd.factorize(pd.Series(self.customers, dtype="str"))
            codes = inverse[self.rows.codes["customer_id"][used]]
            present = np.bincount(codes, minlength=len(texts)) > 0
            customers = int(present.sum())
            if self.units is not None:
                brought = np.bincount(codes, weights=self.units[used].astype(float), minlength=len(texts))[
                    present
                ]
                top = _top_share(brought)
        total = to_cents(self.sum_of(used)) if self.units is not None and len(self.currencies) <= 1 else None
        return Outcome(int(used.sum()), total, customers, top)


def to_cents(number: Decimal) -> str:
    """An exact total as it is said: two decimals, half up away from zero.

    >>> to_cents(Decimal("2.675")), to_cents(Decimal("-0.001"))
    ('2.68', '0.00')
    """
    rounded = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded)


def _top_share(brought: np.ndarray) -> float | None:
    total = brought.sum()
    if total <= 0:
        return None
    count = max(1, round(len(brought) / 5))
    return round(float(np.sort(brought)[-count:].sum() / total), 4)


def judge(table: Table, rows: Rows, limit: date | None, drop_duplicates: bool) -> Judged:
    """Judge every row by one reason after the other, in the order of REASONS."""
    judged = Judged(table, rows.mapping, rows, limit, drop_duplicates or rows.mapping.drop_duplicates)
    judged.reason = np.full(len(rows), -1, dtype=np.int8)
    judged.set_aside("repeated_header", _repeats_header(judged))
    judged.set_aside("total_row", rows.total)
    judged.set_aside("not_a_sale", _not_kept(judged) | in_parts(judged, rows.mapping.drop_parts))
    judged.set_aside("not_a_sale", below(judged, rows.mapping.drop_below))
    if rows.mapping.fill_down:
        fill_down(judged)
    _judge_customers(judged)
    _judge_dates(judged)
    _judge_amounts(judged)
    take_other_party(judged)
    _judge_late_rows(judged)
    _judge_versions(judged)
    count_orders_once(judged, orders_place(judged))
    take_differences(judged)
    _judge_copies(judged)
    _count_once(judged)
    judged.currencies = currencies_of(judged)
    if len(judged.currencies) > 1:
        judged.errors.append(mixed_currency(judged))
    return judged


def _repeats_header(judged: Judged) -> np.ndarray:
    """The rows that say once more what the columns are called."""
    rows, header = judged.rows, judged.header
    own = np.isin(rows.lines, list(judged.table.own_headings))
    says_so = np.ones(len(rows), dtype=bool)
    named = [column for column in ("customer_id", "date") if column in rows.codes]
    if not named:
        return own
    for column in named:
        distinct, heading = rows.distinct[column], header.names[header.found[column]]
        again = {
            distinct[text] for text in (heading, f" {heading}", f"{heading} ") if heading and text in distinct
        }
        says_so &= np.isin(rows.codes[column], list(again)) if again else False
    return says_so | own


def _not_kept(judged: Judged) -> np.ndarray:
    """Rows whose values the mapping drops, or does not keep; with both said of a column, what is in neither is kept."""
    out = np.zeros(len(judged.rows), dtype=bool)
    for key, given in (("drop", judged.mapping.drop), ("keep", judged.mapping.keep)):
        for name, values in given.items():
            place = judged.named(key, name)
            if place is None:
                continue
            if key == "keep" and name in judged.mapping.drop:
                continue
            said = {plain_value(value) for value in values}
            there = judged.rows.column(place).where(lambda cell, said=said: plain_value(cell) in said)
            out |= there if key == "drop" else ~there
    return out


def _judge_customers(judged: Judged) -> None:
    rows = judged.rows
    if "customer_id" not in rows.codes:
        return
    codes = rows.codes["customer_id"]
    judged.customers = customers_as_text(rows.distinct["customer_id"].parsed)
    nobody = np.array([customer is None for customer in judged.customers])
    against = {plain_value(v) for v in judged.mapping.negative.get(judged.heading("customer_id"), ())}
    if against:  # the returns of 王芳(退) are those of 王芳
        judged.customers = [
            (name_of_returned(c) or c) if c and plain_value(c) in against else c for c in judged.customers
        ]
    judged.set_aside("missing_customer", nobody[codes] & ~_continues(judged))
    names = {plain(str(name)) for name in judged.mapping.nobody or ()}
    if names:
        unnamed = [customer is not None and plain(customer) in names for customer in judged.customers]
        judged.set_aside("nobody", np.array(unnamed)[codes])


def orders_place(judged: Judged) -> int | None:
    """Where the orders' numbers stand; Shopify heads them Name, and writes #1001."""
    place = judged.header.found.get("order_id")
    if place is not None and judged.rows.column(place).filled.any():
        return place
    for place, name in enumerate(judged.header.names):
        if plain(name) != "name" or place in judged.header.found.values():
            continue
        values = [cell_text(value) for value in judged.rows.column(place).values[:50] if cell_text(value)]
        if values and all(_ORDER_NAME.fullmatch(value) for value in values):
            return place
    return None


def _continues(judged: Judged) -> np.ndarray:
    """Rows of an order without an amount of their own, below the row that has it: its further lines."""
    rows, place = judged.rows, orders_place(judged)
    if place is None or "amount" not in rows.codes:
        return np.zeros(len(rows), dtype=bool)
    orders = rows.column(place)
    empty = empty_amounts(judged)
    if not empty.any():
        return empty
    has_amount = np.bincount(orders.codes[~empty], minlength=orders.size) > 0
    return empty & has_amount[orders.codes] & orders.filled


def _judge_dates(judged: Judged) -> None:
    rows = judged.rows
    if "date" not in rows.codes:
        return
    continues = _continues(judged)
    no_date = np.array([parsed is None for parsed in rows.distinct["date"].parsed])
    judged.set_aside("bad_date", no_date[rows.codes["date"]] & ~continues)
    judged.moments, judged.date_reading = _moments(judged)
    if judged.moments is None:
        return
    if continues.any():
        _fill_from_order(judged, continues)
    judged.set_aside("bad_date", np.isnat(judged.moments))
    for bound, is_beyond in ((judged.mapping.first_date, np.less), (judged.mapping.last_date, np.greater)):
        if bound:
            day = judged.moments.astype("datetime64[D]")
            judged.set_aside("outlier", is_beyond(day, np.datetime64(bound)))


def _fill_from_order(judged: Judged, continues: np.ndarray) -> None:
    """Give an order's further lines the date and the customer of the line with the amount."""
    rows = judged.rows
    orders = rows.column(orders_place(judged)).codes
    head = np.full(orders.max() + 1, -1)
    heads = np.flatnonzero(~continues)[::-1]
    head[orders[heads]] = heads  # the first one stays
    source = head[orders[continues]]
    own, at = judged.moments[continues], judged.moments[source]
    judged.moments[continues] = np.where(np.isnat(own), at, own)
    codes = rows.codes["customer_id"].copy() if "customer_id" in rows.codes else None
    if codes is not None:
        nobody = np.array([customer is None for customer in judged.customers])
        codes[continues] = np.where(nobody[codes[continues]], codes[source], codes[continues])
        rows.codes["customer_id"] = codes
        judged.set_aside("missing_customer", nobody[codes])
    judged.continued = int(continues.sum())
    # an order that is set aside is so with all its lines
    for reason in ("not_a_sale", "missing_customer", "nobody", "bad_date"):
        gone = np.zeros(len(rows), dtype=bool)
        gone[continues] = judged.of(reason)[source]
        judged.set_aside(reason, gone)


def _moments(judged: Judged):
    """Every row's moment (NaT where unreadable) under the column's one reading; None when that cannot be decided."""
    rows, header = judged.rows, judged.header
    codes, distinct = rows.codes["date"], rows.distinct["date"]
    parsed, texts = distinct.parsed, [str(value) for value in distinct]
    undecided = [i for i, p in enumerate(parsed) if isinstance(p, dict)]
    name = header.names[header.found["date"]]

    def reading_of(rows_of_part: np.ndarray, among: list[int]) -> str | None:
        counts = np.bincount(codes[rows_of_part], minlength=len(parsed))
        there = [i for i in among if counts[i]]
        shown = [texts[i] for i in there]
        return days.decide([parsed[i] for i in there], counts[there].tolist(), shown, name)

    try:
        readings = dict.fromkeys(undecided, reading_of(judged.used, undecided))
    except CrmkitError as problem:
        try:
            readings = _read_by_separator(texts, undecided, partial(reading_of, judged.used))
        except CrmkitError:
            by_part = _read_by_part(judged, parsed, partial(reading_of, among=undecided))
            if by_part is not None:
                return by_part
            problem.row = int(rows.lines[np.flatnonzero(codes == texts.index(problem.value))[0]])
            judged.open_dates = problem
            return None, None
    moments = [p.get(readings[i]) if isinstance(p, dict) else p for i, p in enumerate(parsed)]
    reading = next(iter(readings.values()), None)
    if judged.mapping.swapped_dates:
        moments = [days.swapped(m) if not isinstance(p, dict) else m for m, p in zip(moments, parsed)]
    moments = [np.datetime64("NaT") if m is None else m for m in moments]
    moments = np.array(moments, dtype="datetime64[us]")[codes]
    return moments + rows.seconds.astype("timedelta64[s]"), reading


def _read_by_separator(texts: list[str], places: list[int], decide) -> dict[int, str | None]:
    """Each undecided date's reading where 03.04.2024 and 04/03/2024 are two ways of writing;
    CrmkitError where one is open.
    """
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(days.separator_of(texts[place]), []).append(place)
    return {place: reading for group in groups.values() for reading in [decide(group)] for place in group}


def _read_by_part(judged: Judged, parsed: list, decide):
    """The moments where each file or sheet writes its dates in its own way; None where there is one, or one is open."""
    codes, parts = judged.rows.codes["date"], judged.table.parts
    if len(parts) < 2:
        return None
    moments = np.full(len(codes), np.datetime64("NaT"), dtype="datetime64[us]")
    try:
        for part, *_ in parts:
            mine = in_parts(judged, [part])
            reading = decide(judged.used & mine)
            known = [p.get(reading) if isinstance(p, dict) else p for p in parsed]
            known = np.array(
                [np.datetime64("NaT") if m is None else m for m in known], dtype="datetime64[us]"
            )
            moments[mine] = known[codes[mine]]
    except CrmkitError:
        return None
    return moments + judged.rows.seconds.astype("timedelta64[s]"), None


def _judge_amounts(judged: Judged) -> None:
    rows = judged.rows
    read_amounts(judged)
    if judged.units is None:
        judged.unreadable = np.zeros(len(rows), dtype=bool)
        judged.set_aside("bad_amount", rows.surplus)
        return
    _add(judged)
    continues = _continues(judged)
    judged.unreadable &= ~continues & ~only_subtracted(judged, money_in)
    judged.set_aside("bad_amount", judged.unreadable | rows.surplus)
    _join_thousands(judged)
    _take_units(judged)
    take_larger(judged, money_in)
    turn_negative(judged)
    turn_sections(judged)
    _subtract(judged)
    _take_rates(judged)
    if judged.mapping.largest_amount is not None:
        bound = int(Decimal(str(judged.mapping.largest_amount)).scaleb(judged.decimals))
        judged.set_aside("outlier", np.abs(judged.units) > bound)


def money_in(judged: Judged, place: int) -> np.ndarray:
    """What a column of money holds row by row, in the units of the amounts; nothing and words count as 0."""
    column = judged.rows.column(place)
    parsed = [money.take_apart(value) for value in column.values]
    values = [None if p is None else p.value(judged.decimal or ".") for p in parsed]
    unit = header_forms(judged.header.names[place] or "")[1]
    factor = judged.header.multiplier if unit is None else money_unit(unit)[1]  # each heading names its own
    known = [0 if v is None else whole_units(v * factor, judged.decimals) for v in values]
    return np.array(known, dtype=np.int64)[column.codes]


def _join_thousands(judged: Judged) -> None:
    """1,234.50 that stands in two columns, as one amount."""
    place = judged.header.found.get("amount")
    if judged.mapping.thousands != "joined" or place is None or place + 1 >= len(judged.header.names):
        return
    head, rest = judged.rows.column(place), judged.rows.column(place + 1)
    apart = rest.where(lambda cell: bool(APART_REST.fullmatch(cell_text(cell))))
    apart &= head.where(lambda cell: bool(APART_HEAD.fullmatch(cell_text(cell))))
    judged.decimals = max(judged.decimals, 2)
    for row in np.flatnonzero(apart):
        text = cell_text(head.values[head.codes[row]]) + cell_text(rest.values[rest.codes[row]])
        judged.units[row] = whole_units(Decimal(text) * judged.header.multiplier, judged.decimals)


def _take_units(judged: Judged) -> None:
    """A column beside the amount says what each is in: 元, 千元, 万元; or the mapping says it of a file or sheet."""
    for part, unit in judged.mapping.part_units.items():
        factors = [Decimal(1), unit_factor(unit)]
        judged.units, judged.decimals = _times(judged, factors, in_parts(judged, [part]).astype(int))
    name = judged.mapping.unit_column
    if not name:
        return
    place = judged.named("unit_column", name)
    if place is None:
        return
    column = judged.rows.column(place)
    factors = [money_unit(plain_unit(cell_text(value)))[1] for value in column.values]
    judged.units, judged.decimals = _times(judged, factors, column.codes)


def _add(judged: Judged) -> None:
    """The amounts with what stands in further columns; a row without an amount of its own has that of the others."""
    places = [judged.named("add", str(name)) for name in judged.mapping.add]
    for place in filter(None, places):
        column = judged.rows.column(place)
        wrong = column.where(lambda cell: cell_text(cell) not in ("", "-") and money.take_apart(cell) is None)
        judged.unreadable &= ~(empty_amounts(judged) & column.filled)
        judged.unreadable |= wrong
        judged.units = judged.units + money_in(judged, place)


def _subtract(judged: Judged) -> None:
    for name in judged.mapping.subtract:
        place = judged.named("subtract", str(name))
        if place is not None:
            judged.units = judged.units - np.abs(money_in(judged, place))
    for name in judged.mapping.subtract_once:
        order = orders_place(judged)
        place = None if order is None else judged.named("subtract_once", str(name))
        if place is None:
            continue
        taken = np.abs(money_in(judged, place))
        rows = np.flatnonzero(judged.used)
        later = pd.Series(judged.rows.column(order).codes[rows]).duplicated().to_numpy()
        taken[rows[later]] = 0
        judged.units = judged.units - taken


def rates_in(judged: Judged, place: int) -> list[Decimal | None]:
    """Of each distinct cell of a column the share that it says: 0.1, 10 % and 10 are a tenth; nothing is None."""
    found = []
    in_percent = bool(PERCENT_HEADED.search(judged.header.names[place] or ""))
    for value in judged.rows.column(place).values:
        text = _TENTHS.sub("", cell_text(value))
        percent = bool(_PERCENT.search(text)) or in_percent
        text = _PERCENT.sub("", text)
        amount = money.take_apart(text) if text else None
        number = None if amount is None else amount.value(judged.decimal or ".")
        if number is not None and (percent and not (in_percent and abs(number) < 1) or number > 1):
            number = number / 100 if percent or number > 10 else number / 10
        found.append(number)
    return found


def _take_rates(judged: Judged) -> None:
    for key, paid in (("discount_rate", False), ("paid_rate", True)):
        name = getattr(judged.mapping, key)
        if not name:
            continue
        place = judged.named(key, name)
        if place is None:
            continue
        rates = rates_in(judged, place)
        if all(rate is None for rate in rates):
            said = next(filter(None, map(cell_text, judged.rows.column(place).values)), name)
            allowed = "0.1, 10%"
            judged.errors.append(CrmkitError("mapping_value", column=key, value=said, allowed=allowed))
            continue
        shares = [Decimal(1) if rate is None else rate if paid else 1 - abs(rate) for rate in rates]
        judged.units, judged.decimals = _times(judged, shares, judged.rows.column(place).codes)


def _times(judged: Judged, shares: list[Decimal], codes: np.ndarray) -> tuple[np.ndarray, int]:
    """The amounts times a share of each row's own, exactly."""
    deepest = max(0, *(-share.normalize().as_tuple().exponent for share in shares))
    deepest = min(deepest, FINEST - judged.decimals)
    factors = np.array([whole_units(share, deepest) for share in shares], dtype=np.int64)
    return judged.units * factors[codes], judged.decimals + deepest


def _judge_late_rows(judged: Judged) -> None:
    if judged.limit and judged.moments is not None:
        day_after = np.datetime64(judged.limit) + np.timedelta64(1, "D")
        judged.set_aside("after_as_of", judged.moments >= day_after)


def _judge_versions(judged: Judged) -> None:
    """Leave out what the mapping says is repeated below: sums of the rows above,
    and orders of which only the last counts.
    """
    if judged.mapping.subtotals == "drop" and judged.units is not None:
        sums = np.zeros(len(judged.rows), dtype=bool)
        sums[rows_that_add_up(judged)] = True
        judged.set_aside("total_row", sums)
    name = judged.mapping.last_per
    if not name:
        return
    place = judged.named("last_per", name)
    if place is None:
        return
    orders, used = judged.rows.column(place), judged.used
    earlier = np.zeros(len(judged.rows), dtype=bool)
    earlier[used] = pd.Series(orders.codes[used]).duplicated(keep="last").to_numpy()
    judged.set_aside("not_a_sale", earlier & orders.filled)


def rows_that_add_up(judged: Judged) -> np.ndarray:
    """The rows used that are each the sum of the others of their customer, or else of those since the last such row."""
    used = np.flatnonzero(judged.used)
    customers = None if judged.customers is None else judged.rows.codes["customer_id"][used]
    return used[sums_of_others(customers, judged.units[used])]


def _judge_copies(judged: Judged) -> None:
    """Find rows that repeat one used above them; they are used unless they are to be dropped."""
    copies = np.zeros(len(judged.rows), dtype=bool)
    copies[judged.used] = pd.Series(judged.rows.hashes[judged.used]).duplicated().to_numpy()
    if judged.drop_duplicates:
        judged.set_aside("duplicate", copies)
        copies = np.zeros_like(copies)
    judged.copies = copies


def _count_once(judged: Judged) -> None:
    """An order's total counts in the first of its lines that is used, and the others count nothing."""
    name = judged.mapping.once_per
    if not name or judged.units is None:
        return
    place = judged.named("once_per", name)
    if place is None:
        return
    orders = judged.rows.column(place)
    repeated = np.zeros(len(judged.rows), dtype=bool)
    used = judged.used
    codes = with_days(judged, orders.codes) if judged.mapping.once_per_day else orders.codes
    repeated[used] = pd.Series(codes[used]).duplicated().to_numpy()
    judged.repeats = repeated & orders.filled
    judged.units = np.where(judged.repeats, 0, judged.units)


def with_days(judged: Judged, codes: np.ndarray) -> np.ndarray:
    """Codes of which each stands for a value and the day of its row."""
    if judged.moments is None:
        return codes
    days_of_rows, every = pd.factorize(judged.moments.astype("datetime64[D]"))
    return codes.astype(np.int64) * (len(every) + 1) + days_of_rows + 1
