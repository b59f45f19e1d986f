"""Sections of a table: the files and sheets that were added up,
and tables below each other under titles of their own.
"""

import numpy as np

from .meanings import cell_text


def in_parts(judged, names) -> np.ndarray:
    """Which rows stand in these files or sheets."""
    lines, found = judged.rows.lines, np.zeros(len(judged.rows), dtype=bool)
    for name, first, last in judged.table.parts:
        if name in names:
            found |= (lines >= first) & (lines <= last)
    return found


def titles_between(judged) -> list[tuple[int, str]]:
    """The rows that stand above a repeated heading and hold a single cell: the titles of further tables,
    and what they say.
    """
    found = []
    for row in np.flatnonzero(judged.of("repeated_header")) - 1:
        if row < 0 or not judged.of("missing_customer")[row]:
            continue
        columns = [judged.rows.column(place) for place in range(len(judged.header.names))]
        cells = [cell_text(column.values[column.codes[row]]) for column in columns]
        texts = [text for text in cells if text]
        if len(texts) == 1:
            found.append((int(row), texts[0]))
    return found


def turn_sections(judged) -> None:
    """The amounts of whole files or sheets count against."""
    if judged.mapping.negative_below:
        titles = titles_between(judged)
        mine = np.zeros(len(judged.rows), dtype=bool)
        for (row, title), (end, _) in zip(titles, [*titles[1:], (len(mine), "")]):
            mine[row:end] = title in judged.mapping.negative_below
        judged.units = np.where(mine, -np.abs(judged.units), judged.units)
    if judged.mapping.negative_parts:
        mine = in_parts(judged, judged.mapping.negative_parts)
        judged.units = np.where(mine, -np.abs(judged.units), judged.units)
