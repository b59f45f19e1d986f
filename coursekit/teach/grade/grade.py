"""`grade`: what a platform handed back → marks, feedback, gradebooks and a class report.

Three kinds of process: this one, which holds the secret and never runs a student's code; the right answers, worked out
from the pack in a process of their own; and the warm processes behind the wall, which hold no answer.
"""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import crmkit
from coursekit.lessons.exercise import FILES, Exercise, SolutionError, load_exercise
from coursekit.lessons.notebooks import answer_sheet_code
from coursekit.messages import KitError, message
from coursekit.processes import end_with_parent
from coursekit.sandbox.probes import choose
from coursekit.sandbox.walls import wall
from coursekit.sandbox.warm import Limits, Outcome
from coursekit.teach.assign.assignment import Assignment, Variant

from . import marking
from .identity import Submission, identify, newest
from .intake import Notebook, take_in
from .results import Journal
from .settings import Settings, read_settings

__all__ = ["grade"]


@dataclass
class Graded:
    """What one student gets, with everything that the reports say of it."""

    student_id: str
    file: str | None = None
    when: str | None = None
    state: str = "nothing"  # nothing, unreadable, ended, timeout, too_much_output, died, no_wall
    questions: list[marking.QuestionMark] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    errors: list[dict] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # earlier files, kept and not graded
    late_minutes: float = 0.0
    late_factor: float = 1.0
    cpu_seconds: float = 0.0
    total: float | None = None  # share of all points, lateness and overrides included
    to_read: bool = False  # a person still has to read something
    reasons: list[dict] = field(default_factory=list)  # marks given by hand

    def to_json(self) -> dict:
        return asdict(self)


def grade(
    submissions: Path,
    *,
    assignment: Path,
    out: Path,
    jobs: int = 2,
    only: list[str] | None = None,
    trust: bool = False,
    second_seed: bool = False,
    limits: Limits = Limits(),
    say=print,
) -> dict[str, Graded]:
    """Grade everything that was handed in; a second call does only what has changed, and says what that was."""
    about = Assignment.read(assignment)
    exercise = load_exercise(about.pack)
    settings = read_settings(about, exercise.questions)
    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    for student in only or []:
        if student not in about.variants:
            raise KitError("grading_student", value=student, name="--only", count=len(about.variants))
    tier, tried = choose(trust=trust)
    if tier is None:
        raise KitError(
            "no_wall",
            value=", ".join(tried) or "—",
            why="; ".join(f"{k}: {v}" for k, v in tried.items())
            or message("grade_no_bubblewrap", between=" "),
        )
    say(message("grade_wall" if tier != "trust" else "grade_no_wall_trusted", tier=tier))
    intake = take_in(submissions)
    handed_in = identify(intake.notebooks, about, settings.whose)
    chosen, graded = _choose(handed_in, about, only)
    journal = Journal(out / "journal.sqlite")
    try:
        before = journal.marks()
        _run_and_mark(
            about,
            exercise,
            settings,
            chosen,
            graded,
            journal,
            tier=tier,
            jobs=jobs,
            limits=limits,
            second_seed=second_seed,
            say=say,
        )
        from .reports import differences, merge_marking_sheet, write_reports

        merge_marking_sheet(out, graded, exercise)
        _total(graded, settings, exercise.questions)
        if only:  # the others keep what they had
            graded = {
                s: graded[s] if s in (only or []) else _restored(before.get(s), s) for s in about.variants
            }
        journal.keep_marks({s: g.to_json() for s, g in graded.items()})
        for line in differences(before, graded):
            say(line)
        for line in write_reports(out, about, exercise, graded, intake, handed_in, tier, tried):
            say(line)
    except SolutionError as problem:
        raise KitError("pack_fails", value=about.pack.name, pack=about.pack, why=str(problem)) from None
    finally:
        journal.close()
    return graded


def _restored(stored: dict | None, student: str) -> Graded:
    if stored is None:
        return Graded(student)
    return Graded(**{**stored, "questions": [marking.QuestionMark(**q) for q in stored["questions"]]})


def _choose(
    handed_in: list[Submission], about: Assignment, only
) -> tuple[dict[str, Submission], dict[str, Graded]]:
    """The newest readable submission of each student; the others are listed with it."""
    theirs = defaultdict(list)
    for submission in handed_in:
        if submission.student:
            theirs[submission.student].append(submission)
    chosen, graded = {}, {s: Graded(s) for s in about.variants}
    for student, all_of_them in theirs.items():
        if only and student not in only:
            continue
        first, *rest = newest(all_of_them)
        mine = graded[student]
        mine.file, mine.flags = first.found.label, list(first.flags)
        mine.when = first.when.isoformat() if first.when else None
        mine.others = [s.found.label for s in rest]
        if any(s.notebook is None for s in rest) and first.notebook:
            mine.flags.append("newer_unreadable")
        if first.notebook is None:
            mine.state = "unreadable"
            mine.flags.append(f"unreadable_{first.problem}")
        else:
            chosen[student] = first
    return chosen, graded


# --- running --------------------------------------------------------------------------------------------------------


def prepared_cells(notebook: Notebook, exercise: Exercise, *, seed: int, lang: str) -> list[str]:
    """The code that is run: the student's, with the true parameters and the true answer sheet put back in."""
    from papermill.translators import PythonTranslator

    injected = PythonTranslator.codify({"seed": seed, "lang": lang}, "Parameters")
    sheet = answer_sheet_code(exercise.lesson)
    cells, placed = [], {"parameters": False, "sheet": False}
    for source, tags in notebook.cells:
        if "injected-parameters" in tags or (source.startswith("# Parameters\n") and "seed" in source):
            continue
        if {"practice", "hand-in"} & set(tags) or source.startswith(("answer.practise(", "answer.hand_in(")):
            continue
        if "questions" in tags or "AnswerSheet(" in source:
            if not placed["sheet"]:
                cells.append(sheet)
                placed["sheet"] = True
            continue
        cells.append(source)
        if "parameters" in tags:  # each time: a copied cell would set the defaults again
            cells.append(injected)
            placed["parameters"] = True
    if not placed["parameters"]:
        cells.insert(0, injected)
    if not placed["sheet"]:
        cells.insert(cells.index(injected) + 1, sheet)
    return cells


def pack_files(about: Assignment) -> dict[str, str]:
    """The pack's own data by their hashes: what was run or worked out on other data is not kept."""
    folder = about.pack.parent / FILES
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


_exercise: Exercise | None = None


def _load(path: str) -> None:
    global _exercise
    end_with_parent()
    _exercise = load_exercise(Path(path))


def _rights(seed: int, given: dict, lang: str) -> dict:
    return _exercise.right_answers(seed, given, lang=lang)


class RightAnswers:
    """The right answers, worked out from the pack's own code in another process and kept in the journal."""

    def __init__(self, about: Assignment, exercise: Exercise, journal: Journal):
        self.about, self.journal = about, journal
        # what the right answers depend on: the code and contracts of the exercise, and the kit that it imports
        parts = [(c.source, c.question, c.tags) for c in exercise.lesson.exercise if c.kind == "code"]
        self.version = Journal.key(parts, crmkit.__version__, pack_files(about))
        self.pool, self.begun = None, {}

    def begin(self, seed: int, lang: str) -> None:
        """Work them out while the submissions run."""
        key = Journal.key(self.version, seed, {}, lang)
        if key not in self.begun and self.journal.kept("rights", key) is None:
            self.begun[key] = self._submit(seed, {}, lang)

    def of(self, seed: int, given: dict, lang: str) -> dict:
        key = Journal.key(self.version, seed, given, lang)
        kept = self.journal.kept("rights", key)
        if kept is None:
            kept = (self.begun.pop(key, None) or self._submit(seed, given, lang)).result()
            self.journal.keep("rights", key, kept)
        return kept

    def _submit(self, seed: int, given: dict, lang: str) -> Future:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_load, initargs=(str(self.about.pack),)
            )
        return self.pool.submit(_rights, seed, given, lang)

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)


class Runner:
    """As many warm processes as jobs, each used by one thread."""

    def __init__(self, tier: str, jobs: int, limits: Limits, files: Path):
        self.tier, self.limits, self.files = tier, limits, files
        self.local, self.warm, self.futures = threading.local(), [], []
        self.pool = ThreadPoolExecutor(jobs)

    def submit(self, cells: list[str]) -> Future:
        self.futures.append(self.pool.submit(self._run, cells))
        return self.futures[-1]

    def _run(self, cells: list[str]) -> Outcome:
        if not hasattr(self.local, "warm"):
            self.local.warm = wall(tier=self.tier, limits=self.limits, files=self.files)
            self.warm.append(self.local.warm)
        return self.local.warm.run(cells)

    def close(self) -> None:
        for future in self.futures:
            future.cancel()
        for warm in self.warm:
            warm.close()  # before its thread ends: bubblewrap dies with the thread that started it
        self.pool.shutdown()


def _run_and_mark(
    about, exercise, settings: Settings, chosen, graded, journal, *, tier, jobs, limits, second_seed, say
):
    questions = exercise.questions
    runner, rights = (
        Runner(tier, jobs, limits, about.pack.parent / FILES),
        RightAnswers(about, exercise, journal),
    )
    try:
        waiting: dict[Future, tuple] = {}
        files = pack_files(about)
        outcomes: dict[tuple[str, str], Outcome] = {}
        for student, submission in chosen.items():
            for which in ("own", "hidden") if second_seed else ("own",):
                seed = about.seed(student) if which == "own" else about.hidden_seed(student)
                cells = prepared_cells(
                    submission.notebook, exercise, seed=seed, lang=about.variants[student].language
                )
                key = Journal.key("run", cells, asdict(limits), tier, crmkit.__version__, files)
                kept = journal.kept("runs", key)
                if kept is not None:
                    outcomes[student, which] = Outcome(**kept)
                else:
                    waiting[runner.submit(cells)] = (student, which, key)
                rights.begin(seed, about.variants[student].language)
        for done in as_they_end(waiting, say):
            student, which, key = waiting[done]
            outcome = outcomes[student, which] = done.result()
            # a timeout may be the machine's, a wall that failed is: those are tried again next time
            if outcome.state not in ("no_wall", "timeout"):
                journal.keep("runs", key, asdict(outcome))
        for student in chosen:
            _mark_one(about, questions, settings, graded[student], chosen[student], outcomes, rights, student)
    finally:
        runner.close()
        rights.close()


def as_they_end(waiting: Collection[Future], say):
    """The futures as they end, with a bar that tells the time left on a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    open_futures = set(waiting)
    with Progress(*columns, disable=say is not print or not waiting) as progress:
        task = progress.add_task(message("grade_running", between=" "), total=len(waiting))
        while open_futures:
            done, open_futures = wait(open_futures, return_when=FIRST_COMPLETED)
            for one in done:
                yield one
                progress.advance(task)


def _mark_one(
    about, questions, settings, mine: Graded, submission, outcomes, rights: RightAnswers, student: str
) -> None:
    variant: Variant = about.variants[student]
    outcome = outcomes[student, "own"]
    mine.state, mine.errors, mine.cpu_seconds = outcome.state, outcome.errors, round(outcome.cpu_seconds, 3)
    if outcome.way == "kernel":
        mine.flags.append("ran_in_kernel")
    answers = marking.admitted(questions, outcome.sheet)
    second = None
    if (student, "hidden") in outcomes:
        hidden = about.hidden_seed(student)
        second = (
            marking.admitted(questions, outcomes[student, "hidden"].sheet),
            rights.of(hidden, {}, variant.language),
        )
    mine.questions = marking.mark(
        questions, answers, lambda given: rights.of(variant.seed, given, variant.language), second
    )
    due = settings.extensions.get(student) or (datetime.fromisoformat(about.due) if about.due else None)
    mine.late_factor, late = settings.late.factor(submission.when, due)
    mine.late_minutes = round(late / timedelta(minutes=1), 1)
    if late:
        mine.flags.append("late")


def _total(graded: dict[str, Graded], settings: Settings, questions: dict[str, dict]) -> None:
    """Shares of all points: what the questions earned, then marks by hand, then lateness."""
    by_hand = defaultdict(list)
    for override in settings.overrides:
        by_hand[override.student_id].append(override)
    for student, mine in graded.items():
        whole = None
        for override in by_hand[student]:
            mine.reasons.append(
                {"question": override.question, "score": override.score, "reason": override.reason}
            )
            if override.question is None:
                whole = override.score
            elif (
                not mine.questions
            ):  # nothing that could be run: what the instructor saw of it counts all the same
                nothing = dict.fromkeys(questions, ("missing", None))
                mine.questions = marking.mark(questions, nothing, lambda given: dict.fromkeys(questions))
            for one in mine.questions:
                if one.question == override.question:
                    one.score, one.code = override.score, "by_hand"
                    one.reason = {"zh": override.reason, "en": override.reason}
        weights = sum(q.weight for q in mine.questions)
        mine.to_read = any(q.score is None for q in mine.questions)
        if weights:
            earned = sum(q.weight * (q.score or 0) for q in mine.questions)
            mine.total = round(mine.late_factor * earned / weights, 6)
        if whole is not None:
            mine.total = whole
