"""docs/models.md: every framework has its rows, and what a row names is there."""

import ast
import inspect
import re

import pytest
from places import ROOT

import crmkit

LINES = (ROOT / "docs" / "models.md").read_text(encoding="utf-8").splitlines()
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in LINES
    if re.match(r"\| *F\d", line)
]


def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_framework_is_in_the_table():
    numbers = {int(n) for row in ROWS for n in re.findall(r"F(\d+)", row[0])}
    assert numbers == set(range(1, 33))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0] + " " + row[1][:40])
def test_a_row_names_what_computes_it_an_authority_and_a_test_that_is_there(row):
    _, computed, authority, test = row
    assert computed and authority
    if "text" in computed and "`" not in computed:
        return  # a part that is honestly text has no test
    named = re.findall(r"tests/[\w/]+\.py(?:::\w+)?", test)
    assert named, test
    for name in named:
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file(), name
        assert not function or function in functions_in(path), name


def test_every_promised_function_of_a_chapter_is_in_the_table():
    rooms = {"answers", "core", "data", "display", "explore"}
    chapters = {name for name, module in crmkit._OWNER.items() if module.split(".")[0] not in rooms}
    models = {
        name
        for name in chapters
        if inspect.isfunction(getattr(crmkit, name)) and not crmkit._OWNER[name].endswith("explorer")
    }
    named = {name for row in ROWS for name in re.findall(r"\w+", row[1])}
    assert len(models) > 50 and "PDCA" in named
    assert not models - named
