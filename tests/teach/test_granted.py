"""What is granted to a student, released to all, told of a wrong table, and written for each section."""

import csv
import io
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from classroom import Classroom

from coursekit import cli
from coursekit.messages import KitError
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import read_settings
from coursekit.teach.grade.accommodations import Accommodations
from coursekit.teach.grade.class_report import answers_that_count, statistics
from coursekit.teach.grade.grade import require_over
from coursekit.teach.grade.graded import Graded, Grading
from coursekit.teach.grade.marking import QuestionMark
from coursekit.teach.grade.marking_screen import PAGE
from coursekit.teach.grade.marking_sheet import FILE as SHEET
from coursekit.teach.grade.marking_sheet import read_marking_sheet
from coursekit.teach.handed_in.identity import Rules
from coursekit.teach.handed_in.intake import Intake

pytestmark = pytest.mark.usefixtures("walled")
SECTIONS = {"班级": ["一班", "二班", "一班", ""]}
WRONG_CELL = "by_segment.iloc[0, -1] = by_segment.iloc[0, -1] + 7"


def by_student(path: Path) -> dict[str, dict]:
    text = path.read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def told(out: Path, what: str) -> list[dict]:
    text = (out / "problems.csv").read_text(encoding="utf-8-sig")
    return [row for row in csv.DictReader(io.StringIO(text)) if row["what"] == what]


def grade(room: Classroom, *more: str) -> tuple[int, Path]:
    out = room.folder.parent / "grades"
    code = cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out), *more])
    return code, out


def page(out: Path, student: str) -> str:
    return (out / "feedback" / student / "feedback.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """Four students in two sections, all far too late; three of them are granted something, one of it unreadable."""
    room = Classroom(tmp_path_factory.mktemp("granted"), columns=SECTIONS, due="2025-06-01")
    a, b, c, d = room.students
    (room.folder / "grading.toml").write_text("[late]\nper_day = 1.0\n", encoding="utf-8")
    (room.folder.parent / "accommodations.toml").write_text(
        f'["{a}"]\nextra_days = 3650\nexempt = ["advice", "gym_offer/uplift"]\n\n'
        f'["{b}"]\nextra_days = "many"\n\n["of another class"]\nextra_minutes = 15\n',
        encoding="utf-8",
    )
    room.hand_in(a, {"uplift": "uplift = 1.0"})
    room.hand_in(b)
    room.hand_in(c, {"by_segment": f"{room.solution['by_segment']}\n{WRONG_CELL}"})
    room.hand_in(d)
    for hour, path in enumerate(sorted(room.out.iterdir())):  # one by one, not as a folder that was copied
        os.utime(path, (time.time() - 3600 * hour,) * 2)
    return room, *grade(room, "--by-section")


def test_granted_time_and_questions_that_do_not_count_hold_without_a_word_in_the_assignment(late):
    room, _, out = late
    mine = by_student(out / "grades.csv")[room.students[0]]
    assert mine["late_minutes"] == "0" and float(mine["total"]) == 1.0 and mine["to_read"] == "0"
    assert by_student(out / "grades.csv")[room.students[3]]["total"] == "0"
    assert "does not count" in page(out, room.students[0]) or "不计分" in page(out, room.students[0])


def test_a_question_that_does_not_count_is_nobodys_work_and_in_no_statistics(late):
    room, _, out = late
    a, b, c, d = room.students
    assert {student for student, _ in read_marking_sheet(out / SHEET)} == {b, c, d}
    assert "advice" in (out / PAGE).read_text(encoding="utf-8")  # which the three others still wrote
    marks = {
        student: Graded(
            student, questions=[QuestionMark(name, 1.0, "recorded", score, "", {}, exempt=exempt)]
        )
        for student, name, score, exempt in (
            (a, "uplift", 0.0, True),
            (b, "uplift", 1.0, False),
            (c, "uplift", 0.5, False),
        )
    }
    (uplift,) = [one for one in statistics(room.exercise, marks) if one.question == "uplift"]
    assert uplift.difficulty == 0.75 and uplift.answered == 1.0


@pytest.mark.parametrize(("score", "difficulty", "waiting"), [(None, None, 1), (0.5, 0.25, 0)])
def test_nothing_is_said_of_what_a_text_earned_before_all_of_them_are_read(
    late, tmp_path, score, difficulty, waiting
):
    """Who wrote nothing has earned nothing; that is no mean of those who wrote."""
    room, *_ = late
    a, b, *_ = room.students
    marks = {a: ("recorded", score), b: ("missing", 0.0)}
    graded = {
        student: Graded(student, questions=[QuestionMark("advice", 2.0, state, earned, "", {})])
        for student, (state, earned) in marks.items()
    }
    (advice,) = [one for one in statistics(room.exercise, graded) if one.question == "advice"]
    assert (advice.difficulty, advice.to_read) == (difficulty, waiting)


def test_a_teams_text_is_read_where_it_counts_for_any_of_its_members(tmp_path):
    room = Classroom(tmp_path, columns={"team": ["Red", "Red", "Blue", "Blue"]})
    a, b, c, d = room.students
    graded = {}
    for student, first, exempt in ((a, None, True), (b, a, False), (c, None, True), (d, c, True)):
        advice = QuestionMark(
            "advice", 1.0, "recorded", None, "", {}, f"of {first or student}", exempt=exempt
        )
        graded[student] = Graded(student, questions=[advice], shared_from=first)
    about = Assignment.read(room.folder)
    grading = Grading(
        about=about,
        exercise=room.exercise,
        graded=graded,
        intake=Intake((".ipynb",)),
        handed_in=[],
        tier="trust",
        tried={},
        whose=Rules({}, [], {}),
    )
    assert [student for student, _ in grading.texts] == [a]
    assert [mine.student_id for _, mine in answers_that_count("advice", graded)] == [b]


def test_a_table_that_cannot_be_read_is_named_with_its_line_and_holds_nobody_up(late):
    room, code, out = late
    (line,) = told(out, "accommodation_unreadable")
    assert code == cli.WANTS_AN_EYE and line["student_id"] == room.students[1]
    assert "accommodations.toml:5" in line["detail"] and "many" in line["detail"]
    assert by_student(out / "grades.csv")[room.students[1]]["total"] == "0"
    assert told(out, "accommodation_of_nobody")[0]["student_id"] == "of another class"


def test_no_page_of_the_class_tells_who_is_granted_something(late):
    _, _, out = late
    pages = list(out.rglob("class.html"))
    assert pages
    for shown in pages:
        text = shown.read_text(encoding="utf-8")
        assert "granted" not in text and "accommodat" not in text and "照顾" not in text


def test_each_section_has_a_class_page_and_gradebooks_of_its_own_students(late):
    room, _, out = late
    a, b, c, d = room.students
    assert list(by_student(out / "sections" / "一班" / "grades.csv")) == [a, c]
    assert list(by_student(out / "sections" / "二班" / "grades.csv")) == [b]
    assert "一班" in (out / "sections" / "一班" / "class.html").read_text(encoding="utf-8")
    assert (out / "sections" / "二班" / "grades_moodle.csv").is_file()
    assert list(by_student(out / "grades.csv")) == [a, b, c, d]


def test_a_wrong_cell_is_shown_and_what_is_right_is_not(late):
    room, _, out = late
    c = room.students[2]
    text = page(out, c)
    right = room.exercise.right_answers(room.variant(c)["seed"])["by_segment"]
    assert text.count("✗</td>") == 2 and text.count('<td class="no">') == 2  # one a language
    from crmkit.answers.forms import short

    assert f"<td>{short(right['rows'][0][-1])}</td>" not in text and "✗" not in page(out, room.students[3])


def test_right_answers_are_released_only_after_the_last_accommodations_deadline(late, capsys):
    room, _, out = late
    c = room.students[2]
    assert grade(room, "--release")[0] == 1  # one student has ten more years
    assert "2035" in capsys.readouterr().err and "Right answer" not in page(out, c)
    (room.folder.parent / "accommodations.toml").write_text("", encoding="utf-8")
    assert grade(room, "--release")[0] == 0
    from crmkit.answers.forms import short

    right = room.exercise.right_answers(room.variant(c)["seed"])["by_segment"]
    assert "Right answer" in page(out, c) and f"<td>{short(right['rows'][0][-1])}</td>" in page(out, c)


@pytest.mark.parametrize(
    "late, open_days",
    [
        ("", 0),
        ("grace_minutes = 1440", 1),
        ("per_day = 0.1\nmax_days = 7", 7),
        ("per_day = 0.1\nmax_days = 30", 9),  # on the tenth day nothing is left
        ("per_day = 0.3", 3),
        ("per_day = 1.0", 0),
        ("max_days = 4", 4),
    ],
)
def test_release_waits_until_nothing_that_comes_in_late_could_earn_marks(tmp_path, late, open_days):
    room = Classroom(tmp_path, students=1, due="2025-06-01")
    (room.folder / "grading.toml").write_text(f"[late]\n{late}\n", encoding="utf-8")
    about = Assignment.read(room.folder)
    settings = read_settings(about, room.exercise.questions)
    due = datetime.fromisoformat(about.due)
    last = due + settings.late.open_after_due()
    assert last - due == timedelta(days=open_days)
    if late:
        assert settings.late.factor(last, due)[0] > 0 and settings.late.factor(last, due)[1] <= last - due
    with mock.patch("coursekit.teach.grade.grade.datetime", wraps=datetime) as clock:
        clock.now.return_value = last
        with pytest.raises(KitError, match=last.strftime("%Y-%m-%d")):
            require_over(about, settings, Accommodations())
        clock.now.return_value = last + timedelta(minutes=1)
        require_over(about, settings, Accommodations())


def test_sections_of_one_roster_can_be_given_different_exercises(tmp_path, capsys):
    roster = tmp_path / "roster.csv"
    roster.write_text("学号,姓名,班级\n1,甲,一班\n2,乙,二班\n", encoding="utf-8")
    made = ["assign", "06", "--roster", str(roster), "--out"]
    assert cli.main([*made, str(tmp_path / "one"), "--section", "一班"]) == 0
    assert [path.name for path in (tmp_path / "one" / "students").iterdir()] == ["1"]
    assert cli.main([*made, str(tmp_path / "two"), "--section", "三班"]) == 1
    assert "一班, 二班" in capsys.readouterr().err and not (tmp_path / "two").exists()
