"""Solutions: nbval finds their stored outputs again, and a broken model turns them red."""

import ast
import dataclasses
import importlib
import numbers
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from places import ROOT

import crmkit
from coursekit.lessons.exercise import SolutionError, compare, load_exercise
from coursekit.lessons.names import lesson_of, notebook_path

pytestmark = pytest.mark.executed

SOLUTIONS = sorted(lesson_of(p) for p in (ROOT / "solutions").glob("*.ipynb"))
# rooms of crmkit that compute nothing: they show, ask or explain
NOT_MODELS = {"core", "display", "answers", "explore"}
# A name in a choice hides a small error, and two parameters that are off together nearly cancel out, so what a model
# gives can be off by more than one per cent.
STRONGER = {"pareto_test": 2, "fit_sbg": 1.2}
SEED = 1


def models_of(slug: str) -> list[str]:
    """The public models that a solution calls by name."""
    notebook = nbformat.read(ROOT / notebook_path("solutions", slug), 4)
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    used = {
        n.attr
        for n in ast.walk(ast.parse(code))
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "crmkit"
    }
    return sorted(
        n
        for n in used
        if n in crmkit.PROMISED
        and crmkit.PROMISED[n].split(".")[0] not in NOT_MODELS
        and callable(getattr(crmkit, n))
        and not isinstance(getattr(crmkit, n), type)
    )


def wrong(x, more: float):
    """A model's result off by one per cent: a count by one, a date by a day, a name by one place in its list."""
    if isinstance(x, pd.DataFrame):
        names = [c for c in x.columns if c not in ("customer_id", "date")]
        return x.assign(**{c: wrong(x[c], more) for c in names})
    if isinstance(x, pd.Series):
        return wrong_column(x, more)
    if dataclasses.is_dataclass(x):
        y = object.__new__(type(x))
        y.__dict__.update({k: wrong(v, more) for k, v in vars(x).items()})
        return y
    if isinstance(x, dict):
        return {name: wrong(value, more) for name, value in x.items()}
    if isinstance(x, np.ndarray):
        return x * more
    if isinstance(x, bool):
        return x
    if isinstance(x, numbers.Integral):
        return x + 1
    if isinstance(x, numbers.Real):
        return x * more
    try:
        return f"{float(x) * more:.2f}" if isinstance(x, str) else x
    except ValueError:
        return x


def wrong_column(x: pd.Series, more: float) -> pd.Series:
    if pd.api.types.is_bool_dtype(x):
        return x
    if pd.api.types.is_integer_dtype(x):
        return x + 1
    if pd.api.types.is_float_dtype(x):
        return x * more
    if pd.api.types.is_datetime64_any_dtype(x):
        return x + pd.Timedelta(days=1)
    names = sorted(x.dropna().unique())
    return x.replace(dict(zip(names, np.roll(names, 1))))


def break_model(monkeypatch, name: str) -> None:
    """Every way to the model gives the wrong results from now on."""
    model = getattr(crmkit, name)
    more = STRONGER.get(name, 1.01)

    def broken(*arguments, **settings):
        return wrong(model(*arguments, **settings), more)

    monkeypatch.setattr(importlib.import_module(f"crmkit.{crmkit.PROMISED[name]}"), name, broken)
    monkeypatch.setattr(crmkit, name, broken, raising=False)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """nbval over the committed solutions, and over copies in which one answer is another: {file: cells that failed}."""
    folder = tmp_path_factory.mktemp("solutions")
    for slug in SOLUTIONS:
        notebook = nbformat.read(ROOT / notebook_path("solutions", slug), 4)
        nbformat.write(notebook, folder / f"{slug}-sound.ipynb")
    first = SOLUTIONS[0]
    notebook = nbformat.read(ROOT / notebook_path("solutions", first), 4)
    stored = [c for c in notebook.cells if "nbval-check-output" in c.metadata.get("tags", [])]
    stored[0].outputs[0]["text"] = "not what it was"
    nbformat.write(notebook, folder / f"{first}-changed.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=", "-rA", "--rootdir", folder, folder]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=1200)
    outcome = {}
    for line in ran.stdout.splitlines():
        for state in ("PASSED", "FAILED", "ERROR"):
            if line.startswith(f"{state} ") and "::" in line:
                file, cell = line.removeprefix(f"{state} ").split(".ipynb::")
                outcome.setdefault(Path(file).name, {}).setdefault(state, []).append(cell.split(" - ")[0])
    return outcome, ran.stdout


@pytest.mark.parametrize("slug", SOLUTIONS)
def test_nbval_lax_finds_every_stored_output_of_a_solution_again(judged, slug):
    outcome, printed = judged
    assert set(outcome[f"{slug}-sound"]) == {"PASSED"}, printed[-20_000:]
    notebook = nbformat.read(ROOT / notebook_path("solutions", slug), 4)
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    assert len(outcome[f"{slug}-sound"]["PASSED"]) == len(code)
    stored = [c for c in code if "nbval-check-output" in c.metadata.get("tags", [])]
    questions = [c for c in code if c.metadata.get("crmkit", {}).get("question")]
    assert len(stored) >= len(questions) + 1 and all(c.outputs for c in stored), "each answer and the status"


def test_nbval_turns_red_where_a_stored_output_is_not_what_comes_out(judged):
    outcome, printed = judged
    assert outcome[f"{SOLUTIONS[0]}-changed"].get("FAILED"), printed[-20_000:]


@pytest.fixture(scope="module", params=SOLUTIONS)
def sound(request):
    """(exercise, the right answers of the committed notebook's seed)."""
    exercise = load_exercise(ROOT / "lessons" / f"{request.param}.md")
    return exercise, exercise.right_answers(SEED)


def test_breaking_a_model_on_purpose_changes_an_answer_of_every_solution_that_rests_on_it(sound):
    exercise, right = sound
    unnoticed = []
    for name in models_of(exercise.slug):
        with pytest.MonkeyPatch.context() as monkeypatch:
            break_model(monkeypatch, name)
            if not noticed(exercise, right):
                unnoticed.append(name)
    assert not unnoticed, "wrong by one per cent and no answer shows it"


def noticed(exercise, right: dict) -> bool:
    """Whether the solution now fails, or gives an answer that the grader would not accept."""
    try:
        now = exercise.right_answers(SEED)
    except SolutionError:
        return True
    marked = [compare(q, now[name], right[name]).score for name, q in exercise.questions.items()]
    return any(score is not None and score < 1 for score in marked)


def test_every_solution_rests_on_a_model():
    on_the_market = {"15_market_game"}  # it plays the simulated market, which tests of its own hold
    assert {slug for slug in SOLUTIONS if not models_of(slug)} == on_the_market
