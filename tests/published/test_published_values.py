"""The models of customer lifetime value against the literature's numbers, to the digits printed.

This is also where it was settled how rows with amount 0 count. `python tests/published/test_published_values.py` prints
the table of published beside ours.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import crmkit

END_OF_CALIBRATION = "1997-09-30"
FIXTURE = Path(__file__).parent / "lifetimes_cdnow_sample.parquet"  # made by tests/benchmarks/_peers.py
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]  # Fader & Hardie 2007
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]

# what is fitted -> the published parameters, their tolerance, the published log-likelihood and its tolerance; for
# Pareto/NBD and Gamma-Gamma the last digit printed lies short of the maximum
# (tests/customer_value/test_clv.py shows that ours is one)
PUBLISHED = {
    "BG/NBD, sample": ([0.2426, 4.4136, 0.7929, 2.4259], 5e-5, -9582.4292, 5e-5),
    "Pareto/NBD, sample": ([0.5533, 10.578, 0.6062, 11.668], 8e-4, -9594.976, 5e-4),
    "MBG/NBD, sample": ([0.5248, 6.183, 0.8914, 1.614], 5e-4, None, None),
    "Gamma-Gamma, sample": ([6.2485, 3.7446, 15.4488], 1.1e-3, -4055.923, 6e-4),
    "BG/NBD, full log": ([0.2516, 4.7889, 0.7234, 2.1611], 5e-5, -95368.44, 5e-3),
    "sBG, High End": ([0.668, 3.806], 5e-4, None, None),
    "sBG, Regular": ([0.704, 1.182], 5e-4, None, None),
}


@cache
def _customers(name: str, zeros_count: bool = True) -> pd.DataFrame:
    log = crmkit.load(name)
    return crmkit.customer_summary(log if zeros_count else log[log["amount"] != 0], as_of=END_OF_CALIBRATION)


def _rounded_to_the_cent(customers: pd.DataFrame) -> pd.DataFrame:
    """The published Gamma-Gamma fit used averages rounded half up to the cent; ours are exact."""
    return customers.assign(monetary=np.floor(customers["monetary"] * 100 + 0.5 + 1e-9) / 100)


@cache
def _fitted(what: str):
    model, data = what.split(", ")
    if model == "sBG":
        return crmkit.fit_sbg((HIGH_END if data == "High End" else REGULAR)[:8])
    customers = _customers("cdnow_sample" if data == "sample" else "cdnow")
    if model == "Gamma-Gamma":
        return crmkit.fit_gamma_gamma(_rounded_to_the_cent(customers))
    fit = {"BG/NBD": crmkit.fit_bg_nbd, "MBG/NBD": crmkit.fit_mbg_nbd, "Pareto/NBD": crmkit.fit_pareto_nbd}[
        model
    ]
    return fit(customers)


@pytest.mark.parametrize("what", PUBLISHED)
def test_the_fit_gives_the_published_estimates(what):
    published, near, log_likelihood, nearly = PUBLISHED[what]
    found = _fitted(what)
    assert list(found.params.values()) == pytest.approx(published, abs=near)
    if log_likelihood:
        assert found.log_likelihood == pytest.approx(log_likelihood, abs=nearly)


@pytest.mark.parametrize("name, what", [("cdnow_sample", "BG/NBD, sample"), ("cdnow", "BG/NBD, full log")])
def test_bg_nbd_misses_the_published_estimates_when_zero_rows_do_not_count(name, what):
    published, _, log_likelihood, _ = PUBLISHED[what]
    found = crmkit.fit_bg_nbd(_customers(name, zeros_count=False))
    assert list(found.params.values()) != pytest.approx(published, abs=3e-4)
    assert abs(found.log_likelihood - log_likelihood) > 4


def test_gamma_gamma_on_exact_averages_is_within_a_rounding_of_the_published_estimates():
    exact = crmkit.fit_gamma_gamma(_customers("cdnow_sample"))
    assert exact.customers == 946
    assert list(exact.params.values()) == pytest.approx([6.2485, 3.7446, 15.4488], rel=5e-4)
    assert exact.log_likelihood == pytest.approx(-4055.923, abs=0.01)


def test_sbg_foretells_the_periods_that_it_has_not_seen_and_a_constant_rate_does_not():
    for actual, what, within in ((HIGH_END, "sBG, High End", 0.017), (REGULAR, "sBG, Regular", 0.004)):
        later = _fitted(what).compare(actual).query("~fitted")
        model, constant = (
            later[column] - later["survivors_share"]
            for column in ("survival_share", "constant_survival_share")
        )
        assert len(later) == 5 and model.abs().max() < within
        assert constant.abs().max() > 0.1 and constant.max() < 0  # too few survivors by far


def test_the_calibration_frequencies_and_the_holdout_are_those_of_the_published_cohort():
    # Fader, Hardie & Lee 2005: 2,357 customers, 39 weeks and 39 more
    found = crmkit.validate_holdout(crmkit.load("cdnow_sample"), calibration_end=END_OF_CALIBRATION)
    assert len(found.customers) == 2357 and found.holdout_days == 39 * 7
    assert found.tracking["holdout"].tolist() == [False] * 39 + [True] * 39
    assert found.frequencies["actual_customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert found.model.params == _fitted("BG/NBD, sample").params


def test_the_summary_agrees_with_lifetimes_customer_by_customer():
    ours = _customers("cdnow_sample")
    theirs = pd.read_parquet(FIXTURE).sort_values("customer_id", ignore_index=True)
    assert ours["customer_id"].tolist() == theirs["customer_id"].tolist()
    for our, their in {"frequency": "frequency", "t_x": "recency", "T": "T"}.items():
        assert (ours[our] == theirs[their]).all()
    # lifetimes writes 0 where there is no repeat purchase; ours says that there is no such number
    assert ours["monetary"].fillna(0).to_numpy() == pytest.approx(
        theirs["monetary_value"].to_numpy(), abs=1e-9
    )
    assert ours["monetary"].isna().equals(ours["frequency"] == 0)


def published_and_ours() -> str:
    """The table for people: parameters and log-likelihood, published and found."""
    lines = [f"{'':22}{'published':38}{'ours':38}log-likelihood: published, ours"]
    for what, (published, _, log_likelihood, _) in PUBLISHED.items():
        found = _fitted(what)
        ours = " ".join(f"{value:.5g}" for value in found.params.values())
        lines.append(
            f"{what:22}{' '.join(map(str, published)):38}{ours:38}{log_likelihood or '–'}, "
            f"{found.log_likelihood:.4f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(published_and_ours())
