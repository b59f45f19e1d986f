"""A text file as a table: encoding, delimiter and header found out, then read block by block with its line numbers."""

import csv
import gc
import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from crmkit.core.errors import CrmkitError

from .columns import Header, Mapping, find_header, unreadable
from .encodings import REPORTED, detect
from .table import CHUNK_ROWS, Chunk, Table, chunk_of_rows

BLOCK = 1 << 21
DELIMITERS = ",;\t|，；"
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
    delimiter, header = (",", None) if blank else _dialect(head, mapping)
    if header is None:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    with open_bytes() as stream:
        quoted = any(b'"' in block or b"\0" in block for block in iter(partial(stream.read, 1 << 20), b""))
    chunks = _plain_chunks if not quoted and delimiter.isascii() else partial(_quoted_chunks, path)
    controls = sum(ord(c) < 32 and c not in "\t\r\n\x00\x1a\x0b\x0c" for c in head[:20_000])
    if controls > 0.02 * len(head[:20_000]):
        raise unreadable(path, "no_text")
    chunks = partial(chunks, open_text, delimiter, header)
    encoding = REPORTED.get(codec, codec.replace("_", "-"))
    return Table(
        path.name, header, chunks, partial(_records, open_text), encoding=encoding, delimiter=delimiter
    )


def _dialect(head: str, mapping: Mapping) -> tuple[str, Header | None]:
    """The delimiter under which the header names most, then the one that cuts the rows most evenly."""
    head = head.lstrip("\ufeff")
    lines = list(io.StringIO(head, newline=""))
    said = re.match(r"[\"']?sep=(.)[\"']?\s*$", lines[0], re.IGNORECASE) if lines else None
    choices = [mapping.delimiter] if mapping.delimiter else [said[1]] if said else DELIMITERS
    best, best_score = (choices[0], None), ()
    for delimiter in choices:
        with _csv_unbound():
            rows = list(islice(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), 400))
        header = find_header([[c.strip("\ufeff\x00 ") for c in row] for row in rows], mapping)
        if header is None:
            continue
        body = [len(r) for r in rows[header.row + 1 :] if any(r)] or [1]
        width = max(set(body), key=body.count)
        score = (header.score, body.count(width) / len(body) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = (delimiter, header), score
    return best


@contextmanager
def _csv_unbound():
    """Lets csv take fields of any length, and leaves the garbage alone: rows by the ten thousand hold no cycles."""
    limit, collecting = csv.field_size_limit(1 << 30), gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        csv.field_size_limit(limit)
        if collecting:
            gc.enable()


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


def _quoted_chunks(path: Path, open_text, delimiter: str, header: Header) -> Iterator[Chunk]:
    """Any other file: csv reads the records; NUL bytes are dropped."""
    width = len(header.names)
    with open_text() as stream, _csv_unbound():
        lines = (text.replace("\0", "") for text in stream)
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            for _ in range(header.row + 1):
                next(reader, None)
            start = reader.line_num + 1
            while rows := list(islice(reader, CHUNK_ROWS)):
                yield chunk_of_rows(*_numbered(rows, start, reader.line_num, width, delimiter), width)
                start = reader.line_num + 1
        except csv.Error as problem:
            line = reader.line_num
            raise unreadable(
                path, "line_damaged", row=line, value=str(problem), line=line, problem=problem
            ) from None


def _numbered(rows, start: int, last: int, width: int, delimiter: str) -> tuple[list, np.ndarray]:
    """The rows and the line that each begins on; what a quote that nobody closed has swallowed is cut up again."""
    if last - start + 1 == len(rows):
        return rows, np.arange(start, last + 1)
    out, numbers = [], []
    for row in rows:
        inside = sum(len(_BREAKS.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
        again = _BREAKS.split(delimiter.join(row)) if inside else []
        pieces = list(csv.reader(again, delimiter=delimiter, skipinitialspace=True))
        if len(row) != width and any(len(p) == width for p in pieces[1:]):
            out += pieces
            numbers += range(start, start + len(pieces))
        else:
            out.append(row)
            numbers.append(start)
        start += 1 + inside
    return out, np.array(numbers)


def _records(open_text, spans: list[tuple[int, int]]) -> Iterator[str]:
    """The raw text between these lines, first to last (ascending)."""
    with open_text() as stream:
        at = 1
        for first, last in spans:
            yield "".join(islice(stream, first - at, last - at + 1)).strip("\ufeff\r\n")
            at = last + 1
