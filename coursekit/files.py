"""How a file is put in place: written beside, then renamed."""

import os
from pathlib import Path


def put(target: Path, raw: bytes) -> None:
    """Write a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_bytes(raw)
        os.replace(beside, target)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
