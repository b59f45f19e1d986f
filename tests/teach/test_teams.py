"""Teams: one variant and one hand-in for all of a team, its members' differing files named, copying only outside it."""

import csv
import io
import json
import os
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import Classroom, given_points

from coursekit import cli
from coursekit.messages import KitError
from coursekit.teach.assign.roster import read_roster

TEAMS = {"小组": ["第1组", "第1组", "第1组", "第2组", "第2组", ""]}


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def by_student(path: Path) -> dict[str, dict]:
    return {row["student_id"]: row for row in rows(path)}


def dated(path: Path, moment: int) -> Path:
    os.utime(path, (1_780_000_000 + moment, 1_780_000_000 + moment))
    return path


def grade(room: Classroom, *more: str) -> tuple[int, Path]:
    out = room.folder.parent / "grades"
    code = cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out), *more])
    return code, out


@pytest.fixture
def room(tmp_path):
    return Classroom(tmp_path, students=6, columns=TEAMS)


def test_the_members_of_a_team_have_one_seed_and_a_copy_id_each(room):
    a, b, c, d, e, alone = (room.variant(student) for student in room.students)
    assert a["seed"] == b["seed"] == c["seed"] and d["seed"] == e["seed"]
    assert a["parameters_sha256"] == b["parameters_sha256"] != d["parameters_sha256"]
    assert len({a["seed"], d["seed"], alone["seed"]}) == 3
    assert len({one["copy_id"] for one in (a, b, c, d, e, alone)}) == 6
    readme = (room.folder / "students" / a["folder"] / "README.txt").read_text(encoding="utf-8-sig")
    assert "第1组" in readme and "全组" in readme
    alone_reads = (room.folder / "students" / alone["folder"] / "README.txt").read_text(encoding="utf-8-sig")
    assert "全组" not in alone_reads


def test_who_joins_a_team_later_gets_its_data_and_nobody_changes_team_with_data_given_out(room, tmp_path):
    roster = room.folder.parent / "roster.csv"
    text = roster.read_text(encoding="utf-8-sig").replace("陈晨,en,第2组", "陈晨,en,第1组")
    text = "\n".join(
        line.replace("第2组", "第1组") if "20260004" in line else line for line in text.splitlines()
    )
    roster.write_text(text + "\n20269999,新同学,zh,第 2 组\n", encoding="utf-8-sig")
    before = room.variant(room.students[4])
    assert cli.main(["assign", "x", "--roster", str(roster), "--out", str(room.folder)]) == 0
    variants = json.loads((room.folder / "manifest.json").read_text(encoding="utf-8"))["variants"]
    assert variants["20269999"]["seed"] == room.variant(room.students[3])["seed"]  # a blank makes no new team
    assert variants[room.students[4]] == before


def test_a_team_name_that_is_too_long_is_refused_with_its_line(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text(f"学号,小组\n1,a\n2,{'x' * 61}\n", encoding="utf-8")
    with pytest.raises(KitError, match="Line 3") as refused:
        read_roster(roster)
    assert refused.value.code == "roster_group" and "60" in str(refused.value)


@pytest.mark.parametrize("heading", ["Groups", "分组"])
def test_a_platforms_list_of_groups_makes_no_teams(tmp_path, heading):
    roster = tmp_path / "roster.csv"
    roster.write_text(f"学号,{heading}\n1,Tutorial A\n2,Tutorial A\n", encoding="utf-8")
    assert [student.team for student in read_roster(roster)] == ["", ""]


@pytest.mark.usefixtures("walled")
def test_one_hand_in_counts_for_every_member_and_a_text_is_read_once(room):
    a, b, c, d, e, alone = room.students
    room.hand_in(b)
    room.hand_in(alone, {"uplift": "uplift = 1.0"})
    code, out = grade(room)
    assert code == 0
    book = by_student(out / "grades.csv")
    assert book[a]["total"] == book[b]["total"] == book[c]["total"] != ""
    assert book[d]["total"] == book[e]["total"] == "" and book[a]["team"] == "第1组"
    assert book[alone]["uplift"] == "0" and book[a]["uplift"] == "1"
    for student in (a, b, c):
        assert (out / "feedback" / student / "feedback.html").is_file()
    what = {row["student_id"]: row["what"] for row in rows(out / "problems.csv")}
    assert what.get(d) == what.get(e) == "nothing_handed_in" and a not in what and c not in what
    assert given_points(out / "marking.xlsx", a, 1) == [a, alone]
    grade(room)
    advice = {student: row["advice"] for student, row in by_student(out / "grades.csv").items()}
    assert advice[a] == advice[b] == advice[c] != "" and advice[alone] == ""


@pytest.mark.usefixtures("walled")
def test_of_two_files_that_differ_the_last_counts_and_both_are_named(room):
    a, b, c, *_ = room.students
    dated(room.hand_in(a, {"uplift": "uplift = 1.0"}), 0)
    second = dated(room.hand_in(c), 3600)
    code, out = grade(room)
    assert code == cli.WANTS_AN_EYE
    assert {by_student(out / "grades.csv")[student]["uplift"] for student in (a, b, c)} == {"1"}
    (line,) = [row for row in rows(out / "problems.csv") if row["what"] == "team_files_differ"]
    assert line["file"].startswith(a) and line["detail"] == second.name and "[teams]" in line["meaning"]
    settings = room.folder / "grading.toml"
    settings.write_text(f'[teams]\n"第1组" = "{a}"\n', encoding="utf-8")
    _, out = grade(room)
    assert {by_student(out / "grades.csv")[student]["uplift"] for student in (a, b, c)} == {"0"}


@pytest.mark.usefixtures("walled")
def test_the_same_file_from_two_members_is_no_difference_whatever_its_language(room):
    a, b, *_ = room.students
    dated(room.hand_in(a), 0)
    dated(room.hand_in(b), 60)  # the copy in English
    code, out = grade(room)
    assert code == 0 and not [row for row in rows(out / "problems.csv") if row["what"] == "left_out"]
    assert not [row for row in rows(out / "problems.csv") if row["what"] == "team_files_differ"]


@pytest.mark.usefixtures("walled")
def test_a_members_copy_under_anothers_name_is_the_teams_and_outside_the_team_it_is_nobodys(room):
    a, b, _, d, *_ = room.students
    room.hand_in(a, name=f"{b}_hw.ipynb")
    room.hand_in(a, name=f"{d}_hw.ipynb")
    _, out = grade(room)
    book = by_student(out / "grades.csv")
    assert book[a]["total"] != "" and book[b]["file"] == f"{b}_hw.ipynb" and book[d]["total"] == ""
    assert [row["file"] for row in rows(out / "problems.csv") if row["what"] == "disagreement"] == [
        f"{d}_hw.ipynb"
    ]


@pytest.mark.usefixtures("walled")
def test_a_file_that_names_only_the_team_as_a_platform_does_is_the_teams(room):
    a, _, _, d, _, alone = room.students
    notebook = room.notebook(d)
    notebook.metadata.pop("crmkit")
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = "# Parameters\nseed = 1\nlang = 'zh'"
    nbformat.write(notebook, room.out / "第2组_4711_assignsubmission_file_hw.ipynb")
    _, out = grade(room)
    book = by_student(out / "grades.csv")
    assert book[d]["total"] != "" and book[a]["total"] == book[alone]["total"] == ""


@pytest.mark.usefixtures("walled")
def test_an_archive_of_one_teams_members_is_dated_by_the_folder_and_not_by_their_clock(tmp_path):
    room = Classroom(tmp_path, students=6, columns=TEAMS, due="2026-05-01")
    a, b, *_ = room.students
    path = room.hand_in(a)
    with zipfile.ZipFile(room.out / "ours.zip", "w") as archive:
        early = zipfile.ZipInfo(f"{a}_{b}.ipynb", (2026, 4, 1, 0, 0, 0))
        archive.writestr(early, path.read_bytes())
    path.unlink()
    dated(room.out / "ours.zip", 0)  # after the due date
    _, out = grade(room)
    assert float(by_student(out / "grades.csv")[a]["late_minutes"]) > 0


@pytest.mark.usefixtures("walled")
def test_a_student_who_hands_in_a_teams_numbers_is_told_and_its_members_are_not(room):
    a, b, c, _, _, alone = room.students
    right = room.exercise.right_answers(room.variant(a)["seed"])
    room.hand_in(a)
    room.hand_in(b)
    taken = {name: f"{name} = {right[name]!r}" for name in ("uplift", "profit", "renewed_offered")}
    room.hand_in(alone, taken)
    _, out = grade(room)
    assert {row["student_id"] for row in rows(out / "copying.csv")} == {alone}
    assert {row["like"] for row in rows(out / "copying.csv")} == {a}


@pytest.mark.usefixtures("walled")
@pytest.mark.parametrize(
    "line, named",
    [
        ('"第1组" = "20260003"', "20260000, 20260001, 20260002"),
        ('"第9组" = "20260003"', "no such team"),
        ('"第1组" = "nobody"', "nobody"),
    ],
)
def test_a_line_of_teams_that_names_nobody_of_it_is_refused_with_what_is_allowed(room, capsys, line, named):
    (room.folder / "grading.toml").write_text(f"[teams]\n{line}\n", encoding="utf-8")
    assert grade(room)[0] == 1
    assert named in capsys.readouterr().err
