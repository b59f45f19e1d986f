"""The wall where there is no bubblewrap (macOS, Windows): Docker or Podman, one container for each submission.

A socket that hands over descriptors does not reach into the virtual machine in which containers run there, and a
container without privileges makes no namespaces for a submission of its own. So each submission gets a whole container,
spoken to over its standard streams; the next one loads pandas while this one runs. Nothing of this computer is mounted
in it.
"""

import base64
import contextlib
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import crmkit
from coursekit.messages import MESSAGES

from .bubblewrap import ENVIRONMENT, SCRATCH
from .calls import PROFILE
from .fingerprint import fingerprint
from .frames import framed
from .protocol import MODULES, Limits, Outcome, SandboxError
from .submission_run import conclude, run_through

PROGRAMS = ("docker", "podman")
IMAGE = "crmkit-grader"
LOADED = 1 << 30  # bytes that pandas and the rest may take, beside what the submission may
START = 120  # seconds until a container has to be ready
GRACE = 2.0  # seconds that a submission has to end after its last cell
KILLED_SECOND = 500  # of 1000: how soon the kernel ends a container, if memory runs out on the machine
ANSWER = 60  # seconds that the program has to end a container, or to say which there are


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
    environment = []
    for key, value in ENVIRONMENT.items():
        environment += ["--env", f"{key}={value}"]
    return [
        *[program, "run", "--rm", "--interactive", "--name", name],
        *["--pull", "never", "--log-driver", "none"],
        *["--network", "none", "--read-only", "--cap-drop", "ALL"],
        *["--security-opt", "no-new-privileges", *_filter(program), "--user", "65534:65534"],
        *["--ipc", "private", "--hostname", "sandbox"],
        *["--cpus", "1", "--pids-limit", str(limits.processes + 8)],
        *["--memory", memory, "--memory-swap", memory, "--shm-size", "64m"],
        *["--oom-score-adj", str(KILLED_SECOND)],  # before the grader; what it runs, before that
        *["--tmpfs", f"{SCRATCH}:rw,nosuid,nodev,size={limits.disk},mode=1777"],
        *["--workdir", SCRATCH],
        *environment,
        *["--entrypoint", "python", IMAGE, "-P", "-m", "grader.in_container", json.dumps(settings)],
    ]


def _filter(program: str) -> list[str]:
    """The same list of calls as behind bubblewrap; the program in the image puts a submission behind it in any case.

    Docker's command reads the file here, wherever its service runs; Podman's hands on the path, which a virtual machine
    may not have: there it is Podman's own list.
    """
    if program == "docker" or sys.platform == "linux":
        return ["--security-opt", f"seccomp={PROFILE}"]
    return []


class Container:
    """One container: loaded, waiting for its submission; gone when that is over."""

    def __init__(self, program: str, limits: Limits, modules: list[str]):
        self.program = program
        self.name = f"crmkit-{uuid.uuid4().hex}"
        self._process = subprocess.Popen(
            command(program, self.name, limits, modules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._blocks: queue.Queue[bytes] = queue.Queue(64)
        self._lines: queue.Queue[bytes] = queue.Queue()
        # threads, for no call waits for several pipes on Windows
        for read in (self._read_blocks, self._read_lines):
            threading.Thread(target=read, daemon=True).start()

    def _read_blocks(self) -> None:
        while block := self._process.stdout.read(1 << 16):
            self._blocks.put(block)
        self._blocks.put(b"")

    def _read_lines(self) -> None:
        for line in self._process.stderr:
            self._lines.put(line[:2000])
        self._lines.put(b"")

    def said(self, key: str, seconds: float) -> tuple[dict | None, str]:
        """What process 1 says with this key in it, and everything else that came before it, for people."""
        other = ""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None, other
            if not line:
                return None, other
            try:
                told = json.loads(line)
            except ValueError:
                told = None
            if isinstance(told, dict) and key in told:
                return told, other
            other = (other + line.decode("utf-8", "replace"))[-500:]

    def write(self, raw: bytes, seconds: float) -> None:
        """Bytes to its standard input, by a thread: nothing else limits the time of a write on every system."""
        failed = []

        def put():
            try:
                left = memoryview(raw)
                while left:  # unbuffered: a long write may stop halfway
                    left = left[self._process.stdin.write(left[: 1 << 16]) :]
            except (OSError, ValueError) as problem:
                failed.append(problem)

        writer = threading.Thread(target=put, daemon=True)
        writer.start()
        writer.join(seconds)
        if writer.is_alive():
            raise TimeoutError
        if failed:
            raise ConnectionError(str(failed[0]))

    def read(self, seconds: float) -> bytes:
        """A block of its standard output; nothing when that is closed."""
        try:
            return self._blocks.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None

    def close(self) -> None:
        """End it with all that runs in it; afterwards it is gone, or SandboxError says why not."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._ask("rm", "--force", self.name)
        self._process.kill()
        while self._process.poll() is None:
            # a full queue must not keep the reading thread, nor that the process
            with contextlib.suppress(queue.Empty):
                self._blocks.get(timeout=0.05)
        if self._ask("ps", "--quiet", "--filter", f"name={self.name}").stdout.strip():
            raise SandboxError(f"{self.name} goes on")

    def _ask(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER
        )


@dataclass
class Streams:
    """A submission in a container of its own, as `protocol.Channel` has it."""

    container: Container
    limits: Limits

    def send(self, raw: bytes, seconds: float) -> None:
        self.container.write(raw, seconds)

    def receive(self, seconds: float) -> bytes:
        return self.container.read(seconds)

    def end(self, outcome: Outcome) -> Outcome:
        try:
            used, _ = self.container.said("cpu_seconds", GRACE if outcome.state in ("ended", "died") else 0)
        finally:
            self.container.close()
        return conclude(outcome, used, self.limits)


class Containers:
    """A fresh container for each submission; one more is always loading."""

    memory = "container"

    def __init__(
        self, *, tier: str, limits: Limits = Limits(), modules: list[str] = MODULES, files: Path | None = None
    ):
        self.program = tier
        self.limits = limits
        self.modules = modules
        self.files = files.resolve() if files and files.is_dir() else None
        self._next: Container | None = None

    def start(self) -> "Containers":
        if self._next is None:
            self._next = Container(self.program, self.limits, self.modules)
        return self

    def run(self, cells: list[str]) -> Outcome:
        """Run the code cells of one submission; whatever happens to it, an Outcome comes back."""
        return run_through(lambda way: self._begin(cells, way), self.limits.seconds)

    def open(self, cells: list[str]) -> Streams:
        """Begin a submission that is spoken with while it runs, over the descriptor that GRADER_LINE names."""
        return self._begin(cells, "in_process")

    def _begin(self, cells: list[str], way: str) -> Streams:
        self.start()
        container, self._next = self._next, None
        try:
            self._hand_over(container, cells, way)
        except BaseException:
            container.close()
            raise
        self.start()  # the next one loads meanwhile
        return Streams(container, self.limits)

    def _hand_over(self, container: Container, cells: list[str], way: str) -> None:
        ready, other = container.said("ready", START)
        if ready is None:
            raise SandboxError(other.strip()[-300:] or "no answer")
        if ready["crmkit"] != fingerprint(Path(crmkit.__file__).parent):
            raise SandboxError(MESSAGES.say("sandbox_other_image", image=IMAGE, between=" "))
        job = {"cells": cells, "way": way, "files": self._packed()}
        try:
            container.write(framed(json.dumps(job).encode()), START)
        except OSError as problem:
            raise SandboxError(f"container: {type(problem).__name__} {problem}") from None

    def _packed(self) -> dict[str, str]:
        """The pack's own data, by their names below its folder."""
        if self.files is None:
            return {}
        packed = {}
        for path in sorted(self.files.rglob("*")):
            if path.is_file():
                packed[path.relative_to(self.files).as_posix()] = base64.b64encode(path.read_bytes()).decode()
        return packed

    def close(self) -> None:
        """End the container that waits."""
        if self._next is not None:
            ready, self._next = self._next, None
            ready.close()

    __enter__ = start

    def __exit__(self, *_) -> None:
        self.close()
