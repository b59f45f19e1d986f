"""Garbage down the real path of answers, a million submissions:
python tests/benchmarks/garbage_fate.py [SUBMISSIONS [FIRST]].

Each is spoilt from a whole sheet, sent as frames, cleaned, admitted, marked (one in four with a second run) and kept;
every two-hundredth is written to all pages and tables. Prints how many came how far, and fails at the first that
raises, which it names by its number: ``Garbage(number)`` makes it again.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import _peers  # noqa: F401 - puts tests/support on the path
from garbage import Garbage, Written, frames_of, marked, outcome_of

SUBMISSIONS = 1_000_000
CLASS = 5_000  # submissions, of which one in two hundred is written
ONE_IN = 200


def one_class(first: int, size: int, counts: Counter) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = Written(Path(folder))
        for number in range(first, first + size):
            outcome = outcome_of(frames_of(Garbage(number)))
            second = outcome_of(frames_of(Garbage(-1 - number))) if number % 4 == 0 else None
            try:
                mine = marked(f"s{number}", outcome, second=second)
            except Exception:
                print(f"submission {number}")
                raise
            counts["submissions"] += 1
            counts["with a sheet"] += outcome.sheet is not None
            counts["with an error"] += bool(outcome.errors)
            for one in mine.questions:
                counts[f"answers {one.state}"] += 1
            counts["followed"] += sum(one.followed for one in mine.questions)
            if number % ONE_IN == 0:
                written.graded[mine.student_id] = mine
        garbage = Garbage(first)
        written.write({student: garbage.text() for student in written.graded})
        counts["written"] += len(written.graded)


def main(submissions: int, first: int) -> int:
    counts: Counter = Counter()
    start = time.perf_counter()
    for begin in range(first, first + submissions, CLASS):
        one_class(begin, min(CLASS, first + submissions - begin), counts)
        print(f"{counts['submissions']:,} in {time.perf_counter() - start:.0f} s", flush=True)
    for name, count in counts.items():
        print(f"{name}: {count:,}")
    return 0


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(given + [SUBMISSIONS, 0][len(given) :])))
