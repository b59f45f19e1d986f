"""What the instructor decides by hand: due dates, extensions, lateness, whose file it is, marks with a reason.

All of it stands in one file of the assignment, ``grading.toml``, which every regrade reads again and never writes.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from coursekit.messages import MESSAGES, KitError
from coursekit.records import EXACT, WrongField, from_fields
from crmkit.core.files import put

from .assignment import Assignment
from .lateness import Date, LatePolicy, Share
from .toml_file import read_toml

FILE = "grading.toml"
LONGEST = 200  # characters of what stands in the file that a message shows
EXAMPLE = Path(__file__).with_name("grading_example.toml")


@dataclass(frozen=True)
class Override:
    """A mark given by hand: a share of the question's weight, or of the whole where ``question`` is None."""

    __pydantic_config__ = EXACT

    student_id: str
    score: Share
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    question: str | None = None
    asked_by: str = ""  # for the log: who asked for it, and when
    asked: str = ""


@dataclass(frozen=True)
class StatementPolicy:
    """What it costs that the statement is not signed: a share of what was earned; nothing,
    unless the settings say so.
    """

    __pydantic_config__ = EXACT

    missing_costs: Share = 0.0


@dataclass(frozen=True)
class GradingFile:
    """grading.toml as it is written."""

    __pydantic_config__ = EXACT

    late: LatePolicy = LatePolicy()
    extensions: dict[str, Date] = field(default_factory=dict)  # student → a later date
    whose: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)  # team → the member whose hand-in counts
    statement: StatementPolicy = StatementPolicy()
    override: list[Override] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """What the file says, checked against the assignment and its questions."""

    late: LatePolicy = LatePolicy()
    due: datetime | None = None  # for everybody: the date given out, or that to which it was moved
    extensions: dict[str, datetime] = field(default_factory=dict)
    whose: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    statement: StatementPolicy = StatementPolicy()
    overrides: tuple[Override, ...] = ()


def read_settings(assignment: Assignment, questions: Collection[str]) -> Settings:
    """The settings of an assignment; a wrong one is refused by name, before anything is graded.

    Where there is no file yet, an example is laid in its place, of which every line is a comment.
    """
    path = assignment.folder / FILE
    if not path.exists():
        put(path, EXAMPLE.read_bytes())
        return Settings(due=given_out(assignment))
    said = _file_of(path)
    due = _due(assignment, said)
    extensions = {}
    for student, moment in said.extensions.items():
        _known_student(assignment, student, f"extensions.{student}")
        extensions[student] = _extension(assignment, student, moment, due)
    for label, student in said.whose.items():
        _known_student(assignment, student, f'whose."{label}"')
    for team, student in said.teams.items():
        _known_student(assignment, student, f'teams."{team}"')
        members = [one.student_id for one in assignment.variants.values() if one.team and one.team == team]
        if student not in members:
            allowed = ", ".join(members) or MESSAGES.say("grading_no_such_team", between=" ")
            raise KitError("grading_value", value=student, name=f'teams."{team}"', file=FILE, allowed=allowed)
    first: dict[tuple[str, str | None], int] = {}
    for number, override in enumerate(said.override):
        _known_student(assignment, override.student_id, _place(f"override.{number}.student_id"))
        if override.question is not None and override.question not in questions:
            raise KitError(
                "grading_value",
                value=override.question,
                name=_place(f"override.{number}.question"),
                file=FILE,
                allowed=", ".join(questions),
            )
        key = (override.student_id, override.question)
        if key in first:
            question = override.question or "—"
            raise KitError(
                "grading_override_twice",
                value=override.student_id,
                name=FILE,
                question=question,
                first=first[key] + 1,
                second=number + 1,
            )
        first[key] = number
    return Settings(said.late, due, extensions, said.whose, said.teams, said.statement, tuple(said.override))


def given_out(assignment: Assignment) -> datetime | None:
    """When the work is due as it was given out."""
    return datetime.fromisoformat(assignment.due) if assignment.due else None


def due_of_class(assignment: Assignment) -> datetime | None:
    """When the work is due for everybody: as it was given out, or as the settings have moved it since."""
    path = assignment.folder / FILE
    return _due(assignment, _file_of(path)) if path.exists() else given_out(assignment)


def _due(assignment: Assignment, said: GradingFile) -> datetime | None:
    """A date before the assignment was there is a mistake of typing."""
    given = given_out(assignment)
    if said.late.due is None:
        return given
    moved = datetime.fromisoformat(said.late.due)
    created = datetime.fromisoformat(assignment.created)
    if moved < min(created, given or created):
        raise KitError(
            "grading_due_early", value=said.late.due, name="late.due", file=FILE, created=assignment.created
        )
    return moved


def _extension(assignment: Assignment, student: str, said: str, due: datetime | None) -> datetime:
    """The later date of one student; one before it is due for everybody is a mistake of typing.

    Where everybody was given more time since, an earlier extension is none any more, and no mistake.
    """
    moment = datetime.fromisoformat(said)
    given = given_out(assignment)
    earliest = min((date for date in (due, given) if date), default=None)
    if earliest and moment < earliest:
        raise KitError(
            "grading_extension_early", value=said, name=FILE, student=student, due=earliest.isoformat()
        )
    return moment


def _file_of(path: Path) -> GradingFile:
    """The file as it is written. Errors: KitError with what is wrong in it."""
    raw = read_toml(path)
    try:
        return _read(raw)
    except KitError:
        raise
    except (ValueError, RecursionError) as problem:
        raise KitError("grading_toml", value=str(path), why=str(problem)[:LONGEST]) from None


def _read(raw: dict) -> GradingFile:
    try:
        return from_fields(GradingFile, raw)
    except WrongField as wrong:
        place = _place(wrong.field)
        if wrong.unknown:
            allowed = ", ".join(_keys_beside(wrong.field))
            raise KitError("grading_key", value=place, name=FILE, allowed=allowed) from None
        allowed = wrong.allowed
        if wrong.field == "override" and isinstance(wrong.value, dict):
            allowed = MESSAGES.say("grading_two_brackets", between=" ")
        shown = str(wrong.value)[:LONGEST]
        raise KitError("grading_value", value=shown, name=place, file=FILE, allowed=allowed) from None


def _place(name: str) -> str:
    """Where in the file a field stands, its overrides counted from 1.

    >>> _place("override.0.score"), _place("late.per_day")
    ('[[override]] 1: score', 'late.per_day')
    """
    return re.sub(r"^override\.(\d+)\.", lambda found: f"[[override]] {int(found[1]) + 1}: ", name)


def _keys_beside(name: str) -> list[str]:
    """What may stand in the same table as a key that is not known, the likeliest first."""
    *table, key = name.split(".")
    kind = {"late": LatePolicy, "statement": StatementPolicy, "override": Override}.get(
        table[0] if table else "", GradingFile
    )
    known = sorted(one.name for one in fields(kind))
    return sorted(known, key=lambda other: -SequenceMatcher(None, key, other).ratio())


def _known_student(assignment: Assignment, student: str, name: str) -> None:
    if student not in assignment.variants:
        raise KitError("grading_student", value=student, name=name, count=len(assignment.variants))
