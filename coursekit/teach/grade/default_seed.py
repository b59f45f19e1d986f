"""Answers that are right for the seed with which everybody's copy begins: the student's own parameters were not used.

Whoever has worked on a copy from the course, or has run no cell of parameters but the first, gives numbers that all
others who did so give as well: these are nobody's property, and no sign that one has copied from another.
"""

from collections.abc import Mapping

from coursekit.lessons.exercise import Exercise, compare

from .graded import DEFAULT_SEED, Graded
from .marking import QuestionMark, RightOf
from .numbers import MANY_DIGITS, digits_of, is_number
from .right_answers import NoRight

COMPARED = ("number", "table", "chart")  # of a choice, somebody who guesses hits upon any


def note_default_seed(mine: Graded, exercise: Exercise, right_of: RightOf) -> None:
    """Which wrong answers are right for the default seed, and whether they are so beyond chance.

    ``right_of``: a seed → the right answers. Errors: none where there are no such.
    """
    mine.on_default = []
    wrong = [one for one in mine.questions if _is_wrong(one, exercise.questions)]
    if not wrong or exercise.default_seed is None:
        return
    try:
        right = right_of(exercise.default_seed)
    except NoRight:
        return
    found = [one for one in wrong if _is_right_there(one, exercise.questions, right)]
    mine.on_default = [one.question for one in found]
    if len(found) > 1 or any(_says_enough(one) for one in found):
        mine.flags.append(DEFAULT_SEED)


def _is_wrong(one: QuestionMark, questions: Mapping[str, dict]) -> bool:
    question = questions.get(one.question)
    if question is None or question["kind"] not in COMPARED or one.value is None:
        return False
    return compare(question, one.value, one.right).score != 1


def _is_right_there(one: QuestionMark, questions: Mapping[str, dict], right: Mapping[str, object]) -> bool:
    return compare(questions[one.question], one.value, right[one.question]).score == 1


def _says_enough(one: QuestionMark) -> bool:
    """Whether nobody gives this by chance: all of a table or chart, or a number that nobody has rounded."""
    return not is_number(one.value) or digits_of(one.value) >= MANY_DIGITS
