"""The bilingual catalogue of terms (terms.toml): a word of the field or a column's name, with one translation."""

from typing import TYPE_CHECKING

from .catalogue import HERE, read_catalogue
from .errors import CrmkitError
from .language import in_language

if TYPE_CHECKING:
    import pandas as pd


def term(slug: str) -> str:
    """The term's name in the language in force.

    >>> import crmkit; crmkit.set_language("en"); term("customer_pyramid")
    'customer pyramid'
    """
    zh, en = term_pair(slug)
    return in_language(zh, en)


def term_pair(slug: str) -> tuple[str, str]:
    """The term in Chinese and in English."""
    terms = read_catalogue(HERE / "terms.toml")
    if slug not in terms:
        from difflib import get_close_matches

        near = get_close_matches(slug, terms, n=5, cutoff=0.4) or sorted(terms)[:5]
        raise CrmkitError("unknown_term", value=slug, allowed=", ".join(near))
    return terms[slug]["zh"], terms[slug]["en"]


def has_term(slug: str) -> bool:
    return slug in read_catalogue(HERE / "terms.toml")


def glossary_entry(slug: str) -> dict[str, str]:
    """All that the catalogue says of a slug: zh, en and, where it is a word of the glossary, definitions; {} if nothing."""
    return read_catalogue(HERE / "terms.toml").get(slug, {})


def glossary(search: str = "") -> "pd.DataFrame":
    """The glossary (F32) as a table: slug, zh, en, definition_zh, definition_en; ``search`` looks in all of them.

    Only terms with a definition are listed: the others are column headings.

    >>> "客户金字塔" in glossary("pyramid")["zh"].tolist()
    True
    """
    import pandas as pd

    columns = ["slug", "zh", "en", "definition_zh", "definition_en"]
    rows = [
        {"slug": slug, **{c: entry[c] for c in columns[1:]}}
        for slug, entry in read_catalogue(HERE / "terms.toml").items()
        if "definition_zh" in entry
    ]
    table = pd.DataFrame(rows, columns=columns)
    wanted = search.strip().lower()
    found = (
        table.apply(lambda row: any(wanted in str(cell).lower() for cell in row), axis=1)
        if len(table)
        else []
    )
    return table[found].reset_index(drop=True)
