"""Process 1 of a container: runs one submission and ends, and with it all that the submission started.

It stands beside `in_sandbox.py` in the image, without the rest of coursekit. A container may make no namespaces of its
own, so each submission gets a container instead. Standard input brings one message (cells, the pack's files), then what
is said to the submission while it runs; where it closes, the grader is gone. The submission speaks over a socket of its
own, and what comes out of that, the student's word, is passed on to standard output. What this process itself says
leaves on standard error, which no student's code can reach.
"""

import base64
import contextlib
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource

from . import in_sandbox as inside
from .calls import Calls
from .fingerprint import fingerprint

BLOCK = 1 << 16
EVENTS = Path("/sys/fs/cgroup/memory.events")  # of this container, with cgroup v2
LATER = 10  # seconds after the grader's own limit until this process ends by itself
FLUSH = 1.0  # seconds for what a submission said last


def say(**what) -> None:
    os.write(2, json.dumps(what).encode() + b"\n")


def read_exactly(size: int) -> bytes:
    held = bytearray()
    while len(held) < size:
        block = os.read(0, min(1 << 20, size - len(held)))
        if not block:
            os._exit(0)  # nobody wants this container any more
        held += block
    return bytes(held)


def run_one(shell, job: dict, limits: dict, line: int, calls: Calls) -> None:
    """In a child: the limits, the filter of calls, the pack's files, the cells. Never returns."""
    inside.close_all_but(line)
    inside.speak_over(line)
    os.setsid()
    try:
        os.chdir(limits["scratch"])
        inside.prctl(inside.PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
        inside.give_way(inside.KILLED_FIRST)
        inside.limit_resources(limits)
        calls.leave_keyring()
        calls.limit_this_process()
        for name, text in job["files"].items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(text))
    except BaseException as problem:
        inside.send_frame(line, wall=f"{type(problem).__name__}: {problem}")
        os._exit(97)
    inside.run_and_exit(shell, job["cells"], line, job["way"] == "kernel")


def pass_in(ours: socket.socket) -> None:
    """Standard input to the submission, as long as it listens; at its end the grader is gone, and all ends."""
    listening = True
    while block := os.read(0, BLOCK):
        if listening:
            try:
                ours.sendall(block)
            except OSError:
                listening = False
    os._exit(1)  # process 1 ends, and with it every process of the container


def pass_out(ours: socket.socket) -> None:
    """What the submission says to standard output, which closes when nothing more can come."""
    while block := ours.recv(BLOCK):
        while block:
            block = block[os.write(1, block) :]
    os.close(1)


def main(settings: dict) -> None:
    inside.drop_root()
    calls = Calls()
    shell = inside.warm(settings["modules"])
    limits = settings["limits"]
    address_space, _ = inside.memory_of_this_process()
    limits["memory"] += address_space
    inside.prctl(inside.PR_SET_DUMPABLE, 0)  # the child may not look into it, nor at its descriptors
    import crmkit

    say(ready=True, uid=os.getuid(), crmkit=fingerprint(Path(crmkit.__file__).parent))
    (size,) = struct.unpack(">I", read_exactly(4))
    job = json.loads(read_exactly(size))
    ours, theirs = socket.socketpair()
    began = time.monotonic()
    before = out_of_memory()
    pid = os.fork()
    if pid == 0:
        run_one(shell, job, limits, theirs.detach(), calls)
    theirs.close()
    threading.Thread(target=pass_in, args=(ours,), daemon=True).start()
    last_words = threading.Thread(target=pass_out, args=(ours,), daemon=True)
    last_words.start()
    status, used = wait_for(pid, began + settings["seconds"] + LATER)  # the grader's own clock comes first
    last_words.join(FLUSH)
    why = inside.TOO_MUCH_MEMORY if out_of_memory() > before else inside.BY_ITSELF
    say(**inside.what_it_used(status, used, began), ended=why)
    os._exit(0)


def out_of_memory() -> int:
    """How often this container has come to its own limit of memory (not: the machine to its); 0 where nothing tells."""
    with contextlib.suppress(OSError):
        for line in EVENTS.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom":
                return int(count)
    return 0


def wait_for(pid: int, end: float) -> "tuple[int, resource.struct_rusage]":
    while True:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, used
        if time.monotonic() > end:
            os._exit(1)
        time.sleep(0.02)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
