"""What is known of a month after each of its steps. A step reads the sections before its own and returns its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from crmkit.market.simulator.customers import Customers
from crmkit.market.simulator.decision import TYPES, Campaign, Decision
from crmkit.market.simulator.scenario import RelationshipType, Scenario

from .luck import Luck

# one thing that a decision's arms (or their campaigns) differ in; a single number, or an array with a place a customer
OfAnArm = Callable[..., np.ndarray | float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry:
    """Rows for one of the firm's books, as whole numbers."""

    ledger: str
    columns: Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """The month's dates, and whom it concerns: arrays have a place for everybody on file or in truth still there."""

    scenario: Scenario
    number: int  # of the month, the first of all being 0
    start: int  # first day, counted from the start of the market
    days: int  # in the month
    luck: Luck
    season: float  # times the purchase rate
    arms: tuple[Decision, ...]  # the decision and, in a trial, the standard for those held out
    since: tuple[int, ...]  # month from which customers live under the arm
    campaigns: tuple[Sequence[Campaign], ...]  # of each arm, those that run this month
    programmes: tuple[str, ...]  # names that the book of contacts has or is about to get
    everybody: Customers
    who: np.ndarray  # customers' numbers
    segment: np.ndarray
    tier: np.ndarray
    newcomer: np.ndarray  # joined this month, and is served from the next on
    alive: np.ndarray  # still there as the month began, or joined in it
    on_file: np.ndarray  # the firm takes this customer for one of its own
    held_out: np.ndarray  # of the trial
    traits: Mapping[str, np.ndarray]  # in 64 bits, to reckon with
    memory: Mapping[str, np.ndarray]  # as the last month left it, in 64 bits

    def each(self, of: OfAnArm, parts: Sequence | None = None) -> np.ndarray:
        """What customers meet: those held out ``of`` the second part, all others ``of`` the first.

        ``parts``: one an arm; the arms themselves where none are given. Without a trial there is one, for all; what is
        a single number then stays one.
        """
        first, *second = self.arms if parts is None else parts
        if not second:
            return np.asarray(of(first))
        return np.where(self.held_out, of(second[0]), of(first))

    def by_group(self, values: Mapping, default: float = 0.0) -> np.ndarray:
        """A number a customer: the tier's goes before the segment's, and the segment's before that of all."""
        table = np.full((len(self.scenario.segments), len(self.scenario.tiers)), values.get("all", default))
        for place, name in enumerate(self.scenario.segments):
            table[place] = values.get(name, table[place])
        for place, name in enumerate(self.scenario.tiers):
            table[:, place] = values.get(name, table[:, place])
        return table[self.segment, self.tier]

    def lever(self, name: str, default: float = 0.0) -> np.ndarray:
        """A lever of the decision, a number a customer."""
        return self.each(lambda arm: self.by_group(getattr(arm, name) or {}, default))

    @cached_property
    def type(self) -> Mapping[str, np.ndarray]:
        """The figures of each customer's relationship type."""

        def number(arm: Decision) -> np.ndarray:
            return self.by_group({group: TYPES.index(name) for group, name in arm.relationship.items()})

        kind = self.each(number).astype(int)
        figures = {}
        for field in fields(RelationshipType):
            of_each_type = [getattr(self.scenario.types[name], field.name) for name in TYPES]
            figures[field.name] = np.array(of_each_type)[kind]
        return figures

    def chance(self, purpose: str) -> np.ndarray:
        """A number 0 … 1 a customer, drawn for all that ever were: who else is there changes nobody's luck."""
        return self.luck.stream(purpose).random(len(self.everybody))[self.who]

    def mean_on_file(self, values: np.ndarray) -> float:
        """The mean over customers on file; 0 where nobody is."""
        if not self.on_file.any():
            return 0.0
        return np.average(values, weights=self.on_file)


@dataclass(frozen=True, eq=False, kw_only=True)
class Approached:
    """What the firm did to each customer."""

    contacts: np.ndarray  # number
    contact_cost: np.ndarray  # cents
    messages: np.ndarray  # of campaigns, number
    message_cost: np.ndarray  # cents
    discount: np.ndarray  # off the price, share
    entries: Sequence[Entry]  # for the book of contacts


@dataclass(frozen=True, eq=False, kw_only=True)
class Answered:
    """What moves each customer, and who leaves on which day."""

    pressure: np.ndarray  # contacts that are felt
    excess: np.ndarray  # of them beyond the tolerance, times the tolerance
    rebate: np.ndarray  # share of the price
    social: np.ndarray  # 0 … 1
    structural: np.ndarray  # 0 … 1
    club: np.ndarray  # effect of the members' club on the log of the purchase rate
    care: np.ndarray  # effect of personal care, likewise
    care_cost: np.ndarray  # currency
    listed: np.ndarray  # price before discounts, times the list price
    price: np.ndarray  # price after them
    pull: np.ndarray  # all effects together, change in the log of the purchase rate
    bond: np.ndarray  # structural bond from now on, 0 … 1
    free: np.ndarray  # share of the reasons to leave that nothing holds back
    since: np.ndarray  # day of the month on which being a customer begins
    until: np.ndarray  # and ends, if it does; later than the month where it does not
    stays: np.ndarray  # still there when the month is over
    left: np.ndarray  # left in it
    span: np.ndarray  # days of the month as a customer


@dataclass(frozen=True, eq=False, kw_only=True)
class Traded:
    """What each customer bought."""

    made: np.ndarray  # orders
    amount: np.ndarray  # cents
    margin: np.ndarray  # amount less cost of goods, currency
    entries: Sequence[Entry]  # for the book of transactions


@dataclass(frozen=True, eq=False, kw_only=True)
class Month:
    """A month after its steps, for the books to be closed."""

    opened: Opened
    approached: Approached
    answered: Answered
    traded: Traded


@dataclass(frozen=True, eq=False, kw_only=True)
class Settled:
    """What the month leaves behind."""

    memory: Mapping[str, np.ndarray]  # of each customer, for the next month
    served: np.ndarray  # cost to serve, cents
    referrers: np.ndarray  # customers' numbers, who each send somebody next month
    entries: Sequence[Entry]  # for complaints, surveys and costs
