"""Whether the column of customers names customers: kinds of customers, cashiers, orders,
names that stand for nobody.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crmkit.core.errors import CrmkitError

from .ids import matching, name_of_returned, scientific
from .judge import Judged
from .reading.columns import plain
from .reading.decisions import Decision, Reading, as_it_stands
from .reading.meanings import headed, meanings
from .side import side_columns
from .signs import of_own_name, own_name

_TEST_ADDRESS = re.compile(
    r"(?:test|tester|testing|demo|dummy|测试|no-?reply|none|nobody|no|na|n/a|null|nomail|unknown|guest|anonymous|"
    r"walk-?in|no-?email)[^@]*@.*|.*@(?:test|example)\.(?:com|org|net)",
    re.IGNORECASE,
)
_BRACKET_LAST = r"[)）\]]$"
_WORDS = (
    r"^\D*$|^1(?:3800138|3000000|3888888|8888888)\d{3}$|^(?i:test|demo|dummy|测试)|@(?:test|example)|"
    r"^(?i:no|none|na|null|unknown|guest|anonymous|walk-?in)[^@]*@"
)
MOST_STAFF = 50  # people at a till
LOST_FROM = 0.2  # of the rows: fewer ids without their digits are noted
ASKED_FROM = 0.1  # of rows or money: from here on it is asked whether nobody in particular is left out


@dataclass
class People:
    """The customers of the rows used: their ids, and each one's rows and money."""

    ids: list[str]
    rows: np.ndarray
    money: np.ndarray
    codes: np.ndarray  # of every row of the table, used or not; -1 where there is none

    @cached_property
    def present(self) -> list[str]:
        """The ids that have rows."""
        return [self.ids[place] for place in np.flatnonzero(self.rows)]

    def among(self, customers: list[str]) -> np.ndarray:
        """Which of the ids are these."""
        return pd.Index(self.ids, dtype=object).isin(customers)


def people(judged: Judged) -> People | None:
    """The customers by id, not by the cells that name them; None where no column does."""
    if judged.customers is None:
        return None
    if judged.found_people is None:
        judged.found_people = _counted_people(judged)
    return judged.found_people


def _counted_people(judged: Judged) -> People:
    places: dict[str, int] = {}
    of_value = np.array([-1 if c is None else places.setdefault(c, len(places)) for c in judged.customers])
    codes = of_value[judged.rows.codes["customer_id"]]
    used = judged.used & (codes >= 0)
    rows = np.bincount(codes[used], minlength=len(places))
    money = np.zeros(len(places))
    if judged.units is not None:
        money = np.bincount(codes[used], weights=judged.units[used].astype(float), minlength=len(places))
    return People(list(places), rows, money, codes)


def kinds_for_customers(judged: Judged) -> CrmkitError | None:
    """A column headed Customer that says which kind each one is: there is no customer in it."""
    found = people(judged)
    if found is None or "customer_kinds" in judged.mapping.as_read:
        return None
    present = found.present
    if not 1 <= len(present) <= 6 or len(judged.rows) < 3 or judged.used.sum() <= len(present):
        return None
    kinds = meanings()["kinds"]["values"]
    if not all(plain(customer) in kinds for customer in present) or len(present) < 2:
        return None
    name = judged.heading("customer_id")
    return CrmkitError("customer_kinds", column=name, value=present[0], found=", ".join(present))


def staff_for_customers(judged: Judged) -> Decision | None:
    """A column headed User in which cashiers stand."""
    found = people(judged)
    if found is None or "staff" in judged.mapping.as_read:
        return None
    name = judged.heading("customer_id")
    present = found.present
    if not present or len(present) > MOST_STAFF or judged.used.sum() <= len(present):
        return None
    pattern = meanings()["kinds"]["staff_pattern"]
    named_so = [customer for customer in present if pattern.fullmatch(customer)]
    if len(named_so) < 0.5 * len(present):
        return None
    fields = {"values": ", ".join(named_so[:5])}
    return Decision("staff", _other_customers(judged, "staff"), name, int(judged.used.sum()), fields)


def lost_digits(judged: Judged) -> Decision | None:
    """Many ids in the notation of spreadsheets: 1.38E+10 stands for whoever has a number near it."""
    found = people(judged)
    if found is None or "scientific_ids" in judged.mapping.as_read:
        return None
    lost = scientific(found.present)
    rows = int(found.rows[found.among(lost)].sum()) if lost else 0
    if rows <= LOST_FROM * judged.used.sum():
        return None
    name = judged.heading("customer_id")
    fields = {"count": len(lost), "value": lost[0]}
    return Decision("scientific_ids", _other_customers(judged, "scientific_ids"), name, rows, fields)


def _other_customers(judged: Judged, code: str) -> tuple[Reading, ...]:
    """Each other column that may name the customers, and the one in use."""
    others = judged.header.alternatives.get("customer_id", ())
    readings = [
        Reading(
            f"column_{judged.place(other) + 1}",
            {"columns": {"customer_id": other}},
            "reading_customer_column",
            {"other": other},
        )
        for other in others
        if judged.place(other) is not None
    ]
    return (*readings, as_it_stands(code))


def orders_for_customers(judged: Judged) -> Decision | None:
    """An id that occurs in one order each: a number of the order, or customers none of whom ever came back."""
    found = people(judged)
    if found is None or "customer_per_order" in judged.mapping.as_read:
        return None
    header = judged.header
    if "customer_id" in judged.mapping.columns or len(found.ids) < 3:
        return None
    name = judged.heading("customer_id")
    used = judged.used & (found.codes >= 0)
    others = [
        other for other in header.alternatives.get("customer_id", ()) if judged.place(other) is not None
    ]
    if "order_id" not in header.found:
        return None
    orders = judged.rows.column(header.found["order_id"]).codes[used]
    customers = found.codes[used]
    count = int((found.rows > 0).sum())
    if count < 3 or int((np.bincount(orders) > 0).sum()) != count:
        return None
    if pd.Series(orders.astype(np.int64) * (len(found.ids) + 1) + customers).nunique() != count:
        return None
    same = _same_text(judged, header.found["customer_id"], header.found["order_id"], used)
    better = [other for other in others if _repeats(judged, other, used, count)]
    if not same and not better:
        return None
    return Decision(
        "customer_per_order", _other_customers(judged, "customer_per_order"), name, int(used.sum())
    )


def _same_text(judged: Judged, place: int, other: int, used: np.ndarray) -> bool:
    """Whether two columns say the same in (nearly) every row."""
    a, b = judged.rows.column(place), judged.rows.column(other)
    left = np.array([plain(str(value)) for value in a.values], dtype=object)[a.codes[used]]
    right = np.array([plain(str(value)) for value in b.values], dtype=object)[b.codes[used]]
    return bool(len(left)) and float((left == right).mean()) > 0.95


def _repeats(judged: Judged, other: str, used: np.ndarray, count: int) -> bool:
    codes = judged.rows.column(judged.place(other)).codes[used]
    return 1 < len(np.unique(codes)) < 0.98 * count


def customer_totals(judged: Judged) -> Decision | None:
    """The same amount in all rows of a customer, and another for each: what all of his orders came to,
    on each of them.
    """
    mapping = judged.mapping
    if judged.units is None or judged.customers is None or mapping.once_per:
        return None
    used, codes = judged.used, people(judged).codes
    if "customer_total" in mapping.as_read or "amount" not in judged.header.found:
        return None
    about = pd.Series(judged.units[used]).groupby(codes[used]).agg(["size", "min", "max"])
    several = about[about["size"] > 1]
    totals = several["min"]
    exact = (totals % 10**judged.decimals != 0).mean() > 0.5  # a fee is mostly a round sum
    if len(totals) < 3 or not exact or totals.nunique() < len(totals) or (totals != several["max"]).any():
        return None
    customer = judged.heading("customer_id")
    once = Reading("once", {"once_per": customer})
    name = judged.heading("amount")
    readings = (once, as_it_stands("customer_total"))
    return Decision("customer_total", readings, name, int(several["size"].sum()))


def returned_names(judged: Judged) -> Decision | None:
    """王芳(退) beside 王芳: a customer's name with a word of returns behind it."""
    found = people(judged)
    if found is None or judged.units is None or "returned_names" in judged.mapping.as_read:
        return None
    bracketed = matching(found.present, _BRACKET_LAST)
    known = set(found.ids) if bracketed else set()
    named = [customer for customer in bracketed if name_of_returned(customer) in known]
    name = judged.heading("customer_id")
    if not named:
        return None
    rows = judged.used & np.isin(found.codes, [found.ids.index(customer) for customer in named])
    if not (judged.units[rows] > 0).any():
        return None
    negative = Reading("negative", {"negative": {name: named}})
    readings = (negative, as_it_stands("returned_names"))
    return Decision("returned_names", readings, name, int(rows.sum()), {"values": ", ".join(named[:6])})


def other_party(judged: Judged) -> Decision | None:
    """Returns whose customer is the firm itself, as in a list of payments: whom it paid stands in another column."""
    if judged.units is None or judged.customers is None or judged.mapping.other_party:
        return None
    below = judged.used & (judged.units < 0)
    if not below.any():
        return None
    for place, name in side_columns(judged):
        own = own_name(judged, place)
        if own is None or own not in judged.customers:
            continue
        mine = of_own_name(judged, own)
        firm = np.array([customer == own for customer in judged.customers])[judged.rows.codes["customer_id"]]
        paid_to = mine & judged.rows.column(place).filled
        if paid_to.any() and not (judged.used & firm & (judged.units > 0)).any():
            reading = Reading("other", {"other_party": name})
            fields = {"other": name, "value": own}
            used = judged.heading("customer_id")
            return Decision("other_party", (reading,), used, int(paid_to.sum()), fields, certain=True)
    return None


def nobody(judged: Judged) -> Decision | None:
    """Ids that stand for nobody in particular: walk-in customers, guests, zeros, test accounts."""
    if "nobody" in judged.mapping.as_read:
        return None
    found = people(judged)
    if found is None:
        return None
    known = {plain(str(name)) for name in judged.mapping.nobody or ()}
    # a word for anybody has no digit in it, or it begins as trials do
    words = matching(found.present, _WORDS)
    names = [customer for customer in words if stands_for_nobody(customer) and plain(customer) not in known]
    names += [zeros for zeros in _zeros(found) if plain(zeros) not in known]
    if not names or len(names) == len(found.present):
        return None
    chosen = found.among(names)
    rows, every = int(found.rows[chosen].sum()), int(found.rows.sum())
    money, all_money = np.abs(found.money[chosen]).sum(), np.abs(found.money).sum()
    fields = {"values": ", ".join(names[:6]), "share": round(100 * rows / max(every, 1), 1)}
    name = judged.heading("customer_id")
    leave_out = Reading("set_aside", {"nobody": names}, fields=fields)
    doubtful = any(plain(customer) in meanings()["nobody"]["asked"] for customer in names)
    if not doubtful and rows <= ASKED_FROM * every and money <= ASKED_FROM * all_money:
        return Decision("nobody", (leave_out,), name, rows, fields, certain=True)
    of_nobody = judged.used & np.isin(found.codes, np.flatnonzero(chosen))
    *others, as_read = _other_customers(judged, "nobody")
    filled = [
        one for one in others if judged.rows.column(judged.place(one.fields["other"])).filled[of_nobody].all()
    ]
    return Decision("nobody", (leave_out, *filled, as_read), name, rows, fields)


def stands_for_nobody(customer: str) -> bool:
    """Whether an id is a word for anybody, or an account for trying out."""
    word = plain(customer)
    known = meanings()["nobody"]
    return any(word in known[words] for words in ("values", "tests", "asked")) or bool(
        _TEST_ADDRESS.fullmatch(customer)
    )


def _zeros(found: People) -> list[str]:
    """Ids that somebody types to get on (0, 000, 99999999, 13800138000): as short as no other id,
    or with far more rows than the others have.
    """
    only_zeros = set(
        matching(found.ids, r"^(?:0+|9{4,}|1{6,}|8{6,}|13800138000|13[0-9]0{8}|1234567(?:8|89|890|8901)?)$")
    )
    if not only_zeros:
        return []
    zeros = [i for i, customer in enumerate(found.ids) if found.rows[i] and customer in only_zeros]
    others = [i for i in range(len(found.ids)) if found.rows[i] and found.ids[i] not in only_zeros]
    if not zeros or not others:
        return []
    bare = pc.replace_substring_regex(pa.array([found.ids[i] for i in others]), r"[^\p{L}\p{N}_]", "")
    shortest = pc.min(pc.utf8_length(bare)).as_py()
    usual = float(np.median(found.rows[others]))
    many = [i for i in zeros if found.rows[i] >= 6 and found.rows[i] >= 2 * usual]
    short = [i for i in zeros if len(found.ids[i]) < shortest and shortest >= 3]
    return [found.ids[i] for i in sorted({*many, *short})]


def people_headed_as_names(judged: Judged) -> bool:
    """Whether the customers are told apart by their names."""
    place = judged.header.found.get("customer_id")
    return place is not None and headed(judged.header.names[place], "person_names")
