"""Every solution notebook on thirty seeds through papermill, beside the grader: seconds of each,
and whether they agree.

python tests/benchmarks/thirty_seeds.py [SLUG ...]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "support"), str(HERE.parents[1] / "lessons")]

from full_marks import assert_full_marks  # noqa: E402
from kernels import WarmKernel  # noqa: E402
from places import ROOT  # noqa: E402
from test_thirty_seeds import SEEDS, SOLUTIONS  # noqa: E402

from coursekit.lessons.exercise import load_exercise  # noqa: E402
from coursekit.lessons.names import notebook_path  # noqa: E402

LANGUAGES = ("zh", "en", "both")


def main() -> None:
    chosen = sys.argv[1:] or SOLUTIONS
    with tempfile.TemporaryDirectory() as folder:
        kernel = WarmKernel(Path(folder))
        for slug in chosen:
            measure(kernel, slug)
        kernel.stop()


def measure(kernel: WarmKernel, slug: str) -> None:
    exercise = load_exercise(ROOT / "lessons" / f"{slug}.md")
    began = time.perf_counter()
    right = {seed: exercise.right_answers(seed) for seed in SEEDS}
    by_the_grader = time.perf_counter() - began
    began = time.perf_counter()
    for seed in SEEDS:
        kernel.run(ROOT / notebook_path("solutions", slug), seed=seed, lang=LANGUAGES[seed % 3])
        sheet = json.loads(kernel.answers.read_text(encoding="utf-8"))
        assert_full_marks(exercise, sheet, seed, right[seed])
    in_the_notebook = time.perf_counter() - began
    print(f"{slug}: grader {by_the_grader:.1f} s, notebook {in_the_notebook:.1f} s, all {len(SEEDS)} agree")


if __name__ == "__main__":
    main()
