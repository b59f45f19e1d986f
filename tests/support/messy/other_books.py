"""The same rows as .xls, .xlsb and .ods, written by hand as their formats lay them down: text and numbers,
no formats.
"""

import struct
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

SECTOR = 512


def write_xls(path: Path, name: str, rows: list[list]) -> None:
    """A workbook of Excel 97 (BIFF8) in a compound file."""
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for line, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, str) and cell:
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                sheet += _record(0x0204, struct.pack("<HHH", line, place, 0) + text)
            elif cell != "":
                sheet += _record(0x0203, struct.pack("<HHHd", line, place, 0, cell))
    sheet += _record(0x000A, b"")
    beginning = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    beginning += _record(0x0042, struct.pack("<H", 1200))
    title = name.encode("utf-16-le")
    length = 4 + 8 + len(title)  # of the record that names the sheet
    start = len(beginning) + length + 4
    about = struct.pack("<IHBB", start, 0, len(name), 1) + title
    book = beginning + _record(0x0085, about) + _record(0x000A, b"") + sheet
    book += b"\0" * max(0, 4096 - len(book))  # shorter streams stand elsewhere
    path.write_bytes(_compound_file(book))


def _record(kind: int, fields: bytes) -> bytes:
    return struct.pack("<HH", kind, len(fields)) + fields


def _compound_file(book: bytes) -> bytes:
    book += b"\0" * (-len(book) % SECTOR)
    count = len(book) // SECTOR
    # sector 0 is the table of sectors, 1 the directory, then the book
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    assert len(table) <= SECTOR // 4
    table += [0xFFFFFFFF] * (SECTOR // 4 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += b"\0" * 6 + struct.pack("<9I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    entries = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry("Workbook", 2, 0xFFFFFFFF, 2, count * SECTOR)
    entries += _entry("", 0, 0xFFFFFFFF, 0, 0) * 2
    return header + struct.pack(f"<{SECTOR // 4}I", *table) + entries + book


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    about = struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return text.ljust(64, b"\0") + about + b"\0" * 36 + struct.pack("<IQ", start, size)


def write_xlsb(path: Path, name: str, rows: list[list]) -> None:
    """A binary workbook: the parts that a reader needs."""
    size = struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    sheet = _binary(129, b"") + _binary(148, size) + _binary(145, b"")
    for line, row in enumerate(rows):
        sheet += _binary(0, struct.pack("<IIHBBI", line, 0, 300, 0, 0, 0))
        for place, cell in enumerate(row):
            head = struct.pack("<II", place, 0)
            if cell == "":
                sheet += _binary(1, head)
            elif isinstance(cell, str):
                sheet += _binary(6, head + _wide(cell))
            else:
                sheet += _binary(5, head + struct.pack("<d", cell))
    sheet += _binary(146, b"") + _binary(130, b"")
    about = struct.pack("<II", 0, 1) + _wide("rId1") + _wide(name)
    book = (
        _binary(131, b"")
        + _binary(153, b"\0" * 8)
        + _binary(143, b"")
        + _binary(156, about)
        + _binary(144, b"")
        + _binary(132, b"")
    )
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
        ' Target="worksheets/sheet1.bin"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", relations)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def _binary(kind: int, fields: bytes) -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, rest = b"", len(fields)
    while True:
        length += bytes([rest & 0x7F | (0x80 if rest > 127 else 0)])
        rest >>= 7
        if not rest:
            return number + length + fields


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def write_ods(path: Path, name: str, rows: list[list]) -> None:
    """An OpenDocument spreadsheet; below the rows the thousands of empty ones that LibreOffice writes."""
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    content = (
        '<?xml version="1.0"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="{escape(name)}">{lines}'
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        archive.writestr("content.xml", content)


def _ods_cell(cell) -> str:
    if cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return (
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        )
    return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
