"""`marks`: the results of several assignments → one total for every student, with grades."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import clean_text
from coursekit.teach.assign.roster import POWER_OF_TEN
from coursekit.teach.results import in_use
from coursekit.teach.tables import write_csv

from .rules import FILE as RULES
from .rules import MarkRules, grade_of, read_rules

GRADES, MARKS, PROBLEMS = "grades.csv", "marks.csv", "problems.csv"
NEEDED = ("student_id", "total", "to_read")
NOTHING = "nothing"  # the state of who handed in nothing
EXEMPT = "exempt_from_all"  # the flag of who is exempt from every question
LONGEST = 60  # characters of a cell that a message shows


@dataclass(frozen=True)
class OneMark:
    """What a student has in one assignment: a share of 1, or None; and why it is not the last word, if it is not.

    ``counts`` is False where no question of the assignment counts for this student.
    """

    share: float | None
    provisional: str = ""  # to_read, ungraded, unreadable, twice
    counts: bool = True


@dataclass
class Marked:
    """A student over all assignments."""

    student_id: str
    name: str = ""
    section: str = ""
    marks: dict[str, OneMark] = field(default_factory=dict)


@dataclass
class Marks:
    """All students, and the lines that could not be read: assignment, line, what stands there."""

    students: dict[str, Marked] = field(default_factory=dict)
    wrong: list[tuple[str, int, str, str]] = field(default_factory=list)

    @property
    def wants_an_eye(self) -> bool:
        return bool(self.wrong)


def marks(graded: Sequence[Path], *, out: Path, say: Callable[[str], None] = print) -> Marks:
    """Total the results folders of `grade` by the rules in ``out``;
    a line that cannot be read is named and counts as none.
    """
    assignments = called(graded)
    _require_own_folder(out)
    found = Marks()
    for assignment, folder in assignments.items():
        read_grades(folder, assignment, found)
    _require_one_id_each(found)
    with in_use(out):
        rules = read_rules(out, assignments)
        _write(out, found, list(assignments), rules)
    say(MESSAGES.say("marks_done", count=len(found.students), all=len(assignments), file=out / MARKS))
    for line in _not_given(found, list(assignments), rules):
        say(line)
    if found.wrong:
        say(MESSAGES.say("marks_wrong", count=len(found.wrong), file=out / PROBLEMS))
    return found


def _not_given(found: Marks, assignments: list[str], rules: MarkRules) -> list[str]:
    """Who is not on the list of every assignment, and what that does to the totals."""
    absent = {name: sum(name not in one.marks for one in found.students.values()) for name in assignments}
    which = ", ".join(f"{name} {count}" for name, count in absent.items() if count)
    return [MESSAGES.say(f"marks_not_given_{rules.not_given}", which=which, file=RULES)] if which else []


def called(folders: Sequence[Path]) -> dict[str, Path]:
    """Each folder by its name, and by its whole path where another is called so too. Errors:
    KitError for one named twice.
    """
    places = [folder.resolve() for folder in folders]
    for place in places:
        if places.count(place) > 1:
            raise KitError("marks_twice", value=str(place))
    names = [place.name for place in places]
    by_name = {}
    for folder, name in zip(folders, names):
        by_name[name if names.count(name) == 1 else folder.as_posix()] = folder
    return by_name


def _require_own_folder(out: Path) -> None:
    """Errors: KitError where another command's results lie in ``out``, whose problems.csv would be lost."""
    there = out.resolve()
    theirs = [name for name in (GRADES, PROBLEMS) if (there / name).exists()]
    own = GRADES not in theirs and (there / MARKS).exists()
    if theirs and not own:
        raise KitError("marks_out_taken", value=str(out), file=theirs[0])


def read_grades(folder: Path, assignment: str, found: Marks) -> None:
    """The marks of one assignment. Errors: KitError where the folder holds no gradebook."""
    path = folder / GRADES
    try:
        text = clean_text(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise KitError("marks_no_grades", value=str(path), why=type(problem).__name__) from None
    rows = csv.DictReader(io.StringIO(text))
    absent = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if absent:
        raise KitError("marks_no_grades", value=str(path), why=", ".join(absent))
    seen = set()
    for row in rows:
        student = (row["student_id"] or "").strip()
        if not student:
            continue
        if POWER_OF_TEN.fullmatch(student):
            raise KitError("marks_lost_figures", value=student[:LONGEST], file=str(path), row=rows.line_num)
        mine = found.students.setdefault(student, Marked(student))
        mine.name = mine.name or row.get("name") or ""
        mine.section = mine.section or row.get("section") or ""
        if student in seen:
            mine.marks[assignment] = replace(mine.marks[assignment], provisional="twice")
            found.wrong.append((assignment, rows.line_num, student, MESSAGES.say("marks_twice", between=" ")))
            continue
        seen.add(student)
        mine.marks[assignment], wrong = _mark(row)
        if wrong:
            found.wrong.append((assignment, rows.line_num, student, wrong))


def _require_one_id_each(found: Marks) -> None:
    """Errors: KitError where an id is another one's but for the zeros that a spreadsheet drops,
    and both are called alike.
    """
    by_number: dict[tuple[int, str], Marked] = {}
    for mine in found.students.values():
        if not (mine.student_id.isascii() and mine.student_id.isdigit()):
            continue
        other = by_number.setdefault((int(mine.student_id), mine.name), mine)
        if other is not mine and not mine.marks.keys() & other.marks.keys():
            raise KitError(
                "marks_spoilt_id",
                value=mine.student_id,
                other=other.student_id,
                name=mine.name or "—",
                file=next(iter(mine.marks)),
                there=next(iter(other.marks)),
            )


def _mark(row: dict) -> tuple[OneMark, str]:
    """The mark of a line; and what is wrong with the line, if anything is."""
    said = (row["total"] or "").strip()
    state = (row.get("state") or "").strip()
    share = _share(said)
    if said and share is None:
        return OneMark(None, "unreadable"), f"{said[:LONGEST]} ≠ 0 … 1"
    if share is None and EXEMPT in (row.get("flags") or "").split():
        return OneMark(None, counts=False), ""
    handed_in = state not in ("", NOTHING) or (row.get("file") or "").strip()
    if share is None and handed_in:
        return OneMark(None, "ungraded"), MESSAGES.say("marks_without", between=" ", state=state)
    return OneMark(share, "" if row["to_read"] == "0" else "to_read"), ""


def _share(said: str) -> float | None:
    try:
        share = float(said)
    except ValueError:
        return None
    return share if isfinite(share) and 0 <= share <= 1 else None


@dataclass(frozen=True)
class Total:
    """The weighted mean in points of 100, None where nothing counts; and the assignments that were dropped."""

    points: float | None
    dropped: list[str]


def is_missing(one: OneMark | None, rules: MarkRules) -> bool:
    """Whether a mark is not there that should be; who is on no line of a gradebook was not given that assignment."""
    if one is None:
        return rules.not_given == "zero"
    return one.share is None and one.counts


def total_of(mine: Marked, assignments: Sequence[str], rules: MarkRules) -> Total:
    """The lowest are dropped by their points, of equal ones the earliest; one always stays."""
    shares: dict[str, float] = {}
    for assignment in assignments:
        one = mine.marks.get(assignment)
        if one is not None and one.share is not None:
            shares[assignment] = one.share
        elif is_missing(one, rules) and (one is None or rules.missing == "zero"):
            shares[assignment] = 0.0
    counted = [name for name in shares if rules.weight(name) > 0]
    lowest_first = sorted(counted, key=lambda name: shares[name])
    dropped = lowest_first[: min(rules.drop_lowest, max(0, len(counted) - 1))]
    kept = [name for name in counted if name not in dropped]
    weights = sum(rules.weight(name) for name in kept)
    if not weights:
        return Total(None, dropped)
    earned = sum(rules.weight(name) * shares[name] for name in kept)
    return Total(100 * earned / weights, dropped)


def _provisional(mine: Marked, assignments: Sequence[str], rules: MarkRules) -> str:
    """Why the total may still change, in both languages; a mark that is dropped now may be the better one then."""
    because: dict[str, list[str]] = {}
    for name in assignments:
        one = mine.marks.get(name)
        if one is not None and one.provisional and rules.weight(name) > 0:
            because.setdefault(one.provisional, []).append(name)
    said = []
    for reason, names in because.items():
        said.append(" ".join(MESSAGES.pair(f"marks_provisional_{reason}", which=", ".join(names))))
    return "; ".join(said)


def _write(out: Path, found: Marks, assignments: list[str], rules: MarkRules) -> None:
    head = [
        "student_id",
        "name",
        "section",
        *assignments,
        "dropped",
        "missing",
        "total",
        "five_grade",
        "letter",
    ]
    rows: list[list] = []
    for mine in found.students.values():
        total = total_of(mine, assignments, rules)
        points = None if total.points is None else rules.rounded(total.points)
        given = [mine.marks.get(name) for name in assignments]
        rows.append(
            [
                mine.student_id,
                mine.name,
                mine.section,
                *("" if one is None or one.share is None else 100 * one.share for one in given),
                " ".join(total.dropped),
                sum(is_missing(one, rules) for one in given),
                "" if points is None else str(points),
                "" if points is None else grade_of(points, rules.five),
                "" if points is None else grade_of(points, rules.letters),
                _provisional(mine, assignments, rules),
            ]
        )
    write_csv(out / MARKS, [*head, "provisional"], rows)
    write_csv(out / PROBLEMS, ["assignment", "line", "student_id", "detail"], found.wrong)
