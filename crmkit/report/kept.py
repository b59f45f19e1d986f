"""What `run` has read and computed once, so that the notebook of the second language need not do it again."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from crmkit.core.files import put

Made = TypeVar("Made")
CHECKED = "checked"
STUDY = "study"


def kept_or_made(folder: str, name: str, make: Callable[[], Made]) -> Made:
    """What lies in ``folder`` under ``name``; else what ``make`` makes, which is then kept there. No folder: made.

    The folder is one that `run` has made for itself and takes away again; nothing that came from anybody else is read.
    """
    path = Path(folder) / f"{name}.pickle" if folder else None
    if path is not None and path.is_file():
        return pickle.loads(path.read_bytes())
    made = make()
    if path is not None and path.parent.is_dir():
        keep(made, folder, name)
    return made


def keep(made: object, folder: str | Path, name: str) -> None:
    """Put something where ``kept_or_made`` finds it."""
    put(Path(folder) / f"{name}.pickle", pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL))
