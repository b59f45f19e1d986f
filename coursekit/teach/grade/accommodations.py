"""What a student is granted once for every assignment: more time, or a question that does not count.

It stands in one file for all assignments, ``accommodations.toml`` beside their folders, a table for each student. It is
nobody's business but the instructor's: no page of the class shows any of it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from coursekit.records import EXACT, WrongField, from_fields
from coursekit.sandbox.cleaning import clean_text
from coursekit.teach.assign.lateness import Days, Minutes
from coursekit.teach.assign.toml_file import read_toml

FILE = "accommodations.toml"
LONGEST = 200  # characters of what stands in the file that a message shows


@dataclass(frozen=True)
class Accommodation:
    """What one student is granted. ``exempt``: questions, as ``question`` or ``exercise/question``."""

    __pydantic_config__ = EXACT

    extra_days: Days = 0
    extra_minutes: Minutes = 0
    exempt: list[str] = field(default_factory=list)

    @property
    def extra(self) -> timedelta:
        return timedelta(days=self.extra_days, minutes=self.extra_minutes)


@dataclass(frozen=True)
class Accommodations:
    """Student → what is granted; and the tables that could not be read, each with the line and what was allowed."""

    granted: dict[str, Accommodation] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def due(self, student: str, due: datetime | None) -> datetime | None:
        """When it is due for this student, later by what is granted."""
        mine = self.granted.get(student)
        return due + mine.extra if due and mine else due

    def exempt(self, student: str, exercise: str) -> set[str]:
        """The questions of an exercise that do not count for this student."""
        mine = self.granted.get(student)
        if mine is None:
            return set()
        return {named.removeprefix(f"{exercise}/") for named in mine.exempt}


def read_accommodations(path: Path | None, assignment: Path) -> Accommodations:
    """The file that is named, else the one beside the assignment's folder, if there is one.

    A student's table that cannot be read is listed and holds nobody up. Errors: KitError where the file is no TOML.
    """
    if path is None:
        path = assignment.resolve().parent / FILE
        if not path.exists():
            return Accommodations()
    raw = read_toml(path)
    text = path.read_text(encoding="utf-8-sig")
    read = Accommodations()
    for student, fields in raw.items():
        try:
            read.granted[student] = from_fields(Accommodation, fields)
        except (ValueError, RecursionError) as problem:  # a WrongField, or what no table of ours holds
            read.wrong[student] = f"{path.name}:{_line_of(text, student)}: {_said(student, problem)}"
    return read


def _said(student: str, problem: Exception) -> str:
    if not isinstance(problem, WrongField):
        return clean_text(f"{student}: {problem}"[:LONGEST])
    place = ".".join(part for part in (student, problem.field) if part)
    return clean_text(f"{place} = {str(problem.value)[:LONGEST]}: {problem.allowed}")


def _line_of(text: str, student: str) -> int:
    """The line that names a student; 1 where it is written in a way that does not show."""
    named = re.compile(rf"^\s*\[?\s*[\"']?{re.escape(student)}[\"']?\s*[\].=]")
    for number, line in enumerate(text.splitlines(), 1):
        if named.match(line):
            return number
    return 1
