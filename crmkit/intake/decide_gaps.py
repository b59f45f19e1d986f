"""Rows that lack a customer or a date: filled from the row above, or set aside, and then how many are too many."""

import numpy as np

from crmkit.core.glossary import term_pair
from crmkit.core.messages import MESSAGES

from .causes import commonest, in_groups
from .currencies import empty_amounts
from .decide_repeats import adds_up
from .gaps import CARRIED, without_own
from .judge import Judged, to_cents
from .reading.columns import looks_like_record
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import headed, meaning
from .side import listed, rows_with, word_columns

REASONS = ("missing_customer", "bad_date", "bad_amount")
FEWEST = 2  # rows
LOOKED_AT = 10_000  # rows
_NEARLY = 0.95


def fill_down(judged: Judged) -> Decision | None:
    """A customer or a date written in the first row of a group only, or repeated by ditto marks."""
    mapping = judged.mapping
    if judged.units is None or mapping.fill_down or "fill_down" in mapping.as_read:
        return None
    columns = [name for name in CARRIED if name in judged.rows.codes]
    marks = {name: without_own(judged, name, ditto_only=True) for name in columns}
    if any(rows.any() for rows in marks.values()):
        return _asked(judged, marks, as_it_stands("fill_down"))
    if not (judged.of("missing_customer") | judged.of("bad_date")).any():
        return None
    records = _records(judged)
    lacking = {name: without_own(judged, name) & records for name in columns}
    if not _one_of_each_group(judged, lacking):
        return None
    decision = much_set_aside(judged)
    if decision is None:
        return None
    go_on = decision.readings[0]
    patch = {**go_on.patch, "as_read": ["fill_down"]}
    return _asked(judged, lacking, Reading("go_on", patch, "reading_set_aside_go_on", go_on.fields))


def _asked(judged: Judged, lacking: dict[str, np.ndarray], other: Reading) -> Decision:
    named = {name: rows for name, rows in lacking.items() if rows.any()}
    headings = [judged.header.names[judged.header.found[name]] for name in named]
    rows = int(np.any(list(named.values()), axis=0).sum())
    filled = Reading("fill_down", {"fill_down": headings})
    return Decision("fill_down", (filled, other), headings[0], rows, {"columns": listed(headings)})


def _records(judged: Judged) -> np.ndarray:
    """The rows set aside for want of a customer or a date whose amount can be read."""
    out = judged.of("missing_customer") | judged.of("bad_date")
    return out & ~judged.unreadable & (judged.units != 0) & ~_sums(judged)


def _one_of_each_group(judged: Judged, lacking: dict[str, np.ndarray]) -> bool:
    """Whether the rows that lack something follow rows that have it, as in a list that names each group once."""
    either = np.any(list(lacking.values()), axis=0)
    if either.sum() < FEWEST or not judged.used.any() or either[: int(judged.used.argmax()) + 1].any():
        return False
    dates, customers = lacking.get("date"), lacking.get("customer_id")
    without_both = either & False if dates is None or customers is None else dates & customers
    # a customer who is lacking beside a date may be nobody's; where most lack both, or each group is another's,
    # it is a list
    of_groups = customers is None or not customers.any() or in_groups(judged, customers)
    return bool(2 * without_both.sum() > either.sum()) or of_groups or _at_the_same_time(judged, customers)


def _at_the_same_time(judged: Judged, lacking: np.ndarray) -> bool:
    """Whether the rows without a customer have the time of the row above, which hardly any other row has."""
    if judged.moments is None:
        return False
    again = np.append(False, judged.moments[1:] == judged.moments[:-1])
    others = judged.used & ~lacking
    return bool(again[lacking].mean() >= _NEARLY and again[others].mean() <= 1 - _NEARLY)


def _sums(judged: Judged) -> np.ndarray:
    """The rows set aside that hold the sum of those above: totals without a label."""
    lacking = judged.of("missing_customer") | judged.of("bad_date")
    found = np.zeros(len(judged.rows), dtype=bool)
    rows = np.flatnonzero(lacking & ~judged.unreadable & (judged.units != 0))
    if len(rows) and adds_up(judged, rows):
        found[rows] = True
    return found | lacking & (judged.units == np.cumsum(np.where(judged.used, judged.units, 0)))


def other_kinds(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """The columns of kinds that say of rows without a customer that they are payouts, fees, balances:
    no sales anyway.
    """
    found = []
    lacking = judged.of("missing_customer")
    for place, name in word_columns(judged) if lacking.any() else ():
        if not headed(name, "document"):
            continue
        column = judged.rows.column(place)
        counts = column.counts(lacking)
        kinds = ("other", "payment", "no_sale", "opening")
        words = [
            str(value)
            for value, count in zip(column.values, counts)
            if count and meaning(value, "document") in kinds
        ]
        if words:
            rows = rows_with(judged, place, words, among=lacking)
            found.append((name, words, rows))
    return found


def _no_records(judged: Judged) -> np.ndarray:
    """Rows that are remarks, totals or of other kinds: no customer, no date and no amount of their own."""
    unread = np.array([parsed is None for parsed in judged.rows.distinct["date"].parsed])
    no_date = unread[judged.rows.codes["date"]]
    below = np.arange(len(judged.rows)) > np.flatnonzero(judged.used).max(initial=-1)
    found = no_date & judged.unreadable & (judged.of("missing_customer") | below)
    found &= ~_in_other_columns(judged, found)
    if judged.units is not None:
        found |= no_date & judged.of("missing_customer") & ((judged.units == 0) | _sums(judged))
        found |= _carried_forward(judged)
    for _, _, rows in other_kinds(judged):
        found |= rows
    return found


def amount_in_parts(judged: Judged) -> Decision | None:
    """A further column of amounts that is filled where the first one is empty: cash, and card."""
    mapping = judged.mapping
    if "amount" not in judged.rows.codes or mapping.add or "amount_in_parts" in mapping.as_read:
        return None
    empty = empty_amounts(judged) & judged.of("bad_amount")
    for name in judged.header.alternatives.get("amount", ()) if empty.any() else ():
        filled = judged.rows.column(judged.place(name)).filled
        rows = int((empty & filled).sum())
        if rows >= FEWEST and rows >= _NEARLY * filled.sum():
            fields = {"name": name, "names": f"“{judged.heading('amount')}” + “{name}”"}
            added = Reading("sum", {"add": [name]}, "reading_sum", fields)
            readings = (added, as_it_stands("amount_in_parts"))
            return Decision("amount_in_parts", readings, judged.heading("amount"), rows, fields)
    return None


def _carried_forward(judged: Judged) -> np.ndarray:
    """The rows set aside that hold what all rows above come to, whatever they are called: Übertrag, 过次页, or *."""
    lacking = judged.of("missing_customer") | judged.of("bad_date")
    so_far = np.cumsum(np.where(judged.used, judged.units, 0))
    return lacking & (judged.units == so_far) & (judged.units != 0) & (np.cumsum(judged.used) >= FEWEST)


def _in_other_columns(judged: Judged, rows: np.ndarray) -> np.ndarray:
    """Which of these rows are records whose columns stand elsewhere: a date, a number and something else."""
    moved = np.zeros(len(rows), dtype=bool)
    columns = [judged.rows.column(place) for place in range(len(judged.header.names))]
    for row in np.flatnonzero(rows)[:LOOKED_AT].tolist():
        moved[row] = looks_like_record([column.values[column.codes[row]] for column in columns])
    return moved


def much_set_aside(judged: Judged) -> Decision | None:
    """More than a tenth of the rows or of the money set aside, with the commonest reason and the likely cause."""
    out = np.zeros(len(judged.rows), dtype=bool)
    for reason in REASONS:
        out |= judged.of(reason)
    if out.any() and "date" in judged.rows.codes:
        out &= ~_no_records(judged)
    rows, every = int(out.sum()), int((out | judged.used).sum())
    if not rows or judged.moments is None:
        return None
    share = max(rows / every, _share_of_money(judged, out))
    if share <= judged.mapping.set_aside_up_to + 1e-9:
        return None
    reason, count, example, cause = commonest(judged, REASONS)
    fields = {
        "share": round(100 * share, 1),
        "reason": term_pair(reason),
        "count": count,
        "example": example,
        "cause": MESSAGES.pair(f"cause_{cause}"),
        "money": to_cents(judged.sum_of(out)) if judged.units is not None else "—",
    }
    accepted = min(1.0, float(np.ceil(share * 100) / 100))
    reading = Reading("go_on", {"set_aside_up_to": accepted}, fields=fields)
    return Decision("set_aside", (reading,), None, rows, fields)


def _share_of_money(judged: Judged, out: np.ndarray) -> float:
    """The share of the money that is set aside; none where it cancels out, as a booking and its reversal do."""
    if judged.units is None or judged.sum_of(out) == 0:
        return 0.0
    aside, used = (float(np.abs(judged.units[part].astype(float)).sum()) for part in (out, judged.used))
    return aside / (aside + used)
