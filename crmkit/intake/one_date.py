"""A date that stands in three columns: the year, the month, the day."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from .columns import Header, Mapping, plain, recognise
from .dates import month_named
from .meanings import cell_text, meanings
from .table import Chunk, Table, pick

NAME = "date"


def with_one_date(table: Table, mapping: Mapping) -> Table:
    """The table with a column that holds year, month and day together, where they stand in three
    and no other column is the date.
    """
    places = _places(table.header)
    if places is None or "date" in mapping.columns:
        return table
    names = [*table.header.names, NAME]
    header = recognise(names, mapping, table.header.row)
    columns = ", ".join(names[place] for place in places)
    note = ("three_columns", {"columns": columns})
    raw = table.original
    return replace(
        table, header=header, chunks=partial(_chunks, table, places), raw=raw, notes=[*table.notes, note]
    )


def _places(header: Header) -> list[int] | None:
    """Where year, month and day stand; None where one lacks, or another column may be the date."""
    words = meanings()["date_parts"]
    found = []
    for part in ("year", "month", "day"):
        fits = [place for place, name in enumerate(header.names) if plain(name) in words[part]]
        if len(fits) != 1:
            return None
        found += fits
    return found if header.found.get("date", found[-1]) in found else None


def _chunks(table: Table, places: list[int]) -> Iterator[Chunk]:
    for chunk in table.chunks():
        every = np.arange(len(chunk.lines))
        cells = [[cell_text(cell) for cell in pick(chunk.columns[place], every)] for place in places]
        dates = tuple(_together(*parts) for parts in zip(*cells))
        yield replace(chunk, columns=[*chunk.columns, dates])


def _together(year: str, month: str, day: str) -> str:
    """The three as one date; a month may be named."""
    number = month_named(month.rstrip(".")) or month.rstrip("月")
    return f"{year.rstrip('年')}-{number}-{day.rstrip('日')}" if year or month or day else ""
