"""Tables that a spreadsheet opens."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from coursekit.sandbox.cleaning import clean_text
from crmkit.core.cells import csv_cell
from crmkit.core.files import put


def _csv(value: object) -> object:
    """Six digits of a number are enough in a gradebook, and control characters of a submission have no place in it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        value = "".join(c for c in clean_text(value) if c >= " " or c == "\t")
    return csv_cell(value)


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence]) -> None:
    """A table as a spreadsheet of either language opens it."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_csv(value) for value in row])
    put(path, held.getvalue(), encoding="utf-8-sig")
