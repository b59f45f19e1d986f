"""Columns of other files beside a table's own: orders beside their lines, customers and costs beside orders."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from crmkit.core.errors import CrmkitError

from .columns import Mapping, plain, recognise
from .meanings import cell_text
from .table import Chunk, Table, pick


def joined(table: Table, other: Table, on: str, mapping: Mapping) -> Table:
    """The table with the other one's columns, found by the column ``on`` that both have; each key stands there once.

    Rows that nothing matches keep their own columns, and both sides' unmatched keys are counted and said.
    """
    here, there = _place(table, on), _place(other, on)
    known = _by_key(other, there, on)
    added = [place for place, name in enumerate(other.header.names) if place != there and name]
    own = {plain(name) for name in table.header.names}
    added = [place for place in added if plain(other.header.names[place]) not in own]
    names = [*table.header.names, *(other.header.names[place] for place in added)]
    header = recognise(names, mapping, table.header.row)
    nothing = tuple("" for _ in added)

    def chunks() -> Iterator[Chunk]:
        for chunk in table.chunks():
            keys = [cell_text(key) for key in pick(chunk.columns[here], np.arange(len(chunk.lines)))]
            found = [known.get(key) for key in keys]
            beside = [nothing if row is None else tuple(row[place] for place in added) for row in found]
            columns = list(zip(*beside)) if beside else [()] * len(added)
            yield replace(chunk, columns=[*chunk.columns, *columns])

    seen, unmatched = set(), 0
    for chunk in table.chunks():
        for key in pick(chunk.columns[here], np.arange(len(chunk.lines))):
            text = cell_text(key)
            seen.add(text)
            unmatched += text not in known
    said = (
        "joined",
        {"file": other.name, "column": on, "here": unmatched, "there": len(known.keys() - seen)},
    )
    return replace(table, header=header, chunks=chunks, notes=[*table.notes, said])


def _place(table: Table, on: str) -> int:
    for place, name in enumerate(table.header.names):
        if plain(name) == plain(on):
            return place
    allowed = ", ".join(name for name in table.header.names if name) or "—"
    raise CrmkitError("join_column", column=on, value=table.name, allowed=allowed)


def _by_key(other: Table, there: int, on: str) -> dict[str, list]:
    known: dict[str, list] = {}
    for chunk in other.chunks():
        every = np.arange(len(chunk.lines))
        for row in zip(*(pick(column, every) for column in chunk.columns)):
            key = cell_text(row[there])
            if key in known and key:
                raise CrmkitError("join_not_unique", column=on, value=key, name=other.name)
            if key:
                known[key] = list(row)
    return known
