"""One table of a client's source, whatever it came from: its header, and chunks of untouched cells with their lines."""

import csv
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from .columns import Header

CHUNK_ROWS = 20_000
_FACTOR = np.int64(6_364_136_223_846_793_005)  # odd, and large: what a row's cells are mixed by
_ARROW_KINDS = {float: pa.float64(), datetime: pa.timestamp("us")}
INVISIBLE = " \t\r\n\u3000\xa0\ufeff\u200b\x00\x1a"


@dataclass
class Chunk:
    """Some rows: their line numbers, the cells column by column (tuple, Series or Arrow array), a hash of each row."""

    lines: np.ndarray
    columns: list
    hashes: np.ndarray
    surplus: list = field(default_factory=list)  # positions of rows with more fields than the header
    inside: int = 0  # line breaks inside its records


@dataclass
class Table:
    """One table of the source: its header, and ``chunks()``, which may be run through more than once."""

    name: str
    header: Header
    chunks: object  # () -> Iterator[Chunk]
    raw: object = None  # (spans of lines) -> Iterator[str], the records as they stand in a text file
    cut: object = None  # (header) -> chunks, of rows as wide as that header; None where no row is longer
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    epoch_1904: bool = False
    notes: list = field(default_factory=list)  # what was seen while it was opened
    questions: list = field(default_factory=list)  # what only its reader can settle
    # () -> (lines, blank lines, lines above the records) by a reader that knows nothing
    counted: object = None
    titles: list = field(default_factory=list)  # what stands above the header
    # the line of a further row of headings → what it says, where that is not what the first says
    own_headings: dict = field(default_factory=dict)
    # (name, first line, last line) of several files or sheets in a row
    parts: list = field(default_factory=list)
    hidden: Sequence[int] = ()  # the lines of hidden rows
    # column → line → the currency of the number's format, where there are several
    currencies: dict = field(default_factory=dict)
    uncomputed: int = 0  # formulas that have no value
    folder: object = None  # a temporary one, which lives as long as the table
    merged: int = 0  # cells filled from the merge that they stand in

    @property
    def last_title(self) -> list[str]:
        """The cells of the line right above the header that hold something."""
        above = [line for line in self.titles if line.strip()]
        cells = next(csv.reader(above[-1:], delimiter=self.delimiter or "\t"), [])
        return [cell.strip() for cell in cells if cell.strip()]

    def original(self, spans: list[tuple[int, int]]) -> Iterator[str]:
        """The text of the rows on these lines (first and last of each, ascending) as it stands in the source."""
        if self.raw:
            yield from self.raw(spans)
            return
        wanted = np.array([first for first, _ in spans])
        for chunk in self.chunks():
            places = np.flatnonzero(np.isin(chunk.lines, wanted))
            for row in zip(*(pick(column, places) for column in chunk.columns)):
                yield line_of(row)


def line_of(row) -> str:
    """The cells of a row as one line of text."""
    texts = [cell if type(cell) is str else "" if cell is None or cell != cell else str(cell) for cell in row]
    return "\t".join(texts).rstrip("\t")


@contextmanager
def without_collecting():
    """Leaves the garbage alone: rows by the ten thousand hold no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def chunk_of_rows(rows: list, lines: np.ndarray, width: int) -> Chunk:
    """Rows of any length as columns: short rows are filled up with nothing, blank rows left out, long rows named.

    A column of one kind of cell comes as Arrow text or as a Series of numbers, which is what costs least to look into.
    """
    surplus = []
    if rows and set(map(len, rows)) != {width}:
        kept = []
        for i, row in enumerate(rows):
            if not row:
                continue
            if any(str(c).strip() for c in row[width:] if c is not None):
                surplus.append(len(kept))
            kept.append(i)
        lines = lines[kept]
        rows = [list(rows[i]) + [""] * (width - len(rows[i])) for i in kept]
    every = list(zip(*rows)) if rows else [()] * width  # zip stops where the shortest row does
    every = [_of_one_kind(column) for column in every]
    hashes = np.zeros(len(rows), dtype=np.int64)
    for column in every:
        hashes = hashes * _FACTOR + _cell_hashes(column)  # 64 bits, which run over as they may
        hashes ^= hashes >> 32
    return Chunk(lines, every[:width], hashes, surplus)


def _of_one_kind(column: tuple):
    """Text as an Arrow array; numbers or moments, and nothing between them, as a Series; anything else as it is."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return pa.array(column, pa.string())
    (kind,) = kinds - {str} if len(kinds - {str}) == 1 else (None,)
    if kind not in _ARROW_KINDS:
        return column
    if str in kinds:  # nothing is "" in a workbook
        column_or_none = [None if cell == "" else cell for cell in column]
    else:
        column_or_none = column
    try:
        return pa.array(column_or_none, _ARROW_KINDS[kind]).to_pandas()
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # a word among them
        return column


def _cell_hashes(column) -> np.ndarray:
    """A hash of each cell: the same for the same cell, whatever else stands in its column."""
    if isinstance(column, pa.Array):
        coded = column.dictionary_encode()
        distinct, codes = coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False)
        return np.fromiter(map(hash, distinct), dtype=np.int64, count=len(distinct))[codes]
    if isinstance(column, pd.Series):
        return _number_hashes(column)
    # hash(-1) == hash(-2): whole numbers are hashed as they are written
    cells = [str(cell) if type(cell) is int else cell for cell in column]
    hashes = np.fromiter(map(hash, cells), dtype=np.int64, count=len(cells))
    for kind, as_series in ((float, np.float64), (datetime, "datetime64[us]")):
        places = [place for place, cell in enumerate(cells) if type(cell) is kind]
        hashes[places] = _number_hashes(pd.Series(np.array([cells[i] for i in places], dtype=as_series)))
    return hashes


def _number_hashes(column: pd.Series) -> np.ndarray:
    numbers = column.to_numpy()
    bits = (numbers + 0.0 if column.dtype.kind == "f" else numbers).view(np.int64)  # 0.0 and -0.0 are one
    bits = bits ^ _FACTOR
    return np.where(column.isna(), hash(""), (bits ^ (bits >> 32)) * _FACTOR)


def pick(column, places) -> list:
    """The cells of a chunk's column at these places."""
    if isinstance(column, pd.Series):
        return column.iloc[places].tolist()
    return (
        column.take(pa.array(places)).to_pylist()
        if isinstance(column, pa.Array)
        else [column[i] for i in places]
    )


def bare_text(text: str) -> str:
    """A cell without what keeps it text in a spreadsheet: ``="007"``, ``'007``, and WeChat's ```007``."""
    text = text.strip(INVISIBLE)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text.lstrip("'`").strip()


def as_strings(column) -> pa.Array | None:
    """A column of nothing but text as an Arrow array, None for any other."""
    if isinstance(column, pa.Array):
        return column
    try:
        return pa.array(column, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # a workbook's mixed cells, a frame's numbers
        return None
