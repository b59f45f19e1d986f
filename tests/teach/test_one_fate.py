"""One student, one fate: whatever is handed in, at worst its own student has no marks, and is told with the reason."""

import io
import json
import os
import shutil
import struct
import sys
import time
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import nbformat
import pytest
from classroom import Classroom
from garbage import Garbage, Written, exercise, frames_of, marked, outcome_of, rights, whole_sheet
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.cleaning import DEEPEST, clean_json, clean_name, clean_text
from coursekit.sandbox.protocol import Outcome
from coursekit.sandbox.worker import Worker, WorkFailed
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.assign.roster import read_roster
from coursekit.teach.assign.settings import given_out, read_settings
from coursekit.teach.grade import marking, marking_sheet
from coursekit.teach.grade.accommodations import read_accommodations
from coursekit.teach.grade.cells_to_run import Prepared
from coursekit.teach.grade.grade import mark_one, note_run
from coursekit.teach.grade.gradebooks import _whose_lot, more_of_these
from coursekit.teach.grade.graded import Graded
from coursekit.teach.grade.right_answers import NoRight
from coursekit.teach.grade.running import Run, run_all
from coursekit.teach.handed_in import intake as intaking
from coursekit.teach.handed_in.identity import Naming, identify, newest, rules
from coursekit.teach.handed_in.intake import UTF8_NAME, Found, _member_name, take_in
from coursekit.teach.handed_in.notebook import read_notebook
from coursekit.teach.pages import write_page
from coursekit.teach.results import Journal, in_use
from coursekit.teach.tables import MOST_LINES, capped, write_csv
from crmkit.core.errors import CrmkitError

NOTEBOOK = nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])).encode()


# --- the door ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_whatever_text_passes_the_door_can_be_written_as_utf_8(text):
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert clean_text(cleaned) == cleaned and len(cleaned) <= len(text)


def test_numbers_that_others_cannot_read_come_as_floats_or_as_words():
    raw = b'{"long": %b, "inf": 1e999, "nan": NaN, "big": 9007199254740993, "fine": 9007199254740992}' % (
        b"9" * 4300
    )
    said = clean_json(raw)
    assert said == {"long": "inf", "inf": "inf", "nan": "nan", "big": 9007199254740992.0, "fine": 2**53}
    assert type(said["fine"]) is int


@pytest.mark.parametrize(
    "raw", [b"[" * 10**6, b'{"a":' * 10**6, b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), b"0," * 10**6]
)
def test_depth_and_numbers_of_values_end_at_the_door(raw):
    with pytest.raises(ValueError):
        clean_json(raw)


def test_a_name_in_gbk_bytes_is_read_as_the_name_that_it_was():
    raw = "王小明-1.ipynb".encode("gbk")
    assert clean_name(os.fsdecode(raw)) == "王小明-1.ipynb"
    assert clean_name(os.fsdecode(b"\xff\xfe.ipynb")).encode("utf-8")


# --- generated garbage, through the real path -------------------------------------------------------------------------


def test_no_sheet_error_or_frame_reaches_further_than_its_own_marks(tmp_path):
    written = Written(tmp_path)
    for number in range(1500):
        second = outcome_of(frames_of(Garbage(10**6 + number))) if number % 4 == 0 else None
        mine = marked(f"s{number}", outcome_of(frames_of(Garbage(number))), second=second)
        assert mine.total is not None and 0 <= mine.total <= 1
        if number % 50 == 0:
            written.graded[mine.student_id] = mine
    written.graded["honest"] = marked("honest", outcome_of(_frames(whole_sheet())))
    names = Garbage(3)
    written.write({student: names.text() for student in written.graded})
    pages = list(tmp_path.glob("feedback/*/feedback.html"))
    assert len(pages) == len(written.graded) and (tmp_path / "class.html").exists()
    assert written.graded["honest"].total == pytest.approx(12 / 14, abs=1e-6)
    for name in ("grades.csv", "grades_moodle.csv", "grades_canvas.csv", "problems.csv", "marking.xlsx"):
        assert (tmp_path / name).stat().st_size


def _frames(sheet: dict) -> bytes:
    raw = b"".join(_frame(said) for said in ({"sheet": sheet}, {"done": True}))
    return raw


def _frame(said: dict) -> bytes:
    text = json.dumps(said).encode()
    return struct.pack(">I", len(text)) + text


def test_no_notebook_makes_its_reader_fail():
    from coursekit.teach.grade.cells_to_run import prepared_cells
    from coursekit.teach.handed_in.notebook import Refused, only_what_is_used, read_notebook

    whole = json.loads(NOTEBOOK)
    whole["metadata"]["crmkit"] = {"copy": "x", "assignment": "y"}
    whole["cells"] *= 3
    read = 0
    for number in range(1500):
        garbage = Garbage(number)
        raw = garbage.json(garbage.spoilt(whole, times=garbage.random.randrange(1, 4)))
        try:
            notebook = read_notebook(only_what_is_used(raw))
        except Refused:
            continue
        read += 1
        prepared_cells(notebook, exercise().lesson, seed=1, lang="en")
        assert json.dumps(notebook.about).encode("utf-8")
    assert 100 < read < 1500


def test_no_settings_end_in_anything_but_a_sentence(tmp_path):
    room = Classroom(tmp_path, students=2, columns={"小组": ["第1组", "第1组"]})
    about = Assignment.read(room.folder)
    good = {
        "late": {"grace_minutes": 5, "per_day": 0.1, "max_days": 7},
        "extensions": {room.students[0]: "2026-12-05"},
        "whose": {"hw.ipynb": room.students[1]},
        "teams": {"第1组": room.students[1]},
        "statement": {"missing_costs": 0.1},
        "override": [{"student_id": room.students[0], "score": 1.0, "reason": "x", "question": "uplift"}],
    }
    accepted = 0
    for number in range(400):
        garbage = Garbage(number)
        said = garbage.spoilt(good, times=garbage.random.randrange(3))
        (room.folder / "grading.toml").write_bytes(as_toml(said, garbage))
        try:
            read = read_settings(about, room.exercise.questions)
        except KitError as problem:
            assert str(problem)
            continue
        accepted += 1
        when = datetime.fromisoformat("2026-12-03T12:00+08:00")
        factor, _ = read.late.factor(when, read.extensions.get(room.students[0]))
        assert 0 <= factor <= 1
    assert 20 < accepted < 400


def test_no_accommodations_end_in_anything_but_a_sentence_and_the_others_keep_theirs(tmp_path):
    path = tmp_path / "accommodations.toml"
    good = {
        "1": {"extra_days": 2, "extra_minutes": 30, "exempt": ["uplift"]},
        "2": {"exempt": ["gym_offer/advice"]},
    }
    due = datetime.fromisoformat("2026-12-03T12:00+08:00")
    listed = 0
    for number in range(400):
        garbage = Garbage(number)
        said = garbage.spoilt(good, times=garbage.random.randrange(3))
        if not isinstance(said, dict):
            continue
        path.write_bytes(as_toml({**said, "honest": {"extra_days": 1}}, garbage))
        try:
            read = read_accommodations(path, tmp_path)
        except KitError as problem:
            assert str(problem)
            continue
        listed += bool(read.wrong)
        assert read.due("honest", due) == due + timedelta(days=1)
        for student in read.granted:
            assert read.due(student, due) >= due
            assert all(isinstance(name, str) for name in read.exempt(student, "gym_offer"))
        assert all(
            clean_text(said) == said and "accommodations.toml:" in said for said in read.wrong.values()
        )
    assert listed > 20


def as_toml(value: object, garbage: Garbage) -> bytes:
    """Roughly TOML: what a person may have written, or a program that knows no better."""
    lines = []
    for name, one in value.items() if isinstance(value, dict) else [("late", value)]:
        lines.append(f"{_key(name)} = {_toml(one)}")
    text = "\n".join(lines).encode("utf-8", "surrogatepass" if garbage.random.random() < 0.3 else "replace")
    return text


def _key(name: object) -> str:
    return json.dumps(clean_text(str(name)), ensure_ascii=False)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "2026-12-01"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(clean_text(value), ensure_ascii=False) if isinstance(value, str) else str(value)


def test_no_roster_ends_in_anything_but_a_sentence(tmp_path):
    path = tmp_path / "roster.csv"
    read = 0
    for number in range(120):
        garbage = Garbage(number)
        rows = [["student_id", "name", "language", "section", "team"]]
        rows += [[f"2023{i:04d}", "王小明", "zh", "一班", "第1组"] for i in range(5)]
        for _ in range(garbage.random.randrange(4)):
            garbage.random.choice(rows)[garbage.random.randrange(5)] = garbage.text()
        text = "\n".join(",".join(row) for row in rows)
        path.write_bytes(text.encode(garbage.random.choice(("utf-8", "gb18030", "utf-16")), "replace"))
        try:
            students = read_roster(path)
        except CrmkitError as problem:
            assert str(problem)
            continue
        read += 1
        assert len({student.folder.casefold() for student in students}) == len(students)
    assert read > 20


def test_no_archive_makes_intake_fail_and_nothing_is_passed_over_in_silence(tmp_path):
    for number in range(150):
        garbage = Garbage(number)
        raw = bytearray(
            _zip({"a/hw.ipynb": NOTEBOOK, "b/inner.zip": _zip({"hw.ipynb": NOTEBOOK}), "c/x.docx": b"1"})
        )
        for _ in range(garbage.random.randrange(1, 5)):
            raw[garbage.random.randrange(len(raw))] = garbage.random.randrange(256)
        (tmp_path / "all.zip").write_bytes(raw)
        taken = take_in(tmp_path / "all.zip")
        assert taken.found or taken.refused
        for one in taken.found:
            one.label.encode("utf-8")


def _zip(members: dict[str, bytes], *, when=(2026, 2, 20, 12, 0, 0)) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, raw)
    return held.getvalue()


# --- marks: no points for nothing, none lost --------------------------------------------------------------------------


def test_a_solution_that_fails_on_a_students_own_table_costs_only_the_follow_through():
    answers = marking.admitted(
        exercise().questions, whole_sheet()["answers"] and {"answers": _with_a_wrong_table()}
    )

    def right_of(earlier: dict) -> dict:
        if earlier:
            raise NoRight("the solution failed on it")
        return rights(1)

    marks = {one.question: one for one in marking.mark(exercise().questions, answers, right_of)}
    assert marks["renewed_offered"].score == 1 and marks["by_segment"].score == 0
    assert marks["profit"].score == 0 and not marks["profit"].followed


def _with_a_wrong_table() -> dict:
    answers = json.loads(json.dumps(whole_sheet()["answers"]))
    rows = [["new", 0.1], ["steady", 0.2], ["sleeping", 0.3]]
    columns = [{"name": "segment", "type": "text"}, {"name": "uplift", "type": "number"}]
    answers["by_segment"]["value"] = {"columns": columns, "rows": rows}
    answers["profit"]["value"] = 1.0
    return answers


def _table(*numbers: float) -> dict:
    columns = [{"name": "segment", "type": "text"}, {"name": "uplift", "type": "number"}]
    return {"columns": columns, "rows": [list(row) for row in zip(("new", "steady", "sleeping"), numbers)]}


@pytest.mark.parametrize(
    ("own", "hidden", "earns"),
    [
        (_table(0, 0, 0), _table(0, 0, 0), 0),  # zeros
        (_table(0.1, 0.2, 0.3), _table(0.1, 0.2, 0.3), 0),  # made up once and for all
        (_table(0.1, 0.2, 0.3), _table(0.1 + 1e-6, 0.2, 0.3), 0),  # shifted a little
        (_table(0.31, 0.12, 0.25), _table(-0.2, 0.08, 0.19), 0.5),  # worked out, and wrong
    ],
)
def test_a_step_on_a_wrong_table_earns_only_where_the_table_follows_the_data(own, hidden, earns):
    questions = exercise().questions

    def sheet_with(table: dict) -> dict:
        answers = json.loads(json.dumps(whole_sheet()["answers"]))
        answers["by_segment"]["value"] = table
        best = max(table["rows"], key=lambda row: row[1])[0]
        answers["best_segment"]["value"] = best
        return {"answers": answers}

    def right_on(seed: int):
        def right_of(earlier: dict) -> dict:
            if "by_segment" not in earlier:
                return {**rights(seed), "best_segment": "none of them"}
            best = max(earlier["by_segment"]["rows"], key=lambda row: row[1])[0]
            return {**rights(seed), "best_segment": best}

        return right_of

    second = marking.SecondRun(marking.admitted(questions, sheet_with(hidden)), right_on(2))
    marks = marking.mark(questions, marking.admitted(questions, sheet_with(own)), right_on(1), second)
    (best,) = [one for one in marks if one.question == "best_segment"]
    assert best.score == earns


@pytest.mark.parametrize("there", [0.0, 1.0], ids=["the same", "another wrong one"])
def test_what_is_right_on_known_data_and_wrong_on_others_was_not_computed(there):
    questions = exercise().questions
    own = whole_sheet()
    hidden = json.loads(json.dumps(whole_sheet(2)))
    value = own["answers"]["profit"]["value"]
    hidden["answers"]["profit"]["value"] = (
        value if not there else value + 777.0
    )  # looked up by the seed, else made up
    second = marking.SecondRun(marking.admitted(questions, hidden), lambda earlier: rights(2))
    marks = marking.mark(questions, marking.admitted(questions, own), lambda earlier: rights(1), second)
    (profit,) = [one for one in marks if one.question == "profit"]
    assert profit.score == 0 and profit.code == "must_compute"
    assert profit.second == ("own_data_only" if there else "literal")


@pytest.mark.parametrize(
    ("own", "hidden", "earns"),
    [
        ((1, 1, 1), (1, 1, 1), 1),  # worked out
        ((1, 1, 1), (0, 0, 1), 1 / 3),  # two cells typed in
        ((1, 1, 1), (0, 0, 0), 0),
        ((1, 1, 0), (1, 1, 0), 2 / 3),  # worked out, and one wrong
    ],
)
def test_of_a_table_that_must_be_computed_what_was_typed_in_earns_nothing(own, hidden, earns):
    """1: a cell that is right for its own seed; 0: under the hidden seed as it was under the first, else wrong."""
    question = {**exercise().questions["by_segment"], "must_compute": True, "depends_on": []}
    right = {1: (0.31, 0.12, 0.25), 2: (-0.2, 0.08, 0.19)}
    tables = {seed: _table(*right[seed]) for seed in right}
    typed = own == (1, 1, 1)
    mine = _table(*(one if ok else 0.77 for one, ok in zip(right[1], own)))
    there = [
        one if ok else (before if typed else 0.55) for one, before, ok in zip(right[2], right[1], hidden)
    ]
    second = marking.SecondRun(
        {"by_segment": ("recorded", _table(*there))}, lambda earlier: {"by_segment": tables[2]}
    )
    (one,) = marking.mark(
        {"by_segment": question},
        {"by_segment": ("recorded", mine)},
        lambda earlier: {"by_segment": tables[1]},
        second,
    )
    assert one.score == pytest.approx(earns)


def test_points_for_a_text_belong_to_that_text(tmp_path):
    given = marking_sheet.Given(2.0, "", marking_sheet.text_id("a thoughtful answer"))
    one = marking.QuestionMark("advice", 2, "recorded", None, "read", {}, value="a thoughtful  answer\r\n")
    assert marking_sheet.of_this_text(given, one) is given
    one.value = "junk"
    assert marking_sheet.of_this_text(given, one) is None


# --- whose, and when --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return Classroom(tmp_path_factory.mktemp("room"), students=4, due="2026-03-01T18:00")


def _handed(room: Classroom, folder: Path) -> dict[str, list]:
    about = Assignment.read(room.folder)
    found = identify(take_in(folder).found, about, {}, due=given_out(about))
    return {student: [one for one in found if one.student == student] for student in room.students}


def test_the_name_of_another_in_a_newer_file_displaces_nobodys_own_notebook(room, tmp_path):
    a = room.students[0]
    (tmp_path / "repo-1").mkdir()
    (tmp_path / "repo-2").mkdir()
    own = tmp_path / "repo-1" / "hw.ipynb"
    nbformat.write(room.notebook(a), own)
    os.utime(own, (1.77e9, 1.77e9))
    theirs = tmp_path / "repo-2" / f"{a}_final.ipynb"
    theirs.write_bytes(NOTEBOOK)
    os.utime(theirs, (1.7701e9, 1.7701e9))
    first, other = newest(_handed(room, tmp_path)[a])
    assert first.found.label == "repo-1/hw.ipynb" and first.strong and not other.strong


def test_a_rule_of_the_settings_names_one_file_or_is_not_used():
    found = [Found(f"p{i}/hw.ipynb", None, b"") for i in range(3)] + [Found("p9/other.ipynb", None, b"")]
    read = rules({"hw.ipynb": "1", "other.ipynb": "2", "p1/hw.ipynb": "3", "none.ipynb": "4"}, found)
    assert read.chosen == {"p9/other.ipynb": "2", "p1/hw.ipynb": "3"} and read.none == ["none.ipynb"]
    assert read.several == {"hw.ipynb": ["p0/hw.ipynb", "p1/hw.ipynb", "p2/hw.ipynb"]}


LATE, EARLY = (2026, 3, 3, 12, 0, 0), (2026, 2, 20, 12, 0, 0)


@pytest.mark.parametrize("in_a_folder", [False, True])
def test_lateness_is_told_by_the_platforms_archive_and_never_by_one_in_it(room, tmp_path, in_a_folder):
    a, b, *_ = room.students
    raw = {student: nbformat.writes(room.notebook(student)).encode() for student in (a, b)}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{a}/hw.ipynb", EARLY), raw[a])
        archive.writestr(zipfile.ZipInfo(f"{b}/hw.zip", LATE), _zip({"hw.ipynb": raw[b]}, when=EARLY))
    (tmp_path / "all.zip").write_bytes(held.getvalue())
    handed = _handed(room, tmp_path if in_a_folder else tmp_path / "all.zip")
    assert handed[a][0].when.month == 2 and handed[b][0].when.month == 3


def _archive_dated(room: Classroom, path: Path, *moments: datetime, extra=None) -> Path:
    """A platform's archive of the first students, in which each has the moment that is told; copied a day later."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (student, moment) in enumerate(zip(room.students, moments), 1):
            member = zipfile.ZipInfo(f"n{number}_LATE_{number}_9_{student}.ipynb", moment.timetuple()[:6])
            member.extra = extra(moment) if extra else b""
            archive.writestr(member, nbformat.writes(room.notebook(student)).encode())
    copied = (moments[0] + timedelta(days=1)).timestamp() if moments[0].year > 1980 else time.time()
    os.utime(path, (copied, copied))
    return path


DOWNLOADED, DUE = datetime(2026, 3, 3, 9, 50), datetime(2026, 3, 1, 18, 0)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moments", "known"),
    [
        ([datetime(1980, 1, 1)] * 4, False),
        ([DOWNLOADED] * 4, False),
        ([DOWNLOADED, DOWNLOADED + MINUTE, DOWNLOADED, DOWNLOADED + MINUTE], False),  # packed by two at once
        ([DOWNLOADED + i * 3 * MINUTE for i in range(4)], False),  # packing took nine minutes
        ([DOWNLOADED + i * MINUTE for i in (9, 3, 6, 0)], True),  # not as they lie there: people's own times
        ([DOWNLOADED + i * 5 * MINUTE for i in range(4)], True),
        ([DUE - timedelta(days=9), DOWNLOADED, DOWNLOADED, DOWNLOADED], True),
        ([DOWNLOADED] * 2, True),  # two may meet
        ([DUE - MINUTE, DUE, DUE + MINUTE, DUE + MINUTE], True),  # everybody in the last minute
    ],
)
def test_one_time_for_all_after_it_was_due_is_that_of_the_packing_and_no_time_of_handing_in(
    room, tmp_path, moments, known
):
    handed = _handed(room, _archive_dated(room, tmp_path / "all.zip", *moments))
    times = [one.when and one.when.replace(tzinfo=None) for files in handed.values() for one in files]
    assert times == (moments if known else [None] * len(moments))
    assert all("late_by_platform" in files[0].flags for files in handed.values() if files)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("moments", "known"),
    [
        ([DOWNLOADED] * 4, False),
        (
            [DOWNLOADED + timedelta(seconds=i) for i in (2, 0, 3, 1)],
            False,
        ),  # copied, or unpacked by what dates anew
        ([DOWNLOADED + timedelta(hours=i) for i in range(4)], True),
        ([DUE - timedelta(days=9), DOWNLOADED, DOWNLOADED, DOWNLOADED], True),
        ([DUE - MINUTE] * 4, True),  # everybody in time, whenever that was
        ([DOWNLOADED] * 2, True),
    ],
)
def test_a_folder_that_was_copied_after_it_was_due_makes_nobody_late(room, tmp_path, moments, known, packed):
    for student, moment in zip(room.students, moments):
        path = tmp_path / student / ("hw.zip" if packed else "hw.ipynb")
        path.parent.mkdir()
        raw = nbformat.writes(room.notebook(student)).encode()
        path.write_bytes(_zip({"hw.ipynb": raw}) if packed else raw)
        os.utime(path, (moment.timestamp(), moment.timestamp()))
    times = [files[0].when for files in _handed(room, tmp_path).values() if files]
    assert [when and when.replace(tzinfo=None) for when in times] == (moments if known else [None] * 4)


def test_archives_of_sections_that_were_downloaded_at_once_date_what_lies_in_them(tmp_path):
    room = Classroom(tmp_path, students=6, due="2026-03-01T18:00")
    early = DUE - timedelta(days=1)
    folder = tmp_path / "downloads"
    folder.mkdir()
    for number in range(3):
        path = folder / f"part_{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for hour, student in enumerate(room.students[2 * number : 2 * number + 2]):
                member = zipfile.ZipInfo(
                    f"{student}/hw.ipynb", (early + timedelta(hours=hour)).timetuple()[:6]
                )
                archive.writestr(member, nbformat.writes(room.notebook(student)))
        os.utime(path, (DOWNLOADED.timestamp(), DOWNLOADED.timestamp()))
    times = [files[0].when.replace(tzinfo=None) for files in _handed(room, folder).values()]
    assert times == 3 * [early, early + timedelta(hours=1)]


def test_late_by_the_archive_alone_is_told_for_it_may_be_a_platforms_of_one_student(room, tmp_path):
    a, b, *_ = room.students
    for student, downloaded in ((a, DOWNLOADED), (b, DUE - MINUTE)):
        path = tmp_path / f"{student}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            member = zipfile.ZipInfo(f"{student}/hw.ipynb", (DUE - timedelta(hours=1)).timetuple()[:6])
            archive.writestr(member, nbformat.writes(room.notebook(student)))
        os.utime(path, (downloaded.timestamp(), downloaded.timestamp()))
    handed = _handed(room, tmp_path)
    assert (handed[a][0].dated, handed[a][0].flags) == ("dated_by_its_archive", [])
    assert (
        handed[a][0].when.replace(tzinfo=None) == DOWNLOADED
    )  # what the student packed is the student's word


def _as_unix(moment: datetime) -> bytes:
    return struct.pack("<HHI", 0x7875, 4, 1) + struct.pack("<HHBi", 0x5455, 5, 1, int(moment.timestamp()))


def _as_windows(moment: datetime) -> bytes:
    ticks = int((moment.timestamp() + 11_644_473_600) * 10**7)
    return struct.pack("<HHIHHQQQ", 0x000A, 32, 0, 1, 24, ticks, ticks, ticks)


@pytest.mark.parametrize("extra", [_as_unix, _as_windows, lambda moment: b"\x55\x54\x09", None])
def test_the_true_time_in_an_archive_goes_before_the_clock_of_the_server_that_packed_it(
    room, tmp_path, monkeypatch, extra
):
    """The archive's plain times are in UTC, and the instructor is in Los Angeles;
    as Info-ZIP and Windows write them.
    """
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        local = [datetime(2026, 3, 1, 14 + hour, 30) for hour in range(4)]
        of_server = [datetime.fromtimestamp(one.timestamp(), UTC).replace(tzinfo=None) for one in local]
        truly = dict(zip(of_server, local))
        made = extra and (lambda moment: extra(truly[moment]))
        path = _archive_dated(room, tmp_path / "all.zip", *of_server, extra=made)
        zones = [None] if extra in (_as_unix, _as_windows) else [ZoneInfo("UTC")]
        for zone in zones:
            times = [one.when.timestamp() for one in take_in(path, zone=zone).found]
            assert times == [one.timestamp() for one in local]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_zone_of_an_archives_times_is_asked_for_by_its_name(room, tmp_path):
    about = Assignment.read(room.folder)
    try:
        (room.folder / "grading.toml").write_text('[late]\narchive_zone = "UTC"\n', encoding="utf-8")
        assert read_settings(about, {}).late.zone == ZoneInfo("UTC")
        (room.folder / "grading.toml").write_text('[late]\narchive_zone = "Mars/East"\n', encoding="utf-8")
        with pytest.raises(KitError, match="archive_zone.*Mars/East.*Asia/Shanghai"):
            read_settings(about, {})
    finally:
        (room.folder / "grading.toml").unlink()


def test_an_archive_that_one_student_has_laid_in_a_folder_is_dated_by_the_folder(room, tmp_path):
    a = room.students[0]
    path = tmp_path / "hw.zip"
    path.write_bytes(_zip({"hw.ipynb": nbformat.writes(room.notebook(a)).encode()}, when=EARLY))
    late = datetime(*LATE).timestamp()
    os.utime(path, (late, late))
    assert _handed(room, tmp_path)[a][0].when.month == 3


def test_a_dummy_in_another_students_name_makes_no_platforms_archive(room, tmp_path):
    a, b, *_ = room.students
    mine = nbformat.writes(room.notebook(a)).encode()
    path = tmp_path / "homework.zip"
    path.write_bytes(_zip({f"{a}/hw.ipynb": mine, f"{b}/readme.ipynb": b"{}"}, when=EARLY))
    late = datetime(*LATE).timestamp()
    os.utime(path, (late, late))
    handed = identify(take_in(tmp_path).found, Assignment.read(room.folder), {})
    assert [(one.student, one.when.month) for one in handed] == [(a, 3), (None, 3)]
    assert handed[1].flags == ["in_anothers_archive"]


def _folder_with_a_homework_zip(room, folder: Path, *loose: str) -> Path:
    """Loose hand-ins of these, and an archive of the third student's with a fourth's copy in it, dated by its maker."""
    late = datetime(*LATE).timestamp()
    for student in loose:
        path = folder / f"{student}.ipynb"
        nbformat.write(room.notebook(student), path)
        os.utime(path, (late - 3600, late - 3600))
    c, d = room.students[2:4]
    raw = {student: nbformat.writes(room.notebook(student)).encode() for student in (c, d)}
    path = folder / "homework.zip"
    path.write_bytes(_zip({f"{student}/hw.ipynb": raw[student] for student in (c, d)}, when=EARLY))
    os.utime(path, (late, late))
    return path


def test_a_classmates_copy_makes_no_platforms_archive_of_a_students(room, tmp_path):
    a, b, c, d = room.students
    _folder_with_a_homework_zip(room, tmp_path, a, b)
    handed = _handed(room, tmp_path)
    assert handed[c][0].when.month == 3 and handed[c][0].dated == "dated_by_its_archive"
    assert not handed[a][0].flags and not handed[b][0].flags


def test_a_copy_in_anothers_archive_never_displaces_a_students_own(room, tmp_path):
    a, b, c, d = room.students
    _folder_with_a_homework_zip(room, tmp_path, a, b, d)
    handed = _handed(room, tmp_path)
    assert [one.found.label for one in handed[d]] == [f"{d}.ipynb"]
    found = identify(take_in(tmp_path).found, Assignment.read(room.folder), {})
    assert [one.flags for one in found if one.student is None] == [["in_anothers_archive"]]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("within", ["", "section A/"])
def test_a_classmates_blank_copy_among_ones_own_files_displaces_nobodys_work(room, tmp_path, packed, within):
    a, b, c, d = room.students
    raw = {student: nbformat.writes(room.notebook(student)).encode() for student in room.students}
    laid = room.variant(d)
    blank = (room.folder / "students" / laid["folder"] / laid["file"]).read_bytes()
    files = {
        f"{within}8001/ex1.ipynb": raw[a],
        f"{within}8002/ex1.ipynb": raw[b],
        f"{within}8003/ex1.ipynb": raw[c],
        f"{within}8003/more/ex2.ipynb": blank,
        f"{within}8004/ex1.ipynb": raw[d],
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, LATE if content is blank else EARLY), content)
    handed_in = tmp_path / "all.zip" if packed else tmp_path / "folder"
    if packed:
        handed_in.write_bytes(held.getvalue())
    else:
        zipfile.ZipFile(held).extractall(handed_in)
    found = identify(take_in(handed_in).found, Assignment.read(room.folder), {})
    counts = {one.found.label.removeprefix("all.zip/"): one.student for one in found}
    assert counts == dict(zip(files, [a, b, c, None, d]))
    assert [one.flags for one in found if one.student is None] == [["in_anothers_archive"]]


def test_sections_a_class_and_a_students_two_files_are_nobodys_harm(room, tmp_path):
    a, b, c, d = room.students
    raw = {student: nbformat.writes(room.notebook(student)).encode() for student in room.students}
    for name, student in (
        ("A/hw1.ipynb", a),
        ("A/hw2.ipynb", b),
        ("B/hw3.ipynb", c),
        ("B/hw4.ipynb", d),
        ("B/hw5.ipynb", d),
        ("B/hw6.ipynb", a),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw[student])
    found = identify(take_in(tmp_path).found, Assignment.read(room.folder), {})
    assert [one.student for one in found] == [a, b, c, d, d, a]


def test_a_platforms_archives_stay_dated_by_the_platform_beside_a_few_single_files(room, tmp_path):
    a, b, c, d = room.students
    path = _folder_with_a_homework_zip(room, tmp_path, a)
    shutil.copy2(path, tmp_path / "homework again.zip")
    handed = _handed(room, tmp_path)
    assert handed[c][0].when.month == handed[d][0].when.month == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("damaged", [False, True])
def test_what_unpacks_to_gigabytes_at_once_is_not_unpacked_and_costs_its_own_student_alone(
    tmp_path, method, damaged
):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("hw.ipynb", bytes(60 << 20))
    raw = bytearray(held.getvalue())
    if damaged:
        raw[60:90] = b"\xff" * 30
    honest = {"s1/hw.ipynb": NOTEBOOK, "s2/hw.zip": bytes(raw), "s3/hw.ipynb": NOTEBOOK}
    (tmp_path / "all.zip").write_bytes(_zip(honest))
    tracemalloc.start()
    taken = take_in(tmp_path / "all.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [one.label for one in taken.found] == ["all.zip/s1/hw.ipynb", "all.zip/s3/hw.ipynb"]
    assert [reason for _, reason in taken.refused] == ["packed_otherwise"]
    assert peak < 30 << 20


@pytest.mark.parametrize("version", [3, 4])
def test_millions_of_values_in_a_notebook_are_refused_before_anything_is_made_of_them(tmp_path, version):
    many = b'{"nbformat": %d, "worksheets": [], "cells": [], "metadata": {"a": [%b{}]}}' % (
        version,
        b"{}," * 6_000_000,
    )
    (tmp_path / "all.zip").write_bytes(_zip({"s1/hw.ipynb": many, "s2/hw.ipynb": NOTEBOOK}))
    tracemalloc.start()
    taken = take_in(tmp_path / "all.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(one.label, one.problem) for one in taken.found] == [
        ("all.zip/s1/hw.ipynb", "too_large"),
        ("all.zip/s2/hw.ipynb", None),
    ]
    assert peak < 200 << 20


def test_nests_without_a_comma_are_counted_as_values_too(tmp_path):
    nest = b'{"":' * 40 + b"1" + b"}" * 40
    many = b'{"nbformat": 4, "cells": [], "metadata": {"a": [%b]}}' % b",".join([nest] * 60_000)
    assert many.count(b",") < 100_000
    (tmp_path / "all.zip").write_bytes(_zip({"s1/hw.ipynb": many, "s2/hw.ipynb": NOTEBOOK}))
    assert [one.problem for one in take_in(tmp_path / "all.zip").found] == ["too_large", None]


def test_results_that_are_written_among_the_hand_ins_are_none(tmp_path):
    out = tmp_path / "results"
    (out / "feedback").mkdir(parents=True)
    (out / "feedback" / "x.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "hw.ipynb").write_bytes(NOTEBOOK)
    taken = take_in(tmp_path, out=out)
    assert [one.label for one in taken.found] == ["hw.ipynb"] and not taken.refused


def test_a_notebook_of_version_3_is_read_as_it_was_handed_in():
    old = {
        "nbformat": 3,
        "metadata": {"crmkit": {"copy": "c1"}},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"], "metadata": {"tags": ["t"]}}]},
            {"cells": [{"cell_type": "markdown", "source": "z"}, {"cell_type": "code", "input": "w = 3"}]},
        ],
    }
    read = read_notebook(json.dumps(old).encode())
    assert [(cell.source, cell.tags) for cell in read.cells] == [("x = 1\ny = 2", ("t",)), ("w = 3", ())]
    assert read.about == {"copy": "c1"}


def test_the_size_of_a_zips_list_is_not_believed_where_the_larger_form_says_it_elsewhere(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(70_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    raw = bytearray(held.getvalue())
    at = raw.rfind(b"PK\x05\x06")
    raw[at + 12 : at + 16] = (47).to_bytes(4, "little")
    truly = int.from_bytes(raw[at - 76 + 40 : at - 76 + 48], "little")
    assert truly > 70_000 * 46 and intaking._size_of_list(io.BytesIO(raw)) == truly
    counts = bytes(raw)
    raw[at + 8 : at + 12] = b"PK\x05\x06"  # the counts, which nobody reads, look like another end
    assert intaking._size_of_list(io.BytesIO(raw)) == truly
    raw = bytearray(counts)
    raw[at - 76 : at - 72] = b"none"
    assert intaking._size_of_list(io.BytesIO(raw)) == len(raw)


def test_an_error_that_no_list_foresees_costs_its_own_file_alone(tmp_path, monkeypatch):
    def strange(raw):
        if raw != NOTEBOOK:
            raise LookupError("of a kind that nobody thought of")
        return raw

    monkeypatch.setattr(intaking, "only_what_is_used", strange)
    (tmp_path / "all.zip").write_bytes(_zip({"s1/hw.ipynb": b"?", "s2/hw.ipynb": NOTEBOOK}))
    taken = take_in(tmp_path / "all.zip")
    assert [one.label for one in taken.found] == ["all.zip/s2/hw.ipynb"]
    assert taken.refused == [("all.zip/s1/hw.ipynb", "unreadable")]


def test_a_policy_or_saved_game_without_end_is_refused_before_it_is_kept(tmp_path):
    (tmp_path / "all.zip").write_bytes(_zip({"s1/policy.py": bytes(2 << 20), "s2/policy.py": b"pass"}))
    (tmp_path / "alone.py").write_bytes(bytes(2 << 20))
    taken = take_in(tmp_path, (".py",))
    assert [one.label for one in taken.found] == ["all.zip/s2/policy.py"]
    assert dict(taken.refused) == {"all.zip/s1/policy.py": "too_large", "alone.py": "too_large"}


def test_one_student_s_files_do_not_fill_the_table_of_problems():
    naming = Naming({"s1": {"S1"}, "s2": {"S2"}}, {}, set(), "01_sample")
    rows = [["refused", f"S1/{i}.ipynb", "", "no_code"] for i in range(2000)]
    rows.append(["refused", "S2/hw.ipynb", "", "no_code"])
    shown = capped(rows, lambda row: _whose_lot(row[1], naming), more_of_these)
    assert len(shown) == MOST_LINES + 2 and rows[-1] in shown
    assert shown[-1] == ["more_of_these", "S1", "", 2000 - MOST_LINES]


@pytest.mark.parametrize("state, told", [("timeout", True), ("ended", False)])
def test_a_hidden_run_that_does_not_end_is_told_with_its_student(room, state, told):
    student = room.students[0]
    mine = Graded(student, state="ended")
    work = SimpleNamespace(
        about=Assignment.read(room.folder),
        exercise=room.exercise,
        rights=SimpleNamespace(of=lambda seed, given, language: room.exercise.right_answers(seed)),
        second_seed=True,
    )
    mark_one(mine, work, {(student, "own"): Outcome("ended"), (student, "hidden"): Outcome(state)}, "zh")
    assert mine.failed == ({"hidden_run_not_ended": "timeout"} if told else {})


def test_no_terminal_s_code_of_an_error_reaches_a_page():
    error = {"cell": 0, "name": "E\x1b[31m", "text": "a\x1b[0m\x00\nb"}
    mine = Graded("1")
    note_run(mine, Prepared([], [0], []), Outcome("ended", errors=[error]))
    assert [(one["name"], one["text"]) for one in mine.errors] == [("E\ufffd[31m", "a\ufffd[0m\ufffd\nb")]


def test_a_file_given_to_a_student_against_its_marks_is_said(room):
    a, b, *_ = room.students
    found = [Found("hw.ipynb", None, nbformat.writes(room.notebook(b)).encode())]
    (one,) = identify(found, Assignment.read(room.folder), {"hw.ipynb": a})
    assert one.student == a and one.flags == ["chosen_by_hand", "chosen_against_evidence"]


def test_a_time_that_no_calendar_has_is_unknown(monkeypatch):
    assert intaking._time_of(254402300800.0) is None and intaking._time_of(0.0) is not None


@pytest.mark.parametrize("name", ["hw (1).ipynb", "hw(2).ipynb", "作业（3）.ipynb"])
def test_the_number_of_a_second_download_is_nobodys_id(name):
    from coursekit.teach.handed_in.identity import named_in

    assert named_in(name, {"1": {"1"}, "2": {"2"}, "3": {"3"}}).certain == []


# --- budgets, and what is listed --------------------------------------------------------------------------------------


def test_what_one_student_packs_is_counted_against_nobody_else(tmp_path):
    many = _zip({f"{i}.txt": b"" for i in range(intaking.MOST_IN_SHARE + 1)})
    bomb = _zip({f"{i}.ipynb": bytes(21 << 20) for i in range(15)})
    members = {f"honest{i}/hw.ipynb": NOTEBOOK for i in range(4)}
    members = {"a1/hw.zip": many, "a2/hw.zip": bomb, **members}
    (tmp_path / "all.zip").write_bytes(_zip(members))
    taken = take_in(tmp_path / "all.zip")
    assert [one.label for one in taken.found] == [f"all.zip/honest{i}/hw.ipynb" for i in range(4)]
    assert {reason for _, reason in taken.refused} == {"too_many_files", "too_large"}


def test_many_archives_of_one_student_are_one_share(tmp_path, monkeypatch):
    monkeypatch.setattr(intaking, "LARGEST_SHARE", 12 << 20)
    monkeypatch.setattr(intaking, "LARGEST_TOTAL", 48 << 20)
    monkeypatch.setattr(intaking, "LARGEST_RATIO", 0)
    bomb = _zip({f"{i}.ipynb": bytes(2 << 20) for i in range(5)})
    for folder in ("S003/extra{}.zip", "S003_7_extra{}.zip"):
        members = {folder.format(i): bomb for i in range(20)}
        members |= {"S002/hw.zip": _zip({"hw.ipynb": NOTEBOOK}), "S004/hw.ipynb": NOTEBOOK}
        (tmp_path / "all.zip").write_bytes(_zip(members))
        taken = take_in(tmp_path / "all.zip")
        honest = {one.label for one in taken.found if "S003" not in one.label}
        assert honest == {"all.zip/S002/hw.zip/hw.ipynb", "all.zip/S004/hw.ipynb"}
        assert all("S003" in label for label, _ in taken.refused)


def test_a_receipt_that_lies_beside_a_class_dates_nobody(tmp_path):
    members = {"receipt.json": b'{"student": "S001"}', "S001.ipynb": NOTEBOOK, "S002.ipynb": NOTEBOOK}
    (tmp_path / "all.zip").write_bytes(_zip(members))
    taken = take_in(tmp_path / "all.zip")
    assert [one.receipt for one in taken.found] == [None, None]
    assert {one.when.month for one in taken.found} == {2}  # as the archive dates its members
    (tmp_path / "all.zip").write_bytes(_zip({"receipt.json": b'{"student": "S001"}', "hw.ipynb": NOTEBOOK}))
    assert take_in(tmp_path / "all.zip").found[0].receipt == {"student": "S001"}


def test_a_pile_of_large_notebooks_is_never_held(tmp_path):
    notebook = json.loads(NOTEBOOK)
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (15 << 20)}]
    raw = json.dumps(notebook).encode()
    (tmp_path / "all.zip").write_bytes(_zip({f"s{i}/hw.ipynb": raw for i in range(14)}))  # 210 MB
    tracemalloc.start()
    taken = take_in(tmp_path / "all.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(taken.found) == 14 and all(len(one.raw) < 1000 for one in taken.found)
    assert peak < 120 << 20


def test_nothing_is_passed_over_in_silence(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pile = tmp_path / "pile"
    pile.mkdir()
    (pile / "a.ipynb.txt").write_bytes(NOTEBOOK)
    (pile / "b.rar").write_bytes(b"Rar!")
    (pile / "c.docx").write_bytes(b"PK")
    (pile / "d.html").write_text("<html>")
    os.symlink(elsewhere, pile / "e")
    taken = take_in(pile)
    assert [one.label for one in taken.found] == ["a.ipynb.txt"] and list(taken.beside) == ["d.html"]
    assert dict(taken.refused) == {"b.rar": "other_archive", "c.docx": "not_a_notebook", "e": "linked_folder"}


def test_two_files_whose_names_come_out_alike_keep_apart(tmp_path):
    for raw in ("王.ipynb".encode("gbk"), "王.ipynb".encode()):
        with open(os.path.join(os.fsencode(tmp_path), raw), "wb") as stream:
            stream.write(NOTEBOOK)
    labels = [one.label for one in take_in(tmp_path).found]
    assert len(set(labels)) == 2 and all(label.startswith("王") for label in labels)


# --- processes, the journal and the lock ------------------------------------------------------------------------------


def test_a_worker_ends_what_takes_too_long_and_goes_on_with_the_next():
    worker = Worker()
    with pytest.raises(WorkFailed) as caught:
        worker.call(time.sleep, 60, seconds=0.5)
    assert caught.value.kind == "timeout" and worker.call(len, "abc", seconds=60) == 3
    worker.close()


def test_a_worker_whose_process_ends_says_so_and_an_error_comes_out_as_it_is():
    worker = Worker()
    with pytest.raises(WorkFailed) as caught:
        worker.call(os._exit, 5, seconds=60)
    assert caught.value.kind == "died" and "5" in caught.value.why
    with pytest.raises(ZeroDivisionError):
        worker.call(divmod, 1, 0, seconds=60)
    worker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much a process holds in this way")
def test_a_worker_that_takes_memory_without_end_gets_an_error_and_not_the_machine():
    worker = Worker(memory=256 << 20)
    with pytest.raises(MemoryError):
        worker.call(bytearray, 512 << 20, seconds=60)
    assert worker.call(len, "abc", seconds=60) == 3
    worker.close()


def test_two_gradings_on_one_folder_are_one_too_many(tmp_path):
    with in_use(tmp_path), pytest.raises(KitError) as caught, in_use(tmp_path):
        pass
    assert caught.value.code == "folder_in_use"
    with in_use(tmp_path):  # and afterwards it is free
        pass


def test_a_full_disk_and_a_damaged_journal_are_said_in_words(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.store.execute("pragma max_page_count = 8")
    with pytest.raises(KitError) as caught:
        journal.keep("runs", "key", "x" * 1_000_000)
    assert caught.value.code == "no_space"
    journal.close()
    (tmp_path / "other.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(KitError) as caught:
        Journal(tmp_path / "other.sqlite")
    assert caught.value.code == "journal"


class Scripted:
    """A wall behind which runs end as a script says."""

    states: list = []

    def run(self, cells: list[str]) -> Outcome:
        state = self.states.pop(0)
        if isinstance(state, Exception):
            raise state
        return Outcome(state)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("states", "came", "kept"),
    [
        (["killed"], "killed", 0),  # the wall has run it twice; never kept as nothing
        (["timeout"], "timeout", 0),
        (["died"], "died", 1),
        ([RuntimeError("the wall fell")], "no_wall", 0),
    ],
)
def test_a_run_that_was_killed_from_outside_or_whose_wall_fell_is_not_kept(
    tmp_path, monkeypatch, states, came, kept
):
    from coursekit.sandbox.protocol import Limits
    from coursekit.teach.grade import running

    monkeypatch.setattr(Scripted, "states", list(states))
    monkeypatch.setattr(running, "wall", lambda **_: Scripted())
    journal = Journal(tmp_path / "journal.sqlite")
    how = {"tier": "x", "jobs": 1, "limits": Limits(), "files": tmp_path, "depends_on": {}, "shown": False}
    outcomes = run_all([Run("s", "own", ["1"])], journal, **how)
    ((rows,),) = journal.store.execute("select count(*) from runs").fetchall()
    journal.close()
    assert outcomes["s", "own"].state == came and rows == kept


# --- words ------------------------------------------------------------------------------------------------------------

REASONS = """too_many_files too_large too_deep encrypted not_a_file damaged_archive not_a_notebook other_archive
linked_folder closed_folder unreadable empty no_code too_long""".split()


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_for_the_instructor_in_both_tables(reason):
    assert f"problem_{reason}" in MESSAGES and f"game_why_{reason}" in MESSAGES


@pytest.mark.parametrize(
    "state", ["unreadable", "timeout", "too_much_output", "too_much_memory", "died", "no_wall", "killed"]
)
def test_every_way_in_which_a_run_ends_has_words_for_both_sides(state):
    assert f"problem_{state}" in MESSAGES and f"feedback_state_{state}" in MESSAGES


def test_a_student_who_handed_in_nothing_is_listed_as_such(tmp_path):
    written = Written(tmp_path, {"20260001": Graded("20260001")})
    written.write({"20260001": "王小明"})
    text = (tmp_path / "problems.csv").read_text(encoding="utf-8-sig")
    assert "nothing_handed_in,,20260001," in text


def test_totals_of_texts_that_nobody_has_read_are_marked_in_every_export_and_pages_are_packed(tmp_path):
    mine = marked("1", outcome_of(_frames(whole_sheet())))
    mine.file, mine.when = "hw.ipynb", "2026-03-01T17:00:00+08:00"
    written = Written(tmp_path, {"1": mine})
    written.write({"1": "王小明"})
    assert mine.to_read
    for name in ("grades_moodle.csv", "grades_canvas.csv"):
        assert "暂定" in (tmp_path / name).read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(tmp_path / "feedback_moodle.zip") as archive:
        (name,) = archive.namelist()
        page = archive.read(name).decode("utf-8")
    assert name == "王小明_1_assignsubmission_file_/feedback.html"
    assert "hw.ipynb" in page and "2026-03-01 17:00" in page and "12 分" in page
    with zipfile.ZipFile(tmp_path / "feedback_canvas.zip") as archive:
        assert archive.namelist() == ["王小明_1_feedback.html"]


@pytest.mark.parametrize("mark", [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))])
def test_nothing_that_turns_letters_around_comes_into_a_label_a_table_or_a_page(tmp_path, mark):
    assert clean_name(f"S011{mark}bynpi.ipynb") == "S011_bynpi.ipynb"
    member = zipfile.ZipInfo(f"S011{mark}bynpi.ipynb")
    member.flag_bits |= UTF8_NAME
    assert _member_name(member) == "S011_bynpi.ipynb"
    write_csv(tmp_path / "t.csv", ["detail"], [[f"a{mark}b 王"]])
    assert "ab 王" in (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    write_page(tmp_path / "p.html", title="t", lang="en", parts=[f"a{mark}b 王"])
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert mark not in page and "b 王" in page
