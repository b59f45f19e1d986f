"""What is said of names, numbers and single rows, and never asked: names that may be one person, a number of two
people, holes in running numbers, a file that was cut off, rows of the firm's own people or not paid yet.
"""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .decide_people import people
from .ids import key_of, matching, plain_name
from .judge import Judged
from .reading.columns import plain
from .reading.meanings import cell_text, headed, meanings
from .side import is_flag, rows_with, side_columns, values_of, word_columns

FEW = 0.3  # of the rows
SHOWN = 3  # examples
FEWEST = 20  # numbers or rows, of which a rule can be read
_NEARLY = 0.95
_WIDE = 20  # numbers: a hole of more is none of single orders
_ADDED_TO = r"[)）\]]$|\s[-–—]\s|,|\d{7,}$"
_NUMBERED = r"^[^0-9]*[0-9]{1,15}$"
_NO_BUYER = re.compile(r"收货|收件|ship|recipient|deliver|liefer|livraison|contact|联系|経手", re.IGNORECASE)
_SELLER = re.compile(
    r"\bby\b|cashier|clerk|sold|serv|收银|经办|店员|导购|業務|业务员|seller|operator", re.IGNORECASE
)


def names_alike(judged: Judged) -> list[dict]:
    """Names with an addition, or in another order, beside the plain ones: Anna Berg (new), Berg, Anna."""
    found = people(judged)
    if found is None:
        return []
    known = {key_of(customer): customer for customer in found.present}
    pairs = []
    for customer in matching(found.present, _ADDED_TO):
        other = known.get(key_of(plain_name(customer)))
        if other is not None and other != customer:
            pairs.append((customer, other))
    if not pairs:
        return []
    rows = int(found.rows[found.among([customer for customer, _ in pairs])].sum())
    shown = "; ".join(" / ".join(pair) for pair in pairs[:SHOWN])
    return [{"code": "names_alike", "rows": rows, "count": len(pairs), "value": shown}]


def numbers_of_two(judged: Judged) -> list[dict]:
    """Numbers of customers of which most stand beside the names of different people: each shop may have its own."""
    found, header = people(judged), judged.header
    if found is None or not judged.used.any():
        return []
    place = header.found.get("customer_name")
    if place is None:
        headed_so = [at for at, name in side_columns(judged) if headed(name, "person_names")]
        place = headed_so[0] if headed_so else None
    if place is None or place == header.found["customer_id"] or _NO_BUYER.search(header.names[place]):
        return []
    rows = np.flatnonzero(judged.used & judged.rows.column(place).filled & (found.codes >= 0))
    column = judged.rows.column(place)
    texts = np.array([cell_text(value) for value in column.values], dtype=object)[column.codes[rows]]
    frame = pd.DataFrame({"id": found.codes[rows], "text": texts, "name": [plain(text) for text in texts]})
    frame["row"] = rows
    about = frame.groupby("id")["name"].agg(["nunique", "size"])
    if any(char.isdigit() for name in frame["name"].unique() for char in name):
        return []  # numbers of orders are headed Name as well
    several = about.index[about["nunique"] > 1]
    if len(several) < SHOWN or len(several) < 0.5 * (about["size"] > 1).sum():
        return []
    shown = []
    for one in several[:SHOWN]:
        names = frame[frame["id"] == one].drop_duplicates("name")["text"].tolist()[:SHOWN]
        shown.append(f"{found.ids[one]}: {' / '.join(names)}")
    fields = {"count": len(several), "value": "; ".join(shown), "column": judged.heading("customer_id")}
    count = int(frame["id"].isin(several).sum())
    shop = _told_apart_by(judged, frame, place)
    if shop is None:
        return [{"code": "numbers_of_two", "rows": count, **fields}]
    return [{"code": "numbers_by_shop", "rows": count, "other": shop, **fields}]


def _told_apart_by(judged: Judged, frame: pd.DataFrame, names: int) -> str | None:
    """A column of few values in each of which every number has one name."""
    for place, heading in side_columns(judged):
        column = judged.rows.column(place)
        if place == names or not 1 < column.size <= FEWEST:
            continue
        shop = column.codes[frame["row"]]
        if (frame.groupby(["id", shop])["name"].nunique() == 1).mean() >= _NEARLY:
            return heading
    return None


def missing_numbers(judged: Judged) -> list[dict]:
    """Order numbers that run on one by one but for a hole: part of the file may be lacking."""
    if "order_id" not in judged.header.found:
        return []
    texts = judged.rows.text_of("order_id").filter(pa.array(judged.used)).drop_null()
    if not pc.all(pc.match_substring_regex(texts[:FEWEST], _NUMBERED)).as_py():
        return []
    before = pc.replace_substring_regex(texts, r"[0-9]+$", "").unique()
    if not pc.all(pc.match_substring_regex(texts, _NUMBERED)).as_py() or len(before) != 1:
        return []
    numbers = np.unique(pc.cast(pc.replace_substring_regex(texts, r"^[^0-9]*", ""), pa.int64()).to_numpy())
    steps = np.diff(numbers)
    if len(numbers) < FEWEST or (steps == 1).mean() < _NEARLY:
        return []
    at = int(steps.argmax())
    after, width = int(numbers[at + 1]), int(steps[at])
    others = np.delete(steps, at)
    begins_anew = str(after).endswith(("000", "001", "0000", "0001"))
    if width <= _WIDE or width < 10 * others.max() or begins_anew:
        return []
    first, last = int(numbers[at]) + 1, after - 1
    return [{"code": "missing_numbers", "rows": 0, "first": first, "last": last, "count": width - 1}]


def cut_off(judged: Judged) -> list[dict]:
    """A last line that ends before the last column, as no other does."""
    table, last = judged.table, len(judged.rows) - 1
    if table.delimiter is None or last < FEWEST or len(table.parts) > 1 or judged.rows.total[last]:
        return []
    filled = np.array([judged.rows.column(place).filled[last] for place in range(len(judged.header.names))])
    lacking = np.flatnonzero(~filled)
    if not filled[:2].all() or not len(lacking) or lacking[0] + len(lacking) != len(filled):
        return []
    if not all(judged.rows.column(int(place)).filled[:last].all() for place in lacking):
        return []
    line = int(judged.rows.lines[last])
    text = next(table.original([(line, line)]), "")
    if text.count(table.delimiter) >= len(filled) - 1:
        return []  # whole, and its last cells empty
    return [{"code": "cut_off", "rows": 1, "line": line}]


def first_days(judged: Judged) -> list[dict]:
    """Every date the first of a month, and customers with several rows on one of them: only months are known."""
    if judged.moments is None or judged.customers is None or judged.used.sum() < FEWEST:
        return []
    moments = judged.moments[judged.used]
    months = moments.astype("datetime64[M]")
    if (months.astype(moments.dtype) != moments).any() or len(np.unique(months)) < SHOWN:
        return []
    again = pd.DataFrame({"who": judged.rows.codes["customer_id"][judged.used], "month": months}).duplicated()
    return (
        [{"code": "first_days", "rows": len(moments), "column": judged.heading("date")}]
        if again.sum() > 1
        else []
    )


def people_of_the_firm(judged: Judged) -> list[dict]:
    """Few rows that are called those of the firm's own people."""
    return _called(judged, "staff_rows", "staff")


def not_paid(judged: Judged) -> list[dict]:
    """Few rows that are called not paid, in a remark or by a mark of their own."""
    found = _called(judged, "unpaid_rows", "unpaid")
    for place, name in side_columns(judged):
        values = values_of(judged, place) if plain(name) in meanings()["undone"]["overdue_headers"] else None
        if values and is_flag(values):
            yes = [value for value in values if plain(value) in meanings()["void_flag"]["yes"]]
            found += _said(judged, "unpaid_rows", place, name, yes)
    return found


def _called(judged: Judged, code: str, words: str) -> list[dict]:
    found = []
    for place, name in word_columns(judged):
        if headed(name, "status") or _SELLER.search(name):
            continue
        values = values_of(judged, place) or ()
        found += _said(
            judged, code, place, name, [v for v in values if plain(v) in meanings()["undone"][words]]
        )
    return found


def _said(judged: Judged, code: str, place: int, name: str, words: list[str]) -> list[dict]:
    rows = rows_with(judged, place, words) if words else judged.used & False
    if not 0 < rows.sum() <= FEW * judged.used.sum():
        return []
    effect = judged.sum_of(rows)
    return [
        {
            "code": code,
            "rows": int(rows.sum()),
            "effect": effect,
            "column": name,
            "values": ", ".join(words[:6]),
        }
    ]


LOOKS = (
    names_alike,
    numbers_of_two,
    missing_numbers,
    cut_off,
    first_days,
    people_of_the_firm,
    not_paid,
)
