"""From a student's word to marks: form checked again, compared with the right answers, followed through, lateness.

Nothing here runs a student's code, and nothing that a student's code made is taken for more than text and numbers.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from coursekit.lessons.exercise import admit, compare
from coursekit.messages import message_pair
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

    def to_json(self) -> dict:
        return asdict(self)


def admitted(questions: dict[str, dict], sheet: dict | None) -> dict[str, tuple[str, object]]:
    """Question → (state, typed JSON), from what a notebook sent; whatever has not the form of an answer is none."""
    given = sheet.get("answers") if isinstance(sheet, dict) else None
    out = {}
    for name, question in questions.items():
        entry = given.get(name) if isinstance(given, dict) else None
        state, value = "missing", None
        if isinstance(entry, dict) and entry.get("value") is not None:
            try:
                if len(json.dumps(entry["value"], allow_nan=False)) > LARGEST_ANSWER:
                    raise BadForm("unreadable", got="JSON", error="size")
                state, value = "recorded", admit(question, entry["value"])
            except (BadForm, ValueError, TypeError, RecursionError, OverflowError):
                state, value = "badly_formed", None
        elif isinstance(entry, dict) and entry.get("state") == "badly_formed":
            state = "badly_formed"
        out[name] = (state, value)
    return out


def mark(
    questions: dict[str, dict], answers: dict, right_of, second: dict | None = None
) -> list[QuestionMark]:
    """The marks of one student.

    ``right_of(given)`` gives the right answers, computed on the student's own earlier ``given`` answers;
    ``second`` is (answers, right answers) of a run under a hidden seed, where there was one.
    """
    right = right_of({})
    marks, wrong_before = [], {}
    for name, question in questions.items():
        state, value = answers[name]
        weight = float(question.get("weight", 1))
        if state == "badly_formed":
            reason = dict(zip(("zh", "en"), message_pair("mark_badly_formed")))
            marks.append(QuestionMark(name, weight, state, 0.0, "badly_formed", reason, None, right[name]))
            continue
        found, followed = compare(question, value, right[name]), False
        on = {n: wrong_before[n] for n in question.get("depends_on", []) if n in wrong_before}
        if value is not None and found.score is not None and found.score < 1 and on:
            again = compare(question, value, right_of(on)[name])
            if again.score > found.score:
                found, followed = again, True
        if value is not None and found.score is not None and found.score < 1:
            wrong_before[name] = value
        marks.append(
            QuestionMark(
                name, weight, state, found.score, found.code, found.reason, value, right[name], followed
            )
        )
    if second is not None:
        _second(questions, marks, *second)
    return marks


def _second(questions, marks, answers, right) -> None:
    """Compare with a run under another seed: an answer that stays the same while the right one changes was typed in."""
    for one in marks:
        question = questions[one.question]
        if question["kind"] == "text" or one.state != "recorded":
            continue
        _, value = answers[one.question]
        if compare(question, right[one.question], one.right).score == 1:
            continue  # the right answer is the same for both seeds: nothing can be told
        if (
            value is not None
            and (compare(question, value, right[one.question]).score or 0) >= (one.score or 0) > 0
        ):
            one.second = "computed"
        elif value == one.value:
            one.second = "literal"
        else:
            one.second = "differs" if value is not None else "not_run"
        if question.get("must_compute") and one.second in ("literal", "not_run") and one.score:
            one.score, one.code = 0.0, "must_compute"
            one.reason = dict(zip(("zh", "en"), message_pair("mark_must_compute")))


# --- lateness -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs: per day begun after the grace, a share of what was earned; nothing after ``max_days``."""

    grace_minutes: float = 0
    per_day: float = 0.0
    max_days: float | None = None

    def factor(self, when: datetime | None, due: datetime | None) -> tuple[float, timedelta]:
        """(the share that is kept, how late)."""
        if when is None or due is None or when <= due + timedelta(minutes=self.grace_minutes):
            return 1.0, timedelta(0)
        late = when - due
        days = late / timedelta(days=1)
        if self.max_days is not None and days > self.max_days:
            return 0.0, late
        return max(0.0, 1 - self.per_day * -(-late // timedelta(days=1))), late


# --- copying --------------------------------------------------------------------------------------------------------


def copying(marks: dict[str, list[QuestionMark]], questions: dict[str, dict]) -> list[dict]:
    """Wrong answers that are right for another student: (student, other, questions), to be looked at by a person.

    Told only where the right answers differ between students and carry enough digits not to meet by chance: numbers
    of four significant digits or more. One such answer is a hint, two are probable copying.
    """
    keys: dict[str, dict] = {}
    for name, question in questions.items():
        if question["kind"] != "number":
            continue
        by_value: dict[str, list[str]] = {}
        for student, row in marks.items():
            right = next((m.right for m in row if m.question == name), None)
            if (
                isinstance(right, (int, float))
                and len(f"{right:.12g}".replace(".", "").lstrip("-0").rstrip("0")) >= 4
            ):
                by_value.setdefault(f"{right:.4g}", []).append(student)
        keys[name] = by_value
    pairs: dict[tuple[str, str], list[str]] = {}
    for student, row in marks.items():
        for one in row:
            if one.question not in keys or one.score != 0 or not isinstance(one.value, (int, float)):
                continue
            others = keys[one.question].get(f"{one.value:.4g}", [])
            for other in others:
                theirs = next(m.right for m in marks[other] if m.question == one.question)
                if (
                    other != student
                    and len(others) == 1
                    and compare(questions[one.question], one.value, theirs).score == 1
                ):
                    pairs.setdefault((student, other), []).append(one.question)
    return [
        {"student_id": student, "key_of": other, "questions": found}
        for (student, other), found in pairs.items()
    ]
