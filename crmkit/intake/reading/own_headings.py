"""Rows whose columns stand elsewhere than the first headings say: below a further row of headings of their own,
and from some row on, where a column was put in.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from crmkit.core.errors import CrmkitError

from .amounts import take_apart
from .columns import Header, header_forms, plain, recognise, vocabulary
from .decisions import Decision, Reading, as_it_stands
from .meanings import cell_text
from .rows import Rows
from .several import same_money, widened
from .table import Chunk, Table, pick

MOST_LOOKED_AT = 20_000  # rows without a date
_NEARLY = 0.9
_FEWEST = 3  # rows above, and as many below
_FAR = np.log(3)  # times: amounts so far from those above are none
BEHIND = "-"  # no column is headed so: what was put in stands behind all
_KNOWN = 0.5  # of the customers below stand above as well


def further_headings(rows: Rows) -> dict[int, Header]:
    """The rows below the header that name a customer, a date and an amount once more, by their lines."""
    if "date" not in rows.codes:
        return {}
    undated = np.array([*(parsed is None for parsed in rows.distinct["date"].parsed), False])
    places = np.flatnonzero(undated[rows.codes["date"]])
    known = vocabulary()["any"]
    if len(places) > MOST_LOOKED_AT:  # then only those that say of the date what it is
        headed = [not known.isdisjoint(header_forms(cell_text(value))[0]) for value in rows.distinct["date"]]
        places = places[np.array([*headed, False])[rows.codes["date"][places]]][:MOST_LOOKED_AT]
    found, seen = {}, {}
    cells = zip(*(pick(rows.column(j).cells, places) for j in range(len(rows.header.names))))
    for place, row in zip(places.tolist(), cells):
        names = _longer(rows, place) if rows.surplus[place] else tuple(map(cell_text, row))
        if names not in seen:
            seen[names] = recognise(names, rows.mapping)
        if not seen[names].missing:
            found[int(rows.lines[place])] = seen[names]
    return found


def _longer(rows: Rows, place: int) -> tuple[str, ...]:
    """What a row of a text file says, those cells included that stand beyond the last heading."""
    line = int(rows.lines[place])
    text = next(iter(rows.table.original([(line, line)])), "")
    return tuple(next(csv.reader([text], delimiter=rows.table.delimiter or ",", skipinitialspace=True)))


def by_own_headings(table: Table, further: dict[int, Header]) -> Table | None:
    """The table with the rows below each further heading in the columns that it names;
    None where all say what the first does.
    """
    first = table.header
    said = {line: " | ".join(filter(None, header.names)) for line, header in further.items()}
    wanted = list(map(plain, first.names))
    own = {line: said[line] for line, header in further.items() if list(map(plain, header.names)) != wanted}
    if not own:
        return None
    for line in own:
        if not same_money(first, further[line]):
            raise CrmkitError("headings_moved", row=line, value=own[line], line=line)
    header, (as_above, *places) = widened(first, [first, *further.values()])
    below = dict(zip(further, places))
    for _, line, _ in table.parts:  # a file or a sheet begins under the headings of the first
        below.setdefault(line, as_above)
    lines = np.array(sorted(below))
    sections = [as_above, *(below[line] for line in lines.tolist())]
    wide = _wider(table, max(len(each.names) for each in (first, *further.values())))
    note = ("own_headings", {"columns": next(iter(own.values())), "line": next(iter(own))})
    return replace(
        _rearranged(
            wide, table, header, sections, lambda chunk: np.searchsorted(lines, chunk.lines, side="right")
        ),
        notes=[*table.notes, note],
        own_headings=own,
    )


def _wider(table: Table, width: int) -> Table:
    """The table with at least so many columns, as far as its rows hold them."""
    names = table.header.names
    if len(names) >= width or table.cut is None:
        return table
    header = replace(table.header, names=[*names, *[""] * (width - len(names))])
    return replace(table, header=header, chunks=table.cut(header))


def _rearranged(
    wide: Table, table: Table, header: Header, sections: list[dict], section_of: Callable
) -> Table:
    """The table with each row's cells where its section says: each column's place → where its cell stands."""

    def chunks() -> Iterator[Chunk]:
        for chunk in wide.chunks():
            cells = [pick(column, np.arange(len(chunk.lines))) for column in chunk.columns]
            places = [sections[number] for number in section_of(chunk).tolist()]
            columns = []
            for target in range(len(header.names)):
                stands_at = (place.get(target) for place in places)
                columns.append(tuple("" if at is None else cells[at][i] for i, at in enumerate(stands_at)))
            yield replace(chunk, columns=columns)

    return replace(wide, header=header, chunks=chunks, raw=table.original)


# --- a column that was put in ---------------------------------------------------------------


def put_in(table: Table, heading: str) -> Table:
    """The table with what was put in before a column moved behind the last one, in the rows that are longer by it."""
    last = _behind_all(table.header)
    wide = _wider(table, last + 1)
    place = next((i for i, name in enumerate(table.header.names) if plain(name) == plain(heading)), last)
    if last >= len(wide.header.names):
        return table
    as_it_is = {at: at for at in range(len(wide.header.names))}
    longer = as_it_is | {at: at + 1 for at in range(place, last)} | {last: place}

    def section_of(chunk: Chunk) -> np.ndarray:
        cells = pick(chunk.columns[last], np.arange(len(chunk.lines)))
        return np.array([bool(cell_text(cell)) for cell in cells], dtype=int)

    return _rearranged(wide, table, wide.header, [as_it_is, longer], section_of)


def _behind_all(header: Header) -> int:
    """The place behind the last column that is headed."""
    return max((place + 1 for place, name in enumerate(header.names) if name), default=0)


def column_put_in(rows: Rows) -> Decision | None:
    """Rows that are longer by a cell from some row on: a column was put in, and the question is before which."""
    mapping, last = rows.mapping, _behind_all(rows.header)
    if mapping.put_in_before or "column_put_in" in mapping.as_read or rows.header.missing:
        return None
    longer = rows.column(last).filled if last < len(rows.header.names) else rows.surplus
    first = int(longer.argmax())
    if first < _FEWEST or longer.sum() < _FEWEST or longer[first:].mean() < _NEARLY:
        return None
    ragged = last >= len(rows.header.names)
    if ragged:
        wide = _wider(rows.table, last + 1)
        if last >= len(wide.header.names):
            return None
        rows = Rows(wide, mapping)
    away = _places_that_fit(rows, longer, last)
    stands = None if ragged else away.pop(last, None)
    if not away or stands is not None and min(away.values()) > stands + _FAR:
        return None
    readings = [
        Reading(
            f"before_{place + 1}" if place < last else "behind",
            {"put_in_before": rows.header.names[place] or BEHIND},
            "reading_put_in_before" if place < last else "reading_put_in_behind",
            {"name": rows.header.names[place]},
            reopens=True,
        )
        for place in sorted(away, key=away.get)
    ]
    fields = {"line": int(rows.lines[first])}
    readings.append(as_it_stands("column_put_in"))
    return Decision("column_put_in", tuple(readings), None, int(longer.sum()), fields)


def _places_that_fit(rows: Rows, longer: np.ndarray, last: int) -> dict[int, float]:
    """Before which columns one may have been put in, or behind all, so that dates, amounts and customers fit
    what stands above → how far the amounts are from those.
    """
    found = rows.header.found
    amount = found.get("amount", found.get("unit_price"))
    columns = (found["customer_id"], found["date"], amount)
    usual, away = _middle(_texts(rows, amount, ~longer)), {}
    for place in (*sorted(columns), last):
        people, dates, amounts = (_texts(rows, at + (at >= place), longer) for at in columns)
        above = set(_texts(rows, columns[0], ~longer))
        read = rows.parsers["date"][0]
        if None in (*map(read, dates), *map(take_apart, amounts)) or not amounts:
            continue
        if sum(text in above for text in people) >= _KNOWN * len(people):
            away[place] = abs(np.log(_middle(amounts) / usual))
    return away


def _texts(rows: Rows, place: int, among: np.ndarray) -> list[str]:
    """The different cells of a column in these rows."""
    column = rows.column(place)
    texts = (cell_text(value) for value, n in zip(column.values, column.counts(among)) if n)
    return [text for text in texts if text]


def _middle(texts: list[str]) -> float:
    """The middle amount; 1 where there is none."""
    parts = [part for part in map(take_apart, texts) if part]
    numbers = [float(abs(part.value(".") or part.value(",") or 0)) for part in parts]
    return float(np.median(numbers or [1])) or 1.0
