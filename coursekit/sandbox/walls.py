"""Which walls this machine may have, and what runs submissions behind each."""

import shutil
import sys
from pathlib import Path

from .container import PROGRAMS, Containers, answering
from .protocol import MODULES, Limits, Wall
from .warm import Warm


def tiers() -> list[str]:
    """The walls that might work here, the best first."""
    found = []
    if shutil.which("bwrap") and sys.platform == "linux":
        found.append("bubblewrap")
    return found + answering()


def wall(
    *, tier: str, limits: Limits = Limits(), modules: list[str] = MODULES, files: Path | None = None
) -> Wall:
    """What runs submissions behind this tier's wall (trust: behind none).

    ``modules`` are loaded before the first submission; ``files``: a folder that each finds beside itself.
    """
    made = Containers if tier in PROGRAMS else Warm
    return made(tier=tier, limits=limits, modules=modules, files=files)
