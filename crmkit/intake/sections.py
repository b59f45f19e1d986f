"""Sections of a table: the files and sheets that were added up,
and tables below each other under titles of their own.
"""

from dataclasses import dataclass

import numpy as np

from .reading.meanings import cell_text

MOST_TABLES = 60  # below each other
MOST_LINES = 3  # of a title


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
    titles = ((row - 1, title_of(judged, row)) for row in np.flatnonzero(judged.of("repeated_header")))
    return [(int(row), title) for row, title in titles if title]


def title_of(judged, row: int) -> str:
    """What the rows of a single cell say that stand above a repeated heading; nothing where it stands alone."""
    columns = [judged.rows.column(place) for place in range(len(judged.header.names))]
    said: list[str] = []
    for above in range(row - 1, max(row - 1 - MOST_LINES, -1), -1):
        texts = [text for column in columns if (text := cell_text(column.values[column.codes[above]]))]
        if len(texts) != 1:
            break
        said.insert(0, texts[0])
    return " · ".join(said)


@dataclass(frozen=True)
class Section:
    """A table among others below each other: its title or else its headings, its rows from and to,
    and whether it has headings of its own.
    """

    title: str
    titled: bool
    first: int
    end: int
    own: bool = False


def tables_below(judged) -> list[Section]:
    """The tables of a file that stand below each other, each under a heading; nothing where there is one,
    or where a heading is repeated on every page.
    """
    heads = np.flatnonzero(judged.of("repeated_header"))
    if not 0 < len(heads) <= MOST_TABLES:
        return []
    above = judged.table.last_title
    title = above[0] if len(above) == 1 else ""
    names = " | ".join(name for name in judged.header.names if name)
    found = [Section(title or names, bool(title), 0, int(heads[0]))]
    for row, end in zip(heads.tolist(), [*heads[1:].tolist(), len(judged.rows)]):
        said = judged.table.own_headings.get(int(judged.rows.lines[row]))
        title = title_of(judged, row)
        found.append(Section(title or said or names, bool(title), row, end, said is not None))
    return found


def below(judged, titles) -> np.ndarray:
    """Which rows stand in the tables of these titles."""
    mine = np.zeros(len(judged.rows), dtype=bool)
    for section in tables_below(judged) if titles else ():
        if section.title in titles:
            mine[section.first : section.end] = True
    return mine


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
