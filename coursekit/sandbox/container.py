"""The wall where there is no bubblewrap (macOS, Windows): Docker or Podman, one container for each submission.

A socket that hands over descriptors does not reach into the virtual machine in which containers run there, and a container
without privileges makes no namespaces for a submission of its own. So each submission gets a whole container, spoken to over
its standard streams; the next one loads pandas while this one runs. Nothing of this computer is mounted in it.
"""

import base64
import json
import queue
import shutil
import struct
import subprocess
import threading
import time
import uuid
from pathlib import Path

import crmkit

from .fingerprint import fingerprint
from .warm import GRACE, MODULES, SCRATCH, Frames, Limits, Outcome, SandboxError, Warm

PROGRAMS = ("docker", "podman")
IMAGE = "crmkit-grader"
LOADED = 1 << 30  # bytes that pandas and the rest may take, beside what the submission may
START = 120  # seconds until a container has to be ready


def answering() -> list[str]:
    """The programs that are here and whose service answers."""
    found = []
    for program in PROGRAMS:
        if shutil.which(program):
            try:
                done = subprocess.run(
                    [program, "info"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.returncode == 0:
                found.append(program)
    return found


def command(program: str, name: str, limits: Limits, modules: list[str]) -> list[str]:
    """The command line of one container: no network, nothing writable but its scratch folder, no privilege, limits."""
    inside = {"cpu": limits.cpu, "memory": limits.memory, "disk": limits.disk, "scratch": SCRATCH}
    settings = {"modules": modules, "limits": inside, "seconds": limits.seconds}
    memory = str(limits.memory + limits.disk + LOADED)  # what is written into scratch is memory as well
    environment = {
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{SCRATCH}/mpl",
        "IPYTHONDIR": f"{SCRATCH}/ipython",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/kit",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    return [
        program,
        "run",
        "--rm",
        "--interactive",
        "--name",
        name,
        "--pull",
        "never",
        "--log-driver",
        "none",
        "--network",
        "none",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--user",
        "65534:65534",
        "--ipc",
        "private",
        "--hostname",
        "sandbox",
        "--cpus",
        "1",
        "--pids-limit",
        str(limits.processes + 8),
        "--memory",
        memory,
        "--memory-swap",
        memory,
        "--shm-size",
        "64m",
        "--tmpfs",
        f"{SCRATCH}:rw,nosuid,nodev,size={limits.disk},mode=1777",
        "--workdir",
        SCRATCH,
        *(part for pair in environment.items() for part in ("--env", "=".join(pair))),
        "--entrypoint",
        "python",
        IMAGE,
        "-P",
        "-m",
        "grader.inside_container",
        json.dumps(settings),
    ]


class Container:
    """One container: loaded, waiting for its submission; gone when that is over."""

    def __init__(self, program: str, limits: Limits, modules: list[str]):
        self.program, self.name = program, f"crmkit-{uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            command(program, self.name, limits, modules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.blocks, self.lines = queue.Queue(64), queue.Queue()
        # threads, for no call waits for several pipes on Windows
        for read in (self._read_blocks, self._read_lines):
            threading.Thread(target=read, daemon=True).start()

    def _read_blocks(self):
        while block := self.process.stdout.read(1 << 16):
            self.blocks.put(block)
        self.blocks.put(b"")

    def _read_lines(self):
        for line in self.process.stderr:
            self.lines.put(line[:2000])
        self.lines.put(b"")

    def said(self, key: str, seconds: float) -> tuple[dict | None, str]:
        """What process 1 says with this key in it, and everything else that came before it, for people."""
        other, end = "", time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None, other
            if not line:
                return None, other
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if isinstance(message, dict) and key in message:
                return message, other
            other = (other + line.decode("utf-8", "replace"))[-500:]

    def close(self) -> None:
        """End it with all that runs in it; afterwards it is gone, or SandboxError says why not."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        subprocess.run(
            [self.program, "rm", "--force", self.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        self.process.kill()
        while (
            self.process.poll() is None
        ):  # a full queue must not keep the reading thread, nor that the process
            try:
                self.blocks.get(timeout=0.05)
            except queue.Empty:
                pass
        left = subprocess.run(
            [self.program, "ps", "--quiet", "--filter", f"name={self.name}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        if left.stdout.strip():
            raise SandboxError(f"{self.name} goes on")


class Containers(Warm):
    """`Warm`, with a fresh container for each submission instead of a process that is forked."""

    def __init__(
        self, *, tier: str, limits: Limits = Limits(), modules: list[str] = MODULES, files: Path | None = None
    ):
        super().__init__(tier=tier, limits=limits, modules=modules, files=files)
        self.next = None

    def start(self) -> "Containers":
        if self.next is None:
            self.next = Container(self.tier, self.limits, self.modules)
        return self

    __enter__ = start

    def close(self) -> None:
        if self.next is not None:
            ready, self.next = self.next, None
            ready.close()

    def _run_once(self, cells: list[str], way: str) -> Outcome:
        container, self.next = self.start().next, None
        try:
            outcome = self._run_in(container, cells, way)
        finally:
            container.close()
        outcome.way = way
        return outcome

    def _run_in(self, container: Container, cells: list[str], way: str) -> Outcome:
        ready, other = container.said("ready", START)
        if ready is None:
            return Outcome("no_wall", detail=other.strip()[-300:] or "no answer")
        if ready["crmkit"] != fingerprint(Path(crmkit.__file__).parent):
            return Outcome(
                "no_wall", detail=f"the image {IMAGE} holds another version of crmkit: build it again"
            )
        self.uid = ready["uid"]
        job = json.dumps({"cells": cells, "way": way, "files": self._packed()}).encode()
        try:
            container.process.stdin.write(struct.pack(">I", len(job)))
            for at in range(0, len(job), 1 << 16):  # unbuffered: a long write may stop halfway
                part = memoryview(job)[at : at + (1 << 16)]
                while part:
                    part = part[container.process.stdin.write(part) :]
        except OSError:
            return Outcome("died", detail="container")
        self.start()  # the next one loads meanwhile
        outcome = self._frames(container)
        used, _ = container.said("cpu_seconds", GRACE if outcome.state in ("ended", "died") else 0)
        if used:
            outcome.cpu_seconds, outcome.memory_mb, outcome.seconds = (
                used["cpu_seconds"],
                used["memory_mb"],
                used["seconds"],
            )
            if outcome.state == "died":
                outcome.detail = f"exit {used['status']}"
        return outcome

    def _packed(self) -> dict[str, str]:
        if self.files is None:
            return {}
        return {
            p.relative_to(self.files).as_posix(): base64.b64encode(p.read_bytes()).decode()
            for p in sorted(self.files.rglob("*"))
            if p.is_file()
        }

    def _frames(self, container: Container) -> Outcome:
        """The frames until the container closes its output or a limit is reached."""
        frames = Frames(self.limits.seconds)
        while True:
            try:
                block = container.blocks.get(timeout=frames.seconds_left())
            except queue.Empty:
                frames.outcome.state = "timeout"
                return frames.outcome
            if not block or frames.take_in(block):
                return frames.outcome
