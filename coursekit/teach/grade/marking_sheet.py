"""The sheet for what a person reads: every text answer with its rubric and a column for points, which stay."""

import hashlib
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import clean_text
from crmkit.core.files import put
from crmkit.core.language import WRITTEN

from .graded import Graded, Grading
from .marking import QuestionMark

FILE = "marking.xlsx"
COLUMNS = {  # heading → width in characters
    "student_id": 14,
    "name": 14,
    "question": 18,
    "answer": 70,
    "rubric": 50,
    "sample": 50,
    "points_of": 9,
    "points": 9,
    "comment": 30,
    "text": 16,
}
# columns that are read again
NEEDED = ("student_id", "question", "points_of", "points", "comment", "text")
NO_CHARACTERS = {0xFFFE: None, 0xFFFF: None}  # of which XML, and so a workbook, knows nothing
LAST_HEAD = 20  # rows in which the headings may stand, as in rosters
LONGEST_ID = 60  # characters of what stands for an id that a message shows
LONGEST_CELL = 32_000  # characters; a workbook holds 32,767
AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Given:
    """What a person has written beside one answer."""

    points: float | None
    comment: str
    text: str  # which text it was: `text_id`


def text_id(answer: object) -> str:
    """A text's own mark, however a spreadsheet program writes its lines and blanks."""
    return hashlib.sha256(" ".join(str(answer).split()).encode("utf-8", "replace")).hexdigest()[:16]


def of_this_text(given: Given | None, one: QuestionMark) -> Given | None:
    """What a person gave to this very text; points for an earlier one are none for a new one."""
    return given if given and given.text == text_id(one.value) else None


def write_marking_sheet(out: Path, grading: Grading, given: dict[tuple[str, str], Given]) -> int:
    """A workbook with every text answer, its rubric and a column for points; points already given stay.
    How many open.
    """
    import xlsxwriter

    questions = grading.exercise.questions
    texts = grading.texts
    if not texts:
        return 0
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, AS_TEXT) as book:
        sheet = book.add_worksheet("marking")
        _head(book, sheet)
        for row, (student, one) in enumerate(texts, 1):
            name = grading.about.variants[student].name
            kept = of_this_text(given.get((student, one.question)), one)
            _row(sheet, row, one, student, name, questions[one.question], kept)
        sheet.freeze_panes(1, 3)
        points = list(COLUMNS).index("points")
        allowed = {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True}
        sheet.data_validation(1, points, len(texts), points, allowed)
    put(out / FILE, held.getvalue())
    return sum(one.score is None for _, one in texts)


def _head(book, sheet) -> None:
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "text_wrap": True})
    for column, (heading, width) in enumerate(COLUMNS.items()):
        zh, en = MESSAGES.pair(f"marking_{heading}")
        sheet.write_string(0, column, f"{heading}\n{zh} {en}", bold)
        sheet.set_column(column, column, width, wrapped)


def _row(sheet, row: int, one: QuestionMark, student: str, name: str, question: dict, given) -> None:
    texts = {
        "student_id": student,
        "name": name,
        "question": one.question,
        "answer": one.value,
        "rubric": "\n".join(question["rubric"][lang] for lang in WRITTEN),
        "sample": "\n".join(question["sample"][lang] for lang in WRITTEN),
        "comment": given.comment if given else "",
        "text": text_id(one.value),
    }
    numbers = {"points_of": one.weight, "points": given.points if given else None}
    for column, heading in enumerate(COLUMNS):
        if heading in texts:
            sheet.write_string(row, column, _printable(str(texts[heading])))
        elif numbers[heading] is not None:
            sheet.write_number(row, column, numbers[heading])


def _printable(text: str) -> str:
    kept = "".join(c for c in clean_text(text) if c >= " " or c in "\n\t")
    return kept.translate(NO_CHARACTERS)[:LONGEST_CELL]


# --- as a person has filled it in -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A row as a person has left it: its number in the sheet, whose and what it says it is, and what was given."""

    number: int
    student: str
    question: str
    given: Given


def read_marking_sheet(
    path: Path, graded: Mapping[str, Graded] | None = None
) -> dict[tuple[str, str], Given]:
    """(student, question) → points and comment, from the sheet as a person has filled it in.

    ``graded``: whose texts there are; spreadsheet programs drop zeros from ids. Errors: KitError where points are
    nobody's, or a text has two kinds of them: what somebody has read is not lost in silence.
    """
    given: dict[tuple[str, str], Given] = {}
    first: dict[tuple[str, str], int] = {}
    for row in _rows_of(path) if path.exists() else []:
        key = (row.student, row.question) if graded is None else _whose(row, graded, path)
        if key is None:
            continue
        there = given.get(key)
        if there and there.points is not None and row.given.points not in (None, there.points):
            raise KitError("marking_twice", value=path.name, first=first[key], second=row.number)
        if there is None or there.points is None:
            given[key] = row.given
            first[key] = row.number
    return given


def _rows_of(path: Path) -> list[Row]:
    """The rows below the headings, wherever on the first sheet that has them somebody has moved these."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except Exception as problem:
        why = f"{type(problem).__name__}: {problem}"
        raise KitError("marking_unreadable", value=str(path), why=why) from None
    for sheet in sheets:
        for at, cells in enumerate(sheet[:LAST_HEAD]):
            heads = [str(cell).split("\n")[0].strip() for cell in cells]
            if set(NEEDED) <= set(heads):
                return [
                    _read_row(dict(zip(heads, cells)), number, path)
                    for number, cells in enumerate(sheet[at + 1 :], at + 2)
                ]
    raise KitError("marking_unreadable", value=str(path), why=", ".join(NEEDED) + " ?")


def _read_row(cells: dict, number: int, path: Path) -> Row:
    points = _points(cells["points"], cells["points_of"], number, path)
    given = Given(points, str(cells["comment"] or ""), str(cells["text"]).strip())
    return Row(number, _student_id(cells["student_id"]), str(cells["question"]).strip(), given)


def _student_id(value) -> str:
    """An id as text; a workbook may have made a number of it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _whose(row: Row, graded: Mapping[str, Graded], path: Path) -> tuple[str, str] | None:
    """The student and question of a row; by the mark of its text, or by its number, where its id is nobody's."""
    if row.student in graded:
        return row.student, row.question
    if row.given.points is None:
        return None
    with_text = {
        student
        for student, mine in graded.items()
        for one in mine.questions
        if one.question == row.question and mine.shared_from is None and of_this_text(row.given, one)
    }
    alike = {student for student in graded if _is_number(row.student, student)}
    for found in (with_text & alike, with_text, alike):
        if len(found) == 1:
            return min(found), row.question
    raise KitError(
        "marking_of_nobody",
        value=row.student[:LONGEST_ID],
        row=row.number,
        name=path.name,
        points=f"{row.given.points:g}",
    )


def _is_number(said: str, student: str) -> bool:
    """Whether an id is this one but for what a spreadsheet makes of a number."""
    try:
        return student.isdigit() and float(said) == float(student)
    except ValueError:
        return False


def _points(value, most, number: int, path: Path) -> float | None:
    """Points as a number, or as people type them: “1”, “１.5”, “1 分”."""
    if isinstance(value, str):
        typed = unicodedata.normalize("NFKC", value).strip()
        for unit in MESSAGES.pair("marking_points_unit"):
            typed = typed.removesuffix(unit).strip()
        value = float(typed) if re.fullmatch(r"\d+(\.\d*)?", typed) else typed or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= float(most):
        raise KitError("marking_points", value=value, row=number, name=path.name, allowed=f"0 … {most}")
    return float(value)


def merge_points(points: dict[tuple[str, str], Given], graded: dict[str, Graded]) -> None:
    """Points that people gave become the marks of the text questions."""
    for (student, question), given in points.items():
        if given.points is None or student not in graded:
            continue
        for one in graded[student].questions:
            if one.question != question or one.state != "recorded":
                continue
            if of_this_text(given, one) is None:
                graded[student].flags.append("text_changed")
                continue
            said = MESSAGES.pair("mark_read_points", points=f"{given.points:g}", of=f"{one.weight:g}")
            reason = {lang: f"{text} {given.comment}".strip() for lang, text in zip(WRITTEN, said)}
            one.decide(given.points / one.weight if one.weight else 0.0, "read", reason)
