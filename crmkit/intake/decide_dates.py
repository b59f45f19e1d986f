"""Whether the dates mean what they say: columns that Excel has half swapped, default dates,
years far from all others.
"""

import re
from datetime import timedelta

import numpy as np

from .judge import Judged
from .reading.dates import BARE_DIGITS, DateReader
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text

_PLACEHOLDERS = tuple(
    np.datetime64(day)
    for day in ("1970-01-01", "1900-01-01", "1980-01-01", "1999-12-31", "2000-01-01", "1969-12-31")
)
_YEAR_FIRST = re.compile(r"\d{4}[-/.](?P<second>\d{1,2})[-/.](?P<third>\d{1,2})(?:[ T].*)?")
_MONTHS_ONLY = tuple(
    (re.compile(pattern), date_format)
    for pattern, date_format in (
        (r"(?:19|20)\d{2}-\d{1,2}", "%Y-%m"),
        (r"(?:19|20)\d{2}/\d{1,2}", "%Y/%m"),
        (r"(?:19|20)\d{2}\.\d{1,2}", "%Y.%m"),
        (r"(?:19|20)\d{2}年\d{1,2}月", "%Y年%m月"),
        (r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])", "%Y%m"),
    )
)
_MOST = 0.9  # of the rows
_FEW = 0.1  # of the rows: a handful that may be slips of the pen
_DEFAULTS = 0.3  # of the rows: more days of the same default are not a few
_APART = 730  # days between them and all others, and three times what the others span
_MANY = 20  # rows, which do not all fall on one day
_LONGEST = timedelta(days=20 * 366)  # between the first and the last of dates in digits alone
_ENOUGH = 8  # rows, of which one can be far from all others


def empty_column(judged: Judged) -> Decision | None:
    """A column of dates without a single one, or with the same day in every row, beside another that holds them."""
    if "date" not in judged.header.found or "date" in judged.mapping.columns:
        return None
    known = sum(parsed is not None for parsed in judged.rows.distinct["date"].parsed)
    if known > 1 or known and len(judged.rows) < _MANY:
        return None
    read, _ = judged.rows.parsers["date"]
    name = judged.heading("date")
    for other in judged.header.alternatives.get("date", ()):
        where = judged.place(other)
        values = [] if where is None else judged.rows.column(where).values
        if sum(read(value) is not None for value in values) > known:
            reading, rows = Reading("other", {"columns": {"date": other}}), len(judged.rows)
            words = "one_day_dates" if known else ""
            return Decision("empty_dates", (reading,), name, rows, {"other": other}, words, certain=True)
    return None


def open_reading(judged: Judged) -> Decision | None:
    """Day first or month first: the column does not say."""
    problem = judged.open_dates
    if problem is None:
        return None
    column = judged.rows.distinct["date"]
    options = {reading for parsed in column.parsed if isinstance(parsed, dict) for reading in parsed}
    rivals = [reading for reading in ("dmy", "mdy", "ymd") if reading in options]
    readings = tuple(Reading(reading, {"date_format": reading}) for reading in rivals)
    open_values = [parsed for parsed in column.parsed if isinstance(parsed, dict)]
    only = {reading: sum(set(parsed) == {reading} for parsed in open_values) for reading in rivals}
    if only.get("dmy") and only.get("mdy"):
        fields = {"value": problem.value, "dmy": only["dmy"], "mdy": only["mdy"]}
        return Decision("ambiguous_dates", readings, problem.column, fields=fields, words="dates_mixed")
    return Decision("ambiguous_dates", readings, problem.column, fields={"value": problem.value})


def _unread_dates(judged: Judged) -> dict[str, int]:
    """The texts that were read as no date, with their rows."""
    if "date" not in judged.header.found or judged.mapping.date_format:
        return {}
    distinct, codes = judged.rows.distinct["date"], judged.rows.codes["date"]
    counts = np.bincount(codes[judged.of("bad_date")], minlength=len(distinct))
    found: dict[str, int] = {}
    for value, count in zip(distinct, counts):
        if count and (text := cell_text(value)):
            found[text] = found.get(text, 0) + int(count)
    return found


def year_day_month(judged: Judged) -> Decision | None:
    """Dates such as 2024-13-04: the only reading that all of the column allows has the day in the middle."""
    unread = _unread_dates(judged)
    if not unread:
        return None
    for text in unread:
        found = _YEAR_FIRST.fullmatch(text)
        if found is None or not 12 < int(found["second"]) <= 31:
            return None
    texts = [
        found for value in judged.rows.distinct["date"] if (found := _YEAR_FIRST.fullmatch(cell_text(value)))
    ]
    if any(int(found["third"]) > 12 for found in texts):
        return None
    name = judged.heading("date")
    reading = Reading("ydm", {"date_format": "ydm"})
    fields = {"value": next(iter(unread))}
    return Decision("year_day_month", (reading,), name, sum(unread.values()), fields, certain=True)


def bare_digits(judged: Judged) -> Decision | None:
    """Dates such as 03012024 or 240103: taken where all of the column allow one order, and some day is above 12."""
    unread = _unread_dates(judged)
    if len(unread) < 2 or judged.used.any() or not all(text.isdigit() for text in unread):
        return None
    if any(all(map(pattern.fullmatch, unread)) for pattern, _ in _MONTHS_ONLY):
        return None  # 201204 is a month
    width = 8 if max(map(len, unread)) > 6 else 6
    fitting = {}
    for date_format in BARE_DIGITS[width]:
        read = DateReader(date_format).read
        days = [read(text) if width - len(text) in (0, 1) else None for text in unread]
        if None not in days and max(days) - min(days) < _LONGEST and any(day.day > 12 for day in days):
            fitting[date_format] = days
    if len(fitting) != 1:
        return None
    ((date_format, days),) = fitting.items()
    fields = {"value": next(iter(unread)), "day": f"{days[0]:%Y-%m-%d}"}
    reading = Reading("taken", {"date_format": date_format})
    rows = sum(unread.values())
    return Decision("bare_digits", (reading,), judged.heading("date"), rows, fields, certain=True)


def months_only(judged: Judged) -> Decision | None:
    """A month and no day in every row: bills and subscriptions."""
    unread = _unread_dates(judged)
    rows = sum(unread.values())
    if not rows or rows < _MOST * (rows + judged.used.sum()):
        return None
    for pattern, date_format in _MONTHS_ONLY:
        if all(pattern.fullmatch(text) for text in unread):
            name = judged.heading("date")
            reading = Reading("first", {"date_format": date_format})
            return Decision("months_only", (reading,), name, rows, {"value": next(iter(unread))})
    return None


def swapped(judged: Judged) -> Decision | None:
    """Real dates whose days are all 12 or less beside text whose days are all above:
    Excel took mm/dd where it could.
    """
    if "swapped" in judged.mapping.as_read or judged.mapping.swapped_dates or judged.moments is None:
        return None
    distinct = judged.rows.distinct["date"]
    counts = np.bincount(judged.rows.codes["date"][judged.used], minlength=len(distinct))
    sure, texts, either = [], [], []
    for parsed, count in zip(distinct.parsed, counts):
        if not count or parsed is None:
            continue
        if not isinstance(parsed, dict):
            sure.append(parsed)
        elif len({moment.date() for moment in parsed.values()}) == 1 and len(parsed) == 1:
            texts.append(next(iter(parsed.values())))
        else:
            either.append(parsed)
    if len(sure) < 2 or not texts or either:
        return None
    if any(moment.day > 12 for moment in sure) or any(moment.day <= 12 for moment in texts):
        return None
    if all(moment.day == moment.month for moment in sure):
        return None
    name = judged.heading("date")
    rows = int(
        sum(counts[i] for i, p in enumerate(distinct.parsed) if p is not None and not isinstance(p, dict))
    )
    readings = (Reading("swapped", {"swapped_dates": True}), as_it_stands("swapped"))
    return Decision("swapped", readings, name, rows)


def outliers(judged: Judged) -> Decision | None:
    """A few dates far outside all others: default dates are set aside, others are asked about."""
    mapping = judged.mapping
    if judged.moments is None or "date_outliers" in mapping.as_read or not judged.used.any():
        return None
    days = np.sort(judged.moments[judged.used].astype("datetime64[D]"))
    if len(days) < 3:
        return None
    name = judged.heading("date")
    first = None if mapping.first_date else _break(days)
    last = None if mapping.last_date else _break(days[::-1])
    if first is None and last is None:
        return None
    patch, beyond = {}, []
    if first is not None:
        patch["first_date"] = str(days[first])
        beyond += sorted(set(days[:first].tolist()))
    if last is not None:
        patch["last_date"] = str(days[::-1][last])
        beyond += sorted(set(days[::-1][:last].tolist()))
    rows = (first or 0) + (last or 0)
    fields = {"values": ", ".join(str(day) for day in beyond[:5]), "first": str(days[first or 0])}
    fields["last"] = str(days[::-1][last or 0])
    leave_out = Reading("set_aside", patch, fields=fields)
    by_default = last is None and all(np.datetime64(day) in _PLACEHOLDERS for day in beyond)
    if by_default:
        return Decision("date_outliers", (leave_out,), name, rows, fields, "date_placeholders", certain=True)
    if len(days) < _ENOUGH:
        return None
    return Decision("date_outliers", (leave_out, as_it_stands("date_outliers")), name, rows, fields)


def _break(days: np.ndarray) -> int | None:
    """How many dates at this end are few and far from all others; None when there is no such break."""
    placed = int(np.isin(days, _PLACEHOLDERS).sum())
    most = max(1, int(_FEW * len(days)), placed if placed <= _DEFAULTS * len(days) else 0)
    rest = days[most:]
    span = abs(int((rest[-1] - rest[0]).astype(int)))
    most = min(most, len(days) - 2)
    gaps = np.abs(np.diff(days[: most + 1]).astype(int))
    breaks = np.flatnonzero(gaps > max(_APART, 3 * span))
    return int(breaks[-1]) + 1 if len(breaks) else None
