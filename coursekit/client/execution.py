"""A notebook executed by papermill, with a bar that names the step, and what became of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coursekit.lessons.cells import headings_above
from coursekit.messages import MESSAGES

# between two notebooks a kernel forgets their names and counts its cells anew; what it has imported stays
EMPTY = """
import matplotlib.pyplot
from IPython import get_ipython
matplotlib.pyplot.close("all")
get_ipython().run_line_magic("reset", "-sf")
get_ipython().execution_count = 1
"""


@contextmanager
def one_kernel(name: str) -> Iterator:
    """A kernel for several notebooks, one after the other: starting one, and importing into it, takes seconds."""
    from jupyter_client.utils import run_sync

    from coursekit.kernels.private import QUIET, PrivateKernelManager

    manager = PrivateKernelManager(kernel_name=name)
    run_sync(manager.start_kernel)(cwd=str(Path.cwd()), extra_arguments=[QUIET])
    try:
        yield manager
    finally:
        run_sync(manager.shutdown_kernel)(now=True)


def empty(manager) -> None:
    """Let a kernel forget the notebook that it has run."""
    from jupyter_client.utils import run_sync

    from coursekit.kernels.private import PATIENCE

    async def forget() -> None:
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=PATIENCE)
            await client.execute_interactive(EMPTY, silent=True, store_history=False)
        finally:
            client.stop_channels()

    run_sync(forget)()


def execute(node, path: Path, values: dict, language: str, console, *, kernel):
    """The executed notebook, saved to ``path``, and None or (step, reason) of the cell that failed.

    ``kernel`` is one of ``one_kernel``.
    """
    import nbformat
    import papermill
    from papermill.engines import papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    heading = MESSAGES.pair("run_parameters")[language == "en"]
    node = parameterize_notebook(load_notebook_node(node), values, comment=heading)
    steps = headings_above(node)
    failure = None
    with _progress(console) as progress:
        task = progress.add_task(language, total=len(node.cells))

        def begin_cell(index: int) -> None:
            progress.update(task, completed=index, description=f"{language} · {steps[index]}")

        papermill_engines.register("crmkit", _engine(begin_cell))
        try:
            done = papermill.execute_notebook(
                node,
                str(path),
                engine_name="crmkit",
                progress_bar=False,
                cwd=str(Path.cwd()),
                km=kernel,
            )
        except PapermillExecutionError as error:
            failure = steps[error.cell_index], error_text(error)
            done = nbformat.read(path, as_version=4)
        progress.update(task, completed=len(node.cells))
    done.cells = without_papermill_notes(done.cells)
    nbformat.write(done, path)
    return done, failure


def _progress(console):
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _engine(begin_cell):
    """papermill's own engine, which calls ``begin_cell(index)`` before each cell."""
    from papermill.engines import NBClientEngine

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, manager, kernel_name, **settings):
            start = manager.cell_start

            def cell_start(cell, cell_index=None, **more):
                begin_cell(cell_index)
                start(cell, cell_index, **more)

            manager.cell_start = cell_start
            return super().execute_managed_notebook(manager, kernel_name, **settings)

    return Engine


def error_text(error) -> str:
    """What a cell's error says, without the colours of a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", error.evalue).strip()
    return text or error.ename


def without_papermill_notes(cells: list) -> list:
    """The cells without papermill's own notes about a failure: they are English, and we say the same."""
    return [cell for cell in cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
