"""Process 1 of a container: runs one submission and ends, and with it all that the submission started.

It stands beside `in_sandbox.py` in the image, without the rest of coursekit. A container may make no namespaces of its own,
so each submission gets a container instead. Standard input brings one message (cells, the pack's files), then what is said
to the submission while it runs; where it closes, the grader is gone. The submission speaks over a socket of its own, and
what comes out of that, the student's word, is passed on to standard output. What this process itself says leaves on
standard error, which no student's code can reach.
"""

import base64
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
from .fingerprint import fingerprint

BLOCK = 1 << 16
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


def run_one(shell, job: dict, limits: dict, line: int) -> None:
    """In a child: the limits, the pack's files, the cells. Never returns."""
    inside.close_all_but(line)
    inside.speak_over(line)
    os.setsid()
    try:
        os.chdir(limits["scratch"])
        inside.limit_resources(limits)
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
    shell = inside.warm(settings["modules"])
    limits = settings["limits"]
    limits["memory"] += inside.memory_of_this_process()
    inside.prctl(inside.PR_SET_DUMPABLE, 0)  # the child may not look into it, nor at its descriptors
    import crmkit

    say(ready=True, uid=os.getuid(), crmkit=fingerprint(Path(crmkit.__file__).parent))
    (size,) = struct.unpack(">I", read_exactly(4))
    job = json.loads(read_exactly(size))
    ours, theirs = socket.socketpair()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        run_one(shell, job, limits, theirs.detach())
    theirs.close()
    threading.Thread(target=pass_in, args=(ours,), daemon=True).start()
    last_words = threading.Thread(target=pass_out, args=(ours,), daemon=True)
    last_words.start()
    status, used = wait_for(pid, began + settings["seconds"] + LATER)  # the grader's own clock comes first
    last_words.join(FLUSH)
    say(**inside.what_it_used(status, used, began))
    os._exit(0)


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
