"""The three levels of relationship marketing (F11): what a financial, social or structural programme earns over years.

The bonds are Berry & Parasuraman's (1991, *Marketing Services*). The arithmetic is ordinary: a cohort that shrinks by
its leavers, with the programme and without, discounted year by year. ``level_crosswalk`` (F12) is text in a frame.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName, refusal
from crmkit.core.glossary import term_pair
from crmkit.core.intervals import Estimate, interval_of
from crmkit.core.messages import MESSAGES, listed
from crmkit.core.schema import (
    require_between,
    require_choice,
    require_confidence,
    require_draws,
    require_frame,
    require_kind,
    require_numbers,
    require_rng,
    require_whole,
)

LEVELS = ("financial", "social", "structural")
_INF, _NORMAL = float("inf"), NormalDist()
_CHOICES = {"level": LEVELS, "offered_to": ("everyone", "worthwhile")}
_BOUNDS = {
    "customers": (0.001, 1e10),
    "purchases_per_year": (0.001, 1e6),
    "dispersion": (0.001, 0.8),
    "retention_rate": (0, 1),
    "margin_given_away": (0, 1),
    "held_by_switching_cost": (0, 1),
    "purchase_lift": (-1, 5),  # contacts can more than double purchases; 10 would be meant per cent
    "retention_lift": (-10, 1),
    "imitation_half_life_years": (0, _INF),
}


class _Checked(NearestName):
    def __post_init__(self):
        for name, value in vars(self).items():
            if name in _CHOICES:
                require_choice(value, _CHOICES[name], name=name)
            else:
                require_between(value, *_BOUNDS.get(name, (0, 1e15)), name=name)


@dataclass(frozen=True, kw_only=True)
class CustomerBase(_Checked):
    """The customers to whom a programme is offered, by traits that can be measured (``measure_base``).

    >>> base = CustomerBase(customers=1000, retention_rate=0.6, dispersion=0.5,
    ...                     margin_per_purchase=20, purchases_per_year=6)
    >>> base.yearly_value
    120
    """

    customers: float
    retention_rate: float  # share of a year's customers who buy again in the next year, without a programme
    dispersion: float  # share of the value that the lower 80 % of customers bring; 0.8 = all customers alike
    margin_per_purchase: float  # currency per purchase
    purchases_per_year: float  # of a customer who is still there, on average

    @property
    def yearly_value(self) -> float:
        """The size of a customer: margin a year, on average."""
        return self.purchases_per_year * self.margin_per_purchase


@dataclass(frozen=True, kw_only=True)
class Programme(_Checked):
    """The plan of one level's programme: rates 0 … 1, money in the currency of the base.

    Lifts fade by half every ``imitation_half_life_years``, as rivals copy (0: copied at once; infinity: never). The
    margin given away does not fade: whoever has been promised a reward collects it.
    """

    level: str
    purchase_lift: float = 0.0  # 0.1: members buy 10 % more
    retention_lift: float = 0.0  # 0.1: of those who would leave, 10 % stay
    purchase_lift_sd: float = (
        0.0  # how uncertain the lift is: a pilot's standard error, or the spread of a guess
    )
    retention_lift_sd: float = 0.0
    margin_given_away: float = 0.0  # share of the margin of every purchase of a member
    imitation_half_life_years: float = _INF
    # of those who would still leave, this share stays; rivals cannot copy it away
    held_by_switching_cost: float = 0.0
    setup_cost: float = 0.0
    yearly_cost: float = 0.0
    yearly_cost_per_member: float = 0.0
    offered_to: str = "everyone"  # or "worthwhile": by invitation, to customers who will repay it


@dataclass(frozen=True, kw_only=True)
class ProgrammeEconomics(NearestName):
    """What each level's programme costs and earns, compared with doing nothing for the same customers."""

    yearly: pd.DataFrame  # a row per level and year, year 0 the set-up
    levels: pd.DataFrame  # a row per level
    npv: dict[str, Estimate]  # level → net present value, with its interval under uncertain lifts


def programme_economics(
    programmes: Programme | Iterable[Programme],
    *,
    base: CustomerBase,
    years: int = 5,
    annual_discount_rate: float = 0.1,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> ProgrammeEconomics:
    """Each programme's profit and loss, year by year, against doing nothing for the same customers.

    Without a programme a share ``retention_rate`` of the customers goes on from each year to the next. With it, the
    leavers are fewer (``retention_lift``, fading, and ``held_by_switching_cost``, lasting) and the survivors buy more
    (``purchase_lift``, fading); every purchase of a member is rewarded, also those that would have come anyway. In
    year t the lifts have 2^−((t − ½) / half-life) of their strength. Cash flows at the end of the year. Yearly values
    of customers are lognormal; a programme offered to the ``worthwhile`` invites whoever is expected to repay it.

    Out: ``yearly`` with ``level``, ``year``, ``members``, ``margin_without``, ``margin_with``, ``incremental_margin``,
    ``reward_cost``, ``reward_anyway`` (the part of it for purchases that would have come anyway), ``member_cost``,
    ``running_cost`` (year 0: the set-up), ``cash_flow``, ``cumulative_discounted``; ``levels`` with ``level``,
    ``members`` (at the start), ``net_present_value``, ``value_per_customer`` (of the whole base), ``break_even_year``
    (the first with a cumulative ≥ 0; missing: none), ``peak_year`` (of the highest cumulative; 0: better not begun),
    ``break_even_lift_share`` (share of the planned lifts at which the value is 0; missing: none up to 100 times
    them) and ``value_if_copied`` (lifts gone from the first day). With ``rng`` the lifts are drawn around the plan
    (normal, with their ``_sd``) for the intervals. Errors: CrmkitError for a level twice, numbers out of range.

    >>> base = CustomerBase(customers=100, retention_rate=0.5, dispersion=0.8,
    ...                     margin_per_purchase=10, purchases_per_year=10)
    >>> club = Programme(level="social", purchase_lift=0.5, margin_given_away=0.1, setup_cost=3000)
    >>> programme_economics(club, base=base, years=1, annual_discount_rate=0).yearly["cash_flow"].tolist()
    [-3000.0, 3500.0]
    """
    given = _plans(programmes, "programme_economics")
    require_kind(base, CustomerBase, what="programme_economics")
    if not given or len({plan.level for plan in given}) < len(given):
        raise CrmkitError("programme_levels", value=", ".join(plan.level for plan in given) or "—")
    years = require_whole(years, 1, 100, name="years")
    require_between(annual_discount_rate, 0, 1, name="annual_discount_rate")
    draws = require_draws(draws)
    require_confidence(confidence)
    yearly, levels, npv = [], [], {}
    for plan in given:
        account = _Account(plan, base=base, years=years, annual_discount_rate=annual_discount_rate)
        value = account.value()
        npv[plan.level] = Estimate(value=value)
        if rng is not None:
            require_rng(rng)
            npv[plan.level] = interval_of(account.drawn(rng, draws), value=value, confidence=confidence)
        table = account.yearly()
        yearly.append(table)
        levels.append(account.level(table))
    return ProgrammeEconomics(
        yearly=pd.concat(yearly, ignore_index=True), levels=pd.DataFrame(levels), npv=npv
    )


def _plans(programmes: Programme | Iterable[Programme], what: str) -> list[Programme]:
    """The programmes as a list; refuses what holds no programmes, such as the rows of a table."""
    given = list(programmes) if isinstance(programmes, Iterable) else [programmes]
    for plan in given:
        if not isinstance(plan, Programme):
            words = "not_programmes_but_a_table" if isinstance(programmes, pd.DataFrame) else "not_programmes"
            raise refusal("not_programmes", words, what=what, value=type(plan).__name__)
    return given


class _Account:
    """One programme's account: what it costs and earns with its customers, year by year and discounted."""

    def __init__(self, plan: Programme, *, base: CustomerBase, years: int, annual_discount_rate: float):
        self.plan = plan
        self.base = base
        self.year = np.arange(years + 1)
        self.discount = (1.0 + annual_discount_rate) ** -self.year
        self.invited = _invited(plan, base, self.year, self.discount)

    def flows(self, lifts=None, *, plan: Programme | None = None) -> dict[str, np.ndarray]:
        """The columns of ``yearly``, with other lifts or under another plan for the same members."""
        return _flows(plan or self.plan, self.base, self.year, self.invited, lifts)

    def values(self, lifts=None, *, plan: Programme | None = None) -> np.ndarray:
        """The net present value; of drawn lifts one for each draw."""
        return (self.flows(lifts, plan=plan)["cash_flow"] * self.discount).sum(axis=-1)

    def value(self, *, lift_share: float = 1.0, plan: Programme | None = None) -> float:
        """The net present value at a share of the planned lifts."""
        lifts = (lift_share * self.plan.purchase_lift, lift_share * self.plan.retention_lift)
        return float(self.values(lifts, plan=plan))

    def drawn(self, rng: np.random.Generator, draws: int) -> np.ndarray:
        """Net present values under lifts that might be the true ones."""
        lifts = (self.plan.purchase_lift, self.plan.retention_lift)
        errors = (self.plan.purchase_lift_sd, self.plan.retention_lift_sd)
        return self.values(rng.normal(lifts, errors, (draws, 2)).T[..., None])

    def yearly(self) -> pd.DataFrame:
        flows = self.flows()
        cumulative = (flows["cash_flow"] * self.discount).cumsum()
        return pd.DataFrame(
            {"level": self.plan.level, "year": self.year, **flows, "cumulative_discounted": cumulative}
        )

    def level(self, yearly: pd.DataFrame) -> dict:
        """The programme's row of ``levels``."""
        cumulative = yearly["cumulative_discounted"].to_numpy()
        paid = np.flatnonzero(cumulative[1:] >= 0)
        value = self.value()
        copied_at_once = replace(self.plan, imitation_half_life_years=0.0)
        return {
            "level": self.plan.level,
            "members": self.base.customers * self.invited[0],
            "net_present_value": value,
            "value_per_customer": value / self.base.customers,
            "break_even_year": paid[0] + 1.0 if len(paid) else np.nan,
            "peak_year": int(cumulative.argmax()),
            "break_even_lift_share": _zero_at(lambda share: self.value(lift_share=share)),
            "value_if_copied": self.value(plan=copied_at_once),
        }


def _flows(plan: Programme, base: CustomerBase, t, invited, lifts=None) -> dict:
    """The columns of ``yearly``, year 0 first; ``lifts`` (purchase, retention) in place of the plan's may be draws."""
    purchase, retention = (plan.purchase_lift, plan.retention_lift) if lifts is None else lifts
    with np.errstate(divide="ignore"):
        effect = np.exp2(-np.maximum(t - 0.5, 0.5) / plan.imitation_half_life_years)
    leave = (1 - base.retention_rate) * (1 - retention * effect) * (1 - plan.held_by_switching_cost)
    stay = 1 - np.clip(leave, 0, 1)
    # nobody in year 0; in year 1 everybody, then those of the year before who stay
    nobody = np.zeros_like(stay[..., :1])
    there = np.concatenate([nobody, nobody + 1, np.cumprod(stay[..., 1:-1], axis=-1)], axis=-1)
    members = base.customers * invited[0] * there
    value = base.customers * base.yearly_value * invited[1]  # a year, of those invited
    without = value * (t > 0) * base.retention_rate ** np.maximum(t - 1.0, 0)
    with_ = value * there * np.maximum(0, 1 + purchase * effect)
    gain = with_ - without
    reward = plan.margin_given_away
    served = plan.yearly_cost_per_member * members
    running = np.where(t > 0, plan.yearly_cost, plan.setup_cost)
    return {
        "members": members,
        "margin_without": without,
        "margin_with": with_,
        "incremental_margin": gain,
        "reward_cost": reward * with_,
        "reward_anyway": reward * np.minimum(with_, without),
        "member_cost": served,
        "running_cost": running,
        "cash_flow": gain - reward * with_ - served - running,
    }


def _invited(plan: Programme, base: CustomerBase, t: np.ndarray, discount: np.ndarray) -> tuple[float, float]:
    """The members' share of the customers, and of their value: the two Φ of Black & Scholes' (1973) call option."""
    if plan.offered_to == "everyone":
        return 1.0, 1.0
    flows = _flows(plan, base, t, (1.0, 1.0))
    cost = (flows["member_cost"] * discount).sum()
    gain = ((flows["incremental_margin"] - flows["reward_cost"]) * discount).sum()
    spread = _NORMAL.inv_cdf(0.8) - _NORMAL.inv_cdf(base.dispersion)  # of the logarithm of a customer's value
    if gain <= 0 or cost == 0 or spread < 1e-9:
        return (float(gain > cost),) * 2
    above = (np.log(gain) - np.log(cost)) / spread
    return _NORMAL.cdf(above - spread / 2), _NORMAL.cdf(above + spread / 2)


def _zero_at(value) -> float:
    from scipy.optimize import brentq

    if value(0.0) >= 0:
        return 0.0
    return float(brentq(value, 0, 100)) if value(100.0) > 0 else np.nan


# --- which level? -------------------------------------------------------------------------------------------------

LIMITS = {
    "retention_rate": 0.3,
    "customers": 1000.0,
    "dispersion": 0.4,
    "margin_per_purchase": 30.0,
    "yearly_value": 200.0,
}
# level → what its condition asks of each trait: high (at or above its limit) or not
_ASKED = {
    "structural": {"retention_rate": True, "dispersion": False, "yearly_value": True},
    "social": {
        "retention_rate": True,
        "margin_per_purchase": True,
        "yearly_value": True,
    },  # the first, and one of the other two
    "financial": {
        "retention_rate": True,
        "customers": True,
        "margin_per_purchase": False,
        "yearly_value": False,
    },
}
# what can make the level of the rule lose: the plan without it
_CAUSES: dict[str, dict[str, Any]] = {
    "imitation": {"imitation_half_life_years": _INF},
    "margin_given_away": {"margin_given_away": 0.0},
    "fixed_cost": {"setup_cost": 0.0, "yearly_cost": 0.0},
    "member_cost": {"yearly_cost_per_member": 0.0},
}


@dataclass(frozen=True, kw_only=True)
class LevelAdvice(NearestName):
    """What the economics choose, what the lecture's rule of thumb chooses, and why they differ where they do."""

    best: str  # the level with the highest net present value; "no_level" where none is above 0
    rule: str  # the level whose conditions hold; "no_level" where none do
    conditions: pd.DataFrame  # a row per level and trait that its condition names
    economics: ProgrammeEconomics
    causes: tuple[str, ...]  # what, taken from that level's programme, would make it the best (each alone)
    reason: tuple[str, str]  # the same as a sentence, in Chinese and in English


def recommend_level(
    base: CustomerBase,
    *,
    programmes: Programme | Iterable[Programme],
    limits: Mapping[str, float] | None = None,
    years: int = 5,
    annual_discount_rate: float = 0.1,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> LevelAdvice:
    """The level whose programme is worth most for these customers, beside the one that the lecture's rule names.

    The fit of a level is no score: it is the net present value of its programme (``programme_economics``, arguments and
    errors as there). Beside it stand the conditions, asked in this order: structural – repeat purchase, value in few
    hands, large customers (the kit's own condition: the lecture gives none, and Berry & Parasuraman's, a valuable
    service that cannot easily be had elsewhere, is in no customer data); social – repeat purchase, and a higher margin
    or large customers; financial – repeat purchase, many customers (dispersed), low margin, small customers (both of
    the lecture). No source gives numbers: ``limits`` (rates, and money in the base's currency) say from where on a
    trait counts as high; ``LIMITS`` if not given, an example.

    ``conditions``: ``level``, ``trait``, ``value``, ``limit``, ``wanted`` (≥ or <), ``met``, ``asked_by``
    (whose condition it is).

    >>> base = CustomerBase(customers=5000, retention_rate=0.8, dispersion=0.6,
    ...                     margin_per_purchase=5, purchases_per_year=20)
    >>> points = Programme(level="financial", purchase_lift=0.1, margin_given_away=0.05, setup_cost=200_000)
    >>> advice = recommend_level(base, programmes=[points])
    >>> advice.rule, advice.best, advice.causes
    ('financial', 'no_level', ('fixed_cost',))
    """
    require_kind(base, CustomerBase, what="recommend_level")
    limits = LIMITS if limits is None else limits
    if set(limits) != set(LIMITS):
        raise CrmkitError("level_limits", value=", ".join(limits) or "—", allowed=", ".join(LIMITS))
    for trait, limit in limits.items():
        most = 1 if trait in ("retention_rate", "dispersion") else 1e15
        require_between(limit, 0, most, name=f'limits["{trait}"]')
    programmes = _plans(programmes, "recommend_level")
    economics = programme_economics(
        programmes,
        base=base,
        years=years,
        annual_discount_rate=annual_discount_rate,
        rng=rng,
        draws=draws,
        confidence=confidence,
    )
    worth = economics.levels.set_index("level")["value_per_customer"]
    best = worth.idxmax() if worth.max() > 0 else "no_level"
    conditions = _conditions(base, limits)
    rule = _level_of_the_rule(conditions)
    causes: tuple[str, ...] = ()
    for plan in programmes:
        if plan.level == rule != best:
            terms = {"base": base, "years": years, "annual_discount_rate": annual_discount_rate}
            causes = tuple(
                cause
                for cause, without in _CAUSES.items()
                if _value_per_customer(replace(plan, **without), **terms) > max(0, worth.max())
            )
    if best == rule:
        said = "levels_agree"
    elif rule not in worth:
        said = "levels_rule_silent"
    elif causes:
        said = "levels_differ"
    else:
        said = "levels_differ_throughout"
    reason = MESSAGES.pair(
        said,
        best=term_pair(best),
        rule=term_pair(rule),
        causes=listed(map(term_pair, causes)),
        best_value=worth.get(best, 0.0),
        rule_value=worth.get(rule, 0.0),
    )
    return LevelAdvice(
        best=best, rule=rule, conditions=conditions, economics=economics, causes=causes, reason=reason
    )


def _value_per_customer(plan: Programme, **terms) -> float:
    return programme_economics(plan, **terms).levels["value_per_customer"][0]


def _conditions(base: CustomerBase, limits: Mapping[str, float]) -> pd.DataFrame:
    """A row per level and trait that its condition names."""
    rows = []
    for name, traits in _ASKED.items():
        for trait, high in traits.items():
            value = float(getattr(base, trait))
            rows.append(
                {
                    "level": name,
                    "trait": trait,
                    "value": value,
                    "limit": float(limits[trait]),
                    "wanted": "≥" if high else "<",
                    "met": (value >= limits[trait]) == high,
                    "asked_by": "kit_condition" if name == "structural" else "lecture_condition",
                }
            )
    return pd.DataFrame(rows)


def _level_of_the_rule(conditions: pd.DataFrame) -> str:
    """The first level whose conditions hold: all of them; of the social one the first, and one of the other two."""
    met = conditions.groupby("level")["met"].agg(list)
    for name in _ASKED:
        first, *rest = met[name]
        if first and (any(rest) if name == "social" else all(rest)):
            return name
    return "no_level"


def measure_base(customers: pd.DataFrame, *, margin_rate: float) -> CustomerBase:
    """The traits, and how many customers there are, from a customer summary.

    In: ``purchases``, ``revenue``, ``T``, ``days_since_last`` as ``customer_summary`` gives them; ``margin_rate``
    turns revenue into margin. The retention rate: of those who were customers 365 days before the end, the share that
    bought in these 365 days; of a longer log give the summary of its last two years, or customers long gone count too
    and the rate is too low. The other traits are of the customers who bought in these 365 days: their number,
    purchases a year and margin a purchase over the time observed (at least a year), and what the lower 80 % bring of
    the value. Errors: CrmkitError when nobody was observed for a year, or nobody came back.

    >>> log = pd.DataFrame({"purchases": [1, 8, 2], "revenue": [10.0, 80.0, 20.0], "T": [730.5, 730.5, 100.0],
    ...                     "days_since_last": [730.5, 30.0, 5.0]})
    >>> measure_base(log, margin_rate=0.5).retention_rate, measure_base(log, margin_rate=0.5).margin_per_purchase
    (0.5, 5.0)
    """
    require_frame(customers, what="measure_base")
    require_between(margin_rate, 0, 1, name="margin_rate")
    # whoever has only returns was never a customer
    known = customers[customers["T"].notna()] if "T" in customers else customers
    columns = ("purchases", "revenue", "T", "days_since_last")
    purchases, revenue, days, since = require_numbers(known, columns, what="measure_base")
    older, recent = days >= 365, since < 365
    if not (older & recent).any():
        raise CrmkitError("levels_history_short", value=int(older.sum()))
    years = np.maximum(days[recent] / 365.25, 1.0)
    value = np.append(0.0, np.sort(np.maximum(revenue[recent] / years, 0)).cumsum())
    lower = np.interp(
        0.8 * recent.sum(), np.arange(len(value)), value
    )  # a customer on the boundary counts in part
    return CustomerBase(
        customers=int(recent.sum()),
        retention_rate=float(recent[older].mean()),
        dispersion=float(np.clip(lower / (value[-1] or np.inf), 0.001, 0.8)),
        margin_per_purchase=float(max(0, margin_rate * revenue[recent].sum() / purchases[recent].sum())),
        purchases_per_year=float((purchases[recent] / years).mean()),
    )


def level_crosswalk() -> pd.DataFrame:
    """The three ladders of the sources side by side (F12): text, not a model.

    Out: ``ladder``, ``position`` (1 is lowest), ``rung``, ``level`` (the nearest of financial, social, structural, or
    no_tie, customization_bond), ``differs_zh``, ``differs_en`` (where the two are not the same).

    >>> level_crosswalk()["rung"].tolist()[3:6]
    ['transaction_level', 'service_level', 'relationship_level']
    """
    return pd.read_csv(Path(__file__).with_name("crosswalk.csv"), encoding="utf-8")
