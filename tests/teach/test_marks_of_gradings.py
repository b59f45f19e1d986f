"""From `grade` to `marks`: who is exempt from everything, whose total a person gave, and a class without sections."""

import csv
import io
from pathlib import Path

import pytest
from classroom import Classroom

from coursekit import cli

pytestmark = pytest.mark.usefixtures("walled")


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def by_student(path: Path) -> dict[str, dict]:
    return {row["student_id"]: row for row in rows(path)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Five students with the same right answers: as they are, exempt (with a file and without), and marked by hand."""
    folder = tmp_path_factory.mktemp("marks")
    room = Classroom(folder, students=5)
    honest, exempt, by_hand, one_question, away = room.students
    questions = list(room.exercise.questions)
    (folder / "accommodations.toml").write_text(
        f'["{exempt}"]\nexempt = {questions}\n["{away}"]\nexempt = {questions}\n', encoding="utf-8"
    )
    (room.folder / "grading.toml").write_text(
        f'[[override]]\nstudent_id = "{by_hand}"\nscore = 0.3\nreason = "oral"\n'
        f'[[override]]\nstudent_id = "{one_question}"\nquestion = "uplift"\nscore = 0.5\nreason = "rounded"\n',
        encoding="utf-8",
    )
    for student in (honest, exempt, by_hand, one_question):
        room.hand_in(student)
    out = folder / "hw1"
    words = ["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out), "--by-section"]
    assert cli.main(words) == 0
    assert cli.main([*words, "--only", honest]) == 0  # the others are kept, and said anew
    assert cli.main(["marks", str(out), "--out", str(folder / "totals")]) == 0
    return room, out, folder / "totals", words


def test_who_is_exempt_from_every_question_has_no_total_and_no_grade(graded):
    room, out, totals, _ = graded
    _, exempt, _, _, away = room.students
    grades, marks = by_student(out / "grades.csv"), by_student(totals / "marks.csv")
    for student in (exempt, away):
        assert (
            grades[student]["total"] == "" and grades[student]["flags"].split().count("exempt_from_all") == 1
        )
        assert (marks[student]["total"], marks[student]["five_grade"], marks[student]["letter"]) == (
            "",
            "",
            "",
        )
        assert marks[student]["provisional"] == "" and marks[student]["missing"] == "0"
    assert rows(totals / "problems.csv") == []
    told = [row for row in rows(out / "problems.csv") if row["what"] == "exempt_from_all"]
    assert {row["student_id"] for row in told} == {exempt, away} and "总评里不计" in told[0]["meaning"]


def test_a_total_given_by_hand_is_final_and_the_log_says_what_was_worked_out_before(graded):
    room, out, totals, _ = graded
    honest, _, by_hand, one_question, _ = room.students
    grades, marks = by_student(out / "grades.csv"), by_student(totals / "marks.csv")
    assert grades[by_hand]["to_read"] == "0" and grades[honest]["to_read"] == "1"
    assert marks[by_hand]["total"] == "30" and marks[by_hand]["provisional"] == ""
    assert "texts are still to be read (hw1)" in marks[honest]["provisional"]
    logged = {row["student_id"]: row for row in rows(out / "appeals.csv")}
    assert set(logged) == {by_hand, one_question}
    assert logged[by_hand]["question"] == "total" and logged[by_hand]["after"] == "0.3"
    assert float(logged[by_hand]["before"]) == pytest.approx(float(grades[honest]["total"]), abs=1e-6)
    assert (logged[one_question]["before"], logged[one_question]["after"]) == ("1", "0.5")
    page = (out / "feedback" / by_hand / "feedback.html").read_text(encoding="utf-8")
    assert "30.0" in page and "still to be read" not in page and "还没有读完" not in page


def test_a_class_without_sections_is_told_so(graded, capsys):
    room, out, _, words = graded
    assert cli.main([*words, "--only", room.students[0]]) == 0
    said = capsys.readouterr().out
    assert "names no sections" in said and "0 sections" not in said and not (out / "sections").exists()
