"""Several tables with the same columns, one below the other: monthly files and sheets, tables side by side."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from crmkit.core.errors import CrmkitError

from .columns import Header, plain
from .table import Chunk, Table


def added_up(tables: list[Table], name: str) -> Table:
    """The tables as one, each in the order of columns of the first; refused where their columns differ."""
    first = tables[0]
    orders = [_order(first, table, name) for table in tables]
    parts: list[tuple[str, int, int]] = []
    several_books = len({table.name for table in tables}) > 1

    def chunks() -> Iterator[Chunk]:
        parts.clear()
        before = 0
        for table, order in zip(tables, orders):
            last = before
            for chunk in table.chunks():
                columns = [chunk.columns[place] for place in order]
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

    return replace(
        first,
        name=name,
        chunks=chunks,
        raw=raw,
        parts=parts,
        counted=_counted_together(tables),
        hidden=(),
        uncomputed=sum(table.uncomputed for table in tables),
        sheet=None,
        merged=sum(table.merged for table in tables),
        notes=[note for table in tables for note in table.notes],
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


def _order(first: Table, table: Table, name: str) -> list[int]:
    """Where the columns of the first table stand in another one."""
    wanted = [plain(column) for column in first.header.names]
    given = [plain(column) for column in table.header.names]
    if wanted == given:
        return list(range(len(wanted)))
    if sorted(filter(None, wanted)) != sorted(filter(None, given)) or len(set(wanted)) != len(wanted):
        other = sorted(set(wanted) ^ set(given)) or given
        raise CrmkitError(
            "headers_differ",
            value=table.sheet or table.name,
            name=name,
            first=first.sheet or first.name,
            columns=", ".join(column for column in other if column) or "—",
        )
    return [given.index(column) for column in wanted]


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
