"""Amounts as clients write them → exact decimals; whether comma or point is the decimal mark, the whole column says.

A fraction of a cent is rounded half up (away from zero), row by row. What is no number under the column's reading
(12,5 in a column of 12.50) is not guessed at: it is unreadable.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import plain_unit, vocabulary
from .table import as_strings, bare_text

CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 13  # a larger amount is an account number in the wrong column
_SIMPLE = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
_DASHES = str.maketrans("−–—‐‑‒﹣’‘`", "-------'''")
_SCALES = {"万": 4, "萬": 4, "亿": 8, "億": 8, "千": 3, "百万": 6, "千万": 7, "十万": 5, "百萬": 6, "千萬": 7, "万亿": 12}
_SCALED = re.compile(r"(.*?\d[\d.,' ]*)(百万|千万|十万|百萬|千萬|万亿|万|萬|亿|億|千)")
_NUMBER = re.compile(r"[0-9][0-9.,' ]*(?:e[+-]?[0-9]{1,2})?|[.,][0-9]+(?:e[+-]?[0-9]{1,2})?")


@cache
def _currency_pattern() -> re.Pattern:
    names = sorted(vocabulary()["currency_of"], key=len, reverse=True)
    return re.compile("|".join(r"\s*".join(map(re.escape, n)) for n in names))


class Amount:
    """One value taken apart: sign, digits with their separators, scale, currency; read under a decimal mark later."""

    __slots__ = ("digits", "negative", "scale", "currency", "exact")

    def __init__(self, digits="", negative=False, scale=0, currency=None, exact=None):
        self.digits, self.negative, self.scale, self.currency, self.exact = digits, negative, scale, currency, exact

    def value(self, decimal_mark: str) -> Decimal | None:
        if self.exact is not None:
            return self.exact
        number = _read_digits(self.digits, decimal_mark)
        if number is None:
            return None
        number = number.scaleb(self.scale)
        return None if abs(number) > LARGEST else (-number if self.negative else number)


def take_apart(value) -> Amount | None:
    """The parts of one cell, or None when it is no amount (blank, text, a percentage, NaN, infinity)."""
    if isinstance(value, str):
        return _take_apart_text(value)
    if value is None or isinstance(value, bool) or value != value:
        return None
    if isinstance(value, (int, float)) or hasattr(value, "as_tuple") or hasattr(value, "item"):
        try:  # floats as a spreadsheet shows them, to 15 significant digits
            exact = Decimal(format(value, ".15g")) if isinstance(value, float) else Decimal(str(value))
        except ArithmeticError:
            return None
        return Amount(exact=exact) if exact.is_finite() and abs(exact) <= LARGEST else None
    return None


def _take_apart_text(text: str) -> Amount | None:
    if _SIMPLE.fullmatch(text):
        negative = text[0] == "-"
        return Amount(digits=text[negative:], negative=negative)
    text = unicodedata.normalize("NFKC", bare_text(text)).translate(_DASHES).casefold()
    text = re.sub(r"\s+", " ", text).strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    currency = None
    if found := re.search(r"[^0-9.,' +()-].*?(?=[0-9.,+( -])|[^0-9.,' +()-].*$", text):
        text, currency = _take_currencies(text)
        if currency is False:
            return None
    text = text.strip()
    if text.startswith("(") and text.endswith(")") and not negative:  # $(12.50)
        negative, text = True, text[1:-1].strip()
    for mark in ("-", "+"):
        if text.startswith(mark) or text.endswith(mark):
            if negative or (text.startswith(mark) and text.endswith(mark)):
                return None
            negative = mark == "-"
            text = text.removeprefix(mark).removesuffix(mark).strip()
            break
    scale = 0
    if found := _SCALED.fullmatch(text):
        text, scale = found[1].strip(), _SCALES[found[2]]
    if not _NUMBER.fullmatch(text):
        return None
    return Amount(digits=text, negative=negative, scale=scale, currency=currency)


@cache
def _unit_pattern() -> re.Pattern:
    return re.compile(rf"(?<=[\d.\s/元万])\s*(?:/|每)?\s*(?:{vocabulary()['units']})\.?\s*$", re.IGNORECASE)


def take_apart_measured(value) -> Amount | None:
    """A quantity or a price: as ``take_apart``, the unit it is counted in left off (3件, 12 pcs, 12.50元/件)."""
    return take_apart(_unit_pattern().sub("", value) if isinstance(value, str) and not value.isdigit() else value)


def _take_currencies(text: str):
    """``text`` without its currency's sign and name; the currency; False when two different ones stand in one cell."""
    codes, symbols = vocabulary()["currency_of"], []

    def note(found):
        symbols.append(codes[re.sub(r"\s", "", found[0])])
        return ""

    # letters only next to the number, so that "rs" in a word is no currency
    bare = _currency_pattern().sub(note, text)
    kinds = set(symbols)
    kinds = kinds - {"¥", "$"} or kinds  # ¥1,200円
    if len(kinds) > 1:
        return text, False
    return bare, kinds.pop() if kinds else None


def _read_digits(digits: str, mark: str) -> Decimal | None:
    other = "," if mark == "." else "."
    mantissa, e, exponent = digits.partition("e")
    whole, found, fraction = mantissa.partition(mark)
    if mark in fraction or not (fraction.isdigit() or fraction.strip() == ""):
        return None
    whole = whole.strip()
    if not whole.isdigit():
        separators = {c for c in whole if not c.isdigit()}
        if len(separators) > 1 or not separators <= {other, "'", " "} and separators:
            return None
        if separators:
            groups = whole.split(separators.pop())
            indian = all(len(g) == 2 for g in groups[1:-1]) and len(groups[0]) <= 2 and len(groups) > 2
            threes = len(groups[-1]) == 3 and all(len(g) == 3 for g in groups[1:])
            indian = indian and len(groups[-1]) == 3
            if not (threes or indian) or len(groups[0]) > 3 or groups[0] == "0" or not all(g.isdigit() for g in groups):
                return None
            whole = "".join(groups)
        elif not fraction:
            return None
    return Decimal(f"{whole or 0}.{fraction.strip() or 0}{e}{exponent}")


def plain_amounts(column) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells that need no taking apart (1234.5, -7): which they are, their cents, and which hold a point."""
    n = len(column)
    if getattr(column, "dtype", None) is not None and column.dtype.kind in "if":
        hundredfold = column.to_numpy(dtype=np.float64) * 100
        with np.errstate(invalid="ignore"):
            whole = np.abs(hundredfold) < 1e14
            whole &= np.abs(hundredfold - np.rint(hundredfold)) < 1e-6  # others in decimals
        return whole, np.rint(np.where(whole, hundredfold, 0)).astype(np.int64), np.zeros(n, dtype=bool)
    texts = as_strings(column)
    if texts is None:
        return (np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool))
    plain = pc.fill_null(pc.match_substring_regex(texts, f"^(?:{_SIMPLE.pattern})$"), False)
    numbers = pc.if_else(plain, texts, "0").cast(pa.float64()).to_numpy(zero_copy_only=False)
    pointed = pc.and_(plain, pc.fill_null(pc.match_substring(texts, "."), False))
    # twelve digits and two decimals: a double holds the cents exactly
    cents_exactly = np.rint(numbers * 100).astype(np.int64)
    return plain.to_numpy(zero_copy_only=False), cents_exactly, pointed.to_numpy(zero_copy_only=False)


def mark_evidence(digits: str) -> str | None:
    """``"."`` or ``","`` when only that decimal mark reads the value, else None (1,234 and 1.234 and 500)."""
    if "," not in digits and "." not in digits:
        return None
    readable = [mark for mark in (".", ",") if _read_digits(digits, mark) is not None]
    return readable[0] if len(readable) == 1 else None


def decimal_mark(amounts: list, counts: list[int], points: int = 0) -> str:
    """The decimal mark of a column: what most rows with evidence say; without any, the point (1,234 is a thousand).

    ``points`` counts the rows already known to have a decimal point."""
    votes = {".": points, ",": 0}
    for amount, count in zip(amounts, counts):
        if amount is not None and amount.exact is None and (seen := mark_evidence(amount.digits)):
            votes[seen] += count
    return "," if votes[","] > votes["."] else "."


def cents(number: Decimal) -> int:
    """Whole cents, half up away from zero.

    >>> cents(Decimal("-1.005")), cents(Decimal("2.675"))
    (-101, 268)
    """
    return int(number.quantize(CENT, ROUND_HALF_UP).scaleb(2))


def currency_code(value) -> str | None:
    """The ISO code of a currency column's cell; an unknown one stands for itself, a blank one is None."""
    if value is None or value != value or plain_unit(value) in ("", "-", "—", "nan", "null", "none", "n/a"):
        return None
    return vocabulary()["currency_of"].get(plain_unit(value), str(value).strip().upper())
