"""Whether amounts hold other amounts: running totals of a customer, an order's total above its lines,
two columns that changed places.
"""

from math import lgamma, log

import numpy as np
import pandas as pd

from .decide_money import is_money
from .judge import Judged, money_in, orders_place
from .reading.columns import vocabulary
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text
from .side import side_columns
from .sums import YEARLY, heads_of_orders, in_runs

FEWEST_ORDERS = 5  # with a total and two lines or more
_NEARLY = 0.95
FEWEST_RUNS, LONG_RUN = 3, 3  # customers with so many days
NO_CHANCE = 1e-6  # that nothing but chance lets every customer's amounts rise
GROWN = 1.5  # times its first amount, from which on a run adds up; prices that are raised grow by less
STEP = 0.1  # of the first amount
TOGETHER = 0.7  # of the steps of the whole file: where all amounts rise, those of each customer do
FIRST_LOOKED_AT = 50  # customers: of very many most files show by these that amounts fall
FEWEST_SWAPPED = 3  # rows in a row
MUCH_LARGER, MUCH_ALIKE = 3, 3  # times


def running_total(judged: Judged) -> Decision | None:
    """Amounts that never fall within any customer: what each came to so far, and the sale is the difference."""
    mapping = judged.mapping
    if mapping.running_total or "running_total" in mapping.as_read or "amount" not in judged.header.found:
        return None
    if judged.units is None or judged.moments is None or judged.customers is None:
        return None
    name = judged.heading("amount")
    said = bool(vocabulary()["running"].search(name))
    found = [how for how in ("always", YEARLY) if said or _adds_up_over_time(judged, how)]
    if said and vocabulary()["running_yearly"].search(name):
        found.reverse()
    if not found:
        return None
    differences = Reading("differences", {"running_total": found[0]})
    rows = int(judged.used.sum())
    return Decision("running_total", (differences, as_it_stands("running_total")), name, rows)


def _adds_up_over_time(judged: Judged, how: str) -> bool:
    """Whether every customer's amounts rise from day to day, as neither chance nor dearer prices would have it."""
    few, anew = in_runs(judged, yearly=how == YEARLY, among=FIRST_LOOKED_AT)
    if (np.diff(judged.units[few])[~anew[1:]] < 0).any():
        return False
    rows, begins = in_runs(judged, yearly=how == YEARLY)
    if len(rows) < FEWEST_RUNS * LONG_RUN:
        return False
    reached, moments = judged.units[rows], judged.moments[rows]
    steps, later = np.diff(reached)[~begins[1:]], (moments[1:] > moments[:-1])[~begins[1:]]
    if not later.any() or (steps < 0).any() or (steps[later] > 0).mean() < _NEARLY:
        return False
    run = np.cumsum(begins)
    days = pd.Series(moments).groupby(run).nunique()
    long_runs = days.index[days >= LONG_RUN]
    if len(long_runs) < FEWEST_RUNS or sum(lgamma(n + 1) for n in days) < -log(NO_CHANCE):
        return False
    about = pd.Series(reached).groupby(run).agg(["first", "last"]).loc[long_runs]
    if (about["first"] <= 0).any():
        return False
    grown = (about["last"] / about["first"]).median() >= GROWN
    return bool(grown and np.median(steps[later]) >= STEP * about["first"].median()) and not _all_rise(judged)


def _all_rise(judged: Judged) -> bool:
    """Whether the amounts of the whole file rise from one moment to the next, whoever pays them."""
    moments, amounts = judged.moments[judged.used], judged.units[judged.used]
    order = np.lexsort((amounts, moments))
    later = np.diff(moments[order]) > np.timedelta64(0)
    return bool((np.diff(amounts[order])[later] >= 0).mean() >= TOGETHER)


def order_heads(judged: Judged) -> Decision | None:
    """Orders whose first or last row is the sum of their other rows, in (nearly) all that have several."""
    mapping, place = judged.mapping, orders_place(judged)
    if judged.units is None or place is None or mapping.order_heads or "order_heads" in mapping.as_read:
        return None
    if mapping.once_per or mapping.last_per or {"kinds_repeat", "subtotals"} & set(mapping.as_read):
        return None
    about = heads_of_orders(judged, place)
    for end in ("first", "last"):
        fits = about[end] >= 0
        if not len(about) or fits.mean() < _NEARLY or (fits & (about["lines"] > 2)).sum() < FEWEST_ORDERS:
            continue
        name, rows = judged.header.names[place], int(fits.sum())
        readings = (
            Reading("heads", {"order_heads": "only"}),
            Reading("lines", {"order_heads": "drop"}),
            as_it_stands("order_heads"),
        )
        return Decision("order_heads", readings, name, rows, {"orders": rows})
    return None


def changed_places(judged: Judged) -> Decision | None:
    """Two columns of money whose sizes change places at one row (and perhaps back again)."""
    if judged.units is None or "amount" not in judged.header.found:
        return None
    if "changed_places" in judged.mapping.as_read or judged.mapping.larger_of:
        return None
    for place, other in side_columns(judged):
        if not is_money(judged, place):
            continue
        beside = np.abs(money_in(judged, place))
        rows = np.flatnonzero(judged.used & (judged.units != 0) & (beside != 0))
        at = _where_swapped(np.abs(judged.units[rows]), beside[rows])
        if at is None:
            continue
        name, line = judged.heading("amount"), int(judged.rows.lines[rows[at]])
        column = judged.rows.column(judged.header.found["amount"])
        fields = {"other": other, "line": line, "value": cell_text(column.values[column.codes[rows[at]]])}
        larger = Reading("larger", {"larger_of": [other]}, fields=fields)
        readings = (larger, as_it_stands("changed_places"))
        return Decision("changed_places", readings, name, len(rows) - at, fields)
    return None


def _where_swapped(one: np.ndarray, other: np.ndarray) -> int | None:
    """The first place from which on the larger of two columns is the other, each as large as the other was."""
    rows = np.flatnonzero(one != other)
    ahead = (one > other)[rows]
    turns = np.flatnonzero(ahead[1:] != ahead[:-1]) + 1
    if not 1 <= len(turns) <= 2 or min(map(len, np.split(ahead, turns))) < FEWEST_SWAPPED:
        return None
    first = ahead == ahead[0]
    before, after = rows[first], rows[~first]
    large, small = (one, other) if ahead[0] else (other, one)
    sizes = [
        np.median(large[before]),
        np.median(small[after]),
        np.median(small[before]),
        np.median(large[after]),
    ]
    alike = all(max(pair) <= MUCH_ALIKE * min(pair) for pair in (sizes[:2], sizes[2:]))
    return int(rows[turns[0]]) if alike and sizes[0] >= MUCH_LARGER * sizes[2] else None
