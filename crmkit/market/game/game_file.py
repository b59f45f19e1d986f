"""The file of a game: a line a step, only ever added to, each with a digest of all that came before.

A file that mail or an editor gave a byte-order mark or Windows' line ends is the same game: the digests are of what the
lines say. They show damage and careless editing. Nothing in them is secret, so who writes a program can make a file
with other words, or with another player's name, whose digests fit; profit and score cannot be forged, for they are not
in the file: they are what the decisions come to when they are played again. Give every student a seed of their own.
"""

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path

import numpy as np

from crmkit import __version__
from crmkit.core.errors import CrmkitError
from crmkit.market.simulator.ledgers import Ledgers

FORMAT, VERSION = "crmkit game", 1
_LARGEST, LONGEST_LINE = 1_000_000, 10_000  # bytes of a file and of a step; eight quarters take about 20,000
MADE_WITH = {"crmkit": __version__, "numpy": np.__version__}  # what a replay may depend on


def _lock(file) -> None:
    """Keep others out until it is closed; without locks (Windows, some network disks)
    the digest of the line before has to do.
    """
    with suppress(ImportError, OSError):
        from fcntl import LOCK_EX, flock

        flock(file, LOCK_EX)


class Journal:
    """A game's file, to be gone on with."""

    def __init__(self, path, chain: str):
        self.path, self._chain = Path(path).absolute(), chain  # a notebook may change its folder

    @classmethod
    def begin(cls, path, lines: list[dict]) -> "Journal":
        """Begin a file with a game's first line and the steps taken until now; an old one is never written over."""
        head, *moves = lines
        head = {"format": FORMAT, "version": VERSION, **head}
        with _telling(path), open(Path(path), "xb") as file:
            try:
                _write(file, "\n".join(map(canonical, [head, *moves])))
            except OSError:
                Path(path).unlink()  # begun without room for it
                raise
        return cls(path, lines[-1]["chain"])

    def add(self, line: dict) -> None:
        """Write a line through to the disk. Errors: CrmkitError where somebody else has gone on with the file."""
        with _telling(self.path), open(self.path, "r+b") as file:
            _lock(file)
            lines, whole = _lines(file)
            last = lines[-1].get("chain") if lines else None
            if last not in (self._chain, line["chain"]):
                raise CrmkitError("game_moved_on", value=str(self.path))
            # else this very step is there: it was interrupted when it had been written
            if last != line["chain"]:
                self._append(file, whole, canonical(line))
        self._chain = line["chain"]

    def _append(self, file, whole: int, line: str) -> None:
        """Write behind the whole lines; of one that was cut off nobody has seen the result."""
        try:
            file.truncate(whole)
            file.seek(whole)
            _write(file, line)
        except OSError:
            with suppress(OSError):
                os.truncate(self.path, whole)  # nothing stays of a step that is not taken
            raise


def free_name(name: str) -> Path:
    """A file of the working folder that is not there yet: name.game.jsonl, name_2.game.jsonl, …"""
    numbers = ("", *(f"_{number}" for number in range(2, 1000)))
    files = (Path(f"{name}{number}.game.jsonl").absolute() for number in numbers)
    return next(file for file in files if not os.path.lexists(file))


@contextmanager
def _telling(path):
    """Say as a CrmkitError why a file cannot be written."""
    try:
        yield
    except CrmkitError:
        raise
    except FileExistsError as error:
        raise CrmkitError("game_exists", value=str(path)) from error
    except _Damaged as error:
        raise CrmkitError("game_damaged", row=error.row, value=Path(path).name) from error
    except (OSError, TypeError, ValueError) as error:  # no room, no right; a path that is none
        if isinstance(error, FileNotFoundError) and not (folder := Path(path).absolute().parent).is_dir():
            raise CrmkitError("game_no_folder", value=str(path), folder=folder) from error
        raise CrmkitError("game_not_written", value=str(path), why=str(error)) from error


def read(path, *, torn: bool) -> list[dict]:
    """The lines of a game's file, the first one without its format; ``torn``: it may end in half a line.

    Errors: CrmkitError for a file that is not there, too large, damaged (with the line), no game, of another version.
    """
    try:
        with open(Path(path), "rb") as file:
            lines, whole = _lines(file)
            size = file.seek(0, os.SEEK_END)
    except _Damaged as error:
        raise CrmkitError("game_damaged", row=error.row, value=Path(path).name) from error
    except (OSError, TypeError, ValueError) as error:
        raise CrmkitError("game_no_file", value=str(path)) from error
    if whole < size and not torn:
        raise CrmkitError("game_damaged", row=len(lines) + 1, value=Path(path).name)
    head = lines[0] if lines else {}
    form = [head.pop("format", None), head.pop("version", None)]
    if form != [FORMAT, VERSION] or isinstance(form[1], (bool, float)):
        raise CrmkitError("game_foreign", value=Path(path).name, found=form, allowed=[FORMAT, VERSION])
    return lines


def canonical(line: dict) -> str:
    """One spelling of a line, so that digests can be compared; refuses what is not plain data.

    >>> canonical({"b": 1.0, "a": [True, None]})
    '{"a": [true, null], "b": 1.0}'
    """
    try:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, sort_keys=True)
        text.encode()  # half of a surrogate pair is no text
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise CrmkitError("game_not_plain", value=str(error)) from error


def chained(before: str, line: dict) -> str:
    """The digest of a line and of all lines before it."""
    return hashlib.sha256(f"{before}\n{canonical(line)}".encode()).hexdigest()[:32]


def digest(books: Ledgers) -> str:
    """A digest of every cell of the books, in whole cents and days."""
    found = hashlib.sha256()
    for name, book in sorted(books.books.items()):
        for column, values in sorted(book.items()):
            found.update(f"{name}.{column} {len(values)}\n".encode())
            found.update(np.ascontiguousarray(values, dtype="<i8").tobytes())
    return found.hexdigest()[:32]


class _Damaged(ValueError):
    def __init__(self, row: int):
        super().__init__(row)
        self.row = row


def _lines(file) -> tuple[list[dict], int]:
    """The whole lines, and the bytes that they take; numbers beyond JSON's, and a name twice in a line, are refused."""
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise _Damaged(content.count(b"\n") + 1)
    whole = content.rfind(b"\n") + 1
    lines = []
    for row, text in enumerate(content[:whole].removesuffix(b"\n").split(b"\n") if whole else (), 1):
        try:
            line = json.loads(text.decode("utf-8-sig" if row == 1 else "utf-8"), object_pairs_hook=_once)
            canonical(line)
        except (ValueError, RecursionError) as error:
            raise _Damaged(row) from error
        if not isinstance(line, dict):
            raise _Damaged(row)
        lines.append(line)
    return lines, whole


def _once(pairs: list) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


def _write(file, line: str) -> None:
    data = f"{line}\n".encode()
    written = os.write(file.fileno(), data)  # past Python's buffer, which would try once more on closing
    if written < len(data):
        raise OSError(ENOSPC, os.strerror(ENOSPC))
    os.fsync(file.fileno())
