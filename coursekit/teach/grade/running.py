"""Submissions through the wall: as many at once as asked for, and none that has been run before as it is now."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import coursekit.sandbox
import crmkit
from coursekit.messages import KitError
from coursekit.sandbox.cleaning import clean_text
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.sandbox.protocol import NOT_FINAL, Limits, Outcome, Wall
from coursekit.sandbox.walls import wall
from coursekit.teach.progress import as_they_end
from coursekit.teach.results import Journal
from crmkit.data.datasets import datasets_folder


@dataclass(frozen=True)
class Run:
    """One notebook under one seed: whose, under which (own or hidden), and its cells as they are run."""

    student_id: str
    which: str
    cells: list[str]


class Runner:
    """As many walls as jobs, each used by one thread."""

    def __init__(self, *, tier: str, jobs: int, limits: Limits, files: Path):
        self._made = lambda: wall(tier=tier, limits=limits, files=files)
        self._mine = threading.local()
        self._walls: list[Wall] = []
        self._futures: list[Future] = []
        self._pool = ThreadPoolExecutor(jobs)

    def submit(self, cells: list[str]) -> Future:
        self._futures.append(self._pool.submit(self._run, cells))
        return self._futures[-1]

    def _run(self, cells: list[str]) -> Outcome:
        if not hasattr(self._mine, "wall"):
            self._mine.wall = self._made()
            self._walls.append(self._mine.wall)
        return self._mine.wall.run(cells)

    def close(self) -> None:
        for future in self._futures:
            future.cancel()
        for one in self._walls:
            one.close()  # before its thread ends: bubblewrap dies with the thread that started it
        self._pool.shutdown()


def code_version() -> str:
    """The code on which a run depends: what the cells import, what runs them, and the data."""
    return fingerprint(
        Path(crmkit.__file__).parent, Path(coursekit.sandbox.__file__).parent, datasets_folder()
    )


def outcome_of(done: Future) -> Outcome:
    """What came of a run; where the wall itself failed, that: it concerns this submission, and the others go on."""
    try:
        return done.result()
    except KitError:  # no submission can be run on this machine
        raise
    except Exception as problem:
        return Outcome("no_wall", detail=clean_text(f"{type(problem).__name__}: {problem}"[-300:]))


def run_all(
    runs: Iterable[Run],
    journal: Journal,
    *,
    tier: str,
    jobs: int,
    limits: Limits,
    files: Path,
    depends_on: object,
    shown: bool,
) -> dict[tuple[str, str], Outcome]:
    """(student, which) → what came of the run, from the journal where it has been run before.

    ``files``: what every submission finds beside itself; ``depends_on``: what else a result depends on.
    """
    version = code_version()
    outcomes: dict[tuple[str, str], Outcome] = {}
    waiting: dict[Future, tuple[Run, str]] = {}
    runner = Runner(tier=tier, jobs=jobs, limits=limits, files=files)
    try:
        for run in runs:
            key = Journal.key("run", run.cells, asdict(limits), tier, version, depends_on)
            kept = journal.kept("runs", key)
            if kept is None:
                waiting[runner.submit(run.cells)] = (run, key)
            else:
                outcomes[run.student_id, run.which] = Outcome(**kept)
        for done in as_they_end(waiting, shown=shown):
            run, key = waiting[done]
            outcome = outcomes[run.student_id, run.which] = outcome_of(done)
            # a timeout may be the machine's, a wall that failed or a kill is: those are tried again next time
            if outcome.state not in NOT_FINAL:
                journal.keep("runs", key, asdict(outcome))
    finally:
        runner.close()
    return outcomes
