"""Numbers that somebody has written as a text: what is meant, where that is beyond doubt."""

import re
import unicodedata
from decimal import Decimal

# after NFKC: perhaps a currency sign before it, commas in it, % or words behind it
_NUMBER = re.compile(r"[^\w\s.+-]?\s*(?P<number>[+-]?[\d,]*\.?\d+)\s*(?P<percent>%)?\s*(?P<word>[^\W\d_]*)")
# 1.2万, 7 千, 3 million, 1.2k: a word that multiplies; the longer ones first
_FACTORS = {
    "百万": 1_000_000, "千万": 10_000_000, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "w": 10_000, "亿": 100_000_000,
    "億": 100_000_000, "hundred": 100, "thousand": 1_000, "k": 1_000, "million": 1_000_000, "m": 1_000_000,
    "mn": 1_000_000, "billion": 1_000_000_000, "bn": 1_000_000_000,
}  # fmt: skip
# words that only say what is counted: behind any other the number may mean something else (2 dozen, 2 lakh)
_COUNTED_ZH = re.compile(
    "[元块圆镑美欧日英港币钱个人名位家户客服群组次笔条单订购买天周月年期季行层件份倍分点]*"
)
_COUNTED_EN = re.compile(
    r"(?:yuan|cny|rmb|euro|eur|dollar|usd|pound|gbp|customer|client|person|people|purchase|order|visit|message|day|week|month"
    r"|quarter|year|time|row|tier|agent|segment|point|unit|item)s?"
)
_DIGITS_OF_CHINESE = re.compile("[零〇一二两三四五六七八九十百千万亿半成折]")
_IN_WORDS = re.compile(
    r"(?:minus |about )?(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|hundred|half|dozen)\b.*"
)


def number_meant(text: str, *, as_percent: bool) -> str | None:
    """The number that a text holds, as Python writes it; None for another text, or where a word leaves it open.

    >>> number_meant("12,361.95 美元", as_percent=False), number_meant("４３.４％", as_percent=False)
    ('12361.95', '0.434')
    >>> number_meant("1.2万", as_percent=False), number_meant("2 dozen", as_percent=False)
    ('12000', None)
    """
    found = _NUMBER.fullmatch(_plain(text))
    factor = _factor(found["word"].casefold()) if found else None
    if found is None or factor is None:
        return None
    number = Decimal(found["number"].replace(",", "")) * factor
    if found["percent"] and not as_percent:
        number /= 100
    return f"{number.normalize():f}"


def is_in_words(text: str) -> bool:
    """Whether a text says a number in words, wholly or in part: 八, 百分之八, 1万2千, six, 2 dozen."""
    plain = _plain(text).casefold()
    in_chinese = _DIGITS_OF_CHINESE.search(plain) and not re.search(r"[a-z]", plain)
    before_a_word = _NUMBER.fullmatch(plain)
    return bool(in_chinese or _IN_WORDS.fullmatch(plain) or before_a_word and before_a_word["word"])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()


def _factor(word: str) -> int | None:
    """What the word behind a number multiplies it by: 万元 and 万 alike; None for a word that may mean anything."""
    if word.isascii():
        return _FACTORS.get(word) or (1 if not word or _COUNTED_EN.fullmatch(word) else None)
    for known, factor in _FACTORS.items():
        if word.startswith(known):
            return factor if _COUNTED_ZH.fullmatch(word.removeprefix(known)) else None
    return 1 if _COUNTED_ZH.fullmatch(word) else None
