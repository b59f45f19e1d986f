"""What the rest of the kit knows of a wall: what may be used behind it, what comes of a run, how it is spoken with."""

from dataclasses import dataclass, field
from typing import Protocol

MODULES = [  # loaded before the first submission: what exercises use
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


class SandboxError(RuntimeError):
    """The wall could not be put up; says why."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    seconds: float = 60.0  # of wall clock
    cpu: int = 60  # seconds of processor
    memory: int = 2 << 30  # bytes beyond what the warm process holds
    disk: int = 256 << 20  # bytes in /tmp, and of one file
    processes: int = 48  # threads count


# states that may be the machine's doing: a run that ended so is tried again, and never kept
NOT_FINAL = ("no_wall", "timeout", "killed")


@dataclass
class Outcome:
    """What came of one submission.

    ``state``: ended, timeout, too_much_output, too_much_memory, died, killed (from outside, by no limit of ours and not
    by itself) or no_wall.
    """

    state: str
    sheet: dict | None = None  # the last AnswerSheet as typed JSON; the student's word
    errors: list[dict] = field(default_factory=list)
    last_cell: int = -1
    cpu_seconds: float = 0.0
    memory_mb: float = 0.0
    seconds: float = 0.0
    detail: str = ""
    way: str = "in_process"  # or kernel: in a kernel of its own
    attempts: int = 1  # more where it was killed from outside, and run again


class Channel(Protocol):
    """A submission that runs: bytes go to it and come from it until it is ended."""

    def send(self, raw: bytes, seconds: float) -> None:
        """Bytes for the submission. Errors: TimeoutError where it does not take them, OSError where it is over."""

    def receive(self, seconds: float) -> bytes:
        """What has come, at most a block; nothing when nothing more can come. Errors: TimeoutError, OSError."""

    def end(self, outcome: Outcome) -> Outcome:
        """End the submission with all that it has started, and note in the outcome what it used."""


class Wall(Protocol):
    """What runs a stranger's code, one submission after the other; put up when it is first used."""

    limits: Limits
    memory: str  # what holds all of a submission together to its memory: cgroup, counted or container

    def run(self, cells: list[str]) -> Outcome:
        """Run the code cells of one submission; whatever happens to it, an Outcome comes back."""

    def open(self, cells: list[str]) -> Channel:
        """Begin a submission that is spoken with while it runs. Errors: SandboxError."""

    def close(self) -> None:
        """Take the wall down, and with it everything that is left behind it."""

    def __enter__(self) -> "Wall": ...

    def __exit__(self, *_) -> None: ...
