"""Copying: planted pairs are told with the evidence, and honest classes are left alone."""

import random

import pytest

from coursekit.lessons.exercise import compare
from coursekit.teach.grade.copying import Copy, copying
from coursekit.teach.grade.marking import QuestionMark

QUESTIONS = {"share": {"id": "share", "kind": "number", "tolerance": 0.0005}}


def mark(value: float, right: float, *, second: str | None = None, question: str = "share") -> QuestionMark:
    score = compare(QUESTIONS["share"], value, right).score
    return QuestionMark(question, 1, "recorded", score, "", {}, value=value, right=right, second=second)


RIGHTS = {"a": 0.412345678901, "b": 0.523456789012, "c": 0.634567890123}


def a_class(b: QuestionMark) -> dict:
    return {s: [mark(right, right)] for s, right in RIGHTS.items()} | {"b": [b]}


def told(copies: list[Copy]) -> list[tuple[str, str, bool]]:
    return [(one.student_id, one.key_of, one.probable) for one in copies]


def test_a_number_of_anothers_that_was_typed_in_is_told_with_the_evidence():
    (copy,) = copying(a_class(mark(RIGHTS["a"], RIGHTS["b"])), QUESTIONS, {"b": [f"share = {RIGHTS['a']}"]})
    assert (copy.student_id, copy.key_of, copy.questions) == ("b", "a", ["share"])
    assert [one.kind for one in copy.evidence] == ["typed_right_for_another"]


@pytest.mark.parametrize("second", ["computed", "differs"])
def test_an_answer_that_follows_the_hidden_data_is_cleared(second):
    marks = a_class(mark(RIGHTS["a"], RIGHTS["b"], second=second))
    assert copying(marks, QUESTIONS, {"b": [f"share = {RIGHTS['a']}"]}) == []


def test_a_rounded_number_that_meets_anothers_by_chance_is_no_pair():
    assert copying(a_class(mark(0.4123, RIGHTS["b"])), QUESTIONS, {"b": ["share = 0.4123"]}) == []


def test_all_digits_say_little_where_right_answers_of_a_class_are_often_the_same():
    marks = a_class(mark(RIGHTS["a"], RIGHTS["b"]))
    marks |= {f"d{i}": [mark(0.7123456789, 0.7123456789)] for i in range(2)}
    assert copying(marks, QUESTIONS, {"b": [f"share = {RIGHTS['a']}"]}) == []


def test_anothers_seed_in_the_code_and_a_text_of_two_are_told():
    seeds = {"a": 123456789012345, "b": 223456789012345}
    codes = {"b": ["members = generate(123456789012345)"]}
    assert told(copying({}, {}, codes, seeds)) == [("b", "a", True)]
    asked = {"advice": {"id": "advice", "kind": "text", "sample": {"en": "the sample " * 12}}}

    def text(value: str) -> list[QuestionMark]:
        return [QuestionMark("advice", 1, "recorded", None, "", {}, value=value)]

    same = {
        "a": text("one and the same " * 8),
        "b": text("one  and the same " * 8),
        "c": text("another " * 30),
    }
    assert told(copying(same, asked)) == [("a", "b", False)]
    assert copying({s: text("the sample " * 12) for s in "ab"}, asked) == []  # as it was handed out


def test_a_text_that_many_share_is_told_of_all_of_them():
    asked = {"advice": {"id": "advice", "kind": "text", "sample": {"en": "the sample " * 12}}}

    def shared_by(students: str) -> list[tuple[str, str, bool]]:
        one = QuestionMark("advice", 1, "recorded", None, "", {}, value="from a common source " * 8)
        return told(copying({student: [one] for student in students}, asked))

    assert shared_by("abc") == [("a", "b", False), ("a", "c", False), ("b", "c", False)]
    assert shared_by("abcdefg") == [("a", other, False) for other in "bcdefg"]


@pytest.mark.parametrize(("value", "pairs"), [(1 / 3, 0), (200 / 3, 0), (1 / 7, 0), (0.3371592653, 1)])
def test_a_fraction_that_anybody_types_who_has_given_up_is_nobodys(value, pairs):
    questions = {name: {"id": name, "kind": "number", "tolerance": 0.0005} for name in ("share", "other")}
    marks = {student: [mark(right, right)] for student, right in RIGHTS.items()}
    for student in "ab":
        marks[student] = [mark(value, RIGHTS[student], question=name) for name in questions]
    assert len(copying(marks, questions)) == pairs


def test_equal_code_alone_is_no_pair():
    cell = "\n".join(f"x{i} = table.groupby('a')['b'].mean().sort_values()" for i in range(9))
    assert copying({}, {}, {"a": [cell], "b": [cell]}) == []


def test_honest_classes_of_30_and_300_have_at_most_one_innocent_pair_in_ten():
    """Shares of a few thousand members, 30 % of them wrong as another's data would have them, a fifth typed in."""
    rng = random.Random(11)
    questions = {f"q{i}": {"id": f"q{i}", "kind": "number", "tolerance": 0.0005} for i in range(3)}

    def share() -> float:
        size = 50 * rng.randrange(30, 45)
        return float(f"{round(size * rng.uniform(0.3, 0.7)) / size:.12g}")

    for size, classes in ((30, 40), (300, 4)):
        innocent = 0
        for _ in range(classes):
            marks, codes = {}, {}
            for number in range(size):
                row = []
                for name in questions:
                    right = share()
                    value = share() if rng.random() < 0.3 else right
                    row.append(mark(value, right, question=name))
                    if rng.random() < 0.2:
                        typed = value if rng.random() < 0.5 else round(value, 4)
                        codes.setdefault(str(number), []).append(f"{name} = {typed!r}")
                marks[str(number)] = row
            innocent += len(copying(marks, questions, codes))
        assert innocent <= max(1, classes // 10), size


def test_the_class_page_names_nobody():
    from importlib.resources import files

    page = (files("coursekit.teach") / "grade" / "class_report.html").read_text(encoding="utf-8")
    assert "student_id" not in page and "cop" not in page
