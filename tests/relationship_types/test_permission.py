"""Messages and the permission to send them (F9): closed form, customers simulated one by one, decisions reversed."""

import numpy as np
import pandas as pd
import pytest

from crmkit import CrmkitError, message_plan

CHANNEL = {
    "channel": ["sms"],
    "permitted": 10_000.0,
    "margin_first_message": 1.2,
    "fall_share": 0.25,
    "cost_per_message": 0.05,
    "opt_out_rate": 0.01,
    "permission_value": 30.0,
}


def one(**changed):
    return pd.DataFrame(CHANNEL | changed)


def found(**changed):
    return message_plan(one(**changed)).channels.iloc[0]


def test_the_best_number_agrees_with_the_closed_form():
    # the k-th message pays while margin · (1 − fall)^(k − 1) exceeds cost + opt-out rate · value of the permission
    for rate in (0.0, 0.002, 0.01, 0.02, 0.03):
        last = 1 + np.log((0.05 + rate * 30) / 1.2) / np.log(0.75)
        assert found(opt_out_rate=rate)["best_messages"] == int(np.floor(last))
    assert found()["messages_if_nobody_left"] == int(np.floor(1 + np.log(0.05 / 1.2) / np.log(0.75)))


def test_profit_agrees_with_customers_simulated_one_by_one():
    rng = np.random.default_rng(1)
    n, sent = 400_000, 5
    there, earned = np.ones(n, dtype=bool), np.zeros(n)
    for k in range(sent):
        earned[there] += 1.2 * 0.75**k - 0.05
        there &= ~((rng.random(n) < 0.01) & there)
    earned[~there] -= 30.0
    plan = message_plan(one(permitted=1.0))
    profit = plan.curve.set_index("messages").loc[sent, "profit"]
    error = earned.std() / np.sqrt(n)
    assert profit == pytest.approx(earned.mean(), abs=4 * error)


def test_the_break_even_opt_out_rate_is_where_the_first_message_earns_nothing():
    even = found()["break_even_opt_out_rate"]
    assert even == pytest.approx((1.2 - 0.05) / 30)
    assert found(opt_out_rate=even * 0.99)["best_messages"] == 1
    assert found(opt_out_rate=even * 1.01)["best_messages"] == 0
    assert found(permission_value=0.0)["break_even_opt_out_rate"] == 1
    assert found(cost_per_message=2.0)["break_even_opt_out_rate"] == 0


def test_counting_withdrawals_reverses_which_channel_gets_more_messages():
    two = pd.DataFrame(
        {
            "channel": ["sms", "wecom"],
            "permitted": [10_000, 4_000],
            "margin_first_message": [1.2, 1.0],
            "fall_share": [0.2, 0.3],
            "cost_per_message": 0.05,
            "opt_out_rate": [0.02, 0.001],
            "permission_value": 30.0,
        }
    )
    plan = message_plan(two).channels
    assert plan["messages_if_nobody_left"].is_monotonic_decreasing
    assert plan["best_messages"].is_monotonic_increasing
    assert (plan["profit"] >= plan["profit_uncounted"]).all() and plan["profit_uncounted"][0] < 0


def test_the_input_is_left_alone_and_the_curve_holds_every_number_up_to_the_most():
    frame = one()
    before = frame.copy()
    plan = message_plan(frame, most=7)
    pd.testing.assert_frame_equal(frame, before)
    assert plan.curve["messages"].tolist() == list(range(8))
    assert plan.curve["profit"].iloc[0] == 0


@pytest.mark.parametrize("wrong", [{"opt_out_rate": 1.2}, {"fall_share": -0.1}, {"permitted": np.nan}])
def test_numbers_that_mean_nothing_are_refused(wrong):
    with pytest.raises(CrmkitError):
        message_plan(one(**wrong))


def test_a_missing_column_is_named():
    with pytest.raises(CrmkitError, match="opt_out_rate"):
        message_plan(one().drop(columns="opt_out_rate"))
