"""Numbers that are right for the seed of everybody's copy are nobody's property,
and tell that one's own was not used.
"""

import csv
import io
import zipfile
from pathlib import Path

import nbformat
import pytest
from classroom import PACK, Classroom

from coursekit import cli
from coursekit.lessons.exercise import compare, load_exercise
from coursekit.teach.assign.assign import find_exercise
from coursekit.teach.grade.copying import copying
from coursekit.teach.grade.default_seed import note_default_seed
from coursekit.teach.grade.graded import DEFAULT_SEED, Graded
from coursekit.teach.grade.marking import QuestionMark
from coursekit.teach.grade.right_answers import NoRight

# what a student writes who takes the seed of the published copy for the own one
ON_SEED_1 = (
    'members = generate(1)["members"]\nrenewed_offered = members.loc[members["offered"], "renewed"].mean()'
)
COMMON_TEXT = (
    "Offer it to those whom it moved most and leave the others in peace, for each offer costs money we need."
)


def rows(path: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def told(out: Path, what: str) -> list[tuple[str, str]]:
    return [(row["student_id"], row["detail"]) for row in rows(out / "problems.csv") if row["what"] == what]


def pairs(out: Path) -> set[tuple[str, str]]:
    path = out / "copying.csv"
    return {(row["student_id"], row["like"]) for row in rows(path)} if path.exists() else set()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, walled):
    """Of seven, two have worked on seed 1, each alone; two more have done so together;
    one has typed a classmate's answers.
    """
    room = Classroom(tmp_path_factory.mktemp("default"), students=7)
    honest, one, other, third, fourth, copier, owner = room.students
    right = room.exercise.right_answers(room.variant(owner)["seed"])
    taken = {name: f"{name} = {right[name]!r}" for name in ("renewed_offered", "uplift", "profit")}
    changed = {
        one: {"renewed_offered": ON_SEED_1},
        other: {"renewed_offered": ON_SEED_1},
        third: {"renewed_offered": ON_SEED_1, "advice": f"advice = {COMMON_TEXT!r}"},
        fourth: {"renewed_offered": ON_SEED_1, "advice": f"advice = {COMMON_TEXT!r}"},
        copier: taken,
    }
    path = room.folder.parent / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for student in room.students:
            notebook = nbformat.writes(room.notebook(student, changed.get(student)))
            archive.writestr(f"{student}/hw.ipynb", notebook)
    out = room.folder.parent / "grades"
    words = ["grade", str(path), "--assignment", str(room.folder), "--out", str(out)]
    return room, words, cli.main(words), out


def test_who_worked_on_the_published_seed_is_told_so_with_the_questions_and_in_words(graded):
    room, _, code, out = graded
    _, one, other, third, fourth, *_ = room.students
    asked = "seed = 1: renewed_offered, uplift, by_segment, uplift_chart"
    assert told(out, DEFAULT_SEED) == [(student, asked) for student in (one, other, third, fourth)]
    (meaning,) = {row["meaning"] for row in rows(out / "problems.csv") if row["what"] == DEFAULT_SEED}
    assert "没有用上发给本人的参数" in meaning and "parameters were not used" in meaning
    assert code == cli.WANTS_AN_EYE
    flags = {row["student_id"]: row["flags"].split() for row in rows(out / "grades.csv")}
    assert {student for student in flags if DEFAULT_SEED in flags[student]} == {one, other, third, fourth}


def test_those_who_worked_on_it_accuse_nobody_and_real_copiers_are_found_among_them(graded):
    room, _, _, out = graded
    *_, third, fourth, copier, owner = room.students
    assert pairs(out) == {(third, fourth), (copier, owner)}
    kinds = {(row["student_id"], row["meaning"]) for row in rows(out / "copying.csv")}
    assert len([meaning for student, meaning in kinds if student == third]) == 1  # the text, and no number


def test_what_is_told_of_it_stays_one_line_when_the_class_is_graded_again(graded):
    room, words, code, out = graded
    before = told(out, DEFAULT_SEED)
    assert cli.main(words) == code and told(out, DEFAULT_SEED) == before
    flags = {row["student_id"]: row["flags"].split() for row in rows(out / "grades.csv")}
    assert all(theirs.count(DEFAULT_SEED) < 2 for theirs in flags.values())


# --- what is beyond chance --------------------------------------------------------------------------------------------

EXERCISE = load_exercise(PACK / "gym_offer.md")
OWN, DEFAULT = EXERCISE.right_answers(20260001), EXERCISE.right_answers(1)


def marked(**answers) -> Graded:
    """A student of whom these answers are not the own right ones."""
    row = []
    for name, right in OWN.items():
        value = answers.get(name, right)
        score = 1.0 if value == right else compare(EXERCISE.questions[name], value, right).score
        row.append(QuestionMark(name, 1, "recorded", score, "", {}, value=value, right=right))
    return Graded("s", questions=row)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, False),
        ({"renewed_offered": DEFAULT["renewed_offered"]}, True),
        ({"by_segment": DEFAULT["by_segment"]}, True),
        ({"renewed_offered": round(DEFAULT["renewed_offered"], 4)}, False),  # by chance, of so few digits
        ({name: round(DEFAULT[name], 4) for name in ("renewed_offered", "uplift")}, True),
        ({"best_segment": DEFAULT["best_segment"]}, False),  # one of three
        ({"renewed_offered": 0.987654321}, False),  # wrong, and right for nobody
    ],
)
def test_it_is_said_where_it_is_beyond_chance(answers, said):
    mine = marked(**answers)
    note_default_seed(mine, EXERCISE, EXERCISE.right_answers)
    assert (DEFAULT_SEED in mine.flags) == said
    # whether it is said or not, such a number speaks against nobody
    assert set(mine.on_default) == {
        name for name in answers if said or (name != "best_segment" and answers[name] != 0.987654321)
    }


def test_an_answer_that_is_right_for_ones_own_data_as_well_is_ones_own():
    mine = Graded("s", questions=[QuestionMark("uplift", 1, "recorded", 1.0, "", {}, value=0.1, right=0.1)])
    note_default_seed(mine, EXERCISE, lambda seed: {"uplift": 0.1})
    assert mine.on_default == [] and mine.flags == []


def test_an_exercise_that_fails_on_its_default_seed_says_nothing_and_stops_nobody():
    def fails(seed: int) -> dict:
        raise NoRight("division by zero")

    mine = marked(renewed_offered=DEFAULT["renewed_offered"])
    note_default_seed(mine, EXERCISE, fails)
    assert mine.on_default == [] and mine.flags == []


def test_two_with_one_wrong_number_are_a_pair_unless_it_is_everybodys():
    questions = {
        name: EXERCISE.questions[name] for name in ("renewed_offered", "profit")
    }  # neither follows the other
    wrong = {"renewed_offered": 0.512345678, "profit": 912.345678}
    marks = {student: marked(**wrong).questions for student in "ab"} | {"c": marked().questions}
    (pair,) = copying(marks, questions)
    assert (pair.student_id, pair.key_of) == ("a", "b")
    assert copying(marks, questions, everybodys={student: list(wrong) for student in "ab"}) == []
    # of one of them it is the own number: then it is the other's wherever it comes from
    typed = {"b": [f"renewed_offered = {OWN['renewed_offered']!r}"]}
    marks = {"a": marked().questions, "b": marked().questions}
    for one in marks["b"]:
        one.right, one.score = DEFAULT[one.question], 0.0
    assert [(one.student_id, one.key_of) for one in copying(marks, questions, typed)] == [("b", "a")]


def test_the_default_seed_is_the_one_that_the_published_exercise_begins_with():
    assert EXERCISE.default_seed == 1
    assert {load_exercise(find_exercise(number)).default_seed for number in ("01", "06", "10")} == {1}
