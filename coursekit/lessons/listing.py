"""What a lesson says of the others, printed from their front matter: {prerequisites} and {lessons} in its prose."""

from dataclasses import replace

from coursekit.messages import MESSAGES
from crmkit.core.language import WRITTEN

from .cells import Cell
from .source import Lesson

PREREQUISITES = "{prerequisites}"
LESSONS = "{lessons}"


def with_listings(lessons: list[Lesson]) -> list[Lesson]:
    """The lessons, with the marks in their prose replaced by the lists."""
    by_slug = {lesson.slug: lesson for lesson in lessons}
    printed = []
    for lesson in lessons:
        cells = tuple(_listed(cell, lesson, by_slug) for cell in lesson.cells)
        printed.append(replace(lesson, cells=cells))
    return printed


def _listed(cell: Cell, lesson: Lesson, by_slug: dict[str, Lesson]) -> Cell:
    if cell.kind != "markdown" or cell.lang not in WRITTEN:
        return cell
    source = cell.source
    if PREREQUISITES in source:
        source = source.replace(PREREQUISITES, prerequisites(lesson, by_slug, cell.lang))
    if LESSONS in source:
        others = [other for other in by_slug.values() if other.slug != lesson.slug]
        source = source.replace(LESSONS, table_of(others, cell.lang))
    return replace(cell, source=source)


def prerequisites(lesson: Lesson, by_slug: dict[str, Lesson], lang: str) -> str:
    """Links to the lessons that come before this one."""
    between = MESSAGES.texts("listing_between")[lang]
    return between.join(_link(by_slug[slug], lang) for slug in lesson.prerequisites)


def table_of(lessons: list[Lesson], lang: str) -> str:
    """A Markdown table: number and title of each lesson with a link, and what it is about."""
    rows = [MESSAGES.texts("listing_head")[lang], "|:--|:--|"]
    for lesson in lessons:
        rows.append(f"| {_link(lesson, lang)} | {lesson.about.get(lang, '')} |")
    return "\n".join(rows)


def _link(lesson: Lesson, lang: str) -> str:
    return f"[{lesson.slug[:2]} {lesson.titles[lang]}]({lesson.slug}.ipynb)"
