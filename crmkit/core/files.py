"""How a file is put in place: written beside, then renamed, so that nobody ever meets half a file."""

import os
import time
from contextlib import suppress
from pathlib import Path

# Windows refuses to replace a file that a program holds open; a virus scanner or an indexer lets go after a moment
TRIES, PAUSE = 10, 0.05


def put(path: str | Path, content: bytes | str, *, encoding: str = "utf-8") -> Path:
    """Write the file whole or not at all; what stood there stays until then. Lines of a text end as they are given.

    Errors: OSError where the folder cannot be written or the file is held open by another program.

    >>> import tempfile
    >>> put(Path(tempfile.mkdtemp()) / "new" / "note.txt", "一行\\n").read_bytes().decode()
    '一行\\n'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return move_over(beside, path)
    except OSError as problem:
        with suppress(OSError):  # what went wrong with the file itself is to be said
            beside.unlink(missing_ok=True)
        if (
            problem.errno and problem.filename is None
        ):  # a disk that fills up while it is written says no name
            problem.filename = str(path)
        raise


def move_over(made: Path, path: Path) -> Path:
    """Give a file that is whole the name ``path``, in place of what bears it."""
    for attempt in range(1, TRIES + 1):
        try:
            os.replace(made, path)
            break
        except PermissionError:
            if attempt == TRIES:
                raise
            time.sleep(PAUSE)
    return path
