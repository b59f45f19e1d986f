"""Which of two times counts: an archive's own, or the one that stands within, which is that of whoever packed it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from .intake import FEWEST_AT_ONCE, ON_CANVAS, Found
from .places import folder_of

BY_ARCHIVE, WITHIN = "dated_by_its_archive", "dated_within_its_archive"  # which one counts
ON_MOODLE = re.compile(r"_\d+_assignsubmission_[a-z]+")
NUMBER, WORD = re.compile(r"\d+"), re.compile(r"[^\W\d_]+(\s+[^\W\d_]+)*")


def form_of(folder: str) -> str:
    """How a folder is called, whoever's it is: one sign for each number, and one for words.

    >>> form_of("8003"), form_of("20260001-王芳"), form_of("20260012-Ann Wood")
    ('0', '0-a', '0-a')
    """
    return NUMBER.sub("0", WORD.sub("a", folder))


def forms_of_platforms(paths: Iterable[str], earlier: Mapping[str, str]) -> set[str]:
    """The forms of folders in which a platform has parted a class.

    ``paths``: in archives here that hold several students' work; ``earlier``: student → path in an earlier grading,
    where it has to be the form of several students' folders.
    """
    forms = {form_of(folder_of(path)) for path in paths}
    folders = defaultdict(set)
    for path in earlier.values():
        folders[form_of(folder_of(path))].add(folder_of(path))
    forms |= {form for form, theirs in folders.items() if len(theirs) >= FEWEST_AT_ONCE}
    return forms - {""}


def is_named_by_a_platform(found: Found, path: str, forms: set[str], *, names_its_student: bool) -> bool:
    """Whether a path below its archive is as a platform writes it.

    A folder without a number is of no form but where it names the student: anybody calls a folder “homework”.
    """
    if is_of_hand_in(found):
        return False
    first = PurePosixPath(path).parts[0]
    if ON_MOODLE.search(first) or ON_CANVAS.match(first):
        return True
    folder = folder_of(path)
    return form_of(folder) in forms and (names_its_student or bool(NUMBER.search(folder)))


def is_of_hand_in(found: Found) -> bool:
    """Whether its archive is the one that `hand_in` packed: the student's, however what lies in it is called."""
    return bool(found.receipt) and found.when == found.packed_when


def time_within(found: Found) -> datetime | None:
    """When a file was packed, by what stands in its archive; where `hand_in` has packed it, by the receipt."""
    if not is_of_hand_in(found):
        return found.when
    try:
        return datetime.fromisoformat(str(found.receipt.get("when"))).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def both_times(label: str, when: str | None, other: str | None, which: str) -> str:
    """The archive with its time, and the file with the one that stands within."""
    archive = label.partition("/")[0]
    its, within = (when, other) if which == BY_ARCHIVE else (other, when)
    return f"{archive}: {_to_the_minute(its)}; {label}: {_to_the_minute(within)}"


def _to_the_minute(moment: str | None) -> str:
    return datetime.fromisoformat(moment).isoformat(sep=" ", timespec="minutes") if moment else "—"
