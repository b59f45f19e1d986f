"""Which of a student's files counts, where nothing but their marks says whose they are, and several places have one.

A classmate may have handed in a copy that was passed on, blank or half worked, to rob; and whoever hands in many files
guesses as often. Against the first the file counts that earns most, against the second the newest, as everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coursekit.teach.handed_in.identity import Submission, newest
from coursekit.teach.handed_in.intake import ON_CANVAS
from coursekit.teach.handed_in.places import folder_of

from .graded import SEVERAL_TRIES, TWO_PLACES, Graded

WORKED = 0.5  # share of what the best one is worth: a file below is blank beside it, or nearly so
MOST_APART = 0.5  # share of the questions whose code may differ between two files of one hand
DIGITS = 9  # of what a file is worth


@dataclass(frozen=True)
class Try:
    """One of a student's files, and what it earns."""

    submission: Submission
    marks: Graded
    code: list[str]  # what its cells do


def settled(
    tries: list[Try],
    factor: Callable[[Graded], float],
    most_apart: float,
) -> tuple[Try, list[str]]:
    """The one that counts, and what is told.

    The file that earns most, lateness (``factor``) included, of equal ones the earliest. But of files in its folder
    that are worked too, lose no more by lateness and are of the same hand by their ``code``, the newest: own tries. Two
    folders of a platform's are two people's; where files lie together under names that tell nobody, one student hands
    in several as easily as a classmate.
    """
    best = tries[0]
    for one in tries[1:]:
        if (_worth(one, factor), _is_earlier(one, best)) > (_worth(best, factor), False):
            best = one

    def is_of_the_same_hand(one: Try) -> bool:
        if not _lie_together(one, best) or factor(one.marks) < factor(best.marks):
            return False
        worked = _worth(one, factor) >= WORKED * _worth(best, factor) > 0
        return worked and _apart(one.code, best.code) <= most_apart

    own = [one for one in tries if one is best or is_of_the_same_hand(one)]
    flags = [SEVERAL_TRIES] if len(own) > 1 else []
    if len(own) < len(tries):
        flags.append(TWO_PLACES)
    return _newest(own), flags


def _newest(tries: list[Try]) -> Try:
    """The newest; where an earlier one does the same, the earliest of these: it was handed in then."""
    last = newest([one.submission for one in tries])[0]
    counts = next(one for one in tries if one.submission is last)
    for one in tries:
        if one.code == counts.code and _is_earlier(one, counts):
            counts = one
    return counts


def _worth(one: Try, factor: Callable[[Graded], float]) -> float:
    """What a file earns, lateness included; a text that nobody has read yet is taken as a good one."""
    earned = sum(mark.weight * (1 if mark.score is None else mark.score) for mark in one.marks.questions)
    return round(factor(one.marks) * earned, DIGITS)


def _is_earlier(one: Try, other: Try) -> bool:
    """Whether one is known to have been handed in before the other."""
    if one.marks.when is None or other.marks.when is None:
        return False
    return datetime.fromisoformat(one.marks.when) < datetime.fromisoformat(other.marks.when)


def _lie_together(one: Try, other: Try) -> bool:
    """Whether two files lie in one folder, or in folders of one student's,
    and no platform has written at their names who handed them in.
    """
    files = (one.submission, other.submission)
    if any(ON_CANVAS.match(file.path.rpartition("/")[2]) for file in files):
        return False
    folders = [folder_of(file.path) for file in files]
    owned = [file.folder for file in files if file.folder]
    within_one = any(all(f"{folder}/".startswith(f"{its}/") for folder in folders) for its in owned)
    return folders[0] == folders[1] or within_one


def _apart(one: list[str], other: list[str]) -> int:
    """How many cells of one do something that no cell of the other does."""
    return max(len(set(one) - set(other)), len(set(other) - set(one)))
