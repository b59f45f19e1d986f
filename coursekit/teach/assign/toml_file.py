"""The files of settings that instructors write: TOML,
and a slip in it is told with its line and what to write instead.
"""

import re
import tomllib
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import clean_text

LONGEST = 200  # characters of what the parser says
LONGEST_LINE = 80  # characters of a line that a message shows
# a slip → how a line shows it; of several, the first
SLIPS = {
    "full_width": re.compile(r"[“”‘’，、＝【】［］：＃＂。]"),
    "decimal_comma": re.compile(r"=\s*\d+,\d"),
    "date": re.compile(r"=\s*\d{4}[-./]\d{1,2}[-./]\d{1,2}"),
    "bare_name": re.compile(r"^[^\"'=\[#]*[^\w\s\"'=\[#.-][^\"'=\[#]*="),
}


def read_toml(path: Path) -> dict:
    """What stands in the file. Errors: KitError with the line and, of the slips that people make, how it is written."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise KitError(
            "grading_toml", value=str(path), why=MESSAGES.say("toml_not_utf8", between=" ")
        ) from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # no TOML, or nested without end
        raise KitError("grading_toml", value=str(path), why=_why(text, str(problem)[:LONGEST])) from None


def _why(text: str, said: str) -> str:
    """The line where the parser stopped, the slip in it, and what the parser says."""
    parts = []
    line = ""
    at = re.search(r"at line (\d+)", said)
    lines = text.splitlines()
    if at and int(at[1]) <= len(lines):
        line = clean_text(lines[int(at[1]) - 1].strip())[:LONGEST_LINE]
        parts.append(MESSAGES.say("toml_line", number=at[1], line=line, between=" "))
    slip = next((name for name, shows in SLIPS.items() if shows.search(line)), None)
    if "twice" in said or "overwrite" in said:
        slip = "twice"
    if slip:
        parts.append(MESSAGES.say(f"toml_{slip}", between=" "))
    return "; ".join([*parts, said])
