"""A text file as a table: encoding, delimiter and header found out, then read block by block with its line numbers."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from crmkit.core.errors import CrmkitError

from .columns import Header, Mapping, find_header, looks_like_record, unreadable
from .encodings import REPORTED, detect
from .table import CHUNK_ROWS, INVISIBLE, Chunk, Table, chunk_of_rows, without_collecting

BLOCK = 1 << 21
DELIMITERS = ",;\t|，；^~"
_SEPARATED = "\x1f"  # what runs of blanks become before they are read as a delimiter
_BREAKS = re.compile(r"\r\n|\r|\n")


def text_table(path: Path, zipped: bool, mapping: Mapping) -> Table:
    """A text file as a table; its encoding and delimiter are found out."""
    open_bytes = partial(gzip.open, path, "rb") if zipped else partial(open, path, "rb")
    try:
        codec = detect(open_bytes, path.name, mapping.encoding)
    except (EOFError, OSError) as problem:
        raise unreadable(path, "archive_damaged", problem=problem) from None

    def open_text(newline=""):
        return io.TextIOWrapper(open_bytes(), encoding=codec, newline=newline)

    with open_text() as stream:
        head = stream.read(1 << 20)
        blank = not head.strip("\ufeff\x00 \t\r\n") and not stream.read(1 << 20).strip()
    dialect = _Dialect(",", None) if blank else _dialect(head, mapping)
    if dialect.header is None:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    controls = sum(ord(c) < 32 and c not in "\t\r\n\x00\x1a\x0b\x0c" for c in head[:20_000])
    if controls > 0.02 * len(head[:20_000]):
        raise unreadable(path, "no_text")
    as_it_stands = open_text
    blanks = _between_blanks(head, dialect, mapping)
    if blanks:
        open_text = partial(_with_blanks_cut, as_it_stands, blanks)
        with open_text() as stream:
            head = stream.read(1 << 20)
        mapping = replace(_without_header(head, mapping), delimiter=_SEPARATED)
        dialect = _dialect(head, mapping)
    header = dialect.header
    with open_bytes() as stream:
        mark = dialect.quote.encode()
        quoted = any(mark in block or b"\0" in block for block in iter(partial(stream.read, 1 << 20), b""))
    plain = not quoted and dialect.delimiter.isascii()
    by_line = _plain_chunks if plain else partial(_quoted_chunks, path, dialect.quote)
    cut = partial(partial, by_line, open_text, dialect.delimiter)
    return Table(
        path.name,
        header,
        cut(header),
        cut=cut,
        raw=partial(_records, as_it_stands),
        encoding=REPORTED.get(codec, codec.replace("_", "-")),
        delimiter=" " if blanks else dialect.delimiter,
        counted=cache(partial(_count, as_it_stands, dialect.delimiter, header, dialect.quote)),
        titles=head.splitlines()[: max(header.row, 0)],
    )


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    header: Header | None
    quote: str = '"'


def _between_blanks(head: str, dialect: _Dialect, mapping: Mapping) -> re.Pattern | None:
    """What cuts the lines where no delimiter does: any blanks, or two and more,
    if every line then has as many cells.
    """
    if mapping.delimiter or len(dialect.header.found) > 1:
        return None
    lines = [line for line in head.splitlines() if line.strip()][:400]
    if any(line.count(dialect.delimiter) for line in lines[:20]) or len(lines) < 2:
        return None
    for pattern in (re.compile(r"[ \t]+"), re.compile(r"[ \t]{2,}")):
        widths = {len(pattern.split(line.strip())) for line in lines}
        if len(widths) == 1 and widths.pop() > 2:
            return pattern
    return None


_CDNOW = re.compile(r"(?:\d+ )?\d+ (?:19|20)\d{6} \d+ \d+\.\d\d")


def _without_header(head: str, mapping: Mapping) -> Mapping:
    """CDNOW's own files have no header: customer (and number in the sample), day, number of CDs, dollars."""
    lines = [line.replace(_SEPARATED, " ") for line in head.splitlines()[:400] if line.strip()]
    if mapping.header_row is not None or not lines or not all(map(_CDNOW.fullmatch, lines)):
        return mapping
    names = ("amount", "quantity", "date")
    last = len(lines[0].split())
    columns = {name: str(last - back) for back, name in enumerate(names)} | {"customer_id": "1"}
    return replace(mapping, header_row=0, columns=columns | mapping.columns)


def _with_blanks_cut(open_text, blanks: re.Pattern, newline=""):
    with open_text(newline=None) as stream:
        return io.StringIO("".join(blanks.sub(_SEPARATED, line.strip()) + "\n" for line in stream))


def _count(open_text, delimiter: str, header: Header, quote: str) -> tuple[int, int, int]:
    """All lines, and those with nothing in them, below the header,
    by a reader that knows neither quotes nor columns.
    """
    nothing = INVISIBLE + delimiter + quote
    lines, blank = 0, 0
    with open_text(newline=None) as stream:
        for line in stream:
            lines += 1
            blank += not line.strip(nothing)
    return lines, blank, header.row + 1


def _dialect(head: str, mapping: Mapping) -> _Dialect:
    """The delimiter under which the header names most, then the one that cuts the rows most evenly."""
    head = head.lstrip("\ufeff")
    lines = list(io.StringIO(head, newline=""))
    said = re.match(r"[\"']?sep=(.)[\"']?\s*$", lines[0], re.IGNORECASE) if lines else None
    choices = [mapping.delimiter] if mapping.delimiter else [said[1]] if said else DELIMITERS
    # one that stands in no line cuts none
    choices = [c for place, c in enumerate(choices) if not place or any(c in line for line in lines[:400])]
    quote = _quote_of(lines)
    best, best_score = _Dialect(choices[0], None), ()
    for delimiter in choices:
        with _csv_unbound():
            reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=True)
            rows = list(islice(reader, 400))
        header = find_header([[c.strip("\ufeff\x00 ") for c in row] for row in rows], mapping)
        if header is None:
            continue
        header = _beside_row_names(header, [row for row in rows[header.row + 1 :] if any(row)])
        body = [len(r) for r in rows[header.row + 1 :] if any(r)] or [1]
        width = max(set(body), key=body.count)
        score = (header.score, body.count(width) / len(body) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = _Dialect(delimiter, header, quote), score
    return best


def _beside_row_names(header: Header, rows: list[list[str]]) -> Header:
    """The header moved by one, where every row begins with its own number and none is headed: so R writes a table."""
    width = len(header.names)
    if len(rows) < 3 or any(len(row) != width + 1 or not row[-1].strip() for row in rows):
        return header
    numbers = [int("".join(filter(str.isdigit, row[0])) or -1) for row in rows]
    if numbers != list(range(1, len(rows) + 1)):
        return header
    found = {column: place + 1 for column, place in header.found.items()}
    return replace(header, names=["", *header.names], found=found)


def _quote_of(lines: list[str]) -> str:
    """The single quote where it stands around every cell of the first lines, else the double quote."""
    sample = [line.strip() for line in lines[:20] if line.strip()]
    single = re.compile(r"'[^']*'(?:\s*[,;\t|]\s*'[^']*')+")
    return "'" if sample and all(single.fullmatch(line) for line in sample) else '"'


@contextmanager
def _csv_unbound():
    """Lets csv take fields of any length."""
    limit = csv.field_size_limit(1 << 30)
    try:
        with without_collecting():
            yield
    finally:
        csv.field_size_limit(limit)


def _plain_chunks(open_text, delimiter: str, header: Header) -> Iterator[Chunk]:
    """A file without any quote: a line is a row, and Arrow cuts it; lines of uneven length are cut one by one."""
    width, start, rest = len(header.names), header.row + 2, ""
    names = [str(i) for i in range(width)]
    parse = pacsv.ParseOptions(
        delimiter=delimiter, quote_char=False, double_quote=False, ignore_empty_lines=False
    )
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    how = pacsv.ReadOptions(column_names=names, block_size=BLOCK * 8), parse, convert
    with open_text(newline=None) as stream:
        for _ in range(header.row + 1):
            stream.readline()
        while True:
            block = stream.read(BLOCK)
            text, cut, rest = (rest + block).rpartition("\n") if block else (rest, "", "")
            if lines := text.split("\n") if text or cut else []:
                numbers = np.arange(start, start + len(lines))
                try:
                    cells = pacsv.read_csv(io.BytesIO(text.encode()), *how).combine_chunks()
                    even = len(cells) == len(lines)
                except pa.ArrowInvalid:
                    even = False
                hashes = np.fromiter(map(hash, lines), dtype=np.int64, count=len(lines))
                if even:
                    yield Chunk(numbers, [c.chunk(0) for c in cells.columns], hashes)
                else:
                    cut_up = [line.split(delimiter) for line in lines]
                    yield replace(chunk_of_rows(cut_up, numbers, width), hashes=hashes)
                start += len(lines)
            if not block:
                return


def _quoted_chunks(path: Path, quote: str, open_text, delimiter: str, header: Header) -> Iterator[Chunk]:
    """Any other file: csv reads the records; NUL bytes are dropped."""
    width = len(header.names)
    with open_text() as stream, _csv_unbound():
        consumed: list[str] = []
        lines = _kept_lines(stream, consumed)
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=True)
        try:
            for _ in range(header.row + 1):
                next(reader, None)
            start, before = reader.line_num + 1, 0
            while rows := list(islice(reader, CHUNK_ROWS)):
                rows, numbers, inside = _numbered(
                    path,
                    rows,
                    start,
                    reader.line_num,
                    width,
                    delimiter,
                    quote,
                    consumed[start - 1 - before :],
                )
                before += len(consumed)
                consumed.clear()
                yield replace(chunk_of_rows(rows, numbers, width), inside=inside)
                start = reader.line_num + 1
        except csv.Error as problem:
            line = reader.line_num
            raise unreadable(
                path, "line_damaged", row=line, value=str(problem), line=line, problem=problem
            ) from None


def _numbered(
    path: Path, rows, start: int, last: int, width: int, delimiter: str, quote: str, raw: list[str]
) -> tuple[list, np.ndarray, int]:
    """The rows, the line that each begins on, and how many line breaks are inside them.

    What a quote that nobody closed has swallowed is cut up again; where that cannot be done, it is refused.
    """
    if last - start + 1 == len(rows):
        return rows, np.arange(start, last + 1), 0
    out, numbers, kept, first = [], [], 0, start
    for row in rows:
        inside = sum(len(_BREAKS.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
        again = _BREAKS.split(delimiter.join(row)) if inside else []
        pieces = list(csv.reader(again, delimiter=delimiter, skipinitialspace=True))
        if len(row) != width and any(len(p) == width for p in pieces[1:]):
            out += pieces
            numbers += range(start, start + len(pieces))
        else:
            if inside:
                record = raw[start - first : start - first + inside + 1]
                _refuse_swallowed(path, row, start, record, delimiter, quote)
            out.append(row)
            numbers.append(start)
            kept += inside
        start += 1 + inside
    return out, np.array(numbers), kept


def _kept_lines(stream, consumed: list[str]) -> Iterator[str]:
    """The lines of a stream without NUL bytes; each is kept in ``consumed`` too."""
    for text in stream:
        line = text.replace("\0", "")
        consumed.append(line)
        yield line


def _refuse_swallowed(
    path: Path, row: list[str], line: int, record: list[str], delimiter: str, quote: str
) -> None:
    """Records inside one quoted field: somebody forgot to close the quote.

    A quote that closes a field stands before a delimiter or the end of the line; one that opens the next field does
    not.
    """
    swallowed = False
    try:
        list(csv.reader(record, delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True))
    except csv.Error:
        swallowed = True
    for text in record[1:-1]:
        cells = text.strip("\r\n").split(delimiter)
        swallowed |= len(cells) == len(row) and looks_like_record(cells)
    if swallowed:
        raise unreadable(path, "quote_open", row=line, value=record[0][:80], line=line, count=len(record) - 1)


def _records(open_text, spans: list[tuple[int, int]]) -> Iterator[str]:
    """The raw text between these lines, first to last (ascending)."""
    with open_text() as stream:
        at = 1
        for first, last in spans:
            yield "".join(islice(stream, first - at, last - at + 1)).strip("\ufeff\r\n")
            at = last + 1
