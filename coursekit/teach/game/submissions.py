"""What both verbs share: whose a file is, and tasks that are done once whatever happens in between."""

import re
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import crmkit
from coursekit.processes import end_with_parent
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade.grade import as_they_end
from coursekit.teach.grade.identity import Submission, named_in, names_of, newest
from coursekit.teach.grade.intake import Found
from coursekit.teach.grade.results import Journal
from crmkit.core.errors import CrmkitError
from crmkit.market.game.game import Setup


@dataclass(frozen=True)
class Problem:
    """A file, or a game, that somebody should look at: whose, why (a code of messages.toml) and in what words."""

    file: str
    student: str
    reason: str
    detail: str | list[str] = ""  # a list: in Chinese and in English


def whose(found: list[Found], about: Assignment | None, within: Path, seeds: dict[str, int] | None = None):
    """Student → that student's files, the newest first; and the files of nobody known.

    With an assignment: the student named by the path, else the one whose own ``seeds`` (label → seed) the file holds.
    Without one a student is called as the folder of the file, or as the file where there is none.
    """
    theirs, unknown = defaultdict(list), []
    if about is None:
        called = _called([f.label for f in found], within)
    else:
        names, by_seed = names_of(about), {v.seed: v.student_id for v in about.variants.values()}
        called = {}
        for one in found:
            certain, shared = named_in(one.label, names)
            own = by_seed.get((seeds or {}).get(one.label))
            known = certain or [own] * (own in (shared or [own]))
            called[one.label] = known[0] if len(known) == 1 else None
    for one in found:
        student = called[one.label]
        if student is None:
            unknown.append(Problem(one.label, "", "unknown_student"))
        else:
            theirs[student].append(Submission(one, None, student=student))
    return {student: [s.found for s in newest(theirs[student])] for student in sorted(theirs)}, unknown


def _called(labels: list[str], within: Path) -> dict[str, str]:
    """Label → the folder or archive of one student, below what all files share; else the file's own name."""
    parts = {label: label.split("/") for label in labels}
    at = int(within.is_file() and within.suffix.lower() == ".zip")  # the archive that everything is in
    while (
        len(parts) > 1
        and len({p[at] for p in parts.values()}) == 1
        and min(map(len, parts.values())) > at + 1
    ):
        at += 1
    endings = re.compile(r"(?i)(\.(zip|py|ipynb|game|jsonl))+$|_assignsubmission_.*$")
    return {label: endings.sub("", p[at]).strip("_ .") or label for label, p in parts.items()}


def copies(files: dict[str, Found]) -> list[Problem]:
    """Files that are the same to the byte though they are several students'."""
    whose_is = defaultdict(list)
    for student, one in files.items():
        whose_is[one.sha256].append(student)
    return [
        Problem(one.label, student, "same_file", ", ".join(s for s in whose_is[one.sha256] if s != student))
        for student, one in files.items()
        if len(whose_is[one.sha256]) > 1
    ]


def told(problem: Exception) -> str | list[str]:
    """What an error says, in both languages where it can; cut, for it may quote somebody's megabytes."""
    if isinstance(problem, CrmkitError):
        return [problem.message_zh[:300], problem.message_en[:300]]
    return f"{type(problem).__name__}: {problem}"[:300]


def version() -> str:
    """What a kept result depends on besides its task: the code of the market and of this package."""
    return fingerprint(Path(crmkit.__file__).parent / "market") + fingerprint(Path(__file__).parent)


def benchmarks(setup: dict, rounds: int) -> dict:
    """What changing nothing, and what the search with the truth in hand, comes to in a market."""
    firms, _ = Setup(**setup).benchmarks(rounds=rounds)
    return {"nothing": firms["do_nothing"].value, "search": firms["truth_search"].value}


def do_all(tasks: dict, work, journal: Journal, *, jobs: int, say, begin=None, settings: tuple = ()) -> dict:
    """Task → result of ``work(*arguments)``; ``tasks`` holds arguments, and what the journal has is not done again.

    Each process has called ``begin(*settings)`` before; a result with ``again`` set is not kept, for it may be the
    machine's fault.
    """
    keys = {
        task: Journal.key(version(), work.__name__, settings, arguments) for task, arguments in tasks.items()
    }
    results = {task: journal.kept("runs", key) for task, key in keys.items()}
    todo = [task for task, result in results.items() if result is None]
    if todo:
        with ProcessPoolExecutor(
            min(jobs, len(todo)),
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(begin, settings),
        ) as pool:
            waiting = {pool.submit(work, *tasks[task]): task for task in todo}
            try:
                for done in as_they_end(waiting, say):
                    result = results[waiting[done]] = done.result()
                    if not result.pop("again", False):
                        journal.keep("runs", keys[waiting[done]], result)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return results


def _begin(begin, settings) -> None:
    end_with_parent()
    if begin:
        begin(*settings)
