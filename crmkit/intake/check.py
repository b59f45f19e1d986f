"""The door's report: every row judged, what must be decided asked, and all that is needed to reconcile the totals."""

import json
from collections import abc
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from crmkit.core.catalogue import Pair
from crmkit.core.errors import CrmkitError
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import TRANSACTION_COLUMNS, require_choice
from crmkit.data.frames import Transactions

from .candidates import candidates, weighed
from .causes import commonest
from .decide_gaps import much_set_aside
from .decide_people import kinds_for_customers
from .detectors import DETECTORS, WAITING
from .judge import LEFT_OUT, NAMELESS, REASONS, Judged, judge, to_cents
from .reading.columns import (
    Header,
    Mapping,
    MappingGiven,
    read_mapping,
    recognise_again,
    vocabulary,
)
from .reading.decisions import Decision, Reading, merged, outcome_of, patched
from .reading.files import open_table
from .reading.meanings import cell_text
from .reading.no_header import header_errors
from .reading.own_headings import by_own_headings, column_put_in, further_headings
from .reading.pivot import AMOUNT, DATE
from .reading.rows import NUMBER_COLUMNS, TEXT_COLUMNS, Rows
from .reading.shape import shape_question
from .reading.table import Table
from .suspect import note, suspicions, unused_numbers

FEW_ROWS = 5  # fewer rows set aside are said, whatever their share,
SMALL = 20  # where so few rows are used that a share says little
MOST_DECISIONS = 40  # of one file; more would be a circle


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What the door found: counts to reconcile, errors that refuse the file, the transactions, the rows set aside.

    In a refused file ``rows_used`` counts the rows that nothing known so far speaks against.
    """

    usable: bool
    rows_in: int = 0
    rows_used: int = 0
    rows_set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    zero_amount_rows: int = 0
    negative_amount_rows: int = 0
    duplicate_rows: int = 0
    customers: int = 0
    amount_total: str | None = None
    first_date: str | None = None
    last_date: str | None = None
    encoding: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    errors: tuple[dict, ...] = ()  # code, message_zh, message_en, row, column, value
    # beyond what is promised
    amount_set_aside: str | None = None  # of the rows set aside whose amount can be read
    money_set_aside: dict[str, str] = field(default_factory=dict)  # reason -> that amount
    physical_lines: int | None = None  # counted by a reader that knows nothing of tables
    columns_used: dict[str, str] = field(default_factory=dict)
    columns_unused: tuple[dict, ...] = ()  # column, total: those that hold numbers
    questions: tuple[dict, ...] = ()  # code, column, message_zh, message_en, readings
    decided: tuple[dict, ...] = ()  # code, reading: what was answered, or could be read in one way only
    mapping_patch: dict = field(default_factory=dict)  # what the answers add to a mapping file
    parts: tuple[dict, ...] = ()  # name, rows: of several files or sheets added up
    source: str = ""
    sheet: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    columns: tuple[str, ...] = ()
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    date_format: str | None = None
    decimal: str | None = None
    currency: str | None = None
    as_of: str | None = None
    notes: tuple[dict, ...] = ()  # code, rows, effect, message_zh, message_en
    transactions: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    set_aside: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    nameless: pd.DataFrame | None = field(
        default=None, repr=False, compare=False
    )  # date, amount: sales to nobody known
    problem: CrmkitError | None = field(
        default=None, repr=False, compare=False
    )  # the first error, to be raised

    def to_dict(self) -> dict:
        """Everything but the frames, as JSON takes it."""
        frames = ("transactions", "set_aside", "nameless", "problem")
        return {k: getattr(self, k) for k in self.__dataclass_fields__ if k not in frames}

    def to_json(self) -> str:
        """The same as JSON text, Chinese as it is written."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def examine(
    source: Transactions,
    *,
    mapping: MappingGiven = None,
    as_of: date | str | None = None,
    sheet: str | int | None = None,
    drop_duplicates: bool = False,
    keep: bool = True,
    answers: abc.Mapping[str, str] | None = None,
    today: date | None = None,
) -> CheckReport:
    """The whole check; ``keep`` builds the transactions too. What refuses the file is in the report, not raised.

    ``answers``: the code of a question → the id of the reading that was chosen. ``today``: rows dated later are noted.
    """
    try:
        answers = _answers(answers)
        mapping = read_mapping(mapping)
        limit = _as_date(as_of)
        require_choice(drop_duplicates, (True, False), name="drop_duplicates")
    except CrmkitError as problem:
        return _report([problem], source=_name(source))
    today = today or datetime.now().date()
    how = {"as_of": as_of, "sheet": sheet, "drop_duplicates": drop_duplicates, "today": today}
    try:
        table = open_table(source, mapping, sheet)
    except CrmkitError as problem:
        if problem.code == "ambiguous_sheet" or problem.code == "headers_differ" and mapping.sheets is None:
            return _which_parts(problem, source, mapping, how, keep, answers)
        return _report([problem], source=_name(source))
    return _Examination(source, table, mapping, limit, how, answers).report(keep)


def _answers(given: abc.Mapping[str, str] | None) -> dict[str, str]:
    """What was answered, by the codes of the questions; CrmkitError where no question has such a code."""
    if given is not None and not isinstance(given, abc.Mapping):
        raise CrmkitError("mapping_value", column="answers", value=given, allowed='{"status": "usual"}')
    for code in given or {}:
        codes = [key.removeprefix("question_") for key in MESSAGES if key.startswith("question_")]
        require_choice(code, codes, name="answers")
    return dict(given or {})


def _which_parts(
    problem: CrmkitError, source, mapping: Mapping, how: dict, keep: bool, answers: dict
) -> CheckReport:
    """Several sheets or files that fit, with different columns: added up by their names where most are the same,
    or one sheet chosen.
    """
    names = problem.value.split(", ") if problem.code == "ambiguous_sheet" else []
    every = Reading("all", {"sheets": "all"}, "reading_all_by_name", reopens=True)
    readings = [every] if _adds_up(source, patched(mapping, every.patch), how) else []
    readings += [
        Reading(f"sheet_{place}", {"sheet": name}, "reading_one_sheet", {"sheet": name}, reopens=True)
        for place, name in enumerate(names, 1)
    ]
    if not readings:
        return _report([problem], source=_name(source))
    fields = {"sheets": ", ".join(names), "said": Pair(problem.message_zh, problem.message_en)}
    question = Decision(problem.code, tuple(readings), fields=fields)
    if question.code in answers:
        try:
            reading = question.chosen(answers[question.code])
        except CrmkitError as unknown:
            return _report([unknown], source=_name(source))
        chosen = patched(mapping, reading.patch)
        found = examine(source, mapping=chosen, **how, keep=keep, answers=answers)
        patch = merged(reading.patch, found.mapping_patch)
        return replace(found, mapping_patch=patch)
    known = _with_outcomes(question, source, mapping, how)
    return _report([problem], source=_name(source), questions=(known.described(),))


def _adds_up(source, mapping: Mapping, how: dict) -> bool:
    """Whether all sheets or files of the source can be read as one table."""
    try:
        return bool(open_table(source, mapping, how["sheet"]).header.found)
    except CrmkitError:
        return False


def _with_outcomes(question: Decision, source, mapping: Mapping, how: dict) -> Decision:
    """The question's readings with what each makes of the source, opened anew for each."""
    readings = []
    for reading in question.readings:
        found = examine(source, mapping=patched(mapping, reading.patch), **how, keep=False)
        readings.append(replace(reading, outcome=outcome_of(found)))
    return replace(question, readings=tuple(readings))


@dataclass
class _Examination:
    """One source, and what is settled about it so far."""

    source: Transactions
    table: Table
    mapping: Mapping
    limit: date | None
    how: dict
    answers: dict[str, str]
    patch: dict = field(default_factory=dict)
    decided: list[dict] = field(default_factory=list)
    notes: list[dict] = field(default_factory=list)
    questions: list[Decision] = field(default_factory=list)

    def report(self, keep: bool) -> CheckReport:
        about_file = _about_file(self.table, self.limit)
        try:
            again = self._opened_anew(
                [shape_question(code, self.table) for code in self.table.questions], keep
            )
            again = again or self._with_columns_found(keep)
            if again is not None:
                return again
            rows = self._under_own_headings(Rows(self.table, self.mapping))
            if again := self._opened_anew([column_put_in(rows)], keep):
                return again
            rows = _with_currency_column(rows, self.table)
        except CrmkitError as problem:
            return _report([problem, *header_errors(self.table)], **about_file)
        errors = header_errors(self.table)
        errors += _lost_lines(self.table, rows)
        judged = judge(self.table, rows, self.limit, self.how["drop_duplicates"])
        if not errors:
            try:
                judged = self._decide(judged)
            except CrmkitError as unknown:
                errors.append(unknown)
        errors += judged.errors
        return self._told(judged, errors, about_file, keep)

    def _under_own_headings(self, rows: Rows) -> Rows:
        """The rows, those below a further row of headings in the columns that it names."""
        table = by_own_headings(rows.table, further_headings(rows))
        if table is None:
            return rows
        self.table = table
        return Rows(table, self.mapping)

    def _opened_anew(self, questions: list[Decision | None], keep: bool) -> CheckReport | None:
        """The report of the source opened in another way, where its shape is settled by an answer."""
        for question in questions:
            if question is None or question.code in self.mapping.as_read:
                continue
            code = question.code
            if code in self.answers:
                reading = question.chosen(self.answers.pop(code))
                if "as_read" in reading.patch:
                    self.mapping = patched(self.mapping, reading.patch)
                    self.patch = merged(self.patch, reading.patch)
                    self.decided.append({"code": code, "reading": reading.id, "column": None})
                else:
                    chosen = patched(self.mapping, reading.patch)
                    found = examine(self.source, mapping=chosen, **self.how, keep=keep, answers=self.answers)
                    taken = {"code": code, "reading": reading.id, "column": None}
                    decided = (taken, *found.decided)
                    return replace(
                        found, mapping_patch=merged(reading.patch, found.mapping_patch), decided=decided
                    )
            else:
                self.questions.append(_with_outcomes(question, self.source, self.mapping, self.how))
        return None

    def _with_columns_found(self, keep: bool) -> CheckReport | None:
        """The report where a needed column has no heading that is known: of the columns that were chosen,
        or the question.
        """
        errors = header_errors(self.table)
        if not errors or any(problem.code != "missing_column" for problem in errors):
            return None
        questions = candidates(self.table)
        chosen: dict = {}
        for question in questions:
            if question.code in self.answers:
                chosen = merged(chosen, question.chosen(self.answers[question.code]).patch)
        if chosen:
            found = self._read_as(chosen, keep=keep, answers=self.answers)
            return replace(found, mapping_patch=merged(chosen, found.mapping_patch))
        if not questions:
            return None
        if questions[0].certain:
            return self._with_customers_found(questions[0], keep)
        asked = weighed(questions, lambda patch: self._read_as(patch, keep=False))
        described = tuple(question.described() for question in asked)
        about_file = _about_file(self.table, self.limit) | _about_columns(self.table.header)
        return _report(errors, **about_file, questions=described)

    def _with_customers_found(self, decision: Decision, keep: bool) -> CheckReport:
        """The report of the one column that could be the customers, and a note that it was taken for them."""
        (reading,) = decision.readings
        found = self._read_as(reading.patch, keep=keep, answers=self.answers)
        taken = {"code": decision.code, "reading": reading.id, "column": reading.fields["name"]}
        said = note(decision.code, found.rows_used, column=reading.fields["name"])
        return replace(found, decided=(taken, *found.decided), notes=(said, *found.notes))

    def _read_as(self, patch: dict, **more) -> CheckReport:
        return examine(self.source, mapping=patched(self.mapping, patch), **self.how, **more)

    def _decide(self, judged: Judged) -> Judged:
        """Settle what can be settled, by the file itself or by an answer, and collect what cannot."""
        kinds = kinds_for_customers(judged)
        if kinds is not None:
            judged.errors.append(kinds)
            return judged
        still_open: dict[str, Decision] = {}
        at_first: list[Decision] = []  # what was open before anything was answered
        for _ in range(MOST_DECISIONS):
            decision = self._next(judged, self._put_off(still_open))
            if decision is None:
                break
            if not decision.certain and decision.code not in self.answers:
                still_open[decision.code] = decision
                continue
            if not decision.certain and not at_first:
                at_first = self._open_in(judged)
            judged = self._taken(judged, decision)
        for decision in at_first:
            code = decision.code
            if code in self._put_off(still_open) or any(code == taken["code"] for taken in self.decided):
                continue
            # an answer may hide another question; one that still makes a difference is put all the same
            if code in self.answers:
                judged = self._taken(judged, decision)
            elif self._makes_a_difference(judged, decision):
                still_open[code] = decision
        self.questions += [self._weighed(judged, decision) for decision in still_open.values()]
        return self._much_set_aside(judged)

    def _put_off(self, still_open) -> set[str]:
        """The questions that are open, and those that wait for them: one and the same fact is asked about once."""
        codes = {*still_open, *(question.code for question in self.questions)}
        return codes.union(*(WAITING.get(code, ()) for code in codes))

    def _open_in(self, judged: Judged) -> list[Decision]:
        """Everything that the file leaves open as it is judged."""
        found = [detect(judged) for detect in DETECTORS]
        return [decision for decision in found if decision is not None and not decision.certain]

    def _taken(self, judged: Judged, decision: Decision) -> Judged:
        """The file under the decision's reading that is certain, or that was answered."""
        reading = decision.readings[0] if decision.certain else decision.chosen(self.answers[decision.code])
        before = judged
        judged = self._judged_as(judged, patched(judged.mapping, reading.patch))
        self.decided.append({"code": decision.code, "reading": reading.id, "column": decision.column})
        if decision.certain:
            effect = judged.sum_of(judged.used) - before.sum_of(before.used)
            key = decision.words or decision.code
            self.notes.append(note(key, decision.rows, effect, column=decision.column, **decision.fields))
        else:
            self.patch = merged(self.patch, reading.patch)
        return judged

    def _makes_a_difference(self, judged: Judged, decision: Decision) -> bool:
        outcomes = {reading.outcome for reading in self._weighed(judged, decision).readings}
        return len(outcomes | {judged.outcome()}) > 1

    def _next(self, judged: Judged, passed) -> Decision | None:
        for detect in DETECTORS:
            decision = detect(judged)
            if decision is not None and decision.code not in passed and not self._was_taken(decision):
                return decision
        return None

    def _was_taken(self, decision: Decision) -> bool:
        """Whether the very same was decided before, or its answer was given to another column:
        nothing is decided twice.
        """
        answer, ids = self.answers.get(decision.code), {reading.id for reading in decision.readings}
        if answer not in ids and any(decision.code == taken["code"] for taken in self.decided) and answer:
            return True
        return {
            "code": decision.code,
            "reading": decision.readings[0].id,
            "column": decision.column,
        } in self.decided

    def _judged_as(self, judged: Judged, mapping: Mapping) -> Judged:
        """The same rows judged under another mapping."""
        given = mapping
        if mapping.unpivot:
            given = replace(mapping, columns={**mapping.columns, "date": DATE, "amount": AMOUNT})
        header = recognise_again(judged.header, given, self.table.titles)
        rows = judged.rows.read_as(header, mapping)
        rows = _with_currency_column(rows, self.table)
        return judge(self.table, rows, self.limit, self.how["drop_duplicates"])

    def _weighed(self, judged: Judged, decision: Decision) -> Decision:
        """The decision with what each reading makes of the file."""
        readings = []
        for reading in decision.readings:
            changes_rows = reading.patch.keys() - {"set_aside_up_to", "as_read"}
            read_so = patched(judged.mapping, reading.patch)
            found = self._judged_as(judged, read_so) if changes_rows else judged
            readings.append(replace(reading, outcome=found.outcome()))
        return replace(decision, readings=tuple(readings))

    def _much_set_aside(self, judged: Judged) -> Judged:
        """More than a tenth of the rows or of the money set aside is asked about, with the likely cause.

        Of a handful of rows a share says little: that is said, and not asked.
        """
        decision = much_set_aside(judged)
        if decision is None or decision.code in self._put_off(()):
            return judged
        if decision.rows < FEW_ROWS and 0 < judged.used.sum() < SMALL:
            self.notes.append(note("set_aside", decision.rows, **decision.fields))
        elif decision.code in self.answers:
            reading = decision.chosen(self.answers[decision.code])
            self.decided.append({"code": decision.code, "reading": reading.id, "column": None})
            self.patch = merged(self.patch, reading.patch)
        elif judged.used.any():
            self.questions.append(self._weighed(judged, decision))
        return judged

    def _told(self, judged: Judged, errors: list[CrmkitError], about_file: dict, keep: bool) -> CheckReport:
        for question in self.questions:
            if question.code == "ambiguous_dates":
                errors.append(judged.open_dates)
            else:
                errors.append(question.error())
        if not judged.used.any() and not errors:
            errors.append(_nothing_usable(judged))
        about_file |= {
            **_about_columns(judged.header),
            "questions": tuple(question.described() for question in self.questions),
            "decided": tuple(self.decided),
            "mapping_patch": self.patch,
        }
        notes = [*self.notes, *(suspicions(judged, self.how["today"]) if judged.used.any() else ())]
        transactions = _transactions(judged) if keep and not errors else None
        counts = _counts(judged)
        return _report(
            errors,
            **about_file,
            **counts,
            **_amount_counts(judged),
            notes=tuple(notes),
            transactions=transactions,
        )


def _about_columns(header: Header) -> dict:
    """Which columns were recognised, and which others would have fitted."""
    mapping = {canonical: header.names[place] for canonical, place in header.found.items()}
    return {"mapping": mapping, "alternatives": header.alternatives}


def _with_currency_column(rows: Rows, table: Table) -> Rows:
    """A column that holds nothing but names of currencies is one, whatever it is called."""
    header = rows.header
    if "currency" in header.found or "currency" in rows.mapping.columns:
        return rows
    codes = set(vocabulary()["currency_of"].values()) - {"¥", "$"}
    for place, raw in rows.raw.items():
        if place in header.found.values() or place >= len(header.names) or not header.names[place]:
            continue
        values = raw.values if len(raw.values) <= 40 else ()
        texts = [cell_text(value) for value in values]
        present = [text for text in texts if text]
        if present and all(text.upper() in codes and len(text) == 3 for text in present):
            found = {**header.found, "currency": place}
            return rows.read_as(replace(header, found=found), rows.mapping)
    return rows


def _nothing_usable(judged: Judged) -> CrmkitError:
    name = judged.table.name
    found = commonest(judged, LEFT_OUT)
    cause, example = (
        (MESSAGES.pair(f"cause_{found[3]}"), found[2]) if found else (MESSAGES.pair("cause_unknown"), "—")
    )
    return CrmkitError(
        "no_usable_rows", value=name, name=name, rows=len(judged.rows), cause=cause, example=example
    )


def _lost_lines(table: Table, rows: Rows) -> list[CrmkitError]:
    """The rows against the lines of the file, counted by a reader that knows nothing of tables: none may be missing."""
    if table.counted is None:
        return []
    lines, blank, above = table.counted()
    missing = lines - above - len(rows) - rows.inside
    if missing <= max(blank, rows.blank_lines):  # both readers saw the same blank lines
        return []
    return [CrmkitError("records_lost", value=table.name, name=table.name, lines=lines, rows=len(rows))]


def _about_file(table: Table, limit: date | None) -> dict:
    """What the report says of the file before a row is read."""
    header = table.header
    return {
        "source": table.name,
        "encoding": table.encoding,
        "sheet": table.sheet,
        "delimiter": table.delimiter,
        "columns": tuple(name for name in header.names if name),
        "header_row": header.row + 1 or None,
        "alternatives": header.alternatives,
        "mapping": {column: header.names[place] for column, place in header.found.items()},
        "as_of": str(limit) if limit else None,
        "physical_lines": table.counted()[0] if table.counted is not None else None,
    }


def _counts(judged: Judged) -> dict:
    """What the report says of the rows, their customers and their dates."""
    rows, used = judged.rows, judged.used
    only_currency = next(iter(judged.currencies), None) if len(judged.currencies) < 2 else None
    counts = {
        "rows_in": len(rows),
        "rows_used": int(used.sum()),
        "rows_set_aside": int((~used).sum()),
        "reasons": {name: int((judged.reason == place).sum()) for place, name in enumerate(REASONS)},
        "duplicate_rows": int(judged.copies.sum()),
        "customers": judged.outcome().customers,
        "date_format": judged.date_reading or judged.mapping.date_format,
        "decimal": judged.decimal,
        "set_aside": _set_aside_frame(judged.table, rows, judged.reason),
        "nameless": _nameless_frame(judged),
        "currency": judged.mapping.currency or only_currency,
        "columns_used": {c: judged.header.names[place] for c, place in judged.header.found.items()},
        "columns_unused": unused_numbers(judged),
        "parts": _parts(judged),
    }
    if judged.moments is not None and used.any():
        moments = judged.moments[used]
        counts["first_date"] = str(moments.min())[:10]
        counts["last_date"] = str(moments.max())[:10]
    return counts


def _parts(judged: Judged) -> tuple[dict, ...]:
    lines = judged.rows.lines
    return tuple(
        {"name": name, "rows": int(((lines >= first) & (lines <= last)).sum())}
        for name, first, last in judged.table.parts
    )


def _amount_counts(judged: Judged) -> dict:
    """What the report says of the amounts; nothing where the file has none."""
    if judged.units is None:
        return {}
    used = judged.used
    taken = judged.units[used]
    # a line that repeats its order's total is not free of charge
    free = taken == 0 if judged.repeats is None else (taken == 0) & ~judged.repeats[used]
    by_reason = {name: judged.sum_of(judged.of(name)) for name in REASONS}
    return {
        "zero_amount_rows": int(free.sum()),
        "negative_amount_rows": int((taken < 0).sum()),
        "amount_total": to_cents(judged.sum_of(used)) if len(judged.currencies) <= 1 else None,
        "amount_set_aside": to_cents(sum(by_reason.values(), Decimal(0))),
        "money_set_aside": {
            name: to_cents(total) for name, total in by_reason.items() if judged.of(name).any()
        },
    }


def _report(errors: list[CrmkitError], **known) -> CheckReport:
    described = tuple(
        {
            "code": e.code,
            "message_zh": e.message_zh,
            "message_en": e.message_en,
            "row": e.row,
            "column": e.column,
            "value": None if e.value is None else str(e.value),
        }
        for e in errors
    )
    return CheckReport(usable=not errors, errors=described, problem=errors[0] if errors else None, **known)


def _set_aside_frame(table: Table, rows: Rows, reason: np.ndarray) -> pd.DataFrame:
    places = np.flatnonzero(reason >= 0)
    spans = list(zip(rows.lines[places].tolist(), rows.ends[places].tolist()))
    texts = list(table.original(spans)) if spans else []
    names = pd.Series([REASONS[i] for i in reason[places]], dtype="str")
    lines = rows.lines[places].copy()
    columns = {"line": lines, "reason": names, "original": pd.Series(texts, dtype="str")}
    if len(table.parts) > 1:  # lines are counted anew in each file or sheet
        parts = np.full(len(places), "", dtype=object)
        for name, first, last in table.parts:
            mine = (rows.lines[places] >= first) & (rows.lines[places] <= last)
            parts[mine] = name
            lines[mine] -= first - 1
        columns["part"] = pd.Series(parts, dtype="str")
    return pd.DataFrame(columns)


def _nameless_frame(judged: Judged) -> pd.DataFrame | None:
    """When the sales were that name no customer, or nobody in particular, and what they brought."""
    if judged.moments is None or judged.units is None:
        return None
    rows = np.logical_or.reduce([judged.of(reason) for reason in NAMELESS]) & ~np.isnat(judged.moments)
    amounts = judged.units[rows] / 10**judged.decimals
    return pd.DataFrame({"date": judged.moments[rows], "amount": amounts})


def _transactions(judged: Judged) -> pd.DataFrame:
    rows, used, header = judged.rows, judged.used, judged.header

    def text(values: list, name: str) -> pd.Series:
        return pd.Series(values, dtype="str").take(rows.codes[name][used]).reset_index(drop=True)

    columns = {
        "customer_id": text(judged.customers, "customer_id"),
        "date": judged.moments[used],
        "amount": judged.units[used] / 10**judged.decimals,
    }
    for name in TRANSACTION_COLUMNS:
        if name not in header.found or name in columns:
            continue
        if name in TEXT_COLUMNS:
            columns[name] = pd.Series(rows.text_of(name).filter(pa.array(used)).to_pandas(), dtype="str")
        elif name == "currency":
            columns[name] = text(rows.distinct[name].parsed, name)
        elif name in NUMBER_COLUMNS:
            columns[name] = rows.floats_of(name, judged.decimal or ".")[used]
    return pd.DataFrame(columns)


def _name(source: Transactions) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else type(source).__name__


def _as_date(as_of: date | str | None) -> date | None:
    try:
        return None if as_of is None else date.fromisoformat(str(as_of)[:10])
    except ValueError:
        raise CrmkitError("bad_as_of", value=as_of) from None
