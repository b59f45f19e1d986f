"""What a run under another seed may be held against somebody for, and that chance is not it."""

import pytest
from classroom import Classroom
from killing import kept

from coursekit import cli
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade import marking
from coursekit.teach.grade.grade import HIDDEN, THIRD, grade
from coursekit.teach.grade.gradebooks import _problems_of
from coursekit.teach.grade.graded import Graded

QUESTIONS = {
    "mean": {"id": "mean", "kind": "number", "relative_tolerance": 0.01, "weight": 1},
    "half": {
        "id": "half",
        "kind": "number",
        "relative_tolerance": 0.01,
        "weight": 1,
        "depends_on": ["mean"],
    },
}
MEANS = (500.0, 600.0, 700.0)  # right under the student's seed, the hidden one and a third


def right_of(seed: int):
    return lambda given: {"mean": MEANS[seed], "half": given.get("mean", MEANS[seed]) / 2}


def answers(mean: float | None) -> dict:
    """A student who takes something else for the mean, and halves it as asked."""
    if mean is None:
        return dict.fromkeys(QUESTIONS, ("missing", None))
    return {"mean": ("recorded", mean), "half": ("recorded", mean / 2)}


def marked(*means: float | None, asked: bool = True) -> dict[str, marking.QuestionMark]:
    """As it is marked by what was taken for the mean under each seed."""
    own, *others = means
    runs = []
    for seed, mean in enumerate(others, 1):
        runs.append(marking.SecondRun(answers(mean), right_of(seed), asked=asked))
    marks = marking.mark(QUESTIONS, answers(own), right_of(0), *runs)
    return {one.question: one for one in marks}


@pytest.mark.parametrize(
    ("means", "earns", "in_doubt"),
    [
        ((404.515, 471.2), 0.5, False),
        ((404.515, 407.63), 0.0, True),  # two medians within the tolerance of each other, by chance
        ((404.515, 407.63, 471.2), 0.5, False),
        ((404.515, 404.515), 0.0, False),  # typed in
        ((404.515, 404.515, 471.2), 0.5, False),
        ((404.515, 404.9), 0.0, True),  # typed in, and moved a little by the seed
        ((404.515, 404.9, 404.2), 0.0, True),
        ((404.515, None), 0.0, False),
    ],
)
def test_an_answer_that_is_nearly_the_same_by_chance_takes_nothing_from_what_follows(means, earns, in_doubt):
    marks = marked(*means)
    assert marks["half"].score == earns
    assert marking.nearly(list(marks.values())) == in_doubt


def test_a_computed_answer_that_meets_itself_under_one_seed_is_not_called_typed_in():
    assert marked(404.515, 407.63)["mean"].second == "literal"  # as it looks before the third run
    assert marked(404.515, 407.63, 471.2)["mean"].second == "differs"
    assert marked(404.515, 404.6, 404.7)["mean"].second == "literal"


def test_a_run_that_one_mistake_made_necessary_is_held_against_no_other_answer():
    """Who is wrong elsewhere loses no more by what was typed in than who is right throughout."""
    questions = {"share": {**QUESTIONS["mean"], "id": "share", "must_compute": True}, **QUESTIONS}

    def right(seed: int):
        return lambda given: {"share": 0.1 + seed, **right_of(seed)(given)}

    typed = {"share": ("recorded", 0.1)}
    for asked, earns in ((False, 1.0), (True, 0.0)):
        run = marking.SecondRun({**typed, **answers(471.2)}, right(1), asked=asked)
        share, _, half = marking.mark(questions, {**typed, **answers(404.515)}, right(0), run)
        assert (share.score, half.score) == (earns, 0.5)


@pytest.mark.parametrize(
    ("there", "went_well", "kind", "told"),
    [
        (("missing", None), True, "number", "own_seed_only"),
        (("missing", None), False, "number", "not_run"),  # it failed on the other data
        (("badly_formed", None), True, "number", "not_run"),
        (("recorded", 600.0), True, "number", "computed"),
        (("missing", None), True, "choice", "not_run"),  # `if a > b: answer("which", "a")`, and no else
    ],
)
def test_an_answer_for_the_own_seed_alone_is_told_where_nothing_else_kept_it_away(
    there, went_well, kind, told
):
    questions = {"mean": {**QUESTIONS["mean"], "kind": kind}}
    own, other = (500.0, 600.0) if kind == "number" else ("a", "b")
    run = marking.SecondRun({"mean": there}, lambda given: {"mean": other}, went_well=went_well)
    (one,) = marking.mark(questions, {"mean": ("recorded", own)}, lambda given: {"mean": own}, run)
    assert (one.second, one.score) == (told, 1.0)
    mine = Graded("S1", file="hw.ipynb", state="ended", questions=[one])
    rows = [(row[0], row[3]) for row in _problems_of(mine, None)]
    assert rows == ([("answered_for_own_seed_only", "mean")] if told == "own_seed_only" else [])


def test_must_compute_costs_whoever_answers_for_the_own_seed_alone():
    questions = {"mean": {**QUESTIONS["mean"], "must_compute": True}}
    run = marking.SecondRun({"mean": ("missing", None)}, lambda given: {"mean": 600.0}, went_well=True)
    (one,) = marking.mark(questions, {"mean": ("recorded", 500.0)}, lambda given: {"mean": 500.0}, run)
    assert (one.second, one.score) == ("own_seed_only", 0.0)


def test_a_third_run_is_made_where_two_are_nearly_alike_and_clears_whom_it_can(tmp_path, walled, capsys):
    room = Classroom(tmp_path, students=3)
    about = Assignment.read(room.folder)
    honest, lucky, typist = room.students
    seeds = [about.variants[lucky].seed] + [
        about.hidden_seed(lucky, purpose=which) for which in (HIDDEN, THIRD)
    ]
    chance = dict(zip(seeds, (0.5, 0.5002, 0.71)))  # what an honest mistake may give, seed by seed
    room.hand_in(honest)
    room.hand_in(lucky, {"renewed_offered": f"renewed_offered = {chance!r}[seed]"})
    room.hand_in(typist, {"renewed_offered": "renewed_offered = 0.5 + seed % 7 * 1e-5"})
    graded = grade(room.out, assignment=room.folder, out=tmp_path / "grades", say=lambda _: None)
    scores = {
        student: {one.question: one.score for one in mine.questions} for student, mine in graded.items()
    }
    assert (scores[honest]["uplift"], scores[lucky]["uplift"], scores[typist]["uplift"]) == (1.0, 0.5, 0.0)
    assert len(kept(tmp_path / "grades")) == 3 + 2 + 2  # the honest one ran once
    words = ["grade", str(room.out), "--assignment", str(room.folder), "--out", str(tmp_path / "grades")]
    assert cli.main(words) in (0, cli.WANTS_AN_EYE)
    said = capsys.readouterr().out
    assert "these have to be computed: profit" in said and "必须算出来：profit" in said


FAILS = "assert {condition}\nsizes = members"


@pytest.mark.parametrize("how_many", [1, 2])
def test_a_pack_that_fails_on_hidden_seeds_costs_nobody_a_mark_and_ends_no_grading(
    tmp_path, walled, capsys, how_many
):
    room = Classroom(tmp_path, students=3)
    about = Assignment.read(room.folder)
    honest, followed, typist = room.students
    unlucky = [about.hidden_seed(followed, purpose=which) for which in (HIDDEN, THIRD)[:how_many]]
    pack = room.folder / "pack" / room.manifest["source"]
    text = pack.read_text(encoding="utf-8")
    assert text.count("sizes = members") == 1
    pack.write_text(
        text.replace("sizes = members", FAILS.format(condition=f"seed not in {unlucky}")), "utf-8"
    )
    half = 'renewed_offered = members["renewed"].mean() / 2'
    room.hand_in(honest)
    room.hand_in(followed, {"renewed_offered": half})
    room.hand_in(typist, {"renewed_offered": "renewed_offered = 0.5"})
    graded = grade(room.out, assignment=room.folder, out=tmp_path / "grades", say=lambda _: None)
    scores = {
        student: {one.question: one.score for one in mine.questions} for student, mine in graded.items()
    }
    assert (scores[honest]["uplift"], scores[followed]["uplift"], scores[typist]["uplift"]) == (1.0, 0.5, 0.0)
    assert ("hidden_seed_fails" in graded[followed].failed) == (how_many == 2)
    assert not graded[honest].failed and not graded[typist].failed
    assert graded.wants_an_eye == (how_many == 2)
