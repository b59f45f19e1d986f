"""Students who are not in this download keep their notebook, and are marked by the same rules as those who are.

A notebook that cannot be read leaves nothing to be marked: then what was found of it stays. What people have decided is
put on anew each time.
"""

import copy
from collections.abc import Collection
from datetime import datetime

from coursekit.lessons.exercise import Exercise
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.dating import BY_ARCHIVE, WITHIN
from coursekit.teach.handed_in.identity import Submission, marks_in
from coursekit.teach.handed_in.intake import Found
from coursekit.teach.handed_in.notebook import Refused, read_notebook
from coursekit.teach.results import Journal

from .graded import DEFAULT_SEED, WITHOUT_MARKS, Graded

KEPT = "from_an_earlier_download"
# what every grading says anew, from the settings and from what people gave
SAID_ANEW = (
    BY_ARCHIVE,
    DEFAULT_SEED,
    WITHIN,
    "accommodated",
    "exempt_from_all",
    "granted_elsewhere",
    "late",
    "markers_differ",
    "signed_by_another",
    "statement_missing",
    "statement_missing_costs",
    "text_changed",
)
# what every run says anew
RUN_SAYS = ("left_out", "older_than_counted", "ran_in_kernel")
FAILS_ANEW = ("feedback_failed", "lateness_failed", "total_failed")


def where_they_lay(before: dict[str, Graded], about: Assignment) -> dict[str, str]:
    """Student → where the file lay that counts since an earlier grading; of a team's, for each of its members."""
    return {
        student: earlier.path
        for student, earlier in before.items()
        if earlier.path and student in about.variants
    }


def still_theirs(
    before: dict[str, Graded], journal: Journal, handed_in: list[Submission], about: Assignment
) -> dict[str, Graded]:
    """What may be kept: not the marks on a file that lies in this download and is another's now, or nobody's."""
    now = {one.found.label: one for one in handed_in}
    kept = {}
    for student, earlier in before.items():
        again = now.get(earlier.file) if student in about.variants else None
        anothers = again is not None and again.student not in about.together(student)
        if anothers and again.found.raw == (journal.notebook(student) or b""):
            continue
        kept[student] = earlier
    return kept


def notebooks_kept(before: dict[str, Graded], journal: Journal, about: Assignment) -> dict[str, Submission]:
    """Student → the notebook on which the marks of an earlier grading rest."""
    kept = {}
    for student, earlier in before.items():
        code = journal.notebook(student) if earlier.file and student in about.variants else None
        try:
            notebook = read_notebook(code or b"")
        except Refused:
            continue
        when = datetime.fromisoformat(earlier.when) if earlier.when else None
        found = Found(earlier.file, when, code)
        flags = [flag for flag in earlier.flags if flag not in (KEPT, *SAID_ANEW, *RUN_SAYS)]
        evidence = marks_in(notebook, about)
        kept[student] = Submission(
            found,
            notebook,
            None,
            student,
            evidence,
            flags,
            earlier.path,
            dated=earlier.dated,
            other_when=datetime.fromisoformat(earlier.other_when) if earlier.other_when else None,
        )
    return kept


def keep_what_was(
    graded: dict[str, Graded],
    before: dict[str, Graded],
    only: Collection[str] | None,
    exercise: Exercise,
    marked: Collection[str],
) -> None:
    """What was found earlier of students who were not asked for, and of those who are not in this download.

    ``marked``: who has been marked by now, on the notebook of this time or of an earlier one.
    """
    for student, mine in graded.items():
        earlier = before.get(student)
        asked_for = not only or student in only
        if earlier is None or student in marked or (asked_for and (mine.file or earlier.file is None)):
            continue
        kept = as_marked(earlier, exercise)
        if asked_for and KEPT not in kept.flags:
            kept.flags.append(KEPT)
        graded[student] = kept


def as_marked(earlier: Graded, exercise: Exercise) -> Graded:
    """As it was before any person gave points, and before lateness and what is granted were reckoned."""
    kept = copy.deepcopy(earlier)
    if kept.state in WITHOUT_MARKS:  # whatever marks there are, a person gave
        kept.questions = []
    kept.questions = [one for one in kept.questions if one.question in exercise.questions]
    for one in kept.questions:
        one.take_back()
        one.exempt = False
    kept.flags = [flag for flag in kept.flags if flag not in SAID_ANEW]
    kept.failed = {what: why for what, why in kept.failed.items() if what not in FAILS_ANEW}
    kept.reasons = []
    kept.total = kept.worked_out = None
    kept.to_read = False
    kept.late_minutes, kept.late_factor = 0.0, 1.0
    kept.statement_factor = 1.0
    return kept
