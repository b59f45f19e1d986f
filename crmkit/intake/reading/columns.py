"""Which column is which: headers recognised by the synonyms of headers.toml, or named by the client's mapping file."""

import codecs
import re
import tomllib
import unicodedata
from collections import abc
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from zoneinfo import ZoneInfo

from crmkit.core.errors import CrmkitError
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import TRANSACTION_COLUMNS

FEWEST_PERIODS = 3  # months, quarters, years in the headings of a cross table
DEEPEST_HEADER = 60  # rows searched for the header; what stands above it is title
_LEADS_TO_UNIT = "(?:in|en|em|w|v|в|i|unit|units|单位|單位)"
_BEFORE_UNIT = re.compile(r"[\s_/:,-]+|(?<=[a-z])(?=[A-Z])")
_BRACKETS = re.compile(r"[(\[{【〔<《「](.*?)[)\]}】〕>》」]")


def unreadable(
    path, why: str, /, *, row: int | None = None, value: str | None = None, **fields
) -> CrmkitError:
    """The file at ``path`` cannot be read: ``why_<why>`` of messages.toml says for what reason."""
    return CrmkitError(
        "unreadable_file",
        row=row,
        value=path.name if value is None else value,
        name=path.name,
        why=MESSAGES.pair(f"why_{why}", **fields),
    )


@cache
def vocabulary() -> dict:
    """headers.toml: per canonical column ``{normalised header: rank}``, and the currencies, multipliers and labels."""
    raw = tomllib.loads((Path(__file__).parent / "headers.toml").read_text(encoding="utf-8"))
    words = {}
    for name in [*TRANSACTION_COLUMNS, "amount_without_quantity"]:
        entry, ranks = raw[name], {}
        joined = [stem + ending for stem in entry.get("stems", []) for ending in entry["endings"]]
        never = set(map(plain, entry.get("never", [])))
        for header in [*entry["exact"], *joined, *entry.get("last", [])]:
            if plain(header) not in never:
                ranks.setdefault(plain(header), len(ranks))
        words[name] = ranks
    words["any"] = frozenset().union(*words.values())
    words["qualifier"] = re.compile(raw["qualifiers"]["pattern"])
    words["around"] = re.compile(raw["qualifiers"]["around"])
    for kind, pattern in raw["candidates"].items():
        words[kind] = re.compile(pattern)
    words["in_brackets"] = frozenset(raw["units"]["in_brackets"])
    words["units"] = "|".join(map(re.escape, sorted(raw["units"]["words"], key=len, reverse=True)))
    words["currency_of"] = {plain_unit(w): code for code, names in raw["currencies"].items() for w in names}
    words["multiplier_of"] = {
        plain_unit(w): Decimal(m) for m, names in raw["multipliers"].items() for w in names
    }
    words["total_exact"] = frozenset(plain(w) for w in raw["total_labels"]["exact"])
    parts = raw["total_labels"]["part"]
    words["total_part"] = (
        frozenset(p for p in parts if p.isascii()),
        tuple(p for p in parts if not p.isascii()),
    )
    return words


def plain(text) -> str:
    """A header or label, only letters and digits: ``'客户 编号：'`` → ``'客户编号'``, ``'Order #'`` → ``'orderno'``."""
    text = str(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold().replace("#", "no")
    return text if text.isalnum() else "".join(filter(str.isalnum, text))


def plain_unit(text) -> str:
    """A unit without blanks, points and what leads to it: ``'in Tsd. €'`` → ``'tsd€'``, ``'x 1,000'`` → ``'1000'``."""
    text = unicodedata.normalize("NFKC", str(text)).casefold().strip()
    text = re.sub(rf"^(?:{_LEADS_TO_UNIT}[\s:]+|[x×*]\s*(?=\d))", "", text)
    return re.sub(r"[\s.]|(?<=\d),(?=\d)", "", text)


@lru_cache(maxsize=20_000)  # a header is looked for under every delimiter
def header_forms(header: str) -> tuple[tuple[str, ...], str | None]:
    """The forms under which a header is looked up, best first, and the unit that stands with it."""
    text, words = unicodedata.normalize("NFKC", str(header)).strip("*'\"‘’“” \t\r\n"), vocabulary()
    inside, bare = _BRACKETS.findall(text), _BRACKETS.sub("", text)
    unit = plain_unit(inside[-1]) if inside else None
    # 客户编号 Customer ID: each half alone; 订单实付金额, 客户信息编号: what only says whose it is
    halves = re.sub(r"[\x00-\x7f]", "", bare), re.sub(r"[^\x00-\x7f]", "", bare)
    forms = [*map(plain, (bare, text, *halves)), words["qualifier"].sub("", plain(bare))]
    # amount_usd, 金额/元, Umsatz in Tsd. €, AmountInCents: the unit without brackets
    for gap in _BEFORE_UNIT.finditer(bare):
        tail = plain_unit(bare[gap.end() :])
        in_camel_case = not gap[0]
        if len(tail) < 3 and in_camel_case or tail in words["in_brackets"]:
            continue
        if tail and money_unit(tail) != (None, 1):
            forms.append(plain(re.sub(rf"(?i)[\W_]*{_LEADS_TO_UNIT}$", "", bare[: gap.start()])))
            unit = unit or tail
            break
    if around := words["around"].search(text):
        forms += header_forms(around[around.lastindex])[0]
    return tuple(f for f in dict.fromkeys(forms) if f), unit


@dataclass(frozen=True)
class Mapping:
    """What the client told us about the file; everything is optional."""

    columns: dict = field(default_factory=dict)
    date_format: str | None = None
    decimal: str | None = None
    currency: str | None = None
    sheet: str | int | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    time_zone: str | None = None
    # which rows are sales, and of whom
    keep: dict = field(default_factory=dict)  # column -> the values that are kept
    drop: dict = field(default_factory=dict)  # column -> the values that are no sales
    negative: dict = field(default_factory=dict)  # column -> the values that make an amount negative
    nobody: list | None = None  # customers that are nobody in particular
    first_date: str | None = None  # what is dated before or after is set aside
    last_date: str | None = None
    largest_amount: float | None = None  # what is larger is set aside
    # what a row's amount is
    add: list = field(default_factory=list)  # columns added to the amount: cash, and card
    subtract: list = field(default_factory=list)  # columns taken from the amount
    # columns taken once from each order, not from each line
    subtract_once: list = field(default_factory=list)
    discount_rate: str | None = None  # a column: the share taken off
    paid_rate: str | None = None  # a column: the share that is paid (0.9 for 九折)
    once_per: str | None = None  # a column: the amount counts once for each of its values
    once_per_day: bool = False  # its values begin anew every day: numbers of receipts
    last_per: str | None = None  # a column: of the rows with the same value only the last counts
    subtotals: str | None = None  # "drop": rows that are the sum of those above them do not count
    order_heads: str | None = None  # of an order's total among its lines: "drop" it, or count it "only"
    running_total: str | None = None  # amounts that add up over a customer's time: "always", or "yearly" anew
    other_party: str | None = (
        None  # a column: whose a return is, where the firm itself stands for the customer
    )
    larger_of: list = field(
        default_factory=list
    )  # columns that changed places with the amount: the larger counts
    unit: str | float | None = None  # what every amount is multiplied by: 10000, "万元"
    unit_column: str | None = None  # a column: 元 or 万元, row by row
    negative_parts: list = field(default_factory=list)  # files or sheets of returns
    negative_below: list = field(default_factory=list)  # titles between tables: what stands below are returns
    drop_below: list = field(default_factory=list)  # titles of tables below each other that are no sales
    drop_parts: list = field(default_factory=list)  # files or sheets that are no sales
    currency_signs: list = field(default_factory=list)  # signs of currencies that the door does not know
    amount_marks: dict = field(default_factory=dict)  # words beside a number: 1 for, -1 against
    fill_down: list = field(default_factory=list)  # columns in which an empty cell repeats the one above
    negative_prefixes: dict = field(default_factory=dict)  # a column of numbers -> how those of returns begin
    part_units: dict = field(default_factory=dict)  # a file or sheet -> what its amounts are multiplied by
    # where the rows stand
    sheets: str | list | None = None  # "all", or their names: added up
    blocks: str | None = None  # "all": tables side by side are added up
    unpivot: bool = False  # a column for each month becomes rows
    customer_from: str | None = None  # "titles", "sheets": where the customer is named who has no column
    put_in_before: str | None = None  # a column: in rows longer by a cell, one was put in before it
    join: list = field(default_factory=list)  # [{file, on}]: columns of other files
    swapped_dates: bool = False  # day and month were exchanged wherever that gave a date
    thousands: str | None = None  # "joined": 1,234.50 without quotes stands in two columns
    drop_duplicates: bool = False  # rows that say the same as one above are set aside
    set_aside_up_to: float = 0.1  # the share of rows or money that may be set aside without a question
    as_read: list = field(default_factory=list)  # questions that were answered with: as it stands


# what callers may give: a dict of Mapping's fields, or the path of a TOML file with them
MappingGiven = Mapping | abc.Mapping | str | PathLike | None
MAPPING_KEYS = tuple(Mapping.__dataclass_fields__)
# keys that hold several names
LISTS = {name for name, about in Mapping.__dataclass_fields__.items() if about.default_factory is list} | {
    "nobody"
}


def read_mapping(mapping: MappingGiven) -> Mapping:
    """A mapping from a dict or the path of a TOML file; unknown keys and values are refused with what is allowed."""
    if mapping is None or isinstance(mapping, Mapping):
        return mapping or Mapping()
    if isinstance(mapping, abc.Mapping):
        raw = dict(mapping)
    else:
        try:
            raw = tomllib.loads(Path(mapping).read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
            raise CrmkitError("mapping_unreadable", value=str(mapping), why=str(problem)) from None
    columns = raw.get("columns", {})
    if not isinstance(columns, dict):
        raise CrmkitError(
            "mapping_value", column="columns", value=columns, allowed='[columns] customer_id = "…"'
        )
    raw = {k: _as_written(k, v) for k, v in raw.items() if k != "columns"}
    # a dict written by hand may name the columns at the top
    columns = columns | {
        k: raw.pop(k) for k in list(raw) if k in TRANSACTION_COLUMNS and k not in MAPPING_KEYS
    }
    if "currency" in raw and plain_unit(raw["currency"]) not in vocabulary()["currency_of"]:
        columns["currency"] = raw.pop("currency")  # not a currency's name, so a column's
    unknown = [k for k in raw if k not in MAPPING_KEYS]
    unknown += [f"columns.{c}" for c in columns if c not in TRANSACTION_COLUMNS]
    if unknown:
        allowed = TRANSACTION_COLUMNS if unknown[0].startswith("columns.") else MAPPING_KEYS
        raise CrmkitError("mapping_key", value=unknown[0], allowed=", ".join(allowed))
    for key in raw:
        _check_value(key, raw[key])
    for name, header in columns.items():
        if not isinstance(header, (str, int)):
            raise CrmkitError(
                "mapping_value", column=f"columns.{name}", value=header, allowed='"…", 1, 2, 3 …'
            )
    return Mapping(columns={k: str(v) for k, v in columns.items()}, **raw)


def _as_written(key: str, value):
    """A day of TOML's own as text, and a single name where a list is meant."""
    if isinstance(value, date):
        return value.isoformat()
    return [value] if key in LISTS and isinstance(value, str) else value


def _values_by_column(value) -> bool:
    return isinstance(value, dict) and all(isinstance(v, list) for v in value.values())


def _names(value) -> bool:
    return isinstance(value, list) and all(isinstance(v, (str, int, float)) for v in value)


def _name(value) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) != ""


def is_unit(value) -> bool:
    """Whether it is a factor (10000) or the name of one (万元)."""
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float)) or plain_unit(value) in vocabulary()["multiplier_of"]


ALLOWED = {  # key → (what a value must satisfy, what to tell)
    **dict.fromkeys(
        (
            "once_per",
            "last_per",
            "unit_column",
            "discount_rate",
            "paid_rate",
            "currency",
            "put_in_before",
            "other_party",
        ),
        (_name, '"订单号"'),
    ),
    "sheet": (_name, '"2024", 1'),
    "date_format": (
        lambda v: v in ("dmy", "mdy", "ymd", "ydm") or "%" in v,
        'dmy, mdy, ymd, ydm, "%d/%m/%Y"',
    ),
    "decimal": (lambda v: v in (".", ","), '"." , ","'),
    "header_row": (lambda v: isinstance(v, int) and v >= 0, "0, 1, 2, 3 …"),
    "delimiter": (lambda v: len(v) == 1, '",", ";", "|", "\\t"'),
    "encoding": (codecs.lookup, "utf-8, gb18030, big5, utf-16, cp1252"),
    "time_zone": (ZoneInfo, "Asia/Shanghai, Europe/London, UTC …"),
    "keep": (_values_by_column, '[keep] "状态" = ["已完成"]'),
    "drop": (_values_by_column, '[drop] "状态" = ["已取消"]'),
    "set_aside_up_to": (lambda v: isinstance(v, (int, float)) and 0 <= v <= 1, "0.1 … 1"),
    "negative": (_values_by_column, '[negative] "类型" = ["退货"]'),
    "nobody": (_names, '["散客", "guest"]'),
    "add": (_names, '["微信", "支付宝"]'),
    "subtract": (_names, '["优惠金额", "Refunded Amount"]'),
    "as_read": (_names, '["status"]'),
    "negative_parts": (_names, '["退货"]'),
    "drop_parts": (_names, '["报价"]'),
    "negative_below": (_names, '["退货"]'),
    "drop_below": (_names, '["收款"]'),
    "subtract_once": (_names, '["订单优惠"]'),
    "currency_signs": (_names, '["Q"]'),
    "amount_marks": (
        lambda v: isinstance(v, dict) and all(sign in (1, -1) for sign in v.values()),
        '[amount_marks] "退" = -1',
    ),
    "fill_down": (_names, '["客户", "日期"]'),
    "negative_prefixes": (_values_by_column, '[negative_prefixes] "单据编号" = ["TH"]'),
    "part_units": (
        lambda v: isinstance(v, dict) and all(map(is_unit, v.values())),
        '[part_units] "2月.csv" = 0.01',
    ),
    "first_date": (date.fromisoformat, '"2024-01-01"'),
    "last_date": (date.fromisoformat, '"2024-12-31"'),
    "largest_amount": (lambda v: isinstance(v, (int, float)) and not isinstance(v, bool), "100000"),
    "unit": (is_unit, '10000, "k"'),
    "sheets": (lambda v: v == "all" or _names(v), '"all", ["1月", "2月"]'),
    "blocks": (lambda v: v in ("all", "first"), '"all", "first"'),
    "customer_from": (lambda v: v in ("titles", "sheets"), '"titles", "sheets"'),
    "subtotals": (lambda v: v == "drop", '"drop"'),
    "order_heads": (lambda v: v in ("drop", "only"), '"drop", "only"'),
    "running_total": (lambda v: v in ("always", "yearly"), '"always", "yearly"'),
    "larger_of": (_names, '["税额"]'),
    "thousands": (lambda v: v in ("joined", "apart"), '"joined", "apart"'),
    **dict.fromkeys(
        ("unpivot", "drop_duplicates", "swapped_dates", "once_per_day"),
        (lambda v: isinstance(v, bool), "true, false"),
    ),
    "join": (
        lambda v: isinstance(v, list) and all(isinstance(j, dict) and j.keys() == {"file", "on"} for j in v),
        '[[join]] file = "customers.csv", on = "客户编号"',
    ),
}


def _check_value(key: str, value) -> None:
    fits, allowed = ALLOWED[key]
    try:
        good = bool(fits(value))
    except (LookupError, TypeError, ValueError, OSError):
        good = False
    if not good:
        raise CrmkitError("mapping_value", column=key, value=value, allowed=allowed)


@dataclass(frozen=True)
class Header:
    """Where the header stands and what its columns are."""

    row: int  # index of its last row among the rows looked at; -1 when the names came from elsewhere
    names: list[str]
    found: dict[str, int]  # canonical column -> position in the source
    alternatives: dict[str, list[str]]  # other columns that would have fitted
    currency: str | None = None
    multiplier: Decimal = Decimal(1)
    problem: CrmkitError | None = None
    unit_row: str | None = None  # what a row of units below the headings says of the amount

    @property
    def missing(self) -> list[str]:
        lacking = [c for c in ("customer_id", "date") if c not in self.found]
        if "amount" not in self.found and not {"quantity", "unit_price"} <= self.found.keys():
            lacking.append("amount")
        return lacking

    @property
    def score(self) -> tuple:
        return (-len(self.missing), len(self.found))


def recognise(names, mapping: Mapping, row: int = -1) -> Header:
    """Match one row of headers to the canonical columns; the mapping goes first, then the synonyms by their rank."""
    words = vocabulary()
    names = ["" if n is None else str(n).strip() for n in names]
    forms = [header_forms(n) for n in names]
    found, alternatives, problem, unused = {}, {}, None, set()
    if not mapping.columns and words["any"].isdisjoint(key for keys, _ in forms for key in keys):
        return Header(row, names, found, alternatives, multiplier=_factor(mapping))  # a record, most likely
    for canonical, wanted in mapping.columns.items():
        if not wanted:
            unused.add(canonical)  # columns.amount = "" switches a column off
            continue
        hits = [i for i, n in enumerate(names) if n and plain(n) == plain(wanted)]
        hits.sort(key=lambda i: names[i] != wanted.strip())  # the very name before one that is nearly so
        if hits:
            found[canonical] = hits[0]
        else:
            problem = problem or CrmkitError(
                "mapping_column",
                column=canonical,
                value=wanted,
                allowed=", ".join(n for n in names if n) or "—",
            )
    for canonical in TRANSACTION_COLUMNS:
        if canonical in found or canonical in unused:
            continue
        hits = []
        for i, (keys, _) in enumerate(forms):
            ranks = [(j, words[canonical][k]) for j, k in enumerate(keys) if k in words[canonical]]
            if ranks and i not in found.values():
                hits.append((min(rank for _, rank in ranks), ranks[0][0], i))
        if hits:
            found[canonical], *others = (i for *_, i in sorted(hits))
            if others:
                alternatives[canonical] = [names[i] for i in others]
    if "amount" not in found and "quantity" not in found and "amount" not in unused:
        price = found.get("unit_price")
        if price is not None and any(k in words["amount_without_quantity"] for k in forms[price][0]):
            found["amount"] = found.pop("unit_price")
    priced = found.get("amount", found.get("unit_price"))
    unit = forms[priced][1] if priced is not None else None
    currency, multiplier = money_unit(unit)
    if mapping.unit is not None:
        multiplier = _factor(mapping)
    return Header(row, names, found, alternatives, currency, multiplier, problem)


def _factor(mapping: Mapping) -> Decimal:
    """What the mapping says that every amount is multiplied by; 1 where it says nothing."""
    return Decimal(1) if mapping.unit is None else unit_factor(mapping.unit)


def unit_factor(unit: str | float) -> Decimal:
    """What a unit multiplies by, given as a number or by its name: 0.01, 万元."""
    return vocabulary()["multiplier_of"].get(plain_unit(unit)) or Decimal(str(unit))


def money_unit(unit: str | None) -> tuple[str | None, Decimal]:
    """The currency and the factor that a unit names: 元, 万元, k, and both in one as k€ or $m."""
    words = vocabulary()
    currency, factor = words["currency_of"].get(unit), words["multiplier_of"].get(unit, Decimal(1))
    if unit and currency is None and factor == 1:
        for known, code in words["currency_of"].items():
            for rest in (unit.removeprefix(known), unit.removesuffix(known)):
                if rest != unit and rest in words["multiplier_of"]:
                    return code, words["multiplier_of"][rest]
    return currency, factor


def recognise_again(header: Header, mapping: Mapping, titles: list[str]) -> Header:
    """The same headers under another mapping."""
    again = replace(recognise(header.names, mapping, header.row), unit_row=header.unit_row)
    return with_title_unit(_in_its_unit(again), [[line] for line in titles])


def find_header(rows: list, mapping: Mapping) -> Header | None:
    """The row (or two rows, one above the other) that names the most of what is needed; None when there is no text."""
    cells = rows[:DEEPEST_HEADER]
    rows = [[c if isinstance(c, str) else None for c in row] for row in cells]
    if mapping.header_row == 0:
        return recognise(range(1, max(map(len, rows), default=0) + 1), mapping)
    if mapping.header_row is not None:
        i = mapping.header_row - 1
        return recognise(rows[i], mapping, i) if i < len(rows) else None
    texts = [sum(bool(c and c.strip()) for c in row) for row in rows]
    if not any(texts):
        return None
    headers = [recognise(row, mapping, i) for i, row in enumerate(rows) if texts[i]]
    best = _without_loss(headers, cells)
    if best.missing:
        for i in range(len(rows) - 1):  # 客户 | 订单 above 编号 | 日期 | 金额
            header = recognise(_joined(rows[i], rows[i + 1]), mapping, i + 1)
            if header.score > best.score and not header.missing:
                best = header
    if not best.found:  # nothing known: the fullest row of text is what the client will recognise
        i = texts.index(max(texts))
        best = recognise(rows[i], mapping, i)
    best = replace(best, names=_with_periods(best.names, cells[best.row]), unit_row=_unit_below(best, cells))
    best = _in_its_unit(best)
    return with_title_unit(best, rows[: best.row])


def _with_periods(names: list[str], cells) -> list[str]:
    """The headings, those included that are no text but days or years, where there are several: a cross table."""
    said = [str(cell)[:10] if hasattr(cell, "year") else _as_year(cell) for cell in cells]
    if sum(map(bool, said)) < FEWEST_PERIODS:
        return names
    return [name or period for name, period in zip_longest(names, said, fillvalue="")]


def _as_year(cell) -> str:
    is_year = isinstance(cell, (int, float)) and 1950 <= cell <= 2100 and cell == int(cell)
    return str(int(cell)) if is_year else ""


def _unit_below(header: Header, rows: list) -> str | None:
    """The amount's unit where the row below the headings holds nothing but units (元, 个, (USD '000))."""
    row = rows[header.row + 1] if header.row + 1 < len(rows) else []
    cells = [cell for cell in row if cell is not None and str(cell).strip()]
    if not cells or not all(isinstance(cell, str) and _is_unit_text(cell) for cell in cells):
        return None
    place = header.found.get("amount", header.found.get("unit_price"))
    return row[place] if place is not None and place < len(row) else None


def _is_unit_text(cell: str) -> bool:
    unit = _bare_unit(cell)
    return money_unit(unit) != (None, 1) or bool(re.fullmatch(vocabulary()["units"], unit))


def _bare_unit(cell: str) -> str:
    return plain_unit(unicodedata.normalize("NFKC", cell).strip("()[] \t"))


def _in_its_unit(header: Header) -> Header:
    """With the unit of the row below, where the amount's own heading names none."""
    if not header.unit_row or header.currency or header.multiplier != 1:
        return header
    currency, factor = money_unit(_bare_unit(header.unit_row))
    return replace(header, currency=currency, multiplier=factor)


_DATE_LIKE = re.compile(r"\s*[\d]{1,4}[-/.年][\d]{1,2}[-/.月][\d]{1,4}\b.*|\s*[12]\d{7}\s*")
_NUMBER_LIKE = re.compile(r"[\s¥￥$€£-]*\d[\d.,' ]*\s*")


def looks_like_record(row) -> bool:
    """Whether a row holds a date, a number and something else: then it is a record, and no title."""
    dates, numbers, others = 0, 0, 0
    for cell in row:
        if cell is None or cell == "" or cell != cell:
            continue
        text = str(cell).strip("'\" \t")
        if hasattr(cell, "year") or _DATE_LIKE.fullmatch(text):
            dates += 1
        elif isinstance(cell, (int, float)) or _NUMBER_LIKE.fullmatch(text):
            numbers += 1
        elif text:
            others += 1
    return dates >= 1 and numbers >= 1 and dates + numbers + others >= 3


def _without_loss(headers: list[Header], rows: list) -> Header:
    """The header that names most, but no later than the first one below which records stand: they are never titles."""
    best = max(headers, key=lambda header: header.score)
    for header in headers:
        between = rows[header.row + 1 : best.row]
        if not header.missing and any(looks_like_record(row) for row in between):
            return header
    return best


def currencies_named(title: str) -> set[str]:
    """The ISO codes of currencies in a title or in the name of a sheet."""
    return set(_CODE.findall(title)) & set(vocabulary()["currency_of"].values())


_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")


def with_title_unit(header: Header, titles: list) -> Header:
    """A title such as 单位：万元 or (amounts in CAD) holds for amounts whose own header names no unit."""
    if header.currency or header.multiplier != 1:
        return header
    words = vocabulary()
    codes = {code for row in titles for cell in row if cell for code in currencies_named(str(cell))}
    if len(codes) == 1:
        header = replace(header, currency=codes.pop())
    for cell in (str(c) for row in titles for c in row if c):
        for unit in map(
            plain_unit,
            re.findall(r"(?:单位|單位|\bunits?)\s*[:：]?\s*([^\s,，;；)）]+)", cell, re.IGNORECASE),
        ):
            if unit in words["currency_of"] or unit in words["multiplier_of"]:
                factor = words["multiplier_of"].get(unit, header.multiplier)
                return replace(header, currency=words["currency_of"].get(unit), multiplier=factor)
    return header


def _joined(upper, lower) -> list[str]:
    names, group = [], ""
    for above, below in zip_longest(upper[: len(lower)], lower):
        group = (above or "").strip() or group
        names.append(group + (below or ""))
    return names


LABEL_HINT = re.compile(
    "tota|som|sum|all|gesamt|ergebnis|toplam|razem|итого|всего|합계|소계|총계|全部|所有|[合总總総小计計汇累共额額]|"
    "bertrag|vortrag|report|riport|transport|overdracht|przeniesieni|forward|[次前上下]页|頁|繰越",
    re.IGNORECASE,
)  # most labels hold none: no need to look closer


def _label_words(label) -> str:
    return label if isinstance(label, str) and len(label) <= 40 and LABEL_HINT.search(label) else ""


def is_total(label) -> bool:
    """Whether a cell says nothing but 合计, Total or the like."""
    return plain(_label_words(label)) in vocabulary()["total_exact"]


def ends_in_total(label) -> bool:
    """Whether a cell begins or ends with such a word (3月小计, C001 Total, Total: 12 rows)."""
    words = [w for w in re.split(r"[\W_]+", _label_words(label).casefold()) if w]
    latin, han = vocabulary()["total_part"]  # English by the word, Chinese by the characters
    run = "".join(words)
    return bool(words) and (bool({words[0], words[-1]} & latin) or run.startswith(han) or run.endswith(han))


def no_such_column(key: str, name: str, header: Header) -> CrmkitError:
    """The mapping names a column that is not there."""
    allowed = ", ".join(n for n in header.names if n) or "—"
    return CrmkitError("mapping_column", column=key, value=name, allowed=allowed)
