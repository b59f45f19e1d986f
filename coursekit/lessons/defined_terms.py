"""A term of the glossary in a lesson's prose, or on a client's page, shows what it means when somebody points at it.

JupyterLab's sanitizer keeps ``<abbr class title>``; the extension crmkit-lang lets keyboard and finger reach it too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from html import escape

from crmkit.core.glossary import TERMS
from crmkit.core.language import WRITTEN

from .cells import Cell

# prose in which nothing is marked: code, formulas, tags, links, headings and rows of tables
_UNTOUCHED = r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|<[^>]*>|!?\[[^\]]*\]\([^)]*\)|^(?:#|\|)[^\n]*"
# on a page: headings, formulas, code, links, and every tag
_UNTOUCHED_HTML = r"<(?P<tag>h[1-6]|math|code|pre|a|abbr)\b.*?</(?P=tag)>|<[^>]*>"
_BOLD = r"\*\*(?P<bold>[^*\n]+)\*\*"


def with_definitions(cells: Iterable[Cell], frameworks: Iterable[str]) -> Iterator[Cell]:
    """The cells of a lesson, each term marked once in a language: where prose first has its exact name.

    A name in bold is always the term; plain words only if the lesson teaches the term's framework and the name is too
    long to be an everyday word. What is read does not change: the name stays as it is written.
    """
    plain = {lang: _plain_names(lang, frozenset(frameworks)) for lang in WRITTEN}
    told: set[tuple[str, str]] = set()
    for cell in cells:
        if cell.kind == "markdown" and cell.lang:
            yield replace(cell, source=_marked(cell.source, cell.lang, plain[cell.lang], told))
        else:
            yield cell


def in_page(html: str, lang: str, frameworks: Iterable[str], told: set[str]) -> str:
    """The HTML of a page in one language, each technical term marked where it is first said,
    by its definition in that language.

    ``told``: the terms that were marked before; those marked here are added to it.
    """

    def mark(found: re.Match) -> str:
        name = found["plain"]
        slug = _slugs(lang).get(name.casefold()) if name else None
        if slug is None or slug in told:
            return found.group()
        told.add(slug)
        said = escape(TERMS.entry(slug)[f"definition_{lang}"])
        return f'<abbr class="crm-term" title="{said}">{name}</abbr>'

    plain = _whole_names(_plain_names(lang, frozenset(frameworks)), lang)
    every = re.compile(f"{_UNTOUCHED_HTML}|(?P<plain>{plain})", re.DOTALL | re.IGNORECASE)
    return every.sub(mark, html)


def _marked(source: str, lang: str, plain: list[str], told: set[tuple[str, str]]) -> str:
    def mark(found: re.Match) -> str:
        text = found.group()
        name = found["bold"] or found["plain"]
        slug = _slugs(lang).get(name.casefold()) if name else None
        if slug is None or (lang, slug) in told:
            return text
        told.add((lang, slug))
        marked = f'<abbr class="crm-term" title="{_definitions(slug, lang)}">{name}</abbr>'
        return f"**{marked}**" if found["bold"] else marked

    whole = _whole_names(plain, lang)
    every = re.compile(f"{_UNTOUCHED}|{_BOLD}|(?P<plain>{whole})", re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return every.sub(mark, source)


def _whole_names(names: list[str], lang: str) -> str:
    """A pattern for any of the names, as whole words where a language has spaces between them."""
    one = "|".join(re.escape(name) for name in names) or r"(?!)"
    return rf"(?<!\w)(?:{one})(?!\w)" if lang == "en" else one


def _plain_names(lang: str, frameworks: frozenset[str]) -> list[str]:
    """Names that are marked without being in bold, the longest first."""
    found = []
    for name, slug in _slugs(lang).items():
        entry = TERMS.entry(slug)
        if entry.get("framework") in frameworks and _is_technical(name, lang):
            found.append(name)
    return sorted(found, key=lambda name: (-len(name), name))


def _is_technical(name: str, lang: str) -> bool:
    """Whether a name is long enough to be no everyday word: four characters in Chinese, two words in English."""
    return len(name) >= 4 if lang == "zh" else bool(re.search(r"\w[ \-–]\w", name))


@cache
def _slugs(lang: str) -> dict[str, str]:
    """Name in one language → slug of the term that the glossary defines, segments left out; of two with one name,
    the first.
    """
    found: dict[str, str] = {}
    for slug in TERMS:
        entry = TERMS.entry(slug)
        if "definition_zh" not in entry or "action_zh" in entry:  # a segment's name is an everyday phrase
            continue
        names = {entry[lang], re.sub(r"\s*\(.*\)", "", entry[lang])}
        for name in sorted(names):
            found.setdefault(name.casefold(), slug)
    return found


def _definitions(slug: str, lang: str) -> str:
    """Both definitions for an attribute, the reader's own language first; ``$`` would begin a formula."""
    entry = TERMS.entry(slug)
    other = "en" if lang == "zh" else "zh"
    lines = [entry[f"definition_{lang}"], f"{entry[other]}: {entry[f'definition_{other}']}"]
    return escape("\n".join(lines)).replace("\n", "&#10;").replace("$", "&#36;")
