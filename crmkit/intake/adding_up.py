"""Amounts that are the sum of others: the last one of each customer, or each one of those since the one before."""

import numpy as np

_LOOKED_AT = 5000  # rows; sums that stand in none of the first stand in none of the others


def sums_of_others(customers: np.ndarray | None, amounts: np.ndarray) -> list[int]:
    """The places of the amounts that add up others; ``customers`` holds whose each amount is, as a number.

    >>> sums_of_others(None, np.array([1, 2, 3, 5, 5, 10]))
    [2, 5]
    """
    ends = None if customers is None or not len(customers) else _last_of_each(customers, amounts)
    return _running_sums(amounts.tolist()) if ends is None else ends


def _last_of_each(customers: np.ndarray, amounts: np.ndarray) -> list[int] | None:
    """The last place of each customer, where all of one stand together and every last amount is the sum
    of the others.
    """
    ends = np.flatnonzero(np.append(customers[1:] != customers[:-1], True))
    rows = np.diff(ends, prepend=-1)
    sums = np.diff(np.cumsum(amounts)[ends], prepend=0)
    together = len(ends) == len(np.unique(customers))
    adds_up = (rows >= 3).all() and (2 * amounts[ends] == sums).all() and sums.all()
    return ends.tolist() if together and adds_up else None


def _running_sums(amounts: list[int]) -> list[int]:
    """The places of those that are each the sum of two or more since the last such one."""
    found, running, count = [], 0, 0
    for place, amount in enumerate(amounts):
        if count >= 2 and amount == running and amount:
            found.append(place)
            running, count = 0, 0
        else:
            running, count = running + amount, count + 1
        if place == _LOOKED_AT and not found:
            break
    return found
