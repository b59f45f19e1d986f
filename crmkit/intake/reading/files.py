"""Any source — text, workbook, Parquet, DataFrame — as one table of untouched cells with line numbers."""

import glob
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from crmkit.core.errors import CrmkitError, refusal
from crmkit.core.messages import listed
from crmkit.data.frames import Transactions

from .columns import DEEPEST_HEADER, Header, Mapping, find_header, plain, recognise, unreadable
from .dates import month_named
from .joined import joined
from .made_columns import named_by_sheet, named_in_titles, with_one_date
from .markup import is_markup, markup_rows
from .own_headings import put_in
from .pivot import can_unpivot, unpivoted
from .several import added_up, blocks_of, stacked
from .table import CHUNK_ROWS, Chunk, Table, chunk_of_rows, line_of
from .text import text_table
from .workbook import SheetSeen, counts_from_1904, sheet_seen, zipped
from .workbook_rows import filled_rows

READ = "CSV, TSV, TXT (comma, semicolon, tab, |), CSV.GZ, XLSX, XLSM, XLSB, XLS, ODS, JSON lines, HTML, ZIP, Parquet, DataFrame"
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".et"}
_PARQUET = {".parquet", ".pq"}
_JSON = {".json", ".jsonl", ".ndjson"}
_ZIPPED = {".zip"}
# what the kit itself writes beside the data, and what systems and people leave there
_NO_DATA = re.compile(
    r".*\.mapping(?:\.proposal)?\.toml|.*\.set_aside\.csv|thumbs\.db|desktop\.ini|readme.*|读我.*|说明.*\.(?:txt|md|docx?)|"
    r".*\.(?:pdf|docx?|odt|rtf|pptx?|md|png|jpe?g|gif|bmp|tiff?|webp|heic|svg|mp4|mov|eml|msg|ini|url|lnk)",
    re.IGNORECASE,
)
_TEXT = {".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".asc", ".log", ".gz", ""}


def open_table(source: Transactions, mapping: Mapping, sheet: str | int | None = None) -> Table:
    """The one table in ``source`` that holds transactions, else a CrmkitError that says why there is none."""
    table = _opened(source, mapping, sheet)
    if mapping.put_in_before:
        table = put_in(table, mapping.put_in_before)
    for other in mapping.join:
        folder = Path(source).parent if isinstance(source, (str, Path)) else Path()
        beside = _file_table(folder / str(other["file"]), Mapping(), None)
        table = joined(table, beside, str(other["on"]), mapping)
    return table


def _opened(source: Transactions, mapping: Mapping, sheet: str | int | None) -> Table:
    if hasattr(source, "columns") or hasattr(source, "to_pandas"):
        return _frame_table(source, mapping)
    if not isinstance(source, (str, os.PathLike)):
        raise CrmkitError("no_source", value=type(source).__name__)
    path = Path(source)
    found = [path] if path.exists() else [Path(f) for f in sorted(glob.glob(str(path), recursive=True))]
    if not found:
        raise unreadable(path, "not_there", value=str(source), path=path)
    if len(found) == 1 and found[0].is_dir():
        found = [f for f in sorted(found[0].rglob("*")) if f.is_file()]
        found = [f for f in found if not f.name.startswith((".", "_", "~$"))]
    elif len(found) == 1:
        return _arranged(_file_table(found[0], mapping, sheet), mapping)
    left_out = [f for f in found if _NO_DATA.fullmatch(f.name)]
    found = [f for f in found if f not in left_out]
    readable = {f.suffix.lower() for f in found} <= (_WORKBOOKS | _TEXT | _ZIPPED) - {""}
    if not found or not readable:
        return _parquet_table(path, mapping)
    return _without(left_out, _added_up_files(found, path.name, mapping, sheet))


def _without(left_out: list[Path], table: Table) -> Table:
    """The table, with a word on the files beside it that were not read."""
    if left_out:
        files = listed(sorted(f.name for f in left_out))
        table = replace(table, notes=[*table.notes, ("files_left_out", {"files": files})])
    return table


def _added_up_files(files: list[Path], name: str, mapping: Mapping, sheet) -> Table:
    """Monthly files as one table."""
    tables = [_arranged(_file_table(file, mapping, sheet), mapping) for file in files]
    return added_up(tables, name, by_name=mapping.sheets == "all") if len(tables) > 1 else tables[0]


def _arranged(table: Table, mapping: Mapping) -> Table:
    """Months and tables that stand side by side one below the other, where the mapping says so."""
    if mapping.unpivot:
        return unpivoted(table, mapping)
    if can_unpivot(table):
        table.questions.append("wide_pivot")
    table = with_one_date(table, mapping)
    if mapping.customer_from == "titles":
        table = named_in_titles(table, mapping)
    blocks = blocks_of(table.header)
    if len(blocks) > 1 and mapping.blocks == "all":
        return stacked(table, blocks)
    if len(blocks) > 1 and mapping.blocks is None:
        table.questions.append("side_by_side")
    return table


def _file_table(path: Path, mapping: Mapping, sheet: str | int | None) -> Table:
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as problem:
        raise unreadable(path, "not_opened", problem=problem.strerror) from None
    if not head:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    if is_markup(head):
        return _markup_table(path, mapping)
    if suffix in _JSON:
        return _json_table(path, mapping)
    page = re.match(rb"%PDF|\{\\rtf", head, re.IGNORECASE)
    if page or suffix not in _WORKBOOKS | _PARQUET | _TEXT | _ZIPPED:
        found = "PDF/RTF" if page else suffix
        raise CrmkitError("unsupported_format", value=path.name, found=found, allowed=READ)
    if suffix in _PARQUET or head.startswith(b"PAR1"):
        return _parquet_table(path, mapping)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and suffix in _ZIPPED:
        return _archive_table(path, mapping, sheet)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return _workbook_table(path, mapping, sheet if sheet is not None else mapping.sheet)
    if suffix in _WORKBOOKS - {".xls", ".et"}:
        raise unreadable(path, "no_workbook")
    return text_table(path, head.startswith(b"\x1f\x8b"), mapping)


def _archive_table(path: Path, mapping: Mapping, sheet) -> Table:
    """The files of a ZIP as one table; they are unpacked into a folder that lives as long as the table."""
    folder = tempfile.TemporaryDirectory(prefix="crmkit-")
    files = []
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda m: m.filename):
                name = Path(member.filename).name
                if member.is_dir() or name.startswith((".", "_", "~$")) or "__MACOSX" in member.filename:
                    continue
                place = Path(folder.name) / f"{len(files):04d}" / name
                place.parent.mkdir()
                with archive.open(member) as stream, place.open("wb") as out:
                    shutil.copyfileobj(stream, out)
                files.append(place)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as problem:
        why = "archive_password" if "password" in str(problem) else "archive_damaged"
        raise unreadable(path, why, problem=problem) from None
    left_out = [f for f in files if _NO_DATA.fullmatch(f.name)]
    files = [f for f in files if f not in left_out] or left_out
    if not files:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    table = _without(
        [f for f in left_out if f not in files], _added_up_files(files, path.name, mapping, sheet)
    )
    table.folder = folder
    return table


def _rows_table(path: Path, rows: list[list], mapping: Mapping) -> Table:
    """Rows that are in memory already."""
    header = find_header(rows, mapping)
    if header is None:
        raise CrmkitError("empty_file", value=path.name, name=path.name)

    def chunks():
        below = rows[header.row + 1 :]
        for start in range(0, len(below), CHUNK_ROWS):
            part = below[start : start + CHUNK_ROWS]
            lines = np.arange(header.row + 2 + start, header.row + 2 + start + len(part))
            yield chunk_of_rows([row or [""] for row in part], lines, len(header.names))

    return Table(
        path.name, header, chunks, titles=["\t".join(map(str, row)) for row in rows[: max(header.row, 0)]]
    )


def _markup_table(path: Path, mapping: Mapping) -> Table:
    rows = markup_rows(path)
    archived = path.read_bytes()[:4096].startswith(b"MIME-Version:")
    header = find_header(rows, mapping) if rows else None
    if header is None or header.row + 1 >= len(rows):
        found = "MHTML (web archive)" if archived else "HTML/XML"
        raise CrmkitError("unsupported_format", value=path.name, found=found, allowed=READ)
    table = _rows_table(path, rows, mapping)
    table.notes.append(("markup_read", {"name": path.name, "kind": "MHTML" if archived else "HTML/XML"}))
    return table


def _json_table(path: Path, mapping: Mapping) -> Table:
    import pandas as pd

    text = path.read_text(encoding="utf-8-sig")
    try:
        listed_so = text.lstrip().startswith("[")
        records = (
            json.loads(text) if listed_so else [json.loads(line) for line in text.split("\n") if line.strip()]
        )
        frame = pd.DataFrame(records)
    except (ValueError, TypeError) as problem:
        raise unreadable(path, "no_json", problem=problem) from None
    if not all(isinstance(name, str) for name in frame.columns):
        raise CrmkitError("unsupported_format", value=path.name, found=path.suffix, allowed=READ)
    table = replace(_frame_table(frame, mapping), name=path.name)
    return replace(table, counted=partial(_count_objects if listed_so else _count_lines, path))


def _count_lines(path: Path) -> tuple[int, int, int]:
    """The lines that hold something, none of them blank, none above the records: by a reader that knows no JSON."""
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip(b" \t\r\n\xef\xbb\xbf")), 0, 0


_JSON_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


def _count_objects(path: Path) -> tuple[int, int, int]:
    """The objects of a list, none of them blank, none above: by a reader that knows brackets and strings alone."""
    found, depth = 0, 0
    for token in _JSON_TOKEN.finditer(path.read_bytes()):
        mark = token[0]
        found += mark == b"{" and depth == 1
        depth += (mark in (b"{", b"[")) - (mark in (b"}", b"]"))
    return found, 0, 0


def _workbook_table(path: Path, mapping: Mapping, sheet) -> Table:
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except Exception as problem:
        inside, _ = zipped(path)
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
    elif isinstance(mapping.sheets, list):
        unknown = [str(n) for n in mapping.sheets if str(n) not in names]
        if unknown:
            raise CrmkitError("unknown_sheet", value=unknown[0], allowed=", ".join(names))
        names = [str(n) for n in mapping.sheets]
    headed = {}
    with ThreadPoolExecutor(1) as beside:
        for name in names:
            seen = beside.submit(sheet_seen, path, name)  # while the cells are read
            try:
                loaded = book.get_sheet_by_name(name)
                header = find_header(list(islice(_sheet_rows(loaded), DEEPEST_HEADER)), mapping)
            except python_calamine.CalamineError as problem:
                raise unreadable(path, "sheet_damaged", value=name, sheet=name, problem=problem) from None
            if header is not None:
                headed[name] = (header, loaded, seen.result())
    if not headed:
        raise CrmkitError("empty_file", value=path.name, name=path.name)
    fits = [
        n
        for n, (h, loaded, _) in headed.items()
        if not h.missing and any(map(any, _sheet_rows(loaded, h.row + 1)))
    ]
    shown = [n for n in fits if n in visible]
    out_of_sight = [n for n in fits if n not in shown] if shown and sheet is None else []
    table = _of_sheets(path, mapping, headed, shown or fits, visible)
    if out_of_sight:
        table.notes.append(("hidden_sheets", {"sheets": listed(out_of_sight)}))
    return table


def _of_sheets(path: Path, mapping: Mapping, headed: dict, fits: list[str], visible: list[str]) -> Table:
    """The sheets that hold transactions as one table; where none does, the one that comes nearest."""
    if len(fits) > 1:
        same = {tuple(sorted(map(plain, headed[n][0].names))) for n in fits}
        if len(same) > 1 and mapping.sheets is None:
            raise CrmkitError("ambiguous_sheet", value=", ".join(fits), first=fits[0], name=path.name)
        tables = [_sheet_table(path, n, *headed[n]) for n in fits]
        table = added_up(tables, path.name, by_name=mapping.sheets is not None)
        table.notes.append(("sheets_added", {"count": len(fits), "sheets": listed(fits)}))
        if mapping.sheets is None:
            table.questions.append("sheets")
        return table
    people = [] if fits else _sheets_of_customers(headed, visible)
    if people and mapping.customer_from == "sheets":
        tables = [named_by_sheet(_sheet_table(path, n, *headed[n]), mapping) for n in people]
        return added_up(tables, path.name)
    chosen = fits[0] if fits else max(headed, key=lambda n: (headed[n][0].score, n in visible))
    table = _sheet_table(path, chosen, *headed[chosen])
    if people:
        table.questions.append("customer_in_sheets")
    return table


def _sheets_of_customers(headed: dict, visible: list[str]) -> list[str]:
    """The sheets that lack nothing but the customer, with the same headings: each may be named after one.

    None where they are named after months.
    """
    names = [n for n, (header, *_) in headed.items() if n in visible and header.missing == ["customer_id"]]
    same = {tuple(sorted(map(plain, headed[n][0].names))) for n in names}
    months = all(any(map(month_named, re.findall(r"[^\W\d_]+", n))) or n.strip().isdigit() for n in names)
    return names if len(names) > 1 and len(same) == 1 and not months else []


def _sheet_table(path: Path, name: str, header: Header, loaded, seen: SheetSeen | None) -> Table:
    spans = _merges_down(loaded, header)

    first = header.row + 2

    def rows() -> Iterator[list]:
        found = _sheet_rows(loaded, header.row + 1)
        found = _with_errors(found, first, seen.errors) if seen and seen.errors else found
        return _filled(found, header.row + 1, spans) if spans else found

    def chunks():
        start, below = first, rows()
        while part := list(islice(below, CHUNK_ROWS)):
            yield chunk_of_rows(part, np.arange(start, start + len(part)), len(header.names))
            start += len(part)

    def raw(wanted) -> Iterator[str]:
        lines = {line for line, _ in wanted}
        for line, row in enumerate(rows(), first):
            if line in lines:
                yield line_of(row[: len(header.names)])

    titles = ["\t".join(map(str, row)) for row in islice(_sheet_rows(loaded), max(header.row, 0))]
    return Table(
        path.name,
        header,
        chunks,
        raw,
        sheet=name,
        epoch_1904=counts_from_1904(path),
        titles=titles,
        hidden=seen.hidden if seen else (),
        uncomputed=seen.uncomputed if seen else 0,
        currencies=seen.currencies if seen else {},
        counted=partial(seen.counted, header.row + 1) if seen else _counted_rows(path, name, header.row + 1),
        merged=sum(last - first for first, last in spans.values()) if spans else 0,
    )


def _counted_rows(path: Path, sheet: str, header_row: int):
    """What a reader that knows nothing of cells counts in a sheet that is none of XML; None where it cannot read it."""
    rows = filled_rows(path, sheet)
    if rows is None:
        return None
    above = sum(row <= header_row for row in rows)
    return lambda: (len(rows), 0, above)


def _merges_down(loaded, header: Header) -> dict:
    """Merged cells that go down over records: (row, column) of each first cell → its first and last row."""
    spans = {}
    for (top, left), (bottom, _) in loaded.merged_cell_ranges or ():
        if bottom > top > header.row:
            spans[top, left] = (top, bottom)
    return spans


def _with_errors(rows: Iterator[list], start: int, errors: dict[int, dict[int, str]]) -> Iterator[list]:
    """The rows with #N/A and the like in the cells that the reader of workbooks leaves empty."""
    for line, row in enumerate(rows, start):
        if line in errors:
            row = list(row)
            for place, text in errors[line].items():
                if place < len(row) and row[place] in ("", None):
                    row[place] = text
        yield row


def _filled(rows: Iterator[list], start: int, spans: dict) -> Iterator[list]:
    """The rows with what a merged cell says in each row that it covers; amounts stay where they stand."""
    carried: dict[int, tuple[int, object]] = {}
    for at, row in enumerate(rows, start):
        row = list(row)
        for place, cell in enumerate(row):
            if (at, place) in spans and not isinstance(cell, (int, float)):
                carried[place] = (spans[at, place][1], cell)
            last, value = carried.get(place, (-1, None))
            if at <= last and cell in ("", None):
                row[place] = value
        yield row


def _sheet_rows(sheet, start: int = 0) -> Iterator[list]:
    """A sheet's rows from ``start``, its blank rows and columns at the top and left too, so that places are its own."""
    _, left = sheet.start or (0, 0)
    rows = sheet.iter_rows()  # the blank rows at the top are among them, the columns at the left are not
    return islice(([""] * left + row for row in rows) if left else rows, start, None)


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
