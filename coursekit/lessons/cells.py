"""A cell of a lesson source, as its readers and the lint pass it around."""

import re
from dataclasses import dataclass

CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a source. ``line`` is where it opens, ``body`` the line of its first line of text."""

    kind: str  # markdown or code
    source: str
    line: int
    body: int
    lang: str | None = None
    tags: tuple[str, ...] = ()
    question: dict | None = None
