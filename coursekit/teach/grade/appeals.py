"""The log of appeals and regrades: who asked, when, what a mark was before and after, and why.
Lines are only ever added.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from coursekit.teach.tables import append_csv

from .graded import Graded

FILE = "appeals.csv"
HEAD = ("logged", "student_id", "question", "before", "after", "asked_by", "asked", "why")
WHOLE = "total"
REGRADED = "regrade"


def log_changes(out: Path, before: dict[str, Graded], graded: dict[str, Graded]) -> None:
    """Add a line for every new decision by hand, also one that leaves the mark,
    and for every mark that a regrade changed.
    """
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    rows: list[list] = []
    for student, mine in graded.items():
        earlier = before.get(student)
        for row in [*_decisions(earlier, mine), *_regraded(earlier, mine)]:
            rows.append([now, student, *row])
    if rows:
        append_csv(out / FILE, HEAD, rows)


def _decisions(earlier: Graded | None, mine: Graded) -> Sequence[list]:
    """What was decided by hand since the last grading."""
    known = earlier.reasons if earlier else []
    rows = []
    for reason in mine.reasons:
        if reason not in known:
            question = reason["question"]
            was = _mark(earlier, question)
            if was is None:
                was = _unaided(mine, question)
            asked = [reason.get("asked_by", ""), reason.get("asked", "")]
            rows.append([question or WHOLE, was, _mark(mine, question), *asked, reason["reason"]])
    return rows


def _regraded(earlier: Graded | None, mine: Graded) -> Sequence[list]:
    """Marks of the same file that changed without a decision by hand; a text that was read was no mark before."""
    if earlier is None or (earlier.file, earlier.when) != (mine.file, mine.when):
        return []
    decided = {reason["question"] for reason in mine.reasons}
    rows = []
    for one in mine.questions:
        was = _mark(earlier, one.question)
        if one.question not in decided and was is not None and was != one.score:
            rows.append([one.question, was, one.score, "", "", REGRADED])
    scores = {one.question: one.score for one in mine.questions}
    same_scores = scores == {one.question: one.score for one in earlier.questions}
    if same_scores and not decided and earlier.total is not None and earlier.total != mine.total:
        rows.append(
            [WHOLE, earlier.total, mine.total, "", "", REGRADED]
        )  # other weights, or another lateness
    return rows


def _unaided(mine: Graded, question: str | None) -> float | None:
    """What a question, or the whole, had earned before a person decided."""
    if question is None:
        return mine.worked_out
    for one in mine.questions:
        if one.question == question and one.unaided is not None:
            return one.unaided.score
    return None


def _mark(mine: Graded | None, question: str | None) -> float | None:
    if mine is None:
        return None
    if question is None:
        return mine.total
    return next((one.score for one in mine.questions if one.question == question), None)
