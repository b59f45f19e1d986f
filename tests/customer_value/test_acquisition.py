"""What a customer may cost: the spending against scipy's search, Pfeifer's condition, the sources by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import ttest_1samp

import crmkit

LETTERS = pd.DataFrame(
    {
        "spend_per_prospect": [2.0, 5.0, 1.0],
        "acquired_share": [0.10, 0.15, 0.05],
        "ceiling": [0.40, 0.40, 0.08],
        "value_per_customer": [30.0, 160.0, 90.0],
    }
)


def profit(row, spend):
    """By the published curve, written out: of the prospects c·(1 − (1 − a/c)^(spend/A)) are won."""
    won = row.ceiling * (1 - (1 - row.acquired_share / row.ceiling) ** (spend / row.spend_per_prospect))
    return won * row.value_per_customer - spend


@pytest.mark.parametrize("i", range(3))
def test_the_best_spending_is_where_scipys_search_finds_the_highest_profit(i):
    row = crmkit.acquisition_spending(LETTERS).iloc[i]
    found = minimize_scalar(lambda spend: -profit(row, spend), bounds=(0, 100), method="bounded")
    assert row.best_spend_per_prospect == pytest.approx(found.x, abs=1e-4)
    assert row.best_profit_per_prospect == pytest.approx(-found.fun)
    assert row.profit_per_prospect == pytest.approx(profit(row, row.spend_per_prospect))


def test_at_the_best_spending_the_next_customer_costs_the_customer_value_as_pfeifer_2005_says():
    best = crmkit.acquisition_spending(LETTERS)
    there = best.assign(
        spend_per_prospect=best["best_spend_per_prospect"], acquired_share=best["best_acquired_share"]
    )
    again = crmkit.acquisition_spending(there)
    np.testing.assert_allclose(again["cost_of_next_customer"], LETTERS["value_per_customer"])
    assert (again["cost_per_customer"] < LETTERS["value_per_customer"]).all()


def test_the_average_cost_reverses_the_decision_that_the_next_customer_asks_for():
    """50 a customer on average looks like a bargain for one worth 90: the next one costs more than twice that."""
    crowded = pd.DataFrame(
        {
            "spend_per_prospect": [4.0],
            "acquired_share": [0.08],
            "ceiling": [0.09],
            "value_per_customer": [90.0],
        }
    )
    found = crmkit.acquisition_spending(crowded).iloc[0]
    assert found.cost_per_customer == pytest.approx(50) and found.cost_of_next_customer > 180
    assert found.best_spend_per_prospect < 4 and found.best_profit_per_prospect > found.profit_per_prospect


def test_nothing_is_spent_where_the_first_customer_costs_more_than_one_is_worth():
    dear = LETTERS.assign(value_per_customer=1.0)
    found = crmkit.acquisition_spending(dear)
    assert (found["best_spend_per_prospect"] == 0).all() and found["best_cost_per_customer"].isna().all()
    assert (found["best_profit_per_prospect"] == 0).all()


def test_the_curve_goes_through_the_campaign_and_its_costs_are_those_of_the_summary():
    one = LETTERS.head(1)
    curve = crmkit.acquisition_curve(one, highest_spend=4, steps=40)
    at = curve[np.isclose(curve["spend_per_prospect"], 2)].iloc[0]
    found = crmkit.acquisition_spending(one).iloc[0]
    for name in ("acquired_share", "cost_per_customer", "cost_of_next_customer", "profit_per_prospect"):
        assert at[name] == pytest.approx(found[name])
    slope = np.gradient(curve["acquired_share"], curve["spend_per_prospect"])
    np.testing.assert_allclose(1 / slope[1:-1], curve["cost_of_next_customer"][1:-1], rtol=0.001)


def test_value_by_source_has_students_interval_and_the_decision_that_a_t_test_gives():
    rng = np.random.default_rng(5)
    won = pd.DataFrame(
        {
            "source": ["referral"] * 40 + ["promotion"] * 60,
            "margin": np.append(rng.gamma(2, 60, 40), rng.gamma(1, 50, 60)),
        }
    )
    found = crmkit.value_by_source(won, acquisition_cost={"referral": 40.0, "promotion": 90.0}).set_index(
        "source"
    )
    for source, cost in (("referral", 40.0), ("promotion", 90.0)):
        margins = won.loc[won["source"] == source, "margin"]
        interval = ttest_1samp(margins, cost).confidence_interval()
        row = found.loc[source]
        assert row["net_value"] == pytest.approx(margins.mean() - cost)
        assert row["value_per_customer_low"] == pytest.approx(interval.low)
        assert row["net_value_high"] == pytest.approx(interval.high - cost)
        assert row["paid_back_share"] == (margins >= cost).mean()
    assert found["decision"].to_dict() == {"referral": "pays", "promotion": "loses"}


def test_wrong_input_is_refused_with_what_was_allowed():
    with pytest.raises(crmkit.CrmkitError, match="ceiling"):
        crmkit.acquisition_spending(LETTERS.assign(ceiling=0.1))
    won = pd.DataFrame({"source": ["a", "a", "b", "b"], "margin": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(crmkit.CrmkitError, match="acquisition_cost"):
        crmkit.value_by_source(won, acquisition_cost={"a": 1.0})
