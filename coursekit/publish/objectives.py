"""docs/objectives.md: which items of a lesson's exercise assess which of its objectives."""

import re
import unicodedata

from coursekit.lessons.source import Lesson
from crmkit.core.language import WRITTEN

OPENING = re.compile(
    r"\*\*(学完(这一课，你|后，您)能够|(After this lesson|Afterwards) you will be able to)\*\*\n\n((?:- .*\n?)+)"
)


def objectives_of(lesson: Lesson) -> dict[str, list[str]]:
    """Language → what the lesson promises that one will be able to do, in order."""
    found = {}
    for lang in WRITTEN:
        prose = "\n".join(c.source for c in lesson.cells if c.kind == "markdown" and c.lang == lang)
        listed = OPENING.search(prose)
        lines = listed[4].strip().split("\n") if listed else []
        found[lang] = [_without_last_mark(line.removeprefix("- ")) for line in lines]
    return found


def _without_last_mark(line: str) -> str:
    """A line without the stop or semicolon at its end."""
    return line[:-1] if unicodedata.category(line[-1]) == "Po" else line


def table(lesson: Lesson, lang: str, head: str) -> str:
    """A Markdown table of one lesson: objective by objective, the ids of its items."""
    rows = [head, "|--:|:--|:--|"]
    for number, objective in enumerate(objectives_of(lesson)[lang], 1):
        items = [q["id"] for q in lesson.questions if number in q.get("objectives", [])]
        rows.append(f"| {number} | {objective} | {', '.join(f'`{item}`' for item in items) or '—'} |")
    return "\n".join(rows)
