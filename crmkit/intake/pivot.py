"""A cross table with a column for each month as rows: one for each cell that holds something."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .columns import Header, Mapping, recognise
from .meanings import cell_text
from .table import Chunk, Table, pick

FEWEST_MONTHS = 3
DATE, AMOUNT = "unpivoted_date", "unpivoted_amount"
_ENGLISH = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NUMBERED = re.compile(
    r"(?P<year>(?:19|20)\d{2})\s*[-/.年_]?\s*(?P<month>\d{1,2})\s*月?份?(?:[-/.]0?1(?:[ T]00:00:00)?)?"
)
_NAMED = re.compile(
    rf"(?P<name>{'|'.join(_ENGLISH)})[a-z]*[\s\-_.,']*(?P<year>(?:19|20)\d{{2}}|\d{{2}})", re.IGNORECASE
)
_WITHOUT_YEAR = re.compile(rf"\d{{1,2}}\s*月份?|(?:{'|'.join(_ENGLISH)})[a-z]*", re.IGNORECASE)


def month_of(heading: str) -> str | None:
    """The first day of the month that a heading names with its year; None when it names none."""
    text = heading.strip()
    if found := _NUMBERED.fullmatch(text):
        month = int(found["month"])
        return f"{found['year']}-{month:02d}-01" if 1 <= month <= 12 else None
    if found := _NAMED.fullmatch(text):
        year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
        return f"{year}-{_ENGLISH.index(found['name'].lower()) + 1:02d}-01"
    return None


def months_in(header: Header) -> list[str]:
    """The headings that name months, with a year or without."""
    return [name for name in header.names if month_of(name) or _WITHOUT_YEAR.fullmatch(name.strip())]


def is_pivot(header: Header) -> bool:
    """Whether months stand in the headings and no column holds the date."""
    return "date" not in header.found and len(months_in(header)) >= FEWEST_MONTHS


def unpivoted(table: Table, mapping: Mapping) -> Table:
    """Each cell below a month as a row of its own, dated the first of that month; empty cells are none."""
    places = {place: day for place, name in enumerate(table.header.names) if (day := month_of(name))}
    kept = [place for place in range(len(table.header.names)) if place not in places]
    names = [table.header.names[place] for place in kept] + [DATE, AMOUNT]
    columns = {**mapping.columns, "date": DATE, "amount": AMOUNT}
    header = recognise(names, replace(mapping, columns=columns), table.header.row)

    def chunks() -> Iterator[Chunk]:
        for chunk in table.chunks():
            every = np.arange(len(chunk.lines))
            cells = {place: pick(chunk.columns[place], every) for place in range(len(table.header.names))}
            rows, lines = [], []
            for at in range(len(chunk.lines)):
                for place, day in places.items():
                    if cell_text(cells[place][at]):
                        rows.append((*(cells[other][at] for other in kept), day, cells[place][at]))
                        lines.append(chunk.lines[at])
            hashes = np.fromiter(map(hash, map(repr, rows)), dtype=np.int64, count=len(rows))
            held = list(zip(*rows)) if rows else [()] * len(names)
            yield Chunk(np.array(lines, dtype=np.int64), held, hashes)

    def raw(spans) -> Iterator[str]:
        firsts = sorted({first for first, _ in spans})
        texts = dict(zip(firsts, table.original([(first, first) for first in firsts])))
        for first, _ in spans:
            yield texts[first]

    return replace(table, header=header, chunks=chunks, raw=raw, counted=None)
