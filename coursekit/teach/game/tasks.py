"""Games played in processes of their own, each once whatever happens in between."""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import coursekit.sandbox
import crmkit
from coursekit.sandbox.cleaning import clean_text
from coursekit.sandbox.fingerprint import fingerprint
from coursekit.sandbox.worker import Worker, Workers, WorkFailed
from coursekit.teach.progress import as_they_end
from coursekit.teach.results import Journal
from crmkit.market.game.game import Setup
from crmkit.market.words import differences

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
    seconds: float | None = None,
    memory: int | None = None,
) -> dict[Task, dict]:
    """Task → result of ``work(*arguments)``; ``tasks`` holds arguments, and what the journal has is not done again.

    Each process has called ``begin(*settings)`` before; a result with ``again`` set is not kept, for it may be the
    machine's fault. With ``seconds`` the tasks are strangers': one that takes longer, ends its process or raises has a
    result that says so under ``failed``, and is not kept; the others are done. Without, an error is ours and comes out.
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
    workers = Workers(lambda: Worker(begin, settings, memory=memory))

    def do(task: Task) -> dict:
        return workers.mine().call(work, *tasks[task], seconds=seconds)

    with ThreadPoolExecutor(min(jobs, len(todo))) as pool:
        waiting = {pool.submit(do, task): task for task in todo}
        try:
            for done in as_they_end(waiting, shown=shown):
                task = waiting[done]
                results[task] = done.result() if seconds is None else _result_or_failure(done)
                if "failed" not in results[task] and not results[task].pop("again", False):
                    journal.keep("runs", keys[task], results[task])
        finally:
            for future in waiting:
                future.cancel()
            workers.stop()
    workers.close()
    return results


def _result_or_failure(done: Future) -> dict:
    try:
        return done.result()
    except WorkFailed as problem:
        return {"failed": problem.kind, "detail": clean_text(problem.why)}
    except Exception as problem:
        return {"failed": "raised", "detail": clean_text(f"{type(problem).__name__}: {problem}"[:300])}


def benchmarks(setup: dict, rounds: int) -> dict:
    """What changing nothing, and what the search with the truth in hand, comes to in a market;
    what the search changed.
    """
    own = Setup(**setup)
    firms, found = own.benchmarks(rounds=rounds)
    usual = own.opened(months=1).scenario.status_quo
    return {
        "nothing": firms["do_nothing"].value,
        "search": firms["truth_search"].value,
        "found": differences(found, usual),
    }
