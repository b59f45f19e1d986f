"""Where a game stands, and the four steps: a step is a function from one standing to the next,
which changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.market.simulator.decision import Decision, Trial
from crmkit.market.simulator.engine import Market
from crmkit.pdca.cycles import PDCA

from . import rules
from .changes import Change, changes, in_code
from .customer_accounts import Quarter, customer_kpi, on_file, run_quarter
from .setup import Setup


@dataclass(frozen=True, eq=False, kw_only=True)
class State:
    """Where a game stands. A step makes a new one, which takes the place of the old one as a whole or not at all."""

    setup: Setup
    firm: Market
    standard: Decision  # how the firm works today
    quarters: tuple[Quarter, ...]  # played; the first is the last of the history
    book: PDCA  # the record of the cycles
    decision: Decision | None = None  # of the plan that is not acted upon yet
    changes: tuple[tuple[Change, ...], ...] = ()  # of every plan, against the standard of its day

    @property
    def today(self) -> pd.Timestamp:
        """The last day that is over."""
        start = pd.Timestamp(self.firm.scenario.start)
        return start + pd.DateOffset(months=self.firm.month) - pd.Timedelta(days=1)

    @property
    def planned(self) -> Decision:
        """The decision of the plan under way; before one is made the standard."""
        return self.decision or self.standard


def begin(setup: Setup) -> State:
    """The firm on the day on which the player takes over, its last quarter gone through for the KPI."""
    firm = setup.opened(months=rules.HISTORY - rules.QUARTER)
    standard = firm.scenario.status_quo
    last = run_quarter(firm, standard)
    everybody = _members(firm)["customer_id"]
    values = kpi_values(setup, firm, last, everybody, standard=standard, decision=standard)
    book = PDCA.start(values, kpi=setup.kpi, question="")
    return State(setup=setup, firm=firm, standard=standard, quarters=(last,), book=book)


def plan(state: State, *, decision: Mapping, hypothesis: str, target: float, control_share: float) -> State:
    """Part the customers on file by lot, within their segments, and fix what is to be done and reached."""
    planned = Decision.from_record(decision)
    rules.require_playable(planned)
    if planned.trial is not None:
        raise CrmkitError("game_trial")
    state.firm.scenario.require_groups(planned)
    told = changes(planned, state.standard)
    starts = state.today + pd.Timedelta(days=1)
    ends = starts + pd.DateOffset(months=rules.QUARTER) - pd.Timedelta(days=1)
    book = state.book.plan(
        _members(state.firm),
        hypothesis=hypothesis,
        method=in_code(told),
        target=target,
        starts=starts,
        ends=ends,
        strata="segment",
        rng=np.random.default_rng([state.setup.seed, 3, len(state.quarters)]),
        control_share=control_share,
    )
    return replace(state, book=book, decision=planned, changes=(*state.changes, told))


def do(state: State) -> State:
    """Run the firm for three months; those held out go on under the standard."""
    firm = state.firm.copy()
    trial = Trial(standard=state.standard, held_out=state.book.now.control)
    quarter = run_quarter(firm, replace(state.planned, trial=trial))
    spent = float(quarter.books.accounts["programme_cost"].sum())
    book = state.book.do(done=state.book.now.method, cost=round(spent, 2))
    return replace(state, firm=firm, quarters=(*state.quarters, quarter), book=book)


def check(state: State) -> State:
    """Compare the treated with those held out, on the books alone."""
    cycle = state.book.now
    customers = pd.Series([*cycle.treated, *cycle.control], name="customer_id")
    values = kpi_values(
        state.setup,
        state.firm,
        state.quarters[-1],
        customers,
        standard=state.standard,
        decision=state.planned,
        held_out=cycle.control,
    )
    outcomes = pd.DataFrame({"customer_id": customers, "value": values})
    return replace(state, book=state.book.check(outcomes, as_of=state.today))


def act(state: State, *, decision: str, next_question: str, estimate: list[float] | None) -> State:
    """Make the plan the standard for all, or leave the standard as it is; either way ask on.

    What the player takes the effect for stays in the move alone: nothing of the game follows from it.
    """
    standard = state.planned if decision == "standardise" else state.standard
    since_takeover = in_code(changes(standard, state.firm.scenario.status_quo))
    book = state.book.act(decision=decision, standard=since_takeover, next_question=next_question)
    return replace(state, book=book, standard=standard, decision=None)


# step -> what it makes of a game's state, in the order of a quarter
TAKE: dict[str, Callable[..., State]] = {"plan": plan, "do": do, "check": check, "act": act}
STEPS = tuple(TAKE)


def _members(firm: Market) -> pd.DataFrame:
    """Customers on file today: whom a decision of this quarter concerns."""
    books = firm.ledgers
    return books.customers[on_file(books, trade=firm.scenario, month=firm.month)]


def kpi_values(
    setup: Setup,
    firm: Market,
    quarter: Quarter,
    customers: pd.Series,
    *,
    standard: Decision,
    decision: Decision,
    held_out: tuple = (),
) -> np.ndarray:
    """The game's KPI of each of the customers over a quarter that ``firm`` was run for."""
    return customer_kpi(
        customers,
        kpi=setup.kpi,
        books=quarter.books,
        served_before=quarter.served_before,
        on_file=quarter.on_file,
        tiers=quarter.tiers,
        trade=firm.scenario,
        standard=standard,
        decision=decision,
        held_out=held_out,
    )
