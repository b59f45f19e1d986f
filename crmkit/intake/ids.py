"""Customers' ids as text, and how two ids may be one: zeros, case, width, hyphens, a country's prefix."""

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .reading.columns import LABEL_HINT

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_WHOLE = re.compile(r"\d+(?:\.0)?")


def customers_as_text(parsed: list) -> list:
    """The ids; ``17850.0`` loses its ``.0`` when every id of the file is a whole number so written.

    An address is the same in capitals: ``Anna@Mail.com`` is ``anna@mail.com``.
    """
    parsed = [text.casefold() if text and _ADDRESS.fullmatch(text) else text for text in parsed]
    present = [text for text in parsed if text]
    if not any(text.endswith(".0") for text in present):
        return parsed
    if all(_WHOLE.fullmatch(text) or LABEL_HINT.search(text) for text in present):
        return [text.removesuffix(".0") if text else text for text in parsed]
    return parsed


def key_of(customer: str) -> str:
    """An id without what two systems write differently; ids with the same key may be one person."""
    text = unicodedata.normalize("NFKC", customer).casefold()
    if "@" in text:
        return text.strip()
    text = re.sub(r"[\s\-_./()+]", "", text)
    if text.isdigit():
        if len(text) == 13 and text.startswith("861"):
            text = text[2:]
        return text.lstrip("0") or "0"
    return text


def may_be_alike(customers: list[str]) -> list[str]:
    """Those ids that another one resembles when signs, case, width and zeros are left out:
    a quick look at very many.
    """
    texts = pc.utf8_lower(pc.utf8_normalize(pa.array(customers, pa.string()), "NFKC"))
    texts = pc.replace_substring_regex(texts, r"[\s\-_./()+]", "")
    texts = pc.replace_substring_regex(texts, r"^(?:86)?(1\d{10})$", r"\1")
    texts = pc.utf8_ltrim(texts, "0")
    counted = texts.dictionary_encode()
    codes = counted.indices.to_numpy(zero_copy_only=False)
    often = np.bincount(codes)[codes] > 1 if len(codes) else np.zeros(0, dtype=bool)
    return [customers[place] for place in np.flatnonzero(often)]


_RETURNED = re.compile(
    r"(?P<name>.+?)\s*[(（\[](?:退|退货|退款|已退|returned?|refund(?:ed)?|cancell?ed|storno|retour)[)）\]]",
    re.IGNORECASE,
)


def name_of_returned(customer: str) -> str | None:
    """Whose name stands before a word of returns in brackets: ``'王芳(退)'`` → ``'王芳'``."""
    found = None if customer[-1:].isalnum() else _RETURNED.fullmatch(customer)
    return found["name"] if found else None


_ADDED = re.compile(
    r"(?P<name>.*?[^\W\d_].*?)(?:\s*[(（\[][^()（）\[\]]*[)）\]]|\s+[-–—]\s+.+|[\s:：]*\+?\d{7,15})"
)


def plain_name(customer: str) -> str:
    """A name without what is added to it, and in the order in which it is spoken.

    >>> [plain_name(name) for name in ("Anna Berg (new)", "Tom Hill - VIP", "王芳13800001000", "Berg, Anna")]
    ['Anna Berg', 'Tom Hill', '王芳', 'Anna Berg']
    """
    found = _ADDED.fullmatch(customer)
    name = found["name"] if found else customer
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and "," not in first else name


def matching(customers: list[str], pattern: str) -> list[str]:
    """Those ids that a pattern is found in: of very many at once."""
    hits = pc.match_substring_regex(pa.array(customers, pa.string()), pattern)
    return [customers[place] for place in np.flatnonzero(hits.to_numpy(zero_copy_only=False))]


def scientific(customers: list[str]) -> list[str]:
    """Ids in the notation of spreadsheets (1.38E+10); a nickname such as 3e12 is none."""
    return matching(customers, r"^\d(?:\.\d+)?E\+\d{2,3}$")


def cut(customers: list[str]) -> list[str]:
    """Ids longer than the fifteen digits that a spreadsheet keeps, which end in zeros there."""
    return matching(customers, r"^\d{15}0+$")


def masked(customers: list[str]) -> list[str]:
    """Ids of which a part was made unreadable (138****0001)."""
    return matching(customers, r"\*|[xX]{3,}|●")
