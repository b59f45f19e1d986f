"""Campaigns and budgets against published tables, peer libraries, optimisers and simulated truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import nct, t

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import has_term
from crmkit.planning.planning import (
    check_randomisation,
    compare_plans,
    plan_budget,
    retention_by_source,
    sample_size,
    uplift,
)


def trial(treated, control, **more):
    """Outcomes of a treated and a control group."""
    return pd.DataFrame(
        {
            "group": ["treated"] * len(treated) + ["control"] * len(control),
            "outcome": [*treated, *control],
            **more,
        }
    )


# --- uplift (F28)


def test_shares_agree_with_newcombes_published_intervals():
    # Newcombe 1998, table II, method 10: 56/70 − 48/80 and 9/10 − 3/10
    for (a, m), (b, n), low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
    ):
        row = uplift(trial([1] * a + [0] * (m - a), [1] * b + [0] * (n - b))).iloc[0]
        assert (row["uplift_low"], row["uplift_high"]) == pytest.approx((low, high), abs=1e-4)


def test_means_agree_with_welchs_formula_and_money_with_the_accounts_by_hand():
    a, b = np.array([3, 5, 4, 6, 2, 7.0]), np.array([1, 3, 2, 2, 2.0])
    row = uplift(trial(a, b), margin_per_unit=10, discount_per_unit=2, cost_per_contact=1.5).iloc[0]
    va, vb = a.var(ddof=1) / 6, b.var(ddof=1) / 5
    freedom = (va + vb) ** 2 / (va**2 / 5 + vb**2 / 4)
    from scipy.stats import t

    half = t.ppf(0.975, freedom) * np.sqrt(va + vb)
    assert row["uplift"] == pytest.approx(2.5)
    assert (row["uplift_low"], row["uplift_high"]) == pytest.approx((2.5 - half, 2.5 + half))
    # earned on 27 units at 8 each, less 6 contacts, less what six like the controls would have bought at 10 each
    assert row["net_profit"] == pytest.approx(27 * 8 - 6 * 1.5 - 6 * 2 * 10)


@pytest.mark.simulated
def test_the_baseline_estimates_the_same_uplift_with_a_narrower_interval_and_both_cover_the_truth():
    rng, runs, held, width, mean = np.random.default_rng(1), 200, np.zeros(2), np.zeros(2), np.zeros(2)
    for _ in range(runs):
        usual = rng.gamma(2, 50, 200)
        treated = rng.permutation(200) < 100
        spent = usual * 0.8 + rng.normal(0, 30, 200) + 12 * treated
        rows = pd.DataFrame({"group": np.where(treated, "treated", "control"), "outcome": spent})
        for i, frame in enumerate((rows, rows.assign(before=usual))):
            found = uplift(frame).iloc[0]
            held[i] += found["uplift_low"] <= 12 <= found["uplift_high"]
            width[i] += found["uplift_high"] - found["uplift_low"]
            mean[i] += found["uplift"] / runs
    assert (held / runs > 0.92).all() and (held / runs < 0.98).all()
    assert width[1] < 0.6 * width[0]
    assert mean == pytest.approx([12, 12], abs=1.5)


@pytest.mark.simulated
def test_the_profit_interval_covers_what_a_campaign_truly_earns():
    rng, runs, held = np.random.default_rng(2), 300, 0
    truth = 400 * ((30 - 5) * 0.26 - 30 * 0.20 - 0.8)  # bought at 26 % instead of 20 %, 5 off for all who buy
    for _ in range(runs):
        found = uplift(
            trial(rng.random(400) < 0.26, rng.random(400) < 0.20),
            margin_per_unit=30,
            discount_per_unit=5,
            cost_per_contact=0.8,
        ).iloc[0]
        held += found["net_profit_low"] <= truth <= found["net_profit_high"]
    assert 0.92 < held / runs < 0.98


def test_a_control_group_reverses_the_success_seen_among_those_who_redeemed():
    rng = np.random.default_rng(3)
    keen = rng.gamma(2, 40, 8000)
    treated = rng.permutation(8000) < 4000
    redeemed = treated & (
        rng.random(8000) < keen / (keen + 80)
    )  # the keen redeem; they would have bought anyway
    spent = keen + 4 * treated + rng.normal(0, 20, 8000)
    seen = spent[redeemed].mean() - spent[treated & ~redeemed].mean()
    found = uplift(
        pd.DataFrame({"group": np.where(treated, "treated", "control"), "outcome": spent, "before": keen}),
        margin_per_unit=0.3,
        discount_per_unit=0.1,
        cost_per_contact=0.5,
    ).iloc[0]
    assert 0.3 * seen - 0.1 * spent[redeemed].mean() - 0.5 > 0  # redeemers against the rest: a gain
    assert found["net_profit_high"] < 0  # against the control group: a loss
    assert found["uplift_low"] < 4 < found["uplift_high"]


def test_segments_reverse_a_campaign_that_pays_on_the_whole_and_are_tested_together():
    rng = np.random.default_rng(4)
    segment = np.repeat(["new_customers", "loyal"], 3000)
    group = rng.permutation(np.repeat(["treated", "control"], 3000))
    chance = np.where(segment == "new_customers", 0.10, 0.50) + np.where(
        (group == "treated"), np.where(segment == "new_customers", 0.12, 0.0), 0
    )
    found = uplift(
        pd.DataFrame({"group": group, "segment": segment, "outcome": rng.random(6000) < chance}),
        margin_per_unit=40,
        discount_per_unit=4,
        cost_per_contact=0.5,
    ).set_index("segment")
    assert found.loc["new_customers", "net_profit_low"] > 0 > found.loc["loyal", "net_profit_high"]
    assert (found["p_adjusted"] >= found["p_value"]).all()
    assert found["treated"][1:].sum() == found.loc["all_customers", "treated"]


@pytest.mark.simulated
def test_holm_holds_the_chance_of_any_false_segment():
    rng, wrong, unadjusted = np.random.default_rng(5), 0, 0
    rows = trial(np.zeros(300), np.zeros(300), segment=np.tile(list("abcdef"), 100))
    for _ in range(40):
        found = uplift(rows.assign(outcome=rng.normal(0, 1, 600)))[1:]
        wrong += (found["p_adjusted"] < 0.05).any()
        unadjusted += (found["p_value"] < 0.05).any()
    assert wrong / 40 <= 0.10 < 0.15 < unadjusted / 40


@pytest.mark.simulated
def test_uplift_ignores_row_order_and_leaves_its_input():
    rng = np.random.default_rng(6)
    rows = trial(rng.normal(5, 1, 40), rng.normal(4, 1, 40), segment=np.tile(["a", "b"], 40))
    before, first = rows.copy(), uplift(rows)
    mixed = (
        uplift(rows.sample(frac=1, random_state=2)).set_index("segment").loc[first["segment"]].reset_index()
    )
    pd.testing.assert_frame_equal(first, mixed)
    pd.testing.assert_frame_equal(rows, before)
    fen = uplift(rows.assign(outcome=rows["outcome"] * 100))
    assert fen["uplift_low"].tolist() == pytest.approx((first["uplift_low"] * 100).tolist())


def test_a_net_profit_needs_what_a_unit_earns_and_costs_that_are_none_below_zero():
    rows = trial([3, 5, 4, 6, 2], [1, 3, 2, 2, 2])
    assert not [column for column in uplift(rows) if column.startswith("net_profit")]
    assert uplift(rows, margin_per_unit=1)["net_profit"].tolist() == [10]
    assert uplift(rows, margin_per_unit=-1)["net_profit"].tolist() == [-10], "a unit may be a loss"
    for costs in ({"cost_per_contact": 0.4}, {"discount_per_unit": 1}):
        with pytest.raises(CrmkitError) as error:
            uplift(rows, **costs)
        assert error.value.code == "margin_per_unit_needed"
        with pytest.raises(CrmkitError) as error:
            uplift(rows, margin_per_unit=22, **{name: -cost for name, cost in costs.items()})
        assert error.value.code == "out_of_range"


def test_a_group_in_which_nothing_varies_has_a_plain_difference():
    row = uplift(trial([3.0] * 5, [2.0] * 5)).iloc[0]
    assert (row["uplift_low"], row["uplift_high"]) == (1, 1) and np.isnan(row["p_value"])
    nobody = uplift(trial([0] * 9, [0] * 9), margin_per_unit=1, cost_per_contact=2).iloc[0]
    assert nobody["uplift_low"] < 0 < nobody["uplift_high"] and nobody["net_profit"] == -18


@pytest.mark.parametrize(
    "rows, code",
    [
        (trial([1] * 5, [2] * 3), "arm_too_small"),
        (trial([1, 2, np.nan, 3], [1] * 4), "cell_not_a_number"),
        (trial([1] * 5, [2] * 5).replace("control", "rest"), "not_a_choice"),
        (trial([], []), "no_values"),
        (trial([1] * 4, [2] * 4, before=np.inf), "cell_not_a_number"),
        (pd.DataFrame({"group": ["treated"]}), "columns_needed"),
    ],
)
def test_outcomes_that_cannot_be_compared_are_refused(rows, code):
    with pytest.raises(CrmkitError) as error:
        uplift(rows)
    assert error.value.code == code


@pytest.mark.simulated
def test_a_sample_ratio_mismatch_and_a_biased_draw_are_seen_and_a_fair_draw_seldom_accused():
    rng, accused = np.random.default_rng(7), np.zeros(3)
    for _ in range(150):
        rows = pd.DataFrame(
            {
                "group": rng.choice(["treated", "control"], 400),
                "outcome": 0.0,
                "before": rng.gamma(2, 50, 400),
                "segment": rng.choice(list("abc"), 400),
            }
        )
        accused += check_randomisation(rows)["p_value"].to_numpy() < 0.05
    assert (accused / 150 < 0.12).all() and (accused > 0).all()
    spent = rng.gamma(2, 50, 4000)
    picked = np.where(rng.random(4000) < spent / (spent + 100), "treated", "control")  # the best were picked
    found = check_randomisation(pd.DataFrame({"group": picked, "outcome": 0.0, "before": spent})).set_index(
        "check"
    )
    assert found.loc["balance_before", "p_value"] < 1e-6
    lopsided = check_randomisation(trial([0] * 5200, [0] * 4800)).set_index("check")
    assert lopsided.loc["group_sizes", "p_value"] < 0.001


# --- sample size (F28)


def test_sample_sizes_agree_with_cohens_published_tables():
    # Cohen 1988, table 2.4.1 (d) and 6.4.1 (h), two-sided 5 %
    found = sample_size([0.2, 0.5, 0.8], standard_deviation=1)
    assert found["treated"].tolist() == [394, 64, 26]  # his table rounds 393.4 to 393
    assert sample_size(0.5, standard_deviation=1, power=0.9)["treated"].tolist() == [
        86
    ]  # 85.03, in his table 85
    h = np.sin((2 * np.arcsin(np.sqrt(0.5)) + 0.2) / 2) ** 2 - 0.5
    assert sample_size(h, baseline_rate=0.5)["treated"][0] == 393  # 392.4, in his table 392


def test_the_required_size_finds_the_effect_as_often_as_it_says():
    rng = np.random.default_rng(8)
    n = sample_size(0.06, baseline_rate=0.2)["treated"][0]
    a, b = rng.binomial(n, 0.26, 4000) / n, rng.binomial(n, 0.20, 4000) / n
    pooled = (a + b) / 2
    z = (a - b) / np.sqrt(2 * pooled * (1 - pooled) / n)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.03)


def test_smaller_effects_and_fewer_controls_need_more_customers():
    found = sample_size([0.01, 0.02, 0.04, 0.08], baseline_rate=0.1)
    assert found["customers"].is_monotonic_decreasing
    uneven = sample_size(0.02, baseline_rate=0.1, controls_per_treated=0.25)
    assert (
        uneven["customers"][0] > found["customers"][1] and uneven["control"][0] < uneven["treated"][0] / 3.9
    )


@pytest.mark.parametrize(
    "effect, more",
    [
        (20, {"standard_deviation": 1}),
        (6, {"standard_deviation": 1}),
        (1, {"baseline_rate": 0}),
        (6, {"standard_deviation": 1, "controls_per_treated": 10}),
    ],
)
def test_an_effect_seen_at_once_still_needs_two_customers_in_each_group(effect, more):
    found = sample_size(effect, **more)
    assert 2 <= found[["treated", "control"]].to_numpy().min() <= 3
    if effect == 6:  # scipy's noncentral t: power of the sizes found, and of one fewer
        n, m = found[["treated", "control"]].iloc[0]
        power = [
            1 - nct.cdf(t.ppf(0.975, k + m - 2), k + m - 2, 6 / np.sqrt(1 / k + 1 / m)) for k in (n, n - 1)
        ]
        assert power[0] >= 0.8 and (n == 2 or power[1] < 0.8)


@pytest.mark.parametrize(
    "effect, more",
    [
        (1e-9, {"baseline_rate": 0.5}),
        (0.1, {}),
        (0.1, {"baseline_rate": 0.2, "standard_deviation": 1}),
        (0.9, {"baseline_rate": 0.2}),
        (0, {"baseline_rate": 0.2}),
        (np.nan, {"standard_deviation": 1}),
        (0.1, {"standard_deviation": 0}),
        (0.1, {"baseline_rate": 0.2, "power": 1}),
        ([], {"baseline_rate": 0.2}),
    ],
)
def test_sizes_that_cannot_be_computed_are_refused(effect, more):
    with pytest.raises(CrmkitError):
        sample_size(effect, **more)


# --- retention by source (F28)


def test_the_curve_agrees_with_kaplan_and_meiers_product_by_hand():
    # Freireich's 6-MP arm (Kalbfleisch & Prentice): S(6) 0.857, S(10) 0.753, S(23) 0.448
    months = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    lost = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    rows = pd.DataFrame(
        {"source": ["other"] * 21 + ["double_11"] * 21, "months": months + placebo, "lost": lost + [1] * 21}
    )
    found = retention_by_source(rows)
    curve = found[found["source"] == "other"].set_index("months")["retention_rate"]
    assert [curve[6], curve[10], curve[23]] == pytest.approx([0.857, 0.753, 0.448], abs=1e-3)
    from scipy.stats import chi2

    assert found["p_value"].iloc[0] == pytest.approx(
        chi2.sf(16.79, 1), rel=0.01
    )  # the published log-rank statistic


@pytest.mark.simulated
def test_kaplan_meier_intervals_cover_the_true_retention():
    rng, runs, held = np.random.default_rng(9), 150, 0
    for _ in range(runs):
        stays, seen = rng.exponential(10, 300), rng.uniform(0, 24, 300)
        rows = pd.DataFrame(
            {"source": np.tile(["a", "b"], 150), "months": np.minimum(stays, seen), "lost": stays <= seen}
        )
        curve = retention_by_source(rows).query("source == 'a' and months <= 6").iloc[-1]
        held += curve["retention_rate_low"] <= np.exp(-0.6) <= curve["retention_rate_high"]
    assert held / runs > 0.90


def test_time_under_observation_reverses_which_source_seems_to_stay():
    rng = np.random.default_rng(10)
    promoted, others = (
        rng.exponential(5, 1500),
        rng.exponential(12, 1500),
    )  # months; the promotion's leave sooner
    seen = np.r_[rng.uniform(0, 2, 1500), rng.uniform(0, 36, 1500)]  # but they came two months ago
    stays = np.r_[promoted, others]
    rows = pd.DataFrame(
        {
            "source": np.repeat(["double_11", "other"], 1500),
            "months": np.minimum(stays, seen),
            "lost": stays <= seen,
        }
    )
    still = 1 - rows.groupby("source")["lost"].mean()
    assert still["double_11"] > still["other"]
    found = retention_by_source(rows)
    at = {
        s: found[(found["source"] == s) & (found["months"] <= 1.5)].iloc[-1] for s in ("double_11", "other")
    }
    assert (
        at["double_11"]["retention_rate_high"] < at["other"]["retention_rate_low"]
        and found["p_value"].iloc[0] < 0.001
    )


@pytest.mark.parametrize(
    "rows, code",
    [
        (pd.DataFrame({"source": ["a"], "months": [1], "lost": [1]}), "one_source"),
        (pd.DataFrame({"source": ["a", "b", None], "months": 1, "lost": 1}), "missing_values"),
        (pd.DataFrame({"source": ["a", "b"], "months": [1, -1], "lost": 1}), "cell_not_a_number"),
        (pd.DataFrame({"source": ["a", "b"], "months": 1, "lost": [0.5, 1]}), "cell_not_a_number"),
    ],
)
def test_customers_without_two_sources_or_with_wrong_times_are_refused(rows, code):
    with pytest.raises(CrmkitError) as error:
        retention_by_source(rows)
    assert error.value.code == code


# --- budgets (F29)


def uses(rng, n=6):
    return pd.DataFrame(
        {
            "option": range(n),
            "resources": rng.uniform(5, 50, n),
            "margin": rng.uniform(20, 200, n),
            "elasticity": rng.uniform(0.05, 0.8, n),
            "group": np.tile(["a", "b"], n)[:n],
        }
    )


def profit(table, spent):
    return (table["margin"] * (spent / table["resources"]) ** table["elasticity"] - spent).sum()


@pytest.mark.parametrize("seed", range(8))
def test_the_plan_agrees_with_scipys_slsqp_under_limits_and_caps(seed):
    rng = np.random.default_rng(seed)
    table = uses(rng).assign(at_least=1.0, at_most=lambda t: t["resources"] * 3)
    today = table["resources"].sum()
    budget, caps = rng.uniform(0.4, 1.6) * today, {"a": rng.uniform(0.2, 0.6) * today}
    plan = plan_budget(table, budget=budget, group_caps=caps)
    of_a = (table["group"] == "a").to_numpy()
    found = minimize(
        lambda y: -profit(table, y),
        np.full(6, min(budget, caps["a"]) / 8),
        method="SLSQP",
        bounds=list(zip(table["at_least"], table["at_most"])),
        options={"maxiter": 2000, "ftol": 1e-12},
        constraints=[
            {"type": "ineq", "fun": lambda y: budget - y.sum()},
            {"type": "ineq", "fun": lambda y: caps["a"] - y[of_a].sum()},
        ],
    )
    assert plan.profit.value == pytest.approx(-found.fun, rel=1e-6)
    assert plan.options["resources_after"].to_numpy() == pytest.approx(found.x, abs=0.02 * budget)


@pytest.mark.parametrize("seed", range(8))
def test_the_plan_meets_the_conditions_of_karush_kuhn_and_tucker(seed):
    rng = np.random.default_rng(seed)
    table = uses(rng, 12).assign(at_least=1.0, at_most=lambda t: t["resources"] * 2)
    budget, caps = 0.8 * table["resources"].sum(), {"b": 0.3 * table["resources"].sum()}
    plan = plan_budget(table, budget=budget, group_caps=caps)
    after, one_more = plan.options["resources_after"], plan.options["marginal_return"]
    assert after.sum() <= budget * (1 + 1e-9) and after[table["group"] == "b"].sum() <= caps["b"] * (1 + 1e-6)
    for group in "ab":
        inside = (table["group"] == group) & (after > 1 + 1e-6) & (after < table["at_most"] * (1 - 1e-6))
        shared = one_more[inside].mean()
        assert one_more[inside].to_numpy() == pytest.approx(np.full(inside.sum(), shared), rel=1e-6)
        full = (table["group"] == group) & (after >= table["at_most"] * (1 - 1e-6))
        least = (table["group"] == group) & (after <= 1 + 1e-6)
        assert (one_more[full] >= shared - 1e-6).all() and (one_more[least] <= shared + 1e-6).all()
        if group == "a":
            assert plan.shadow_price == pytest.approx(max(shared - 1, 0), abs=1e-6)


@pytest.mark.parametrize("margin, elasticity", [([80.0], 0.5), ([80.0, 5.0], [0.5, 0.0])])
def test_the_shadow_price_of_a_use_that_takes_the_whole_budget_is_not_zero(margin, elasticity):
    uses = pd.DataFrame(
        {"option": range(len(margin)), "resources": 10.0, "margin": margin, "elasticity": elasticity}
    )
    plan = plan_budget(uses, budget=50)
    assert plan.shadow_price == pytest.approx(
        0.5 * 80 / np.sqrt(10 * 50) - 1
    )  # by hand: the next unit brings 1.79
    assert plan_budget(uses, budget=0).shadow_price == np.inf


def test_the_shadow_price_is_what_one_more_unit_of_budget_brings():
    table = uses(np.random.default_rng(1)).assign(margin=lambda t: t["margin"] * 10)
    one, two = (plan_budget(table, budget=b) for b in (100.0, 100.01))
    assert one.shadow_price > 0
    assert one.shadow_price == pytest.approx((two.profit.value - one.profit.value) / 0.01, rel=1e-3)


def test_money_that_returns_less_than_it_costs_stays_unspent():
    table = pd.DataFrame({"option": ["tea"], "resources": [10.0], "margin": [8.0], "elasticity": [0.5]})
    plan = plan_budget(table, budget=10)  # margin 8·√(y/10): one more returns one at y = 1.6
    assert plan.options["resources_after"][0] == pytest.approx(1.6) and plan.unspent == pytest.approx(8.4)
    assert plan.shadow_price == 0 and plan.profit_change.value == pytest.approx(8 * 0.4 - 1.6 - (8 - 10))


def test_the_plan_agrees_with_reallocate_on_a_pyramid():
    import crmkit

    margin = np.random.default_rng(2).pareto(1.5, 100) * 500 + 100
    customers = pd.DataFrame({"customer_id": range(100), "margin": margin})
    pyramid = crmkit.pyramid(customers, by="margin")
    moved = crmkit.reallocate(pyramid, elasticity=0.4).tiers
    table = pyramid.tiers.rename(columns={"tier": "option", "value": "margin"}).assign(elasticity=0.4)
    plan = plan_budget(table, budget=table["resources"].sum())
    assert plan.options["resources_after"].tolist() == pytest.approx(
        moved["resources_after"].tolist(), rel=1e-6
    )


def test_marginal_returns_reverse_the_split_in_proportion_to_revenue():
    # gold earns most and is served to the full; iron answers
    table = pd.DataFrame(
        {
            "option": ["gold", "iron"],
            "resources": [50.0, 10],
            "margin": [300.0, 100],
            "elasticity": [0.05, 0.6],
        }
    )
    plan = plan_budget(table, budget=60)
    compared = compare_plans(table, budget=60, ways={}).set_index("way")["profit"]
    assert plan.options["resources_after"].idxmax() == 1 and table["margin"].idxmax() == 0
    assert compared["best_plan"] > compared["as_today"] > compared["by_margin"] - 60
    assert compared["best_plan"] > compared["by_margin"] + 10


@pytest.mark.simulated
def test_the_interval_of_the_profit_holds_the_profit_at_the_true_elasticities():
    rng, runs, held = np.random.default_rng(3), 200, 0
    table = uses(np.random.default_rng(4), 5)
    for _ in range(runs):
        plan = plan_budget(table, budget=120, rng=rng, draws=400)
        weight = table["elasticity"] * (1 - table["elasticity"]) / 0.1**2 - 1
        true = rng.beta(table["elasticity"] * weight, (1 - table["elasticity"]) * weight)
        held += plan.profit.contains(profit(table.assign(elasticity=true), plan.options["resources_after"]))
    assert 0.91 < held / runs < 0.99


SEASONS, GOODS, TIERS = ["q1", "q2"], ["tea", "pot"], ["gold", "iron"]


def cells(by, low=0.1, high=0.6):
    """Uses in which only the column ``by`` makes a difference to how the margin answers."""
    each = [(p, g, t) for p in SEASONS for g in GOODS for t in TIERS]
    table = pd.DataFrame(each, columns=["period", "product_id", "tier"])
    second = table[by].isin([SEASONS[1], GOODS[1], TIERS[1]])
    return table.assign(option=range(8), resources=10.0, margin=60.0, elasticity=np.where(second, high, low))


def test_the_best_way_of_planning_reverses_with_where_the_answer_lies():
    best = {}
    for column in ("period", "product_id", "tier"):
        found = compare_plans(cells(column), budget=80).set_index("way")
        best[column] = found["regret"].drop("best_plan").idxmin()
        assert found.loc[best[column], "regret"] == pytest.approx(0, abs=1e-6)
        assert (found["regret"].drop(["best_plan", best[column]]) > 1).all()
    assert best == {
        "period": "planning_by_time",
        "product_id": "planning_by_product",
        "tier": "planning_by_customer",
    }


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.2, 3))
def test_no_way_beats_the_best_plan_and_currency_is_a_scale(seed, share):
    table = uses(np.random.default_rng(seed), 8).assign(period=list("aabbccdd"))
    budget, before = share * table["resources"].sum(), table.copy()
    found = compare_plans(table, budget=budget, ways={"planning_by_time": "period"})
    assert (found["regret"] >= -1e-9).all() and found["regret"][0] == pytest.approx(0, abs=1e-6)
    assert (found["resources"] <= budget * (1 + 1e-9)).all()
    plan = plan_budget(table, budget=budget)
    assert plan.profit.value == pytest.approx(found["profit"][0], rel=1e-9)
    hundred = table.assign(resources=table["resources"] * 100, margin=table["margin"] * 100)
    fen = plan_budget(hundred, budget=budget * 100)
    assert fen.profit.value == pytest.approx(plan.profit.value * 100, rel=1e-6)
    mixed = (
        plan_budget(table.sample(frac=1, random_state=1), budget=budget)
        .options["resources_after"]
        .sort_index()
    )
    assert mixed.to_numpy() == pytest.approx(plan.options["resources_after"].to_numpy())
    more = plan_budget(table, budget=budget * 1.1)
    assert more.profit.value >= plan.profit.value - 1e-9 and more.shadow_price <= plan.shadow_price + 1e-9
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    "change, budget, caps, code",
    [
        ({"resources": 0}, 50, {}, "cell_not_a_number"),
        ({"elasticity": 1.2}, 50, {}, "cell_not_a_number"),
        ({"margin": np.nan}, 50, {}, "cell_not_a_number"),
        ({"at_least": 30.0}, 50, {}, "out_of_range"),
        ({"at_least": 5.0, "at_most": 4.0}, 50, {}, "out_of_range"),
        ({"at_least": 5.0}, 50, {"a": 1}, "out_of_range"),
        ({}, np.nan, {}, "out_of_range"),
        ({}, -1, {}, "out_of_range"),
        ({}, np.inf, {}, "out_of_range"),
    ],
)
def test_budgets_and_uses_that_cannot_be_are_refused(change, budget, caps, code):
    with pytest.raises(CrmkitError) as error:
        plan_budget(uses(np.random.default_rng(5)).assign(**change), budget=budget, group_caps=caps)
    assert error.value.code == code


def test_a_budget_of_nothing_buys_nothing():
    plan = plan_budget(uses(np.random.default_rng(6)), budget=0)
    assert plan.options["resources_after"].sum() == pytest.approx(0, abs=1e-9)


def test_every_column_and_slug_of_planning_is_a_term():
    rng = np.random.default_rng(7)
    rows = trial(rng.normal(0, 1, 20), rng.normal(0, 1, 20), segment="loyal", before=rng.normal(0, 1, 40))
    lost = pd.DataFrame({"source": ["double_11", "other"] * 5, "months": range(10), "lost": 1})
    compared = compare_plans(cells("tier"), budget=80, rng=rng, draws=100)
    checks, lifted = check_randomisation(rows), uplift(rows)
    frames = [
        lifted,
        checks,
        sample_size(0.1, baseline_rate=0.2),
        retention_by_source(lost),
        compared,
        plan_budget(cells("tier"), budget=80).options,
    ]
    words = {
        *(c for frame in frames for c in frame),
        *compared["way"],
        *checks["check"],
        *lifted["segment"],
        *lost["source"],
    }
    assert sorted(w for w in words if not has_term(w)) == []


def test_a_cost_below_nothing_would_earn_money_and_is_refused():
    tried = pd.DataFrame(
        {"group": ["treated"] * 5 + ["control"] * 5, "outcome": [3, 5, 4, 6, 2, 1, 3, 2, 2, 2]}
    )
    with pytest.raises(CrmkitError, match="cost_per_contact is −0.4; it must not be below 0"):
        uplift(tried, cost_per_contact=-0.4)
    assert uplift(tried, margin_per_unit=-2, cost_per_contact=0.4)["net_profit"].iloc[0] < 0
