"""docs/glossary.html: the glossary (F32) as one page that is searched, and printed lesson by lesson, without a network."""

import re
from collections.abc import Iterable
from pathlib import Path

from coursekit.lessons.source import Lesson
from coursekit.pages import environment
from crmkit.core.catalogue import Catalogue
from crmkit.core.glossary import TERMS, other_names
from crmkit.core.language import WRITTEN

WORDS = Catalogue(Path(__file__).with_name("glossary.toml"))


def glossary_page(lessons: Iterable[Lesson]) -> str:
    """The page, with every term that has a definition, in the order of its Latin name."""
    lessons = list(lessons)
    prose = {lesson.slug: prose_of(lesson) for lesson in lessons}
    terms = []
    for slug in TERMS:
        entry = TERMS.entry(slug)
        if "definition_zh" not in entry:
            continue
        terms.append(
            {
                "slug": slug,
                "also_zh": other_names(slug, "zh"),
                "also_en": other_names(slug, "en"),
                "lessons": [name[:2] for name in lessons_of(entry, lessons, prose)],
                **{key: entry[key] for key in ("zh", "en", "definition_zh", "definition_en")},
            }
        )
    terms.sort(key=lambda term: (term["en"].casefold(), term["slug"]))
    listed = [{"number": lesson.slug[:2], "titles": lesson.titles} for lesson in lessons]
    words = {key: WORDS.texts(key) for key in WORDS}
    template = environment("coursekit.publish").get_template("glossary.html")
    return template.render(terms=terms, lessons=listed, words=words) + "\n"


def prose_of(lesson: Lesson) -> dict[str, str]:
    """Language → all that a lesson says in it, its exercise left out."""
    found = {}
    for lang in WRITTEN:
        cells = [cell.source for cell in lesson.cells if cell.kind == "markdown" and cell.lang == lang]
        found[lang] = "\n".join(cells).casefold()
    return found


def lessons_of(entry: dict, lessons: list[Lesson], prose: dict[str, dict[str, str]]) -> list[str]:
    """The lessons that say the term in both languages; where none does, those that teach its framework."""
    named = [lesson.slug for lesson in lessons if is_said(entry, prose[lesson.slug])]
    if named:
        return named
    return [lesson.slug for lesson in lessons if entry.get("framework") in lesson.frameworks]


def is_said(entry: dict, prose: dict[str, str]) -> bool:
    """Whether prose names the term in Chinese and, as whole words, in English (an abbreviation in brackets aside)."""
    english = re.sub(r"\s*\(.*\)", "", entry["en"]).casefold()
    in_english = re.search(rf"(?<!\w){re.escape(english)}s?(?!\w)", prose["en"])
    return entry["zh"].casefold() in prose["zh"] and in_english is not None
