"""Facts of value: how concentrated it is, the tiers, the same budget spent otherwise, and who moved."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from crmkit.core.schema import require_between
from crmkit.customer_pyramid.concentration import gini, lorenz, pareto_share
from crmkit.customer_pyramid.migration import Migration, migration
from crmkit.customer_pyramid.pyramid import Pyramid, Reallocation, pyramid, reallocate
from crmkit.data.summary import customer_summary

from .describing import CONTACTS, Log, called, contacts_of

RESAMPLES = 1000
CURVE_POINTS = 400
YEAR = 365  # days
LARGEST = 20  # customers in the table of the largest


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What no file of transactions holds and the company must say; 0 stands for what it has not said.

    ``margin_rate``, ``budget_rate``: shares of revenue. ``elasticity``: by how many per cent the margin of a tier grows
    with 1 % more resources; ``elasticity_sd``: how uncertain that is. ``at_least``, ``at_most``: a tier's resources
    stay within these multiples of today's. Errors: CrmkitError for a number outside its range.

    >>> Assumptions(margin_rate=0.4).complete
    False
    """

    margin_rate: float = 0.0
    budget_rate: float = 0.0
    elasticity: float = 0.0
    elasticity_sd: float = 0.0
    at_least: float = 0.5
    at_most: float = 3.0

    def __post_init__(self):
        for name in ("margin_rate", "budget_rate", "elasticity", "elasticity_sd", "at_least"):
            require_between(getattr(self, name), 0, 1, name=name)
        require_between(self.at_most, 1, np.inf, name="at_most")

    @property
    def complete(self) -> bool:
        """Whether everything has been said that a reallocation rests on."""
        return min(self.margin_rate, self.budget_rate, self.elasticity, self.elasticity_sd) > 0


# ---- concentration


def concentration_facts(log: Log, *, top: float, claim: float, seed: int) -> dict:
    """The share of the best customers, counted as the tiers are: whole customers, a boundary rounded up."""
    values = log.customers["revenue"].clip(lower=0)
    ranked = values.sort_values(ascending=False)
    best = int(np.ceil(round(top * len(ranked), 9)))
    share = float(ranked.head(best).sum() / ranked.sum())
    around = pareto_share(values, top=top, rng=np.random.default_rng(seed), resamples=RESAMPLES)
    _, low, high = around.numbers
    assert low is not None and high is not None  # a generator was passed
    unequal = gini(values, rng=np.random.default_rng(seed), resamples=RESAMPLES)
    below = log.customers.loc[log.customers["revenue"] < 0, "revenue"]
    return {
        "top": top,
        "claim": claim,
        "top_customers": best,
        "share_top": share,
        "share_top_low": min(share, low),
        "share_top_high": max(share, high),
        "confidence": around.confidence,
        "top_times": low / top,
        "claim_inside": int(around.contains(claim)),
        "above_claim": share - claim,
        "claim_distance": abs(share - claim),
        "gini": unequal.value,
        "gini_low": unequal.low,
        "gini_high": unequal.high,
        "below_zero_customers": len(below),
        "below_zero_revenue": round(float(below.sum()), 2),
        "resamples": RESAMPLES,
        "seed": seed,
    }


def half_facts(log: Log) -> dict:
    """How few customers bring half of revenue."""
    ranked = log.customers["revenue"].clip(lower=0).sort_values(ascending=False)
    half = int((ranked.cumsum() < ranked.sum() / 2).sum()) + 1
    return {"half_customers": half, "half_share": half / len(ranked)}


def largest_facts(log: Log, *, top: float) -> dict:
    """The customer who brings most, what the others bring, and what part of it the best of the others."""
    if len(log.customers) < 2:
        return {}
    ranked = log.customers.sort_values(["revenue", "customer_id"], ascending=[False, True])
    largest, others = ranked.iloc[0], ranked.iloc[1:]
    values = others["revenue"].clip(lower=0)
    best = int(np.ceil(round(top * len(values), 9)))
    return {
        "first_customer": called(log, largest["customer_id"]),
        "first_revenue": float(largest["revenue"]),
        "first_customer_share": float(largest["revenue"]) / log.total,
        "other_customers": len(others),
        "others_mean": float(others["revenue"].mean()),
        "others_top_share": float(values.head(best).sum()) / (float(values.sum()) or 1.0),
    }


def lorenz_table(log: Log) -> pd.DataFrame:
    """The Lorenz curve, in no more points than a figure shows."""
    curve = lorenz(log.customers["revenue"].clip(lower=0))
    points = np.linspace(0, len(curve) - 1, min(len(curve), CURVE_POINTS)).round().astype(int)
    return curve.iloc[points].reset_index(drop=True)


def concentration_table(facts: dict) -> pd.DataFrame:
    """The measures of concentration with their intervals."""
    rows = [
        ("pareto_share", facts["share_top"], facts["share_top_low"], facts["share_top_high"]),
        ("gini", facts["gini"], facts["gini_low"], facts["gini_high"]),
    ]
    table = pd.DataFrame(rows, columns=["measure", "estimate", "estimate_low", "estimate_high"])
    return table.assign(confidence=facts["confidence"])


def largest_table(log: Log) -> pd.DataFrame:
    """The customers who bring most, with their contact columns."""
    ranked = log.customers.sort_values(["revenue", "customer_id"], ascending=[False, True]).head(LARGEST)
    table = ranked.merge(contacts_of(log), on="customer_id", how="left")
    if log.total > 0:
        table["revenue_share"] = table["revenue"] / log.total
    if log.span_days >= 2 * YEAR:
        table = table.merge(_by_year(log), on="customer_id", how="left").fillna(
            {"latest_year": 0.0, "earlier_year": 0.0}
        )
        change = table["latest_year"] / table["earlier_year"] - 1
        table["year_change"] = change.where(table["earlier_year"] > 0)
    shown = [
        "customer_id",
        *CONTACTS,
        "revenue",
        "revenue_share",
        "latest_year",
        "earlier_year",
        "year_change",
    ]
    shown += ["purchases", "last_purchase"]
    return table[[name for name in shown if name in table]]


def _by_year(log: Log) -> pd.DataFrame:
    """What each customer brought in the latest twelve months and in the twelve before."""
    years_back = (log.last_day - log.transactions["date"].dt.normalize()).dt.days // YEAR
    by_year = log.transactions.pivot_table("amount", "customer_id", years_back, "sum", fill_value=0.0)
    return (
        by_year.reindex(columns=[0, 1], fill_value=0.0)
        .set_axis(["latest_year", "earlier_year"], axis=1)
        .reset_index()
    )


# ---- tiers


def tier_facts(tiers: Pyramid) -> dict:
    table = tiers.tiers
    first = table[table["customers"] > 0].iloc[0]
    top_two, last = table.iloc[:2], table.iloc[-1]
    best = float(tiers.assignments["value"].iloc[0]) / float(table["value"].sum())
    facts = {
        "top_two_others": int(top_two["customers"].sum()) - 1,
        "top_two_others_share": float(top_two["value_share"].sum()) - best,
        "top_two_customers": int(top_two["customers"].sum()),
        "top_two_share": float(top_two["value_share"].sum()),
        "bottom_customers": int(last["customers"]),
        "bottom_share": float(last["value_share"]),
        "first_tier": first["tier"],
        "first_customers": int(first["customers"]),
        "first_value": float(first["value_per_customer"]),
        "last_tier": last["tier"],
    }
    if last["value_per_customer"] > 0:
        facts["each_times"] = float(first["value_per_customer"] / last["value_per_customer"])
    return facts


def tiers_of(log: Log) -> Pyramid:
    return pyramid(log.customers)


def tiers_table(tiers: Pyramid) -> pd.DataFrame:
    """The tiers without resources, of which the file says nothing."""
    shown = tiers.tiers.drop(columns=["resources", "resource_share"])
    names = {"value": "revenue", "value_share": "revenue_share", "value_per_customer": "revenue_per_customer"}
    return shown.rename(columns=names)


# ---- the same budget, spent otherwise


def better_spread(customers: pd.DataFrame, assumed: Assumptions, *, seed: int) -> Reallocation:
    """The best spread of the budget over the tiers, under what is assumed."""
    even = pyramid(customers)
    each = assumed.budget_rate * customers["revenue"].sum() * even.tiers.set_index("tier")["customer_share"]
    return reallocate(
        pyramid(customers, resources=each.to_dict()),
        elasticity=assumed.elasticity,
        elasticity_sd=assumed.elasticity_sd,
        margin_rate=assumed.margin_rate,
        at_least=assumed.at_least,
        at_most=assumed.at_most,
        rng=np.random.default_rng(seed),
    )


def reallocation_facts(better: Reallocation, assumed: Assumptions) -> dict:
    moved = (better.tiers["resources_after"] - better.tiers["resources_before"]).set_axis(
        better.tiers["tier"]
    )
    budget = float(better.tiers["resources_before"].sum())
    change = better.profit_change
    return {
        "budget": budget,
        "giver": moved.idxmin(),
        "taker": moved.idxmax(),
        "change": change.value,
        "change_low": change.low,
        "change_high": change.high,
        "change_rate": change.value / budget,
        **asdict(assumed),
    }


# ---- movement between the halves of the file


def halves_of(log: Log) -> tuple[Pyramid, Pyramid] | None:
    """The pyramid of each half of the time; None where a half has no revenue to share."""
    split = split_day(log)
    early = log.transactions[log.transactions["date"] < split]
    late = log.transactions[log.transactions["date"] >= split]
    if not len(early) or not len(late):
        return None
    before = customer_summary(early, as_of=split)
    after = customer_summary(late, as_of=log.last_day)
    if min(before["revenue"].sum(), after["revenue"].sum()) <= 0:
        return None
    return pyramid(before), pyramid(after)


def split_day(log: Log) -> pd.Timestamp:
    return (log.first_day + (log.last_day - log.first_day) / 2).normalize()


def moves_of(halves: tuple[Pyramid, Pyramid]) -> Migration:
    before, after = halves
    return migration(before, after=after)


def migration_facts(moves: Migration, halves: tuple[Pyramid, Pyramid], log: Log) -> dict:
    counts = moves.counts
    top = list(halves[0].tiers["tier"][:2])
    before = int(counts.loc[top].to_numpy().sum())
    after = int(counts[top].to_numpy().sum())
    stayed = int(counts.loc[top, top].to_numpy().sum())
    gone = int(counts.loc[top, "lost_customer"].sum())
    new = int(counts.loc["new_customer", top].sum())
    facts = {
        "split": split_day(log),
        "customers_in_half": min(int(half.tiers["customers"].sum()) for half in halves),
        "top_before": before,
        "top_after": after,
        "stayed": stayed,
        "gone": gone,
        "came_new": new,
        "risen": after - stayed - new,
    }
    if before:
        facts["stayed_share"] = stayed / before
        facts["gone_share"] = gone / before
        facts["places_left"] = after / before
        facts["must_leave"] = max(0, before - after)
    return facts
