"""Processes that should be gone: found by a word in their command line, as a probe leaves it there."""

import contextlib
import os
import signal
import time
from pathlib import Path

MOMENT = 1.0  # seconds that a process has to be gone after the end of its run


def survives(marker: str) -> bool:
    """Whether something with this word in its command line still runs a moment from now."""
    end = time.monotonic() + MOMENT
    while living(marker):
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def end_survivors(marker: str) -> None:
    """Kill every process with this word in its command line."""
    for pid in living(marker):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def living(marker: str) -> list[int]:
    """The processes with this word in their command line.

    Where there is no /proc (macOS, Windows) none is found: a container that is over has no process left there.
    """
    if not Path("/proc").is_dir():
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found
