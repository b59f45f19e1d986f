"""The three defects (F10), and the offer to leavers (F22): hand counts, closed forms, coverage,
and reversed decisions.
"""

import numpy as np
import pandas as pd
import pytest

from crmkit import CrmkitError
from crmkit.core.glossary import has_term
from crmkit.relationship_types.defects import benefit_breadth, offer_effect, participation_funnel, promise_gap


def people(tried, active, n):
    """The first ``tried`` of n tried, the first ``active`` of them are active."""
    at = np.arange(n)
    return pd.DataFrame({"tried": (at < tried).astype(int), "active": (at < active).astype(int)})


# participation


def test_funnel_by_hand_and_wilsons_published_interval():
    found = participation_funnel(people(70, 56, 100)).set_index("measure")
    assert found["customers"].tolist() == [100, 70, 56] and found["lost_here"].tolist() == [0, 30, 14]
    assert found.loc["active", "left_share"] == 0.56 and found.loc["active", "step_rate"] == 0.8
    assert found["weakest"].tolist() == [False, True, False]
    # Newcombe 1998 (single proportion, method 3): 81 of 263 is .2553 to .3662
    found = participation_funnel(people(81, 0, 263)).set_index("measure")
    assert found.loc["tried", ["step_rate_low", "step_rate_high"]].tolist() == pytest.approx(
        [0.2553, 0.3662], abs=5e-5
    )


def test_funnel_reverses_where_to_work_from_the_most_lost_to_the_weakest_step():
    # the first step loses the most people, but the second loses the larger part of those whom it has
    found = participation_funnel(people(500, 100, 1000)).set_index("measure")
    assert found["lost_here"].idxmax() == "tried" and found.index[found["weakest"]].tolist() == ["active"]
    assert found.loc["active", "step_rate_high"] < found.loc["tried", "step_rate_low"]


def test_funnel_with_nobody_left_and_with_one_customer():
    found = participation_funnel(people(0, 0, 10))
    assert (
        found["step_rate"].tolist()[1:2] == [0]
        and np.isnan(found["step_rate"][2])
        and np.isnan(found["step_rate_low"][2])
    )
    one = participation_funnel(people(1, 1, 1))
    assert one["step_rate"].tolist()[1:] == [1, 1] and (one["step_rate_low"][1:] < 0.5).all()


def test_a_skipped_step_is_refused():
    with pytest.raises(CrmkitError) as error:
        participation_funnel(pd.DataFrame({"tried": [1, 0], "active": [0, 1]}))
    assert error.value.code == "step_skipped" and error.value.row == 1


# offers


def trial(rng, n=2000, try_rate=(0.1, 0.4), stay_own=0.6, stay_bought=0.0):
    """Some would try anyway and stay; the offer also brings people who come for the offer alone."""
    offered = rng.permutation(np.arange(n) % 2)
    keen, lured = rng.random(n) < try_rate[0], rng.random(n) < (try_rate[1] - try_rate[0]) / (1 - try_rate[0])
    tried = keen | (lured & (offered == 1))
    active = tried & (rng.random(n) < np.where(keen, stay_own, stay_bought))
    return pd.DataFrame({"group": np.where(offered, "treated", "control"), "tried": tried, "active": active})


def test_offer_effect_by_hand_and_by_newcombes_published_interval():
    steps = pd.concat(
        [people(70, 56, 70).assign(group="treated"), people(80, 48, 80).assign(group="control")]
    )
    found = offer_effect(steps, value=10, cost=2)
    assert found.steps.loc[1, ["difference", "difference_low", "difference_high"]].tolist() == pytest.approx(
        [0.2, 0.0524, 0.3339], abs=5e-5
    )
    assert found.profit_per_offer.value == pytest.approx(10 * 0.2 - 2 * 1)


def test_offer_reverses_more_who_try_but_none_who_stay_and_a_loss():
    found = offer_effect(trial(np.random.default_rng(1)), value=50, cost=10)
    tried, active = found.steps.to_dict("records")
    assert tried["difference_low"] > 0.25 and active["difference_low"] < 0 < active["difference_high"]
    assert found.profit_per_offer.high < 0
    good = offer_effect(trial(np.random.default_rng(1), stay_bought=0.5), value=50, cost=10)
    assert good.profit_per_offer.low > 0  # the same lift in trials, when those who came stay


def test_an_incentive_to_leavers_reverses_when_they_leave_one_period_later():
    leavers = trial(np.random.default_rng(2), try_rate=(0.2, 0.5), stay_bought=0.1).rename(
        columns={"tried": "stayed", "active": "stayed_later"}
    )
    found = offer_effect(leavers, value=60, cost=15, steps=("stayed", "stayed_later"))
    saved, later = found.steps.to_dict("records")
    assert (
        saved["difference_low"] > 0.2
        and later["difference_high"] < saved["difference_low"] / 2
        and found.profit_per_offer.high < 0
    )
    # it is testable, not a law: where those who were held stay on, the same offer pays
    held = leavers.assign(stayed_later=leavers["stayed"])
    assert offer_effect(held, value=60, cost=15, steps=("stayed", "stayed_later")).profit_per_offer.low > 0


@pytest.mark.simulated
def test_coverage_of_the_offers_profit_and_of_the_lift():
    truth_lift, truth = 0.3 * 0.2, 50 * 0.3 * 0.2 - 10 * 0.4
    held = [
        (
            found.profit_per_offer.contains(truth),
            found.steps["difference_low"][1] <= truth_lift <= found.steps["difference_high"][1],
        )
        for seed in range(300)
        for found in [
            offer_effect(trial(np.random.default_rng(seed), n=600, stay_bought=0.2), value=50, cost=10)
        ]
    ]
    assert (np.abs(np.mean(held, axis=0) - 0.95) < 0.035).all()


# promises


def test_promises_by_hand_in_their_own_units():
    orders = pd.DataFrame({"days": [1, 2, 3, 6], "stars": [5, 4, 3, 5], "price": [10.0, 9, 12, 10]})
    found = promise_gap(orders, at_most={"days": 3, "price": 10}, at_least={"stars": 4}).set_index("measure")
    assert found["gap"].tolist()[:3] == pytest.approx([0, 0.25, -0.25]) and np.isnan(
        found.loc["all_promises", "gap"]
    )
    assert found["kept_share"].tolist() == [0.75, 0.75, 0.75, 0.5]
    half = 3.182446 * np.std([1, 2, 3, 6], ddof=1) / 2  # Student's t with 3 degrees of freedom
    assert found.loc["days", ["gap_low", "gap_high"]].tolist() == pytest.approx([-half, half], rel=1e-6)


def test_a_column_may_be_promised_from_both_sides():
    found = promise_gap(pd.DataFrame({"days": [1.0, 2, 3, 4]}), at_most={"days": 3}, at_least={"days": 2})
    assert found["kept_share"].tolist() == [0.75, 0.75, 0.5] and found["gap"].tolist()[:2] == [-0.5, -0.5]


def test_over_commitment_reverses_two_kept_promises_into_one_broken_together():
    """A parcel firm: cheap parcels are slow. Each promise looks kept, and on average better than promised."""
    rng = np.random.default_rng(3)
    hurry = rng.normal(size=4000)
    days, price = 2 - 0.6 * hurry + 0.1 * rng.normal(size=4000), 10 + 2 * hurry + 0.2 * rng.normal(size=4000)
    found = promise_gap(pd.DataFrame({"days": days, "price": price}), at_most={"days": 2.5, "price": 12})
    each, both = found["kept_share"][:2], found["kept_share"][2]
    assert (found["gap_high"][:2] < 0).all() and (found["kept_share_low"][:2] > 0.75).all()
    assert (
        found["kept_share_high"][2] < each.min() - 0.1 and found["kept_share_high"][2] < each.prod()
    )  # worse than by chance: a trade-off
    choice = promise_gap(
        pd.DataFrame({"promise": np.where(hurry > 0, days - 2.5, price - 12)}), at_most={"promise": 0}
    )
    assert choice["kept_share_low"][0] > 0.97 > both  # whoever may choose one of the two gets it


@pytest.mark.simulated
def test_coverage_of_the_promises_intervals():
    held = []
    for seed in range(300):
        days = np.random.default_rng(seed).exponential(2, 150)
        found = promise_gap(pd.DataFrame({"days": days}), at_most={"days": 3}).iloc[0]
        held.append(
            (
                found["gap_low"] <= -1 <= found["gap_high"],
                found["kept_share_low"] <= 1 - np.exp(-1.5) <= found["kept_share_high"],
            )
        )
    assert (np.abs(np.mean(held, axis=0) - 0.95) < 0.035).all()


# breadth


def forums(rng, n=40, sd=1.0, decline=8.0):
    b = rng.uniform(0.05, 1, n)
    return pd.DataFrame({"breadth_share": b, "effect_per_member": 10 - decline * b + rng.normal(0, sd, n)})


def test_best_breadth_in_closed_form():
    b = np.linspace(0, 1, 21)
    exact = pd.DataFrame({"breadth_share": b, "effect_per_member": 10 - 8 * b})
    assert benefit_breadth(exact).best_breadth.value == pytest.approx(10 / 16, abs=1e-3)
    assert benefit_breadth(exact, cost_per_member=4).best_breadth.value == pytest.approx(6 / 16, abs=1e-3)
    curve = benefit_breadth(exact).curve
    assert curve["effect_per_customer"].max() == pytest.approx(0.625 * 5, rel=1e-3)


def test_scarcity_reverses_more_members_into_a_lower_total():
    found = benefit_breadth(forums(np.random.default_rng(4)))
    curve = found.curve.set_index("breadth_share")
    assert (
        curve["effect_per_member_low"] > 0
    ).all()  # every member still gains something: "so give it to all"
    assert curve["effect_per_customer"].iloc[-1] < 0.85 * curve["effect_per_customer"].max()
    assert found.best_breadth.high < 0.8
    everybody = benefit_breadth(forums(np.random.default_rng(4), decline=1.0)).best_breadth
    assert everybody.value == np.inf  # where scarcity matters little, the data show no turn


@pytest.mark.simulated
def test_coverage_of_the_best_breadth():
    held = [
        benefit_breadth(forums(np.random.default_rng(s), n=25)).best_breadth.contains(0.625)
        for s in range(250)
    ]
    assert abs(np.mean(held) - 0.95) < 0.045


def test_breadth_weights_groups_by_members_and_dearer_benefits_go_to_fewer():
    data = forums(np.random.default_rng(5), n=30)
    weighted = benefit_breadth(data.assign(members=np.where(data.index < 15, 1000, 1))).best_breadth.value
    assert weighted == pytest.approx(benefit_breadth(data[:15]).best_breadth.value, abs=0.02)
    best = [benefit_breadth(data, cost_per_member=c).best_breadth.value for c in (0, 1, 2, 4)]
    assert best == sorted(best, reverse=True)
    money = benefit_breadth(
        data.assign(effect_per_member=data["effect_per_member"] * 100), cost_per_member=100
    )
    assert money.best_breadth.value == pytest.approx(best[1])


# laws and bad input

CALLS = {
    "funnel": (participation_funnel, {}, people(5, 2, 9)),
    "offer": (offer_effect, {"value": 10, "cost": 1}, trial(np.random.default_rng(1), n=60)),
    "promises": (promise_gap, {"at_most": {"tried": 0}}, people(5, 2, 9)),
    "breadth": (benefit_breadth, {}, forums(np.random.default_rng(1), n=9)),
}


def frame_of(found):
    return (
        next((v for v in vars(found).values() if isinstance(v, pd.DataFrame)), None)
        if not isinstance(found, pd.DataFrame)
        else found
    )


@pytest.mark.parametrize("name", CALLS)
def test_order_does_not_matter_the_input_stays_and_columns_have_headings(name):
    call, with_, data = CALLS[name]
    before = data.copy()
    found = frame_of(call(data, **with_))
    again = frame_of(call(data.sample(frac=1, random_state=2), **with_))
    pd.testing.assert_frame_equal(found, again)
    pd.testing.assert_frame_equal(data, before)
    assert [c for c in found if not has_term(c)] == []


def as_floats(table):
    """The numbers of a table as floats; who is in which group stays text."""
    numbers = table.columns.drop("group", errors="ignore")
    return table.astype(dict.fromkeys(numbers, float))


def with_gaps(table):
    numbers = as_floats(table)
    return numbers.apply(lambda column: column if column.name == "group" else column.mask(table.index == 2))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda d: d.iloc[:0], "no_values"),
        (lambda d: d.iloc[:, 1:].iloc[:, 1:], "columns_needed"),
        (with_gaps, "cell_not_a_number"),
        (
            lambda d: as_floats(d).assign(**{d.columns[-1]: np.inf, d.columns[-2]: np.inf}),
            "cell_not_a_number",
        ),
    ],
)
def test_bad_tables_are_refused(name, spoil, code):
    call, with_, data = CALLS[name]
    with pytest.raises(CrmkitError) as error:
        call(spoil(data), **with_)
    assert error.value.code == code


@pytest.mark.parametrize(
    "call",
    [
        lambda: offer_effect(people(5, 2, 9).assign(group="treated"), value=1, cost=1),
        lambda: offer_effect(
            people(5, 2, 9).assign(group=["treated", "control"] * 4 + ["control"]), value=-1, cost=1
        ),
        lambda: offer_effect(
            people(5, 2, 9).assign(group=["treated", "control"] * 4 + ["control"]), value=1, cost=np.nan
        ),
        lambda: participation_funnel(people(5, 2, 9), confidence=95),
        lambda: promise_gap(people(5, 2, 9), at_most={"tried": 1}, confidence=0),
        lambda: benefit_breadth(forums(np.random.default_rng(1)).assign(breadth_share=7)),
        lambda: benefit_breadth(forums(np.random.default_rng(1)).assign(breadth_share=0.5)),
        lambda: benefit_breadth(forums(np.random.default_rng(1), n=3)),
        lambda: benefit_breadth(forums(np.random.default_rng(1)).assign(members=0)),
        lambda: promise_gap(people(5, 2, 9)),
        lambda: promise_gap(people(5, 2, 9), at_most={"tried": np.nan}),
        lambda: participation_funnel(people(5, 2, 9), steps=()),
    ],
)
def test_other_bad_arguments_are_refused_in_words(call):
    with pytest.raises(CrmkitError) as error:
        call()
    assert error.value.message_zh and error.value.message_en
