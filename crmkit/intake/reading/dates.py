"""Dates as clients write them, and the one reading of dd/mm and mm/dd that the whole column allows.

A value that has one meaning (2024-03-05, 2024年3月5日, 5 Mar 2024, an Excel serial) is read at once. A value of three
bare numbers with the year last is kept under every reading (dmy, mdy, for two-digit years also ymd) until the column
decides. A time's offset is dropped: the date is the one on the clock that wrote it, unless the mapping has
``time_zone``.
Dates outside 1950–2100 (0000-00-00, 1900-01-00, 9999-12-31) are placeholders, not purchases, and count as unreadable.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from crmkit.core.errors import CrmkitError, refusal

from .table import as_strings, bare_text

FIRST_YEAR, LAST_YEAR = 1950, 2100
READINGS = ("dmy", "mdy", "ymd")
ORDERS = (*READINGS, "ydm")  # which a mapping may name
# one dissenting row in twenty is a slip of the pen; more than that is two habits in one file, which is refused
DISSENT = 0.05
_FEW_YEARS = 3  # in the first of three two-digit fields, where the last has many values

# in which months' names are read; Croatian is none of them: its listopad is October, and November in Poland
_LANGUAGES = "en fr de es it pt nl pl sv da nb ru uk cs sk fi el th ar tr ro hu id".split()
_MONTHS = {m: i + 1 for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
_MONTH = r"(?P<mon>jan|feb|mar(?!ras)|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ZONE = r"(?P<zone>z|utc|gmt|[a-z]{3,4}|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)?"
_TIME = (
    r"(?:[\s,t]*(?P<half1>上午|下午|오전|오후|午前|午後|凌晨|早上|中午|晚上|am|pm)?\s*(?P<h>\d{1,2})"
    r"(?:[:时時点](?P<mi>\d{1,2})(?:[:分](?P<s>\d{1,2})(?:[.,]\d+)?秒?)?分?|[时時点])"
    r"\s*(?P<half2>[ap]\.?m\.?)?\s*" + _ZONE + r"(?:\s*\([a-z ]+\))?)?"
)
_NOON = "中午"
_AFTERNOON = ("下午", "오후", "午後", "晚上", "pm")
_MORNING = ("上午", "오전", "午前", "凌晨", "am")
_WEEKDAY = (
    r"(?:[\s,]*[(]?(?:星期|周|週)[一二三四五六日天][)]?[\s,]*|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+|"
    r"\s*\((?:[月火水木金土日월화수목금토일]|mon|tue|wed|thu|fri|sat|sun)\))?"
)
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_SHAPES = [
    re.compile(_WEEKDAY + shape + _WEEKDAY + _TIME + r"\s*")
    for shape in (
        r"(?P<y>\d{4})\s*[-/.年년]\s*(?P<m>\d{1,2})\s*[-/.月월]\s*(?P<d>\d{1,2})\s*[日号號일]?",
        r"(?P<d>\d{1,2})\s*tháng\s*(?P<m>\d{1,2})[\s,]*(?:năm\s*)?(?P<y>\d{4})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        _DAY + r"[\s./-]*(?:of\s+)?" + _MONTH + r"[\s,./-]*(?P<y>\d{4}|\d{2})",
        _MONTH + r"[\s./-]*" + _DAY + r"[\s,./-]+(?P<y>\d{4}|\d{2})",
        r"(?P<y>\d{4})[\s./-]*" + _MONTH + r"[\s./-]*" + _DAY,
        r"(?P<y>\d{2})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号號]?",
        r"(?:中华民国|中華民國|民国|民國)?\s*(?P<roc>\d{2,3})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号號]?",
        r"(?P<era>令和|平成|昭和|[rhs])\s*(?P<ey>\d{1,2}|元)\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*日?",
        r"(?P<roc>1\d{2})\s*[-/.]\s*(?P<m>\d{1,2})\s*[-/.]\s*(?P<d>\d{1,2})",
    )
]
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})[t ]?(\d{2})(\d{2})(\d{2})?(z|[+-]\d{4})?")
_OPEN = re.compile(
    r"(?P<a>\d{1,2})\s*(?P<sep>[/.-])\s*(?P<b>\d{1,2})\s*(?P=sep)\s*(?P<c>\d{4}|\d{1,2})" + _TIME + r"\s*"
)
_CLOCK = re.compile(r"^(?P<day>\S{6,10})[ T](?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)$")
# 2024. 01. 04. and 4.1.2024. 10:22
_LAST_POINT = re.compile(r"(?:(?<=[./ ]\d)|(?<=[./ ]\d\d)|(?<=[./ ]\d{4}))\.$|(?<=\d)\.(?= \d{1,2}:)")
_DOTNET = re.compile(r"\\?/date\((-?\d+)(?:[+-]\d{4})?\)\\?/")  # as .NET writes JSON
_SAS = re.compile(r"(?<=[a-z]\d\d):(?=\d)|(?<=[a-z]\d{4}):(?=\d)")  # 03JAN24:10:20:30
# nothing but digits, of which the whole column says what they are: how many, and the orders that may be theirs
BARE_DIGITS = {8: ("%d%m%Y", "%m%d%Y"), 6: ("%y%m%d", "%d%m%y", "%m%d%y")}
_WIDTHS = {pattern: width for width, patterns in BARE_DIGITS.items() for pattern in patterns}
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")


_YEAR_DAY_MONTH = re.compile(r"^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})\b")
BUDDHIST_ERA = 543  # Thailand counts the years from the death of the Buddha
BUDDHIST_FIRST, BUDDHIST_LAST = FIRST_YEAR + BUDDHIST_ERA, LAST_YEAR + BUDDHIST_ERA
# the year before the first
_ERAS = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925, "s": 1925}
_ROC = 1911  # the first year of the Republic of China is 1912
# seconds since 1970 (of 1990 to 2100), or thousandths or millionths of them
EPOCH_FIRST, EPOCH_LAST = 631_152_000, 4_102_444_800
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}|\d{15,16}")


def _epoch_seconds(number) -> int:
    """A number as whole seconds since 1970; 0 when it has as many digits as none of them."""
    digits = len(str(abs(int(number))))
    if digits in (9, 10):
        return int(number)
    if digits in (12, 13):
        return int(number) // 1000
    return int(number) // 1_000_000 if digits in (15, 16) else 0


def month_named(word: str) -> int | None:
    """The number of the month that a word names in one of these languages; None when it names none.

    >>> month_named("March"), month_named("Mär"), month_named("Sales")
    (3, 3, None)
    """
    return _foreign_months().get(_unaccented(word))


@cache
def _foreign_months() -> dict[str, int]:
    """Names and abbreviations of months in the languages of European exports, without accents."""
    from babel.dates import get_month_names

    names = {}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for month, name in get_month_names(width, locale=language).items():
                names.setdefault(_unaccented(name.rstrip(".")), month)
    return names


def _unaccented(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


class DateReader:
    """Reads single values; ``date_format`` and ``time_zone`` come from the mapping."""

    def __init__(
        self, date_format: str | None = None, time_zone: str | None = None, epoch_1904: bool = False
    ):
        self.reading = date_format if date_format in ORDERS else None
        self.pattern = date_format if date_format and self.reading is None else None
        self.epoch = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 30)
        self.zone = ZoneInfo(time_zone) if time_zone else None

    def read(self, value):
        """A datetime, or ``{reading: datetime}`` while several readings are open, or None when it is no date."""
        if isinstance(value, str):
            return self._read_text(value)
        if isinstance(value, datetime):  # also pandas.Timestamp
            return self._plausible(self._wall_clock(value))
        if isinstance(value, np.datetime64):
            return self.read(value.astype("datetime64[us]").item())
        if isinstance(value, date):
            return self._plausible(datetime(value.year, value.month, value.day))
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            or type(value).__name__ == "Decimal"
        ):
            return self._read_number(value)
        return None

    def _read_text(self, text: str):
        text = bare_text(text)
        if self.reading == "ydm":
            text = _YEAR_DAY_MONTH.sub(r"\1\2\4\2\3", text)
        if self.pattern:
            if text.isdigit():  # a spreadsheet drops the 0 of 03012024
                text = text.zfill(_WIDTHS.get(self.pattern, 0))
            try:
                return self._plausible(self._wall_clock(datetime.strptime(text, self.pattern)))
            except ValueError:
                return None
        if len(text) >= 10 and text[4] == text[7] and text[4] in "-/":  # the common case, in C
            try:
                iso = text.replace("/", "-")
                moment = self._plausible(
                    self._wall_clock(datetime.fromisoformat(iso[:10].replace(" ", "0") + iso[10:]))
                )
            except ValueError:
                moment = None
            if moment is not None:
                return moment
        text = unicodedata.normalize("NFKC", text).casefold().strip()
        if not text or not any(c.isdigit() for c in text):
            return None
        text = _SAS.sub(" ", _LAST_POINT.sub("", text))
        if found := _DOTNET.fullmatch(text):
            return self._read_number(int(found[1]))
        if _SERIAL.fullmatch(text):
            return self._read_number(float(text))
        if found := _COMPACT.fullmatch(text):
            return self._built(*(int(g or 0) for g in found.groups()[:6]), zone=found[7])
        for shape in _SHAPES:
            if found := shape.fullmatch(text):
                part = found.groupdict()
                month = _MONTHS[part["mon"]] if part.get("mon") else int(part["m"])
                year = _year_of(part)
                return self._built(year, month, int(part["d"]), *_clock(part), zone=part["zone"])
        if _EPOCH.fullmatch(text):
            return self._read_number(int(text))
        if not (found := _OPEN.fullmatch(text)):
            return self._read_foreign(text)
        part = found.groupdict()
        a, b, c = part["a"], part["b"], part["c"]
        year_last = {"dmy": (c, b, a), "mdy": (c, a, b)} if len(c) > 1 else {}
        fields = year_last | ({"ymd": (a, b, c)} if len(a) == 2 and len(c) <= 2 else {})
        options = {
            reading: built
            for reading, (y, m, d) in fields.items()
            if (built := self._built(_year(y), int(m), int(d), *_clock(part), zone=part["zone"]))
        }
        return options.get(self.reading) if self.reading else options or None

    def _read_foreign(self, text: str):
        """A month's name in another European language (15 mars 2024, 3. März 2024)."""
        for word in re.findall(r"[^\s\d.,;:/()_-]{3,}", text):
            if month := _foreign_months().get(_unaccented(word)):
                english = text.replace(word, list(_MONTHS)[month - 1], 1)
                english = re.sub(r"\bde\b|\bof\b", " ", english)
                return self._read_text(english) if english != text else None
        return None

    def _read_number(self, number):
        if number != number:
            return None
        if self.pattern and number == int(number):
            return self._read_text(str(int(number)))
        if 19500101 <= number <= 21001231 and number == int(number):
            n = int(number)
            return self._built(n // 10000, n // 100 % 100, n % 100)
        if EPOCH_FIRST <= (seconds := _epoch_seconds(number)) <= EPOCH_LAST:
            moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
            if self.zone:
                moment = moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)
            return self._plausible(moment)
        if 10_000 <= number < 100_000:
            # to the second: a serial's day fraction carries rounding noise
            return self._plausible(self.epoch + timedelta(seconds=round(float(number) * 86400)))
        return None

    def _built(self, year, month, day, hour=0, minute=0, second=0, zone=None):
        if hour is None:
            return None
        next_day = hour == 24 and minute == second == 0
        try:
            moment = datetime(year, month, day, 0 if next_day else hour, minute, min(second, 59))
        except ValueError:
            return None
        moment += timedelta(days=next_day)
        if zone and self.zone and (offset := _offset(zone)) is not None:
            moment = (moment - offset).replace(tzinfo=UTC).astimezone(self.zone)
        return self._plausible(moment.replace(tzinfo=None))

    def _wall_clock(self, moment):
        if moment.tzinfo is None:
            return moment
        if self.zone:
            moment = moment.astimezone(self.zone)
        return moment.replace(tzinfo=None)

    def _plausible(self, moment):
        return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def swapped(moment: datetime | None) -> datetime | None:
    """The date with day and month exchanged, where that is one."""
    if moment is None or moment.day > 12:
        return moment
    return moment.replace(month=moment.day, day=moment.month)


def split_clock(column):
    """``2024-03-05 10:11:12`` as ``2024-03-05`` and its seconds: a column of timestamps then has few distinct values.

    Comes back as (days as an Arrow dictionary array, seconds, which cells were split), or None.
    """
    first = str(column[0]) if len(column) else ""
    texts = as_strings(column) if _CLOCK.fullmatch(first) else None
    if texts is None:
        return None
    parts = pc.extract_regex(texts, _CLOCK.pattern)
    day, clock = (pc.struct_field(parts, [name]).dictionary_encode() for name in ("day", "clock"))
    known = np.array([_seconds(c) for c in clock.dictionary.to_pylist()] + [-1], dtype=np.int64)
    seconds = known[pc.fill_null(clock.indices, -1).to_numpy(zero_copy_only=False)]
    return day, np.maximum(seconds, 0), seconds >= 0


def split_moments(column: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """As ``split_clock`` for a Series of moments: their days, and the seconds since midnight; any other as it is."""
    nothing = np.zeros(len(column), dtype=np.int64)
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind != "M":
        return column, nothing
    moments = column.to_numpy("datetime64[us]")
    midnight = moments.astype("datetime64[D]").astype("datetime64[us]")
    since = np.where(np.isnat(moments), 0, (moments - midnight).astype(np.int64))
    if (since % 1_000_000).any():
        return column, nothing
    return pd.Series(midnight), since // 1_000_000


@lru_cache(maxsize=90_000)  # a day has 86,400
def _seconds(clock: str) -> int:
    hour, minute, second = (int(p) for p in (clock + ":0").split(":")[:3])
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else -1


def _offset(zone: str) -> timedelta | None:
    found = re.fullmatch(r"(?:z|utc|gmt)?(?:([+-])(\d{1,2}):?(\d{2})?)?", zone)
    if not found:
        return None
    span = timedelta(hours=int(found[2] or 0), minutes=int(found[3] or 0))
    return -span if found[1] == "-" else span


def _year(text: str) -> int:
    year = int(text)
    if BUDDHIST_FIRST <= year <= BUDDHIST_LAST:
        return year - BUDDHIST_ERA
    return year if len(text) == 4 else year + (2000 if year < 69 else 1900)  # as POSIX and Excel nearly do


def _year_of(part: dict) -> int:
    if part.get("era"):
        return _ERAS[part["era"]] + (int(part["ey"]) if part["ey"].isdigit() else 1)
    return int(part["roc"]) + _ROC if part.get("roc") else _year(part["y"])


def _clock(part: dict) -> tuple:
    if part["h"] is None:
        return (0, 0, 0)
    hour, minute, second = int(part["h"]), int(part["mi"] or 0), int(part["s"] or 0)
    half = (part["half1"] or part["half2"] or "").replace(".", "")
    if (half in _AFTERNOON and hour < 12) or (half == _NOON and hour < 11):
        hour += 12
    if half in _MORNING and hour == 12:
        hour = 0
    return (hour, minute, second) if hour <= 24 and minute < 60 and second <= 60 else (None, 0, 0)


def separator_of(text: str) -> str:
    """What stands between the numbers of a date."""
    found = _OPEN.match(unicodedata.normalize("NFKC", text).strip().casefold())
    return found["sep"] if found else ""


def decide(options: list[dict], counts: list[int], examples: list, column: str) -> str | None:
    """The reading under which every open value is a date, or CrmkitError ambiguous_dates; None when nothing is open.

    ``options`` holds each distinct open value's ``{reading: datetime}``, ``counts`` its rows, ``examples`` its text.
    """
    if not options:
        return None
    rivals = ["dmy", "mdy"]
    # 24/03/05: the year stands first when the first field varies less than the last
    split = [re.split(r"[/.-]", e.strip()) for e in examples]
    steady = len({s[0].strip() for s in split}) < len({s[2].strip()[:2] for s in split})
    if any("ymd" in o for o in options) and (steady or not any(r in o for o in options for r in rivals)):
        rivals = list(READINGS)
    covered = {r: sum(n for o, n in zip(options, counts) if r in o) for r in rivals}
    fits = [r for r in rivals if covered[r] == sum(counts)]
    if not fits:
        # values that nothing in play can read do not count against a reading
        readable = sum(n for o, n in zip(options, counts) if o.keys() & set(rivals))
        fits = [r for r in rivals if (1 - DISSENT) * readable <= covered[r] == max(covered.values())]
    years = {s[0].strip() for s in split}
    if "ymd" in fits and len(years) <= _FEW_YEARS and len({s[2].strip()[:2] for s in split}) > 2 * _FEW_YEARS:
        fits = ["ymd"]  # nobody sells on the same day of the month for many years
    apart = [i for i, o in enumerate(options) if len({o[r] for r in fits if r in o}) > 1]
    if fits and not apart:  # one reading, or several that give the same days
        return fits[0]
    formats = ", ".join(f'"{r}"' for r in rivals)
    if fits:
        option, example = options[apart[0]], str(examples[apart[0]])
        readings = " / ".join(f"{r} {option[r]:%Y-%m-%d}" if r in option else f"{r} —" for r in rivals)
        raise CrmkitError("ambiguous_dates", column=column, value=example, readings=readings, formats=formats)
    only = {r: next((str(e) for e, o in zip(examples, options) if list(o) == [r]), "—") for r in rivals}
    raise refusal(
        "ambiguous_dates",
        "ambiguous_dates_mixed",
        column=column,
        value=only["dmy"],
        formats=formats,
        examples=" / ".join(f"{r}: {e}" for r, e in only.items()),
    )
