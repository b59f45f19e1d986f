"""Answers by name: a student's value becomes typed JSON, and the student reads at once whether it could be recorded.

The contract of a question is a dict: ``id``, ``kind`` (number, choice, table, chart, text) and the fields of its kind
(``forms.FORM_FIELDS``). It holds the form of an answer, never its value. *Missing*, *badly formed* and
*recorded* are three different things; only a well-formed answer replaces an earlier well-formed one.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.core.catalogue import Pair, joined
from crmkit.core.errors import CrmkitError
from crmkit.core.messages import MESSAGES

from .bars import said_of_bars
from .forms import BadForm, as_given, boxes_in, describe, read_answer, the_axes
from .own_data import changed_since
from .shown import Shown, doubt, preview
from .sink import sink_of_environment
from .unseen import show_at_the_end

if TYPE_CHECKING:
    from .hand_in import Receipt

MIME = "application/vnd.crmkit.answer+json"
FORMAT = "crmkit-answers/1"


# --- practice ---------------------------------------------------------------------------------------------------------

_STEPS = 8  # a tolerance is this many steps; what is taken as right reaches at most one step beyond it


def practice_key(question: dict, right, salt: str) -> dict | None:
    """Hashes by which a notebook can tell a right number or choice, without holding it; None for other kinds.

    For practice only: a share of two decimals is found by trying a hundred values, a choice by trying them all.
    """
    if question["kind"] == "choice":
        return {"salt": salt, "hashes": [_hash(salt, right)]}
    if question["kind"] != "number" or right is None:
        return None
    near = max(question.get("tolerance", 0), question.get("relative_tolerance", 0) * abs(right))
    step = near / _STEPS if near else max(abs(right), 1) * 1e-9
    places = range(math.floor((right - near) / step), math.floor((right + near) / step) + 1)
    return {"salt": salt, "step": step, "hashes": [_hash(salt, place) for place in places]}


def _hash(salt: str, value) -> str:
    return hashlib.sha256(f"{salt}\0{value}".encode()).hexdigest()[:16]


def _is_right(key: dict, value) -> bool:
    return _hash(key["salt"], math.floor(value / key["step"]) if "step" in key else value) in key["hashes"]


# --- what the student sees -------------------------------------------------------------------------------------------

_MARKS = {"recorded": ("✓", "#1b7f4b"), "badly_formed": ("!", "#b45309"), "missing": ("…", "#6b7280")}


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """What became of one answer: ``state`` is recorded, badly_formed or missing."""

    exercise: str
    question: dict
    state: str
    value: object = None  # typed JSON: of this answer, or of the earlier one that stays recorded
    problem: Pair | None = None
    code: str | None = None
    right: bool | None = None  # known in practice only
    boxes: str = ""  # of a chart: the characters that its reader sees as boxes
    drawn: tuple[Pair, ...] = ()  # of a chart: what its reader cannot see
    note: Pair | None = None  # of the notebook's data, where they are no longer the exercise's own

    def _pair(self):
        kept = preview(self.question, self.value) if self.value is not None else None
        if self.state == "recorded":
            said = MESSAGES.pair("answer_recorded", value=kept)
        elif self.state == "missing":
            said = MESSAGES.pair("answer_missing", form=describe(self.question))
        else:
            said = MESSAGES.pair("answer_badly_formed", why=self.problem)
        more = self._more(kept)
        if more and self.state == "recorded":  # which ends without a full stop
            said = MESSAGES.pair("answer_then", said=said, more=more.pop(0))
        for sentence in more:
            said = joined(said, ("", " "), sentence)
        return tuple(f"{self.question['id']}: {text}" for text in said)

    def _more(self, kept: Pair | None) -> list[Pair]:
        """The sentences that follow on what became of the answer."""
        more = []
        if self.state == "recorded":
            if self.right is not None:
                more.append(MESSAGES.pair("practice_right" if self.right else "practice_wrong"))
            doubted = doubt(self.question, self.value)
            if doubted:
                more.append(doubted)
            if self.boxes:
                more.append(MESSAGES.pair("answer_boxes", characters=self.boxes))
            more.extend(self.drawn)
        elif kept:
            more.append(MESSAGES.pair("answer_kept", value=kept))
        if self.note:
            more.append(self.note)
        return more

    def _html(self, index):
        mark, colour = _MARKS[self.state]
        return (
            f'<div style="border-left:4px solid {colour};padding:2px 10px;margin:2px 0">'
            f'<b style="color:{colour}">{mark}</b> {escape(self._pair()[index])}</div>'
        )

    def to_json(self) -> dict:
        entry = {"kind": self.question["kind"], "state": self.state, "value": self.value}
        if self.problem:
            entry["problem"] = {"code": self.code, "zh": self.problem[0], "en": self.problem[1]}
        return entry

    def _repr_mimebundle_(self, include=None, exclude=None):
        payload = {"format": FORMAT, "exercise": self.exercise, "id": self.question["id"], **self.to_json()}
        return super()._repr_mimebundle_() | {MIME: payload}


@dataclass(frozen=True, repr=False)
class Status(Shown):
    """Where every question stands, in order."""

    answers: tuple[Answer, ...]
    note: Pair | None = None

    def _rows(self, index):
        for number, answer in enumerate(self.answers, 1):
            kept_only = answer.value is not None and answer.state != "recorded"
            state = MESSAGES.pair("answer_state_kept" if kept_only else f"answer_state_{answer.state}")[index]
            kept = preview(answer.question, answer.value)[index] if answer.value is not None else ""
            yield str(number), answer.question["id"], state, kept, answer

    def _pair(self):
        done = sum(a.value is not None for a in self.answers)
        head = MESSAGES.pair("answer_status", done=done, all=len(self.answers))
        head = MESSAGES.pair("answer_then", said=head, more=self.note) if self.note else head
        return tuple(
            "\n".join([head[i], *("  ".join(r[:4]).rstrip() for r in self._rows(i))]) for i in (0, 1)
        )

    def _html(self, index):
        rows = "".join(
            f'<tr><td>{number}</td><td style="text-align:left"><code>{escape(name)}</code></td>'
            f'<td style="text-align:left;color:{_MARKS[answer.state][1]}">'
            f"{_MARKS[answer.state][0]} {escape(state)}</td>"
            f'<td style="text-align:left">{escape(kept)}</td></tr>'
            for number, name, state, kept, answer in self._rows(index)
        )
        return f"<div>{escape(self._pair()[index].splitlines()[0])}</div><table>{rows}</table>"


@dataclass(repr=False)
class AnswerSheet(Shown):
    """The answers to one exercise: ``answer = AnswerSheet(...)``, then ``answer("gold_share", value)``.

    ``questions`` is the contract (a list of dicts, see ``forms.FORM_FIELDS``). Each call shows what became of
    the value. All answers go to ``sink`` each time; without one, where the environment's ``CRMKIT_ANSWERS`` says.

    >>> import crmkit; crmkit.set_language("en")
    >>> answer = AnswerSheet("demo", [{"id": "share", "kind": "number", "unit": "share", "maximum": 1}], seed=1)
    >>> answer("share", 0.25)
    share: Recorded: 0.25 (25%)
    """

    exercise: str
    questions: list[dict]
    seed: int
    sink: Callable[[dict], None] | None = field(default=None, repr=False)
    _latest: dict[str, Answer] = field(default_factory=dict, init=False, repr=False)
    _practice: dict[str, dict] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self):
        self._latest = {q["id"]: Answer(self.exercise, q, "missing") for q in self.questions}
        if self.sink is None:
            self.sink = sink_of_environment()

    def __call__(self, question: str, value=..., *more) -> Answer:
        """Record ``value`` as the answer to the question of that name; ``more`` is what a comma cut off,
        and is refused.
        """
        if not isinstance(question, str):
            example = f'answer("{next(iter(self._latest), "")}", …)'
            raise CrmkitError("question_not_named", value=as_given(question), example=example)
        if more:
            value = (value, *more)
        if question not in self._latest:
            raise CrmkitError("unknown_question", value=question, allowed=", ".join(self._latest))
        before = self._latest[question]
        contract = before.question
        blank = value is Ellipsis or (
            isinstance(value, str) and contract["kind"] == "text" and not value.strip()
        )
        try:
            if blank:
                after = Answer(self.exercise, contract, "missing", before.value)
            else:
                read = read_answer(contract, value)
                right = _is_right(self._practice[question], read) if question in self._practice else None
                boxes = boxes_in(value) if contract["kind"] == "chart" else ""
                bars = said_of_bars(the_axes(value)) if contract.get("expects") == "bars" else []
                after = Answer(
                    self.exercise, contract, "recorded", read, right=right, boxes=boxes, drawn=tuple(bars)
                )
        except BadForm as bad:
            after = Answer(self.exercise, contract, "badly_formed", before.value, bad.zh_en, bad.code)
        after = replace(after, note=changed_since(self.seed))
        self._latest[question] = after
        if self.sink is not None:
            self.sink(self.to_json())
        show_at_the_end(after)
        return after

    def practise(self, keys: dict[str, dict]) -> None:
        """Say right or not from now on, where ``keys`` (``practice_key``) can tell."""
        self._practice = dict(keys)

    def hand_in(self, notebook: "str | Path | None" = None) -> "Receipt":
        """Make the one file to hand in, beside the notebook, and show the receipt; save the notebook first.

        ``notebook`` names the file where it cannot be found out. Errors: CrmkitError when it was not saved, or not
        found.
        """
        from .hand_in import hand_in

        return hand_in(self.to_json(), {q["id"]: q for q in self.questions}, notebook)

    def status(self) -> Status:
        """Which questions are recorded, badly formed or missing."""
        return Status(tuple(self._latest.values()), changed_since(self.seed))

    def to_json(self) -> dict:
        """Everything that leaves a notebook: typed JSON by question id, and nothing else."""
        answers = {name: answer.to_json() for name, answer in self._latest.items()}
        return {"format": FORMAT, "exercise": self.exercise, "seed": self.seed, "answers": answers}

    def _pair(self):
        return self.status()._pair()

    def _html(self, index):
        return self.status()._html(index)
