"""What Python does first where this folder is on PYTHONPATH: it becomes another machine, in every process that it starts.

LISTINGS=reversed or a number: the file system lists each folder backwards, or in a random order drawn from the number.
"""

import os
import random

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
