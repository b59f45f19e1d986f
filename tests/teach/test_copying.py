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


ADVICE = {"advice": {"id": "advice", "kind": "text", "sample": {"en": "the sample " * 12}}}


def of_texts(texts: dict[str, str]) -> list[Copy]:
    marks = {}
    for student, text in texts.items():
        marks[student] = [QuestionMark("advice", 1, "recorded", None, "", {}, value=text)]
    return copying(marks, ADVICE)


def words(seed: int, count: int = 28) -> list[str]:
    return [f"word{random.Random(seed * 1000 + at).randrange(200)}" for at in range(count)]


@pytest.mark.parametrize(
    ("changed", "expected"), [(1, [("a", "b", False)]), (2, [("a", "b", False)]), (9, [])]
)
def test_texts_that_differ_in_few_words_are_told_and_those_that_differ_in_many_are_not(changed, expected):
    theirs = words(1)
    mine = list(theirs)
    for at in range(changed):
        mine[3 * at] = f"perhaps{at}"
    found = of_texts({"a": " ".join(theirs), "b": " ".join(mine), "c": " ".join(words(2))})
    assert told(found) == expected
    assert all(one.evidence[0].kind == "similar_text" for one in found)


def test_chinese_texts_that_differ_in_one_character_are_told():
    text = "北区的收入最高，但成本还不知道，所以先把上门次数移到一个地区，看毛利再说。"
    (copy,) = of_texts(
        {
            "a": text,
            "b": text.replace("先", "应"),
            "c": "南区客户少，老客户多，先留住他们再谈增长，别的以后再看，不急。",
        }
    )
    assert (copy.student_id, copy.key_of) == ("a", "b")


def test_a_pattern_that_many_follow_or_that_the_sample_shows_is_no_copying():
    skeleton = "we would move visits to the {} because it earns most of the revenue while costs of each region stay unknown until next year"
    regions = ("north", "south", "east", "west", "middle", "coast")
    assert of_texts({region: skeleton.format(region) for region in regions}) == []
    shown = {"advice": {**ADVICE["advice"], "sample": {"en": skeleton.format("north")}}}
    marks = {}
    for region in ("south", "east"):
        text = skeleton.format(region)
        marks[region] = [QuestionMark("advice", 1, "recorded", None, "", {}, value=text)]
    assert copying(marks, shown) == []


CHAIN = {
    "mean": {"id": "mean", "kind": "number", "tolerance": 0.01},
    "half": {"id": "half", "kind": "number", "tolerance": 0.01, "depends_on": ["mean"]},
    "share": {"id": "share", "kind": "number", "tolerance": 0.01},
}


def wrong(**answers: float) -> list[QuestionMark]:
    rows = []
    for name, value in answers.items():
        rows.append(QuestionMark(name, 1, "recorded", 0.0, "", {}, value=value, right=404.515 + value))
    return rows


def test_two_who_gave_up_and_typed_a_simple_fraction_are_no_pair():
    for value in (1 / 3, 0.66667, 14.285714, 3.14159265):
        given_up = {student: wrong(mean=value, half=value / 2, share=value) for student in "ab"}
        assert copying(given_up, CHAIN) == [], value


def test_a_number_that_follows_from_one_that_is_counted_adds_nothing():
    follows = {student: wrong(mean=398.76543, half=398.76543 / 2) for student in "ab"}
    assert copying(follows, CHAIN) == []  # one equal mistake, made by two
    apart = {student: wrong(mean=398.76543, half=199.382715, share=0.41234567) for student in "ab"}
    (copy,) = copying(apart, CHAIN)
    assert copy.questions == ["mean", "share"] and copy.weight == 2


def test_two_numbers_of_anothers_that_were_both_typed_in_are_two_facts():
    marks = {}
    for student, right in {"a": 706.2073, "b": 398.7654, "c": 398.7654}.items():
        rows = []
        for name, theirs in (("mean", right), ("half", right / 2)):
            value = {"mean": 706.2073, "half": 353.10365}[name] if student == "b" else theirs
            rows.append(
                QuestionMark(name, 1, "recorded", float(value == theirs), "", {}, value=value, right=theirs)
            )
        marks[student] = rows
    (copy,) = copying(marks, CHAIN, {"b": ["mean = 706.2073", "half = 353.10365"]})
    assert (copy.student_id, copy.key_of, copy.questions) == ("b", "a", ["mean", "half"])


def test_where_nothing_tells_who_was_first_both_are_looked_at_and_else_the_one_alone():
    (copy,) = of_texts({student: " ".join(words(3)) for student in "ab"})
    assert copy.both_ways and copy.looked_at == ["a", "b"]
    (copy,) = copying(a_class(mark(RIGHTS["a"], RIGHTS["b"])), QUESTIONS, {"b": [f"share = {RIGHTS['a']}"]})
    assert not copy.both_ways and copy.looked_at == ["b"]


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
