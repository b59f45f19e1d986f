"""Grading: what honest students hand in, however the platform hands it back."""

import copy
import csv
import io
import json
import os
import pickle
import shutil
import sqlite3
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import PACK, Classroom
from killing import kept, killed_when
from places import ROOT

import crmkit
from coursekit import cli
from coursekit.messages import KitError
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.teach.grade import right_answers, running
from coursekit.teach.grade.grade import grade

pytestmark = pytest.mark.usefixtures("walled")


@pytest.fixture(autouse=True, scope="module")
def both_languages():
    crmkit.set_language("both")
    yield
    crmkit.set_language("both")


def run(room: Classroom, out: Path, **more):
    said = []
    graded = grade(
        room.out,
        assignment=room.folder,
        out=out,
        say=lambda *words: said.append(" ".join(map(str, words))),
        **more,
    )
    return graded, "\n".join(said)


def scores(graded, student) -> dict:
    return {q.question: q.score for q in graded[student].questions}


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Eight students, each with something of their own, graded once."""
    folder = tmp_path_factory.mktemp("graded")
    room = Classroom(folder, students=9, due="2998-12-01T18:00+08:00")
    a, b, c, d, e, f, g, h, _ = room.students
    room.hand_in(a)
    room.hand_in(
        b, {"uplift": "uplift = renewed_offered + 1e9 - 1e9 - 0.3", "best_segment": "best_segment = 'lead'"}
    )
    # wrong at the start, from the data all the same, and right on from there
    room.hand_in(c, {"renewed_offered": 'renewed_offered = members["renewed"].mean()'})
    room.hand_in(
        d, {"by_segment": "by_segment = 1 / 0"}
    )  # crashes halfway: the rest reads the name and fails as well
    room.hand_in(e, {"uplift": "uplift = ..."})
    theirs = room.exercise.right_answers(room.variant(a)["seed"])
    room.hand_in(
        f,
        {
            "uplift": f"uplift = {theirs['uplift']!r}",
            "profit": f"profit = {theirs['profit']!r}",
            "renewed_offered": f"renewed_offered = {theirs['renewed_offered']!r}",
        },
    )
    room.hand_in(g, extra=["import sys; sys.exit(3)"])
    # the submission is another's notebook under this student's name
    path = room.hand_in(a, name=f"{h}_{room.variant(h)['file']}")
    out = folder / "grades"
    return room, *run(room, out), out, path


def test_a_right_notebook_has_every_question_right_and_waits_for_a_reader(graded):
    room, result, _, _, _ = graded
    first = scores(result, room.students[0])
    assert first.pop("advice") is None and set(first.values()) == {1.0}
    assert result[room.students[0]].to_read and result[room.students[0]].total == pytest.approx(12 / 14)


def test_badly_formed_missing_and_wrong_are_three_things(graded):
    room, result, _, _, _ = graded
    states = {q.question: (q.state, q.score) for q in result[room.students[1]].questions}
    assert states["best_segment"] == ("badly_formed", 0.0) and states["uplift"] == ("recorded", 0.0)
    states = {q.question: (q.state, q.score) for q in result[room.students[4]].questions}
    assert states["uplift"] == ("missing", 0.0)


def test_a_step_that_is_right_on_the_students_own_value_earns_half(graded):
    room, result, _, _, _ = graded
    marks = {q.question: q for q in result[room.students[2]].questions}
    assert marks["renewed_offered"].score == 0 and not marks["renewed_offered"].followed
    assert marks["uplift"].score == 0.5 and marks["uplift"].followed and marks["uplift"].second == "computed"


def test_a_notebook_that_crashes_halfway_keeps_what_it_answered(graded):
    room, result, _, _, _ = graded
    marks = scores(result, room.students[3])
    assert marks["renewed_offered"] == marks["uplift"] == 1 and marks["by_segment"] == 0
    assert any(e["name"] == "ZeroDivisionError" for e in result[room.students[3]].errors)
    assert (
        result[room.students[6]].total == result[room.students[0]].total
    )  # sys.exit at the end costs nothing


def test_another_students_answers_are_wrong_and_reported_with_the_pair(graded):
    room, result, said, out, _ = graded
    a, f = room.students[0], room.students[5]
    assert scores(result, f)["profit"] == 0 and scores(result, f)["uplift"] == 0
    pairs = [r for r in rows(out / "problems.csv") if r["what"] == "answers_of_another"]
    assert (
        [r["student_id"] for r in pairs] == [f] and a in pairs[0]["detail"] and "profit" in pairs[0]["detail"]
    )


def test_a_file_whose_name_and_notebook_disagree_is_flagged_and_graded_for_nobody(graded):
    room, result, _, out, path = graded
    h = room.students[7]
    assert result[h].file is None and result[h].total is None
    problems = [r for r in rows(out / "problems.csv") if r["file"] == path.name]
    assert [r["what"] for r in problems] == ["disagreement"]


def test_gradebooks_have_a_line_for_every_student_of_the_roster(graded):
    room, result, _, out, _ = graded
    book = rows(out / "grades.csv")
    assert (
        [r["student_id"] for r in book] == room.students
        and book[8]["total"] == ""
        and book[0]["sandbox"] == "bubblewrap"
    )
    assert float(book[0]["total"]) == pytest.approx(12 / 14, abs=1e-4)
    assert rows(out / "grades_moodle.csv")[0]["ID number"] == room.students[0]
    assert rows(out / "grades_canvas.csv")[1]["SIS User ID"] == room.students[0]
    own = rows(out / "roster_with_marks" / "roster.csv")
    assert list(own[0])[:3] == ["student_id", "name", "language"]
    assert list(own[0])[3].startswith(room.manifest["assignment"])
    assert float(list(own[0].values())[3]) == pytest.approx(100 * 12 / 14, abs=0.01)


def test_feedback_is_in_the_students_language_and_holds_nothing_of_others(graded):
    room, _, _, out, _ = graded
    for i, lang in ((0, "zh"), (1, "en")):
        page = (out / "feedback" / room.students[i] / "feedback.html").read_text(encoding="utf-8")
        assert ("你的答案" in page) == (lang == "zh") and ("Your answer" in page) == (lang == "en")
        assert "default-src 'none'" in page and not [
            s for s in room.students if s != room.students[i] and s in page
        ]


def test_class_report_tells_difficulty_and_discrimination_as_numpy_reckons_them(graded):
    import numpy as np

    from coursekit.teach.grade.class_report import statistics

    room, result, _, out, _ = graded
    table = {row.question: row for row in statistics(room.exercise, result)}
    with_marks = [g for g in result.values() if g.questions]
    mine = [next(q.score for q in g.questions if q.question == "uplift") for g in with_marks]
    assert table["uplift"].difficulty == pytest.approx(np.mean(mine))
    rest = [sum(q.weight * (q.score or 0) for q in g.questions if q.question != "uplift") for g in with_marks]
    assert table["uplift"].discrimination == pytest.approx(np.corrcoef(mine, rest)[0, 1])
    page = (out / "class.html").read_text(encoding="utf-8")
    assert "区分度" in page and "discrimination" in page


def test_a_regrade_runs_nothing_again_and_says_what_changed(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    room.hand_in(a)
    room.hand_in(b)
    out = tmp_path / "grades"
    run(room, out)
    before = kept(out)
    _, said = run(room, out)
    assert "没有变化" in said
    # the solution is mended: the runs stay, the marks follow
    pack = room.folder / "pack" / "gym_offer.md"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("profit = float((", "profit = 1000 + float(("), encoding="utf-8")
    result, said = run(room, out)
    assert len(before) == 2 and kept(out) == before  # no row is new, and none was written again
    assert scores(result, a)["profit"] == 0 and f"{a}" in said and "profit: 1 → 0" in said


@pytest.mark.parametrize("changed", ["crmkit", "coursekit/sandbox", "datasets"])
def test_after_a_change_of_the_code_everything_is_run_again(tmp_path, monkeypatch, changed):
    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0])
    out = tmp_path / "grades"
    run(room, out)
    before = kept(out)
    monkeypatch.setattr(running, "fingerprint", with_a_change_in(changed))
    run(room, out)
    after = kept(out)
    assert len(before) == 1 and len(after) == 2 and before.items() <= after.items()


@pytest.mark.parametrize("changed", ["crmkit", "coursekit/lessons"])
def test_after_a_change_of_the_code_right_answers_are_worked_out_again(tmp_path, monkeypatch, changed):
    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0])
    out = tmp_path / "grades"
    run(room, out)
    with sqlite3.connect(out / "journal.sqlite") as store:  # as a model that was mended since had them
        store.execute(
            "update rights set answers = replace(answers, 'renewed_offered\": 0.', 'renewed_offered\": 7.')"
        )
    stale, _ = run(room, out)
    assert scores(stale, room.students[0])["renewed_offered"] == 0  # what is kept is what is served
    monkeypatch.setattr(right_answers, "fingerprint", with_a_change_in(changed))
    result, _ = run(room, out)
    assert scores(result, room.students[0])["renewed_offered"] == 1


def with_a_change_in(package: str):
    """``fingerprint`` as it is after a line was added to a source of this package."""
    folder = ROOT / package

    def changed(*packages: Path) -> str:
        return fingerprint(*packages) + ("changed" if folder in packages else "")

    return changed


def test_the_fingerprint_of_a_wheel_is_that_of_the_checkout_it_was_made_of(tmp_path):
    (tmp_path / "model.py").write_text("x = 1")
    before = fingerprint(tmp_path)
    (tmp_path / "_datasets").mkdir()
    (tmp_path / "_datasets" / "a.csv").write_text("x\n1\n")
    assert fingerprint(tmp_path) == before and fingerprint(tmp_path / "_datasets") != before


@pytest.mark.parametrize("suffix", [".py", ".sql", ".toml", ".csv", ".parquet"])
def test_the_fingerprint_follows_every_kind_of_source_and_no_line_ends(tmp_path, suffix):
    source = tmp_path / "room" / f"a{suffix}"
    source.parent.mkdir()
    source.write_bytes(b"one\ntwo\n")
    before = fingerprint(tmp_path)
    source.write_bytes(b"one\r\ntwo\r\n")
    assert fingerprint(tmp_path) == before
    source.write_bytes(b"one\ntwo!\n")
    assert fingerprint(tmp_path) != before


def test_marks_by_hand_extensions_and_lateness_survive_every_regrade(tmp_path):
    room = Classroom(tmp_path, students=3, due="2026-12-01T18:00+08:00")
    a, b, c = room.students
    late = time.mktime((2026, 12, 3, 12, 0, 0, 0, 0, 0))
    for hour, student in enumerate(room.students):  # one by one, not as a folder that was copied
        path = room.hand_in(student, {"uplift": "uplift = 0.5"})
        os.utime(path, (late + 3600 * hour,) * 2)
    out = tmp_path / "grades"
    (room.folder / "grading.toml").write_text(
        f"""
[late]
per_day = 0.1
[extensions]
"{b}" = "2026-12-05"
[[override]]
student_id = "{c}"
question = "uplift"
score = 1.0
reason = "题目有歧义"
""",
        encoding="utf-8",
    )
    for _ in range(2):
        result, _ = run(room, out)
        assert result[a].late_factor == pytest.approx(0.7)  # two days and two hours: the third day has begun
        assert result[a].total == pytest.approx(0.7 * 10 / 14, abs=1e-6)
        assert "late" in result[a].flags
        assert result[b].late_factor == 1 and scores(result, b)["uplift"] == 0
        assert scores(result, c)["uplift"] == 1 and result[c].reasons[0]["reason"] == "题目有歧义"
    assert "题目有歧义" in (out / "feedback" / c / "feedback.html").read_text(encoding="utf-8")


def _fill(path: Path, student: str, points: float, comment: str) -> None:
    """What a person does in the workbook; any program that writes XLSX would do."""
    import python_calamine
    import xlsxwriter

    table = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(table):
            if row[0] == student:
                row[7], row[8] = points, comment
            sheet.write_row(i, 0, row)


def test_points_given_in_the_marking_sheet_are_merged_and_stay(tmp_path):
    room = Classroom(tmp_path, students=2)
    for student in room.students:
        room.hand_in(student)
    out = tmp_path / "grades"
    run(room, out)
    _fill(out / "marking.xlsx", room.students[0], 1.5, "好，但没有提到平均")
    for _ in range(2):
        result, _ = run(room, out)
        assert (
            scores(result, room.students[0])["advice"] == 0.75
            and scores(result, room.students[1])["advice"] is None
        )
        assert not result[room.students[0]].to_read and result[room.students[1]].to_read
    assert "没有提到平均" in (out / "feedback" / room.students[0] / "feedback.html").read_text(
        encoding="utf-8"
    )


def test_second_seed_tells_typed_in_from_computed_and_counts_where_it_must(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    right = room.exercise.right_answers(room.variant(b)["seed"])
    room.hand_in(a)
    room.hand_in(b, {"profit": f"profit = {right['profit']!r}", "uplift": f"uplift = {right['uplift']!r}"})
    result, _ = run(room, tmp_path / "grades", second_seed=True)
    told = {s: {q.question: (q.second, q.score) for q in result[s].questions} for s in room.students}
    assert told[a]["profit"] == ("computed", 1.0) and told[a]["uplift"] == ("computed", 1.0)
    assert told[b]["profit"] == ("literal", 0.0)  # must_compute
    assert told[b]["uplift"] == ("literal", 1.0)  # told, not counted


class GbkInfo(zipfile.ZipInfo):
    """A member named as a Chinese Windows names it: GBK, and nothing says so."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def test_an_archive_as_moodle_hands_it_out_with_gbk_names_copies_and_an_archive_inside(tmp_path):
    room = Classroom(tmp_path, students=4)
    a, b, c, d = room.students
    shutil.rmtree(room.out)
    room.out.mkdir()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(f"{room.variant(b)['file']}", nbformat.writes(room.notebook(b)))
    old = nbformat.writes(room.notebook(a, {"uplift": "uplift = 0.9"}))
    with zipfile.ZipFile(room.out / "CRM-作业.zip", "w") as archive:

        def put(name, raw, day):
            archive.writestr(GbkInfo(name, (2026, 11, day, 8, 0, 0)), raw)

        put("王小明_77_assignsubmission_file_/作业 (1).ipynb", nbformat.writes(room.notebook(a)), 20)
        put("王小明_77_assignsubmission_file_/作业.ipynb", old, 10)
        put("Ann Wood_78_assignsubmission_file_/hand-in.zip", inner.getvalue(), 11)
        put("李静_79_assignsubmission_file_/broken.ipynb", b"{not json", 11)
        put("__MACOSX/._x.ipynb", b"junk", 11)
        put("Ben Hall_80_assignsubmission_file_/essay.docx", b"PK", 11)
    with zipfile.ZipFile(room.out / "CRM-作业.zip") as archive:
        assert not any(entry.flag_bits & 0x800 for entry in archive.infolist())
    result, _ = run(room, tmp_path / "grades")
    assert scores(result, a)["uplift"] == 1 and len(result[a].others) == 1  # the newer one
    assert scores(result, b)["uplift"] == 1
    assert result[c].state == "unreadable" and result[d].file is None
    problems = {r["what"] for r in rows(tmp_path / "grades" / "problems.csv")}
    assert {"refused", "unreadable", "earlier_file"} <= problems


def test_a_file_that_hand_in_packed_is_graded(tmp_path, monkeypatch):
    from crmkit import AnswerSheet

    room = Classroom(tmp_path, students=1)
    (student,) = room.students
    path = tmp_path / room.variant(student)["file"]
    nbformat.write(room.notebook(student), path)
    sheet = AnswerSheet(
        "gym_offer", seed=room.variant(student)["seed"], questions=list(room.exercise.questions.values())
    )
    sheet("uplift", 0.25)
    receipt = sheet.hand_in(path)
    assert receipt.file.suffix == ".zip" and receipt.recorded == 1 and "25%" in repr(receipt)
    shutil.copy(receipt.file, room.out / "renamed by the platform.zip")
    result, _ = run(room, tmp_path / "grades")
    assert (
        scores(result, student)["uplift"] == 1
    )  # what counts is what the notebook computes, not the receipt


def test_kill_9_in_the_middle_loses_nothing_and_a_rerun_goes_on(tmp_path):
    room = Classroom(tmp_path, students=8)
    for student in room.students:
        room.hand_in(student, before=["import time; time.sleep(0.4)"])
    out = tmp_path / "grades"
    command = [
        "-m",
        "coursekit.cli",
        "grade",
        str(room.out),
        "--assignment",
        str(room.folder),
        "--out",
        str(out),
        "--jobs",
        "1",
    ]
    killed_when(lambda: len(kept(out)) >= 3, *command)
    before = kept(out)
    assert 3 <= len(before) < 8
    result, _ = run(room, out)
    after = kept(out)
    assert len(after) == 8 and before.items() <= after.items()  # what was kept was not run again
    assert all(result[student].total == pytest.approx(12 / 14) for student in room.students)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[late]\nper_day = 2", "grading_value"),
        ("[lat]\nper_day = 2", "grading_key"),
        ("late = ", "grading_toml"),
        ("late = 3", "grading_value"),
        ("[late]\nper_day = nan", "grading_value"),
        ("[late]\ngrace_minutes = inf", "grading_value"),
        ("[late]\nper_day = true", "grading_value"),
        ("extensions = []", "grading_value"),
        ("[whose]\n'a.ipynb' = ['x']", "grading_value"),
        ("[[override]]\nstudent_id = '20260000'\nscore = 1\nreason = ' '", "grading_value"),
        (
            "[[override]]\nstudent_id = '20260000'\nscore = 1\nreason = 'x'\nquestion = 'none'",
            "grading_value",
        ),
        ("[[override]]\nstudent_id = '20260000'\nscore = 1", "grading_value"),
        ("[extensions]\n'nobody' = '2026-12-05'", "grading_student"),
        ("[extensions]\n'20260000' = '2026-13-08'", "grading_value"),
        ("[extensions]\n'20260000' = '2025-12-08'", "grading_extension_early"),
        (
            2 * "[[override]]\nstudent_id = '20260000'\nscore = 1\nreason = 'x'\nquestion = 'uplift'\n",
            "grading_override_twice",
        ),
        (2 * "[[override]]\nstudent_id = '20260000'\nscore = 1\nreason = 'x'\n", "grading_override_twice"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_graded(tmp_path, text, code):
    room = Classroom(tmp_path, students=1, due="2026-12-01")
    (room.folder / "grading.toml").write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        run(room, tmp_path / "grades")
    assert caught.value.code == code and not (tmp_path / "grades").exists()


def test_names_and_answers_that_look_like_formulas_or_html_stay_text(tmp_path):
    room = Classroom(tmp_path, students=2)
    manifest = json.loads((room.folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["variants"][room.students[1]]["name"] = '=HYPERLINK("http://x")<script>alert(1)</script>'
    (room.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    room.hand_in(room.students[1], {"advice": "advice = '=1+1 <img src=x onerror=alert(1)> ' + 'word ' * 20"})
    out = tmp_path / "grades"
    run(room, out)
    page = (out / "feedback" / room.students[1] / "feedback.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "<img src=x" not in page
    assert rows(out / "grades.csv")[1]["name"].startswith("'=HYPERLINK")
    import python_calamine

    (_, row) = (
        python_calamine.CalamineWorkbook.from_path(str(out / "marking.xlsx"))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert row[3].startswith("=1+1") and row[1].startswith("=HYPERLINK")
    with zipfile.ZipFile(out / "marking.xlsx") as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


def test_a_packs_own_data_lie_beside_the_student_the_submission_and_the_solution(tmp_path):
    room = Classroom(tmp_path, students=2, pack=PACK.with_name("tea_orders"))
    home = room.folder / "students" / room.variant(room.students[0])["folder"]
    assert (home / "tea_orders.csv").is_file()
    room.hand_in(room.students[0])
    # what one submission writes over its data, the next does not see
    room.hand_in(room.students[1], before=["open('tea_orders.csv', 'w').write('spoilt')"])
    result, _ = run(room, tmp_path / "grades", jobs=1)
    for student in room.students:
        marks = scores(result, student)
        assert marks.pop("comment") is None and set(marks.values()) == {1.0}


def test_data_of_a_pack_that_were_mended_are_run_and_worked_out_anew(tmp_path):
    room = Classroom(tmp_path, students=1, pack=PACK.with_name("tea_orders"))
    (student,) = room.students
    room.hand_in(student)
    before, _ = run(room, tmp_path / "grades")
    data = room.folder / "pack" / "files" / "tea_orders.csv"
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join(lines[:1] + lines[1::2]), encoding="utf-8")
    after, _ = run(room, tmp_path / "grades")
    values = [
        next((q.value, q.right) for q in r[student].questions if q.question == "my_orders")
        for r in (before, after)
    ]
    assert (
        values[0] != values[1] and values[1][0] == values[1][1] and scores(after, student)["top_share"] == 1
    )


def test_a_file_of_one_student_in_anothers_folder_is_nobodys(tmp_path):
    room = Classroom(tmp_path, students=3)
    a, b, c = room.students
    room.hand_in(b)
    # 王小明 hands in a spoilt copy of Ann Wood's notebook under her file's name: it must not replace what she handed in
    theirs = room.out / f"{room.variant(a)['name']}_901_assignsubmission_file_"
    theirs.mkdir()
    nbformat.write(room.notebook(b, {"uplift": "uplift = 0.9"}), theirs / room.variant(b)["file"])
    late = time.time() + 3600
    os.utime(theirs / room.variant(b)["file"], (late, late))
    result, _ = run(room, tmp_path / "grades")
    assert scores(result, b)["uplift"] == 1 and result[b].others == [] and result[a].file is None
    assert "disagreement" in {r["what"] for r in rows(tmp_path / "grades" / "problems.csv")}


def test_a_mark_by_hand_reaches_a_notebook_that_cannot_be_read(tmp_path):
    room = Classroom(tmp_path, students=1)
    (student,) = room.students
    (room.out / f"{student}.ipynb").write_text("{not json", encoding="utf-8")
    (room.folder / "grading.toml").write_text(
        f'[[override]]\nstudent_id = "{student}"\nquestion = "uplift"\nscore = 1.0\nreason = "交了纸质稿"\n',
        encoding="utf-8",
    )
    result, _ = run(room, tmp_path / "grades")
    assert result[student].total == pytest.approx(2 / 14, abs=1e-6) and scores(result, student)["uplift"] == 1


def test_a_notebook_of_format_3_and_one_with_every_cell_twice_are_graded(tmp_path):
    room = Classroom(tmp_path, students=2)
    old, twice = room.students
    stored = nbformat.convert(room.notebook(old), 3)
    (room.out / f"{old}.ipynb").write_text(nbformat.v3.writes_json(stored), encoding="utf-8")
    notebook = room.notebook(twice)
    notebook.cells = [copy.deepcopy(cell) for cell in notebook.cells for _ in (1, 2)]
    for i, cell in enumerate(notebook.cells):
        cell.id = f"renamed-{i}"
    nbformat.write(notebook, room.out / f"{twice}.ipynb")
    result, _ = run(room, tmp_path / "grades")
    assert [result[s].total for s in room.students] == pytest.approx([12 / 14] * 2)


def test_an_answer_in_a_cell_that_mentions_the_sheet_is_graded_and_nothing_is_said(tmp_path):
    room = Classroom(tmp_path, students=1)
    (student,) = room.students
    code = room.solution["renewed_offered"] + "\n# AnswerSheet(...) is above; # Parameters: seed"
    room.hand_in(student, {"renewed_offered": code})
    result, _ = run(room, tmp_path / "grades")
    assert scores(result, student)["renewed_offered"] == 1 and result[student].flags == []


def test_code_that_is_not_run_is_told_with_the_student(tmp_path):
    room = Classroom(tmp_path, students=1)
    (student,) = room.students
    room.hand_in(student, before=["answer = AnswerSheet('mine', seed=1, questions=[])"])
    result, _ = run(room, tmp_path / "grades")
    assert result[student].total == pytest.approx(12 / 14)
    told = [r for r in rows(tmp_path / "grades" / "problems.csv") if r["what"] == "left_out"]
    assert [(r["student_id"], r["detail"]) for r in told] == [
        (student, "answer = AnswerSheet('mine', seed=1, questions=[])")
    ]


def test_a_solution_that_fails_in_the_other_process_is_said_of_the_pack(tmp_path):
    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0])
    pack = room.folder / "pack" / "gym_offer.md"
    text = pack.read_text(encoding="utf-8")
    broken = text.replace(
        'renewed_offered = members.loc[members["offered"], "renewed"].mean()', "renewed_offered = 1 / 0"
    )
    assert broken != text
    pack.write_text(broken, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        run(room, tmp_path / "grades")
    assert caught.value.code == "pack_fails" and "ZeroDivisionError" in str(caught.value)


def test_an_error_comes_whole_out_of_another_process():
    sent = KitError("roster_twice", value="1", name="r.csv", line=3, first=2, status=2)
    came = pickle.loads(pickle.dumps(sent))
    assert type(came) is KitError and str(came) == str(sent) and vars(came) == vars(sent)


SPOILT = {  # what a student answers → what it ended for the whole class
    "a table with per cent as text": {
        "by_segment": 'rates = members.groupby(["segment", "offered"])["renewed"].mean().unstack()\n'
        'by_segment = (rates[True] - rates[False]).rename("uplift").map("{:.1%}".format).reset_index()',
        "profit": "profit = 1.0",
    },
    "a table with labels of one's own": {
        "by_segment": "by_segment = pd.DataFrame({'segment': ['新会员', '老会员', '沉睡'], 'uplift': [0.1, 0.2, 0.3]})",
        "best_segment": "best_segment = 'new'",
    },
    "half a character in an error": {"advice": "raise ValueError('\\ud800 oops')"},
    "a cell with a number of 4,300 digits": {
        "advice": "import os, struct\n"
        'raw = b\'{"error": {"cell": \' + b\'9\' * 4300 + b\', "name": "x", "text": "y"}}\'\n'
        "os.write(int(os.environ['GRADER_LINE']), struct.pack('>I', len(raw)) + raw)\nraise ValueError('z')"
    },
}


def test_a_class_with_spoilt_submissions_is_graded_in_full_and_the_exit_code_says_to_look(tmp_path, capsys):
    room = Classroom(tmp_path, students=len(SPOILT) + 4)
    spoilt, honest, (unread, absent) = room.students[:4], room.students[4:6], room.students[6:]
    for student, changed in zip(spoilt, SPOILT.values()):
        room.hand_in(student, changed)
    for student in honest:
        room.hand_in(student)
    (room.out / f"{unread}.ipynb").write_bytes(b"{not json")
    # a name in the bytes of a Chinese system, as `unzip` leaves it on Linux
    path = next(room.out.glob(f"{honest[0]}*"))
    named = os.path.join(
        os.fsencode(room.out), f"{room.variant(honest[0])['name']}-{honest[0]}.ipynb".encode("gbk")
    )
    os.rename(path, named)
    out = tmp_path / "grades"
    status = cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out)])
    assert status == cli.WANTS_AN_EYE
    book = {row["student_id"]: row for row in rows(out / "grades.csv")}
    for student in honest:
        assert float(book[student]["total"]) == pytest.approx(12 / 14, abs=1e-4)
    for student in spoilt:
        assert float(book[student]["total"]) >= 0 and book[student]["state"] == "ended"
    assert book[unread]["total"] == "" and book[absent]["state"] == "nothing"
    assert len(list(out.glob("feedback/*/feedback.html"))) == len(room.students) - 1
    assert (out / "class.html").exists() and (out / "grades_moodle.csv").exists()
    told = {(row["what"], row["student_id"]): row["meaning"] for row in rows(out / "problems.csv")}
    assert told["unreadable", unread] and told["nothing_handed_in", absent]
    capsys.readouterr()


def test_a_second_download_keeps_what_the_first_one_brought(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    path = room.hand_in(a)
    out = tmp_path / "grades"
    run(room, out)
    path.unlink()
    room.hand_in(b)
    for _ in range(2):
        result, _ = run(room, out)
        assert result[a].total == result[b].total == pytest.approx(12 / 14, abs=1e-6)
        assert result[a].flags == ["from_an_earlier_download"] and result[b].flags == []


def test_a_seed_on_which_the_solution_fails_costs_its_own_student_alone(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    for student in room.students:
        room.hand_in(student)
    pack = room.folder / "pack" / "gym_offer.md"
    text = pack.read_text(encoding="utf-8")
    mended = text.replace("sizes = members", f"1 / (seed - {room.variant(b)['seed']})\nsizes = members")
    assert mended != text
    pack.write_text(mended, encoding="utf-8")
    result, _ = run(room, tmp_path / "grades")
    assert result[a].total == pytest.approx(12 / 14, abs=1e-6) and result[b].total is None
    assert "ZeroDivisionError" in result[b].failed["no_right_answer"]
