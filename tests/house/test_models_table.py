"""docs/models.md: every framework has its rows, and what a row names is there."""

import ast
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


def test_every_model_with_a_public_name_is_in_the_table():
    apart = {
        "load",
        "read_transactions",
        "check_transactions",
        "customer_summary",
        "set_language",
        "AnswerSheet",
        "show",
        "save_tables",
        "CrmkitError",
        "ByCustomerShare",
        "ByValueShare",
        "ByCutoff",
    }
    named = {name for row in ROWS for name in re.findall(r"\w+", row[1])}
    assert {name for name in crmkit._OWNER if not name.startswith("explore_")} - apart <= named
