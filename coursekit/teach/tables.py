"""Tables that a spreadsheet opens, and how every file of a report is put in place."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def put(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    """Replaced whole, so that a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding=encoding, newline="")
    part.replace(path)


def cell(value) -> str:
    """A value for a CSV cell: what a spreadsheet would take for a formula is kept as text by an apostrophe."""
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    text = "".join(c for c in text if c >= " " or c == "\t")
    return "'" + text if text.startswith(FORMULA) and not isinstance(value, (int, float)) else text


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence]) -> None:
    """A table as a spreadsheet of either language opens it."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    put(path, held.getvalue(), encoding="utf-8-sig")
