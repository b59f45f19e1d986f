"""A cell of a lesson source, as its readers and the lint pass it around."""

import re
from dataclasses import dataclass

BILINGUAL = re.compile(r"^(?P<zh>.*\S)\s+\|\s+(?P<en>\S.*)$", re.DOTALL)
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


def is_bilingual(text: str) -> bool:
    """Whether a comment or docstring is 中文 | English."""
    found = BILINGUAL.match(text.strip())
    return bool(found and CJK.search(found["zh"]) and not CJK.search(found["en"]))


def half(text: str, lang: str) -> str:
    """The half of 中文 | English that ``lang`` reads; a text without halves stays as it is.

    >>> half("客户数 | number of customers", "en")
    'number of customers'
    """
    return BILINGUAL.match(text.strip())[lang] if is_bilingual(text) else text


def headings_above(node) -> list[str]:
    """For each cell of a notebook, the heading that it stands under."""
    under = []
    current = ""
    for cell in node.cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{1,6} +(.+)$", cell.source, flags=re.M)
            current = found[-1] if found else current
        under.append(current)
    return under
