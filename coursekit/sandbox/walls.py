"""Which walls this machine may have, and what runs submissions behind each."""

import shutil
import sys

from .container import PROGRAMS, Containers, answering
from .warm import Warm


def tiers() -> list[str]:
    """The walls that might work here, the best first."""
    return [*(["bubblewrap"] if shutil.which("bwrap") and sys.platform == "linux" else []), *answering()]


def wall(*, tier: str, **more) -> Warm:
    """What runs submissions behind this tier's wall."""
    return (Containers if tier in PROGRAMS else Warm)(tier=tier, **more)
