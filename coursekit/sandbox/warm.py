"""The wall of bubblewrap: around a warm, answer-free process that forks one child per submission.

Whether it holds is found out by trying: a probe runs through it and attempts what an attacker would (`probes`).
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import crmkit
from coursekit.messages import KitError

from .bubblewrap import INSIDE, INSIDE_AT, PACK_FILES, SCRATCH, bubblewrap
from .protocol import MODULES, Limits, Outcome, SandboxError
from .submission_run import run_through

START = 120  # seconds until the warm process has to be ready
GRACE = 2.0  # seconds that a submission has to end after its last cell
LARGEST_WORD = 65536  # bytes of what the warm process itself says


@dataclass
class Line:
    """A submission behind a socket, as `protocol.Channel` has it."""

    line: socket.socket
    ended: Callable[[Outcome], Outcome]

    def send(self, raw: bytes, seconds: float) -> None:
        self.line.settimeout(seconds)
        self.line.sendall(raw)

    def receive(self, seconds: float) -> bytes:
        if not readable(self.line.fileno(), seconds):
            raise TimeoutError
        return self.line.recv(1 << 16)

    def end(self, outcome: Outcome) -> Outcome:
        self.line.close()
        return self.ended(outcome)


class Warm:
    """One warm process behind bubblewrap, or behind nothing where the tier is trust."""

    def __init__(
        self, *, tier: str, limits: Limits = Limits(), modules: list[str] = MODULES, files: Path | None = None
    ):
        self.walled = tier != "trust"
        self.limits = limits
        self.modules = modules
        # what every submission finds beside itself
        self.files = files.resolve() if files and files.is_dir() else None
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._unwalled: tempfile.TemporaryDirectory | None = None

    def start(self) -> "Warm":
        """Load what exercises use; SandboxError when the wall cannot be put up."""
        if not (hasattr(os, "fork") and hasattr(socket, "AF_UNIX")):  # Windows
            raise KitError("no_fork", value=sys.platform)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not self.walled:
            self._unwalled = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with theirs:
            self._process = subprocess.Popen(
                self._command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=None if self.walled else environment_without_wall(),
            )
        self._control.settimeout(START)
        try:
            ready = json.loads(self._control.recv(LARGEST_WORD) or b"{}")
        except (TimeoutError, ValueError):
            ready = {}
        if not ready.get("ready"):
            self._process.kill()
            said = self._process.stderr.read().decode("utf-8", "replace")[-500:]
            raise SandboxError(said or f"exit {self._process.wait()}")
        return self

    def _command(self, control: int) -> list[str]:
        limits = {
            "cpu": self.limits.cpu,
            "memory": self.limits.memory,
            "disk": self.limits.disk,
            "processes": self.limits.processes,
            "scratch": SCRATCH if self.walled else self._unwalled.name,
            "files": self.files and (PACK_FILES if self.walled else str(self.files)),
        }
        settings = {"modules": self.modules, "walled": self.walled, "limits": limits}
        inside = INSIDE_AT if self.walled else str(INSIDE)
        command = [sys.executable, "-P", inside, str(control), json.dumps(settings)]
        return bubblewrap(command, self.files) if self.walled else command

    @property
    def pid(self) -> int | None:
        """The process that was started here, bubblewrap or the warm process itself; None where there is none now."""
        return self._process.pid if self._process is not None else None

    def run(self, cells: list[str]) -> Outcome:
        """Run the code cells of one submission; whatever happens to it, an Outcome comes back."""
        return run_through(lambda way: self._begin(cells, way), self.limits.seconds)

    def open(self, cells: list[str]) -> Line:
        """Begin a submission that is spoken with while it runs, over the descriptor that GRADER_LINE names."""
        return self._begin(cells, "in_process")

    def _begin(self, cells: list[str], way: str) -> Line:
        if self._process is None or self._process.poll() is not None:
            self.start()
        ours, theirs = socket.socketpair()
        memory = os.memfd_create("cells")
        try:
            with os.fdopen(os.dup(memory), "wb") as stream:
                stream.write(json.dumps(cells).encode())
            os.lseek(memory, 0, os.SEEK_SET)
            socket.send_fds(self._control, [way.encode()], [memory, theirs.fileno()])
        except OSError as problem:  # it died with the submission before this one: the next starts another
            ours.close()
            self.close()
            raise SandboxError(f"{type(problem).__name__}: {problem}") from None
        finally:
            os.close(memory)
            theirs.close()
        return Line(ours, self._end)

    def _end(self, outcome: Outcome) -> Outcome:
        """Wait for the child, which says what it used; one that goes on is ended, and all that it started with it."""
        grace = GRACE if outcome.state in ("ended", "died") else 0
        try:
            if not readable(self._control.fileno(), grace):
                self._control.send(b"end")
            used = json.loads(self._control.recv(LARGEST_WORD))
        except (OSError, ValueError):
            self.close()  # the warm process itself is gone: the next submission starts another
            outcome.detail = outcome.detail or "warm process"
            return outcome
        outcome.cpu_seconds = used["cpu_seconds"]
        outcome.memory_mb = used["memory_mb"]
        outcome.seconds = used["seconds"]
        if outcome.state == "died":
            outcome.detail = f"exit {used['status']}"
        return outcome

    def close(self) -> None:
        """End the warm process and with it everything that is left behind its wall."""
        if self._process is not None:
            self._control.close()
            try:
                self._process.wait(GRACE)  # it ends by itself, and what it used is counted
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()
            self._process.stderr.close()
            self._process = None
        if self._unwalled is not None:
            self._unwalled.cleanup()
            self._unwalled = None

    __enter__ = start

    def __exit__(self, *_) -> None:
        self.close()


def readable(descriptor: int, seconds: float) -> bool:
    """Whether something is there to be read within these seconds; poll, since select knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def environment_without_wall() -> dict[str, str]:
    """The checkout's crmkit, and never a secret: not even an unwalled submission is given our environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(crmkit.__file__).parent.parent), "PYTHONUTF8": "1"}
