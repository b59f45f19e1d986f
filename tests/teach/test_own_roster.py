"""The instructor's own list comes back as it came, with one column of marks: what a platform takes in again."""

import csv
import io
import zipfile

import pytest

from coursekit.teach.assign.roster import Student, doubts, read_roster
from coursekit.teach.grade.own_roster import FOLDER, with_marks

MARKS = {"007": 91.5, "008": ""}


def back(tmp_path, name: str, content: bytes, marks=MARKS, sheet=None, heading="hw1"):
    path = tmp_path / name
    path.write_bytes(content)
    return with_marks(path, sheet, tmp_path / "out", heading=heading, marks=marks, possible=100)


@pytest.mark.parametrize(
    "codec, mark",
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("gb18030", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_text_file_keeps_every_byte_but_for_the_new_column(tmp_path, codec, mark, delimiter, end):
    lines = [
        "2026 年秋季学期名单",
        delimiter.join(["学号", "姓名", "班级", "备注"]),
        delimiter.join(["007", '"张 ""三"""', "一班", '"a\n b"']),
        delimiter.join(["008", "李四"]),
        delimiter.join(["009", "=cmd|x", "二班", " 0012 "]),
    ]
    path = back(tmp_path, "名单.csv", mark + end.join(lines).encode(codec))
    added = [lines[0], lines[1] + delimiter + "hw1", lines[2] + delimiter + "91.5"]
    added += [lines[3] + 3 * delimiter, lines[4] + delimiter]
    assert path == tmp_path / "out" / FOLDER / "名单.csv"
    assert path.read_bytes() == mark + end.join(added).encode(codec)


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW0 (8841),Current Score\r\n"
    "    Points Possible,,,,,10,(read only)\r\n"
    '"Zhang, San",501,007,zs,1,9,90\r\n'
    '"Li, Si",502,008,ls,1,8,80\r\n'
    '"Student, Test",503,,,1,,\r\n'
)


def test_canvas_s_gradebook_comes_back_with_its_points_possible_and_columns(tmp_path):
    path = back(tmp_path, "canvas.csv", CANVAS.encode())
    table = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row[:-1] for row in table] == list(csv.reader(io.StringIO(CANVAS)))
    assert [row[-1] for row in table] == ["hw1", "100", "91.5", "", ""]


@pytest.mark.parametrize(
    "text, ids",
    [
        (
            "Last Name,First Name,Email Address,HW0\n,Date,,2026-09-01\n,Points,,10\nLee,Ann,a@x.edu,9\n",
            ["a@x.edu"],
        ),
        (
            '"Last Name","First Name","Username","Student ID","Availability"\n"Lee","Ann","al","a@x.edu","Yes"\n',
            ["a@x.edu"],
        ),
        (
            "First Name,Last Name,SID,Email,Sections,HW0,HW0 - Max Points\nAnn,Lee,a@x.edu,b@x.edu,1,9,10\n",
            ["a@x.edu"],
        ),
        ("序号,学号/工号,姓名,学校,院系,专业,班级\n1,a@x.edu,李安,甲,乙,丙,一班\n", ["a@x.edu"]),
    ],
    ids=["Google Classroom", "Blackboard", "Gradescope", "学习通"],
)
def test_every_platform_s_own_list_takes_the_marks(tmp_path, text, ids):
    path = back(tmp_path, "list.csv", text.encode(), {"a@x.edu": 77})
    assert [student.student_id for student in read_roster(tmp_path / "list.csv")] == ids
    table = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row[:-1] for row in table] == list(csv.reader(io.StringIO(text)))
    assert (table[0][-1], table[-1][-1]) == ("hw1", "77")


def workbook(tmp_path) -> bytes:
    import xlsxwriter

    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        book.add_worksheet("说明").write(0, 0, "读我")
        sheet = book.add_worksheet("名单 & 成绩")
        sheet.merge_range(0, 0, 0, 2, "2026 秋")
        sheet.write_row(2, 0, ["学号", "姓名", "平时"], book.add_format({"bold": True}))
        sheet.write_row(3, 0, ["007", "张三", 88])
        sheet.write_row(4, 0, ["008", "李四"])
        sheet.write_row(5, 0, ["009", "王五", 70])
        sheet.write_formula(6, 2, "=AVERAGE(C4:C6)", None, 79)
        sheet.set_column(0, 0, 20)
    return held.getvalue()


def cells(path, sheet: str) -> list[list]:
    import python_calamine

    return list(python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).iter_rows())


def test_a_workbook_keeps_its_sheets_formats_and_formulas(tmp_path):
    content = workbook(tmp_path)
    path = back(tmp_path, "r.xlsx", content, sheet="名单 & 成绩")
    before, after = cells(tmp_path / "r.xlsx", "名单 & 成绩"), cells(path, "名单 & 成绩")
    assert [row[:3] for row in after] == before
    assert [row[3] for row in after] == ["", "", "hw1", 91.5, "", "", ""]
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path) as new:
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
        assert old.namelist() == new.namelist() and changed == ["xl/worksheets/sheet2.xml"]
        assert b"AVERAGE(C4:C6)" in new.read("xl/worksheets/sheet2.xml")


def test_a_page_that_is_called_xls_comes_back_as_a_workbook(tmp_path):
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in [("007", "张三"), ("008", "=1+1")])
    page = f"<html><meta charset=utf-8><table><tr><td>学号</td><td>姓名</td></tr>{rows}</table></html>"
    path = back(tmp_path, "成绩.xls", page.encode())
    assert path.suffix == ".xlsx"
    from python_calamine import CalamineWorkbook

    head, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert head == ["学号", "姓名", "hw1"]
    assert list(map(tuple, rows)) == [("007", "张三", 91.5), ("008", "=1+1", "")]


@pytest.mark.parametrize(
    "ids, said",
    [
        (["0260001", "0260002", "0260003", "260004"], "260004"),
        (["A001", "A002", "A003", "a004"], "a004"),
    ],
)
def test_ids_that_a_spreadsheet_may_have_spoilt_are_said(ids, said):
    assert said in "\n".join(doubts([Student(student_id=one) for one in ids]))


def test_ids_that_are_alike_in_form_are_not_remarked_on():
    assert doubts([Student(student_id=one) for one in ("001", "002", "003", "ann@x.edu", "Ben@x.edu")]) == []
    assert doubts([Student(student_id=one) for one in ("1", "12", "123", "99", "100")]) == []
