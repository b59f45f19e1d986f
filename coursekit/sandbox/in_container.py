"""Process 1 of a container: runs one submission and ends, and with it all that the submission started.

It stands beside `inside.py` in the image, without the rest of coursekit. A container may make no namespaces of its own, so each submission gets a container
instead. Standard input brings one message (cells, the pack's files) and stays open: where it closes, the grader is gone.
The submission's frames leave on standard output, the student's word; what this process itself says leaves on standard error,
which no student's code can reach.
"""

import base64
import json
import os
import resource
import select
import struct
import sys
import time
from pathlib import Path

from . import in_sandbox as inside
from .fingerprint import fingerprint


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


def run_one(shell, job: dict, limits: dict) -> None:
    """In a child: the limits, the pack's files, the cells. Never returns."""
    pipe = inside.Pipe(os.dup(1))
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.set_inheritable(pipe.descriptor, True)  # a kernel writes into it too
    os.setsid()
    try:
        os.chdir(limits["scratch"])
        for what, value in (
            (resource.RLIMIT_CPU, limits["cpu"]),
            (resource.RLIMIT_FSIZE, limits["disk"]),
            (resource.RLIMIT_NOFILE, 256),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_AS, limits["memory"]),
        ):
            resource.setrlimit(what, (value, value))
        for name, text in job["files"].items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(text))
    except BaseException as problem:
        pipe.send(wall=f"{type(problem).__name__}: {problem}")
        os._exit(97)
    try:
        if job["way"] == "kernel":
            inside.run_in_kernel(job["cells"], pipe)
        else:
            inside.run_cells(shell, job["cells"], pipe)
    finally:
        os._exit(0)


def main(settings: dict) -> None:
    inside.drop_root()
    shell = inside.warm(settings["modules"])
    with open("/proc/self/statm") as stream:
        own = int(stream.read().split()[0]) * resource.getpagesize()
    limits = settings["limits"]
    limits["memory"] += own
    inside.libc.prctl(
        inside.PR_SET_DUMPABLE, 0, 0, 0, 0
    )  # the child may not look into it, nor at its descriptors
    import crmkit

    say(ready=True, uid=os.getuid(), crmkit=fingerprint(Path(crmkit.__file__).parent))
    (size,) = struct.unpack(">I", read_exactly(4))
    job = json.loads(read_exactly(size))
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        run_one(shell, job, limits)
    os.close(1)
    end = began + settings["seconds"] + 10  # the grader's own clock comes first
    while True:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        gone, _, _ = select.select([0], [], [], 0.02)
        if time.monotonic() > end or (gone and not os.read(0, 1)):
            os._exit(1)  # process 1 ends, and with it every process of the container
    say(
        status=os.waitstatus_to_exitcode(status),
        cpu_seconds=used.ru_utime + used.ru_stime,
        memory_mb=used.ru_maxrss / 1024,
        seconds=time.monotonic() - began,
    )
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
