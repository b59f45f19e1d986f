"""A program killed with 9 in the middle of its work, and what its journal had kept by then."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


@contextmanager
def killed_when(ready, *arguments: str):
    """``python ARGUMENTS`` until ``ready()``; on leaving the block it is killed."""
    process = subprocess.Popen([sys.executable, *arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 90
        while not ready() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def kept(out: Path) -> dict[str, tuple[int, str]]:
    """Key → (place of the row, outcome) of the runs in a journal: a row written again would have another place."""
    try:
        with sqlite3.connect(f"file:{out / 'journal.sqlite'}?mode=ro", uri=True) as store:
            return {key: (place, text) for key, place, text in store.execute("select key, rowid, outcome from runs")}
    except sqlite3.Error:
        return {}  # not begun yet
