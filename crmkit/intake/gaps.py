"""Cells left empty because they say the same as the cell above, or that say so by a ditto mark."""

import numpy as np

from .reading.meanings import cell_text, meanings

_NOTHING = (None, "", " ", "\u3000")
CARRIED = ("customer_id", "date")  # what a list names in the first row of a group only


def without_own(judged, name: str, *, ditto_only: bool = False) -> np.ndarray:
    """Which rows have nothing of their own in a column in use: an empty cell, or a ditto mark."""
    known = judged.rows.distinct[name]  # looked up, not walked through: there may be very many
    said = meanings()["ditto"]["marks"] if ditto_only else (*meanings()["ditto"]["marks"], *_NOTHING)
    return np.isin(judged.rows.codes[name], [known[text] for text in said if text in known])


def has_amount(judged) -> np.ndarray:
    """Which rows have something in the column of amounts; all where there is none."""
    rows = judged.rows
    if "amount" not in rows.codes:
        return np.ones(len(rows), dtype=bool)
    filled = [bool(cell_text(value)) for value in rows.distinct["amount"]]
    return np.array([*filled, True])[rows.codes["amount"]]


def fill_down(judged) -> None:
    """Give the rows that have none the customer and the date of the row above,
    in the columns that the mapping names.
    """
    rows, wanted = judged.rows, {judged.place(str(name)) for name in judged.mapping.fill_down}
    for name in CARRIED:
        if name not in rows.codes or judged.header.found[name] not in wanted:
            continue
        lacking = without_own(judged, name)
        above = np.maximum.accumulate(np.where(lacking | ~judged.used, -1, np.arange(len(rows))))
        filled = lacking & judged.used & (above >= 0) & has_amount(judged)
        rows.codes[name] = np.where(filled, rows.codes[name][above], rows.codes[name])
        if name == "date":
            rows.seconds = np.where(filled, rows.seconds[above], rows.seconds)
