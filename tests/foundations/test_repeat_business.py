"""Repeat business against hand-worked logs, statsmodels' Kaplan-Meier, the customer summary, and simulated truth."""

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.foundations.repeat_business import repeat_business

START = pd.Timestamp("2024-01-01")


def _log(rows):
    """(customer, day, amount) → transactions."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return frame.assign(date=START + pd.to_timedelta(frame.pop("day"), unit="D"))


def _customers(rng, n, *, median, won_over, watched, never=0.0):
    """Customers won evenly over ``won_over`` days; exponential time to the second order; seen until day ``watched``."""
    first = rng.integers(0, won_over, n)
    second = first + np.ceil(rng.exponential(median / np.log(2), n)).astype(int)
    second[rng.random(n) < never] = 10**6
    names = np.arange(n).astype(str)
    rows = pd.DataFrame({"customer_id": np.r_[names, names], "day": np.r_[first, second], "amount": 10.0})
    return _log(rows[rows["day"] <= watched].to_numpy().tolist()).astype({"amount": float})


def test_a_hand_worked_log():
    log = _log(
        [
            ["a", 0, 60.0],
            ["a", 0, 20.0],
            ["a", 10, 40.0],
            ["a", 12, -15.0],
            ["b", 4, 50.0],
            ["c", 5, 30.0],
            ["c", 25, 20.0],
            ["c", 30, 5.0],
            ["d", 29, 0.0],
            ["e", 3, -9.0],
            ["f", 99, 500.0],
        ]
    )
    found = repeat_business(log, as_of="2024-01-31")
    assert found.customers == 4  # e only returned, f came later
    row = found.split.iloc[0]
    assert (row["first_orders"], row["repeat_orders"]) == (80 + 50 + 30 + 0, 40 - 15 + 20 + 5)
    assert row["repeat_share"] == pytest.approx(50 / 210)
    assert (found.repeat_rate.value, found.naive_median_days) == (0.5, 15.0)
    # at day 10 three or four are at risk (d left at day 1): 1/3; at day 20 a is gone, b and c are there: 1/2 of these
    assert found.within(9).value == 0 and found.within(10).value == pytest.approx(1 / 3)
    assert found.within(20).value == pytest.approx(1 - 2 / 3 / 2) and found.median_days.value == 20


def test_margin_comes_from_unit_costs_and_reverses_what_revenue_says_of_first_orders():
    # first orders are won at a discount close to cost: most of the revenue, little of the margin
    log = _log([["a", 0, 100.0], ["b", 1, 100.0], ["a", 20, 80.0], ["b", 30, 80.0]]).assign(
        quantity=[10, 10, 5, 5], unit_cost=9.5
    )
    split = repeat_business(log, as_of="2024-03-01").split.set_index("measure")
    assert (
        split.loc["revenue", "repeat_share"] == pytest.approx(160 / 360)
        and split.loc["revenue", "repeat_share"] < 0.5
    )
    assert split.loc["margin", "first_orders"] == pytest.approx(10)
    assert split.loc["margin", "repeat_share"] == pytest.approx(65 / 75)
    assert repeat_business(log.drop(columns="unit_cost"), as_of="2024-03-01").split["measure"].tolist() == [
        "revenue"
    ]


def test_cdnow_agrees_with_the_customer_summary_and_gives_these_figures():
    log = crmkit.load("cdnow")
    summary = crmkit.customer_summary(log, as_of="1998-06-30")
    found = repeat_business(log, as_of="1998-06-30", rng=np.random.default_rng(1), resamples=100)
    row = found.split.iloc[0]
    assert row["repeat_orders"] == pytest.approx(summary["repeat_revenue"].sum())
    assert row["first_orders"] + row["repeat_orders"] == pytest.approx(2_500_315.63)
    assert found.customers == 23_570 and found.repeat_rate.value == pytest.approx(
        (summary["frequency"] > 0).mean()
    )
    assert (
        row["repeat_share"] == pytest.approx(0.6862, abs=1e-4)
        and row["repeat_share_low"] < row["repeat_share"] < row["repeat_share_high"]
    )
    assert found.repeat_rate.value == pytest.approx(0.4886, abs=1e-4) and found.naive_median_days == 57
    assert found.median_days.value == np.inf and found.within(545).value == pytest.approx(0.4927, abs=1e-4)


def test_kaplan_meier_agrees_with_statsmodels():
    from statsmodels.duration.survfunc import SurvfuncRight

    log = _customers(np.random.default_rng(2), 300, median=60, won_over=200, watched=250)
    found = repeat_business(log, as_of=START + pd.Timedelta(250, "D"))
    days = log.groupby("customer_id")["date"].agg(["min", "max"])
    back = days["max"] > days["min"]
    waited = (days["max"].where(back, START + pd.Timedelta(250, "D")) - days["min"]).dt.days
    peer = SurvfuncRight(waited.to_numpy(float), back.to_numpy(float))
    ours = np.interp(peer.surv_times, found.curve["days_since_first"], found.curve["returned_share"])
    assert ours == pytest.approx(1 - peer.surv_prob)
    assert found.median_days.value == peer.quantile(0.5)
    low, high = peer.quantile_ci(0.5, method="cloglog")
    assert (found.median_days.low, found.median_days.high) == pytest.approx(
        (low, high), abs=3
    )  # open or closed ends


def test_wilsons_interval_agrees_with_its_formula():
    found = repeat_business(
        _log([[str(i), 0, 1.0] for i in range(10)] + [[str(i), 5, 1.0] for i in range(3)]), as_of="2024-01-20"
    ).repeat_rate
    z, p, n = 1.959964, 0.3, 10
    middle, half = p + z**2 / 2 / n, z * np.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
    assert (found.low, found.high) == pytest.approx(
        ((middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n))
    )


@pytest.mark.simulated
def test_the_median_covers_the_truth_and_the_reading_without_censoring_does_not():
    held, naive = [], []
    for seed in range(80):
        log = _customers(np.random.default_rng(seed), 250, median=90, won_over=150, watched=160)
        found = repeat_business(log, as_of=START + pd.Timedelta(160, "D"))
        held.append(found.median_days.low <= 90.5 <= found.median_days.high)  # whole days, rounded up
        naive.append(found.naive_median_days)
    assert 0.9 < np.mean(held) <= 0.99
    assert max(naive) < 75  # half of those back already were quick


def test_censoring_reverses_which_of_two_cohorts_comes_back_sooner():
    # the new cohort is slower (100 days against 60), but has been watched for 50 days only
    rng = np.random.default_rng(1)
    old = _customers(rng, 600, median=60, won_over=30, watched=700)
    new = _customers(rng, 600, median=100, won_over=30, watched=80)
    by_old, by_new = (
        repeat_business(log, as_of=START + pd.Timedelta(days, "D")) for log, days in ((old, 700), (new, 80))
    )
    assert by_new.naive_median_days < by_old.naive_median_days  # "they come back sooner now"
    assert by_new.within(45).value < by_old.within(45).value  # they do not
    assert by_new.within(45).high < by_old.within(45).low


@pytest.mark.simulated
def test_the_interval_of_the_share_covers_the_truth():
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = 200
        first, again = rng.gamma(2, 20, n), rng.gamma(2, 20, n) * (rng.random(n) < 0.5)
        log = pd.concat(
            [
                _log([[str(i), 0, a] for i, a in enumerate(first)]),
                _log([[str(i), 9, a] for i, a in enumerate(again) if a > 0]),
            ]
        )
        row = repeat_business(log, as_of="2024-02-01", rng=rng, resamples=200).split.iloc[0]
        held.append(row["repeat_share_low"] <= 1 / 3 <= row["repeat_share_high"])
    assert np.mean(held) > 0.88


def test_order_currency_and_time_of_day_change_nothing_and_the_input_is_left_alone():
    log = _customers(np.random.default_rng(3), 80, median=30, won_over=60, watched=120)
    before, end = log.copy(deep=True), START + pd.Timedelta(120, "D")
    found = repeat_business(log, as_of=end)
    hours = pd.to_timedelta(np.random.default_rng(1).integers(0, 24, len(log)), unit="h")
    for other in (
        log.sample(frac=1, random_state=2),
        log.assign(date=log["date"] + hours),
        log.assign(date=log["date"].dt.tz_localize("Asia/Shanghai")),
        log.assign(amount=7 * log["amount"]),
        log.astype({"customer_id": "category"}),
    ):
        again = repeat_business(other, as_of=end)
        pd.testing.assert_frame_equal(again.curve, found.curve)
        assert again.split["repeat_share"].iloc[0] == pytest.approx(found.split["repeat_share"].iloc[0])
    pd.testing.assert_frame_equal(log, before)
    assert (np.diff(found.curve["returned_share"]) >= 0).all() and found.curve[
        "days_since_first"
    ].is_monotonic_increasing
    assert (found.curve["returned_share_low"] <= found.curve["returned_share"]).all()
    assert (found.curve["returned_share"] <= found.curve["returned_share_high"]).all()


def test_nobody_back_and_everybody_back_and_one_customer():
    none = repeat_business(_log([["a", 0, 5.0], ["b", 3, 5.0]]), as_of="2024-01-31")
    assert (
        none.split["repeat_share"].iloc[0] == 0
        and none.median_days.value == np.inf
        and np.isnan(none.naive_median_days)
    )
    everybody = repeat_business(
        _log([["a", 0, 5.0], ["a", 3, 5.0], ["b", 0, 5.0], ["b", 9, 5.0]]), as_of="2024-01-31"
    )
    assert everybody.curve["returned_share"].iloc[-1] == 1 and everybody.median_days.value == 3
    one = repeat_business(_log([["a", 0, 5.0]]), as_of="2024-01-01")
    assert one.customers == 1 and one.within(0).value == 0
    assert not one.curve.isna().any().any()


@pytest.mark.parametrize(
    "change, as_of, code",
    [
        ({"amount": [np.nan]}, "2024-02-01", "missing_values"),
        ({"customer_id": [None]}, "2024-02-01", "missing_values"),
        ({"date": [pd.NaT]}, "2024-02-01", "missing_values"),
        ({"date": ["1 Jan"]}, "2024-02-01", "dates_not_dates"),
        ({}, "soon", "as_of_not_a_date"),
        ({}, None, "as_of_not_a_date"),
        ({}, "2023-01-01", "as_of_too_early"),
        ({"amount": [-5.0]}, "2024-02-01", "no_purchases"),
        ({"amount": [0.0]}, "2024-02-01", "total_zero"),
    ],
)
def test_logs_without_orders_are_refused(change, as_of, code):
    with pytest.raises(CrmkitError) as error:
        repeat_business(_log([["a", 0, 5.0]]).assign(**change), as_of=as_of)
    assert error.value.code == code


def test_arguments_out_of_range_are_refused():
    log = _log([["a", 0, 5.0], ["a", 3, 5.0]])
    with pytest.raises(CrmkitError):
        repeat_business(log, as_of="2024-02-01", confidence=95)
    found = repeat_business(log, as_of="2024-02-01")
    for days in (-1, 400, np.nan):
        with pytest.raises(CrmkitError):
            found.within(days)


def test_every_column_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    found = repeat_business(_log([["a", 0, 5.0], ["a", 3, 5.0]]), as_of="2024-01-31")
    assert [name for name in (*found.split, *found.curve, "revenue", "margin") if not has_term(name)] == []
