"""Whether the door told the truth about a file made by ``kinds``: a silent error, a needless question, or neither."""

import random
from decimal import Decimal
from pathlib import Path

from crmkit.intake.check import examine

from .kinds import KINDS, Made


def made(name: str, seed: int, mirror: bool) -> Made:
    # a text seeds the same way on every machine
    return KINDS[name](random.Random(f"{name} {seed} {mirror}"), mirror)


def verdict(file: Made, path: Path) -> str | None:
    """What was wrong; None when nothing was."""
    path.write_text(file.text, encoding="utf-8")
    report = examine(path, keep=False)
    if report.rows_in != report.rows_used + report.rows_set_aside:
        return f"rows: {report.rows_in} in, {report.rows_used} used, {report.rows_set_aside} set aside"
    asked = [question["code"] for question in report.questions]
    errors = [error["code"] for error in report.errors]
    if file.refused:
        return None if file.refused in errors else f"not refused: {errors}, total {report.amount_total}"
    if file.asked:
        return _question(file, report, asked)
    if asked or errors:
        return f"needless: {asked or errors}"
    if Decimal(report.amount_total) != file.total:
        return f"silent error: {report.amount_total} instead of {file.total}"
    if file.rows is not None and report.rows_in != file.rows:
        return f"{report.rows_in} rows instead of {file.rows}"
    notes = [note["code"] for note in report.notes]
    return None if file.note is None or file.note in notes else f"not said: {file.note}, but {notes}"


def _question(file: Made, report, asked: list[str]) -> str | None:
    if file.asked not in asked:
        return f"silent error: not asked, {report.amount_total} instead of {file.total}, {asked}"
    if asked != [file.asked]:
        return f"needless beside {file.asked}: {asked}"
    (question,) = report.questions
    totals = {reading["amount_total"] for reading in question["readings"]}
    if str(file.total.quantize(Decimal("0.01"))) not in totals:
        return f"no reading is true: {totals} without {file.total}"
    return None
