"""Which rows are sales: states of orders, flags, returns, copies."""

import re

import numpy as np
import pandas as pd

from .judge import Judged, money_in, rates_in
from .reading.columns import plain
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import cell_text, headed, meaning, meanings, plain_value, state
from .sections import in_parts, titles_between
from .side import (
    MOST_KNOWN,
    MOST_VALUES,
    OF_PAYING,
    columns_decided,
    is_flag,
    is_short,
    listed,
    rows_with,
    settled,
    side_columns,
    values_of,
    word_columns,
)

FEW_VALUES = 6
RARE = 0.25  # of the rows


def status(judged: Judged) -> Decision | None:
    """A column of states in which some order is not, or perhaps not, a sale."""
    for place, name in side_columns(judged):
        by_heading = headed(name, "status")
        values = values_of(judged, place) if by_heading or is_short(judged, place) else None
        if not values or is_flag(values):
            continue
        if not by_heading and meanings()["status"]["elsewhere"].search(name):
            continue
        kinds = _kinds_of_states(name, values, by_heading)
        known = [value for value, kind in kinds.items() if kind]
        # nothing else is written there, and none is a return's own word: those are asked about as returns
        remarked = headed(name, "remark") and len(known) == len(kinds)
        remarked &= not any(meaning(value, "document") == "back" for value in kinds)
        enough = by_heading or remarked or len(known) >= max(2, MOST_KNOWN * len(kinds))
        if not kinds or not enough:
            continue
        if not by_heading and all(meaning(value, "document") for value in kinds):
            continue
        lost = [value for value, kind in kinds.items() if kind == "lost"]
        unknown = [value for value, kind in kinds.items() if kind is None]
        numbered = bool(unknown) and all(value.lstrip("-").isdigit() for value in kinds) and len(kinds) > 1
        numbered &= plain(name).endswith(tuple(meanings()["numbered_states"]["endings"]))
        if not lost and not numbered or settled(judged, "status", name, [*lost, *unknown]):
            continue
        decision = _status_decision(judged, name, values, lost, unknown, numbered)
        if decision is not None:
            return decision
    return None


_LEGEND = re.compile(r"(\d+)\s*[=:：-]?\s*([^\W\d_]+)")


def _kinds_of_states(name: str, values: dict, by_heading: bool) -> dict[str, str | None]:
    """What each state is; Closed is settled where nothing else is a sale, and given up beside what is.

    Where the heading does not say that these are states, a word counts only if it stands in a list.
    """
    said = dict(_LEGEND.findall(name))  # Status (1=ok, 9=storno), 状态(0已取消1已完成)
    kinds = {
        value: state(said.get(value, value)) if by_heading else meaning(value, "status")
        for value in values
        if value
    }
    either = "lost" if "sale" in kinds.values() else "sale"
    return {value: either if kind == "either" else kind for value, kind in kinds.items()}


def _status_decision(
    judged: Judged, name: str, values: dict, lost: list, unknown: list, numbered: bool
) -> Decision | None:
    kept = [value for value in values if value not in lost]
    readings = []
    usual_is_most = sum(values[value] for value in lost) * 2 > sum(values.values())
    if numbered and not lost or lost and usual_is_most and len(values) > 1:
        most = sorted((v for v in values if v), key=lambda v: -values[v])[:FEW_VALUES]
        readings = [
            Reading(f"only_{value}", {"keep": {name: [value]}}, "reading_only", {"values": value})
            for value in most
        ]
    elif kept:
        fields = {"values": listed(lost)}
        readings = [Reading("usual", {"keep": {name: kept}, "drop": {name: lost}}, fields=fields)]
        if unknown and any(value not in unknown for value in kept if value):
            known = [value for value in kept if value not in unknown]
            patch = {"keep": {name: known}, "drop": {name: [*lost, *unknown]}}
            readings.append(Reading("known", patch, fields={"values": listed(unknown)}))
    else:
        readings = [Reading("usual", {"drop": {name: lost}}, fields={"values": listed(lost)})]
    rows = sum(values[value] for value in lost) if lost else sum(values.values())
    if lost and kept and judged.units is not None:
        without = rows_with(judged, judged.place(name), lost)
        if not (judged.units[without] > 0).any() and _refunded(judged, without):
            return None  # rows of refunds, which stand in a column of their own
        if not judged.units[without].any():  # an order that was closed brought nothing: no reading but one
            return Decision("status", (readings[0],), name, rows, {"values": listed(lost)}, certain=True)
    # one state of all rows is no choice
    readings.insert(0 if lost and not kept else len(readings), as_it_stands("status"))
    return Decision("status", tuple(readings), name, rows, {"values": listed(values)})


def new_values(judged: Judged) -> Decision | None:
    """Values that the mapping neither keeps nor drops, in a column of which it says both:
    they came after it was written.
    """
    mapping = judged.mapping
    if "new_value" in mapping.as_read:
        return None
    for name, kept in mapping.keep.items():
        place = judged.place(name)
        values = values_of(judged, place) if place is not None and name in mapping.drop else None
        said = {
            plain_value(value)
            for value in [*kept, *mapping.drop.get(name, ()), *mapping.negative.get(name, ())]
        }
        new = [value for value in values or () if value and plain_value(value) not in said]
        # what is known is asked about, or counted, as in any other file
        new = [value for value in new if not meaning(value, "status") and not meaning(value, "document")]
        if new:
            fields = {"values": listed(new)}
            readings = (
                Reading("keep", {"keep": {name: [*kept, *new]}}, fields=fields),
                Reading("drop", {"drop": {name: new}}, fields=fields),
            )
            return Decision("new_value", readings, name, int(rows_with(judged, place, new).sum()), fields)
    return None


def _refunded(judged: Judged, rows: np.ndarray) -> bool:
    """Whether a column of refunds holds money in any of these rows."""
    columns = [place for place, name in side_columns(judged) if headed(name, "refund")]
    return any(bool(money_in(judged, place)[rows].any()) for place in columns)


def flags(judged: Judged) -> Decision | None:
    """A column of yes and no that says which rows are sales (Paid), or which are none (Void, IsDeleted, Test order)."""
    for section, out in (("sale_flag", "no"), ("void_flag", "yes")):
        for place, name in side_columns(judged):
            values = values_of(judged, place) if headed(name, section) else None
            if not values or len(values) < 2 or any(meaning(value, section) is None for value in values):
                continue
            lost = [value for value in values if meaning(value, section) == out]
            kept = [value for value in values if value not in lost]
            if not lost or not kept or section in judged.mapping.as_read:
                continue
            if settled(judged, section, name, lost) or _of_others(judged, place, name, section):
                continue
            fields = {"values": listed(lost)}
            usual = Reading(
                "usual", {"keep": {name: kept}, "drop": {name: lost}}, "reading_status_usual", fields
            )
            rows = sum(values[value] for value in lost)
            return Decision(section, (usual, as_it_stands(section)), name, rows, fields)
    return None


def _of_others(judged: Judged, place: int, name: str, section: str) -> bool:
    """Whether the flag is one of the customers, or of the products: each of them has one value throughout."""
    if plain(name) not in meanings()[section].get("of_others", ()):
        return False
    said = judged.rows.column(place).codes[judged.used]
    owners = [judged.rows.codes["customer_id"]] if judged.customers is not None else []
    if "product_id" in judged.header.found:
        owners.append(judged.rows.column(judged.header.found["product_id"]).codes)
    return any((pd.Series(said).groupby(owner[judged.used]).nunique() == 1).all() for owner in owners)


def unknown_states(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """The first column of states of which some are not known: its heading, those, and their rows."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if headed(name, "status") else None
        if not values or len(values) < 2 or is_flag(values):
            continue
        said = {plain_value(value) for value in judged.mapping.keep.get(name, ())}
        unknown = [value for value in values if value and state(value) is None]
        # of words that are all unknown, a rare one is told apart; Gold and Silver are no states
        if len(unknown) == len(list(filter(None, values))) and min(values.values()) > RARE * sum(
            values.values()
        ):
            continue
        unknown = [value for value in unknown if plain_value(value) not in said]
        if unknown and "status" not in judged.mapping.as_read:
            return [(name, unknown, rows_with(judged, place, unknown))]
    return []


# somewhere in a remark, and not denied
_UNDONE_SOMEWHERE = re.compile(
    r"(?<![未不无無没])(?:已|需|要|申请|全额)?(?:退款|退货|退回|作废|取消|红冲|冲销)|测试(?:订单|单|数据)|"
    r"已退(?!休)|退了|退掉|不要了|\b(?:annulée?|storniert|remboursée?|anulad[oa]|devuelt[oa]|rimborsat[oa]|kansellert)\b|"
    r"(?<!not )(?<!no )(?<!non-)\b(?:refund(?:ed)?|returned|cancell?ed|voided|void|reversed|test order|chargeback)\b",
    re.IGNORECASE,
)


_HARMLESS = re.compile(
    r"(?:勿|不要|不用|不可|别|可以?|支持|不支持|如需|如要|若|要是|万一|无理由|包|免|先|联系)(?:申请)?(?:退|取消)|"
    r"(?:do not|don't|please not|never|no|if|can be|may be|easy|free|before|policy|until)[\w\s]{0,12}"
    r"(?:return|cancel|refund)|(?:return|cancel|refund)[\w]*\s+(?:address|policy|label|within|by|anytime)",
    re.IGNORECASE,
)


def _undone(value: str, in_remark: bool) -> bool:
    said = meaning(value, "document") == "back" or plain(value) in meanings()["undone"]["values"]
    known = meanings()["undone"]  # Refund: Mug, 【退】保温杯, Wallet top-up
    said |= bool(known["at_first"].search(value) or known["stored_item"].search(value))
    return said or in_remark and bool(_UNDONE_SOMEWHERE.search(value)) and not _HARMLESS.search(value)


_RATE_BEHIND = re.compile(r"[\s(（]*[€$£¥￥]?\d+(?:[.,]\d+)?\s*[%％元€$£]?[)）]?$")  # VAT 20 %, Gift card 50


def other_rows(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns that call some rows what may be no sale, or sold before: shipping, fees, what a gift card paid."""
    found, decided = [], columns_decided(judged)
    product = judged.header.found.get("product_id")
    for place, name in word_columns(judged):
        if plain(name) in decided or judged.units is None:
            continue
        of_kinds = headed(name, "document") or place == product
        section, kind = ("document", "other") if of_kinds else ("paid_with", "stored")
        if section == "paid_with" and not headed(name, "paid_with"):
            continue
        values = values_of(judged, place) or {}
        known = meanings()[section][kind]
        words = [value for value in values if plain(_RATE_BEHIND.sub("", value)) in known]
        rows = rows_with(judged, place, words) & (judged.units > 0) if words else judged.used & False
        if rows.any() and len(words) < len(values):
            found.append((name, words, rows))
    return found


def words_of_returns(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns in which some rows with a positive amount are called returned or cancelled,
    and that nothing has decided.
    """
    found = []
    mapping, decided = judged.mapping, columns_decided(judged)
    for place, name in word_columns(judged):
        if (
            judged.units is None
            or plain(name) in decided
            or OF_PAYING.search(name)
            or headed(name, "direction")  # Credit is a card there, or money that came in
            or judged.rows.column(place).size > MOST_VALUES * 20
        ):
            continue
        values = [cell_text(value) for value in judged.rows.column(place).values]
        remark = headed(name, "remark")
        words = [v for v in values if v and _undone(v, remark)]
        rows = rows_with(judged, place, words) & (judged.units > 0) if words else judged.used & False
        asked = ("document", "status", "called_undone", "stored_value")
        if rows.any() and not set(asked) & set(mapping.as_read):
            found.append((name, words, rows))
    return found


_UNDOING = re.compile(
    r"退|取消|撤销|作废|冲红|返品|キャンセル|return|refund|cancel|void\b|chargeback|reversal|credit ?note|gutschrift|retour|"
    r"r[üu]ckgabe|r[üu]cklast|storn|annul|anulac|devol|reso\b",
    re.IGNORECASE,
)


_NOT_UNDOING = re.compile(
    r"政策|规则|期限|截止|policy|until|deadline|type|类型|類型|\bby$|able\b|qty|quant|count|数量",
    re.IGNORECASE,
)


def _undone_in_few(judged: Judged, place: int, name: str) -> bool:
    """Whether a column whose heading speaks of returns holds days, numbers or reasons, and those in few rows;
    no money, no pieces.
    """
    column = judged.rows.column(place)
    filled = judged.used & column.filled
    if not _UNDOING.search(name) or _NOT_UNDOING.search(name) or not filled.any():
        return False
    if any(
        headed(name, section) for section in ("refund", "return_flag", "void_flag", "sale_flag", "status")
    ):
        return False
    said = [
        text
        for value, count in zip(column.values, column.counts(filled))
        if count and (text := cell_text(value))
    ]
    if any(
        len(text) < 4 and text.isdigit() or _DECIMAL.fullmatch(text) or meaning(text, "return_flag") == "no"
        for text in said
    ):
        return False
    read, _ = judged.rows.parsers["date"]
    days = all(read(text) is not None and not text.isdigit() for text in said)
    return filled.sum() <= (0.5 if days else 0.3) * judged.used.sum()


_DECIMAL = re.compile(r"[-+]?\d*[.,]\d+")


def cancelled_at(judged: Judged) -> Decision | None:
    """A column with the time at which an order was cancelled, filled in for some."""
    for place, name in side_columns(judged):
        if "cancelled_at" in judged.mapping.as_read:
            continue
        if not headed(name, "cancelled_at") and not _undone_in_few(judged, place, name):
            continue
        if plain(name) in {plain(column) for column in judged.mapping.keep}:
            continue
        filled = judged.rows.column(place).where(lambda cell: cell_text(cell) not in ("", "0", "-", "NULL"))
        rows = int((filled & judged.used).sum())
        if rows and rows < judged.used.sum():
            usual = Reading("usual", {"keep": {name: ["", "-", "NULL", "0"]}})
            words = "" if headed(name, "cancelled_at") else "undone_in_few"
            return Decision("cancelled_at", (usual, as_it_stands("cancelled_at")), name, rows, words=words)
    return None


def paid_at(judged: Judged) -> Decision | None:
    """A column with the time of the payment that is empty for a few orders: they were perhaps never paid."""
    for place, name in side_columns(judged):
        if not headed(name, "paid_at") or settled(judged, "paid_at", name, [""]):
            continue
        empty = judged.used & ~judged.rows.column(place).filled
        rows = int(empty.sum())
        if not rows or rows * 2 > judged.used.sum() or judged.units is None or not judged.units[empty].any():
            continue
        usual = Reading("usual", {"drop": {name: [""]}})
        return Decision("paid_at", (usual, as_it_stands("paid_at")), name, rows)
    return None


def negative_quantity(judged: Judged) -> Decision | None:
    """Quantities below zero beside amounts above: returns whose amounts lost their sign."""
    if judged.units is None or not {"quantity", "amount"} <= judged.header.found.keys():
        return None
    place = judged.header.found["quantity"]
    name = judged.header.names[place]
    distinct, codes = judged.rows.numbers_of("quantity")
    numbers = [None if parsed is None else parsed.value(judged.decimal or ".") for parsed in distinct.parsed]
    below = np.array([number is not None and number < 0 for number in numbers] + [False])[codes]
    rows = judged.used & below & (judged.units > 0)
    if (
        not rows.any()
        or (judged.used & below & (judged.units < 0)).any()
        or 2 * rows.sum() > judged.used.sum()
    ):
        return None
    values = sorted(
        {cell_text(value) for value, number in zip(distinct, numbers) if number is not None and number < 0}
    )
    if settled(judged, "negative_quantity", name, values):
        return None
    fields = {"amount": judged.heading("amount")}
    negative = Reading("negative", {"negative": {name: values}}, "reading_return_flag_negative")
    return Decision(
        "negative_quantity", (negative, as_it_stands("negative_quantity")), name, int(rows.sum()), fields
    )


def chances(judged: Judged) -> Decision | None:
    """A column that says how likely each sale is: what is below certain is not made yet."""
    for place, name in side_columns(judged):
        if not headed(name, "chance") or "chance" in judged.mapping.as_read or name in judged.mapping.keep:
            continue
        values = judged.rows.column(place).values
        made = [cell_text(value) for value, rate in zip(values, rates_in(judged, place)) if rate == 1]
        rows = judged.used & ~rows_with(judged, place, made)
        if made and rows.any():
            only = Reading("made", {"keep": {name: made}})
            return Decision("chance", (only, as_it_stands("chance")), name, int(rows.sum()))
    return None


def _part_of_no_sales(judged: Judged) -> Decision | None:
    """Files or sheets that are called quotations, cancelled, a budget, a template … beside others."""
    parts = [name for name, *_ in judged.table.parts]
    known = {name: re.split(r"[\W_·]+|\.\w{3,4}$", name) for name in parts}
    named = [
        name
        for name, words in known.items()
        if meanings()["no_sale_part"]["pattern"].search(name) or any(_no_sale(word) for word in words if word)
    ]
    returns = meanings()["returned_part"]["pattern"]
    named = [name for name in named if name not in judged.mapping.drop_parts and not returns.search(name)]
    if not named or len(named) == len(parts):
        return None
    rows = judged.used & in_parts(judged, named)
    if not rows.any():
        return None
    fields = {"parts": ", ".join(named)}
    drop = Reading("drop", {"drop_parts": named}, "reading_references_drop")
    return Decision(
        "returned_part", (drop, as_it_stands("returned_part")), None, int(rows.sum()), fields, "part_no_sale"
    )


def _no_sale(word: str) -> bool:
    return (
        meaning(word, "status") == "lost"
        or meaning(word, "document") == "no_sale"
        or meaning(word, "scenario") == "planned"
    )


def returned_below(judged: Judged) -> Decision | None:
    """A second table below the first, whose title says that it holds returns, its amounts above zero."""
    mapping = judged.mapping
    if judged.units is None or "returned_below" in mapping.as_read or not judged.of("repeated_header").any():
        return None
    pattern = meanings()["returned_part"]["pattern"]
    titles = titles_between(judged)
    for (row, title), (end, _) in zip(titles, [*titles[1:], (len(judged.rows), "")]):
        below = np.zeros(len(judged.rows), dtype=bool)
        below[row:end] = True
        rows = judged.used & below & (judged.units > 0)
        if pattern.search(title) and title not in mapping.negative_below and rows.any():
            fields = {"title": title}
            negative = Reading("negative", {"negative_below": [title]}, "reading_return_flag_negative")
            readings = (negative, as_it_stands("returned_below"))
            return Decision("returned_below", readings, None, int(rows.sum()), fields)
    return None


def returned_part(judged: Judged) -> Decision | None:
    """A file or a sheet that is called returns, added up with the sales, its amounts above zero."""
    if judged.units is None or "returned_part" in judged.mapping.as_read:
        return None
    if decision := _part_of_no_sales(judged):
        return decision
    pattern = meanings()["returned_part"]["pattern"]
    named = [part for part in judged.table.parts if pattern.search(part[0])]
    if not named or len(named) == len(judged.table.parts):
        return None
    names = [name for name, *_ in named if name not in judged.mapping.negative_parts]
    lines = judged.rows.lines
    rows = judged.used & (judged.units > 0)
    rows &= np.any([(lines >= first) & (lines <= last) for _, first, last in named], axis=0)
    if not names or not rows.any():
        return None
    fields = {"parts": ", ".join(names)}
    negative = Reading("negative", {"negative_parts": names}, "reading_return_flag_negative")
    return Decision("returned_part", (negative, as_it_stands("returned_part")), None, int(rows.sum()), fields)
