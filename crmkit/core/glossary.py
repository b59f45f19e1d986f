"""The words of the field and of the kit, each with one translation.

A word with a definition stands in glossary.toml, what a column is in columns.toml, every other word in the words.toml
of the room that says it. ``term`` finds it wherever it stands.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import Catalogue, Pair
from .errors import CrmkitError
from .language import in_language
from .messages import MESSAGES

_CORE = Path(__file__).parent
TERMS = Catalogue(_CORE / "glossary.toml", _CORE / "columns.toml", *sorted(_CORE.parent.glob("*/words.toml")))

# the ends of an interval have no entries of their own: they are called after what they are the ends of
_END = re.compile(r"(?P<of>.+)_(?P<end>low|high)")

if TYPE_CHECKING:
    import pandas as pd


def term(slug: str) -> str:
    """The term's name in the language in force.

    >>> import crmkit; crmkit.set_language("en"); term("customer_pyramid")
    'customer pyramid'
    """
    return in_language(*term_pair(slug))


def term_pair(slug: str) -> Pair:
    """The term in Chinese and in English; ``<slug>_low`` and ``<slug>_high`` are the ends of its interval.

    A term is also found by its name in either language. Errors: CrmkitError for a word that the catalogue does not
    have, with those near it.

    >>> term_pair("repeat_rate_low")
    Pair(zh='复购率（下限）', en='repeat rate, low')
    >>> term_pair("客户金字塔")
    Pair(zh='客户金字塔', en='customer pyramid')
    """
    if slug in TERMS:
        return TERMS.pair(slug)
    if end := _end_of_interval(slug):
        return MESSAGES.pair(f"interval_{end['end']}", of=TERMS.pair(end["of"]))
    by_name = _slugs_by_name()
    wanted = str(slug).strip().casefold()
    if wanted in by_name:
        return TERMS.pair(by_name[wanted])
    from difflib import get_close_matches

    near = get_close_matches(wanted, [*TERMS, *by_name], n=5, cutoff=0.4) or sorted(TERMS)[:5]
    told = dict.fromkeys(by_name.get(name, name) for name in near)
    shown = [f"{near_slug} ({', '.join(TERMS.pair(near_slug))})" for near_slug in told]
    raise CrmkitError("unknown_term", value=slug, allowed="; ".join(shown))


@cache
def _slugs_by_name() -> dict[str, str]:
    """Name in either language → slug; where two terms share a name, the one that the glossary defines."""
    found: dict[str, str] = {}
    for slug in sorted(TERMS, key=lambda slug: "definition_zh" not in TERMS.entry(slug)):
        for name in TERMS.pair(slug):
            found.setdefault(name.casefold(), slug)
    return found


def _end_of_interval(slug: object) -> re.Match | None:
    found = _END.fullmatch(slug) if isinstance(slug, str) else None
    return found if found and found["of"] in TERMS else None


def term_texts(slug: str) -> dict[str, str]:
    """The term as what notebooks, pages and explorers keep: ``{"zh": …, "en": …}``."""
    return term_pair(slug)._asdict()


def has_term(slug: object) -> bool:
    """Whether the slug, or what it is an end of the interval of, is a term."""
    return slug in TERMS or _end_of_interval(slug) is not None


def named(slug: object) -> Pair:
    """The term in both languages; a name that a client gave is what it is.

    >>> named("gold"), named("VIP 2026")
    (Pair(zh='黄金', en='gold'), Pair(zh='VIP 2026', en='VIP 2026'))
    """
    return term_pair(slug) if isinstance(slug, str) and has_term(slug) else Pair(str(slug), str(slug))


def glossary_entry(slug: str) -> dict[str, str]:
    """All that is kept of a slug: zh, en and, where it is a word of the glossary, definitions; {} if nothing."""
    return TERMS.entry(slug) if slug in TERMS else {}


def other_names(slug: str, lang: str) -> list[str]:
    """What other textbooks call a term, in one language.

    >>> other_names("pareto_principle", "en")
    ['80/20 rule', 'law of the vital few']
    """
    return list(TERMS.entry(slug).get(f"also_{lang}", []))


def glossary(search: str = "") -> "pd.DataFrame":
    """The glossary (F32) as a table: slug, zh, en, definition_zh, definition_en; ``search`` looks in all of them.

    It also finds a term by the names that other textbooks give it. Only terms with a definition are listed: the others
    are column headings and labels.

    >>> "客户金字塔" in glossary("pyramid")["zh"].tolist()
    True
    """
    import pandas as pd

    columns = ["slug", "zh", "en", "definition_zh", "definition_en"]
    wanted = search.strip().lower()
    rows = []
    for slug in TERMS:
        entry = TERMS.entry(slug)
        if "definition_zh" not in entry:
            continue
        row = [slug, *(entry[column] for column in columns[1:])]
        searched = [*row, *other_names(slug, "zh"), *other_names(slug, "en")]
        if any(wanted in cell.lower() for cell in searched):
            rows.append(row)
    return pd.DataFrame(rows, columns=columns)
