"""The wall of bubblewrap: around a warm, answer-free process that forks one child per submission.

Whether it holds is found out by trying: a probe runs through it and attempts what an attacker would (`probes`).
"""

import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import crmkit
from coursekit.messages import MESSAGES, KitError

from .bubblewrap import PACK_FILES, SCRATCH, bubblewrap
from .memory_group import MemoryGroup, memory_group
from .protocol import MODULES, Limits, Outcome, SandboxError
from .submission_run import conclude, run_through

START = 120  # seconds until the warm process has to be ready
GRACE = 2.0  # seconds that a submission has to end after its last cell
SHARED_MEMORY = 64 << 20  # bytes in /dev/shm
LARGEST_WORD = 65536  # bytes of what the warm process itself says
LAST_WORDS = 400  # characters of what it wrote before it died

# what Linux has pids for, and the users above all that systemd gives out (its UIDS-GIDS.md: 1879048192 to 2147483647)
MOST_PIDS = 1 << 22
WARM_OF_A_PROCESS = 64
FIRST_UID = 1879048192
_STARTED = itertools.count()


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
        self._group: MemoryGroup | None = None
        self._stderr: int | None = (
            None  # a file in memory: nobody has to read it, and no full disk is in its way
        )
        self._unwalled: tempfile.TemporaryDirectory | None = None

    def start(self) -> "Warm":
        """Load what exercises use; SandboxError when the wall cannot be put up."""
        if not (hasattr(os, "fork") and hasattr(socket, "AF_UNIX")):  # Windows
            raise KitError("no_fork", value=sys.platform)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not self.walled:
            self._unwalled = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._stderr = os.memfd_create("stderr")
        with theirs:
            self._process = subprocess.Popen(
                self._command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                env=None if self.walled else environment_without_wall(),
            )
        self._control.settimeout(START)
        try:
            ready = json.loads(self._control.recv(LARGEST_WORD) or b"{}")
        except (TimeoutError, ValueError):
            ready = {}
        if not ready.get("ready"):
            why = (
                MESSAGES.say("sandbox_no_seccomp", between=" ")
                if "no_seccomp" in ready
                else self._last_words()
            )
            self.close()
            raise SandboxError(why)
        if self.walled:  # from here on: what is loaded is no submission's
            files = self.limits.disk + SHARED_MEMORY  # have limits of their own, and are memory as well
            self._group = memory_group(descendants(self._process.pid), ready["memory"] + files)
        return self

    @property
    def memory(self) -> str:
        """What holds all of a submission together to its memory."""
        return "cgroup" if self._group else "counted"

    def _command(self, control: int) -> list[str]:
        limits = {
            "cpu": self.limits.cpu,
            "memory": self.limits.memory,
            "disk": self.limits.disk,
            "shared_memory": SHARED_MEMORY,
            "processes": self.limits.processes,
            "uid": free_uid(),
            "scratch": SCRATCH if self.walled else self._unwalled.name,
            "files": self.files and (PACK_FILES if self.walled else str(self.files)),
        }
        settings = {"modules": self.modules, "walled": self.walled, "limits": limits}
        package = "grader" if self.walled else "coursekit.sandbox"
        command = [
            *[sys.executable, "-P", "-m", f"{package}.in_sandbox"],
            *[str(control), json.dumps(settings)],
        ]
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
        except OSError:  # it died with the submission before this one: the next starts another
            ours.close()
            why = self._last_words()
            self.close()
            raise SandboxError(why) from None
        finally:
            os.close(memory)
            theirs.close()
        killed = self._group.killed() if self._group else 0
        return Line(ours, lambda outcome: self._end(outcome, killed))

    def _end(self, outcome: Outcome, killed_before: int) -> Outcome:
        """Wait for the child, which says what it used; one that goes on is ended, and all that it started with it.

        ``killed_before``: by the limit of memory, before this submission began.
        """
        grace = GRACE if outcome.state in ("ended", "died") else 0
        try:
            if not readable(self._control.fileno(), grace):
                self._control.send(b"end")
            used = json.loads(self._control.recv(LARGEST_WORD))
        except (OSError, ValueError):
            why = self._last_words()
            self.close()  # the warm process itself is gone: the next submission starts another
            outcome.detail = outcome.detail or why
            used = None
        else:
            if self._group and self._group.killed() > killed_before:
                used["ended"] = "too_much_memory"
        return conclude(outcome, used, self.limits)

    def _last_words(self) -> str:
        """Why the warm process does not answer: how it ended, and what it wrote last."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        said = os.pread(self._stderr, 1 << 20, 0).decode("utf-8", "replace").strip()
        last_line = said.rpartition("\n")[2][-LAST_WORDS:]
        status = how_it_ended(self._process.returncode)
        return MESSAGES.say("sandbox_process_ended", between=" ", status=status, said=last_line or "—")

    def close(self) -> None:
        """End the warm process and with it everything that is left behind its wall."""
        if self._process is not None:
            self._control.close()
            try:
                self._process.wait(GRACE)  # it ends by itself, and what it used is counted
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()
            os.close(self._stderr)
            self._process = None
            if self._group is not None:
                self._group.close()
                self._group = None
        if self._unwalled is not None:
            self._unwalled.cleanup()
            self._unwalled = None

    __enter__ = start

    def __exit__(self, *_) -> None:
        self.close()


def descendants(pid: int) -> list[int]:
    """A process and all that it has started, as far as they run."""
    found = [pid]
    for one in found:
        with suppress(OSError):  # it ends meanwhile
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def free_uid() -> int:
    """A user whom nobody else is: what the kernel counts for each user (processes, pipes, keys) is then counted alone.

    As `nobody` a sandbox would share these counts with every other one, and with every service that runs as nobody.
    """
    return FIRST_UID + (os.getpid() % MOST_PIDS) * WARM_OF_A_PROCESS + next(_STARTED) % WARM_OF_A_PROCESS


def how_it_ended(status: int | None) -> str:
    """An exit status as it is looked up: a shell adds 128 to the signal that ended a program, and bubblewrap too."""
    if status is None:
        return "—"
    number = -status if status < 0 else status - 128
    with suppress(ValueError):
        return f"{status} ({signal.Signals(number).name})"
    return str(status)


def readable(descriptor: int, seconds: float) -> bool:
    """Whether something is there to be read within these seconds; poll, since select knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


def environment_without_wall() -> dict[str, str]:
    """The checkout's crmkit, and never a secret: not even an unwalled submission is given our environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(Path(crmkit.__file__).parent.parent), "PYTHONUTF8": "1"}
