"""The CRM plan and its resources: did a campaign work (F28), and where should the money go (F29)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.allocation import best_spread, draw_elasticities
from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import (
    Estimate,
    Numbers,
    difference,
    ends_of,
    interval_of,
    of_confidence,
    survival_curve,
)
from crmkit.core.schema import (
    require_between,
    require_columns,
    require_confidence,
    require_frame,
    require_known,
    require_numbers,
    require_rng,
)
from crmkit.core.trials import is_treated

EVERYBODY, LARGE = "all_customers", np.finfo(float).max
WAYS = {"planning_by_time": "period", "planning_by_product": "product_id", "planning_by_customer": "tier"}


# --- campaigns (F28) ------------------------------------------------------------------------


def uplift(
    outcomes: pd.DataFrame,
    *,
    margin_per_unit: float | None = None,
    discount_per_unit: float = 0.0,
    cost_per_contact: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """What a campaign changed: treated customers against a control group drawn at random (F28).

    In: a row per customer: ``group`` (treated or control; everybody who was drawn, whether the offer was used or not),
    ``outcome`` (units bought, currency, or 0/1); optionally ``segment``, and ``before``, the same outcome before the
    campaign, which narrows the interval and estimates the same thing (regression with interactions, Lin 2013; it is
    CUPED, Deng et al. 2013). Per unit of outcome a ``margin_per_unit`` is earned (1 where the outcome is money that the
    firm keeps), and with treated customers a ``discount_per_unit`` given away, also on what they would have bought
    anyway; a contact costs ``cost_per_contact``.

    Out, a row for ``all_customers`` and one per segment: ``segment``, ``treated``, ``control`` (customers),
    ``treated_mean``, ``control_mean``, ``uplift`` with ``uplift_low``, ``uplift_high`` (Welch 1947; for 0/1 Newcombe
    1998; HC3 with ``before``), ``p_value`` (0/1: Fisher's exact test), ``p_adjusted`` over the segments (Holm 1979),
    and, with ``margin_per_unit``, ``net_profit``, ``net_profit_low``, ``net_profit_high`` of those treated together,
    currency. Errors: CrmkitError for another group, an outcome that is no number, fewer than 4 customers in a group of
    a segment, a cost below 0, and costs without a margin.

    >>> import pandas as pd
    >>> tried = pd.DataFrame({"group": ["treated"] * 5 + ["control"] * 5, "outcome": [3, 5, 4, 6, 2, 1, 3, 2, 2, 2]})
    >>> uplift(tried, margin_per_unit=1, cost_per_contact=0.5)[["uplift", "net_profit"]].values.tolist()
    [[2.0, 7.5]]
    """
    from statsmodels.stats.multitest import multipletests

    earned = 0.0 if margin_per_unit is None else margin_per_unit
    require_between(earned, -1e15, 1e15, name="margin_per_unit")
    require_between(discount_per_unit, 0, 1e15, name="discount_per_unit")
    require_between(cost_per_contact, 0, 1e15, name="cost_per_contact")
    if margin_per_unit is None and (discount_per_unit or cost_per_contact):
        raise CrmkitError("margin_per_unit_needed", name="margin_per_unit")
    require_confidence(confidence)
    treated, outcome, before = _arms(outcomes, "uplift")
    paid = outcome * (earned - discount_per_unit * treated) - cost_per_contact * treated
    rows, segments = [], outcomes.get("segment", pd.Series(EVERYBODY, outcomes.index))
    for segment in dict.fromkeys([EVERYBODY, *segments]):
        here = ((segments == segment) | (segment == EVERYBODY)).to_numpy()
        t, y = treated[here], outcome[here]
        if min(t.sum(), (~t).sum()) < 4:
            raise CrmkitError("arm_too_small", value=segment, count=int(min(t.sum(), (~t).sum())))
        profit = np.array(_difference(paid[here], t, before[here], confidence)[:3]) * t.sum()
        rows.append(
            (
                segment,
                t.sum(),
                (~t).sum(),
                y[t].mean(),
                y[~t].mean(),
                *_difference(y, t, before[here], confidence),
                *profit,
            )
        )
    table = pd.DataFrame(
        rows,
        columns=[
            "segment",
            "treated",
            "control",
            "treated_mean",
            "control_mean",
            "uplift",
            "uplift_low",
            "uplift_high",
            "p_value",
            "net_profit",
            "net_profit_low",
            "net_profit_high",
        ],
    )
    p = table["p_value"].fillna(1)
    of_segments = multipletests(p[1:], method="holm")[1] if len(p) > 1 else ()
    table = table.assign(p_adjusted=[*p[:1], *of_segments])
    if margin_per_unit is None:  # what a unit is worth is not known
        table = table.drop(columns=["net_profit", "net_profit_low", "net_profit_high"])
    return of_confidence(table, confidence)


def _arms(outcomes: pd.DataFrame, what: str):
    """Who was treated, the outcome, and the outcome before (the same for all where it is not known)."""
    treated = is_treated(outcomes, what=what)
    known = outcomes.assign(before=outcomes.get("before", 0.0))
    outcome, before = require_numbers(known, ["outcome", "before"], what=what)
    return treated, outcome, before


def _difference(y, treated, before, confidence) -> tuple:
    """Treated less control, its interval and the p-value."""
    from scipy.stats import fisher_exact, ttest_ind
    from statsmodels.api import OLS

    a, b = y[treated], y[~treated]
    if np.ptp(before) > 0:
        x = before - before.mean()
        fit = OLS(y, np.column_stack([np.ones(len(y)), treated, x, x * treated])).fit(
            cov_type="HC3", use_t=True
        )
        return fit.params[1], *fit.conf_int(1 - confidence)[1], fit.pvalues[1]
    yes_no = np.isin(y, (0, 1)).all()
    if np.ptp(a) == np.ptp(b) == 0 and not yes_no:  # nothing varies, nothing to test
        return *[a[0] - b[0]] * 3, np.nan
    test = (
        fisher_exact([[a.sum(), b.sum()], [(1 - a).sum(), (1 - b).sum()]])
        if yes_no
        else ttest_ind(a, b, equal_var=False)
    )
    return *difference(a, b, confidence=confidence).numbers, test.pvalue


def check_randomisation(outcomes: pd.DataFrame, *, treated_share: float = 0.5) -> pd.DataFrame:
    """Whether the groups look drawn at random: their sizes, and what was known of them before (F28).

    In: as for ``uplift``; ``treated_share`` as it was planned. Out: ``check``, ``statistic``, ``p_value``:
    ``group_sizes`` (chi-square: a sample ratio mismatch), ``balance_before`` (Welch) and ``balance_segments``
    (chi-square) where those columns are there. A p_value under 0.001 says that the draw went wrong, and that no uplift
    should be read from it. Errors: as for ``uplift``.

    >>> import pandas as pd
    >>> drawn = pd.DataFrame({"group": ["treated"] * 60 + ["control"] * 40, "outcome": 1})
    >>> check_randomisation(drawn)["statistic"].tolist()
    [4.0]
    """
    from scipy.stats import chi2_contingency, chisquare, ttest_ind

    treated, _, before = _arms(outcomes, "check_randomisation")
    require_between(treated_share, 0.001, 0.999, name="treated_share")
    n = len(treated)
    found = {
        "group_sizes": chisquare(
            [treated.sum(), n - treated.sum()], [n * treated_share, n * (1 - treated_share)]
        )
    }
    if np.ptp(before) > 0:
        found["balance_before"] = ttest_ind(before[treated], before[~treated], equal_var=False)
    if "segment" in outcomes:
        found["balance_segments"] = chi2_contingency(pd.crosstab(outcomes["segment"], treated))
    return pd.DataFrame(
        [(name, f.statistic, f.pvalue) for name, f in found.items()],
        columns=["check", "statistic", "p_value"],
    )


def sample_size(
    effects: float | Numbers,
    *,
    baseline_rate: float | None = None,
    standard_deviation: float | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
    controls_per_treated: float = 1.0,
) -> pd.DataFrame:
    """How many customers a test needs to find an effect of a given size (F28).

    ``effects``: one number or several, the least uplift worth finding: of a share (then give ``baseline_rate``, the
    share among controls, 0 … 1) or of a mean (then ``standard_deviation`` of the outcome). Two-sided tests at
    ``confidence`` (Cohen 1988: the t-test for means, the arcsine difference of shares). Out: ``effect``, ``treated``,
    ``control``, ``customers`` (both). Errors: CrmkitError unless exactly one of the two is given, or for a share
    outside 0 … 1.

    >>> sample_size([0.5, 0.8], standard_deviation=1.0)["treated"].tolist()
    [64, 26]
    """
    from statsmodels.stats.power import NormalIndPower, TTestIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    if (baseline_rate is None) == (standard_deviation is None):
        raise CrmkitError("rate_or_deviation")
    if isinstance(effects, str):
        require_between(effects, -LARGE, LARGE, name="effects")
    given = pd.DataFrame({"effect": np.ravel(np.asarray(effects))})
    (wanted,) = require_numbers(given, ["effect"], what="sample_size")
    require_between(np.abs(wanted).min(), 1e-12, LARGE, name="effects")
    require_between(power, 0.001, 0.999, name="power")
    require_confidence(confidence)
    require_between(controls_per_treated, 0.001, 1000, name="controls_per_treated")
    if baseline_rate is not None:
        require_between(baseline_rate, 0, 1, name="baseline_rate")
        for rate in baseline_rate + wanted:
            require_between(rate, 0, 1, name="baseline_rate + effects")
        solver = NormalIndPower()
        sizes = proportion_effectsize(baseline_rate + wanted, baseline_rate)
    else:
        require_between(standard_deviation, 1e-12, LARGE, name="standard_deviation")
        solver = TTestIndPower()
        sizes = wanted / standard_deviation
    require_between(np.abs(sizes).min(), 1e-6, LARGE, name="effects")

    least = 2 / min(1, controls_per_treated)  # two in each group, for there to be a spread
    alpha, ratio = 1 - confidence, controls_per_treated
    found = []
    for size in np.minimum(np.abs(sizes), 10):  # beyond that scipy gives no power
        needed = least
        if solver.power(size, least, alpha, ratio) < power:
            needed = float(np.squeeze(solver.solve_power(size, power=power, alpha=alpha, ratio=ratio)))
        found.append(max(needed, least))
    treated = np.ceil(np.array(found) - 1e-9).astype(int)
    control = np.ceil(np.array(found) * ratio - 1e-9).astype(int)
    return pd.DataFrame(
        {"effect": wanted, "treated": treated, "control": control, "customers": treated + control}
    )


def retention_by_source(customers: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """How long customers stay, by where they came from: those won by a promotion beside the others (F28).

    In: a row per customer: ``source``, ``months`` from the first order to the loss or, where not lost, to today, and
    ``lost`` (0/1). Customers who came late have had less time to leave; Kaplan & Meier's (1958) curve allows for that,
    a share of those still there does not. Out: ``source``, ``months``, ``retention_rate``, ``retention_rate_low``,
    ``retention_rate_high`` (log-log), from month 0 to the last one observed, and in every row ``p_value`` of the
    log-rank test (Mantel 1966): one curve for all. The sources were not drawn at random: a difference says who came,
    not what the promotion did to them. Errors: CrmkitError for negative months, ``lost`` other than 0/1, fewer than two
    sources.

    >>> import pandas as pd
    >>> won = pd.DataFrame({"source": ["double_11"] * 3 + ["other"] * 2, "months": [1, 2, 2, 6, 9],
    ...                     "lost": [1, 1, 0, 1, 0]})
    >>> retention_by_source(won)["retention_rate"].round(2).tolist()
    [1.0, 0.67, 0.33, 1.0, 0.5, 0.5]
    """
    from statsmodels.duration.survfunc import survdiff

    require_known(customers, ["source"], what="retention_by_source")
    (months,) = require_numbers(customers, ["months"], what="retention_by_source", low=0)
    (lost,) = require_numbers(customers, ["lost"], what="retention_by_source", low=0, high=1, whole=True)
    source = customers["source"].to_numpy()
    if customers["source"].nunique() < 2:
        raise CrmkitError("one_source", column="source", value=source[0])
    curves = {
        name: survival_curve(months[source == name], lost[source == name], confidence=confidence)
        for name in pd.unique(source)
    }
    table = pd.concat(curves, names=["source"]).reset_index("source").reset_index(drop=True)
    p_value = (
        float(survdiff(months, lost, source)[1]) if lost.any() else np.nan
    )  # nobody left: nothing to test
    table.columns = table.columns.str.replace("share", "retention_rate")
    return table.rename(columns={"time": "months"}).assign(p_value=p_value)


# --- resources (F29) ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BudgetPlan(NearestName):
    """A budget spread over its uses so that the profit is the highest."""

    options: pd.DataFrame  # the uses, with resources_after, margin_before, margin_after, marginal_return
    profit: Estimate  # currency: margin less what is spent
    profit_change: Estimate  # against today's spending
    unspent: float  # currency: kept, because one more would return less than one
    shadow_price: float  # profit that one more unit of budget would bring


def plan_budget(
    options: pd.DataFrame,
    *,
    budget: float,
    group_caps: Mapping[str, float] | None = None,
    rng: np.random.Generator | None = None,
    elasticity_sd: float = 0.1,
    draws: int = 2000,
    confidence: float = 0.95,
) -> BudgetPlan:
    """Spread a budget over tiers, programmes or any other uses with diminishing returns (F29).

    In: a row per use: ``option``; the ``resources`` it gets today and the ``margin`` it earns with them, currency;
    ``elasticity``, 0 … 0.99, by how many per cent the margin rises with one per cent more; optionally ``at_least`` and
    ``at_most``, currency, and ``group``, with ``group_caps`` the most that the uses of a group may get together.
    Assumed is margin · (resources_after / resources)^elasticity as in ``reallocate``, which moves today's budget
    between tiers; here the budget is any amount, and is spent only as far as it returns more than it costs.

    Out: ``BudgetPlan``; its ``options`` have ``resources_before``, ``resources_after``, ``margin_before``,
    ``margin_after``, ``marginal_return`` (margin from one more unit of money), equal wherever no limit binds (Dorfman &
    Steiner 1954). With ``rng``, profit and profit_change on elasticities drawn around the stated ones (beta, standard
    deviation ``elasticity_sd``, or each its own in a column of that name): a resource is a risk investment. Errors:
    CrmkitError for a use without resources or with limits that cross, a budget or a cap under what is promised at
    least.

    >>> import pandas as pd
    >>> uses = pd.DataFrame({"option": ["gold", "lead"], "resources": [10.0, 40.0], "margin": [80.0, 20.0],
    ...                      "elasticity": 0.5})
    >>> plan = plan_budget(uses, budget=50)
    >>> plan.options["resources_after"].round(1).tolist(), round(plan.profit_change.value, 1)
    ([49.2, 0.8], 80.3)
    """
    require_frame(options, what="plan_budget")
    table = options.assign(
        at_least=options.get("at_least", 0.0),
        at_most=options.get("at_most", LARGE),
        group=options.get("group", ""),
    )
    (m, x, e), caps, group = _uses(options, budget), dict(group_caps or {}), table["group"].to_numpy()
    low, high = require_numbers(table, ["at_least", "at_most"], what="plan_budget", low=0)
    for name, least, most in (
        ("budget", low.sum(), budget),
        *zip(options["option"], low, high),
        *((g, low[group == g].sum(), cap) for g, cap in caps.items()),
    ):
        require_between(most, least, LARGE, name=name)

    def spread(uses, amount):
        return best_spread(*(values[uses] for values in (m, x, e, low, high)), budget=amount)

    after, free = np.zeros(len(m)), np.ones(len(m), dtype=bool)
    while True:  # a group over its cap is held at it: the others then get more, so that it stays there
        after[free] = spread(free, budget - after[~free].sum())
        over = [name for name, cap in caps.items() if after[free & (group == name)].sum() > cap * (1 + 1e-9)]
        if not over:
            break
        for name in over:
            after[group == name] = spread(group == name, caps[name])
            free &= group != name
    earned = m * (after / x) ** e
    marginal = np.divide(earned * e, after, out=np.where(m * e > 0, np.inf, 0), where=after > 0)
    more = marginal[free & (after < high * (1 - 1e-9))]
    unspent, today, profit = (
        float(v) for v in (max(budget - after.sum(), 0), (m - x).sum(), (earned - after).sum())
    )
    estimates = [Estimate(value=profit), Estimate(value=profit - today)]
    if rng is not None:
        drawn = _tried(m, x, e, after, _uncertainty(options, elasticity_sd), draws, rng)
        estimates = [
            interval_of(drawn - less, value=profit - less, confidence=confidence) for less in (0, today)
        ]
    return BudgetPlan(
        options=options.drop(columns=["resources", "margin"]).assign(
            resources_before=x,
            resources_after=after,
            margin_before=m,
            margin_after=earned,
            marginal_return=marginal,
        ),
        profit=estimates[0],
        profit_change=estimates[1],
        unspent=unspent,
        shadow_price=float(more.max(initial=1) - 1) if unspent <= 1e-6 * budget else 0.0,
    )


def _uses(options: pd.DataFrame, budget: float):
    require_between(budget, 0, LARGE, name="budget")
    require_columns(options, ["option"], what="plan_budget")
    return require_numbers(
        options,
        {"margin": (0, np.inf), "resources": (1e-9, np.inf), "elasticity": (0, 0.99)},
        what="plan_budget",
    )


def _uncertainty(options: pd.DataFrame, elasticity_sd: float) -> float | np.ndarray:
    """How uncertain each elasticity is: a column says so of each use, one number of all."""
    if "elasticity_sd" not in options:
        return elasticity_sd
    (own,) = require_numbers(options, {"elasticity_sd": (0, 0.5)}, what="plan_budget")
    return own


def _tried(m, x, e, after, sd, draws, rng) -> np.ndarray:
    """The profit of a plan on elasticities that might be the true ones."""
    return (m * (after / x) ** draw_elasticities(e, sd, draws, rng)).sum(axis=1) - after.sum()


def compare_plans(
    options: pd.DataFrame,
    *,
    budget: float,
    ways: Mapping[str, str] | None = None,
    rng: np.random.Generator | None = None,
    elasticity_sd: float = 0.1,
    draws: int = 2000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The same budget planned by time, by product and by customer, on the same uses (F29).

    In: ``options`` as for ``plan_budget`` (its limits and groups are not heeded here), a row per period, product and
    tier, and ``ways``: {way: column that it goes by}, ``WAYS`` if not given. Who plans by time sees one total per
    period: its margin, its resources and its mean elasticity (weighted by margin); spreads the budget over these totals
    as ``plan_budget`` does, and scales all uses of a period alike. So a way is good where the uses that it keeps apart
    differ in what one more unit of money returns.
    Out: ``way``, ``resources`` spent, ``profit``, ``regret`` (what the best plan earns more) and, with ``rng``,
    ``profit_low``, ``profit_high``: beside the ways ``best_plan``, each use on its own; ``as_today`` in proportion to
    today's resources; ``by_margin``, in proportion to today's margin. Errors: as for ``plan_budget``.

    >>> import pandas as pd
    >>> uses = pd.DataFrame({"option": range(4), "period": ["q1", "q1", "q2", "q2"], "tier": ["gold", "lead"] * 2,
    ...                      "resources": 10.0, "margin": [90.0, 10] * 2, "elasticity": 0.5})
    >>> compare_plans(uses, budget=40, ways={"planning_by_time": "period", "planning_by_customer": "tier"}).round(1)[
    ...     ["way", "profit", "regret"]].head(3)
                        way  profit  regret
    0             best_plan   216.1     0.0
    1      planning_by_time   160.0    56.1
    2  planning_by_customer   216.1     0.0
    """
    ways = WAYS if ways is None else ways
    m, x, e = _uses(options, budget)
    require_columns(options, list(ways.values()), what="compare_plans")
    plans = {"best_plan": best_spread(m, x, e, 0 * x, 0 * x + budget, budget=budget)}
    for way, column in ways.items():
        of = pd.factorize(options[column], use_na_sentinel=False)[0]
        margin, today = np.bincount(of, weights=m), np.bincount(of, weights=x)
        elasticity = np.bincount(of, weights=m * e) / np.maximum(margin, 1e-300)
        most = np.full(len(today), float(budget))
        spread = best_spread(margin, today, elasticity, np.zeros(len(today)), most, budget=budget)
        plans[way] = (spread / today)[of] * x
    plans |= {"as_today": budget * x / x.sum(), "by_margin": budget * m / max(m.sum(), 1e-300)}
    table = pd.DataFrame(
        [(way, after.sum(), (m * (after / x) ** e - after).sum()) for way, after in plans.items()],
        columns=["way", "resources", "profit"],
    )
    if rng is not None:
        require_rng(rng)
        seed = rng.integers(2**63)  # one draw for all: a fair comparison
        tried = [
            _tried(m, x, e, after, _uncertainty(options, elasticity_sd), draws, np.random.default_rng(seed))
            for after in plans.values()
        ]
        table["profit_low"], table["profit_high"] = ends_of(np.transpose(tried), confidence=confidence)
    return of_confidence(table.assign(regret=table["profit"].max() - table["profit"]), confidence)
