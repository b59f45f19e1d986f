"""The right answers, worked out from the pack's own code in another process and kept: no student's code is near them."""

import hashlib
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import coursekit.lessons
import crmkit
from coursekit.lessons.exercise import FILES, Exercise, load_exercise
from coursekit.processes import end_with_parent
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.results import Journal
from crmkit.data.datasets import datasets_folder


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

    def __init__(self, about: Assignment, exercise: Exercise, journal: Journal):
        self.journal = journal
        self._pack = about.pack
        # what they depend on: the exercise's code and contracts, its data, and the code that works them out
        parts = [
            (cell.source, cell.question, cell.tags)
            for cell in exercise.lesson.exercise
            if cell.kind == "code"
        ]
        self._depends_on = Journal.key(parts, pack_files(about), code_version())
        self._pool: ProcessPoolExecutor | None = None
        self._begun: dict[str, Future] = {}

    def begin(self, seed: int, lang: str) -> None:
        """Work them out while the submissions run."""
        key = self._key(seed, {}, lang)
        if key not in self._begun and self.journal.kept("rights", key) is None:
            self._begun[key] = self._submit(seed, {}, lang)

    def of(self, seed: int, given: dict, lang: str) -> dict:
        """Question → right answer; ``given``: a student's own earlier answers, on which later questions rest."""
        key = self._key(seed, given, lang)
        kept = self.journal.kept("rights", key)
        if kept is None:
            working = self._begun.pop(key, None) or self._submit(seed, given, lang)
            kept = working.result()
            self.journal.keep("rights", key, kept)
        return kept

    def _key(self, seed: int, given: dict, lang: str) -> str:
        return Journal.key(self._depends_on, seed, given, lang)

    def _submit(self, seed: int, given: dict, lang: str) -> Future:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=load, initargs=(str(self._pack),)
            )
        return self._pool.submit(work_out, seed, given, lang)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


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
    end_with_parent()
    _exercise = load_exercise(Path(path))


def work_out(seed: int, given: dict, lang: str) -> dict:
    return _exercise.right_answers(seed, given, lang=lang)
