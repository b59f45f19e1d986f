"""How much memory a submission takes, all its processes together; for which no limit of a single process is of use.

Read from /proc, whose numbers nobody can forge. Used inside the wall, so this file stands alone.
"""

import os

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
# bytes that wait in one socket at most: what Linux allows a sender (net.core.wmem_default), with what it adds to that
OF_A_SOCKET = 2 * 212_992


def memory_used(*, without: set[int], enough: int) -> int:
    """Bytes of every process in sight but these: pages of their own and swap, and what their sockets may hold.

    Pages that forked processes share are counted for each at first, which is quick; once, where that comes to more than
    ``enough``. Files in memory (scratch, /dev/shm) have limits of their own and are not counted.
    """
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    others = [pid for pid in pids if pid not in without]
    held = sum(sockets(pid) for pid in others[-1:]) * OF_A_SOCKET
    quick = sum(own_pages(pid) for pid in others) + held
    if quick <= enough:
        return quick
    return sum(shared_out(pid) for pid in others) + held


def own_pages(pid: int) -> int:
    """Bytes in memory that are no file's; 0 where the process is gone."""
    fields = _text(f"/proc/{pid}/statm").split()
    if len(fields) < 3:
        return 0
    return (int(fields[1]) - int(fields[2])) * PAGE


def shared_out(pid: int) -> int:
    """The same with pages that are shared counted in equal parts, and swap; as before where the process hides that."""
    told = _text(f"/proc/{pid}/smaps_rollup")
    if not told:
        return own_pages(pid)
    kilobytes = 0
    for line in told.split("\n"):
        if line.startswith(("Pss_Anon:", "SwapPss:")):
            kilobytes += int(line.split()[1])
    return kilobytes * 1024


def sockets(pid: int) -> int:
    """Sockets of the network namespace in which a process is; 0 where the process is gone."""
    words = _text(f"/proc/{pid}/net/sockstat").split()  # sockets: used 3 …
    return int(words[2]) if len(words) > 2 else 0


def _text(path: str) -> str:
    """What stands in a file of a process; nothing where that is gone."""
    try:
        with open(path) as stream:
            return stream.read()
    except OSError:
        return ""
