"""False alarms of copying on honest classes: python tests/benchmarks/innocent_copiers.py [CLASSES].

Right answers of many seeds of two real exercises; 30 % of all numbers are wrong, with the value that is right for a
seed of nobody in the class, which is the hardest form of an honest mistake; a fifth of all answers stands in the code
as a number, half of those rounded to four digits. Prints pairs told per class, and fails where honest classes have more
than one in ten; beside them a planted pair in each class, and how often that is told.
"""

import random
import sys
import time

import _peers  # noqa: F401 - puts tests/support on the path
from classroom import PACK

from coursekit.lessons.exercise import compare, load_exercise
from coursekit.teach.assign.assign import find_exercise
from coursekit.teach.grade.copying import copying
from coursekit.teach.grade.marking import QuestionMark

CLASSES = 100
POOL = 160  # seeds beyond the class, from which wrong answers come
SIZES = (30, 300)
MOST = 0.1  # innocent pairs a class
WRONG, TYPED = 0.3, 0.2


def simulated(exercise, rights: list[dict], size: int, rng: random.Random, *, planted: bool) -> list:
    """The pairs that are told in one class."""
    numbers = [name for name, question in exercise.questions.items() if question["kind"] == "number"]
    chosen = rng.sample(range(len(rights)), size + POOL)
    members, pool = chosen[:size], chosen[size:]
    marks, codes = {}, {}
    for place, member in enumerate(members):
        row = []
        for name, question in exercise.questions.items():
            right = value = rights[member][name]
            if name in numbers and rng.random() < WRONG:
                value = rights[rng.choice(pool)][name]
            if planted and place == 0 and name in numbers:
                value = rights[members[1]][name]
                codes.setdefault("0", []).append(f"{name} = {value!r}")
            elif name in numbers and rng.random() < TYPED:
                typed = value if rng.random() < 0.5 else float(f"{value:.4g}")
                codes.setdefault(str(place), []).append(f"{name} = {typed!r}")
            score = 1.0 if value == right else compare(question, value, right).score
            row.append(QuestionMark(name, 1, "recorded", score, "", {}, value=value, right=right))
        marks[str(place)] = row
    return copying(marks, exercise.questions, codes)


def main(classes: int) -> int:
    worst = 0.0
    for source in (PACK / "gym_offer.md", find_exercise("06")):
        exercise = load_exercise(source)
        start = time.perf_counter()
        rights = [exercise.right_answers(1000 + number) for number in range(max(SIZES) + POOL)]
        print(f"{exercise.slug}: {len(rights)} right answers in {time.perf_counter() - start:.0f} s")
        for size in SIZES:
            rng = random.Random(size)
            innocent = [len(simulated(exercise, rights, size, rng, planted=False)) for _ in range(classes)]
            caught = 0
            for _ in range(min(classes, 20)):
                pairs = simulated(exercise, rights, size, rng, planted=True)
                caught += any((one.student_id, one.key_of) == ("0", "1") for one in pairs)
            mean = sum(innocent) / classes
            worst = max(worst, mean)
            print(
                f"{exercise.slug}, classes of {size}: {mean:.3f} innocent pairs a class ({sum(innocent)} in {classes}); "
                f"planted pair told {caught} of {min(classes, 20)}"
            )
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CLASSES))
