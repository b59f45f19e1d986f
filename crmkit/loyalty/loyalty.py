"""Customer loyalty (F19–F22): its forms by will and action, satisfaction and loyalty, recovery, what a programme earns.

A form is a label; here each comes with what its customers did next, and with a test whether the second question
(attitude, involvement, satisfaction) told anything that buying alone had not told.
"""

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import Estimate, difference_of_means, difference_of_shares, wilson
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_choice,
    require_frame,
    require_known,
    require_numbers,
    require_unique,
    require_whole,
)
from crmkit.core.trials import is_treated


@dataclass(frozen=True, kw_only=True)
class LoyaltyForms(NearestName):
    """Customers by two questions, and what they did next."""

    forms: pd.DataFrame  # a row per form: customers, value, and how many came back
    assignments: pd.DataFrame  # customer_id, segment
    odds_ratio: (
        Estimate | None
    )  # odds of coming back for one point more of the first question, at equal buying
    p_value: float | None  # likelihood-ratio test that the first question adds nothing to buying
    gap: Estimate | None  # coming back: both high less only the second high (true less spurious), as a share


def loyalty_forms(
    customers: pd.DataFrame, *, attitude_from: float, purchases_from: float, confidence: float = 0.95
) -> LoyaltyForms:
    """Sort customers by will and action into the four forms of loyalty (Dick & Basu 1994), and see who came back.

    In: ``customer_id``, ``attitude`` (survey score) and ``purchases``, both high from their thresholds on; if known
    ``value`` (currency) and ``retained`` (0, 1: bought again in the NEXT period). Out: ``LoyaltyForms``; ``forms`` has
    ``segment`` (true_loyalty, latent_loyalty, spurious_loyalty, no_loyalty), ``customers``, ``customer_share`` and,
    where given, ``value``, ``value_share``, ``retention_rate`` with its Wilson interval ``retention_rate_low``,
    ``retention_rate_high``. With
    ``retained``: ``odds_ratio`` and ``p_value`` from a logistic regression on attitude, purchases and their
    square root, and ``gap`` with Newcombe's (1998) interval; without it they are None, and the forms are labels only.
    Errors: CrmkitError for missing columns, a customer twice, cells that are no numbers, an outcome without variety.

    >>> four = pd.DataFrame({"customer_id": list("abcd"), "attitude": [9, 9, 2, 2], "purchases": [8, 0, 8, 0]})
    >>> loyalty_forms(four, attitude_from=7, purchases_from=4).assignments["segment"].tolist()
    ['true_loyalty', 'latent_loyalty', 'spurious_loyalty', 'no_loyalty']
    """
    names = ("true_loyalty", "latent_loyalty", "spurious_loyalty", "no_loyalty")
    return _forms(customers, {"attitude": attitude_from, "purchases": purchases_from}, names, confidence)


def loyalty_or_inertia(
    customers: pd.DataFrame, *, involvement_from: float, purchases_from: float, confidence: float = 0.95
) -> LoyaltyForms:
    """Tell brand loyalty (repeat buying, high involvement) from inertia (repeat buying from habit, low involvement).

    As ``loyalty_forms`` with ``involvement`` in the place of attitude; ``segment`` is brand_loyalty, brand_inertia or
    not_repeating. ``retained`` is best read where it can tell the two apart: after a rival's offer. ``gap`` is then
    how many more of the loyal than of the inert stayed. Errors: as for ``loyalty_forms``.

    >>> four = pd.DataFrame({"customer_id": list("abcd"), "involvement": [9, 9, 2, 2], "purchases": [8, 0, 8, 0]})
    >>> loyalty_or_inertia(four, involvement_from=7, purchases_from=4).assignments["segment"].tolist()
    ['brand_loyalty', 'not_repeating', 'brand_inertia', 'not_repeating']
    """
    names = ("brand_loyalty", "not_repeating", "brand_inertia", "not_repeating")
    return _forms(
        customers, {"involvement": involvement_from, "purchases": purchases_from}, names, confidence
    )


def _forms(customers, thresholds, names, confidence) -> LoyaltyForms:
    """``names``: both questions high, only the first, only the second, neither."""
    question, _ = thresholds
    require_known(customers, ["customer_id"], what="loyalty")
    (first,) = require_numbers(customers, [question], what="loyalty")
    (second,) = require_numbers(customers, list(thresholds)[1:], what="loyalty", low=0)
    require_unique(customers, what="loyalty")
    for name, threshold in thresholds.items():
        require_between(threshold, -1e12, 1e12, name=f"{name}_from")
    first_from, second_from = thresholds.values()
    segment = np.array(names)[2 * (first < first_from) + (second < second_from)]
    order = list(dict.fromkeys(names))
    forms = pd.DataFrame({"segment": order})
    forms["customers"] = [(segment == name).sum() for name in order]
    forms["customer_share"] = forms["customers"] / len(customers)
    if "value" in customers:
        (value,) = require_numbers(customers, ["value"], what="loyalty")
        forms["value"] = [value[segment == name].sum() for name in order]
        forms["value_share"] = forms["value"] / (forms["value"].sum() or np.nan)
    odds, p_value, gap = None, None, None
    if "retained" in customers:
        require_numbers(customers, ["retained"], what="loyalty", low=0, high=1, whole=True)
        data = pd.DataFrame(
            {
                "segment": segment,
                "first": first,
                "second": second,
                "root": np.sqrt(second - second.min()),
                "retained": customers["retained"].to_numpy(),
            }
        )
        came = _came_back(data, ["segment"], confidence).set_index("segment").reindex(order)
        rates = ["retention_rate", "retention_rate_low", "retention_rate_high"]
        forms = forms.join(came[rates], on="segment")
        fit = _logit("retained ~ second + root + first", data)
        without = _logit("retained ~ second + root", data)
        p_value = _p_value(fit, without)
        low, high = np.exp(fit.conf_int(1 - confidence).loc["first"])
        odds = Estimate(
            value=float(np.exp(fit.params["first"])), low=float(low), high=float(high), confidence=confidence
        )
        both_high, only_second = (
            came.loc[[names[0], names[2]], ["retained", "customers"]].fillna(0).to_numpy()
        )
        if both_high[1] and only_second[1]:
            gap = difference_of_shares(*both_high, *only_second, confidence=confidence)
    return LoyaltyForms(
        forms=forms,
        odds_ratio=odds,
        p_value=p_value,
        gap=gap,
        assignments=pd.DataFrame({"customer_id": customers["customer_id"].to_numpy(), "segment": segment}),
    )


def _came_back(data: pd.DataFrame, by: list, confidence: float) -> pd.DataFrame:
    """Customers of each group and the share retained, with its Wilson (1927) interval."""
    groups = data.astype({"retained": float}).groupby(by)["retained"]
    table = groups.agg(customers="size", retained="sum").reset_index()
    rate, low, high = wilson(table["retained"], table["customers"], confidence=confidence)
    table = table.assign(retention_rate=rate, retention_rate_low=low, retention_rate_high=high)
    return table


def _logit(formula: str, data: pd.DataFrame):
    from statsmodels.api import families
    from statsmodels.formula.api import glm

    with warnings.catch_warnings(action="ignore"):  # a column without variety is left to the rank
        fit = glm(formula, data.astype({"retained": float}), family=families.Binomial()).fit()
    if fit.deviance < 1e-3:  # every customer is foretold
        raise CrmkitError("outcome_separated", column="retained", value=f"{data['retained'].mean():.0%}")
    return fit


def _p_value(fit, without) -> float:
    """The likelihood-ratio test of one regression against a smaller one."""
    from scipy.stats import chi2

    return float(chi2.sf(max(0, 2 * (fit.llf - without.llf)), fit.df_model - without.df_model))


@dataclass(frozen=True, kw_only=True)
class SatisfactionLoyalty(NearestName):
    """Satisfaction against loyalty: four kinds of customer, and what each point of satisfaction is worth per market."""

    types: LoyaltyForms  # apostle, mercenary, hostage, defector
    scores: (
        pd.DataFrame
    )  # market, satisfaction, customers, retention_rate with its _low and _high: as counted
    curve: pd.DataFrame  # market, satisfaction, retention_rate with its _low and _high: as fitted
    gains: (
        pd.DataFrame
    )  # market, from_score, to_score, difference with its _low and _high: what the next point adds
    p_value: (
        float | None
    )  # likelihood-ratio test that satisfaction works alike in all markets; None with one market


def satisfaction_loyalty(
    survey: pd.DataFrame,
    *,
    satisfied_from: float,
    loyal_from: float,
    top_score: int = 5,
    confidence: float = 0.95,
) -> SatisfactionLoyalty:
    """Sort customers by satisfaction and loyalty (Jones & Sasser 1995), and fit how retention follows satisfaction.

    In: ``customer_id``, ``satisfaction`` (whole, 1 … ``top_score``), ``loyalty`` (a score; high from ``loyal_from``
    on), ``retained`` (0, 1: bought, or said to buy, again), and ``market`` if several are compared (competitive,
    captive). Out: ``SatisfactionLoyalty``. ``curve`` is a logistic regression on score and score squared, its own for
    each market (a straight one misses the jump at the top score), over the scores seen there; ``gains`` compares
    neighbouring scores without any curve (Newcombe's interval): the last row of a market is the top box against the
    merely satisfied. Errors: as for ``loyalty_forms``, and a score off the scale.

    >>> rng = np.random.default_rng(1)
    >>> survey = pd.DataFrame({"customer_id": range(900), "satisfaction": np.arange(900) % 5 + 1, "loyalty": 5})
    >>> survey["retained"] = rng.random(900) < np.tile([0.1, 0.15, 0.25, 0.4, 0.8], 180)
    >>> satisfaction_loyalty(survey, satisfied_from=4, loyal_from=4).gains["difference"].round(1).tolist()
    [0.1, 0.1, 0.2, 0.4]
    """
    require_frame(survey, what="satisfaction_loyalty")
    require_known(survey, survey.columns.intersection(["market"]), what="satisfaction_loyalty")
    (retained,) = require_numbers(
        survey, ["retained"], what="satisfaction_loyalty", low=0, high=1, whole=True
    )
    (score,) = require_numbers(
        survey, ["satisfaction"], what="satisfaction_loyalty", low=1, high=top_score, whole=True
    )
    market = survey["market"].astype(str).to_numpy() if "market" in survey else "all_customers"
    data = pd.DataFrame({"satisfaction": score.astype(int), "retained": retained, "market": market})
    scores, several = _came_back(data, ["market", "satisfaction"], confidence), data["market"].nunique() > 1
    bend = "(satisfaction + I(satisfaction**2))"
    fit = _logit(f"retained ~ market * {bend}" if several else f"retained ~ {bend}", data)
    alike = _logit(f"retained ~ market + {bend}", data) if several else None
    grid, ends = (
        np.linspace(1, top_score, 41),
        data.groupby("market")["satisfaction"].agg(["min", "max"]).iterrows(),
    )
    curve = pd.DataFrame(
        [(name, x) for name, (low, high) in ends for x in grid[(grid > low - 1e-9) & (grid < high + 1e-9)]],
        columns=["market", "satisfaction"],
    )
    with np.errstate(over="ignore"):  # a market too small to say anything has an interval of 0 to 1
        fitted = fit.get_prediction(curve).summary_frame(1 - confidence)
    curve[["retention_rate", "retention_rate_low", "retention_rate_high"]] = fitted[
        ["mean", "mean_ci_lower", "mean_ci_upper"]
    ].to_numpy()
    gains = [
        (
            less.market,
            less.satisfaction,
            more.satisfaction,
            *difference_of_shares(
                more.retained, more.customers, less.retained, less.customers, confidence=confidence
            ).numbers,
        )
        for less, more in pairwise(scores.itertuples())
        if less.market == more.market
    ]
    gains = pd.DataFrame(
        gains, columns=["market", "from_score", "to_score", "difference", "difference_low", "difference_high"]
    )
    names = ("apostle", "mercenary", "hostage", "defector")
    return SatisfactionLoyalty(
        types=_forms(survey, {"satisfaction": satisfied_from, "loyalty": loyal_from}, names, confidence),
        scores=scores,
        curve=curve,
        gains=gains,
        p_value=_p_value(fit, alike) if several else None,
    )


@dataclass(frozen=True, kw_only=True)
class RecoveryParadox(NearestName):
    """Whether customers whose complaint was handled well stay more often than those who never complained."""

    groups: pd.DataFrame  # complaint, customers, retained, retention_rate with its _low and _high
    differences: pd.DataFrame  # measure (crude, each stratum, stratified), difference with its _low and _high
    crude: Estimate  # retention: handled well less no complaint, all customers thrown together
    stratified: (
        Estimate | None
    )  # the same within strata, pooled; None without strata or where all did the same
    p_value: float | None  # Cochran–Mantel–Haenszel test that there is no difference in any stratum


def recovery_paradox(customers: pd.DataFrame, *, confidence: float = 0.95) -> RecoveryParadox:
    """Test the recovery paradox, crude and among like customers: who complains is often the heavier buyer.

    In: ``complaint`` (no_complaint, handled_well, handled_badly), ``retained`` (0, 1, afterwards), and ``stratum``,
    any label of like customers (a band of prior purchases). Out: ``RecoveryParadox``; differences are retention of
    handled_well less no_complaint, 0 … 1, with Newcombe's (1998) interval; ``stratified`` is the regression on
    recovery and stratum with robust errors (HC1), whose weights are those of Mantel & Haenszel (1959). It speaks of
    those who complained and were heard: who left in silence is counted under no_complaint. Errors: CrmkitError for
    other labels or a comparison without customers.

    >>> asked = pd.DataFrame({"complaint": ["no_complaint"] * 80 + ["handled_well"] * 70,
    ...                       "retained": [1] * 48 + [0] * 32 + [1] * 56 + [0] * 14})
    >>> round(recovery_paradox(asked).crude.low, 4)
    0.0524
    """
    from statsmodels.formula.api import ols
    from statsmodels.stats.contingency_tables import StratifiedTable

    require_frame(customers, what="recovery_paradox")
    require_known(
        customers, ["complaint", *customers.columns.intersection(["stratum"])], what="recovery_paradox"
    )
    require_numbers(customers, ["retained"], what="recovery_paradox", low=0, high=1, whole=True)
    for given in customers["complaint"].unique():
        require_choice(given, ("no_complaint", "handled_well", "handled_badly"), name="complaint")
    data = (
        customers[["complaint", "retained"]]
        .assign(stratum=customers.get("stratum", ""))
        .astype({"stratum": str})
    )
    data = data.reset_index(drop=True)  # rows may have come together from several tables

    def less(chosen):
        pair = (
            _came_back(chosen, ["complaint"], confidence)
            .set_index("complaint")
            .reindex(["handled_well", "no_complaint"])
        )
        return difference_of_shares(
            *pair[["retained", "customers"]].fillna(0).to_numpy().ravel(), confidence=confidence
        )

    groups, both = _came_back(data, ["complaint"], confidence), data[data["complaint"] != "handled_badly"]
    crude, stratified, p_value = less(both), None, None
    rows = [("crude", *crude.numbers)]
    if "stratum" in customers:
        both = both[both.groupby("stratum")["complaint"].transform("nunique") == 2]
        require_between(len(both), 1, np.inf, name="stratum")
        rows += [(name, *less(own).numbers) for name, own in both.groupby("stratum")]
        both = both.assign(recovered=both["complaint"] == "handled_well").astype(
            {"recovered": int, "retained": int}
        )
        if both["retained"].nunique() == 2:  # else there is nothing to tell apart
            fit = ols("retained ~ C(stratum) + recovered", both).fit(cov_type="HC1")
            ends = [float(end) for end in fit.conf_int(1 - confidence).loc["recovered"]]
            stratified = Estimate(
                value=float(fit.params["recovered"]), low=ends[0], high=ends[1], confidence=confidence
            )
            p_value = float(
                StratifiedTable.from_data("recovered", "retained", "stratum", both).test_null_odds().pvalue
            )
            rows.append(("stratified", *stratified.numbers))
    differences = pd.DataFrame(rows, columns=["measure", "difference", "difference_low", "difference_high"])
    return RecoveryParadox(
        groups=groups, differences=differences, crude=crude, stratified=stratified, p_value=p_value
    )


@dataclass(frozen=True, kw_only=True)
class PointsLiability(NearestName):
    """What the firm owes for points, by the month they were issued in."""

    vintages: (
        pd.DataFrame
    )  # vintage, points_issued, points_redeemed, points_outstanding, redemption_share, liability
    curve: (
        pd.DataFrame
    )  # age_months, redemption_rate (of points still held), redeemed_share (of points issued)
    liability: float  # currency
    breakage_rate: float  # share of issued points that will never be redeemed


def points_liability(points: pd.DataFrame, *, cost_per_point: float, expiry_months: int) -> PointsLiability:
    """Value the points that customers hold: outstanding × the share that will still be redeemed × cost per point.

    In: a row per ``vintage`` (when issued) and ``age_months`` (0, 1, …) with ``points_issued`` (the same in all rows
    of a vintage) and ``points_redeemed`` in that month of age. The rate at each age is pooled over the vintages that
    reached it (life table, as Kaplan & Meier 1958); after the oldest age seen, the last rate goes on to
    ``expiry_months``. Out: ``PointsLiability``; ``redemption_share`` is of the points outstanding. Redeemed ÷ issued to
    date is no breakage: young points have had no time. Errors: CrmkitError for more points redeemed than issued, a
    vintage and age twice, an expiry before the oldest age seen.

    >>> ledger = pd.DataFrame({"vintage": ["01", "01", "02"], "age_months": [0, 1, 0], "points_issued": 100,
    ...                        "points_redeemed": [20, 16, 20]})
    >>> found = points_liability(ledger, cost_per_point=0.01, expiry_months=3)
    >>> round(found.breakage_rate, 3), round(found.liability, 4)
    (0.512, 0.416)
    """
    columns = ["vintage", "age_months", "points_issued", "points_redeemed"]
    require_known(points, columns[:1], what="points_liability")
    (age,) = require_numbers(points, ["age_months"], what="points_liability", low=0, high=1200, whole=True)
    require_between(cost_per_point, 0, 1e12, name="cost_per_point")
    numbers = [age.astype(int), *require_numbers(points, columns[2:], what="points_liability", low=0)]
    ledger = pd.DataFrame(dict(zip(columns, [points["vintage"].astype(str).to_numpy(), *numbers])))
    ledger = ledger.sort_values(columns[:2])
    by = ledger.groupby("vintage")
    ledger["left"] = ledger["points_issued"] - by["points_redeemed"].cumsum()
    table = by.agg(
        points_issued=("points_issued", "max"),
        points_redeemed=("points_redeemed", "sum"),
        points_outstanding=("left", "last"),
        last=("age_months", "max"),
    )
    wrong = (
        (by["points_issued"].min() != table["points_issued"])
        | (table["points_issued"] <= 0)
        | (table["points_outstanding"] < -1e-9 * table["points_issued"])
        | ((by.cumcount() != ledger["age_months"]).groupby(ledger["vintage"]).any())
    )
    if wrong.any():
        raise CrmkitError(
            "points_do_not_add_up", column="vintage", value=wrong.idxmax(), count=int(wrong.sum())
        )
    at_age = ledger.groupby("age_months")[["points_redeemed", "left"]].sum()
    held = (at_age["points_redeemed"] + at_age["left"]).to_numpy()  # before the month's redemptions
    rate = np.divide(at_age["points_redeemed"].to_numpy(), held, out=np.zeros(len(held)), where=held > 0)
    expiry_months = require_whole(expiry_months, len(rate), 1200, name="expiry_months")
    rate = np.append(rate, np.full(expiry_months - len(rate), rate[-1]))
    left = np.cumprod(1 - rate)
    now = left[table.pop("last").astype(int)]
    table["redemption_share"] = np.divide(now - left[-1], now, out=np.zeros(len(now)), where=now > 0)
    table["liability"] = table["points_outstanding"] * table["redemption_share"] * cost_per_point
    curve = pd.DataFrame(
        {"age_months": np.arange(len(rate)), "redemption_rate": rate, "redeemed_share": 1 - left}
    )
    return PointsLiability(
        vintages=table.reset_index(),
        curve=curve,
        liability=float(table["liability"].sum()),
        breakage_rate=float(left[-1]),
    )


@dataclass(frozen=True, kw_only=True)
class LoyaltyProgramme(NearestName):
    """What a loyalty programme earns: by the control group, and by the misleading look at members."""

    statement: (
        pd.DataFrame
    )  # measure, value with value_low and value_high: currency over all invited, costs below zero
    net_profit: Estimate  # against the control group
    naive_profit: Estimate  # members against everybody else


def loyalty_programme(
    customers: pd.DataFrame,
    *,
    margin_rate: float,
    points_per_currency: float,
    cost_per_point: float,
    redemption_share: float,
    programme_cost: float = 0.0,
    confidence: float = 0.95,
) -> LoyaltyProgramme:
    """The profit of a loyalty programme, from customers invited at random and a control group that was not.

    In: ``group`` (treated, the invited, or control; by chance: see ``trial_frame``), ``member`` (0, 1: joined; only
    who was invited can) and ``revenue`` of the
    period. ``margin_rate``: margin as a share of revenue; ``points_per_currency``: points a member gets per unit of
    revenue; ``redemption_share``: share of points that will ever be redeemed (1 − breakage); ``cost_per_point``:
    currency per point redeemed; ``programme_cost``: fixed cost. Out: ``LoyaltyProgramme``. The lift is that of
    everybody invited, joined or not, over the control group (Welch's interval), so that it does not matter who joins;
    the naive one sets members against all others, though heavy buyers join first. Errors: CrmkitError for cells that
    are no numbers, a member who was not invited, fewer than two customers in a group.

    >>> both = pd.DataFrame({"group": ["control"] * 2 + ["treated"] * 2, "member": [0, 0, 1, 1]})
    >>> both["revenue"] = [90.0, 110, 140, 80]
    >>> found = loyalty_programme(both, margin_rate=.5, points_per_currency=1, cost_per_point=.1, redemption_share=.5)
    >>> found.net_profit.value, found.statement["value"].round(2).tolist()
    (-1.0, [10.0, -11.0, -0.0, -1.0, 10.0, -1.0])
    """
    invited = is_treated(customers, what="loyalty_programme")
    (joined,) = require_numbers(customers, ["member"], what="loyalty_programme", low=0, high=1, whole=True)
    (revenue,) = require_numbers(customers, ["revenue"], what="loyalty_programme", low=0)
    for share in (margin_rate, redemption_share):
        require_between(share, 0, 1, name="margin_rate, redemption_share")
    for amount in (points_per_currency, cost_per_point, programme_cost):
        require_between(amount, 0, 1e15, name="points_per_currency, cost_per_point, programme_cost")
    member = joined == 1
    refuse_rows(member & ~invited, "step_skipped", value="group, member")
    margin = revenue * margin_rate
    reward = member * revenue * points_per_currency * redemption_share * cost_per_point

    def over(group, each, fixed=0.0):  # of the group over everybody else, for the whole group
        return difference_of_means(
            each[group], each[~group], confidence=confidence, times=float(group.sum()), plus=-fixed
        )

    net = over(invited, margin - reward, programme_cost)
    naive = over(member, margin - reward, programme_cost)
    statement = pd.DataFrame(
        [
            ("incremental_margin", *over(invited, margin).numbers),
            ("reward_cost", -reward.sum(), np.nan, np.nan),
            ("programme_cost", -programme_cost, np.nan, np.nan),
            ("net_profit", *net.numbers),
            ("member_lead", *over(member, margin).numbers),
            ("naive_profit", *naive.numbers),
        ],
        columns=["measure", "value", "value_low", "value_high"],
    )
    return LoyaltyProgramme(statement=statement, net_profit=net, naive_profit=naive)
