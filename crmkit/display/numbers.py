"""How a number, a share, an amount of money or a date is written: as Babel's locale data has it,
with a true minus sign.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_symbol, parse_pattern

from crmkit.core.catalogue import Pair
from crmkit.core.columns import column_kind
from crmkit.core.language import LANGUAGES, get_language, minus_sign

# international English: 3 May 2026; where both languages are shown, numbers are written as in English
_LOCALES = {"zh": Locale("zh", "CN", "Hans"), "en": Locale("en", "001"), "both": Locale("en", "001")}
_ZEROS_A_UNIT = {
    "zh": 4,
    "en": 3,
    "both": 3,
}  # 万, 亿: ten thousand of one make the next; k, M, B: a thousand


_ENGLISH_UNITS = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_ENGLISH_NUMBER = re.compile(r"(?<![\w.,])(?P<digits>\d+(?:\.\d+)?)(?P<unit>[kMBT])(?!\w)", re.ASCII)


@cache
def _pattern(text: str):
    return parse_pattern(text)  # by far the slowest part of writing a number


def _write(value: float, pattern: str) -> str:
    """The number by a pattern of Babel's; what is rounded to nothing has no sign."""
    if not math.isfinite(value):
        return minus_sign(str(float(value)))
    text = _pattern(pattern).apply(value, _LOCALES["en"])
    return minus_sign(text) if any(digit in text for digit in "123456789") else text.removeprefix("-")


def decimal(value: float, digits: int = 2) -> str:
    """A number with thousands separators and so many digits.

    >>> decimal(-1234.567), decimal(1234.567, 0)
    ('−1,234.57', '1,235')
    """
    return _write(value, "#,##0" + ("." + "0" * digits if digits else ""))


def significant(value: float, digits: int, suffix: str = "") -> str:
    """A number with at most so many digits that mean something; ``suffix`` "%" writes a share as a percentage.

    >>> significant(0.123456789, 6), significant(1234.5, 6), significant(0.12346, 4, "%")
    ('0.123457', '1234.5', '12.35%')
    >>> significant(0.0, 6)
    '0'
    """
    if value == 0:  # Babel's 0.0
        return f"0{suffix}"
    return _write(value, "@" + "#" * (digits - 1) + suffix)


def percent(share: float, digits: int = 1) -> str:
    """
    >>> percent(0.1234), percent(-0.05), percent(0.5, 0)
    ('12.3%', '−5.0%', '50%')
    """
    return _write(share, "0" + ("." + "0" * digits if digits else "") + "%")


def small_percent(share: float, digits: int = 1) -> str:
    """A share in a table: one that is not nothing never reads as 0.0%.

    >>> small_percent(0.00003), small_percent(0.0), small_percent(0.123)
    ('<0.1%', '0.0%', '12.3%')
    """
    least = 10 ** -(digits + 2)
    return f"<{percent(least, digits)}" if 0 < share < least / 2 else percent(share, digits)


def scientific(value: float) -> str:
    """
    >>> scientific(1.5e20)
    '1.5E20'
    """
    return _write(value, "0.#####E0")


def number(value: float, lang: str | None = None, *, exact: bool = False) -> str:
    """A short number: 1.2万 in Chinese, 12k in English and where both are shown.

    ``exact``: with as many digits as it takes, up to six, for what stands at a place of its own, as a tick does.

    >>> import crmkit; crmkit.set_language("zh"); number(12345), number(250_000_000), number(2e12)
    ('1.2万', '2.5亿', '2万亿')
    >>> crmkit.set_language("en"); number(12345), number(-1_500_000), number(999)
    ('12.3k', '−1.5M', '999')
    >>> number(1_250_000), number(1_250_000, exact=True), number(0.25, exact=True)
    ('1.2M', '1.25M', '0.25')
    """
    if not math.isfinite(value):
        return minus_sign(str(float(value)))
    lang = lang or get_language()
    zeros = _ZEROS_A_UNIT[lang]
    of_units, step = value, 0
    while abs(of_units) >= 10**zeros - 0.5 and _unit(lang, zeros * (step + 1)):
        of_units /= 10**zeros
        step += 1
    digits = 1 if abs(of_units) < (100 if step else 10) else 0
    if exact:
        digits = next((d for d in range(digits, 6) if abs(round(of_units, d) - of_units) < 1e-7), 6)
    return _write(of_units, "#,##0" + ("." + "#" * digits if digits else "")) + _unit(lang, zeros * step)


@cache
def _unit(lang: str, zeros: int) -> str:
    """What the language writes behind a number for so many zeros; nothing where it has no word for them."""
    patterns = _LOCALES[lang].compact_decimal_formats["short"]["other"]
    pattern = patterns.get("1" + "0" * zeros) if zeros else None
    unit = pattern.suffix[0] if pattern else ""
    return "k" if unit == "K" else unit  # a thousand is a small k, as in kg


def number_pair(value: float) -> Pair:
    """The short number in both languages.

    >>> number_pair(12345)
    Pair(zh='1.2万', en='12.3k')
    """
    return Pair(number(value, "zh"), number(value, "en"))


def number_texts(value: float) -> dict[str, str]:
    """The short number as an explorer's text: each language has its own, and both together one.

    >>> number_texts(12345)
    {'zh': '1.2万', 'en': '12.3k', 'both': '12.3k'}
    """
    return {lang: number(value, lang) for lang in LANGUAGES}


def with_chinese_units(text: str) -> str:
    """A text with its short English numbers as Chinese writes them: a figure of both languages shown in Chinese.

    >>> with_chinese_units("利润 −12.3k (9.5k ~ 1.2M)")
    '利润 −1.23万 (9,500 ~ 120万)'
    """
    return _ENGLISH_NUMBER.sub(_in_chinese_units, text)


def _in_chinese_units(found: re.Match) -> str:
    return number(float(found["digits"]) * _ENGLISH_UNITS[found["unit"]], "zh", exact=True)


def money(value: float, sign: str = "", *, digits: int) -> str:
    """An amount behind its currency's sign, and the minus before both.

    >>> money(-1234.5, "€", digits=2), money(-0.001, "€", digits=2)
    ('−€1,234.50', '€0.00')
    """
    text = decimal(value, digits)
    return f"−{sign}{text[1:]}" if text.startswith("−") else f"{sign}{text}"


def currency_sign(code: str | None) -> str:
    """How a currency is written before an amount: ``"USD"`` is $, an unknown code stands for itself, None is nothing.

    >>> currency_sign("CNY"), currency_sign("USD"), currency_sign("HKD"), currency_sign("XYZ"), currency_sign(None)
    ('¥', '$', 'HK$', 'XYZ ', '')
    """
    if not code:
        return ""
    if code == "CNY":  # a report has one currency: English need not say whose ¥ it is
        return "¥"
    sign = get_currency_symbol(code, locale="en")
    return f"{code} " if sign == code else sign


def day(value: date, lang: str) -> str:
    """
    >>> from datetime import date
    >>> day(date(2026, 5, 3), "zh"), day(date(2026, 5, 3), "en")
    ('2026年5月3日', '3 May 2026')
    """
    return format_date(value, "long", locale=_LOCALES[lang])


def month(value: date, lang: str) -> str:
    """
    >>> from datetime import date
    >>> month(date(2026, 5, 3), "zh"), month(date(2026, 5, 3), "en")
    ('2026年5月', 'May 2026')
    """
    moment = datetime(value.year, value.month, value.day)  # of a bare date Babel makes no skeleton
    return format_skeleton("yMMMM", moment, tzinfo=UTC, locale=_LOCALES[lang])


def calendar_month(value: date, lang: str) -> str:
    """
    >>> from datetime import date
    >>> calendar_month(date(2026, 5, 3), "zh"), calendar_month(date(2026, 5, 3), "en")
    ('5月', 'May')
    """
    return format_date(value, "LLL" if lang == "zh" else "LLLL", locale=_LOCALES[lang])


def written(column: str) -> Callable[[float], str]:
    """How the values of a column are written in a figure: shares as %, what is no share as a short number.

    >>> written("customer_share")(0.25), written("revenue")(12345)
    ('25.0%', '12.3k')
    """
    return percent if column_kind(column) == "share" else number
