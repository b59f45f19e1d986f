"""Kernels that we start: private, and started again where one did not answer."""

import json
import socket
import stat
import sys
import tempfile
from pathlib import Path

import nbformat.v4 as v4
import papermill
import pytest

import coursekit.kernels.private as kernels
from coursekit.kernels.private import STARTS, PrivateKernelManager, socket_folder
from coursekit.messages import KitError

HOW_IT_IS_REACHED = """from ipykernel.kernelapp import IPKernelApp
app = IPKernelApp.instance()
print(app.transport, app.curve_secretkey is not None)"""
# a kernel that ends at once as often as {failures} says, and then is an ordinary one
FAILING = """import os, sys
from pathlib import Path
count = Path({count!r})
with count.open("a") as stream:
    stream.write("x")
if len(count.read_text()) <= {failures}:
    sys.exit(1)
os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets")


def execute(name: str = "python3", source: str = HOW_IT_IS_REACHED):
    about = {"kernelspec": {"name": name, "display_name": name, "language": "python"}}
    node = v4.new_notebook(cells=[v4.new_code_cell(source)], metadata=about)
    return papermill.execute_notebook(
        node, None, progress_bar=False, kernel_manager_class=PrivateKernelManager
    )


def text(node) -> str:
    return "".join(output.text for output in node.cells[-1].outputs)


@pytest.fixture
def short_folder():
    """A folder whose path leaves room for a socket's name, wherever the tests have theirs."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """Installs a kernel called failing; gives the file in which each start leaves a mark."""

    def install(failures: int):
        count, script = tmp_path / "count", tmp_path / "kernel.py"
        script.write_text(FAILING.format(count=str(count), failures=failures), encoding="utf-8")
        folder = tmp_path / "kernels" / "failing"
        folder.mkdir(parents=True)
        about = {"argv": [sys.executable, str(script), "-f", "{connection_file}"], "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(about | {"display_name": "failing"}), encoding="utf-8")
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        return count

    return install


@posix
def test_a_kernel_is_reached_through_files_of_this_account_and_has_nothing_to_warn_of(capfd):
    assert text(execute()) == "ipc False\n"
    assert "encryption" not in capfd.readouterr().err


def test_where_there_are_no_such_files_tcp_is_encrypted(monkeypatch, capfd):
    monkeypatch.setattr(kernels, "socket_folder", lambda: None)
    assert text(execute()) == "tcp True\n"
    assert "encryption" not in capfd.readouterr().err


@posix
def test_the_folder_is_private_and_its_addresses_fit_also_where_the_temporary_folder_lies_deep(
    tmp_path, monkeypatch
):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    folder = socket_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and deep not in folder.parents
    folder.rmdir()
    monkeypatch.setattr(kernels, "short_places", lambda: [str(deep)])
    assert socket_folder() is None and not list(deep.iterdir())


@posix
def test_nothing_is_left_of_a_kernel_that_has_ended(short_folder, monkeypatch):
    monkeypatch.setattr(kernels, "short_places", lambda: [str(short_folder)])
    assert text(execute()) == "ipc False\n"
    assert not list(short_folder.iterdir())


@posix
def test_what_a_killed_program_left_behind_is_taken_away_and_what_is_in_use_stays(short_folder, monkeypatch):
    monkeypatch.setattr(kernels, "short_places", lambda: [str(short_folder)])
    starting, used, left = (short_folder / f"{kernels.PREFIX}{name}" for name in ("starting", "used", "left"))
    for folder in (starting, used, left):
        folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as dead:
        listening.bind(str(used / kernels.FIRST_SOCKET))
        listening.listen()
        dead.bind(str(left / kernels.FIRST_SOCKET))
        dead.close()
        socket_folder().rmdir()
        assert set(short_folder.iterdir()) == {starting, used}


def test_a_kernel_that_did_not_start_is_started_again(failing):
    count = failing(STARTS - 1)
    assert text(execute("failing")) in ("ipc False\n", "tcp False\n")
    assert len(count.read_text()) == STARTS


def test_a_kernel_that_never_starts_is_given_up_and_said(failing):
    count = failing(1000)
    with pytest.raises(KitError) as refused:
        execute("failing")
    assert refused.value.code == "kernel_does_not_start" and len(count.read_text()) == STARTS
