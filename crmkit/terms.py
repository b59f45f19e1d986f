"""The bilingual catalogue of terms (terms.toml), and the interface's messages beside it (messages.toml).

A term is a word of the field or a column's name, with one translation; a message is a sentence that the kit says.
"""

import tomllib
from functools import cache
from pathlib import Path

from .language import in_language
from .schema import CrmkitError

_HERE = Path(__file__).parent


@cache
def read_catalogue(path: Path) -> dict[str, dict[str, str]]:
    """``{key: {"zh": …, "en": …, …}}`` of one TOML file; a key without both languages is an error."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    for key, entry in entries.items():
        if not entry.get("zh") or not entry.get("en"):
            raise ValueError(f"{path.name}: [{key}] needs zh and en")
    return entries


def term(slug: str) -> str:
    """The term's name in the language in force.

    >>> import crmkit; crmkit.set_language("en"); term("customer_pyramid")
    'customer pyramid'
    """
    zh, en = term_pair(slug)
    return in_language(zh, en)


def term_pair(slug: str) -> tuple[str, str]:
    """The term in Chinese and in English."""
    terms = read_catalogue(_HERE / "terms.toml")
    if slug not in terms:
        from difflib import get_close_matches

        near = get_close_matches(slug, terms, n=5, cutoff=0.4) or sorted(terms)[:5]
        raise CrmkitError("unknown_term", value=slug, allowed=", ".join(near))
    return terms[slug]["zh"], terms[slug]["en"]


def has_term(slug: str) -> bool:
    return slug in read_catalogue(_HERE / "terms.toml")


def glossary(search: str = ""):
    """The glossary (F32) as a table: slug, zh, en, definition_zh, definition_en; ``search`` looks in all of them.

    Only terms with a definition are listed: the others are column headings.

    >>> "客户金字塔" in glossary("pyramid")["zh"].tolist()
    True
    """
    import pandas as pd

    columns = ["slug", "zh", "en", "definition_zh", "definition_en"]
    rows = [
        {"slug": slug, **{c: entry[c] for c in columns[1:]}}
        for slug, entry in read_catalogue(_HERE / "terms.toml").items()
        if "definition_zh" in entry
    ]
    table = pd.DataFrame(rows, columns=columns)
    wanted = search.strip().lower()
    found = table.apply(lambda row: any(wanted in str(cell).lower() for cell in row), axis=1) if len(table) else []
    return table[found].reset_index(drop=True)


def message(key: str, **values) -> str:
    """A message of the interface in the language in force, with its {fields} filled in; both: one below the other."""
    return in_language(*message_pair(key, **values), between="\n")


def message_pair(key: str, **values) -> tuple[str, str]:
    """The message in Chinese and in English."""
    entry = read_catalogue(_HERE / "messages.toml")[key]
    return entry["zh"].format(**values), entry["en"].format(**values)
