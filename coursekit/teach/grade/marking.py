"""From a student's word to marks: form checked again, compared with the right answers, followed through.

Nothing here runs a student's code, and nothing that a student's code made is taken for more than text and numbers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from coursekit.lessons.exercise import Mark, admit, compare
from coursekit.messages import MESSAGES
from crmkit.answers.forms import BadForm

LARGEST_ANSWER = 2 << 20  # characters of one answer as JSON


@dataclass
class QuestionMark:
    """What one question earned. ``score`` is the share of its weight, None while a person has to read it."""

    question: str
    weight: float
    state: str  # recorded, badly_formed, missing
    score: float | None
    code: str
    reason: dict[str, str]
    value: object = None  # the admitted answer: typed JSON
    right: object = None
    followed: bool = False  # earned on the student's own earlier answer
    second: str | None = None  # of a second run: computed, literal, differs, not_run


Answers = dict[str, tuple[str, object]]  # question → (recorded, badly_formed or missing; typed JSON)


def admitted(questions: dict[str, dict], sheet: dict | None) -> Answers:
    """Question → (state, typed JSON), from what a notebook sent; whatever has not the form of an answer is none."""
    given = sheet.get("answers") if isinstance(sheet, dict) else None
    if not isinstance(given, dict):
        given = {}
    return {name: _admitted(question, given.get(name)) for name, question in questions.items()}


def _admitted(question: dict, entry) -> tuple[str, object]:
    if not isinstance(entry, dict):
        return "missing", None
    value = entry.get("value")
    if value is None:
        return ("badly_formed" if entry.get("state") == "badly_formed" else "missing"), None
    try:
        if len(json.dumps(value, allow_nan=False)) > LARGEST_ANSWER:
            return "badly_formed", None
        return "recorded", admit(question, value)
    except (BadForm, ValueError, TypeError, RecursionError, OverflowError):
        return "badly_formed", None


def mark(
    questions: dict[str, dict],
    answers: Answers,
    right_of: Callable[[dict], dict],
    second: tuple[Answers, dict] | None = None,
) -> list[QuestionMark]:
    """The marks of one student.

    ``right_of(given)`` gives the right answers, computed on the student's own earlier ``given`` answers;
    ``second`` is (answers, right answers) of a run under a hidden seed, where there was one.
    """
    right = right_of({})
    marks = []
    wrong_before = {}  # question → the student's own value, on which later questions may rest
    for name, question in questions.items():
        state, value = answers[name]
        weight = float(question.get("weight", 1))
        if state == "badly_formed":
            reason = MESSAGES.texts("mark_badly_formed")
            marks.append(
                QuestionMark(name, weight, state, 0.0, "badly_formed", reason, None, right=right[name])
            )
            continue
        found = compare(question, value, right[name])
        followed = False
        if _may_rise(found, value):
            rests_on = [other for other in question.get("depends_on", []) if other in wrong_before]
            if rests_on:
                own = right_of({other: wrong_before[other] for other in rests_on})
                again = compare(question, value, own[name])
                if again.score > found.score:
                    found = again
                    followed = True
        if _may_rise(found, value):
            wrong_before[name] = value
        marks.append(
            QuestionMark(
                question=name,
                weight=weight,
                state=state,
                score=found.score,
                code=found.code,
                reason=found.reason,
                value=value,
                right=right[name],
                followed=followed,
            )
        )
    if second is not None:
        _second(questions, marks, *second)
    return marks


def _may_rise(found: Mark, value) -> bool:
    """Whether an answer was given that is not wholly right and that no person has to read."""
    return value is not None and found.score is not None and found.score < 1


def _second(questions, marks: list[QuestionMark], answers: Answers, right: dict) -> None:
    """Compare with a run under another seed: an answer that stays the same while the right one changes was typed in."""
    for one in marks:
        question = questions[one.question]
        if question["kind"] == "text" or one.state != "recorded":
            continue
        if compare(question, right[one.question], one.right).score == 1:
            continue  # the right answer is the same for both seeds: nothing can be told
        _, value = answers[one.question]
        one.second = _told_by_second(question, one, value, right[one.question])
        if question.get("must_compute") and one.second in ("literal", "not_run") and one.score:
            one.score = 0.0
            one.code = "must_compute"
            one.reason = MESSAGES.texts("mark_must_compute")


def _told_by_second(question: dict, first: QuestionMark, value, right) -> str:
    """What the answer under another seed says of the first one: computed, literal, differs or not_run."""
    if value is None:
        return "not_run"
    again = compare(question, value, right).score or 0
    if first.score and again >= first.score:
        return "computed"
    return "literal" if value == first.value else "differs"
