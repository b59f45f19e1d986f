"""``crmkit batch``: any parameterised notebook, once for each row of a table, with papermill underneath.

A row's output is moved into place only when it is whole, and says of itself what it was made from (`KEY`): a stop at
any moment loses at most the rows that were running, and the next call runs only what is missing, has changed or failed.
"""

import copy
import csv
import hashlib
import io
import json
import os
import re
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.processes import end_with_parent
from crmkit.core.cells import csv_cell
from crmkit.core.files import move_over, put

# the data door, papermill and the rest are imported where they are used: each process reads this module anew

KEY = "crmkit_batch"  # of the output's metadata: what it was made from, and a hash of its cells
RESULTS = "results.csv"
LONGEST_ERROR = 500  # characters of an error in the results


@dataclass
class Row:
    """One row of the table; ``number`` is its line there. ``state``: waiting, done or failed."""

    number: int
    label: str
    values: dict
    key: str
    state: str = "waiting"
    seconds: float | None = None
    error: str = ""

    @property
    def stem(self) -> str:
        return f"{self.number:05d}" + (f"_{self.label}" if self.label else "")

    @property
    def output(self) -> str:
        return f"{self.stem}.ipynb"

    @property
    def broken(self) -> str:
        """The notebook as far as it came, of a row that failed."""
        return f"{self.stem}.failed.ipynb"

    @property
    def part(self) -> str:
        return f".{self.number:05d}.part.ipynb"


def batch(
    notebook: Path, *, table: Path, out: Path, jobs: int = 2, sheet: str | None = None, say=print
) -> list[Row]:
    """Run the notebook for every row that is not done yet; all rows, with what became of each.

    ``table``: a CSV, TSV or workbook whose columns are called as the parameters; an empty cell leaves the notebook's
    own value. A kernel starts in the notebook's folder. ``out`` gets one executed notebook a row and ``results.csv``.
    """
    from .batch_table import read_rows
    from .parameters import declared

    node = read_notebook(notebook)
    source = source_hash(node)
    rows = []
    for row in read_rows(table, declared(notebook), sheet):
        rows.append(Row(row.number, row.label, row.values, key=json_hash(source, row.values)))
    out.mkdir(parents=True, exist_ok=True)
    for row in rows:
        _look_for(row, out)
    todo = [row for row in rows if row.state != "done"]
    for leftover in out.glob(".[0-9]*.part.ipynb"):
        leftover.unlink()
    try:
        Batch(notebook, rows, out, jobs).run(todo, bar=say is print)
    finally:
        write_results(rows, out)
    failed = [row for row in rows if row.state == "failed"]
    say(MESSAGES.say("batch_done", count=len(todo) - len(failed), kept=len(rows) - len(todo), folder=out))
    if failed:
        which = ", ".join(str(row.number) for row in failed[:10])
        say(MESSAGES.say("batch_failed", count=len(failed), which=which, file=out / RESULTS))
    return rows


# --- the notebook ---------------------------------------------------------------------------------------------------


def read_notebook(path: Path):
    """The notebook; refused when it is none or has no cell of parameters."""
    import nbformat

    if not path.is_file():
        raise KitError("batch_no_notebook", value=str(path))
    try:
        node = nbformat.read(path, as_version=4)
        tags = [cell.metadata.get("tags", []) for cell in node.cells]
    except Exception as problem:  # whatever a file that is no notebook makes nbformat do
        why = str(problem).splitlines()[0][:200]
        raise KitError("batch_unreadable", value=str(path), why=why) from None
    if not any("parameters" in names for names in tags):
        raise KitError("batch_no_parameters", value=path.name)
    return node


def source_hash(node) -> str:
    """Of what a run depends on: sources and tags, and the kernel; not of outputs that happen to be saved."""
    cells = [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in node.cells]
    return json_hash(cells, node.metadata.get("kernelspec", {}).get("name"))


def json_hash(*parts) -> str:
    """A hash of values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


# --- running --------------------------------------------------------------------------------------------------------


def _look_for(row: Row, out: Path) -> None:
    """Take a row's output for done when it is whole and was made from this; refuse to replace what somebody changed."""
    path = out / row.output
    if not path.exists():
        return
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return  # cut off or overwritten: no notebook any more
    try:
        about = stored["metadata"][KEY]
        key, cells, seconds = about["key"], about["cells"], about["seconds"]
    except (KeyError, TypeError):
        raise KitError("run_not_ours", path=path) from None
    if key == row.key:
        row.state = "done"
        row.seconds = seconds
    elif cells != json_hash(stored.get("cells")):
        raise KitError("run_not_ours", path=path)


class Batch:
    """Rows run in processes; one that dies fails the rows that it was running, and no other."""

    def __init__(self, notebook: Path, rows: list[Row], out: Path, jobs: int):
        self.notebook, self.rows, self.out, self.jobs = notebook, rows, out, jobs
        self.waiting: deque[Row] = deque()
        self.running: dict[Future, Row] = {}
        self.written = 0.0

    def run(self, todo: list[Row], *, bar: bool) -> None:
        """Run the rows of ``todo``; each one's state, seconds and error are then set."""
        self.waiting = deque(todo)
        with _progress(shown=bar and bool(todo)) as progress:
            task = progress.add_task(MESSAGES.say("batch_running", between=" "), total=len(todo))
            while self.waiting:
                self._run_pool(lambda: progress.advance(task))

    def _run_pool(self, advance: Callable[[], None]) -> None:
        """Run rows in one set of processes, until none is waiting or a process has died."""
        pool = ProcessPoolExecutor(
            min(self.jobs, len(self.waiting)),
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(str(self.notebook.resolve()), str(self.out.resolve())),
        )
        self.running = {}
        try:
            while self.waiting or self.running:
                self._fill(pool)
                for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                    self._finish(future)
                    advance()
        except (
            KeyboardInterrupt
        ):  # rows that were interrupted may take for ever; the processes end with this one
            write_results(self.rows, self.out)
            os._exit(130)
        except BrokenProcessPool:
            for row in self.running.values():
                _fail(row)
                advance()
        finally:
            pool.shutdown(cancel_futures=True)

    def _fill(self, pool: ProcessPoolExecutor) -> None:
        """Hand out no more rows than can run: those are lost when a process dies."""
        while self.waiting and len(self.running) < self.jobs:
            future = pool.submit(_run_row, self.waiting[0])  # BrokenProcessPool: this row has not begun
            self.running[future] = self.waiting.popleft()

    def _finish(self, future: Future) -> None:
        row = self.running.pop(future)
        try:
            row.state, row.seconds, row.error = future.result()
        except BrokenProcessPool:
            _fail(row)
        if time.monotonic() - self.written > 1:
            write_results(self.rows, self.out)
            self.written = time.monotonic()


def _fail(row: Row) -> None:
    row.state = "failed"
    row.error = MESSAGES.say("batch_process_died", between=" ")


def _progress(*, shown: bool):
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, disable=not shown)


# --- in a process of its own ----------------------------------------------------------------------------------------

_node = _folder = None


def _begin(notebook: str, out: str) -> None:
    """The notebook is read once a process, and nothing outlives the process that asked for it."""
    global _node, _folder
    end_with_parent()
    _node = read_notebook(Path(notebook))
    _folder = str(Path(notebook).parent)
    os.chdir(out)  # papermill takes {} in a path for its own: the paths that it is given are short and ours


def _run_row(row: Row) -> tuple[str, float, str]:
    """(state, seconds, error) of one row, its output in place."""
    began = time.monotonic()
    error = _execute(row)
    seconds = round(time.monotonic() - began, 2)
    if Path(row.part).exists():
        _put_in_place(row, seconds, failed=bool(error))
    if not error:
        Path(row.broken).unlink(missing_ok=True)
    error = re.sub(r"\x1b\[[0-9;]*m", "", error)
    return ("failed" if error else "done"), seconds, " ".join(error.split())[:LONGEST_ERROR]


def _execute(row: Row) -> str:
    """Run the notebook with the row's values into its part file; the error, empty when there was none."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from coursekit.kernels.private import QUIET, PrivateKernelManager

    try:
        papermill.execute_notebook(
            copy.deepcopy(_node),
            row.part,
            parameters=row.values,
            progress_bar=False,
            cwd=_folder,
            kernel_manager_class=PrivateKernelManager,
            extra_arguments=[QUIET],
        )
    except PapermillExecutionError as problem:
        return f"{problem.ename}: {problem.evalue}" if problem.evalue else problem.ename
    except KitError as problem:
        return str(problem)
    except Exception as problem:  # no such kernel, a kernel that died: the row's own failure, not the run's
        return f"{type(problem).__name__}: {problem}"
    return ""


def _put_in_place(row: Row, seconds: float, *, failed: bool) -> None:
    """Write into the part file what it was made from, and rename it once it is on the disk."""
    import nbformat

    from .execution import without_papermill_notes

    part = Path(row.part)
    done = nbformat.read(part, as_version=4)
    done.cells = without_papermill_notes(done.cells)
    done.metadata["papermill"] |= {"input_path": "", "output_path": row.output}
    cells = json.loads(nbformat.writes(done))["cells"]
    done.metadata[KEY] = {"key": row.key, "row": row.number, "seconds": seconds, "cells": json_hash(cells)}
    nbformat.write(done, part)
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    move_over(part, Path(row.broken if failed else row.output))


# --- the results ----------------------------------------------------------------------------------------------------


def write_results(rows: list[Row], out: Path) -> None:
    """The table of all rows, replaced whole; numbers as they were given, text never a formula."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(["row", *names, "state", "seconds", "error", "output"])
    for row in rows:
        values = [_result_cell(row.values.get(name)) for name in names]
        output = _output_of(row, out)
        writer.writerow([row.number, *values, row.state, row.seconds, csv_cell(row.error), csv_cell(output)])
    put(out / RESULTS, held.getvalue(), encoding="utf-8-sig")


def _result_cell(value):
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False)
    return csv_cell(value)


def _output_of(row: Row, out: Path) -> str:
    """The file that shows what became of a row; empty when there is none."""
    if row.state == "done":
        return row.output
    return row.broken if (out / row.broken).exists() else ""
