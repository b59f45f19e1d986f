"""papermill on many notebooks: a kernel that has pandas and crmkit loaded already, and that forgets names in between.

Starting a kernel and importing pandas is most of the time of a run; thirty seeds of every exercise through papermill
are affordable only without it. That lessons run in a fresh kernel is what nbval sees, and the build.
"""

import copy
import os
from pathlib import Path

import nbformat
import papermill
from jupyter_core.utils import run_sync

from coursekit.kernels.private import QUIET, PrivateKernelManager

# the first cell of each run; the hook stands before matplotlib's own, which closes the figures
BEFORE = """
def _clean():
    import builtins, sys
    from IPython import get_ipython
    shell = get_ipython()
    if not hasattr(builtins, "crm_labels"):
        def collect():
            import matplotlib.pyplot as plt
            from matplotlib.text import Text
            for number in plt.get_fignums():
                found = plt.figure(number).findobj(Text)
                builtins.crm_labels += [t.get_text() for t in found if t.get_visible() and t.get_text().strip()]
        shell.events.register("post_execute", collect)
    builtins.crm_labels = []
    import matplotlib.pyplot as plt
    from crmkit.core.language import choose
    plt.close("all")
    matplotlib, backend = sys.modules["matplotlib"], plt.get_backend()
    matplotlib.rcdefaults()
    plt.switch_backend(backend)
    choose(None)
    shell.run_line_magic("reset", "-sf")
_clean()
"""
AFTER = "{'labels': crm_labels}"


class Managed(PrivateKernelManager):
    """Knows the clients that were asked of it: papermill leaves one open where the kernel is not its own."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.clients = []

    def client(self, **settings):
        self.clients.append(super().client(**settings))
        return self.clients[-1]

    def close_clients(self) -> None:
        while self.clients:
            self.clients.pop().stop_channels()


class WarmKernel:
    """``run(notebook)`` executes it through papermill; ``labels`` are then the texts in its figures."""

    def __init__(self, folder: Path):
        self.folder, self.answers = folder, folder / "answers.json"
        env = {k: v for k, v in os.environ.items() if not k.startswith("CRMKIT_")}
        self.manager = Managed(kernel_name="python3")
        run_sync(self.manager.start_kernel)(
            cwd=str(folder),
            env=env | {"CRMKIT_ANSWERS": str(self.answers)},
            # it serves hundreds of notebooks: no remark on how many results it has kept
            extra_arguments=[QUIET, "--InteractiveShell.cache_size=1000000"],
        )

    def run(self, notebook, **parameters):
        """The notebook (a path or a node) as executed with the parameters; papermill's error where a cell fails."""
        self.answers.unlink(missing_ok=True)
        whole = (
            copy.deepcopy(notebook) if hasattr(notebook, "cells") else nbformat.read(notebook, as_version=4)
        )
        whole.cells = [nbformat.v4.new_code_cell(BEFORE), *whole.cells, nbformat.v4.new_code_cell(AFTER)]
        path = self.folder / "in.ipynb"
        nbformat.write(whole, path)
        try:
            done = papermill.execute_notebook(
                str(path),
                str(self.folder / "out.ipynb"),
                parameters=parameters,
                progress_bar=False,
                km=self.manager,
            )
        finally:
            self.manager.close_clients()
        self.labels = eval(done.cells[-1].outputs[0]["data"]["text/plain"])["labels"]
        done.cells = done.cells[1:-1]
        return done

    def stop(self):
        run_sync(self.manager.shutdown_kernel)(now=True)
