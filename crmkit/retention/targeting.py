"""Whom a retention offer should go to (F18): scores of risk and of response, how good they are, and what each earns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmkit.core.intervals import wilson
from crmkit.core.schema import (
    require_between,
    require_columns,
    require_numbers,
    require_rng,
    require_whole,
)
from crmkit.core.trials import is_treated


def retention_scores(
    customers: pd.DataFrame, *, trial: pd.DataFrame, features: Sequence[str]
) -> pd.DataFrame:
    """How likely each customer is to leave, and by how much an offer would raise the chance of staying.

    ``trial``: a row per customer of an earlier trial, with ``group`` (treated, who were made the offer, or control;
    drawn by lot), ``kept`` (0, 1) and the ``features``, which are numbers known before the offer; ``customers`` are to
    be scored by the same features. Out: the customers with ``risk``, the probability of leaving without the offer, and
    ``response``, the probability of staying with the offer less that without it, which may be below 0. Two logistic
    regressions, one per group (statsmodels), on the features in units of their standard deviation: risk is the
    control's, response the difference of the two. Score customers who were not in the trial: on its own rows a
    regression looks better than it is.
    Errors: CrmkitError for missing columns, cells that are no numbers, kept other than 0 and 1, fewer than 50 in a
    group.

    >>> rng = np.random.default_rng(2)
    >>> past = simulate_retention_trial(4000, rng=rng)
    >>> now = simulate_retention_trial(1000, rng=rng)
    >>> scored = retention_scores(now, trial=past, features=["months", "complaints", "usage_change"])
    >>> bool(np.corrcoef(scored["risk"], scored["true_risk"])[0, 1] > 0.9)
    True
    """
    import statsmodels.api as sm

    require_columns(customers, features, what="retention_scores")
    treated = is_treated(trial, what="retention_scores")
    (kept,) = require_numbers(trial, ["kept"], low=0, high=1, whole=True, what="retention_scores")
    known = np.column_stack(require_numbers(trial, features, what="retention_scores"))
    asked = np.column_stack(require_numbers(customers, features, what="retention_scores"))
    centre, spread = known.mean(axis=0), known.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    stays = []
    for group, chosen in (("control", ~treated), ("treated", treated)):
        require_between(int(chosen.sum()), 50, np.inf, name=f"customers({group})")
        past = sm.add_constant((known[chosen] - centre) / spread, has_constant="add")
        fit = sm.GLM(kept[chosen], past, family=sm.families.Binomial()).fit()
        stays.append(fit.predict(sm.add_constant((asked - centre) / spread, has_constant="add")))
    return customers.assign(risk=1 - stays[0], response=stays[1] - stays[0])


def score_groups(customers: pd.DataFrame, *, score: str, outcome: str, groups: int = 10) -> pd.DataFrame:
    """Does a score mean what it says: customers in groups from the highest score down, predicted beside actual.

    In: the column ``score``, a probability, and the column ``outcome``, 0 or 1. Out, a row per group of equal size
    (ties in the order of the rows): ``score_group`` 1 … groups, ``customers``, ``predicted_share`` (the mean score),
    ``actual_share`` with Wilson's interval ``actual_share_low``, ``actual_share_high`` (calibration: the two agree),
    ``lift`` (actual share ÷ that of all customers) and ``gain_share`` (of all with the outcome, how many are in this
    group or a higher one). Errors: CrmkitError for numbers out of 0 … 1, fewer customers than groups.

    >>> four = pd.DataFrame({"risk": [0.9, 0.7, 0.2, 0.1], "left": [1, 1, 0, 0]})
    >>> score_groups(four, score="risk", outcome="left", groups=2)[["lift", "gain_share"]].values.tolist()
    [[2.0, 1.0], [0.0, 1.0]]
    """
    (predicted,) = require_numbers(customers, [score], low=0, high=1, what="score_groups")
    (happened,) = require_numbers(customers, [outcome], low=0, high=1, whole=True, what="score_groups")
    groups = require_whole(groups, 2, len(customers), name="groups")
    order = np.argsort(-predicted, kind="stable")
    parts = np.array_split(order, groups)
    hits = np.array([happened[part].sum() for part in parts])
    sizes = np.array([len(part) for part in parts])
    share, low, high = wilson(hits, sizes)
    overall = happened.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = share / overall
        gain = hits.cumsum() / hits.sum()
    return pd.DataFrame(
        {
            "score_group": np.arange(1, len(parts) + 1),
            "customers": sizes,
            "predicted_share": [predicted[part].mean() for part in parts],
            "actual_share": share,
            "actual_share_low": low,
            "actual_share_high": high,
            "lift": lift,
            "gain_share": gain,
        }
    )


def targeting_curve(
    trial: pd.DataFrame,
    *,
    by: str,
    customer_value: float,
    cost_per_offer: float,
    steps: int = 20,
) -> pd.DataFrame:
    """What an offer to the highest scores alone would keep and earn, from none of the customers to all.

    In: a trial as for ``keeping_pays`` (``group``, ``kept``), with the score ``by``; ``customer_value`` and
    ``cost_per_offer`` in currency. Out, a row per share from 0 to 1: ``targeted_share``; ``saved_per_customer``, the
    customers saved per customer of the whole base, by comparing those treated with those held out *among the targeted*
    (Radcliffe's 2007 Qini curve, scaled to the base); ``by_lot_per_customer``, what as many offers at random would
    save; ``profit_per_customer`` = saved × value − targeted share × cost; each of a whole base, treated and control
    together. ``qini`` is the mean of saved less by lot over all shares, the same in every row: above 0 the score finds
    customers whom the offer keeps. Ties stand in the order of the rows. The curve is an estimate: with few customers
    targeted it swings.
    Errors: CrmkitError for a score that is no number, an empty group, costs below 0.

    >>> four = pd.DataFrame({"group": ["treated", "control"] * 2, "kept": [1, 0, 1, 1], "score": [0.9, 0.9, 0.1, 0.1]})
    >>> targeting_curve(four, by="score", customer_value=10, cost_per_offer=1, steps=2)["profit_per_customer"].tolist()
    [0.0, 4.5, 4.0]
    """
    treated = is_treated(trial, what="targeting_curve")
    (kept,) = require_numbers(trial, ["kept"], low=0, high=1, whole=True, what="targeting_curve")
    (score,) = require_numbers(trial, [by], what="targeting_curve")
    require_between(customer_value, 0, 1e12, name="customer_value")
    require_between(cost_per_offer, 0, 1e12, name="cost_per_offer")
    steps = require_whole(steps, 2, 1000, name="steps")
    order = np.argsort(-score, kind="stable")
    offered, stayed = treated[order], kept[order]
    counts = np.round(np.linspace(0, len(trial), steps + 1)).astype(int)
    saved = np.array([_saved(offered[:count], stayed[:count]) for count in counts]) * counts / len(trial)
    targeted = counts / len(trial)
    by_lot = targeted * saved[-1]
    return pd.DataFrame(
        {
            "targeted_share": targeted,
            "saved_per_customer": saved,
            "by_lot_per_customer": by_lot,
            "profit_per_customer": saved * customer_value - targeted * cost_per_offer,
            "qini": float((saved - by_lot).mean()),
        }
    )


def _saved(offered: np.ndarray, stayed: np.ndarray) -> float:
    """Kept with the offer less kept without it, among these customers; 0 where one group is not among them."""
    if not offered.any() or offered.all():
        return 0.0
    return float(stayed[offered].mean() - stayed[~offered].mean())


def simulate_retention_trial(customers: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """A telecom's retention offer of known truth: customers most likely to leave are not those whom it keeps.

    Out, a row per customer: ``customer_id``, ``months`` (since joining), ``complaints`` (in the last quarter),
    ``usage_change`` (of the last quarter against the one before; −0.5 is half), ``group`` (treated or control, by lot),
    ``kept`` (0, 1) and the truth, ``true_risk`` (probability of leaving without the offer) and ``true_response`` (by
    how much the offer raises the probability of staying). Assumed: complaints and falling use make leaving likelier,
    months less likely; the offer helps those with complaints, who wait for a sign of goodwill; those whose use has
    collapsed have a new supplier already and do not respond; new customers without complaints are reminded by the
    offer that they could leave, and a few do.

    >>> trial = simulate_retention_trial(1000, rng=np.random.default_rng(1))
    >>> sorted(trial["group"].unique()), bool((trial["true_response"] < 0).any())
    (['control', 'treated'], True)
    """
    size = require_whole(customers, 4, 10_000_000, name="customers")
    require_rng(rng)
    months = rng.gamma(1.5, 16, size).clip(1, 120).round()
    complaints = rng.poisson(rng.gamma(0.6, 1, size))
    usage_change = rng.normal(-0.05, 0.3, size).clip(-0.95, 1).round(2)
    pull = -2.1 + 0.25 * complaints - 2.6 * usage_change - 0.012 * months
    effect = 0.8 * np.minimum(complaints, 3) - 0.1 + 0.9 * np.minimum(usage_change, 0)
    risk = 1 / (1 + np.exp(-pull))
    with_offer = 1 / (1 + np.exp(-(pull - effect)))
    treated = rng.permutation(size) < size // 2
    leaves = rng.random(size) < np.where(treated, with_offer, risk)
    return pd.DataFrame(
        {
            "customer_id": [f"T{number:06d}" for number in range(1, size + 1)],
            "months": months,
            "complaints": complaints,
            "usage_change": usage_change,
            "group": np.where(treated, "treated", "control"),
            "kept": (~leaves).astype(int),
            "true_risk": risk,
            "true_response": risk - with_offer,
        }
    )
