"""Why rows could not be used, told from the cells themselves: what a consultant can do something about."""

import re

import numpy as np

from .judge import Judged
from .reading.meanings import cell_text

_NO_YEAR = re.compile(
    r"\d{1,2}\s*月\s*\d{1,2}\s*[日号號]?.*|\d{1,2}[-/.]\d{1,2}|[A-Za-z]{3,9}\.?\s+\d{1,2}|\d{1,2}[-\s][A-Za-z]{3,9}"
)
_DIGITS = re.compile(r"\d{6,}")
_ONLY_MONTH = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*月?")
_NO_DAY = re.compile(r"(?:0000|9999|1900)[-/].*|0+|#+")
_NO_DATES = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (r"\d{1,2}:\d{2}(?::\d{2})?", "time_only"),
        (r".*\d[ T](?:2[4-9]|[3-9]\d):\d{2}.*|.*\d[ T]\d{1,2}:[6-9]\d.*", "no_time"),
        (r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\s*(?:[-~～至]|to)\s*\d{4}[-/.]\d{1,2}[-/.]\d{1,2}", "two_dates"),
        (r"\d{4}[-\s]?[Ww]\d{1,2}|\d{4}年?第\d{1,2}周", "week"),
        (r"\d{1,2}", "day_only"),
        (r"1[34]\d{2}[-/.]\d{1,2}[-/.]\d{1,2}", "persian"),
        (r"\d{4}[-/.](?:1[3-9]|2\d|3[01])[-/.]\d{1,2}", "year_day_month"),
    )
)
_RANGE = re.compile(r"\d[\d.,]*\s*[-~～至–]\s*\d[\d.,]*")
_SIDE = re.compile(r"[\d.,]+\s*(?:dr|cr)\.?", re.IGNORECASE)
_ERROR = re.compile(r"#[A-Z/0]+[!?]?")  # #N/A, #DIV/0!, #REF! …
_SYMBOL = re.compile(r"[^\d.,\s()+-]{1,5}\s*-?\d[\d.,' ]*|-?\d[\d.,' ]*\s*[^\d.,\s()+-]{1,5}")


def commonest(judged: Judged, reasons: tuple[str, ...]) -> tuple[str, int, str, str] | None:
    """Of these reasons the one with most rows: its name, the rows, an example of the cell, and the key of its cause."""
    counts = {reason: int(judged.of(reason).sum()) for reason in reasons}
    reason = max(counts, key=counts.get)
    if not counts[reason]:
        return None
    example, cause = likely_cause(judged, reason)
    return reason, counts[reason], example, cause


def likely_cause(judged: Judged, reason: str) -> tuple[str, str]:
    """An example of a cell that was not read for this reason, and the key of why (cause_<key> in messages.toml)."""
    rows, header = judged.rows, judged.header
    wrong = judged.of(reason)
    if reason == "bad_amount" and (rows.surplus & wrong).sum() * 2 > wrong.sum():
        return f"row {int(rows.lines[np.flatnonzero(rows.surplus & wrong)[0]])}", "surplus"
    name = {"bad_date": "date", "missing_customer": "customer_id", "nobody": "customer_id"}.get(reason)
    if name is None:
        name = "amount" if "amount" in rows.codes else "unit_price"
    if name not in rows.codes:
        return "", "unknown"
    codes = rows.codes[name][wrong]
    codes = codes[codes >= 0]
    if not len(codes):
        return "", "unknown"
    values = list(rows.distinct[name])
    texts = [cell_text(values[code]) for code in np.unique(codes)]
    counts = np.unique(codes, return_counts=True)[1]
    example = texts[int(np.argmax(counts))]
    if _ERROR.fullmatch(example):
        return example, "error_cells"
    if not example:
        return "∅", _why_empty(judged, wrong, header.found[name])
    if reason == "missing_customer":
        return example, "says_none"
    if reason == "bad_date":
        return example, _why_no_date(example)
    if reason == "bad_amount":
        return example, _why_no_amount(judged, rows.distinct[name].parsed, np.unique(codes), example)
    return example, "unknown"


def _why_empty(judged: Judged, wrong: np.ndarray, place: int) -> str:
    if judged.table.uncomputed:
        return "formulas"
    if place == judged.header.found.get("customer_id") and in_groups(judged, wrong):
        return "grouped"
    return "empty"


def in_groups(judged: Judged, wrong: np.ndarray) -> bool:
    """Whether the customer stands in the first row of each block only, as merged cells leave it."""
    if wrong[0] or len(wrong) < 3:
        return False
    starts = int((wrong[1:] & ~wrong[:-1]).sum())
    customers = judged.rows.codes["customer_id"][~wrong]
    # every block of empty cells follows a customer, and hardly any customer is named twice in a row
    return starts >= 2 and len(np.unique(customers)) >= 0.8 * len(customers)


def _why_no_date(example: str) -> str:
    if _NO_YEAR.fullmatch(example):
        return "no_year"
    if _ONLY_MONTH.fullmatch(example):
        return "only_month"
    if _NO_DAY.fullmatch(example):
        return "no_day"
    if _DIGITS.fullmatch(example):
        return "epoch"
    for pattern, cause in _NO_DATES:
        if pattern.fullmatch(example):
            return cause
    if not re.search(r"[^\W\d_]", example):
        return "no_date"
    return "month_names" if re.search(r"[^\W\d_]{3,}", example) and re.search(r"\d", example) else "words"


def _why_no_amount(judged: Judged, parsed: list, codes: np.ndarray, example: str) -> str:
    other = "," if judged.decimal == "." else "."
    taken = [parsed[code] for code in codes]
    if sum(p is not None and p.value(other) is not None for p in taken) * 2 > len(taken):
        return "decimal_marks"
    if _RANGE.fullmatch(example):
        return "range"
    if _SIDE.fullmatch(example):
        return "debit_credit"
    return "currency" if _SYMBOL.fullmatch(example) else "words"
