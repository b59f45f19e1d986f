"""What could look like nothing handed in: a PDF or a page in place of a notebook, an archive with nothing in it, or a
backup alone is told, and where it can be, with whom.
"""

from collections import defaultdict
from pathlib import PurePosixPath

from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.identity import Naming, Submission
from coursekit.teach.handed_in.intake import BACKUP, Intake


def list_what_lies_beside(intake: Intake, handed_in: list[Submission], about: Assignment) -> None:
    """Files that come along with a hand-in are told where there is no hand-in that they come along with."""
    if not intake.beside:
        return
    naming = Naming.of(handed_in, about)
    have = {submission.student for submission in handed_in if submission.student}
    folders = defaultdict(set)  # folder, or one above it → whose files lie there
    for submission in handed_in:
        path = PurePosixPath(submission.found.label)
        for folder in (path.parent, *(above for above in path.parents if str(above) != ".")):
            folders[str(folder)].add(submission.student)
    for label, reason in intake.beside.items():
        named = set(naming.named(label).certain)
        theirs = folders.get(_folder(label), set())
        # an archive with nothing in it comes along with the files of one student, and not with a class's
        alone_there = not theirs or (reason == "empty_archive" and len(theirs) > 1)
        if not named & have if named else alone_there:
            intake.refuse(label, reason)


def _folder(label: str) -> str:
    """The folder in which a file came along; of a backup, the one above that which JupyterLab hides."""
    return str(PurePosixPath(BACKUP.sub("/x", label)).parent)
