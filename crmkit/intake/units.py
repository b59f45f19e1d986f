"""Amounts as whole numbers of a unit fine enough for all of them, each file and sheet read by its own decimal mark."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

from .reading import amounts as money
from .sections import in_parts

FINEST = 9  # decimals of an amount that are kept
_LARGEST = 4 * 10**18


def read_amounts(judged) -> None:
    """Each row's amount in whole units, which rows have none, and the decimal mark; each file and sheet has its own."""
    commas = _parts_with_commas(judged)
    if commas is None:
        _read_under(judged, judged.mapping.decimal)
        return
    _read_under(judged, ",")
    units, decimals, unreadable = judged.units, judged.decimals, judged.unreadable
    _read_under(judged, ".")
    finest = max(decimals, judged.decimals)
    units, others = units * 10 ** (finest - decimals), judged.units * 10 ** (finest - judged.decimals)
    judged.units, judged.decimals = np.where(commas, units, others), finest
    judged.unreadable = np.where(commas, unreadable, judged.unreadable)


def _parts_with_commas(judged) -> np.ndarray | None:
    """The rows of the files and sheets whose decimal mark is the comma, beside others with the point;
    None where all agree.
    """
    rows, parts = judged.rows, judged.table.parts
    if len(parts) < 2 or judged.mapping.decimal is not None or "amount" not in rows.codes:
        return None
    parsed, codes = rows.distinct["amount"].parsed, rows.codes["amount"]
    commas, points = np.zeros(len(rows), dtype=bool), False
    for part, *_ in parts:
        mine = judged.used & in_parts(judged, [part])
        seen = np.bincount(codes[mine & (codes >= 0)], minlength=len(parsed)).tolist()
        pointed = int(rows.pointed[mine].sum())
        if money.decimal_mark(parsed, seen, pointed) == ",":
            commas |= in_parts(judged, [part])
        else:
            points |= pointed > 0 or any(
                n and p is not None and "." in p.digits for n, p in zip(seen, parsed)
            )
    return commas if points and commas.any() else None


def _read_under(judged, mark: str | None) -> None:
    """Read every row's amount under this decimal mark, or under that which most rows allow."""
    rows, header = judged.rows, judged.header
    columns = ["amount"] if "amount" in rows.codes else ["quantity", "unit_price"]
    if not rows.codes.keys() >= set(columns):
        return
    values, counted = {}, judged.used
    points = int(rows.pointed[counted].sum())
    for column in columns[::-1]:  # the price's mark also reads the quantity
        parsed, codes = rows.distinct[column].parsed, rows.codes[column][counted]
        if mark is None:
            seen = np.bincount(codes[codes >= 0], minlength=len(parsed))
            mark = money.decimal_mark(parsed, seen.tolist(), points)
        values[column] = [None if p is None else p.value(mark) for p in parsed]
    judged.decimal = mark
    if columns == ["amount"]:
        codes = rows.codes["amount"]
        found = [None if v is None else v * header.multiplier for v in values["amount"]]
    else:
        prices = [None if v is None else v * header.multiplier for v in values["unit_price"]]
        if _multiplied(judged, values["quantity"], prices):
            return
        width = max(len(prices), 1)
        codes, pairs = pd.factorize(rows.codes["quantity"] * width + rows.codes["unit_price"])
        found = [_product(values["quantity"][p // width], prices[p % width]) for p in pairs.tolist()]
    judged.decimals = _decimals_of(found)
    known = [0 if v is None else whole_units(v, judged.decimals) for v in found]
    unreadable = np.array([v is None for v in found] + [False])[codes]
    taken = codes < 0
    if mark == ",":  # 12.50 is no number where the comma is the decimal mark
        unreadable |= taken & rows.pointed
    cents = rows.cents * 10 ** (judged.decimals - 2) if taken.any() else 0
    judged.units = np.where(taken, cents, np.array([*known, 0], dtype=np.int64)[codes])
    judged.unreadable = unreadable


def _multiplied(judged, quantities: list[Decimal | None], prices: list[Decimal | None]) -> bool:
    """Take quantity times price of all rows at once, exactly; False, and nothing taken,
    where 64 bits do not hold it.
    """
    rows, factors, largest, decimals = judged.rows, {}, len(judged.rows), 0
    unreadable = np.zeros(len(rows), dtype=bool)
    for name, values in (("quantity", quantities), ("unit_price", prices)):
        places = _places_of(values)
        decimals += places
        present = [0 if value is None else int(value.scaleb(places)) for value in values]
        largest *= max(map(abs, present), default=0)
        if decimals > FINEST or largest > _LARGEST:
            return False
        factors[name] = np.array([*present, 0], dtype=np.int64)[rows.codes[name]]
        unreadable |= np.array([*(value is None for value in values), False])[rows.codes[name]]
    product = factors["quantity"] * factors["unit_price"]
    both_negative = (factors["quantity"] < 0) & (factors["unit_price"] < 0)
    judged.decimals = max(decimals, 2)
    judged.units = np.where(both_negative, -product, product) * 10 ** (judged.decimals - decimals)
    judged.unreadable = unreadable
    return True


def _product(quantity: Decimal | None, price: Decimal | None) -> Decimal | None:
    """What a line comes to; of a negative price and a negative quantity it is a return all the same."""
    if quantity is None or price is None:
        return None
    product = quantity * price
    return -product if quantity < 0 and price < 0 else product


def _decimals_of(numbers: list[Decimal | None]) -> int:
    """How many places after the point the numbers have, at least 2, as far as whole 64-bit numbers hold them."""
    present = [number for number in numbers if number is not None]
    largest = max((abs(number) for number in present), default=Decimal(0))
    decimals = min(max(_places_of(present), 2), FINEST)
    while decimals > 2 and largest.scaleb(decimals) * max(len(present), 1) > _LARGEST:
        decimals -= 1
    return decimals


def _places_of(numbers: list[Decimal | None]) -> int:
    """How many places after the point the longest of the numbers has."""
    places = [-number.normalize().as_tuple().exponent for number in numbers if number is not None]
    return max([0, *places])


def whole_units(number: Decimal, decimals: int) -> int:
    return int(number.scaleb(decimals).to_integral_value(ROUND_HALF_UP))
