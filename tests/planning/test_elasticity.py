"""Elasticities from periods (F29): an outside estimator, coverage, and what happens where busy months get more."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from crmkit import CrmkitError, estimate_elasticity, plan_budget


def tries(rng, e=0.3, n=24, noise=0.1, busy=0.0):
    """A use whose resources were drawn by lot, or (``busy``) also followed how good the month was."""
    mood = rng.normal(0, noise, n)
    resources = 10_000 * np.exp(rng.uniform(-0.7, 0.7, n) + busy * mood)
    margin = 60_000 * (resources / 10_000) ** e * np.exp(mood)
    return pd.DataFrame({"option": "core", "resources": resources, "margin": margin})


def test_the_elasticity_agrees_with_statsmodels_formula_and_hc3():
    data = tries(np.random.default_rng(1))
    peer = smf.ols("np.log(margin) ~ np.log(resources)", data).fit(cov_type="HC3", use_t=True)
    found = estimate_elasticity(data).options.iloc[0]
    assert found["elasticity"] == pytest.approx(peer.params.iloc[1])
    assert found["elasticity_sd"] == pytest.approx(peer.bse.iloc[1])
    assert [found["elasticity_low"], found["elasticity_high"]] == pytest.approx(list(peer.conf_int().iloc[1]))


@pytest.mark.simulated
def test_the_interval_holds_the_true_elasticity_19_times_in_20_where_a_lot_decided():
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        row = estimate_elasticity(tries(rng)).options.iloc[0]
        held += row["elasticity_low"] <= 0.3 <= row["elasticity_high"]
    assert 0.92 < held / 400 < 0.98


def test_where_busy_months_get_more_the_elasticity_comes_out_too_high_and_reverses_the_plan():
    rng = np.random.default_rng(3)
    fair = pd.concat([tries(rng, e=0.35, n=60), tries(rng, e=0.15, n=60).assign(option="new")])
    bent = pd.concat(
        [tries(rng, e=0.35, n=60), tries(rng, e=0.15, n=60, noise=0.4, busy=3).assign(option="new")]
    )
    today = pd.DataFrame({"option": ["core", "new"], "resources": 10_000.0, "margin": 60_000.0})
    more = {}
    for name, data in {"fair": fair, "bent": bent}.items():
        found = estimate_elasticity(data).options[["option", "elasticity"]]
        plan = plan_budget(today.merge(found), budget=20_000)
        more[name] = plan.options.set_index("option")["resources_after"].idxmax()
    assert more == {"fair": "core", "bent": "new"}


def test_an_uncertainty_of_its_own_for_each_use_widens_the_profit_only_of_that_use():
    uses = pd.DataFrame(
        {"option": ["core", "new"], "resources": 10_000.0, "margin": 60_000.0, "elasticity": 0.3}
    )
    width = {}
    for name, sd in {"none": [0.0, 0.0], "one": [0.0, 0.1], "both": [0.1, 0.1]}.items():
        plan = plan_budget(uses.assign(elasticity_sd=sd), budget=30_000, rng=np.random.default_rng(4))
        width[name] = plan.profit.high - plan.profit.low
    assert width["none"] == 0 and 0 < width["one"] < width["both"]


@pytest.mark.parametrize(
    "wrong",
    [{"margin": -1.0}, {"resources": 0.0}, {"resources": 10_000.0}],
    ids=["loss", "nothing", "the same"],
)
def test_periods_that_show_no_answer_are_refused(wrong):
    with pytest.raises(CrmkitError):
        estimate_elasticity(tries(np.random.default_rng(5)).assign(**wrong))
