"""What an assistant has filled in is never lost in silence, whatever a spreadsheet program has made of the sheet."""

from pathlib import Path

import pytest
import xlsxwriter

from coursekit.messages import KitError
from coursekit.teach.grade.graded import Graded
from coursekit.teach.grade.marking import QuestionMark
from coursekit.teach.grade.marking_sheet import COLUMNS, read_marking_sheet, text_id

TEXTS = {
    "00123": "go to them",
    "00124": "wait for them",
    "2E10": "ask them",
    "s5": "the same",
    "s6": "the same",
}


def a_class() -> dict[str, Graded]:
    graded = {}
    for student, text in TEXTS.items():
        one = QuestionMark("advice", 2.0, "recorded", None, "read", {}, value=text)
        graded[student] = Graded(student, questions=[one])
    return graded


def row(student, points, *, text: str | None = None, question: str = "advice", comment: str = "") -> dict:
    """A row as the sheet holds it; ``student`` as a spreadsheet program may have left the id."""
    return {
        "student_id": student,
        "question": question,
        "points_of": 2,
        "points": points,
        "comment": comment,
        "text": text_id(TEXTS.get(text or student, "a text of before")),
    }


def sheet(path: Path, *rows: dict, above: int = 0, before: bool = False, columns=tuple(COLUMNS)) -> Path:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        if before:
            book.add_worksheet("notes").write(0, 0, "points are due on Friday")
        page = book.add_worksheet("marking")
        if above:
            page.write(0, 0, "Marking of group 3")
        for column, heading in enumerate(columns):
            page.write_string(above, column, f"{heading}\n…")
            for number, one in enumerate(rows, above + 1):
                if one.get(heading) is not None:
                    page.write(number, column, one[heading])
    return path


def points(path: Path) -> dict[str, float | None]:
    return {student: one.points for (student, _), one in read_marking_sheet(path, a_class()).items()}


@pytest.mark.parametrize(
    ("said", "student"),
    [
        ("00123", "00123"),
        (123, "00123"),  # “convert to number”
        ("123", "00123"),
        (" 00123 ", "00123"),
        (20_000_000_000.0, "2E10"),
        ("", "00123"),  # deleted
        ("someone", "00123"),
    ],
)
def test_points_are_the_students_whose_text_it_is_whatever_became_of_the_id(tmp_path, said, student):
    assert points(sheet(tmp_path / "m.xlsx", row(said, 1.5, text=student))) == {student: 1.5}


def test_of_two_with_one_text_the_id_tells_as_far_as_it_can(tmp_path):
    graded = a_class()
    for student, other in (("00123", "00124"),):
        graded[other].questions[0].value = graded[student].questions[0].value
    path = sheet(tmp_path / "m.xlsx", row(124, 2, text="00123"), row(123, 1, text="00123"))
    found = read_marking_sheet(path, graded)
    assert {student: one.points for (student, _), one in found.items()} == {"00124": 2, "00123": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        row("nobody", 1, text="a text that is no more"),
        row("x", 1, text="s5"),  # two have it
        row(999, 0, text="a text that is no more"),
    ],
)
def test_points_that_are_nobodys_are_refused_with_the_row_before_anything_is_written(tmp_path, wrong):
    path = sheet(tmp_path / "marking.xlsx", row("00124", 2), wrong)
    before = path.read_bytes()
    with pytest.raises(KitError) as caught:
        read_marking_sheet(path, a_class())
    assert caught.value.code == "marking_of_nobody" and path.read_bytes() == before
    for said in (caught.value.message_zh, caught.value.message_en):
        assert "3" in said and str(wrong["student_id"]) in said


def test_a_row_of_nobody_without_points_holds_nobody_up(tmp_path):
    assert points(sheet(tmp_path / "m.xlsx", row("gone", None, text="no more"), row("00124", 2))) == {
        "00124": 2
    }


def test_a_text_that_stands_there_twice_with_other_points_is_refused_and_with_the_same_taken(tmp_path):
    assert points(sheet(tmp_path / "a.xlsx", row("00124", 2), row("00124", 2))) == {"00124": 2}
    assert points(sheet(tmp_path / "b.xlsx", row("00124", 2), row("00124", None))) == {"00124": 2}
    with pytest.raises(KitError) as caught:
        points(sheet(tmp_path / "c.xlsx", row("00124", 2), row(124, 0, text="00124")))
    assert caught.value.code == "marking_twice"
    assert "2" in caught.value.message_en and "3" in caught.value.message_en


@pytest.mark.parametrize(
    ("typed", "taken"), [("1", 1), ("1.5", 1.5), ("１", 1), ("1 分", 1), ("2.", 2), (" ", None)]
)
def test_points_typed_as_text_are_numbers(tmp_path, typed, taken):
    assert points(sheet(tmp_path / "m.xlsx", row("00123", typed)))["00123"] == taken


@pytest.mark.parametrize("typed", ["1,5", "-1", "3", "good", "nan", "1e0", True, -0.5, 2.1])
def test_points_that_are_none_are_refused_with_what_is_allowed(tmp_path, typed):
    with pytest.raises(KitError, match="0 … 2"):
        points(sheet(tmp_path / "m.xlsx", row("00123", typed)))


def test_the_headings_are_found_below_a_title_and_behind_another_sheet(tmp_path):
    path = sheet(tmp_path / "m.xlsx", row("00123", 1), above=1, before=True)
    assert points(path) == {"00123": 1}
    with pytest.raises(KitError) as caught:
        points(sheet(tmp_path / "n.xlsx", row("00123", 9), above=1, columns=[*COLUMNS][::-1]))
    assert caught.value.code == "marking_points" and "3" in caught.value.message_en  # the sheet's own row


def test_a_sheet_without_its_columns_is_told_which_they_are(tmp_path):
    with pytest.raises(KitError) as caught:
        points(sheet(tmp_path / "m.xlsx", row("00123", 1), columns=["student_id", "points"]))
    assert caught.value.code == "marking_unreadable" and "points_of" in caught.value.message_en
