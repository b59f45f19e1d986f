"""The game: a firm with a year behind it, a manager with eight quarters, and what the manager's decisions are worth.

``play`` runs a policy, a function from what a manager can see to a decision; ``Campaign``, ``Trial`` and every lever
of ``Decision`` are allowed. Value is profit and customer equity, discounted to the first day of play, so that nobody
wins by selling off the customers (Blattberg & Deighton 1996; Rust, Lemon & Zeithaml 2004).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_between, require_choice
from crmkit.market.simulator.decision import Decision
from crmkit.market.simulator.engine import Market
from crmkit.market.simulator.ledgers import Ledgers
from crmkit.market.simulator.parameters import PARAMETERS
from crmkit.market.simulator.scenario import Scenario, require_scenario

HISTORY, QUARTER, QUARTERS = 12, 3, 8  # months before the play; months a quarter; quarters of a game
LONGEST, CAMPAIGNS = 40, 12  # quarters of a game and campaigns at once, at most: no game takes an hour
RUN_OFF = 36  # months after the play over which today's customers count as equity
ANNUAL_DISCOUNT_RATE = 0.10
_RUN_OFF_DECISION = Decision()  # the same for everybody: what is measured is the customers, not the last plan


@dataclass(frozen=True, kw_only=True)
class Level:
    """How far a game's market differs from the scenario as published, and how much of it a manager sees."""

    spread: float  # standard deviation of the logarithm of the factor on each hidden mean of a segment
    taste_drift: float  # a month, added to the scenario's
    carryover: float  # of last month's contact, at least
    survey_share: float  # times the scenario's


LEVELS = MappingProxyType(
    {
        "easy": Level(spread=0.0, taste_drift=0.0, carryover=0.0, survey_share=3.0),
        "normal": Level(spread=0.2, taste_drift=0.0, carryover=0.2, survey_share=1.0),
        "hard": Level(spread=0.4, taste_drift=0.015, carryover=0.4, survey_share=0.5),
    }
)
# hidden mean → share of the level's spread by which it varies. Need and tolerance share one draw: their order is the
# trade's. Price varies least: a market where a rise simply pays would reward one number and not a relationship.
_VARIED = {
    "purchases_per_month": 0.25,
    "lapse_per_month": 0.5,
    "price_sensitivity": 0.25,
    "contact_gain": 1.0,
    "contact_need": 1.0,
    "contact_tolerance": 1.0,
    "social_need": 1.0,
    "structural_need": 1.0,
    "care_gain": 1.0,
    "referrals_per_year": 0.5,
    "satisfaction": 0.25,
}
_TOGETHER = {"contact_tolerance": "contact_need"}
_SHARES, _MOST = (
    ("satisfaction", "structural_need"),
    0.9,
)  # means of shares: at 1 nobody would differ from anybody
# what a manager of such a firm knows of it: its trade and its costs; no trait of a customer, no strength of an effect
_KNOWN = (
    "name",
    "title_zh",
    "title_en",
    "currency",
    "start",
    "setting",
    "file_months",
    "message_cost",
    "complaint_cost",
    "quality_cost",
    "social_cost",
    "structural_cost",
    "fixed_cost",
    "acquisition_cost",
    "acquisition_cap",
    "promotion_customers",
    "care_scale",
)
_KNOWN_TYPE = ("contacts_per_month", "cost_per_contact", "cost_per_month")


@dataclass(frozen=True, kw_only=True)
class View:
    """What a manager sees at the start of a quarter: the books and the firm's own facts, nothing of the truth."""

    quarter: int  # 1 … quarters: the one to be decided
    quarters: int
    ledgers: Ledgers  # from the first month of the firm to now
    standard: Decision  # how the firm works today: what the last quarter's decision was, without its trial
    facts: Mapping  # trade, costs, groups; ``facts["types"][name]`` contacts and costs of a relationship type


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a policy came to; currency units."""

    decisions: tuple[Decision, ...]  # a quarter each
    profit: pd.Series  # by quarter, 1 … , not discounted
    discounted_profit: float  # to the first day of play
    equity: float  # of the customers at the end, likewise

    @property
    def value(self) -> float:
        """Discounted profit and customer equity."""
        return self.discounted_profit + self.equity


def resized(market: Scenario, *, customers: int) -> Scenario:
    """The same trade with fewer (or more) customers: flows, budgets and fixed cost in proportion.

    >>> from crmkit.market import scenario
    >>> resized(scenario("telecom"), customers=600).acquisition_per_month
    13.0
    """
    require_scenario(market)
    share = customers / market.customers
    flows = ("acquisition_per_month", "acquisition_cap", "promotion_customers", "fixed_cost")
    return replace(
        market,
        customers=customers,
        status_quo=rebudgeted(market.status_quo, share),
        **{flow: getattr(market, flow) * share for flow in flows},
    )


def rebudgeted(decision: Decision, share: float) -> Decision:
    """The decision with its budgets times ``share``; the other levers are a head's and stay."""
    return replace(
        decision,
        acquisition_budget=decision.acquisition_budget * share,
        care={tier: budget * share for tier, budget in decision.care.items()},
    )


def variant(market: Scenario, *, seed: int, level: str = "normal") -> Scenario:
    """The trade as one game has it: hidden means of the segments drawn about the published ones by ``LEVELS[level]``.

    The same scenario, seed and level give the same variant, so a game is told by them. Errors: CrmkitError for a level
    not known and a seed that is no whole number from 0.
    """
    require_scenario(market)
    require_choice(level, tuple(LEVELS), name="level")
    rules = LEVELS[level]
    require_seed(seed)
    rng = np.random.default_rng([seed, 1])
    drawn = {}
    for name, group in market.segments.items():
        luck = dict(zip(_VARIED, rng.standard_normal(len(_VARIED))))
        means = {}
        for trait, share in _VARIED.items():
            published, bounds = getattr(group, trait), PARAMETERS[trait]
            high = max(published, _MOST) if trait in _SHARES else bounds["high"]
            factor = np.exp(share * rules.spread * luck[_TOGETHER.get(trait, trait)])
            means[trait] = float(np.clip(published * factor, bounds["low"], high))
        drawn[name] = replace(group, **means)
    return replace(
        market,
        segments=drawn,
        taste_drift=market.taste_drift + rules.taste_drift,
        carryover=max(market.carryover, rules.carryover),
        survey_share=min(1.0, market.survey_share * rules.survey_share),
    )


def require_seed(seed) -> None:
    """Refuse a seed that is not a whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise CrmkitError("game_seed", value=seed)


def opened(market: Scenario, *, seed: int, level: str = "normal", months: int = HISTORY) -> Market:
    """The market of a game on the first day of play: a variant of the trade after ``months`` of the status quo."""
    own = variant(market, seed=seed, level=level)
    firm = Market(own, np.random.default_rng([seed, 2]))
    firm.step(own.status_quo, months=months)
    return firm


def facts(market: Scenario) -> dict:
    """What the firm's manager knows without any book: the trade, its groups, and what things cost."""
    return {name: getattr(market, name) for name in _KNOWN} | {
        "segments": tuple(market.segments),
        "tiers": dict(market.tiers),
        "channels": tuple(market.channels),
        "types": {
            name: {known: getattr(kind, known) for known in _KNOWN_TYPE}
            for name, kind in market.types.items()
        },
    }


def view(firm: Market, *, standard: Decision, quarters: int = QUARTERS) -> View:
    """What the manager of ``firm`` sees now: copies, so that whoever writes into them changes nothing in the market."""
    return View(
        quarter=(firm.month - HISTORY) // QUARTER + 1,
        quarters=quarters,
        ledgers=copied(firm.ledgers),
        facts=facts(firm.scenario),
        standard=Decision.from_record(standard.record()),
    )


def copied(books: Ledgers) -> Ledgers:
    """The same books in memory of their own; tables that somebody made of the old ones and changed are left behind."""
    return replace(
        books,
        books={name: {x: values.copy() for x, values in book.items()} for name, book in books.books.items()},
    )


def require_playable(decision: Decision) -> None:
    """Refuse what is no decision, and more campaigns than a game allows."""
    if not isinstance(decision, Decision):
        raise CrmkitError("market_decision", value=type(decision).__name__)
    for arm in decision.arms:
        if len(arm.campaigns) > CAMPAIGNS:
            raise CrmkitError("game_campaigns", value=len(arm.campaigns), allowed=CAMPAIGNS)


def require_integer(value, low: int, high: int, *, name: str) -> int:
    """A number of a type that holds whole ones only, within its limits, as Python's own:
    so it can be kept in a file.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise CrmkitError("market_whole", value=value, name=name)
    require_between(value, low, high, name=name)
    return int(value)


def play(
    market: Scenario,
    *,
    policy: Callable[[View], Decision],
    seed: int,
    level: str = "normal",
    quarters: int = QUARTERS,
) -> Outcome:
    """What ``policy`` comes to in the game of this seed and level: it is asked once a quarter.

    What it decides is the standard that its next ``View`` shows, a trial's new way included; to go back, decide so.
    Errors: CrmkitError for a level or seed not known, quarters that are not 1 … 40, a policy that gives no ``Decision``
    or one that this market cannot run; what the policy itself raises comes through.

    >>> from crmkit.market import scenario
    >>> small = resized(scenario("telecom"), customers=100)
    >>> play(small, policy=lambda seen: seen.standard, seed=1, quarters=2).profit.index.tolist()
    [1, 2]
    """
    quarters = require_integer(quarters, 1, LONGEST, name="quarters")
    firm = opened(market, seed=seed, level=level)
    standard = firm.scenario.status_quo
    for _ in range(quarters):
        decision = policy(view(firm, quarters=quarters, standard=standard))
        require_playable(decision)
        firm.step(decision, months=QUARTER)
        standard = replace(decision, trial=None)
    return outcome(firm)


def outcome(firm: Market) -> Outcome:
    """Profit of the quarters played until now, and the equity of the customers there are."""
    profit = firm.ledgers.accounts["profit"].to_numpy()[HISTORY:]
    by_month = [decision for decision, months in firm.decisions for _ in range(months)]
    return Outcome(
        decisions=tuple(by_month[HISTORY::QUARTER]),
        profit=quarterly(firm.ledgers.accounts["profit"]),
        discounted_profit=float(profit @ _discount(len(profit))),
        equity=equity(firm) * (1 + ANNUAL_DISCOUNT_RATE) ** (-len(profit) / 12),
    )


def quarterly(months: pd.Series) -> pd.Series:
    """A monthly figure of the accounts summed by whole quarter of play, 1 …, the history left out; currency.

    >>> quarterly(pd.Series(range(18))).tolist(), quarterly(pd.Series(range(20))).tolist()
    ([39.0, 48.0], [39.0, 48.0])
    """
    played = months.to_numpy(dtype=float)[HISTORY:]
    played = played[: len(played) // QUARTER * QUARTER]  # a quarter that is not over has no sum yet
    return pd.Series(
        played.reshape(-1, QUARTER).sum(axis=1).round(2), index=range(1, len(played) // QUARTER + 1)
    )


def equity(firm: Market) -> float:
    """What the customers of today will bring over 36 months, less what serving them costs, at 10 % a year.

    Every firm is carried on alike: the default decision, nobody new but whom customers recommend, no fixed cost. So
    equity is a property of the customers and not of the last plan: a quarter that squeezes them shows in it, and
    nobody is credited with a plan that was never paid for. Bonds, satisfaction and annoyance of the play go on working;
    three years hold most of it at this rate and these lapses. It may be below 0, where serving costs more than
    customers bring. Customer equity: Blattberg & Deighton 1996; Rust, Lemon & Zeithaml 2004. Currency, as of the firm's
    current month, every month's sum at its middle.
    """
    carried = (
        firm.copy()
    )  # with the truth in hand: the states of the customers, their traits, and the same luck
    carried.scenario = replace(firm.scenario, acquisition_per_month=0.0, fixed_cost=0.0)
    profit = carried.step(_RUN_OFF_DECISION, months=RUN_OFF).accounts["profit"].to_numpy()
    return float(profit @ _discount(RUN_OFF))


def _discount(months: int) -> np.ndarray:
    return (1 + ANNUAL_DISCOUNT_RATE) ** (-(np.arange(months) + 0.5) / 12)
