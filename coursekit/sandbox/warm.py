"""The wall around submissions: bubblewrap around a warm, answer-free process that forks one child per submission.

Which wall there is, is found out by trying: a probe runs through the real sandbox and attempts what an attacker would
(`probes`). Where no wall holds, nothing is run unless the instructor says ``--trust``.
"""

import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import crmkit

INSIDE = Path(__file__).with_name("in_sandbox.py")
MODULES = [
    "pandas",
    "numpy",
    "matplotlib.pyplot",
    "seaborn",
    "scipy.stats",
    "duckdb",
    "crmkit",
    "crmkit.answers.sheet",
    "crmkit.data.summary",
    "crmkit.display.tables",
    "crmkit.plots",
    "crmkit.customer_pyramid.pyramid",
    "crmkit.customer_pyramid.segments",
]
LARGEST_FRAME, LARGEST_OUTPUT = 8 << 20, 24 << 20  # bytes: one message of a submission; all of them
PACK_FILES = "/kit/files"
SCRATCH = "/scratch"  # the one place where a submission may write; its own, and gone with it
GRACE = 2.0  # seconds that a submission has to end after its last cell
SYSTEM = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
    "/usr/share/zoneinfo",
]


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 60.0  # of wall clock
    cpu: int = 60  # seconds of processor
    memory: int = 2 << 30  # bytes beyond what the warm process holds
    disk: int = 256 << 20  # bytes in /tmp, and of one file
    processes: int = 48  # threads count


@dataclass
class Outcome:
    """What came of one submission: ``state`` ended, timeout, too_much_output, died or no_wall."""

    state: str
    sheet: dict | None = None  # the last AnswerSheet as typed JSON; the student's word
    errors: list[dict] = field(default_factory=list)
    last_cell: int = -1
    cpu_seconds: float = 0.0
    memory_mb: float = 0.0
    seconds: float = 0.0
    detail: str = ""
    way: str = "in_process"  # or kernel: in a kernel of its own


def readable_paths() -> dict[str, str]:
    """What a submission may read, path inside → path here: the system, this Python with its packages, crmkit, its data."""
    paths = {p: p for p in [*SYSTEM, sys.prefix, sys.base_prefix] if os.path.exists(p)}
    package = Path(crmkit.__file__).parent
    paths["/kit/crmkit"] = str(package)
    for data in (package.parent / "datasets", package.parent / "coursekit" / "course" / "datasets"):
        if data.is_dir():
            paths["/kit/datasets"] = str(data)
    return paths


def bubblewrap(command: list[str], files: Path | None = None) -> list[str]:
    """The command inside bubblewrap: a read-only system without coursekit, no network, no other processes."""
    arguments = [
        "bwrap",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--hostname",
        "sandbox",
    ]
    if os.getuid() == 0:  # a real drop to nobody follows inside, for which these two are needed
        arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        arguments += ["--unshare-user"]
    arguments += ["--tmpfs", "/", "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", SCRATCH]
    paths = readable_paths() | ({PACK_FILES: str(files)} if files else {})
    above = {str(parent) for path in paths for parent in Path(path).parents} - {"/", *SYSTEM}
    for parent in sorted(above):  # bubblewrap would make them for root alone
        arguments += ["--perms", "0755", "--dir", parent]
    if "/tmp" not in above:  # nothing that is needed lies below it
        arguments += ["--symlink", SCRATCH.lstrip("/"), "/tmp"]
    for path, source in paths.items():
        if os.path.islink(source) and not os.path.isabs(os.readlink(source)):
            arguments += ["--symlink", os.readlink(source), path]
        else:
            arguments += ["--ro-bind", os.path.realpath(source), path]
    for packages in {p for p in sys.path if p.startswith(sys.prefix) and os.path.isdir(p)}:
        for hidden in ("coursekit", "crmkit"):  # of an installed wheel; its course holds the solutions
            if os.path.isdir(os.path.join(packages, hidden)):
                arguments += ["--tmpfs", os.path.join(packages, hidden)]
    arguments += ["--ro-bind", str(INSIDE), "/inside.py", "--chdir", SCRATCH]
    # nothing may stay behind that the next submission could find
    arguments += ["--remount-ro", "/", "--remount-ro", "/dev"]
    settings = {
        "PATH": "/usr/bin:/bin",
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
    for name, value in settings.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--", *command]


def readable(descriptor: int, seconds: float) -> bool:
    """Whether something is there to be read within these seconds; poll, since select knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


class Frames:
    """Cuts what a submission sends into frames and notes what they say, within the limits of size and time."""

    def __init__(self, seconds: float):
        self.outcome, self._held, self._total = Outcome("died"), bytearray(), 0
        self._end = time.monotonic() + seconds

    def seconds_left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def take_in(self, block: bytes) -> bool:
        """Whether that was all: every cell has run, or a limit is reached (a flood of tiny frames takes time as well)."""
        self._held += block
        self._total += len(block)
        at = 0
        while len(self._held) - at >= 4:
            (size,) = struct.unpack_from(">I", self._held, at)
            if size > LARGEST_FRAME or self._total > LARGEST_OUTPUT:
                self.outcome.state = "too_much_output"
                return True
            if time.monotonic() > self._end:
                self.outcome.state = "timeout"
                return True
            if len(self._held) - at < 4 + size:
                break
            if self._take(bytes(self._held[at + 4 : at + 4 + size]), self.outcome):
                return True
            at += 4 + size
        del self._held[:at]
        return False

    @staticmethod
    def _take(frame: bytes, outcome: Outcome) -> bool:
        """Note what a frame says; whether it says that all cells have run. What is no such frame is passed over."""
        try:
            said = json.loads(frame)
        except (ValueError, RecursionError):
            return False
        if not isinstance(said, dict):
            return False
        if isinstance(said.get("sheet"), dict):
            outcome.sheet = said["sheet"]
        if isinstance(said.get("cell"), int):
            outcome.last_cell = said["cell"]
        error = said.get("error")
        if isinstance(error, dict) and len(outcome.errors) < 100:
            outcome.errors.append(
                {
                    "cell": error.get("cell") if isinstance(error.get("cell"), int) else None,
                    "name": str(error.get("name"))[:80],
                    "text": str(error.get("text"))[:300],
                }
            )
        for what in ("wall", "no_kernel"):
            if isinstance(said.get(what), str):
                outcome.state, outcome.detail = "no_wall", said[what][:300]
        if said.get("done") is True:
            outcome.state = "ended"
            return True
        return False


class Warm:
    """One warm process behind the wall; ``run`` gives it submissions one after the other."""

    def __init__(
        self, *, tier: str, limits: Limits = Limits(), modules: list[str] = MODULES, files: Path | None = None
    ):
        self.tier, self.limits, self.modules = tier, limits, modules
        self.files = (
            files.resolve() if files and files.is_dir() else None
        )  # what every submission finds beside itself
        self.unwalled = None
        self.process = None

    def start(self) -> "Warm":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        walled = self.tier != "trust"
        if not walled:
            self.unwalled = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        settings = {
            "modules": self.modules,
            "walled": walled,
            "limits": {
                "cpu": self.limits.cpu,
                "memory": self.limits.memory,
                "disk": self.limits.disk,
                "processes": self.limits.processes,
                "scratch": SCRATCH if walled else self.unwalled.name,
                "files": self.files and (PACK_FILES if walled else str(self.files)),
            },
        }
        inside = "/inside.py" if walled else str(INSIDE)
        command = [sys.executable, "-P", inside, str(theirs.fileno()), json.dumps(settings)]
        environment = None
        if walled:
            command = bubblewrap(command, self.files)
        else:
            # the checkout's crmkit, and never a secret: not even an unwalled submission is given our environment
            keep = {
                k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
            }
            environment = {**keep, "PYTHONPATH": str(Path(crmkit.__file__).parent.parent), "PYTHONUTF8": "1"}
        self.errors = None
        self.process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        theirs.close()
        self.control = ours
        ours.settimeout(120)
        try:
            ready = json.loads(ours.recv(65536) or b"{}")
        except (TimeoutError, ValueError):
            ready = {}
        if not ready.get("ready"):
            self.process.kill()
            said = self.process.stderr.read().decode("utf-8", "replace")[-500:]
            raise SandboxError(said or f"exit {self.process.wait()}")
        self.uid = ready["uid"]
        return self

    def run(self, cells: list[str]) -> Outcome:
        """Run the code cells of one submission; whatever happens to it, an Outcome comes back.

        In the warm process's shell, which is fast, and again in a real kernel where something has asked for one.
        """
        outcome = self._run_once(cells, "in_process")
        if not needs_kernel(outcome.errors):
            return outcome
        again = self._run_once(cells, "kernel")
        kept, other = (again, outcome) if _came_as_far(again, outcome) else (outcome, again)
        kept.detail = kept.detail or other.detail  # of a kernel that did not start or came to an end too soon
        kept.cpu_seconds += other.cpu_seconds
        kept.seconds += other.seconds
        return kept

    def _run_once(self, cells: list[str], way: str) -> Outcome:
        reader, writer = os.pipe()
        try:
            self.begin(cells, writer, way)
        finally:
            os.close(writer)
        outcome = self._read(reader)
        outcome.way = way
        os.close(reader)
        return self.end(outcome)

    def begin(self, cells: list[str], line: int, way: str = "in_process") -> None:
        """Hand over the code cells of one submission; ``line``: where it speaks to us, a pipe or one of two sockets."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        memory = os.memfd_create("cells")
        try:
            os.write(memory, json.dumps(cells).encode())
            os.lseek(memory, 0, os.SEEK_SET)
            socket.send_fds(self.control, [way.encode()], [memory, line])
        finally:
            os.close(memory)

    def _read(self, reader: int) -> Outcome:
        """The frames until the pipe is closed or a limit is reached."""
        frames = Frames(self.limits.seconds)
        while True:
            if not readable(reader, frames.seconds_left()):
                frames.outcome.state = "timeout"
                return frames.outcome
            block = os.read(reader, 1 << 16)
            if not block or frames.take_in(block):  # no block: every writer is gone, nothing more can come
                return frames.outcome

    def end(self, outcome: Outcome) -> Outcome:
        """Wait for the child, which says what it used; one that goes on is ended, and all that it started with it."""
        try:
            if not readable(self.control.fileno(), GRACE if outcome.state in ("ended", "died") else 0):
                self.control.send(b"end")
            used = json.loads(self.control.recv(65536))
        except (OSError, ValueError):
            self.close()  # the warm process itself is gone: the next submission starts another
            outcome.detail = outcome.detail or "warm process"
            return outcome
        outcome.cpu_seconds, outcome.memory_mb = used["cpu_seconds"], used["memory_mb"]
        outcome.seconds = used["seconds"]
        if outcome.state == "died":
            outcome.detail = f"exit {used['status']}"
        return outcome

    def close(self) -> None:
        """End the warm process and with it everything that is left behind its wall."""
        if self.process is not None:
            self.control.close()
            try:
                self.process.wait(GRACE)  # it ends by itself, and what it used is counted
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
            self.process.stderr.close()
            self.process = None
        if self.unwalled is not None:
            self.unwalled.cleanup()
            self.unwalled = None

    __enter__ = start

    def __exit__(self, *_):
        self.close()


# what only a kernel has: said by the shell that is none, by its magics, and by ipykernel when there is no kernel
ONLY_A_KERNEL = re.compile(
    r"'NotebookShell' object has no attribute"
    r"|magic function `%%?(connect_info|qtconsole|autosave|subshell)` not found"
    r"|(?i:ipykernel|ipkernel|zmq|(running|no|a) kernel|kernel (app|is not|not))"
    r"|'NoneType' object has no attribute '(kernel|session|iopub_\w+|shell_\w+|io_loop|comm_manager)'"
)


def _came_as_far(one: Outcome, other: Outcome) -> bool:
    return (one.state == "ended", one.last_cell) >= (other.state == "ended", other.last_cell)


def needs_kernel(errors: list[dict]) -> bool:
    """Whether a notebook failed for want of a kernel. A student who pretends so is run once more, and gains nothing."""
    return any(ONLY_A_KERNEL.search(error["text"]) for error in errors)


class SandboxError(RuntimeError):
    """The wall could not be put up; says why."""
