"""An exercise as the grader sees it: the right answer comes from the solution's code, for any seed."""

import copy
import os

import numpy as np
import pandas as pd
import pytest
from places import SUPPORT

import crmkit
from coursekit.lessons.exercise import SolutionError, admit, compare, load_exercise, to_python
from coursekit.lessons.source import SourceError
from crmkit.answers.forms import BadForm, read_answer
from crmkit.core.language import get_language

SAMPLE = SUPPORT / "lessons" / "01_sample.md"


@pytest.fixture(scope="module")
def exercise():
    return load_exercise(SAMPLE)


@pytest.fixture(scope="module")
def right(exercise):
    return exercise.right_answers(3)


def marks(exercise, given, right) -> dict:
    return {name: compare(q, given.get(name), right[name]).score for name, q in exercise.questions.items()}


def test_right_answers_are_well_formed_and_earn_everything(exercise, right):
    assert list(right) == list(exercise.questions) == ["ranked", "top_share", "rule_holds", "curve", "advice"]
    for name, question in exercise.questions.items():
        if right[name] is not None:
            assert admit(question, right[name]) == right[name]
    given = {**right, "advice": "留住老客户，再看服务成本。"}
    assert marks(exercise, given, right) == {
        "ranked": 1,
        "top_share": 1,
        "rule_holds": 1,
        "curve": 1,
        "advice": None,
    }


def test_the_right_share_agrees_with_a_calculation_by_hand(exercise, right):
    mine = exercise.parameters(3)
    revenue = np.sort(mine["revenue"])[::-1]
    assert right["top_share"] == pytest.approx(
        revenue[: round(mine["top"] * 40)].sum() / revenue.sum(), abs=1e-9
    )


def test_wrong_answers_earn_nothing_or_their_share(exercise, right):
    given = copy.deepcopy(right) | {"top_share": right["top_share"] + 0.006, "rule_holds": "less"}
    given["ranked"]["rows"][0], given["ranked"]["rows"][1] = (
        given["ranked"]["rows"][1],
        given["ranked"]["rows"][0],
    )
    given["curve"]["line"][0]["points"] = given["curve"]["line"][0]["points"][:20]
    assert right["rule_holds"] == "more"
    assert marks(exercise, given, right) == {
        "ranked": pytest.approx(38 / 40),
        "top_share": 0,
        "rule_holds": 0,
        "curve": 0.5,
        "advice": 0,
    }
    assert marks(exercise, {}, right) == dict.fromkeys(right, 0)


def test_follow_through_credits_a_right_step_on_a_wrong_earlier_value(exercise, right):
    wrong = {**right["ranked"], "rows": right["ranked"]["rows"][::-1]}
    followed = exercise.right_answers(3, {"ranked": wrong})
    assert followed["ranked"] == right["ranked"], "the question itself keeps its own right answer"
    revenue = to_python(exercise.questions["ranked"], wrong)["revenue"]
    mine = revenue.head(round(exercise.parameters(3)["top"] * 40)).sum() / revenue.sum()
    question = exercise.questions["top_share"]
    assert compare(question, mine, right["top_share"]).score == 0
    assert compare(question, mine, followed["top_share"]).score == 1


def test_seeds_differ_and_each_is_reproducible(exercise):
    shares = {seed: exercise.right_answers(seed)["top_share"] for seed in range(1, 7)}
    assert len(set(shares.values())) == 6
    assert exercise.right_answers(2)["top_share"] == shares[2]
    assert not np.array_equal(exercise.parameters(1)["revenue"], exercise.parameters(2)["revenue"])


def test_grading_leaves_the_language_and_the_figures_as_they_were(exercise, monkeypatch):
    import matplotlib.pyplot as plt

    plt.close("all")  # whatever other tests in this process have left open
    crmkit.set_language("zh")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    exercise.right_answers(1, lang="en")
    assert get_language() == "zh" and plt.get_fignums() == []
    assert "MPLBACKEND" not in os.environ, "kernels started later draw as always"


def test_a_solution_that_fails_is_named_with_file_line_and_seed(tmp_path):
    path = tmp_path / "01_sample.md"
    text = SAMPLE.read_text(encoding="utf-8")
    path.write_text(text.replace("top_share = ", "top_share = 1 / 0 * ", 1), encoding="utf-8")
    with pytest.raises(SolutionError, match=r"01_sample.md:\d+, seed 4: ZeroDivisionError"):
        load_exercise(path).right_answers(4)
    path.write_text(text.replace("top_share = ", "top_share = 100 * ", 1), encoding="utf-8")
    with pytest.raises(SolutionError, match="top_share, seed 4: .*between 0 and 1"):
        load_exercise(path).right_answers(4)
    path.write_text(text.replace("minutes: 10", "minutes: -1"), encoding="utf-8")
    with pytest.raises(SourceError):
        load_exercise(path)


@pytest.mark.parametrize(
    "question, right, good, bad",
    [
        ({"tolerance": 0.5}, 10.0, [9.5, 10.5], [9.4, 10.6]),
        ({"relative_tolerance": 0.01}, -200.0, [-198.0, -202.0], [-197.9, 200.0]),
        ({"tolerance": 0}, 40.0, [40.0], [40.1, 39.0]),
        ({"tolerance": 1, "relative_tolerance": 0.1}, 5.0, [6.0, 4.0], [6.1]),
        ({"tolerance": 0}, 0.1 + 0.2, [0.3], [0.30001]),
    ],
)
def test_a_number_is_right_within_its_tolerance(question, right, good, bad):
    question = {"id": "x", "kind": "number", **question}
    assert [compare(question, g, right).score for g in good] == [1] * len(good)
    assert [compare(question, b, right).score for b in bad] == [0] * len(bad)


def table(rows, columns=("tier", "customers", "share")):
    return read_answer(
        {"id": "t", "kind": "table", "columns": list(columns)}, pd.DataFrame(rows, columns=columns)
    )


def test_a_table_with_a_key_is_compared_row_by_row_whatever_the_order():
    question = {"id": "t", "kind": "table", "columns": ["tier", "customers", "share"], "key": ["tier"]}
    right = table([["gold", 10, 0.5], ["iron", 20, 0.3], ["lead", 70, 0.2]])
    score = lambda given: compare(question, given, right).score
    assert score(table([["lead", 70, 0.2], ["gold", 10, 0.5], ["iron", 20, 0.3]])) == 1
    assert score(table([["gold", 10, 0.504], ["iron", 20, 0.3], ["lead", 70, 0.2]])) == 1, (
        "within one per cent"
    )
    assert score(table([["gold", 10, 0.6], ["iron", 20, 0.3], ["lead", 70, 0.2]])) == pytest.approx(5 / 6)
    assert score(table([["gold", 10, 0.5]])) == pytest.approx(2 / 6)
    assert score(
        table([["gold", 10, 0.5], ["iron", 20, 0.3], ["lead", 70, 0.2], ["x", 0, 0]])
    ) == pytest.approx(6 / 8)
    doubled = compare(question, table([["gold", 10, 0.5], ["gold", 10, 0.5]]), right)
    assert (doubled.score, doubled.code) == (0, "key_twice") and all(doubled.reason.values())


def test_of_yes_and_no_one_and_zero_are_right_and_texts_are_not():
    question = {"id": "t", "kind": "table", "key": ["tier"]}
    right = table([["gold", True], ["iron", False]], ("tier", "met"))
    for yes, no, score in ((True, False, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.5), ("True", "False", 0.0)):
        given = {**right, "rows": [["gold", yes], ["iron", no]]}
        assert compare(question, given, right).score == score


def chart(*series, kind="bars"):
    drawn = [{"label": "", "points": [list(p) for p in s]} for s in series]
    if kind == "bars":
        drawn = [{**s, "horizontal": False} for s in drawn]
    return {"title": "", "xlabel": "", "ylabel": "", "bars": [], "line": [], "scatter": [], kind: drawn}


def test_bars_are_compared_by_name_or_else_as_drawn():
    question = {"id": "c", "kind": "chart", "expects": "bars"}
    right = chart([("gold", 0, 5), ("iron", 0, 3)])
    assert compare(question, chart([("iron", 0, 3), ("gold", 0, 5)]), right).score == 1
    assert compare(question, chart([("黄金", 0, 5), ("铁", 0, 3)]), right).score == 1
    assert compare(question, chart([("gold", 0, 3), ("iron", 0, 5)]), right).score == 0
    assert compare(question, chart([("gold", 0, 5), ("iron", 0, 4)]), right).score == 0.5
    two = chart([("a", 0, 1)], [("a", 1, 2)])
    assert compare(question, chart([("a", 1, 2)], [("a", 0, 1)]), two).score == 1, (
        "the order of series does not matter"
    )


def test_lines_are_compared_point_by_point():
    question = {"id": "c", "kind": "chart", "expects": "line"}
    right = chart([(0, 0), (0.5, 0.2), (1, 1)], kind="line")
    assert compare(question, chart([(1, 1.005), (0, 0), (0.5, 0.2)], kind="line"), right).score == 1
    assert compare(question, chart([(0, 0), (0.5, 0.5), (1, 1)], kind="line"), right).score == pytest.approx(
        2 / 3
    )
    assert compare(question, chart([(0, 0)], kind="line"), right).score == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "name, value",
    [
        ("top_share", "0.5"),
        ("top_share", True),
        ("top_share", float("nan")),
        ("top_share", 7),
        ("top_share", [0.5]),
        ("top_share", {"a": 1}),
        ("top_share", 10**400),
        ("rule_holds", "none"),
        ("rule_holds", 1),
        ("advice", 3),
        ("ranked", []),
        ("ranked", {"columns": [], "rows": []}),
        ("ranked", {"columns": [{"name": "revenue"}], "rows": [[1]]}),
        (
            "ranked",
            {
                "columns": [{"name": "customer_id", "type": "number"}, {"name": "revenue", "type": "number"}],
                "rows": [[1, 2], [1]],
            },
        ),
        ("curve", {}),
        ("curve", "line"),
        (
            "curve",
            {
                "title": "",
                "xlabel": "",
                "ylabel": "",
                "bars": [],
                "scatter": [],
                "line": [{"label": "", "points": [[0, float("inf")]]}],
            },
        ),
        ("curve", {"title": "", "xlabel": "", "ylabel": "", "bars": [], "scatter": [], "line": []}),
    ],
)
def test_json_from_outside_is_not_taken_on_trust(exercise, name, value):
    with pytest.raises(BadForm):
        admit(exercise.questions[name], value)


def test_a_lesson_without_exercise_is_refused(tmp_path):
    path = tmp_path / "01_sample.md"
    path.write_text(SAMPLE.read_text(encoding="utf-8").split('+++ {"part"')[0], encoding="utf-8")
    with pytest.raises(ValueError, match="no exercise"):
        load_exercise(path)
