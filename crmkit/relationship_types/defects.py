"""The three defects of relationship marketing (F10), each measured: participation, promises kept, breadth of a benefit.

``offer_effect`` measures an opening offer to people who have not tried, and just so an incentive to leavers (F22).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import Estimate, difference, difference_of_means, turning_point, wilson
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_confidence,
    require_frame,
    require_numbers,
)
from crmkit.core.trials import is_treated


def participation_funnel(
    customers: pd.DataFrame, *, steps: Sequence[str] = ("tried", "active"), confidence: float = 0.95
) -> pd.DataFrame:
    """How many of those invited are left after each step, and which step loses most.

    In: a row per invited customer with a column of 0 and 1 for each of ``steps``, in order; who took a step took those
    before it. Out: ``measure`` (invited and the steps), ``customers``, ``lost_here`` (at this step), ``left_share`` (of
    those invited), ``step_rate`` (of those at the step before) with its Wilson (1927) interval ``step_rate_low``,
    ``step_rate_high``, and ``weakest``, true where the rate is lowest. Rates are missing where nobody was left. Errors:
    CrmkitError for cells other than 0 and 1, and for a customer who skipped a step.

    >>> people = pd.DataFrame({"tried": [1, 1, 1, 0], "active": [1, 0, 0, 0]})
    >>> participation_funnel(people)[["measure", "customers", "weakest"]].values.tolist()
    [['invited', 4, False], ['tried', 3, False], ['active', 1, True]]
    """
    require_frame(customers, what="participation_funnel")
    taken = np.column_stack(
        [
            np.ones(len(customers)),
            *require_numbers(customers, steps, what="participation_funnel", low=0, high=1, whole=True),
        ]
    )
    refuse_rows((np.diff(taken, axis=1) > 0).any(axis=1), "step_skipped", value=", ".join(steps))
    left = taken.sum(axis=0).astype(int)
    rate, low, high = wilson(left, np.append(0, left[:-1]), confidence=confidence)
    return pd.DataFrame(
        {
            "measure": ["invited", *steps],
            "customers": left,
            "lost_here": [0, *-np.diff(left)],
            "left_share": left / left[0],
            "step_rate": rate,
            "step_rate_low": low,
            "step_rate_high": high,
            "weakest": rate == np.nanmin(rate),
        }
    )


@dataclass(frozen=True, kw_only=True)
class OfferEffect(NearestName):
    """What an offer does to each later step, and what it earns per customer to whom it was made."""

    steps: pd.DataFrame  # measure, control_share, treated_share, difference, difference_low, difference_high
    profit_per_offer: Estimate  # currency per customer to whom it was offered, against no offer


def offer_effect(
    customers: pd.DataFrame,
    *,
    value: float,
    cost: float,
    steps: Sequence[str] = ("tried", "active"),
    confidence: float = 0.95,
) -> OfferEffect:
    """The effect of an offer made to customers chosen at random, counted over everybody to whom it was made.

    In: ``group`` (treated, to whom it was made, or control; by chance: see ``trial_frame``) and a column of 0 and 1 for
    each of ``steps``, first what the offer asks for, last what the firm wants: ("tried", "active") for an opening
    offer, ("stayed", "stayed_later") for an incentive to leavers. ``value``: currency that a customer is worth at the
    last step; ``cost``: currency for each customer who takes the first step with the offer. Out: ``OfferEffect``;
    ``steps`` has ``measure``, ``control_share``, ``treated_share``, ``difference`` and its interval ``difference_low``,
    ``difference_high`` (Newcombe 1998, method 10); ``profit_per_offer`` with Welch's (1947) interval. Shares are of all
    customers, never of those who took the step before: an offer changes who those are. Errors: CrmkitError for other
    cells, and fewer than two in either group.

    >>> tried = pd.DataFrame({"group": ["control"] * 100 + ["treated"] * 100})
    >>> tried["tried"] = [1] * 20 + [0] * 80 + [1] * 60 + [0] * 40
    >>> found = offer_effect(tried.assign(active=tried["tried"]), value=10, cost=2)
    >>> found.steps["difference"].round(2).tolist(), found.profit_per_offer.value
    ([0.4, 0.4], 2.8)
    """
    given = is_treated(customers, what="offer_effect")
    taken = require_numbers(customers, steps, what="offer_effect", low=0, high=1, whole=True)
    require_between(value, 0, 1e12, name="value")
    require_between(cost, 0, 1e12, name="cost")
    require_confidence(confidence)
    rows = []
    profit = value * taken[-1] - cost * taken[0] * given
    earned = difference_of_means(profit[given], profit[~given], confidence=confidence)
    for step, took in zip(steps, taken):
        more = difference(took[given], took[~given], confidence=confidence)
        rows.append(
            {
                "measure": step,
                "control_share": took[~given].mean(),
                "treated_share": took[given].mean(),
                "difference": more.value,
                "difference_low": more.low,
                "difference_high": more.high,
            }
        )
    return OfferEffect(steps=pd.DataFrame(rows), profit_per_offer=earned)


def promise_gap(
    orders: pd.DataFrame,
    *,
    at_most: Mapping[str, float] | None = None,
    at_least: Mapping[str, float] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Promise less delivery for each promise, how often each is kept, and how often all are kept on the same order.

    In: a row per order with a column of what was delivered for each promise: ``at_most`` {column: promised}, such as
    days or a price, and ``at_least`` {column: promised}. Out: ``measure`` (the column; last ``all_promises``),
    ``promised``, ``delivered`` (mean), ``gap`` (how much worse than promised on average, in the promise's unit; below
    zero better) with t interval ``gap_low``, ``gap_high``; ``kept_share`` with Wilson interval ``kept_share_low``,
    ``kept_share_high``.
    A mean can be better than the promise while most orders break it. Errors: CrmkitError for cells that are no numbers.

    >>> parcels = pd.DataFrame({"days": [1, 1, 5, 1], "price": [9, 9, 9, 14]})
    >>> promise_gap(parcels, at_most={"days": 2, "price": 10})[["measure", "gap", "kept_share"]].values.tolist()
    [['days', 0.0, 0.75], ['price', 0.25, 0.75], ['all_promises', nan, 0.5]]
    """
    from statsmodels.stats.weightstats import DescrStatsW

    require_confidence(confidence)
    promises = [(name, 1, limit) for name, limit in (at_most or {}).items()]
    promises += [(name, -1, limit) for name, limit in (at_least or {}).items()]
    for name, _, limit in promises:
        require_between(limit, -1e15, 1e15, name=name)
    names = [name for name, _, _ in promises]
    worse_above = np.array([sign for _, sign, _ in promises])
    promised = np.array([limit for _, _, limit in promises], dtype=float)
    delivered = np.column_stack(require_numbers(orders, names, what="promise_gap"))
    worse = worse_above * (delivered - promised)
    kept_each = worse <= 0
    kept = [*kept_each.sum(axis=0), kept_each.all(axis=1).sum()]
    share, low, high = wilson(np.array(kept), len(orders), confidence=confidence)
    gap_low = gap_high = np.full(len(names), np.nan)
    if len(orders) > 1:
        gap_low, gap_high = DescrStatsW(worse).tconfint_mean(1 - confidence)
    return pd.DataFrame(
        {
            "measure": [*names, "all_promises"],
            "promised": [*promised, np.nan],
            "delivered": [*delivered.mean(axis=0), np.nan],
            "gap": [*worse.mean(axis=0), np.nan],
            "gap_low": [*gap_low, np.nan],
            "gap_high": [*gap_high, np.nan],
            "kept_share": share,
            "kept_share_low": low,
            "kept_share_high": high,
        }
    )


@dataclass(frozen=True, kw_only=True)
class BenefitBreadth(NearestName):
    """How the effect of a benefit per member falls as more customers have it, and which breadth pays most."""

    best_breadth: Estimate  # share of customers; infinite where the data do not reach a turn
    curve: pd.DataFrame  # breadth_share, effect_per_member with its _low and _high, effect_per_customer


def benefit_breadth(
    groups: pd.DataFrame, *, cost_per_member: float = 0.0, confidence: float = 0.95
) -> BenefitBreadth:
    """Fit the effect of a benefit per member to how widely it is given, and find the breadth with the highest total.

    In: a row per group (branch, city, forum) with ``breadth_share`` (0 … 1 of its customers have the benefit) and
    ``effect_per_member`` (currency, against like customers without it), and ``members`` if groups differ in size (the
    weights). Model: effect e(b) = e₀ − k·b by weighted least squares with robust errors (HC3); per customer of the
    market the benefit earns b·(e(b) − cost), highest at (e₀ − cost) / 2k; its interval inverts the test that one more
    member adds nothing. Breadth has to be given by chance or by the firm's rule, not by how well groups were doing.
    Errors: CrmkitError for fewer than four groups or the same breadth in all.

    >>> b = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
    >>> forums = pd.DataFrame({"breadth_share": b, "effect_per_member": 10 - 8 * b + [.1, -.1, .1, -.1, .1, -.1]})
    >>> round(benefit_breadth(forums).best_breadth.value, 2)
    0.62
    """
    from statsmodels.api import WLS

    require_frame(groups, what="benefit_breadth")
    b, effect, weight = require_numbers(
        groups if "members" in groups else groups.assign(members=1.0),
        ["breadth_share", "effect_per_member", "members"],
        what="benefit_breadth",
    )
    require_between(b.min(), 0, b.max(), name="breadth_share")
    require_between(b.max(), b.min(), 1, name="breadth_share")
    require_between(weight.min(), 1e-9, np.inf, name="members")
    if len(b) < 4 or len(np.unique(b)) < 3:
        raise CrmkitError("group_too_small", column="breadth_share", value=len(np.unique(b)))
    fit = WLS(effect, np.column_stack([np.ones_like(b), b]), weights=weight).fit(cov_type="HC3", use_t=True)
    at = np.linspace(b.min(), b.max(), 1001)
    each, one_more = (fit.get_prediction(np.column_stack([np.ones_like(at), k * at])) for k in (1, 2))
    best = turning_point(
        at,
        one_more.predicted_mean - cost_per_member,
        one_more.se_mean,
        confidence=confidence,
        freedom=fit.df_resid,
    )
    curve = each.summary_frame(1 - confidence)[["mean", "mean_ci_lower", "mean_ci_upper"]].set_axis(
        ["effect_per_member", "effect_per_member_low", "effect_per_member_high"], axis=1
    )
    curve.insert(0, "breadth_share", at)
    curve["effect_per_customer"] = at * (curve["effect_per_member"] - cost_per_member)
    return BenefitBreadth(best_breadth=best, curve=curve[::20].reset_index(drop=True))
