"""Where nothing but the marks of a notebook says whose it is: what somebody else hands in costs nobody a mark.

Folders and names are anonymous, as many platforms give them: 8001 is the first student's, and so on.
"""

import os
from datetime import datetime
from pathlib import Path

import pytest
from classroom import Classroom
from handing_over import blank, graded, rows, worked, zipped

from coursekit import cli
from coursekit.teach.assign.assign import assign
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade.choosing import note_unclear
from coursekit.teach.grade.gradebooks import in_words
from coursekit.teach.grade.graded import Graded
from coursekit.teach.grade.kept import where_they_lay
from coursekit.teach.grade.nothing_lost import list_what_lies_beside
from coursekit.teach.handed_in.identity import identify
from coursekit.teach.handed_in.intake import take_in
from coursekit.teach.handed_in.places import same_place
from coursekit.teach.marks.marks import marks

LATER = (2026, 11, 25, 12, 0, 0)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return Classroom(tmp_path_factory.mktemp("places"), students=6, due="2026-11-30T10:00")


# --- between two downloads --------------------------------------------------------------------------------------------


def lay(room: Classroom, pattern: str) -> dict[str, str]:
    """Student → where the file lay in the first download."""
    return {student: pattern.format(8001 + i) for i, student in enumerate(room.students)}


FOLDERS, FLAT, LOOSE = "{}/ex1.ipynb", "{}_ex1.ipynb", "{}.ipynb"


@pytest.mark.parametrize(
    ("first", "theirs", "passed_on"),
    [
        (FOLDERS, "8003/ex1.ipynb", "8003/ex2.ipynb"),
        (FOLDERS, "8003/ex1.ipynb", "8003/more/of it/ex2.ipynb"),
        (FOLDERS, "8003/ex1.ipynb", "8003/homework.zip/8004/ex1.ipynb"),
        (FOLDERS, None, "8003/ex2.ipynb"),
        (FLAT, "8003_ex1.ipynb", "8003_ex2.ipynb"),
        (FLAT, None, "8003_8004_ex2.ipynb"),
        (LOOSE, "8003.ipynb", "8003 (1).ipynb"),
        ("section A/{}/ex1.ipynb", "section A/8003/ex1.ipynb", "section A/8003/ex2.ipynb"),
        ("12-01/{}/ex1.ipynb", "12-05/8003/ex1.ipynb", "12-05/8003/ex2.ipynb"),
    ],
)
def test_what_lies_where_another_handed_in_before_is_not_used(room, tmp_path, first, theirs, passed_on):
    c, d = room.students[2:4]
    files = {theirs: worked(room, c)} if theirs else {}
    files[passed_on.partition(".zip/")[0]] = blank(room, d)
    if ".zip/" in passed_on:
        name, _, inner = passed_on.partition(".zip/")
        del files[name]
        held = zipped(tmp_path / "inner.zip", {inner: blank(room, d)})
        files[f"{name}.zip"] = held.read_bytes()
    found = take_in(zipped(tmp_path / "late.zip", files)).found
    handed = identify(found, Assignment.read(room.folder), {}, lay(room, first))
    expected = [c, None] if theirs else [None]
    assert sorted((one.student for one in handed), key=str, reverse=False) == sorted(expected, key=str)
    assert [one.flags for one in handed if one.student is None] == [["in_anothers_archive"]]
    assert not any(one.moved for one in handed if one.student == c)


@pytest.mark.parametrize(
    ("first", "now"),
    [
        (FOLDERS, "8003/ex1 (1).ipynb"),
        (FOLDERS, "8003/more/hw.zip/a/ex1.ipynb"),
        (FLAT, "8003_final.ipynb"),
        ("12-01/{}/ex1.ipynb", "12-05/8003/ex1.ipynb"),
        ("06_exercise ({}).ipynb", "06_exercise (8003).ipynb"),
    ],
)
def test_a_later_file_in_ones_own_place_counts_without_a_word(room, tmp_path, first, now):
    c = room.students[2]
    name, packed, inner = now.partition(".zip/")
    content = worked(room, c)
    if packed:
        content = zipped(tmp_path / "inner.zip", {inner: content}).read_bytes()
        now = f"{name}.zip"
    found = take_in(zipped(tmp_path / "late.zip", {now: content})).found
    (one,) = identify(found, Assignment.read(room.folder), {}, lay(room, first))
    assert (one.student, one.flags, one.moved) == (c, [], False)


def test_a_folder_of_another_name_within_ones_own_is_ones_own():
    assert same_place("8003", "8003/more") and same_place("12-05/8003", "12-01/8003")
    assert not same_place("8003", "8004") and not same_place("8003", "80031")


def test_an_archive_that_is_laid_beside_single_files_of_a_later_round_is_a_students(room, tmp_path):
    """With copies of students who handed in before, each alone: they are no class that a platform has packed."""
    a, b, c, d, e, f = room.students
    files = {"a/ex1.ipynb": worked(room, c), "b/ex1.ipynb": blank(room, d), "c/ex1.ipynb": blank(room, f)}
    path = zipped(tmp_path / "homework.zip", files)
    put_there = datetime(2026, 12, 4, 10).timestamp()
    os.utime(path, (put_there, put_there))
    (tmp_path / "8005.ipynb").write_bytes(worked(room, e))
    about = Assignment.read(room.folder)
    earlier = lay(room, LOOSE)
    del earlier[c]
    handed = identify(take_in(tmp_path).found, about, {}, earlier)
    by_label = {one.found.label: one for one in handed}
    assert by_label["homework.zip/a/ex1.ipynb"].when.month == 12
    assert [by_label[f"homework.zip/{name}/ex1.ipynb"].student for name in "abc"] == [c, None, None]
    assert by_label["8005.ipynb"].student == e


def test_a_platforms_archives_of_sections_are_graded_again_as_they_were(room, tmp_path):
    a, b, c, d, e, f = room.students
    for name, students in (("section A.zip", (a, b, c)), ("section B (1).zip", (d, e, f))):
        files = {f"{8001 + room.students.index(one)}/ex1.ipynb": worked(room, one) for one in students}
        zipped(tmp_path / name, files)
    handed = identify(take_in(tmp_path).found, Assignment.read(room.folder), {}, lay(room, FOLDERS))
    assert [one.student for one in handed] == room.students
    assert all(one.when.month == 11 and not one.flags and not one.moved for one in handed)


@pytest.fixture(scope="module")
def rounds(walled, room, tmp_path_factory):
    """A class; then a round with c's files alone, among them others' in every shape; then a better one of d's own."""
    folder = tmp_path_factory.mktemp("rounds")
    out = folder / "grades"
    a, b, c, d, e, f = room.students
    lowered = {"renewed_offered": "renewed_offered = 0.123"}
    files = {f"{8001 + i}/ex1.ipynb": worked(room, one) for i, one in enumerate(room.students)}
    files["8004/ex1.ipynb"] = worked(room, d, **lowered)
    first = graded(room, zipped(folder / "all.zip", files), out)
    second_files = {
        "8003/ex1.ipynb": worked(room, c),
        "8003/ex2.ipynb": blank(room, d),  # lies with c's
        "8009/ex3.ipynb": worked(room, e, **lowered),  # lies alone, and earns less
        f"8003/{f}.ipynb": b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "1"}]}',
        f"8003/{a}.ipynb": b"{",
        "8002/ex1.ipynb": b"{",  # half an upload
    }
    second = graded(room, zipped(folder / "late.zip", second_files, LATER), out)
    third = graded(room, zipped(folder / "own.zip", {"8004/hw.ipynb": worked(room, d)}, LATER), out)
    return first, second, third


def test_no_later_round_takes_a_mark_that_was_there(room, rounds):
    (code, before, _), (again, after, problems), _ = rounds
    a, b, c, d, e, f = room.students
    assert code == 0 and again == cli.WANTS_AN_EYE
    assert {one: after[one]["total"] for one in room.students} == {
        one: before[one]["total"] for one in room.students
    }
    assert ("in_anothers_archive", "late.zip/8003/ex2.ipynb") in problems
    assert ("earlier_file", "late.zip/8009/ex3.ipynb") in problems
    assert "two_places" in after[e]["flags"] and "newer_by_name_only" in after[f]["flags"]
    assert after[c]["flags"] == "" and "from_an_earlier_download" in after[d]["flags"]
    assert after[c]["file"] == "late.zip/8003/ex1.ipynb"


def test_ones_own_later_file_takes_the_place_of_the_earlier_one(room, rounds):
    _, (_, before, _), (_, after, _) = rounds
    d = room.students[3]
    assert float(after[d]["total"]) > float(before[d]["total"])
    assert (after[d]["file"], after[d]["flags"]) == ("own.zip/8004/hw.ipynb", "")


# --- within one download ----------------------------------------------------------------------------------------------


def test_of_files_from_several_places_the_one_that_earns_most_counts_and_in_ones_own_the_newest(
    walled, room, tmp_path
):
    a, b, c, d, e, f = room.students
    lowered = {"renewed_offered": "renewed_offered = 0.123"}
    files = {
        "8001/ex1.ipynb": worked(room, a),
        "8002/ex1.ipynb": worked(room, b),
        "8009/ex1.ipynb": worked(room, a, **lowered),  # another's, with a copy that was passed on and touched
        "8008/ex1.ipynb": blank(room, b),
        "8003/ex1.ipynb": worked(room, c),
        "8003/ex1 (1).ipynb": worked(room, c, **lowered),  # c's own change of mind
    }
    code, book, problems = graded(room, zipped(tmp_path / "all.zip", files), tmp_path / "grades")
    assert code == cli.WANTS_AN_EYE
    assert [book[one]["file"].removeprefix("all.zip/") for one in (a, b, c)] == [
        "8001/ex1.ipynb",
        "8002/ex1.ipynb",
        "8003/ex1 (1).ipynb",
    ]
    assert [book[one]["flags"] for one in (a, b, c)] == ["two_places", "two_places", ""]
    assert float(book[c]["total"]) < float(book[a]["total"]) == float(book[b]["total"])
    assert {("earlier_file", f"all.zip/{name}/ex1.ipynb") for name in ("8008", "8009")} <= set(problems)


def test_a_copy_of_a_teams_in_a_classmates_place_takes_nothing_from_the_team(tmp_path):
    """Both members' copies are as good for a robber: of the one who handed in, and of the one who did not."""
    teams = ["甲", "甲", "", "", "乙", "乙"]
    room = Classroom(tmp_path, students=6, columns={"team": teams}, due="2026-11-30T10:00")
    about = Assignment.read(room.folder)
    a, b, robber, d, e, f = room.students
    lay_at = {"8001": (a, b), "8003": (robber,), "8004": (d,), "8005": (e, f)}
    before = {
        student: Graded(student, file="hw.ipynb", path=f"{place}/hw.ipynb")
        for place, students in lay_at.items()
        for student in students
    }
    earlier = where_they_lay(before, about)
    assert set(earlier) == set(room.students)
    for passed_on in (a, b, e, f, d):
        files = {"8003/hw.ipynb": worked(room, robber), "8003/hw (1).ipynb": blank(room, passed_on)}
        for name in (files, {"8003/hw.ipynb": blank(room, passed_on)}):
            handed = identify(
                take_in(
                    zipped(tmp_path / "b.zip", name),
                ).found,
                about,
                {},
                earlier,
            )
            assert (handed[-1].student, handed[-1].flags) == (None, ["in_anothers_archive"])
            assert [one.student for one in handed[:-1]] == [robber] * (len(handed) - 1)
    # a member who hands in from a place of the own, and the same member from where the team's lay
    for place in ("8002", "8001"):
        (one,) = identify(
            take_in(zipped(tmp_path / "c.zip", {f"{place}/hw.ipynb": worked(room, b)})).found,
            about,
            {},
            earlier,
        )
        assert about.together(one.student)[0] == a and one.flags == []


def test_how_a_class_archive_is_called_names_nobody_and_a_students_folder_does(room, tmp_path):
    a, b, c, d, *_ = room.students
    about = Assignment.read(room.folder)
    for name in (f"hw_{b}.zip", "Ann Wood.zip"):
        files = {f"{8001 + i}/ex1.ipynb": worked(room, one) for i, one in enumerate((a, b, c))}
        handed = identify(take_in(zipped(tmp_path / name, files)).found, about, {})
        assert [one.student for one in handed] == [a, b, c]
    files = {f"{c}/ex1.ipynb": worked(room, c), f"{c}/ex2.ipynb": blank(room, d)}
    own, other = identify(take_in(zipped(tmp_path / "late.zip", files)).found, about, {})
    assert own.student == c and other.student is None and other.flags == ["disagreement"]


# how a class is handed over: archive → files → whose, of students 0 to 5; 王芳 is the third student,
# 3 is the fourth's id
ANONYMOUS = {f"{8001 + i}/ex.ipynb": i for i in range(6)}
BY_SECTION = [{f"{8001 + i}/ex.ipynb": i for i in part} for part in (range(3), range(3, 6))]
CLASSES = {
    "the archive bears an id": {"hw_3.zip": ANONYMOUS},
    "the archive bears a name": {"王芳_作业.zip": ANONYMOUS},
    "a folder of all bears an id": {"all.zip": {f"作业_3/{name}": i for name, i in ANONYMOUS.items()}},
    "a folder of all bears the teacher's name": {"": {f"王芳/{name}": i for name, i in ANONYMOUS.items()}},
    "folders of sections": {"": {f"section_{1 + i // 3}/{name}": i for name, i in ANONYMOUS.items()}},
    "sections in an archive": {
        "all.zip": {f"section_{1 + i // 3}/{name}": i for name, i in ANONYMOUS.items()}
    },
    "archives of sections": {"section_1.zip": BY_SECTION[0], "section_2.zip": BY_SECTION[1]},
    "an archive beside a mail": {"hw_3.zip": BY_SECTION[0], "": {"by mail.ipynb": 5}},
    "each file bears the number of the exercise": {
        "all.zip": {f"{8001 + i}/ex_3.ipynb": i for i in range(6)}
    },
    "each folder bears it": {"all.zip": {f"作业_3_{8001 + i}/ex.ipynb": i for i in range(6)}},
    "each name in a flat archive bears it": {"all.zip": {f"hw_3_{8001 + i}.ipynb": i for i in range(6)}},
}


@pytest.fixture(scope="module")
def short_ids(tmp_path_factory):
    """A workshop: the ids are 0 to 5, and a student is called as the teacher is."""
    folder = tmp_path_factory.mktemp("short")
    room = Classroom(folder, students=1)
    names = ("甲同学", "乙同学", "王芳", "Student D", "Student E", "Student F")
    roster = folder / "six.csv"
    lines = [f"{number},{name}" for number, name in enumerate(names)]
    roster.write_text("\n".join(["id,name", *lines]), encoding="utf-8")
    assign(room.folder / "pack" / room.manifest["source"], roster=roster, out=folder / "six")
    return Assignment.read(folder / "six")


def notebook_of(about: Assignment, student: str) -> bytes:
    laid = about.variants[student]
    return (about.folder / "students" / laid.folder / laid.file).read_bytes()


def laid_out(about: Assignment, archives: dict[str, dict[str, int]], folder: Path) -> dict[str, str]:
    """Label → whose, of a class that was handed over so, in a folder or as one archive."""
    whose = {}
    for archive, files in archives.items():
        contents = {name: notebook_of(about, str(number)) for name, number in files.items()}
        if archive:
            zipped(folder / archive, contents)
        for name, content in contents.items():
            whose[f"{archive}/{name}".lstrip("/")] = str(files[name])
            if not archive:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
    return whose


@pytest.mark.parametrize("form", CLASSES)
def test_what_the_files_of_a_class_have_in_common_names_nobody(short_ids, tmp_path, form):
    archives = CLASSES[form]
    whose = laid_out(short_ids, archives, tmp_path)
    only = next(iter(archives))
    handed = identify(
        take_in(tmp_path / only if len(archives) == 1 and only else tmp_path).found, short_ids, {}
    )
    assert {one.found.label: one.student for one in handed} == whose
    assert not any(one.flags for one in handed)


def test_the_name_that_everybodys_notebook_was_given_names_no_other_student(tmp_path):
    """Classes are numbered 01, 02 …, and so are lessons; one alone shares nothing with a class by which that showed."""
    roster = tmp_path / "numbered.csv"
    roster.write_text("id,name\n01,甲同学\n02,乙同学\n06,丙同学\n", encoding="utf-8")
    assign("06", roster=roster, out=tmp_path / "six")
    about = Assignment.read(tmp_path / "six")
    handed_in = {"all": ("01", "02", "06"), "two": ("02", "06"), "one": ("01",)}
    for name, students in handed_in.items():
        files = {about.variants[one].file: notebook_of(about, one) for one in students}
        for canvas in ("", "doejane_123_456_"):
            members = {canvas + file: content for file, content in files.items()}
            handed = identify(take_in(zipped(tmp_path / f"{name}.zip", members)).found, about, {})
            assert [(one.student, one.flags) for one in handed] == [(one, []) for one in students]
    unmarked = {"06_customer_pyramid_02.ipynb": b'{"cells": [{"cell_type": "code", "source": "1"}]}'}
    (one,) = identify(take_in(zipped(tmp_path / "bare.zip", unmarked)).found, about, {})
    assert (one.student, one.flags) == ("02", ["named_by_file_only"])


def test_an_archive_of_several_names_nobody_beside_more_who_handed_in_by_themselves(short_ids, tmp_path):
    whose = laid_out(
        short_ids, {"hw_3.zip": BY_SECTION[1], "": {f"mail_{n}/x.ipynb": n for n in range(3)}}, tmp_path
    )
    handed = identify(take_in(tmp_path).found, short_ids, {})
    assert {one.found.label: one.student for one in handed} == whose


def test_a_name_that_the_class_does_not_share_tells_still_whose_an_unmarked_file_is(short_ids, tmp_path):
    files = {f"section_1/{8001 + i}/ex.ipynb": notebook_of(short_ids, str(i)) for i in range(4)}
    files["section_1/Student E/ex.ipynb"] = b'{"cells": [{"cell_type": "code", "source": "1"}]}'
    files["section_1/8010/ex.ipynb"] = b'{"cells": [{"cell_type": "code", "source": "1"}]}'
    *marked, named, nobodys = identify(take_in(zipped(tmp_path / "all.zip", files)).found, short_ids, {})
    assert [one.student for one in marked] == ["0", "1", "2", "3"]
    assert (named.student, named.flags) == ("4", ["named_by_file_only"])
    assert (nobodys.student, nobodys.flags) == (None, ["unknown_student"])


def test_a_students_own_folder_goes_on_naming_its_student_whoever_elses_copies_lie_in_it(room, tmp_path):
    a, b, c, d, e, f = room.students
    files = {f"{one}/ex.ipynb": worked(room, one) for one in (a, b, d, e, f)}
    # all of these hand in elsewhere; what lies in another's named folder is neither used nor makes it a class's
    files |= {f"{c}/{number}.ipynb": worked(room, one) for number, one in enumerate((c, a, b, d))}
    handed = identify(take_in(zipped(tmp_path / "all.zip", files)).found, Assignment.read(room.folder), {})
    used = {one.found.label: one.student for one in handed if one.student}
    assert used == {f"all.zip/{one}/ex.ipynb": one for one in (a, b, d, e, f)} | {f"all.zip/{c}/0.ipynb": c}


def test_what_cannot_be_read_in_an_archive_that_bears_a_students_name_is_not_that_students(room, tmp_path):
    a, b, c, d, *_ = room.students
    files = {f"{8001 + i}/ex.ipynb": worked(room, one) for i, one in enumerate((a, b, c))}
    files["8009/essay.docx"] = b"PK"
    intake = take_in(zipped(tmp_path / f"hw_{d}.zip", files))
    about = Assignment.read(room.folder)
    graded = {student: Graded(student) for student in about.variants}
    note_unclear(graded, identify(intake.found, about, {}), intake, about)
    assert {mine.state for mine in graded.values()} == {"nothing"}


def test_an_empty_archive_or_a_backup_alone_is_told_and_is_not_nothing(room, tmp_path):
    """And beside a notebook of the same student's neither is said to be in place of one."""
    a, b, c, d, e, f = room.students
    backup = ".ipynb_checkpoints/ex-checkpoint.ipynb"
    empty = zipped(tmp_path / "empty.zip", {}).read_bytes()
    of_macos = zipped(tmp_path / "macos.zip", {"__MACOSX/._ex.ipynb": b"x", ".DS_Store": b"x"}).read_bytes()
    backups = zipped(tmp_path / "backups.zip", {backup: worked(room, c)}).read_bytes()
    folder = tmp_path / "in"
    files = {
        f"{a}_ex.zip": empty,
        f"{b}/{backup}": worked(room, b),
        f"{c}/hw.zip": backups,
        f"{d}/hw.zip": of_macos,
        f"{e}/ex.ipynb": worked(room, e),
        f"{e}/{backup}": worked(room, e),
        f"{e}/first.zip": empty,
        "8006/hw/ex.ipynb": worked(room, f),
        f"8006/{backup}": worked(room, f),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for submissions, above in ((folder, ""), (zipped(tmp_path / "all.zip", files), "all.zip/")):
        intake = take_in(submissions)
        about = Assignment.read(room.folder)
        handed_in = identify(intake.found, about, {})
        graded = {student: Graded(student) for student in about.variants}
        list_what_lies_beside(intake, handed_in, about)
        note_unclear(graded, handed_in, intake, about)
        assert set(intake.refused) == {
            (f"{above}{a}_ex.zip", "empty_archive"),
            (f"{above}{b}/{backup}", "only_a_checkpoint"),
            (f"{above}{c}/hw.zip/{backup}", "only_a_checkpoint"),
            (f"{above}{d}/hw.zip", "empty_archive"),
        }
        states = {student: mine.state for student, mine in graded.items()}
        assert states == dict.fromkeys((a, b, c, d), "unclear") | dict.fromkeys((e, f), "nothing")
        assert all(in_words(["refused", "", "", reason]) for _, reason in intake.refused)


# --- one rule for the class -------------------------------------------------------------------------------------------


def test_after_the_exercise_is_mended_all_are_marked_by_it_whichever_download_they_are_in(walled, tmp_path):
    room = Classroom(tmp_path, students=3, due="2026-11-30T10:00")
    a, b, c = room.students
    wrong = {"renewed_offered": "renewed_offered = 0.123"}
    out, whole = tmp_path / "grades", tmp_path / "whole"
    early = zipped(
        tmp_path / "a.zip", {"8001/x.ipynb": worked(room, a), "8002/x.ipynb": worked(room, b, **wrong)}
    )
    late = zipped(tmp_path / "b.zip", {"8003/x.ipynb": worked(room, c, **wrong)})
    graded(room, early, out)
    pack = room.folder / "pack" / room.manifest["source"]
    text = pack.read_text(encoding="utf-8")
    head, mark, rest = text.partition("id: renewed_offered")
    assert "weight: 1\n" in rest
    pack.write_text(head + mark + rest.replace("weight: 1\n", "weight: 9\n", 1), encoding="utf-8")
    _, book, _ = graded(room, late, out)
    assert book[b]["total"] == book[c]["total"] != book[a]["total"]
    both = tmp_path / "both"
    both.mkdir()
    for path in (early, late):
        (both / path.name).write_bytes(path.read_bytes())
    _, at_once, _ = graded(room, both, whole)
    assert {one: at_once[one]["total"] for one in (a, b, c)} == {one: book[one]["total"] for one in (a, b, c)}
    logged = rows(out / "appeals.csv")
    assert [(row["student_id"], row["why"]) for row in logged] == [(a, "regrade"), (b, "regrade")]


def test_a_file_that_the_settings_give_to_another_leaves_no_mark_behind(walled, tmp_path):
    room = Classroom(tmp_path, students=3)
    a, b, c = room.students
    out = tmp_path / "grades"
    files = {f"{one}/x.ipynb": worked(room, one) for one in (a, b)}
    path = zipped(tmp_path / "all.zip", files)
    _, before, _ = graded(room, path, out)
    (room.folder / "grading.toml").write_text(f'[whose]\n"all.zip/{a}/x.ipynb" = "{c}"\n', encoding="utf-8")
    code, after, problems = graded(room, path, out)
    assert before[a]["total"] == before[b]["total"] == after[b]["total"] and before[c]["total"] == ""
    assert (after[a]["total"], after[a]["state"], after[a]["file"]) == ("", "nothing", "")
    assert after[c]["file"] == f"all.zip/{a}/x.ipynb" and "chosen_against_evidence" in after[c]["flags"]
    assert code == cli.WANTS_AN_EYE
    assert marks([out], out=tmp_path / "totals", say=lambda _: None).students[a].marks["grades"].share is None
