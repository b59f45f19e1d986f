"""docs/coverage.md: every framework of the course is explained, computed, plotted, asked and tested,
or says why not.
"""

import tomllib
from dataclasses import replace

import pytest
from course import LESSONS, printed_pages
from places import ROOT

from coursekit.lessons.source import FRAMEWORKS
from coursekit.publish.coverage import code_of, is_used, read_coverage
from coursekit.publish.reference import read_models

MODELS = read_models(ROOT / "docs" / "models.toml")
SAID = tomllib.loads((ROOT / "docs" / "coverage.toml").read_text(encoding="utf-8"))
COVERAGE = read_coverage(ROOT / "docs", LESSONS, MODELS)
by_framework = pytest.mark.parametrize("framework", COVERAGE, ids=lambda framework: framework.slug)


def test_every_framework_of_the_course_has_a_row_and_nothing_else_has():
    assert [framework.slug for framework in COVERAGE] == list(FRAMEWORKS) == list(SAID)
    assert len(COVERAGE) == 32


@by_framework
def test_a_framework_has_no_hole_without_a_reason_and_no_reason_without_a_hole(framework):
    assert set(framework.holes()) == set(framework.reasons)
    for reason in framework.reasons.values():
        assert reason["zh"].strip() and reason["en"].strip()


@by_framework
def test_what_is_said_to_teach_a_framework_is_there(framework):
    said = SAID[framework.slug]
    assert said["asked_by"] in framework.lessons
    assert list(framework.plots) == said["plots"], "drawn by a lesson that teaches it"
    assert list(framework.items) == said["items"], "asked by the exercise of the lesson named"


@by_framework
def test_a_plot_that_no_lesson_draws_and_an_item_that_nobody_asks_are_holes(framework):
    without_code = [
        replace(lesson, cells=(), exercise=()) if lesson.slug in framework.lessons else lesson
        for lesson in LESSONS
    ]
    bare = next(f for f in read_coverage(ROOT / "docs", without_code, MODELS) if f.slug == framework.slug)
    assert bare.holes() == ["model", "plot", "item"]


def test_every_plot_that_lessons_draw_stands_in_a_row():
    import crmkit.plots

    drawn = {
        name
        for lesson in LESSONS
        for name in crmkit.plots.__all__
        if is_used(f"plots.{name}", code_of(lesson))
    }
    listed = {name for framework in COVERAGE for name in framework.plots}
    assert drawn - listed <= {"label", "plot_score"}, "label is no plot; the score is the game's"


@by_framework
def test_a_model_that_no_lesson_of_its_framework_calls_is_said_to_be_one_with_its_reason(framework):
    said = SAID[framework.slug].get("uncalled", {})
    assert sorted(framework.uncalled) == sorted(said)
    assert all(reason["zh"] and reason["en"] for reason in said.values())


def test_the_page_is_what_the_sources_say():
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert page == printed_pages()["docs/coverage.md"], "python3 kit.py build prints it again"
