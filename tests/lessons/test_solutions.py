"""Solutions: nbval finds their stored outputs again, and a broken model turns them red."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from places import ROOT

import crmkit

pytestmark = pytest.mark.executed

SOLUTIONS = sorted(p.stem for p in (ROOT / "solutions").glob("*.ipynb"))
# rooms of crmkit that compute nothing: they show, ask or explain
NOT_MODELS = {"core", "display", "answers", "explore"}
# Put before a solution: the model's results are off by one per cent (a count by one, a date by a day, a name by one
# place in its list). A name in a choice hides a small error, so `more` can be raised.
BREAK = """
def _break(name, more):
    import dataclasses, datetime, importlib, numbers
    import numpy as np, pandas as pd, crmkit
    def wrong(x):
        if isinstance(x, pd.DataFrame):
            return x.assign(**{c: wrong(x[c]) for c in x.columns if c not in ("customer_id", "date")})
        if isinstance(x, pd.Series):
            if pd.api.types.is_bool_dtype(x): return x
            if pd.api.types.is_integer_dtype(x): return x + 1
            if pd.api.types.is_float_dtype(x): return x * more
            if pd.api.types.is_datetime64_any_dtype(x): return x + pd.Timedelta(days=1)
            return x.replace(dict(zip(sorted(x.dropna().unique()), np.roll(sorted(x.dropna().unique()), 1))))
        if dataclasses.is_dataclass(x):
            y = object.__new__(type(x))
            y.__dict__.update({k: wrong(v) for k, v in vars(x).items()})
            return y
        if isinstance(x, bool): return x
        if isinstance(x, numbers.Integral): return x + 1
        if isinstance(x, numbers.Real): return x * more
        try:
            return f"{float(x) * more:.2f}" if isinstance(x, str) else x
        except ValueError:
            return x
    model = getattr(crmkit, name)
    broken = lambda *args, **more: wrong(model(*args, **more))
    setattr(importlib.import_module(f"crmkit.{crmkit.PROMISED[name]}"), name, broken)
    setattr(crmkit, name, broken)
"""
STRONGER = {"pareto_test": 2}


def models_of(slug: str) -> list[str]:
    """The public models that a solution calls by name."""
    notebook = nbformat.read(ROOT / "solutions" / f"{slug}.ipynb", 4)
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


CASES = [(slug, model) for slug in SOLUTIONS for model in models_of(slug)]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """nbval over the committed solutions and over copies with one broken model each: {file: cells that failed}."""
    folder = tmp_path_factory.mktemp("solutions")
    for slug, model in [(slug, None) for slug in SOLUTIONS] + CASES:
        notebook = nbformat.read(ROOT / "solutions" / f"{slug}.ipynb", 4)
        if model:
            code = f"{BREAK}\n_break({model!r}, {STRONGER.get(model, 1.01)})"
            notebook.cells.insert(0, nbformat.v4.new_code_cell(code))
        nbformat.write(notebook, folder / f"{slug}-{model or 'sound'}.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval-lax",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "-rA",
        "--rootdir",
        folder,
        folder,
    ]
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
    notebook = nbformat.read(ROOT / "solutions" / f"{slug}.ipynb", 4)
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    assert len(outcome[f"{slug}-sound"]["PASSED"]) == len(code)
    stored = [c for c in code if "nbval-check-output" in c.metadata.get("tags", [])]
    questions = [c for c in code if c.metadata.get("crmkit", {}).get("question")]
    assert len(stored) >= len(questions) + 1 and all(c.outputs for c in stored), "each answer and the status"


@pytest.mark.parametrize("slug, model", CASES)
def test_breaking_a_model_on_purpose_turns_the_solution_that_rests_on_it_red(judged, slug, model):
    outcome, printed = judged
    assert outcome[f"{slug}-{model}"].get("FAILED"), f"{model} is wrong by one per cent and nobody noticed"
    assert "Cell 0" not in outcome[f"{slug}-{model}"]["FAILED"], printed[-20_000:]  # the break itself worked


def test_every_solution_rests_on_a_model():
    assert {slug for slug, _ in CASES} == set(SOLUTIONS)
