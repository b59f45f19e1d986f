"""Tables in HTML, in a web archive, or in the XML of Excel 2003, whatever the file is called: their cells as text,
row by row.
"""

import re
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from .columns import unreadable

_SPREADSHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def is_markup(head: bytes) -> bool:
    """Whether a file begins as HTML, XML or a web archive does."""
    start = rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|meta|style|\?xml|table|\?mso)|MIME-Version:"
    return bool(re.match(start, head, re.IGNORECASE))


def markup_rows(path: Path) -> list[list[str]]:
    """The rows of the largest table in the file; none where it has no table."""
    data = path.read_bytes()
    if data.startswith(b"MIME-Version:"):
        data = _archived_page(data)
    if b"urn:schemas-microsoft-com:office:spreadsheet" in data[:4096]:
        return _spreadsheet_rows(path, data)
    declared = _CHARSET.search(data[:4096])
    codec = declared[1].decode("ascii") if declared else "utf-8"
    try:
        text = data.decode("gb18030" if codec.lower() in ("gbk", "gb2312") else codec)
    except (LookupError, UnicodeDecodeError):
        text = data.decode("utf-8", "replace")
    tables = _Tables()
    tables.feed(text)
    return max(tables.found, key=len, default=[])


def _archived_page(data: bytes) -> bytes:
    for part in message_from_bytes(data, policy=default).walk():
        content = part.get_payload(decode=True) or b""
        if part.get_content_type() == "text/html" or b"<table" in content.lower():
            return content
    return data


def _spreadsheet_rows(path: Path, data: bytes) -> list[list[str]]:
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as problem:
        raise unreadable(path, "workbook_damaged", problem=problem) from None
    tables = []
    for table in root.iter(f"{_SPREADSHEET}Table"):
        rows = []
        for row in table.iter(f"{_SPREADSHEET}Row"):
            start = int(row.get(f"{_SPREADSHEET}Index", len(rows) + 1))
            rows += [[] for _ in range(start - 1 - len(rows))]
            rows.append(_spreadsheet_cells(row))
        tables.append(rows)
    return max(tables, key=len, default=[])


def _spreadsheet_cells(row) -> list[str]:
    cells = []
    for cell in row.iter(f"{_SPREADSHEET}Cell"):
        place = int(cell.get(f"{_SPREADSHEET}Index", len(cells) + 1))
        cells += [""] * (place - 1 - len(cells))
        data = cell.find(f"{_SPREADSHEET}Data")
        cells.append("" if data is None else "".join(data.itertext()))
    return cells


class _Tables(HTMLParser):
    """Each table's rows; a cell that spans rows or columns stands in each of them."""

    def __init__(self):
        super().__init__()
        self.found: list[list[list[str]]] = []
        self._open: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._below: dict[tuple[int, int], str] = {}

    def handle_starttag(self, tag, attributes):
        about = dict(attributes)
        if tag == "table":
            self._open.append([])
            self.found.append(self._open[-1])
            self._below = {}
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].append([])
        elif tag in ("td", "th") and self._open and self._open[-1]:
            self._close_cell()
            self._cell = []
            self._span = (_span(about.get("rowspan")), _span(about.get("colspan")))
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag):
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self):
        if self._cell is None:
            return
        text, self._cell = "".join(self._cell).strip(), None
        rows = self._open[-1]
        row, at = rows[-1], len(rows) - 1
        while (at, len(row)) in self._below:
            row.append(self._below[at, len(row)])
        down, across = self._span
        for below in range(at + 1, at + down):
            self._below[below, len(row)] = text
        row += [text] + [""] * (across - 1)


def _span(text: str | None) -> int:
    return min(max(int(text), 1), 1000) if text and text.isdigit() else 1
