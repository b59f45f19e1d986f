"""What the reader of workbooks does not say: hidden rows, cells in error, formulas without values, how many rows there
are, and the calendar that counts from 1904."""

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from .columns import plain_unit, vocabulary

_BLOCK = 1 << 22
_ROW = re.compile(rb"<row\b[^>]*>")
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_NUMBER = re.compile(rb'\br="(\d+)"')
_FORMULA_ONLY = re.compile(rb"</?f(?:\s[^>]*)?/?>\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_ERROR = re.compile(rb'<c\b([^>]*\bt="e"[^>]*)>.*?<v>([^<]*)</v>', re.DOTALL)
_CELL = re.compile(rb'\br="([A-Z]{1,3})(\d+)"')
# a row in which no cell holds anything, whatever its format
_EMPTY_ROW = re.compile(
    rb"<row\b[^>]*(?:/>|>\s*(?:<c\b[^>]*(?:/>|>\s*(?:<f\b[^>]*(?:/>|>[^<]*</f>))?(?:<v\s*/>|<v></v>)?</c>)\s*)*</row>)"
)
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')
_NUMBER_FORMAT = re.compile(rb"<numFmt\b[^>]*/?>")
_CELL_FORMATS = re.compile(rb"<cellXfs\b.*?</cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb"<xf\b[^>]*")
_FORMATTED = re.compile(
    rb'<c\b(?=[^>]*\br="([A-Z]{1,3})(\d+)")(?=[^>]*\bs="(\d+)")[^>]*>(?:<f\b[^<]*(?:</f>)?)?<v>'
)
# [$€-407], "¥", $: what stands in a number's format beside the number
_SIGN = re.compile(r"\[\$([^\]-]+)(?:-([0-9A-Fa-f]+))?\]|\"([^\"]+)\"|([$€£¥])")
_YUAN_OR_YEN = {"804": "CNY", "411": "JPY"}  # by the country of the format
_DATE_MODE = 0x22
_END_OF_SECTION = 0x0A
_SECTOR = 512


def zipped(path: Path) -> tuple[list[str], bytes]:
    """The names inside a zipped workbook, and its xl/workbook.xml."""
    if not zipfile.is_zipfile(path):
        return [], b""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return names, archive.read("xl/workbook.xml") if "xl/workbook.xml" in names else b""


def counts_from_1904(path: Path) -> bool:
    """Whether the workbook's days are counted from 1904, as old Macs did."""
    names, about = zipped(path)
    if names:
        return bool(re.search(rb'<workbookPr[^>]*date1904="(?:1|true)"', about))
    return _date_mode(path) == 1


def _date_mode(path: Path) -> int:
    """The record DATEMODE of an .xls file, searched from the beginning of its book on."""
    with path.open("rb") as stream:
        data = stream.read(1 << 22)
    for at in range(_SECTOR, len(data) - 4, _SECTOR):
        kind, length = struct.unpack_from("<HH", data, at)
        if kind != 0x0809 or length not in (8, 16):
            continue
        while at + 4 <= len(data):
            kind, length = struct.unpack_from("<HH", data, at)
            if kind == _DATE_MODE and length == 2:
                return struct.unpack_from("<H", data, at + 4)[0]
            if kind == _END_OF_SECTION or length > 8224:
                break
            at += 4 + length
    return 0


@dataclass
class SheetSeen:
    """What a sheet's XML says that the reader of its cells does not."""

    rows: int = 0  # that hold something
    head: bytes = b""  # the XML of the first of them
    hidden: list[int] = field(default_factory=list)  # by hand or by a filter, as the sheet numbers its rows
    errors: dict[int, dict[int, str]] = field(default_factory=dict)  # row → place → #N/A, #DIV/0! …
    uncomputed: int = 0  # formulas whose value nobody has saved
    # column → row → the currency of its format, where the workbook's formats name several
    currencies: dict[int, dict[int, str]] = field(default_factory=dict)

    def counted(self, header_row: int) -> tuple[int, int, int]:
        """All rows that hold something, none of them blank, and those down to the header (counted from 1)."""
        return self.rows, 0, _filled_down_to(self.head, header_row)


def sheet_seen(path: Path, sheet: str) -> SheetSeen | None:
    """A sheet as a reader sees it that knows nothing of cells; None where the workbook is none of XML."""
    found, of_formats = None, _currencies_of_formats(path)
    for block in _sheet_blocks(path, sheet):
        if found is None:
            found = SheetSeen(head=block)
        found.rows += _filled(block)
        found.uncomputed += len(_FORMULA_ONLY.findall(block)) if b"<f" in block else 0
        if b'hidden="' in block:
            found.hidden += _hidden_in(block)
        if b't="e"' in block:
            _take_errors(block, found.errors)
        for letters, row, style in _FORMATTED.findall(block) if len(set(of_formats.values())) > 1 else ():
            if style in of_formats:
                found.currencies.setdefault(_place_of(letters), {})[int(row)] = of_formats[style]
    return found


def _currencies_of_formats(path: Path) -> dict[bytes, str]:
    """The number of a cell's format → the currency that stands in it."""
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        styles = archive.read("xl/styles.xml") if "xl/styles.xml" in archive.namelist() else b""
    known = {}
    for tag in _NUMBER_FORMAT.findall(styles):
        about = dict(_ATTRIBUTE.findall(tag))
        known[about.get(b"numFmtId")] = currency_of_format(unescape(about.get(b"formatCode", b"").decode()))
    formats = _CELL_FORMATS.search(styles)
    found = {}
    for place, tag in enumerate(_FORMAT.findall(formats[0]) if formats else ()):
        currency = known.get(dict(_ATTRIBUTE.findall(tag)).get(b"numFmtId"))
        if currency:
            found[str(place).encode()] = currency
    return found


def currency_of_format(code: str) -> str | None:
    """The currency whose sign stands in a number's format; None where there is none.

    >>> currency_of_format('#,##0.00 [$€-407]'), currency_of_format('"$"#,##0.00'), currency_of_format('0.0"kg"')
    ('EUR', '$', None)
    """
    for sign, place, quoted, bare in _SIGN.findall(code.split(";")[0]):
        currency = vocabulary()["currency_of"].get(plain_unit(sign or quoted or bare))
        if currency:
            return _YUAN_OR_YEN.get(place, currency) if currency == "¥" else currency
    return None


def _filled(block: bytes) -> int:
    rows = block.count(b"<row ")
    # the pattern is slow: most sheets end every row with a cell that holds something
    filled = block.count(b"</v></c></row>")
    if filled < rows:
        filled += block.count(b"</t></is></c></row>")
    if filled == rows and b"<v></v></c></row>" not in block and b"<t></t></is></c></row>" not in block:
        return rows
    return rows - len(_EMPTY_ROW.findall(block))


def _filled_down_to(block: bytes, header_row: int) -> int:
    """How many rows that hold something stand in the header's row and above it."""
    for place, tag in enumerate(_ROW.finditer(block)):
        number = _NUMBER.search(tag[0])
        if (int(number[1]) if number else place + 1) > header_row:
            return _filled(block[: tag.start()])
    return _filled(block)


def _hidden_in(block: bytes) -> list[int]:
    found = []
    for row in _ROW.findall(block):
        number = _NUMBER.search(row)
        if number and _HIDDEN.search(row):
            found.append(int(number[1]))
    return found


def _take_errors(block: bytes, errors: dict[int, dict[int, str]]) -> None:
    for attributes, text in _ERROR.findall(block):
        where = _CELL.search(attributes)
        if where is None:
            continue
        errors.setdefault(int(where[2]), {})[_place_of(where[1])] = text.decode("ascii", "replace")


def _place_of(letters: bytes) -> int:
    """The place of the column with these letters, A being 0."""
    place = 0
    for letter in letters:
        place = 26 * place + letter - ord("A") + 1
    return place - 1


def _sheet_blocks(path: Path, sheet: str) -> Iterator[bytes]:
    """The XML of a sheet in blocks that end where a tag does; nothing where the workbook is none of XML."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        place = sheet_place(archive, sheet)
        if place is None:
            return
        with archive.open(place) as stream:
            rest = b""
            while block := stream.read(_BLOCK):
                last = block.rfind(b"<row")
                if last >= 0:
                    yield b"".join((rest, memoryview(block)[:last]))
                rest = block[last:] if last >= 0 else rest + block
            yield rest


def sheet_place(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Where in the archive a sheet's XML stands."""
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    for tag in _SHEET.findall(archive.read("xl/workbook.xml")):
        about = dict(_ATTRIBUTE.findall(tag))
        if unescape(about.get(b"name", b"").decode("utf-8", "replace")) != sheet:
            continue
        key = next((value for name, value in about.items() if name.endswith(b":id")), None)
        for relation in re.findall(rb"<Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels")):
            said = dict(_ATTRIBUTE.findall(relation))
            if said.get(b"Id") == key:
                target = said[b"Target"].decode().lstrip("/")
                target = target if target.startswith("xl/") else f"xl/{target}"
                return target if target in names else None
    return None
