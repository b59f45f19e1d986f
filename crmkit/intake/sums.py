"""Amounts that hold other amounts: running totals of a customer, an order's total above its lines,
and two columns of money that changed places.
"""

import numpy as np
import pandas as pd

YEARLY = "yearly"  # a running total that begins anew with every year


def in_runs(judged, *, yearly: bool, among: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The rows used, each customer's together and in the order of time, and which of them begin a customer
    (or a customer's year). Of rows of one moment the smaller amount goes first. ``among``: so many customers only.
    """
    codes = judged.rows.codes["customer_id"]
    used = np.flatnonzero(judged.used if among is None else judged.used & (codes < among))
    people = pd.factorize(pd.Series(judged.customers, dtype="str"))[0]
    owner = people[codes[used]].astype(np.int64)
    if yearly:
        owner = owner * 10_000 + judged.moments[used].astype("datetime64[Y]").astype(np.int64) + 1970
    order = np.lexsort((judged.units[used], judged.moments[used], owner))
    begins = np.append(True, np.diff(owner[order]) != 0)[: len(used)]
    return used[order], begins


def take_differences(judged) -> None:
    """Of a running total the sale is what was added since the customer's row before."""
    how = judged.mapping.running_total
    if how is None or judged.units is None or judged.moments is None or judged.customers is None:
        return
    rows, begins = in_runs(judged, yearly=how == YEARLY)
    reached = judged.units[rows]
    added = np.diff(reached, prepend=0)
    judged.units = judged.units.copy()
    judged.units[rows] = np.where(begins, reached, added)


def heads_of_orders(judged, place: int) -> pd.DataFrame:
    """The orders of several rows: ``lines`` they have, and the row that is the sum of the others
    if it is the ``first`` or the ``last`` (-1: it is not).
    """
    orders = judged.rows.column(place)
    rows = np.flatnonzero(judged.used & orders.filled)
    frame = pd.DataFrame({"order": orders.codes[rows], "row": rows, "money": judged.units[rows]})
    frame = frame[frame["order"].duplicated(keep=False)]
    groups = frame.groupby("order")
    about = pd.DataFrame({"lines": groups.size(), "sum": groups["money"].sum()})
    for end in ("first", "last"):
        money, at = getattr(groups["money"], end)(), getattr(groups["row"], end)()
        about[end] = np.where((money != 0) & (2 * money == about["sum"]), at, -1)
    return about


def heads_and_lines(judged, place: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are the sum of the others of their order, and which are those others."""
    about = heads_of_orders(judged, place)
    at = np.where(about["first"] >= 0, about["first"], about["last"])
    heads = np.zeros(len(judged.rows), dtype=bool)
    heads[at[at >= 0]] = True
    orders = judged.rows.column(place)
    headed = np.isin(orders.codes, about.index[at >= 0])
    return heads, judged.used & orders.filled & headed & ~heads


def count_orders_once(judged, place: int | None) -> None:
    """Leave out the totals that stand among the lines of their orders, or those lines."""
    how = judged.mapping.order_heads
    if how is None or place is None or judged.units is None:
        return
    heads, lines = heads_and_lines(judged, place)
    if how == "drop":
        judged.set_aside("total_row", heads)
    else:
        judged.set_aside("not_a_sale", lines)


def take_larger(judged, money_in) -> None:
    """Two columns of money changed places somewhere: of the two the larger is the amount."""
    for name in judged.mapping.larger_of:
        place = judged.named("larger_of", str(name))
        if place is not None:
            other = money_in(judged, place)
            larger = np.abs(other) > np.abs(judged.units)
            judged.units = np.where(larger, other, judged.units)
            judged.unreadable = judged.unreadable & ~larger


def only_subtracted(judged, money_in) -> np.ndarray:
    """Rows without an amount of their own in which something is to be subtracted: what was paid back."""
    only = np.zeros(len(judged.rows), dtype=bool)
    places = [judged.place(str(name)) for name in judged.mapping.subtract]
    if "amount" not in judged.header.found or not places:
        return only
    empty = ~judged.rows.column(judged.header.found["amount"]).filled
    for place in places:
        only |= empty & (money_in(judged, place) != 0) if place is not None else False
    return only
