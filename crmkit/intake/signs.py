"""Whose amounts count against: values, beginnings of numbers, files and sheets that the mapping names as returns."""

import re

import numpy as np

from .meanings import cell_text, plain_value

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
