"""Which of a student's files is graded, and what can be said of it before it is run."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import Settings
from coursekit.teach.handed_in.identity import Naming, Submission, apart, in_order
from coursekit.teach.handed_in.intake import Intake

from .graded import TIME_UNKNOWN, Graded
from .kept import KEPT

MOST_PLACES = 9  # that are looked into for one student, beside the newest


def choose_newest(
    handed_in: list[Submission],
    kept: dict[str, Submission],
    about: Assignment,
    settings: Settings,
    only: Collection[str] | None,
) -> tuple[dict[str, Submission], dict[str, Graded], dict[str, list[Submission]]]:
    """The newest readable submission of each student; the others are listed with it. And its rivals, from other places.

    Of a team, the newest of whoever the settings name, else of all, and it stands under the first member. ``kept``: the
    notebooks of an earlier grading, which count on where this download holds none that says as surely whose it is.
    """
    theirs = defaultdict(list)
    for submission in handed_in:
        if submission.student and (not only or submission.student in only):
            theirs[about.together(submission.student)[0]].append(submission)
    graded = {student: Graded(student) for student in about.variants}
    chosen = {}
    rivals = {}
    for student, all_of_them in theirs.items():
        leader = settings.teams.get(about.variants[student].team)
        first, *rest = in_order(all_of_them, leader)
        earlier = kept.pop(student, None)
        is_older = bool(earlier) and not leader and _is_older(all_of_them, first, earlier)
        if earlier and (first.notebook is None or (earlier.strong and not first.strong) or is_older):
            first, rest = earlier, all_of_them
        mine = graded[student] = begun(student, first, rest, settings.due)
        if first.notebook is None:
            mine.state = "unreadable"
            if first.problem != mine.state:
                mine.flags.append(f"unreadable_{first.problem}")
            continue
        chosen[student] = first
        if is_older:
            mine.flags.append("older_than_counted")
            continue
        others = [one for one in apart([first, *rest]) if one is not first and one.student == first.student]
        if first.strong and not leader and earlier and all(one.moved for one in (first, *others)):
            others.append(earlier)
        if first.strong and not leader and others:
            rivals[student] = others[:MOST_PLACES]
    for student, first in kept.items():
        graded[student] = begun(student, first, [], settings.due)
        if not only or student in only:
            graded[student].flags.append(KEPT)
        chosen[student] = first
    return chosen, graded, rivals


def _is_older(files: list[Submission], first: Submission, earlier: Submission) -> bool:
    """Whether what counts since an earlier grading was handed in after all that this download holds, as surely.

    The order in which somebody grades two downloads decides nothing. Where the file itself is in this one, or a
    classmate may have handed in either, it is judged as any other.
    """
    there_again = any(one.found.raw == earlier.found.raw for one in files)
    as_sure = earlier.strong or not first.strong
    return as_sure and not there_again and not first.moved and is_dated_later(earlier, first)


def begun(student: str, first: Submission, rest: list[Submission], due: datetime | None) -> Graded:
    """What can be said of a submission before it is run, and of the others of the same student beside it."""
    mine = Graded(student, file=first.found.label, path=first.path, flags=list(first.flags))
    mine.when = first.when.isoformat() if first.when else None
    mine.dated = first.dated
    mine.other_when = first.other_when.isoformat() if first.other_when else None
    mine.others = [submission.found.label for submission in rest]
    if first.notebook is None:
        return mine
    if any(one.notebook is None and not is_dated_later(first, one) for one in rest):
        mine.flags.append("newer_unreadable")
    if first.strong and any(not one.strong and is_newer(one, first) for one in rest):
        mine.flags.append("newer_by_name_only")
    if first.when is None and due:
        mine.flags.append(TIME_UNKNOWN)
    mine.flags = list(dict.fromkeys(mine.flags))
    return mine


def note_unclear(
    graded: dict[str, Graded], handed_in: list[Submission], intake: Intake, about: Assignment
) -> None:
    """Who handed in something that could not be used, or whose it is not clear, is not as one who handed in nothing."""
    naming = Naming.of(handed_in, about)
    named = {student for label, _ in intake.refused for student in naming.named(label).certain}
    for submission in handed_in:
        if submission.student is None:
            named = named.union(*submission.evidence.values())
    for student in sorted(named):
        for member in about.together(student):
            if graded[member].state == "nothing":
                graded[member].state = "unclear"


def is_newer(one: Submission, other: Submission) -> bool:
    """A notebook that is dated later; what has no date is older than everything."""
    return one.notebook is not None and one.when is not None and (other.when is None or one.when > other.when)


def is_dated_later(one: Submission, other: Submission) -> bool:
    """Whether both have a date and this one's is the later."""
    return one.when is not None and other.when is not None and one.when > other.when
