"""Any source — text, workbook, Parquet, DataFrame — as one table of untouched cells with line numbers."""

import glob
import re
import zipfile
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice, repeat
from pathlib import Path

import numpy as np

from crmkit.core.errors import CrmkitError
from crmkit.data.frames import Transactions

from .columns import DEEPEST_HEADER, Mapping, find_header, recognise, refusal, unreadable
from .table import CHUNK_ROWS, Chunk, Table, chunk_of_rows
from .text import text_table

READ = "CSV, TSV, TXT (comma, semicolon, tab, |), CSV.GZ, XLSX, XLSM, XLSB, XLS, ODS, Parquet, DataFrame"
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".et"}
_PARQUET = {".parquet", ".pq"}
_TEXT = {".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".asc", ".log", ".gz", ""}


def open_table(source: Transactions, mapping: Mapping, sheet: str | int | None = None) -> Table:
    """The one table in ``source`` that holds transactions, else a CrmkitError that says why there is none."""
    if hasattr(source, "columns") or hasattr(source, "to_pandas"):
        return _frame_table(source, mapping)
    path = Path(source)
    found = [path] if path.exists() else sorted(glob.glob(str(path), recursive=True))
    if not found:
        raise unreadable(path, "not_there", value=str(source), path=path)
    if len(found) > 1 or path.is_dir():
        return _parquet_table(path, mapping)
    path = Path(found[0])
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as problem:
        raise unreadable(path, "not_opened", problem=problem.strerror) from None
    if not head:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    page = re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table)|%PDF|\{\\rtf", head, re.IGNORECASE)
    if page or suffix not in _WORKBOOKS | _PARQUET | _TEXT:
        found = "HTML/XML/PDF/RTF" if page else suffix  # what some systems export as .xls
        raise CrmkitError("unsupported_format", value=path.name, found=found, allowed=READ)
    if suffix in _PARQUET or head.startswith(b"PAR1"):
        return _parquet_table(path, mapping)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return _workbook_table(path, mapping, sheet if sheet is not None else mapping.sheet)
    if suffix in _WORKBOOKS - {".xls", ".et"}:
        raise unreadable(path, "no_workbook")
    return text_table(path, head.startswith(b"\x1f\x8b"), mapping)


def _workbook_table(path: Path, mapping: Mapping, sheet) -> Table:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except Exception as problem:
        inside, _ = _zipped(path)
        if inside and not any(
            n.startswith("xl/") or n == "content.xml" for n in inside
        ):  # .docx, .pptx, a plain zip
            raise CrmkitError(
                "unsupported_format", value=path.name, found=path.suffix, allowed=READ
            ) from None
        if re.search("password|encrypt", str(problem), re.IGNORECASE):
            raise unreadable(path, "password") from None
        raise unreadable(path, "workbook_damaged", problem=problem) from None
    names = [m.name for m in book.sheets_metadata if "WorkSheet" in str(m.typ)]
    visible = [m.name for m in book.sheets_metadata if str(m.visible).endswith("Visible")]
    if sheet is not None:
        wanted = names[sheet] if isinstance(sheet, int) and 0 <= sheet < len(names) else str(sheet)
        if wanted not in names:
            raise CrmkitError("unknown_sheet", value=str(sheet), allowed=", ".join(names))
        names = [wanted]
    headed = {}
    for name in names:
        try:
            header = find_header(list(islice(_sheet_rows(book, name), DEEPEST_HEADER)), mapping)
        except python_calamine.CalamineError as problem:
            raise unreadable(path, "sheet_damaged", value=name, sheet=name, problem=problem) from None
        if header is not None:
            headed[name] = header
    if not headed:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    fits = [n for n, h in headed.items() if not h.missing and any(map(any, _sheet_rows(book, n, h.row + 1)))]
    fits = [n for n in fits if n in visible] or fits
    if len(fits) > 1:
        raise CrmkitError("ambiguous_sheet", value=", ".join(fits), first=fits[0], name=path.name)
    chosen = fits[0] if fits else max(headed, key=lambda n: (headed[n].score, n in visible))
    header = headed[chosen]

    def chunks():
        start, rows = header.row + 2, _sheet_rows(book, chosen, header.row + 1)
        while part := list(islice(rows, CHUNK_ROWS)):
            yield chunk_of_rows(part, np.arange(start, start + len(part)), len(header.names))
            start += len(part)

    epoch_1904 = bool(re.search(rb'<workbookPr[^>]*date1904="(?:1|true)"', _zipped(path)[1]))
    return Table(path.name, header, chunks, sheet=chosen, epoch_1904=epoch_1904)


def _sheet_rows(book, name: str, start: int = 0) -> Iterator[list]:
    """A sheet's rows from ``start``, its blank rows and columns at the top and left too, so that places are its own."""
    sheet = book.get_sheet_by_name(name)
    top, left = sheet.start or (0, 0)
    above = repeat([""] * (left + (sheet.width or 0)), top)
    return islice(chain(above, ([""] * left + list(row) for row in sheet.iter_rows())), start, None)


def _zipped(path: Path) -> tuple[list[str], bytes]:
    """The names inside a zipped workbook, and its xl/workbook.xml."""
    if not zipfile.is_zipfile(path):
        return [], b""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        return names, archive.read("xl/workbook.xml") if "xl/workbook.xml" in names else b""


def _parquet_table(path: Path, mapping: Mapping) -> Table:
    import pyarrow as pa
    from pyarrow import dataset

    files = (
        path.rglob("*")
        if path.is_dir()
        else glob.glob(str(path), recursive=True)
        if not path.exists()
        else [path]
    )
    files = [f for f in sorted(map(Path, files)) if f.is_file() and not f.name.startswith((".", "_"))]
    strange = [f.name for f in files if f.suffix.lower() not in _PARQUET and [f] != [path]]
    if strange or not files:
        found = (strange or [path.name])[0]
        raise refusal("unsupported_format", "unsupported_folder", value=found, name=path.name, allowed=READ)
    try:
        table = dataset.dataset(
            list(map(str, files)), format="parquet", partitioning="hive" if path.is_dir() else None
        )
    except (pa.ArrowInvalid, OSError) as problem:
        raise unreadable(path, "no_parquet", problem=problem) from None
    header = recognise(table.schema.names, mapping)

    def frames():
        try:
            for batch in table.to_batches(batch_size=CHUNK_ROWS):
                yield batch.to_pandas(integer_object_nulls=True)
        except (pa.ArrowInvalid, OSError) as problem:
            raise unreadable(path, "parquet_damaged", problem=problem) from None

    return Table(path.name, header, partial(_frame_chunks, frames))


def _frame_table(source, mapping: Mapping) -> Table:
    frame = source
    if hasattr(frame, "collect") and not hasattr(frame, "to_pandas"):
        frame = frame.collect()  # a lazy polars frame
    if hasattr(frame, "to_pandas"):
        frame = frame.to_pandas()
    if any(n is not None for n in frame.index.names):
        frame = frame.reset_index()
    names = [" ".join(map(str, c)).strip() if isinstance(c, tuple) else c for c in frame.columns]
    header = recognise(names, mapping)

    def frames():
        for start in range(0, len(frame), CHUNK_ROWS * 20):
            yield frame.iloc[start : start + CHUNK_ROWS * 20]

    return Table("DataFrame", header, partial(_frame_chunks, frames))


def _frame_chunks(frames) -> Iterator[Chunk]:
    start = 1
    for frame in frames():
        columns = [_simple_column(frame.iloc[:, j]) for j in range(frame.shape[1])]
        yield Chunk(np.arange(start, start + len(frame)), columns, _frame_hashes(frame))
        start += len(frame)


def _simple_column(column):
    """Numbers, moments and text as they are; anything else as plain objects, what is lacking as None."""
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    simple = column.dtype.kind in "iufM" or isinstance(column.dtype, pd.StringDtype)
    if simple and getattr(column.dtype, "na_value", None) is not pd.NA:
        return column
    column = column.astype(object).where(column.notna(), None)
    column = column.map(lambda cell: str(cell) if isinstance(cell, (list, dict, set, np.ndarray)) else cell)
    # text that its writer did not declare as text
    return column.map(lambda cell: cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell)


def _frame_hashes(frame) -> np.ndarray:
    import pandas as pd

    try:
        hashes = pd.util.hash_pandas_object(frame, index=False)
    except TypeError:  # a column of mixed or unhashable things
        hashes = pd.util.hash_pandas_object(frame.astype(str), index=False)
    return hashes.to_numpy().view(np.int64)
