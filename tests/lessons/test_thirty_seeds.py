"""On thirty seeds a solution comes out right: well-formed answers, full marks, and not the same for everybody.

The grader computes all thirty here; test_lessons.py runs the notebook on three, one a language, and compares. The
notebook on all thirty, which takes minutes, is tests/benchmarks/thirty_seeds.py.
"""

import json

import pytest
from places import ROOT

from coursekit.lessons.exercise import compare, load_exercise
from coursekit.lessons.names import lesson_of

pytestmark = pytest.mark.executed

SOLUTIONS = sorted(lesson_of(p) for p in (ROOT / "solutions").glob("*.ipynb"))
SEEDS = range(1, 31)


@pytest.fixture(scope="module", params=SOLUTIONS)
def solved(request):
    """(exercise, {seed: the right answers that the grader works out})."""
    exercise = load_exercise(ROOT / "lessons" / f"{request.param}.md")
    return exercise, {seed: exercise.right_answers(seed) for seed in SEEDS}


def test_on_thirty_seeds_every_question_has_a_right_answer_that_earns_full_marks(solved):
    exercise, right = solved
    for seed, answers in right.items():
        assert list(answers) == list(exercise.questions)
        for name, question in exercise.questions.items():
            if question["kind"] == "text":
                continue
            assert compare(question, answers[name], answers[name]).score == 1, (seed, name, answers[name])


def test_seeds_give_different_answers_and_no_choice_is_always_the_same(solved):
    exercise, right = solved
    for name, question in exercise.questions.items():
        values = [json.dumps(answers[name], sort_keys=True) for answers in right.values()]
        if question["kind"] == "choice":
            counts = {v: values.count(v) for v in set(values)}
            assert len(counts) >= 2 and max(counts.values()) <= 25, (name, counts)
        elif question["kind"] != "text":
            assert len(set(values)) >= (10 if question.get("integer") else 28), (name, len(set(values)))
