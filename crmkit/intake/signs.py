"""Whose amounts count against: values, beginnings of numbers, files and sheets that the mapping names as returns;
and whose a return is where the firm itself pays it back.
"""

import re

import numpy as np

from .ids import customers_as_text
from .reading.meanings import cell_text, plain_value

_NEARLY = 0.95  # of the rows
_LETTERS = re.compile(r"[^\W\d_]{1,6}")


def prefix_of(cell) -> str:
    """The letters with which a number begins, as they are compared: ``'th-0012'`` → ``'TH'``, ``'536365'`` → ``''``."""
    found = _LETTERS.match(cell_text(cell))
    return found[0].upper() if found else ""


def turn_negative(judged) -> None:
    """Amounts of returns and credit notes count against, however they are written."""
    for name, values in judged.mapping.negative.items():
        against = {plain_value(value) for value in values}
        _turn(judged, "negative", name, lambda cell, against=against: plain_value(cell) in against)
    for name, prefixes in judged.mapping.negative_prefixes.items():
        against = {str(prefix).upper() for prefix in prefixes}
        _turn(judged, "negative_prefixes", name, lambda cell, against=against: prefix_of(cell) in against)


def _turn(judged, key: str, name: str, wanted) -> None:
    place = judged.named(key, name)
    if place is None:
        return
    back = judged.rows.column(place).where(wanted)
    judged.units = np.where(back, -np.abs(judged.units), judged.units)


def own_name(judged, place: int) -> str | None:
    """What stands in a column beside (nearly) all rows with money that came in: the firm's own name or address."""
    column = judged.rows.column(place)
    counts = column.counts(judged.used & (judged.units > 0))
    if not counts.sum() or counts.max() < _NEARLY * counts.sum():
        return None
    return customers_as_text([cell_text(column.values[int(counts.argmax())]) or None])[0]


def of_own_name(judged, own: str) -> np.ndarray:
    """The rows used below zero whose customer is the firm itself."""
    firm = np.array([customer == own for customer in judged.customers])
    return judged.used & (judged.units < 0) & firm[judged.rows.codes["customer_id"]]


def take_other_party(judged) -> None:
    """What the firm paid back is a return of whom it paid: he stands in another column."""
    name = judged.mapping.other_party
    if not name or judged.units is None or judged.customers is None:
        return
    place = judged.named("other_party", name)
    own = None if place is None else own_name(judged, place)
    if own is None:
        return
    column = judged.rows.column(place)
    rows = np.flatnonzero(of_own_name(judged, own) & column.filled)
    known = judged.rows.distinct["customer_id"]
    codes = judged.rows.codes["customer_id"].copy()
    codes[rows] = [known[column.values[code]] for code in column.codes[rows]]
    judged.rows.codes["customer_id"] = codes
    judged.customers += customers_as_text(known.parsed[len(judged.customers) :])
