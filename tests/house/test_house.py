"""The rules of the house: who may import whom, what `import crmkit` loads, how large crmkit may grow."""

import ast
import importlib
import inspect
import io
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

import crmkit

# code lines of crmkit in all but the data door, and of the door. The first limit is on what somebody who reads the helper
# module has to take in; the door (files as clients send them) is one function to whoever uses it, and has its own.
# Handing answers over (their forms, the sheet, the file that is handed in) is one class to a student, likewise.
# The simulated market and its game, with board and plots, are a laboratory: whoever analyses customers never opens it.
LINES, DOOR_LINES, ANSWER_LINES, MARKET_LINES, NAMES = 5000, 1400, 500, 1900, 60
# what shows results: none of it may be known to a model
SHOWING = {"matplotlib", "seaborn", "anywidget", "ipywidgets", "traitlets", "IPython", "plotly"}
# what does not compute: language, questions, the data door and what shows; every other module of crmkit is a model
NOT_MODELS = {
    "__init__",
    "answer_forms",
    "datasets",
    "explore",
    "fonts",
    "hand_in",
    "language",
    "plots",
    "questions",
    "report",
    "tables",
    "terms",
    "transactions",
}
# of its siblings a model knows only these
SHARED = {"schema", "intervals", "allocation"}
NOT_LOADED = ("matplotlib", "seaborn", "anywidget", "ipywidgets", "duckdb", "IPython")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path, *, top_only: bool = False) -> dict[str, int]:
    """Absolute module names that a file imports → line; ``top_only``: as the module itself is imported."""
    package = list(path.relative_to(ROOT).parent.parts)
    tree, found = ast.parse(path.read_text(encoding="utf-8")), {}
    inside = {
        id(n) for f in ast.walk(tree) if isinstance(f, (ast.FunctionDef, ast.Lambda)) for n in ast.walk(f)
    }
    for node in ast.walk(tree):
        if top_only and id(node) in inside:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name: node.lineno for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found[module] = node.lineno
            found |= {f"{module}.{alias.name}": node.lineno for alias in node.names if node.level}
    return found


def top(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("path", sources("crmkit"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_crmkit_never_knows_coursekit(path):
    assert not {f"{m} (line {n})" for m, n in imports(path).items() if top(m) == "coursekit"}


def part(path: Path) -> str:
    """The module, or the package directly under crmkit, that a file belongs to."""
    return path.relative_to(ROOT / "crmkit").with_suffix("").parts[0]


MODELS = [path for path in sources("crmkit") if part(path) not in NOT_MODELS]


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_model_knows_nothing_of_showing_and_little_of_its_siblings(path):
    found = imports(path)
    assert not {m for m in found if top(m) in SHOWING}
    # a sentence in both languages at once is data; a model never asks which language is set
    pairs = {f"crmkit.terms.{name}" for name in ("has_term", "message_pair", "term_pair")}
    found = found.keys() - ({"crmkit.terms", *pairs} if found.keys() & pairs else set())
    siblings = {m.split(".")[1] for m in found if m.startswith("crmkit.")} - {"__version__"}
    # the schema says errors in the language; migration is given two pyramids and names their type; a game composes
    # models, as a lesson does
    own = {
        "schema": {"language"},
        "tier_migration": {"customer_pyramid"},
        "market.game": {"pdca", "control_limits", "kpi_sheet"},
    }
    name = ".".join(path.relative_to(ROOT / "crmkit").with_suffix("").parts)
    assert siblings <= SHARED | own.get(name, set()) | {part(path)}


@pytest.mark.parametrize("path", sources("crmkit"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_what_draws_loads_drawing_when_it_is_imported(path):
    relative = path.relative_to(ROOT / "crmkit").as_posix()
    loaded = {top(m) for m in imports(path, top_only=True)} & (SHOWING | {"duckdb"})
    if relative == "fonts/__init__.py" or relative.startswith(("plots/", "explore/")):
        return
    assert not loaded, f"{relative} loads {loaded} at import"


def test_import_crmkit_loads_no_plotting_widgets_or_database():
    code = f"import sys, crmkit; print([m for m in {NOT_LOADED!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("used", ["market.scenarios()", "plots.plot_score", "explore.market_board"])
def test_a_room_of_the_kit_is_open_after_import_crmkit_alone(used):
    subprocess.run([sys.executable, "-c", f"import crmkit; crmkit.{used}"], check=True, capture_output=True)


def code_lines(path: Path) -> int:
    """Lines that hold code: a limit on all lines would be a limit on docstrings, which the house asks to be full."""
    text = path.read_text(encoding="utf-8")
    held, documented = (ast.Module, ast.ClassDef, ast.FunctionDef), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, held) and ast.get_docstring(node, clean=False) is not None:
            documented |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    empty = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type not in empty]
    return len({line for t in tokens for line in range(t.start[0], t.end[0] + 1)} - documented)


def test_crmkit_stays_small(capsys):
    lines = dict.fromkeys(("door", "answers", "market", "models", "plots", "explorers", "rest"), 0)
    for path in sources("crmkit"):
        named = {
            "transactions": "door",
            "plots": "plots",
            "explore": "explorers",
            "answer_forms": "answers",
            "questions": "answers",
            "hand_in": "answers",
            "market": "market",
        }.get(part(path))
        named = "market" if path.stem.startswith("market") else named
        lines[named or ("models" if path in MODELS else "rest")] += code_lines(path)
    total, door, answers, market = sum(lines.values()), lines["door"], lines["answers"], lines["market"]
    rest = total - door - answers - market
    with capsys.disabled():
        print(
            f"\ncrmkit: {total} lines of code:",
            ", ".join(f"{name} {n}" for name, n in lines.items()),
            f"(door {door} of {DOOR_LINES}, answers {answers} of {ANSWER_LINES}, market {market} of "
            f"{MARKET_LINES}, all else {rest} of {LINES}); "
            f"{len(crmkit._OWNER)} of {NAMES} public names",
        )
    assert door <= DOOR_LINES and answers <= ANSWER_LINES and market <= MARKET_LINES and rest <= LINES
    assert len(crmkit._OWNER) <= NAMES
    long = {p.name: len(p.read_text(encoding="utf-8").splitlines()) for p in sources("crmkit")}
    assert not {name: n for name, n in long.items() if n > 550}, "a module is taken in at one sitting"


@pytest.mark.parametrize("name", sorted(crmkit._OWNER))
def test_every_public_name_is_there_and_says_what_it_is(name):
    value = getattr(crmkit, name)
    owner = importlib.import_module(f"crmkit.{crmkit._OWNER[name]}")
    assert getattr(owner, name) is value
    if callable(value):
        assert inspect.getdoc(value), f"crmkit.{name} has no docstring"


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        crmkit.no_such_thing
    assert set(crmkit._OWNER) <= set(dir(crmkit))


@pytest.mark.parametrize("package", ["crmkit", "coursekit"])
def test_every_import_from_outside_is_declared_in_pyproject(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {canonicalize_name(Requirement(line).name) for group in groups for line in group}
    # import name -> distribution, where they differ
    called = {"fontTools": "fonttools", "markdown_it": "markdown-it-py", "yaml": "pyyaml"}
    undeclared = {}
    for path in sources(package):
        for module, line in imports(path).items():
            name = top(module)
            if name in sys.stdlib_module_names or name in ("crmkit", "coursekit"):
                continue
            if canonicalize_name(called.get(name, name)) not in declared:
                undeclared.setdefault(name, f"{path.relative_to(ROOT).as_posix()}:{line}")
    assert not undeclared


def test_there_is_no_module_called_utils():
    modules = {path.stem for package in ("crmkit", "coursekit") for path in sources(package)}
    assert not modules & {"utils", "helpers", "misc", "common"}
