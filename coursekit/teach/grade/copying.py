"""Wrong answers that are right for another student: hints for a person, never a mark."""

from collections import defaultdict
from dataclasses import dataclass

from coursekit.lessons.exercise import compare

from .marking import QuestionMark

DIGITS = 4  # significant digits that two right answers do not share by chance


@dataclass(frozen=True)
class Copy:
    """A student whose wrong answers are another's right ones."""

    student_id: str
    key_of: str
    questions: list[str]


def copying(marks: dict[str, list[QuestionMark]], questions: dict[str, dict]) -> list[Copy]:
    """Who gave another student's right answers, to be looked at by a person.

    Told only where the right answers differ between students and carry enough digits not to meet by chance: numbers
    of four significant digits or more. One such answer is a hint, two are probable copying.
    """
    keys = {
        name: _whose_right_answer(name, marks)
        for name, question in questions.items()
        if question["kind"] == "number"
    }
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student, row in marks.items():
        for one in row:
            if one.question not in keys or one.score != 0 or not isinstance(one.value, (int, float)):
                continue
            others = keys[one.question].get(_rounded(one.value), [])
            if len(others) != 1 or others[0] == student:
                continue
            theirs = next(mark.right for mark in marks[others[0]] if mark.question == one.question)
            if compare(questions[one.question], one.value, theirs).score == 1:
                pairs[student, others[0]].append(one.question)
    return [Copy(student, other, found) for (student, other), found in pairs.items()]


def _whose_right_answer(question: str, marks: dict[str, list[QuestionMark]]) -> dict[str, list[str]]:
    """Right answers of enough digits, rounded → the students whose they are."""
    whose = defaultdict(list)
    for student, row in marks.items():
        right = next((mark.right for mark in row if mark.question == question), None)
        if isinstance(right, (int, float)) and _digits(right) >= DIGITS:
            whose[_rounded(right)].append(student)
    return whose


def _rounded(number: float) -> str:
    return f"{number:.{DIGITS}g}"


def _digits(number: float) -> int:
    return len(f"{number:.12g}".replace(".", "").lstrip("-0").rstrip("0"))
