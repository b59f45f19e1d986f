"""``crmkit batch``: any parameterised notebook, once for each row of a table, with papermill underneath.

A row's output is moved into place only when it is whole, and says of itself what it was made from (`KEY`): a stop at any
moment loses at most the rows that were running, and the next call runs only what is missing, has changed or failed.
"""

import ast
import csv
import hashlib
import io
import json
import os
import re
import time
import unicodedata
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.processes import end_with_parent
from crmkit.core.cells import csv_cell
from crmkit.core.files import move_over, put

# the data door, papermill and the rest are imported where they are used: each process reads this module anew

KEY = "crmkit_batch"  # of the output's metadata: what it was made from, and a hash of its cells
RESULTS = "results.csv"
LABELS = (
    "id",
    "name",
    "编号",
    "名称",
)  # columns that name a row; parameters only where the notebook has them
MOST_SAID = 10  # of the cells that cannot be read, said at once
YES_NO = {"是": "true", "否": "false", "真": "true", "假": "false"}


@dataclass(frozen=True)
class Parameter:
    """One of the notebook's: ``kind`` is int, float, bool, str, list, dict or None, where it declares none."""

    name: str
    kind: str | None
    default: str


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

    ``table``: a CSV, TSV or workbook whose columns are called as the parameters; an empty cell leaves the notebook's own
    value. A kernel starts in the notebook's folder. ``out`` gets one executed notebook a row and ``results.csv``.
    """
    node = read_notebook(notebook)
    rows = read_rows(table, declared(notebook, node), source_hash(node), sheet)
    out.mkdir(parents=True, exist_ok=True)
    for row in rows:
        _look_for(row, out)
    todo = [row for row in rows if row.state != "done"]
    for leftover in out.glob(".[0-9]*.part.ipynb"):
        leftover.unlink()
    try:
        _run_all(notebook, rows, todo, out, jobs, say)
    finally:
        _write_results(rows, out)
    failed = [row for row in rows if row.state == "failed"]
    say(MESSAGES.say("batch_done", count=len(todo) - len(failed), kept=len(rows) - len(todo), folder=out))
    if failed:
        say(
            MESSAGES.say(
                "batch_failed",
                count=len(failed),
                which=", ".join(str(r.number) for r in failed[:10]),
                file=out / RESULTS,
            )
        )
    return rows


# --- the notebook ---------------------------------------------------------------------------------------------------


def read_notebook(path: Path):
    """The notebook; refused when it is none or has no cell of parameters."""
    import nbformat

    if not path.is_file():
        raise KitError("batch_no_notebook", value=str(path))
    try:
        node = nbformat.read(path, as_version=4)
        if any("parameters" in cell.metadata.get("tags", []) for cell in node.cells):
            return node
    except Exception as problem:  # whatever a file that is no notebook makes nbformat do
        raise KitError("batch_unreadable", value=str(path), why=str(problem).splitlines()[0][:200]) from None
    raise KitError("batch_no_parameters", value=path.name)


def declared(path: Path, node) -> dict[str, Parameter]:
    """The parameters that papermill sees, and those that its line by line reading passes over (``int | None``)."""
    from papermill import inspect_notebook

    plain = str(path).replace("{", "{{").replace("}", "}}")  # papermill fills in what stands between braces
    known = {
        name: Parameter(name, _kind(p["inferred_type_name"], p["default"]), p["default"])
        for name, p in inspect_notebook(plain).items()
    }
    cell = next(c for c in node.cells if "parameters" in c.metadata.get("tags", []))
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # another language than Python
        return known
    for line in statements:
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        if (
            isinstance(line, (ast.Assign, ast.AnnAssign))
            and isinstance(target, ast.Name)
            and line.value is not None
        ):
            default = ast.unparse(line.value)
            annotation = ast.unparse(line.annotation) if isinstance(line, ast.AnnAssign) else "None"
            known[target.id] = Parameter(target.id, _kind(annotation, default), default)
    return known


def _kind(annotation: str, default: str) -> str | None:
    """The type of a parameter: as annotated, else as its default is."""
    found = re.sub(r"^(?:typing\.)?Optional\[(.*)\]$|\s*\|\s*None$", r"\1", annotation.strip("\"' "))
    if found == "None":
        try:
            found = type(ast.literal_eval(default)).__name__
        except (ValueError, SyntaxError):
            return None
    found = re.split(r"[\[\s]", found)[0].lower()
    return found if found in ("int", "float", "bool", "str", "list", "dict") else None


def source_hash(node) -> str:
    """Of what a run depends on: sources and tags, and the kernel; not of outputs that happen to be saved."""
    cells = [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in node.cells]
    return _hash(cells, node.metadata.get("kernelspec", {}).get("name"))


def _hash(*parts) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


# --- the table ------------------------------------------------------------------------------------------------------


def read_rows(path: Path, parameters: dict[str, Parameter], source: str, sheet: str | None) -> list[Row]:
    """The rows as typed values; every cell that cannot be read is said, with its row, before anything runs."""
    if not path.is_file():
        raise KitError("batch_no_table", value=str(path))
    table, names = _find(path, parameters, sheet)
    rows, wrong = [], []
    for chunk in table.chunks():
        lines = chunk.lines.tolist()
        if chunk.surplus:
            raise KitError("batch_surplus", value=path.name, row=lines[chunk.surplus[0]], count=len(names))
        columns = [list(c.to_pylist() if hasattr(c, "to_pylist") else c) for c in chunk.columns]
        for line, cells in zip(lines, zip(*columns)):
            given = {name: cell for name, cell in zip(names, cells) if name and not _empty(cell)}
            if not given:
                continue
            values = {}
            for name, cell in given.items():
                if name not in parameters:
                    continue
                try:
                    values[name] = cell_value(parameters[name], cell)
                except ValueError:
                    wrong.append((line, name, cell))
            label = "_".join(_text(given[n]) for n in dict.fromkeys(LABELS) if n in given)
            rows.append(Row(line, safe_label(label), values, _hash(source, values)))
    if wrong:
        said = [
            MESSAGES.say(
                "batch_cell",
                between=" ",
                row=line,
                name=name,
                value=_text(cell)[:80],
                type=parameters[name].kind,
            )
            for line, name, cell in wrong[:MOST_SAID]
        ]
        raise KitError(
            "batch_cells", value=path.name, count=len(wrong), which="\n".join(f"  {line}" for line in said)
        )
    if not rows:
        raise KitError("batch_no_rows", value=path.name)
    return rows


def _find(path: Path, parameters: dict[str, Parameter], sheet: str | None):
    """The table, and the parameter or label that each column stands for; the header is the first row with a parameter."""
    from coursekit.handed_tables import under_each_header

    first: list[str] = []
    for table in under_each_header(path, sheet):
        names = [unicodedata.normalize("NFC", _text(str(name))) for name in table.header.names]
        first = first or [name for name in names if name]
        if set(names) & set(parameters):
            break
    else:
        names = first
    allowed = "\n".join(
        f"  {p.name}{f': {p.kind}' if p.kind else ''} = {p.default}" for p in parameters.values()
    )
    unknown = [name for name in names if name and name not in parameters and name not in LABELS]
    if unknown or not set(names) & set(parameters):
        raise KitError(
            "batch_unknown", value=", ".join(unknown or names) or "—", name=path.name, allowed=allowed
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise KitError("batch_twice", value=", ".join(twice), name=path.name)
    return table, names


def _empty(cell) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not _text(cell))


def _text(cell) -> str:
    """A cell as its reader sees it: 12345.0 of a workbook is 12345, a date without a time of day is a date."""
    from crmkit.data.transactions.table import bare_text

    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, (date, datetime)) else bare_text(str(cell))


def cell_value(parameter: Parameter, cell):
    """A cell as the parameter's type; ValueError when it is not of it."""
    from .run import typed

    kind, text = parameter.kind, _text(cell)
    if kind in ("list", "dict") or kind is None:
        try:
            found = ast.literal_eval(text)
            json.dumps(found, allow_nan=False)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            found = text
        if kind and type(found).__name__ != kind:
            raise ValueError(text)
        return found
    if isinstance(cell, bool):
        text = str(cell)
    if kind == "float" and isinstance(cell, float):
        return typed(parameter.name, cell, kind)
    return typed(parameter.name, YES_NO.get(text, text) if kind == "bool" else text, kind)


def safe_label(text: str) -> str:
    """A name as part of a file's name that every system takes: no signs, no control characters, 60 characters at most."""
    from .run import safe_name

    text = "".join(
        "_" if unicodedata.category(c)[0] in "CZ" or c in "{}%#&'`$!" else c
        for c in unicodedata.normalize("NFC", text)
    )
    text = safe_name(text[:60]) if text.strip("_ .") else ""
    while len(text.encode()) > 150:
        text = text[:-1]
    return text.strip("_ .")


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
        key, made, seconds = about["key"], about["cells"], about["seconds"]
    except (KeyError, TypeError):
        raise KitError("run_not_ours", path=path) from None
    if key == row.key:
        row.state, row.seconds = "done", seconds
    elif made != _hash(stored.get("cells")):
        raise KitError("run_not_ours", path=path)


def _run_all(notebook: Path, rows: list[Row], todo: list[Row], out: Path, jobs: int, say) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    waiting, written = deque(todo), 0.0
    with Progress(*columns, disable=say is not print or not todo) as progress:
        task = progress.add_task(MESSAGES.say("batch_running", between=" "), total=len(todo))
        while waiting:
            pool = ProcessPoolExecutor(
                min(jobs, len(waiting)),
                mp_context=get_context("spawn"),
                initializer=_begin,
                initargs=(str(notebook.resolve()), str(out.resolve())),
            )
            running = {}
            try:
                while waiting or running:
                    while (
                        waiting and len(running) < jobs
                    ):  # no more than can run: those are lost when a process dies
                        row = waiting.popleft()
                        running[pool.submit(_run_row, row)] = row
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        row = running.pop(done)
                        try:
                            row.state, row.seconds, row.error = done.result()
                        except BrokenProcessPool:
                            row.state, row.error = "failed", MESSAGES.say("batch_process_died", between=" ")
                        progress.advance(task)
                        if time.monotonic() - written > 1:
                            _write_results(rows, out)
                            written = time.monotonic()
            except (
                KeyboardInterrupt
            ):  # waiting for rows that were interrupted may take for ever; the processes follow
                _write_results(rows, out)
                os._exit(130)
            except BrokenProcessPool:  # told by submit: this row has not begun
                waiting.appendleft(row)
                for row in running.values():
                    row.state, row.error = "failed", MESSAGES.say("batch_process_died", between=" ")
                    progress.advance(task)
            finally:
                pool.shutdown(cancel_futures=True)


_node = _folder = None


def _begin(notebook: str, out: str) -> None:
    """In a process of its own: the notebook is read once, and nothing outlives the one that asked for it."""
    global _node, _folder
    end_with_parent()
    _node, _folder = read_notebook(Path(notebook)), str(Path(notebook).parent)
    os.chdir(out)  # papermill takes {} in a path for its own: the paths that it is given are short and ours


def _run_row(row: Row) -> tuple[str, float, str]:
    """(state, seconds, error) of one row, its output in place."""
    import copy

    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    began, part = time.monotonic(), Path(row.part)
    try:
        papermill.execute_notebook(
            copy.deepcopy(_node),
            row.part,
            parameters=row.values,
            progress_bar=False,
            cwd=_folder,
            extra_arguments=["--log-level=CRITICAL"],
        )
        error = ""
    except PapermillExecutionError as problem:
        error = f"{problem.ename}: {problem.evalue}" if problem.evalue else problem.ename
    except Exception as problem:  # no such kernel, a kernel that died: the row's own failure, not the run's
        error = f"{type(problem).__name__}: {problem}"
    seconds = round(time.monotonic() - began, 2)
    if part.exists():
        done = nbformat.read(part, as_version=4)
        # papermill's own notes about a failure are English; results.csv says the same
        done.cells = [c for c in done.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
        done.metadata["papermill"] |= {"input_path": "", "output_path": row.output}
        cells = json.loads(nbformat.writes(done))["cells"]
        done.metadata[KEY] = {"key": row.key, "row": row.number, "seconds": seconds, "cells": _hash(cells)}
        nbformat.write(done, part)
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        move_over(part, Path(row.broken if error else row.output))
    if not error:
        Path(row.broken).unlink(missing_ok=True)
    error = re.sub(r"\x1b\[[0-9;]*m", "", error)
    return ("failed" if error else "done"), seconds, " ".join(error.split())[:500]


def _write_results(rows: list[Row], out: Path) -> None:
    """The table of all rows, replaced whole; numbers as they were given, text never a formula."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(["row", *names, "state", "seconds", "error", "output"])
    for row in rows:
        values = [row.values.get(name) for name in names]
        values = [
            csv_cell(json.dumps(v, ensure_ascii=False) if isinstance(v, (list, dict)) else v) for v in values
        ]
        output = row.output if row.state == "done" else row.broken if (out / row.broken).exists() else ""
        writer.writerow([row.number, *values, row.state, row.seconds, csv_cell(row.error), csv_cell(output)])
    put(out / RESULTS, held.getvalue(), encoding="utf-8-sig")
