"""docs/syllabus.md: weeks that hold their lessons in an order that can be taught,
and what each lesson asks and gives.
"""

import re

import pytest
from course import LESSONS, printed_pages
from places import ROOT

from coursekit.publish.objectives import objectives_of
from coursekit.publish.reference import WORDS
from coursekit.publish.syllabus import PLANS, lesson_part, read_plans

PAGE = (ROOT / "docs" / "syllabus.md").read_text(encoding="utf-8")
PLANNED = read_plans(ROOT / "docs" / "syllabus.toml")
BY_NUMBER = {lesson.slug[:2]: lesson for lesson in LESSONS}


def test_the_page_is_what_the_lessons_and_the_plans_say():
    assert printed_pages()["docs/syllabus.md"] == PAGE, "python3 kit.py build prints it again"


@pytest.mark.parametrize("name", PLANS)
def test_a_plans_weeks_follow_one_another_and_hold_their_lessons(name):
    after = 0
    for block in PLANNED[name]:
        first, last = block["weeks"]
        assert first == after + 1 and last >= first
        needed = sum(BY_NUMBER[number].minutes for number in block["lessons"])
        assert needed <= (last - first + 1) * PLANNED["class_minutes"], block
        after = last


@pytest.mark.parametrize("name", PLANS)
def test_nothing_is_taught_before_what_it_rests_on(name):
    taught: set[str] = set()
    for number in (number for block in PLANNED[name] for number in block["lessons"]):
        assert {slug[:2] for slug in BY_NUMBER[number].prerequisites} <= taught, number
        assert number not in taught
        taught.add(number)
    if name == "semester":
        assert taught == set(BY_NUMBER)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_lesson_tells_its_minutes_objectives_items_reading_and_question_of_ethics(lesson):
    part = PAGE.partition(f"## {lesson.slug[:2]} ")[2].partition("\n## ")[0]
    objectives = [text for texts in objectives_of(lesson).values() for text in texts]
    assert all(f". {text}\n" in part for text in objectives)
    assert f"lesson {lesson.minutes} minutes" in part and f"{len(lesson.questions)} exercise items" in part
    for heading in (
        "**这样做可以吗？** ",
        "**Is it allowed, and is it fair?** ",
        "**延伸阅读**",
        "**Further reading**",
    ):
        assert heading in part
    assert len(re.findall(r"^- ", part, re.MULTILINE)) >= 6


def test_the_time_of_an_exercise_is_told_where_the_lesson_tells_it():
    told = [lesson.slug[:2] for lesson in LESSONS if "exercise some" in lesson_part(lesson, WORDS)]
    assert told == [number for number in BY_NUMBER if number not in {"00", "13"}]
