"""A memory cgroup around what a submission allocates, where this machine lets us make one (Linux, cgroup v1 or v2).

The kernel then counts everything, files in memory included, and ends a submission that goes beyond. Root may make one
everywhere, an ordinary user where systemd has handed a part of the tree over (a desktop session). Where none can be
made, `memory_used` counts instead.
"""

import contextlib
import itertools
import os
import time
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
OWN = Path("/proc/self/cgroup")
NAME = "crmkit"
PATIENCE = 1.0  # seconds until the kernel has let go of an empty group
_NUMBERS = itertools.count()


class MemoryGroup:
    """A group with a limit, into which processes are put; what they start is in it as well."""

    def __init__(self, folder: Path, limit: int, *, version: int):
        """Make the group. Errors: OSError where that is not allowed."""
        self.folder = folder
        self.version = version
        folder.mkdir()
        try:
            if version == 2:
                (folder / "memory.max").write_text(str(limit))
                swap, none = folder / "memory.swap.max", 0
            else:
                (folder / "memory.limit_in_bytes").write_text(str(limit))
                swap, none = folder / "memory.memsw.limit_in_bytes", limit
            if swap.exists():
                swap.write_text(str(none))
        except OSError:
            self.close()
            raise

    def add(self, pids: list[int]) -> None:
        """Put processes into it. Errors: OSError where that is not allowed."""
        for pid in pids:
            (self.folder / "cgroup.procs").write_text(str(pid))

    def killed(self) -> int:
        """How many processes the kernel has killed for this limit so far."""
        events = self.folder / ("memory.events" if self.version == 2 else "memory.oom_control")
        with contextlib.suppress(OSError):
            for line in events.read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
        return 0

    def close(self) -> None:
        """Take the group away; its processes have ended, or end in this moment."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:  # a process that has ended is still being taken apart
                time.sleep(0.01)
            else:
                return


def memory_group(pids: list[int], limit: int) -> MemoryGroup | None:
    """A group around these processes with a limit in bytes; None where this machine does not let us make one."""
    name = f"{NAME}-{os.getpid()}-{next(_NUMBERS)}"
    for above, version in places():
        _take_away_left(above)
        try:
            group = MemoryGroup(above / name, limit, version=version)
        except OSError:
            continue
        try:
            group.add(pids)
        except OSError:
            group.close()
            continue
        return group
    return None


def _take_away_left(above: Path) -> None:
    """Groups that a killed grader has left behind: one with a process in it cannot be taken away."""
    for folder in above.glob(f"{NAME}-*"):
        maker = folder.name.split("-")[1]
        if not Path("/proc", maker).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def places(mounts: Path = MOUNTS, own: Path = OWN) -> list[tuple[Path, int]]:
    """Folders of cgroup file systems in which a group of memory may be made, the nearest first; and their version."""
    try:
        told = mounts.read_text().splitlines()
        groups = own.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in told:
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, at = before.split()[3:5]
        if kind == "cgroup" and "memory" in options.split(","):
            found += [(folder, 1) for folder in _ours(groups, "memory", root, at)[:1]]
        elif kind == "cgroup2":
            found += [(folder, 2) for folder in _ours(groups, "", root, at) if _hands_memory_on(folder)]
    return found


def _ours(groups: list[str], controller: str, root: str, at: str) -> list[Path]:
    """The folder of the group that we are in, and those above it."""
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            below = os.path.relpath(path, root) if root != "/" else path.lstrip("/")
            if below.startswith(".."):  # seen from a namespace that begins below
                below = ""
            folder = Path(at, below)
            return [folder, *(above for above in folder.parents if above.is_relative_to(at))]
    return []


def _hands_memory_on(folder: Path) -> bool:
    """Whether groups made in this one have a limit of memory."""
    with contextlib.suppress(OSError):
        return "memory" in (folder / "cgroup.subtree_control").read_text().split()
    return False
