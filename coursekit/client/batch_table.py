"""The table of a batch: rows as typed values; every cell that cannot be read is said before anything runs."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from coursekit.handed_tables import under_each_header
from coursekit.messages import MESSAGES, KitError

from .output_folder import safe_name
from .parameters import Parameter, listed, typed

# columns that name a row; parameters only where the notebook has them
LABELS = ("id", "name", "编号", "名称")
MOST_NAMED = 10  # of the cells that cannot be read, named at once
LONGEST_LABEL = 60  # characters, and at most 150 bytes: file systems allow 255 for the whole name
# signs that a shell, papermill or a spreadsheet takes for its own
SIGNS = "{}%#&'`$!"


@dataclass(frozen=True)
class TableRow:
    """One row: its line in the table, the label in its output's name, and the parameters that it sets."""

    number: int
    label: str
    values: dict


def read_rows(path: Path, parameters: dict[str, Parameter], sheet: str | None) -> list[TableRow]:
    """The rows that say something; KitError naming the cells that cannot be read."""
    if not path.is_file():
        raise KitError("batch_no_table", value=str(path))
    table, names = _find(path, parameters, sheet)
    rows: list[TableRow] = []
    wrong: list[tuple[int, str, object]] = []
    for line, cells in _lines(table, names, path):
        given = {name: cell for name, cell in zip(names, cells) if name and not is_empty(cell)}
        if not given:
            continue
        values = {}
        for name, cell in given.items():
            if name not in parameters:
                continue
            try:
                values[name] = cell_value(parameters[name], cell)
            except ValueError:
                wrong.append((line, name, cell))
        rows.append(TableRow(line, _label(given), values))
    if wrong:
        raise _unreadable(path, wrong, parameters)
    if not rows:
        raise KitError("batch_no_rows", value=path.name)
    return rows


def _lines(table, names: list[str], path: Path) -> Iterator[tuple[int, tuple]]:
    """Line and cells of each row below the header."""
    for chunk in table.chunks():
        lines = chunk.lines.tolist()
        if chunk.surplus:
            raise KitError("batch_surplus", value=path.name, row=lines[chunk.surplus[0]], count=len(names))
        columns = [column.to_pylist() if hasattr(column, "to_pylist") else column for column in chunk.columns]
        yield from zip(lines, zip(*columns))


def _unreadable(path: Path, wrong: list[tuple[int, str, object]], parameters) -> KitError:
    lines = []
    for line, name, cell in wrong[:MOST_NAMED]:
        text = cell_text(cell)[:80]
        kind = parameters[name].kind
        lines.append(
            "  " + MESSAGES.say("batch_cell", between=" ", row=line, name=name, value=text, type=kind)
        )
    return KitError("batch_cells", value=path.name, count=len(wrong), which="\n".join(lines))


def _find(path: Path, parameters: dict[str, Parameter], sheet: str | None):
    """The table, and the parameter or label that each column stands for;
    the header is the first row with a parameter.
    """
    first: list[str] = []
    for table in under_each_header(path, sheet):
        names = [unicodedata.normalize("NFC", cell_text(str(name))) for name in table.header.names]
        first = first or [name for name in names if name]
        if set(names) & set(parameters):
            break
    else:
        names = first
    unknown = [name for name in names if name and name not in parameters and name not in LABELS]
    if unknown or not set(names) & set(parameters):
        shown = ", ".join(unknown or names) or "—"
        raise KitError("batch_unknown", value=shown, name=path.name, allowed=listed(parameters))
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise KitError("batch_twice", value=", ".join(twice), name=path.name)
    return table, names


# ---- cells


def is_empty(cell) -> bool:
    """Whether a cell says nothing: none, not a number, or only blanks."""
    return cell is None or cell != cell or (isinstance(cell, str) and not cell_text(cell))


def cell_text(cell) -> str:
    """A cell as its reader sees it: 12345.0 of a workbook is 12345, a date without a time of day is a date."""
    from crmkit.intake.reading.table import bare_text

    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, (date, datetime)) else bare_text(str(cell))


def cell_value(parameter: Parameter, cell):
    """A cell as the parameter's type; ValueError when it is not of it."""
    if isinstance(cell, float) and parameter.kind == "float":
        return typed(cell, "float")
    text = str(cell) if isinstance(cell, bool) else cell_text(cell)
    return typed(text, parameter.kind)


def _label(given: dict) -> str:
    parts = [cell_text(given[name]) for name in LABELS if name in given]
    return safe_label("_".join(parts))


def safe_label(text: str) -> str:
    """A name as part of a file's name that every system takes: no signs, no control characters,
    60 characters at most.
    """
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if _is_sign(character) else character for character in text)
    text = safe_name(text[:LONGEST_LABEL]) if text.strip("_ .") else ""
    while len(text.encode()) > 150:
        text = text[:-1]
    return text.strip("_ .")


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ" or character in SIGNS
