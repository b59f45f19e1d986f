"""Amounts as clients write them → exact decimals; whether comma or point is the decimal mark, the whole column says.

A fraction of a cent is rounded half up (away from zero), row by row. What is no number under the column's reading
(12,5 in a column of 12.50) is not guessed at: it is unreadable.
"""

import re
import unicodedata
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import plain_unit, vocabulary
from .table import as_strings, bare_text

LARGEST = Decimal(10) ** 13  # a larger amount is an account number in the wrong column
_SIMPLE = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
SIDES = ("dr", "cr", "d", "c", "h", "s")  # of an account: no currencies
_DASHES = str.maketrans("−–—‐‑‒﹣’‘`٫٬", "-------'''.,")  # and the marks of Arabic
_ACCOUNTED_ZERO = re.compile(
    r"\s+[^\w\s]?\s*-\s*[^\w\s]?\s*|[^\w\s-]?\s*-\s+[^\w\s-]?"
)  # " -   ", as Excel shows 0
# ▲1,200 in Japan, 红字 in a Chinese ledger: a minus
_MINUS_WORDS = re.compile(r"(?:[▲△▼▽]|负|負|红字|紅字)\s*(?=[^\d()-]{0,4}\d)")
# 120,- and 1'200.-: no cents; 1,234/- in India, 1,000/= in East Africa
_NO_CENTS = re.compile(r"(?<=\d)(?P<mark>[.,])\s?-{1,2}(?=\D*$)|(?<=\d)/[-=](?=\D*$)")
# 34€50, 34元5: the currency stands where the decimal mark does
_SIGN_FOR_MARK = re.compile(r"(?P<whole>\d+)\s?(?P<sign>[€£$¥元块塊圆])\s?(?P<cents>\d{1,2})(?:角|分)?")
_MARKED = re.compile(
    r"(?P<before>[^\W\d_]{1,12})?[\s:：]*(?P<number>-?[^\w\s()（）]{0,3}\s?\d[\d.,' ]*?)\s*[(（]?(?P<behind>[^\W\d_]{1,12})?[)）]?"
)
_SIGNED = re.compile(
    r"-?\s*(?:(?P<before>[^\d,\s()+%-]{1,5})\s*)?-?\d[\d.,' ]*(?P<behind>[^\d,\s()+%-]{1,5})?"
)
# the power of ten that a word behind a number means
_SCALES = {"k": 3, "千": 3, "万": 4, "萬": 4, "十万": 5, "百万": 6, "百萬": 6}
_SCALES |= {"千万": 7, "千萬": 7, "亿": 8, "億": 8, "万亿": 12}
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<before>[-+])?\s*(?P<digits>(?:[0-9][0-9.,' ]*|[.,][0-9]+)(?:e[+-]?[0-9]{1,2})?)\s*"
    rf"(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))})?\s*(?P<after>[-+])?\s*(?P<close>\))?"
)
# whole digits bare, in threes, or as in India 12,34,567; then the fraction
_READABLE = {
    mark: re.compile(
        rf"(?:[0-9]+|(?!0[^0-9])[0-9]{{1,3}}([{other}' ])[0-9]{{3}}(?:\1[0-9]{{3}})*|"
        rf"[0-9]{{1,2}}(?:([{other}' ])[0-9]{{2}})(?:\2[0-9]{{2}})*\2[0-9]{{3}})(?:[{mark}][0-9]*)?|[{mark}][0-9]+"
    )
    for mark, other in ((".", ","), (",", "."))
}


@cache
def _currency_pattern() -> re.Pattern:
    names = sorted(vocabulary()["currency_of"], key=len, reverse=True)
    # Rs. 1,000 and 12,00 kr.: a word may end in a full stop
    return re.compile(
        "|".join(r"\s*".join(map(re.escape, n)) + (r"\.?" if n[-1].isalpha() else "") for n in names)
    )


class Amount(NamedTuple):
    """One value taken apart: sign, digits with their separators, scale, currency; read under a decimal mark later."""

    digits: str = ""
    negative: bool = False
    scale: int = 0
    currency: str | None = None
    exact: Decimal | None = None

    def value(self, decimal_mark: str) -> Decimal | None:
        if self.exact is not None:
            return self.exact
        number = _read_digits(self.digits, decimal_mark)
        if number is None or abs(number := number.scaleb(self.scale)) > LARGEST:
            return None
        return -number if self.negative else number


def take_apart(value) -> Amount | None:
    """The parts of one cell, or None when it is no amount (blank, text, a percentage, NaN, infinity)."""
    if isinstance(value, str):
        return _take_apart_text(value)
    if value is None or isinstance(value, bool) or value != value:
        return None
    try:  # floats as a spreadsheet shows them, to 15 significant digits
        exact = Decimal(format(value, ".15g") if isinstance(value, float) else str(value))
    except ArithmeticError:
        return None
    return Amount(exact=exact) if exact.is_finite() and abs(exact) <= LARGEST else None


def _take_apart_text(text: str) -> Amount | None:
    if _SIMPLE.fullmatch(text):
        negative = text[0] == "-"
        return Amount(digits=text[negative:], negative=negative)
    if _ACCOUNTED_ZERO.fullmatch(text):
        return Amount(exact=Decimal(0))
    text = unicodedata.normalize("NFKC", bare_text(text)).translate(_DASHES).casefold()
    if not text.isascii():  # the digits of other scripts
        text = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)
    text = re.sub(r"\s+", " ", text)
    if "-" in text or "/" in text:
        text = _NO_CENTS.sub(lambda mark: f"{mark['mark']}00" if mark["mark"] else "", text)
    if not text.isascii():
        text = _MINUS_WORDS.sub("-", text, count=1)
    currency, found = None, _AMOUNT.fullmatch(text)
    if not found and (spoken := _SIGN_FOR_MARK.fullmatch(text)):
        whole, sign, cents = spoken.group("whole", "sign", "cents")
        exact = Decimal(f"{whole.replace(' ', '')}.{cents}")
        return Amount(exact=exact, currency=vocabulary()["currency_of"].get(sign, "CNY"))
    if not found:
        text, currency = _take_currency(text)
        found = _AMOUNT.fullmatch(text)
    if not found or (found["open"] is None) != (found["close"] is None):
        return None
    marks = [m for m in (found["open"], found["before"], found["after"]) if m]
    if len(marks) > 1:
        return None
    return Amount(found["digits"].strip(), marks in (["("], ["-"]), _SCALES.get(found["scale"], 0), currency)


def take_apart_signed(value, signs: tuple[str, ...]) -> Amount | None:
    """As ``take_apart``; before or behind the number one of these signs may stand, which is then its currency.

    >>> take_apart_signed("Q 12.50", ("Q",)).currency
    'Q'
    """
    amount = take_apart(value)
    if amount is not None or not isinstance(value, str):
        return amount
    for sign in signs:
        rest = without_sign(value, sign)
        amount = None if rest is None else take_apart(rest)
        if amount is not None and amount.currency is None:
            return amount._replace(currency=sign)
    return None


def mark_beside_number(value) -> tuple[str, str] | None:
    """A word before or behind a number, and the number; None where there is no word, or one on either side.

    >>> mark_beside_number("34.50(退)"), mark_beside_number("$12 refunded"), mark_beside_number("12.50")
    (('退', '34.50'), ('refunded', '$12'), None)
    """
    found = _MARKED.fullmatch(bare_text(value)) if isinstance(value, str) else None
    if found is None or bool(found["before"]) == bool(found["behind"]):
        return None
    return found["before"] or found["behind"], found["number"].strip()


def take_apart_marked(value, marks: dict[str, int], take=None) -> Amount | None:
    """As ``take_apart``; a word beside the number that is among the marks says whether it counts
    for or against (1, -1).

    >>> take_apart_marked("34.50(退)", {"退": -1}).negative
    True
    """
    amount = (take or take_apart)(value)
    marked = mark_beside_number(value) if amount is None else None
    sign = marks.get(marked[0].casefold()) if marked else None
    amount = take_apart(marked[1]) if sign else None if marked else amount
    if amount is None or sign != -1:
        return amount
    return amount._replace(negative=True)


def without_sign(text: str, sign: str) -> str | None:
    """A cell without the sign before or behind its number, a minus kept; None where the sign does not stand there."""
    bare = bare_text(text).strip()
    minus = "-" if bare.startswith("-") else ""
    bare = bare.removeprefix("-").strip()
    if bare.casefold().startswith(sign.casefold()):
        return minus + bare[len(sign) :].strip()
    if bare.casefold().endswith(sign.casefold()):
        return minus + bare[: -len(sign)].strip()
    return None


def sign_beside_number(value) -> str | None:
    """What stands before or behind a number and might be the sign of a currency: of few characters,
    a letter among them.

    >>> sign_beside_number("Q 12.50"), sign_beside_number("12,50 zz"), sign_beside_number("12 pcs")
    ('Q', 'zz', None)
    """
    found = _SIGNED.fullmatch(bare_text(value)) if isinstance(value, str) else None
    sign = (found["before"] or found["behind"] or "").strip() if found else ""
    if sign.casefold() in SIDES:
        return None
    says = any(c.isalpha() or unicodedata.category(c) == "Sc" for c in sign)
    if not says or re.fullmatch(vocabulary()["units"], sign, re.IGNORECASE):
        return None
    return sign


@cache
def _unit_pattern() -> re.Pattern:
    return re.compile(rf"(?<=[\d.\s/元万])\s*(?:/|每)?\s*(?:{vocabulary()['units']})\.?\s*$", re.IGNORECASE)


def take_apart_measured(value, take=take_apart) -> Amount | None:
    """A quantity or a price: as ``take``, the unit it is counted in left off (3件, 12 pcs, 12.50元/件)."""
    return take(_unit_pattern().sub("", value) if isinstance(value, str) and not value.isdigit() else value)


def _take_currency(text: str) -> tuple[str, str | None]:
    """``text`` without the sign or name of its currency, and the currency; two different ones are no amount."""
    codes, pattern = vocabulary()["currency_of"], _currency_pattern()
    kinds = {codes[re.sub(r"[\s.]", "", name)] for name in pattern.findall(text)}
    kinds = kinds - {"¥", "$"} or kinds  # ¥1,200円
    bare = re.sub(r"(?<=\d)\s+(?=[^\d\s])|(?<=[^\d\s])\s+(?=\d)", "", text)
    between = any(
        found.start() and bare[found.start() - 1].isdigit() and bare[found.end() :][:1].isdigit()
        for found in pattern.finditer(bare)
    )
    if len(kinds) > 1 or between:  # digits are never joined over a sign that is left out
        return "", None
    return pattern.sub("", text).strip(), next(iter(kinds), None)


def _read_digits(digits: str, mark: str) -> Decimal | None:
    mantissa, e, exponent = digits.partition("e")
    if not _READABLE[mark].fullmatch(mantissa):
        return None
    whole, _, fraction = mantissa.partition(mark)
    return Decimal(f"{re.sub('[^0-9]', '', whole) or 0}.{fraction or 0}{e}{exponent}")


def _as_numbers(column):
    """A workbook's column of nothing but numbers as a Series of them; any other as it is."""
    if not isinstance(column, tuple) or not len(column) or not isinstance(column[0], (int, float)):
        return column
    try:
        return pa.array(column, pa.float64()).to_pandas()
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return column


def plain_amounts(column) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells that need no taking apart (1234.5, -7): which they are, their cents, and which hold a point."""
    none = np.zeros(len(column), dtype=bool)
    column = _as_numbers(column)
    if getattr(column, "dtype", None) is not None and column.dtype.kind in "if":
        hundredfold = column.to_numpy(dtype=np.float64) * 100
        with np.errstate(invalid="ignore"):  # others are read as decimals
            whole = (np.abs(hundredfold) < 1e14) & (np.abs(hundredfold - np.rint(hundredfold)) < 1e-6)
        return whole, np.rint(np.where(whole, hundredfold, 0)).astype(np.int64), none
    if (texts := as_strings(column)) is None:
        return none, none.astype(np.int64), none
    plain = pc.fill_null(pc.match_substring_regex(texts, f"^(?:{_SIMPLE.pattern})$"), False)
    numbers = pc.if_else(plain, texts, "0").cast(pa.float64()).to_numpy(zero_copy_only=False)
    pointed = pc.and_(plain, pc.fill_null(pc.match_substring(texts, "."), False))
    # twelve digits and two decimals: a double holds the cents exactly
    cents_exactly = np.rint(numbers * 100).astype(np.int64)
    return plain.to_numpy(zero_copy_only=False), cents_exactly, pointed.to_numpy(zero_copy_only=False)


def decimal_mark(amounts: list, counts: list[int], points: int = 0) -> str:
    """The decimal mark that most rows with evidence allow; without any, the point (1,234 is a thousand).

    ``points`` counts the rows already known to have a decimal point."""
    votes = {".": points, ",": 0}
    for amount, count in zip(amounts, counts):
        if amount is not None and ("," in amount.digits or "." in amount.digits):
            readable = [mark for mark in votes if _read_digits(amount.digits, mark) is not None]
            if len(readable) == 1:  # 1,234 and 1.234 are no evidence
                votes[readable[0]] += count
    return "," if votes[","] > votes["."] else "."


def currency_code(value) -> str | None:
    """The ISO code of a currency column's cell; an unknown one stands for itself, a blank one is None."""
    if value is None or value != value or plain_unit(value) in ("", "-", "—", "nan", "null", "none", "n/a"):
        return None
    return vocabulary()["currency_of"].get(plain_unit(value), str(value).strip().upper())
