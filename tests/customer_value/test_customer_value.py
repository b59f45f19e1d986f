"""Lifetime value from retention against published multiples and simulation; the value matrix against known truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.customer_value.value_matrix import QUADRANTS, retention_clv, value_matrix


def _one(r, *, d=0.12, first="after_one_year", margin=1.0, **more):
    frame = pd.DataFrame({"margin": np.atleast_1d(margin).astype(float), "retention_rate": r})
    cost = more.pop("acquisition_cost", None)
    frame = frame if cost is None else frame.assign(acquisition_cost=cost)
    return retention_clv(frame, annual_discount_rate=d, first_payment=first, **more).iloc[0]


def test_margin_multiples_of_gupta_and_lehmann_at_12_percent():
    published = {0.60: "1.154", 0.70: "1.667", 0.80: "2.500", 0.90: "4.091"}
    for r, multiple in published.items():
        assert f"{_one(r)['margin_multiple']:.3f}" == multiple


@pytest.mark.parametrize("r, d", [(0.6, 0.12), (0.95, 0.03), (0.0, 0.1), (1.0, 0.1), (0.8, 0.0)])
def test_both_first_payments_agree_with_the_sum_written_out_and_with_each_other(r, d):
    t = np.arange(3000)
    terms = 7 * r**t / (1 + d) ** t
    later, now = (_one(r, d=d, first=first, margin=7.0)["clv"] for first in ("after_one_year", "now"))
    assert later == pytest.approx(terms[1:].sum()) and now == pytest.approx(terms.sum())
    assert now - later == pytest.approx(7)  # the margin of today
    for n in (1, 2, 10):
        assert _one(r, d=d, margin=7.0, years=n)["clv"] == pytest.approx(terms[1 : n + 1].sum())
        assert _one(r, d=d, margin=7.0, years=n, first="now")["clv"] == pytest.approx(terms[:n].sum())


def test_clv_agrees_with_simulated_customers_who_leave_with_a_known_probability():
    rng, r, d = np.random.default_rng(4), 0.75, 0.1
    stays = rng.geometric(1 - r, 200_000) - 1  # years survived after the first
    paid = (1 - (1 / (1 + d)) ** stays) / d  # 1 at the end of each of them, discounted
    error = paid.std() / np.sqrt(len(paid))
    assert abs(_one(r, d=d)["clv"] - paid.mean()) < 4 * error


@pytest.mark.parametrize("years", [np.inf, 5])
@pytest.mark.parametrize("first", ["now", "after_one_year"])
@pytest.mark.parametrize("cost", [0.0, 0.8])
def test_elasticities_agree_with_differences_of_the_net_value(years, first, cost):
    at = {"margin": 2.0, "r": 0.8, "d": 0.12, "acquisition_cost": cost}
    base = _one(at["r"], d=at["d"], first=first, margin=at["margin"], acquisition_cost=cost, years=years)
    for name, column in (
        ("margin", "margin"),
        ("r", "retention"),
        ("d", "discount"),
        ("acquisition_cost", "acquisition"),
    ):
        h = 1e-5
        up, down = ({**at, name: at[name] * (1 + side)} for side in (h, -h))
        net = [
            _one(
                x["r"],
                d=x["d"],
                first=first,
                margin=x["margin"],
                acquisition_cost=x["acquisition_cost"],
                years=years,
            )["net_clv"]
            for x in (up, down)
        ]
        assert base[f"elasticity_{column}"] == pytest.approx(
            (net[0] - net[1]) / (2 * h) / base["net_clv"], abs=1e-6
        )


def test_gupta_lehmann_stuarts_5_1_and_a_tenth_come_out_only_under_the_assumptions_that_the_docstring_names():
    gross = _one(0.8736)["clv"]
    named = _one(0.8736, acquisition_cost=gross / 11)  # the cost is a tenth of the net value
    found = named[["elasticity_retention", "elasticity_margin", "elasticity_acquisition"]].to_numpy(float)
    assert found == pytest.approx([5.0, 1.1, -0.1], abs=0.005)
    assert _one(0.6)["elasticity_retention"] == pytest.approx(2.154, abs=0.001)
    assert _one(0.95, d=0.05)["elasticity_retention"] == pytest.approx(10.5)


def test_elasticities_are_missing_where_nothing_is_earned():
    lost = _one(0.5, acquisition_cost=5.0)
    assert lost["net_clv"] < 0 and lost.filter(like="elasticity").isna().all()


@settings(max_examples=40)
@given(st.floats(0, 0.98), st.floats(0.001, 0.5), st.floats(0.5, 1000), st.integers(1, 30))
def test_clv_rises_with_retention_falls_with_the_discount_and_scales_with_the_currency(r, d, margin, years):
    base = _one(r, d=d, margin=margin)["clv"]
    assert _one(min(1, r + 0.01), d=d, margin=margin)["clv"] > base
    assert _one(r, d=d + 0.01, margin=margin)["clv"] <= base
    assert _one(r, d=d, margin=100 * margin)["clv"] == pytest.approx(100 * base)
    assert _one(r, d=d, margin=margin, years=years)["clv"] <= base + 1e-9


def test_clv_reverses_the_choice_by_this_years_margin_and_simulated_customers_confirm_it():
    # what this year's profit says and what lifetime says: simulated truth decides
    segments = pd.DataFrame(
        {"margin": [100.0, 60.0], "retention_rate": [0.4, 0.9]}, index=["bargain hunters", "regulars"]
    )
    clv = retention_clv(segments, annual_discount_rate=0.1, first_payment="now")["clv"]
    rng = np.random.default_rng(2)
    truth = [
        m * ((1 - (1 / 1.1) ** rng.geometric(1 - r, 50_000)) / (1 - 1 / 1.1)).mean()
        for m, r in zip(segments["margin"], segments["retention_rate"])
    ]
    assert segments["margin"].idxmax() == "bargain hunters" and clv.idxmax() == "regulars"
    assert clv.to_numpy() == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize(
    "change, code",
    [
        ({"retention_rate": [1.2]}, "cell_not_a_number"),
        ({"retention_rate": [np.nan]}, "cell_not_a_number"),
        ({"margin": ["many"]}, "cell_not_a_number"),
        ({"margin": [np.inf]}, "cell_not_a_number"),
        ({"acquisition_cost": [-1.0]}, "cell_not_a_number"),
    ],
)
def test_segments_without_a_lifetime_value_are_refused(change, code):
    frame = pd.DataFrame({"margin": [1.0], "retention_rate": [0.5]}).assign(**change)
    with pytest.raises(CrmkitError) as error:
        retention_clv(frame, annual_discount_rate=0.1, first_payment="now")
    assert error.value.code == code and error.value.row == 0


def test_arguments_of_clv_are_refused_when_they_say_nothing():
    frame = pd.DataFrame({"margin": [1.0, 1.0], "retention_rate": [0.5, 1.0]})
    for change, code in (
        ({"first_payment": "later"}, "not_a_choice"),
        ({"annual_discount_rate": 2.0}, "out_of_range"),
        ({"years": 0}, "out_of_range"),
        ({"years": np.nan}, "out_of_range"),
        ({"annual_discount_rate": np.nan}, "out_of_range"),
    ):
        with pytest.raises(CrmkitError) as error:
            retention_clv(frame, **{"annual_discount_rate": 0.1, "first_payment": "now", **change})
        assert error.value.code == code
    with pytest.raises(CrmkitError) as error:
        retention_clv(frame, annual_discount_rate=0.0, first_payment="now")
    assert (error.value.code, error.value.row) == ("clv_without_end", 1)
    assert retention_clv(frame, annual_discount_rate=0.0, first_payment="now", years=7)["clv"].iloc[1] == 7
    with pytest.raises(CrmkitError, match="retention_rate"):
        retention_clv(frame[["margin"]], annual_discount_rate=0.1, first_payment="now")
    with pytest.raises(CrmkitError):
        retention_clv(frame.iloc[:0], annual_discount_rate=0.1, first_payment="now")


# the value matrix


def _market(rng, n=400):
    """Customers whose value today and later are different things: a young group grows, an old one fades."""
    level = rng.lognormal(3, 0.6, n)
    growth = np.where(rng.random(n) < 0.5, rng.lognormal(1.0, 0.5, n), rng.lognormal(-1.2, 0.5, n))
    later = level * growth  # the truth
    se = 0.3 * later.mean()
    prior = later.mean()
    weight = later.var() / (later.var() + se**2)  # a forecast that allows for regression to the mean
    forecast = prior + weight * (later + rng.normal(0, se, n) - prior)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "current_value": level * rng.lognormal(0, 0.2, n),
            "long_term_value": forecast,
        }
    )
    return frame, later


def test_every_combination_meets_exactly_one_quadrant():
    for now in (False, True):
        for later in (False, True):
            assert sum(bool(rule(np.array([now]), np.array([later]))[0]) for rule in QUADRANTS.values()) == 1
    assert list(QUADRANTS) == ["low_value", "neglected_potential", "fading_value", "valued_customer"]


def test_a_hand_worked_matrix():
    frame = pd.DataFrame(
        {
            "customer_id": list("abcde"),
            "current_value": [10, 10, 40, 50, 20],
            "long_term_value": [5, 100, 20, 200, 50],
        }
    )
    found = value_matrix(frame)
    assert (found.current_cutoff, found.long_term_cutoff) == (20, 50)
    assert found.assignments["quadrant"].tolist() == [
        "low_value",
        "neglected_potential",
        "fading_value",
        "valued_customer",
        "low_value",
    ]  # at the cut-off is not above
    table = found.quadrants.set_index("quadrant")
    assert table["customers"].tolist() == [2, 1, 1, 1]
    assert table["current_value"].tolist() == [30, 10, 40, 50] and table["long_term_value"].tolist() == [
        55,
        100,
        20,
        200,
    ]
    assert table["long_term_value_share"].sum() == pytest.approx(1)
    assert value_matrix(frame, current_cutoff=15, long_term_cutoff=150).quadrants["customers"].tolist() == [
        2,
        0,
        2,
        1,
    ]


@pytest.mark.simulated
def test_effort_by_quadrant_reverses_effort_by_current_value_and_earns_more_of_the_truth():
    won, per_customer = [], []
    for seed in range(60):
        frame, truth = _market(np.random.default_rng(seed))
        matrix = value_matrix(frame)
        plan = matrix.spread_effort(elasticity=0.3).set_index("quadrant")
        customers = plan["customers"]
        earned = {}
        for by in ("current", "long_term"):
            share = plan[f"by_{by}_effort_share"] / (customers / customers.sum())  # against even effort
            per_customer.append((by, share["neglected_potential"] > share["fading_value"]))
            earned[by] = (truth * matrix.assignments["quadrant"].map(share).to_numpy() ** 0.3).sum()
        won.append(earned["long_term"] > earned["current"])
    assert not any(
        more for by, more in per_customer if by == "current"
    )  # by today's figures the fading get more
    assert all(more for by, more in per_customer if by == "long_term")  # and it is the other way round
    assert np.mean(won) > 0.97


def test_spread_effort_agrees_with_the_closed_form_of_equal_marginal_returns():
    frame, _ = _market(np.random.default_rng(1))
    matrix = value_matrix(frame)
    plan = matrix.spread_effort(elasticity=0.4)
    x, value = matrix.quadrants["customer_share"], matrix.quadrants["long_term_value"]
    closed = (value / x**0.4) ** (1 / 0.6)
    assert plan["by_long_term_effort_share"].to_numpy() == pytest.approx((closed / closed.sum()).to_numpy())
    assert plan["by_current_effort_share"].sum() == pytest.approx(1)
    for by in ("current", "long_term"):
        worth = value * (plan[f"by_{by}_effort_share"] / x) ** 0.4
        assert plan[f"long_term_value_by_{by}"].to_numpy() == pytest.approx(worth.to_numpy())
    assert plan["long_term_value_by_long_term"].sum() >= plan["long_term_value_by_current"].sum()
    assert matrix.spread_effort(elasticity=0)["long_term_value_by_current"].sum() == pytest.approx(
        value.sum()
    )


def test_the_probability_of_the_quadrant_is_calibrated_on_simulated_truth():
    rng = np.random.default_rng(3)
    n, se, spread = 40_000, 20.0, 30.0
    truth = rng.normal(100, spread, n)
    weight = spread**2 / (spread**2 + se**2)
    frame = pd.DataFrame(
        {
            "customer_id": range(n),
            "current_value": rng.normal(100, 10, n),
            "long_term_value": 100 + weight * (truth + rng.normal(0, se, n) - 100),
            "long_term_se": np.sqrt(weight) * se,
        }
    )
    found = value_matrix(frame, long_term_cutoff=110.0)
    named = found.assignments
    right = (truth > 110) == (named["long_term_value"] > 110)
    for low in np.arange(0.5, 1, 0.1):
        inside = named["quadrant_probability"].between(low, low + 0.1)
        assert right[inside].mean() == pytest.approx(named["quadrant_probability"][inside].mean(), abs=0.02)
    table = found.quadrants.set_index("quadrant")
    high_now = named["current_value"] > found.current_cutoff
    really = {
        "valued_customer": (high_now & (truth > 110)).sum(),
        "neglected_potential": (~high_now & (truth > 110)).sum(),
    }
    for quadrant, count in really.items():
        assert table.loc[quadrant, "expected_customers"] == pytest.approx(count, rel=0.04)
    assert table["expected_customers"].sum() == pytest.approx(n)


def test_a_forecast_without_error_is_certain():
    frame = pd.DataFrame(
        {
            "customer_id": list("abc"),
            "current_value": [1, 2, 3],
            "long_term_value": [1.0, 2.0, 9.0],
            "long_term_se": 0.0,
        }
    )
    found = value_matrix(frame)
    assert (found.assignments["quadrant_probability"] == 1).all()
    assert found.quadrants["expected_customers"].tolist() == found.quadrants["customers"].tolist()


def test_the_matrix_ignores_order_and_currency_and_leaves_the_input_alone():
    frame, _ = _market(np.random.default_rng(5), 101)
    before = frame.copy(deep=True)
    found = value_matrix(frame)
    shuffled = value_matrix(frame.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(found.quadrants, shuffled.quadrants)
    yuan = value_matrix(
        frame.assign(current_value=7 * frame["current_value"], long_term_value=7 * frame["long_term_value"])
    )
    assert yuan.assignments["quadrant"].equals(found.assignments["quadrant"])
    assert yuan.quadrants["long_term_value"].to_numpy() == pytest.approx(
        7 * found.quadrants["long_term_value"].to_numpy()
    )
    pd.testing.assert_frame_equal(frame, before)
    counts = pd.crosstab(found.assignments["quadrant"], yuan.assignments["quadrant"])
    assert np.diag(counts).sum() == 101


@pytest.mark.parametrize(
    "change, code",
    [
        ({"customer_id": ["a", "a"]}, "customer_not_unique"),
        ({"customer_id": [None, "a"]}, "customer_not_unique"),
        ({"current_value": [1.0, np.nan]}, "cell_not_a_number"),
        ({"long_term_value": [np.inf, 1.0]}, "cell_not_a_number"),
        ({"long_term_se": [-1.0, 1.0]}, "cell_not_a_number"),
    ],
)
def test_customers_that_fit_no_matrix_are_refused(change, code):
    frame = pd.DataFrame(
        {"customer_id": ["a", "b"], "current_value": [1.0, 2.0], "long_term_value": [1.0, 2.0]}
    )
    with pytest.raises(CrmkitError) as error:
        value_matrix(frame.assign(**change))
    assert error.value.code == code
    with pytest.raises(CrmkitError):
        value_matrix(frame, current_cutoff=np.nan)
    with pytest.raises(CrmkitError):
        value_matrix(frame.iloc[:0])
    with pytest.raises(CrmkitError):
        value_matrix(frame).spread_effort(elasticity=1.5)
    with pytest.raises(CrmkitError) as error:
        value_matrix(frame.assign(current_value=0.0)).spread_effort(elasticity=0.5)
    assert error.value.code == "total_zero"


def test_one_customer_is_a_matrix_too():
    found = value_matrix(pd.DataFrame({"customer_id": ["a"], "current_value": [5], "long_term_value": [5]}))
    assert found.assignments["quadrant"].tolist() == ["low_value"]
    assert found.spread_effort(elasticity=0.5)["by_long_term_effort_share"].tolist() == [1.0]


def test_every_column_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    frame, _ = _market(np.random.default_rng(5), 50)
    matrix = value_matrix(frame.assign(long_term_se=1.0))
    clv = retention_clv(
        pd.DataFrame({"margin": [1.0], "retention_rate": 0.5, "acquisition_cost": 0.1}),
        annual_discount_rate=0.1,
        first_payment="now",
    )
    shown = [*matrix.assignments, *matrix.quadrants, *matrix.spread_effort(elasticity=0.2), *clv, *QUADRANTS]
    assert [name for name in shown if not has_term(name)] == []
    crmkit.set_language("zh")
    assert "价值客户" in repr(crmkit.show(matrix.quadrants))
