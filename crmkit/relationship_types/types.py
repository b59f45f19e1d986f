"""The five types of relationship (F6), the published 3×3 that chooses between them (F7), and what each earns (F8).

The types are Kotler's: basic, reactive, accountable, proactive, partnership. Some texts call the middle three passive,
responsible and initiative; both schemes are taken, in either language.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.glossary import term_pair
from crmkit.core.intervals import Numbers, ends_of
from crmkit.core.schema import (
    RELATIONSHIP_TYPES,
    as_numbers,
    refuse_rows,
    require_between,
    require_choice,
    require_columns,
    require_confidence,
    require_draws,
    require_frame,
    require_rng,
    require_unique,
    require_whole,
)

TYPES = RELATIONSHIP_TYPES
_OTHER_NAMES = {"passive": "reactive", "responsible": "accountable", "initiative": "proactive"}

_DATA = tomllib.loads((Path(__file__).parent / "types.toml").read_text(encoding="utf-8"))
# (number of customers, unit margin) → types: the published 3×3
MATRIX = {(many, high): tuple(cell) for many, row in _DATA["matrix"].items() for high, cell in row.items()}
THRESHOLDS = MappingProxyType({name: tuple(pair) for name, pair in _DATA["thresholds"].items()})

_RELATIONSHIP, _OF = "关系", "的"  # endings of a type's Chinese name: 主动型的关系


def relationship_type(name: str) -> str:
    """The kit's slug for a type by any of its names: Kotler's, the other scheme's, Chinese.

    >>> relationship_type("Responsible"), relationship_type("主动型")
    ('accountable', 'proactive')
    """
    known = {slug: slug for slug in TYPES} | _OTHER_NAMES | {term_pair(slug)[0]: slug for slug in TYPES}
    asked = str(name).strip().lower().removesuffix(_RELATIONSHIP).removesuffix(_OF)
    require_choice(asked, known, name="relationship_type")
    return known[asked]


def published_type(*, customers: str, margin: str) -> tuple[str, ...]:
    """The type that the published 3×3 gives: ``customers`` many, medium or few; ``margin`` high, medium or low.

    A tuple, since the cell of many customers and low margin names two types and does not say when it is which.

    >>> published_type(customers="few", margin="high"), published_type(customers="many", margin="low")
    (('partnership',), ('basic', 'reactive'))
    """
    require_choice(customers, ("many", "medium", "few"), name="customers")
    require_choice(margin, ("high", "medium", "low"), name="margin")
    return MATRIX[customers, margin]


@dataclass(frozen=True, kw_only=True)
class ContactPlan(NearestName):
    """What one type of relationship does, costs and brings. Its lift rises with contacts and saturates.

    With n contacts a year the share 1 − ½^(n / half_lift_contacts) of both lifts is reached: half of it with
    ``half_lift_contacts``, three quarters with twice as many.
    """

    contacts_per_year: float = 0.0  # with each customer who is still there
    cost_per_contact: float = 0.0  # currency
    programme_cost: float = 0.0  # currency a year for a segment, however many customers it has
    purchase_lift: float = 0.0  # most that contacts can add to purchases, as a share of them
    retention_lift: float = 0.0  # most that contacts can keep of those who would leave in a year, as a share
    half_lift_contacts: float = 1.0  # contacts a year that reach half of both
    purchase_lift_sd: float = 0.0  # standard error of the lift, as a trial with a control group gives it
    retention_lift_sd: float = 0.0

    def __post_init__(self):
        allowed = {"purchase_lift": (-1, 5), "retention_lift": (-1, 1), "half_lift_contacts": (1e-6, 1e6)}
        for name, value in vars(self).items():
            require_between(value, *allowed.get(name, (0, 1e15)), name=name)

    @property
    def lift_reached(self) -> float:
        return 1 - 0.5 ** (self.contacts_per_year / self.half_lift_contacts)


PLANS = {name: ContactPlan(**numbers) for name, numbers in _DATA["plans"].items()}


@dataclass(frozen=True, kw_only=True)
class TypeComparison(NearestName):
    """What each type would earn in each segment, which is best, and what the published table says instead."""

    profits: pd.DataFrame  # a row per segment and type
    best: pd.DataFrame  # a row per segment
    confidence: float  # of the intervals


def compare_relationship_types(
    segments: pd.DataFrame,
    *,
    plans: Mapping[str, ContactPlan] | None = None,
    years: int = 5,
    annual_discount_rate: float = 0.10,
    thresholds: Mapping[str, tuple[float, float]] | None = None,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> TypeComparison:
    """The profit of each relationship type in each segment over ``years``, the best one, and what the 3×3 says.

    In: ``segment`` (or ``customer_id``), ``unit_margin`` (currency a purchase), ``purchases_per_year`` and
    ``retention_rate`` (0 … 1, a year) as they are under basic; if there, ``customers`` (else 1), ``need`` (0 … 1, the
    share of the lifts that these customers can give; else 1), and ``market_customers`` (how many customers the market
    has: what the 3×3 is asked with when a row is one customer of many; else ``customers``). ``plans``: a plan for each
    type, ``PLANS`` if not given; ``thresholds``: where medium and many, or high, begin, ``THRESHOLDS`` if not given.

    Today's customers are followed for ``years``; nobody new comes. The first year counts in full, year t + 1 with
    (r / (1 + d))^t, d the discount rate. A type with n contacts, whose lifts there are u in purchases and k in
    retention, has r = retention + (1 − retention)·k and earns customers · Σ (r / (1 + d))^t · (unit margin · purchases
    · (1 + u) − n · cost per contact) − programme cost · Σ (1 + d)^−t.

    Out: ``profits`` (relationship_type, profit, profit_low, profit_high, gain_over_basic, break_even_margin: the unit
    margin from which on the type earns more than basic, break_even_margin_next: than the type before it, both infinite
    where there is none; best_probability: share of draws in which it is the best; contacts_needed in the first year)
    and ``best`` (published_type, best_type, best_probability, agree, published_profit, profit, given_up: the second
    less the first; reason: a term, what alone, were it otherwise, would make the published type the better one;
    contact_pays or contact_cost_too_high where nothing would alone). With ``rng`` the lifts are drawn from normal
    distributions with the plans' standard errors, the same draw for all segments. All five types need a plan, except
    basic, which is else nothing done and nothing spent; give a type that is out of the question a programme cost that
    says so. Every segment pays for its own programme.
    Errors: CrmkitError for missing columns or plans, a segment twice, values out of range or not finite.

    Source: the comparison of costs and returns is Kotler's argument for choosing a type; the retention formula is Gupta
    & Lehmann's (2005) with a horizon.

    >>> one = pd.DataFrame({"segment": ["supplement"], "customers": [2000], "unit_margin": [40.0],
    ...                     "purchases_per_year": [3.0], "retention_rate": [0.5]})
    >>> compare_relationship_types(one).best[["published_type", "best_type", "agree"]]
      published_type best_type  agree
    0       reactive     basic  False
    """
    require_frame(segments, what="compare_relationship_types")
    thresholds = THRESHOLDS if thresholds is None else thresholds
    require_confidence(confidence)
    account = _account(plans, years, annual_discount_rate)
    by, rows = _rows(segments)
    profit = account.profit(rows)
    low, high, best_probability = np.full((3, *profit.shape), np.nan)
    if rng is not None:
        require_rng(rng)
        low, high, best_probability = account.drawn(rows, rng, require_draws(draws), confidence)
    units, contacts, programme = account.parts(rows)
    costs = contacts + programme
    before = np.maximum(np.arange(len(TYPES)) - 1, 0)  # of basic, basic itself
    columns = {
        "relationship_type": np.tile(TYPES, (len(profit), 1)),
        "profit": profit,
        "profit_low": low,
        "profit_high": high,
        "gain_over_basic": profit - profit[:, :1],
        "break_even_margin": _break_even(costs - costs[:, :1], units - units[:, :1]),
        "break_even_margin_next": _break_even(costs - costs[:, before], units - units[:, before]),
        "best_probability": best_probability,
        "contacts_needed": rows["customers"] * account.contacts_per_year,
    }
    names = segments[by].repeat(len(TYPES)).to_numpy()
    profits = pd.DataFrame({by: names} | {column: table.ravel() for column, table in columns.items()})

    cells = [published_type(customers=many, margin=margin) for many, margin in _levels(rows, thresholds)]
    named = np.array([[name in cell for name in TYPES] for cell in cells])
    published = np.where(named, profit, -np.inf).argmax(axis=1)  # of a cell of two types the better one
    chosen = profit.argmax(axis=1)
    each = np.arange(len(cells))
    published_profit = profit[each, published]
    reasons = []
    for i in each:
        row = {column: values[i] for column, values in rows.items()}
        reasons.append(account.reason(row, published[i], chosen[i], thresholds))
    best = pd.DataFrame(
        {
            by: segments[by].to_numpy(),
            "published_type": ["_or_".join(cell) for cell in cells],
            "best_type": np.take(TYPES, chosen),
            "best_probability": best_probability[each, chosen],
            "agree": published_profit == profit[each, chosen],
            "published_profit": published_profit,
            "profit": profit[each, chosen],
            "given_up": profit[each, chosen] - published_profit,
            "reason": reasons,
        }
    )
    return TypeComparison(profits=profits, best=best, confidence=confidence)


def type_frontier(
    segment: pd.DataFrame,
    *,
    customers: float | Numbers | None = None,
    unit_margin: float | Numbers | None = None,
    plans: Mapping[str, ContactPlan] | None = None,
    years: int = 5,
    annual_discount_rate: float = 0.10,
) -> pd.DataFrame:
    """The best type at each number of customers and unit margin; ``segment`` is one row and gives the rest.

    ``customers`` and ``unit_margin`` (currency a purchase): the numbers to be tried, 121 of each if not given, from 10
    to a million customers and from 1 to 100,000. ``plans``: ``PLANS`` if not given. Errors: CrmkitError for more or
    fewer rows than one, and as for ``compare_relationship_types``.

    Out: customers, unit_margin, relationship_type, gain_over_basic. The programme's cost is carried by all customers
    together, so the frontier leans: the more there are, the lower the margin from which on a closer type pays.

    >>> alike = pd.DataFrame({"purchases_per_year": [4.0], "retention_rate": [0.6]})
    >>> type_frontier(alike, customers=[10, 10_000], unit_margin=[200.0])["relationship_type"].tolist()
    ['basic', 'proactive']
    """
    require_frame(segment, what="type_frontier")
    if len(segment) != 1:
        raise CrmkitError("one_segment", value=len(segment))
    customers = np.geomspace(10, 1e6, 121) if customers is None else np.asarray(customers)
    unit_margin = np.geomspace(1, 1e5, 121) if unit_margin is None else np.asarray(unit_margin)
    many, margin = (grid.ravel() for grid in np.meshgrid(customers, unit_margin))
    alike = pd.concat([segment] * len(many)).assign(
        segment=range(len(many)), customers=many, unit_margin=margin
    )
    _, rows = _rows(alike)
    profit = _account(plans, years, annual_discount_rate).profit(rows)
    return pd.DataFrame(
        {
            "customers": many,
            "unit_margin": margin,
            "gain_over_basic": profit.max(axis=1) - profit[:, 0],
            "relationship_type": np.take(TYPES, profit.argmax(axis=1)),
        }
    )


@dataclass(frozen=True, kw_only=True)
class _Account:
    """Costs and returns of all plans, for rows whose values broadcast against the plans: a number per type."""

    contacts_per_year: np.ndarray
    cost_per_contact: np.ndarray
    programme_cost: np.ndarray
    purchase_lift: np.ndarray
    retention_lift: np.ndarray
    purchase_lift_sd: np.ndarray
    retention_lift_sd: np.ndarray
    lift_reached: np.ndarray
    years: int
    annual_discount_rate: float

    def lived(self, stay):
        """Years that a customer is there in the horizon, discounted: Σ (stay / (1 + rate))^t from t = 0."""
        total = np.ones_like(stay)
        for _ in range(self.years - 1):
            total = 1 + stay / (1 + self.annual_discount_rate) * total
        return total

    def parts(self, rows, lifts=None):
        """Purchases, contact cost and programme cost, each discounted; ``lifts``: other ones than the plans'."""
        purchase_lift, retention_lift = lifts or (self.purchase_lift, self.retention_lift)
        answer = rows["need"] * self.lift_reached
        stay = rows["retention_rate"] + (1 - rows["retention_rate"]) * answer * retention_lift
        there = rows["customers"] * self.lived(np.clip(stay, 0, 1))
        units = there * rows["purchases_per_year"] * np.maximum(0, 1 + answer * purchase_lift)
        programme = self.programme_cost * self.lived(np.ones(len(TYPES)))
        return units, there * self.contacts_per_year * self.cost_per_contact, programme

    def profit(self, rows, lifts=None, *, programmes: float = 1.0):
        units, contacts, programme = self.parts(rows, lifts)
        return rows["unit_margin"] * units - contacts - programmes * programme

    def drawn(self, rows, rng, draws: int, confidence: float):
        """Both ends of each profit's interval and how often each type is the best; a row at a time to spare memory."""
        lifts = (
            rng.normal(self.purchase_lift, self.purchase_lift_sd, (draws, len(TYPES))),
            rng.normal(self.retention_lift, self.retention_lift_sd, (draws, len(TYPES))),
        )
        found = []
        for i in range(len(rows["need"])):
            profit = self.profit({column: values[i] for column, values in rows.items()}, lifts)
            wins = np.bincount(profit.argmax(axis=1), minlength=len(TYPES)) / draws
            found.append([*ends_of(profit, confidence=confidence), wins])
        return np.array(found).transpose(1, 0, 2)

    def reason(self, row, published: int, best: int, thresholds) -> str:
        """Why ``best`` and not ``published``: the first change that alone would make ``published`` the better one."""

        def turns(programmes=1.0, **change):
            profit = self.profit({**row, **change}, programmes=programmes)
            return bool((profit[..., published] >= profit[..., best]).any())

        if turns():
            return ""
        if best > published:
            if turns(purchases_per_year=np.minimum(1, row["purchases_per_year"])):
                return "frequent_purchases"
            few = np.minimum(thresholds["customers"][0], row["customers"])
            return "programme_cost_shared" if turns(customers=few) else "contact_pays"
        if turns(programmes=0):
            return "programme_cost_not_carried"
        if turns(need=1.0):
            return "too_little_need"
        if turns(purchases_per_year=np.maximum(1, row["purchases_per_year"])):
            return "rare_purchases"
        less_loyal = np.linspace(0, 1, 41)[:, None] * row["retention_rate"]
        return "loyalty_leaves_no_room" if turns(retention_rate=less_loyal) else "contact_cost_too_high"


def _account(plans: Mapping[str, ContactPlan] | None, years: int, annual_discount_rate: float) -> _Account:
    """The account of the plans (``PLANS`` if None); refuses a type without one, except basic: nothing done."""
    given = {"basic": ContactPlan()}
    for name, plan in (PLANS if plans is None else plans).items():
        given[relationship_type(name)] = plan
    missing = [slug for slug in TYPES if slug not in given]
    if missing:
        raise CrmkitError("plan_missing", value=", ".join(missing))
    years = require_whole(years, 1, 100, name="years")
    require_between(annual_discount_rate, 0, 1, name="annual_discount_rate")

    def of_each(name: str) -> np.ndarray:
        return np.array([getattr(given[slug], name) for slug in TYPES])

    return _Account(
        contacts_per_year=of_each("contacts_per_year"),
        cost_per_contact=of_each("cost_per_contact"),
        programme_cost=of_each("programme_cost"),
        purchase_lift=of_each("purchase_lift"),
        retention_lift=of_each("retention_lift"),
        purchase_lift_sd=of_each("purchase_lift_sd"),
        retention_lift_sd=of_each("retention_lift_sd"),
        lift_reached=of_each("lift_reached"),
        years=years,
        annual_discount_rate=annual_discount_rate,
    )


_ALLOWED = {
    "unit_margin": (-1e12, 1e12),
    "purchases_per_year": (0, 1e6),
    "retention_rate": (0, 1),
    "need": (0, 1),
    "customers": (1, 1e12),
    "market_customers": (1, 1e12),
}


def _rows(segments: pd.DataFrame) -> tuple[str, dict[str, np.ndarray]]:
    """The column that names a row, and the checked numbers: columns that broadcast against the plans."""
    by = "customer_id" if "customer_id" in segments and "segment" not in segments else "segment"
    require_columns(segments, [by, *list(_ALLOWED)[:3]], what="compare_relationship_types")
    if segments.empty:
        raise CrmkitError("no_values", name="segments")
    require_unique(segments, by, what="compare_relationship_types", code="segment_twice")
    rows = dict.fromkeys(("customers", "need"), np.ones((len(segments), 1)))
    for column in (name for name in _ALLOWED if name in segments):
        low, high = _ALLOWED[column]
        rows[column] = as_numbers(segments[column])[:, None]
        wrong = ~((rows[column] >= low) & (rows[column] <= high))
        refuse_rows(wrong, "segment_value", segments[column], low=low, high=high)
    return by, {"market_customers": rows["customers"]} | rows


def _levels(rows, thresholds) -> list[tuple[str, str]]:
    """What the 3×3 is asked with: (many, medium or few customers; high, medium or low margin) of each row."""
    if set(thresholds) != set(THRESHOLDS) or not all(np.diff(pair) >= 0 for pair in thresholds.values()):
        raise CrmkitError("matrix_thresholds", value=dict(thresholds))
    many = np.digitize(rows["market_customers"].ravel(), thresholds["customers"])
    high = np.digitize(rows["unit_margin"].ravel(), thresholds["unit_margin"])
    customers = np.take(("few", "medium", "many"), many).tolist()
    margin = np.take(("low", "medium", "high"), high).tolist()
    return list(zip(customers, margin))


def _break_even(cost: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The margin from which on more units pay for more cost: 0 where no more cost, infinite where no margin does."""
    with np.errstate(over="ignore"):
        ratio = np.divide(cost, units, out=np.full(cost.shape, np.inf), where=units > 0)
    return np.where((units == 0) & (cost <= 0), 0.0, np.maximum(ratio, 0)).ravel()
