"""The pages that instructors and students open: one frame, a part in each language,
whatever was written shown as text.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from coursekit.messages import MESSAGES
from coursekit.pages import environment
from coursekit.sandbox.cleaning import clean_text
from crmkit.core.files import put

# a terminal's colours, what no page may hold, and what turns the letters after it around
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
OF_HTML = {"zh": "zh-CN", "en": "en"}  # the language as a page's head names it
Words = Callable[..., str]


def words_in(lang: str) -> Words:
    """Messages in one language: ``words("feedback_yours")``."""

    def words(key: str, **fields) -> str:
        return getattr(MESSAGES.pair(key, **fields), lang)

    return words


def part(template: str, lang: str, **fields) -> str:
    """A template of this package in one language; it is given ``words`` and ``lang`` besides the fields."""
    filled = environment("coursekit.teach").get_template(template)
    return filled.render(words=words_in(lang), lang=lang, **fields)


def write_page(path: Path, *, title: str, lang: str, parts: Sequence[str]) -> None:
    """A page of what ``part`` gave, one below the other; nothing on it is loaded from anywhere, and no script runs."""
    frame = environment("coursekit.teach").get_template("page.html")
    page = frame.render(title=title, lang=OF_HTML[lang], parts=parts)
    put(path, UNPRINTABLE.sub("\ufffd", clean_text(page)))
