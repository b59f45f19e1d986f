"""The customer pyramid (F14): its tiers, where the resources go, and moving them under the same budget.

Zeithaml, Rust & Lemon (2001) name the tiers platinum, gold, iron and lead; Curry ranks customers 1/4/15/80.
(The module is not called ``pyramid``: it would hide the function ``crmkit.pyramid``.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.allocation import best_spread, draw_elasticities
from crmkit.core.catalogue import Pair
from crmkit.core.errors import CrmkitError, NearestName, refusal
from crmkit.core.glossary import named
from crmkit.core.intervals import Estimate, interval_of
from crmkit.core.messages import MESSAGES, listed
from crmkit.core.schema import (
    as_numbers,
    require_between,
    require_choice,
    require_kind,
    require_numbers,
    require_unique,
)

BY = ("revenue", "margin", "profit")


def _amounts(of: Mapping[str, float]) -> np.ndarray:
    return as_numbers([*of.values()])


@dataclass(frozen=True)
class _ByShare:
    """The tiers' shares, best tier first; they add up to 1."""

    shares: Mapping[str, float]

    def __post_init__(self):
        shares = _amounts(self.shares)
        if len(shares) < 2 or not ((shares > 0) & (shares < 1)).all() or abs(shares.sum() - 1) > 1e-9:
            raise CrmkitError("tier_shares", value=dict(self.shares))

    @property
    def tiers(self) -> tuple[str, ...]:
        return tuple(self.shares)

    @property
    def _bounds(self) -> np.ndarray:
        """What each tier but the last and all better ones hold together."""
        return np.cumsum(_amounts(self.shares))[:-1]


@dataclass(frozen=True)
class ByCustomerShare(_ByShare):
    """Tiers by share of customers, best tier first; the shares add up to 1.

    >>> ByCustomerShare({"top": 0.2, "rest": 0.8}).sizes(np.array([9.0, 7, 5, 3, 1]))
    [1, 5]
    """

    def sizes(self, ranked: np.ndarray) -> list[int]:
        """How many customers, from the best, the tiers hold together: the first, the first two, … (rounded up)."""
        return [*np.ceil(self._bounds * len(ranked) - 1e-9).astype(int).tolist(), len(ranked)]


@dataclass(frozen=True)
class ByValueShare(_ByShare):
    """Tiers by cumulative share of the value, best tier first: the fewest customers that bring it.

    The shares add up to 1. Only values above 0 are added up; customers at or under 0 are in the last tier.

    >>> ByValueShare({"a": 0.5, "b": 0.3, "c": 0.2}).sizes(np.array([50.0, 30, 15, 5, 0]))
    [1, 2, 5]
    """

    def sizes(self, ranked: np.ndarray) -> list[int]:
        """As in ByCustomerShare; the customer who reaches the share still belongs to the tier."""
        reached = np.cumsum(np.maximum(ranked, 0))
        if not len(ranked) or reached[-1] <= 0:
            return [0] * (len(self.shares) - 1) + [len(ranked)]
        bounds = self._bounds * reached[-1] * (1 - 1e-12)
        return [*(np.searchsorted(reached, bounds) + 1).tolist(), len(ranked)]


@dataclass(frozen=True)
class ByCutoff:
    """Tiers by absolute cut-offs in the unit of the value, best tier first: a customer at or above it is in the tier.

    >>> ByCutoff({"gold": 100, "iron": 20}, rest="lead").sizes(np.array([120.0, 100, 20, 19]))
    [2, 3, 4]
    """

    cutoffs: Mapping[str, float]
    rest: str

    def __post_init__(self):
        cutoffs = _amounts(self.cutoffs)
        fall = len(cutoffs) and np.isfinite(cutoffs).all() and (np.diff(cutoffs) < 0).all()
        if not fall or self.rest in self.cutoffs:
            raise CrmkitError("tier_cutoffs", value=dict(self.cutoffs), rest=self.rest)

    @property
    def tiers(self) -> tuple[str, ...]:
        return (*self.cutoffs, self.rest)

    def sizes(self, ranked: np.ndarray) -> list[int]:
        return [*(int((ranked >= cutoff).sum()) for cutoff in _amounts(self.cutoffs)), len(ranked)]


TierRule = ByCustomerShare | ByValueShare | ByCutoff
ZEITHAML = ByCustomerShare({"platinum": 0.01, "gold": 0.04, "iron": 0.15, "lead": 0.80})
CURRY = ByCustomerShare({"top": 0.01, "large": 0.04, "medium": 0.15, "small": 0.80})


@dataclass(frozen=True, kw_only=True)
class Pyramid(NearestName):
    """Customers in tiers, best tier first."""

    tiers: pd.DataFrame  # a row per tier: its customers, value and resources, and their shares
    assignments: pd.DataFrame  # customer_id, value, tier; best customer first
    by: str
    rule: TierRule
    resources_from: str  # "cost_to_serve", "resources" or "even": where the resources per tier come from
    notes: tuple[tuple[str, str], ...]  # assumptions that a reader must know, each in Chinese and in English


def pyramid(
    customers: pd.DataFrame,
    *,
    by: str = "revenue",
    tiers: TierRule = ZEITHAML,
    margin_rate: float | None = None,
    cost_to_serve: pd.DataFrame | None = None,
    resources: Mapping[str, float] | None = None,
) -> Pyramid:
    """Sort the customers into tiers by value, and set side by side their shares of customers, value and resources.

    In: ``customer_id`` and, for ``by="revenue"``, ``revenue``; for ``"margin"``, ``margin``, or ``revenue`` with
    ``margin_rate`` (0 … 1); for ``"profit"`` the margin less ``cost_to_serve``, a frame of ``customer_id``, ``cost``
    that knows every customer (``margin_rate=1`` where that cost holds every cost). Currency.
    Resources per tier: the cost to serve; else a column ``resources`` of the customers; or ``resources``, {tier:
    amount}, which goes before both; with none of them an equal amount per customer, which ``notes`` says.

    Out: a ``Pyramid``; its ``tiers`` have ``tier``, ``customers``, ``customer_share``, ``value``, ``value_share``,
    ``value_per_customer``, ``resources``, ``resource_share``. Shares are 0 … 1, and missing where the total is not
    above 0. Customers of equal value share a tier: where a boundary would cut through them, all go to the lower tier,
    so that no tier outgrows its share. Otherwise a boundary is rounded up, so the best customer is in the top tier.
    Errors: CrmkitError for missing columns or values, a customer twice, an unknown ``by``, a cost table with gaps.

    >>> import pandas as pd
    >>> five = pd.DataFrame({"customer_id": list("abcde"), "revenue": [60.0, 20, 10, 5, 5]})
    >>> pyramid(five, tiers=ByCustomerShare({"gold": 0.2, "lead": 0.8})).tiers[["tier", "customers", "value_share"]]
       tier  customers  value_share
    0  gold          1          0.6
    1  lead          4          0.4
    """
    ranked = rank_customers(customers, by=by, margin_rate=margin_rate, cost_to_serve=cost_to_serve)
    return ranked.cut(tiers, resources=resources)


@dataclass(frozen=True, kw_only=True)
class RankedCustomers(NearestName):
    """Customers in the order of their value, best first: ranked once, cut into tiers as often as a slider asks."""

    customer_id: pd.Series
    value: np.ndarray
    each: np.ndarray  # the resources that each customer takes
    by: str
    resources_from: str  # as in Pyramid

    def cut(self, tiers: TierRule, *, resources: Mapping[str, float] | None = None) -> Pyramid:
        """The pyramid of these customers under a rule; ``resources`` as for ``pyramid``."""
        if not isinstance(tiers, TierRule):
            raise CrmkitError("not_a_tier_rule", value=type(tiers).__name__)
        ranked, resources_from = self.value, self.resources_from
        notes: tuple[tuple[str, str], ...] = ()
        upper = np.array([_without_cutting_ties(ranked, size) for size in tiers.sizes(ranked)])
        tier_at = np.searchsorted(upper, np.arange(len(ranked)), side="right")
        names = pd.array(list(tiers.tiers), dtype="str")
        assignments = pd.DataFrame(
            {"customer_id": self.customer_id, "value": ranked, "tier": names.take(tier_at)}
        )

        if resources is None:
            used = np.bincount(tier_at, weights=self.each, minlength=len(names))
            if resources_from == "even":
                notes = (MESSAGES.pair("note_resources_even"),)
        elif set(resources) != set(names):
            given = ", ".join(map(str, resources))
            raise CrmkitError("tier_names", name="resources", value=given, allowed=", ".join(names))
        else:
            used, resources_from = as_numbers([resources[name] for name in names]), "resources"
        if not (np.isfinite(used).all() and (used >= 0).all()):
            raise CrmkitError("resources_not_amounts", value=used.tolist())

        count = np.bincount(tier_at, minlength=len(names))
        worth = np.bincount(tier_at, weights=ranked, minlength=len(names))
        table = pd.DataFrame(
            {
                "tier": names,
                "customers": count,
                "customer_share": _shares(count),
                "value": worth,
                "value_share": _shares(worth),
                "value_per_customer": np.divide(
                    worth, count, out=np.full(len(names), np.nan), where=count > 0
                ),
                "resources": used,
                "resource_share": _shares(used),
            }
        )
        return Pyramid(
            tiers=table,
            assignments=assignments,
            by=self.by,
            rule=tiers,
            resources_from=resources_from,
            notes=notes,
        )


def rank_customers(
    customers: pd.DataFrame,
    *,
    by: str = "revenue",
    margin_rate: float | None = None,
    cost_to_serve: pd.DataFrame | None = None,
) -> RankedCustomers:
    """What ``pyramid`` does before it cuts; arguments and errors as there."""
    require_choice(by, BY, name="by")
    require_unique(customers, what="pyramid")
    if customers.empty:
        raise CrmkitError("no_values", name="customers")
    cost = _cost_of(customers, cost_to_serve)
    value = _value_of(customers, by, margin_rate, cost)
    if cost is not None:
        each, resources_from = cost, "cost_to_serve"
    elif "resources" in customers:
        (each,), resources_from = require_numbers(customers, ["resources"], what="pyramid"), "resources"
    else:
        each, resources_from = np.ones(len(customers)), "even"
    order = np.lexsort((customers["customer_id"].astype(str).to_numpy(), -value))
    return RankedCustomers(
        customer_id=customers["customer_id"].iloc[order].reset_index(drop=True),
        value=value[order],
        each=each[order],
        by=by,
        resources_from=resources_from,
    )


@dataclass(frozen=True, kw_only=True)
class Reallocation(NearestName):
    """The same budget spread otherwise over the tiers, and what that is expected to change."""

    tiers: pd.DataFrame  # a row per tier: elasticity, resources, their shares and the margin before and after
    profit_change: (
        Estimate  # currency in the period of the data; the interval is over the uncertain elasticities
    )
    assumption: tuple[str, str]  # what the result rests on, in Chinese and in English


def reallocate(
    pyramid: Pyramid,
    *,
    elasticity: float | Mapping[str, float],
    rng: np.random.Generator | None = None,
    elasticity_sd: float = 0.1,
    margin_rate: float | None = None,
    at_least: float = 0.0,
    at_most: float = np.inf,
    draws: int = 2000,
    confidence: float = 0.95,
) -> Reallocation:
    """Spread the pyramid's resources over the tiers so that the margin is the highest, the budget staying the same.

    Assumed: a tier that earns margin m with resources x earns m · (y / x)^e with resources y; its elasticity e,
    0 ≤ e < 1, one number or one per tier, is by how many per cent the margin rises with one per cent more. The best
    spread has equal marginal returns m·e/x·(y/x)^(e−1) in all tiers (Dorfman & Steiner 1954); ``at_least`` and
    ``at_most`` keep a tier's resources within these multiples of today's (0 and unlimited if not given).
    ``margin_rate`` turns revenue into margin (needed for a pyramid by revenue). Of a pyramid by profit the margin is
    the profit plus the cost to serve.

    Out: ``Reallocation``; its ``tiers`` have ``tier``, ``customers``, ``elasticity``, ``resources_before``,
    ``resources_after``, ``resource_share_before``, ``resource_share_after``, ``margin_before``, ``margin_after``,
    ``margin_change``. The budget is the same, so the change in margin is the change in profit. With ``rng`` the plan
    is tried on elasticities drawn around the stated ones (beta distribution, standard deviation ``elasticity_sd``):
    the interval.
    Errors: CrmkitError for an elasticity outside 0 … 1, a tier without resources, a missing ``margin_rate``.

    >>> import pandas as pd
    >>> two = pd.DataFrame({"customer_id": ["a", "b", "c", "d", "e"], "margin": [80.0, 5, 5, 5, 5]})
    >>> shown = reallocate(pyramid(two, by="margin", tiers=ByCustomerShare({"gold": 0.2, "lead": 0.8})), elasticity=0.5)
    >>> shown.tiers["resources_after"].round(2).tolist(), round(shown.profit_change.value, 2)
    ([4.92, 0.08], 80.28)
    """
    require_kind(pyramid, Pyramid, what="reallocate")
    table = pyramid.tiers[pyramid.tiers["customers"] > 0].reset_index(drop=True)
    before = table["resources"].to_numpy(float)
    if (before <= 0).any():
        raise CrmkitError("tier_without_resources", value=table["tier"][int(np.argmax(before <= 0))])
    margin = table["value"].to_numpy(float)
    if pyramid.by == "revenue":
        if margin_rate is None:
            raise refusal("margin_rate_needed", "margin_rate_needed_by_revenue")
        require_between(margin_rate, 0, 1, name="margin_rate")
        margin = margin * margin_rate
    elif pyramid.by == "profit" and pyramid.resources_from == "cost_to_serve":
        margin = margin + before
    require_between(at_least, 0, 1, name="at_least")
    require_between(at_most, 1, np.inf, name="at_most")
    e = _elasticities(elasticity, table["tier"])
    after = best_spread(margin, before, e, at_least * before, at_most * before)
    margin_after = margin * (after / before) ** e
    change = (margin_after - margin).sum()
    profit_change = Estimate(value=float(change))
    if rng is not None:
        tried = draw_elasticities(e, elasticity_sd, draws, rng)
        drawn = (margin * ((after / before) ** tried - 1)).sum(axis=1)
        profit_change = interval_of(drawn, value=change, confidence=confidence)
    result = pd.DataFrame(
        {
            "tier": table["tier"],
            "customers": table["customers"],
            "elasticity": e,
            "resources_before": before,
            "resources_after": after,
            "resource_share_before": before / before.sum(),
            "resource_share_after": after / after.sum(),
            "margin_before": margin,
            "margin_after": margin_after,
            "margin_change": margin_after - margin,
        }
    )
    names = [named(tier) for tier in table["tier"]]
    elasticities = [
        Pair(f"{name.zh} {number:.2f}", f"{name.en} {number:.2f}") for name, number in zip(names, e)
    ]
    return Reallocation(
        tiers=result,
        profit_change=profit_change,
        assumption=MESSAGES.pair(
            "assumption_reallocation", elasticities=listed(elasticities), sd=elasticity_sd
        ),
    )


def _cost_of(customers: pd.DataFrame, cost_to_serve: pd.DataFrame | None) -> np.ndarray | None:
    """The cost to serve in the order of the customers."""
    if cost_to_serve is None:
        return None
    require_unique(cost_to_serve, what="cost_to_serve")
    (cost,) = require_numbers(cost_to_serve, ["cost"], low=0, what="cost_to_serve")
    known = pd.Series(cost, index=cost_to_serve["customer_id"].to_numpy())
    cost = known.reindex(customers["customer_id"].to_numpy())
    if cost.isna().any():
        unknown = cost.index[cost.isna()]
        raise CrmkitError("cost_missing", column="customer_id", value=unknown[0], count=len(unknown))
    return cost.to_numpy()


def _value_of(customers, by, margin_rate, cost) -> np.ndarray:
    """What a customer is worth by the chosen measure."""

    def numbers(column):
        return require_numbers(customers, [column], what=f'pyramid(by="{by}")')[0]

    if by == "revenue":
        return numbers("revenue")
    if by == "profit" and cost is None:
        raise CrmkitError("cost_to_serve_needed", name="cost_to_serve")
    if margin_rate is not None:
        require_between(margin_rate, 0, 1, name="margin_rate")
        margin = numbers("revenue") * margin_rate
    elif "margin" in customers:
        margin = numbers("margin")
    else:
        words = "margin_rate_needed" if by == "margin" else "margin_rate_needed_by_profit"
        raise refusal("margin_rate_needed", words, name="margin_rate")
    return margin if by == "margin" else margin - cost


def _without_cutting_ties(ranked: np.ndarray, size: int) -> int:
    """The size of a tier, less the equal customers that its lower boundary would cut through."""
    if 0 < size < len(ranked) and ranked[size - 1] == ranked[size]:
        return int(np.searchsorted(-ranked, -ranked[size], side="left"))
    return size


def _shares(amounts: np.ndarray) -> np.ndarray:
    total = amounts.sum()
    return amounts / total if total > 0 else np.full(len(amounts), np.nan)


def _elasticities(elasticity, tiers: pd.Series) -> np.ndarray:
    if isinstance(elasticity, Mapping):
        missing = [tier for tier in tiers if tier not in elasticity]
        if missing:
            given = ", ".join(map(str, elasticity))
            raise CrmkitError("tier_names", name="elasticity", value=given, allowed=", ".join(tiers))
        elasticity = [elasticity[tier] for tier in tiers]
    numbers = np.broadcast_to(as_numbers(elasticity), len(tiers)).copy()
    for number in numbers:
        require_between(number, 0, 0.99, name="elasticity")
    return numbers
