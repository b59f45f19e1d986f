"""Of files of one student's that lie in several places: nobody is robbed by a copy, and nobody guesses as often.

Names tell nobody; the real command grades them.
"""

import os
from datetime import datetime

import pytest
from classroom import Classroom
from handing_over import blank, graded, worked, zipped

from coursekit import cli

GUESSES = ("new", "steady", "sleeping")
# everything else is right
LEFT_OPEN = {"uplift_chart": "uplift_chart = None", "profit": "profit = None"}


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return Classroom(tmp_path_factory.mktemp("settling"), students=6, due="2026-11-30T18:00")


def guessed(room: Classroom, student: str, choice: str, **changed: str) -> bytes:
    return worked(room, student, **{"best_segment": f"best_segment = {choice!r}", **LEFT_OPEN, **changed})


def right_choice(room: Classroom, student: str) -> str:
    return room.exercise.right_answers(room.variant(student)["seed"])["best_segment"]


def test_own_tries_robbers_and_those_who_lie_beside_them(walled, room, tmp_path):
    a, b, c, d, e, f = room.students
    folder = tmp_path / "in"
    hour = iter(range(30))

    def put(name: str, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        moment = datetime(2026, 11, 20).timestamp() + 3600 * next(hour)
        os.utime(path, (moment, moment))

    # a guesses: the right one first, the wrong ones later
    right = right_choice(room, a)
    wrong = [choice for choice in GUESSES if choice != right]
    for number, choice in enumerate((right, *wrong)):
        put(f"guess{number}x.ipynb", guessed(room, a, choice))
    # b's work, then a classmate's blank and a hardly begun copy of it
    put("work of b.ipynb", worked(room, b))
    put("zz.ipynb", blank(room, b))
    begun = {name: f"{name} = None" for name in room.exercise.questions if name != "renewed_offered"}
    put("yy.ipynb", worked(room, b, **begun))
    # c's variant was worked on by somebody else, in other words and less well
    put("work of c.ipynb", worked(room, c))
    anothers = {
        name: f"mine = {i}\n{code}"
        for i, (name, code) in enumerate(room.solution.items())
        if name != "advice"
    }
    anothers["renewed_offered"] = "renewed_offered = 0.125"
    put("xx.ipynb", worked(room, c, **anothers))
    # d tries, is passed off with a blank one, and hands in the first again
    wrong = [choice for choice in GUESSES if choice != right_choice(room, d)]
    put("try1.ipynb", guessed(room, d, wrong[0]))
    put("try2.ipynb", guessed(room, d, right_choice(room, d)))
    put("try3.ipynb", blank(room, d))
    put("try4.ipynb", guessed(room, d, wrong[0]))
    # e's folder is e's own, whatever folders are in it
    right = right_choice(room, e)
    put("8005/one/ex.ipynb", guessed(room, e, right))
    put("8005/two/ex.ipynb", guessed(room, e, [choice for choice in GUESSES if choice != right][0]))
    # f's file in another's folder is another's hand-in
    put("8006/ex.ipynb", worked(room, f))
    put("8009/ex.ipynb", worked(room, f, renewed_offered="renewed_offered = 0.125"))

    code, book, problems = graded(room, folder, tmp_path / "grades")
    assert code == cli.WANTS_AN_EYE
    assert {one: (book[one]["file"], book[one]["flags"]) for one in room.students} == {
        a: ("guess2x.ipynb", "several_tries"),
        b: ("work of b.ipynb", "two_places"),
        c: ("work of c.ipynb", "two_places"),
        d: ("try1.ipynb", "several_tries two_places"),
        e: ("8005/two/ex.ipynb", "several_tries"),
        f: ("8006/ex.ipynb", "two_places"),
    }
    assert [float(book[one]["best_segment"]) for one in (a, d, e)] == [0, 0, 0]
    assert [float(book[one]["renewed_offered"]) for one in (b, c, f)] == [1, 1, 1]
    assert {
        ("earlier_file", name) for name in ("guess0x.ipynb", "zz.ipynb", "xx.ipynb", "try2.ipynb")
    } <= set(problems)


def test_of_a_download_graded_before_the_later_try_counts_and_a_robbers_copy_does_not(walled, room, tmp_path):
    a, b, *_ = room.students
    out = tmp_path / "grades"
    right = right_choice(room, a)
    (wrong, *_) = [choice for choice in GUESSES if choice != right]
    files = {"one.ipynb": guessed(room, a, right), "two.ipynb": worked(room, b)}
    _, before, _ = graded(room, zipped(tmp_path / "a.zip", files), out)
    later = {"three.ipynb": guessed(room, a, wrong), "four.ipynb": blank(room, b)}
    code, after, _ = graded(room, zipped(tmp_path / "b.zip", later, (2026, 11, 25, 12, 0, 0)), out)
    assert code == cli.WANTS_AN_EYE
    assert (before[a]["best_segment"], after[a]["best_segment"]) == ("1", "0")
    assert (after[a]["file"], after[a]["flags"]) == ("b.zip/three.ipynb", "several_tries")
    assert (after[b]["total"], after[b]["flags"]) == (before[b]["total"], "two_places")
