"""Columns that a file does not have as such: the date of three columns, and the customer who is named in a title
or by a sheet.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from .columns import Header, Mapping, ends_in_total, is_total, plain, recognise
from .dates import DateReader, month_named
from .meanings import cell_text, meanings
from .table import Chunk, Table, pick

DATE, CUSTOMER = "date", "customer_id"
LEADS = re.compile(r".*?[:：]\s*")
_UNIT = re.compile("[年月日号.]+$")
_FEWEST = 2  # titles
_NEARLY = 0.95
_LOOKED_AT = 400  # rows


def _with_column(
    table: Table, mapping: Mapping, name: str, made: Callable[[Iterator[Chunk]], Iterator[tuple]]
) -> Table:
    """The table with a further column; ``made`` gives its cells chunk by chunk."""
    header = recognise([*table.header.names, name], mapping, table.header.row)

    def chunks() -> Iterator[Chunk]:
        for chunk, column in zip(table.chunks(), made(table.chunks())):
            yield replace(chunk, columns=[*chunk.columns, column])

    return replace(table, header=header, chunks=chunks, raw=table.original)


def _cells(chunk: Chunk, place: int) -> list[str]:
    return [cell_text(cell) for cell in pick(chunk.columns[place], np.arange(len(chunk.lines)))]


# --- the date -------------------------------------------------------------------------------


def with_one_date(table: Table, mapping: Mapping) -> Table:
    """The table with a column that holds year, month and day together, where they stand in three
    and no other column is the date.
    """
    places = _date_places(table.header)
    if places is None or "date" in mapping.columns:
        return table

    def made(chunks: Iterator[Chunk]) -> Iterator[tuple]:
        for chunk in chunks:
            yield tuple(map(_together, *(_cells(chunk, place) for place in places)))

    columns = ", ".join(table.header.names[place] for place in places)
    found = _with_column(table, mapping, DATE, made)
    return replace(found, notes=[*table.notes, ("three_columns", {"columns": columns})])


def _date_places(header: Header) -> list[int] | None:
    """Where year, month and day stand; None where one lacks, or another column may be the date."""
    words = meanings()["date_parts"]
    found = []
    for part in ("year", "month", "day"):
        fits = [place for place, name in enumerate(header.names) if plain(name) in words[part]]
        if len(fits) != 1:
            return None
        found += fits
    return found if header.found.get("date", found[-1]) in found else None


def _together(year: str, month: str, day: str) -> str:
    """The three as one date; a month may be named."""
    bare = [_UNIT.sub("", part) for part in (year, month, day)]
    bare[1] = str(month_named(bare[1]) or bare[1])
    return "-".join(bare) if any(bare) else ""


# --- the customer ---------------------------------------------------------------------------


def named_by_sheet(table: Table, mapping: Mapping) -> Table:
    """A sheet with its own name as the customer of every row."""

    def made(chunks: Iterator[Chunk]) -> Iterator[tuple]:
        for chunk in chunks:
            yield (table.sheet,) * len(chunk.lines)

    return _with_column(table, mapping, CUSTOMER, made)


def named_in_titles(table: Table, mapping: Mapping) -> Table:
    """The table with the customer of each row: whom the title above names."""
    return _with_column(table, mapping, CUSTOMER, lambda chunks: _whose(table, chunks))


def customers_in_titles(table: Table) -> bool:
    """Whether nearly all dated rows stand below titles that name several."""
    chunks = table.chunks()
    first = next(chunks, None)
    if first is None or "date" not in table.header.found:
        return False
    (named,) = _whose(table, iter([first]))
    read = DateReader().read
    dated = [read(text) is not None for text in _cells(first, table.header.found["date"])[:_LOOKED_AT]]
    names = [name for name, is_dated in zip(named, dated) if is_dated]
    known = sum(map(bool, names))
    return len(set(names) - {""}) >= _FEWEST and known >= _NEARLY * len(names)


def _whose(table: Table, chunks: Iterator[Chunk]) -> Iterator[tuple]:
    """Chunk by chunk the name above each row; nothing for the title itself, and the column's for headings."""
    place = table.header.found["date"]
    heading, read = table.header.names[place], DateReader().read
    above = table.last_title
    name = _name_in(above) if above and LEADS.match(above[0]) else ""
    for chunk in chunks:
        column = []
        for row in zip(*(_cells(chunk, at) for at in range(len(chunk.columns)))):
            said = "" if read(row[place]) is not None or row[place] == heading else _name_in(row)
            name = said or name
            blank = said or not any(row)
            column.append(CUSTOMER if row[place] == heading else "" if blank else name)
        yield tuple(column)


def _name_in(row) -> str:
    """Whom a title names: the only words of a row, or those behind Customer: and the like; nothing in other rows."""
    cells = [cell.strip(' "') for cell in row if cell.strip(' "')]
    words = all(re.search(r"[^\W\d_]", cell) for cell in cells)
    if not cells or len(cells) > 2 or not words or any(is_total(c) or ends_in_total(c) for c in cells):
        return ""
    if len(cells) == 2 and not LEADS.fullmatch(cells[0]):
        return ""
    return LEADS.sub("", cells[-1], count=1)
