"""The signed statement, and the log of appeals and regrades."""

import csv
import io
import json
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import Classroom

from coursekit import cli
from crmkit.answers.hand_in import hand_in
from crmkit.answers.statement import is_signed, statement_in


def table(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def grade(room: Classroom) -> tuple[int, Path]:
    out = room.folder.parent / "grades"
    return cli.main(["grade", str(room.out), "--assignment", str(room.folder), "--out", str(out)]), out


def sign(path: Path, statement: str) -> None:
    notebook = nbformat.read(path, 4)
    (cell,) = [cell for cell in notebook.cells if "statement" in cell.metadata.get("tags", [])]
    assert cell.source == 'statement = {"name": "", "ai_use": ""}'
    cell.source = statement
    nbformat.write(notebook, path)


@pytest.mark.parametrize(
    "source, signed",
    [
        ('statement = {"name": "王小明", "ai_use": "没有"}', True),
        ('# mine\nstatement = {\n  "ai_use": "a chatbot, for wording",\n  "name": "Ann"}', True),
        ('statement = dict(name="Ann", ai_use="none")', True),
        ('statement = {"name": "Ann"}\nstatement["ai_use"] = "none"', True),
        ('statement["ai_use"] = "none"', False),
        ('statement = dict([("name", "Ann"), ("ai_use", "x")])', False),
        ('statement = dict(name=open("/etc/passwd").read(), ai_use="x")', False),
        ('statement = {"name": "", "ai_use": ""}', False),
        ('statement = {"name": "Ann", "ai_use": "  "}', False),
        ('statement = {"name": 3, "ai_use": ["x"]}', False),
        ('statement = {"name": open("/etc/passwd").read(), "ai_use": "x"}', False),
        ("statement = {**{}}", False),
        ("statement = {" + "{" * 5000, False),
        ("statement is a word", False),
        ("", False),
    ],
)
def test_a_statement_is_signed_where_both_fields_are_texts_and_nothing_of_it_is_run(source, signed):
    assert is_signed(statement_in([source])) is signed


def test_a_statement_that_is_filled_in_over_several_cells_is_one_and_shows_what_is_signed():
    cells = [
        'statement = {"name": "", "ai_use": ""}',
        'statement["name"] = "A\u202enn"',
        'statement["ai_use"] = "x"',
    ]
    assert statement_in(cells) == {"name": "Ann", "ai_use": "x"}


def test_the_receipt_keeps_what_was_signed_and_without_the_option_there_is_no_such_cell(tmp_path):
    room = Classroom(tmp_path / "with", students=1, statement=True)
    path = room.hand_in(room.students[0])
    sign(path, 'statement = {"name": "王小明", "ai_use": "没有"}')
    sheet = {"seed": 1, "exercise": "gym_offer", "answers": {}}
    with zipfile.ZipFile(hand_in(sheet, {}, path).file) as packed:
        receipt = json.loads(packed.read("receipt.json"))
    assert receipt["statement"] == {"name": "王小明", "ai_use": "没有"}
    assert "statement" not in Classroom(tmp_path / "without", students=1).notebook(room.students[0]).cells[
        -2
    ].metadata.get("tags", [])


@pytest.mark.usefixtures("walled")
def test_an_unsigned_statement_is_told_and_costs_nothing_unless_the_settings_say_so(tmp_path):
    room = Classroom(tmp_path, students=3, statement=True)
    a, b, c = room.students
    sign(room.hand_in(c), f'statement = dict(name={room.variant(b)["name"]!r}, ai_use="none")')
    sign(room.hand_in(a), 'statement = {"name": "=王小明", "ai_use": "没有"}')
    room.hand_in(b)
    code, out = grade(room)
    first, second, third = table(out / "grades.csv")
    assert code == cli.WANTS_AN_EYE and "signed_by_another" in third["flags"]
    sign_again = room.hand_in(c)
    sign(sign_again, f'statement = {{"name": {room.variant(c)["name"]!r}, "ai_use": "none"}}')
    code, out = grade(room)
    assert code == 0 and first["total"] == second["total"] != "0"
    assert first["signed_by"] == "'=王小明" and first["ai_use"] == "没有" and second["signed_by"] == ""
    missing = [row for row in table(out / "problems.csv") if row["what"] == "statement_missing"]
    assert [row["student_id"] for row in missing] == [b] and "costs nothing" in missing[0]["meaning"]
    (room.folder / "grading.toml").write_text("[statement]\nmissing_costs = 0.25\n", encoding="utf-8")
    code, out = grade(room)
    first, second, third = table(out / "grades.csv")
    assert code == cli.WANTS_AN_EYE and "statement_missing_costs" in second["flags"]
    assert first["total"] == third["total"]
    assert float(second["total"]) == pytest.approx(0.75 * float(first["total"]), abs=1e-5)
    assert "75%" in (out / "feedback" / b / "feedback.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("walled")
def test_the_log_tells_who_asked_what_it_was_before_and_after_and_is_only_ever_added_to(tmp_path):
    room = Classroom(tmp_path, students=2)
    a, b = room.students
    room.hand_in(a, {"uplift": "uplift = 1.0"})
    room.hand_in(b)
    _, out = grade(room)
    assert not (out / "appeals.csv").exists()
    override = (
        f'[[override]]\nstudent_id = "{a}"\nquestion = "uplift"\nscore = 0.5\n'
        'reason = "=题目有歧义"\nasked_by = "王小明"\nasked = "2026-12-10"\n'
    )
    (room.folder / "grading.toml").write_text(override, encoding="utf-8")
    grade(room)
    (line,) = table(out / "appeals.csv")
    assert (line["student_id"], line["question"], line["before"], line["after"]) == (a, "uplift", "0", "0.5")
    assert (line["asked_by"], line["asked"], line["why"]) == ("王小明", "2026-12-10", "'=题目有歧义")
    kept = (out / "appeals.csv").read_bytes()
    grade(room)
    assert (out / "appeals.csv").read_bytes() == kept  # nothing new, nothing said twice
    pack = room.folder / "pack" / "gym_offer.md"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("profit = float((", "profit = 1000 + float(("), encoding="utf-8")
    grade(room)
    assert (out / "appeals.csv").read_bytes().startswith(kept)
    regraded = table(out / "appeals.csv")[1:]
    assert {(row["student_id"], row["before"], row["after"], row["why"]) for row in regraded} == {
        (student, "1", "0", "regrade") for student in (a, b)
    }
