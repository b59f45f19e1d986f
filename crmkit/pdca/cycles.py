"""PDCA (F30): chained cycles of Plan, Do, Check and Act, kept as a record and in one readable file."""

import json
import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from math import isnan
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from crmkit.core import intervals
from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.files import put
from crmkit.core.intervals import Estimate, Numbers
from crmkit.core.schema import (
    as_day,
    numbers_in,
    refuse_rows,
    require_between,
    require_choice,
    require_columns,
    require_confidence,
    require_numbers,
    require_rng,
    require_unique,
)
from crmkit.core.trials import trial_frame

FORMAT, VERSION = "crmkit PDCA", 1
# step → the fields that it fills in
STEPS = {
    "plan": (
        "hypothesis",
        "method",
        "target",
        "starts",
        "ends",
        "confidence",
        "strata",
        "treated",
        "control",
    ),
    "do": ("done", "finished", "cost"),
    "check": ("as_of", "result", "control_result", "uplift"),
    "act": ("decision", "standard"),
}
# what a field holds; those not named hold text
KINDS: dict[str, type] = {
    "baseline": Estimate,
    "target": float,
    "starts": date,
    "ends": date,
    "confidence": float,
    "treated": tuple,
    "control": tuple,
    "finished": date,
    "cost": float,
    "as_of": date,
    "result": Estimate,
    "control_result": Estimate,
    "uplift": Estimate,
}
DECISIONS = ("standardise", "adjust", "abandon")


@dataclass(frozen=True, kw_only=True)
class Cycle(NearestName):
    """One turn. What a step has not filled in yet is None; the steps fill the fields from top to bottom."""

    question: str
    baseline: Estimate  # level of the KPI under the standard in force
    hypothesis: str | None = None  # Plan: fixed before anything is done
    method: str | None = None
    target: float | None = None  # level of the KPI
    starts: date | None = None
    ends: date | None = None  # the last day that counts; there is no check before it
    confidence: float | None = None  # of the intervals in the check
    strata: str | None = None  # the column by which the groups were balanced; "" for none
    treated: tuple | None = None  # customer_id
    control: tuple | None = None  # customer_id of those held out
    done: str | None = None  # Do
    finished: date | None = None
    cost: float | None = None  # currency
    as_of: date | None = None  # Check
    result: Estimate | None = None  # level of the treated group
    control_result: Estimate | None = None
    uplift: Estimate | None = None  # treated less control group: what the action itself brought
    decision: str | None = None  # Act
    standard: str | None = None  # the way of working from now on

    def __post_init__(self):
        steps = list(STEPS)
        open_steps = steps[steps.index(self.next_step) :] if self.next_step else []
        waiting = {name for step in open_steps for name in STEPS[step]}  # nothing may be filled in there
        for field in fields(self):
            value = getattr(self, field.name)
            as_it_should_be = value is None if field.name in waiting else _is_of_kind(field.name, value)
            if not as_it_should_be:
                raise CrmkitError("pdca_field", value=value, where=field.name)
        if self.method is not None:
            require_between(self.ends, self.starts, date.max, name="ends")
            treated, control = _filled(self.treated), _filled(self.control)
            if min(len(treated), len(control)) < 2 or set(treated) & set(control):
                raise CrmkitError("pdca_groups", treated=len(treated), control=len(control))
        require_choice(self.decision, (None, *DECISIONS), name="decision")

    @property
    def next_step(self) -> str | None:
        """``plan``, ``do``, ``check`` or ``act``; None when the cycle is complete."""
        for step, names in STEPS.items():
            if getattr(self, names[0]) is None:
                return step
        return None

    @property
    def attainment(self) -> str | None:
        """``reached`` (the interval of the treated group's level lies above the target), ``not_reached`` (below it) or
        ``undecided`` (the target is in it)."""
        if self.result is None:
            return None
        target = _filled(self.target)
        if _filled(self.result.low) > target:
            return "reached"
        return "not_reached" if _filled(self.result.high) < target else "undecided"

    @property
    def recommendation(self) -> str | None:
        """What the check speaks for; costs and side effects are for you to weigh.

        An uplift above 0 with its whole interval: ``standardise``, but ``adjust`` if the target was not reached. One
        below 0, or one that at its best falls short of the planned gain (target less baseline): ``abandon``. Else
        ``adjust``: the groups were too small to tell.
        """
        if self.uplift is None:
            return None
        if _filled(self.uplift.low) > 0:
            return "adjust" if self.attainment == "not_reached" else "standardise"
        planned_gain = max(0, _filled(self.target) - self.baseline.value)
        return "abandon" if _filled(self.uplift.high) < planned_gain else "adjust"


T = TypeVar("T")


def _filled(value: T | None) -> T:
    """What a step that is over has filled in."""
    assert value is not None
    return value


def _is_of_kind(name: str, value) -> bool:
    """Whether a filled field holds what it should: no NaN, and an interval whose ends are in order."""
    if not isinstance(value, KINDS.get(name, str)):
        return False
    if isinstance(value, Estimate):
        return value.low is not None and value.high is not None and value.low <= value.high
    return not (isinstance(value, float) and isnan(value))


@dataclass(frozen=True, kw_only=True)
class PDCA(NearestName):
    """The record of an improvement in chained cycles (Shewhart 1939, Deming 1986): Plan → Do → Check → Act → Plan …

    A step returns a new record and leaves the old one as it was: a refused step loses nothing, and a notebook cell can
    be run again. Begin with ``PDCA.start``; then ``plan``, ``do``, ``check`` and ``act`` in this order, ``act`` opening
    the next cycle. ``now`` is the open cycle, ``table()`` lists them all, ``save`` and ``PDCA.load`` keep one file.
    The KPI is a number per customer of which more is better (retention, not churn); 0 and 1 make it a proportion.

    The check asks two things. Did the action do it? ``uplift``, with its interval (Welch 1947 for means, Newcombe 1998
    for proportions). Are we where we wanted to be? ``attainment``. A rising market reaches targets without any action,
    and only the control group tells. Groups, period, target and confidence are fixed in the plan, and the check comes
    once, after the period, with all customers of both groups: whoever looks ten times and stops at the first interval
    without 0 finds an effect in 19 % of actions that do nothing, instead of 5 % (tests/pdca/test_pdca.py).

    >>> rng = np.random.default_rng(1)
    >>> book = PDCA.start([0, 1, 0, 0] * 100, kpi="repeat_rate", question="Why do few come back?")
    >>> everybody = pd.DataFrame({"customer_id": [f"c{i}" for i in range(400)]})
    >>> book = book.plan(everybody, hypothesis="They forget us", method="a call in week two", target=0.3,
    ...                  starts="2024-01-01", ends="2024-03-31", rng=rng)
    >>> book = book.do(done="200 calls", cost=900)
    >>> called = everybody["customer_id"].isin(book.now.treated)
    >>> book = book.check(everybody.assign(value=rng.random(400) < 0.25 + 0.2 * called), as_of="2024-03-31")
    >>> round(book.now.uplift.value, 3), book.now.attainment, book.now.recommendation
    (0.225, 'reached', 'standardise')
    """

    kpi: str  # a term of the catalogue, or the firm's own name
    cycles: tuple[Cycle, ...]  # the last one is open

    def __post_init__(self):
        complete = [cycle.next_step is None for cycle in self.cycles]
        if complete != [True] * (len(complete) - 1) + [False] or not isinstance(self.kpi, str):
            raise CrmkitError("pdca_field", value=f"{self.kpi}, {len(complete)}", where="kpi, cycles")

    @classmethod
    def start(cls, values: Numbers, *, kpi: str, question: str, confidence: float = 0.95) -> "PDCA":
        """The first cycle: its question, and the baseline from today's KPI of every customer (``values``)."""
        return cls(
            kpi=kpi, cycles=(Cycle(question=question, baseline=kpi_estimate(values, confidence=confidence)),)
        )

    @property
    def now(self) -> Cycle:
        """The open cycle; after ``act`` that is the next one."""
        return self.cycles[-1]

    def plan(
        self,
        customers: pd.DataFrame,
        *,
        hypothesis: str,
        method: str,
        target: float,
        starts: date | str,
        ends: date | str,
        rng: np.random.Generator,
        control_share: float = 0.5,
        strata: str = "",
        confidence: float = 0.95,
    ) -> "PDCA":
        """Fix hypothesis, method, target (a level of the KPI), period and, drawn at random, the two groups.

        ``customers``: ``customer_id`` and, to draw from each stratum in proportion, the column ``strata``. The same
        generator gives the same groups whatever the order of the rows. A plan may be made anew until Do.
        Errors: CrmkitError out of order, for a customer twice, groups under two, an end before the start.
        """
        due = self.now if self.now.next_step == "do" else self._due("plan")
        require_columns(customers, [strata] if strata else [], what="PDCA.plan")
        require_between(control_share, 0, 1, name="control_share")
        require_between(target, -1e300, 1e300, name="target")
        require_confidence(confidence)
        require_rng(rng)
        drawn = customers[strata].astype(str) if strata else pd.Series("", index=customers.index)
        drawn = drawn.set_axis(_customer_ids(customers, "PDCA.plan")).sort_index()
        drawn = drawn.iloc[rng.permutation(len(drawn))].sort_values(kind="stable").index
        # held out at even steps through the shuffled strata, from a random start: each gives its share to within one
        held = np.diff(np.floor(rng.random() + control_share * np.arange(len(drawn) + 1))) > 0
        return self._now(
            due,
            hypothesis=hypothesis,
            method=method,
            target=float(target),
            starts=_day(starts, "starts"),
            ends=_day(ends, "ends"),
            confidence=float(confidence),
            strata=strata,
            treated=tuple(sorted(drawn[~held])),
            control=tuple(sorted(drawn[held])),
        )

    def do(self, *, done: str, cost: float, finished: date | str | None = None) -> "PDCA":
        """Record what was done, its cost in currency, and the last day of it where that is not the plan's."""
        due = self._due("do")
        require_between(cost, 0, 1e300, name="cost")
        return self._now(due, done=done, cost=float(cost), finished=_day(finished or due.ends, "finished"))

    def check(self, outcomes: pd.DataFrame, *, as_of: date | str) -> "PDCA":
        """Compare the groups once the period is over and the action finished.

        ``outcomes``: ``customer_id`` and ``value``, the customer's KPI in the period, for every customer of both groups
        (0 for one who did nothing: leaving those out would compare buyers only); other customers are passed over.
        Errors: CrmkitError out of order, before the end, for customers missing or twice, values that are no numbers.
        """
        due, day = self._due("check"), _day(as_of, "as_of")
        over = max(_filled(due.ends), _filled(due.finished))
        if day < over:
            raise CrmkitError("pdca_too_early", value=day, ends=over)
        [values] = require_numbers(outcomes, ["value"], what="PDCA.check")
        measured = pd.DataFrame({"customer_id": _customer_ids(outcomes, "PDCA.check"), "value": values})
        drawn = [*_filled(due.treated), *_filled(due.control)]
        missing = pd.Index(drawn).difference(measured["customer_id"])
        if len(missing):
            raise CrmkitError(
                "pdca_outcome_missing", value=missing[0], count=len(missing), column="customer_id"
            )
        trial = trial_frame(measured, treated=due.treated, control=due.control)
        treated = trial.loc[trial["group"] == "treated", "value"].to_numpy()
        control = trial.loc[trial["group"] == "control", "value"].to_numpy()
        confidence = _filled(due.confidence)
        return self._now(
            due,
            as_of=day,
            result=kpi_estimate(treated, confidence=confidence),
            control_result=kpi_estimate(control, confidence=confidence),
            uplift=difference(treated, control, confidence=confidence),
        )

    def act(self, *, decision: str, standard: str, next_question: str) -> "PDCA":
        """Decide (``standardise``, ``adjust``, ``abandon``), say what is the standard from now on, and ask on.

        The next cycle starts from the level under the standard in force, as last measured: the treated group's when the
        change became the standard, the control group's when not. (A result picked because it was good is on average too
        good; the next cycle's control group will say.)
        """
        acted = replace(self._due("act"), decision=decision, standard=standard)
        baseline = _filled(acted.result if decision == "standardise" else acted.control_result)
        following = Cycle(question=next_question, baseline=baseline)
        return replace(self, cycles=(*self.cycles[:-1], acted, following))

    def table(self) -> pd.DataFrame:
        """A row per cycle, the open one last; what has not come yet is missing. Levels in the unit of the KPI.

        Out: ``cycle``, the fields of ``Cycle`` (of the groups ``treated_customers``, ``control_customers``; of an
        estimate its value, and of the uplift ``uplift_low``, ``uplift_high``), ``attainment`` and ``recommendation``.
        """
        rows = []
        for number, cycle in enumerate(self.cycles, start=1):
            row: dict[str, object] = {"cycle": number}
            for field in fields(cycle):
                value = getattr(cycle, field.name)
                if field.name in ("treated", "control"):
                    row[f"{field.name}_customers"] = None if value is None else len(value)
                else:
                    row[field.name] = value.value if isinstance(value, Estimate) else value
            row["uplift_low"] = None if cycle.uplift is None else cycle.uplift.low
            row["uplift_high"] = None if cycle.uplift is None else cycle.uplift.high
            row["attainment"] = cycle.attainment
            row["recommendation"] = cycle.recommendation
            rows.append(row)
        return pd.DataFrame(rows)

    def save(self, path: str | Path) -> Path:
        """Write the record as readable UTF-8 JSON, a line per field; the old file stays until the new one is whole."""
        text = json.dumps(
            {"format": FORMAT, "version": VERSION} | asdict(self),
            ensure_ascii=False,
            indent=2,
            default=date.isoformat,
        )
        text = re.sub(r"\[\n\s+\"[^\]]*?\n\s+\]", lambda ids: re.sub(r"\n\s+", " ", ids[0]), text)
        return put(path, f"{text}\n")

    @classmethod
    def load(cls, path: str | Path) -> "PDCA":
        """Read a saved record, equal to what was saved; the steps not taken yet can go on.

        Errors: CrmkitError for a file that is not there, is damaged (with the line), is something else, is of another
        version (none but 1 exists), or has a field missing, unknown or of the wrong kind (with its place).
        """
        try:
            content = Path(path).read_bytes()
            saved = json.loads(content)
        except OSError as error:
            raise CrmkitError("pdca_no_file", value=str(path)) from error
        except ValueError as error:  # not JSON, or not UTF-8
            line = getattr(error, "lineno", None) or content[: getattr(error, "start", 0)].count(b"\n") + 1
            raise CrmkitError("pdca_damaged", row=line, value=Path(path).name) from error
        form = [saved.get("format"), saved.get("version")] if isinstance(saved, dict) else None
        if form != [FORMAT, VERSION]:
            raise CrmkitError("pdca_foreign", value=Path(path).name, found=form, allowed=[FORMAT, VERSION])
        where = "cycles"
        try:
            cycles = []
            for number, kept in enumerate(saved["cycles"], start=1):
                where = f"cycles[{number}]"
                cycles.append(_read_cycle(kept, where))
            where = "kpi"
            return cls(kpi=saved["kpi"], cycles=tuple(cycles))
        except CrmkitError:
            raise
        except (KeyError, TypeError) as error:
            raise CrmkitError("pdca_field", where=where, value=error) from error

    def _due(self, step: str) -> Cycle:
        if self.now.next_step != step:
            raise CrmkitError("pdca_order", value=step, allowed=self.now.next_step)
        return self.now

    def _now(self, cycle: Cycle, **filled) -> "PDCA":
        return replace(self, cycles=(*self.cycles[:-1], replace(cycle, **filled)))


def kpi_estimate(values: Numbers, *, confidence: float = 0.95) -> Estimate:
    """The mean of the customers' values with its interval: Student's; of nothing but 0 and 1, Wilson's (1927).

    >>> kpi_estimate([4, 5, 6]).value, round(kpi_estimate([0, 1, 1, 1]).low, 3)
    (5.0, 0.301)
    """
    [x] = require_numbers(
        pd.DataFrame({"value": numbers_in(values, name="values").ravel()}), ["value"], what="PDCA"
    )
    require_confidence(confidence)
    if len(x) < 2:
        raise CrmkitError("pdca_groups", treated=len(x), control="–")
    return intervals.mean_of(x, confidence=confidence)


def difference(values: Numbers, others: Numbers, *, confidence: float = 0.95) -> Estimate:
    """The mean of the one group less that of the other, with its interval: treated less control, now less then.

    A number per customer of each group. Welch's (1947) interval; of nothing but 0 and 1, Newcombe's (1998). Errors:
    CrmkitError for one number in place of a column, a missing value, and where all values of both groups are one number
    other than 0 and 1: chance cannot be judged.

    >>> difference([5, 7, 9], [4, 5, 6]).value
    2.0
    """
    one, other = numbers_in(values, name="values"), numbers_in(others, name="others")
    for name, numbers in (("values", one), ("others", other)):
        if not numbers.ndim:
            raise CrmkitError("pdca_one_number", name=name, value=float(numbers))
        refuse_rows(~np.isfinite(numbers), "pdca_missing", name=name)
    yes_or_no = np.isin(one, (0, 1)).all() and np.isin(other, (0, 1)).all()
    if not yes_or_no and np.ptp(one) + np.ptp(other) == 0:
        raise CrmkitError("pdca_no_variation", value=one[0])
    return intervals.difference(one, other, confidence=confidence)


def _customer_ids(frame: pd.DataFrame, what: str) -> pd.Index:
    named = frame.astype({"customer_id": str}) if "customer_id" in frame else frame
    require_unique(named, what=what)
    return pd.Index(named["customer_id"])


def _day(value, name: str) -> date:
    return as_day(value, code="not_a_date", name=name)


def _read_cycle(kept: dict, where: str) -> Cycle:
    """A cycle as the file holds it; ``where`` it stands there, for the error."""
    if not isinstance(kept, dict):
        raise CrmkitError("pdca_field", where=where, value=kept)
    names = [field.name for field in fields(Cycle)]
    for name in [*names, *kept]:
        if name not in kept or name not in names:
            raise CrmkitError("pdca_field", where=f"{where}.{name}", value=kept.get(name, "–"))
    read = {}
    for name in names:
        try:
            read[name] = _read_field(name, kept[name])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CrmkitError("pdca_field", where=f"{where}.{name}", value=error) from error
    return Cycle(**read)


def _read_field(name: str, kept):
    kind = KINDS.get(name, str)
    if kept is None:
        return None
    if kind is Estimate:
        return Estimate(**{end: float(kept[end]) for end in ("value", "low", "high", "confidence")})
    if kind is date:
        return date.fromisoformat(kept)
    return kind(kept)
