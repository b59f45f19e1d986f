"""What could look like nothing handed in: a PDF or a page in place of a notebook is told, and where it can be,
with whom.
"""

from pathlib import PurePosixPath

from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.identity import Naming, Submission
from coursekit.teach.handed_in.intake import Intake


def list_what_lies_beside(intake: Intake, handed_in: list[Submission], about: Assignment) -> None:
    """Files that come along with a hand-in are told where there is no hand-in that they come along with."""
    if not intake.beside:
        return
    naming = Naming.of(handed_in, about)
    have = {submission.student for submission in handed_in if submission.student}
    folders = {_folder(submission.found.label) for submission in handed_in}
    for label in intake.beside:
        named = set(naming.named(label).certain)
        alone = not named & have if named else _folder(label) not in folders
        if alone:
            intake.refuse(label, "not_a_notebook")


def _folder(label: str) -> str:
    return str(PurePosixPath(label).parent)
