"""Money that stands in a file more than once: copies, versions of an order, totals of other rows, kinds of rows that
repeat each other."""

import re
from itertools import combinations

import numpy as np
import pandas as pd

from .judge import Judged, rows_that_add_up
from .reading.columns import ends_in_total, is_total, plain
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, meanings
from .sections import in_parts
from .side import is_short, listed, rows_with, settled, side_columns, values_of, word_columns

MANY_COPIES = 3  # rows: fewer are slips
COPIED_SHARE = 0.2  # of the rows: fewer may be two of a thing on one bill
FEWEST = 5  # rows or groups of which a rule can be read
_NEARLY = 0.95
_MOST_KINDS = 8
_FEW_REFERENCES = 0.3  # of the rows: a reference in more is an ordinary column
_REFERENCE = re.compile(r"(?=.*\d).{4,}")  # shorter ones are numbers of something else


def copies(judged: Judged) -> Decision | None:
    """Rows that say the same as another, order number and all: a file pasted twice, months that overlap."""
    found = int(judged.copies.sum())
    if not found or judged.drop_duplicates or "copies" in judged.mapping.as_read:
        return None
    place = judged.header.found.get("order_id")
    if place is None:
        return _everything_twice(judged)
    many = found >= COPIED_SHARE * judged.used.sum() or _between_parts(judged)
    if not _one_row_each(judged, place) and not (many and found >= MANY_COPIES):
        return None
    readings = [Reading("drop", {"drop_duplicates": True})]
    if part := _whole_part(judged):
        readings.append(Reading("negative", {"negative_parts": [part]}, fields={"part": part}))
    readings.append(as_it_stands("copies"))
    return Decision("copies", tuple(readings), judged.header.names[place], found)


def _whole_part(judged: Judged) -> str | None:
    """The file or sheet of which every row used is a copy: perhaps what was taken back."""
    for name, *_ in judged.table.parts:
        if name not in judged.mapping.negative_parts and np.array_equal(
            judged.used & in_parts(judged, [name]), judged.copies
        ):
            return name
    return None


def _everything_twice(judged: Judged) -> Decision | None:
    """No order number, and every row an even number of times: no chance does that."""
    counts = pd.Series(judged.rows.hashes[judged.used]).value_counts()
    if len(counts) < FEWEST or (counts % 2).any():
        return None
    drop = Reading("drop", {"drop_duplicates": True})
    rows = int(judged.copies.sum())
    return Decision("copies", (drop, as_it_stands("copies")), None, rows, words="everything_twice")


def _one_row_each(judged: Judged, place: int) -> bool:
    """Whether every order has one row, copies aside: then a copy is no second line of it."""
    orders = judged.rows.column(place)
    once = judged.used & ~judged.copies & orders.filled
    codes = orders.codes[once]
    return len(codes) >= FEWEST and not _again(codes)


def _between_parts(judged: Judged) -> bool:
    """Whether most of the copies stand in another file or sheet than what they repeat."""
    if len(judged.table.parts) < 2:
        return False
    lines, hashes = judged.rows.lines, judged.rows.hashes
    part = np.searchsorted([last for *_, last in judged.table.parts], lines)
    first: dict[int, int] = {}
    for one, where in zip(hashes[judged.used].tolist(), part[judged.used].tolist()):
        first.setdefault(one, where)
    others = sum(
        first[one] != where
        for one, where in zip(hashes[judged.copies].tolist(), part[judged.copies].tolist())
    )
    return others * 2 > judged.copies.sum()


def labelled_totals(judged: Judged) -> Decision | None:
    """Rows with a date and a customer that a label calls totals, and that add up what stands above them."""
    if judged.units is None:
        return None
    customer = judged.header.found.get("customer_id")
    found = word_columns(judged)
    if customer is not None:
        found.append((customer, judged.header.names[customer]))
    for place, name in found:
        column = judged.rows.column(place)
        alone = [cell_text(value) for value in column.labels if is_total(value) and place != customer]
        longer = [cell_text(value) for value in column.labels if ends_in_total(value)]
        for labels in (alone, longer):
            rows = np.flatnonzero(rows_with(judged, place, labels)) if labels else []
            if len(rows) and adds_up(judged, rows):
                fields = {"values": listed(labels)}
                drop = Reading("drop", {"drop": {name: labels}})
                return Decision("labelled_totals", (drop,), name, len(rows), fields, certain=True)
    return None


def adds_up(judged: Judged, totals: np.ndarray) -> bool:
    """Whether most of these rows hold the sum of the rows since the one before, or of all above."""
    counted = np.where(judged.used, judged.units, 0)
    counted[totals] = 0
    sums = np.cumsum(counted)
    since = np.diff(np.concatenate([[0], sums[totals]]))
    fits = (judged.units[totals] == since) | (judged.units[totals] == sums[totals])
    return fits.sum() >= 0.8 * len(totals)


def unlabelled_total(judged: Judged) -> Decision | None:
    """A last row that is the sum of all others, whatever it is called."""
    if judged.units is None or "total" in judged.mapping.as_read or judged.customers is None:
        return None
    used = np.flatnonzero(judged.used)
    if len(used) < 9:
        return None
    codes = judged.rows.codes["customer_id"]
    for at in (used[-1], used[0]):
        alone = (codes[used] == codes[at]).sum() == 1
        if alone and judged.units[at] and 2 * judged.units[at] == int(judged.units[used].sum()):
            name, label = judged.heading("customer_id"), str(judged.customers[codes[at]])
            drop = Reading("drop", {"drop": {name: [label]}}, fields={"values": label})
            fields = {"values": label}
            return Decision("total", (drop, as_it_stands("total")), name, 1, fields)
    return None


def subtotals(judged: Judged) -> Decision | None:
    """Rows that are each the sum of those since the one before,
    of a customer of its own or at the end of each customer's.
    """
    if judged.units is None or "subtotals" in judged.mapping.as_read or judged.mapping.subtotals:
        return None
    if judged.customers is None:
        return None
    sums, used = rows_that_add_up(judged), np.flatnonzero(judged.used)
    # two may be chance, unless together they add up every row
    if len(sums) < 2 or len(sums) == 2 and (sums[1] != used[-1] or len(used) < FEWEST + len(sums)):
        return None
    codes = judged.rows.codes["customer_id"]
    name = judged.heading("customer_id")
    owners = np.unique(codes[sums])
    if len(owners) == 1 and (codes[used] == owners[0]).sum() == len(sums):
        label = str(judged.customers[owners[0]])
        drop = Reading("drop", {"drop": {name: [label]}}, "reading_total_drop")
    elif len(owners) == len(sums) == pd.Series(codes[used]).nunique() or _each_alone(judged, sums, owners):
        label = ", ".join(str(judged.customers[code]) for code in owners[:3])
        drop = Reading("drop", {"subtotals": "drop"}, "reading_total_drop")
    else:
        return None
    fields = {"values": label}
    return Decision("subtotals", (drop, as_it_stands("subtotals")), name, len(sums), fields)


def _each_alone(judged: Judged, sums: np.ndarray, owners: np.ndarray) -> bool:
    """Whether each such row has a customer who stands nowhere else, the last below all rows: 1月小结, 2月小结."""
    used = np.flatnonzero(judged.used)
    alone = np.isin(judged.rows.codes["customer_id"][used], owners).sum() == len(owners) == len(sums)
    return bool(alone and sums[-1] == used[-1])


def kinds_repeat(judged: Judged) -> Decision | None:
    """Kinds of rows of which each brings the same money: an order, its lines and its payment; offer,
    order and invoice.
    """
    if judged.units is None or "kinds_repeat" in judged.mapping.as_read or judged.moments is None:
        return None
    keys = None
    for place, name in side_columns(judged):
        values = values_of(judged, place) if is_short(judged, place) else None
        kinds = [value for value in values or () if value]
        if not 2 <= len(kinds) <= _MOST_KINDS or any(c.isdigit() for value in kinds for c in value):
            continue
        if settled(judged, "kinds_repeat", name, kinds):
            continue
        if keys is None:  # of which enough sales have more than one row
            keys = [key for key in _keys_of_sales(judged) if _again(key[judged.used]) >= FEWEST]
        for key in keys:
            same = _kinds_of_same_money(judged, place, key, kinds)
            if same:
                readings = [
                    Reading(
                        f"only_{kind}",
                        {
                            "keep": {name: [value for value in values if value == kind or value not in same]},
                            "drop": {name: [value for value in same if value != kind]},
                        },
                        "reading_kinds_repeat_only",
                        {"value": kind},
                    )
                    for kind in same
                ]
                rows = int(rows_with(judged, place, same).sum())
                fields = {"values": listed(same)}
                return Decision("kinds_repeat", (*readings, as_it_stands("kinds_repeat")), name, rows, fields)
    return None


def _keys_of_sales(judged: Judged):
    """What tells one sale from another: the order's number, and the customer with the day."""
    if "order_id" in judged.header.found:
        yield judged.rows.column(judged.header.found["order_id"]).codes
    if judged.customers is not None:
        day = pd.factorize(judged.moments.astype("datetime64[D]"))[0]
        yield judged.rows.codes["customer_id"] * (int(day.max()) + 2) + day


def _again(key: np.ndarray) -> int:
    """How many rows have the value of one above."""
    return int(pd.Series(key).duplicated().sum())


def _kinds_of_same_money(judged: Judged, place: int, key: np.ndarray, kinds: list[str]) -> list[str]:
    """The kinds that come to the same in (nearly) every sale in which they occur; none where that may be chance."""
    column, used = judged.rows.column(place), judged.used
    texts = np.array([cell_text(value) for value in column.values], dtype=object)
    frame = pd.DataFrame({"key": key[used], "kind": texts[column.codes[used]], "money": judged.units[used]})
    about = frame[frame["kind"] != ""].groupby(["key", "kind"])["money"].agg(["sum", "size"]).unstack("kind")
    same: list[str] = []
    for one, other in combinations(kinds, 2):
        both = about["sum"][[one, other]].dropna()
        either = int(about["sum"][[one, other]].notna().sum().min())
        if len(both) < FEWEST or len(both) < 0.8 * either or (both[one] == 0).any():
            continue
        lines = about["size"].loc[both.index]
        apart = both[one].nunique() >= 3 or (lines[one] != lines[other]).all()
        if apart and (both[one] == both[other]).mean() >= _NEARLY:
            same += [kind for kind in (one, other) if kind not in same]
    return same


def versions(judged: Judged) -> Decision | None:
    """Orders that stand in the file again with another amount: corrected in a later version, or in a later file."""
    mapping, header = judged.mapping, judged.header
    if judged.units is None or mapping.last_per or "versions" in mapping.as_read:
        return None
    if "order_id" not in header.found or judged.customers is None or judged.moments is None:
        return None
    place = header.found["order_id"]
    orders = judged.rows.column(place)
    rows = judged.used & orders.filled & ~judged.copies
    frame = pd.DataFrame(
        {
            "order": orders.codes[rows],
            "customer": judged.rows.codes["customer_id"][rows],
            "part": np.searchsorted([last for *_, last in judged.table.parts], judged.rows.lines[rows]),
        }
    )
    again = frame[frame["order"].duplicated(keep=False)]
    if not len(again) or (again.groupby("order")["customer"].nunique() > 1).mean() > 0.1:
        return None
    versions_headed = meanings()["version"]["headers"]
    named = next((name for _, name in side_columns(judged) if plain(name) in versions_headed), None)
    if named is not None:
        said = judged.rows.column(judged.place(named)).codes[rows]
        different = not pd.DataFrame({"order": frame["order"], "said": said}).duplicated().any()
        if not different:
            return None
    elif not _whole_orders_in_other_parts(judged, frame):
        return None
    count = int(frame["order"].duplicated().sum())
    name = header.names[place]
    last = Reading("last", {"last_per": name})
    return Decision(
        "versions", (last, as_it_stands("versions")), name, count, {"orders": again["order"].nunique()}
    )


def _whole_orders_in_other_parts(judged: Judged, frame: pd.DataFrame) -> bool:
    """Whether most orders of one file or sheet, one row each, stand in a later one too."""
    if len(judged.table.parts) < 2 or frame.duplicated(["order", "part"]).any():
        return False
    sizes = frame.groupby("part").size()
    again = frame[frame["order"].duplicated(keep="last")].groupby("part").size()
    return bool((again >= FEWEST).any() and (again / sizes).max() >= 0.5)


def references(judged: Judged) -> Decision | None:
    """A column, filled in few rows, that names the orders of other rows: what was sold and taken back."""
    if judged.units is None or "references" in judged.mapping.as_read:
        return None
    if "order_id" not in judged.header.found:
        return None
    orders = judged.rows.column(judged.header.found["order_id"])
    known: set[str] | None = None
    for place, name in side_columns(judged):
        column = judged.rows.column(place)
        filled = judged.used & column.filled
        count = int(filled.sum())
        if not count or count > _FEW_REFERENCES * judged.used.sum():
            continue
        values = values_of(judged, place)
        named = [value for value in values or () if value]
        if not named or not all(_REFERENCE.fullmatch(value) for value in named):
            continue
        known = known if known is not None else {cell_text(value) for value in orders.values}
        if not known.issuperset(named) or settled(judged, "references", name, named):
            continue
        if not (judged.units[filled] > 0).any():
            continue
        fields = {"values": listed(named)}
        readings = (
            Reading("negative", {"negative": {name: named}}, "reading_return_flag_negative"),
            Reading("drop", {"drop": {name: named}}, "reading_references_drop"),
            as_it_stands("references"),
        )
        return Decision("references", readings, name, count, fields)
    return None
