"""The five types of relationship (F6), the published 3×3 that chooses between them (F7), and what each earns (F8).

The types are Kotler's: basic, reactive, accountable, proactive, partnership. Some texts call the middle three passive,
responsible and initiative; both schemes are taken, in either language.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import term_pair
from crmkit.core.intervals import tails
from crmkit.core.schema import (
    as_numbers,
    refuse_rows,
    require_between,
    require_choice,
    require_columns,
    require_unique,
)

TYPES = ("basic", "reactive", "accountable", "proactive", "partnership")
_OTHER_NAMES = {"passive": "reactive", "responsible": "accountable", "initiative": "proactive"}

_DATA = tomllib.loads((Path(__file__).parent / "types.toml").read_text(encoding="utf-8"))
# (number of customers, unit margin) → types: the published 3×3
MATRIX = {(many, high): tuple(cell) for many, row in _DATA["matrix"].items() for high, cell in row.items()}
THRESHOLDS = {name: tuple(pair) for name, pair in _DATA["thresholds"].items()}


def relationship_type(name: str) -> str:
    """The kit's slug for a type by any of its names: Kotler's, the other scheme's, Chinese.

    >>> relationship_type("Responsible"), relationship_type("主动型")
    ('accountable', 'proactive')
    """
    known = {slug: slug for slug in TYPES} | _OTHER_NAMES | {term_pair(slug)[0]: slug for slug in TYPES}
    asked = str(name).strip().lower().removesuffix("关系").removesuffix("的")
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
class ContactPlan:
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
        allowed = {"purchase_lift": (-1, 100), "retention_lift": (-1, 1), "half_lift_contacts": (1e-6, 1e6)}
        for name, value in vars(self).items():
            require_between(value, *allowed.get(name, (0, 1e15)), name=name)

    @property
    def lift_reached(self) -> float:
        return 1 - 0.5 ** (self.contacts_per_year / self.half_lift_contacts)


PLANS = {name: ContactPlan(**numbers) for name, numbers in _DATA["plans"].items()}


@dataclass(frozen=True, kw_only=True)
class TypeComparison:
    """What each type would earn in each segment, which is best, and what the published table says instead."""

    profits: pd.DataFrame  # a row per segment and type
    best: pd.DataFrame  # a row per segment
    confidence: float  # of the intervals


def compare_relationship_types(
    segments: pd.DataFrame,
    *,
    plans: Mapping[str, ContactPlan] = PLANS,
    years: int = 5,
    annual_discount_rate: float = 0.10,
    thresholds: Mapping[str, tuple[float, float]] = THRESHOLDS,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> TypeComparison:
    """The profit of each relationship type in each segment over ``years``, the best one, and what the 3×3 says.

    In: ``segment`` (or ``customer_id``), ``unit_margin`` (currency a purchase), ``purchases_per_year`` and
    ``retention_rate`` (0 … 1, a year) as they are under basic; if there, ``customers`` (else 1), ``need`` (0 … 1, the
    share of the lifts that these customers can give; else 1), and ``market_customers`` (how many customers the market
    has: what the 3×3 is asked with when a row is one customer of many; else ``customers``).

    Today's customers are followed for ``years``; nobody new comes. The first year counts in full, year t + 1 with
    (r / (1 + d))^t, d the discount rate. A type with n contacts, whose lifts there are u in purchases and k in
    retention, has r = retention + (1 − retention)·k and earns customers · Σ (r / (1 + d))^t · (unit margin · purchases
    · (1 + u) − n · cost per contact) − programme cost · Σ (1 + d)^−t.

    Out: ``profits`` (relationship_type, profit, profit_low, profit_high, gain_over_basic, break_even_margin: the unit margin from
    which on the type earns more than basic, break_even_margin_next: than the type before it, both infinite where there
    is none; best_probability: share of draws in which it is the best; contacts_needed in the first year) and ``best``
    (published_type, best_type, best_probability, agree, published_profit, profit, given_up: the second less the first;
    reason: a term, what alone, were it otherwise, would make the published type the better one; contact_pays or
    contact_cost_too_high where nothing would alone). With ``rng`` the lifts are drawn from normal distributions with the plans' standard errors, the same draw for all
    segments. All five types need a plan, except basic, which is else nothing done and nothing spent; give a type that
    is out of the question a programme cost that says so. Every segment pays for its own programme.
    Errors: CrmkitError for missing columns or plans, a segment twice, values out of range or not finite.

    Source: the comparison of costs and returns is Kotler's argument for choosing a type; the retention formula is Gupta
    & Lehmann's (2005) with a horizon.

    >>> one = pd.DataFrame({"segment": ["supplement"], "customers": [2000], "unit_margin": [40.0],
    ...                     "purchases_per_year": [3.0], "retention_rate": [0.5]})
    >>> compare_relationship_types(one).best[["published_type", "best_type", "agree"]]
      published_type best_type  agree
    0       reactive     basic  False
    """
    account = _Account(plans, years, annual_discount_rate)
    by, rows = _rows(segments)
    units, contacts, programme = account.parts(rows)
    costs, profit = contacts + programme, account.profit(rows)
    low, high, sure = (
        np.full((3, *profit.shape), np.nan) if rng is None else account.drawn(rows, rng, draws, confidence)
    )
    before = np.maximum(np.arange(len(TYPES)) - 1, 0)
    profits = pd.DataFrame(
        {by: segments[by].repeat(len(TYPES)).to_numpy()}
        | {
            column: of.ravel()
            for column, of in {
                "relationship_type": np.tile(TYPES, (len(profit), 1)),
                "profit": profit,
                "profit_low": low,
                "profit_high": high,
                "gain_over_basic": profit - profit[:, :1],
                "break_even_margin": _break_even(costs - costs[:, :1], units - units[:, :1]),
                "break_even_margin_next": _break_even(costs - costs[:, before], units - units[:, before]),
                "best_probability": sure,
                "contacts_needed": rows["customers"] * account.contacts_per_year,
            }.items()
        }
    )
    cells = [published_type(customers=c, margin=m) for c, m in _levels(rows, thresholds)]
    published = np.array([[name in cell for name in TYPES] for cell in cells])
    book, chosen = np.where(published, profit, -np.inf).argmax(axis=1), profit.argmax(axis=1)
    each = np.arange(len(cells))
    wanted, best = profit[each, book], profit[each, chosen]
    best = pd.DataFrame(
        {
            by: segments[by].to_numpy(),
            "published_type": ["_or_".join(cell) for cell in cells],
            "best_type": np.take(TYPES, chosen),
            "best_probability": sure[each, chosen],
            "agree": wanted == best,
            "published_profit": wanted,
            "profit": best,
            "given_up": best - wanted,
            "reason": [
                account.reason({k: v[i] for k, v in rows.items()}, book[i], chosen[i], thresholds)
                for i in each
            ],
        }
    )
    return TypeComparison(profits=profits, best=best, confidence=confidence)


def type_frontier(
    segment: pd.DataFrame,
    *,
    customers=np.geomspace(10, 1e6, 121),
    unit_margin=np.geomspace(1, 1e5, 121),
    plans: Mapping[str, ContactPlan] = PLANS,
    years: int = 5,
    annual_discount_rate: float = 0.10,
) -> pd.DataFrame:
    """The best type at each number of customers and unit margin; ``segment`` is one row and gives the rest.

    Out: customers, unit_margin, relationship_type, gain_over_basic. The programme's cost is carried by all customers
    together, so the frontier leans: the more there are, the lower the margin from which on a closer type pays.

    >>> alike = pd.DataFrame({"purchases_per_year": [4.0], "retention_rate": [0.6]})
    >>> type_frontier(alike, customers=[10, 10_000], unit_margin=[200.0])["relationship_type"].tolist()
    ['basic', 'proactive']
    """
    if len(segment) != 1:
        raise CrmkitError("one_segment", value=len(segment))
    many, margin = (grid.ravel() for grid in np.meshgrid(customers, unit_margin))
    alike = pd.concat([segment] * len(many)).assign(
        segment=range(len(many)), customers=many, unit_margin=margin
    )
    profit = _Account(plans, years, annual_discount_rate).profit(_rows(alike)[1])
    return pd.DataFrame(
        {
            "customers": many,
            "unit_margin": margin,
            "gain_over_basic": profit.max(axis=1) - profit[:, 0],
            "relationship_type": np.take(TYPES, profit.argmax(axis=1)),
        }
    )


class _Account:
    """Costs and returns of all plans (an array each), for rows whose values broadcast against the plans."""

    def __init__(self, plans: Mapping[str, ContactPlan], years: int, rate: float):
        given = {"basic": ContactPlan()} | {relationship_type(name): plan for name, plan in plans.items()}
        if len(given) < len(TYPES):
            raise CrmkitError("plan_missing", value=", ".join(t for t in TYPES if t not in given))
        require_choice(years, range(1, 101), name="years")
        require_between(rate, 0, 10, name="annual_discount_rate")
        for name in (*(field.name for field in fields(ContactPlan)), "lift_reached"):
            setattr(self, name, np.array([getattr(given[slug], name) for slug in TYPES]))
        self.years, self.rate = int(years), rate

    def lived(self, stay):
        """Years that a customer is there in the horizon, discounted: Σ (stay / (1 + rate))^t from t = 0."""
        total = np.ones_like(stay)
        for _ in range(self.years - 1):
            total = 1 + stay / (1 + self.rate) * total
        return total

    def parts(self, rows, lifts=None):
        """Purchases, contact cost and programme cost, each discounted; ``lifts``: other ones than the plans'."""
        more, kept = lifts or (self.purchase_lift, self.retention_lift)
        answer, loyalty = rows["need"] * self.lift_reached, rows["retention_rate"]
        there = rows["customers"] * self.lived(np.clip(loyalty + (1 - loyalty) * answer * kept, 0, 1))
        units = there * rows["purchases_per_year"] * np.maximum(0, 1 + answer * more)
        programme = self.programme_cost * self.lived(np.ones(len(TYPES)))
        return units, there * self.contacts_per_year * self.cost_per_contact, programme

    def profit(self, rows, lifts=None, *, programmes: float = 1.0):
        units, contacts, programme = self.parts(rows, lifts)
        return rows["unit_margin"] * units - contacts - programmes * programme

    def drawn(self, rows, rng, draws: int, confidence: float):
        """Both ends of each profit's interval and how often each type is the best; a row at a time to spare memory."""
        require_between(draws, 100, 1_000_000, name="draws")
        lifts = [
            rng.normal(lift, sd, (draws, len(TYPES)))
            for lift, sd in (
                (self.purchase_lift, self.purchase_lift_sd),
                (self.retention_lift, self.retention_lift_sd),
            )
        ]
        found = []
        for i in range(len(rows["need"])):
            profit = self.profit({k: v[i] for k, v in rows.items()}, lifts)
            wins = np.bincount(profit.argmax(axis=1), minlength=len(TYPES)) / draws
            found.append([*np.quantile(profit, tails(confidence), axis=0), wins])
        return np.array(found).transpose(1, 0, 2)

    def reason(self, row, book: int, best: int, thresholds) -> str:
        """Why ``best`` and not ``book``: the first of these changes that alone would make ``book`` the better one."""

        def turns(programmes=1.0, **change):
            profit = self.profit({**row, **change}, programmes=programmes)
            return bool((profit[..., book] >= profit[..., best]).any())

        if turns():
            return ""
        if best > book:
            few = np.minimum(thresholds["customers"][0], row["customers"])
            return (
                "frequent_purchases"
                if turns(purchases_per_year=np.minimum(1, row["purchases_per_year"]))
                else "programme_cost_shared"
                if turns(customers=few)
                else "contact_pays"
            )
        less_loyal = np.linspace(0, 1, 41)[:, None] * row["retention_rate"]
        return (
            "programme_cost_not_carried"
            if turns(programmes=0)
            else "too_little_need"
            if turns(need=1.0)
            else "rare_purchases"
            if turns(purchases_per_year=np.maximum(1, row["purchases_per_year"]))
            else "loyalty_leaves_no_room"
            if turns(retention_rate=less_loyal)
            else "contact_cost_too_high"
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
    for column in _ALLOWED.keys() & set(segments.columns):
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
    return [
        *zip(
            np.take(("few", "medium", "many"), many).tolist(),
            np.take(("low", "medium", "high"), high).tolist(),
        )
    ]


def _break_even(cost: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The margin from which on more units pay for more cost: 0 where no more cost, infinite where no margin does."""
    with np.errstate(over="ignore"):
        ratio = np.divide(cost, units, out=np.full(cost.shape, np.inf), where=units > 0)
    return np.where((units == 0) & (cost <= 0), 0.0, np.maximum(ratio, 0)).ravel()
