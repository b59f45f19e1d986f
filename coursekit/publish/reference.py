"""The reference pages of docs/, printed from what they describe: models.md from models.toml, api.md from docstrings,
objectives.md and syllabus.md from the lessons, coverage.md from all of these.

`kit.py build` writes them, `kit.py build --check` says when one is not what its source says.
"""

import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import crmkit
from coursekit.lessons.build import read_lessons
from coursekit.lessons.source import FRAMEWORKS, Lesson
from coursekit.messages import MESSAGES
from crmkit.core.catalogue import Catalogue
from crmkit.core.files import put
from crmkit.core.language import WRITTEN
from crmkit.report.conditions import conditions_of, excluded_by
from crmkit.report.layout import sentences_by_section
from crmkit.report.sentences import SENTENCES

from .coverage import PARTS, Taught, read_coverage
from .glossary import glossary_page
from .objectives import table as objectives_table
from .syllabus import PLANS, lesson_part, plan_table, read_plans

ROOT = Path(__file__).parents[2]
WORDS = Catalogue(Path(__file__).with_name("reference.toml"))
CHAPTER = "chapter_"


def pages(root: Path) -> dict[str, str]:
    """Path below ``root`` → text of each reference page."""
    lessons = read_lessons(root / "lessons")
    return {
        "docs/models.md": models_page(root / "docs" / "models.toml"),
        "docs/api.md": api_page(),
        "docs/objectives.md": objectives_page(lessons),
        "docs/coverage.md": coverage_page(root, lessons),
        "docs/syllabus.md": syllabus_page(root, lessons),
        "docs/glossary.html": glossary_page(lessons),
        "docs/report.md": report_page(),
    }


def build(check: bool = False, *, root: Path = ROOT) -> int:
    """Write every reference page, or with ``check`` only say which differ; 0 when all is well."""
    differing = 0
    for name, text in pages(root).items():
        path = root / name
        if not check:
            put(path, text)
            print(name)
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(MESSAGES.say("build_drift", name=name))
            differing += 1
    return int(differing > 0)


def _both(key: str) -> str:
    """A heading in both languages on one line."""
    zh, en = WORDS.pair(key)
    return zh if zh == en else f"{zh} · {en}"


def _paragraph(key: str) -> str:
    return "\n".join(WORDS.pair(key)) + "\n"


def _head(key: str, *, source: str) -> str:
    """The top of a page: what it is printed from, its heading and what it is about."""
    printed = f"<!-- {source} → `python3 kit.py build`; {_both('printed')} -->"
    return f"{printed}\n\n# {_both(key)}\n\n{_paragraph(f'{key}_about')}"


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
    lines = [_head("models", source=path.name)]
    heading = None
    for entry in entries["framework"]:
        number = re.match(r"F\d+", entry["about"]).group()
        if number != heading:
            lines.append(f"## {number} {named[number]}\n")
            heading = number
        lines.append(_model(entry))
    lines.append(f"## {_both('in_the_market')}\n\n{_paragraph('in_the_market_about')}")
    lines += [_model(entry) for entry in entries["in_the_market"]]
    lines.append(_paragraph("plots_drawn"))
    return "\n".join(lines)


def _model(entry: dict) -> str:
    lines = [f"**{entry['about']}.** {_one_line(entry['computed_by'])}", ""]
    lines.append(f"- {_both('authority')}: {_one_line(entry['authority'])}")
    lines += [f"- [{_test_name(test)}](../{test.partition('::')[0]})" for test in entry.get("tests", [])]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _test_name(test: str) -> str:
    """``tests/x/test_y.py::test_a_fact`` as a sentence: ``test_y: a fact``."""
    path, _, function = test.partition("::")
    stem = Path(path).stem
    return f"{stem}: {function.removeprefix('test_').replace('_', ' ')}" if function else stem


# --- objectives -----------------------------------------------------------------------------


def objectives_page(lessons: list[Lesson]) -> str:
    """docs/objectives.md: under each lesson, its objectives and the exercise items that assess them."""
    lines = [_head("objectives", source="lessons/*.md")]
    for lesson in lessons:
        if not lesson.exercise:
            continue
        lines.append(f"## {lesson.slug[:2]} {lesson.titles['zh']} · {lesson.titles['en']}\n")
        heads = WORDS.texts("objectives_columns")
        lines += [objectives_table(lesson, lang, heads[lang]) + "\n" for lang in WRITTEN]
    return "\n".join(lines)


# --- syllabus -------------------------------------------------------------------------------


def syllabus_page(root: Path, lessons: list[Lesson]) -> str:
    """docs/syllabus.md: the plans of syllabus.toml, assessment, and what each lesson asks and gives."""
    plans = read_plans(root / "docs" / "syllabus.toml")
    minutes = plans["class_minutes"]
    lines = [_head("syllabus", source="lessons/*.md, docs/syllabus.toml")]
    for name in PLANS:
        lines.append(f"## {_both(f'syllabus_{name}')}\n")
        lines.append(plan_table(plans[name], lessons, WORDS, minutes))
    lines.append("\n".join(WORDS.pair("syllabus_plan_about", class_minutes=minutes)) + "\n")
    lines.append(f"## {_both('syllabus_assessment')}\n\n{_paragraph('syllabus_assessment_about')}")
    lines += [lesson_part(lesson, WORDS) for lesson in lessons]
    return "\n".join(lines)


# --- coverage -------------------------------------------------------------------------------


def coverage_page(root: Path, lessons: list[Lesson]) -> str:
    """docs/coverage.md: a row a framework with what teaches it; below, every hole with its reason."""
    frameworks = read_coverage(root / "docs", lessons, read_models(root / "docs" / "models.toml"))
    lines = [_head("coverage", source="docs/coverage.toml, lessons/*.md, docs/models.toml")]
    lines.append(f"| | {' | '.join(_both(f'coverage_{part}') for part in ('framework', *PARTS))} |")
    lines.append(f"|--:|{':--|' * (len(PARTS) + 1)}")
    lines += [_coverage_row(framework) for framework in frameworks]
    lines.append(f"\n## {_both('coverage_holes')}\n\n{_paragraph('coverage_holes_about')}")
    for framework in frameworks:
        for part in framework.holes():
            reason = framework.reasons.get(part, {})
            lines.append(f"- **{_framework_name(framework.slug)}**: {_both(f'coverage_{part}')}")
            lines += [f"    - {reason.get(lang, '')}" for lang in WRITTEN]
    lines.append(f"\n## {_both('coverage_uncalled')}\n\n{_paragraph('coverage_uncalled_about')}")
    for framework in frameworks:
        for name, reason in framework.uncalled.items():
            lines.append(f"- **{_framework_name(framework.slug)}**: `{name}`")
            lines += [f"    - {reason.get(lang, '')}" for lang in WRITTEN]
    return "\n".join(lines) + "\n"


def _coverage_row(framework: Taught) -> str:
    number = FRAMEWORKS.entry(framework.slug)["number"]
    zh, en = FRAMEWORKS.pair(framework.slug)
    cells = (
        f"{zh}<br>{en}<br>`{framework.slug}`",
        _joined(f"[{name[:2]}](../lessons/{name}.md)" for name in framework.lessons),
        _joined(f"`{name}`" for name in framework.models),
        _joined(f"`{name}`" for name in framework.plots),
        _joined(f"`{name}`" for name in framework.items),
        _joined(_test_files(framework.tests)),
    )
    return f"| F{number} | {' | '.join(cells)} |"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "—"


def _test_files(tests: Iterable[str]) -> list[str]:
    """Each file of tests once, as a link."""
    paths = dict.fromkeys(test.partition("::")[0] for test in tests)
    return [f"[{Path(path).stem}](../{path})" for path in paths]


def _framework_name(slug: str) -> str:
    entry = FRAMEWORKS.entry(slug)
    return f"F{entry['number']} {entry['zh']} · {entry['en']}"


# --- the report to a company ----------------------------------------------------------------


def report_page() -> str:
    """docs/report.md: every sentence of the report, section by section, and the condition under which it is said."""
    lines = [_head("report", source="crmkit/report/sentences.toml")]
    for name, keys in sentences_by_section().items():
        lines.append(f"## {name}\n")
        lines += [_sentence_entry(key) for key in keys]
    return "\n".join(lines)


def _sentence_entry(key: str) -> str:
    entry = SENTENCES.entry(key)
    lines = [f"### `{key}`", "", _one_line(entry["zh"]), "", _one_line(entry["en"]), ""]
    zh, en = WORDS.pair("said_when")
    between = WORDS.pair("between_conditions")
    words = [condition.words for condition in conditions_of(key)]
    lines.append(f"- **{zh}** {between.zh.join(word.zh for word in words)}")
    lines.append(f"- **{en}** {between.en.join(word.en for word in words)}")
    others = ", ".join(f"`{other}`" for other in excluded_by(key))
    if others:
        lines.append(f"- {_both('unless_said')}: {others}")
    return "\n".join(lines) + "\n"


# --- the API --------------------------------------------------------------------------------


def api_page() -> str:
    """docs/api.md: every promised name with its signature and docstring, by chapter."""
    chapters = [key.removeprefix(CHAPTER) for key in WORDS if key.startswith(CHAPTER)]
    by_chapter: dict[str, list[str]] = {chapter: [] for chapter in chapters}
    for name, module in crmkit.PROMISED.items():
        by_chapter[module.split(".")[0]].append(name)
    lines = [_head("api", source="crmkit/**/*.py")]
    for chapter, names in by_chapter.items():
        lines.append(f"## {_both(CHAPTER + chapter)}\n")
        lines += [_entry(name) for name in sorted(names, key=str.lower)]
        lines += [_result_entry(result) for result in _results_of(names)]
    lines += list(_rooms())
    return "\n".join(lines)


def _entry(name: str) -> str:
    value = getattr(crmkit, name)
    said = inspect.getdoc(value) if callable(value) else None
    if not callable(value):
        return f"### `{name}`\n\n{type(value).__name__}\n"
    return f"### `{name}{_signature(value)}`\n\n```text\n{said}\n```\n"


def _results_of(names: list[str]) -> list[type]:
    """The dataclasses of crmkit that these functions return and that are not promised by a name of their own."""
    found = {}
    for name in names:
        value = getattr(crmkit, name)
        if not inspect.isfunction(value):
            continue
        result = inspect.signature(value).return_annotation
        if isinstance(result, str):  # not loaded where the function is defined
            result = getattr(import_module(value.__module__), result, None)
        if is_dataclass(result) and result.__module__.startswith("crmkit."):
            found[result.__name__] = result
    return [found[name] for name in sorted(found) if name not in crmkit.PROMISED]


def _result_entry(result: type) -> str:
    """A result's docstring, then its fields and what can be asked of it."""
    lines = [f"### {_both('result')} `{result.__name__}`\n", f"```text\n{inspect.getdoc(result)}\n```\n"]
    for name in [field.name for field in fields(result)]:
        lines.append(f"- `.{name}`")
    for name, member in inspect.getmembers(result):
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        called = f".{name}{_signature(member)}" if inspect.isfunction(member) else f".{name}"
        first = (inspect.getdoc(member) or "").partition("\n")[0]
        lines.append(f"- `{called.replace('(self, ', '(').replace('(self)', '()')}`: {first}")
    return "\n".join(lines) + "\n"


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
    """What is opened by its own name: explorers, pictures, and the simulated market."""
    for room in ("explore", "plots", "market"):
        module = import_module(f"crmkit.{room}")
        yield f"## {_both(f'room_{room}')} · `crmkit.{room}`\n"
        for name in sorted(module.__all__, key=str.lower):
            yield _line(module, name)
        yield ""


def _line(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    if not callable(value):
        return f"- `{name}`"
    first = (inspect.getdoc(value) or "").partition("\n")[0]
    return f"- `{name}{_signature(value)}`: {first}" if inspect.isfunction(value) else f"- `{name}`: {first}"
