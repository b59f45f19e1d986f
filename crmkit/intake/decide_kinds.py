"""What kind of row a row is: documents, directions of money, plans, balances, totals."""

import re
from collections import defaultdict

import numpy as np

from .decide_money import is_money
from .ids import matching
from .judge import Judged
from .reading.columns import plain
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, headed, meaning, meanings, state
from .side import (
    MOST_KNOWN,
    OF_PAYING,
    columns_decided,
    is_short,
    listed,
    rows_with,
    settled,
    side_columns,
    values_of,
    word_columns,
)
from .signs import prefix_of

MOST_KINDS = 6
FEW = 0.2  # of the rows: documents of another kind


def scenario(judged: Judged) -> Decision | None:
    """A plan's figures beside those of what happened."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if is_short(judged, place) else None
        kinds = {value: meaning(value, "scenario") for value in values or () if value}
        planned = [value for value, kind in kinds.items() if kind == "planned"]
        actual = [value for value, kind in kinds.items() if kind == "actual"]
        if not planned or not actual or None in kinds.values():
            continue
        if settled(judged, "scenario", name, planned):
            continue
        readings = (
            Reading("actual", {"keep": {name: actual}}, "reading_only", {"values": listed(actual)}),
            Reading("planned", {"keep": {name: planned}}, "reading_only", {"values": listed(planned)}),
            as_it_stands("scenario"),
        )
        rows = int(rows_with(judged, place, planned).sum())
        return Decision("scenario", readings, name, rows, {"values": listed(values)})
    return None


def opening_balances(judged: Judged) -> Decision | None:
    """Balances brought forward, and lines for all customers together: no sales."""
    found = [(place, name) for place, name in word_columns(judged) if not _is_number_column(judged, place)]
    if "customer_id" in judged.header.found:
        place = judged.header.found["customer_id"]
        found.append((place, judged.header.names[place]))
    for place, name in found:
        column = judged.rows.column(place)
        if column.size > 5000:
            continue
        known = meanings()
        words = known["document"]["opening"] | known["nobody"]["everybody"]
        texts = [cell_text(value) for value in column.values if isinstance(value, str)]
        values = [text for text in texts if plain(text) in words]
        rows = int(rows_with(judged, place, values).sum()) if values else 0
        if rows:
            patch = {"drop": {name: sorted(set(values))}}
            fields = {"values": listed(sorted(set(values)))}
            return Decision("opening", (Reading("drop", patch),), name, rows, fields, certain=True)
    return None


def _is_number_column(judged: Judged, place: int) -> bool:
    values = judged.rows.column(place).values[:50]
    present = [value for value in values if cell_text(value)]
    return bool(present) and all(isinstance(value, (int, float)) for value in present)


def document(judged: Judged) -> Decision | None:
    """A column that says what kind of movement a row is: returns with positive amounts, payments, top-ups."""
    if judged.units is None:
        return None
    for place, name in _document_columns(judged):
        values = values_of(judged, place)
        if not values:
            continue
        kinds = {value: meaning(value, "document") for value in values if value}
        if headed(name, "document") and place != judged.header.found.get("product_id"):
            beside = {plain(value) for value in kinds}
            kinds = {v: _kind_by_code(kind, name, beside) or _called_back(v) for v, kind in kinds.items()}
        by_kind = {kind: [v for v, k in kinds.items() if k == kind] for kind in set(kinds.values())}
        if not by_kind.keys() & {"back", "payment", "topup", "no_sale"}:
            continue
        for detect in (_returns, _top_ups, _payments, _no_sales):
            if decision := detect(judged, place, name, values, by_kind):
                return decision
    return None


def _kind_by_code(kind: str | None, name: str, beside: set[str]) -> str | None:
    """A kind that is one only under the right heading: codes such as SC, and deductions in lines of their own.

    SR is a receipt beside the SI of the same system; beside a German RE it is a cancellation.
    """
    if kind == "deducted":
        return "back" if plain(name) in meanings()["document"]["of_lines"] else None
    if kind == "payment_codes" and "si" not in beside:
        return None
    return None if kind is None else kind.removesuffix("_codes")


_DENIED = re.compile("[不未无]")
_BACK = re.compile(r"退(?!烧|热|休|火|役)|红字|冲[销正红]|\b(?:crn?|cn)\b", re.IGNORECASE)


def _called_back(value: str) -> str | None:
    """Whether a kind of document is one of returns by a part of its name: 销退单, 退库, CRN."""
    return "back" if _BACK.search(value) and not _DENIED.match(value) else None


def _document_columns(judged: Judged) -> list[tuple[int, str]]:
    """Columns headed so, then short ones in which most values are kinds of documents."""
    headed_so, others = [], []
    for place, name in word_columns(judged):
        if headed(name, "direction") or headed(name, "debit_credit"):
            continue
        if headed(name, "document") or headed(name, "status"):
            headed_so.append((place, name))
        elif is_short(judged, place) and not headed(name, "return_flag") and not OF_PAYING.search(name):
            values = [v for v in map(cell_text, judged.rows.column(place).values) if v]
            kinds = ("back", "forward", "payment", "topup", "no_sale")
            known = [v for v in values if meaning(v, "document") in kinds]
            if len(known) >= 2 and len(known) >= MOST_KNOWN * len(values):
                others.append((place, name))
    return headed_so + others


def _returns(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    back = by_kind.get("back", [])
    if not back or headed(name, "status") and not by_kind.get("forward"):
        return None
    if settled(judged, "document", name, back):
        return None
    rows = rows_with(judged, place, back)
    amounts = judged.units[rows]
    if not rows.any() or not (amounts > 0).any():
        return None
    fields = {"values": listed(back)}
    negative = Reading("negative", {"negative": {name: back}}, fields=fields)
    codes_only = all(plain(value) in ("cr", "credit", "dr", "debit") for value in values if value)
    mixed = (amounts < 0).any()
    others = judged.units[judged.used & ~rows]
    # New and Return may be kinds of customers; beside 销售 or Invoice a return is one
    if codes_only or mixed or not by_kind.get("forward") or not (others > 0).any():
        drop = Reading("drop", {"drop": {name: back}}, fields=fields)
        readings = (negative, drop, as_it_stands("document"))
        return Decision("document", readings, name, int(rows.sum()), fields)
    return Decision("document", (negative,), name, int(rows.sum()), fields, certain=True)


def _top_ups(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    """Money put on a card and money spent from it: counting both counts it twice."""
    topped, spent = by_kind.get("topup", []), [*by_kind.get("forward", []), *by_kind.get("back", [])]
    if not topped or not spent or settled(judged, "topup", name, topped):
        return None
    others = [value for value in values if value not in topped]
    readings = (
        Reading("spent", {"keep": {name: others}, "drop": {name: topped}}, fields={"values": listed(topped)}),
        Reading("topped_up", {"keep": {name: topped}}, fields={"values": listed(topped)}),
        as_it_stands("topup"),
    )
    return Decision(
        "topup", readings, name, int(rows_with(judged, place, topped).sum()), {"values": listed(values)}
    )


def _payments(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    """Payments beside the invoices that they pay."""
    paid = by_kind.get("payment", [])
    invoiced = [value for value in values if plain(value) in meanings()["document"]["invoice"]]
    if not paid or not invoiced or settled(judged, "payments", name, paid):
        return None
    patch = {"drop": {name: paid}}
    rows = int(rows_with(judged, place, paid).sum())
    return Decision("payments", (Reading("drop", patch),), name, rows, {"values": listed(paid)}, certain=True)


def _no_sales(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    """Quotations and documents made void beside those of sales."""
    offered = by_kind.get("no_sale", [])
    if not offered or headed(name, "status") or not by_kind.get("forward"):
        return None
    if settled(judged, "no_sale", name, offered):
        return None
    rows = rows_with(judged, place, offered)
    if not judged.units[rows].any():
        return None
    fields = {"values": listed(offered)}
    others = [value for value in values if value not in offered]
    usual = Reading(
        "usual", {"keep": {name: others}, "drop": {name: offered}}, "reading_status_usual", fields
    )
    return Decision("no_sale", (usual, as_it_stands("no_sale")), name, int(rows.sum()), fields)


def direction(judged: Judged) -> Decision | None:
    """A bill of a payment app or a bank: money that came in and money that went out in one column."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if is_short(judged, place) else None
        if not values or not any(values) or headed(name, "debit_credit"):
            continue
        kinds = {value: meaning(value, "direction") for value in values}
        one_word = {plain(value) for value in values if value} <= {
            "in",
            "out",
            "credit",
            "debit",
            "other",
            "neutral",
        }
        if not headed(name, "direction") and (None in kinds.values() or one_word):
            continue
        came = [value for value, kind in kinds.items() if kind == "income"]
        went = [value for value, kind in kinds.items() if kind == "expense"]
        if not came or not went or settled(judged, "direction", name, values):
            continue
        signed = judged.units is not None and not (judged.units[rows_with(judged, place, went)] > 0).any()
        if signed and headed(name, "balance"):
            continue  # what went out is below zero already
        both = {"keep": {name: [*came, *went]}, "negative": {name: went}}
        net = Reading("net", both, "reading_document_negative", {"values": listed(went)})
        readings = (
            Reading("income", {"keep": {name: came}}, fields={"values": listed(came)}),
            Reading("expense", {"keep": {name: went}}, fields={"values": listed(went)}),
            *((net,) if not signed else ()),
            as_it_stands("direction"),
        )
        return Decision("direction", readings, name, int(judged.used.sum()), {"values": listed(values)})
    return None


def debit_credit(judged: Judged) -> Decision | None:
    """A column of two signs, + and −, D and C, 借 and 贷, beside amounts that have none of their own."""
    if judged.units is None:
        return None
    for place, name in side_columns(judged):
        signs = headed(name, "sign") or _BARE_SIGN.fullmatch(name.strip())
        values = values_of(judged, place) if signs or headed(name, "debit_credit") else None
        present = sorted((value for value in values or () if value), key=lambda value: -values[value])
        if len(present) != 2 or settled(judged, "debit_credit", name, present[1:]):
            continue
        section = "sign" if signs else "debit_credit"
        codes = {_sign_code(value) for value in present}
        if not codes <= meanings()[section]["codes"] or (judged.units[judged.used] < 0).any():
            continue
        below = [value for value in present if _sign_code(value) in ("minus", "minus1")]
        if signs and len(below) != 1:
            continue  # two ways to write one sign
        readings = [
            Reading(
                f"negative_{place}",
                {"negative": {name: [value]}},
                "reading_document_negative",
                {"values": value},
            )
            for place, value in enumerate(reversed(present))
        ]
        rows = int(rows_with(judged, place, present[1:]).sum())
        fields = {"values": listed(present)}
        if signs:  # a minus is a minus
            negative = Reading("negative", {"negative": {name: below}})
            rows = int(rows_with(judged, place, below).sum())
            return Decision("document", (negative,), name, rows, {"values": below[0]}, certain=True)
        return Decision("debit_credit", (*readings, as_it_stands("debit_credit")), name, rows, fields)
    return None


_BARE_SIGN = re.compile(r"\+\s*/\s*[-−–]|±")


def _sign_code(value: str) -> str:
    """A sign as it is compared: words as headers are, + and − by their names."""
    return plain(value.replace("+", "plus").replace("-", "minus").replace("−", "minus"))


def return_flag(judged: Judged) -> Decision | None:
    """A column of yes and no that marks returns: of a return's own row, or of a sale that came back."""
    if judged.units is None or "return_flag" in judged.mapping.as_read:
        return None
    for place, name in side_columns(judged):
        if not headed(name, "return_flag"):
            continue
        values = values_of(judged, place)
        if not values or any(meaning(value, "return_flag") is None for value in values):
            continue
        yes = [value for value in values if meaning(value, "return_flag") == "yes"]
        if not yes or settled(judged, "return_flag", name, yes):
            continue
        rows = rows_with(judged, place, yes)
        if not (judged.units[rows] > 0).any():
            continue
        readings = (
            Reading("negative", {"negative": {name: yes}}),
            Reading("drop", {"drop": {name: yes}}),
            as_it_stands("return_flag"),
        )
        return Decision("return_flag", readings, name, int(rows.sum()), {"values": listed(yes)})
    return None


_PREFIXED = r"^[\s'=\"`]*[A-Za-z]{1,6}(?:[^A-Za-z]|$)"


def number_prefixes(judged: Judged) -> Decision | None:
    """Numbers of which a few begin with the letters of a return or a credit note: TH beside XS, CN beside INV,
    C beside none.
    """
    place = judged.header.found.get("order_id")
    if judged.units is None or place is None or "number_prefix" in judged.mapping.as_read:
        return None
    name = judged.header.names[place]
    column = judged.rows.column(place)
    beginnings, places = column.beginnings
    if not matching([text for text in beginnings if isinstance(text, str)], _PREFIXED):
        return None
    said = [prefix_of(text) for text in beginnings]
    counts: dict[str, int] = defaultdict(int)
    for prefix, count in zip(said, np.bincount(places[judged.used], minlength=len(said))):
        counts[prefix] += int(count)
    most = max(counts, key=counts.get)
    known = {plain(prefix) for given in judged.mapping.negative_prefixes.values() for prefix in given}
    back = [
        prefix for prefix in counts if prefix != most and plain(prefix) in meanings()["document"]["prefixes"]
    ]
    back = [prefix for prefix in back if counts[prefix] and plain(prefix) not in known]
    every = sum(counts.values())
    if not back or counts[most] < (1 - FEW) * every or name in judged.mapping.negative:
        return None
    rows = judged.used & np.array([prefix in back for prefix in said])[places]
    if not (judged.units[rows] > 0).any():
        return None
    fields = {"values": listed(back), "others": most or "∅"}
    negative = Reading("negative", {"negative_prefixes": {name: back}}, "reading_return_flag_negative")
    return Decision("number_prefix", (negative, as_it_stands("number_prefix")), name, int(rows.sum()), fields)


def events(judged: Judged) -> Decision | None:
    """A log of what people did in a shop: what they looked at and put into a cart beside what they bought."""
    known = meanings()["event"]
    for place, name in side_columns(judged):
        values = values_of(judged, place) if is_short(judged, place) else None
        bought = [value for value in values or () if plain(value) in known["bought"]]
        looked = [value for value in values or () if plain(value) in known["looked"]]
        if not bought or not looked or settled(judged, "event", name, looked):
            continue
        others = [value for value in values if value not in bought]
        fields = {"values": listed(others)}
        patch = {"keep": {name: bought}, "drop": {name: others}}
        bought_only = Reading("bought", patch, "reading_status_usual", fields)
        rows = int(rows_with(judged, place, others).sum())
        return Decision("event", (bought_only, as_it_stands("event")), name, rows, fields)
    return None


_OF_KINDS = re.compile(r"(?:类型|类别|種別|区分|方式|type|art|tipo|vorgang|kind)$", re.IGNORECASE)


def unknown_kinds(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns of kinds of documents in which nearly all rows are sales, and the others of a kind that is not known."""
    found, decided = [], columns_decided(judged)
    for place, name in side_columns(judged):
        if not (headed(name, "document") or _OF_KINDS.search(name)) or OF_PAYING.search(name):
            continue
        values = values_of(judged, place) or {}
        sold = [v for v in values if meaning(v, "document") == "forward" or meaning(v, "status") == "sale"]
        beside = {plain(value) for value in values}
        kinds = {v: _kind_by_code(meaning(v, "document"), name, beside) for v in values if v}
        unknown = [v for v, kind in kinds.items() if v not in sold and kind is None and not state(v)]
        most = sum(values[v] for v in sold) >= (1 - FEW) * sum(values.values())
        if sold and unknown and most and len(values) <= MOST_KINDS and plain(name) not in decided:
            found.append((name, unknown, rows_with(judged, place, unknown)))
    return found


def partly_refunded(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns that say of some rows that a part went back, in a file that does not say how much."""
    found, columns = [], side_columns(judged)
    partly = meanings()["return_flag"]["partly"]
    if any(headed(name, "refund") and is_money(judged, place) for place, name in columns):
        return found
    for place, name in columns:
        if headed(name, "status") or headed(name, "return_flag"):
            words = [value for value in values_of(judged, place) or () if plain(value) in partly]
            if words:
                found.append((name, words, rows_with(judged, place, words)))
    return found
