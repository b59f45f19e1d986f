"""Tables below each other under titles of their own: which of them are sales."""

import re
from collections import Counter

import numpy as np

from .judge import Judged
from .reading.dates import month_named
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import meanings
from .sections import Section, tables_below

_PERIOD = re.compile(
    r"\d|[月周季年旬]|quarter|week|quartal|woche|trimest|semaine|semana|settimana|\bq[1-4]\b", re.I
)
FEWEST = 3  # rows of a table
_NEARLY = 0.8  # of its rows, or of its customers


def which_tables(judged: Judged) -> Decision | None:
    """A further table whose title or headings say that it holds something else, or that repeats the money of the first:
    which of them count.
    """
    mapping = judged.mapping
    if judged.units is None or "tables_below" in mapping.as_read or mapping.drop_below:
        return None
    tables = [table for table in tables_below(judged) if _used(judged, table).any()]
    if len(tables) < 2 or len({table.title for table in tables}) < len(tables):
        return None
    first, *others = tables
    again = any(_same_money(judged, first, other) for other in others)
    if not any(_of_another_kind(judged, first, other) for other in others):
        return None
    titles = [table.title for table in tables]
    only = [
        Reading(
            f"table_{place}",
            {"drop_below": [title for title in titles if title != kept]},
            "reading_table_below",
            {"title": kept},
        )
        for place, kept in enumerate(titles, 1)
    ]
    every = as_it_stands("tables_below")
    no_sales = again or any(_says_something_else(table.title) for table in others)
    readings = (*only, every) if no_sales else (every, *only)
    rows = int(sum(_used(judged, other).sum() for other in others))
    return Decision("tables_below", readings, None, rows, {"titles": " / ".join(titles)})


def _used(judged: Judged, table: Section) -> np.ndarray:
    mine = np.zeros(len(judged.rows), dtype=bool)
    mine[table.first : table.end] = True
    return mine & judged.used


def _of_another_kind(judged: Judged, first: Section, other: Section) -> bool:
    """Whether a table may hold something else than the first: months with the same headings do not."""
    if other.titled and meanings()["returned_part"]["pattern"].search(other.title):
        return False  # it is asked about as returns
    if other.titled and _says_something_else(other.title) and not _says_something_else(first.title):
        return True
    if not other.titled or _is_period(other.title):
        return other.own and _same_money(judged, first, other)
    return other.own or _same_money(judged, first, other)


def _is_period(title: str) -> bool:
    words = re.findall(r"[^\W\d_]+", title)
    return bool(_PERIOD.search(title)) or any(map(month_named, words))


def _says_something_else(title: str) -> bool:
    known = meanings()
    return bool(known["paid_part"]["pattern"].search(title) or known["no_sale_part"]["pattern"].search(title))


def _same_money(judged: Judged, first: Section, other: Section) -> bool:
    """Whether nearly all amounts of a table stand in the first as well, of the same customers,
    or come to the same for nearly every customer: what was paid for the sales above.
    """
    above, here = _used(judged, first), _used(judged, other)
    different = len(np.unique(judged.units[here]))
    if here.sum() < FEWEST or 2 * different < here.sum():  # a few prices say nothing
        return False
    customers = judged.rows.codes["customer_id"]
    pairs = [Counter(zip(customers[rows].tolist(), judged.units[rows].tolist())) for rows in (above, here)]
    if (pairs[0] & pairs[1]).total() >= _NEARLY * pairs[1].total():
        return True
    sums = [np.bincount(customers[rows], judged.units[rows], customers.max() + 1) for rows in (above, here)]
    theirs = np.unique(customers[here])
    return len(theirs) >= FEWEST and bool((sums[0][theirs] == sums[1][theirs]).mean() >= _NEARLY)
