"""The market itself: one month at a time, all customers at once.

Chance comes from streams numbered by (seed, month, purpose), so a month depends on the state before it and on the
decision and on nothing else: twelve steps of one month are one step of twelve, and two policies meet the same luck.
Traits are kept in 32 bits and reckoned with in 64: a 32-bit exp differs between processors often enough to change a
ledger.

A month has five steps, a file each in ``month``: *arrive* and *begin* (whom it concerns), *approach* (what the firm
does), *answer* (what customers feel, and who leaves), *trade* (what they buy), *settle* (complaints, satisfaction,
costs). A step is a function of what the steps before it found, and changes nothing: ``Market`` writes the books and
the customers' state when all have been taken.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError

from .books import Books
from .customers import NEVER, Customers
from .decision import POLICIES, Decision
from .ledgers import ARMS, ITEMS, SOURCES, Ledgers, ids
from .month.answer import answer
from .month.approach import RELATIONSHIP, approach
from .month.arrive import arrive
from .month.begin import begin, running, with_programmes
from .month.luck import Luck
from .month.sections import Month, Settled
from .month.settle import settle
from .month.trade import trade
from .scenario import Scenario, require_scenario

LONGEST = 1200  # months of one step


@dataclass(frozen=True, eq=False, kw_only=True)
class Carried:
    """What a month leaves to the next, beside the books."""

    customers: Customers
    orders: int = 0  # numbers given to orders until now
    rebate_months: int = 0  # how long there has been a rebate without a break
    hunters: float = 1.0  # share of the bargain hunters whom no offer has used up
    programmes: tuple[str, ...] = (RELATIONSHIP,)  # in the order in which they were first run
    referrers: np.ndarray  # customers' numbers, who each send somebody next month


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A decision, or the standard of a trial, that customers live under, and the month from which they do."""

    arm: Decision
    since: int


class Market:
    """A market under way. ``Market(scenario, rng)`` draws its customers; ``step`` runs the business.

    ``seed`` is the one number taken from ``rng``; ``decisions`` lists what was decided and for how many months, so
    that ``replay`` can make the same market again; ``truth`` is what only the simulator knows.

    >>> from crmkit.market import Decision, Market, scenario
    >>> market = Market(scenario("appliance_club"), np.random.default_rng(7))
    >>> list(market.step(Decision(), months=2).accounts.columns)
    ['month', 'revenue', 'cost_of_goods', 'programme_cost', 'profit']
    """

    def __init__(self, scenario: Scenario, rng: np.random.Generator):
        require_scenario(scenario)
        self.scenario, self.month = scenario, 0
        self.seed = int(rng.integers(2**63))
        self.decisions: list[tuple[Decision, int]] = []
        self._books = Books()
        self._spells: tuple[Spell, ...] = ()
        self._carried = Carried(customers=Customers.nobody(), referrers=np.zeros(0, dtype=np.int64))

    # ---- running the business --------------------------------------------------------------------------------------

    def step(self, decision: Decision, *, months: int = 1) -> Ledgers:
        """Run the business for ``months`` under ``decision``; the ledgers of these months.

        Errors: CrmkitError for months that are not a whole number from 1 to 1200, and for a group, or a customer held
        out of a trial, unknown here.
        """
        whole = isinstance(months, (int, np.integer)) and not isinstance(months, bool)
        if not whole or not 1 <= months <= LONGEST:
            raise CrmkitError("market_months", value=months)
        if not isinstance(decision, Decision):
            raise CrmkitError("market_decision", value=type(decision).__name__)
        self.scenario.require_groups(decision)
        self._require_held_out(decision)
        first = self.month
        for _ in range(months):
            self._begin_spells(decision)
            self._run_month(decision)
            self._note(decision)
        return self.ledgers_between(first, self.month)

    def _begin_spells(self, decision: Decision) -> None:
        """An arm that goes on unchanged keeps the month from which customers live under it."""
        if self.decisions and self.decisions[-1][0] == decision:
            return
        spells = []
        for arm in decision.arms:
            known = [spell.since for spell in self._spells if spell.arm == arm]
            spells.append(Spell(arm=arm, since=known[0] if known else self.month))
        self._spells = tuple(spells)

    def _run_month(self, decision: Decision) -> None:
        scenario, carried, number = self.scenario, self._carried, self.month
        luck = Luck(self.seed, number)
        start, days = self._day(number), self._day(number + 1) - self._day(number)
        calendar_month = (scenario.start.month - 1 + number) % 12 + 1
        campaigns = running(decision.arms, calendar_month)
        programmes = with_programmes(carried.programmes, campaigns)
        arrived = arrive(
            scenario,
            decision,
            known=carried.customers,
            campaigns=campaigns[0],
            referrers=carried.referrers,
            hunters=carried.hunters,
            month=number,
            start=start,
            days=days,
            rng=luck.stream("arrivals"),
        )
        opened = begin(
            scenario,
            decision,
            everybody=arrived.everybody,
            first_newcomer=arrived.first_newcomer,
            campaigns=campaigns,
            programmes=programmes,
            since=tuple(spell.since for spell in self._spells),
            calendar_month=calendar_month,
            month=number,
            start=start,
            days=days,
            luck=luck,
        )
        rebate_months = carried.rebate_months + 1 if opened.lever("financial").any() else 0
        approached = approach(opened)
        answered = answer(opened, approached, rebate_months=rebate_months)
        traded = trade(opened, approached, answered, orders_before=carried.orders)
        month = Month(opened=opened, approached=approached, answered=answered, traded=traded)
        settled = settle(month)

        self._books.write(number, [*approached.entries, *traded.entries, *settled.entries])
        self._carried = Carried(
            customers=_after(month, settled),
            orders=carried.orders + int(traded.made.sum()),
            rebate_months=rebate_months,
            hunters=arrived.hunters,
            programmes=programmes,
            referrers=settled.referrers,
        )
        self.month += 1

    def _note(self, decision: Decision) -> None:
        """One month more of the decision, for ``replay``."""
        if self.decisions and self.decisions[-1][0] == decision:
            self.decisions[-1] = (decision, self.decisions[-1][1] + 1)
        else:
            self.decisions.append((decision, 1))

    def _require_held_out(self, decision: Decision) -> None:
        if not decision.trial:
            return
        known, held_out = len(self._carried.customers), decision.trial.numbers
        wrong = (held_out < 0) | (held_out >= known)
        if wrong.any():
            raise CrmkitError(
                "trial_unknown",
                value=decision.trial.held_out[wrong.argmax()],
                count=int(wrong.sum()),
                allowed=" … ".join(ids(np.array([0, known - 1]), "C")) if known else "—",
            )

    # ---- what it shows ---------------------------------------------------------------------------------------------

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers from the first month to now."""
        return self.ledgers_between(0, self.month)

    def ledgers_between(self, first: int, end: int) -> Ledgers:
        """The ledgers of the months ``first`` … ``end`` − 1, the first of all being 0; customers as they stand now."""
        scenario, customers = self.scenario, self._carried.customers
        unseen = np.full(len(customers), NEVER)
        of_customers = {
            "customer_id": np.arange(len(customers)),
            "joined": customers.joined,
            "source": customers.source,
            "segment": customers.segment,
            "tier": customers.tier,
            "channel": customers.channel,
            "referred_by": customers.referred_by,
            "cost_to_serve": customers.served,
            "left_on": customers.left if scenario.setting == "contractual" else unseen,
        }
        names = {
            "source": SOURCES,
            "segment": tuple(scenario.segments),
            "tier": (*scenario.tiers, "all"),
            "item": ITEMS,
            "channel": tuple(scenario.channels),
            "programme": self._carried.programmes,
            "policy": POLICIES,
            "arm": ARMS,
        }
        months = [self._day(month) for month in range(first, min(end, self.month))]
        return Ledgers(
            books=self._books.between(first, end) | {"customers": of_customers},
            names=names,
            start=np.datetime64(scenario.start),
            months=np.array(months, dtype=int),
        )

    @property
    def truth(self) -> pd.DataFrame:
        """What no ledger holds, a row per customer: ``customer_id``, ``true_alive``, ``true_left`` (the day), traits.

        The traits (``true_purchases_per_month``, ``true_contact_tolerance``, …) are in the units of parameters.toml;
        of the state, ``true_state`` is satisfaction now and ``true_bond`` the structural bond, both 0 … 1.
        """
        customers = self._carried.customers
        gone = customers.left < NEVER
        start = np.datetime64(self.scenario.start)
        days = start + np.where(gone, customers.left, 0).astype("timedelta64[D]")
        hidden = {**customers.traits, **customers.memory}
        return pd.DataFrame(
            {
                "customer_id": ids(np.arange(len(customers)), "C"),
                "true_alive": ~gone,
                "true_left": np.where(gone, days, np.datetime64("NaT")).astype("datetime64[us]"),
                **{f"true_{name}": values for name, values in hidden.items()},
            }
        )

    def copy(self) -> "Market":
        """A second market in the same state and with the same luck ahead: what would have happened otherwise."""
        twin = copy.copy(self)  # of the customers no array is shared for long: see Customers
        twin._books = self._books.copy()
        twin.decisions = list(self.decisions)
        return twin

    def _day(self, month: int) -> int:
        """The first day of a month, counted from the start, which is a first day too."""
        start = np.datetime64(self.scenario.start)
        first_day = (start.astype("datetime64[M]") + month).astype("datetime64[D]")
        return int((first_day - start).astype(int))


def _after(month: Month, settled: Settled) -> Customers:
    """Everybody as the month leaves them. The arrays are this month's own, so they can be written into."""
    opened, answered, traded = month.opened, month.answered, month.traded
    everybody, who = opened.everybody, opened.who
    everybody.tier[who] = opened.tier
    everybody.left[who[answered.left]] = opened.start + answered.until[answered.left].astype(int)
    everybody.served[who] += settled.served
    everybody.last_order[who[traded.made > 0]] = opened.number
    for name, values in settled.memory.items():
        everybody.memory[name][who] = values
    return everybody


def replay(scenario: Scenario, rng: np.random.Generator, decisions: Iterable[tuple[Decision, int]]) -> Market:
    """The market that came of these decisions: with the same scenario and an ``rng`` of the same seed, to the cent."""
    market = Market(scenario, rng)
    for decision, months in decisions:
        market.step(decision, months=months)
    return market
