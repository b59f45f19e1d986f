"""The customer pyramid against hand-worked tables, brute force, closed forms and its own laws."""

from dataclasses import FrozenInstanceError
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.core.errors import CrmkitError
from crmkit.customer_pyramid.migration import migration
from crmkit.customer_pyramid.pyramid import (
    CURRY,
    ZEITHAML,
    ByCustomerShare,
    ByCutoff,
    ByValueShare,
    pyramid,
    reallocate,
)

TWO = ByCustomerShare({"gold": 0.2, "lead": 0.8})
HALVES = ByCustomerShare({"gold": 0.5, "lead": 0.5})


def _customers(values, column="revenue", **more):
    ids = [f"c{i:04d}" for i in range(len(values))]
    return pd.DataFrame({"customer_id": ids, column: list(map(float, values)), **more})


def _sizes(values, rule):
    return pyramid(_customers(values), tiers=rule).tiers["customers"].tolist()


# tiers


def test_the_schemes_of_zeithaml_and_curry_are_1_4_15_80():
    for rule, names in (
        (ZEITHAML, ["platinum", "gold", "iron", "lead"]),
        (CURRY, ["top", "large", "medium", "small"]),
    ):
        found = pyramid(_customers(range(1000)), tiers=rule).tiers
        assert found["tier"].tolist() == names
        assert found["customers"].tolist() == [10, 40, 150, 800]
        assert found["customer_share"].tolist() == pytest.approx([0.01, 0.04, 0.15, 0.80])


def test_a_hand_worked_pyramid_with_cost_to_serve():
    customers = _customers([1000, 400, 300, 200, 100])
    cost = pd.DataFrame(
        {"customer_id": ["c0004", "c0000", "c0001", "c0002", "c0003"], "cost": [60.0, 50, 40, 30, 70]}
    )
    found = pyramid(customers, by="profit", tiers=TWO, margin_rate=0.5, cost_to_serve=cost)
    assert found.assignments["customer_id"].tolist() == ["c0000", "c0001", "c0002", "c0003", "c0004"]
    assert found.assignments["value"].tolist() == [450.0, 160, 120, 30, -10]
    expected = pd.DataFrame(
        {
            "tier": ["gold", "lead"],
            "customers": [1, 4],
            "customer_share": [0.2, 0.8],
            "value": [450.0, 300.0],
            "value_share": [0.6, 0.4],
            "value_per_customer": [450.0, 75.0],
            "resources": [50.0, 200.0],
            "resource_share": [0.2, 0.8],
        }
    )
    pd.testing.assert_frame_equal(found.tiers, expected, check_dtype=False)
    assert (found.by, found.resources_from, found.notes) == ("profit", "cost_to_serve", ())


def test_the_measure_decides_the_tier():
    customers = _customers([100, 90], margin=[10.0, 40.0])
    cost = pd.DataFrame({"customer_id": ["c0000", "c0001"], "cost": [0.0, 35.0]})
    best = {
        by: pyramid(customers, by=by, tiers=HALVES, cost_to_serve=cost).assignments["customer_id"][0]
        for by in ("revenue", "margin", "profit")
    }
    assert best == {"revenue": "c0000", "margin": "c0001", "profit": "c0000"}


def test_profit_without_any_margin_is_refused_and_a_cost_that_holds_all_is_said_to_be_one():
    cost = pd.DataFrame({"customer_id": ["c0000", "c0001"], "cost": [90.0, 10.0]})
    with pytest.raises(CrmkitError, match="write margin_rate=1") as error:
        pyramid(_customers([100, 50]), by="profit", tiers=HALVES, cost_to_serve=cost)
    assert error.value.code == "margin_rate_needed" and "写 margin_rate=1" in error.value.message_zh
    found = pyramid(_customers([100, 50]), by="profit", tiers=HALVES, cost_to_serve=cost, margin_rate=1)
    assert found.assignments["value"].tolist() == [40.0, 10.0] and found.notes == ()


def test_a_pyramid_by_revenue_is_told_where_its_margin_rate_belongs():
    with pytest.raises(CrmkitError, match="reallocate"):
        reallocate(pyramid(_customers([100, 50]), margin_rate=0.3, tiers=HALVES), elasticity=0.2)


def test_cumulative_value_share_takes_the_fewest_customers_that_bring_it():
    rule = ByValueShare({"a": 0.5, "b": 0.3, "c": 0.2})
    assert _sizes([50, 30, 15, 5], rule) == [1, 1, 2]
    assert _sizes([49, 31, 15, 5], rule) == [2, 0, 2]  # two are needed for half, and they bring the 80 % too
    assert _sizes([80, 10, 5, 5], rule) == [1, 0, 3]
    assert _sizes([60, 40, -10, -50], rule) == [1, 1, 2]  # only what is above 0 is added up
    assert _sizes([0, 0, -5], rule) == [0, 0, 3]


def test_a_customer_at_the_cutoff_is_in_the_tier():
    assert _sizes([100, 99.99, 20, 19.99, -3], ByCutoff({"gold": 100, "iron": 20}, rest="lead")) == [1, 2, 2]


@pytest.mark.parametrize(
    "values, sizes",
    [
        (
            [9, 7, 7, 7, 1, 1, 1, 1, 1, 1],
            [1, 9],
        ),  # the second place would cut the sevens: they go down together
        ([9, 9, 7, 7, 7, 1, 1, 1, 1, 1], [2, 8]),
        ([9, 9, 9, 1, 1, 1, 1, 1, 1, 1], [0, 10]),  # no tier outgrows its share
        ([5] * 10, [0, 10]),  # nobody stands out
        ([3, 2, 1], [1, 2]),
        ([3], [1, 0]),
    ],
)  # few customers: rounded up, the best is in the top tier
def test_equal_customers_share_a_tier_and_a_boundary_rounds_up(values, sizes):
    assert _sizes(values, TWO) == sizes


def test_fewer_customers_than_tiers():
    found = pyramid(_customers([5, 3]))
    assert found.tiers["customers"].tolist() == [1, 0, 0, 1]
    assert found.tiers["value_per_customer"].isna().tolist() == [False, True, True, False]


def test_where_the_total_is_not_above_zero_there_are_no_shares_of_it():
    assert pyramid(_customers([5, -5, -1]), tiers=TWO).tiers["value_share"].isna().all()


# resources


def test_resources_come_from_the_cost_a_column_an_argument_or_evenly():
    customers = _customers([10, 5, 4, 3, 2])
    even = pyramid(customers, tiers=TWO)
    assert even.resources_from == "even" and len(even.notes) == 1
    assert even.tiers["resource_share"].tolist() == even.tiers["customer_share"].tolist()
    column = pyramid(customers.assign(resources=[5, 0, 0, 0, 15]), tiers=TWO)
    assert (column.resources_from, column.tiers["resource_share"].tolist()) == ("resources", [0.25, 0.75])
    given_ = pyramid(customers, tiers=TWO, resources={"lead": 900, "gold": 100})
    assert given_.tiers["resources"].tolist() == [100.0, 900.0] and given_.notes == ()


def test_a_budget_moves_to_where_margin_answers_most_in_closed_form():
    base = pyramid(
        _customers([80, 5, 5, 5, 5], "margin"), by="margin", tiers=TWO, resources={"gold": 20, "lead": 80}
    )
    e = 0.4
    found = reallocate(base, elasticity=e)
    weight = (np.array([80, 20]) * np.array([20.0, 80]) ** -e) ** (1 / (1 - e))  # equal marginal returns
    assert found.tiers["resources_after"].to_numpy() == pytest.approx(100 * weight / weight.sum(), rel=1e-9)
    assert found.tiers["margin_change"].sum() == pytest.approx(found.profit_change.value)
    assert found.profit_change.low is None


@pytest.mark.parametrize(
    "margin, before, e, least, most",
    [
        ([500, 300, 200], [10, 30, 60], [0.3, 0.2, 0.1], 0.0, np.inf),
        ([500, 300, 200], [10, 30, 60], [0.05, 0.2, 0.6], 0.5, 2.0),
        ([900, 50, 50], [20, 20, 60], [0.5, 0.5, 0.5], 0.4, 1.5),
        ([100, -80, 200], [30, 40, 30], [0.3, 0.3, 0.3], 0.1, 3.0),
        ([400, 300, 0], [30, 40, 30], [0.3, 0.0, 0.3], 0.2, 1.2),
        ([400, 300, 10], [10, 45, 45], [0.3, 0.0, 0.0], 0.0, 1.5),
    ],
)
def test_the_best_spread_is_not_beaten_by_a_brute_force_grid(margin, before, e, least, most):
    rule = ByCutoff({"gold": 2, "iron": 1}, rest="lead")
    base = pyramid(
        _customers([2, 1, 0], "margin"), by="margin", tiers=rule, resources=dict(zip(rule.tiers, before))
    )
    object.__setattr__(base, "tiers", base.tiers.assign(value=margin))
    margin, before, e = (np.array(v, dtype=float) for v in (margin, before, e))
    found = reallocate(base, elasticity=dict(zip(rule.tiers, e)), at_least=least, at_most=most)
    after = found.tiers["resources_after"].to_numpy()
    assert after.sum() == pytest.approx(before.sum())
    assert (after >= least * before - 1e-9).all() and (after <= most * before + 1e-9).all()
    steps = np.arange(0, 100.01, 0.5)
    first, second = np.meshgrid(steps, steps)
    grid = np.stack([first, second, 100 - first - second])
    low, high, margin, before, e = (
        v[:, None, None] for v in (least * before, most * before, margin, before, e)
    )
    inside = ((grid >= low - 1e-9) & (grid <= high + 1e-9)).all(axis=0)
    total = (margin * (np.maximum(grid, 0) / before) ** e).sum(axis=0)
    best = total[inside].max()
    mine = found.tiers["margin_after"].sum()
    assert best <= mine + 1e-9 * abs(mine)
    assert mine - best < 0.01 * abs(mine)  # and the grid comes close, so both look at the same problem


def test_resources_move_down_when_the_low_tier_answers_more():
    customers = _customers([60, 10, 10, 10, 10], "margin")
    base = pyramid(customers, by="margin", tiers=TWO, resources={"gold": 50, "lead": 50})
    up = reallocate(base, elasticity={"gold": 0.4, "lead": 0.1}).tiers.set_index("tier")
    down = reallocate(base, elasticity={"gold": 0.1, "lead": 0.4}).tiers.set_index("tier")
    assert up.loc["gold", "resources_after"] > 50 > down.loc["gold", "resources_after"]
    assert up.loc["lead", "resources_after"] < 50 < down.loc["lead", "resources_after"]


def test_the_interval_holds_the_plan_fixed_and_can_show_a_loss():
    customers = _customers([60, 10, 10, 10, 10], "margin")
    base = pyramid(customers, by="margin", tiers=TWO, resources={"gold": 20, "lead": 80})
    sure = reallocate(base, elasticity=0.3, elasticity_sd=0.0, rng=np.random.default_rng(1)).profit_change
    assert sure.low == pytest.approx(sure.value) and sure.high == pytest.approx(sure.value)
    unsure = reallocate(base, elasticity=0.3, elasticity_sd=0.2, rng=np.random.default_rng(1)).profit_change
    assert unsure.low < 0 < unsure.value < unsure.high
    assert (
        unsure
        == reallocate(base, elasticity=0.3, elasticity_sd=0.2, rng=np.random.default_rng(1)).profit_change
    )


def test_nothing_moves_when_nothing_answers():
    base = pyramid(_customers([6, 1, 1, 1, 1]), tiers=TWO)
    found = reallocate(base, elasticity=0, margin_rate=0.3)
    assert found.tiers["resources_after"].tolist() == found.tiers["resources_before"].tolist()
    assert found.profit_change.value == 0


def test_the_change_in_profit_by_profit_counts_the_cost_to_serve_as_the_resources():
    cost = pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(5)], "cost": [20.0] * 5})
    base = pyramid(_customers([100, 10, 10, 10, 10], "margin"), by="profit", tiers=TWO, cost_to_serve=cost)
    found = reallocate(base, elasticity=0.3)
    assert found.tiers["margin_before"].tolist() == [
        100.0,
        40.0,
    ]  # the profit 80 and −40, plus what serving them cost
    assert found.profit_change.value > 0


def test_the_assumption_is_in_words_in_both_languages_with_its_numbers():
    base = pyramid(_customers([6, 1, 1, 1, 1]), tiers=TWO)
    zh, en = reallocate(base, elasticity={"gold": 0.31, "lead": 0.12}, margin_rate=1).assumption
    for text, word in ((zh, "弹性"), (en, "elasticity")):
        assert word in text and "0.31" in text and "0.12" in text


# migration


def _period(tiers: dict[str, str]):
    worth = {"gold": 100.0, "iron": 10.0, "lead": 1.0}
    rule = ByCutoff({"gold": 100, "iron": 10}, rest="lead")
    customers = pd.DataFrame(
        {"customer_id": list(tiers), "revenue": [worth[tier] for tier in tiers.values()]}
    )
    return pyramid(customers, tiers=rule)


def test_migration_counts_new_and_lost_customers_by_hand():
    before = _period({"a": "gold", "b": "gold", "c": "iron", "d": "lead", "e": "lead"})
    after = _period({"a": "gold", "b": "iron", "d": "iron", "e": "lead", "f": "lead", "g": "gold"})
    moves = migration(before, after=after)
    assert moves.counts.to_dict("index") == {
        "gold": {"gold": 1, "iron": 1, "lead": 0, "lost_customer": 0},
        "iron": {"gold": 0, "iron": 0, "lead": 0, "lost_customer": 1},
        "lead": {"gold": 0, "iron": 1, "lead": 1, "lost_customer": 0},
        "new_customer": {"gold": 1, "iron": 0, "lead": 1, "lost_customer": 0},
    }
    assert moves.probabilities.loc["gold"].tolist() == [0.5, 0.5, 0, 0]
    assert moves.probabilities.sum(axis=1).tolist() == [1.0] * 4
    # s = s·P + n by hand: gold = gold/2 + 1 → 2; lead = lead/2 + 1 → 2; iron = gold/2 + lead/2 → 2
    assert moves.steady_state["customers"].tolist() == pytest.approx([2, 2, 2])


def _chain(counts):
    """Two periods whose migration counts are these; the columns may end with the lost, the rows with the new."""
    tiers = ["gold", "iron", "lead"][: len(counts[0])]
    before, after = {}, {}
    for (i, start), (j, end) in product(enumerate(tiers), enumerate(tiers)):
        for k in range(counts[i][j]):
            before[f"{i}{j}{k}"], after[f"{i}{j}{k}"] = start, end
    return migration(_period(before), after=_period(after))


def test_steady_state_agrees_with_the_closed_form_of_two_states():
    # gold → iron with p = 0.2, iron → gold with q = 0.05: gold's share in the long run is q / (p + q) = 0.2
    found = _chain([[80, 20, 0], [5, 95, 0], [0, 0, 0]]).steady_state.set_index("tier")
    assert found["customer_share"].tolist() == pytest.approx([0.2, 0.8, 0.0])
    assert found["customers"].sum() == pytest.approx(200)


def test_steady_state_of_a_known_chain_of_three():
    # P = [.5 .25 .25; .5 0 .5; .25 .25 .5], the textbook's Land of Oz, settles at 2/5, 1/5, 2/5
    found = _chain([[20, 10, 10], [20, 0, 20], [10, 10, 20]]).steady_state
    assert found["customer_share"].tolist() == pytest.approx([0.4, 0.2, 0.4])


def test_a_chain_that_swings_to_and_fro_has_a_steady_mix():
    found = _chain([[0, 10, 0], [10, 0, 0], [0, 0, 0]]).steady_state
    assert found["customer_share"].tolist() == pytest.approx([0.5, 0.5, 0])


def test_steady_state_is_where_many_periods_lead():
    rng = np.random.default_rng(4)
    names = [f"k{i}" for i in range(400)]
    before = _period(dict(zip(names, rng.choice(["gold", "iron", "lead"], 400))))
    after = _period(
        {
            **dict(zip(names[60:], rng.choice(["gold", "iron", "lead"], 340))),
            **{f"n{i}": "lead" for i in range(25)},
        }
    )
    moves = migration(before, after=after)
    inner = moves.probabilities.iloc[:3, :3].to_numpy()
    stock = np.zeros(3)
    for _ in range(2000):
        stock = stock @ inner + np.array([0, 0, 25])
    assert moves.steady_state["customers"].to_numpy() == pytest.approx(stock)


def test_steady_state_without_new_customers_dies_out_and_one_that_cannot_be_known_is_missing():
    assert (
        migration(_period({"a": "gold", "b": "gold"}), after=_period({"a": "gold"}))
        .steady_state["customers"]
        .sum()
        == 0
    )
    unknown = migration(_period({"a": "gold"}), after=_period({"a": "iron"})).steady_state
    assert unknown["customers"].isna().all()


def test_steady_state_of_a_base_that_nobody_leaves_grows_without_end_and_has_a_mix():
    before = _period({**{f"a{i}": "gold" for i in range(10)}, **{f"b{i}": "lead" for i in range(10)}})
    after = _period(
        {
            **{f"a{i}": "gold" if i else "lead" for i in range(10)},
            **{f"b{i}": "lead" if i else "gold" for i in range(10)},
            "new": "lead",
        }
    )
    found = migration(before, after=after).steady_state.set_index("tier")
    assert found.loc[["gold", "lead"], "customers"].eq(np.inf).all()
    assert found["customer_share"].tolist() == pytest.approx([0.5, 0.0, 0.5])


def test_steady_state_where_only_one_tier_never_loses_anybody():
    before = _period({"a": "gold", "b": "gold", "c": "lead", "d": "lead"})
    after = _period({"a": "gold", "b": "gold", "c": "lead", "e": "lead"})
    # gold stays at its two; lead loses half and wins one a period, so it settles at two
    assert migration(before, after=after).steady_state["customers"].tolist() == pytest.approx([2, 0, 2])


# laws

values = st.lists(st.integers(-50, 1000), min_size=1, max_size=80)
BY_VALUE = ByValueShare({"a": 0.5, "b": 0.3, "c": 0.2})
rules = st.sampled_from([ZEITHAML, TWO, BY_VALUE, ByCutoff({"gold": 500, "iron": 0}, rest="lead")])


@pytest.mark.simulated
@settings(max_examples=60)
@given(values, rules, st.randoms(use_true_random=False))
def test_tiers_reconcile_keep_equals_together_and_ignore_row_order(drawn, rule, random):
    customers = _customers(drawn)
    before = customers.copy(deep=True)
    found = pyramid(customers, tiers=rule)
    pd.testing.assert_frame_equal(customers, before)
    assert found.tiers["customers"].sum() == len(drawn) and found.tiers["value"].sum() == pytest.approx(
        sum(drawn)
    )
    assert found.tiers["customer_share"].sum() == pytest.approx(1)
    assert (found.assignments.groupby("value")["tier"].nunique() == 1).all()
    rank = found.assignments["tier"].map({tier: i for i, tier in enumerate(rule.tiers)})
    assert rank.is_monotonic_increasing and found.assignments["value"].is_monotonic_decreasing
    shuffled = pyramid(customers.sample(frac=1, random_state=random.randrange(2**31)), tiers=rule)
    pd.testing.assert_frame_equal(shuffled.tiers, found.tiers)
    pd.testing.assert_frame_equal(shuffled.assignments, found.assignments)


@settings(max_examples=40)
@given(values, st.sampled_from([0.01, 3.0, 7.3]))
def test_the_unit_of_money_does_not_matter(drawn, factor):
    for rule in (ZEITHAML, BY_VALUE):
        one, other = (pyramid(_customers([v * unit for v in drawn]), tiers=rule) for unit in (1, factor))
        assert one.assignments[["customer_id", "tier"]].equals(other.assignments[["customer_id", "tier"]])
        np.testing.assert_allclose(one.tiers["value_share"], other.tiers["value_share"], rtol=1e-9)


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.02, 0.9), min_size=4, max_size=4),
    st.lists(st.integers(1, 500), min_size=4, max_size=4),
    st.lists(st.integers(1, 100), min_size=4, max_size=4),
)
def test_reallocation_keeps_the_budget_and_never_plans_a_loss(e, margin, spent):
    rule = ByCutoff({"a": 3, "b": 2, "c": 1}, rest="d")
    base = pyramid(
        _customers([3, 2, 1, 0], "margin"), by="margin", tiers=rule, resources=dict(zip(rule.tiers, spent))
    )
    object.__setattr__(base, "tiers", base.tiers.assign(value=np.array(margin, dtype=float)))
    found = reallocate(base, elasticity=dict(zip(rule.tiers, e)))
    assert found.tiers["resources_after"].sum() == pytest.approx(sum(spent))
    assert found.profit_change.value >= -1e-9 * sum(margin)
    marginal = found.tiers.eval("margin_after * elasticity / resources_after")
    assert marginal.to_numpy() == pytest.approx(np.full(4, marginal.mean()), rel=1e-6)  # nothing left to gain


def test_results_are_frozen():
    with pytest.raises(FrozenInstanceError):
        pyramid(_customers([1, 2])).by = "profit"


# what is refused

GOOD = _customers([5, 3, 1])
COST = pd.DataFrame({"customer_id": GOOD["customer_id"], "cost": 1.0})


@pytest.mark.parametrize(
    "call, code",
    [
        (lambda: pyramid(GOOD, by="turnover"), "not_a_choice"),
        (lambda: pyramid(GOOD.drop(columns="revenue")), "columns_needed"),
        (lambda: pyramid(GOOD.head(0)), "no_values"),
        (lambda: pyramid(GOOD.assign(revenue=[1, np.nan, 2])), "cell_not_a_number"),
        (lambda: pyramid(GOOD.assign(revenue=["a", "b", "c"])), "cell_not_a_number"),
        (lambda: pyramid(pd.concat([GOOD, GOOD])), "customer_not_unique"),
        (lambda: pyramid(GOOD.assign(customer_id=["a", None, "b"])), "customer_not_unique"),
        (lambda: pyramid(GOOD, by="margin"), "margin_rate_needed"),
        (lambda: pyramid(GOOD, by="margin", margin_rate=30), "out_of_range"),
        (lambda: pyramid(GOOD, by="profit", margin_rate=0.3), "cost_to_serve_needed"),
        (lambda: pyramid(GOOD, by="profit", cost_to_serve=COST.head(2)), "cost_missing"),
        (
            lambda: pyramid(GOOD, by="profit", cost_to_serve=COST.assign(cost=-COST["cost"])),
            "cell_not_a_number",
        ),
        (lambda: pyramid(GOOD, by="profit", cost_to_serve=pd.concat([COST, COST])), "customer_not_unique"),
        (
            lambda: pyramid(GOOD, by="profit", cost_to_serve=COST.rename(columns={"cost": "price"})),
            "columns_needed",
        ),
        (lambda: pyramid(GOOD, resources={"gold": 1}), "tier_names"),
        (lambda: pyramid(GOOD.assign(resources=[1.0, -5, 1])), "resources_not_amounts"),
        (lambda: ByCustomerShare({"gold": 0.2, "lead": 0.7}), "tier_shares"),
        (lambda: ByCustomerShare({"all": 1.0}), "tier_shares"),
        (lambda: ByValueShare({"gold": 1.2, "lead": -0.2}), "tier_shares"),
        (lambda: ByCutoff({"gold": 10, "iron": 20}, rest="lead"), "tier_cutoffs"),
        (lambda: ByCutoff({"gold": 10}, rest="gold"), "tier_cutoffs"),
        (lambda: ByCutoff({}, rest="lead"), "tier_cutoffs"),
        (lambda: reallocate(pyramid(GOOD), elasticity=0.2), "margin_rate_needed"),
        (lambda: reallocate(pyramid(GOOD), elasticity=1.0, margin_rate=0.3), "out_of_range"),
        (lambda: reallocate(pyramid(GOOD), elasticity={"gold": 0.2}, margin_rate=0.3), "tier_names"),
        (
            lambda: reallocate(
                pyramid(GOOD, tiers=TWO, resources={"gold": 0, "lead": 1}), elasticity=0.2, margin_rate=0.3
            ),
            "tier_without_resources",
        ),
        (lambda: migration(pyramid(GOOD), after=pyramid(GOOD, tiers=TWO)), "tier_names"),
    ],
)
def test_what_is_unfit_is_refused(call, code):
    with pytest.raises(CrmkitError) as error:
        call()
    assert error.value.code == code


def test_the_public_function_is_not_hidden_by_a_module():
    import crmkit.customer_pyramid.pyramid

    assert callable(crmkit.pyramid)


def test_every_column_and_tier_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    base = pyramid(_customers([5, 3, 1, 1, 1]), tiers=TWO)
    moves = migration(base, after=base)
    shown = [
        *base.tiers,
        *base.assignments,
        *reallocate(base, elasticity=0.2, margin_rate=0.3).tiers,
        *moves.counts,
        *moves.counts.index,
        *moves.counts.index.names,
        *moves.counts.columns.names,
        *moves.steady_state,
        *ZEITHAML.tiers,
        *CURRY.tiers,
    ]
    assert [name for name in shown if not has_term(name)] == []


@pytest.mark.parametrize("tiers", [[1, 4, 15, 80], {"platinum": 0.01, "gold": 0.99}, "platinum"])
def test_tiers_that_are_no_rule_are_told_which_rules_there_are(tiers):
    with pytest.raises(CrmkitError, match=r"crmkit\.ByCustomerShare\(\{") as error:
        pyramid(GOOD, tiers=tiers)
    assert error.value.code == "not_a_tier_rule"
