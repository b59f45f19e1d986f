"""The control chart against NIST's handbook, the constants' definitions, exact run lengths, and simulated firms."""

from functools import cache

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import crmkit
import crmkit.plots
from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import has_term
from crmkit.pdca.control_chart import D2, D4, broken_rules

FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def test_limits_agree_with_the_nist_handbooks_worked_example():
    # NIST/SEMATECH e-Handbook, 6.3.2.2: mean 50.81, mean moving range 1.8778, limits 45.8159 and 55.8041
    chart = crmkit.control_chart(FLOW)
    phase = chart.phases.iloc[0]
    assert (phase["centre"], phase["mean_moving_range"]) == pytest.approx((50.81, 16.9 / 9))
    assert (round(phase["lower_limit"], 4), round(phase["upper_limit"], 4)) == (45.8159, 55.8041)
    assert chart.points["moving_range"].tolist()[1:] == pytest.approx(
        [2.0, 2.3, 1.4, 3.5, 3.4, 1.4, 0.2, 1.2, 1.5]
    )
    assert phase["range_limit"] == pytest.approx(3.267 * 16.9 / 9) and chart.signals.empty


def test_constants_are_the_range_of_two_normal_values():
    d2, d3 = 2 / np.sqrt(np.pi), np.sqrt(2 - 4 / np.pi)
    assert pytest.approx((d2, 1 + 3 * d3 / d2), abs=5e-4) == (D2, D4)
    assert round(3 / D2, 2) == 2.66  # as the textbooks print it
    ranges = np.abs(np.diff(np.random.default_rng(1).normal(size=(200_000, 2)))).ravel()
    assert ranges.mean() == pytest.approx(D2, abs=0.006) and ranges.std() == pytest.approx(d3, abs=0.006)


def test_limits_and_patterns_worked_by_hand():
    chart = crmkit.control_chart([10, 12, 10, 12, 10, 12, 20, 11], baseline_points=6)
    assert chart.phases.loc[0, ["centre", "mean_moving_range"]].tolist() == [11, 2]
    assert chart.phases.loc[0, "upper_limit"] == pytest.approx(11 + 3 * 2 / 1.128)  # 16.3
    assert chart.signals["period"].tolist() == ["7", "7", "8"]
    assert chart.signals["reason"].tolist() == ["beyond_limits", "range_beyond_limit", "range_beyond_limit"]
    rules = broken_rules(pd.Series([2.5, 0, 2.1, 0, 0, 2.2, -2.3, 2.4] + [0.5] * 6))
    assert np.flatnonzero(rules["two_of_three"]).tolist() == [2, 7] and not rules["beyond_limits"].any()
    run = broken_rules(pd.Series([-1.0] + [0.3] * 9 + [-0.1]))
    assert np.flatnonzero(run["eight_on_one_side"]).tolist() == [8, 9]


@cache
def _last_breaks(seen):
    return broken_rules(pd.Series(seen)).iloc[-1].to_dict()


def _exact_run_length(*rules):
    """Mean periods to the first signal of steady normal values: the Markov chain over what may still make a pattern."""
    sizes = {1.0: norm.cdf(2) - 0.5, 2.5: norm.cdf(3) - norm.cdf(2), 3.5: norm.sf(3)}
    number, todo, moves = {(): 0}, [()], []
    while todo:
        state = todo.pop()
        for side in (1, -1):
            for size, chance in sizes.items():
                seen = [*state, side * size]
                if any(_last_breaks(tuple(seen))[rule] for rule in rules):
                    continue
                run = next((i for i, v in enumerate(reversed(seen)) if np.sign(v) != side), len(seen))
                kept = seen[-min(max(2, run), 7) :]  # of all but the last two only the side matters
                after = (*map(float, np.sign(kept[:-2])), *kept[-2:])
                if after not in number:
                    number[after] = len(number)
                    todo.append(after)
                moves.append((number[state], number[after], chance))
    q = np.zeros((len(number), len(number)))
    for before, after, chance in moves:
        q[before, after] += chance
    return np.linalg.solve(np.eye(len(q)) - q, np.ones(len(q)))[0]


@pytest.mark.simulated
@pytest.mark.parametrize(
    "rules, published",
    [
        (("beyond_limits",), 370.40),
        (("beyond_limits", "two_of_three"), 225.44),
        (("beyond_limits", "eight_on_one_side"), 152.73),
        (("beyond_limits", "two_of_three", "eight_on_one_side"), 122.05),
    ],
)
def test_in_control_run_lengths_agree_with_champ_and_woodall_1987(rules, published):
    assert _exact_run_length(*rules) == pytest.approx(published, abs=0.006)


def test_false_alarms_of_a_long_steady_firm_are_one_point_in_370_and_few_baseline_points_make_more():
    rng = np.random.default_rng(2)
    long = crmkit.control_chart(rng.normal(100, 8, 120_000))
    outside = (long.signals["reason"] == "beyond_limits").sum() / 120_000
    assert outside == pytest.approx(2 * norm.sf(3), abs=5e-4)  # 0.27 %
    for points, said in (
        (20, 0.011),
        (6, 0.046),
    ):  # the docstring's figures; limits by the same formula, many firms
        x = rng.normal(size=(40_000, points))
        centre, away = x.mean(axis=1), 3 / D2 * np.abs(np.diff(x)).mean(axis=1)
        assert (norm.sf(centre + away) + norm.cdf(centre - away)).mean() == pytest.approx(said, abs=0.0015)


def test_correlated_values_make_the_limits_too_narrow_by_the_closed_form():
    r, n = 0.5, 120_000
    noise = np.random.default_rng(3).normal(size=n) * np.sqrt(1 - r**2)
    x = np.zeros(n)
    for i in range(1, n):
        x[i] = r * x[i - 1] + noise[i]
    chart = crmkit.control_chart(x)
    outside = (chart.signals["reason"] == "beyond_limits").sum() / n
    assert outside == pytest.approx(
        2 * norm.sf(3 * np.sqrt(1 - r)), abs=0.003
    )  # 3.4 %, as the docstring says
    assert outside > 10 * 2 * norm.sf(3)


def _months_until_signal(rng, shift, firms=30, baseline=40):
    waited = []
    for _ in range(firms):
        values = rng.normal(100, 5, baseline + 60)
        values[baseline:] += shift
        found = crmkit.control_chart(values, baseline_points=baseline).signals["period"].astype(int)
        found = found[found > baseline]
        waited.append(found.min() - baseline if len(found) else 60)
    return np.median(waited)


@pytest.mark.simulated
def test_a_known_shift_is_found_the_sooner_the_larger():
    rng = np.random.default_rng(4)
    none, small, large = (_months_until_signal(rng, shift) for shift in (0, 5, 15))
    assert large <= 2 < small <= 10 < 30 < none


def _worst_fall(values):
    return (np.diff(values) / values[:-1]).min()


@pytest.mark.simulated
def test_the_chart_reverses_act_now_on_a_fall_of_8_percent_that_is_noise():
    rng = np.random.default_rng(5)
    firms = [
        rng.normal(100, 5, 36) for _ in range(25)
    ]  # known truth: nothing ever changes in these three years
    assert (
        np.mean([_worst_fall(values) < -0.08 for values in firms]) > 0.9
    )  # month to month: "down 8 %, act!"
    quiet = [
        crmkit.control_chart(values).signals.query("reason == 'beyond_limits'").empty for values in firms
    ]
    assert np.mean(quiet) > 0.8


@pytest.mark.simulated
def test_the_chart_reverses_no_news_on_a_slow_drift_that_month_to_month_never_sees():
    rng = np.random.default_rng(6)
    drift = np.r_[np.zeros(12), -0.6 * np.arange(1, 25)]  # known truth: 0.6 less every month from month 13 on
    firms = [100 + drift + rng.normal(0, 1, 36) for _ in range(25)]
    assert min(map(_worst_fall, firms)) > -0.08  # the rule of 8 % never acts, and a seventh of the sales goes
    found = [
        crmkit.control_chart(values, baseline_points=12).signals["period"].astype(int) for values in firms
    ]
    assert all((months > 12).any() for months in found)
    assert np.median([months[months > 12].min() for months in found]) <= 21  # after less than 6 %


def test_phases_have_limits_of_their_own_and_a_short_one_keeps_those_before_it():
    rng = np.random.default_rng(7)
    values = pd.Series(
        np.r_[rng.normal(20, 1, 12), rng.normal(30, 1, 8), [31.0, 30.0]],
        index=pd.period_range("2023-01", periods=22, freq="M"),
    )
    chart = crmkit.control_chart(values, phase_starts=["2024-01", "2024-09"])
    first, second, third = (chart.phases.iloc[i] for i in range(3))
    assert (first["centre"], second["centre"]) == pytest.approx((values[:12].mean(), values[12:20].mean()))
    assert chart.phases["baseline_points"].tolist() == [12, 8, 0]
    assert third[["centre", "lower_limit", "upper_limit"]].equals(
        second[["centre", "lower_limit", "upper_limit"]]
    )
    assert chart.phases["starts"].tolist() == ["2023-01", "2024-01", "2024-09"]
    assert chart.points["moving_range"].isna().tolist() == [
        i in (0, 12, 20) for i in range(22)
    ]  # no range across
    assert chart.signals.empty
    assert not crmkit.control_chart(values).signals.empty  # one phase for all: the step is a signal


def test_runs_do_not_reach_across_the_start_of_a_phase():
    values = (
        [10.0, 12, 10, 12, 10, 12] + [11.5] * 5 + [13.0] * 4 + [9.0] * 4
    )  # above their centres 12 to 15, then not
    assert "eight_on_one_side" in crmkit.control_chart(values, baseline_points=6).signals["reason"].tolist()
    assert (
        "eight_on_one_side" not in crmkit.control_chart(values, phase_starts=[12]).signals["reason"].tolist()
    )


@pytest.mark.parametrize("factor, shift", [(0.01, 0), (1000, 0), (1, 500), (-1, 0)])
def test_another_unit_or_zero_point_scales_the_limits_and_signals_the_same(factor, shift):
    values = np.random.default_rng(8).normal(5, 1, 40) + np.r_[np.zeros(25), np.full(15, 2.5)]
    one, other = (crmkit.control_chart(v, baseline_points=20) for v in (values, values * factor + shift))
    assert other.phases["centre"][0] == pytest.approx(one.phases["centre"][0] * factor + shift)
    width = [c.phases["upper_limit"][0] - c.phases["centre"][0] for c in (one, other)]
    assert width[1] == pytest.approx(width[0] * abs(factor))
    assert one.signals[["period", "reason"]].equals(other.signals[["period", "reason"]]) and len(one.signals)


def test_equal_values_signal_nothing_and_the_first_other_one_does():
    assert crmkit.control_chart([0.1] * 30).signals.empty  # their mean is not exactly 0.1
    found = crmkit.control_chart([0.1] * 12 + [0.11], baseline_points=12).signals
    assert found["reason"].tolist() == ["beyond_limits", "range_beyond_limit"]


def test_the_plot_draws_the_values_and_marks_each_signal_by_its_shape():
    matplotlib.use("agg")
    crmkit.set_language("en")
    chart = crmkit.control_chart([10, 12, 10, 12, 10, 12, 20, 11], baseline_points=6)
    ax = crmkit.plots.plot_control_chart(chart)
    assert ax.lines[0].get_ydata().tolist() == chart.points["kpi_value"].tolist()
    marked = {line.get_label(): (line.get_marker(), line.get_ydata().tolist()) for line in ax.lines[1:]}
    assert marked == {"Beyond the limits": ("D", [20]), "Moving range beyond its limit": ("X", [20, 11])}


def test_the_input_is_left_as_it_was_and_every_word_is_a_term():
    values = pd.Series(FLOW, index=list("abcdefghij"))
    before = values.copy()
    chart = crmkit.control_chart(values, phase_starts=["g"], baseline_points=6)
    assert values.equals(before) and chart.points["period"].tolist() == list("abcdefghij")
    slugs = {
        *chart.points,
        *chart.phases,
        *chart.signals,
        *broken_rules(pd.Series([0.0])),
        "range_beyond_limit",
    }
    assert [slug for slug in sorted(slugs) if not has_term(slug)] == []


@pytest.mark.parametrize(
    "values, more, code",
    [
        ([], {}, "no_values"),
        ([1, 2, 3, 4, 5], {}, "control_chart_short"),
        (FLOW, {"phase_starts": [4]}, "control_chart_short"),
        ([*FLOW, np.nan], {}, "cell_not_a_number"),
        ([*FLOW, np.inf], {}, "cell_not_a_number"),
        ([*FLOW, "many"], {}, "column_of_text"),
        (FLOW, {"phase_starts": [99]}, "not_a_choice"),
        (FLOW, {"phase_starts": [1]}, "not_a_choice"),
        (FLOW, {"baseline_points": 3}, "out_of_range"),
        (pd.Series([1.0] * 8, index=[1] * 8), {}, "period_repeated"),
    ],
)
def test_values_without_limits_are_refused(values, more, code):
    with pytest.raises(CrmkitError) as error:
        crmkit.control_chart(values, **more)
    assert error.value.code == code and error.value.message_zh
