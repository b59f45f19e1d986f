"""How much memory a submission takes, all its processes together; for which no limit of a single process is of use.

Read from /proc, whose numbers nobody can forge. Used inside the wall, so this file stands alone.
"""

import os

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
    """Bytes that are no file's, in memory and in swap; 0 where the process is gone."""
    return _sum_of(_text(f"/proc/{pid}/status"), ("RssAnon:", "VmSwap:"))


def shared_out(pid: int) -> int:
    """The same with pages that are shared counted in equal parts; as before where that cannot be read."""
    told = _text(f"/proc/{pid}/smaps_rollup")
    if "Pss_Anon:" not in told:  # a kernel before 5.9, too
        return own_pages(pid)
    return _sum_of(told, ("Pss_Anon:", "SwapPss:"))


def sockets(pid: int) -> int:
    """Sockets of the network namespace in which a process is; 0 where the process is gone."""
    words = _text(f"/proc/{pid}/net/sockstat").split()  # sockets: used 3 …
    return int(words[2]) if len(words) > 2 else 0


def _sum_of(told: str, names: tuple[str, ...]) -> int:
    """The bytes of these lines, in which kilobytes stand."""
    kilobytes = 0
    for line in told.split("\n"):
        if line.startswith(names):
            kilobytes += int(line.split()[1])
    return kilobytes * 1024


def _text(path: str) -> str:
    """What stands in a file of a process; nothing where that is gone."""
    try:
        with open(path) as stream:
            return stream.read()
    except OSError:
        return ""
