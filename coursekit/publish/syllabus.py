"""docs/syllabus.md: the course as a department asks for it: weeks, minutes, objectives, assessment, reading, ethics."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from coursekit.lessons.source import Lesson
from crmkit.core.catalogue import Catalogue
from crmkit.core.language import WRITTEN

from .objectives import objectives_of

PLANS = ("semester", "short")
COLUMNS = ("syllabus_weeks", "syllabus_lessons", "syllabus_needed", "syllabus_in_class")
ETHICS = re.compile(
    r"^(?:\d+\. )?\*\*(?:这样做可以吗？|Is it allowed, and is it fair\?)\*\*\s*(.+)$", re.MULTILINE
)
READING = re.compile(r"\*\*(?:延伸阅读|Further reading)\*\*\n\n((?:- .*\n?)+)")
EXERCISE = re.compile(r"(?:练习另需 |exercise takes some )(\d+)")


def read_plans(path: Path) -> dict:
    """syllabus.toml: ``class_minutes`` in class a week, and of each plan the blocks of weeks with their lessons."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def plan_table(plan: list[dict], lessons: Iterable[Lesson], words: Catalogue, class_minutes: int) -> str:
    """The blocks of a plan: weeks, lessons, their minutes and those there are in class."""
    by_number = {lesson.slug[:2]: lesson for lesson in lessons}
    heads = [_line(words.pair(column)) for column in COLUMNS]
    rows = [f"| {' | '.join(heads)} |", "|:--|:--|--:|--:|"]
    for block in plan:
        first, last = block["weeks"]
        told = [by_number[number] for number in block["lessons"]]
        titles = "; ".join(f"{lesson.slug[:2]} {_line(lesson.titles.values())}" for lesson in told)
        weeks = f"{first}–{last}" if first < last else str(first)
        needed = sum(lesson.minutes for lesson in told)
        rows.append(f"| {weeks} | {titles} | {needed} | {(last - first + 1) * class_minutes} |")
    return "\n".join(rows) + "\n"


def lesson_part(lesson: Lesson, words: Catalogue) -> str:
    """What a syllabus says of one lesson, in both languages."""
    before = ", ".join(slug[:2] for slug in lesson.prerequisites) or "—"
    items, points = len(lesson.questions), sum(question.get("weight", 1) for question in lesson.questions)
    lines = [f"## {lesson.slug[:2]} {_line(lesson.titles.values())}\n"]
    for lang in WRITTEN:
        text = _prose(lesson, lang)
        exercise = EXERCISE.search(text)
        facts = {"minutes": lesson.minutes, "before": before, "items": items, "points": points}
        key = "syllabus_time" if exercise else "syllabus_time_alone"
        facts["exercise"] = exercise[1] if exercise else ""
        lines.append(getattr(words.pair(key, **facts), lang) + "\n")
        lines += [f"{number}. {text}" for number, text in enumerate(objectives_of(lesson)[lang], 1)]
        ethics, reading = ETHICS.search(text), READING.search(text)
        if ethics:
            lines.append(f"\n**{getattr(words.pair('syllabus_ethics'), lang)}** {ethics[1]}")
        if reading:
            lines.append(f"\n**{getattr(words.pair('syllabus_reading'), lang)}**\n\n{reading[1].strip()}")
        lines.append("")
    return "\n".join(lines)


def _prose(lesson: Lesson, lang: str) -> str:
    return "\n".join(c.source for c in lesson.cells if c.kind == "markdown" and c.lang == lang)


def _line(pair: Iterable[str]) -> str:
    """Both languages on one line, as a heading has them."""
    return " · ".join(pair)
