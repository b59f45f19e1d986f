"""The kernel that an installation lays: private also for papermill called by hand."""

import os
import subprocess
import sys
import tomllib

import nbformat
import nbformat.v4 as v4
import pytest
from places import ROOT

from coursekit.kernels.kernelspec import PROVISIONER, install

HOW_IT_IS_REACHED = """from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
print(app.transport, app.curve_secretkey is not None)"""


def entered() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["entry-points"]["jupyter_client.kernel_provisioners"]


@pytest.mark.executed
def test_papermill_by_hand_starts_a_kernel_that_has_nothing_to_warn_of(tmp_path):
    about = tmp_path / "site" / "crmkit_as_installed-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: crmkit-as-installed\nVersion: 1\n")
    lines = [f"{name} = {target}" for name, target in entered().items()]
    text = "\n".join(["[jupyter_client.kernel_provisioners]", *lines, ""])
    (about / "entry_points.txt").write_text(text)
    install(tmp_path / "prefix")
    environment = {
        **os.environ,
        "JUPYTER_PATH": str(tmp_path / "prefix" / "share" / "jupyter"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "site")]),
    }
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [v4.new_code_cell(HOW_IT_IS_REACHED)]
    nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "in.ipynb", "out.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "encryption" not in done.stdout + done.stderr
    shown = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs
    assert "".join(output.text for output in shown) == "tcp True\n"


def test_the_provisioner_is_entered_under_the_name_that_the_kernelspec_gives():
    assert list(entered()) == [PROVISIONER]
