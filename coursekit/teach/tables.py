"""Tables that a spreadsheet opens."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from coursekit.sandbox.cleaning import DIRECTIONS, clean_text
from crmkit.core.cells import csv_cell
from crmkit.core.files import put

Row = TypeVar("Row")
MOST_LINES = 40  # of one student in a table of problems


def capped(rows: Sequence[Row], lot_of: Callable[[Row], str], more: Callable[[str, int], Row]) -> list[Row]:
    """At most so many rows of one lot, and of each larger one how many ``more`` there are: nobody's fill the table."""
    counts: Counter[str] = Counter()
    shown = []
    for row in rows:
        lot = lot_of(row)
        counts[lot] += 1
        if counts[lot] <= MOST_LINES:
            shown.append(row)
    shown += [more(lot, count - MOST_LINES) for lot, count in counts.items() if count > MOST_LINES]
    return shown


def _csv(value: object) -> object:
    """Six digits of a number are enough in a gradebook; in a text,
    nothing that controls a terminal or turns letters around.
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        value = DIRECTIONS.sub("", clean_text(value))
        value = "".join(c for c in value if c >= " " or c == "\t")
    return csv_cell(value)


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence]) -> None:
    """A table as a spreadsheet of either language opens it."""
    put(path, _lines([head]) + _lines(rows), encoding="utf-8-sig")


def append_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Add lines to such a table, which is begun where it is not there; what stands in it is left as it is."""
    new = not path.exists()
    with path.open("a", encoding="utf-8-sig" if new else "utf-8", newline="") as stream:
        stream.write((_lines([head]) if new else "") + _lines(rows))


def _lines(rows: Sequence[Sequence]) -> str:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_csv(value) for value in row])
    return held.getvalue()
