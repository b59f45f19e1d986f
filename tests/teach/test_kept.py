"""Who is not graded this time, or cannot be: marks stay, people's decisions hold,
and nobody has a 0 that is nobody's.
"""

import csv
import io
import os
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from classroom import Classroom, given_points

from coursekit import cli
from coursekit.messages import KitError
from coursekit.sandbox.protocol import Outcome
from coursekit.teach.assign.settings import FILE as SETTINGS
from coursekit.teach.assign.settings import Override
from coursekit.teach.grade import grade as grading
from coursekit.teach.grade.appeals import log_changes
from coursekit.teach.grade.graded import Graded
from coursekit.teach.grade.marking import QuestionMark
from coursekit.teach.marks.marks import marks

pytestmark = pytest.mark.usefixtures("walled")


def by_student(path: Path) -> dict[str, dict]:
    text = path.read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def packed(room: Classroom, name: str, *students: str) -> Path:
    path = room.folder.parent / name
    with zipfile.ZipFile(path, "w") as archive:
        for student in students:
            hour = 12 + room.students.index(student)  # people's own times, not that of the packing
            member = zipfile.ZipInfo(f"{student}/hw.ipynb", (2026, 11, 30, hour, 0, 0))
            archive.writestr(member, nbformat.writes(room.notebook(student)))
    return path


def grade(room: Classroom, submissions: Path, *more: str) -> tuple[int, Path]:
    out = room.folder.parent / "grades"
    words = ["grade", str(submissions), "--assignment", str(room.folder), "--out", str(out), *more]
    return cli.main(words), out


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """A class of three; a second download holds the third alone; points, settings and a grant came in between."""
    room = Classroom(tmp_path_factory.mktemp("kept"), students=3, due="2026-11-30T10:00")
    a, b, c = room.students
    _, out = grade(room, packed(room, "all.zip", a, b, c))
    before = by_student(out / "grades.csv")
    for student, points in ((a, 1), (b, 2), (c, 1)):
        given_points(out / "marking.xlsx", student, points)
    (room.folder / SETTINGS).write_text(
        f'[late]\nper_day = 0.1\n\n[extensions]\n"{b}" = "2026-12-05"\n\n'
        f'[[override]]\nstudent_id = "{a}"\nquestion = "uplift"\nscore = 0.0\nreason = "copied by hand"\n',
        encoding="utf-8",
    )
    grade(room, packed(room, "late.zip", c))
    second = by_student(out / "grades.csv")
    appeals = rows(out / "appeals.csv")
    grade(room, room.folder.parent / "all.zip")
    return room, before, second, appeals, by_student(out / "grades.csv")


def test_what_people_decide_holds_for_students_who_are_not_in_this_download(downloads):
    room, before, second, appeals, whole = downloads
    a, b, c = room.students
    assert "from_an_earlier_download" in second[a]["flags"] and "from_an_earlier" not in second[c]["flags"]
    for student in (a, b, c):
        for column in ("total", "advice", "uplift", "late_minutes", "late_factor", "to_read", "by_hand"):
            assert second[student][column] == whole[student][column], (student, column)
    assert before[a]["uplift"] == "1" and second[a]["uplift"] == "0" and second[a]["late_factor"] == "0.9"
    assert second[b]["late_factor"] == "1" and second[b]["to_read"] == "0"
    assert [(row["student_id"], row["question"], row["before"]) for row in appeals] == [(a, "uplift", "1")]


def test_a_decision_that_is_taken_back_leaves_what_was_earned(downloads):
    room, before, *_ = downloads
    a, _, c = room.students
    (room.folder / SETTINGS).write_text("", encoding="utf-8")
    _, out = grade(room, room.folder.parent / "late.zip")
    after = by_student(out / "grades.csv")[a]
    assert after["uplift"] == before[a]["uplift"] == "1" and after["late_factor"] == "1"
    assert after["by_hand"] == "" and after["flags"].split().count("late") == 1  # told, and free again


@pytest.mark.parametrize("folder", ["8001", None], ids=["anonymous", "named"])
def test_of_two_downloads_the_later_hand_in_counts_in_whichever_order_they_are_graded(tmp_path, folder):
    room = Classroom(tmp_path, students=3, due="2026-11-30T10:00")
    a, b, _ = room.students
    wrong = nbformat.writes(room.notebook(a, {"uplift": "uplift = 0.5"}))
    contents = {
        "old": [(folder or a, 20, wrong), ("8002", 20, nbformat.writes(room.notebook(b)))],
        "new": [(folder or a, 25, nbformat.writes(room.notebook(a)))],
    }
    for name, files in contents.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for place, (where, day, text) in enumerate(files):
                archive.writestr(
                    zipfile.ZipInfo(f"{where}/hw.ipynb", (2026, 11, day, 12 + place, 0, 0)), text
                )
        evening = datetime(2026, 11, day, 20).timestamp()  # downloaded on the day of the last hand-in
        os.utime(tmp_path / f"{name}.zip", (evening, evening))
    books = {}
    for order in (("old", "new"), ("new", "old"), ("old", "new", "old")):
        out = tmp_path / "-".join(order)
        for name in order:
            words = [
                "grade",
                str(tmp_path / f"{name}.zip"),
                "--assignment",
                str(room.folder),
                "--out",
                str(out),
            ]
            code = cli.main(words)
        books[order] = (code, by_student(out / "grades.csv"))
    for order, (code, book) in books.items():
        assert (book[a]["uplift"], book[a]["file"]) == ("1", f"new.zip/{folder or a}/hw.ipynb"), order
        assert book[b]["uplift"] == "1"
        assert ("older_than_counted" in book[a]["flags"]) == (order[-1] == "old")
        assert code == (cli.WANTS_AN_EYE if order[-1] == "old" else 0)


@pytest.mark.parametrize("state", ["killed", "no_wall"])
def test_what_the_machine_kept_from_running_has_no_mark_and_is_provisional_in_the_totals(
    tmp_path, monkeypatch, state
):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    run_all = grading.run_all

    def killing(runs, *rest, **more):
        outcomes = run_all(runs, *rest, **more)
        return {key: Outcome(state, sheet=one.sheet) if key[0] == a else one for key, one in outcomes.items()}

    monkeypatch.setattr(grading, "run_all", killing)
    code, out = grade(room, packed(room, "all.zip", a, b))
    book = by_student(out / "grades.csv")
    assert code == cli.WANTS_AN_EYE and book[a]["total"] == "" and float(book[b]["total"]) > 0.5
    assert rows(out / "grades_moodle.csv")[0]["Grade"] == ""
    found = marks([out], out=tmp_path / "totals", say=lambda _: None)
    total = by_student(tmp_path / "totals" / "marks.csv")
    assert found.wants_an_eye and total[a]["provisional"] and a in {line[2] for line in found.wrong}
    assert b not in {line[2] for line in found.wrong}


def test_who_may_have_handed_in_what_could_not_be_used_is_not_as_who_handed_in_nothing(tmp_path):
    room = Classroom(tmp_path, students=3)
    a, b, c = room.students
    path = packed(room, "all.zip", c)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{a}/hw.ipynb", nbformat.writes(room.notebook(b)))
    code, out = grade(room, path)
    book = by_student(out / "grades.csv")
    assert code == cli.WANTS_AN_EYE
    assert {student: book[student]["state"] for student in (a, b, c)} == {
        a: "unclear",
        b: "unclear",
        c: "ended",
    }
    told = {row["student_id"] for row in rows(out / "problems.csv") if row["what"] == "unclear"}
    assert told == {a, b}


def changes_of(earlier: Graded | None, mine: Graded, folder: Path) -> list[tuple]:
    log_changes(folder, {"1": earlier} if earlier else {}, {"1": mine})
    path = folder / "appeals.csv"
    if not path.exists():
        return []
    return [(row["question"], row["before"], row["after"], row["why"]) for row in rows(path)]


def test_the_log_of_appeals_begins_with_what_was_worked_out_and_holds_totals_that_a_regrade_changes(tmp_path):
    one = QuestionMark("half", 1.0, "recorded", 1.0, "right", {})
    one.decide(0.5, "by_hand", {"zh": "", "en": ""})
    reason = {"question": "half", "score": 0.5, "reason": "rounding", "asked_by": "", "asked": ""}
    lowered = Graded("1", questions=[one], total=0.5, reasons=[reason])
    first = tmp_path / "first"
    first.mkdir()
    assert changes_of(None, lowered, first) == [("half", "1", "0.5", "rounding")]
    plain = QuestionMark("half", 1.0, "recorded", 1.0, "right", {})
    before = Graded("1", questions=[plain], total=0.6)
    assert changes_of(before, Graded("1", questions=[plain], total=0.4), tmp_path) == [
        ("total", "0.6", "0.4", "regrade")
    ]
    oral = {"question": None, "score": 0.3, "reason": "oral", "asked_by": "", "asked": ""}
    second = tmp_path / "second"
    second.mkdir()
    by_hand = Graded("1", total=0.3, worked_out=0.8, reasons=[oral])
    assert changes_of(None, by_hand, second) == [("total", "0.8", "0.3", "oral")]


def test_a_total_by_hand_is_final_and_what_was_worked_out_stays_known():
    text = QuestionMark("advice", 1.0, "recorded", None, "read", {})
    half = QuestionMark("half", 1.0, "recorded", 1.0, "right", {})
    mine = Graded("1", questions=[half, text])
    grading.total(mine, [Override("1", 0.3, "oral")], {})
    assert (mine.total, mine.worked_out, mine.to_read) == (0.3, 0.5, False)
    mine = Graded("1", questions=[half, text])
    grading.total(mine, [], {})
    assert (mine.total, mine.worked_out, mine.to_read) == (0.5, 0.5, True)


def test_what_was_handed_out_or_nothing_at_all_is_not_graded(tmp_path, capsys):
    room = Classroom(tmp_path, students=2)
    folder = room.folder / "students" / room.variant(room.students[0])["folder"]
    (tmp_path / "empty").mkdir()
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    for path in (room.folder, room.folder / "students", folder):
        assert grade(room, path)[0] == 1 and "handed out" in capsys.readouterr().err
    for path in (tmp_path / "empty", tmp_path / "empty.zip"):
        assert grade(room, path)[0] == 1 and str(path) in capsys.readouterr().err
    assert not (tmp_path / "grades" / "grades.csv").exists()


def test_a_folder_of_results_that_is_named_twice_is_refused(tmp_path):
    with pytest.raises(KitError, match="twice"):
        marks([tmp_path, tmp_path / "."], out=tmp_path / "totals", say=lambda _: None)


def test_totals_are_rounded_from_what_was_earned_and_not_from_what_was_shown(tmp_path):
    folders = []
    for name, earned in (("hw1", 5.5 / 12), ("hw2", 4 / 12)):
        folder = tmp_path / name
        folder.mkdir()
        total = f"{round(earned, grading.DIGITS):.9g}"
        text = f"student_id,name,total,to_read,state\n1,A,{total},0,ended\n"
        (folder / "grades.csv").write_text(text, encoding="utf-8")
        folders.append(folder)
    out = tmp_path / "totals"
    out.mkdir()
    (out / "marks.toml").write_text("[weights]\nhw2 = 2\n", encoding="utf-8")
    marks(folders, out=out, say=lambda _: None)
    assert by_student(out / "marks.csv")["1"]["total"] == "38"  # 37.5 exactly
