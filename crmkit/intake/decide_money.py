"""What a row's amount is: an order's total repeated on its lines, a price that is a line's total, a number of pieces;
discounts and refunds."""

import re
from decimal import Decimal

import numpy as np
import pandas as pd

from .judge import PERCENT_HEADED, Judged, money_in, orders_place, rates_in, with_days
from .reading import amounts as money
from .reading.columns import header_forms, money_unit, plain, vocabulary
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, headed, meanings
from .reading.table import pick
from .side import is_flag, side_columns, values_of

_TELEPHONE = re.compile(r"1[3-9]\d{9}|\d{15,19}|\d{17}[\dXx]")
_SHARE = re.compile(r"[%％折]$")
_PAID_SHARE = re.compile(r"折扣\s*$")  # 0.9 is 九折: nine tenths are paid
_ONE_CURRENCY = re.compile(
    r"本位币|本币|本位幣|折合|折算|\b(?:local|base|home|functional|company|reporting)[ _]?(?:currency|amount)\b|converted",
    re.IGNORECASE,
)
_LIST_PRICE = re.compile(r"原价|原價|吊牌|划线价|标价|original|list ?price|\b(?:rrp|msrp)\b", re.IGNORECASE)
_NEARLY = 0.95
FEW_ORDERS, MANY_ORDERS = 2, 100
MOST_ENORMOUS, FAR_ABOVE = 10, 100
LOOKED_AT = 50  # rows
FEW_RATES = 3  # of shipping
FAR_APART = 14  # days between rows of one order


def flag_for_amount(judged: Judged) -> Decision | None:
    """A column of yes and no that is headed as amounts are (Paid?), beside one that holds money."""
    place = judged.header.found.get("amount")
    if place is None or "amount" in judged.mapping.columns:
        return None
    said = set(values_of(judged, place, judged.used | True) or ()) - {""}
    if not said or not is_flag(said) or all(text.isdigit() for text in said):
        return None
    for other, name in enumerate(judged.header.names):
        known = next((column for column, at in judged.header.found.items() if at == other), None)
        money_headed = known == "unit_price" or name in judged.header.alternatives.get("amount", ())
        if money_headed and is_money(judged, other):
            columns = {"amount": name} | ({"unit_price": ""} if known == "unit_price" else {})
            reading = Reading("other", {"columns": columns})
            used = judged.header.names[place]
            return Decision(
                "flag_for_amount", (reading,), used, len(judged.rows), {"other": name}, certain=True
            )
    return None


def local_currency(judged: Judged) -> Decision | None:
    """Several currencies, and another column in which the same money stands in one."""
    if len(judged.currencies) < 2 or "amount" not in judged.header.found:
        return None
    names = [
        name
        for place, name in side_columns(judged)
        if (_ONE_CURRENCY.search(name) or _named_currency(name)) and is_money(judged, place)
    ]
    used = judged.heading("amount")
    fields = {"found": ", ".join(sorted(judged.currencies))}
    for place, name in side_columns(judged):
        if rate := _rate_to(judged, place):
            reading = Reading("converted", {"columns": {"amount": name, "currency": ""}})
            fields |= {"other": name, "rate": rate}
            rows = int(judged.used.sum())
            return Decision("local_currency", (reading,), used, rows, fields, certain=True)
    if not names:
        return None
    readings = tuple(
        Reading(
            f"column_{judged.place(name) + 1}",
            {"columns": {"amount": name, "currency": ""}},
            "reading_local_currency",
            {"other": name},
        )
        for name in names
    )
    return Decision("local_currency", readings, used, int(judged.used.sum()), fields)


def _rate_to(judged: Judged, place: int) -> str | None:
    """The column of rates by which the amounts have become those of another column in every row, or None."""
    if not is_money(judged, place):
        return None
    wanted = money_in(judged, place)
    for other, name in side_columns(judged):
        if other == place or not is_money(judged, other):
            continue
        column = judged.rows.column(other)
        rates = [_float(money.take_apart(value), judged.decimal or ".") for value in column.values]
        rates = np.array(rates)[column.codes]
        if (rates[judged.used] != 1).any() and _same(judged, wanted / rates):
            return name
    return None


def _named_currency(name: str) -> bool:
    unit = header_forms(name)[1]
    return unit is not None and money_unit(unit)[0] not in (None, "¥", "$")


def line_values(judged: Judged) -> np.ndarray | None:
    """Quantity times price row by row in the units of the amounts; None where the file lacks one of them."""
    header = judged.header
    if not {"quantity", "unit_price"} <= header.found.keys() or judged.units is None:
        return None
    mark = judged.decimal or "."
    quantities, prices = (judged.rows.floats_of(name, mark) for name in ("quantity", "unit_price"))
    return quantities * prices * float(header.multiplier) * 10**judged.decimals


def _float(parsed, mark: str) -> float:
    value = None if parsed is None else parsed.value(mark)
    return np.nan if value is None else float(value)


def order_totals(judged: Judged) -> Decision | None:
    """An order's total on each of its lines: the same amount in every line of every order that has several."""
    mapping, header = judged.mapping, judged.header
    if judged.units is None or mapping.once_per or "order_total" in mapping.as_read:
        return None
    if "amount" not in header.found:
        return None
    place = orders_place(judged)
    if place is None:
        return None
    orders = judged.rows.column(place)
    used = judged.used & ~judged.copies & orders.filled
    anew, far = _other_sales(judged, orders.codes, used)
    codes = with_days(judged, orders.codes) if anew else orders.codes
    frame = pd.DataFrame({"order": codes[used], "amount": judged.units[used]})
    if len(frame) == frame["order"].nunique():
        return None  # no order has several lines
    groups = frame.groupby("order")["amount"]
    about = pd.DataFrame(
        {"lines": groups.size(), "low": groups.min(), "high": groups.max(), "sum": groups.sum()}
    )
    several = about[about["lines"] > 1]
    if not len(several) or (several["high"] == 0).all():
        return None
    if len(several) <= FEW_ORDERS and len(about) >= MANY_ORDERS:
        return None  # an order or two of so many: an amount split or booked twice
    constant = several["low"] == several["high"]
    if constant.mean() < _NEARLY:
        return None
    name, priced = header.names[place], header.names[header.found["amount"]]
    rows = int(several["lines"].sum())
    fields = {"order": name, "orders": len(several)}
    once = Reading("once", {"once_per": name} | ({"once_per_day": True} if anew else {}), fields=fields)
    if found := _line_column(judged, codes[used], about):
        other, certain = found
        certain &= "amount" not in mapping.columns
        patch = {"columns": {"amount": other}}
        reading = Reading("lines", patch, fields=fields | {"other": other})
        if not certain:
            readings = (once, reading, as_it_stands("order_total"))
            return Decision("order_total", readings, priced, rows, fields)
        fields = fields | {"other": other}
        return Decision("order_total", (reading,), priced, rows, fields, "order_total_lines", certain=True)
    fits = _readings_that_fit(judged, frame, used, several)
    if far and not anew or fits == {"line"} or frame["amount"].nunique() == 1:
        return None  # payments of a contract, or everything costs the same: nothing repeats a total
    if fits == {"order"}:
        return Decision("order_total", (once,), priced, rows, fields, certain=True)
    return Decision("order_total", (once, as_it_stands("order_total")), priced, rows, fields)


def _other_sales(judged: Judged, orders: np.ndarray, used: np.ndarray) -> tuple[bool, bool]:
    """Whether most numbers that come again are of another customer (receipts numbered anew), or of a far day."""
    if judged.customers is None or judged.moments is None:
        return False, False
    customers, days = judged.rows.codes["customer_id"][used], judged.moments[used].astype("datetime64[D]")
    frame = pd.DataFrame({"order": orders[used], "customer": customers, "day": days.astype(int)})
    groups = frame[frame["order"].duplicated(keep=False)].groupby("order")
    about = groups.agg(["min", "max"])
    others = about["customer", "max"] != about["customer", "min"]
    far = about["day", "max"] - about["day", "min"] > FAR_APART
    return bool(others.mean() > 0.5), bool(far.mean() > 0.5)


def _readings_that_fit(
    judged: Judged, frame: pd.DataFrame, used: np.ndarray, several: pd.DataFrame
) -> set[str]:
    """By quantity and price: whether the amounts can be those of lines, of orders, or of both."""
    lines = line_values(judged)
    if lines is None:
        return {"line", "order"}
    frame = frame.assign(line=lines[used]).dropna()
    frame = frame[frame["order"].isin(several.index)]
    if not len(frame):
        return {"line", "order"}
    tolerance = 0.011 * 10**judged.decimals
    equal_line = float((np.abs(frame["line"] - frame["amount"]) <= tolerance).mean())
    sums = frame.groupby("order").agg(line=("line", "sum"), amount=("amount", "first"))
    equal_order = float((np.abs(sums["line"] - sums["amount"]) <= tolerance).mean())
    if equal_line >= _NEARLY and equal_order < 0.5:
        return {"line"}
    if equal_order >= _NEARLY and equal_line < 0.5:
        return {"order"}
    spread = frame.groupby("order")["line"].agg(["min", "max"])
    differs = float((spread["max"] - spread["min"] > tolerance).mean())
    above = float((frame["amount"] > frame["line"] * 1.25 + tolerance).mean())
    # lines of different value with one amount, and more paid for a line than it costs: an order's total
    if differs > 0.5 and above > 0.3:
        return {"order"}
    return {"line", "order"}


def _line_column(judged: Judged, orders: np.ndarray, about: pd.DataFrame) -> tuple[str, bool] | None:
    """Another column of money whose sum over an order is the amount that its lines repeat, and whether that is certain.

    Equal parts may be instalments, or a cost that happens to be that part of each line: then it is asked.
    """
    equal_parts = None
    used = judged.used & ~judged.copies & judged.rows.column(orders_place(judged)).filled
    several = about.index[about["lines"] > 1]
    for other, name in side_columns(judged):
        if headed(name, "shipping") or headed(name, "tax") or not is_money(judged, other):
            continue
        if _LIST_PRICE.search(name):
            continue
        values = money_in(judged, other)[used]
        frame = pd.DataFrame({"order": orders, "value": values})
        sums = frame.groupby("order")["value"].sum()
        if not len(sums):
            continue
        rest = about["high"] - sums
        if (rest == 0).loc[several].mean() < _NEARLY:
            # the total may hold the same shipping besides, in orders of one line too
            if about["high"].gt(sums).mean() >= _NEARLY and rest.nunique() <= FEW_RATES < len(rest):
                equal_parts = equal_parts or name
            continue
        if (frame.groupby("order")["value"].nunique().loc[several] > 1).mean() > 0.3:
            return name, True
        equal_parts = equal_parts or name
    return None if equal_parts is None else (equal_parts, False)


def is_money(judged: Judged, place: int) -> bool:
    """Whether (nearly) every cell of a column that holds something is a number."""
    values = judged.rows.column(place).values[:300]
    present = [value for value in values if cell_text(value)]
    parsed = [money.take_apart(value) for value in present]
    return bool(present) and sum(p is not None for p in parsed) >= 0.9 * len(present)


def price_is_total(judged: Judged) -> Decision | None:
    """A price that grows in proportion to the quantity is what the line came to."""
    header = judged.header
    if "amount" in header.found or "price_is_total" in judged.mapping.as_read:
        return None
    if not {"quantity", "unit_price"} <= header.found.keys() or judged.units is None:
        return None
    if "amount" in judged.mapping.columns or "unit_price" in judged.mapping.columns:
        return None
    counted, priced = judged.rows.numbers_of("quantity"), judged.rows.numbers_of("unit_price")
    mark = judged.decimal or "."
    quantity, price = (judged.rows.floats_of(name, mark) for name in ("quantity", "unit_price"))
    name = header.names[header.found["unit_price"]]
    used = judged.used & (quantity > 0) & (price > 0)
    grown, steady = 0, 0
    if not used.any():
        return None
    said = priced[1][used] * (len(counted[0]) + 1) + counted[1][used]
    for group in _product_groups(judged, used):
        # each combination once: of very many rows there are few
        once = np.flatnonzero(~pd.Series(group * (said.max() + 1) + said).duplicated().to_numpy())
        tallies = _evidence(quantity[used][once], price[used][once], group[once])
        grown, steady = grown + tallies[0], steady + tallies[1]
        if grown + steady:
            break
    if not grown and not steady and _price_follows(quantity[used], price[used]):
        reading = Reading("total", {"columns": {"amount": name, "unit_price": ""}})
        fields = {"quantity": header.names[header.found["quantity"]]}
        readings = (reading, as_it_stands("price_is_total"))
        return Decision("price_is_total", readings, name, int(used.sum()), fields)
    if not grown or grown < _NEARLY * (grown + steady):
        return None
    patch = {"columns": {"amount": name, "unit_price": ""}}
    rows = int(used.sum())
    fields = {"quantity": header.names[header.found["quantity"]]}
    reading = Reading("total", patch, fields=fields)
    if grown >= 2:
        return Decision("price_is_total", (reading,), name, rows, fields, certain=True)
    return Decision("price_is_total", (reading, as_it_stands("price_is_total")), name, rows, fields)


def _price_follows(quantity: np.ndarray, price: np.ndarray) -> bool:
    """With no product to tell: whether price grows with quantity, or price ÷ quantity has far fewer values."""
    if len(price) < 12:
        return False
    by_quantity = pd.Series(price).groupby(quantity).agg(["mean", "size"])
    each = by_quantity["mean"] / by_quantity.index
    wide = len(each) >= 3 and by_quantity.index.max() >= 3 * by_quantity.index.min()
    level = wide and (by_quantity["size"] >= 3).all() and each.std() <= 0.2 * each.mean()
    prices, single = len(np.unique(price)), len(np.unique(np.round(price / quantity, 4)))
    return bool(level or wide and prices >= 6 and 2 * single <= prices)


def _product_groups(judged: Judged, used: np.ndarray):
    """What may group lines of the same price: the product, then each short text column, then nothing."""
    if "product_id" in judged.header.found:
        yield judged.rows.column(judged.header.found["product_id"]).codes[used]
    for place, _ in side_columns(judged):
        column = judged.rows.column(place)
        if 1 < column.size <= 200 and not is_money(judged, place):
            yield column.codes[used]
    yield np.zeros(int(used.sum()), dtype=np.int64)


def _evidence(quantity: np.ndarray, price: np.ndarray, group: np.ndarray) -> tuple[int, int]:
    """In how many groups with different quantities the price grows with the quantity, and in how many it stays."""
    frame = pd.DataFrame({"group": group, "quantity": quantity, "price": price})
    frame["each"] = frame["price"] / frame["quantity"]
    about = frame.groupby("group").agg(
        low=("price", "min"),
        high=("price", "max"),
        each_low=("each", "min"),
        each_high=("each", "max"),
        least=("quantity", "min"),
        most=("quantity", "max"),
    )
    about = about[about["most"] > about["least"]]
    grown = (about["each_high"] - about["each_low"]) * about["least"] <= 0.011
    steady = about["high"] - about["low"] <= 0.011
    return int((grown & ~steady).sum()), int((steady & ~grown).sum())


def amount_is_pieces(judged: Judged) -> Decision | None:
    """An amount of small whole numbers beside a unit price, and no quantity: it may be how many."""
    header = judged.header
    if "amount" not in header.found or "quantity" in header.found or "unit_price" not in header.found:
        return None
    if judged.units is None or "pieces" in judged.mapping.as_read or "amount" in judged.mapping.columns:
        return None
    taken = judged.units[judged.used]
    scale = 10**judged.decimals
    whole = taken % scale == 0
    if not len(taken) or not whole.all() or np.abs(taken).max() > 1000 * scale:
        return None
    price = judged.rows.floats_of("unit_price", judged.decimal or ".")[judged.used]
    amount = taken / scale
    with np.errstate(divide="ignore", invalid="ignore"):
        pieces = amount / price
    multiple = np.abs(pieces - np.rint(pieces)) < 1e-9
    if bool(np.all(multiple & (np.abs(pieces) >= 1))):
        return None  # every amount is a whole number of times its price: money
    if np.nanmax(pieces) - np.nanmin(pieces) < 0.01 * np.nanmax(np.abs(pieces)):
        return None  # everything at the same share of its price: money
    name, priced = header.names[header.found["amount"]], header.names[header.found["unit_price"]]
    fields = {"price": priced}
    readings = (
        Reading("pieces", {"columns": {"quantity": name, "amount": "", "unit_price": priced}}, fields=fields),
        Reading("total", {"columns": {"quantity": name, "amount": priced, "unit_price": ""}}, fields=fields),
        as_it_stands("pieces"),
    )
    return Decision("pieces", readings, name, len(taken), fields)


def count_beside_price(judged: Judged) -> Decision | None:
    """A lone price taken for what was paid, beside small whole numbers that may be how many (seats, 台数)."""
    header, code = judged.header, "count_beside_price"
    if "amount" not in header.found or "quantity" in header.found:
        return None
    if code in judged.mapping.as_read or "amount" in judged.mapping.columns:
        return None
    price = header.names[header.found["amount"]]
    if plain(price) not in vocabulary()["amount_without_quantity"]:
        return None
    counts = [name for place, name in side_columns(judged) if _may_count(judged, place, name)]
    if len(counts) != 1:
        return None
    columns = {"quantity": counts[0], "unit_price": price, "amount": ""}
    fields = {"count": counts[0], "price": price}
    product = Reading("product", {"columns": columns}, "reading_product", fields)
    return Decision(code, (product, as_it_stands(code)), counts[0], int(judged.used.sum()), {"price": price})


def _may_count(judged: Judged, place: int, name: str) -> bool:
    """Whole numbers from 1 to 50 that repeat, under a heading that names no rating, day, row or place."""
    values = values_of(judged, place)
    if not values or vocabulary()["no_count"].search(name) or not all(text.isdigit() for text in values):
        return False
    numbers = [int(text) for text in values]
    return min(numbers) >= 1 and 1 < max(numbers) <= 50 and 1 < len(values) < sum(values.values())


def net_column(judged: Judged) -> Decision | None:
    """A column that holds the amount less a discount or a refund, or with the fee taken off again, in every row:
    what was paid.

    Where it is the amount and something else that no list knows, it is asked which of the two was paid.
    """
    if judged.units is None or "amount" not in judged.header.found or "amount" in judged.mapping.columns:
        return None
    if judged.mapping.subtract or judged.mapping.subtract_once or "part_of_amount" in judged.mapping.as_read:
        return None
    for place, name in side_columns(judged):
        kind = next((kind for kind in (*_TAKEN_OFF, *_BESIDE) if headed(name, kind)), None)
        if kind in _BESIDE or vocabulary()["never_amount"].search(name) or not is_money(judged, place):
            continue
        off = np.abs(money_in(judged, place))
        if np.count_nonzero(off[judged.used]) < 2:
            continue
        if kind in ("refund", "discount"):
            other = _column_of(judged, place, judged.units - off)
            other = other or _column_of(judged, place, np.abs(judged.units) - off)
        else:
            other = _column_of(judged, place, judged.units + off)
        if other is None or kind is None and vocabulary()["never_amount"].search(other):
            continue
        reading = Reading("other", {"columns": {"amount": other}}, "reading_part_other", {"other": other})
        used = judged.heading("amount")
        rows, fields = int((judged.used & (off != 0)).sum()), {"other": other, "off": name}
        if kind is None:
            readings = (reading, as_it_stands("part_of_amount"))
            return Decision("part_of_amount", readings, used, rows, fields)
        words = "fee_taken_off" if kind == "fee" else ""
        return Decision("net_column", (reading,), used, rows, fields, words, certain=True)
    return None


_TAKEN_OFF, _BESIDE = ("refund", "discount", "fee"), ("tax", "shipping", "tip", "discount_rate", "balance")


def _column_of(judged: Judged, beside: int, wanted: np.ndarray) -> str | None:
    """The other column of money that holds just these amounts in the rows used; None where there is none."""
    used_for = judged.header.found.get("amount")
    for place, name in enumerate(judged.header.names):
        if place in (beside, used_for) or not name or not is_money(judged, place):
            continue
        if _begins_so(judged, place, wanted) and np.array_equal(
            money_in(judged, place)[judged.used], wanted[judged.used]
        ):
            return name
    return None


def _begins_so(judged: Judged, place: int, wanted: np.ndarray) -> bool:
    """Whether the first rows used hold these amounts: most columns are told apart by a few."""
    rows = np.flatnonzero(judged.used)[:LOOKED_AT]
    parsed = [money.take_apart(cell) for cell in pick(judged.rows.column(place).cells, rows)]
    said = [_float(amount, judged.decimal or ".") for amount in parsed]
    return bool(np.allclose(np.nan_to_num(said) * 10**judged.decimals, wanted[rows].astype(float)))


def _is_net(judged: Judged, place: int) -> bool:
    """Whether another column says what the amount was before this was taken off: then it is off already."""
    off = np.abs(money_in(judged, place))
    return _column_of(judged, place, judged.units + off) is not None


def discounts(judged: Judged) -> Decision | None:
    """A column of discounts: whether they are taken off the amount already."""
    mapping = judged.mapping
    if judged.units is None or "discount" in mapping.as_read or mapping.discount_rate or mapping.paid_rate:
        return None
    taken = {plain(str(name)) for name in [*mapping.subtract, *mapping.subtract_once]}
    for place, name in side_columns(judged):
        if plain(name) in taken:
            continue
        decision = None
        if headed(name, "discount_rate") or headed(name, "discount") and _is_rate(judged, place):
            decision = _rate(judged, place, name)
        elif (
            headed(name, "discount")
            and is_money(judged, place)
            and money_in(judged, place)[judged.used].any()
        ):
            decision = _discount(judged, place, name)
        if decision is not None:
            return decision
    return None


def _is_rate(judged: Judged, place: int) -> bool:
    values = [cell_text(value) for value in judged.rows.column(place).values if cell_text(value)]
    if not values:
        return False
    if all(_SHARE.search(value) for value in values) or PERCENT_HEADED.search(judged.header.names[place]):
        return True
    numbers = [rate for rate in rates_in(judged, place) if rate is not None]
    small = all(
        "." in value and abs(Decimal(value)) <= 1
        for value in values
        if _DECIMAL.fullmatch(value) and value != "0"
    )
    return bool(numbers) and small and any(value not in ("0", "0.0", "0.00") for value in values)


_DECIMAL = re.compile(r"-?\d*\.?\d+")


def _rate(judged: Judged, place: int, name: str) -> Decision | None:
    rates = rates_in(judged, place)
    said = [
        rate for rate, count in zip(rates, judged.rows.column(place).counts(judged.used)) if count and rate
    ]
    if not said or all(rate == 1 for rate in said):
        return None
    if any(rate < 0 or rate > 1 for rate in said):
        return None
    lines = line_values(judged)
    if "amount" in judged.header.found and lines is not None:
        shares = np.array([1.0 if rate is None else 1 - float(rate) for rate in rates])
        codes = judged.rows.column(place).codes
        net, paid = lines * shares[codes], lines * (1 - shares)[codes]
        if _same(judged, net) or _same(judged, paid):
            return None
        if not _same(judged, lines):
            return None
    elif "amount" in judged.header.found:
        return None  # an amount without quantity and price: nothing says from what it was taken
    rows = sum(
        int(count)
        for rate, count in zip(rates, judged.rows.column(place).counts(judged.used))
        if rate and count
    )
    off = Reading("off", {"discount_rate": name})
    paid_share = Reading("paid", {"paid_rate": name})
    readings = (off, as_it_stands("discount"))
    if min(said) >= Decimal("0.5") or _PAID_SHARE.search(name):
        readings = (paid_share, off, as_it_stands("discount"))
    return Decision("discount", readings, name, rows, words="discount_rate")


def _discount(judged: Judged, place: int, name: str) -> Decision | None:
    off = np.abs(money_in(judged, place))
    lines = line_values(judged)
    of_orders = bool(_once_per_order(judged, off, name))
    if "amount" in judged.header.found and not (of_orders and lines is None):
        if lines is None or _same(judged, lines - off):
            return None
        if not _same(judged, lines):
            return None
    rows = int((off[judged.used] != 0).sum())
    readings = (Reading("subtract", {"subtract": [name]}), as_it_stands("discount"))
    return Decision("discount", (*_once_per_order(judged, off, name), *readings), name, rows)


def _once_per_order(judged: Judged, taken: np.ndarray, name: str) -> tuple[Reading, ...]:
    """The reading that an order's own deduction stands on each of its lines; none where lines of an order differ."""
    place = orders_place(judged)
    if place is None or judged.mapping.once_per:
        return ()
    orders = judged.rows.column(place)
    used = judged.used & orders.filled
    groups = pd.Series(taken[used]).groupby(orders.codes[used]).agg(["size", "min", "max"])
    several = groups[(groups["size"] > 1) & (groups["max"] > 0)]
    if len(several) < 2 or (several["min"] != several["max"]).any():
        return ()
    return (Reading("once", {"subtract_once": [name]}, "reading_subtract_once"),)


def _same(judged: Judged, expected: np.ndarray) -> bool:
    """Whether the amounts are (nearly all) these."""
    used = judged.used & ~np.isnan(expected)
    if not used.any():
        return False
    near = np.abs(judged.units[used] - expected[used]) <= 0.011 * 10**judged.decimals
    return bool(near.mean() >= _NEARLY)


def _may_be_pieces(judged: Judged, place: int, name: str) -> bool:
    """Whether a column of returns holds small whole numbers only, none written with decimals."""
    if plain(name) not in meanings()["refund"]["pieces"]:
        return False
    present = [text for value in judged.rows.column(place).values if (text := cell_text(value))]
    return all(text.isdigit() and int(text) < 10 for text in present)


def _records_of_their_own(judged: Judged, rows: np.ndarray) -> bool:
    """Whether refunds are rows beside those of the sales: with another row's number, or with no numbers."""
    place = orders_place(judged)
    if place is None:
        return True
    orders = judged.rows.column(place)
    others = orders.codes[judged.used & ~rows & orders.filled]
    mine = orders.codes[rows & orders.filled]
    return not len(mine) or bool(np.isin(mine, others).any())


def refunds(judged: Judged) -> Decision | None:
    """A column of what was paid back, beside amounts that do not know of it."""
    mapping = judged.mapping
    if judged.units is None or "refund" in mapping.as_read:
        return None
    if any(headed(str(name), "refund") for name in [*mapping.subtract, *mapping.subtract_once]):
        return None  # of what was asked for and what was paid back, one is enough
    for place, name in side_columns(judged):
        if not headed(name, "refund") or not is_money(judged, place) or _may_be_pieces(judged, place, name):
            continue
        given_back = judged.used & (money_in(judged, place) != 0)
        rows = int(given_back.sum())
        subtract = Reading("subtract", {"subtract": [name]})
        if rows and _is_net(judged, place):
            continue
        if rows and not judged.units[given_back].any():  # rows of refunds, whose amounts are all zero
            if _records_of_their_own(judged, given_back):
                return Decision("refund", (subtract,), name, rows, words="refund_rows", certain=True)
            readings = (as_it_stands("refund"), subtract)
            return Decision("refund", readings, name, rows, words="refund_left")
        if rows:
            once = _once_per_order(judged, np.abs(money_in(judged, place)), name)
            return Decision("refund", (*once, subtract, as_it_stands("refund")), name, rows)
    return None


def enormous(judged: Judged) -> Decision | None:
    """One amount that is most of the total and looks like a telephone number or an id."""
    if (
        judged.units is None
        or judged.mapping.largest_amount is not None
        or "enormous" in judged.mapping.as_read
    ):
        return None
    taken = np.abs(judged.units[judged.used])
    if len(taken) < 4:
        return None
    ordered = np.sort(taken)
    count = _enormous(ordered)
    if not count:
        return None
    whole = int(ordered[-1]) // 10**judged.decimals
    name = judged.priced
    bound = float(Decimal(int(ordered[-count - 1])).scaleb(-judged.decimals))
    fields = {"value": str(whole)}
    readings = (Reading("set_aside", {"largest_amount": bound}, fields=fields), as_it_stands("enormous"))
    words = "telephone" if _TELEPHONE.fullmatch(str(whole)) else ""
    if count > 1:
        words = "several_enormous"
    return Decision("enormous", readings, name, count, fields, words)


def _enormous(ordered: np.ndarray) -> int:
    """How many of the largest amounts are most of all money and far above the next one; else 0."""
    largest, rest = int(ordered[-1]), int(ordered[:-1].sum())
    if largest > 10 * max(rest, 1) and largest > 1000 * max(int(np.median(ordered)), 1):
        return 1
    for count in range(2, min(MOST_ENORMOUS, len(ordered) // 5) + 1):
        group, below = ordered[-count:], ordered[:-count]
        if int(group[0]) > FAR_ABOVE * max(int(below[-1]), 1) and int(group.sum()) > int(below.sum()):
            return count
    return 0
