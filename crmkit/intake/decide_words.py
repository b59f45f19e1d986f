"""Words that speak for themselves, wherever they stand: a remark that says cancelled and nothing else, an item that
begins as a return does, money put on a card."""

import re

import numpy as np

from .judge import Judged
from .reading.columns import plain
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, headed, meaning, meanings
from .side import MOST_VALUES, OF_PAYING, columns_decided, listed, rows_with, side_columns, word_columns

MOST = 0.5  # of the rows: more are no exception
FEW_MARKED = 0.2  # of the rows
# how participles begin and end: the sale's own row says what became of it
_DONE = re.compile(r"已.*|.*(?:ed|iert|ée|é|ado|ada|ato|ata|ido|ida)", re.IGNORECASE)


def says_nothing(name: str) -> bool:
    """Whether a heading tells nothing of what stands below it: none, Column1, Unnamed: 3, x.

    >>> says_nothing("Unnamed: 3"), says_nothing(""), says_nothing("Note")
    (True, True, False)
    """
    return bool(meanings()["remark"]["says_nothing"].fullmatch((name or "").strip()))


def _free_columns(judged: Judged) -> list[tuple[int, str]]:
    """The columns of remarks and those whose headings say nothing; one without a heading goes by its number."""
    taken = set(judged.header.found.values())
    free = [(place, name) for place, name in enumerate(judged.header.names) if place not in taken]
    free = [(place, name) for place, name in free if says_nothing(name) or headed(name, "remark")]
    return [(place, name or str(place + 1)) for place, name in free]


def _texts(judged: Judged, place: int) -> list[str]:
    """What stands in a column beside the rows used; nothing where too many different things do."""
    column = judged.rows.column(place)
    if column.size > MOST_VALUES * 20:
        return []
    counts = column.counts(judged.used)
    return [text for value, n in zip(column.values, counts) if n and (text := cell_text(value))]


def _undone_alone(text: str) -> bool:
    known = meanings()
    if plain(text) in known["undone"]["doubtful"]:
        return False
    return (
        meaning(text, "document") == "back"
        or meaning(text, "status") == "lost"
        or plain(text) in known["undone"]["values"]
    )


def called_undone(judged: Judged) -> Decision | None:
    """Rows with a positive amount that a word calls returned or cancelled: alone in a remark,
    or before what was sold.
    """
    settled = {"called_undone", "document", "status"} & set(judged.mapping.as_read)
    if judged.units is None or settled:
        return None
    decided, at_first = columns_decided(judged), meanings()["undone"]["at_first"]
    found = [(place, name, _undone_alone) for place, name in _free_columns(judged)]
    found += [(place, name, at_first.search) for place, name in word_columns(judged)]
    for place, name, is_undone in found:
        if plain(name) in decided or OF_PAYING.search(name):
            continue
        words = [text for text in _texts(judged, place) if is_undone(text)]
        rows = rows_with(judged, place, words) if words else judged.used & False
        if not (judged.units[rows] > 0).any() or rows.sum() > MOST * judged.used.sum():
            continue
        fields = {"values": listed(words)}
        negative = Reading("negative", {"negative": {name: words}}, "reading_return_flag_negative")
        drop = Reading("drop", {"drop": {name: words}}, "reading_references_drop")
        back = [text for text in words if meaning(text, "document") == "back" or at_first.search(text)]
        readings = (negative, drop) if back else (drop,)
        if all(map(_DONE.fullmatch, words)):
            readings = readings[::-1]
        readings = (*readings, as_it_stands("called_undone"))
        return Decision("called_undone", readings, name, int(rows.sum()), fields)
    return None


def stored_value(judged: Judged) -> Decision | None:
    """Money put on a card, gift cards sold, deposits: counted now, it is counted again when it is spent."""
    mapping = judged.mapping
    if judged.units is None or {"stored_value", "topup", "document"} & set(mapping.as_read):
        return None
    known, decided = meanings(), columns_decided(judged)
    product = judged.header.found.get("product_id")
    for place, name in word_columns(judged):
        kinds = headed(name, "document")
        if plain(name) in decided or OF_PAYING.search(name) or not (kinds or place == product):
            continue
        texts = _texts(judged, place)
        surely = [text for text in texts if known["undone"]["stored_item"].search(text)]
        perhaps: list[str] = []
        if kinds and place != product:
            surely += [text for text in texts if plain(text) in known["document"]["advance"]]
            perhaps = [text for text in texts if plain(text) in known["document"]["perhaps_advance"]]
        words = [*surely, *perhaps]
        rows = rows_with(judged, place, words) if words else judged.used & False
        if not (judged.units[rows] > 0).any() or rows.sum() > MOST * judged.used.sum():
            continue
        fields = {"values": listed(words)}
        drop = Reading("drop", {"drop": {name: words}}, "reading_document_drop", fields)
        readings = (drop, as_it_stands("stored_value"))
        if perhaps and not surely:
            readings = readings[::-1]
        return Decision("stored_value", readings, name, int(rows.sum()), fields)
    return None


def marked_few(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns whose headings say nothing, in which few rows are marked."""
    found, decided = [], columns_decided(judged)
    for place, name in side_columns(judged):
        rows = judged.used & judged.rows.column(place).filled
        if (
            says_nothing(name)
            and plain(name) not in decided
            and 0 < rows.sum() <= FEW_MARKED * judged.used.sum()
        ):
            found.append((name, _texts(judged, place), rows))
    return found
