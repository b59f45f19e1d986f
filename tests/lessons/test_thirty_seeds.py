"""On thirty seeds a solution comes out right: well-formed answers, full marks, and not the same for everybody.

The grader computes all thirty, and the notebook is run on three, one a language; the notebook on all thirty, which takes
minutes, is tests/benchmarks/thirty_seeds.py.
"""

import json

import pytest
from kernels import WarmKernel
from places import ROOT

from coursekit.lessons.exercise import compare, load_exercise
from crmkit.answers.sheet import FORMAT

pytestmark = pytest.mark.executed

SOLUTIONS = sorted(p.stem for p in (ROOT / "solutions").glob("*.ipynb"))
SEEDS = range(1, 31)
IN_THE_NOTEBOOK = {"zh": 3, "en": 16, "both": 29}  # language → seed


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = WarmKernel(tmp_path_factory.mktemp("seeds"))
    yield kernel
    kernel.stop()


@pytest.fixture(scope="module", params=SOLUTIONS)
def solved(request):
    """(exercise, {seed: the right answers that the grader works out})."""
    exercise = load_exercise(ROOT / "lessons" / f"{request.param}.md")
    return exercise, {seed: exercise.right_answers(seed) for seed in SEEDS}


def test_the_solution_notebook_and_the_grader_agree_and_give_full_marks_in_each_language(solved, kernel):
    exercise, right = solved
    for lang, seed in IN_THE_NOTEBOOK.items():
        kernel.run(ROOT / "solutions" / f"{exercise.slug}.ipynb", seed=seed, lang=lang)
        sheet = json.loads(kernel.answers.read_text(encoding="utf-8"))
        assert_full_marks(exercise, sheet, seed, right[seed])


def assert_full_marks(exercise, sheet: dict, seed: int, right: dict) -> None:
    """A well-formed sheet of this exercise and seed, every answer recorded and right."""
    assert (sheet["format"], sheet["exercise"], sheet["seed"]) == (FORMAT, exercise.slug, seed)
    assert list(sheet["answers"]) == list(exercise.questions)
    assert {a["state"] for a in sheet["answers"].values()} == {"recorded"}, (seed, sheet)
    for name, question in exercise.questions.items():
        given = sheet["answers"][name]["value"]
        score = compare(question, given, right[name]).score
        assert score == (None if question["kind"] == "text" else 1), (seed, name, given, right[name])


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
