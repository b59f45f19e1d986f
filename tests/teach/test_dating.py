"""When an archive that may be one student's own was handed in: nobody's clock decides in silence, and no download's."""

import os
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from classroom import Classroom
from handing_over import graded, rows, worked

from coursekit import cli
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.settings import given_out
from coursekit.teach.handed_in.dating import BY_ARCHIVE, WITHIN
from coursekit.teach.handed_in.identity import identify
from coursekit.teach.handed_in.intake import take_in

# due on 30 November at 18:00; downloaded, or handed in, on 5 December
EARLY, EARLIER_STILL = datetime(2026, 11, 29, 10), datetime(2026, 11, 28, 10)
LATE = datetime(2026, 12, 5, 10)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    room = Classroom(tmp_path_factory.mktemp("dating"), students=5, due="2026-11-30T18:00")
    (room.folder / "grading.toml").write_text("[late]\nper_day = 0.1\n", encoding="utf-8")
    return room


def packed(path: Path, files: dict[str, bytes], within: datetime, put_there: datetime) -> Path:
    """An archive whose members bear one time, an hour apart, and whose file bears another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, content) in enumerate(files.items()):
            moment = within.replace(hour=within.hour + number).timetuple()[:6]
            archive.writestr(zipfile.ZipInfo(name, moment), content)
    os.utime(path, (put_there.timestamp(), put_there.timestamp()))
    return path


def identified(room: Classroom, path: Path, earlier: dict[str, str] | None = None) -> list:
    about = Assignment.read(room.folder)
    return identify(take_in(path).found, about, {}, earlier, due=given_out(about))


CLASS = {f"2026000{i}": f"800{i}/ex1.ipynb" for i in range(4)}  # where the files of a class lay before
BY_NAME = {"20260001": "Ann Wood/a.ipynb", "20260002": "李静/a.ipynb", "20260003": "Ben Hall/a.ipynb"}


@pytest.mark.parametrize(
    ("path", "earlier", "counts"),
    [
        ("ex1.ipynb", {}, BY_ARCHIVE),
        ("homework/ex1.ipynb", {}, BY_ARCHIVE),
        ("8000/ex1.ipynb", {}, BY_ARCHIVE),  # of no form that anybody has seen
        ("王小明_4711_assignsubmission_file/ex1.ipynb", {}, WITHIN),
        ("王小明_4711_assignsubmission_file_ex1.ipynb", {}, WITHIN),
        ("wangxiaoming_31_990_ex1.ipynb", {}, WITHIN),
        ("8000/ex1.ipynb", CLASS, WITHIN),
        ("8009/ex1.ipynb", CLASS, WITHIN),
        ("homework/ex1.ipynb", CLASS, BY_ARCHIVE),
        ("homework 2/ex1.ipynb", CLASS, BY_ARCHIVE),
        ("王小明/ex1.ipynb", BY_NAME, WITHIN),
        ("作业/ex1.ipynb", BY_NAME, BY_ARCHIVE),
        ("8000/ex1.ipynb", dict(list(CLASS.items())[:2]), BY_ARCHIVE),  # two make no form
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_the_time_within_a_single_archive_counts_where_the_path_is_as_a_platform_writes_it(
    room, tmp_path, path, earlier, counts, beside
):
    """By itself, and in a folder beside another's file: both times are kept, whichever counts."""
    a, b, *_ = room.students
    folder = tmp_path / "in"
    archive = packed(folder / "hw.zip", {path: worked(room, a)}, EARLY, LATE)
    if beside:
        (folder / f"{b}.ipynb").write_bytes(worked(room, b))
    one = next(one for one in identified(room, folder if beside else archive, earlier) if one.student == a)
    times = {BY_ARCHIVE: (LATE, EARLY), WITHIN: (EARLY, LATE)}[counts]
    assert one.dated == counts
    assert (one.when.replace(tzinfo=None), one.other_when.replace(tzinfo=None)) == times


def test_a_folder_is_of_a_platforms_form_where_a_class_archive_beside_it_has_it(room, tmp_path):
    """The second download of one student, beside the class's, that was made after the work was due."""
    students = room.students
    files = {f"{8001 + i}/ex1.ipynb": worked(room, one) for i, one in enumerate(students[:4])}
    packed(tmp_path / "all.zip", files, EARLIER_STILL, LATE)
    packed(tmp_path / "second.zip", {"8005/ex1.ipynb": worked(room, students[4])}, EARLY, LATE)
    handed = {one.student: one for one in identified(room, tmp_path)}
    assert handed[students[4]].dated == WITHIN and handed[students[4]].when.day == EARLY.day
    assert [(handed[one].dated, handed[one].when.day) for one in students[:4]] == [("", 28)] * 4


def test_what_hand_in_packed_is_the_students_and_its_receipt_only_told(room, tmp_path):
    a = room.students[0]
    name = room.variant(a)["file"]
    receipt = b'{"student": "%s", "when": "2026-11-29T10:00:00"}' % a.encode()
    for called in (name, f"wangxiaoming_31_990_{name}"):
        files = {called: worked(room, a), "receipt.json": receipt}
        (one,) = identified(room, packed(tmp_path / "hw.zip", files, EARLY, LATE))
        assert (one.dated, one.when.replace(tzinfo=None)) == (BY_ARCHIVE, LATE)
        assert one.other_when.replace(tzinfo=None) == EARLY


@pytest.mark.parametrize("students", [2, 3])
def test_an_archive_of_three_is_a_platforms_and_of_one_of_two_both_times_are_told(room, tmp_path, students):
    """A classmate's copy is easily put beside one's own work."""
    files = {f"{8001 + i}/ex.ipynb": worked(room, one) for i, one in enumerate(room.students[:students])}
    handed = identified(room, packed(tmp_path / "hw.zip", files, EARLY, LATE))
    assert {one.dated for one in handed} == ({WITHIN} if students == 2 else {""})
    assert {one.when.day for one in handed} == {EARLY.day}


def test_no_clock_of_a_students_and_no_download_decides_in_silence(walled, room, tmp_path):
    a, b, c, d, e = room.students
    out = tmp_path / "grades"
    whole = {f"{8001 + i}/ex.ipynb": worked(room, one) for i, one in enumerate((c, d, e))}
    code, book, _ = graded(room, packed(tmp_path / "all.zip", whole, EARLY, LATE), out)
    assert code == 0 and {book[one]["flags"] for one in (c, d, e)} == {
        ""
    }  # a class's archive is a platform's
    full = float(book[c]["total"])

    own = packed(tmp_path / "late.zip", {"ex.ipynb": worked(room, a)}, EARLY, LATE)
    code, book, _ = graded(room, own, out)
    problems = rows(out / "problems.csv")
    assert code == cli.WANTS_AN_EYE
    assert float(book[a]["total"]) == pytest.approx(0.5 * full)  # five days begun
    assert book[a]["flags"].split() == ["late", BY_ARCHIVE]
    (told,) = [row for row in problems if row["what"] == BY_ARCHIVE]
    assert told["student_id"] == a and told["meaning"]
    assert "late.zip: 2026-12-05 10:00" in told["detail"] and "ex.ipynb: 2026-11-29 10:00" in told["detail"]

    download = packed(tmp_path / "one.zip", {"8011/ex.ipynb": worked(room, b)}, EARLY, LATE)
    code, book, _ = graded(room, download, out)
    problems = rows(out / "problems.csv")
    assert code == cli.WANTS_AN_EYE
    assert (float(book[b]["total"]), book[b]["flags"]) == (pytest.approx(full), WITHIN)
    # who is not in this download is told of still, once
    assert [row["student_id"] for row in problems if row["what"] == BY_ARCHIVE] == [a]
    assert book[a]["flags"].split().count(BY_ARCHIVE) == 1

    # where both times cost the same, nothing is told
    settings = f'[late]\nper_day = 0.1\n[extensions]\n"{a}" = "2026-12-06"\n"{b}" = "2026-12-06"\n'
    (room.folder / "grading.toml").write_text(settings, encoding="utf-8")
    code, book, _ = graded(room, download, out)
    problems = rows(out / "problems.csv")
    assert code == 0 and float(book[a]["total"]) == pytest.approx(full)
    assert not [row for row in problems if row["what"] in (BY_ARCHIVE, WITHIN)]
