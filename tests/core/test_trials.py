"""One form of a trial: from lists of customers, from a 0/1 column and from counts the same frame comes."""

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import CrmkitError, trial_frame, trial_from_counts

PEOPLE = pd.DataFrame({"customer_id": list("abcde"), "outcome": [3, 1, 0, 2, 5]}, index=[7, 8, 9, 10, 11])


def test_of_one_list_everybody_else_is_the_other_group():
    treated = trial_frame(PEOPLE, treated=["a", "d"])
    assert treated["group"].tolist() == ["treated", "control", "control", "treated", "control"]
    pd.testing.assert_frame_equal(treated, trial_frame(PEOPLE, control=["b", "c", "e"]))
    assert treated.drop(columns="group").equals(PEOPLE) and "group" not in PEOPLE


def test_of_two_lists_whoever_is_in_neither_is_left_out():
    both = trial_frame(PEOPLE, treated=("e",), control={"a", "b"})
    assert dict(zip(both["customer_id"], both["group"])) == {"a": "control", "b": "control", "e": "treated"}


def test_a_market_trials_list_of_those_held_out_is_one_of_the_lists():
    from crmkit.market import Trial, scenario

    held_out = Trial(standard=scenario("telecom").status_quo, held_out=("b", "c")).held_out
    assert trial_frame(PEOPLE, control=held_out)["group"].value_counts().to_dict() == {
        "treated": 3,
        "control": 2,
    }


@pytest.mark.parametrize(
    "lists, code",
    [
        ({}, "trial_without_groups"),
        ({"treated": ["a"], "control": ["a", "b"]}, "trial_in_both_groups"),
        ({"treated": ["z"]}, "trial_unknown_customer"),
        ({"control": ["a", 1]}, "trial_unknown_customer"),
    ],
)
def test_groups_that_cannot_be_are_refused(lists, code):
    with pytest.raises(CrmkitError) as error:
        trial_frame(PEOPLE, **lists)
    assert error.value.code == code


def test_counts_come_back_as_they_were_written_down():
    counts = pd.DataFrame(
        {
            "segment": ["gold", "iron"],
            "customers_treated": [30, 5],
            "bought_treated": [12, 5],
            "customers_control": [20, 4],
            "bought_control": [0, 1],
        }
    )
    trial = trial_from_counts(counts, outcome="bought")
    table = trial.groupby(["segment", "group"])["bought"].agg(["size", "sum"])
    assert table.loc["gold"].values.tolist() == [[20, 0], [30, 12]]
    assert table.loc["iron"].values.tolist() == [[4, 1], [5, 5]]
    one = crmkit.uplift(trial.rename(columns={"bought": "outcome"}))
    assert one.loc[0, ["treated", "control"]].tolist() == [35, 24]
    with pytest.raises(CrmkitError, match="segment"):
        trial_from_counts(counts.drop(columns="segment"), outcome="bought")


def test_one_trial_serves_every_function_that_takes_one():
    """The same frame by its columns: uplift, offer_effect,
    keeping_pays and loyalty_programme agree on the difference.
    """
    rng = np.random.default_rng(1)
    trial = pd.DataFrame(
        {"group": rng.permutation(["treated", "control"] * 200), "kept": rng.integers(0, 2, 400)}
    )
    joined = trial["group"] == "treated"
    both = trial.assign(outcome=trial["kept"], revenue=trial["kept"] * 100.0, member=joined)
    offers = pd.DataFrame({"cost_per_offer": [1.0], "customer_value": 10.0, "acquisition_cost": 5.0})
    found = crmkit.uplift(both).iloc[0]
    saved = crmkit.keeping_pays(both, offers=offers).iloc[0]
    steps = crmkit.offer_effect(both, value=1, cost=0, steps=["kept"]).steps.iloc[0]
    for table, name in ((saved, "saved_share"), (steps, "difference")):
        for end in ("", "_low", "_high"):
            assert table[f"{name}{end}"] == pytest.approx(found[f"uplift{end}"])
    programme = crmkit.loyalty_programme(
        both, margin_rate=0.01, points_per_currency=0, cost_per_point=0, redemption_share=0
    )
    assert programme.net_profit.value == pytest.approx(found["uplift"] * found["treated"])


@pytest.mark.parametrize(
    "call",
    [
        lambda frame: crmkit.uplift(frame),
        lambda frame: crmkit.offer_effect(frame, value=1, cost=1, steps=["kept"]),
        lambda frame: crmkit.keeping_pays(
            frame,
            offers=pd.DataFrame({"cost_per_offer": [1.0], "customer_value": 9.0, "acquisition_cost": 9.0}),
        ),
        lambda frame: crmkit.loyalty_programme(
            frame, margin_rate=0.5, points_per_currency=1, cost_per_point=0.01, redemption_share=1
        ),
    ],
    ids=["uplift", "offer_effect", "keeping_pays", "loyalty_programme"],
)
def test_another_group_and_no_group_are_refused_everywhere(call):
    frame = pd.DataFrame(
        {"group": ["treated", "test"] * 9, "outcome": 1, "kept": 1, "member": 0, "revenue": 1.0}
    )
    with pytest.raises(CrmkitError) as error:
        call(frame)
    assert error.value.code == "not_a_choice"
    with pytest.raises(CrmkitError, match="group"):
        call(frame.drop(columns="group"))


@pytest.mark.parametrize("form", [list, tuple, set, pd.Series, pd.Index, np.array])
def test_customers_of_a_trial_may_be_listed_in_whatever_holds_them(form):
    people = pd.DataFrame({"customer_id": list("abcd"), "outcome": [3, 1, 0, 2]})
    listed = form(["b", "c"])
    assert trial_frame(people, control=listed)["group"].tolist() == [
        "treated",
        "control",
        "control",
        "treated",
    ]
    assert trial_frame(people, treated=listed)["group"].tolist() == [
        "control",
        "treated",
        "treated",
        "control",
    ]
