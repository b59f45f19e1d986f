"""`grade`: what a platform handed back → marks, feedback, gradebooks and a class report.

Three kinds of process: this one, which holds the secret and never runs a student's code; the right answers, worked out
from the pack in a process of their own; and the warm processes behind the wall, which hold no answer.
"""

import errno
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import fmean

from coursekit.lessons.exercise import FILES, Exercise, load_exercise
from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import clean_text
from coursekit.sandbox.probes import chosen_wall
from coursekit.sandbox.protocol import Limits, Outcome
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import FILE as SETTINGS
from coursekit.teach.assign.settings import Settings, given_out, read_settings
from coursekit.teach.handed_in.identity import (
    Submission,
    identify,
    newest,
    plain,
    rules,
)
from coursekit.teach.handed_in.intake import take_in
from coursekit.teach.handed_in.notebook import NOTEBOOK
from coursekit.teach.pages import UNPRINTABLE
from coursekit.teach.results import Journal, in_use
from crmkit.answers.statement import is_signed, statement_in
from crmkit.display.numbers import percent

from . import marking, marking_screen, marking_sheet
from .accommodations import Accommodations, read_accommodations
from .appeals import log_changes
from .cells_to_run import Prepared, prepared_cells
from .changes import differences
from .choosing import MOST_PLACES, begun, choose_newest, note_unclear
from .class_report import write_class_report
from .copying import Copy, copying
from .default_seed import note_default_seed
from .feedback import pack_feedback, write_feedback
from .gradebooks import COPYING, write_gradebooks
from .graded import WITHOUT_MARKS, Graded, Grading, Result, restored, stored
from .kept import keep_what_was, notebooks_kept, still_theirs, where_they_lay
from .nothing_lost import list_what_lies_beside
from .right_answers import NoRight, RightAnswers, pack_files
from .running import Run, run_all
from .sections import write_sections
from .settling import MOST_APART, Try, settled
from .teams import share_with_teams, what_it_does

NO_RIGHT = "no_right_answer"
NO_HIDDEN = "hidden_seed_fails"
HANDED_OUT = ("students", "zips")  # folders of an assignment
# the seed of the notebook, and two more that no notebook holds
OWN, HIDDEN, THIRD = "own", "hidden", "hidden again"
DIGITS = 9  # of a total: half a point more or less is never a matter of these
LONGEST_WHY = 300  # characters of what an error says
# what a system refuses to everybody alike
OF_THE_FOLDER = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS, errno.EACCES, errno.EPERM)


def grade(
    submissions: Path,
    *,
    assignment: Path,
    out: Path,
    jobs: int = 2,
    only: Collection[str] | None = None,
    trust: bool = False,
    second_seed: bool = False,
    release: bool = False,
    by_section: bool = False,
    accommodations: Path | None = None,
    limits: Limits = Limits(),
    say: Callable[[str], None] = print,
) -> Result:
    """Grade everything that was handed in; a second call does only what has changed, and says what that was.

    Whatever fails on one submission is told with its student, and the others are graded.
    """
    about = Assignment.read(assignment)
    exercise = load_exercise(about.pack)
    settings = read_settings(about, exercise.questions)
    granted = read_accommodations(accommodations, assignment)
    if release:
        require_over(about, settings, granted)
    require_handed_in(submissions, assignment)
    if out.resolve() == assignment.resolve():
        raise KitError("grade_out", value=str(out))
    for student in only or ():
        if student not in about.variants:
            raise KitError("grading_student", value=student, name="--only", count=len(about.variants))
    # one hand-in counts for a whole team, so that nobody of it is graded alone
    only = {member for student in only for member in about.together(student)} if only else None
    tier, tried = chosen_wall(error="no_wall", trust=trust)
    say(MESSAGES.say("grade_wall" if tier != "trust" else "grade_no_wall_trusted", tier=tier))
    for line in [*moved_due(about, settings), *not_checked(exercise, second_seed=second_seed)]:
        say(line)
    with in_use(out):
        intake = take_in(submissions, zone=settings.late.zone, out=out)
        if not (intake.found or intake.refused or intake.beside):
            raise KitError("submissions_empty", value=str(submissions), allowed=NOTEBOOK)
        whose = rules(settings.whose, intake.found)
        journal = Journal(out / "journal.sqlite")
        rights = RightAnswers(about, exercise, journal)
        try:
            before = restored(journal.marks(), out / "journal.sqlite")
            handed_in = identify(
                intake.found, about, whose.chosen, where_they_lay(before, about), due=settings.due
            )
            theirs = still_theirs(before, journal, handed_in, about)
            kept = notebooks_kept(theirs, journal, about)
            chosen, graded, rivals = choose_newest(handed_in, kept, about, settings, only)
            list_what_lies_beside(intake, handed_in, about)
            note_unclear(graded, handed_in, intake, about)
            work = Work(about, exercise, journal, rights, tier, jobs, limits, second_seed, say is print)
            mark_all(work, chosen, graded)
            factor = partial(factor_of, settings=settings, granted=granted)
            settle_places(work, chosen, graded, rivals, factor, due=settings.due)
            if about.statement:
                for student, submission in chosen.items():
                    with told_of(graded[student], "preparing_failed"):
                        note_statement(graded[student], submission)
            note_differing_files(work, chosen, graded, handed_in)
            keep_what_was(graded, theirs, only, exercise, chosen)
            given = marking_screen.points_given(out, exercise, graded)
            marking_sheet.merge_points(given, graded)
            share_with_teams(graded, about)
            for mine in graded.values():
                decide(mine, about, settings, granted, exercise.questions)
                with told_of(mine, "marking_failed"):
                    language = about.variants[mine.student_id].language
                    note_default_seed(mine, exercise, partial(rights.of, given={}, lang=language))
            log_changes(out, before, graded)
            changed = (one for one in chosen.items() if one[1] is not kept.get(one[0]))
            journal.keep_marks(stored(graded), ((student, one.found.raw) for student, one in changed))
            grading = Grading(
                about=about,
                exercise=exercise,
                graded=graded,
                intake=intake,
                handed_in=handed_in,
                tier=tier,
                tried=tried,
                whose=whose,
                accommodations=granted,
                counting=chosen,
            )
            written = write_all(out, grading, given, release=release, by_section=by_section)
            for line in [*differences(before, graded), *written]:
                say(line)
        finally:
            rights.close()
            journal.close()
    return Result(graded, wants_an_eye=grading.wants_an_eye)


def require_handed_in(submissions: Path, assignment: Path) -> None:
    """What is to be graded is there, and not what was handed out. Errors: KitError."""
    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    place, ours = submissions.resolve(), assignment.resolve()
    if place == ours or place.parent in (ours, *(ours / folder for folder in HANDED_OUT)):
        raise KitError("submissions_handed_out", value=str(submissions))


@contextmanager
def told_of(mine: Graded, what: str) -> Iterator[None]:
    """What fails in here is told with this student, and ends nothing else; a disk without room concerns everybody."""
    try:
        yield
    except NoRight:
        raise
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno in OF_THE_FOLDER:
            raise
        mine.failed[what] = f"{type(problem).__name__}: {problem}"[:LONGEST_WHY]


# --- everybody's run and marks ----------------------------------------------------------------------------------------

Outcomes = dict[tuple[str, str], Outcome]


@dataclass(frozen=True)
class Work:
    """What running and marking need besides the submissions."""

    about: Assignment
    exercise: Exercise
    journal: Journal
    rights: RightAnswers
    tier: str
    jobs: int
    limits: Limits
    second_seed: bool  # whether everybody is run under the second one
    shown: bool

    def run(self, prepared: dict[tuple[str, str], Prepared], chosen: dict[str, Submission]) -> Outcomes:
        """(student, which) → what came of it; the right answers are worked out meanwhile."""
        for student, which in prepared:
            language = language_of(chosen[student], self.about)
            self.rights.begin(seed_of(self.about, student, which), language)
        return run_all(
            [Run(student, which, cells.cells) for (student, which), cells in prepared.items()],
            self.journal,
            tier=self.tier,
            jobs=self.jobs,
            limits=self.limits,
            files=self.about.pack.parent / FILES,
            depends_on=pack_files(self.about),
            shown=self.shown,
        )


def mark_all(work: Work, chosen: dict[str, Submission], graded: dict[str, Graded]) -> None:
    """Run and mark everybody; whoever claims marks on an earlier wrong answer is run under the second seed as well.

    And under a third, where what the second seems to show may be chance.
    """
    prepared = prepare_all(work, chosen, graded, (OWN, HIDDEN) if work.second_seed else (OWN,))
    outcomes = work.run(prepared, chosen)
    without_right = []
    for student, which in prepared:
        mine = graded[student]
        if which == OWN:
            note_run(mine, prepared[student, OWN], outcomes[student, OWN])
            if mine.state in WITHOUT_MARKS:  # the machine kept it from running: that is nobody's 0
                continue
            try:
                with told_of(mine, "marking_failed"):
                    mark_one(mine, work, outcomes, language_of(chosen[student], work.about))
            except NoRight as problem:
                without_right.append(problem)
                mine.failed[NO_RIGHT] = str(problem)[:LONGEST_WHY]
    if without_right and len(without_right) == len(chosen):  # it is nobody's submission, but the pack
        pack = work.about.pack
        raise KitError("pack_fails", value=pack.name, pack=pack, why=str(without_right[0])) from None
    for which, wants_one in ((HIDDEN, claims), (THIRD, is_in_doubt)):
        more = {
            student: submission
            for student, submission in chosen.items()
            if (student, which) not in outcomes and wants_one(graded[student])
        }
        outcomes |= work.run(prepare_all(work, more, graded, (which,)), more)
        for student, submission in more.items():
            with told_of(graded[student], "marking_failed"):
                mark_one(graded[student], work, outcomes, language_of(submission, work.about))


def claims(mine: Graded) -> bool:
    """Whether a second run has to show something."""
    return marking.claims(mine.questions)


def is_in_doubt(mine: Graded) -> bool:
    """Whether a third run could tell what the second did not."""
    return marking.nearly(mine.questions) or NO_HIDDEN in mine.failed


def settle_places(
    work: Work,
    chosen: dict[str, Submission],
    graded: dict[str, Graded],
    rivals: dict[str, list[Submission]],
    factor: Callable[[Graded], float],
    *,
    due: datetime | None,
) -> None:
    """Which of one student's files counts that came from several places (`settling`)."""
    files = {student: [(chosen[student], graded[student])] for student in rivals}
    for number in range(MOST_PLACES):
        others = {student: theirs[number] for student, theirs in rivals.items() if number < len(theirs)}
        others = {student: one for student, one in others.items() if NO_RIGHT not in graded[student].failed}
        marked = {student: begun(student, one, [], due) for student, one in others.items()}
        mark_all(work, others, marked)
        for student, other in marked.items():
            files[student].append((others[student], other))
    apart = len(work.exercise.questions) * MOST_APART
    for student, theirs in files.items():
        if len(theirs) == 1:
            continue
        with told_of(graded[student], "preparing_failed"):
            tries = [Try(one, marks, code_of(one, work, student)) for one, marks in theirs]
            counts, flags = settled(tries, factor, apart)
            labels = [*graded[student].others, *(marks.file for _, marks in theirs)]
            chosen[student], graded[student] = counts.submission, counts.marks
            counts.marks.others = [label for label in dict.fromkeys(labels) if label != counts.marks.file]
            counts.marks.flags += [flag for flag in flags if flag not in counts.marks.flags]


def factor_of(mine: Graded, *, settings: Settings, granted: Accommodations) -> float:
    """The share of what a file earns that its lateness leaves."""
    factor, _ = settings.late.factor(moment_of(mine.when), due_of(mine.student_id, settings, granted))
    return factor


def prepare_all(
    work: Work, chosen: dict[str, Submission], graded: dict[str, Graded], which: Collection[str]
) -> dict[tuple[str, str], Prepared]:
    """The cells of everybody as they are run, under each of these seeds."""
    prepared = {}
    for student, submission in chosen.items():
        with told_of(graded[student], "preparing_failed"):
            for seed in which:
                prepared[student, seed] = prepare(submission, work, student, seed)
    return prepared


def note_differing_files(
    work: Work, chosen: dict[str, Submission], graded: dict[str, Graded], handed_in: list[Submission]
) -> None:
    """Of each team, the newest files of other members that hold other code than the one that counts."""
    for student, counts in chosen.items():
        for member in work.about.together(student):
            theirs = [one for one in handed_in if one.student == member and one.notebook]
            if member == counts.student or not theirs:
                continue
            other = newest(theirs)[0]
            with told_of(graded[student], "preparing_failed"):
                if code_of(other, work, student) != code_of(counts, work, student):
                    graded[student].differing.append(other.found.label)


def code_of(submission: Submission, work: Work, student: str) -> list[str]:
    """What would be run of a file, whichever language its copy's comments and texts about functions are in."""
    return [what_it_does(source) for source in prepare(submission, work, student, OWN).cells]


# --- one student ------------------------------------------------------------------------------------------------------


def seed_of(about: Assignment, student: str, which: str) -> int:
    return about.variants[student].seed if which == OWN else about.hidden_seed(student, purpose=which)


def language_of(submission: Submission, about: Assignment) -> str:
    """The language of the copy that was handed in, in a team maybe another's."""
    whose = submission.evidence.get("copy") or [submission.student]
    return about.variants[whose[0]].language


def prepare(submission: Submission, work: Work, student: str, which: str) -> Prepared:
    """The student's cells as they are run under the own seed, or under the hidden one."""
    return prepared_cells(
        submission.notebook,
        work.exercise.lesson,
        seed=seed_of(work.about, student, which),
        lang=language_of(submission, work.about),
    )


def note_run(mine: Graded, prepared: Prepared, outcome: Outcome) -> None:
    """How the notebook ran; its errors under the numbers that its cells have for the student."""
    mine.left_out = prepared.left_out
    if prepared.left_out:
        mine.flags.append("left_out")
    if outcome.way == "kernel":
        mine.flags.append("ran_in_kernel")
    mine.state = outcome.state
    mine.cpu_seconds = round(outcome.cpu_seconds, 3)
    mine.errors = []
    for error in outcome.errors:
        texts = {
            "name": UNPRINTABLE.sub("\ufffd", error["name"]),
            "text": UNPRINTABLE.sub("\ufffd", error["text"]),
        }
        mine.errors.append({**error, **texts, "cell": prepared.number(error["cell"])})


def mark_one(mine: Graded, work: Work, outcomes: Outcomes, language: str) -> None:
    """What the answers of one student earn. Errors: NoRight."""
    student = mine.student_id
    seed = work.about.variants[student].seed
    questions = work.exercise.questions
    others = []
    for which in (HIDDEN, THIRD):
        if (student, which) not in outcomes:
            continue
        run = other_run(mine, work, outcomes[student, which], which, language)
        try:
            run.right_of({})
        except NoRight as problem:  # the pack's own fault, on a seed that no student has
            mine.failed[NO_HIDDEN] = str(problem)[:LONGEST_WHY]
        else:
            others.append(run)
    if others:
        mine.failed.pop(NO_HIDDEN, None)
    mine.questions = marking.mark(
        questions,
        marking.admitted(questions, outcomes[student, OWN].sheet),
        lambda given: work.rights.of(seed, given, language),
        *others,
    )


def other_run(mine: Graded, work: Work, outcome: Outcome, which: str, language: str) -> marking.SecondRun:
    """What a notebook answered under a seed that it does not hold."""
    # what it would have shown is lost, and nobody's fault yet
    if mine.state == "ended" and outcome.state != "ended":
        mine.failed["hidden_run_not_ended"] = outcome.state
    seed = seed_of(work.about, mine.student_id, which)
    return marking.SecondRun(
        marking.admitted(work.exercise.questions, outcome.sheet),
        lambda given: work.rights.of(seed, given, language),
        asked=work.second_seed,
        went_well=outcome.state == "ended" and not outcome.errors,
    )


def not_checked(exercise: Exercise, *, second_seed: bool) -> list[str]:
    """What is said where a question has to be computed and nobody is run twice."""
    which = [name for name, question in exercise.questions.items() if question.get("must_compute")]
    if second_seed or not which:
        return []
    return [MESSAGES.say("grade_must_compute_unchecked", which=", ".join(which))]


def moved_due(about: Assignment, settings: Settings) -> list[str]:
    """What is said where the settings give everybody another date than the one with which the work was given out."""
    given = given_out(about)
    if settings.due == given:
        return []
    due = settings.due.isoformat(sep=" ", timespec="minutes")
    if given is None:
        return [MESSAGES.say("grade_due_set", due=due, file=SETTINGS)]
    told = given.isoformat(sep=" ", timespec="minutes")
    said = [MESSAGES.say("grade_due_moved", due=due, file=SETTINGS, given=told)]
    if settings.due < given:
        said.append(MESSAGES.say("grade_due_earlier"))
    return said


def due_of(student: str, settings: Settings, granted: Accommodations) -> datetime | None:
    """When it is due for a student: the later of an extension of this assignment and what is granted for all."""
    due = granted.due(student, settings.due)
    extended = settings.extensions.get(student)
    if due is None or extended is None:
        return due or extended
    return max(due, extended)


def require_over(about: Assignment, settings: Settings, granted: Accommodations) -> None:
    """Right answers are released when nobody can hand in any more for marks. Errors:
    KitError with when that will be.
    """
    dues = [due_of(student, settings, granted) for student in about.variants]
    last = max((due for due in dues if due), default=None)
    if last is None:
        return
    last += settings.late.open_after_due()
    if datetime.now().astimezone() <= last:
        raise KitError("release_too_early", value=last.isoformat(sep=" ", timespec="minutes"))


def decide(
    mine: Graded,
    about: Assignment,
    settings: Settings,
    granted: Accommodations,
    questions: dict[str, dict],
) -> None:
    """What every grading says anew of all students: the statement, lateness, what is granted, marks by hand,
    the total.
    """
    if mine.file and mine.state != "unreadable":
        if about.statement:
            judge_statement(mine, settings, about)
        with told_of(mine, "lateness_failed"):
            note_lateness(mine, settings, granted)
    with told_of(mine, "total_failed"):
        note_accommodation(mine, granted, about, questions)
        overrides = [one for one in settings.overrides if one.student_id == mine.student_id]
        total(mine, overrides, questions)


def note_statement(mine: Graded, submission: Submission) -> None:
    """What the student has signed."""
    said = statement_in(cell.source for cell in submission.notebook.cells)
    mine.statement = {name: clean_text(text) for name, text in said.items()}


def judge_statement(mine: Graded, settings: Settings, about: Assignment) -> None:
    """That nothing is signed is told, and costs what the settings say; so is another student's name."""
    if not is_signed(mine.statement):
        costs = settings.statement.missing_costs
        mine.flags.append("statement_missing_costs" if costs else "statement_missing")
        mine.statement_factor = 1 - costs
        return
    called = {plain(one.name) for one in map(about.variants.get, about.together(mine.student_id))}
    name = plain(mine.statement["name"])
    if name not in called and name in {plain(one.name) for one in about.variants.values()}:
        mine.flags.append("signed_by_another")


def note_accommodation(
    mine: Graded, granted: Accommodations, about: Assignment, questions: Collection[str]
) -> None:
    """Questions that do not count for this student; where something is granted, the instructor's table says so."""
    exempt = granted.exempt(mine.student_id, about.exercise)
    for one in mine.questions:
        one.exempt = one.question in exempt
    mine_granted = granted.granted.get(mine.student_id)
    if mine_granted:
        concerns_this = mine_granted.extra or exempt & set(questions)
        mine.flags.append("accommodated" if concerns_this else "granted_elsewhere")
    if exempt.issuperset(questions):
        mine.flags.append("exempt_from_all")


def note_lateness(mine: Graded, settings: Settings, granted: Accommodations) -> None:
    """What lateness costs, and whether the other of two times would have another cost."""
    due = due_of(mine.student_id, settings, granted)
    mine.late_factor, late = settings.late.factor(moment_of(mine.when), due)
    mine.late_minutes = round(late / timedelta(minutes=1), 1)
    if late:
        mine.flags.append("late")
    other_factor, other_late = settings.late.factor(moment_of(mine.other_when), due)
    if mine.dated and (other_factor, bool(other_late)) != (mine.late_factor, bool(late)):
        mine.flags.append(mine.dated)


def moment_of(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


def total(mine: Graded, overrides: list, questions: dict[str, dict]) -> None:
    """The share of all points: what the questions earned, then marks by hand, then lateness."""
    whole = None
    for override in overrides:
        mine.reasons.append(
            {
                "question": override.question,
                "score": override.score,
                "reason": override.reason,
                "asked_by": override.asked_by,
                "asked": override.asked,
            }
        )
        if override.question is None:
            whole = override.score
            continue
        if not mine.questions:  # nothing that could be run: what the instructor saw of it counts all the same
            nothing = dict.fromkeys(questions, ("missing", None))
            mine.questions = marking.mark(questions, nothing, lambda given: dict.fromkeys(questions))
        for one in mine.questions:
            if one.question == override.question:
                one.decide(override.score, "by_hand", {"zh": override.reason, "en": override.reason})
    counted = [one for one in mine.questions if not one.exempt]
    weights = sum(one.weight for one in counted)
    mine.to_read = whole is None and any(one.score is None for one in counted)
    if weights:
        earned = sum(one.weight * (one.score or 0) for one in counted)
        mine.worked_out = round(mine.late_factor * mine.statement_factor * earned / weights, DIGITS)
    mine.total = mine.worked_out if whole is None else whole


# --- what is written --------------------------------------------------------------------------------------------------


def write_all(
    out: Path,
    grading: Grading,
    given: dict[tuple[str, str], marking_sheet.Given],
    *,
    release: bool,
    by_section: bool,
) -> list[str]:
    """Everything below ``out``; gives the lines that the command says at the end."""
    graded = grading.graded
    grading.copies.extend(pairs_of(grading))
    for pair in grading.copies:
        flag = "probable_copying" if pair.probable else "possible_copying"
        for one in pair.looked_at:
            for student in grading.about.together(one):
                if flag not in graded[student].flags:
                    graded[student].flags.append(flag)
    for mine in graded.values():
        if mine.questions or mine.file:
            with told_of(mine, "feedback_failed"):
                write_feedback(out, grading.about, grading.exercise, mine, release=release)
    pack_feedback(out, grading.about)
    write_class_report(out, grading)
    to_read = marking_sheet.write_marking_sheet(out, grading, given)
    marking_screen.write_marking_screen(out, grading)
    of_rosters = write_gradebooks(out, grading)
    lines = [*said_of(grading, out), *of_rosters]
    if by_section:
        lines.append(write_sections(out, grading))
    if to_read:
        lines.append(MESSAGES.say("grade_to_read", count=to_read, file=out / marking_sheet.FILE))
    return lines


def pairs_of(grading: Grading) -> list[Copy]:
    """Who may have copied from whom, of those whose notebooks count; a team is as one student."""
    codes = {}
    for student, one in grading.counting.items():
        codes[student] = [cell.source for cell in one.notebook.cells]
    seeds = {}
    marks = {}
    everybodys = {}
    for student, mine in grading.graded.items():
        everybodys[student] = mine.on_default
        if grading.about.together(student)[0] == student:
            seeds[student] = grading.about.variants[student].seed
            if mine.questions:
                marks[student] = mine.questions
    return copying(marks, grading.exercise.questions, codes, seeds, everybodys)


def said_of(grading: Grading, out: Path) -> list[str]:
    """What the command says of a grading."""
    graded = grading.graded
    totals = [mine.total for mine in graded.values() if mine.total is not None]
    mean = percent(fmean(totals)) if totals else "—"
    lines = [MESSAGES.say("grade_done", graded=len(totals), all=len(graded), folder=out, mean=mean)]
    nothing = sum(mine.state == "nothing" for mine in graded.values())
    if nothing:
        lines.append(MESSAGES.say("grade_nothing", count=nothing, file=out / "problems.csv"))
    if grading.failed:
        lines.append(MESSAGES.say("grade_failed", count=len(grading.failed), file=out / "problems.csv"))
    if grading.unclear:
        lines.append(MESSAGES.say("grade_unclear", count=grading.unclear, file=out / "problems.csv"))
    if grading.copies:
        lines.append(MESSAGES.say("grade_copies", count=len(grading.copies), file=out / COPYING))
    return lines
