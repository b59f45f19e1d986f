"""The right answers, worked out from the pack's own code in another process and kept:
no student's code is near them.
"""

import hashlib
import importlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import coursekit.lessons
import crmkit
from coursekit.lessons.exercise import FILES, Exercise, load_exercise
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.sandbox.worker import Worker
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.results import Journal
from crmkit.data.datasets import datasets_folder

USED_BY_ALL = (
    "pandas",
    "matplotlib.pyplot",
    "seaborn",
    "crmkit",
)  # loaded before the clock of the first runs


@dataclass(frozen=True, kw_only=True)
class RightsLimits:
    """What working out right answers may use: a student's own values may make the solution's code go on without end."""

    seconds: float = 180.0  # of the pack's own answers for one seed
    seconds_given: float = 20.0  # on a student's own earlier values
    memory: int = 3 << 30  # bytes beyond what the process holds with the exercise loaded


class NoRight(Exception):
    """There is no right answer to compare with: the solution's code failed on this seed, or on these values."""


def pack_files(about: Assignment) -> dict[str, str]:
    """The pack's own data by their hashes: what was run or worked out on other data is not kept."""
    folder = about.pack.parent / FILES
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class RightAnswers:
    """Right answers by seed, on a student's own earlier values where that is asked; worked out once."""

    def __init__(
        self,
        about: Assignment,
        exercise: Exercise,
        journal: Journal,
        limits: RightsLimits = RightsLimits(),
    ):
        self.journal = journal
        self._limits = limits
        self._worker = Worker(load, (str(about.pack),), memory=limits.memory)
        # what they depend on: the exercise's code and contracts, its data, and the code that works them out
        parts = [
            (cell.source, cell.question, cell.tags)
            for cell in exercise.lesson.exercise
            if cell.kind == "code"
        ]
        self._depends_on = Journal.key(parts, pack_files(about), code_version())
        self._thread = ThreadPoolExecutor(1)  # it waits for the process, so that this one need not
        self._begun: dict[str, Future] = {}
        self._failed: dict[str, NoRight] = {}

    def begin(self, seed: int, lang: str) -> None:
        """Work them out while the submissions run."""
        key = self._key(seed, {}, lang)
        if key not in self._begun and self.journal.kept("rights", key) is None:
            self._begun[key] = self._submit(seed, {}, lang)

    def of(self, seed: int, given: dict, lang: str) -> dict:
        """Question → right answer; ``given``: a student's own earlier answers, on which later questions rest.

        Errors: NoRight, in a chain with what went wrong.
        """
        key = self._key(seed, given, lang)
        kept = self.journal.kept("rights", key)
        if kept is not None:
            return kept
        if key in self._failed:
            raise self._failed[key]
        working = self._begun.pop(key, None) or self._submit(seed, given, lang)
        try:
            kept = working.result()
        except Exception as problem:  # of the pack's code, which may raise whatever it likes
            failed = self._failed[key] = NoRight(str(problem) or type(problem).__name__)
            raise failed from problem
        self.journal.keep("rights", key, kept)
        return kept

    def _key(self, seed: int, given: dict, lang: str) -> str:
        return Journal.key(self._depends_on, seed, given, lang)

    def _submit(self, seed: int, given: dict, lang: str) -> Future:
        seconds = self._limits.seconds_given if given else self._limits.seconds
        return self._thread.submit(self._worker.call, work_out, seed, given, lang, seconds=seconds)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._worker.stop()
        self._thread.shutdown()
        self._worker.close()


def code_version() -> str:
    """The code on which right answers depend: what exercises import, what works them out, and the data."""
    return fingerprint(
        Path(crmkit.__file__).parent, Path(coursekit.lessons.__file__).parent, datasets_folder()
    )


# --- in the other process ---------------------------------------------------------------------------------------------

_exercise: Exercise | None = None


def load(path: str) -> None:
    """Called first in the process that works right answers out."""
    global _exercise
    _exercise = load_exercise(Path(path))
    for name in USED_BY_ALL:
        importlib.import_module(name)


def work_out(seed: int, given: dict, lang: str) -> dict:
    return _exercise.right_answers(seed, given, lang=lang)
