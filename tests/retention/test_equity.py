"""Customer equity: sums by hand, numerical derivatives, Gupta, Lehmann & Stuart's elasticities,
and Rust's switching.
"""

import numpy as np
import pandas as pd
import pytest

from crmkit.core.errors import CrmkitError
from crmkit.customer_value.value_matrix import retention_clv
from crmkit.retention.equity import customer_equity, driver_returns

BASE = pd.DataFrame(
    {
        "customers": [1000.0, 300],
        "new_customers": [100.0, 50],
        "margin": [90.0, 200],
        "retention_rate": [0.85, 0.6],
        "acquisition_cost": [120.0, 150],
    }
)


def test_equity_is_the_sum_over_years_added_up_by_hand():
    total = 0.0
    for n, new, m, r, cost in BASE.itertuples(index=False):
        total += n * sum(m * r**t / 1.1**t for t in range(1, 800))
        for won in range(1, 21):
            later = sum(m * r**t / 1.1**t for t in range(800))
            total += new * (later - cost) / 1.1**won
    found = customer_equity(BASE, annual_discount_rate=0.1, years=20)
    assert found.total == pytest.approx(total, rel=1e-9)
    parts = found.segments["present_value"] + found.segments["coming_value"]
    assert (parts - found.segments["acquisition_spending"]).sum() == pytest.approx(found.total)


def test_without_new_customers_it_is_the_margin_multiple_of_gupta_and_lehmann():
    found = customer_equity(BASE.assign(new_customers=0), annual_discount_rate=0.12)
    clv = retention_clv(BASE, annual_discount_rate=0.12, first_payment="after_one_year")
    assert found.total == pytest.approx((BASE["customers"] * clv["clv"]).sum())
    elasticity = found.levers.set_index("lever")["elasticity"]
    assert elasticity["margin"] == pytest.approx(1) and elasticity["acquisition_cost"] == 0


def test_elasticities_are_the_numerical_derivatives():
    found = customer_equity(BASE, annual_discount_rate=0.12, years=40)
    step = 1e-5
    for lever, elasticity in found.levers.itertuples(index=False):
        ends = []
        for factor in (1 - step, 1 + step):
            rate = 0.12 * (factor if lever == "annual_discount_rate" else 1)
            moved = BASE if lever == "annual_discount_rate" else BASE.assign(**{lever: BASE[lever] * factor})
            ends.append(customer_equity(moved, annual_discount_rate=rate, years=40).total)
        assert elasticity == pytest.approx((ends[1] - ends[0]) / (2 * step) / found.total, rel=1e-5), lever


def test_a_firm_like_those_of_gupta_lehmann_and_stuart_has_their_elasticities_and_another_has_not():
    # published: about 5 % for retention, 1 % for margin, 0.1 % for acquisition cost, at a discount rate of 12 %
    firm = pd.DataFrame(
        {
            "customers": [1000],
            "new_customers": [100],
            "margin": [100.0],
            "retention_rate": [0.9],
            "acquisition_cost": [80.0],
        }
    )
    found = customer_equity(firm, annual_discount_rate=0.12).levers.set_index("lever")["elasticity"]
    assert 4.5 < found["retention_rate"] < 5.5
    assert 1.0 < found["margin"] < 1.2
    assert -0.2 < found["acquisition_cost"] < -0.05
    other = customer_equity(firm.assign(retention_rate=0.6), annual_discount_rate=0.12)
    assert other.levers.set_index("lever")["elasticity"]["retention_rate"] < 3


def _drivers(**changes):
    rows = pd.DataFrame(
        {
            "driver": ["quality", "image", "club"],
            "part": ["value_equity", "brand_equity", "relationship_equity"],
            "utility": [0.3, 0.2, 0.4],
            "points": 1.0,
            "cost": 500.0,
            "yearly_cost": 0.0,
        }
    )
    return rows.assign(**changes)


def _returns(drivers, chances, shares=(0.3, 0.7), **more):
    brands = ["ours", "theirs"]
    said = {
        "switching": pd.DataFrame(chances, index=brands, columns=brands),
        "shares": dict(zip(brands, shares)),
        "brand": "ours",
        "customers": 1000,
        "margin_per_purchase": 10.0,
        "purchases_per_year": 1,
        "annual_discount_rate": 0.12,
        "years": 100,
    }
    return driver_returns(drivers, **{**said, **more})


def test_customers_who_never_come_back_once_lost_are_worth_what_the_retention_rate_says():
    found = _returns(_drivers(points=0.0), [[0.8, 0.2], [0.0, 1.0]])
    lost_for_good = 1000 * 0.3 * 10 * 0.8 / (1.12 - 0.8)
    assert found["customer_equity"].to_numpy() == pytest.approx(lost_for_good, rel=1e-4)
    assert found["gain"].to_numpy() == pytest.approx(0) and found[
        "return_on_cost"
    ].to_numpy() == pytest.approx(-1)


def test_customers_who_may_come_back_are_worth_the_solution_of_the_markov_chain():
    chances = np.array([[0.8, 0.2], [0.1, 0.9]])
    endless = np.linalg.solve(np.eye(2) - chances / 1.12, chances / 1.12)
    true = 1000 * 10 * np.array([0.3, 0.7]) @ endless[:, 0]
    found = _returns(_drivers(points=0.0), chances)
    assert found["customer_equity"].to_numpy() == pytest.approx(true, rel=1e-4)
    assert true > 1000 * 0.3 * 10 * 0.8 / (1.12 - 0.8), "the retention rate leaves out those who come back"


def test_a_driver_moves_the_odds_by_its_utility_and_a_programme_only_those_who_bought_last():
    chances = [[0.8, 0.2], [0.1, 0.9]]
    found = _returns(_drivers(), chances)
    odds = found["repeat_after"] / (1 - found["repeat_after"])
    assert np.log(odds / 4).to_numpy() == pytest.approx([0.3, 0.2, 0.4])
    nobody_yet = _returns(_drivers(), [[0.8, 0.2], [0.0, 1.0]], shares=(0.0, 1.0))
    assert nobody_yet["gain"].iloc[2] == pytest.approx(0)


def test_what_a_driver_costs_every_year_counts_as_the_annuity_of_the_textbooks():
    chances = [[0.8, 0.2], [0.1, 0.9]]
    once, every_year = (
        _returns(_drivers(**cost), chances, years=10) for cost in ({}, {"yearly_cost": 500.0})
    )
    annuity = (1 - 1.12**-10) / 0.12
    assert every_year["total_cost"].to_numpy() == pytest.approx(500 + 500 * annuity)
    assert every_year["gain"].to_numpy() == pytest.approx(once["gain"].to_numpy())
    lost = once["net_gain"] - every_year["net_gain"]
    assert lost.to_numpy() == pytest.approx(500 * annuity)
    assert every_year["return_on_cost"].to_numpy() == pytest.approx(
        (once["gain"] / (500 + 500 * annuity) - 1).to_numpy()
    )


def test_simulated_customers_who_switch_bring_what_the_model_says():
    rng = np.random.default_rng(1)
    chances, n = np.array([[0.7, 0.3], [0.2, 0.8]]), 40_000
    last, value = (rng.random(n) > 0.3).astype(int), 0.0
    for t in range(1, 21):
        last = (rng.random(n) > chances[last, 0]).astype(int)
        value += 10 * (last == 0).sum() / 1.12 ** (t / 4)
    found = _returns(_drivers(points=0.0), chances, customers=n, purchases_per_year=4, years=5)
    assert found["customer_equity"].iloc[0] == pytest.approx(value, rel=0.01)


def test_what_is_unfit_is_refused():
    good = [[0.8, 0.2], [0.1, 0.9]]
    for call, code in [
        (lambda: customer_equity(BASE.drop(columns="margin"), annual_discount_rate=0.1), "columns_needed"),
        (lambda: customer_equity(BASE.assign(retention_rate=1.0), annual_discount_rate=0), "clv_without_end"),
        (lambda: customer_equity(BASE.assign(margin=0.0), annual_discount_rate=0.1), "total_zero"),
        (lambda: _returns(_drivers(), [[0.8, 0.3], [0.1, 0.9]]), "switching_rows"),
        (lambda: _returns(_drivers(), good, shares=(0.3, 0.3)), "brand_shares"),
        (lambda: _returns(_drivers(part="price"), good), "not_a_choice"),
        (lambda: _returns(_drivers(), good, brand="nobody"), "not_a_choice"),
        (lambda: _returns(_drivers(), good, years=0), "out_of_range"),
    ]:
        with pytest.raises(CrmkitError) as error:
            call()
        assert error.value.code == code, error.value
