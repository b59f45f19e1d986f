"""The instructor's own roster or gradebook file comes back as it came, with one column of marks added at the right.

A text file keeps its encoding, its byte order mark, its delimiter and every character that stood in it; a workbook of
XML keeps everything but the one sheet's new cells. Any other workbook, and a page called .xls, comes back as XLSX, its
cells as they are read.
"""

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from coursekit.teach.assign.roster import POINTS, lines_of, rows_of
from crmkit.core.files import put
from crmkit.intake.reading.encodings import detect
from crmkit.intake.reading.table import Table
from crmkit.intake.reading.workbook import sheet_place

FOLDER = "roster_with_marks"
Mark = float | str
_ROW = re.compile(rb"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_LINE = re.compile(rb'\br="(\d+)"')
_PLACE = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)\d+"')
_STYLE = re.compile(rb'<c\b[^>]*?\bs="(\d+)"')
_SPANS = re.compile(rb'\s+spans="[^"]*"')
_DIMENSION = re.compile(rb'(<dimension\b[^>]*?ref="[A-Z]+\d+:)[A-Z]+(\d+")')
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True)
class Column:
    """The column to be added: its heading, and what goes into a line of the file (counted from 1);
    no other is touched.
    """

    header_line: int
    heading: str
    marks: dict[int, Mark]


def with_marks(
    roster: Path, sheet: str | None, out: Path, *, heading: str, marks: Mapping[str, Mark], possible: Mark
) -> Path:
    """Write the roster with its marks below ``out`` and say where; ``marks`` by student,
    ``possible`` for Canvas's own row.

    Errors: KitError, CrmkitError where the roster cannot be read any more.
    """
    table, lines = lines_of(roster, sheet)
    added = {}
    for line, student in lines:
        if student == POINTS:
            added[line] = possible
        elif student in marks:
            added[line] = marks[student]
    column = Column(table.header.row + 1, heading, added)
    path = out / FOLDER / roster.name
    head = roster.read_bytes()[:4]
    if table.delimiter is not None:
        return put(path, _text_with(roster, table, column))
    if table.sheet is not None and head.startswith(b"PK"):
        content = _workbook_with(roster, table.sheet, column)
        if content is not None:
            return put(path, content)
    return put(path.with_suffix(".xlsx"), _workbook_anew(table, column))


def _text_with(roster: Path, table: Table, column: Column) -> bytes:
    raw = roster.read_bytes()
    # with the byte order mark as a character of its own, so that it goes back as it came
    codec = _UTF16.get(raw[:2]) or detect(partial(io.BytesIO, raw), roster.name)
    lines = list(io.StringIO(raw.decode(codec), newline=""))
    records = _records(lines, table.delimiter)
    width = max(len(cells) for first, _, cells in records if first >= column.header_line)
    for first, last, cells in records:
        if first < column.header_line or not cells:
            continue
        said = column.heading if first == column.header_line else column.marks.get(first, "")
        text = lines[last - 1]
        bare = text.rstrip("\r\n")
        gap = table.delimiter * (width - len(cells) + 1)
        lines[last - 1] = f"{bare}{gap}{said}{text[len(bare) :]}"
    return "".join(lines).encode(codec)


def _records(lines: list[str], delimiter: str) -> list[tuple[int, int, list[str]]]:
    """Each record's first and last line, counted from 1, and its cells."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    found, before = [], 0
    for cells in reader:
        found.append((before + 1, reader.line_num, cells))
        before = reader.line_num
    return found


def _workbook_with(roster: Path, sheet: str, column: Column) -> bytes | None:
    """The workbook with the new cells written into its sheet's XML; None where the sheet is written in another way."""
    held = io.BytesIO()
    with zipfile.ZipFile(roster) as archive:
        place = sheet_place(archive, sheet)
        content = None if place is None else _sheet_with(archive.read(place), column)
        if content is None:
            return None
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
            for member in archive.infolist():
                made.writestr(member, content if member.filename == place else archive.read(member))
    return held.getvalue()


def _sheet_with(xml: bytes, column: Column) -> bytes | None:
    rows = list(_ROW.finditer(xml))
    letters = {place for row in rows for place in _PLACE.findall(row[2] or b"")}
    if not letters or not all(_LINE.search(row[1]) for row in rows):
        return None
    letter = _letters(max(map(_number, letters)) + 1)
    parts, at = [], 0
    for row in rows:
        line = int(_LINE.search(row[1])[1])
        said = column.heading if line == column.header_line else column.marks.get(line, "")
        if said == "":
            continue
        styles = _STYLE.findall(row[2] or b"") if line == column.header_line else []
        cell = _cell(f"{letter}{line}", said, styles[-1].decode() if styles else None)
        attributes = _SPANS.sub(b"", row[1])
        parts += [xml[at : row.start()], b"<row" + attributes + b">", row[2] or b"", cell, b"</row>"]
        at = row.end()
    whole = b"".join([*parts, xml[at:]])
    return _DIMENSION.sub(rb"\g<1>" + letter.encode() + rb"\2", whole, count=1)


def _cell(place: str, said: Mark, style: str | None) -> bytes:
    attributes = f' r="{place}"' + (f' s="{style}"' if style else "")
    if isinstance(said, str):
        return f'<c{attributes} t="inlineStr"><is><t>{escape(said)}</t></is></c>'.encode()
    return f"<c{attributes}><v>{said}</v></c>".encode()


def _number(letters: bytes) -> int:
    """A column's number, counted from 1."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _letters(number: int) -> str:
    """The letters of a column that is counted from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _workbook_anew(table: Table, column: Column) -> bytes:
    """The table as a new workbook: old and binary formats, and pages called .xls, which no library here writes."""
    import xlsxwriter

    rows = {line: title.split("\t") for line, title in enumerate(table.titles, 1)}
    rows[column.header_line] = list(table.header.names)
    rows |= dict(rows_of(table))
    width = max(map(len, rows.values()))
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        sheet = book.add_worksheet(table.sheet)
        kinds = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm", time: "hh:mm"}
        formats = {kind: book.add_format({"num_format": code}) for kind, code in kinds.items()}
        for line, row in rows.items():
            for place, cell in enumerate(row):
                _write(sheet, line - 1, place, cell, formats)
            said = column.heading if line == column.header_line else column.marks.get(line, "")
            _write(sheet, line - 1, width, said, formats)
    return held.getvalue()


def _write(sheet, row: int, place: int, cell, formats: dict) -> None:
    if isinstance(cell, str):
        if cell:
            sheet.write_string(row, place, cell)  # never a formula
    elif type(cell) in formats:
        sheet.write_datetime(row, place, cell, formats[type(cell)])
    elif cell is not None:
        sheet.write(row, place, cell)
