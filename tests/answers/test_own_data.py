"""A notebook's names may be changed by a line copied from a lesson; the answer says so when it is given."""

from contextlib import contextmanager

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from places import ROOT
from traitlets.config import Config

import crmkit
from crmkit.answers.own_data import changed_since

START = """
import crmkit, pandas as pd
crmkit.set_language("en")
seed = 1
mine = {"quarters": pd.DataFrame({"customers": [1, 2]}), "rate": 0.3, "budget": 9}
quarters, rate = mine["quarters"], mine["rate"]
answer = crmkit.AnswerSheet("demo", [{"id": "share", "kind": "number"}], seed=seed)
"""


@contextmanager
def notebook():
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    try:
        shell.run_cell(START)
        yield shell
    finally:
        InteractiveShell.clear_instance()


def said(shell, line: str, then: str = "answer('share', 0.3)") -> str:
    with capture_output() as captured:
        shell.run_cell(f"{line}\nprint({then})")
    return captured.stdout


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("quarters = pd.DataFrame({'customers': [2000, 2100]})", "quarters"),
        ("quarters = quarters.head(1)", "quarters"),
        ("quarters, rate = 'text', 0.4", "quarters, rate"),
    ],
)
def test_a_name_of_the_exercises_data_that_holds_something_else_is_named(line, names):
    with notebook() as shell:
        assert f"not what the exercise made any more: {names}" in said(shell, line)
        assert "Note:" in said(shell, "", "answer('share', 'x')"), "also where nothing was recorded"
        assert "Note:" in said(shell, "", "answer.status()").splitlines()[0]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "rate = 0.3",
        "quarters = quarters.assign(growth=1)",
        "quarters['growth'] = 1",
        "own = quarters.head(1)",
        "mine = {name: value for name, value in mine.items()}",
        "del quarters",
    ],
)
def test_of_the_exercises_own_data_nothing_is_said(line):
    with notebook() as shell:
        assert said(shell, line).strip() == "share: Recorded: 0.3"


@pytest.mark.parametrize("line", ["seed = 2", "seed = '1'", "seed = 1.5"])
def test_a_seed_that_the_sheet_was_not_made_for_is_told(line):
    with notebook() as shell:
        assert "Note: seed is " in said(shell, line) and "number 1" in said(shell, "")
        assert "Note: seed is " in said(shell, "", "answer.status()").splitlines()[0]
        crmkit.set_language("zh")
        assert "编号 1" in said(shell, "")


def test_outside_of_a_notebook_nothing_is_known_and_nothing_said():
    assert changed_since(1) is None


def test_the_solutions_never_take_a_name_of_the_exercises_data():
    solutions = sorted((ROOT / "solutions").glob("*.ipynb"))
    assert len(solutions) > 10
    for path in solutions:
        text = path.read_text(encoding="utf-8")
        assert "Recorded:" in text
        assert "what the exercise made" not in text and "sheet was made for number" not in text, path.name
