"""What a column is: its heading in both languages and its kind, which says how its values are written.

The catalogue (columns.toml; a word of the glossary may be a column too) says so of the kit's own columns. A column that
a client or a student made is judged by its name, here and nowhere else.
"""

import re
from collections.abc import Iterable

from .catalogue import Pair
from .glossary import TERMS, named, term_pair

# how values are meant: a share is 0…1 and written as %, money is in currency units, a slug is a term of the catalogue
KINDS = ("share", "money", "days", "count", "number", "date", "yes_no", "slug", "text")
# an end of the interval of a column, or the column at another time, is of the column's own kind
_OF_ANOTHER = re.compile(r"^(?P<column>.+)_(?P<end>low|high|before|after|change)$")
_SHARE_BY_NAME = re.compile(r"(?:^|_)(?:share|rate|probability)$")


def column_kind(column: object) -> str | None:
    """What the values of a column are, one of KINDS; None for a column whose name says nothing.

    >>> column_kind("revenue"), column_kind("my_open_rate"), column_kind("my_open_rate_low"), column_kind("shoe_size")
    ('money', 'share', 'share', None)
    """
    if not isinstance(column, str):
        return None
    if column == "":  # an index without a name: its labels are terms, where they are known as such
        return "slug"
    if column in TERMS and "kind" in TERMS.entry(column):
        return TERMS.entry(column)["kind"]
    if _SHARE_BY_NAME.search(column):
        return "share"
    found = _OF_ANOTHER.match(column)
    return column_kind(found["column"]) if found else None


def column_heading(column: object, *, beside: Iterable = ()) -> Pair:
    """The heading of a column in both languages; one that the catalogue does not know is headed by its name.

    ``beside`` are the table's columns: some mean another thing in other company.

    >>> column_heading("value").en, column_heading("value", beside=["measure", "value"]).en
    ('value', 'indicator value')
    """
    company = TERMS.entry(str(column)).get("beside", {}) if column in TERMS else {}
    for other, slug in company.items():
        if other in beside:
            return term_pair(slug)
    return named(column)


def cell_words(column: object, value: str) -> Pair | None:
    """The term that a cell's slug stands for; None where the column holds no slugs, or the cell another text.

    >>> cell_words("tier", "gold").en, cell_words("item", "contacts").en, cell_words("customer_id", "gold")
    ('gold', 'cost of contacts', None)
    """
    if column_kind(column) != "slug":
        return None
    meant = TERMS.entry(str(column)).get("values", {}) if column in TERMS else {}
    slug = meant.get(value, value)
    return TERMS.pair(slug) if slug in TERMS else None
