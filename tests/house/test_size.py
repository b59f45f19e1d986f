"""How large the rooms are: a room is taken in at one sitting, and its doors hold nothing but names."""

import ast
from collections import Counter

import pytest
from places import ROOT
from sources import code_lines, files

# Lines of code that a wing may hold: without blank lines, comments and docstrings, as the formatter leaves them.
# A chapter is a morning's reading, its pictures and explorers included; the market (a laboratory and a game) is a wing
# of its own, a day's; the rooms of the data door (reading what clients send, judging what it means) and those of the
# instructor are counted one by one. Nothing is exempt: what a limit does not hold for is another wing. A limit leaves a
# sixth for what is to come, or less.
LIMITS = {
    "crmkit": 140,
    "crmkit/core": 850,
    "crmkit/data": 330,
    "crmkit/intake": 5300,
    "crmkit/intake/reading": 3700,
    "crmkit/display": 1150,
    "crmkit/answers": 1000,
    "crmkit/market": 3900,
    "crmkit/report": 1480,
    "coursekit": 600,
    "coursekit/client": 1550,
    "coursekit/kernels": 150,
    "coursekit/learn": 450,
    "coursekit/lessons": 1640,
    "coursekit/recipes": 200,
    "coursekit/sandbox": 2100,
    "coursekit/teach": 190,
    "coursekit/teach/assign": 1450,
    "coursekit/teach/game": 1750,
    "coursekit/teach/grade": 2900,
    "coursekit/teach/handed_in": 1100,
    "coursekit/teach/marks": 310,
}
CHAPTER = 1320  # each of the ten
FILE = 650  # lines of a file, everything counted as the formatter leaves it: ten screens, an hour's reading
STATEMENTS = 15  # of an __init__ file


def wing(path) -> str:
    """The folder directly under the package, of the instructor's and of the data door the room;
    the package for the files beside its folders.
    """
    folders = path.relative_to(ROOT).parts[:-1]
    depth = 3 if folders[:2] in (("coursekit", "teach"), ("crmkit", "intake")) else 2
    return "/".join(folders[:depth])


def test_no_wing_is_larger_than_somebody_can_take_in(capsys):
    lines = Counter()
    for package in ("crmkit", "coursekit"):
        for path in files(package):
            lines[wing(path)] += code_lines(path)
    with capsys.disabled():
        print()
        for package in ("crmkit", "coursekit"):
            of_package = {name: n for name, n in sorted(lines.items()) if name.split("/")[0] == package}
            sizes = ", ".join(
                f"{name.removeprefix(package + '/')} {n} of {LIMITS.get(name, CHAPTER)}"
                for name, n in of_package.items()
            )
            print(f"{package}: {sum(of_package.values())} lines of code: {sizes}")
    assert not {name: n for name, n in lines.items() if n > LIMITS.get(name, CHAPTER)}
    assert not set(LIMITS) - set(lines), "limits of wings that are gone"


def test_a_file_is_taken_in_at_one_sitting():
    long = {}
    for package in ("crmkit", "coursekit"):
        for path in files(package):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > FILE:
                long[path.relative_to(ROOT).as_posix()] = lines
    assert not long


DOORS = [path for package in ("crmkit", "coursekit") for path in files(package) if path.name == "__init__.py"]


@pytest.mark.parametrize("path", DOORS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_init_file_holds_a_docstring_and_names_and_no_logic(path):
    if path == ROOT / "crmkit" / "__init__.py":
        return  # the promise list: it looks the names up, which the tests of loading see to
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a room says what it is for"
    for node in tree.body[1:]:
        names = isinstance(node, (ast.Import, ast.ImportFrom))
        listed = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        assert names or listed, f"line {node.lineno}: {ast.unparse(node)[:60]}"
    assert len(tree.body) <= STATEMENTS


def test_the_promise_list_holds_names_and_how_they_are_looked_up_and_nothing_else():
    tree = ast.parse((ROOT / "crmkit" / "__init__.py").read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["__getattr__", "__dir__"]
    assert not [
        node for node in tree.body if isinstance(node, (ast.ClassDef, ast.For, ast.If, ast.With, ast.Try))
    ]
