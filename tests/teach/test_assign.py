"""Assign: everybody gets an own variant, nobody's changes, and nothing of the answers is in it."""

import errno
import hashlib
import hmac
import json
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import PACK, Classroom

from coursekit import cli
from coursekit.learn.workspace import system_error
from coursekit.lessons.exercise import load_exercise
from coursekit.messages import KitError
from coursekit.teach.assign.assign import assign
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.roster import read_roster


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return Classroom(tmp_path_factory.mktemp("assign"), students=6, due="2026-12-01")


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_a_seed_is_the_hmac_of_assignment_and_student_as_the_standard_library_reckons_it(room):
    secret = bytes.fromhex((room.folder / "secret.key").read_text())
    for student, variant in room.manifest["variants"].items():
        text = f"seed\0{room.manifest['assignment']}\0{student}".encode()
        assert variant["seed"] == int.from_bytes(hmac.new(secret, text, hashlib.sha256).digest()[:6], "big")
    assert len({v["seed"] for v in room.manifest["variants"].values()}) == 6


def test_every_notebook_holds_its_own_parameters_as_papermill_injects_them(room, tmp_path):
    import papermill

    student = room.students[1]
    variant = room.variant(student)
    laid = nbformat.read(room.folder / "students" / variant["folder"] / variant["file"], 4)
    by_hand = papermill.parameterize.parameterize_notebook(
        papermill.iorw.load_notebook_node(
            str(room.folder / "students" / variant["folder"] / variant["file"])
        ),
        {"seed": variant["seed"], "lang": variant["language"]},
    )
    assert [c.source for c in laid.cells] == [c.source for c in by_hand.cells]
    injected = [c for c in laid.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1 and f"seed = {variant['seed']}" in injected[0].source
    nbformat.validate(laid)


def test_an_assignment_that_a_full_disk_broke_off_goes_on(tmp_path, monkeypatch):
    roster, out = tmp_path / "r.csv", tmp_path / "out"
    roster.write_text("学号,姓名\n001,甲\n", encoding="utf-8")
    copied = shutil.copyfile

    def full(source, target, **more):
        copied(source, target, **more)
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError) as raised:
            assign(PACK, roster=roster, out=out)
    assert str(out) in str(system_error(raised.value))
    assign(PACK, roster=roster, out=out)
    assert "001" in Assignment.read(out).variants
    own = tmp_path / "own"
    (own / "pack").mkdir(parents=True)
    (own / "pack" / "mine.md").write_text("mine", encoding="utf-8")
    with pytest.raises(KitError) as refused:
        assign(PACK, roster=roster, out=own)
    assert refused.value.code == "out_not_empty" and (own / "pack" / "mine.md").read_text() == "mine"


def test_a_notebook_holds_nothing_of_the_solution_or_the_secret(room):
    secret = (room.folder / "secret.key").read_text().strip()
    solution = [line for code in room.solution.values() for line in code.splitlines() if len(line) > 30]
    handed_out = list((room.folder / "students").rglob("*.ipynb"))
    assert len(handed_out) >= len(room.students)
    for path in handed_out:
        text = "\n".join(c.source for c in nbformat.read(path, 4).cells)
        assert not [line for line in solution if line in text] and secret not in path.read_text(
            encoding="utf-8"
        )
        assert "rubric" not in text and "tolerance" not in text


def test_the_data_of_two_students_differ_and_the_manifest_knows_them(room):
    hashes = {v["parameters_sha256"] for v in room.manifest["variants"].values()}
    assert len(hashes) == 6
    exercise = load_exercise(room.folder / "pack" / room.manifest["source"])
    from coursekit.teach.assign.data_hash import data_hash

    one = room.manifest["variants"][room.students[2]]
    assert data_hash(exercise.parameters(one["seed"])) == one["parameters_sha256"]


def test_each_student_reads_their_own_language_and_name(room):
    for student, lang in zip(room.students, ("zh", "en", "both")):
        variant = room.variant(student)
        cells = nbformat.read(room.folder / "students" / variant["folder"] / variant["file"], 4).cells
        prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        assert ("健身房" in prose) == (lang != "en") and ("A gym's retention" in prose) == (lang != "zh")
        assert variant["name"].split()[0] in prose and student in prose


def test_running_again_adds_late_students_and_changes_no_byte_of_the_others(tmp_path):
    room = Classroom(tmp_path, students=3)
    before = files(room.folder / "students")
    roster = tmp_path / "roster.csv"
    roster.write_text(roster.read_text(encoding="utf-8-sig") + "20269999,新同学,zh\n", encoding="utf-8-sig")
    said = "\n".join(assign(PACK, roster=roster, out=room.folder))
    after = files(room.folder / "students")
    assert {k: after[k] for k in before} == before and len(after) > len(before)
    assert "1" in said and "4" in said
    manifest = json.loads((room.folder / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest["variants"])[:3] == room.students and len(manifest["variants"]) == 4


def test_a_lost_folder_of_a_student_is_laid_again_byte_for_byte(tmp_path):
    import shutil

    room = Classroom(tmp_path, students=3)
    before = files(room.folder / "students")
    shutil.rmtree(room.folder / "students" / room.students[1])
    assign(PACK, roster=tmp_path / "roster.csv", out=room.folder)
    assert files(room.folder / "students") == before


def test_each_platform_gets_one_archive_in_its_own_naming(room):
    for platform, pattern in (
        ("moodle", "王小明_20260000_assignsubmission_file_/"),
        ("canvas", "annwood_20260001_"),
    ):
        with zipfile.ZipFile(room.folder / f"{platform}.zip") as archive:
            names = archive.namelist()
            assert archive.testzip() is None and len([n for n in names if n.endswith(".ipynb")]) == 6
            assert any(n.startswith(pattern) for n in names), names


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name\nAnn\n", "roster_no_id"),
        ("student_id,name\n1,Ann\n1,Ben\n", "roster_twice"),
        ("student_id,name\nA1,Ann\na1,Ben\n", "roster_twice"),
        ("student_id,name,language\n1,Ann,klingon\n", "roster_language"),
        ("student_id,name\n,Ann\n", "roster_no_id_in_line"),
        ("student_id,name\n", "roster_empty"),
    ],
)
def test_a_roster_that_cannot_be_right_is_refused_by_its_line(tmp_path, text, code):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        read_roster(path)
    assert caught.value.code == code and caught.value.message_zh and "{" not in caught.value.message_en


@pytest.mark.parametrize(
    "text, ids, names",
    [
        ("学号/工号,真实姓名,班级\n20260001,王伟,一班\n", ["20260001"], ["王伟"]),
        ("学工号,昵称,院系\n20260001,小王,管理\n", ["20260001"], ["小王"]),
        ("First Name,Last Name,SID,Email,Sections\nAnn,Lee,0042,a@x.edu,1\n", ["0042"], ["Ann Lee"]),
        ("Last Name,First Name,Email Address\nLee,Ann,a@x.edu\n", ["a@x.edu"], ["Ann Lee"]),
        ('"Last Name","First Name","Username","Student ID"\nLee,Ann,alee,0042\n', ["0042"], ["Ann Lee"]),
    ],
    ids=["学习通", "a school's own", "Gradescope", "Google Classroom", "Blackboard"],
)
def test_rosters_of_further_platforms_are_read(tmp_path, text, ids, names):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    students = read_roster(tmp_path / "roster.csv")
    assert [student.student_id for student in students] == ids
    assert [student.name for student in students] == names


def test_rosters_of_excel_moodle_canvas_and_a_chinese_system_are_read(tmp_path):
    import xlsxwriter

    chinese = tmp_path / "a.csv"
    chinese.write_bytes("2026 秋\n学号,姓名,语言\n007,张三,中文\n008,=cmd|x,英语\n".encode("gb18030"))
    first = read_roster(chinese)
    assert [(s.student_id, s.name, s.language) for s in first] == [
        ("007", "张三", "zh"),
        ("008", "=cmd|x", "en"),
    ]
    moodle = tmp_path / "b.csv"
    moodle.write_text(
        "First name,Last name,ID number,Identifier\nAnn,Wood,11,Participant 901\n静,李,12,Participant 902\n",
        encoding="utf-8-sig",
    )
    both = read_roster(moodle)
    assert [(s.student_id, s.name, s.platform["moodle_id"]) for s in both] == [
        ("11", "Ann Wood", "Participant 901"),
        ("12", "李静", "Participant 902"),
    ]
    canvas = tmp_path / "c.csv"
    canvas.write_text(
        'Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"Wood, Ann",501,A11,ann,1\n',
        encoding="utf-8",
    )
    (one,) = read_roster(canvas)
    assert (one.student_id, one.name, one.platform["canvas_id"]) == ("A11", "Wood, Ann", "501")
    book = tmp_path / "d.xlsx"
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet("名单")
        for i, row in enumerate([["学号", "姓名"], [20260001, "张三"], [20260002, "李四"]]):
            sheet.write_row(i, 0, row)
    assert [s.student_id for s in read_roster(book)] == ["20260001", "20260002"]


def test_practice_says_right_or_not_and_form_never_does(tmp_path):
    import matplotlib.pyplot as plt

    room = Classroom(tmp_path, students=1, feedback="practice")
    student = room.students[0]
    notebook = room.notebook(student, {"uplift": "uplift = 0.9"})
    practice = [c.source for c in notebook.cells if "practice" in c.metadata.get("tags", [])]
    assert len(practice) == 1 and "answer.practise(" in practice[0]
    space: dict = {"display": lambda *a: None}
    shown = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "hand_in" not in cell.source:
            exec(cell.source, space)
            name = cell.metadata.get("crmkit", {}).get("question")
            if name:
                shown = {one.question["id"]: one.right for one in space["answer"].status().answers}
    plt.close("all")
    assert shown == {
        "renewed_offered": True,
        "uplift": False,
        "by_segment": None,
        "best_segment": shown["best_segment"],
        "uplift_chart": None,
        "profit": True,
        "advice": None,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("titles", 3),
        ("due", ["2026-12-01"]),
        ("format", "crmkit-assignment/9"),
        ("unheard_of", 1),
        ("variants.20260001.seed", "many"),
        ("variants.20260001.platform", None),
    ],
)
def test_a_manifest_that_is_not_whole_is_refused_by_file_and_field(tmp_path, field, value):
    room = Classroom(tmp_path, students=2)
    manifest = json.loads((room.folder / "manifest.json").read_text(encoding="utf-8"))
    *above, last = field.split(".")
    place = manifest
    for name in above:
        place = place[name]
    place[last] = value
    (room.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(KitError) as caught:
        Assignment.read(room.folder)
    for said in (caught.value.message_zh, caught.value.message_en):
        assert field in said and "manifest.json" in said


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    room = Classroom(tmp_path, students=2, due="2026-12-01")
    before = (room.folder / "manifest.json").read_bytes()
    Assignment.read(room.folder).write()
    assert (room.folder / "manifest.json").read_bytes() == before


def test_an_exercise_or_a_folder_that_is_not_there_is_said(tmp_path):
    roster = tmp_path / "r.csv"
    roster.write_text("student_id\n1\n")
    for exercise, out, code in (("99", tmp_path / "o", "exercise_absent"), (PACK, tmp_path, "out_not_empty")):
        with pytest.raises(KitError) as caught:
            assign(exercise, roster=roster, out=out)
        assert caught.value.code == code
    assert not (tmp_path / "o").exists()


def test_another_pack_into_an_assignment_is_refused_and_changes_nothing(tmp_path):
    room = Classroom(tmp_path, students=2)
    before = files(room.folder)
    with pytest.raises(KitError) as caught:
        assign("06", roster=tmp_path / "roster.csv", out=room.folder)
    assert caught.value.code == "assign_other_exercise" and files(room.folder) == before


def test_a_corrected_name_is_taken_and_a_changed_language_is_said(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    roster = tmp_path / "roster.csv"
    roster.write_text(f"student_id,name,language\n{a},Renamed,zh\n{b},,zh\n", encoding="utf-8")
    said = "\n".join(assign(PACK, roster=roster, out=room.folder))
    variants = Assignment.read(room.folder).variants
    assert (variants[a].name, variants[b].name) == ("Renamed", "Ann Wood") and a in said
    assert variants[b].language == "en" and b in said


def kept_of(lists: dict[str, str], folder: Path) -> dict[str, str]:
    """The rosters that an assignment keeps of lists assigned one after the other, by their names."""
    for name, text in lists.items():
        path = folder / name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        assert cli.main(["assign", "06", "--roster", str(path), "--out", str(folder / "out")]) == 0
    return {path.name: path.read_text("utf-8") for path in (folder / "out" / "roster").iterdir()}


def test_rosters_of_one_name_are_both_kept_and_a_later_list_of_one_class_takes_the_earlier_ones_place(
    tmp_path, capsys
):
    lists = {
        "a/list.csv": "学号,姓名,班级\n1,甲,一班\n2,乙,一班\n",
        "b/list.csv": "学号,姓名,班级\n9,丙,二班\n",
        "c/list.csv": "学号,姓名,班级\n1,甲,一班\n2,乙,二班\n3,丁,一班\n",
        "d/list.csv": "学号,姓名,班级\n7,戊,三班\n3,丁,三班\n",  # one has moved: still another class
    }
    kept = kept_of(lists, tmp_path)
    assert kept == {
        "list.csv": lists["c/list.csv"],
        "list (2).csv": lists["b/list.csv"],
        "list (3).csv": lists["d/list.csv"],
    }
    assert "2 (一班 → 二班)" in capsys.readouterr().out


def test_a_student_on_two_lists_of_one_name_displaces_neither(tmp_path):
    lists = {
        "a/list.csv": "学号,姓名\n1,甲\n2,乙\n3,丙\n",
        "b/list.csv": "学号,姓名\n9,丁\n2,乙\n",
        "c/list.csv": "学号,姓名\n9,丁\n2,乙\n8,戊\n",
        "d/list.csv": "学号,姓名\n1,甲\n2,乙\n7,己\n",
    }
    kept = kept_of(lists, tmp_path)
    # one of a's three has moved to b; c is b with somebody more, d is a without one and with a new one
    assert kept == {"list.csv": lists["d/list.csv"], "list (2).csv": lists["c/list.csv"]}
    assert set(Assignment.read(tmp_path / "out").rosters) == set(kept)


def test_a_doubtful_due_date_is_said_when_the_work_is_given_out_and_not_to_each_late_student(
    tmp_path, capsys
):
    roster = tmp_path / "r.csv"
    roster.write_text("学号,姓名\n1,甲\n", encoding="utf-8")
    words = ["assign", "06", "--roster", str(roster)]
    assert cli.main([*words, "--out", str(tmp_path / "past"), "--due", "2020-01-01"]) == 0
    said = capsys.readouterr().out
    assert "2020-01-01T23:59:59" in said and "is over already" in said and "已经过了" in said
    assert cli.main([*words, "--out", str(tmp_path / "none")]) == 0
    roster.write_text("学号,姓名\n1,甲\n2,乙\n", encoding="utf-8")
    assert cli.main([*words, "--out", str(tmp_path / "past")]) == 0  # a late student is no slip
    assert "over already" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("again", "doubled"),
    [
        ("123,王明\n", "00123"),  # as a spreadsheet exports it
        ("00123,王明\nAB01,Ann\n", "Ab01"),
        ("00123,王明\nAb01,Ann\n126,李静\n", None),
        ("00123,王明\n124,王明明\n", None),  # another student of a number like somebody's
    ],
)
def test_nobody_is_given_a_second_variant_for_an_id_that_is_written_otherwise_now(tmp_path, again, doubled):
    roster = tmp_path / "r.csv"
    roster.write_text("id,name\n00123,王明\n00124,赵红\nAb01,Ann\n", encoding="utf-8")
    assign("06", roster=roster, out=tmp_path / "out")
    before = files(tmp_path / "out")
    later = tmp_path / "later.csv"
    later.write_text("id,name\n" + again, encoding="utf-8")
    if doubled is None:
        assign("06", roster=later, out=tmp_path / "out")
        made = len(again.splitlines()) - sum(
            line.split(",")[0] in ("00123", "Ab01") for line in again.splitlines()
        )
        assert len(Assignment.read(tmp_path / "out").variants) == 3 + made
        return
    with pytest.raises(KitError) as caught:
        assign("06", roster=later, out=tmp_path / "out")
    assert caught.value.code == "assign_spoilt_id" and doubled in caught.value.message_en
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("ending", ["r.csv", ".ipynb", "README.txt", ".zip", "manifest.json"])
def test_a_disk_that_fills_up_is_said_with_the_file_that_was_not_finished(
    tmp_path, capsys, monkeypatch, ending
):
    roster, out = tmp_path / "r.csv", tmp_path / "out"
    roster.write_text("学号,姓名\n1,甲\n", encoding="utf-8")
    written = Path.write_bytes

    def full(path, content):
        if path.name.removesuffix(".new").endswith(ending):
            written(path, content[:1])
            raise OSError(errno.ENOSPC, "No space left on device")  # as a write says it: without a name
        return written(path, content)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        assert cli.main(["assign", "06", "--roster", str(roster), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert f"{ending} " in said and str(out) in said and "?" not in said
    assert not [path for path in out.rglob("*") if path.name.endswith(".new")]
    assert cli.main(["assign", "06", "--roster", str(roster), "--out", str(out)]) == 0  # as the message says
    assert list(Assignment.read(out).variants) == ["1"] and list((out / "students" / "1").glob("*.ipynb"))


def test_a_team_that_is_torn_by_sections_is_told(tmp_path, capsys):
    roster = tmp_path / "r.csv"
    roster.write_text("学号,姓名,班级,小组\n1,甲,一班,红\n2,乙,二班,红\n3,丙,一班,蓝\n", encoding="utf-8")
    words = ["assign", "06", "--roster", str(roster), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--section", "一班"]) == 0
    said = capsys.readouterr().out
    assert "红: 2" in said and "by themselves" in said
