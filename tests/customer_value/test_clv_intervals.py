"""Intervals of what a fit foretells: in closed form, by the bootstrap, and where there is nothing to be unsure of."""

import numpy as np
import pandas as pd
import pytest
from clv_customers import FITS, TRUTH, cdnow, model
from scipy.stats import norm

import crmkit

Z = norm.ppf(0.975)


def of_logarithms(fit):
    at = np.array(list(fit.params.values()))
    return pd.DataFrame(
        fit.covariance.to_numpy() / np.outer(at, at),
        index=fit.covariance.index,
        columns=fit.covariance.columns,
    )


def test_the_first_renewals_interval_is_that_of_log_beta_less_log_alpha():
    """Survival after one renewal is β / (α + β): its log-odds, log β − log α, have a variance in closed form."""
    fit = crmkit.fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    logs = of_logarithms(fit)
    wide = Z * np.sqrt(logs.loc["alpha", "alpha"] + logs.loc["beta", "beta"] - 2 * logs.loc["alpha", "beta"])
    first = fit.curve(1).iloc[1]
    odds = fit.params["beta"] / fit.params["alpha"]
    assert first["survival_share_low"] == pytest.approx(1 / (1 + np.exp(wide) / odds), rel=1e-6)
    assert first["survival_share_high"] == pytest.approx(1 / (1 + np.exp(-wide) / odds), rel=1e-6)
    assert first["retention_rate_high"] == pytest.approx(first["survival_share_high"])


def test_a_one_time_buyers_spend_has_the_interval_of_the_population_mean_in_closed_form():
    """The mean is v·p / (q − 1): by the logarithms of p, q and v it moves by 1, −q / (q − 1) and 1."""
    fit = crmkit.fit_gamma_gamma(cdnow())
    q = fit.params["q"]
    slope = np.array([1, -q / (q - 1), 1])
    wide = Z * np.sqrt(slope @ of_logarithms(fit).to_numpy() @ slope)
    once = fit.forecast(pd.DataFrame({"customer_id": ["a"], "frequency": [0], "monetary": [np.nan]})).iloc[0]
    mean = fit.params["v"] * fit.params["p"] / (q - 1)
    assert once["expected_spend_low"] == pytest.approx(mean * np.exp(-wide), rel=1e-6)
    assert once["expected_spend_high"] == pytest.approx(mean * np.exp(wide), rel=1e-6)


@pytest.mark.simulated
@pytest.mark.parametrize("kind, resamples", [("bg", 80), ("mbg", 80)])
def test_intervals_are_as_wide_as_the_bootstrap_of_customers_says(kind, resamples):
    """Efron's (1979) bootstrap of CDNOW's customers knows nothing of the likelihood's curvature."""
    rng = np.random.default_rng(4)
    histories = pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "frequency": [0, 2, 6], "t_x": [0.0, 100.0, 180.0], "T": 250.0}
    )
    drawn = []
    for _ in range(resamples):
        again = cdnow().sample(frac=1, replace=True, random_state=rng).assign(customer_id=range(len(cdnow())))
        drawn.append(np.log(FITS[kind](again).expected_purchases(histories, days=273)))
    found = FITS[kind](cdnow()).forecast(histories, days=273)
    error = np.log(found["expected_purchases_high"] / found["expected_purchases_low"]) / (2 * Z)
    # the spread of so many is itself known to 8 %
    assert error.to_numpy() == pytest.approx(np.std(drawn, axis=0), rel=0.3)


def test_the_value_of_purchases_and_spend_has_the_sum_of_both_variances():
    fit, spend = crmkit.fit_bg_nbd(cdnow()), crmkit.fit_gamma_gamma(cdnow())
    found = fit.clv(cdnow(), spend=spend, days=273, annual_discount_rate=0.0, margin_rate=1.0)

    def variance(name):
        return (np.log(found[f"{name}_high"] / found[f"{name}_low"]) / (2 * Z)) ** 2

    both = variance("expected_purchases") + variance("expected_spend")
    assert variance("clv").to_numpy() == pytest.approx(both.to_numpy(), rel=1e-6)
    alone = fit.forecast(cdnow(), days=273)
    pd.testing.assert_frame_equal(found[alone.columns], alone)
    assert found["p_alive"].equals(fit.p_alive(cdnow()))
    assert found["expected_purchases"].to_numpy() == pytest.approx(
        fit.expected_purchases(cdnow(), days=273).to_numpy(), rel=1e-12
    )


@pytest.mark.parametrize("kind", FITS)
def test_more_confidence_is_wider_and_known_parameters_leave_nothing_open(kind):
    fit = FITS[kind](cdnow())
    narrow, wide = (fit.forecast(cdnow(), days=273, confidence=share) for share in (0.8, 0.99))
    for name in ("p_alive", "expected_purchases"):
        ends = pd.concat([wide[f"{name}_low"], narrow[f"{name}_low"], narrow[name]], axis=1)
        assert (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
        ends = pd.concat([narrow[name], narrow[f"{name}_high"], wide[f"{name}_high"]], axis=1)
        assert (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    sure = model(kind, TRUTH[kind]).forecast(cdnow(), days=273)
    assert sure["p_alive_low"].to_numpy() == pytest.approx(sure["p_alive_high"].to_numpy())
    assert sure["expected_purchases_low"].to_numpy() == pytest.approx(
        sure["expected_purchases_high"].to_numpy()
    )


def test_what_the_model_says_for_certain_has_no_width():
    """Under BG/NBD a one-time buyer is alive whatever the parameters; in no days nobody buys."""
    once = cdnow().query("frequency == 0")
    found = crmkit.fit_bg_nbd(cdnow()).forecast(once, days=0)
    assert (found[["p_alive", "p_alive_low", "p_alive_high"]] == 1).all(axis=None)
    assert (found.filter(like="expected_purchases") == 0).all(axis=None)
    maybe = crmkit.fit_mbg_nbd(cdnow()).forecast(once, days=273)
    assert (maybe["p_alive_low"] < maybe["p_alive"]).all() and (
        maybe["p_alive"] < maybe["p_alive_high"]
    ).all()


def test_the_unit_of_the_models_time_changes_no_interval():
    weeks, days = (
        crmkit.fit_bg_nbd(cdnow(), time_unit=unit).forecast(cdnow(), days=90) for unit in ("week", "day")
    )
    assert days.iloc[:, 1:].to_numpy(float) == pytest.approx(weeks.iloc[:, 1:].to_numpy(float), rel=1e-4)


@pytest.mark.parametrize("wrong", [{"confidence": 95}, {"days": -1}, {"days": float("nan")}])
def test_a_forecast_out_of_range_is_refused(wrong):
    with pytest.raises(crmkit.CrmkitError) as error:
        crmkit.fit_bg_nbd(cdnow()).forecast(cdnow(), **({"days": 30} | wrong))
    assert error.value.code == "out_of_range"
