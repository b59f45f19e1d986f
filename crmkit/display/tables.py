"""Tables as people read them: headings in the language, shares as %; on the screen and as Parquet, CSV and XLSX."""

import re
from datetime import date
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from crmkit.core.catalogue import Pair
from crmkit.core.cells import csv_cell
from crmkit.core.columns import cell_words, column_heading, column_kind
from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import has_term, term_pair
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES
from crmkit.core.setting import require_language

from .numbers import decimal, small_percent

SHORT = 12  # columns on the screen: such a cell stays on one line, whole: 2024-07, C-0042
_SHEET_ROWS = 1_048_575  # Excel's limit, less the heading

_STYLE = """<style>
table.crm-table {table-layout: auto; border-collapse: collapse; font-size: 13px; line-height: 1.45; margin: .3em 0}
.crm-table th, .crm-table td {padding: 3px 10px; border-bottom: 1px solid var(--jp-border-color2, #ddd);
  text-align: right; vertical-align: bottom; font-variant-numeric: tabular-nums; max-width: 30em}
.crm-table th.crm-left, .crm-table td.crm-left {text-align: left; min-width: 6em}
.crm-table td.crm-whole {white-space: nowrap}
.crm-table th {border-bottom: 2px solid var(--jp-border-color1, #999); font-weight: 600;
  min-width: 3.5em; max-width: 12em}
.crm-table th span[lang], .crm-note span[lang] {display: inline-block}
body[data-crm-lang=zh] :is(.crm-table, .crm-note) span[lang=en],
body[data-crm-lang=en] :is(.crm-table, .crm-note) span[lang=zh] {display: none}
</style>"""


class Table:
    """A frame with its display; ``.frame`` is the frame itself, untouched."""

    def __init__(self, frame: pd.DataFrame, *, digits: int, percent: "list[str] | bool | None", rows: int):
        self.frame, self.digits, self.percent, self.rows = frame, digits, percent, rows

    def _shown(self) -> tuple[pd.DataFrame, list[bool], "Pair | str"]:
        """The first rows as text, which columns are text (left aligned), and the note on what is not shown."""
        frame = _with_index(self.frame)
        head = frame.head(self.rows)
        digits = [0 if _is_whole(frame.iloc[:, i]) else self.digits for i in range(frame.shape[1])]
        cells = {
            i: [self._cell(v, str(c), digits[i]) for v in head.iloc[:, i]]
            for i, c in enumerate(frame.columns)
        }
        left = [not _is_number(frame.iloc[:, i]) for i in range(frame.shape[1])]
        note: Pair | str = ""
        if len(frame) > len(head):
            note = MESSAGES.pair("table_more_rows", shown=len(head), rows=decimal(len(frame), 0))
        return pd.DataFrame(cells, index=head.index), left, note

    def _cell(self, value, column: str, digits: int) -> "str | Pair":
        if _is_missing(value):
            return "–"
        if isinstance(value, (bool, np.bool)):
            return term_pair("yes" if value else "no")
        if isinstance(value, date):  # Timestamp is one too
            at_midnight = not (getattr(value, "hour", 0) or getattr(value, "minute", 0))
            return value.strftime("%Y-%m-%d" if at_midnight else "%Y-%m-%d %H:%M")
        if isinstance(value, str):
            return cell_words(column, value) or value
        if not isinstance(value, (int, float, np.number)):
            return str(value)
        if _is_percent(column, self.percent):
            return small_percent(float(value))
        return decimal(float(value), 0 if isinstance(value, (int, np.integer)) else digits)

    def _repr_html_(self) -> str:
        shown, left, note = self._shown()
        side = [' class="crm-left"' if is_text else "" for is_text in left]
        for place, kind in enumerate(_with_index(self.frame).dtypes):
            is_short = max(map(_width, map(_plain, shown[place])), default=0) <= SHORT
            if pd.api.types.is_datetime64_any_dtype(kind) or (left[place] and is_short):
                side[place] = ' class="crm-left crm-whole"'
        headers = _headings(_with_index(self.frame))
        head = "".join(f'<th scope="col"{s}>{_html(h)}</th>' for h, s in zip(headers, side))
        body = "".join(
            "<tr>" + "".join(f"<td{s}>{_html(v, '&nbsp;')}</td>" for v, s in zip(row, side)) + "</tr>"
            for row in shown.itertuples(index=False, name=None)
        )
        tail = f'<p class="crm-note">{_html(note)}</p>' if note else ""
        return f'{_STYLE}<table class="crm-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{tail}'

    def __repr__(self) -> str:
        shown, left, note = self._shown()
        headers = [_plain(h) for h in _headings(_with_index(self.frame))]
        columns = [[h, *(_plain(v) for v in shown[i])] for i, h in enumerate(headers)]
        widths = [max(map(_width, column)) for column in columns]
        lines = []
        for row in zip(*columns):
            padded = [
                v + _pad(v, w) if is_text else _pad(v, w) + v for v, w, is_text in zip(row, widths, left)
            ]
            lines.append("  ".join(padded).rstrip())
        return "\n".join([*lines, *([_plain(note)] if note else [])])


def show(
    frame: pd.DataFrame, *, digits: int = 2, percent: "list[str] | bool | None" = None, rows: int = 20
) -> Table:
    """Show a table with its headings and tiers in the language, shares as %, money with thousands separators.

    ``percent`` names the columns shown as % (True: every number); without it those that are shares: by the catalogue,
    or by a name that ends in share, rate or probability. ``rows`` limits what is shown, and a note says how many there
    are. In the bilingual edition headings carry both languages and follow the switch.

    >>> import crmkit; crmkit.set_language("en")
    >>> show(pd.DataFrame({"tier": ["gold"], "customers": [1200], "customer_share": [0.04]}))
    tier  customers  customer share
    gold      1,200            4.0%
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "value")
    if not isinstance(frame, pd.DataFrame):
        raise CrmkitError("not_a_table", value=type(frame).__name__)
    return Table(frame, digits=digits, percent=percent, rows=rows)


def save_tables(
    tables: "dict[str, pd.DataFrame]", folder: "str | Path", *, lang: str | None = None
) -> list[Path]:
    """Write each table as ``<name>.parquet`` (canonical columns) and ``<name>.csv``, and all into one ``tables.xlsx``.

    CSV (UTF-8 with BOM, so that Excel opens it rightly) and XLSX have headings in ``lang`` (default: the language
    setting); a sheet is called by the term ``table_<name>`` where there is one. Text that a spreadsheet would take for
    a formula stays text: in XLSX as it is, in CSV after an apostrophe.

    >>> import tempfile
    >>> [p.name for p in save_tables({"tiers": pd.DataFrame({"tier": ["gold"]})}, tempfile.mkdtemp(), lang="zh")]
    ['tiers.parquet', 'tiers.csv', 'tables.xlsx']
    """
    import xlsxwriter

    lang = lang or get_language()
    require_language(lang)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    sheets: set[str] = set()
    book = folder / "tables.xlsx"
    with xlsxwriter.Workbook(
        book,
        {
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": False,
            "default_date_format": "yyyy-mm-dd",
        },
    ) as workbook:
        for name, frame in tables.items():
            frame, file = _with_index(frame), re.sub(r'[<>:"/\\|?*]', "_", name)
            frame.to_parquet(folder / f"{file}.parquet", index=False)
            readable = frame.copy()
            for column in [c for c in frame.columns if column_kind(c) == "slug"]:
                texts = {v for v in frame[column] if isinstance(v, str)}
                words = {v: _plain(cell_words(column, v) or v, lang) for v in texts}
                readable[column] = [words[v] if isinstance(v, str) else v for v in frame[column]]
            readable.columns = [_plain(h, lang) for h in _headings(frame)]
            guarded = _guarded(readable)
            guarded.to_csv(folder / f"{file}.csv", index=False, encoding="utf-8-sig")
            title = _plain(term_pair(f"table_{name}"), lang) if has_term(f"table_{name}") else name
            _write_sheet(workbook, _sheet_name(title, sheets), frame, readable)
            paths += [folder / f"{file}.parquet", folder / f"{file}.csv"]
    return [*paths, book]


def _guarded(readable: pd.DataFrame) -> pd.DataFrame:
    """The table with its texts guarded; numbers and dates need no look, cell by cell."""
    columns = []
    for place in range(readable.shape[1]):
        column = readable.iloc[:, place]
        plain = _is_number(column) or pd.api.types.is_datetime64_any_dtype(column)
        columns.append(column if plain else column.map(csv_cell))
    guarded = pd.concat(columns, axis=1) if columns else readable
    return guarded.set_axis([csv_cell(title) for title in readable.columns], axis=1)


def _write_sheet(workbook, name: str, frame: pd.DataFrame, readable: pd.DataFrame) -> None:
    sheet = workbook.add_worksheet(name)
    heading = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    for j, title in enumerate(readable.columns):
        column, values = str(frame.columns[j]), readable.iloc[:, j]
        numeric = _is_number(frame.iloc[:, j])  # once a column: asked at each cell it took most of the time
        as_format = workbook.add_format({"num_format": _number_format(column, frame.iloc[:, j])})
        sheet.write_string(0, j, title, heading)
        cells = values.head(_SHEET_ROWS)
        missing = cells.isna().tolist()
        for i, value in enumerate(cells, start=1):
            if missing[i - 1]:
                continue
            if isinstance(value, date):
                sheet.write_datetime(
                    i, j, pd.Timestamp(value).to_pydatetime().replace(tzinfo=None), as_format
                )
            elif isinstance(value, (bool, np.bool)):
                sheet.write_boolean(i, j, bool(value))
            elif numeric and abs(value) != float("inf"):
                sheet.write_number(i, j, value, as_format)
            else:
                sheet.write_string(i, j, str(value)[:32767])
        longest = max([_width(title), *(_width(_as_seen(v)) for v in values.head(200))])
        sheet.set_column(j, j, min(max(8, longest + 2), 48))
    sheet.freeze_panes(1, 0)


def _number_format(column: str, values: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(values) or (len(values) and isinstance(values.iloc[0], date)):
        return "yyyy-mm-dd"
    if _is_percent(column, None):
        return "0.0%"
    return "#,##0" if _is_whole(values) else "#,##0.00" if _is_number(values) else "General"


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel takes: no []:*?/\\, at most 31 characters, no apostrophe at an end, not there in other case."""
    base = re.sub(r"[\[\]:*?/\\]", "_", str(name)).strip("'")[:31] or "table"
    if base.lower() == "history":  # Excel keeps this name for itself
        base = "history_"
    wanted, n = base, 1
    while wanted.lower() in taken:
        n += 1
        wanted = f"{base[: 31 - len(str(n)) - 1]}_{n}"
    taken.add(wanted.lower())
    return wanted


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The index as columns where it says something: named, or of text."""
    plain = isinstance(frame.index, pd.RangeIndex) or (
        frame.index.nlevels == 1 and frame.index.name is None and pd.api.types.is_integer_dtype(frame.index)
    )
    flat = frame if plain else frame.reset_index(names=None if any(frame.index.names) else "")
    if flat.columns.nlevels > 1:
        flat = flat.set_axis([" ".join(map(str, c)).strip() for c in flat.columns], axis=1)
    return flat


def _headings(frame: pd.DataFrame) -> list[Pair]:
    return [column_heading(column, beside=frame.columns) for column in frame.columns]


def _is_percent(column: str, percent: "list[str] | bool | None") -> bool:
    return percent is True or (
        column_kind(column) == "share" if percent is None else column in (percent or ())
    )


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _is_whole(values: pd.Series) -> bool:
    """Numbers without a fraction: days are floats, since a customer who only returned goods has none."""
    return _is_number(values) and bool((values.dropna() % 1 == 0).all())


def _is_missing(value) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and pd.isna(value))


def _as_seen(value) -> str:
    return (
        decimal(value)
        if isinstance(value, float)
        else str(value)[:10]
        if isinstance(value, date)
        else str(value)
    )


def _plain(text: "str | Pair", lang: str | None = None) -> str:
    """Both languages of a pair as ``lang`` (else the setting) asks."""
    if isinstance(text, str):
        return text
    zh, en = text
    if lang is None:
        return in_language(zh, en)
    return {"zh": zh, "en": en}.get(lang) or (zh if zh == en else f"{zh} {en}")


def _html(text: "str | Pair", between: str = " ") -> str:
    """Escaped; of a pair, each language in its own span, so that the page's switch can show one of them."""
    if isinstance(text, str) or get_language() != "both" or text[0] == text[1]:
        return escape(_plain(text))
    return f'<span lang="zh">{escape(text[0])}</span>{between}<span lang="en">{escape(text[1])}</span>'


def _width(text: str) -> int:
    """Columns on the screen: a Chinese character takes two."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return " " * (width - _width(text))
