"""Growing the customer: the four elements of purchase (F23), the customer ladder (F24) and referrals (F27)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import tails, wilson
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_choice,
    require_columns,
    require_confidence,
    require_known,
    require_numbers,
)

LOST = "lost_customer"  # the state beside the ladder's rungs


def purchase_funnel(
    people: pd.DataFrame,
    *,
    lift: float = 0.05,
    rng: np.random.Generator | None = None,
    draws: int = 2000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Find where people stop on the way to a purchase, and which stage pays best to lift (F23).

    In: one row per stage, from all who were approached to the last element: ``stage``, ``people``, how many got at
    least that far, and ``value``, currency earned when a person gets there (a first sale at trust, later sales at
    satisfaction). ``lift``: percentage points added to a stage's conversion (0.05 = 5 points), up to the stage's
    ``ceiling`` (0 … 1; 1 without that column); with ``lift=1`` and benchmarks as ceilings each stage is lifted to its
    benchmark. ``cost``: currency that lifting the stage costs (0 without that column).

    People won at one stage are assumed to go on like those already there, so the gain of stage k is what
    N · Σⱼ vⱼ·p₁…pⱼ rises by when pₖ alone changes. Out, a row per stage after the first: ``stage``, ``people_before``,
    ``people``, ``conversion_rate`` with ``conversion_rate_low``, ``conversion_rate_high`` (Wilson 1927),
    ``lifted_rate``, ``gain``, ``cost``, ``net_gain`` and, with ``rng``, ``net_gain_low``, ``net_gain_high`` and
    ``best_probability``: how often the stage came out best over conversions drawn from their posterior (beta, Jeffreys'
    prior).
    Errors: CrmkitError for counts that rise, a stage that nobody reached, a stage twice, a ceiling outside 0 … 1.

    >>> import pandas as pd
    >>> seal = pd.DataFrame({"stage": ["approached", "product_understanding", "need_and_worth", "trust"],
    ...                      "people": [1000, 800, 400, 100], "value": [0, 0, 0, 500]})
    >>> purchase_funnel(seal)["gain"].round().tolist()
    [3125.0, 5000.0, 10000.0]
    """
    require_columns(people, ["stage", "people", "value"], what="purchase_funnel")
    table = people.assign(
        **{name: other for name, other in (("cost", 0.0), ("ceiling", 1.0)) if name not in people}
    )
    limits = dict.fromkeys(("people", "value", "cost"), (0, np.inf)) | {"ceiling": (0, 1)}
    n, value, cost, top = require_numbers(table, limits, what="purchase_funnel")
    top = top[1:]
    require_between(lift, 0, 1, name="lift")
    require_between(draws, 100, 1_000_000, name="draws")
    before, reached = n[:-1], n[1:]
    wrong = np.append(len(n) < 2, (reached > before) | (before <= 0)) | table["stage"].duplicated()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CrmkitError(
            "funnel_counts", row=row, column="people", value=f"{people['stage'].iloc[row]}: {n[row]:g}"
        )

    def lifted(p):
        return np.maximum(p, np.minimum(p + lift, top))

    def worth(p):
        return n[0] * (np.cumprod(p, axis=-1) * value[1:]).sum(axis=-1)

    def net_gains(p):  # of lifting one stage at a time
        one = np.eye(len(top)) > 0
        return worth(np.where(one, lifted(p)[..., None, :], p[..., None, :])) - worth(p)[..., None] - cost[1:]

    rate, low, high = wilson(reached, before, confidence=confidence)
    result = pd.DataFrame(
        {
            "stage": people["stage"].to_numpy()[1:],
            "people_before": before,
            "people": reached,
            "conversion_rate": rate,
            "conversion_rate_low": low,
            "conversion_rate_high": high,
            "lifted_rate": lifted(rate),
            "gain": net_gains(rate) + cost[1:],
            "cost": cost[1:],
            "net_gain": net_gains(rate),
        }
    )
    if rng is not None:
        drawn = net_gains(rng.beta(reached + 0.5, before - reached + 0.5, (draws, len(top))))
        result["net_gain_low"], result["net_gain_high"] = np.quantile(drawn, tails(confidence), axis=0)
        result["best_probability"] = np.bincount(drawn.argmax(axis=1), minlength=len(top)) / draws
    return result


@dataclass(frozen=True, kw_only=True)
class CustomerLadder:
    """The ladder as a Markov chain: who moves where, what a customer on each rung is worth, whom to let go of."""

    rungs: pd.DataFrame  # a row per rung, lowest first; see customer_ladder
    transitions: pd.DataFrame  # from_rung, to_rung, customers, probability with probability_low and _high
    checks: (
        pd.DataFrame
    )  # check, statistic, degrees_of_freedom, p_value: whether one chain describes the panel


def customer_ladder(
    panel: pd.DataFrame,
    *,
    rungs: pd.DataFrame,
    discount_rate_per_period: float,
    rng: np.random.Generator | None = None,
    resamples: int = 500,
    confidence: float = 0.95,
) -> CustomerLadder:
    """Value each rung of the customer ladder by where its customers go from there (F24).

    In: ``customer_id``, ``period`` (a number, a date or, all of one length, text: "2024Q1"; those in the panel follow
    each other), ``rung``, one row per customer and period, without gaps; a customer who has left is on
    ``lost_customer``, and stays there unless the panel shows returns. ``rungs``, lowest first: ``rung``,
    ``margin`` and, if serving costs more than the margin counts, ``cost``, currency per customer and period.
    The chance of a move is its share of the moves seen from the rung.

    Out: ``rungs`` with ``rung``, ``margin``, ``cost``; ``value``, margins less costs expected from now on, this period
    in full: v = (I − P/(1 + d))⁻¹ m (Pfeifer & Carraway 2000); ``value_with_screening``, the same where the firm may
    let a customer go at any time, and ``keep``, whether to serve the rung (policy iteration, Howard 1960);
    ``top_probability``, the chance of ever reaching the top rung, and ``periods_to_top``, how long those who reach it
    take. With ``rng``, ``value_low`` and ``value_high``, and ``probability_low``, ``probability_high`` of the transitions, from customers
    drawn with replacement. ``checks`` are likelihood-ratio tests (Anderson & Goodman 1957): the rung should matter
    (``depends_on_rung``: a small p_value); where the rung before it (``depends_on_earlier_rung``) or the period
    (``changes_over_time``) matters too, one chain does not describe the panel, and the values are a rough guide only.
    Errors: CrmkitError for unknown rungs, gaps, a customer twice in a period, a rung that nobody was seen to leave.

    >>> import pandas as pd
    >>> panel = pd.DataFrame({"customer_id": list("aabbcc"), "period": [1, 2] * 3, "rung": [
    ...     "client", "client", "client", "lost_customer", "client", "client"]})
    >>> ladder = customer_ladder(panel, rungs=pd.DataFrame({"rung": ["client"], "margin": [100]}),
    ...                          discount_rate_per_period=0.1)
    >>> ladder.rungs["value"].round(2).tolist()
    [253.85]
    """
    require_columns(panel, ["customer_id", "period", "rung"], what="customer_ladder")
    require_between(discount_rate_per_period, 1e-6, 10, name="discount_rate_per_period")
    require_between(resamples, 10, 1_000_000, name="resamples")
    require_columns(rungs, ["rung", "margin"], what="customer_ladder(rungs=)")
    result = rungs.assign(cost=rungs["cost"] if "cost" in rungs else 0.0)[["rung", "margin", "cost"]]
    net = np.subtract(*(np.append(x, 0) for x in require_numbers(result, ["margin", "cost"], what="rungs")))
    states = [*result["rung"], LOST]
    if len({*states}) < len(states):
        raise CrmkitError("rungs_not_distinct", value=", ".join(map(str, states)))
    length = panel["period"].map(lambda period: len(period) if isinstance(period, str) else 0).to_numpy(int)
    refuse_rows(length != length.max(initial=0), "periods_not_in_order", panel["period"])
    who, when, rung = (
        pd.factorize(panel["customer_id"])[0],
        pd.factorize(panel["period"], sort=True)[0],
        pd.Index(states).get_indexer(panel["rung"]),
    )
    if (rung < 0).any():
        require_choice(panel["rung"].iloc[int(np.argmax(rung < 0))], states, name="rung")
    order = np.lexsort((when, who))
    who, when, rung = who[order], when[order], rung[order]
    moved = who[1:] == who[:-1]
    gaps = (moved & (np.diff(when) != 1)).sum() + (who < 0).sum() + (when < 0).sum()
    if gaps or not moved.any():
        raise CrmkitError("panel_gap", column="period", count=int(gaps))
    start, end, k, top = rung[:-1], rung[1:], len(states), len(states) - 2

    each = np.bincount(((who[:-1] * k + start) * k + end)[moved], minlength=(who[-1] + 1) * k * k)
    kinds, many = np.unique(
        each.reshape(-1, k * k), axis=0, return_counts=True
    )  # equal customers are drawn together

    def chances(counts, unseen):
        counts = counts.reshape(-1, k, k)
        total = counts.sum(axis=-1, keepdims=True)
        return np.where(total > 0, counts / np.maximum(total, 1), unseen)

    def values(p, kept=np.ones(k)):
        system = np.eye(k) - kept[:, None] * p / (1 + discount_rate_per_period)
        return np.linalg.solve(system, (kept * net)[:, None])[..., 0]

    counts = many @ kinds
    p = chances(counts, np.eye(k))[0]
    left = counts.reshape(k, k).sum(axis=1) > 0
    if not left[:-1].all():
        raise CrmkitError("rung_unseen", value=states[int(np.argmin(left))])
    kept = np.ones(k)
    for _ in range(100):  # a few rounds settle which states to serve
        screened = values(p, kept)
        kept = (net + p @ screened / (1 + discount_rate_per_period) > 0) * 1.0
    outside = (
        np.where(np.eye(k)[top] > 0, 0, p) * (np.eye(k)[top] == 0)[:, None]
    )  # moves that avoid the top rung
    steps = (1 + 1e-12) * np.eye(
        k
    ) - outside  # the least above 1, so that being lost for ever can be solved too
    chance = np.linalg.solve(steps, np.where(np.eye(k)[top] > 0, 0, p[:, top]))
    periods = np.linalg.solve(steps, chance)
    chance[top] = 1
    result = result.assign(
        value=values(p)[:-1],
        value_with_screening=screened[:-1],
        keep=kept[:-1] > 0,
        top_probability=chance[:-1],
        periods_to_top=np.divide(periods, chance, out=np.full(k, np.nan), where=chance > 0)[:-1],
    )
    transitions = pd.DataFrame(
        {
            "from_rung": np.repeat(states, k),
            "to_rung": np.tile(states, k),
            "customers": counts,
            "probability": p.ravel(),
        }
    )
    if rng is not None:
        n = many.sum()
        drawn = chances(np.stack([rng.multinomial(n, many / n) @ kinds for _ in range(resamples)]), p)
        transitions["probability_low"], transitions["probability_high"] = np.quantile(
            drawn.reshape(resamples, -1), tails(confidence), axis=0
        )
        result["value_low"], result["value_high"] = np.quantile(values(drawn), tails(confidence), axis=0)[
            :, :-1
        ]
    here = moved & (start <= top)
    earlier = np.append(False, here[:-1]) & here  # seen in the period before as well
    checks = {
        "depends_on_rung": (here, start, np.zeros_like(start)),
        "depends_on_earlier_rung": (earlier, np.roll(start, 1), start),
        "changes_over_time": (here, when[:-1], start),
    }
    return CustomerLadder(
        rungs=result,
        transitions=transitions,
        checks=pd.DataFrame(
            [
                (name, *_likelihood_ratio(rows[of], end[of], strata[of]))
                for name, (of, rows, strata) in checks.items()
            ],
            columns=["check", "statistic", "degrees_of_freedom", "p_value"],
        ),
    )


def _likelihood_ratio(rows, columns, strata) -> tuple[float, int, float]:
    """G², its degrees of freedom and p-value of rows and columns being independent within every stratum."""
    from scipy.stats import chi2, chi2_contingency
    from scipy.stats.contingency import crosstab

    tables = [crosstab(rows[strata == s], columns[strata == s]).count for s in np.unique(strata)]
    found = [
        chi2_contingency(t, lambda_="log-likelihood", correction=False) for t in tables if min(t.shape) > 1
    ]
    statistic, freedom = sum(f.statistic for f in found), sum(f.dof for f in found)
    return statistic, freedom, float(chi2.sf(statistic, freedom)) if freedom else np.nan


@dataclass(frozen=True, kw_only=True)
class ReferralGrowth:
    """How far referrals carry the customer base."""

    rates: pd.DataFrame  # measure, estimate, estimate_low, estimate_high; see referral_growth
    paths: pd.DataFrame  # period, customers, customers_low, customers_high, without_referral: from today on
    steady_customers: float  # where the base settles; infinite where referrals outrun churn


def referral_growth(periods: pd.DataFrame, *, horizon: int = 12, confidence: float = 0.95) -> ReferralGrowth:
    """Measure the referral coefficient, and what it does to the number of customers beside churn (F27).

    In: a row per past period, the latest last: ``customers`` at its start, ``referred_customers`` and
    ``other_new_customers`` won, ``customers_lost``, and ``invitations`` that customers made (may be missing).
    Out: ``rates``: ``referral_coefficient`` q, referred customers per customer and period (exact Poisson interval,
    Garwood 1936), ``churn_rate`` c (Wilson), ``net_growth_rate`` q − c (the two intervals combined after Donner & Zou
    2012); with invitations, ``invitations_per_customer`` and ``invitation_conversion_rate``, whose product is q (the K
    factor). ``paths`` follow N ← N·(1 + q − c) + a over ``horizon`` periods, a the mean of other new customers;
    ``customers_low``, ``customers_high`` are the paths at the ends of the interval of q − c. Above q = c the base grows by itself; below,
    it settles at a/(c − q). Each referral counts as independent: where a few customers bring most of them, the
    intervals are too narrow.
    Errors: CrmkitError for counts that are negative or no numbers, more lost than there were, fewer
    invitations than referred customers.

    >>> import pandas as pd
    >>> year = pd.DataFrame({"customers": [1000], "referred_customers": [60], "other_new_customers": [80],
    ...                      "customers_lost": [100]})
    >>> growth = referral_growth(year)
    >>> round(growth.steady_customers), growth.rates["estimate"].round(3).tolist()
    (2000, [0.06, 0.1, -0.04])
    """
    from statsmodels.stats.rates import confint_poisson

    counted = ["customers", "referred_customers", "other_new_customers", "customers_lost"]
    n, referred, other, lost = require_numbers(periods, counted, what="referral_growth", low=0)
    wrong = (lost > n) | (n <= 0)
    refuse_rows(wrong, "more_lost_than_there", periods["customers_lost"], customers=n[wrong.argmax()])
    require_between(horizon, 1, 1000, name="horizon")
    require_confidence(confidence)

    def per(count, exposure):
        return count / exposure, *confint_poisson(count, exposure, method="exact-c", alpha=1 - confidence)

    q, c = per(referred.sum(), n.sum()), wilson(lost.sum(), n.sum(), confidence=confidence)
    net = q[0] - c[0]
    net = net, net - np.hypot(q[0] - q[1], c[2] - c[0]), net + np.hypot(q[2] - q[0], c[0] - c[1])
    rates = {"referral_coefficient": q, "churn_rate": c, "net_growth_rate": net}
    if "invitations" in periods:
        sent = require_numbers(periods, ["invitations"], what="referral_growth", low=0)[0].sum()
        if sent < max(referred.sum(), 1):
            raise CrmkitError("fewer_invitations", column="invitations", value=sent, referred=referred.sum())
        rates |= {
            "invitations_per_customer": per(sent, n.sum()),
            "invitation_conversion_rate": wilson(referred.sum(), sent, confidence=confidence),
        }
    paths = {"period": np.arange(horizon + 1)}
    for name, rate in zip(
        ("customers", "customers_low", "customers_high", "without_referral"), (*net, -c[0])
    ):
        growth = (1 + rate) ** paths["period"]
        now = n[-1] + referred[-1] + other[-1] - lost[-1]
        paths[name] = now * growth + other.mean() * np.append(0, growth.cumsum()[:-1])
    return ReferralGrowth(
        rates=pd.DataFrame(
            [(name, *r) for name, r in rates.items()],
            columns=["measure", "estimate", "estimate_low", "estimate_high"],
        ),
        paths=pd.DataFrame(paths),
        steady_customers=float(other.mean() / -net[0]) if net[0] < 0 else np.inf,
    )


def referral_value(
    referrals: pd.DataFrame,
    *,
    came_anyway_share: float,
    discount_rate_per_period: float,
    acquisition_cost: float = 0.0,
    reward: float = 0.0,
) -> pd.DataFrame:
    """The value that each customer brought by referring others, after Kumar, Petersen & Leone (2007) (F27).

    In: a row per customer who was referred: ``customer_id`` of the one who referred, ``referred_value``, the newcomer's
    own lifetime value on joining, currency, and ``periods_later``, when that is, from today. ``came_anyway_share``
    (0 … 1) would have joined without it: of those only the ``acquisition_cost`` is saved. ``reward`` is paid for each.
    Out: ``customer_id``, ``referrals``, ``referral_value`` (discounted), the most valuable first.
    Errors: CrmkitError for missing columns or values, a share outside 0 … 1.

    >>> import pandas as pd
    >>> two = pd.DataFrame({"customer_id": ["a", "a"], "referred_value": [100.0, 200.0], "periods_later": [0, 1]})
    >>> referral_value(two, came_anyway_share=0.5, discount_rate_per_period=0.25)["referral_value"].tolist()
    [130.0]
    """
    require_between(came_anyway_share, 0, 1, name="came_anyway_share")
    require_between(discount_rate_per_period, 0, 10, name="discount_rate_per_period")
    for name, amount in (("acquisition_cost", acquisition_cost), ("reward", reward)):
        require_between(amount, 0, 1e15, name=name)
    require_known(referrals, ["customer_id"], what="referral_value")
    worth, later = require_numbers(referrals, ["referred_value", "periods_later"], what="referral_value")
    each = ((1 - came_anyway_share) * worth + acquisition_cost - reward) / (
        1 + discount_rate_per_period
    ) ** later
    table = pd.Series(each).groupby(referrals["customer_id"].to_numpy()).agg(["size", "sum"])
    table = table.set_axis(["referrals", "referral_value"], axis=1).rename_axis("customer_id").reset_index()
    return table.sort_values(["referral_value", "customer_id"], ascending=[False, True], ignore_index=True)
