"""The tables of a grading: our own gradebook, those that Moodle and Canvas take in, and everything to be looked at."""

from pathlib import Path

from coursekit.lessons.exercise import Exercise
from coursekit.messages import MESSAGES
from coursekit.teach.handed_in.dating import BY_ARCHIVE, WITHIN, both_times
from coursekit.teach.handed_in.identity import Naming
from coursekit.teach.tables import capped, write_csv
from crmkit.core.errors import CrmkitError

from .graded import DEFAULT_SEED, IN_ORDER, Graded, Grading
from .marking import OWN_SEED_ONLY
from .own_roster import with_marks

HEAD_OF_GRADES = ("student_id", "name", "total")
REST_OF_GRADES = (
    "to_read",
    "late_minutes",
    "late_factor",
    "state",
    "flags",
    "by_hand",
    "file",
    "sandbox",
    "section",
    "team",
    "signed_by",
    "ai_use",
)
MOODLE = ("Identifier", "Full name", "ID number", "Grade", "Maximum grade", "Feedback comments")
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
PROBLEMS = ("what", "file", "student_id", "detail", "meaning")
COPYING = "copying.csv"
COPIES = ("student_id", "like", "weight_of_all", "question", "detail", "weight", "meaning")
PLATFORM_POINTS = 100
TYPED_IN = ("literal", "own_data_only", "partly_typed")  # what a second run may tell of an answer
SHOWN_CODE = 200  # characters of code that was left out


def write_gradebooks(out: Path, grading: Grading) -> list[str]:
    """grades.csv, grades_moodle.csv, grades_canvas.csv, problems.csv and the rosters; says what became of those."""
    write_grades(out, grading)
    _problems(out / "problems.csv", grading)
    _copies(out / COPYING, grading)
    return _rosters(out, grading)


def write_grades(out: Path, grading: Grading) -> None:
    """grades.csv, grades_moodle.csv and grades_canvas.csv."""
    _grades(out / "grades.csv", grading)
    _moodle(out / "grades_moodle.csv", grading)
    _canvas(out / "grades_canvas.csv", grading)


def _rosters(out: Path, grading: Grading) -> list[str]:
    """Every roster as it was given, with one column of marks."""
    marks = {student: _points(mine) for student, mine in grading.graded.items()}
    said = []
    for roster, sheet in grading.about.rosters_kept:
        try:
            heading = _heading(grading)
            path = with_marks(roster, sheet, out, heading=heading, marks=marks, possible=PLATFORM_POINTS)
            said.append(MESSAGES.say("grade_roster_back", file=path))
        except (CrmkitError, OSError, ValueError) as problem:  # marks do not fail for a list that was changed
            said.append(MESSAGES.say("grade_roster_kept", file=roster.name, why=problem))
    return said


def _heading(grading: Grading) -> str:
    """The assignment's name; in both languages that it is provisional where texts are still to be read."""
    heading = grading.about.assignment
    if any(mine.to_read for mine in grading.graded.values()):
        return f"{heading} ({' '.join(MESSAGES.pair('grade_provisional'))})"
    return heading


def _grades(path: Path, grading: Grading) -> None:
    questions = list(grading.exercise.questions)
    rows = []
    for student, mine in grading.graded.items():
        scores = {one.question: one.score for one in mine.questions}
        by_hand = [f"{reason['question'] or 'total'}: {reason['reason']}" for reason in mine.reasons]
        rows.append(
            [
                student,
                grading.about.variants[student].name,
                "" if mine.total is None else f"{mine.total:.9g}",
                *(scores.get(question) for question in questions),
                int(mine.to_read),
                mine.late_minutes,
                mine.late_factor,
                mine.state,
                " ".join(mine.flags),
                "; ".join(by_hand),
                mine.file,
                grading.tier,
                grading.about.variants[student].section,
                grading.about.variants[student].team,
                mine.statement.get("name", ""),
                mine.statement.get("ai_use", ""),
            ]
        )
    write_csv(path, [*HEAD_OF_GRADES, *questions, *REST_OF_GRADES], rows)


def _moodle(path: Path, grading: Grading) -> None:
    rows = []
    for student, mine in grading.graded.items():
        variant = grading.about.variants[student]
        lang = "zh" if variant.language == "both" else variant.language
        reasons = [f"{one.question}: {one.reason[lang]}" for one in mine.questions]
        if mine.to_read:
            reasons.insert(0, getattr(MESSAGES.pair("grade_provisional"), lang))
        rows.append(
            [
                variant.platform.get("moodle_id", ""),
                variant.name,
                student,
                _points(mine),
                PLATFORM_POINTS,
                "; ".join(reasons),
            ]
        )
    write_csv(path, MOODLE, rows)


def _canvas(path: Path, grading: Grading) -> None:
    rows: list[list] = [["    Points Possible", "", "", "", "", PLATFORM_POINTS]]
    for student, mine in grading.graded.items():
        variant = grading.about.variants[student]
        rows.append(
            [variant.name, variant.platform.get("canvas_id", ""), student, "", variant.section, _points(mine)]
        )
    # Canvas makes a column of its own of another heading
    write_csv(path, [*CANVAS, _heading(grading)], rows)


def _points(mine: Graded) -> float | str:
    return "" if mine.total is None else round(PLATFORM_POINTS * mine.total, 2)


def _copies(path: Path, grading: Grading) -> None:
    """What speaks for copying, pair by pair: for the instructor alone."""
    if not grading.copies:
        path.unlink(missing_ok=True)
        return
    rows: list[list] = []
    for copy in grading.copies:
        for one in copy.evidence:
            zh, en = MESSAGES.pair(f"copied_{one.kind}")
            rows.append(
                [
                    copy.student_id,
                    copy.key_of,
                    copy.weight,
                    one.question,
                    one.detail,
                    one.weight,
                    f"{zh} {en}",
                ]
            )
    write_csv(path, COPIES, rows)


# --- what a person should look at -------------------------------------------------------------------------------------


def _problems(path: Path, grading: Grading) -> None:
    """Everything that a person should look at, one line each."""
    naming = Naming.of(grading.handed_in, grading.about)
    unused: list[list] = [["refused", label, "", reason] for label, reason in grading.intake.refused]
    for submission in grading.handed_in:
        if not submission.student:
            evidence = [f"{kind}: {', '.join(who)}" for kind, who in submission.evidence.items() if who]
            unused.append([" ".join(submission.flags), submission.found.label, "", "; ".join(evidence)])
    rows = capped(unused, lambda row: _whose_lot(row[1], naming), more_of_these)
    for mine in grading.graded.values():
        rows += capped(_problems_of(mine, grading.exercise), lambda _: mine.student_id, more_of_these)  # noqa: B023 - called at once
    for copy in grading.copies:
        what = "answers_alike" if copy.both_ways else "answers_of_another"
        for student in copy.looked_at:
            other = copy.key_of if student == copy.student_id else copy.student_id
            detail = f"{other}: {', '.join(copy.questions)}"
            rows.append([what, grading.graded[student].file, student, detail])
    for tier, what in grading.tried.items():
        rows.append(["sandbox", "", "", f"{tier}: {what}"])
    for student, detail in grading.accommodations.wrong.items():
        rows.append(["accommodation_unreadable", "", student, detail])
    for student in sorted(grading.accommodations.granted.keys() - grading.about.variants.keys()):
        rows.append(["accommodation_of_nobody", "", student, ""])
    rows += [["whose_names_none", named, "", ""] for named in grading.whose.none]
    rows += [
        ["whose_names_several", named, "", ", ".join(meant)] for named, meant in grading.whose.several.items()
    ]
    write_csv(path, PROBLEMS, [[*row, in_words(row)] for row in rows])


def more_of_these(lot: str, count: int) -> list:
    return ["more_of_these", lot, "", count]


def _whose_lot(label: str, naming: Naming) -> str:
    """The student whom a path names, or else the folder that the file lies in."""
    named = naming.named(label).certain
    return named[0] if named else label.rpartition("/")[0] or label


def in_words(row: list) -> str:
    """What a line means, in both languages; codes that need none have none."""
    what, _, _, detail = row
    said = []
    for code in (detail,) if what == "refused" else what.split():
        if f"problem_{code}" in MESSAGES:
            said.append(MESSAGES.pair(f"problem_{code}"))
    return " ".join(f"{zh} {en}" for zh, en in said)


def _problems_of(mine: Graded, exercise: Exercise) -> list[list]:
    """The lines of one student."""
    found = [[flag, ""] for flag in mine.flags if flag not in ("left_out", DEFAULT_SEED, BY_ARCHIVE, WITHIN)]
    if mine.dated in mine.flags:
        found.append([mine.dated, both_times(mine.file, mine.when, mine.other_when, mine.dated)])
    if DEFAULT_SEED in mine.flags:
        found.append([DEFAULT_SEED, f"seed = {exercise.default_seed}: {', '.join(mine.on_default)}"])
    found += [["left_out", code[:SHOWN_CODE]] for code in mine.left_out]
    found += list(mine.failed.items())
    if mine.state == "nothing":
        found.append(["nothing_handed_in", ""])
    if mine.state not in IN_ORDER:
        errors = [f"{error['name']}: {error['text']}" for error in mine.errors[:3]]
        found.append([mine.state, "; ".join(errors)])
    rows: list[list] = [[what, mine.file, mine.student_id, detail] for what, detail in found]
    if mine.shared_from is None:  # of a team's files, once
        rows += [["earlier_file", other, mine.student_id, ""] for other in mine.others]
        rows += [["team_files_differ", other, mine.student_id, mine.file] for other in mine.differing]
    counting = [one for one in mine.questions if not one.exempt]
    silent = [one.question for one in counting if one.second == OWN_SEED_ONLY]
    if silent:
        rows.append(["answered_for_own_seed_only", mine.file, mine.student_id, ", ".join(silent)])
    by_default = mine.on_default if DEFAULT_SEED in mine.flags else []  # these were computed, on other data
    typed_in = [one.question for one in counting if one.second in TYPED_IN and one.question not in by_default]
    if typed_in:
        rows.append(["typed_in_literals", mine.file, mine.student_id, ", ".join(typed_in)])
    return rows
