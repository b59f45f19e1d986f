"""Rows whose columns stand elsewhere than the first headings say: below a further row of headings of their own,
and from some row on, where a column was put in.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

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
_KNOWN = 0.5  # of the customers below stand above as well


@dataclass(frozen=True)
class Headings:
    """A row of headings below the first one: its line, and what it says."""

    line: int
    header: Header


def further_headings(rows: Rows) -> list[Headings]:
    """The rows below the header that name a customer, a date and an amount once more, in the order of their lines."""
    if "date" not in rows.codes:
        return []
    undated = np.array([*(parsed is None for parsed in rows.distinct["date"].parsed), False])
    places = np.flatnonzero(undated[rows.codes["date"]])
    known = vocabulary()["any"]
    if len(places) > MOST_LOOKED_AT:  # then only those that say of the date what it is
        headed = [not known.isdisjoint(header_forms(cell_text(value))[0]) for value in rows.distinct["date"]]
        places = places[np.array([*headed, False])[rows.codes["date"][places]]][:MOST_LOOKED_AT]
    found, seen = [], {}
    for place in places.tolist():
        names = tuple(_cells_of(rows, place))
        if names not in seen:
            seen[names] = recognise(names, rows.mapping)
        if not seen[names].missing:
            found.append(Headings(int(rows.lines[place]), seen[names]))
    return found


def _cells_of(rows: Rows, place: int) -> list[str]:
    """What a row says, those cells included that stand beyond the last heading."""
    if rows.surplus[place] and rows.table.delimiter:
        line = int(rows.lines[place])
        text = next(iter(rows.table.original([(line, line)])), "")
        return next(csv.reader([text], delimiter=rows.table.delimiter, skipinitialspace=True))
    columns = [rows.column(j) for j in range(len(rows.header.names))]
    return [cell_text(column.values[column.codes[place]]) for column in columns]


def by_own_headings(table: Table, further: list[Headings]) -> Table | None:
    """The table with the rows below each further heading in the columns that it names;
    None where all say what the first does.
    """
    first = table.header
    wanted = list(map(plain, first.names))
    differing = [headings for headings in further if list(map(plain, headings.header.names)) != wanted]
    if not differing:
        return None
    for headings in differing:
        if not same_money(first, headings.header):
            said = " | ".join(headings.header.names)
            raise CrmkitError("headings_moved", row=headings.line, value=said, line=headings.line)
    header, orders = widened(first, [headings.header for headings in further])
    as_above = list(range(len(first.names)))
    starts = {headings.line: order for headings, order in zip(further, orders)}
    for _, line, _ in table.parts:  # a file or a sheet begins under the headings of the first
        starts.setdefault(line, as_above)
    lines = np.array(sorted(starts))
    sections = [as_above, *(starts[line] for line in lines.tolist())]
    headed = {headings.line for headings in further}
    width = max(len(order) for order in sections)

    def chunks() -> Iterator[Chunk]:
        for chunk in _as_wide_as(table, width)():
            section = np.searchsorted(lines, chunk.lines, side="right")
            again = np.flatnonzero(np.isin(chunk.lines, list(headed)))
            yield _in_their_columns(chunk, section, sections, header, again)

    columns = _columns_added(first, [headings.header for headings in differing])
    said = ("own_headings", {"columns": columns, "line": differing[0].line})
    own = {h.line: " | ".join(name for name in h.header.names if name) for h in differing}
    notes = [*table.notes, said]
    raw = partial(_original, table)
    return replace(table, header=header, chunks=chunks, raw=raw, notes=notes, own_headings=own)


def _original(table: Table, spans) -> Iterator[str]:
    yield from table.original(spans)


def _columns_added(first: Header, others: list[Header]) -> str:
    """The headings of the others that the first one does not have."""
    known = set(map(plain, first.names))
    names = dict.fromkeys(
        name for header in others for name in header.names if name and plain(name) not in known
    )
    return ", ".join(names) or ", ".join(name for name in others[0].names if name)


def _as_wide_as(table: Table, width: int) -> Callable[[], Iterator[Chunk]]:
    """The table's chunks with at least so many columns."""
    names = table.header.names
    if len(names) >= width or table.cut is None:
        return table.chunks
    return table.cut(replace(table.header, names=[*names, *[""] * (width - len(names))]))


def _in_their_columns(
    chunk: Chunk, section: np.ndarray, sections: list[list[int]], header: Header, again: np.ndarray
) -> Chunk:
    """The cells of a chunk, each row's in the columns of its section; a row of headings says what the header does."""
    count, every = len(chunk.lines), np.arange(len(chunk.lines))
    cells = [pick(column, every) for column in chunk.columns]
    columns = []
    for target, name in enumerate(header.names):
        column = [""] * count
        for number in np.unique(section).tolist():
            order = sections[number]
            if target in order and (source := order.index(target)) < len(cells):
                for row in np.flatnonzero(section == number).tolist():
                    column[row] = cells[source][row]
        for row in again.tolist():
            column[row] = name
        columns.append(tuple(column))
    return replace(chunk, columns=columns)


# --- a column that was put in ---------------------------------------------------------------


def put_in(table: Table, heading: str) -> Table:
    """The table with what was put in before a column moved behind the last one, in the rows that are longer by it."""
    wide, last = _widened(table)
    wanted = plain(heading)
    place = next((i for i, name in enumerate(table.header.names) if name and plain(name) == wanted), None)
    if wide is None or place is None:
        return table
    longer_order = [*range(place), last, *range(place, last)]
    sections = [list(range(last + 1)), longer_order]

    def chunks() -> Iterator[Chunk]:
        for chunk in wide.chunks():
            cells = pick(chunk.columns[last], np.arange(len(chunk.lines)))
            longer = np.array([bool(cell_text(cell)) for cell in cells], dtype=int)
            columns = [*sections[0], *range(last + 1, len(chunk.columns))]
            orders = [columns, [*longer_order, *columns[last + 1 :]]]
            yield _in_their_columns(chunk, longer, orders, wide.header, np.array([], dtype=int))

    return replace(wide, chunks=chunks, raw=partial(_original, table))


def _widened(table: Table) -> tuple[Table | None, int]:
    """The table with a column behind the last one that is headed, and that column's place."""
    names = table.header.names
    last = max((i for i, name in enumerate(names) if name), default=-1) + 1
    if last < len(names):
        return table, last
    if table.cut is None:
        return None, last
    header = replace(table.header, names=[*names, ""])
    return replace(table, header=header, chunks=table.cut(header)), last


def column_put_in(rows: Rows) -> Decision | None:
    """Rows that are longer by a cell from some row on: a column was put in, and the question is before which."""
    mapping = rows.mapping
    if mapping.put_in_before or "column_put_in" in mapping.as_read or rows.header.missing:
        return None
    wide, last = _widened(rows.table)
    if wide is None:
        return None
    if wide is not rows.table:
        if int(rows.surplus.sum()) < _FEWEST:
            return None
        rows = Rows(wide, mapping)
    longer = rows.column(last).filled
    first = int(longer.argmax())
    if first < _FEWEST or longer.sum() < _FEWEST or longer[first:].mean() < _NEARLY:
        return None
    readings = _places_that_fit(rows, last, longer)
    if not readings:
        return None
    line = int(rows.lines[first])
    offered = [
        Reading(f"before_{place + 1}", {"put_in_before": name}, "reading_put_in_before", {"name": name})
        for place, name in readings
    ]
    offered = [replace(reading, reopens=True) for reading in offered]
    fields = {"line": line}
    return Decision(
        "column_put_in", (*offered, as_it_stands("column_put_in")), None, int(longer.sum()), fields
    )


def _places_that_fit(rows: Rows, last: int, longer: np.ndarray) -> list[tuple[int, str]]:
    """Before which columns one may have been put in, so that dates, amounts and customers fit what stands above;
    the likeliest first.
    """
    header, known = rows.header, {}
    amount = "amount" if "amount" in header.found else "unit_price"
    columns = {name: header.found[name] for name in ("customer_id", "date", amount)}
    for place in range(last):
        moved = tuple(column >= place for column in columns.values())
        if any(moved) and header.names[place]:
            known[moved] = place  # the last one of those that move the same columns
    usual = _middle(rows, columns[amount], ~longer)
    found = []
    for place in known.values():
        at = {name: column + (column >= place) for name, column in columns.items()}
        if _fits(rows, at, amount, longer):
            away = abs(np.log(_middle(rows, at[amount], longer) / usual))
            found.append((away, place))
    return [(place, header.names[place]) for _, place in sorted(found)]


def _fits(rows: Rows, at: dict[str, int], amount: str, longer: np.ndarray) -> bool:
    read = rows.parsers["date"][0]
    dates = _texts(rows, at["date"], longer)
    amounts = _texts(rows, at[amount], longer)
    if any(read(text) is None for text in dates) or any(take_apart(text) is None for text in amounts):
        return False
    above = set(_texts(rows, rows.header.found["customer_id"], ~longer))
    below = _texts(rows, at["customer_id"], longer)
    return sum(text in above for text in below) >= _KNOWN * len(below)


def _texts(rows: Rows, place: int, among: np.ndarray) -> list[str]:
    """The different cells of a column in these rows."""
    column = rows.column(place)
    texts = (cell_text(value) for value, n in zip(column.values, column.counts(among)) if n)
    return [text for text in texts if text]


def _middle(rows: Rows, place: int, among: np.ndarray) -> float:
    """The middle amount in these rows; 1 where there is none."""
    parts = [part for part in map(take_apart, _texts(rows, place, among)) if part]
    numbers = [float(abs(part.value(".") or part.value(",") or 0)) for part in parts]
    return float(np.median(numbers or [1])) or 1.0
