"""Files of every kind of meaning and their mirror images, by the ten thousand: silent errors and needless questions.

    python tests/benchmarks/door_meanings.py [FILES A KIND] [KIND ...]

Both numbers have to be 0. As many processes run as there are cores; a file takes some 25 ms of one, so that 10,000 a
kind (and as many mirror images) of some forty kinds take three hours of two cores.
"""

import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from messy.kinds import KINDS
from messy.verdicts import made, verdict


def tried(name: str, mirror: bool, count: int) -> Counter:
    """What was wrong in so many files of a kind."""
    found = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        for seed in range(count):
            if said := verdict(made(name, seed, mirror), path):
                found[f"{said} (seed {seed})"] += 1
    return found


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    names = sys.argv[2:] or list(KINDS)
    wrong, start = {"silent": 0, "needless": 0, "other": 0}, time.perf_counter()
    with ProcessPoolExecutor() as processes:
        jobs = {
            (name, mirror): processes.submit(tried, name, mirror, count)
            for name in names
            for mirror in (False, True)
        }
        for (name, mirror), job in jobs.items():
            found = job.result()
            for said, times in found.items():
                kind = next((kind for kind in ("silent", "needless") if said.startswith(kind)), "other")
                wrong[kind] += times
            label = f"{name}, mirror image" if mirror else name
            print(f"{label:48}{count:8,}{found.total():8,}  {next(iter(found), '')}", flush=True)
    said = ", ".join(f"{times:,} {kind}" for kind, times in wrong.items())
    print(f"{len(jobs) * count:,} files: {said}; {time.perf_counter() - start:.0f} s")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
