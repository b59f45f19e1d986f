"""Derived importance against a hand-worked regression, statsmodels' peer in numpy, and surveys of known truth."""

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.foundations.expectation_gaps import SEVEN_EXPECTATIONS, expectation_gaps

TRUE = np.array([0.05, 0.10, 0.05, 0.30, 0.20, 0.05, 0.15])  # points of satisfaction for one point more
STATED = np.array([9.5, 6.0, 6.0, 7.0, 9.0, 6.5, 6.0])  # what people say: price and quality


def _survey(rng, n=400, *, true=TRUE, rounded=False):
    """Answers on 0 … 10; the marks move together, as marks do."""
    level = np.array([5.0, 6, 7, 5, 7, 6, 6])
    met = level + rng.normal(0, 0.7, (n, 1)) + rng.normal(0, 1.0, (n, 7))
    said = STATED + rng.normal(0, 0.5, (n, 7))
    satisfied = (
        1.0 + met @ true + rng.normal(0, 0.8, n) * (0.5 + 0.1 * met[:, 0])
    )  # more spread where marks are high
    frame = pd.DataFrame(met, columns=SEVEN_EXPECTATIONS).assign(satisfaction=satisfied)
    frame[[f"stated_{name}" for name in SEVEN_EXPECTATIONS]] = said
    return (frame.round() if rounded else frame).clip(0, 10)


def test_a_hand_worked_survey_without_noise_gives_its_weights_gaps_and_worth():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "attitude": rng.integers(1, 8, 60),
            "quality": rng.integers(1, 8, 60),
            "stated_attitude": 2,
            "stated_quality": 6,
        }
    )
    frame["satisfaction"] = 1 + 0.5 * frame["attitude"] + 0.25 * frame["quality"]
    found = expectation_gaps(frame, scale=(1, 7), expectations=("attitude", "quality")).set_index(
        "expectation"
    )
    assert found["derived_importance"].to_dict() == pytest.approx({"attitude": 0.5, "quality": 0.25})
    gap = 7 - frame["attitude"].mean()
    assert found.loc["attitude", ["gap", "worth"]].tolist() == pytest.approx([gap, 0.5 * gap])
    assert found["stated_importance"].to_dict() == {"attitude": 2, "quality": 6}
    assert found["priority"].to_dict() == {"attitude": 1, "quality": 2}
    assert found["stated_priority"].to_dict() == {"attitude": 2, "quality": 1}


def test_the_stated_order_weighs_the_gap_too():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "attitude": rng.integers(1, 4, 60),
            "quality": rng.integers(5, 8, 60),
            "stated_attitude": 5,
            "stated_quality": 6,
            "satisfaction": rng.integers(1, 8, 60),
        }
    )
    found = expectation_gaps(frame, scale=(1, 7), expectations=("attitude", "quality")).set_index(
        "expectation"
    )
    assert found["stated_priority"].to_dict() == {
        "attitude": 1,
        "quality": 2,
    }  # 5 × about 5 against 6 × about 1


def test_an_answer_off_the_scale_is_found_in_the_survey_as_it_came():
    frame = _survey(np.random.default_rng(3)).reset_index(drop=True)
    frame.loc[0, "quality"], frame.loc[5, "quality"] = np.nan, 11
    with pytest.raises(CrmkitError) as error:
        expectation_gaps(frame, scale=(0, 10))
    assert (error.value.row, error.value.column) == (5, "quality")  # row 0 is left out, and still counts


def test_coefficients_and_hc3_errors_agree_with_the_formula_in_numpy():
    frame = _survey(np.random.default_rng(2))
    found = expectation_gaps(frame, scale=(0, 10)).set_index("expectation").loc[list(SEVEN_EXPECTATIONS)]
    x = np.column_stack([np.ones(len(frame)), frame[list(SEVEN_EXPECTATIONS)]])
    y = frame["satisfaction"].to_numpy()
    inverse = np.linalg.inv(x.T @ x)
    weights = inverse @ x.T @ y
    left = (y - x @ weights) / (1 - np.einsum("ij,jk,ik->i", x, inverse, x))
    error = np.sqrt(np.diag(inverse @ (x.T * left**2) @ x @ inverse))[1:]
    assert found["derived_importance"].to_numpy() == pytest.approx(weights[1:])
    assert (
        (found["derived_importance_high"] - found["derived_importance_low"]) / 2
    ).to_numpy() == pytest.approx(1.959964 * error)


@pytest.mark.simulated
def test_the_intervals_cover_the_true_importance_and_simple_correlation_does_not_find_it():
    held, alone = [], []
    for seed in range(100):
        frame = _survey(np.random.default_rng(seed))
        found = expectation_gaps(frame, scale=(0, 10)).set_index("expectation").loc[list(SEVEN_EXPECTATIONS)]
        held.append(
            (found["derived_importance_low"].to_numpy() <= TRUE)
            & (found["derived_importance_high"].to_numpy() >= TRUE)
        )
        alone.append([np.polyfit(frame[name], frame["satisfaction"], 1)[0] for name in SEVEN_EXPECTATIONS])
    assert 0.925 < np.mean(held) < 0.975
    assert (
        np.mean(alone, axis=0)[[0, 2, 5]] > 0.25
    ).all()  # one by one, what hardly matters seems to: marks move together


@pytest.mark.simulated
def test_derived_importance_reverses_the_stated_one_and_its_first_choice_raises_true_satisfaction_more():
    better, agree = [], []
    for seed in range(60):
        found = expectation_gaps(_survey(np.random.default_rng(seed), rounded=True), scale=(0, 10))
        first, claimed = (
            found.set_index(column)["expectation"][1] for column in ("priority", "stated_priority")
        )
        gain = dict(zip(SEVEN_EXPECTATIONS, TRUE))  # one point more of it, in truth
        better.append(gain[first] > gain[claimed])
        agree.append((first, claimed))
    assert set(agree) == {("reliability", "value")}  # people say value; what moves them is reliability
    assert all(better)


def test_missing_answers_leave_a_respondent_out_and_units_order_and_input_stay():
    frame = _survey(np.random.default_rng(3), 120)
    before = frame.copy(deep=True)
    found = expectation_gaps(frame, scale=(0, 10))
    holes = frame.assign(quality=frame["quality"].where(frame.index >= 10))
    assert expectation_gaps(holes, scale=(0, 10))["respondents"].iloc[0] == 110
    pd.testing.assert_frame_equal(
        expectation_gaps(frame.sample(frac=1, random_state=1), scale=(0, 10)), found
    )
    percent = expectation_gaps(frame * 10, scale=(0, 100))
    assert percent["derived_importance"].to_numpy() == pytest.approx(found["derived_importance"].to_numpy())
    assert percent["worth"].to_numpy() == pytest.approx(10 * found["worth"].to_numpy())
    pd.testing.assert_frame_equal(frame, before)
    assert found["worth"].is_monotonic_decreasing and sorted(found["stated_priority"]) == list(range(1, 8))


@pytest.mark.parametrize(
    "change, code",
    [
        ({"quality": 11.0}, "cell_not_a_number"),
        ({"quality": 5.0}, "expectations_move_together"),
        ({"satisfaction": np.nan}, "too_few_respondents"),
        ({"satisfaction": "good"}, "cell_not_a_number"),
    ],
)
def test_surveys_that_say_nothing_are_refused(change, code):
    frame = _survey(np.random.default_rng(3), 60)
    with pytest.raises(CrmkitError) as error:
        expectation_gaps(frame.assign(**change), scale=(0, 10))
    assert error.value.code == code
    with pytest.raises(CrmkitError) as error:
        expectation_gaps(frame.assign(quality=frame["value"]), scale=(0, 10))
    assert error.value.code == "expectations_move_together"
    with pytest.raises(CrmkitError, match="expectations"):
        expectation_gaps(frame, scale=(0, 10), expectations=())
    for bad in (frame.iloc[:20], frame.iloc[:0], frame.drop(columns="stated_value")):
        with pytest.raises(CrmkitError):
            expectation_gaps(bad, scale=(0, 10))


def test_every_column_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    found = expectation_gaps(_survey(np.random.default_rng(3), 60), scale=(0, 10))
    assert [name for name in (*found, *SEVEN_EXPECTATIONS) if not has_term(name)] == []
    crmkit.set_language("zh")
    assert "可信度" in repr(crmkit.show(found))


@pytest.mark.parametrize("scale", [7, "1到7", (7, 1), (1, 2, 3), (4, 4)])
def test_a_scale_is_two_numbers_the_lower_first(scale):
    with pytest.raises(CrmkitError) as error:
        expectation_gaps(pd.DataFrame({"quality": [1]}), scale=scale, expectations=["quality"])
    assert "scale=(1, 7)" in error.value.message_zh and "1e+" not in error.value.message_en
