"""Concentration against closed forms (Pareto, lognormal, exponential), hand-worked tables, laws, and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.customer_pyramid.concentration import (
    gini,
    long_tail,
    lorenz,
    pareto_share,
    pareto_test,
    whale_curve,
)

MANY = (np.arange(400_000) + 0.5) / 400_000  # evenly spaced quantiles: a population without sampling noise


def _pareto(alpha, u=MANY):
    return (1 - u) ** (-1 / alpha)


@pytest.mark.parametrize("alpha", [1.5, 2.0, 3.0, 5.0])
def test_gini_lorenz_and_top_share_agree_with_the_closed_forms_of_pareto(alpha):
    values = _pareto(alpha)
    rough = 0.02 if alpha < 2 else 0.003  # the farthest tail weighs more the smaller alpha
    assert gini(values).value == pytest.approx(1 / (2 * alpha - 1), abs=rough)
    curve = lorenz(values)
    p = np.array([0.1, 0.5, 0.8, 0.95])
    found = np.interp(p, curve["customer_share"], curve["value_share"])
    assert found == pytest.approx(1 - (1 - p) ** (1 - 1 / alpha), abs=rough)
    assert pareto_share(values, top=0.2).value == pytest.approx(0.2 ** (1 - 1 / alpha), abs=rough)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_gini_and_top_share_agree_with_the_closed_forms_of_the_lognormal(sigma):
    values = np.exp(sigma * ndtri(MANY))
    assert gini(values).value == pytest.approx(2 * ndtr(sigma / np.sqrt(2)) - 1, abs=1e-3)
    assert pareto_share(values, top=0.2).value == pytest.approx(1 - ndtr(ndtri(0.8) - sigma), abs=1e-3)


def test_gini_of_the_exponential_is_a_half_and_of_equals_nothing():
    assert gini(-np.log(1 - MANY)).value == pytest.approx(0.5, abs=1e-4)
    assert gini([7.0] * 12).value == pytest.approx(0, abs=1e-12)
    assert gini([0] * 9 + [5]).value == pytest.approx(0.9)


def test_gini_agrees_with_the_mean_difference_between_all_pairs():
    values = np.random.default_rng(2).lognormal(3, 1, 300)
    pairs = np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean())
    assert gini(values).value == pytest.approx(pairs)


def test_the_customer_on_the_boundary_counts_in_proportion():
    assert pareto_share([60, 20, 10, 5, 5], top=0.3).value == pytest.approx(
        0.70
    )  # the first and half of the second
    assert [pareto_share([3, 2, 1], top=top).value for top in (0, 1)] == pytest.approx([0, 1])


def test_eighty_twenty_is_accepted_where_it_is_true_and_refused_on_cdnow():
    eighty_twenty = np.log(5) / np.log(4)  # Pareto's alpha at which the top fifth brings four fifths
    finite = _pareto(eighty_twenty, (np.arange(3000) + 0.5) / 3000)
    claim = pareto_share(finite).value  # of this finite population
    assert pareto_test(finite, rng=np.random.default_rng(1), share=claim).inside
    revenue = crmkit.customer_summary(crmkit.load("cdnow"), as_of="1998-06-30")["revenue"]
    test = pareto_test(revenue, rng=np.random.default_rng(1))
    assert not test.inside and test.estimate.high < 0.8
    assert test.estimate.value == pytest.approx(0.678, abs=0.001)


def test_a_hand_worked_whale():
    whale = whale_curve([-30, 50, 0, 40, 30, -40])
    assert whale.curve["profit"].tolist() == [0, 50, 90, 120, 120, 90, 50]
    assert whale.curve["profit_share"].tolist() == [0, 1, 1.8, 2.4, 2.4, 1.8, 1]
    assert whale.peak_share.value == 2.4
    assert whale.peak_customers_share.value == 0.5
    assert whale.tail_loss.value == 70
    assert whale.share_at(0.25) == pytest.approx(1.4)


def test_sherdens_20_80_30_can_be_read_off_a_whale_built_to_it():
    # the first two of ten customers bring 80, the next five 70 together, the last three lose 50 again: the total is 100
    profits = [40, 40, 14, 14, 14, 14, 14, -10, -20, -20]
    whale = whale_curve(profits)
    total = sum(profits)
    assert total == 100
    assert whale.share_at(0.2) == pytest.approx(0.8)
    assert whale.share_at(0.7) - 1 == pytest.approx(0.5) and whale.tail_loss.value == 50


def test_a_whale_without_a_total_profit_shows_money_and_no_shares():
    whale = whale_curve([10, -10, -5], rng=np.random.default_rng(1), resamples=200)
    assert whale.curve["profit"].tolist() == [0, 10, 5, -5] and whale.curve["profit_share"].isna().all()
    assert whale.peak_share.value == np.inf and whale.peak_share.high == np.inf
    assert whale.tail_loss.value == 15 and whale.tail_loss.low < 15 < whale.tail_loss.high


def test_a_hand_worked_long_tail_counts_strictly_under_the_threshold():
    found = long_tail([100, 50, 20, 20, 10], threshold=20)
    assert (found.customer_share.value, found.value_share.value) == pytest.approx((0.2, 0.05))


# intervals: how often they hold the truth, in percent, for a nominal 95


def _coverage(draw, truth, measure, runs=150, resamples=200):
    rng = np.random.default_rng(11)
    return np.mean([measure(draw(rng), rng=rng, resamples=resamples).contains(truth) for _ in range(runs)])


@pytest.mark.simulated
def test_intervals_cover_as_they_say_for_moderate_tails():
    for sigma in (0.5, 1.0):
        truth = 2 * ndtr(sigma / np.sqrt(2)) - 1
        assert _coverage(lambda rng: rng.lognormal(0, sigma, 500), truth, gini) > 0.87  # noqa: B023 - called at once
    truth = 1 - ndtr(ndtri(0.8) - 1.0)
    assert _coverage(lambda rng: rng.lognormal(0, 1.0, 500), truth, pareto_share) > 0.87


@pytest.mark.simulated
def test_intervals_are_too_narrow_for_the_heavy_tail_of_80_20_as_the_docstring_says():
    alpha = np.log(5) / np.log(4)  # no variance: a few giants carry the total, and a sample seldom holds them
    covered = _coverage(lambda rng: rng.pareto(alpha, 500) + 1, 0.8, pareto_share)
    assert covered < 0.6
    assert _coverage(lambda rng: rng.pareto(3, 500) + 1, 0.2 ** (2 / 3), pareto_share) > covered + 0.2


# laws

amounts = st.lists(st.integers(0, 10_000), min_size=1, max_size=60).filter(lambda drawn: sum(drawn) > 0)


@settings(max_examples=60)
@given(amounts, st.sampled_from([0.01, 1000.0]), st.randoms(use_true_random=False))
def test_shares_ignore_order_unit_and_cloning_and_leave_the_input_alone(drawn, factor, random):
    values = np.array(drawn, dtype=float)
    random.shuffle(shuffled := list(drawn))
    before = values.copy()
    for measure in (lambda v: gini(v).value, lambda v: pareto_share(v, top=0.3).value):
        assert measure(values * factor) == pytest.approx(measure(values))
        assert measure(shuffled) == pytest.approx(measure(values))
        assert measure(np.tile(values, 3)) == pytest.approx(measure(values), abs=1e-9)
    assert (values == before).all()


@settings(max_examples=60)
@given(amounts)
def test_lorenz_is_convex_under_equality_and_agrees_with_gini_and_top_share(drawn):
    curve = lorenz(drawn)
    assert curve.iloc[0].tolist() == [0, 0] and curve.iloc[-1].tolist() == [1, 1]
    assert (np.diff(curve["value_share"], 2) >= -1e-12).all()
    assert (curve["value_share"] <= curve["customer_share"] + 1e-12).all()
    area = np.trapezoid(curve["value_share"], curve["customer_share"])
    assert gini(drawn).value == pytest.approx(1 - 2 * area)
    at = 1 - np.interp(0.7, curve["customer_share"], curve["value_share"])
    assert pareto_share(drawn, top=0.3).value == pytest.approx(at)
    shares = [pareto_share(drawn, top=top).value for top in (0.1, 0.2, 0.5, 0.9)]
    assert shares == sorted(shares)


@settings(max_examples=40)
@given(amounts.filter(lambda drawn: len(drawn) > 1 and min(drawn) < max(drawn)))
def test_giving_from_the_richest_to_the_poorest_lowers_gini(drawn):
    values = np.sort(np.array(drawn, dtype=float))
    gift = (values[-1] - values[0]) / 4
    assert gini([values[0] + gift, *values[1:-1], values[-1] - gift]).value < gini(values).value


@settings(max_examples=60)
@given(st.lists(st.integers(-500, 1000), min_size=1, max_size=50))
def test_a_whale_ends_at_the_total_and_peaks_at_what_the_earners_bring(drawn):
    whale = whale_curve(drawn)
    profit = whale.curve["profit"].to_numpy()
    assert profit[-1] == pytest.approx(sum(drawn))
    assert profit.max() == pytest.approx(sum(v for v in drawn if v > 0))
    assert profit.max() - profit[-1] == pytest.approx(whale.tail_loss.value)
    assert (np.diff(profit, 2) <= 1e-9).all()


@settings(max_examples=20)
@given(amounts, st.floats(0, 10_000))
def test_head_and_tail_add_up(drawn, threshold):
    found = long_tail(drawn, threshold=threshold)
    tail = [v for v in drawn if v < threshold]
    assert found.value_share.value == pytest.approx(sum(tail) / sum(drawn))
    assert found.customer_share.value == pytest.approx(len(tail) / len(drawn))


@pytest.mark.parametrize("measure", [gini, pareto_share, lorenz, lambda v: long_tail(v, threshold=1)])
@pytest.mark.parametrize(
    "values, code",
    [
        ([1, -1], "negative_values"),
        ([0, 0], "total_zero"),
        ([], "no_values"),
        ([1, np.nan], "values_not_finite"),
    ],
)
def test_values_without_shares_are_refused(measure, values, code):
    with pytest.raises(CrmkitError) as error:
        measure(values)
    assert error.value.code == code


def test_other_arguments_outside_their_range_are_refused():
    for call in (
        lambda: pareto_share([1, 2], top=20),
        lambda: whale_curve([1, 2]).share_at(80),
        lambda: pareto_test([1, 2], share=80, rng=np.random.default_rng(1)),
    ):
        with pytest.raises(CrmkitError):
            call()


def test_every_column_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    assert [name for name in (*lorenz([1, 2]), *whale_curve([1, 2]).curve) if not has_term(name)] == []
