"""The bootstrap against closed forms, and what an interval may claim."""

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import Estimate, bootstrap, bootstrap_each, checked_values, interval_of


def _mean(values, weights):
    return (values * weights).sum() / weights.sum()


def test_the_bootstrap_interval_of_a_mean_agrees_with_its_closed_form():
    values = np.random.default_rng(3).normal(50, 10, 400)
    found = bootstrap(values, _mean, rng=np.random.default_rng(1), resamples=4000)
    error = values.std() / np.sqrt(len(values))  # of the mean of a resample, exactly
    assert found.value == pytest.approx(values.mean())
    closed = (values.mean() - 1.96 * error, values.mean() + 1.96 * error)
    assert (found.low, found.high) == pytest.approx(closed, abs=0.1 * error)


@pytest.mark.simulated
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    found = [
        bootstrap(rng.normal(5, 2, 60), _mean, rng=rng, resamples=200, confidence=0.9) for _ in range(400)
    ]
    assert 0.85 < np.mean([estimate.contains(5) for estimate in found]) < 0.94


def test_the_same_generator_gives_the_same_interval_and_more_level_a_wider_one():
    values = np.arange(50.0)
    first, again = (bootstrap(values, _mean, rng=np.random.default_rng(5)) for _ in range(2))
    assert first == again
    wide = bootstrap(values, _mean, rng=np.random.default_rng(5), confidence=0.99)
    assert wide.low < first.low < first.value < first.high < wide.high


def test_several_statistics_see_the_same_resamples():
    mean, double = bootstrap_each(
        np.arange(9.0), (_mean, lambda v, w: 2 * _mean(v, w)), rng=np.random.default_rng(2)
    )
    assert (double.low, double.high) == (2 * mean.low, 2 * mean.high)


def test_without_a_generator_there_is_no_interval_and_it_says_so():
    found = bootstrap([1.0, 2.0], _mean, rng=None)
    assert found == Estimate(value=1.5)
    with pytest.raises(CrmkitError, match="random generator|随机数"):
        found.contains(1)


def test_infinite_resamples_stay_infinite():
    found = interval_of([1.0] * 90 + [np.inf] * 10, value=1.0)
    assert (found.low, found.high) == (1.0, np.inf)


@pytest.mark.parametrize(
    "values, code",
    [
        ([], "no_values"),
        ([1, np.nan], "values_not_finite"),
        ([np.inf], "values_not_finite"),
        ([-1.0, 2], "negative_values"),
    ],
)
def test_values_that_are_unfit_are_refused(values, code):
    with pytest.raises(CrmkitError) as error:
        checked_values(values, name="values")
    assert error.value.code == code


OF_VALUES = {
    "pareto_share": crmkit.pareto_share,
    "lorenz": crmkit.lorenz,
    "gini": crmkit.gini,
    "whale_curve": crmkit.whale_curve,
    "long_tail": lambda values: crmkit.long_tail(values, threshold=3),
    "pareto_test": lambda values: crmkit.pareto_test(values, rng=np.random.default_rng(1)),
    "fit_sbg": crmkit.fit_sbg,
    "control_chart": crmkit.control_chart,
    "difference": lambda values: crmkit.difference(values, [1, 2, 3]),
    "start": lambda values: crmkit.PDCA.start(values, kpi="repeat_rate", question="?"),
}
FEW = pd.DataFrame({"customer_id": ["C001", "C002", "C003"], "revenue": [1.0, 2, 3]})


@pytest.mark.parametrize("name", OF_VALUES)
@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (FEW, "not_a_column", 'customers["revenue"]'),
        ("revenue", "not_a_column", 'customers["revenue"]'),
        ({"a": 1.0}, "not_a_column", "dict"),
        (FEW["customer_id"], "column_of_text", "“C001”"),
    ],
    ids=["table", "name", "dict", "text"],
)
def test_what_is_no_column_of_numbers_is_called_that_and_not_missing(name, given, code, said):
    with pytest.raises(CrmkitError) as error:
        OF_VALUES[name](given)
    assert error.value.code == code
    assert said in error.value.message_zh and said in error.value.message_en


def test_numbers_kept_as_text_are_numbers_still():
    assert checked_values(pd.Series(["2", "1"]), name="values").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("argument", [{"confidence": 1.0}, {"confidence": 95}, {"resamples": 3}])
def test_levels_and_resamples_outside_their_range_are_refused(argument):
    with pytest.raises(CrmkitError):
        bootstrap([1.0, 2.0], _mean, rng=np.random.default_rng(1), **argument)
