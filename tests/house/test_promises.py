"""The promise list is all that lessons, README and docs use, and each promise can be read in its signature."""

import ast
import inspect
import re
from collections import Counter

import pandas as pd
import pytest
from places import ROOT

import crmkit
from coursekit.publish.reference import read_models
from crmkit import explore, market, plots

FACES = {"explore": explore, "market": market, "plots": plots}
TEXTS = sorted([*ROOT.glob("lessons/*.md"), *ROOT.glob("docs/*.md"), ROOT / "README.md"])
CHAPTERS = (
    "foundations",
    "relationship_types",
    "relationship_levels",
    "customer_pyramid",
    "customer_value",
    "retention",
    "loyalty",
    "growth",
    "planning",
    "pdca",
)
MANY = 20  # names of a chapter that a reader can keep apart
PROMISED = {name: getattr(crmkit, name) for name in crmkit.__all__}
# more than one argument by place, each for its own reason
BY_PLACE = {
    "AnswerSheet": "the first cell of every exercise, generated: exercise, questions, seed",
    "ByCutoff": "the rule reads as a sentence: the cut-offs, and the rest",
    "SegmentRule": "a line of a table: the segment and its condition",
    "difference": "two groups around a minus sign",
    "in_language": "the same words twice: Chinese, English",
    "save_tables": "what, and where to",
}


def test_the_promise_list_is_counted_by_chapter_and_none_is_too_long(capsys):
    counted = Counter(module.split(".")[0] for module in crmkit.PROMISED.values())
    with capsys.disabled():
        said = ", ".join(f"{room} {n}" for room, n in counted.items())
        print(f"\ncrmkit promises {len(crmkit.__all__)} names: {said}; crmkit.plots {len(plots.__all__)}")
    assert set(CHAPTERS) <= set(counted)
    assert not {room: n for room, n in counted.items() if n > MANY}
    assert set(crmkit.__all__) <= set(dir(crmkit)) and {"plots", "explore", "market"} <= set(dir(crmkit))


def code_of(text: str) -> list[str]:
    """The cells and blocks of Python in a Markdown text, magic and front matter left out."""
    blocks = re.findall(r"^```(?:\{code-cell\}[^\n]*|python)\n(.*?)^```", text, re.M | re.S)
    return [re.sub(r"\A---\n.*?^---\n", "", block, flags=re.M | re.S) for block in blocks]


def used_in(tree: ast.AST) -> set[str]:
    """The names of crmkit that code uses, with a face's name before them: ``pyramid``, ``plots.plot_pyramid``."""
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "crmkit":
            room = (node.module or "").removeprefix("crmkit").removeprefix(".")
            used |= {f"{room}.{alias.name}".lstrip(".") for alias in node.names}
        elif isinstance(node, ast.Import):
            used |= {
                alias.name.removeprefix("crmkit.") for alias in node.names if alias.name.startswith("crmkit.")
            }
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name.startswith("crmkit.") and name.count(".") == 1:
                used.add(name.removeprefix("crmkit."))
            if re.fullmatch(r"(?:crmkit\.)?(plots|explore|market)\.\w+", name):
                used.add(name.removeprefix("crmkit."))
    return used


def is_promised(name: str) -> bool:
    room, _, rest = name.rpartition(".")
    if not room:
        return name in PROMISED or name in crmkit._ROOMS
    return room in FACES and rest in FACES[room].__all__


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_lessons_readme_and_docs_use_promised_names_only(path):
    used = set()
    for block in code_of(path.read_text(encoding="utf-8")):
        lines = [line for line in block.splitlines() if not line.startswith(("%", "!", "$"))]
        try:
            used |= used_in(ast.parse("\n".join(lines)))
        except SyntaxError:  # a block that shows a piece of a call
            used |= set(re.findall(r"crmkit\.((?:(?:plots|explore|market)\.)?\w+)", block))
    assert not sorted(name for name in used if not is_promised(name))


def test_a_name_that_is_not_promised_would_be_found():
    used = used_in(
        ast.parse("from crmkit.pdca.cycles import Cycle\ncrmkit.rank_customers(x)\nplots.paint(y)")
    )
    assert used == {"pdca.cycles.Cycle", "rank_customers", "plots.paint"}
    assert not any(map(is_promised, used))
    assert all(
        map(is_promised, ("pyramid", "plots", "plots.plot_pyramid", "market.Game", "explore.explore_pdca"))
    )


def test_every_function_of_the_models_table_is_promised():
    entries = read_models(ROOT / "docs" / "models.toml")["framework"]
    assert len(entries) > 40
    computed = [e["computed_by"] for e in entries if not e["computed_by"].strip().startswith("text")]
    named = {name for text in computed for name in re.findall(r"`([\w.]+)`", text)}
    unknown = set()
    for name in named:
        owner, _, method = name.removeprefix("crmkit.").partition(".")
        of_market = hasattr(market, method or owner)
        of_class = hasattr(PROMISED.get(owner), method) if method else owner in PROMISED
        if not of_class and not of_market and owner != "clv":  # clv: a fitted model's own
            unknown.add(name)
    assert not unknown


def signatures() -> dict[str, inspect.Signature]:
    """Of every promised function and class, of the public parts of the classes, of the pictures and of the market."""
    found = {}
    of_plots = {f"plots.{name}": getattr(plots, name) for name in plots.__all__}
    of_market = {f"market.{name}": getattr(market, name) for name in market.__all__}
    for name, promised in (PROMISED | of_plots | of_market).items():
        if not callable(promised):
            continue
        found[name] = inspect.signature(promised)
        for part, value in vars(promised).items() if inspect.isclass(promised) else ():
            function = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if inspect.isfunction(function) and not part.startswith("_"):
                found[f"{name}.{part}"] = inspect.signature(function)
    return found


@pytest.mark.parametrize("name", signatures())
def test_every_argument_and_every_result_of_a_promise_has_a_type(name):
    signature = signatures()[name]
    untyped = [
        argument.name
        for argument in signature.parameters.values()
        if argument.annotation is argument.empty
        and argument.name not in ("self", "cls")
        and argument.kind is not argument.VAR_KEYWORD
    ]
    assert not untyped
    of_class = (
        name in PROMISED
        and inspect.isclass(PROMISED[name])
        or inspect.isclass(getattr(market, name.removeprefix("market."), None))
    )
    assert of_class or signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", signatures())
def test_a_default_can_be_read_in_the_signature_and_nobody_can_change_it(name):
    for argument in signatures()[name].parameters.values():
        if argument.default is not argument.empty:
            assert not isinstance(argument.default, (dict, list, set, pd.DataFrame)), argument.name
            assert len(repr(argument.default)) <= 100, argument.name


@pytest.mark.parametrize("name", signatures())
def test_a_type_is_short_enough_to_be_read_beside_the_argument(name):
    for argument in signatures()[name].parameters.values():
        assert len(inspect.formatannotation(argument.annotation)) <= 140, argument.name


@pytest.mark.parametrize("name", [name for name in PROMISED if callable(PROMISED[name])])
def test_the_data_come_first_by_place_and_all_else_by_name(name):
    by_place = [
        argument.name
        for argument in signatures()[name].parameters.values()
        if argument.kind in (argument.POSITIONAL_ONLY, argument.POSITIONAL_OR_KEYWORD)
    ]
    assert (len(by_place) <= 1) != (name in BY_PLACE), by_place


@pytest.mark.parametrize("name", [name for name in PROMISED if inspect.isfunction(PROMISED[name])])
def test_a_promised_function_says_what_it_does_and_shows_it(name):
    said = inspect.getdoc(PROMISED[name]) or ""
    assert len(said.splitlines()[0]) > 20
    assert ">>>" in said or name.startswith("explore_")


MODELS = [
    path
    for chapter in CHAPTERS
    for path in sorted((ROOT / "crmkit" / chapter).rglob("*.py"))
    if not path.name.startswith(("plots", "explorer"))
]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_ends_of_an_interval_bear_the_name_of_its_column(path):
    """A column ``low`` says nothing of what it is the lower end; neither does a docstring that promises one."""
    text = path.read_text(encoding="utf-8")
    assert "``low``" not in text and "``high``" not in text
    for node in ast.walk(ast.parse(text)):
        keys = [key for key in node.keys if key] if isinstance(node, ast.Dict) else []
        if isinstance(node, ast.keyword) and node.arg == "columns":
            keys = list(ast.walk(node.value))
        assert not [key for key in keys if isinstance(key, ast.Constant) and key.value in ("low", "high")]


def test_every_explorer_is_promised_and_opened_from_one_list():
    promised = {name for name, module in crmkit.PROMISED.items() if module == "explore"}
    assert promised == set(crmkit.explore.__all__) - {"market_board"}
