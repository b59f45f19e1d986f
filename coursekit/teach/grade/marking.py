"""From a student's word to marks: form checked again, compared with the right answers, followed through.

Nothing here runs a student's code, and nothing that a student's code made is taken for more than text and numbers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from coursekit.lessons.exercise import admit, compare
from coursekit.messages import MESSAGES
from crmkit.answers.forms import BadForm

from .numbers import ALL_DIGITS, is_number, rounded
from .right_answers import NoRight

LARGEST_ANSWER = 2 << 20  # characters of one answer as JSON


FOLLOWED = 0.5  # of a step that is right on a wrong earlier answer: an own right answer is worth more
OWN_SEED_ONLY = "own_seed_only"  # answered where the seed is the student's own, and left alone on other data
STANDS_STILL = (
    0.5  # share of an answer that may be the same under another seed in what was worked out from the data
)


@dataclass(frozen=True)
class Unaided:
    """What a question earned before a person gave points."""

    score: float | None
    code: str
    reason: dict[str, str]


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
    exempt: bool = False  # does not count for this student
    # of a second run: computed, literal, own_data_only, own_seed_only, partly_typed, differs, not_run
    second: str | None = None
    nearly: bool = (
        False  # what a second run held against it rests on an answer that was nearly the same there
    )
    unaided: "Unaided | None" = None  # what stood here before a person gave points

    def decide(self, score: float, code: str, reason: dict[str, str]) -> None:
        """Points that a person gives; what stood here before is kept."""
        if self.unaided is None:
            self.unaided = Unaided(self.score, self.code, self.reason)
        self.score = score
        self.code = code
        self.reason = reason

    def take_back(self) -> None:
        """As it was before any person gave points."""
        if self.unaided is not None:
            self.score = self.unaided.score
            self.code = self.unaided.code
            self.reason = self.unaided.reason
            self.unaided = None


@dataclass(frozen=True)
class SecondRun:
    """The same notebook under a seed that nobody knows: what it answered there, and what is right there.

    ``asked``: whether everybody is run so; where only a claim on an earlier wrong answer made it, only claims are
    judged, or the same answer would be worth less to those who were wrong elsewhere.
    ``went_well``: whether it ended by itself and without an error: then no answer means that none was to be given.
    """

    answers: "Answers"
    right_of: "RightOf"
    asked: bool = True
    went_well: bool = False


RightOf = Callable[[dict], dict]  # a student's own earlier answers → the right answers that rest on them
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
    right_of: RightOf,
    second: SecondRun | None = None,
    third: SecondRun | None = None,
) -> list[QuestionMark]:
    """The marks of one student.

    ``right_of(given)`` gives the right answers, computed on the student's own earlier ``given`` answers; it raises
    NoRight where there are none. Without a second run a mark that rests on an earlier answer is a claim: `claims` tells
    whether a second run has to be made; `nearly` whether a third one could clear what the second seems to show.
    """
    right = right_of({})
    marks = []
    wrong_before = {}  # question → the student's own value, on which later questions may rest
    for name, question in questions.items():
        state, value = answers[name]
        one = _marked(question, state, value, right[name])
        if _may_rise(one):
            rests_on = [other for other in question.get("depends_on", []) if other in wrong_before]
            if rests_on:
                _follow(one, question, {other: wrong_before[other] for other in rests_on}, right_of)
            wrong_before[name] = value
        marks.append(one)
    if second is not None:
        _second(questions, marks, [run for run in (second, third) if run])
    return marks


def claims(marks: list[QuestionMark]) -> bool:
    """Whether something was earned on an earlier wrong answer,
    which only a second run can tell from made-up numbers.
    """
    return any(one.followed for one in marks)


def nearly(marks: list[QuestionMark]) -> bool:
    """Whether something is held against answers that two seeds may have brought so close by chance."""
    return any(one.nearly for one in marks)


def _marked(question: dict, state: str, value, right) -> QuestionMark:
    """One answer beside the right one."""
    weight = float(question.get("weight", 1))
    name = question["id"]
    if state == "badly_formed":
        reason = MESSAGES.texts("mark_badly_formed")
        return QuestionMark(name, weight, state, 0.0, "badly_formed", reason, None, right)
    found = compare(question, value, right)
    return QuestionMark(name, weight, state, found.score, found.code, found.reason, value, right)


def _may_rise(one: QuestionMark) -> bool:
    """Whether an answer was given that is not wholly right and that no person has to read."""
    return one.value is not None and one.score is not None and one.score < 1


def _follow(one: QuestionMark, question: dict, given: dict, right_of: RightOf) -> None:
    """Earned on the student's own earlier answers, where the solution can be worked out on them:
    a part of the weight.
    """
    try:
        own = right_of(given)
    except NoRight:
        return
    again = compare(question, one.value, own[one.question])
    if again.score is not None and FOLLOWED * again.score > one.score:
        one.score = FOLLOWED * again.score
        one.code = again.code
        one.reason = again.reason
        one.followed = True


def _second(questions: dict[str, dict], marks: list[QuestionMark], runs: list[SecondRun]) -> None:
    """Compare with runs under other seeds: an answer that stays the same while the right one changes was typed in.

    Of two seeds in a hundred pairs a true answer may be the same within the tolerance; of three, hardly ever: so what
    was only nearly the same is held against nobody before a third run shows it too.
    """
    rights = [run.right_of({}) for run in runs]
    invented = {}  # question → whether its wrong answer was given without a look at the data
    sure = {}  # whether it is so to all digits
    for one in marks:
        question = questions[one.question]
        there = [(run.answers[one.question][1], right[one.question]) for run, right in zip(runs, rights)]
        invented[one.question] = all(_stands_still(question, one, value, right) for value, right in there)
        sure[one.question] = any(_is_same(value, one.value) for value, _ in there) or _is_constant(one.value)
        if one.followed:
            earlier = [name for name in question.get("depends_on", []) if invented.get(name)]
            if earlier or not all(_follows_there_too(one, question, run) for run in runs):
                one.nearly = bool(earlier) and not any(sure[name] for name in earlier)
                drop_followed(one, question)
            else:
                one.second = "computed"
        elif runs[0].asked and question["kind"] != "text" and one.state == "recorded":
            _judge(one, question, there)
            silent = all(run.went_well and run.answers[one.question][0] == "missing" for run in runs)
            if one.second == "not_run" and silent and question["kind"] != "choice":
                one.second = OWN_SEED_ONLY  # of a choice the branch that answers may be another
            one.nearly = one.second == "literal" and not sure[one.question]


def _is_same(one: object, other: object) -> bool:
    """Whether two answers are the same to all digits; none is the same as whatever was answered on other data."""
    if one is None or other is None:
        return True
    if is_number(one) and is_number(other):
        return rounded(one, ALL_DIGITS) == rounded(other, ALL_DIGITS)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return one == other


def _stands_still(question: dict, one: QuestionMark, value, right) -> bool:
    """Whether an answer is wrong and does not follow the data: the same under another seed,
    where the right one is not.
    """
    if question["kind"] in ("text", "choice") or one.value is None or one.score == 1:
        return False
    if value is None or _is_constant(one.value):
        return True
    same = compare(question, value, one.value).score or 0
    right_same = compare(question, right, one.right).score or 0
    return same > max(STANDS_STILL, right_same)


def _is_constant(value) -> bool:
    """Whether a table holds one number over and over."""
    if not isinstance(value, dict) or "rows" not in value:
        return False
    numbers = [cell for row in value["rows"] for cell in row if isinstance(cell, (int, float))]
    return len(numbers) > 1 and len(set(numbers)) == 1


def _follows_there_too(one: QuestionMark, question: dict, second: SecondRun) -> bool:
    """Whether a followed step is right under the other seed as well, on the earlier answers that were given there."""
    _, value = second.answers[one.question]
    earlier = {name: second.answers[name][1] for name in question.get("depends_on", [])}
    given = {name: answer for name, answer in earlier.items() if answer is not None}
    try:
        again = compare(question, value, second.right_of(given)[one.question])
    except NoRight:
        return False
    return bool(again.score) and FOLLOWED * again.score >= one.score


def drop_followed(one: QuestionMark, question: dict) -> None:
    """What the answer is worth by itself: the earlier one, on which it rests, was not worked out from the data."""
    own = compare(question, one.value, one.right)
    one.followed = False
    one.score = own.score
    one.code = own.code if own.score else "not_followed"
    one.reason = own.reason if own.score else MESSAGES.texts("mark_not_followed")


def _judge(one: QuestionMark, question: dict, there: list[tuple]) -> None:
    """``there``: what was answered under each other seed, and what is right there."""
    value, right = there[0]
    if compare(question, right, one.right).score == 1:
        return  # the right answer is the same for both seeds: nothing can be told
    told = [_told_by_second(question, one, *other) for other in there]
    one.second = told[0]
    if told[0] == "literal" and set(told) != {"literal"}:
        one.second = "differs"
    if question.get("must_compute") and one.second in ("literal", "own_data_only", "not_run") and one.score:
        one.score = 0.0
        one.code = "must_compute"
        one.reason = MESSAGES.texts("mark_must_compute")
    elif question.get("must_compute") and one.second == "differs" and one.score:
        stood_still = compare(question, value, one.value).score or 0
        if stood_still > (compare(question, right, one.right).score or 0):  # a part of it was typed in
            one.second = "partly_typed"
            one.score = min(one.score, compare(question, value, right).score or 0)
            one.code = "must_compute"
            one.reason = MESSAGES.texts("mark_must_compute")


def _told_by_second(question: dict, first: QuestionMark, value, right) -> str:
    """What the answer under another seed says of the first one: computed, literal, own_data_only,
    differs or not_run.
    """
    if value is None:
        return "not_run"
    again = compare(question, value, right).score or 0
    if first.score and again >= first.score:
        return "computed"
    if compare(question, value, first.value).score == 1:
        return "literal"
    # right on data that the student knew, and nowhere near on others: looked up, or typed in and shifted
    return "own_data_only" if first.score and not again else "differs"
