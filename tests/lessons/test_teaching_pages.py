"""What instructors are given: each question that a lesson asks to think about is answered,
in its order and by its words.
"""

import re

import pytest
from course import LESSONS
from places import ROOT

HEADINGS = {"zh": "想一想", "en": "Think about it|Questions to think about"}
MAY = {"zh": "这样做可以吗？", "en": "Is it allowed, and is it fair?"}
ITEM = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def by_slug(lessons):
    return pytest.mark.parametrize("lesson", lessons, ids=lambda lesson: lesson.slug)


def questions(lesson, lang: str) -> list[str]:
    """The numbered questions under the lesson's heading."""
    prose = "\n".join(c.source for c in lesson.cells if c.kind == "markdown" and c.lang == lang)
    section = re.search(rf"^## (?:{HEADINGS[lang]})\n(.*?)(?=^## |\Z)", prose, re.MULTILINE | re.DOTALL)
    return ITEM.findall(section[1])


def answers(lesson) -> list[str]:
    """The bold headings of the answers on the instructor's page, each in both languages."""
    page = (ROOT / "docs" / "teaching" / f"{lesson.slug}.md").read_text(encoding="utf-8")
    section = re.search(r"^## 想一想 · .*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\d+\. \*\*(.+?)\*\*", section[1], re.MULTILINE)


def pairs_of(text: str) -> set[str]:
    """Numbers, and each two Chinese characters that stand side by side."""
    pairs = {run[i : i + 2] for run in CHINESE.findall(text) for i in range(len(run) - 1)}
    return pairs | set(re.findall(r"\d+", text))


def words_of(text: str) -> set[str]:
    """Numbers and words of four letters or more, by their first four letters: member and members are one."""
    return {word[:4] for word in re.findall(r"[a-z]{4,}", text.lower())} | set(re.findall(r"\d+", text))


@by_slug(LESSONS)
def test_each_question_to_think_about_has_its_answer_for_the_instructor(lesson):
    asked = {lang: questions(lesson, lang) for lang in HEADINGS}
    assert len(asked["zh"]) == len(asked["en"]) == len(answers(lesson)) >= 3


@by_slug(LESSONS)
def test_an_answer_is_headed_by_words_of_its_question_in_both_languages(lesson):
    for heading, zh, en in zip(
        answers(lesson), questions(lesson, "zh"), questions(lesson, "en"), strict=True
    ):
        assert pairs_of(heading) & pairs_of(zh), (heading, zh)
        assert words_of(heading) & words_of(en), (heading, en)


@by_slug(LESSONS)
def test_the_question_of_ethics_is_answered_for_the_instructor(lesson):
    page = (ROOT / "docs" / "teaching" / f"{lesson.slug}.md").read_text(encoding="utf-8")
    assert re.search(rf"{re.escape(MAY['zh'])}(?: ·)? {re.escape(MAY['en'])}", page)
