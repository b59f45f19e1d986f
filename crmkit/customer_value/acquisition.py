"""What a customer may cost (F17, F18): value by source beside its cost, and how much to spend on winning customers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import mean_of, of_confidence
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_frame,
    require_known,
    require_numbers,
    require_whole,
)


def value_by_source(
    customers: pd.DataFrame, *, acquisition_cost: Mapping[str, float], confidence: float = 0.95
) -> pd.DataFrame:
    """What customers of each source brought, beside what winning one of them cost.

    In, a row per customer: ``source``, and ``margin``, in currency, over the same time for everybody (the first year
    of each, say) and before the cost of winning. ``acquisition_cost``: source → currency per customer won. Out:
    ``source``, ``customers``, ``value_per_customer`` (the mean margin; Student's interval ``value_per_customer_low``,
    ``value_per_customer_high``), ``acquisition_cost``, ``net_value`` with ``net_value_low`` and ``net_value_high``,
    ``paid_back_share`` (customers whose own margin covered the cost), and ``decision``: ``pays`` or ``loses`` where the
    interval leaves no doubt, else ``open_question``. The mean is what one may pay for the *average* customer of a
    source; for the next one see ``acquisition_spending``. Sources were not drawn at random: what a source brings says
    who came by it, not what the same people would have brought by another.
    Errors: CrmkitError for a source without a cost or with fewer than two customers, margins that are no numbers, costs
    below 0.

    >>> won = pd.DataFrame({"source": ["referral"] * 3 + ["promotion"] * 3, "margin": [90, 110, 130, 0, 10, 50]})
    >>> found = value_by_source(won, acquisition_cost={"referral": 40, "promotion": 60})
    >>> found[["value_per_customer", "net_value", "paid_back_share"]].round(2).values.tolist()
    [[110.0, 70.0, 1.0], [20.0, -40.0, 0.0]]
    """
    require_known(customers, ["source"], what="value_by_source")
    require_numbers(customers, ["margin"], what="value_by_source")
    rows = []
    for source, group in customers.groupby("source", sort=False):
        if source not in acquisition_cost:
            given = ", ".join(map(str, acquisition_cost))
            raise CrmkitError("not_a_choice", value=source, name="acquisition_cost", allowed=given or "—")
        require_between(len(group), 2, np.inf, name=f"customers({source})")
        cost = float(acquisition_cost[source])
        require_between(cost, 0, 1e15, name="acquisition_cost")
        mean = mean_of(group["margin"], confidence=confidence)
        low, high = mean.ends
        rows.append(
            {
                "source": source,
                "customers": len(group),
                "value_per_customer": mean.value,
                "value_per_customer_low": low,
                "value_per_customer_high": high,
                "acquisition_cost": cost,
                "net_value": mean.value - cost,
                "net_value_low": low - cost,
                "net_value_high": high - cost,
                "paid_back_share": float((group["margin"] >= cost).mean()),
                "decision": _decision(low - cost, high - cost),
            }
        )
    return of_confidence(pd.DataFrame(rows), confidence)


def _decision(low: float, high: float) -> str:
    if low > 0:
        return "pays"
    return "loses" if high < 0 else "open_question"


def acquisition_spending(campaigns: pd.DataFrame) -> pd.DataFrame:
    """How much to spend on each prospect, and what the average and the next customer then cost.

    In, a row per campaign: ``spend_per_prospect`` A (currency; above 0), ``acquired_share`` a of the prospects that it
    wins, ``ceiling`` c, the share that no money would raise, and ``value_per_customer`` V (currency per customer won,
    before the cost of winning). The curve through them is Blattberg & Deighton's (1996), a(A) = c·(1 − exp(−k·A)).

    Out, added: ``cost_per_customer`` A/a, ``cost_of_next_customer`` dA/da, which is higher, as every further customer
    is harder to win; ``profit_per_prospect`` a·V − A; and, where it is highest, ``best_spend_per_prospect`` ln(k·c·V)/k
    (0 where the first customer already costs more than V), ``best_acquired_share``, ``best_cost_per_customer``,
    ``best_profit_per_prospect``. There the *next* customer costs just V, the average one less: what a customer may cost
    is a rule about the last one (Pfeifer 2005). ``ceiling`` is a guess where the spending never varied: try others.
    Errors: CrmkitError for numbers out of range, and a share that is not below the ceiling.

    >>> letters = pd.DataFrame({"spend_per_prospect": [2.0], "acquired_share": [0.1], "ceiling": [0.4],
    ...                         "value_per_customer": [30.0]})
    >>> found = acquisition_spending(letters).iloc[0]
    >>> found[["cost_per_customer", "cost_of_next_customer", "best_spend_per_prospect"]].astype(float).round(2).tolist()
    [20.0, 23.17, 3.79]
    """
    spend, share, ceiling, value, k = _curve(campaigns, "acquisition_spending")
    best = np.log(np.maximum(k * ceiling * value, 1)) / k
    best_share = ceiling * -np.expm1(-k * best)
    with np.errstate(invalid="ignore"):
        best_average = np.where(best > 0, best / best_share, np.nan)
    return campaigns.assign(
        cost_per_customer=spend / share,
        cost_of_next_customer=1 / (k * (ceiling - share)),
        profit_per_prospect=share * value - spend,
        best_spend_per_prospect=best,
        best_acquired_share=best_share,
        best_cost_per_customer=best_average,
        best_profit_per_prospect=best_share * value - best,
    )


def acquisition_curve(campaign: pd.DataFrame, *, highest_spend: float, steps: int = 60) -> pd.DataFrame:
    """One campaign at every spending up to ``highest_spend`` (currency per prospect): what customers then cost.

    In: one row as for ``acquisition_spending``. Out: ``spend_per_prospect``, ``acquired_share``, ``cost_per_customer``,
    ``cost_of_next_customer``, ``value_per_customer``, ``profit_per_prospect``.
    Errors: as there, and CrmkitError for more than one row.

    >>> letters = pd.DataFrame({"spend_per_prospect": [2.0], "acquired_share": [0.1], "ceiling": [0.4],
    ...                         "value_per_customer": [30.0]})
    >>> acquisition_curve(letters, highest_spend=4, steps=2)["acquired_share"].round(3).tolist()
    [0.1, 0.175]
    """
    require_frame(campaign, what="acquisition_curve")
    require_between(len(campaign), 1, 1, name="rows")
    require_between(highest_spend, 1e-9, 1e12, name="highest_spend")
    steps = require_whole(steps, 2, 10_000, name="steps")
    _, _, ceiling, value, k = (float(part[0]) for part in _curve(campaign, "acquisition_curve"))
    spend = highest_spend * np.arange(1, steps + 1) / steps
    share = ceiling * -np.expm1(-k * spend)
    return pd.DataFrame(
        {
            "spend_per_prospect": spend,
            "acquired_share": share,
            "cost_per_customer": spend / share,
            "cost_of_next_customer": 1 / (k * (ceiling - share)),
            "value_per_customer": value,
            "profit_per_prospect": share * value - spend,
        }
    )


def _curve(campaigns: pd.DataFrame, what: str) -> tuple[np.ndarray, ...]:
    """Spend, share, ceiling, value, and the k that leads the curve through spend and share."""
    spend, value = require_numbers(
        campaigns, ["spend_per_prospect", "value_per_customer"], low=1e-9, what=what
    )
    share, ceiling = require_numbers(campaigns, ["acquired_share", "ceiling"], low=1e-9, high=1, what=what)
    refuse_rows(share >= ceiling, "share_reaches_ceiling", campaigns["acquired_share"])
    return spend, share, ceiling, value, -np.log1p(-share / ceiling) / spend
