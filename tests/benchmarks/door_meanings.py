"""Files of every kind of meaning and their mirror images, by the ten thousand: silent errors and needless questions.

    python tests/benchmarks/door_meanings.py [FILES A KIND] [KIND ...]

Both numbers have to be 0.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from messy.kinds import KINDS
from messy.verdicts import made, verdict


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    names = sys.argv[2:] or list(KINDS)
    wrong, start = 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        for name in names:
            for mirror in (False, True):
                found = Counter()
                for seed in range(count):
                    if said := verdict(made(name, seed, mirror), path):
                        found[f"{said} (seed {seed})"] += 1
                wrong += found.total()
                label = f"{name}, mirror image" if mirror else name
                print(f"{label:48}{count:8,}{found.total():8,}  {next(iter(found), '')}", flush=True)
    print(f"{wrong:,} wrong; {time.perf_counter() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
