"""A cross table with a column for each month as rows: one for each cell that holds something."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np

from .columns import FEWEST_PERIODS, Header, Mapping, recognise
from .dates import month_named
from .meanings import cell_text
from .table import Chunk, Table, pick

DATE, AMOUNT = "unpivoted_date", "unpivoted_amount"
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_NUMBERED = re.compile(
    rf"{_YEAR}\s*[-/.年_]?\s*(?P<month>\d{{1,2}})\s*月?份?(?:[-/.](?P<day>\d{{1,2}})日?(?:[ T]00:00:00)?)?"
)
_NAMED = re.compile(r"(?P<name>[^\W\d_]{3,})[\s\-_.,']*(?P<year>(?:19|20)\d{2}|\d{2})")
_QUARTER = r"(?:[QT](?P<quarter>[1-4])|第?(?P<count>[一二三四1-4])季度?|(?P<ordinal>[1-4])\.?\s*(?:Q|Quartal|Trimest\w+))"
_COUNTED = {"一": 1, "二": 2, "三": 3, "四": 4}
_QUARTERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"{_QUARTER}[\s\-/_.]*{_YEAR}", rf"{_YEAR}[\s\-/_.年]*{_QUARTER}")
)
_WEEK = r"(?:W|KW|week|第)\s*(?P<week>\d{1,2})周?"
_WEEKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"{_WEEK}[\s\-/_.]*{_YEAR}", rf"{_YEAR}[\s\-/_.年]*{_WEEK}")
)
_DAY = re.compile(rf"(?P<day>\d{{1,2}})[./-](?P<month>\d{{1,2}})[./-]{_YEAR}")
_WITHOUT_YEAR = re.compile(r"\d{1,2}\s*月份?")


def month_of(heading: str, year: str = "") -> str | None:
    """The first day of the month, the quarter, the week or the year that a heading names, or the day itself;
    ``year``: what it is in where the heading does not say. None when it names none.

    >>> month_of("Q2 2024"), month_of("2024-W02"), month_of("Mar", "2024"), month_of("Total")
    ('2024-04-01', '2024-01-08', '2024-03-01', None)
    """
    text = heading.strip()
    if year and _is_month(text):
        text = f"{year} {text}" if text[0].isdigit() else f"{text} {year}"
    if re.fullmatch(_YEAR, text):
        return f"{text}-01-01"
    if found := next((found for pattern in _QUARTERS if (found := pattern.fullmatch(text))), None):
        number = found["quarter"] or found["count"] or found["ordinal"]
        quarter = _COUNTED.get(number) or int(number)
        return f"{found['year']}-{3 * quarter - 2:02d}-01"
    if found := next((found for pattern in _WEEKS if (found := pattern.fullmatch(text))), None):
        week = int(found["week"])
        return str(date.fromisocalendar(int(found["year"]), week, 1)) if 1 <= week <= 52 else None
    if found := _NUMBERED.fullmatch(text) or _DAY.fullmatch(text):
        return _day(found["year"], int(found["month"]), int(found["day"] or 1))
    found = _NAMED.fullmatch(text)
    month = month_named(found["name"]) if found else None
    return (
        _day(found["year"] if len(found["year"]) == 4 else f"20{found['year']}", month, 1) if month else None
    )


def _day(year: str, month: int, day: int) -> str | None:
    try:
        return str(date(int(year), month, day))
    except ValueError:
        return None


def _is_month(text: str) -> bool:
    """Whether a heading names a month without its year."""
    return bool(_WITHOUT_YEAR.fullmatch(text)) or month_named(text.rstrip(".")) is not None


def year_said(table: Table) -> str:
    """The only year that the sheet's name and the titles name; nothing where there are several."""
    said = " ".join([table.sheet or "", *table.titles])
    years = set(re.findall(rf"(?<!\d){_YEAR}(?!\d)", said))
    return years.pop() if len(years) == 1 else ""


def months_in(header: Header) -> list[str]:
    """The headings that name months or other periods, with a year or without."""
    return [name for name in header.names if month_of(name) or _is_month(name.strip())]


def is_pivot(header: Header) -> bool:
    """Whether months stand in the headings and no column holds the date."""
    return "date" not in header.found and len(months_in(header)) >= FEWEST_PERIODS


def can_unpivot(table: Table) -> bool:
    """Whether every month in the headings has its year."""
    year = year_said(table)
    return is_pivot(table.header) and all(month_of(name, year) for name in months_in(table.header))


def unpivoted(table: Table, mapping: Mapping) -> Table:
    """Each cell below a month as a row of its own, dated the first of that month; empty cells are none."""
    year = year_said(table)
    places = {place: day for place, name in enumerate(table.header.names) if (day := month_of(name, year))}
    kept = [place for place in range(len(table.header.names)) if place not in places]
    names = [table.header.names[place] for place in kept] + [DATE, AMOUNT]
    columns = {**mapping.columns, "date": DATE, "amount": AMOUNT}
    header = recognise(names, replace(mapping, columns=columns), table.header.row)

    def chunks() -> Iterator[Chunk]:
        for chunk in table.chunks():
            every = np.arange(len(chunk.lines))
            cells = {place: pick(chunk.columns[place], every) for place in range(len(table.header.names))}
            rows, lines = [], []
            for at in range(len(chunk.lines)):
                for place, day in places.items():
                    if cell_text(cells[place][at]):
                        rows.append((*(cells[other][at] for other in kept), day, cells[place][at]))
                        lines.append(chunk.lines[at])
            hashes = np.fromiter(map(hash, map(repr, rows)), dtype=np.int64, count=len(rows))
            held = list(zip(*rows)) if rows else [()] * len(names)
            yield Chunk(np.array(lines, dtype=np.int64), held, hashes)

    def raw(spans) -> Iterator[str]:
        firsts = sorted({first for first, _ in spans})
        texts = dict(zip(firsts, table.original([(first, first) for first in firsts])))
        for first, _ in spans:
            yield texts[first]

    return replace(table, header=header, chunks=chunks, raw=raw, counted=None)
