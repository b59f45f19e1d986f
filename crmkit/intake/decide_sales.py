"""Which rows are sales: states of orders, kinds of documents, directions of money, flags of returns."""

import re

import numpy as np

from .columns import LABEL_HINT, ends_in_total, plain
from .decisions import Decision, Reading, as_it_stands
from .judge import Judged, money_in, plain_value
from .meanings import cell_text, headed, meaning, meanings

MOST_VALUES = 60  # a column with more different values says no state and no kind
FEW_VALUES = 6
MANY_COPIES = 3  # rows: fewer are slips
COPIED_SHARE = 0.2  # of the rows: fewer may be two of a thing on one bill
_STATE_SHARE = 0.8  # of the different values, known as states, in a column whose heading is unknown


def side_columns(judged: Judged) -> list[tuple[int, str]]:
    """The columns that are in no use, with their headings."""
    taken = set(judged.header.found.values())
    return [(i, name) for i, name in enumerate(judged.header.names) if name and i not in taken]


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


def _settled(judged: Judged, code: str, name: str, values) -> bool:
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


def _listed(values) -> str:
    shown = [value or "∅" for value in values]
    return ", ".join(shown[:8]) + (" …" if len(shown) > 8 else "")


def status(judged: Judged) -> Decision | None:
    """A column of states in which some order is not, or perhaps not, a sale."""
    for place, name in side_columns(judged):
        by_heading = headed(name, "status")
        values = values_of(judged, place) if by_heading or _is_short(judged, place) else None
        if not values or _is_flag(values):
            continue
        if not by_heading and meanings()["status"]["elsewhere"].search(name):
            continue
        kinds = _kinds_of_states(values)
        known = [value for value, kind in kinds.items() if kind]
        remarked = headed(name, "remark") and len(known) == len(kinds)  # nothing else is written there
        enough = by_heading or remarked or len(known) >= max(2, _STATE_SHARE * len(kinds))
        if not kinds or not enough:
            continue
        if not by_heading and all(meaning(value, "document") for value in kinds):
            continue
        lost = [value for value, kind in kinds.items() if kind == "lost"]
        unknown = [value for value, kind in kinds.items() if kind is None]
        numbered = bool(unknown) and all(value.lstrip("-").isdigit() for value in kinds) and len(kinds) > 1
        numbered &= plain(name).endswith(tuple(meanings()["numbered_states"]["endings"]))
        if not lost and not numbered or _settled(judged, "status", name, [*lost, *unknown]):
            continue
        decision = _status_decision(judged, name, values, lost, numbered)
        if decision is not None:
            return decision
    return None


def _kinds_of_states(values: dict) -> dict[str, str | None]:
    """What each state is; Closed is settled where nothing else is a sale, and given up beside what is."""
    kinds = {value: meaning(value, "status") for value in values if value}
    either = "lost" if "sale" in kinds.values() else "sale"
    return {value: either if kind == "either" else kind for value, kind in kinds.items()}


def _is_short(judged: Judged, place: int) -> bool:
    return judged.rows.column(place).size <= MOST_VALUES


def _status_decision(judged: Judged, name: str, values: dict, lost: list, numbered: bool) -> Decision | None:
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
        fields = {"values": _listed(lost)}
        readings = [Reading("usual", {"keep": {name: kept}, "drop": {name: lost}}, fields=fields)]
    else:
        readings = [Reading("usual", {"drop": {name: lost}}, fields={"values": _listed(lost)})]
    rows = sum(values[value] for value in lost) if lost else sum(values.values())
    if lost and kept and judged.units is not None:
        without = _rows_with(judged, judged.place(name), lost)
        if not (judged.units[without] > 0).any() and _refunded(judged, without):
            return None  # rows of refunds, which stand in a column of their own
        if not judged.units[without].any():  # an order that was closed brought nothing: no reading but one
            return Decision("status", (readings[0],), name, rows, {"values": _listed(lost)}, certain=True)
    return Decision("status", (*readings, as_it_stands("status")), name, rows, {"values": _listed(values)})


def _refunded(judged: Judged, rows: np.ndarray) -> bool:
    """Whether a column of refunds holds money in any of these rows."""
    columns = [place for place, name in side_columns(judged) if headed(name, "refund")]
    return any(bool(money_in(judged, place)[rows].any()) for place in columns)


def _is_flag(values) -> bool:
    """Whether a column says nothing but yes and no."""
    return {plain(value) for value in values} <= meanings()["yes_no"]["values"]


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
            if _settled(judged, section, name, lost):
                continue
            fields = {"values": _listed(lost)}
            usual = Reading(
                "usual", {"keep": {name: kept}, "drop": {name: lost}}, "reading_status_usual", fields
            )
            rows = sum(values[value] for value in lost)
            return Decision(section, (usual, as_it_stands(section)), name, rows, fields, "flag")
    return None


def unknown_states(judged: Judged) -> tuple[str, list[str], np.ndarray] | None:
    """The heading of a column of states, those in it that are not known, and their rows; None where all are."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if headed(name, "status") else None
        if not values or len(values) < 2 or _is_flag(values):
            continue
        unknown = [value for value in values if value and meaning(value, "status") is None]
        if unknown and "status" not in judged.mapping.as_read and name not in judged.mapping.keep:
            return name, unknown, _rows_with(judged, place, unknown)
    return None


UNDONE = (
    "cancelled",
    "canceled",
    "refunded",
    "returned",
    "voided",
    "交易关闭",
    "已取消",
    "已退款",
    "退款成功",
    "已退货",
    "已作废",
)


# somewhere in a remark, and not denied
_UNDONE_SOMEWHERE = re.compile(
    r"(?<![未不无無没])(?:已|需|要|申请|全额)?(?:退款|退货|退回|作废|取消|红冲|冲销)|测试(?:订单|单|数据)|"
    r"(?<!not )(?<!no )(?<!non-)\b(?:refund(?:ed)?|returned|cancell?ed|voided|void|reversed|test order|chargeback)\b",
    re.IGNORECASE,
)


def _undone(value: str, in_remark: bool) -> bool:
    said = meaning(value, "document") == "back" or plain(value) in UNDONE
    return said or in_remark and bool(_UNDONE_SOMEWHERE.search(value))


def other_rows(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns that call some rows what may be no sale, or sold before: shipping, fees, what a gift card paid."""
    found = []
    mapping = judged.mapping
    settled = {plain(column) for given in (mapping.keep, mapping.drop, mapping.negative) for column in given}
    for place, name in side_columns(judged):
        if plain(name) in settled or judged.units is None:
            continue
        section, kind = ("document", "other") if headed(name, "document") else ("paid_with", "stored")
        if section == "paid_with" and not headed(name, "paid_with"):
            continue
        values = values_of(judged, place) or {}
        words = [value for value in values if value and plain(value) in meanings()[section][kind]]
        rows = _rows_with(judged, place, words) & (judged.units > 0) if words else judged.used & False
        if rows.any() and len(words) < len(values):
            found.append((name, words, rows))
    return found


def words_of_returns(judged: Judged) -> list[tuple[str, list[str], np.ndarray]]:
    """Columns in which some rows with a positive amount are called returned or cancelled, and that nothing has decided."""
    found = []
    mapping = judged.mapping
    settled = {plain(column) for given in (mapping.keep, mapping.drop, mapping.negative) for column in given}
    for place, name in side_columns(judged):
        if (
            judged.units is None
            or plain(name) in settled
            or judged.rows.column(place).size > MOST_VALUES * 20
        ):
            continue
        values = [cell_text(value) for value in judged.rows.column(place).values]
        remark = headed(name, "remark")
        words = [v for v in values if v and _undone(v, remark)]
        rows = _rows_with(judged, place, words) & (judged.units > 0) if words else judged.used & False
        if rows.any() and "document" not in mapping.as_read and "status" not in mapping.as_read:
            found.append((name, words, rows))
    return found


def scenario(judged: Judged) -> Decision | None:
    """A plan's figures beside those of what happened."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if _is_short(judged, place) else None
        kinds = {value: meaning(value, "scenario") for value in values or () if value}
        planned = [value for value, kind in kinds.items() if kind == "planned"]
        actual = [value for value, kind in kinds.items() if kind == "actual"]
        if not planned or not actual or None in kinds.values():
            continue
        if _settled(judged, "scenario", name, planned):
            continue
        readings = (
            Reading("actual", {"keep": {name: actual}}, "reading_only", {"values": _listed(actual)}),
            Reading("planned", {"keep": {name: planned}}, "reading_only", {"values": _listed(planned)}),
            as_it_stands("scenario"),
        )
        rows = int(_rows_with(judged, place, planned).sum())
        return Decision("scenario", readings, name, rows, {"values": _listed(values)})
    return None


def cancelled_at(judged: Judged) -> Decision | None:
    """A column with the time at which an order was cancelled, filled in for some."""
    for place, name in side_columns(judged):
        if not headed(name, "cancelled_at") or "cancelled_at" in judged.mapping.as_read:
            continue
        if plain(name) in {plain(column) for column in judged.mapping.keep}:
            continue
        filled = judged.rows.column(place).where(lambda cell: cell_text(cell) not in ("", "0", "-", "NULL"))
        rows = int((filled & judged.used).sum())
        if rows and rows < judged.used.sum():
            usual = Reading("usual", {"keep": {name: ["", "-", "NULL", "0"]}})
            return Decision("cancelled_at", (usual, as_it_stands("cancelled_at")), name, rows)
    return None


def paid_at(judged: Judged) -> Decision | None:
    """A column with the time of the payment that is empty for a few orders: they were perhaps never paid."""
    for place, name in side_columns(judged):
        if not headed(name, "paid_at") or _settled(judged, "paid_at", name, [""]):
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
    if _settled(judged, "negative_quantity", name, values):
        return None
    fields = {"amount": judged.header.names[judged.header.found["amount"]]}
    negative = Reading("negative", {"negative": {name: values}}, "reading_return_flag_negative")
    return Decision(
        "negative_quantity", (negative, as_it_stands("negative_quantity")), name, int(rows.sum()), fields
    )


def returned_part(judged: Judged) -> Decision | None:
    """A file or a sheet that is called returns, added up with the sales, its amounts above zero."""
    if judged.units is None or "returned_part" in judged.mapping.as_read:
        return None
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


def copies(judged: Judged) -> Decision | None:
    """Rows that say the same as another, order number and all: a file pasted twice, months that overlap."""
    found = int(judged.copies.sum())
    if not found or judged.drop_duplicates or "copies" in judged.mapping.as_read:
        return None
    if "order_id" not in judged.header.found or found < MANY_COPIES:
        return None
    if not _between_parts(judged) and found < COPIED_SHARE * judged.used.sum():
        return None
    place = judged.header.found["order_id"]
    drop = Reading("drop", {"drop_duplicates": True})
    name = judged.header.names[place]
    return Decision("copies", (drop, as_it_stands("copies")), name, found)


def _between_parts(judged: Judged) -> bool:
    """Whether most of the copies stand in another file or sheet than what they repeat."""
    if len(judged.table.parts) < 2:
        return False
    lines, hashes = judged.rows.lines, judged.rows.hashes
    part = np.searchsorted([last for *_, last in judged.table.parts], lines)
    first: dict[int, int] = {}
    for one, where in zip(hashes[judged.used].tolist(), part[judged.used].tolist()):
        first.setdefault(one, where)
    others = sum(
        first[one] != where
        for one, where in zip(hashes[judged.copies].tolist(), part[judged.copies].tolist())
    )
    return others * 2 > judged.copies.sum()


def opening_balances(judged: Judged) -> Decision | None:
    """Balances brought forward, and lines for all customers together: no sales."""
    found = [(place, name) for place, name in side_columns(judged) if not _is_number_column(judged, place)]
    if "customer_id" in judged.header.found:
        place = judged.header.found["customer_id"]
        found.append((place, judged.header.names[place]))
    for place, name in found:
        column = judged.rows.column(place)
        if column.size > 5000:
            continue
        known = meanings()
        words = known["document"]["opening"] | known["nobody"]["everybody"]
        values = [cell_text(value) for value in column.values if plain(cell_text(value)) in words]
        rows = int(_rows_with(judged, place, values).sum())
        if rows:
            patch = {"drop": {name: sorted(set(values))}}
            fields = {"values": _listed(sorted(set(values)))}
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
        by_kind = {kind: [v for v, k in kinds.items() if k == kind] for kind in set(kinds.values())}
        if not by_kind.keys() & {"back", "payment", "topup", "no_sale"}:
            continue
        for detect in (_returns, _top_ups, _payments, _no_sales):
            if decision := detect(judged, place, name, values, by_kind):
                return decision
    return None


def _document_columns(judged: Judged) -> list[tuple[int, str]]:
    """Columns headed so, then short ones in which most values are kinds of documents."""
    headed_so, others = [], []
    for place, name in side_columns(judged):
        if headed(name, "document") or headed(name, "status"):
            headed_so.append((place, name))
        elif _is_short(judged, place) and not headed(name, "return_flag"):
            values = [v for v in map(cell_text, judged.rows.column(place).values) if v]
            kinds = ("back", "forward", "payment", "topup", "no_sale")
            known = [v for v in values if meaning(v, "document") in kinds]
            if len(known) >= 2 and len(known) >= _STATE_SHARE * len(values):
                others.append((place, name))
    return headed_so + others


def _rows_with(judged: Judged, place: int, values) -> np.ndarray:
    wanted = {plain_value(value) for value in values}
    return judged.rows.column(place).where(lambda cell: plain_value(cell) in wanted) & judged.used


def _returns(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    back = by_kind.get("back", [])
    if not back or headed(name, "status") and not by_kind.get("forward"):
        return None
    if _settled(judged, "document", name, back):
        return None
    rows = _rows_with(judged, place, back)
    amounts = judged.units[rows]
    if not rows.any() or not (amounts > 0).any():
        return None
    fields = {"values": _listed(back)}
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
    if not topped or not spent or _settled(judged, "topup", name, topped):
        return None
    others = [value for value in values if value not in topped]
    readings = (
        Reading(
            "spent", {"keep": {name: others}, "drop": {name: topped}}, fields={"values": _listed(topped)}
        ),
        Reading("topped_up", {"keep": {name: topped}}, fields={"values": _listed(topped)}),
        as_it_stands("topup"),
    )
    return Decision(
        "topup", readings, name, int(_rows_with(judged, place, topped).sum()), {"values": _listed(values)}
    )


def _payments(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    """Payments beside the invoices that they pay."""
    paid = by_kind.get("payment", [])
    invoiced = [value for value in values if plain(value) in meanings()["document"]["invoice"]]
    if not paid or not invoiced or _settled(judged, "payments", name, paid):
        return None
    patch = {"drop": {name: paid}}
    rows = int(_rows_with(judged, place, paid).sum())
    return Decision(
        "payments", (Reading("drop", patch),), name, rows, {"values": _listed(paid)}, certain=True
    )


def _no_sales(judged: Judged, place: int, name: str, values: dict, by_kind: dict) -> Decision | None:
    """Quotations and documents made void beside those of sales."""
    offered = by_kind.get("no_sale", [])
    if not offered or headed(name, "status") or not by_kind.get("forward"):
        return None
    if _settled(judged, "no_sale", name, offered):
        return None
    rows = _rows_with(judged, place, offered)
    if not judged.units[rows].any():
        return None
    fields = {"values": _listed(offered)}
    others = [value for value in values if value not in offered]
    usual = Reading(
        "usual", {"keep": {name: others}, "drop": {name: offered}}, "reading_status_usual", fields
    )
    return Decision("no_sale", (usual, as_it_stands("no_sale")), name, int(rows.sum()), fields)


def direction(judged: Judged) -> Decision | None:
    """A bill of a payment app or a bank: money that came in and money that went out in one column."""
    for place, name in side_columns(judged):
        values = values_of(judged, place) if _is_short(judged, place) else None
        if not values or not any(values):
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
        if not came or not went or _settled(judged, "direction", name, values):
            continue
        readings = (
            Reading("income", {"keep": {name: came}}, fields={"values": _listed(came)}),
            Reading("expense", {"keep": {name: went}}, fields={"values": _listed(went)}),
            as_it_stands("direction"),
        )
        return Decision("direction", readings, name, int(judged.used.sum()), {"values": _listed(values)})
    return None


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
        if not yes or _settled(judged, "return_flag", name, yes):
            continue
        rows = _rows_with(judged, place, yes)
        if not (judged.units[rows] > 0).any():
            continue
        readings = (
            Reading("negative", {"negative": {name: yes}}),
            Reading("drop", {"drop": {name: yes}}),
            as_it_stands("return_flag"),
        )
        return Decision("return_flag", readings, name, int(rows.sum()), {"values": _listed(yes)})
    return None


def labelled_totals(judged: Judged) -> Decision | None:
    """Rows with a date and a customer that a label calls totals, and that add up what stands above them."""
    if judged.units is None:
        return None
    found = side_columns(judged)
    if "customer_id" in judged.header.found:
        found.append(
            (judged.header.found["customer_id"], judged.header.names[judged.header.found["customer_id"]])
        )
    for place, name in found:
        column = judged.rows.column(place)
        if place != judged.header.found.get("customer_id"):
            labels = [cell_text(value) for value in column.total_labels]
        else:  # of very many customers hardly one has such a word
            texts = [value for value in column.values if isinstance(value, str)]
            labels = [
                cell_text(value) for value in texts if LABEL_HINT.search(value) and ends_in_total(value)
            ]
        if not labels:
            continue
        rows = np.flatnonzero(_rows_with(judged, place, labels))
        if len(rows) and _adds_up(judged, rows):
            fields = {"values": _listed(labels)}
            patch = {"drop": {name: labels}}
            return Decision(
                "labelled_totals", (Reading("drop", patch),), name, len(rows), fields, certain=True
            )
    return None


def _adds_up(judged: Judged, totals: np.ndarray) -> bool:
    """Whether most of these rows hold the sum of the rows since the one before, or of all above."""
    counted = np.where(judged.used, judged.units, 0)
    counted[totals] = 0
    sums = np.cumsum(counted)
    since = np.diff(np.concatenate([[0], sums[totals]]))
    fits = (judged.units[totals] == since) | (judged.units[totals] == sums[totals])
    return fits.sum() >= 0.8 * len(totals)


def unlabelled_total(judged: Judged) -> Decision | None:
    """A last row that is the sum of all others, whatever it is called."""
    if judged.units is None or "total" in judged.mapping.as_read or judged.customers is None:
        return None
    used = np.flatnonzero(judged.used)
    if len(used) < 9:
        return None
    codes = judged.rows.codes["customer_id"]
    for at in (used[-1], used[0]):
        alone = (codes[used] == codes[at]).sum() == 1
        if alone and judged.units[at] and 2 * judged.units[at] == int(judged.units[used].sum()):
            place = judged.header.found["customer_id"]
            name, label = judged.header.names[place], str(judged.customers[codes[at]])
            drop = Reading("drop", {"drop": {name: [label]}}, fields={"values": label})
            fields = {"values": label}
            return Decision("total", (drop, as_it_stands("total")), name, 1, fields)
    return None
