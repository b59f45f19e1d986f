"""Columns found by their values, where no heading says what they are: they are offered,
and never taken without an answer.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd

from crmkit.core.errors import refusal

from .reading.amounts import take_apart
from .reading.columns import header_forms, plain_unit, vocabulary
from .reading.dates import DateReader
from .reading.decisions import Decision, Reading, merged, outcome_of
from .reading.made_columns import customers_in_titles
from .reading.rows import customer_text
from .reading.table import Table
from .sums import YEARLY

LOOKED_AT = 400  # rows from the top
LARGE = 100_000  # rows in a file that is not read anew for every reading
MOST_KINDS = 6  # of customers; more values of a column are customers
MOST = 4  # readings of a question: more are no help
NEARLY_ALL = 0.95
MOSTLY = 0.8
DOUBTFUL = 0.01  # the rank of a heading that speaks against it: offered where there is no other
_DAY_IN_DIGITS = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_DIGITS = re.compile(r"[\W_]*\d+[\W_]*")
MOST_PARTS = 8  # columns that are added up
_CLOCK = re.compile(r"\d{1,2}:\d\d")
PIECES = 50  # the largest count of what was bought in a row

# what is asked where a needed column is not named
QUESTIONS = {"date": "column_date", "amount": "column_amount", "customer_id": "column_customer_id"}

Columns = dict[str, list]  # the name of a column → its first cells


def candidates(table: Table) -> list[Decision]:
    """A question for each column that is needed and not named; none where one of them could not be any column.

    Its readings are the columns whose values could be it, the likeliest first. The customers are certain where nothing
    else is missing and one column could be them.
    """
    missing = table.header.missing
    if not missing:
        return []
    unknown, contacts = _columns(table)
    questions: dict[str, Decision] = {}
    sure = False
    for canonical, code in QUESTIONS.items():  # what is surely one is no candidate for the next
        if canonical not in missing:
            continue
        if canonical == "date":
            names = _likely(unknown, _as_date)
            readings = [_reading(table, {"date": name}) for name in names]
        elif canonical == "amount":
            names = _likely(unknown, _as_amount, _as_paid)
            readings = [
                *_parts(unknown),
                *_products(table, unknown),
                *(_reading(table, {"amount": name}) for name in names),
            ]
            readings += _price_alone(table)
            readings = readings or _running_totals(table, unknown)
            readings = [*_in_and_out(unknown), *readings]
        else:
            names = _likely(unknown | contacts, _as_customer)
            readings = [*_named_elsewhere(table), *(_reading(table, {"customer_id": name}) for name in names)]
            sure = (
                len(readings) == 1
                and missing == [canonical]
                and len(names) == 1
                and _surely_customers(*names, unknown)
            )
        if not readings:
            return []
        questions[canonical] = Decision(code, tuple(readings[:MOST]), certain=sure)
        if (
            canonical == "amount" and names
        ):  # whole numbers may as well be a customer's, but for the likeliest
            names = [name for name in names if name == names[0] or _numbers(unknown[name])[1]]
        for name in names:
            unknown.pop(name, None)
    return [questions[canonical] for canonical in missing]


def weighed(questions: list[Decision], read_as: Callable[[dict], Any]) -> list[Decision]:
    """The questions with what each reading makes of the file, seen with the likeliest of the others.

    ``read_as``: a patch of the mapping → the report of the file under it. A large file is read once, with the likeliest
    of all; what its other readings make of it is seen when they are chosen.
    """
    likeliest: dict = {}
    for question in questions:
        likeliest = merged(likeliest, question.readings[0].patch)
    first = read_as(likeliest)
    large = first.rows_in > LARGE
    asked = []
    for question in questions:
        best, *others = question.readings
        readings = [replace(best, outcome=outcome_of(first))]
        for reading in others:
            found = None if large else read_as(merged(_without(likeliest, best), reading.patch))
            readings.append(replace(reading, outcome=found and outcome_of(found)))
        asked.append(replace(question, readings=tuple(readings)))
    return asked


def _without(patch: dict, reading: Reading) -> dict:
    """A patch without what a reading says, and without the columns that it names."""
    others = {key: value for key, value in patch.items() if key not in reading.patch}
    taken = reading.patch.get("columns", {})
    columns = {name: heading for name, heading in patch.get("columns", {}).items() if name not in taken}
    return {**others, "columns": columns}


# --- the columns ----------------------------------------------------------------------------


def _columns(table: Table) -> tuple[Columns, Columns]:
    """The columns that are not known yet, and those that are known as ways to reach somebody.

    Names that occur twice are left out: a mapping file could not tell which is meant.
    """
    header = table.header
    chunk = next(iter(table.chunks()), None)
    if chunk is None:
        return {}, {}
    known = set(header.found.values())
    contact = {header.found.get(name) for name in ("email", "phone", "customer_name")}
    unknown, contacts = {}, {}
    for place, column in enumerate(chunk.columns[: len(header.names)]):
        name = header.names[place]
        if not name or header.names.count(name) > 1:
            continue
        if place in contact:
            contacts[name] = pd.Series(column[:LOOKED_AT]).tolist()
        elif place not in known:
            unknown[name] = pd.Series(column[:LOOKED_AT]).tolist()
    return unknown, contacts


def _reading(table: Table, columns: dict[str, str]) -> Reading:
    """One column under its place in the table."""
    (name,) = (name for name in columns.values() if name)
    place = table.header.names.index(name) + 1
    return Reading(
        f"column_{place}", {"columns": columns}, "reading_this_column", {"name": name}, reopens=True
    )


def _likely(
    columns: Columns, rank_of: Callable[[str, Sequence], float], order: Callable | None = None
) -> list[str]:
    """The names of those that could be it, best first; those below 1, and doubtful ones,
    only where there is no other.
    """
    ranks = {name: rank_of(name, cells) for name, cells in columns.items()}
    best = max(ranks.values(), default=0.0)
    least = min(best, 1.0) if best >= 1 or best <= DOUBTFUL else 2 * DOUBTFUL
    fitting = [name for name, rank in ranks.items() if 0 < least <= rank]
    keys = {name: (ranks[name], order(name, columns[name]) if order else 0) for name in fitting}
    return sorted(fitting, key=keys.get, reverse=True)[:MOST]


def _filled(cells: Sequence) -> list:
    return [cell for cell in cells if customer_text(cell) is not None]


# --- what they could be: 0 for no, 1 and more for what heading and values speak for ------------


def _as_date(name: str, cells: Sequence) -> float:
    """A bare number is no day: it may count anything; one such as 20240131 is offered where nothing else is a day."""
    if vocabulary()["never_date"].search(name):
        return 0.0
    filled = _filled(cells)
    reader = DateReader()
    days = [cell for cell in filled if reader.read(cell) is not None]
    bare = [cell for cell in days if isinstance(cell, (int, float)) or str(cell).isdigit()]
    if len(filled) < 2 or len(days) < NEARLY_ALL * len(filled):
        return 0.0
    if not bare:
        return 1 + len(filled) / len(cells)
    return DOUBTFUL * all(_DAY_IN_DIGITS.fullmatch(customer_text(cell)) for cell in bare)


def _as_amount(name: str, cells: Sequence) -> float:
    """Money has decimals or a currency, or whole numbers that are no counts, ids or days; most rows have some."""
    numbers, in_money = _numbers(cells)
    if len(numbers) < max(2, MOSTLY * len(cells)) or len(set(numbers)) < 2:
        return 0.0
    if vocabulary()["never_amount"].search(name):
        return 0.0
    if not in_money and _counts_something(numbers):
        return 0.0
    number_of_people = not in_money and vocabulary()["people"].search(name)
    doubtful = number_of_people or vocabulary()["no_amount"].search(name)
    wide = max(numbers) > 2 * min(numbers)  # ids are much of a size
    return DOUBTFUL if doubtful else 1.0 + in_money + wide / 2


def _as_paid(name: str, cells: Sequence) -> tuple[int, Decimal]:
    """Of several amounts that which says paid, total or gross goes first, net and goods last; then the largest."""
    words = vocabulary()
    said = len(set(words["paid"].findall(name.casefold()))) - len(words["unpaid"].findall(name))
    return said, sum(_numbers(cells)[0], Decimal(0))


def _as_customer(name: str, cells: Sequence) -> float:
    """Values repeat as buyers do; a heading that speaks of people goes before how often,
    one of goods or shops behind all.
    """
    words = vocabulary()
    texts = [customer_text(cell) for cell in _filled(cells)]
    different = len(set(texts))
    if len(texts) < MOSTLY * len(cells) or different < 2 or different == len(texts):
        return 0.0
    if words["never_customer"].search(name) or _as_date(name, cells) >= 1 or all(map(_CLOCK.match, texts)):
        return 0.0
    if words["no_customer"].search(name):
        return DOUBTFUL
    if words["people"].search(name) or any("@" in text for text in texts):
        return 1 + different / len(texts)
    return different / len(texts) if different > 2 else 0.0


def _surely_customers(name: str, unknown: Columns) -> bool:
    """Whether the only column that could be the customers has a heading of nobody else,
    and more values than there are kinds.
    """
    words = vocabulary()
    if not words["surely_people"].search(name) or words["not_surely"].search(name):
        return False
    different = {customer_text(cell) for cell in unknown.get(name, ())}
    return len(different) > MOST_KINDS


def _numbers(cells: Sequence) -> tuple[list[Decimal], bool]:
    """The size of every cell, and whether they are written as money; none where some are no numbers."""
    filled = _filled(cells)
    parts = [part for cell in filled if (part := take_apart(cell)) is not None]
    if len(parts) < NEARLY_ALL * len(filled):
        return [], False
    numbers = [abs(part.value(".") or part.value(",") or Decimal(0)) for part in parts]
    return numbers, any(number % 1 for number in numbers) or any(part.currency for part in parts)


def _counts_something(numbers: list[Decimal]) -> bool:
    """Ids, telephones and days written as 20240131 are long, numbers of rows follow each other, counts are small."""
    follow = sum(b - a == 1 for a, b in zip(numbers, numbers[1:]))
    in_a_row = follow >= NEARLY_ALL * (len(numbers) - 1)
    return in_a_row or sorted(numbers)[len(numbers) // 2] >= 1_000_000 or max(numbers) <= PIECES


def _products(table: Table, unknown: Columns) -> list[Reading]:
    """A small count times a price: nights × rate, 课时 × 课时单价."""
    counts, prices = [], []
    for name, cells in unknown.items():
        numbers, in_money = _numbers(cells)
        if len(numbers) < max(2, MOSTLY * len(cells)) or vocabulary()["never_amount"].search(name):
            continue
        if not in_money and min(numbers) >= 1 and 1 < max(numbers) <= PIECES:
            counts.append(name)
        elif vocabulary()["price"].search(name) and (in_money or not _counts_something(numbers)):
            prices.append(name)
    price = table.header.found.get("unit_price")
    if price is not None:
        prices = [table.header.names[price]]
    if len(counts) != 1 or len(prices) != 1:
        return []
    patch = {"columns": {"quantity": counts[0], "unit_price": prices[0]}}
    fields = {"count": counts[0], "price": prices[0]}
    return [Reading("product", patch, "reading_product", fields, reopens=True)]


def _parts(unknown: Columns) -> list[Reading]:
    """Columns of which each row fills one or more, or that are numbered: cash and card, 微信 and 支付宝, Price 1 and 2;
    CrmkitError where they are of several currencies.
    """
    parts = {name: cells for name, cells in unknown.items() if _is_part(name, cells)}
    paid = {name: list(map(_paid, cells)) for name, cells in parts.items()}
    some = {name: cells for name, cells in paid.items() if sum(cells) < NEARLY_ALL * len(cells)}
    rows = [any(row) for row in zip(*some.values())]
    families = [[*some]] if rows and sum(rows) >= NEARLY_ALL * len(rows) else []
    numbered: dict[str, list[str]] = {}
    for name in parts:
        numbered.setdefault(_DIGITS.sub("", name), []).append(name)
    families += [names for stem, names in numbered.items() if stem and stem not in names]
    for first, *others in families:
        in_money = any(_numbers(parts[name])[1] for name in (first, *others))
        if not in_money or not 0 < len(others) < MOST_PARTS:
            continue
        named = {header_forms(name)[1] or plain_unit(name) for name in (first, *others)}
        currencies = {code for unit in named if (code := vocabulary()["currency_of"].get(unit))}
        if len(currencies) > 1:
            found = ", ".join(sorted(currencies))
            raise refusal("mixed_currency", "mixed_currency_said", value=found, found=found)
        patch = {"columns": {"amount": first}, "add": others}
        names = " + ".join(f"“{name}”" for name in (first, *others))
        return [Reading("sum", patch, "reading_sum", {"names": names}, reopens=True)]
    return []


def _paid(cell) -> bool:
    """Whether a cell holds something else than nothing and 0."""
    part = take_apart(cell)
    return customer_text(cell) is not None and (part is None or bool(part.value(".") or part.value(",")))


def _is_part(name: str, cells: Sequence) -> bool:
    """Whether a column may hold a part of what was paid."""
    words = vocabulary()
    spoken_against = words["never_amount"].search(name) or words["no_amount"].search(name)
    return not spoken_against and len(_numbers(cells)[0]) >= 2


def _named_elsewhere(table: Table) -> list[Reading]:
    """The customer in the title of each block, or in the name of each sheet."""
    readings = []
    if "customer_in_sheets" in table.questions:
        readings.append(
            Reading("sheets", {"customer_from": "sheets"}, "reading_customer_sheets", reopens=True)
        )
    if customers_in_titles(table):
        readings.append(
            Reading("titles", {"customer_from": "titles"}, "reading_customer_titles", reopens=True)
        )
    return readings


def _price_alone(table: Table) -> list[Reading]:
    """The price of one piece, where a row is a piece."""
    price = table.header.found.get("unit_price")
    if price is None:
        return []
    return [_reading(table, {"amount": table.header.names[price], "unit_price": ""})]


def _running_totals(table: Table, unknown: Columns) -> list[Reading]:
    """What each customer came to so far: the sale is the difference from the row before."""
    readings = []
    for name, cells in unknown.items():
        if vocabulary()["running"].search(name) and _rises_by_customer(table, cells):
            how = YEARLY if vocabulary()["running_yearly"].search(name) else "always"
            taken = _reading(table, {"amount": name})
            patch = {**taken.patch, "running_total": how}
            readings.append(replace(taken, patch=patch, words="reading_running_column"))
    return readings


def _rises_by_customer(table: Table, cells: Sequence) -> bool:
    """Whether the numbers of each customer rise in most steps, down the file or up."""
    numbers, _ = _numbers(cells)
    place = table.header.found.get("customer_id")
    chunk = next(iter(table.chunks()), None)
    if place is None or chunk is None or len(numbers) < len(cells):
        return False
    people = [customer_text(cell) for cell in pd.Series(chunk.columns[place][:LOOKED_AT]).tolist()]
    steps = pd.Series(list(map(float, numbers))).groupby(people).diff().dropna()
    return bool(len(steps)) and max((steps > 0).mean(), (steps < 0).mean()) >= MOSTLY


def _in_and_out(unknown: Columns) -> list[Reading]:
    """Money that came in and money that went out, each in a column of its own: one of the two in every row."""
    words = vocabulary()
    for name, cells in unknown.items():
        for other, beside in unknown.items():
            if not words["came_in"].search(name) or not words["went_out"].search(other) or other == name:
                continue
            filled = [sum(bool(take_apart(cell)) for cell in pair) for pair in zip(cells, beside)]
            either = 2 not in filled and filled.count(1) >= MOSTLY * len(filled)  # some lines are a footer
            if either and any(map(take_apart, beside)):
                patch = {"columns": {"amount": name}, "subtract": [other]}
                fields = {"name": name, "other": other}
                return [Reading("in_and_out", patch, "reading_in_and_out", fields, reopens=True)]
    return []
