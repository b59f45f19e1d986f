"""What the values of a column mean, and what a column beside the amount holds: the words of meanings.toml."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from .columns import plain
from .table import INVISIBLE

_BRACKETED = re.compile(r"[(\[（【].*?[)\]）】]")
_BELOW_ZERO = re.compile(r"-\d+(?:\.\d+)?")  # whose sign says all
_SHOP = re.compile(r"^wc[-_]", re.IGNORECASE)
# lists that say something of headings, or of values that another list knows as well
_NO_MEANINGS = (
    "headers",
    "invoice",
    "stored",
    "prefixes",
    "of_lines",
    "of_others",
    "advance",
    "perhaps_advance",
)
LONGEST_STATE = 40  # letters: what is longer is a remark
# set by hand in a column of flags; as a header such a sign would be nothing at all
_TICKS, _CROSSES = frozenset("√✓✔☑✅●"), frozenset("✗✘✖❌❎")


@cache
def meanings() -> dict:
    """meanings.toml with every word reduced as headers are: ``{section: {list: set of words}}``."""
    raw = tomllib.loads((Path(__file__).parent / "meanings.toml").read_text(encoding="utf-8"))
    known = {}
    for section, lists in raw.items():
        known[section] = {
            name: frozenset(map(plain, words)) for name, words in lists.items() if isinstance(words, list)
        }
    for key in ("pattern", "but"):
        known["refund"][key] = re.compile(raw["refund"][key], re.IGNORECASE)
    for section in ("no_sale_part", "paid_part"):
        known[section] = {"pattern": re.compile(raw[section]["pattern"], re.IGNORECASE)}
    marks = raw["ditto"]["marks"]  # signs: as headers they would be nothing at all
    known["ditto"]["marks"] = tuple(dict.fromkeys([*marks, *map(str.title, marks), *map(str.upper, marks)]))
    known["returned_part"]["pattern"] = re.compile(raw["returned_part"]["pattern"], re.IGNORECASE)
    for key in ("lost_stems", "denied"):
        known["status"][key] = re.compile(raw["status"][key], re.IGNORECASE)
    for section, keys in (("undone", ("at_first", "stored_item")), ("remark", ("says_nothing",))):
        for key in keys:
            known[section][key] = re.compile(raw[section][key], re.IGNORECASE)
    known["status"]["elsewhere"] = re.compile(raw["status"]["elsewhere"], re.IGNORECASE)
    known["kinds"]["staff_pattern"] = re.compile(raw["kinds"]["staff"], re.IGNORECASE)
    return known


def cell_text(value) -> str:
    """A cell as somebody would write it in a mapping file: trimmed, whole numbers without ``.0``, nothing as ''."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    text = str(value).strip(INVISIBLE + "'`")
    bare = text.strip("\ufe0f")  # drawn as a picture
    return "yes" if bare in _TICKS else "no" if bare in _CROSSES else text


def plain_value(cell) -> str:
    """A cell as two writings of the same value are compared."""
    text = cell_text(cell)
    return text if _BELOW_ZERO.fullmatch(text) else plain(text) or text


def meaning(value, section: str) -> str | None:
    """Which list of a section a value stands in; None when in none."""
    text = cell_text(value)
    # (删除)等待付款 and wc-completed say what they say without what stands before
    forms = {plain(text), plain(_BRACKETED.sub("", text)), plain(_SHOP.sub("", text))}
    forms |= {without_accents(form) for form in forms}
    for name, words in meanings()[section].items():
        if name not in _NO_MEANINGS and not isinstance(words, re.Pattern) and forms & words:
            return name
    return None


def state(value) -> str | None:
    """What the state of an order is: by the lists of words,
    else by what the word gives away (撤单, Returned to sender).
    """
    known = meaning(value, "status")
    text = cell_text(value)
    if known or len(text) > LONGEST_STATE:
        return known
    words = meanings()["status"]
    return "lost" if words["lost_stems"].search(text) and not words["denied"].search(text) else None


def headed(name: str, section: str) -> bool:
    """Whether a column is headed as the section's are; what stands in brackets does not count."""
    bare = _BRACKETED.sub("", name)
    known = meanings()[section]
    if {plain(name), plain(bare)} & known["headers"]:
        return True
    said = "pattern" in known and known["pattern"].search(name)
    return bool(said) and not known["but"].search(name)


def without_accents(word: str) -> str:
    """A word of Latin letters without its accents, as many exports write it; any other as it is.

    >>> without_accents("annulée"), without_accents("ステータス")
    ('annulee', 'ステータス')
    """
    bare = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return bare if bare.isascii() else word
