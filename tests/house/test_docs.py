"""docs/: every framework has its entries, what an entry names is there, the map has a line for every room."""

import ast
import dataclasses
import inspect
import re
from itertools import groupby

import pytest
from course import LESSONS, printed_pages
from places import ROOT

import crmkit
from coursekit.publish.reference import read_models
from crmkit.intake.reading.columns import Mapping

README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = read_models(ROOT / "docs" / "models.toml")
ENTRIES = MODELS["framework"] + MODELS["in_the_market"]


def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_framework_has_entries_and_they_stand_together():
    numbers = [re.match(r"F(\d+)", entry["about"])[1] for entry in MODELS["framework"]]
    assert [int(number) for number, _ in groupby(numbers)] == list(range(1, 33))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e['about']} {e['computed_by'][:40]}")
def test_an_entry_names_what_computes_it_an_authority_and_tests_that_are_there(entry):
    assert entry["computed_by"].strip() and entry["authority"].strip()
    if "text" in entry["computed_by"] and "`" not in entry["computed_by"]:
        return  # a part that is honestly text has no test
    assert entry["tests"]
    for name in entry["tests"]:
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file(), name
        assert not function or function in functions_in(path), name


def test_every_promised_function_of_a_chapter_is_in_models_toml():
    rooms = {"answers", "core", "data", "display", "explore", "intake", "report"}
    chapters = {name for name, module in crmkit.PROMISED.items() if module.split(".")[0] not in rooms}
    models = {
        name
        for name in chapters
        if inspect.isfunction(getattr(crmkit, name)) and not crmkit.PROMISED[name].endswith("explorer")
    }
    named = {name for entry in ENTRIES for name in re.findall(r"\w+", entry["computed_by"])}
    assert len(models) > 50 and "PDCA" in named
    assert not models - named


@pytest.mark.parametrize("name", ["docs/models.md", "docs/api.md", "docs/report.md"])
def test_a_reference_page_is_what_its_source_says(name):
    printed = printed_pages()[name]
    assert (ROOT / name).read_text(encoding="utf-8") == printed, "python3 kit.py build prints it again"


def test_the_map_has_a_line_for_every_room_and_no_other():
    rooms = {
        path.parent.relative_to(ROOT).as_posix()
        for package in ("crmkit", "coursekit")
        for path in (ROOT / package).rglob("*.py")
    }
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `((?:crmkit|coursekit)[\w/]*)` \|", text, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == rooms


def test_the_map_names_every_folder_of_the_top_level():
    text = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    for folder in ("lessons", "notebooks", "exercises", "solutions", "datasets", "tests", "docs"):
        assert f"`{folder}/`" in text


def test_the_readme_lists_every_lesson_with_its_titles_and_minutes():
    listed = [line for line in README.splitlines() if re.match(r"\| \d\d \|", line)]
    expected = []
    for lesson in LESSONS:
        number = lesson.slug.split("_")[0]
        titles = f"{lesson.titles['zh']} | {lesson.titles['en']}"
        expected.append(f"| {number} | {titles} | {lesson.minutes} |")
    assert listed == expected


def test_the_readme_names_every_key_of_a_mapping_file():
    named = {
        key
        for cell in re.findall(r"^\| (`.*?`) \|", README, re.MULTILINE)
        for key in re.findall(r"\w+", cell)
    }
    keys = {field.name for field in dataclasses.fields(Mapping)}
    assert keys <= named, f"{sorted(keys - named)} stand on no page"


def test_the_readmes_code_runs_as_it_stands_and_gives_the_published_parameters(tmp_path, monkeypatch):
    """r, alpha, a, b of CDNOW: Fader, Hardie & Lee (2005)."""
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    course, market = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    own_file = 'read_transactions("客户导出.xlsx")'
    assert own_file in course
    held: dict = {}
    exec(course.replace(own_file, 'load("cdnow_sample")'), held)
    found = [round(value, 3) for value in held["fit"].params.values()]
    assert found == [0.243, 4.414, 0.793, 2.426]
    exec(market, {})
    assert (tmp_path / "my_game.jsonl").is_file()
