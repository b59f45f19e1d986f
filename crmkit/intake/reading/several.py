"""Several tables with the same columns, one below the other: monthly files and sheets, tables side by side."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from crmkit.core.errors import CrmkitError

from .columns import Header, header_forms, plain, vocabulary
from .table import Chunk, Table


def added_up(tables: list[Table], name: str, *, by_name: bool = False) -> Table:
    """The tables as one, each in the order of columns of the first; refused where their columns differ,
    unless they are to be matched by their names, or are all known by another name.
    """
    first = tables[0]
    differing = [table for table in tables if not _same_names(first.header, table.header)]
    for table in differing:
        matched = by_name and _alike(first.header, table.header)
        matched |= _known_by_other_names(first.header, table.header)
        complete = not first.header.missing and not table.header.missing
        if not (matched and complete and same_money(first.header, table.header)):
            raise _differ(first, table, name)
    header, places = widened(first.header, [table.header for table in tables])
    parts: list[tuple[str, int, int]] = []
    several_books = len({table.name for table in tables}) > 1

    def chunks() -> Iterator[Chunk]:
        parts.clear()
        before = 0
        for table, place in zip(tables, places):
            last = before
            for chunk in table.chunks():
                nothing = ("",) * len(chunk.lines)
                columns = [
                    chunk.columns[place[target]] if target in place else nothing
                    for target in range(len(header.names))
                ]
                moved = replace(chunk, lines=chunk.lines + before, columns=columns)
                if len(moved.lines):
                    last = int(moved.lines[-1])
                yield moved
            parts.append((_name_of(table, several_books), before + 1, last + 1))
            before = last + 1

    def raw(spans) -> Iterator[str]:
        bounds = list(parts)
        for (_, first_line, last_line), table in zip(bounds, tables):
            mine = [
                (a - first_line + 1, b - first_line + 1) for a, b in spans if first_line <= a <= last_line
            ]
            if mine:
                yield from table.original(mine)

    notes = [note for table in tables for note in table.notes]
    if differing:
        others = ", ".join(dict.fromkeys(other for table in differing for other in _others(first, table)))
        notes.append(("columns_matched", {"columns": others}))
    return replace(
        first,
        name=name,
        header=header,
        chunks=chunks,
        raw=raw,
        parts=parts,
        counted=_counted_together(tables),
        hidden=(),
        uncomputed=sum(table.uncomputed for table in tables),
        sheet=None,
        merged=sum(table.merged for table in tables),
        notes=notes,
        cut=None,
    )


def _name_of(table: Table, several_books: bool) -> str:
    """A sheet's name, or the file's; of sheets of several workbooks both."""
    if table.sheet and several_books:
        return f"{table.name} · {table.sheet}"
    return table.sheet or table.name


def _counted_together(tables: list[Table]):
    """What the readers that know nothing count in all the tables; None where one of them has no such reader."""
    if any(table.counted is None for table in tables):
        return None

    def counted() -> tuple[int, int, int]:
        lines, blank, above = zip(*(table.counted() for table in tables))
        return sum(lines), sum(blank), sum(above)

    return counted


def _same_names(first: Header, header: Header) -> bool:
    """Whether the same columns stand in both, in whatever order."""
    wanted, given = (sorted(filter(None, map(plain, each.names))) for each in (first, header))
    return list(map(plain, first.names)) == list(map(plain, header.names)) or (
        wanted == given and len(set(wanted)) == len(wanted)
    )


def _known_by_other_names(first: Header, header: Header) -> bool:
    """Whether every column of both is one that is known, and both have the same ones: only the words differ."""
    directly = {
        canonical: set(header_forms(header.names[place])[0]) & vocabulary()[canonical].keys()
        for canonical, place in header.found.items()
    }
    named = [name for name in header.names if name]
    every = len(named) == len(header.found) == len(first.found) == sum(map(bool, first.names))
    return every and header.found.keys() == first.found.keys() and all(directly.values())


def same_money(first: Header, header: Header) -> bool:
    """Whether the headings name no two currencies or units."""
    return first.multiplier == header.multiplier and first.currency == header.currency


def _alike(first: Header, header: Header) -> bool:
    """Whether two tables have most of their columns in common: months of which one has a column more."""
    ours, theirs = (set(filter(None, map(plain, each.names))) for each in (first, header))
    return 2 * len(ours & theirs) > max(len(ours), len(theirs))


def _others(first: Table, table: Table) -> list[str]:
    """The columns that only one of two tables has, as they are compared."""
    wanted = [plain(column) for column in first.header.names]
    given = [plain(column) for column in table.header.names]
    return [column for column in sorted(set(wanted) ^ set(given)) or given if column]


def _differ(first: Table, table: Table, name: str) -> CrmkitError:
    return CrmkitError(
        "headers_differ",
        value=table.sheet or table.name,
        name=name,
        first=first.sheet or first.name,
        columns=", ".join(_others(first, table)) or "—",
    )


def widened(first: Header, headers: list[Header]) -> tuple[Header, list[dict[int, int]]]:
    """The first header with the columns that the others add, and for each of these where the cell of each place stands:
    under the same name, else where the first has the same column by another name, else behind all.
    """
    names, found, places = list(first.names), dict(first.found), []
    for header in headers:
        stands: dict[int, int] = {}  # the place in all → in this header
        for source, name in enumerate(header.names):
            same = (at for at, known in enumerate(names) if plain(known) == plain(name))
            at = next((at for at in same if at not in stands), None)
            if at is not None:
                stands[at] = source
        for canonical, source in header.found.items():
            at = found.get(canonical)
            if at is not None and at not in stands and source not in stands.values():
                stands[at] = source
        for source, name in enumerate(header.names):
            if source not in stands.values():
                stands[len(names)] = source
                names.append(name)
        at_of = {source: at for at, source in stands.items()}
        for canonical, source in header.found.items():
            if at_of[source] not in found.values():
                found.setdefault(canonical, at_of[source])
        places.append(stands)
    return replace(first, names=names, found=found), places


def blocks_of(header: Header) -> list[list[int]]:
    """The places of each table when the same headers stand side by side again; one block otherwise."""
    names = [plain(name) for name in header.names]
    named = [name for name in names if name]
    for width in range(len(named) // 2, 1, -1):
        if len(named) % width or len(set(named[:width])) < width:
            continue
        if named == named[:width] * (len(named) // width):
            places = [place for place, name in enumerate(names) if name]
            return [places[start : start + width] for start in range(0, len(places), width)]
    return [list(range(len(names)))]


def stacked(table: Table, blocks: list[list[int]]) -> Table:
    """Tables side by side as one, the left one first; a row that is empty in a block is none there."""

    def chunks() -> Iterator[Chunk]:
        for block in blocks:
            for chunk in table.chunks():
                columns = [chunk.columns[place] for place in block]
                hashes = np.fromiter((hash((h, block[0])) for h in chunk.hashes.tolist()), np.int64)
                yield replace(chunk, columns=columns, hashes=hashes, surplus=[])

    names = [table.header.names[place] for place in blocks[0]]
    found = {name: blocks[0].index(place) for name, place in table.header.found.items() if place in blocks[0]}
    header = replace(table.header, names=names, found=found, alternatives={})
    return replace(table, header=header, chunks=chunks, counted=None)
