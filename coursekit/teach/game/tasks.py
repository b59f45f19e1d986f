"""Games played in processes of their own, each once whatever happens in between."""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import coursekit.sandbox
import crmkit
from coursekit.processes import end_with_parent
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.teach.progress import as_they_end
from coursekit.teach.results import Journal
from crmkit.market.game.game import Setup

Task = TypeVar("Task", bound=Hashable)


def code_version() -> str:
    """The code on which a played game depends: the kit with its market, what runs policies, and this package."""
    return fingerprint(
        Path(crmkit.__file__).parent, Path(coursekit.sandbox.__file__).parent, Path(__file__).parent
    )


def do_all(
    tasks: Mapping[Task, tuple],
    work: Callable[..., dict],
    journal: Journal,
    *,
    jobs: int,
    shown: bool,
    begin: Callable[..., None] | None = None,
    settings: tuple = (),
) -> dict[Task, dict]:
    """Task → result of ``work(*arguments)``; ``tasks`` holds arguments, and what the journal has is not done again.

    Each process has called ``begin(*settings)`` before; a result with ``again`` set is not kept, for it may be the
    machine's fault.
    """
    version = code_version()
    keys = {}
    results = {}
    for task, arguments in tasks.items():
        keys[task] = Journal.key(version, work.__name__, settings, arguments)
        results[task] = journal.kept("runs", keys[task])
    todo = [task for task, result in results.items() if result is None]
    if not todo:
        return results
    with ProcessPoolExecutor(
        min(jobs, len(todo)),
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(begin, settings),
    ) as pool:
        waiting = {pool.submit(work, *tasks[task]): task for task in todo}
        try:
            for done in as_they_end(waiting, shown=shown):
                task = waiting[done]
                results[task] = done.result()
                if not results[task].pop("again", False):
                    journal.keep("runs", keys[task], results[task])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _begin(begin: Callable[..., None] | None, settings: tuple) -> None:
    end_with_parent()
    if begin:
        begin(*settings)


def benchmarks(setup: dict, rounds: int) -> dict:
    """What changing nothing, and what the search with the truth in hand, comes to in a market."""
    firms, _ = Setup(**setup).benchmarks(rounds=rounds)
    return {"nothing": firms["do_nothing"].value, "search": firms["truth_search"].value}
