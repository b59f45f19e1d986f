"""The indicator sheet against a sheet worked by hand, CDNOW's own totals, and simulated firms of known truth."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

import crmkit
import crmkit.plots
from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import has_term

LOG = pd.DataFrame(
    [  # two quarters, worked by hand below
        ("a", "2024-01-05", 10.00),
        ("a", "2024-02-10", 20.00),
        ("b", "2024-01-20", 30.50),
        ("b", "2024-01-20", 4.50),
        ("c", "2024-03-31 23:30", 35.00),
        ("d", "2024-03-01", 0.00),
        ("a", "2024-04-01", 50.00),
        ("a", "2024-05-02", -15.00),
        ("c", "2024-06-30", 20.10),
        ("e", "2024-05-05", 9.90),
        ("e", "2024-06-06", 10.00),
        ("b", "2024-05-09", -5.00),
    ],
    columns=["customer_id", "date", "amount"],
)
LOG["date"] = pd.to_datetime(LOG["date"], format="ISO8601")


def sheet(log=LOG, as_of="2024-06-30", **more):
    return crmkit.indicators(log, as_of=as_of, **more).sheet.set_index("period")


def test_a_sheet_worked_by_hand():
    found = sheet()
    one, two = found.loc["2024Q1"], found.loc["2024Q2"]
    assert (one["sales"], two["sales"]) == (100.0, 70.0)  # 10+20+30.50+4.50+35+0; 50−15+20.10+9.90+10−5
    assert np.isnan(one["sales_growth_rate"]) and two["sales_growth_rate"] == pytest.approx(-0.3)
    assert (one["active_customers"], two["active_customers"]) == (4, 3)  # a b c d; a c e: b only gave back
    assert (one["new_customers"], two["new_customers"]) == (4, 1)  # e
    assert np.isnan(one["retention_rate"]) and two["retention_rate"] == pytest.approx(
        2 / 4
    )  # a and c of a b c d
    assert one["repeat_rate"] == pytest.approx(1 / 4)  # a; b's two rows are one day
    assert two["repeat_rate"] == pytest.approx(1 / 3)  # e; a's second date is a return
    assert (one["orders"], two["orders"]) == (5, 4)  # customer and day; without returns
    assert (one["average_order_value"], two["average_order_value"]) == pytest.approx((20, 17.5))
    assert found["complete"].tolist() == [True, True]
    assert not {"market_share", "margin", "satisfaction", "top_box_share"} & set(
        found
    )  # nothing is known of them


def test_share_margin_and_satisfaction_worked_by_hand():
    days = pd.to_datetime(["2024-01-02", "2024-02-02", "2024-03-02", "2024-05-05", "2023-01-01"])
    survey = pd.DataFrame({"date": days, "score": [5, 4, 3, 5, 1]})
    found = sheet(
        market_size={"2024Q1": 400, "2024Q2": 700, "2024Q3": 1},
        margin_rate=0.4,
        satisfaction=survey,
        top_score=5,
    )
    assert found["market_share"].tolist() == pytest.approx([0.25, 0.1])
    assert found["margin"].tolist() == pytest.approx([40, 28])
    assert found["margin_rate"].tolist() == pytest.approx([0.4, 0.4])
    one, two = found.loc["2024Q1"], found.loc["2024Q2"]
    half = 4.302653 * 1 / np.sqrt(3)  # Student's 97.5 % point with 2 degrees of freedom, standard deviation 1
    assert one["satisfaction"] == 4
    assert (one["satisfaction_low"], one["satisfaction_high"]) == pytest.approx((4 - half, 4 + half))
    assert one["top_box_share"] == pytest.approx(1 / 3) and two["top_box_share"] == 1
    assert two["satisfaction"] == 5 and np.isnan(two["satisfaction_low"])  # one answer has no interval
    costs = LOG.assign(quantity=np.sign(LOG["amount"]), unit_cost=4.0)
    assert sheet(costs)["margin"].tolist() == pytest.approx(
        [100 - 4 * 5, 70 - 4 * 2]
    )  # 5 items; 4, 2 given back
    orders = LOG.assign(order_id=["1", "2", "3", "4", "5", "6", "7", "7", "8", "9", "10", "3"])
    assert sheet(orders)["orders"].tolist() == [6, 4]


def test_intervals_agree_with_wilsons_published_numbers():
    # Newcombe 1998, example 1: 81 of 263 gives 0.2553 to 0.3662; here 81 of 263 buyers came back the quarter after
    first = pd.DataFrame({"customer_id": range(263), "date": pd.Timestamp("2024-02-01"), "amount": 1.0})
    log = pd.concat([first, first[:81].assign(date=pd.Timestamp("2024-05-01"))])
    found = crmkit.indicators(log, as_of="2024-06-30").intervals
    row = found[(found["measure"] == "retention_rate") & (found["period"] == "2024Q2")].iloc[0]
    assert row["customers"] == 263
    assert (row["share_low"], row["share_high"]) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert len(found) == 3  # nothing for the first quarter's retention


@pytest.mark.simulated
def test_intervals_hold_the_true_retention_19_times_in_20():
    rng, held = np.random.default_rng(1), []
    first = pd.DataFrame({"customer_id": range(150), "date": pd.Timestamp("2024-02-01"), "amount": 1.0})
    for _ in range(150):
        back = first[rng.random(150) < 0.3].assign(date=pd.Timestamp("2024-05-01"))
        found = crmkit.indicators(pd.concat([first, back]), as_of="2024-06-30").intervals
        row = found[found["measure"] == "retention_rate"].iloc[0]
        held.append(row["share_low"] <= 0.3 <= row["share_high"])
    assert np.mean(held) > 0.9


def test_cdnow_by_quarter_reconciles_with_the_log_to_the_cent():
    log = crmkit.load("cdnow")
    found = sheet(log, as_of="1998-06-30")
    assert round(found["sales"].sum(), 2) == 2_500_315.63 and len(found) == 6 and found["complete"].all()
    for quarter in ("1997Q2", "1998Q1"):
        rows = log[log["date"].dt.to_period("Q").astype(str) == quarter]
        assert found.loc[quarter, "sales"] == pytest.approx(rows["amount"].sum(), abs=0.005)
        assert found.loc[quarter, "active_customers"] == rows["customer_id"].nunique()
    # everybody in this cohort bought first in 1997's first quarter, and the sets of buyers give the retention
    assert found["new_customers"].tolist() == [23_570, 0, 0, 0, 0, 0]
    buyers = log.groupby(log["date"].dt.to_period("Q").astype(str))["customer_id"].agg(set)
    assert found.loc["1997Q3", "retention_rate"] == len(buyers["1997Q2"] & buyers["1997Q3"]) / len(
        buyers["1997Q2"]
    )
    assert found.loc["1997Q2", "retention_rate"] == pytest.approx(0.228, abs=0.001)
    summary = crmkit.customer_summary(log, as_of="1997-03-31")
    assert found.loc["1997Q1", "repeat_rate"] == pytest.approx((summary["frequency"] > 0).mean())
    assert found.loc["1997Q1", "orders"] == summary["purchases"].sum()


def steady(rng, days=425, a_day=20):
    """A firm that sells the same every day: its true growth is 0."""
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.repeat(np.arange(days), a_day), unit="D")
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, 500, len(dates)),
            "date": dates,
            "amount": rng.gamma(4, 10, len(dates)),
        }
    )


def test_a_period_not_over_reverses_sales_are_collapsing():
    log = steady(np.random.default_rng(2))  # to 29 February 2024: known truth, nothing changed
    naive = log["amount"].groupby(log["date"].dt.to_period("Q")).sum().pct_change()
    assert naive.iloc[-1] < -0.25  # "sales down by a third, act!"
    found = sheet(log, as_of="2024-02-29")
    assert found["complete"].tolist() == [True] * 4 + [False]
    assert found.iloc[-1][["sales_growth_rate", "retention_rate", "repeat_rate"]].isna().all()
    assert found["sales_growth_rate"].abs().max() < 0.06 and found["sales"].iloc[-1] > 0
    months = sheet(log, as_of="2024-02-29", period="month")
    assert months["complete"].all() and months["sales_growth_rate"].iloc[-1] == pytest.approx(
        29 / 31 - 1, abs=0.08
    )


def test_a_log_that_begins_within_a_quarter_gives_no_growth_to_the_next():
    log = steady(np.random.default_rng(3))
    log = log[log["date"] >= "2023-03-01"]
    assert sheet(log, as_of="2023-12-31")["sales_growth_rate"].iloc[1] > 1.5  # taken for a whole quarter
    found = sheet(log, as_of="2023-12-31", log_starts="2023-03-01")
    assert found["complete"].tolist() == [False, True, True, True]
    assert found["sales_growth_rate"].isna().tolist() == [True, True, False, False]
    assert found["retention_rate"].isna().tolist() == [True, True, False, False]


def test_the_sheet_reverses_growth_is_healthy_where_it_is_bought_with_new_customers():
    # known truth: every quarter 50 % more new customers, of whom ever fewer come back: 60, 45, 30, 15 %
    rng, rows, here = np.random.default_rng(4), [], np.array([], dtype=int)
    for quarter, stay in enumerate((0, 0.60, 0.45, 0.30, 0.15)):
        new = 10_000 * quarter + np.arange(int(200 * 1.5**quarter))
        here = np.concatenate([here[rng.random(len(here)) < stay], new])
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": here,
                    "amount": 10.0,
                    "date": pd.Timestamp("2023-02-01") + pd.DateOffset(months=3 * quarter),
                }
            )
        )
    found = sheet(pd.concat(rows), as_of="2024-03-31")
    assert (found["sales_growth_rate"].iloc[1:] > 0.15).all()  # sales alone: all is well
    assert found["retention_rate"].iloc[1:].tolist() == pytest.approx([0.60, 0.45, 0.30, 0.15], abs=0.08)
    assert found["retention_rate"].iloc[1:].is_monotonic_decreasing


def test_retention_and_repeat_rate_are_two_things():
    quarters = pd.to_datetime(["2024-02-01", "2024-05-01", "2024-08-01"])
    once = pd.DataFrame(
        {"customer_id": np.repeat(range(10), 3), "date": np.tile(quarters, 10), "amount": 5.0}
    )
    found = sheet(once, as_of="2024-09-30")  # everybody buys once a quarter: all retained, no repeats
    assert found["retention_rate"].tolist()[1:] == [1, 1] and found["repeat_rate"].tolist() == [0, 0, 0]
    twice = pd.DataFrame(
        {
            "customer_id": np.repeat(range(30), 2),
            "amount": 5.0,
            "date": np.repeat(quarters, 20) + pd.to_timedelta(np.tile([0, 9], 30), unit="D"),
        }
    )
    found = sheet(twice, as_of="2024-09-30")  # each quarter other people, who buy twice: the other way round
    assert found["retention_rate"].tolist()[1:] == [0, 0] and found["repeat_rate"].tolist() == [1, 1, 1]


def test_a_quarter_without_sales_is_there_and_divides_nothing_by_zero():
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "amount": [10.0, 20, -3],
            "date": pd.to_datetime(["2023-01-01", "2023-09-30", "2023-12-31"]),
        }
    )
    found = sheet(log, as_of="2023-12-31")
    assert found["sales"].tolist() == [10, 0, 20, -3] and found["active_customers"].tolist() == [1, 0, 1, 0]
    assert found["sales_growth_rate"].tolist()[1] == -1 and np.isnan(found["sales_growth_rate"].iloc[2])
    assert found["retention_rate"].tolist()[1] == 0 and np.isnan(found["retention_rate"].iloc[2])
    assert found["average_order_value"].isna().tolist() == [False, True, False, True]
    assert not np.isinf(found.select_dtypes("number")).any().any()


@pytest.mark.parametrize(
    "period, labels",
    [("month", ["2024-01", "2024-06"]), ("quarter", ["2024Q1", "2024Q2"]), ("year", ["2024", "2024"])],
)
def test_sales_add_up_in_every_period_length_and_rows_after_as_of_are_not_counted(period, labels):
    later = pd.concat([LOG, LOG.assign(date=LOG["date"] + pd.Timedelta(days=400))])
    found = sheet(later, period=period)
    assert found["sales"].sum() == pytest.approx(170) and [found.index[0], found.index[-1]] == labels
    assert sheet(LOG, as_of="2024-05-05")["sales"].tolist() == pytest.approx([100, 44.9])


def test_row_order_unit_and_time_zone_do_not_matter_and_the_input_stays():
    before = LOG.copy()
    found = crmkit.indicators(LOG, as_of="2024-06-30")
    shuffled = crmkit.indicators(LOG.sample(frac=1, random_state=1), as_of=pd.Timestamp("2024-06-30"))
    assert found.sheet.equals(shuffled.sheet) and found.intervals.equals(shuffled.intervals)
    assert LOG.equals(before)
    scaled = sheet(LOG.assign(amount=LOG["amount"] * 100))
    assert scaled["sales"].tolist() == pytest.approx((found.sheet["sales"] * 100).tolist())
    assert scaled["retention_rate"].equals(sheet()["retention_rate"])
    zoned = LOG.assign(date=LOG["date"].dt.tz_localize("Asia/Shanghai"))
    assert crmkit.indicators(zoned, as_of="2024-06-30").sheet.equals(found.sheet)


def test_the_plot_writes_the_last_complete_value_and_joins_no_period_that_is_not_over():
    matplotlib.use("agg")
    crmkit.set_language("en")
    found = crmkit.indicators(LOG, as_of="2024-06-15")
    ax = crmkit.plots.plot_indicators(found)
    assert ax.texts[0].get_text() == "100  (2024Q1)" and ax.get_yticklabels()[0].get_text() == "Sales"
    assert np.isfinite(ax.lines[0].get_ydata().astype(float)).tolist() == [True, False]


def test_a_market_known_only_for_a_period_not_over_is_no_error_and_a_missing_top_score_is_named():
    found = crmkit.indicators(LOG, as_of="2024-05-31", market_size={"2024Q2": 900}).sheet
    assert found["market_share"].isna().all()
    with pytest.raises(CrmkitError, match="top_score"):
        crmkit.indicators(LOG, as_of="2024-06-30", satisfaction=LOG[["date"]].assign(score=5))


def test_arrow_dates_and_an_index_by_customer_give_the_same_sheet():
    plain = crmkit.indicators(LOG, as_of="2024-06-30").sheet
    for log in (LOG.set_index("customer_id", drop=False), LOG.convert_dtypes(dtype_backend="pyarrow")):
        pd.testing.assert_frame_equal(crmkit.indicators(log, as_of="2024-06-30").sheet, plain)


@pytest.mark.parametrize(
    "log, more, code",
    [
        (LOG.drop(columns="amount"), {}, "columns_needed"),
        (LOG.drop(columns="customer_id"), {}, "columns_needed"),
        (LOG.drop(columns="date"), {}, "columns_needed"),
        (LOG[:0], {}, "no_transactions"),
        (LOG.assign(date=LOG["date"].astype(str)), {}, "dates_not_dates"),
        (LOG.assign(date=LOG["date"].where(LOG.index != 3)), {}, "missing_values"),
        (LOG.assign(customer_id=LOG["customer_id"].where(LOG.index != 3)), {}, "missing_values"),
        (LOG.assign(amount="much"), {}, "amounts_not_numbers"),
        (LOG.assign(amount=np.inf), {}, "amount_not_finite"),
        (LOG, {"as_of": "2023-12-31"}, "as_of_too_early"),
        (LOG, {"as_of": "soon"}, "as_of_not_a_date"),
        (LOG, {"log_starts": "soon"}, "as_of_not_a_date"),
        (LOG, {"period": "week"}, "not_a_choice"),
        (LOG, {"market_size": {"2024Q1": 99}}, "out_of_range"),
        (LOG, {"market_size": {"2024": 999}}, "not_a_choice"),
        (LOG, {"margin_rate": 40}, "out_of_range"),
        (LOG, {"confidence": 95}, "out_of_range"),
        (LOG, {"satisfaction": LOG[["date"]].assign(score=6), "top_score": 5}, "out_of_range"),
        (LOG, {"satisfaction": LOG[["date"]].assign(score=5)}, "out_of_range"),
        (LOG, {"satisfaction": LOG[["date"]], "top_score": 5}, "columns_needed"),
    ],
)
def test_what_cannot_be_counted_is_refused(log, more, code):
    with pytest.raises(CrmkitError) as error:
        crmkit.indicators(log, **{"as_of": "2024-06-30"} | more)
    assert error.value.code == code and error.value.message_zh


def test_every_column_has_a_heading_and_rates_are_shown_as_percent():
    survey = LOG[["date"]].assign(score=4)
    found = crmkit.indicators(
        LOG,
        as_of="2024-06-30",
        margin_rate=0.3,
        market_size={"2024Q1": 400},
        satisfaction=survey,
        top_score=5,
    )
    assert [
        c for c in (*found.sheet, *found.intervals, *found.intervals["measure"].unique()) if not has_term(c)
    ] == []
    crmkit.set_language("zh")
    shown = repr(crmkit.show(found.sheet)) + repr(crmkit.show(found.intervals))
    assert "−30.0%" in shown and "25.0%" in shown and "留存率" in shown and "retention" not in shown
