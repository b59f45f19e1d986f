"""The date by which everybody hands in can be moved after the work was given out, and a slip of the pen is said."""

import csv
import io
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from classroom import Classroom
from killing import kept

from coursekit import cli
from coursekit.messages import KitError
from coursekit.teach.assign.assign import assign
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import FILE as SETTINGS
from coursekit.teach.assign.settings import read_settings
from coursekit.teach.grade.accommodations import Accommodations
from coursekit.teach.grade.grade import require_over

GIVEN = "2026-03-02T18:00"
# when each hands in: within the date given out, a day and a half after it, three days after it, and likewise
HANDED_IN = ((2, 12), (4, 6), (5, 12), (5, 12))


def given_out_in_february(folder: Path, students: int, **more) -> Classroom:
    """An assignment that was made well before it is due, whatever the day on which the test runs."""
    room = Classroom(folder, students=students, due=GIVEN, **more)
    manifest = room.folder / "manifest.json"
    made = json.loads(manifest.read_text(encoding="utf-8"))
    made["created"] = "2026-02-20T09:00:00+00:00"
    manifest.write_text(json.dumps(made), encoding="utf-8")
    return room


def by_student(path: Path) -> dict[str, dict]:
    text = path.read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


@pytest.fixture(scope="module")
def room(tmp_path_factory, walled):
    """Four students in two sections; the third has an extension, the fourth a day more for everything.
    All are late but one.
    """
    sections = {"section": ["A", "A", "B", "B"]}
    room = given_out_in_february(tmp_path_factory.mktemp("moved"), 4, columns=sections)
    path = room.folder.parent / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for student, (day, hour) in zip(room.students, HANDED_IN):
            member = zipfile.ZipInfo(f"{student}/hw.ipynb", (2026, 3, day, hour, 0, 0))
            archive.writestr(member, nbformat.writes(room.notebook(student)))
    (room.folder.parent / "accommodations.toml").write_text(
        f'["{room.students[3]}"]\nextra_days = 1\n', encoding="utf-8"
    )
    return room


def graded(room: Classroom, capsys, late: str, *more: str) -> tuple[dict[str, dict], str]:
    """The gradebook and what was said, with these lines below [late]."""
    (room.folder / SETTINGS).write_text(
        f'[late]\nper_day = 0.1\n{late}\n[extensions]\n"{room.students[2]}" = "2026-03-06"\n',
        encoding="utf-8",
    )
    out = room.folder.parent / "grades"
    words = ["grade", str(room.folder.parent / "all.zip"), "--assignment", str(room.folder)]
    code = cli.main([*words, "--out", str(out), *more])
    said = capsys.readouterr()
    assert code in (0, cli.WANTS_AN_EYE), said.err
    return by_student(out / "grades.csv"), said.out


def factors(grades: dict[str, dict]) -> list[float]:
    return [float(row["late_factor"]) for row in grades.values()]


def test_a_date_moved_later_holds_for_everybody_and_is_said_before_anything_else(room, capsys):
    before, said = graded(room, capsys, "")
    assert factors(before) == [1.0, 0.8, 1.0, 0.8]  # of the fourth, two days after the day that is granted
    assert "grading.toml" not in said.split("\n\n")[0] and "given out as" not in said
    runs = kept(room.folder.parent / "grades")
    after, said = graded(room, capsys, 'due = "2026-03-04T18:00"')
    assert factors(after) == [1.0, 1.0, 1.0, 1.0]
    first = "\n".join(said.splitlines()[:4])
    assert "grading.toml 是 2026-03-04 18:00" in first and "发作业时写的是 2026-03-02 18:00" in first
    assert "Due 2026-03-04 18:00" in first and "given out as 2026-03-02 18:00" in first
    assert "earlier than students were told" not in said
    # moving it is no reason to run anybody's code again, and moving it back gives what was
    assert kept(room.folder.parent / "grades") == runs
    assert graded(room, capsys, "")[0] == before


def test_a_date_moved_earlier_holds_for_everybody_and_that_it_is_earlier_is_said(room, capsys):
    grades, said = graded(room, capsys, "due = 2026-03-01T12:00:00")  # unquoted, as TOML writes a date
    assert factors(grades) == [0.9, 0.7, 1.0, 0.7]
    assert "earlier than students were told" in said and "比告诉学生的要早" in said


def test_a_date_alone_is_the_end_of_that_day(room, capsys):
    grades, said = graded(room, capsys, 'due = "2026-03-03"')
    assert factors(grades) == [1.0, 0.9, 1.0, 0.9] and "2026-03-03 23:59" in said


def test_an_extension_that_the_whole_class_has_overtaken_is_no_mistake(room, capsys):
    grades, _ = graded(room, capsys, 'due = "2026-03-10"', "--by-section")
    assert factors(grades) == [1.0] * 4
    for section, students in (("A", room.students[:2]), ("B", room.students[2:])):
        theirs = by_student(room.folder.parent / "grades" / "sections" / section / "grades.csv")
        assert theirs == {student: grades[student] for student in students}


def test_one_time_for_everybody_is_that_of_the_packing_by_the_date_as_it_stands_now(tmp_path, walled, capsys):
    room = given_out_in_february(tmp_path, 3)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for student in room.students:
            member = zipfile.ZipInfo(f"{student}/hw.ipynb", (2026, 3, 3, 9, 0, 0))
            archive.writestr(member, nbformat.writes(room.notebook(student)))
    for due, unknown in (("", True), ('due = "2026-03-04"', False), ('due = "2026-03-01"', True)):
        (room.folder / SETTINGS).write_text(f"[late]\nper_day = 0.5\n{due}\n", encoding="utf-8")
        words = ["grade", str(tmp_path / "all.zip"), "--assignment", str(room.folder)]
        cli.main([*words, "--out", str(tmp_path / "grades")])
        grades = by_student(tmp_path / "grades" / "grades.csv")
        assert factors(grades) == [1.0, 1.0, 1.0]
        assert {"time_unknown" in row["flags"] for row in grades.values()} == {unknown}, due


def test_right_answers_are_held_back_until_the_date_to_which_it_was_moved(tmp_path):
    room = given_out_in_february(tmp_path, 1)
    about = Assignment.read(room.folder)
    require_over(about, read_settings(about, room.exercise.questions), Accommodations())
    soon = datetime.now().astimezone() + timedelta(days=2)
    (room.folder / SETTINGS).write_text(f'[late]\ndue = "{soon.isoformat()}"\n', encoding="utf-8")
    with pytest.raises(KitError, match=f"{soon:%Y-%m-%d}"):
        require_over(about, read_settings(about, room.exercise.questions), Accommodations())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("'2026-13-03'", "grading_value"),
        ("'tomorrow'", "grading_value"),
        ("''", "grading_value"),
        ("20260303", "grading_value"),
        ("true", "grading_value"),
        ("18:00:00", "grading_value"),
        ("'0026-03-03'", "grading_value"),
        ("'2025-03-03'", "grading_due_early"),  # last year, before the assignment was there
    ],
)
def test_a_date_that_cannot_be_meant_is_refused_with_its_key_and_nothing_is_graded(
    tmp_path, capsys, said, code
):
    room = given_out_in_february(tmp_path, 1)
    room.hand_in(room.students[0])
    (room.folder / SETTINGS).write_text(f"[late]\ndue = {said}\n", encoding="utf-8")
    about = Assignment.read(room.folder)
    with pytest.raises(KitError) as caught:
        read_settings(about, room.exercise.questions)
    assert caught.value.code == code
    out = tmp_path / "grades"
    assert cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out)]) == 1
    told = capsys.readouterr().err
    assert "late.due" in told and "grading.toml" in told and not out.exists()


def test_an_assignment_given_out_without_a_date_can_be_given_one(tmp_path, walled, capsys):
    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0])
    due = datetime.now().astimezone().replace(microsecond=0) + timedelta(days=1)
    (room.folder / SETTINGS).write_text(f'[late]\ndue = "{due.isoformat()}"\n', encoding="utf-8")
    out = tmp_path / "grades"
    cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out)])
    said = capsys.readouterr().out
    assert "given out without a date" in said and "发作业时没有写" in said
    assert by_student(out / "grades.csv")[room.students[0]]["late_minutes"] == "0"


def test_a_student_who_joins_later_is_told_the_date_as_it_stands_now(tmp_path):
    room = given_out_in_february(tmp_path, 2)
    first = (room.folder / "students" / room.students[0] / "README.txt").read_text(encoding="utf-8-sig")
    assert "2026-03-02 18:00" in first
    (room.folder / SETTINGS).write_text('[late]\ndue = "2026-03-09T12:00"\n', encoding="utf-8")
    roster = tmp_path / "roster.csv"
    roster.write_text(roster.read_text("utf-8-sig") + "20269999,新同学,both\n", encoding="utf-8-sig")
    pack = room.folder / "pack" / room.manifest["source"]
    said = "\n".join(assign(pack, roster=roster, out=room.folder, due="2026-03-09T12:00"))
    joined = (room.folder / "students" / "20269999" / "README.txt").read_text(encoding="utf-8-sig")
    assert "2026-03-09 12:00" in joined and "2026-03-02" not in joined
    # asking for it where the work is given out changes nothing, and says where it can be done
    assert "[late]" in said and SETTINGS in said
    (room.folder / SETTINGS).write_text('[late]\ndue = "soon"\n', encoding="utf-8")
    before = (room.folder / "manifest.json").read_bytes()
    with pytest.raises(KitError, match="late.due"):
        assign(pack, roster=roster, out=room.folder)
    assert (room.folder / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(days=-1), ("is over already", "已经过了")),
        (timedelta(days=20), ()),
        (timedelta(days=360), ()),
        (timedelta(days=20 + 3653), ("more than a year ahead", "一年多以后")),  # 2036 for 2026
    ],
)
def test_a_mistyped_year_is_said_when_the_work_is_given_out(tmp_path, capsys, ahead, words):
    roster = tmp_path / "r.csv"
    roster.write_text("学号,姓名\n1,甲\n", encoding="utf-8")
    due = f"{datetime.now() + ahead:%Y-%m-%d}"
    command = ["assign", "06", "--roster", str(roster), "--out", str(tmp_path / "out"), "--due", due]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert all(word in said and due in said for word in words)
    assert bool(words) == ("If that is a slip" in said)
