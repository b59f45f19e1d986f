"""Which rows of a sheet hold something, by readers that know nothing of cells: for .xls, .xlsb and .ods,
beside calamine.

Each walks the file's records or tags as its format lays them down (MS-CFB and MS-XLS, MS-XLSB, OpenDocument 1.3), and
asks only whether a row has a cell that is not blank.
"""

import re
import struct
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHAIN_ENDS = 0xFFFFFFFA  # larger numbers are no sectors
# records of an .xls file whose first field is the row, and that hold a value
_CELLS = {0x0006, 0x0204, 0x0205, 0x0203, 0x027E, 0x00BD, 0x00FD, 0x00D6}
_SHEET_RECORD, _END_OF_SECTION = 0x0085, 0x000A
# records of an .xlsb file
_ROW_HEADER, _BLANK_CELL, _LAST_CELL, _SHEET_IN_BOOK = 0, 1, 11, 156
_ODS_TABLE = re.compile(rb"<table:table\s[^>]*>.*?</table:table>", re.DOTALL)
_ODS_NAME = re.compile(rb'table:name="([^"]*)"')
_ODS_ROW = re.compile(rb"<table:table-row(?=[\s/>])([^>]*?)(?:/>|>(.*?)</table:table-row>)", re.DOTALL)
_ODS_REPEATED = re.compile(rb'number-rows-repeated="(\d+)"')
_ODS_VALUE = re.compile(
    rb"office:value|office:date-value|office:boolean-value|<text:p[^>/]*>[^<]|<text:(?:span|a)\b"
)


def filled_rows(path: Path, sheet: str) -> list[int] | None:
    """The rows of a sheet, counted from 1, in which something stands; None where the file is of no such format."""
    with path.open("rb") as stream:
        head = stream.read(len(_OLE))
    try:
        if head == _OLE:
            return _rows_of_xls(path.read_bytes(), sheet)
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "content.xml" in names:
                return _rows_of_ods(archive.read("content.xml"), sheet)
            if "xl/workbook.bin" in names:
                return _rows_of_xlsb(archive, sheet)
    except (struct.error, IndexError, KeyError):  # calamine reads more lenient than this
        return None
    return None


def _rows_of_ods(content: bytes, sheet: str) -> list[int] | None:
    for table in _ODS_TABLE.findall(content):
        name = _ODS_NAME.search(table)
        if name is None or unescape(name[1].decode("utf-8", "replace")) != sheet:
            continue
        found, at = [], 0
        for attributes, cells in _ODS_ROW.findall(table):
            repeated = _ODS_REPEATED.search(attributes)
            times = int(repeated[1]) if repeated else 1
            if _ODS_VALUE.search(cells):
                found += range(at + 1, at + times + 1)
            at += times
        return found
    return None


def _rows_of_xlsb(archive: zipfile.ZipFile, sheet: str) -> list[int] | None:
    relation = None
    for kind, data in _xlsb_records(archive.read("xl/workbook.bin")):
        if kind != _SHEET_IN_BOOK:
            continue
        key, rest = _wide_text(data[8:])
        name, _ = _wide_text(rest)
        if name == sheet:
            relation = key
    about = archive.read("xl/_rels/workbook.bin.rels").decode("utf-8")
    for tag in re.findall(r"<Relationship\b[^>]*>", about):
        if relation and re.search(rf'\bId="{re.escape(relation)}"', tag):
            target = re.search(r'\bTarget="/?(?:xl/)?([^"]*)"', tag)[1]
            return _filled_in_xlsb(archive.read(f"xl/{target}"))
    return None


def _filled_in_xlsb(data: bytes) -> list[int]:
    found, row, filled = [], 0, False
    for kind, fields in _xlsb_records(data):
        if kind == _ROW_HEADER:
            row, filled = struct.unpack_from("<I", fields)[0] + 1, False
        elif _BLANK_CELL < kind <= _LAST_CELL and not filled:
            found.append(row)
            filled = True
    return found


def _xlsb_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, at = _variable_number(data, at, 2)
        length, at = _variable_number(data, at, 4)
        yield kind, data[at : at + length]
        at += length


def _variable_number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of up to so many bytes, of which each but the last has its highest bit set."""
    number = 0
    for place in range(most):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            break
    return number, at


def _wide_text(data: bytes) -> tuple[str, bytes]:
    count = struct.unpack_from("<I", data)[0]
    return data[4 : 4 + 2 * count].decode("utf-16-le"), data[4 + 2 * count :]


def _rows_of_xls(data: bytes, sheet: str) -> list[int] | None:
    book = _book_stream(data)
    if book is None:
        return None
    for kind, fields, _ in _xls_records(book, 0):
        if kind == _SHEET_RECORD and _sheet_name(fields) == sheet:
            start = struct.unpack_from("<I", fields)[0]
            cells = {
                struct.unpack_from("<H", record)[0] + 1
                for known, record, _ in _xls_records(book, start)
                if known in _CELLS
            }
            return sorted(cells)
    return None


def _sheet_name(fields: bytes) -> str:
    count, wide = fields[6], fields[7] & 1
    return fields[8 : 8 + 2 * count].decode("utf-16-le") if wide else fields[8 : 8 + count].decode("latin-1")


def _xls_records(book: bytes, at: int) -> Iterator[tuple[int, bytes, int]]:
    """Each record's kind, fields and place, down to the end of the section;
    charts inside a sheet are sections of their own.
    """
    depth = 0
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        yield kind, book[at + 4 : at + 4 + length], at
        depth += kind == 0x0809
        if kind == _END_OF_SECTION:
            depth -= 1
            if depth <= 0:
                return
        at += 4 + length


def _book_stream(data: bytes) -> bytes | None:
    """The stream of the workbook inside a compound file."""
    size, small = 1 << struct.unpack_from("<H", data, 30)[0], 1 << struct.unpack_from("<H", data, 32)[0]
    directory, _, cutoff, small_table, _, more, count_more = struct.unpack_from("<7I", data, 48)
    tables = list(struct.unpack_from("<109I", data, 76))
    for _ in range(count_more):
        block = data[size * (more + 1) : size * (more + 2)]
        *further, more = struct.unpack(f"<{size // 4}I", block)
        tables += further
    sectors: list[int] = []
    for table in tables:
        if table < _CHAIN_ENDS:
            sectors += struct.unpack_from(f"<{size // 4}I", data, size * (table + 1))

    def chain(start: int) -> bytes:
        parts, seen = [], 0
        while start < _CHAIN_ENDS and seen <= len(sectors):
            parts.append(data[size * (start + 1) : size * (start + 2)])
            start, seen = sectors[start], seen + 1
        return b"".join(parts)

    entries = chain(directory)
    root = entries[:128]
    for place in range(0, len(entries), 128):
        entry = entries[place : place + 128]
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le")
        if name not in ("Workbook", "Book"):
            continue
        start, length = struct.unpack_from("<II", entry, 116)
        if length >= cutoff:
            return chain(start)[:length]
        within, links = chain(struct.unpack_from("<I", root, 116)[0]), chain(small_table)
        parts = []
        while start < _CHAIN_ENDS and len(parts) * small < length:
            parts.append(within[small * start : small * (start + 1)])
            start = struct.unpack_from("<I", links, 4 * start)[0]
        return b"".join(parts)[:length]
    return None
