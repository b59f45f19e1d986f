"""`grade`: what a platform handed back → marks, feedback, gradebooks and a class report.

Three kinds of process: this one, which holds the secret and never runs a student's code; the right answers, worked out
from the pack in a process of their own; and the warm processes behind the wall, which hold no answer.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean

from coursekit.lessons.exercise import FILES, Exercise, SolutionError, load_exercise
from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.probes import choose
from coursekit.sandbox.protocol import Limits, Outcome
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.identity import Submission, identify, newest
from coursekit.teach.handed_in.intake import take_in
from coursekit.teach.results import Journal
from crmkit.display.numbers import percent

from . import marking, marking_sheet
from .cells_to_run import Prepared, prepared_cells
from .changes import differences
from .class_report import write_class_report
from .copying import copying
from .feedback import write_feedback
from .gradebooks import write_gradebooks
from .graded import Graded, Grading, restored, stored
from .right_answers import RightAnswers, pack_files
from .running import Run, run_all
from .settings import Settings, read_settings

OWN, HIDDEN = "own", "hidden"  # the seed of the notebook, and the second one that no notebook holds


def grade(
    submissions: Path,
    *,
    assignment: Path,
    out: Path,
    jobs: int = 2,
    only: Collection[str] | None = None,
    trust: bool = False,
    second_seed: bool = False,
    limits: Limits = Limits(),
    say: Callable[[str], None] = print,
) -> dict[str, Graded]:
    """Grade everything that was handed in; a second call does only what has changed, and says what that was."""
    about = Assignment.read(assignment)
    exercise = load_exercise(about.pack)
    settings = read_settings(about, exercise.questions)
    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    for student in only or ():
        if student not in about.variants:
            raise KitError("grading_student", value=student, name="--only", count=len(about.variants))
    tier, tried = chosen_wall(trust=trust)
    say(MESSAGES.say("grade_wall" if tier != "trust" else "grade_no_wall_trusted", tier=tier))
    intake = take_in(submissions)
    handed_in = identify(intake.found, about, settings.whose)
    chosen, graded = choose_newest(handed_in, about, only)
    journal = Journal(out / "journal.sqlite")
    rights = RightAnswers(about, exercise, journal)
    try:
        before = restored(journal.marks(), out / "journal.sqlite")
        prepared = {
            student: prepare(submission, about, exercise, student, second_seed=second_seed)
            for student, submission in chosen.items()
        }
        for student in chosen:
            for which in prepared[student]:
                rights.begin(seed_of(about, student, which), about.variants[student].language)
        outcomes = run_all(
            [
                Run(student, which, cells.cells)
                for student, both in prepared.items()
                for which, cells in both.items()
            ],
            journal,
            tier=tier,
            jobs=jobs,
            limits=limits,
            files=about.pack.parent / FILES,
            depends_on=pack_files(about),
            shown=say is print,
        )
        for student, submission in chosen.items():
            mine = graded[student]
            note_run(mine, prepared[student][OWN], outcomes[student, OWN])
            mark_one(mine, about, exercise, outcomes, rights)
            note_lateness(mine, submission, about, settings)
        marking_sheet.merge_marking_sheet(out, graded)
        for student, mine in graded.items():
            total(mine, [o for o in settings.overrides if o.student_id == student], exercise.questions)
        if only:  # the others keep what they had
            for student in about.variants:
                if student not in only:
                    graded[student] = before.get(student, Graded(student))
        journal.keep_marks(stored(graded))
        grading = Grading(
            about=about,
            exercise=exercise,
            graded=graded,
            intake=intake,
            handed_in=handed_in,
            tier=tier,
            tried=tried,
        )
        for line in [*differences(before, graded), *write_all(out, grading)]:
            say(line)
    except SolutionError as problem:
        raise KitError("pack_fails", value=about.pack.name, pack=about.pack, why=str(problem)) from None
    finally:
        rights.close()
        journal.close()
    return graded


def chosen_wall(*, trust: bool) -> tuple[str, dict[str, str]]:
    """The wall that is used, and what became of each that was tried; KitError where none holds and none is waived."""
    tier, tried = choose(trust=trust)
    if tier is None:
        why = "; ".join(f"{name}: {what}" for name, what in tried.items())
        raise KitError(
            "no_wall",
            value=", ".join(tried) or "—",
            why=why or MESSAGES.say("grade_no_bubblewrap", between=" "),
        )
    return tier, tried


def choose_newest(
    handed_in: list[Submission], about: Assignment, only: Collection[str] | None
) -> tuple[dict[str, Submission], dict[str, Graded]]:
    """The newest readable submission of each student; the others are listed with it."""
    theirs = defaultdict(list)
    for submission in handed_in:
        if submission.student and (not only or submission.student in only):
            theirs[submission.student].append(submission)
    graded = {student: Graded(student) for student in about.variants}
    chosen = {}
    for student, all_of_them in theirs.items():
        first, *rest = newest(all_of_them)
        mine = graded[student]
        mine.file = first.found.label
        mine.flags = list(first.flags)
        mine.when = first.when.isoformat() if first.when else None
        mine.others = [submission.found.label for submission in rest]
        if first.notebook is None:
            mine.state = "unreadable"
            mine.flags.append(f"unreadable_{first.problem}")
            continue
        if any(submission.notebook is None for submission in rest):
            mine.flags.append("newer_unreadable")
        chosen[student] = first
    return chosen, graded


# --- one student ------------------------------------------------------------------------------------------------------


def seed_of(about: Assignment, student: str, which: str) -> int:
    return about.seed(student) if which == OWN else about.hidden_seed(student)


def prepare(
    submission: Submission, about: Assignment, exercise: Exercise, student: str, *, second_seed: bool
) -> dict[str, Prepared]:
    """The student's cells as they are run: under the own seed, and under the hidden one where that is asked."""
    return {
        which: prepared_cells(
            submission.notebook,
            exercise.lesson,
            seed=seed_of(about, student, which),
            lang=about.variants[student].language,
        )
        for which in ((OWN, HIDDEN) if second_seed else (OWN,))
    }


def note_run(mine: Graded, prepared: Prepared, outcome: Outcome) -> None:
    """How the notebook ran; its errors under the numbers that its cells have for the student."""
    mine.left_out = prepared.left_out
    if prepared.left_out:
        mine.flags.append("left_out")
    if outcome.way == "kernel":
        mine.flags.append("ran_in_kernel")
    mine.state = outcome.state
    mine.cpu_seconds = round(outcome.cpu_seconds, 3)
    mine.errors = [{**error, "cell": prepared.number(error["cell"])} for error in outcome.errors]


def mark_one(
    mine: Graded,
    about: Assignment,
    exercise: Exercise,
    outcomes: dict[tuple[str, str], Outcome],
    rights: RightAnswers,
) -> None:
    """What the answers of one student earn."""
    student = mine.student_id
    variant = about.variants[student]
    questions = exercise.questions
    second = None
    if (student, HIDDEN) in outcomes:
        again = marking.admitted(questions, outcomes[student, HIDDEN].sheet)
        second = (again, rights.of(about.hidden_seed(student), {}, variant.language))
    mine.questions = marking.mark(
        questions,
        marking.admitted(questions, outcomes[student, OWN].sheet),
        lambda given: rights.of(variant.seed, given, variant.language),
        second,
    )


def note_lateness(mine: Graded, submission: Submission, about: Assignment, settings: Settings) -> None:
    due = settings.extensions.get(mine.student_id)
    if due is None and about.due:
        due = datetime.fromisoformat(about.due)
    mine.late_factor, late = settings.late.factor(submission.when, due)
    mine.late_minutes = round(late / timedelta(minutes=1), 1)
    if late:
        mine.flags.append("late")


def total(mine: Graded, overrides: list, questions: dict[str, dict]) -> None:
    """The share of all points: what the questions earned, then marks by hand, then lateness."""
    whole = None
    for override in overrides:
        mine.reasons.append(
            {"question": override.question, "score": override.score, "reason": override.reason}
        )
        if override.question is None:
            whole = override.score
            continue
        if not mine.questions:  # nothing that could be run: what the instructor saw of it counts all the same
            nothing = dict.fromkeys(questions, ("missing", None))
            mine.questions = marking.mark(questions, nothing, lambda given: dict.fromkeys(questions))
        for one in mine.questions:
            if one.question == override.question:
                one.score = override.score
                one.code = "by_hand"
                one.reason = {"zh": override.reason, "en": override.reason}
    weights = sum(one.weight for one in mine.questions)
    mine.to_read = any(one.score is None for one in mine.questions)
    if weights:
        earned = sum(one.weight * (one.score or 0) for one in mine.questions)
        mine.total = round(mine.late_factor * earned / weights, 6)
    if whole is not None:
        mine.total = whole


# --- what is written --------------------------------------------------------------------------------------------------


def write_all(out: Path, grading: Grading) -> list[str]:
    """Everything below ``out``; gives the lines that the command says at the end."""
    graded = grading.graded
    copies = copying(
        {student: mine.questions for student, mine in graded.items() if mine.questions},
        grading.exercise.questions,
    )
    for copy in copies:
        flag = "probable_copying" if len(copy.questions) > 1 else "possible_copying"
        graded[copy.student_id].flags.append(flag)
    write_gradebooks(out, grading, copies)
    for mine in graded.values():
        if mine.questions or mine.file:
            write_feedback(out, grading.about, grading.exercise, mine)
    write_class_report(out, grading, copies)
    to_read = marking_sheet.write_marking_sheet(out, grading)
    totals = [mine.total for mine in graded.values() if mine.total is not None]
    mean = percent(fmean(totals)) if totals else "—"
    lines = [MESSAGES.say("grade_done", graded=len(totals), all=len(graded), folder=out, mean=mean)]
    unclear = sum(not submission.student for submission in grading.handed_in) + len(grading.intake.refused)
    if unclear:
        lines.append(MESSAGES.say("grade_unclear", count=unclear, file=out / "problems.csv"))
    if copies:
        lines.append(MESSAGES.say("grade_copies", count=len(copies), file=out / "problems.csv"))
    if to_read:
        lines.append(MESSAGES.say("grade_to_read", count=to_read, file=out / marking_sheet.FILE))
    return lines
