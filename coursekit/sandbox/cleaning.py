"""What strangers send, made harmless once: whatever passes here, every journal, table, sheet and page can hold.

Lone surrogates, numbers without end, tables in tables without end: JSON and Python know them, spreadsheets, databases
and UTF-8 do not. A frame of a submission, a receipt, a saved game's first line and every name of a file come in through
here.
"""

import json
import os
import re
from math import isfinite

DEEPEST = 20  # tables and lists within each other; an answer sheet with a chart has nine
LARGEST_WHOLE = 2**53  # up to here a whole number is the same in JSON, in Python and in a spreadsheet
LONGEST_WHOLE = 20  # digits of a number that is read as a whole one
MOST_VALUES = 1_000_000  # a sheet with a chart and a table of the largest size has a fifth of them
REPLACED = "\ufffd"
# turn the letters after them around: a name or a sentence then reads as another
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
ENCODINGS = (
    "utf-8",
    "gb18030",
)  # of names in bytes: as our systems write them, and as a Chinese Windows does


class TooDeep(ValueError):
    """Tables within tables, deeper than anything that an exercise asks for."""


class TooMany(ValueError):
    """More values than anything that an exercise asks for."""


def clean_text(text: str) -> str:
    """The text with a mark in place of every half character, so that it can be written in any encoding.

    >>> clean_text("a" + chr(0xd800))
    'a�'
    """
    return (
        text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


def clean_name(name: str) -> str:
    """A file's name as the system gave it: its bytes may be UTF-8 or GBK, whatever this machine's own names are in.

    >>> clean_name("S011" + chr(0x202e) + ".ipynb")
    'S011_.ipynb'
    """
    raw = os.fsencode(name)
    for encoding in ENCODINGS:
        try:
            return DIRECTIONS.sub("_", clean_text(raw.decode(encoding)))
        except UnicodeDecodeError:
            continue
    return DIRECTIONS.sub("_", raw.decode("utf-8", "replace"))


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_WHOLE else float(digits)


_of_long_numbers = json.JSONDecoder(parse_int=_whole)
LONG_NUMBER = re.compile(rf"\d{{{LONGEST_WHOLE + 1}}}")


def _number(number: float) -> float | str:
    """A number that others can read as it is: a float where it is too large a whole one,
    in words where it is no number.
    """
    number = float(number)
    return number if isfinite(number) else str(number)


def clean(value: object, deepest: int = DEEPEST) -> object:
    """What JSON gave, without half characters and with numbers that can be written. Errors: TooDeep."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return value if -LARGEST_WHOLE <= value <= LARGEST_WHOLE else _number(value)
    if value is None:
        return None
    if not deepest:
        raise TooDeep
    if isinstance(value, list):
        return [clean(one, deepest - 1) for one in value]
    return {clean_text(name): clean(one, deepest - 1) for name, one in value.items()}


def clean_json(raw: bytes | str) -> object:
    """What a stranger's JSON says. Errors: ValueError where it is none, too deep, or of too many values."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
    if text.count(",") > MOST_VALUES:
        raise TooMany
    try:
        return clean(_of_long_numbers.decode(text) if LONG_NUMBER.search(text) else json.loads(text))
    except RecursionError:
        raise TooDeep from None
