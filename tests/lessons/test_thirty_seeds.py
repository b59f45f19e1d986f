"""On thirty seeds a solution comes out right: well-formed answers, full marks, and not the same for everybody."""

import json

import pytest
from kernels import WarmKernel
from places import ROOT

from coursekit.lessons.exercise import compare, load_exercise
from crmkit.answers.sheet import FORMAT

pytestmark = pytest.mark.executed

SOLUTIONS = sorted(p.stem for p in (ROOT / "solutions").glob("*.ipynb"))
SEEDS = range(1, 31)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    kernel = WarmKernel(tmp_path_factory.mktemp("seeds"))
    yield kernel
    kernel.stop()


@pytest.fixture(scope="module", params=SOLUTIONS)
def seeds(request, kernel):
    """(exercise, {seed: what the solution notebook recorded}): through papermill, in each language in turn."""
    recorded = {}
    for seed in SEEDS:
        kernel.run(
            ROOT / "solutions" / f"{request.param}.ipynb", seed=seed, lang=("zh", "en", "both")[seed % 3]
        )
        recorded[seed] = json.loads(kernel.answers.read_text(encoding="utf-8"))
    return load_exercise(ROOT / "lessons" / f"{request.param}.md"), recorded


def test_on_thirty_seeds_every_answer_of_the_solution_notebook_is_well_formed(seeds):
    exercise, recorded = seeds
    for seed, sheet in recorded.items():
        assert (sheet["format"], sheet["exercise"], sheet["seed"]) == (FORMAT, exercise.slug, seed)
        assert list(sheet["answers"]) == list(exercise.questions)
        assert {a["state"] for a in sheet["answers"].values()} == {"recorded"}, (seed, sheet)


def test_on_thirty_seeds_the_notebook_and_the_grader_agree_and_give_full_marks(seeds):
    exercise, recorded = seeds
    for seed, sheet in recorded.items():
        right = exercise.right_answers(seed)
        for name, question in exercise.questions.items():
            given = sheet["answers"][name]["value"]
            score = compare(question, given, right[name]).score
            assert score == (None if question["kind"] == "text" else 1), (seed, name, given, right[name])


def test_seeds_give_different_answers_and_no_choice_is_always_the_same(seeds):
    exercise, recorded = seeds
    for name, question in exercise.questions.items():
        values = [json.dumps(sheet["answers"][name]["value"], sort_keys=True) for sheet in recorded.values()]
        if question["kind"] == "choice":
            counts = {v: values.count(v) for v in set(values)}
            assert len(counts) >= 2 and max(counts.values()) <= 25, (name, counts)
        elif question["kind"] != "text":
            assert len(set(values)) >= (10 if question.get("integer") else 28), (name, len(set(values)))
