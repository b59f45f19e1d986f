"""Totals over assignments: weights, what is dropped, half up before the grade, provisional ones named,
garbage kept apart.
"""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursekit import cli

HEAD = "student_id,name,total,to_read,section"


def book(folder: Path, *lines: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grades.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8-sig")
    return str(folder)


def totals(out: Path, *folders: str, rules: str = "", code: int = 0) -> dict[str, dict]:
    out.mkdir(exist_ok=True)
    (out / "marks.toml").write_text(rules, encoding="utf-8")
    assert cli.main(["marks", *folders, "--out", str(out)]) == code
    text = (out / "marks.csv").read_text(encoding="utf-8-sig")
    return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_weights_make_the_mean_and_the_lowest_is_dropped_where_that_is_asked(tmp_path):
    folders = [book(tmp_path / name, f"01,王,{share},0,一班") for name, share in zip("abc", (0.4, 0.7, 0.9))]
    row = totals(tmp_path / "out", *folders, rules="decimals = 2\n[weights]\nc = 2")["01"]
    assert row["total"] == "72.50" and (row["a"], row["b"], row["c"]) == ("40", "70", "90")
    assert row["name"] == "王" and row["section"] == "一班" and row["provisional"] == row["dropped"] == ""
    row = totals(tmp_path / "out", *folders, rules="drop_lowest = 1\ndecimals = 2")["01"]
    assert row["total"] == "80.00" and row["dropped"] == "a"
    assert totals(tmp_path / "out", *folders, rules="drop_lowest = 9")["01"]["total"] == "90"


@pytest.mark.parametrize(
    "share, total, five, letter",
    [
        (0.895, "90", "优", "A"),
        (0.8949, "89", "良", "B"),
        (0.885, "89", "良", "B"),
        (0.695, "70", "中", "C"),
        (0.595, "60", "及格", "D"),
        (0.5949, "59", "不及格", "F"),
        (0, "0", "不及格", "F"),
        (1, "100", "优", "A"),
    ],
)
def test_points_are_rounded_half_up_and_then_graded(tmp_path, share, total, five, letter):
    row = totals(tmp_path / "out", book(tmp_path / "a", f"1,x,{share},0,"))["1"]
    assert (row["total"], row["five_grade"], row["letter"]) == (total, five, letter)


def test_nothing_handed_in_is_zero_or_left_out_as_the_rules_say_and_a_text_to_read_is_provisional(tmp_path):
    folders = [book(tmp_path / "a", "1,x,0.8,1,", "2,y,0.6,0,"), book(tmp_path / "b", "1,x,,0,")]
    found = totals(tmp_path / "out", *folders)
    assert found["1"]["total"] == "40" and found["1"]["missing"] == "1"
    assert "暂定" in found["1"]["provisional"] and "provisional" in found["1"]["provisional"]
    assert found["2"]["total"] == "60" and found["2"]["provisional"] == ""  # was not given b
    assert totals(tmp_path / "out", *folders, rules='missing = "left_out"')["1"]["total"] == "80"


def test_who_is_on_no_list_of_an_assignment_was_not_given_it_and_that_is_said(tmp_path, capsys):
    """Sections with exercises of their own, and one student who has handed in nothing of what was given."""
    one = book(tmp_path / "a", "1,x,0.8,0,A", "2,y,,0,A")
    two = book(tmp_path / "b", "3,z,0.9,0,B")
    both = book(tmp_path / "c", "1,x,0.6,0,A", "2,y,1,0,A", "3,z,0.7,0,B")
    found = totals(tmp_path / "out", one, two, both)
    assert {student: row["total"] for student, row in found.items()} == {"1": "70", "2": "50", "3": "80"}
    assert {student: row["missing"] for student, row in found.items()} == {"1": "0", "2": "1", "3": "0"}
    said = capsys.readouterr().out
    assert (
        "a 1, b 2" in said and "what was not given is left out" in said and "没有发给他们的那次不计" in said
    )
    found = totals(tmp_path / "out", one, two, both, rules='not_given = "zero"')
    assert {student: row["total"] for student, row in found.items()} == {"1": "47", "2": "33", "3": "53"}
    assert found["3"]["missing"] == "1" and "counts as 0" in capsys.readouterr().out
    totals(tmp_path / "out", both)
    assert "not on it" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("123,王,0.5,0,", ("123", "00123", "dropped leading zeros")),
        ("2.00E+10,王,0.5,0,", ("2.00E+10", "lost its last figures")),
    ],
)
def test_an_id_that_a_spreadsheet_has_spoilt_makes_no_second_student(tmp_path, capsys, line, said):
    good, spoilt = book(tmp_path / "a", "00123,王,0.8,0,"), book(tmp_path / "b", line)
    out = tmp_path / "out"
    assert cli.main(["marks", good, spoilt, "--out", str(out)]) == 1 and not (out / "marks.csv").exists()
    told = capsys.readouterr().err
    assert all(word in told for word in said)
    # another student of the same number, and one id in both
    other = book(tmp_path / "c", "123,李,0.5,0,", "00123,王,0.6,0,")
    assert set(totals(out, good, other)) == {"123", "00123"}


def whole_book(folder: Path, *lines: str) -> str:
    folder.mkdir()
    head = "student_id,name,total,to_read,state,flags"
    (folder / "grades.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8-sig")
    return str(folder)


def test_a_total_is_provisional_for_what_it_is_and_also_where_the_doubtful_mark_was_dropped(tmp_path):
    first = ["a,,0.5,0,ended,", "b,,,0,killed,", "c,,0.3,1,ended,", "d,,,0,ended,exempt_from_all"]
    folders = [
        whole_book(tmp_path / "hw1", *first),
        whole_book(tmp_path / "hw2", *(f"{one},,0.9,0,ended," for one in "abcd")),
    ]
    found = totals(tmp_path / "out", *folders, rules="drop_lowest = 1", code=cli.WANTS_AN_EYE)
    assert [found[one]["total"] for one in "abcd"] == ["90"] * 4
    assert [found[one]["dropped"] for one in "abcd"] == ["hw1", "hw1", "hw1", ""]
    said = [found[one]["provisional"] for one in "abcd"]
    assert said[0] == said[3] == "" and "could not be graded" in said[1] and "to be read" in said[2]
    found = totals(tmp_path / "out", *folders, rules="[weights]\nhw1 = 0", code=cli.WANTS_AN_EYE)
    assert {found[one]["provisional"] for one in "abcd"} == {""}


def test_who_is_exempt_from_everything_has_no_nought(tmp_path):
    one = whole_book(tmp_path / "hw1", "d,,,0,ended,exempt_from_all", "e,,,0,nothing,exempt_from_all")
    two = whole_book(tmp_path / "hw2", "d,,0.9,0,ended,", "f,,0.9,0,ended,")
    found = totals(tmp_path / "out", one)
    assert {(row["total"], row["five_grade"], row["provisional"]) for row in found.values()} == {("", "", "")}
    found = totals(tmp_path / "out", one, two, rules='not_given = "zero"')
    assert {student: (row["total"], row["missing"]) for student, row in found.items()} == {
        "d": ("90", "0"),
        "e": ("0", "1"),
        "f": ("45", "1"),
    }


def test_totals_never_overwrite_what_a_grading_wrote(tmp_path, capsys):
    folder = book(tmp_path / "hw1", "1,x,0.5,0,")
    other = book(tmp_path / "hw2", "1,x,0.5,0,")
    (tmp_path / "hw1" / "problems.csv").write_text("what\n", encoding="utf-8")
    for out in (folder, other):
        assert cli.main(["marks", folder, "--out", out]) == 1
        assert "choose another --out" in capsys.readouterr().err
    assert (tmp_path / "hw1" / "problems.csv").read_text(encoding="utf-8") == "what\n"
    assert not (tmp_path / "hw2" / "marks.csv").exists()


def test_grades_of_ones_own_take_the_place_of_the_usual_ones(tmp_path):
    rules = '[five]\n"通过" = 50\n"不通过" = 0\n[letters]\n"A+" = 95\n"A" = 85\n"N" = 0\n'
    found = totals(tmp_path / "out", book(tmp_path / "a", "1,x,0.9,0,", "2,y,0.2,0,"), rules=rules)
    assert found["1"]["five_grade"] == "通过" and found["1"]["letter"] == "A"
    assert found["2"]["five_grade"] == "不通过" and found["2"]["letter"] == "N"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('[five]\n"及格" = 60', ("[five]", "及格", "60", "begins at 0")),  # one line of the example alone
        ("[letters]\nA = 90\nB = 80", ("[letters]", "B", "80")),
        ('[five]\n"优" = 60\n"良" = 90\n"不及格" = 0', ("[five]", "优 = 60", "优 > 良 > 中")),
        ("[letters]\nA = 50\nB = 70\nF = 0", ("[letters]", "A > B")),
    ],
)
def test_a_scale_by_which_who_fails_would_pass_is_refused(tmp_path, capsys, rules, said):
    folder = book(tmp_path / "a", "1,x,0.42,0,")
    out = tmp_path / "out"
    out.mkdir()
    (out / "marks.toml").write_text(rules, encoding="utf-8")
    assert cli.main(["marks", folder, "--out", str(out)]) == 1 and not (out / "marks.csv").exists()
    told = capsys.readouterr().err
    assert all(word in told for word in said)


def test_a_mark_that_is_none_is_named_with_its_line_and_the_others_are_totalled(tmp_path):
    folder = book(tmp_path / "a", "1,x,0.8,0,", "2,y,1.2,0,", "3,z,nan,0,", "1,x,0.1,0,", "=1+1,w,0.5,0,")
    found = totals(tmp_path / "out", folder, code=cli.WANTS_AN_EYE)
    assert found["1"]["total"] == "80" and found["2"]["provisional"] and found["2"]["total"] == "0"
    assert "'=1+1" in found  # no formula in a table
    text = (tmp_path / "out" / "problems.csv").read_text(encoding="utf-8-sig")
    assert [row["line"] for row in csv.DictReader(io.StringIO(text))] == ["3", "4", "5"]


@pytest.mark.parametrize(
    "rules, said",
    [
        ("drop_lowest = -1", "≥ 0"),
        ("drop_lowest = 1.5", "drop_lowest"),
        ("weight = 3", "weights"),
        ("[weights]\nz = 1", "z"),
        ("[weights]\na = nan", "weights.a"),
        ('missing = "maybe"', "left_out"),
        ("[five]\nx = 101", "≤ 100"),
        ("five = ", "marks.toml"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_is_allowed(tmp_path, capsys, rules, said):
    folder = book(tmp_path / "a", "1,x,0.8,0,")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "marks.toml").write_text(rules, encoding="utf-8")
    assert cli.main(["marks", folder, "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err and not (tmp_path / "out" / "marks.csv").exists()


def test_a_folder_without_a_gradebook_is_refused_and_two_of_one_name_are_kept_apart(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["marks", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 1
    assert "grades.csv" in capsys.readouterr().err
    folders = [book(tmp_path / one / "grades", f"1,x,{share},0,") for one, share in (("a", 0.5), ("b", 1))]
    assert totals(tmp_path / "out", *folders)["1"]["total"] == "75"


def test_the_first_run_leaves_rules_of_which_every_line_is_a_comment(tmp_path):
    assert cli.main(["marks", book(tmp_path / "a", "1,x,0.8,0,"), "--out", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "marks.toml").read_text(encoding="utf-8")
    assert all(not line or line.startswith("#") for line in text.splitlines())
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines()[1:])
    uncommented = uncommented.replace("成绩1", "a")
    (tmp_path / "out" / "marks.toml").write_text(uncommented, encoding="utf-8")
    assert cli.main(["marks", str(tmp_path / "a"), "--out", str(tmp_path / "out")]) == 0


STATES = "student_id,total,to_read,state,flags,file"


def book_of_states(folder: Path, *lines: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grades.csv").write_text("\n".join([STATES, *lines]) + "\n", encoding="utf-8-sig")
    return str(folder)


def test_a_mark_that_is_dropped_or_stands_for_0_may_still_change_the_total(tmp_path):
    folders = [
        book_of_states(
            tmp_path / "hw1",
            "killed,,0,killed,,k.ipynb",
            "text,0.5,1,ended,,t.ipynb",
            "prepared,,0,nothing,,p.ipynb",
            "honest,0.5,0,ended,,h.ipynb",
            "absent,,0,nothing,,",
        ),
        book_of_states(
            tmp_path / "hw2", *(f"{who},0.9,0,ended,," for who in ("killed", "text", "prepared", "honest"))
        ),
    ]
    found = totals(tmp_path / "out", *folders, rules="drop_lowest = 1", code=cli.WANTS_AN_EYE)
    assert {who: row["total"] for who, row in found.items()} == {
        "killed": "90",
        "text": "90",
        "prepared": "90",
        "honest": "90",
        "absent": "0",
    }
    assert {who for who, row in found.items() if row["provisional"]} == {"killed", "text", "prepared"}
    rules = "drop_lowest = 1\n[weights]\nhw1 = 0"
    found = totals(tmp_path / "out", *folders, rules=rules, code=cli.WANTS_AN_EYE)
    assert not any(row["provisional"] for row in found.values()), "what weighs nothing changes no total"


def test_a_provisional_total_says_why_in_both_languages_and_where(tmp_path):
    folders = [
        book_of_states(
            tmp_path / "hw1",
            "killed,,0,killed,,k.ipynb",
            "text,0.5,1,ended,,t.ipynb",
            "wrong,1.5,0,ended,,w.ipynb",
            "twice,0.5,0,ended,,a.ipynb",
            "twice,0.6,0,ended,,b.ipynb",
        ),
        book_of_states(tmp_path / "hw2", "killed,,0,died,,k.ipynb", "text,,0,unclear,,"),
    ]
    found = totals(tmp_path / "out", *folders, code=cli.WANTS_AN_EYE)
    because = {who: row["provisional"] for who, row in found.items()}
    assert because["killed"] == (
        "暂定：作业没有能批改（hw1, hw2） provisional: a hand-in could not be graded (hw1, hw2)"
    )
    assert "文字题还没有读完（hw1）" in because["text"] and "could not be graded (hw2)" in because["text"]
    assert "a mark cannot be read (hw1)" in because["wrong"] and "texts" not in because["wrong"]
    assert "two lines of marks" in because["twice"] and "两行成绩" in because["twice"]


def test_an_assignment_of_which_exempt_from_all_for_a_student_is_left_out_for_this_one_alone(tmp_path):
    folders = [
        book_of_states(
            tmp_path / "hw1",
            "exempt,,0,ended,accommodated exempt_from_all,e.ipynb",
            "away,,0,nothing,accommodated exempt_from_all,",
            "decided,0.6,0,ended,accommodated exempt_from_all,d.ipynb",
            "failed,,0,ended,accommodated,f.ipynb",
            "absent,,0,nothing,,",
        ),
        book_of_states(
            tmp_path / "hw2",
            *(f"{who},0.9,0,ended,," for who in ("exempt", "away", "decided", "failed", "absent")),
        ),
    ]
    found = totals(tmp_path / "out", *folders, code=cli.WANTS_AN_EYE)
    assert {who: (row["total"], row["missing"]) for who, row in found.items()} == {
        "exempt": ("90", "0"),
        "away": ("90", "0"),
        "decided": ("75", "0"),
        "failed": ("45", "1"),
        "absent": ("45", "1"),
    }
    assert {who for who, row in found.items() if row["provisional"]} == {"failed"}
    alone = totals(tmp_path / "out", folders[0], code=cli.WANTS_AN_EYE)["exempt"]
    assert (alone["total"], alone["five_grade"], alone["letter"], alone["provisional"]) == ("", "", "", "")


@pytest.mark.parametrize("others", ["grades.csv", "problems.csv"])
def test_results_of_another_command_are_not_written_over(tmp_path, capsys, others):
    graded = book(tmp_path / "a", "1,x,0.8,0,")
    out = tmp_path / "out"
    out.mkdir()
    (out / others).write_text("what,file,student_id,detail\nlate,,1,\n", encoding="utf-8")
    (tmp_path / "a" / "problems.csv").write_text("what\nlate\n", encoding="utf-8")
    for folder in (out, tmp_path / "a", tmp_path / "not yet" / ".." / "a"):
        there = folder.resolve()
        before = {path.name: path.read_bytes() for path in there.iterdir()}
        assert cli.main(["marks", graded, "--out", str(folder)]) == 1
        assert "choose another --out" in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in there.iterdir()} == before
    own = tmp_path / "totals"
    for _ in range(2):  # its own results are written anew
        assert cli.main(["marks", graded, "--out", str(own)]) == 0


@pytest.mark.simulated
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(max_size=12), min_size=5, max_size=5), max_size=4))
def test_whatever_stands_in_a_gradebook_an_honest_student_has_the_same_total(tmp_path, cells):
    held = io.StringIO()
    csv.writer(held).writerows([HEAD.split(","), ["honest", "x", "0.8", "0", ""], *cells])
    folder = tmp_path / "a"
    folder.mkdir(exist_ok=True)
    (folder / "grades.csv").write_bytes(
        held.getvalue().encode("utf-8", "surrogatepass").replace(b"\x00", b"")
    )
    assert cli.main(["marks", str(folder), "--out", str(tmp_path / "out")]) in (0, cli.WANTS_AN_EYE)
    text = (tmp_path / "out" / "marks.csv").read_text(encoding="utf-8-sig")
    assert {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}["honest"]["total"] == "80"
