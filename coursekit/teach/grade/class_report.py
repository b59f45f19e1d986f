"""The class on one page: how hard each question was, how well it tells students apart,
which wrong answers are common.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import crmkit
from coursekit.lessons.exercise import Exercise
from coursekit.teach.pages import part, write_page
from crmkit.answers.shown import preview
from crmkit.core.language import WRITTEN
from crmkit.display.numbers import decimal, percent

from .graded import Graded, Grading
from .marking import QuestionMark

COMMON = 3  # wrong answers of a question that are shown, where more than one student gave them
FEWEST = 3  # students of whom a correlation says anything


def write_class_report(out: Path, grading: Grading, *, section: str = "") -> None:
    """Both languages on one page: the course team reads it, in whichever it works."""
    totals = [mine.total for mine in grading.graded.values() if mine.total is not None]
    quartiles = (
        [f"{100 * value:.0f}" for value in np.quantile(totals, (0, 0.25, 0.5, 0.75, 1))] if totals else []
    )
    parts = [
        part(
            "grade/class_report.html",
            lang,
            title=f"{grading.about.titles[lang]} {section}".strip(),
            count=len(totals),
            all=len(grading.graded),
            quartiles=" · ".join(quartiles),
            tier=grading.tier,
            version=crmkit.__version__,
            rows=statistics(grading.exercise, grading.graded),
            share=share,
            number=number,
        )
        for lang in WRITTEN
    ]
    write_page(out / "class.html", title=grading.about.titles["zh"], lang="zh", parts=parts)


def share(value: float | None) -> str:
    return "—" if value is None else percent(value, 0)


def number(value: float | None) -> str:
    return "—" if value is None else decimal(value)


@dataclass(frozen=True)
class CommonWrong:
    """A wrong answer that several students gave, in words of each language."""

    answer: dict[str, str]
    count: int


@dataclass(frozen=True)
class QuestionStatistics:
    """A question in this class. Shares of 0 to 1; None where too few answered, or nothing varies."""

    question: str
    answered: float
    badly_formed: int
    to_read: int  # that wait for a reader: until then nothing is said of what was earned
    difficulty: float | None  # mean share earned
    discrimination: float | None  # correlation with the rest of the marks
    wrong: list[CommonWrong]


def statistics(exercise: Exercise, graded: dict[str, Graded]) -> list[QuestionStatistics]:
    """Per question: difficulty (mean share earned), discrimination (correlation with the rest of the marks),
    wrong answers.

    Corrected item-total correlation (Henrysson 1963): with the sum of the other questions, so that a question does not
    correlate with itself. None where fewer than three students answered or nothing varies.
    """
    rows = []
    for name, question in exercise.questions.items():
        given = answers_that_count(name, graded)
        marks = [one for one, _ in given]
        known = [(one, mine) for one, mine in given if one.score is not None]
        scores = np.array([one.score for one, _ in known], dtype=float)
        rest = np.array([earned_elsewhere(mine, name) for _, mine in known], dtype=float)
        to_read = len(given) - len(known)
        recorded = [one.state == "recorded" for one in marks]
        rows.append(
            QuestionStatistics(
                question=name,
                answered=float(np.mean(recorded)) if recorded else 0.0,
                badly_formed=sum(one.state == "badly_formed" for one in marks),
                to_read=to_read,
                difficulty=float(scores.mean()) if len(scores) and not to_read else None,
                discrimination=None if to_read else correlation(scores, rest),
                wrong=common_wrong(question, [one for one, _ in known]),
            )
        )
    return rows


def answers_that_count(question: str, graded: dict[str, Graded]) -> list[tuple[QuestionMark, Graded]]:
    """The answers to a question with whose they are: a team's once, and none where it does not count."""
    found: dict[str, tuple[QuestionMark, Graded]] = {}
    for student, mine in graded.items():
        for one in mine.questions:
            if one.question == question and not one.exempt:
                found.setdefault(mine.shared_from or student, (one, mine))
    return list(found.values())


def earned_elsewhere(mine: Graded, question: str) -> float:
    """The points of a student's other questions, as far as they count."""
    others = [one for one in mine.questions if one.question != question and not one.exempt]
    return sum(one.weight * (one.score or 0) for one in others)


def correlation(scores: np.ndarray, rest: np.ndarray) -> float | None:
    if len(scores) < FEWEST or scores.std() == 0 or rest.std() == 0:
        return None
    return float(np.corrcoef(scores, rest)[0, 1])


def common_wrong(question: dict, marks: list[QuestionMark]) -> list[CommonWrong]:
    """The wrong numbers and choices that more than one student gave, the commonest first."""
    if question["kind"] not in ("number", "choice"):
        return []
    given = Counter(
        json.dumps(one.value, sort_keys=True) for one in marks if one.score == 0 and one.value is not None
    )
    found = []
    for text, count in given.most_common(COMMON):
        if count > 1:
            answer = dict(zip(WRITTEN, preview(question, json.loads(text))))
            found.append(CommonWrong(answer, count))
    return found
