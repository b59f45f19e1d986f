"""The marking screen: every text once and nobody's name on it, and points read back as its rubric allows them."""

import json
import re

import pytest
from classroom import Classroom
from places import ROOT

from coursekit.lessons.exercise import load_exercise
from coursekit.messages import KitError
from coursekit.teach.grade.grade import grade
from coursekit.teach.grade.marking_screen import (
    FORMAT,
    VERSION,
    WORDS,
    Mark,
    Marked,
    criteria,
    page,
    read_marked,
    reconciled,
    task_of,
)
from coursekit.teach.grade.marking_sheet import read_marking_sheet, text_id

HOSTILE = "</script><script>document.title = 'robbed'</script>\u2028<img src=x onerror=alert(1)> {{ 7*7 }}"


def marked(
    marker: str, *marks: tuple, agreed: bool = False, saved: str = "2026-12-01T10:00:00Z", task: str = "t"
):
    found = [Mark(question, text, list(points), comment) for question, text, points, comment in marks]
    return Marked(FORMAT, VERSION, task, marker, agreed, saved, found)


def test_every_lessons_rubric_is_taken_apart_into_demands_that_earn_its_points():
    apart = []
    for source in sorted(ROOT.glob("lessons/*.md")):
        if not re.match(r"\d\d_", source.name):
            continue
        for question in load_exercise(source).questions.values():
            if question["kind"] == "text":
                demands = criteria(question)
                assert sum(demand["most"] for demand in demands) == question["weight"]
                assert all(demand["zh"] and demand["en"] for demand in demands)
                assert not any(demand["zh"].startswith("- ") for demand in demands)
                apart.append(len(demands))
    assert len(apart) >= 8 and min(apart) >= 2, apart


def test_a_rubric_that_does_not_say_what_a_demand_earns_is_one_demand():
    question = {"rubric": {"zh": "要说清楚（1 分）", "en": "Be clear"}, "weight": 3}
    assert criteria(question) == [{"zh": "要说清楚（1 分）", "en": "Be clear", "most": 3.0}]
    unequal = {"rubric": {"zh": "甲（1 分）乙（1 分）", "en": "A (1 point) B (1 point)"}, "weight": 3}
    assert len(criteria(unequal)) == 1


def test_two_markers_who_give_alike_count_and_two_who_differ_leave_the_text_open():
    one = marked("A", ("q", "1", [1, 0.5], "good"), ("q", "2", [1, 1], ""), ("q", "3", [1, 1], ""))
    other = marked("B", ("q", "1", [0.5, 1], "fine"), ("q", "2", [0, 1], ""), ("q", "4", [], "open"))
    given = reconciled([one, other])
    assert (given["q", "1"].points, given["q", "1"].comment) == (1.5, "good / fine")
    assert given["q", "2"].points is None
    assert given["q", "3"].points == 2.0
    assert ("q", "4") not in given
    agreed = marked("A+B", ("q", "2", [0.5, 1], "talked over"), agreed=True)
    assert reconciled([agreed, one, other])["q", "2"].points == 1.5


def test_of_a_markers_two_files_the_one_saved_last_speaks(tmp_path):
    early = marked("A", ("q", "1", [1], ""), saved="2026-12-01T10:00:00Z")
    late = marked("A", ("q", "1", [0], ""), saved="2026-12-02T10:00:00Z")
    assert reconciled([early, late])["q", "1"].points == 0


HELD = {
    "format": FORMAT,
    "version": VERSION,
    "task": "t",
    "questions": {
        "advice": {
            "wording": {"zh": "建议", "en": HOSTILE},
            "sample": {"zh": HOSTILE, "en": "s"},
            "criteria": [{"zh": "甲", "en": "A", "most": 1.0}, {"zh": "乙", "en": "B", "most": 1.0}],
        }
    },
    "answers": [{"question": "advice", "text": "1", "answer": HOSTILE}],
    "words": {lang: dict.fromkeys(WORDS, "w") for lang in ("zh", "en")},
}


def test_what_a_student_wrote_stands_in_the_page_as_data_that_ends_nothing():
    text = page(HELD)
    assert text.count("<script") == 2 and text.count("</script>") == 2
    assert "onerror=alert(1)>" not in text and "\u2028" not in text and "{{ 7*7 }}" in text
    data = re.search(r'<script type="application/json" id="held">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(data) == HELD
    assert "default-src 'none'" in text and "script-src 'sha256-" in text and "unsafe-inline'; script" in text
    assert not re.search(r"(?:src|href)=\"?https?:", text)


@pytest.fixture(scope="module")
def class_of_three(tmp_path_factory, walled):
    """Two students wrote the same text; a third is hostile."""
    room = Classroom(tmp_path_factory.mktemp("screen"), students=3)
    a, b, c = room.students
    room.hand_in(a)
    room.hand_in(b)
    hostile = (
        HOSTILE + " who gets the offer next time and why the overall uplift is not enough to tell, I think"
    )
    room.hand_in(c, {"advice": f"advice = {hostile!r}"})
    out = room.folder.parent / "grades"
    graded(room, out)
    return room, out, hostile


def graded(room: Classroom, out):
    return grade(room.out, assignment=room.folder, out=out, say=lambda *_: None)


def data_of(out) -> dict:
    text = (out / "marking.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'id="held">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_holds_every_text_once_and_nobodys_name(class_of_three):
    room, out, hostile = class_of_three
    held = data_of(out)
    texts = [one["answer"] for one in held["answers"]]
    assert len(texts) == 2 and hostile in texts
    page_text = (out / "marking.html").read_text(encoding="utf-8")
    for student in room.students:
        assert student not in page_text and room.variant(student)["name"] not in page_text
    assert [one["text"] for one in held["answers"]] == sorted(text_id(text) for text in texts)


def test_points_of_the_screen_come_into_the_sheet_and_the_marks_and_markers_who_differ_are_told(
    class_of_three,
):
    room, out, hostile = class_of_three
    a, b, c = room.students
    task = task_of(room.exercise)
    same = next(one["text"] for one in data_of(out)["answers"] if one["answer"] != hostile)
    other = text_id(hostile)

    def saved(name, marker, *marks, agreed=False):
        file = marked(marker, *marks, agreed=agreed, task=task)
        text = json.dumps(file, default=vars, ensure_ascii=False)
        (out / f"marking_{name}.json").write_text(text, encoding="utf-8")

    def score_of(result, student):
        return next(one.score for one in result[student].questions if one.question == "advice")

    saved("A", "A", ("advice", same, [1, 0.5], "好"), ("advice", other, [0, 0], ""))
    saved("B", "B", ("advice", other, [1, 0], ""))
    result = graded(room, out)
    assert score_of(result, a) == score_of(result, b) == 0.75  # the same text, the same points
    assert score_of(result, c) is None and "markers_differ" in result[c].flags and result[c].to_read
    assert "markers_differ" in (out / "problems.csv").read_text(encoding="utf-8-sig")
    sheet = read_marking_sheet(out / "marking.xlsx")
    assert sheet[a, "advice"].points == 1.5 and sheet[c, "advice"].points is None
    assert "好" in (out / "feedback" / a / "feedback.html").read_text(encoding="utf-8")

    saved("agreed", "A+B", ("advice", other, [0.5, 0], "half"), agreed=True)
    result = graded(room, out)
    assert score_of(result, c) == 0.25 and "markers_differ" not in result[c].flags
    for path in out.glob("marking_*.json"):  # what came into the sheet stays there
        path.unlink()
    result = graded(room, out)
    assert (score_of(result, a), score_of(result, c)) == (0.75, 0.25)


@pytest.mark.parametrize(
    "change, code",
    [
        ({"task": "another"}, "marking_other_task"),
        ({"format": "something"}, "marking_other_task"),
        ({"marks": [{"question": "advice", "text": "1", "points": [2, 0], "comment": ""}]}, "screen_points"),
        ({"marks": [{"question": "advice", "text": "1", "points": [1], "comment": ""}]}, "screen_points"),
        ({"marks": [{"question": "advice", "text": "1", "points": [-1, 1], "comment": ""}]}, "screen_points"),
        ({"marks": [{"question": "advice", "text": "1", "points": ["1", 1], "comment": ""}]}, "record_field"),
        ({"marks": "all"}, "record_field"),
        ({"more": 1}, "record_field"),
    ],
)
def test_a_file_that_no_marker_saved_is_refused_by_its_name(tmp_path, change, code):
    room = Classroom(tmp_path, students=1)
    fields = json.loads(json.dumps(marked("A", task=task_of(room.exercise)), default=vars)) | change
    (tmp_path / "marking_A.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(KitError) as caught:
        read_marked(tmp_path, room.exercise)
    assert caught.value.code == code and "marking_A.json" in str(caught.value)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"[" * 100_000, b"{"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path, raw):
    room = Classroom(tmp_path, students=1)
    (tmp_path / "marking_A.json").write_bytes(raw)
    with pytest.raises(KitError) as caught:
        read_marked(tmp_path, room.exercise)
    assert caught.value.code == "marking_unreadable" and "marking_A.json" in str(caught.value)


def test_another_rubric_is_another_task(tmp_path):
    exercise = Classroom(tmp_path, students=1).exercise
    before = task_of(exercise)
    exercise.questions["advice"]["sample"]["en"] += " more"
    assert task_of(exercise) == before
    exercise.questions["advice"]["rubric"]["en"] += " more"
    assert task_of(exercise) != before
