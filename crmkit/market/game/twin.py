"""The twin of a game that is over: the same customers with the same luck, but for one plan, or one lever of it.

What a trial estimates, the twin shows. All that it needs is the setup and the moves, so a saved game has one too; it is
worked out when it is asked for, by playing the moves again, and no game under way holds any of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.market.simulator.decision import BY_GROUP, Decision, Trial

from . import rules
from .changes import changes, in_code
from .customer_accounts import run_quarter
from .setup import Setup
from .steps import TAKE, State, begin, kpi_values

CONFIDENCE = 0.95  # of every interval in a game
AS_A_HALF_SPLIT = (
    50  # points of an interval that holds the truth and is as wide as a trial on half of the customers gives
)
LUCK = 0.01  # of a game's value: by so much two games that differ by next to nothing may come apart
_NORMAL = 1.96  # half of a 95 % interval, in standard errors


@dataclass(frozen=True, kw_only=True)
class Twin:
    """What every plan of a game did in truth, beside what its player took it for.

    ``table``, a row per quarter: ``quarter``, ``method`` (the levers changed, as ``Decision`` names them),
    ``estimate``, ``estimate_low``, ``estimate_high`` (the player's own of Act, else the uplift of Check; KPI per
    customer and quarter), ``true_effect`` (likewise: every listed customer under the plan, less every one under the
    standard, on the same luck), ``holds_truth``, ``decision``, ``true_worth`` (value of the game as played, less that
    of the game in which this plan was never made; currency, to the first day of play), ``interval_score`` and
    ``half_split_width`` (see ``points``). Customers who are there when the plan is made keep their luck whatever is
    decided; who comes later may be somebody else once one recommendation more or less was made. So a worth within
    ``LUCK`` of the game's value is none.
    """

    table: pd.DataFrame

    @property
    def points(self) -> float:
        """How well the effects were estimated: 100 knows them; 50 is as wide as a trial on half of the customers.

        The interval score (Gneiting & Raftery 2007) is the width and, where the truth lies outside, 40 times by how
        much; points are 100 less 50 times its mean ratio to the width that a split in halves gives, not below 0. Nobody
        gains by an interval that is wider or narrower than the 95 % that it claims. Missing where no customer differs
        from another.
        """
        told = self.table[self.table["half_split_width"] > 0]
        if told.empty:
            return np.nan
        ratio = float((told["interval_score"] / told["half_split_width"]).mean())
        return round(max(0.0, 100 - AS_A_HALF_SPLIT * ratio), 1)


def twin(setup: Setup, moves: Sequence[Mapping]) -> Twin:
    """The twin of a game of which all ``moves`` were made."""
    planned, end = played_again(setup, moves)
    value = rules.outcome(end.firm).value
    acts = [move for move in moves if move["step"] == "act"]
    rows = []
    for number, (state, act) in enumerate(zip(planned, acts)):
        cycle = end.book.cycles[number]
        estimate = act["estimate"] or cycle.uplift.numbers
        usual, levers = _kpi_under(state, state.standard), _levers(state)
        truth, worth = 0.0, 0.0  # of a plan that changes nothing
        if levers:
            truth = float((_kpi_under(state, state.planned) - usual).mean())
            worth = value - _value_without(planned[number:], levers)
        rows.append(
            {
                "quarter": number + 1,
                "method": cycle.method,
                "estimate": estimate[0],
                "estimate_low": estimate[1],
                "estimate_high": estimate[2],
                "true_effect": truth,
                "holds_truth": bool(estimate[1] <= truth <= estimate[2]),
                "decision": cycle.decision,
                "true_worth": worth,
                "interval_score": interval_score(truth, estimate[1], estimate[2]),
                "half_split_width": half_split_width(usual),
            }
        )
    return Twin(table=pd.DataFrame(rows).round({"true_worth": 2}))


def twin_by_lever(setup: Setup, moves: Sequence[Mapping], *, quarter: int) -> pd.DataFrame:
    """Of one quarter's plan, what each lever did alone, and what it was worth to the end; first the plan as a whole.

    Out: ``method``, ``true_effect``, ``true_worth``, as in ``Twin``. A lever alone is the standard with nothing but
    this lever as planned; its worth is what the game as played had more than the one without it. What levers do
    together need not be the sum.
    """
    planned, end = played_again(setup, moves)
    value = rules.outcome(end.firm).value
    state, later = planned[quarter - 1], planned[quarter - 1 :]
    usual = _kpi_under(state, state.standard)
    levers = _levers(state)
    rows = []
    for some in [levers, *([lever] for lever in levers)]:
        alone = replace(state.standard, **{lever: getattr(state.planned, lever) for lever in some})
        rows.append(
            {
                "method": in_code(changes(alone, state.standard)),
                "true_effect": float((_kpi_under(state, alone) - usual).mean()),
                "true_worth": value - _value_without(later, some),
            }
        )
    return pd.DataFrame(rows).round({"true_worth": 2})


def played_again(setup: Setup, moves: Iterable[Mapping]) -> tuple[list[State], State]:
    """Where the game stood when each quarter had been planned, and at its end."""
    state, planned = begin(setup), []
    for move in moves:
        said = {part: value for part, value in move.items() if part not in ("step", "quarter", "books")}
        state = TAKE[move["step"]](state, **said)
        if move["step"] == "plan":
            planned.append(state)
    return planned, state


def interval_score(truth: float, low: float, high: float) -> float:
    """The width and, where the truth lies outside, 40 times by how much: less is better (Gneiting & Raftery 2007).

    >>> interval_score(1.0, 0.0, 2.0), interval_score(3.0, 0.0, 2.0)
    (2.0, 42.0)
    """
    missed_by = max(low - truth, truth - high, 0.0)
    return float(high - low + round(2 / (1 - CONFIDENCE)) * missed_by)


def half_split_width(values) -> float:
    """How wide a 95 % interval is when customers with these values are split in halves.

    >>> round(half_split_width([0.0, 1.0] * 50), 3)
    0.394
    """
    values = np.asarray(values, dtype=float)
    return float(2 * _NORMAL * 2 * values.std(ddof=1) / np.sqrt(len(values)))


def require_estimate(estimate) -> list[float] | None:
    """A player's own estimate as plain numbers, value, low and high; None where there is none."""
    if estimate is None:
        return None
    try:
        value, low, high = (float(number + 0) for number in estimate)  # of text no number is made
    except (TypeError, ValueError) as error:
        raise CrmkitError("game_estimate", value=repr(estimate)[:80]) from error
    if not (isfinite(high - low) and low <= value <= high):
        raise CrmkitError("game_estimate", value=repr(estimate)[:80])
    return [value, low, high]


# ---- the same firm otherwise -----------------------------------------------------------------------------------------


def _levers(state: State) -> list[str]:
    """The levers that the plan moves."""
    return sorted({change.lever for change in changes(state.planned, state.standard)})


def _kpi_under(state: State, decision: Decision) -> np.ndarray:
    """The KPI of every customer of the plan's lists, were all of them under ``decision`` in this quarter."""
    cycle = state.book.now
    customers = pd.Series([*cycle.treated, *cycle.control], name="customer_id")
    quarter = run_quarter(state.firm.copy(), decision)
    return kpi_values(state.setup, state.firm, quarter, customers, standard=decision, decision=decision)


def _value_without(planned: Sequence[State], levers: Iterable[str]) -> float:
    """What the game comes to in which the first of these plans left the levers alone, and later ones as it had them."""
    first, firm = planned[0], planned[0].firm.copy()
    for state in planned:
        decision, standard = (
            _undone(later, first.planned, first.standard, levers) for later in (state.planned, state.standard)
        )
        here = set(
            firm.ledgers.customers["customer_id"]
        )  # somebody who came on their advice may not have come
        held_out = tuple(customer for customer in state.book.now.control if customer in here)
        firm.step(replace(decision, trial=Trial(standard=standard, held_out=held_out)), months=rules.QUARTER)
    return rules.outcome(firm).value


def _undone(later: Decision, plan: Decision, standard: Decision, levers: Iterable[str]) -> Decision:
    """A decision of this or a later quarter with the levers as they were, wherever it has them as the plan put them."""
    back = {}
    for lever in levers:
        now, put, before = (getattr(decision, lever) for decision in (later, plan, standard))
        if lever in BY_GROUP and now and now != put:
            back[lever] = _groups_undone(now, put or {}, before or {})
        elif now == put:
            back[lever] = before
    return replace(later, **back)


def _groups_undone(now: Mapping, put: Mapping, before: Mapping) -> dict:
    """Group by group, for a later decision that moved the lever for others as well."""
    found = dict(now)
    for group in dict.fromkeys([*put, *before]):
        if put.get(group) == before.get(group) or now.get(group) != put.get(group):
            continue
        if group in before:
            found[group] = before[group]
        else:
            del found[group]
    return found
