"""The customer summary against published estimates: this is where it was settled how zero rows count.

The likelihoods below are written only for these tests, after Fader, Hardie & Lee (2005).
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

import crmkit

END_OF_CALIBRATION = "1997-09-30"
FIXTURE = Path(__file__).parent / "fixtures" / "lifetimes_cdnow_sample.parquet"  # made by tests/benchmarks/_peers.py


@cache
def _customers(name: str, zeros_count: bool = True) -> pd.DataFrame:
    log = crmkit.load(name)
    return crmkit.customer_summary(log if zeros_count else log[log["amount"] != 0], as_of=END_OF_CALIBRATION)


def _most_likely(loglikelihood, start):
    """The maximum over positive parameters: a gradient search, finished by a simplex."""
    def loss(log_parameters):
        return -loglikelihood(*np.exp(log_parameters))

    found = minimize(loss, np.log(start), method="L-BFGS-B")
    found = minimize(loss, found.x, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000})
    return np.exp(found.x), -found.fun


def _fit_bg_nbd(customers):
    """r, α, a, b and the log-likelihood; time in weeks = days / 7."""
    weekly = customers[["frequency", "t_x", "T"]].to_numpy(float) / [1, 7, 7]
    rows, count = np.unique(weekly, axis=0, return_counts=True)
    x, t_x, age = rows.T

    def loglikelihood(r, alpha, a, b):
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        alive = -(r + x) * np.log(alpha + age)
        dead = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
        return count @ (common + np.logaddexp(alive, dead))

    return _most_likely(loglikelihood, [1.0, 1.0, 1.0, 1.0])


def _fit_gamma_gamma(x, z):
    def loglikelihood(p, q, v):
        return (gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(z)
                + p * x * np.log(x) - (p * x + q) * np.log(x * z + v)).sum()

    return _most_likely(loglikelihood, [6.0, 4.0, 15.0])


@pytest.mark.parametrize("name, published, loglikelihood", [
    ("cdnow_sample", [0.2426, 4.4136, 0.7929, 2.4259], -9582.4292),
    ("cdnow", [0.2516, 4.7889, 0.7234, 2.1611], -95368.44),
])
def test_bg_nbd_on_our_summary_gives_the_published_estimates(name, published, loglikelihood):
    estimates, found = _fit_bg_nbd(_customers(name))
    assert estimates == pytest.approx(published, abs=1e-4)
    assert found == pytest.approx(loglikelihood, abs=0.005 if name == "cdnow" else 1e-4)


@pytest.mark.parametrize("name, published, loglikelihood", [
    ("cdnow_sample", [0.2426, 4.4136, 0.7929, 2.4259], -9582.4292),
    ("cdnow", [0.2516, 4.7889, 0.7234, 2.1611], -95368.44),
])
def test_bg_nbd_misses_the_published_estimates_when_zero_rows_do_not_count(name, published, loglikelihood):
    estimates, found = _fit_bg_nbd(_customers(name, zeros_count=False))
    assert estimates != pytest.approx(published, abs=3e-4)
    assert abs(found - loglikelihood) > 4


def test_gamma_gamma_on_our_summary_gives_the_published_estimates():
    repeat = _customers("cdnow_sample").query("frequency > 0")
    assert len(repeat) == 946
    # the published fit used averages rounded half up to the cent; ours are exact
    rounded = np.floor(repeat["monetary"].to_numpy() * 100 + 0.5 + 1e-9) / 100
    estimates, found = _fit_gamma_gamma(repeat["frequency"].to_numpy(float), rounded)
    assert estimates == pytest.approx([6.2485, 3.7446, 15.4488], rel=2e-4)
    assert found == pytest.approx(-4055.923, abs=6e-4)
    exact, near = _fit_gamma_gamma(repeat["frequency"].to_numpy(float), repeat["monetary"].to_numpy())
    assert exact == pytest.approx([6.2485, 3.7446, 15.4488], rel=5e-4)
    assert near == pytest.approx(-4055.923, abs=0.01)


def test_the_summary_agrees_with_lifetimes_customer_by_customer():
    ours = _customers("cdnow_sample")
    theirs = pd.read_parquet(FIXTURE).sort_values("customer_id", ignore_index=True)
    assert ours["customer_id"].tolist() == theirs["customer_id"].tolist()
    for our, their in {"frequency": "frequency", "t_x": "recency", "T": "T"}.items():
        assert (ours[our] == theirs[their]).all()
    # lifetimes writes 0 where there is no repeat purchase; ours says that there is no such number
    assert ours["monetary"].fillna(0).to_numpy() == pytest.approx(theirs["monetary_value"].to_numpy(), abs=1e-9)
    assert ours["monetary"].isna().equals(ours["frequency"] == 0)
