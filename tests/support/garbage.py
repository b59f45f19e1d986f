"""What strangers might send, made from a seed: nested JSON, odd Unicode, extreme numbers, wrong types at every place.

`Garbage` makes values and spoils whole ones; `Marked` sends a submission's frames down the whole path of answers, from
the line to the marks, and `pages` writes all that comes of them.
"""

import json
import random
import struct
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from classroom import PACK

from coursekit.lessons.exercise import Exercise, load_exercise
from coursekit.sandbox.protocol import Outcome
from coursekit.sandbox.submission_run import listen
from coursekit.teach.assign.assignment import Assignment, Variant
from coursekit.teach.grade import marking
from coursekit.teach.grade.cells_to_run import Prepared
from coursekit.teach.grade.grade import note_run, told_of, total, write_all
from coursekit.teach.grade.graded import Graded, Grading, restored, stored
from coursekit.teach.handed_in.identity import Rules
from coursekit.teach.handed_in.intake import Intake
from coursekit.teach.results import Journal

TEXTS = (
    "",
    "0",
    "\ud800",
    "a\udfffb",
    "\x00\x01\x1b[31m",
    "\u202e\u2066\u200b\ufeff",
    "\ufffe\uffff",
    "𝟙𝟚" * 3,
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% raise %}",
    "%s %n {0} {x.__class__}",
    "9" * 400,
    "-0",
    "nan",
    "铂金层",
    "e\u0301" * 40,
    "../../etc/passwd",
    "x" * 5000,
)
NUMBERS = (
    0,
    -0.0,
    1,
    -1,
    0.5,
    1e308,
    -1e308,
    5e-324,
    2**53,
    2**53 + 1,
    -(2**63),
    2**64,
    1e16,
    1e999,
    float("nan"),
)
LITERALS = (
    "9" * 4300,
    "9" * 5000,
    "-" + "1" * 400,
    "1e9999",
    "-1e9999",
    "NaN",
    "Infinity",
    "1.0000000000000000000001",
)
HEAD = struct.Struct(">I")


class Garbage:
    """Values from one random source; the same seed, the same garbage."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def text(self) -> str:
        pick = self.random.random()
        if pick < 0.6:
            return self.random.choice(TEXTS)
        length = self.random.randrange(12)
        return "".join(chr(self.random.randrange(0x110000)) for _ in range(length))

    def number(self) -> float:
        if self.random.random() < 0.6:
            return self.random.choice(NUMBERS)
        return self.random.choice((1, -1)) * 10 ** self.random.uniform(-320, 308)

    def value(self, depth: int = 4) -> object:
        pick = self.random.randrange(8 if depth else 5)
        if pick == 0:
            return self.text()
        if pick == 1:
            return self.number()
        if pick == 2:
            return self.random.randrange(-(10**22), 10**22)
        if pick == 3:
            return self.random.choice((None, True, False))
        if pick == 4:
            return self.random.choice(([], {}, "", 0))
        if pick == 5:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        if pick == 6:
            return {self.text(): self.value(depth - 1) for _ in range(self.random.randrange(4))}
        return self.deep(self.random.choice((3, 19, 21, 60)))

    def deep(self, levels: int) -> object:
        value: object = self.number()
        for _ in range(levels):
            value = [value] if self.random.random() < 0.5 else {"a": value}
        return value

    def spoilt(self, whole: object, times: int = 1) -> object:
        """A copy with garbage at some places: a value, a key, an item more or less."""
        spoilt = json.loads(json.dumps(whole))
        for _ in range(times):
            spoilt = self._spoil(spoilt)
        return spoilt

    def _spoil(self, value: object) -> object:
        if isinstance(value, dict) and value and self.random.random() < 0.85:
            name = self.random.choice(list(value))
            pick = self.random.random()
            if pick < 0.7:
                value[name] = self._spoil(value[name])
            elif pick < 0.8:
                del value[name]
            else:
                value[self.text()] = self.value(2)
            return value
        if isinstance(value, list) and value and self.random.random() < 0.85:
            place = self.random.randrange(len(value))
            pick = self.random.random()
            if pick < 0.7:
                value[place] = self._spoil(value[place])
            elif pick < 0.8:
                del value[place]
            else:
                value.insert(place, value[place])
            return value
        return self.value()

    def json(self, value: object) -> bytes:
        """As bytes, now and then with what no writer of JSON writes."""
        text = json.dumps(value)
        if self.random.random() < 0.05:
            text = text.replace("0", self.random.choice(LITERALS), 1)
        raw = text.encode()
        if self.random.random() < 0.02:
            at = self.random.randrange(len(raw) + 1)
            raw = raw[:at] + bytes([self.random.randrange(256)]) + raw[at + 1 :]
        return raw


def frame(raw: bytes) -> bytes:
    return HEAD.pack(len(raw)) + raw


class Sent:
    """A channel that gives what was sent, and then is over."""

    def __init__(self, raw: bytes):
        self._blocks = [raw, b""]

    def receive(self, seconds: float) -> bytes:
        return self._blocks.pop(0)


@cache
def exercise() -> Exercise:
    return load_exercise(PACK / "gym_offer.md")


@cache
def rights(seed: int) -> dict:
    return exercise().right_answers(seed)


def whole_sheet(seed: int = 1) -> dict:
    """The sheet of a student who has everything right."""
    answers = {}
    for name, question in exercise().questions.items():
        value = question["sample"]["en"] if question["kind"] == "text" else rights(seed)[name]
        answers[name] = {"kind": question["kind"], "state": "recorded", "value": value}
    return {"format": "crmkit-answers/1", "exercise": "gym_offer", "seed": seed, "answers": answers}


def frames_of(garbage: Garbage) -> bytes:
    """What one spoilt submission sends: sheets, errors and cells, some of them as they should be."""
    sheet = whole_sheet()
    said = [
        {"cell": garbage.spoilt(3)},
        {"sheet": garbage.spoilt(sheet, times=garbage.random.randrange(4))},
        {"error": garbage.spoilt({"cell": 2, "name": "ValueError", "text": "why"})},
        garbage.value(),
        {"done": True},
    ]
    return b"".join(frame(garbage.json(one)) for one in said)


def outcome_of(raw: bytes) -> Outcome:
    outcome = Outcome("died")
    listen(Sent(raw), outcome, seconds=60)
    return outcome


def marked(student: str, outcome: Outcome, *, second: Outcome | None = None) -> Graded:
    """A student's marks, as `grade` gives them; nothing of it may fail."""
    questions = exercise().questions
    mine = Graded(student)
    note_run(mine, Prepared(["1"] * 9, list(range(9))), outcome)
    hidden = None
    if second is not None:
        hidden = marking.SecondRun(marking.admitted(questions, second.sheet), lambda given: rights(2))
    answers = marking.admitted(questions, outcome.sheet)
    mine.questions = marking.mark(questions, answers, lambda given: rights(1), hidden)
    total(mine, [], questions)
    return mine


@dataclass
class Written:
    """A folder to which a class is written as `grade` writes it."""

    folder: Path
    graded: dict[str, Graded] = field(default_factory=dict)

    def write(self, names: dict[str, str]) -> None:
        about = Assignment(
            folder=self.folder,
            secret=bytes(32),
            assignment="a",
            exercise="gym_offer",
            source="gym_offer.md",
            titles=exercise().lesson.titles,
            created="",
            kit_version="",
            feedback="form",
        )
        for number, (student, name) in enumerate(names.items()):
            about.variants[student] = Variant(
                student_id=student,
                name=name,
                language=("zh", "en", "both")[number % 3],
                seed=number,
                copy_id=str(number),
                folder=f"s{number}",
                file="hw.ipynb",
                sha256="",
                parameters={},
                parameters_sha256="",
            )
        journal = Journal(self.folder / "journal.sqlite")
        journal.keep_marks(stored(self.graded), [])
        kept = restored(journal.marks(), self.folder / "journal.sqlite")
        journal.close()
        grading = Grading(
            about=about,
            exercise=exercise(),
            graded=kept,
            intake=Intake((".ipynb",)),
            handed_in=[],
            tier="none",
            tried={},
            whose=Rules({}, [], {}),
        )
        write_all(self.folder, grading, {}, release=False, by_section=False)
        failed = {student: mine.failed for student, mine in kept.items() if mine.failed}
        assert not failed, failed


__all__ = ["Garbage", "Written", "frames_of", "marked", "outcome_of", "told_of"]
