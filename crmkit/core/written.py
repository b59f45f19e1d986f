"""Numbers that somebody has written as a text: what is meant, where that is beyond doubt."""

import re
import unicodedata
from decimal import Decimal

# after NFKC: perhaps a sign and a currency before it, commas in it, % or words behind it
_NUMBER = re.compile(
    r"(?P<sign>(?P<minus>minus|负|-)|\+?)\s*[$¥€£₩₹₽]?\s*(?P<number>[\d,]*\.?\d+)\s*"
    r"(?P<word>%|‰|percentage points?|per cent|[^\W\d_]*)"
)
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")  # what a keyboard makes of a minus
_THOUSANDS = re.compile(r"(?:\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.\d+)?")  # 1200, 1,200, 1,234,567.5
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}|0,\d+")  # 1,18 and 0,491: no thousands are set off so
# 1.2万, 7 千, 3 million, 1.2k: a word that multiplies; the longer ones first
_FACTORS = {
    "百万": 1_000_000, "千万": 10_000_000, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 100_000_000,
    "億": 100_000_000, "hundred": 100, "thousand": 1_000, "k": 1_000, "million": 1_000_000,
    "mn": 1_000_000, "billion": 1_000_000_000, "bn": 1_000_000_000,
}  # fmt: skip
# what one letter stands for hangs on what is counted: 3w are 30,000 of money and three weeks
_LETTERS = {"money": {"w": 10_000, "m": 1_000_000}, "weeks": {"w": 1}, "months": {"m": 1}}
_LETTERS["customers"] = _LETTERS["money"]
_OF_A_HUNDRED = re.compile("percent|per cent|pct|pp|percentage points?|个?百分点")
_POINTS = re.compile("points?|个?点")  # of a share they are per cent, of anything else they may be counted
# a length of time, in its own unit only: 12 months are one year
_TIMES = {
    "days": "[天日]|days?", "weeks": "周|个?星期|weeks?", "months": "个?月|months?", "years": "年|years?",
    "quarters": "季度?|quarters?",
}  # fmt: skip
LENGTHS = frozenset(_TIMES)
# words that only say what is counted: behind any other the number may mean something else (2 dozen, 2 lakh, 50分)
_COUNTED = re.compile(
    "[元块圆镑美欧英港币钱个人名位家户客服群组次笔条单订购买期行层件份倍]*|日元"
    r"|(?:yuan|cny|rmb|euro|eur|dollar|usd|pound|gbp|customer|client|person|people|purchase|order|visit|message"
    r"|time|row|tier|agent|segment|unit|item)s?"
)


def number_meant(text: str, *, unit: str | None) -> str | None:
    """The number that a text holds, as Python writes it in this unit; None for another text, or where doubt is left.

    >>> number_meant("12,361.95 美元", unit="money"), number_meant("４３.４％", unit="share")
    ('12361.95', '0.434')
    >>> number_meant("1.2万", unit=None), number_meant("1,18", unit=None), number_meant("2 dozen", unit=None)
    ('12000', '1.18', None)
    """
    found = _NUMBER.fullmatch(_plain(text).casefold())
    if found is None:
        return None
    number = _without_commas(found["number"])
    factor = _factor(found["word"], unit)
    if number is None or factor is None:
        return None
    sign = -1 if found["minus"] else 1
    return f"{(sign * Decimal(number) * factor).normalize():f}"


def _without_commas(number: str) -> str | None:
    """The figures alone; None where a comma may set off thousands or decimals (1,2345)."""
    if _THOUSANDS.fullmatch(number):
        return number.replace(",", "")
    return number.replace(",", ".") if _DECIMAL_COMMA.fullmatch(number) else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip()


def _factor(word: str, unit: str | None) -> int | Decimal | None:
    """What the word behind a number multiplies it by: 万元 and 万 alike; None for a word that may mean anything."""
    hundredth = word == "%" or unit == "share" and _POINTS.fullmatch(word)
    if hundredth or _OF_A_HUNDRED.fullmatch(word) and unit in ("share", "percent", "points"):
        return 1 if unit in ("percent", "points") else Decimal("0.01")
    if word in _LETTERS.get(unit or "", {}):
        return _LETTERS[unit or ""][word]
    for length, names in _TIMES.items():
        if re.fullmatch(names, word):
            return 1 if unit == length or unit not in _TIMES else None
    for known, factor in _FACTORS.items():
        if word == known or (not known.isascii() and word.startswith(known)):
            return factor if _COUNTED.fullmatch(word.removeprefix(known)) else None
    return 1 if not word or _POINTS.fullmatch(word) or _COUNTED.fullmatch(word) else None
