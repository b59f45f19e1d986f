"""A program killed with 9 in the middle of its work, and what its journal had kept by then."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from places import ROOT, SUPPORT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def killed_when(ready, *arguments: str) -> None:
    """``python ARGUMENTS`` until ``ready()``, then killed; all that it had started must end soon after by itself.

    It waits after each result that it keeps until ``ready`` was asked again, so that the kill falls where it is meant
    to. The limits of time are only there for a program that hangs.
    """
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder) / "looks"
        path = os.pathsep.join([str(SUPPORT / "strange_machine"), ENVIRONMENT["PYTHONPATH"]])
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=ENVIRONMENT | {"PYTHONPATH": path, "ROW_GATE": str(gate)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            end, looks = time.monotonic() + 600, 0
            while not ready() and process.poll() is None and time.monotonic() < end:
                looks += 1
                gate.write_text(str(looks), encoding="ascii")
                time.sleep(0.01)
            family = descendants(process.pid)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert family or sys.platform != "linux", "it was to be killed in the middle of its work"
    end, left = time.monotonic() + 120, family
    while left and time.monotonic() < end:
        left = {pid: line for pid, line in left.items() if _line(pid) == line}
        time.sleep(0.1)
    assert not left


def descendants(pid: int) -> dict[int, bytes]:
    """The processes that this one and those below it have started, with their command lines."""
    if not Path("/proc").is_dir():  # macOS: survivors are not looked for
        return {}
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                pass
    found, todo = {}, [pid]
    while todo:
        above = todo.pop()
        new = [p for p, parent in parents.items() if parent == above and p not in found]
        found |= {p: _line(p) for p in new}
        todo += new
    return {p: line for p, line in found.items() if line}


def _line(pid: int) -> bytes:
    """Its command line; empty of one that is gone or has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kept(out: Path) -> dict[str, tuple[int, str]]:
    """Key → (place of the row, outcome) of the runs in a journal: a row written again would have another place."""
    try:
        with sqlite3.connect(f"file:{out / 'journal.sqlite'}?mode=ro", uri=True) as store:
            return {
                key: (place, text)
                for key, place, text in store.execute("select key, rowid, outcome from runs")
            }
    except sqlite3.Error:
        return {}  # not begun yet
