"""docs/glossary.html: the glossary (F32) as one page that is searched, and printed lesson by lesson,
without a network.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from coursekit.lessons.source import Lesson
from coursekit.pages import environment
from crmkit.core.catalogue import Catalogue
from crmkit.core.glossary import TERMS, other_names
from crmkit.core.language import WRITTEN

WORDS = Catalogue(Path(__file__).with_name("glossary.toml"))
LEARNT = re.compile(r"\*\*(?:学到的术语|Terms learnt)\*\*\s*([^\n]+?)(?:。|\.(?=\s|$))")
APART = {"zh": "、", "en": ", "}
BRACKETS = re.compile(r"\s*[（(]([^）)]*)[）)]")
JOINED = re.compile(r"/| 与 | and ")
EVERYDAY = 2  # characters of a Chinese name that is also an everyday word


def glossary_page(lessons: Iterable[Lesson]) -> str:
    """The page, with every term that has a definition, in the order of its Latin name."""
    lessons = list(lessons)
    prose = {lesson.slug: prose_of(lesson) for lesson in lessons}
    learnt = {lesson.slug: words_learnt(lesson) for lesson in lessons}
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
                "lessons": [name[:2] for name in lessons_of(entry, lessons, prose, learnt)],
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


def terms_learnt(lesson: Lesson) -> dict[str, list[str]]:
    """Language → the terms that a lesson lists at its end, as it writes them, what stands in brackets left out."""
    found = {}
    for lang in WRITTEN:
        cells = [cell.source for cell in lesson.cells if cell.kind == "markdown" and cell.lang == lang]
        listed = LEARNT.search("\n".join(cells))
        words = BRACKETS.sub("", listed[1]).split(APART[lang]) if listed else []
        found[lang] = [word.strip().casefold() for word in words]
    return found


def words_learnt(lesson: Lesson) -> dict[str, set[str]]:
    """Language → the terms that a lesson lists, and the parts of those that it joins, such as platinum/gold."""
    learnt = terms_learnt(lesson)
    return {lang: {part for word in learnt[lang] for part in (word, *JOINED.split(word))} for lang in WRITTEN}


def names_of(entry: dict, lang: str) -> set[str]:
    """What a term is called: its name with and without brackets, what stands in them, and its other names."""
    names = set()
    for name in (entry[lang], *entry.get(f"also_{lang}", [])):
        names |= {name, BRACKETS.sub("", name), *BRACKETS.findall(name)}
    return {name.casefold() for name in names}


def lessons_of(
    entry: dict,
    lessons: list[Lesson],
    prose: dict[str, dict[str, str]],
    learnt: dict[str, dict[str, set[str]]],
) -> list[str]:
    """The lessons that list the term or say it in both languages; where none does, those that teach its framework.

    A name so short that it is an everyday word as well is the term only where its framework is taught.
    """
    short = len(BRACKETS.sub("", entry["zh"])) <= EVERYDAY
    named = []
    for lesson in lessons:
        listed = any(names_of(entry, lang) & learnt[lesson.slug][lang] for lang in WRITTEN)
        taught = entry.get("framework") in lesson.frameworks
        if listed or ((taught or not short) and is_said(entry, prose[lesson.slug])):
            named.append(lesson.slug)
    if named:
        return named
    return [lesson.slug for lesson in lessons if entry.get("framework") in lesson.frameworks]


def is_said(entry: dict, prose: dict[str, str]) -> bool:
    """Whether prose names the term in Chinese and, as whole words, in English (what stands in brackets aside)."""
    zh, en = (BRACKETS.sub("", entry[lang]).casefold() for lang in WRITTEN)
    in_english = re.search(rf"(?<!\w){re.escape(en)}s?(?!\w)", prose["en"])
    return zh in prose["zh"] and in_english is not None
