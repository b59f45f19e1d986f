"""The columns that are in no use: what stands in them, and what a mapping says of it."""

import re

import numpy as np

from .judge import Judged
from .reading.columns import plain
from .reading.meanings import cell_text, meanings, plain_value

# credit and debit are kinds of cards, and ways to pay
OF_PAYING = re.compile(
    r"卡|(?:支付|付款|收款|结算)(?:方式|类型|渠道|工具)|\bcard\b|tender|pay(?:ment|ing)?[ _]?(?:type|method|by|with|mode)",
    re.IGNORECASE,
)
MOST_VALUES = 60  # a column with more different values says no state and no kind
MOST_KNOWN = 0.8  # of the different values, known as states, in a column whose heading is unknown


def side_columns(judged: Judged) -> list[tuple[int, str]]:
    """The columns that are in no use, with their headings."""
    taken = set(judged.header.found.values())
    return [(i, name) for i, name in enumerate(judged.header.names) if name and i not in taken]


def word_columns(judged: Judged) -> list[tuple[int, str]]:
    """The columns in no use, and that of the products, in which kinds of rows stand as well."""
    product = judged.header.found.get("product_id")
    return side_columns(judged) + ([] if product is None else [(product, judged.header.names[product])])


def values_of(judged: Judged, place: int, rows: np.ndarray | None = None) -> dict[str, int] | None:
    """The different values of a column as text, with their rows among those used; None where there are too many."""
    column = judged.rows.column(place)
    if column.size > MOST_VALUES * 20:
        return None
    found: dict[str, int] = {}
    counts = column.counts(judged.used if rows is None else rows)
    for value, count in zip(column.values, counts):
        if count:
            text = cell_text(value)
            found[text] = found.get(text, 0) + int(count)
    return found if len(found) <= MOST_VALUES else None


def settled(judged: Judged, code: str, name: str, values) -> bool:
    """Whether the mapping says of every value what it is, or that the column is to be taken as it stands."""
    mapping = judged.mapping
    if code in mapping.as_read:
        return True
    keys = {
        plain(column): column for given in (mapping.keep, mapping.drop, mapping.negative) for column in given
    }
    column = keys.get(plain(name))
    if column is None:
        return False
    if column in mapping.keep and column not in mapping.drop:
        return True
    said = [*mapping.keep.get(column, ()), *mapping.drop.get(column, ()), *mapping.negative.get(column, ())]
    known = {plain_value(value) for value in said}
    return all(plain_value(value) in known for value in values)


def columns_decided(judged: Judged) -> set[str]:
    """The columns of whose values the mapping says something, as headings are compared."""
    mapping = judged.mapping
    return {plain(column) for given in (mapping.keep, mapping.drop, mapping.negative) for column in given}


def listed(values) -> str:
    shown = [value or "∅" for value in values]
    return ", ".join(shown[:8]) + (" …" if len(shown) > 8 else "")


def is_short(judged: Judged, place: int) -> bool:
    return judged.rows.column(place).size <= MOST_VALUES


def is_flag(values) -> bool:
    """Whether a column says nothing but yes and no."""
    return {plain(value) for value in values} <= meanings()["yes_no"]["values"]


def rows_with(judged: Judged, place: int, values, *, among: np.ndarray | None = None) -> np.ndarray:
    """Which of the rows used, or of others, hold one of these values."""
    wanted = {plain_value(value) for value in values}
    there = judged.rows.column(place).where(lambda cell: plain_value(cell) in wanted)
    return there & (judged.used if among is None else among)
