"""A roster in doubt is refused before anything is written, and no line of it that is no student becomes one."""

import pytest
import xlsxwriter

from coursekit import cli
from coursekit.messages import KitError
from coursekit.teach.assign.roster import Student, doubts, lines_of, read_roster, staff_on

LIST = [["学号", "姓名"], ["001", "张三"], ["002", "李四"]]


def workbook(path, sheets: dict[str, list[list]]):
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def text(tmp_path, said: str):
    path = tmp_path / "roster.csv"
    path.write_text(said, encoding="utf-8")
    return path


def ids(path, sheet=None) -> list[str]:
    return [student.student_id for student in read_roster(path, sheet=sheet)]


def test_a_class_on_each_sheet_is_refused_with_the_sheets_until_one_is_named(tmp_path):
    path = workbook(
        tmp_path / "r.xlsx", {"说明": [["读我"]], "一班": LIST, "二班": [["学号", "姓名"], ["003", "王五"]]}
    )
    with pytest.raises(KitError) as caught:
        read_roster(path)
    assert caught.value.code == "roster_sheets" and "一班, 二班" in caught.value.message_en
    assert ids(path, "二班") == ["003"]


def test_a_second_sheet_with_the_same_students_holds_nobody_up(tmp_path):
    assert ids(workbook(tmp_path / "r.xlsx", {"名单": LIST, "成绩": LIST[:2]})) == ["001", "002"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_lists_side_by_side_are_refused(tmp_path, kind):
    rows = [["学号", "姓名", "", "学号", "姓名"], ["001", "张三", "", "003", "王五"]]
    if kind == "csv":
        path = text(tmp_path, "\n".join(",".join(row) for row in rows))
    else:
        path = workbook(tmp_path / "r.xlsx", {"a": rows})
    with pytest.raises(KitError) as caught:
        read_roster(path)
    assert caught.value.code == "roster_side_by_side"


@pytest.mark.parametrize(
    "said",
    [
        "一班\n学号,姓名\n001,张三\n\n二班\n学号,姓名\n002,李四\n",
        "序号,学号,姓名\n1,001,张三\n2,002,李四\n合计,2人,\n",
        "序号,学号,姓名\n1,001,张三\n2,002,李四\n总计,2,\n",
        "id,name\n001,Ann\n002,Ben\nTotal,2 students\n",
        "Full Name,Role,SID\nAnn,Student,001\nBen,student,002\nX,Instructor,9\nY,TA,8\nZ,Instructor,\n",
    ],
)
def test_headers_titles_totals_and_staff_are_no_students(tmp_path, said):
    assert ids(text(tmp_path, said)) == ["001", "002"]


def test_staff_are_said(tmp_path):
    path = text(tmp_path, "Full Name,Role,SID\nAnn,Student,001\nX,Instructor,9\nZ,TA,\n")
    assert staff_on(path, None) == ["9", "Z"]


@pytest.mark.parametrize(
    "said, code",
    [
        ("学号,姓名\n2.026E+11,张三\n202600000002,李四\n", "roster_scientific"),
        ("学号,姓名\n20230001,张三\n2.0230003E7,李四\n", "roster_scientific"),
        ("学号,姓名\n20230001,张三\n2.02e7,李四\n", "roster_scientific"),
        ("学号;姓名\n20230001;张三\n2,02E+07;李四\n", "roster_scientific"),
        ("学号,姓名\n20230001,张三\n=2.02E7,李四\n", "roster_scientific"),
        ("Student,ID,SIS User ID\nLi,1.7E13,A1\nWu,501,A2\n", "roster_scientific"),
        ("学号,姓名\n20230001,张三\n20230001.0,李四\n", "roster_twice"),
        ("id,name\n２０２６０００１,A\n20260001,B\n", "roster_twice"),
        (f"id,name\n{'9' * 400},A\n1,B\n", "roster_id_long"),
        ("", "roster_empty"),
    ],
)
def test_an_id_that_cannot_be_right_is_refused_before_anything_is_written(tmp_path, said, code):
    path = text(tmp_path, said)
    with pytest.raises(KitError) as caught:
        read_roster(path)
    assert caught.value.code == code
    assert cli.main(["assign", "06", "--roster", str(path), "--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()


def test_an_id_that_a_spreadsheet_took_for_a_number_or_a_formula_is_the_students_own_again(tmp_path, capsys):
    path = text(
        tmp_path,
        '学号,姓名\n20230001.0,甲\n=00230002,乙\n="00230003",丙\n\'00230004,丁\n20230005.00,戊\n20230006,己\n',
    )
    out = tmp_path / "out"
    assert cli.main(["assign", "06", "--roster", str(path), "--out", str(out)]) == 0
    own = ["00230002", "00230003", "00230004", "20230001", "20230005", "20230006"]
    assert sorted(folder.name for folder in (out / "students").iterdir()) == own
    _, lines = lines_of(path, None)  # by which marks go back into this list
    assert sorted(student for _, student in lines) == own
    canvas = text(tmp_path, "Student,ID,SIS User ID\nLi,501.0,A1\nWu,502,A2\n")
    assert [one.platform["canvas_id"] for one in read_roster(canvas)] == ["501", "502"]


@pytest.mark.parametrize(
    "own",
    [
        ["12.0", "12.1", "13.0"],
        ["3e12", "2E7", "E2.5"],
        ["=A", "x=1", "1.0.0"],
        ["1.000.000", "20.230.001", "A12.0"],
    ],
)
def test_an_id_that_only_looks_like_a_spreadsheets_is_left_as_it_is(tmp_path, own):
    lines = "".join(f"{one},学生\n" for one in own)
    assert ids(text(tmp_path, f"学号,姓名\n{lines}")) == own


def test_ids_that_were_cut_to_fifteen_figures_are_told_and_long_ones_are_not(tmp_path):
    cut = ["1101011990010100" + end for end in ("00", "10")]
    whole = ["110101199001010017", "110101199001010020"]
    said = {}
    for name, own in (
        ("cut", ["110101199001010000", "110101199001020000"]),
        ("mixed", cut),
        ("whole", whole),
    ):
        listed = read_roster(text(tmp_path, "学号\n" + "".join(f"{one}\n" for one in own)))
        said[name] = [line for line in doubts(listed) if "15" in line]
    assert len(said["cut"]) == 1 and "110101199001020000" in said["cut"][0]
    assert not said["mixed"] and not said["whole"]


@pytest.mark.parametrize("name", ["CON", "nul", "COM1.x", "lpt9"])
def test_no_student_has_a_folder_that_windows_keeps_for_itself(name):
    assert Student(student_id=name).folder == f"_{name}"
