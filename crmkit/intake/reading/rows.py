"""One pass over a table: columns in use by their distinct values, each parsed once, and which rows are totals lines."""

import copy
import re
import unicodedata
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crmkit.core.errors import CrmkitError

from . import amounts as money
from . import dates as days
from .columns import LABEL_HINT, Header, Mapping, ends_in_total, is_total
from .raw import Coded, Raw
from .table import INVISIBLE, Table, as_strings, bare_text, pick, without_collecting

TEXT_COLUMNS = ("order_id", "product_id", "channel", "customer_name", "phone", "email")
NUMBER_COLUMNS = ("quantity", "unit_price", "unit_cost")
_NO_CUSTOMER = re.compile(
    r"[-—–_/\\.?]*|\\n|#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!)|"
    r"[(<（【\[]?(?:nan|nat|null|none|n/a|na|blank|empty|无|無|空|空白)[)>）】\]]?",
    re.IGNORECASE,
)
_OK, _MISSING, _TOTAL, _PART = 0, 1, 2, 3


class Codes(dict):
    """Numbers distinct values as they come, so that each is parsed once: value → code; then ``parsed``, ``flags``."""

    def __init__(self, parse, flag):
        super().__init__()
        self.parse, self.flag, self.parsed, self.flags = parse, flag, [], bytearray()

    def __missing__(self, value):
        code = self[value] = len(self)
        self.parsed.append(self.parse(value))
        self.flags.append(self.flag(value, self.parsed[-1]))
        return code

    def encode(self, column) -> np.ndarray:
        if isinstance(column, pa.Array):
            column = column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()
            mine = np.array([*map(self.__getitem__, column.dictionary.to_pylist()), 0], dtype=np.int64)
            return mine[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        if not isinstance(column, pd.Series):
            return np.fromiter(map(self.__getitem__, column), dtype=np.int64, count=len(column))
        codes, distinct = pd.factorize(column)
        mine = [*map(self.__getitem__, distinct.tolist())]
        mine.append(self[None] if (codes < 0).any() else 0)
        return np.array(mine, dtype=np.int64)[codes]

    def seen(self, codes) -> list[int]:
        return np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(self))).tolist()


def customer_text(value) -> str | None:
    """A customer's id as text: ``'00123'`` keeps its zeros, 12345.0 is ``'12345'``; None when there is none.

    >>> customer_text(" 00123 "), customer_text(12345.0), customer_text("N/A")
    ('00123', '12345', None)
    """
    if isinstance(value, str):
        text = value if value.isalnum() else bare_text(value)
        if not text.isascii():  # a Mac writes ü as u and two dots
            text = unicodedata.normalize("NFC", text)
        return None if len(text) < 9 and _NO_CUSTOMER.fullmatch(text) else text
    if value is None or value != value:
        return None
    return str(int(value) if isinstance(value, (float, Decimal)) and value % 1 == 0 else value).strip()


def _is_empty(cell) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip(INVISIBLE))


def _looked_at(column, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of these cells of a column: which are empty, and which hold a piece of a word such as 合计 or Total."""
    if isinstance(column, pd.Series) and column.dtype.kind in "iufM":
        return column.iloc[places].isna().to_numpy(), np.zeros(len(places), dtype=bool)
    if isinstance(column, pa.Array):
        texts = column.take(pa.array(places))
        empty = pc.equal(pc.utf8_trim(texts, INVISIBLE), "")
        labels = pc.match_substring_regex(texts, LABEL_HINT.pattern, ignore_case=True)
        empty, labels = pc.fill_null(empty, True), pc.fill_null(labels, False)
        return empty.to_numpy(zero_copy_only=False), labels.to_numpy(zero_copy_only=False)
    cells = pick(column, places)
    labels = [isinstance(cell, str) and bool(LABEL_HINT.search(cell)) for cell in cells]
    return np.array(list(map(_is_empty, cells)), dtype=bool), np.array(labels, dtype=bool)


def _customer_flag(value, text) -> int:
    if text is not None and not (isinstance(value, str) and LABEL_HINT.search(value)):
        return _OK
    return _MISSING if text is None else _TOTAL if is_total(value) else _PART if ends_in_total(value) else _OK


def _flag(value, parsed) -> int:
    return _MISSING if parsed is None else _OK


def _text_array(column) -> pa.Array:
    """A text column cleaned as ids are; Arrow trims it, and only cells that may need more are looked at one by one."""
    strings = as_strings(column)
    if strings is None:
        return pa.array([customer_text(v) for v in pick(column, np.arange(len(column)))], pa.large_string())
    texts = pc.utf8_trim_whitespace(strings.cast(pa.large_string()))
    if isinstance(texts, pa.ChunkedArray):  # of frames put together; replace_with_mask takes arrays alone
        texts = texts.combine_chunks()
    odd = pc.fill_null(
        pc.match_substring_regex(texts, r"^(?:$|[^A-Za-z0-9\p{Han}]|[nN].{0,4}$|[无無空])"), True
    )
    mended = [customer_text(v) for v in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(mended, pa.large_string()))


class Rows:
    """What each column in use holds, row by row, with line numbers, row hashes and marks of totals lines.

    A column is kept as codes of its distinct values; amounts that are plain numbers as cents (their code is -1), and
    a timestamp's clock as seconds. Every other column is kept as it came, in ``raw``, by its place.
    """

    def __init__(self, table: Table, mapping: Mapping):
        self.table, self.header, self.mapping = table, table.header, mapping
        found = table.header.found
        priced = ("amount",) if "amount" in found else ("quantity", "unit_price")
        wanted = dict.fromkeys(["customer_id", "date", "currency", *priced])
        self.parsers = self._parsers(mapping)
        self.position = {c: found[c] for c in wanted if c in found}
        self.distinct = {c: Codes(*self.parsers[c]) for c in self.position}
        taken = {place for column, place in self.position.items() if column not in ("amount",)}
        self.raw = {j: Raw() for j in range(len(table.header.names)) if j not in taken}
        self.fast = table.header.multiplier == 1
        self.split = mapping.date_format in (None, *days.ORDERS) and mapping.time_zone is None
        self.blank_lines, self.inside, self.last_line = 0, 0, table.header.row + 1
        with without_collecting():
            parts = [self._take(chunk) for chunk in table.chunks()]
        if not any(len(part["lines"]) for part in parts):
            raise CrmkitError("empty_file", value=table.name, name=table.name)
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        self.codes = {c: joined.pop(c) for c in self.position}
        self.lines, self.hashes, self.seconds, self.cents = (
            joined[n] for n in ("lines", "hashes", "seconds", "cents")
        )
        self.total, self.surplus, self.pointed = (joined[n] for n in ("total", "surplus", "pointed"))
        # a chunk does not know where the next one begins
        self.ends = np.minimum(joined["ends"], np.append(self.lines[1:] - 1, joined["ends"][-1:]))

    def _parsers(self, mapping: Mapping) -> dict:
        take_apart = money.take_apart
        if mapping.currency_signs:
            take_apart = partial(money.take_apart_signed, signs=tuple(map(str, mapping.currency_signs)))
        if mapping.amount_marks:
            marks = {str(mark).casefold(): sign for mark, sign in mapping.amount_marks.items()}
            take_apart = partial(money.take_apart_marked, marks=marks, take=take_apart)
        reader = days.DateReader(mapping.date_format, mapping.time_zone, self.table.epoch_1904)
        return {
            "customer_id": (customer_text, _customer_flag),
            "currency": (money.currency_code, _flag),
            "date": (reader.read, _flag),
            "amount": (take_apart, _flag),
        } | dict.fromkeys(NUMBER_COLUMNS, (partial(money.take_apart_measured, take=take_apart), _flag))

    def read_as(self, header: Header, mapping: Mapping) -> "Rows":
        """The same rows with other columns in use, or read in another way; nothing is read again from the source."""
        other = copy.copy(self)
        other.header, other.mapping = header, mapping
        other.position, other.distinct, other.codes = {}, {}, {}
        other.parsers = other._parsers(mapping)
        priced = ("amount",) if "amount" in header.found else ("quantity", "unit_price")
        for name in dict.fromkeys(["customer_id", "date", "currency", *priced]):
            if name in header.found:
                other._use(name, header.found[name], self)
        # what was in use and is no longer stays at hand
        given_up = set(self.position.values()) - set(other.position.values()) - set(self.raw)
        other.raw = {**self.raw, **{place: self.column(place) for place in given_up}}
        return other

    def _use(self, name: str, place: int, before: "Rows") -> None:
        """Have a column in use: with its codes of before, its values parsed again, or encoded for the first time."""
        held = next((c for c, j in before.position.items() if j == place), None)
        codes = Codes(*self.parsers[name])
        self.position[name] = place
        # cents are taken as they stand only where nothing multiplies them
        as_before = name != "amount" or (self.header.multiplier == 1) == (before.header.multiplier == 1)
        if held is not None and (held == name and as_before or place not in before.raw):
            for value in before.distinct[held]:
                codes[value]
            self.distinct[name], self.codes[name] = codes, before.codes[held]
            return
        column = before.raw[place].cells
        self.distinct[name] = codes
        if name == "date":
            self.seconds = np.zeros(len(self), dtype=np.int64)
        if name == "amount" and self.header.multiplier == 1:
            plain, self.cents, self.pointed = money.plain_amounts(column)
            found, rest = np.full(len(self), -1, dtype=np.int64), np.flatnonzero(~plain)
            found[rest] = codes.encode(pick(column, rest))
            self.codes[name] = found
        else:
            self.codes[name] = codes.encode(column)

    def numbers_of(self, name: str) -> tuple[Codes, np.ndarray]:
        """A column of quantities, prices or costs, encoded when it is first asked for."""
        if name not in self.codes:
            self._use(name, self.header.found[name], self)
        return self.distinct[name], self.codes[name]

    def floats_of(self, name: str, mark: str) -> np.ndarray:
        """A column of quantities, prices or costs row by row under a decimal mark; NaN where there is no number."""
        place = self.header.found[name]
        if name not in self.codes and place in self.raw:  # nobody has taken its cells apart yet
            column = self.raw[place].cells
            plain, cents, pointed = money.plain_amounts(column)
            floats = cents / 100
            if mark == ",":  # 12.50 is no number where the comma is the decimal mark
                floats[pointed] = np.nan
            rest = np.flatnonzero(~plain)
            codes = Codes(*self.parsers[name])
            places = codes.encode(pick(column, rest))
        else:
            floats, rest = np.zeros(len(self)), slice(None)
            codes, places = self.numbers_of(name)
        numbers = [None if parsed is None else parsed.value(mark) for parsed in codes.parsed]
        known = [np.nan if number is None else float(number) for number in numbers]
        floats[rest] = np.array([*known, np.nan])[places]
        return floats

    def text_of(self, name: str) -> pa.Array:
        """A column of texts (orders, products, channels), cleaned as ids are."""
        return _text_array(self.column(self.header.found[name]).cells)

    def column(self, place: int) -> Raw:
        """Any column as it came, also one that is in use."""
        if place not in self.raw:
            name = next(c for c, j in self.position.items() if j == place)
            self.raw[place] = Coded(list(self.distinct[name]), self.codes[name])
        return self.raw[place]

    def __len__(self) -> int:
        return len(self.lines)

    def _take(self, chunk) -> dict:
        n = len(chunk.lines)
        total, blank, surplus, pointed = (np.zeros(n, dtype=bool) for _ in range(4))
        found = {
            "seconds": np.zeros(n, dtype=np.int64),
            "cents": np.zeros(n, dtype=np.int64),
            "pointed": pointed,
        }
        for name, j in self.position.items():
            column, codes = chunk.columns[j], self.distinct[name]
            if name == "date" and self.split:
                found[name], found["seconds"] = self._dates(column, codes)
            elif name == "amount" and self.fast:
                plain, found["cents"], found["pointed"] = money.plain_amounts(column)
                found[name] = np.full(n, -1, dtype=np.int64)
                rest = np.flatnonzero(~plain)
                found[name][rest] = codes.encode(pick(column, rest))
            else:
                found[name] = codes.encode(column)
        customer, dated = self._flags("customer_id", found, n), self._flags("date", found, n)
        self.inside += chunk.inside
        self.last_line = int(chunk.lines[-1]) if n else self.last_line
        surplus[chunk.surplus] = True
        doubtful = np.flatnonzero((customer != _OK) | (dated != _OK))
        blank[doubtful], labelled = self._blank_and_labelled(chunk, doubtful)
        blank &= ~surplus
        for i, *row in zip(labelled, *(pick(c, labelled) for c in chunk.columns)):
            cells = [c for c in row if not _is_empty(c)]
            date_cell = row[self.position["date"]] if "date" in self.position else None
            # 合计 or Total where the customer or the date is lacking; in a longer label only where the date is
            total[i] = (
                any(map(is_total, cells))
                or dated[i] != _OK
                and (customer[i] == _PART or ends_in_total(date_cell) or ends_in_total(cells[0]))
            )
        self.blank_lines += int(blank.sum())
        ends = np.append(chunk.lines[1:] - 1, chunk.lines[-1:] + 10_000)
        found |= {
            "lines": chunk.lines,
            "hashes": chunk.hashes,
            "total": total,
            "surplus": surplus,
            "ends": ends,
        }
        kept = ~blank if blank.any() else None
        for place, raw in self.raw.items():
            raw.add(chunk.columns[place], kept)
        return found if kept is None else {name: values[kept] for name, values in found.items()}

    @staticmethod
    def _blank_and_labelled(chunk, doubtful: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of these rows: whether they hold nothing, and the places of those that may hold a label of totals."""
        blank, labelled = np.ones(len(doubtful), dtype=bool), np.zeros(len(doubtful), dtype=bool)
        if len(doubtful):
            for column in chunk.columns:
                empty, labels = _looked_at(column, doubtful)
                blank &= empty
                labelled |= labels
        return blank, doubtful[labelled]

    @staticmethod
    def _dates(column, codes):
        if isinstance(column, pd.Series):
            day, seconds = days.split_moments(column)
            return codes.encode(day), seconds
        split = days.split_clock(column)
        if split is None:
            return codes.encode(column), np.zeros(len(column), dtype=np.int64)
        day, seconds, done = split
        found, rest = codes.encode(day), np.flatnonzero(~done)
        found[rest] = codes.encode(pick(column, rest))
        return found, seconds

    def _flags(self, column, found, n) -> np.ndarray:
        if column not in found:
            return np.full(n, _MISSING)
        # a copy: a bytearray that somebody looks into cannot grow
        return np.frombuffer(bytes(self.distinct[column].flags), dtype=np.uint8)[found[column]]
