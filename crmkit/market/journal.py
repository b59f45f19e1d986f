"""The file of a game: a line a step, only ever added to, each with a digest of all that came before."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from .. import __version__
from ..schema import CrmkitError
from .ledgers import Ledgers

FORMAT, VERSION = "crmkit game", 1
_LARGEST = 1_000_000   # bytes; eight quarters take about 20,000
MADE_WITH = {"crmkit": __version__, "numpy": np.__version__}   # what a replay may depend on


class Journal:
    """A game's file, open for the next line."""

    def __init__(self, path, chain: str):
        self.path, self._chain = Path(path), chain

    @classmethod
    def begin(cls, path, head: dict) -> "Journal":
        """Begin a file; an old one is never written over."""
        line = canonical({"format": FORMAT, "version": VERSION, "made_with": MADE_WITH, **head})
        try:
            with open(path, "xb") as file:
                _write(file, line)
        except FileExistsError as error:
            raise CrmkitError("game_exists", value=str(path)) from error
        return cls(path, head["chain"])

    def add(self, line: dict) -> None:
        """Write a line through to the disk. Errors: CrmkitError where somebody else has gone on with the file."""
        try:
            lines, whole = _lines(self.path)
            if lines[-1]["chain"] != self._chain:
                raise CrmkitError("game_moved_on", value=str(self.path))
            with open(self.path, "r+b") as file:
                file.truncate(whole)  # of a line that was cut off nobody has seen the result
                file.seek(whole)
                _write(file, canonical(line))
        except (OSError, ValueError, KeyError, IndexError) as error:
            if isinstance(error, CrmkitError):
                raise
            raise CrmkitError("game_not_written", value=str(self.path), why=str(error)) from error
        self._chain = line["chain"]


def read(path, *, torn: bool) -> list[dict]:
    """The lines of a game's file, the first one without its format; ``torn``: it may end in half a line.

    Errors: CrmkitError for a file that is not there, too large, damaged (with the line), no game, of another version.
    """
    try:
        lines, whole = _lines(Path(path))
        size = Path(path).stat().st_size
    except OSError as error:
        raise CrmkitError("game_no_file", value=str(path)) from error
    except _Damaged as error:
        raise CrmkitError("game_damaged", row=error.row, value=Path(path).name) from error
    if whole < size and not torn:
        raise CrmkitError("game_damaged", row=len(lines) + 1, value=Path(path).name)
    head = lines[0] if lines else {}
    form = [head.pop("format", None), head.pop("version", None)]
    if form != [FORMAT, VERSION]:
        raise CrmkitError("game_foreign", value=Path(path).name, found=form, allowed=[FORMAT, VERSION])
    return lines


def canonical(line: dict) -> str:
    """One spelling of a line, so that digests can be compared; refuses what is not plain data.

    >>> canonical({"b": 1.0, "a": [True, None]})
    '{"a": [true, null], "b": 1.0}'
    """
    try:
        return json.dumps(line, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
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


def _lines(path: Path) -> tuple[list[dict], int]:
    """The whole lines, and the bytes that they take; numbers beyond JSON's are refused."""
    with open(path, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise _Damaged(1)
    whole = content.rfind(b"\n") + 1
    lines = []
    for row, text in enumerate(content[:whole].splitlines(), 1):
        try:
            line = json.loads(text.decode(), parse_constant=float)
            canonical(line)
        except (ValueError, RecursionError) as error:
            raise _Damaged(row) from error
        if not isinstance(line, dict):
            raise _Damaged(row)
        lines.append(line)
    return lines, whole


def _write(file, line: str) -> None:
    file.write(f"{line}\n".encode())
    file.flush()
    os.fsync(file.fileno())
