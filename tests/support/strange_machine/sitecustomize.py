"""What Python does first where this folder is on PYTHONPATH: it becomes another machine,
in every process that it starts.

LISTINGS=reversed or a number: the file system lists each folder backwards, or in a random order drawn from the number.
ROW_GATE=a file: after each result that is kept in an SQLite journal, wait until whoever watches has looked twice. So
nothing that is watched runs ahead, however fast this machine is (``killing.killed_when``).
"""

import os
import random
import sys

_asked = os.environ.get("LISTINGS")


def _in_order(names: list, key=str) -> list:
    names = sorted(names, key=key)
    if _asked == "reversed":
        names.reverse()
    else:
        random.Random(_asked).shuffle(names)
    return names


class _Entries:
    """What os.scandir gives, in the order asked for."""

    def __init__(self, entries: list):
        self._left = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._left)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._left = iter(())


if _asked:
    _listdir, _scandir = os.listdir, os.scandir

    def listdir(path="."):
        return _in_order(_listdir(path), key=os.fsencode)

    def scandir(path="."):
        with _scandir(path) as entries:
            return _Entries(_in_order(list(entries), key=lambda entry: os.fsencode(entry.name)))

    # Path.iterdir, glob, rglob, os.walk and shutil all ask one of these two
    os.listdir, os.scandir = listdir, scandir


_gate = os.environ.get("ROW_GATE")

# a kernel keeps a history of its own in SQLite: it would wait at the gate for a watcher that is gone
if _gate and "ipykernel_launcher" not in sys.orig_argv:
    import sqlite3
    import time

    _connect = sqlite3.connect

    def _looks() -> int:
        """How many times the watcher has looked; what is half written is read again."""
        try:
            with open(_gate, encoding="ascii") as file:
                return int(file.read() or 0)
        except (OSError, ValueError):
            return 0

    class Watched(sqlite3.Connection):
        def execute(self, sql, *more):
            done = super().execute(sql, *more)
            if sql.lstrip().lower().startswith("insert"):
                seen = _looks()
                while _looks() < seen + 2:
                    time.sleep(0.005)
            return done

    def connect(*arguments, **options):
        return _connect(*arguments, **{"factory": Watched, **options})

    sqlite3.connect = connect
