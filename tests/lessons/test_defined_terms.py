"""A term in a lesson shows its definition: marked once, in both languages, without changing what is read."""

import html
import re

import pytest
from course import LESSONS

from coursekit.lessons.cells import Cell
from coursekit.lessons.defined_terms import with_definitions
from coursekit.lessons.notebooks import exercise_notebook, lesson_notebook
from crmkit.core.glossary import glossary_entry

MARK = re.compile(r'<abbr class="crm-term" title="([^"]*)">([^<]*)</abbr>')


def marked(*sources: tuple[str, str], frameworks=()) -> list[str]:
    cells = [Cell(kind="markdown", source=source, line=1, body=1, lang=lang) for lang, source in sources]
    return [cell.source for cell in with_definitions(cells, frameworks)]


def names(*sources, **more) -> list[str]:
    return [name for source in marked(*sources, **more) for _, name in MARK.findall(source)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_without_the_marks_a_lesson_reads_as_its_source(lesson):
    written = [cell.source for cell in lesson.cells]
    built = [cell.source for cell in lesson_notebook(lesson).cells]
    read = [re.sub(r"</?strong>", "**", MARK.sub(r"\2", source)) for source in built]
    assert read == written


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_lesson_marks_a_name_once_in_a_language_and_an_exercise_marks_none(lesson):
    notebook = lesson_notebook(lesson)
    for lang in ("zh", "en"):
        said = [c.source for c in notebook.cells if f"lang-{lang}" in c.metadata.get("tags", [])]
        found = [title for source in said for title, _ in MARK.findall(source)]
        assert len(found) == len(set(found))
    assert not any("crm-term" in cell.source for cell in exercise_notebook(lesson).cells)


def test_most_lessons_of_models_mark_several_terms_in_both_languages():
    for lesson in LESSONS:
        if lesson.slug[:2] not in {"00", "08", "15"}:
            text = "\n".join(cell.source for cell in lesson_notebook(lesson).cells)
            assert len(MARK.findall(text)) >= 7, lesson.slug


@pytest.mark.parametrize(("lang", "other"), [("zh", "en"), ("en", "zh")])
def test_the_definition_in_the_readers_language_comes_first_and_the_other_follows(lang, other):
    entry = glossary_entry("customer_pyramid")
    [source] = marked((lang, f"**{entry[lang]}**"))
    title = html.unescape(MARK.search(source)[1])
    assert title == f"{entry[f'definition_{lang}']}\n{entry[other]}: {entry[f'definition_{other}']}"


def test_plain_words_are_terms_only_where_the_lesson_teaches_them():
    text = ("en", "The service level of a hotline.")
    assert names(text) == []
    assert names(text, frameworks=["level-ladders"]) == ["service level"]
    assert names(("en", "prices and price"), frameworks=["customer-orientation"]) == []


def test_a_segments_name_is_an_everyday_phrase_and_never_marked():
    assert names(("zh", "**新客户**"), ("en", "**new customers**"), frameworks=["segmentation"]) == []


@pytest.mark.parametrize(
    "source",
    [
        "`customer pyramid`",
        "# The customer pyramid",
        "| customer pyramid | 1 |",
        "[customer pyramid](x.ipynb)",
        "$customer pyramid$",
        '<b title="customer pyramid">x</b>',
        "```\ncustomer pyramid\n```",
        "customer pyramids",
    ],
)
def test_code_formulas_headings_links_and_tables_are_left_as_they_are(source):
    assert marked(("en", source), frameworks=["customer-pyramid"]) == [source]


def test_the_longest_name_wins_and_the_second_time_is_not_marked():
    text = ("zh", "盈亏平衡的边际利润，再说一遍：盈亏平衡的边际利润。")
    assert names(text, frameworks=["relationship-economics"]) == ["盈亏平衡的边际利润"]
