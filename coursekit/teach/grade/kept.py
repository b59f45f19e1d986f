"""Students who are not graded this time keep their runs and marks; what people have decided is put on anew each time."""

import copy
from collections.abc import Collection

from coursekit.lessons.exercise import Exercise

from .graded import WITHOUT_MARKS, Graded

KEPT = "from_an_earlier_download"
# what every grading says anew, from the settings and from what people gave
SAID_ANEW = (
    "accommodated",
    "granted_elsewhere",
    "late",
    "markers_differ",
    "statement_missing",
    "text_changed",
)
FAILS_ANEW = ("feedback_failed", "lateness_failed", "total_failed")


def keep_what_was(
    graded: dict[str, Graded], before: dict[str, Graded], only: Collection[str] | None, exercise: Exercise
) -> None:
    """Marks of an earlier grading stay: of students who were not asked for, and of those who are not in this download."""
    for student, mine in graded.items():
        earlier = before.get(student)
        asked_for = not only or student in only
        if earlier is None or (asked_for and (mine.file or earlier.file is None)):
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
    kept.total = None
    kept.to_read = False
    kept.late_minutes, kept.late_factor = 0.0, 1.0
    kept.statement_factor = 1.0
    return kept
