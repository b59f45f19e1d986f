"""The reference pages of docs/, printed from what they describe: models.md from models.toml, api.md from docstrings.

`kit.py build` writes them, `kit.py build --check` says when one is not what its source says.
"""

import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import crmkit
from coursekit.lessons.source import FRAMEWORKS
from coursekit.messages import MESSAGES

ROOT = Path(__file__).parents[2]
PRINTED = "<!-- {source} → `python3 kit.py build`; 不要手改 · never edit by hand -->\n\n"

MODELS_HEAD = """\
# 模型及其检验依据 · Models and what they are checked against

课程里的每个框架：由什么来计算，对照哪一个外部依据，由哪个测试来检验。不能如实计算的部分就是文字，这里也写明。
Every framework of the course: what computes it, the outside authority that it is checked against, and the tests that do
it. A framework, or a part of one, that cannot be computed honestly is text, and says so.
"""

MARKET_HEAD = """\
## 在模拟市场里 · In the simulated market

同样的模型，再用模拟市场的账本检验一遍：真相已知，对在哪里、错在哪里都写明。
The same models once more, fed with the ledgers of a market whose truth is known: where they are right and where they are
not. The whole table: `python tests/benchmarks/market_recovery.py`
"""

PLOTS_TAIL = """\
每张图的中文、英文和双语版：`python tests/support/gallery` 画到文件夹 `gallery/`。
Every plot in Chinese, in English and in both: `python tests/support/gallery` draws them into the folder `gallery/`.
"""

API_HEAD = """\
# 公开的名字 · The public names

`import crmkit` 之后可用的全部名字，按章排列；这里没有的，就是内部的。
Everything that `import crmkit` offers, chapter by chapter; what is not here is private.
"""

# first folder of a module -> heading of its chapter on the API page, in the order of the course
CHAPTERS = {
    "data": "数据 · Data",
    "foundations": "关系营销的基础 · Foundations",
    "relationship_types": "关系类型 · Relationship types",
    "relationship_levels": "关系层次 · Relationship levels",
    "customer_pyramid": "客户金字塔 · The customer pyramid",
    "customer_value": "客户价值 · Customer value",
    "loyalty": "忠诚 · Loyalty",
    "growth": "成长 · Growth",
    "planning": "计划 · Planning",
    "pdca": "PDCA",
    "explore": "交互图 · Explorers",
    "answers": "答题 · Answers",
    "display": "展示 · Display",
    "core": "语言与出错 · Language and errors",
}


def pages(root: Path) -> dict[str, str]:
    """Path below ``root`` → text of each reference page."""
    return {
        "docs/models.md": models_page(root / "docs" / "models.toml"),
        "docs/api.md": api_page(),
    }


def build(check: bool = False, *, root: Path = ROOT) -> int:
    """Write every reference page, or with ``check`` only say which differ; 0 when all is well."""
    differing = 0
    for name, text in pages(root).items():
        path = root / name
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(name)
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(MESSAGES.say("build_drift", name=name))
            differing += 1
    return int(differing > 0)


# --- models ---------------------------------------------------------------------------------


def read_models(path: Path) -> dict[str, list[dict]]:
    """The entries of models.toml: ``framework`` and ``in_the_market``."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def models_page(path: Path) -> str:
    """docs/models.md: a heading a framework, under it each part with its authority and its tests."""
    entries = read_models(path)
    named = {}
    for slug in FRAMEWORKS:
        entry = FRAMEWORKS.entry(slug)
        named[f"F{entry['number']}"] = f"{entry['zh']} · {entry['en']}"
    lines = [PRINTED.format(source=path.name) + MODELS_HEAD]
    heading = None
    for entry in entries["framework"]:
        number = re.match(r"F\d+", entry["about"]).group()
        if number != heading:
            lines.append(f"## {number} {named[number]}\n")
            heading = number
        lines.append(_model(entry))
    lines.append(MARKET_HEAD)
    lines += [_model(entry) for entry in entries["in_the_market"]]
    lines.append(PLOTS_TAIL)
    return "\n".join(lines)


def _model(entry: dict) -> str:
    lines = [f"**{entry['about']}.** {_one_line(entry['computed_by'])}", ""]
    lines.append(f"- 依据 authority: {_one_line(entry['authority'])}")
    lines += [f"- [{_test_name(test)}](../{test.partition('::')[0]})" for test in entry.get("tests", [])]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _test_name(test: str) -> str:
    """``tests/x/test_y.py::test_a_fact`` as a sentence: ``test_y: a fact``."""
    path, _, function = test.partition("::")
    stem = Path(path).stem
    return f"{stem}: {function.removeprefix('test_').replace('_', ' ')}" if function else stem


# --- the API --------------------------------------------------------------------------------


def api_page() -> str:
    """docs/api.md: every promised name with its signature and docstring, by chapter."""
    by_chapter: dict[str, list[str]] = {chapter: [] for chapter in CHAPTERS}
    for name, module in crmkit.PROMISED.items():
        by_chapter[module.split(".")[0]].append(name)
    lines = [PRINTED.format(source="crmkit/**/*.py") + API_HEAD]
    for chapter, names in by_chapter.items():
        lines.append(f"## {CHAPTERS[chapter]}\n")
        lines += [_entry(name) for name in sorted(names, key=str.lower)]
    lines += list(_rooms())
    return "\n".join(lines)


def _entry(name: str) -> str:
    value = getattr(crmkit, name)
    said = inspect.getdoc(value) if callable(value) else None
    if not callable(value):
        return f"### `{name}`\n\n{type(value).__name__}\n"
    return f"### `{name}{_signature(value)}`\n\n```text\n{said}\n```\n"


def _signature(value) -> str:
    """The arguments as Shift+Tab shows them, without the annotations, which the docstring says in words."""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return "(…)"
    bare = [_readable(parameter) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


class _Named:
    """A default that is a function, shown by its name: its repr holds an address of memory."""

    def __init__(self, function):
        self.name = function.__name__

    def __repr__(self) -> str:
        return self.name


def _readable(parameter: inspect.Parameter) -> inspect.Parameter:
    default = parameter.default
    if inspect.isfunction(default):
        default = _Named(default)
    return parameter.replace(annotation=inspect.Parameter.empty, default=default)


def _rooms() -> Iterator[str]:
    """What is opened by its own name: pictures, and the simulated market."""
    for room, heading in (("plots", "画图 · `crmkit.plots`"), ("market", "模拟市场 · `crmkit.market`")):
        module = import_module(f"crmkit.{room}")
        yield f"## {heading}\n"
        for name in sorted(module.__all__, key=str.lower):
            yield _line(module, name)
        yield ""


def _line(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    if not callable(value):
        return f"- `{name}`"
    first = (inspect.getdoc(value) or "").partition("\n")[0]
    return f"- `{name}{_signature(value)}`: {first}" if inspect.isfunction(value) else f"- `{name}`: {first}"
