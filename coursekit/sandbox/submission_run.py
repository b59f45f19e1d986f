"""One submission from its first frame to its outcome; once more in a kernel of its own where it asks for one."""

import re
import signal
import time
from collections.abc import Callable

from coursekit.messages import MESSAGES

from .frames import Frames, TooMuch
from .protocol import Channel, Limits, Outcome, SandboxError

LARGEST_FRAME, LARGEST_OUTPUT = 8 << 20, 24 << 20  # bytes: one message of a submission; all of them
MOST_ERRORS = 100


def run_through(begin: Callable[[str], Channel], seconds: float) -> Outcome:
    """Run in the warm process's shell, which is fast, and again in a real kernel where something has asked for one.

    ``begin`` starts the submission in one of the two ways, in_process or kernel.
    """
    outcome = _run_undisturbed(begin, "in_process", seconds)
    if not needs_kernel(outcome.errors):
        return outcome
    again = _run_undisturbed(begin, "kernel", seconds)
    kept, other = (again, outcome) if _came_as_far(again, outcome) else (outcome, again)
    kept.detail = kept.detail or other.detail  # of a kernel that did not start or came to an end too soon
    kept.cpu_seconds += other.cpu_seconds
    kept.seconds += other.seconds
    kept.attempts = max(kept.attempts, other.attempts)
    return kept


def _run_undisturbed(begin: Callable[[str], Channel], way: str, seconds: float) -> Outcome:
    """Run, and once more where it was killed from outside: a machine out of memory, or somebody's kill."""
    outcome = _run_once(begin, way, seconds)
    if outcome.state != "killed":
        return outcome
    again = _run_once(begin, way, seconds)
    again.attempts = outcome.attempts + 1
    again.detail = again.detail or MESSAGES.say("sandbox_ran_again", between=" ", why=outcome.detail)
    return again


def _run_once(begin: Callable[[str], Channel], way: str, seconds: float) -> Outcome:
    try:
        channel = begin(way)
    except SandboxError as problem:
        return Outcome("no_wall", detail=str(problem)[-300:], way=way)
    outcome = Outcome("died", way=way)
    listen(channel, outcome, seconds)
    return channel.end(outcome)


def conclude(outcome: Outcome, used: dict | None, limits: Limits) -> Outcome:
    """Note what a run used, and of one that broke off, why: by itself, by a limit, or killed from outside.

    ``used``: as the process beside it tells; None where that was gone with it, which no submission can bring about.
    """
    if used is None:
        if outcome.state == "died":
            outcome.state = "killed"
        return outcome
    outcome.cpu_seconds = used["cpu_seconds"]
    outcome.memory_mb = used["memory_mb"]
    outcome.seconds = used["seconds"]
    if used["ended"] == "too_much_memory" and outcome.state in ("died", "timeout"):
        outcome.state = "too_much_memory"
    if outcome.state != "died":
        return outcome
    outcome.detail = f"exit {used['status']}"
    if (
        used["ended"] == "by_itself"
        and used["status"] == -signal.SIGKILL
        and outcome.cpu_seconds < limits.cpu
    ):
        outcome.state = "killed"
    return outcome


def _came_as_far(one: Outcome, other: Outcome) -> bool:
    return (one.state == "ended", one.last_cell) >= (other.state == "ended", other.last_cell)


# --- what it says ---------------------------------------------------------------------------------------------------


def listen(channel: Channel, outcome: Outcome, seconds: float) -> None:
    """Note what comes until every cell has run, a limit is reached, or nothing more can come."""
    frames = Frames(largest=LARGEST_FRAME, largest_total=LARGEST_OUTPUT)
    end = time.monotonic() + seconds
    while outcome.state != "ended":
        try:
            block = channel.receive(max(0.0, end - time.monotonic()))
            if not block:
                return
            for said in frames.take_in(block):
                if time.monotonic() > end:  # a flood of tiny frames takes time as well
                    raise TimeoutError
                if said is not None:
                    note(outcome, said)
                if outcome.state == "ended":
                    return
        except TimeoutError:
            outcome.state = "timeout"
            return
        except TooMuch:
            outcome.state = "too_much_output"
            return
        except OSError:  # the line is broken: nothing more can come
            return


def note(outcome: Outcome, said: dict) -> None:
    """What a frame tells of the submission; whatever has not the form of it is passed over.

    The wall, or the kernel, is put up before the first cell begins, and that is said before any of the student's code
    runs: whoever says later that it is not there speaks for the student.
    """
    if isinstance(said.get("sheet"), dict):
        outcome.sheet = said["sheet"]
    if isinstance(said.get("cell"), int):
        outcome.last_cell = max(0, outcome.last_cell, said["cell"])
    if isinstance(said.get("error"), dict) and len(outcome.errors) < MOST_ERRORS:
        outcome.errors.append(_error(said["error"]))
    for what in ("wall", "no_kernel"):
        if isinstance(said.get(what), str) and outcome.last_cell < 0:
            outcome.state = "no_wall"
            outcome.detail = said[what][:300]
    if said.get("done") is True:
        outcome.state = "ended"


def _error(said: dict) -> dict:
    cell = said.get("cell")
    return {
        "cell": cell if isinstance(cell, int) else None,
        "name": str(said.get("name"))[:80],
        "text": str(said.get("text"))[:300],
    }


# --- what only a kernel has -----------------------------------------------------------------------------------------

# said by the shell that is none, by its magics, and by ipykernel when there is no kernel
ONLY_A_KERNEL = re.compile(
    r"'NotebookShell' object has no attribute"
    r"|magic function `%%?(connect_info|qtconsole|autosave|subshell)` not found"
    r"|(?i:ipykernel|ipkernel|zmq|(running|no|a) kernel|kernel (app|is not|not))"
    r"|'NoneType' object has no attribute '(kernel|session|iopub_\w+|shell_\w+|io_loop|comm_manager)'"
)


def needs_kernel(errors: list[dict]) -> bool:
    """Whether a notebook failed for want of a kernel. A student who pretends so is run once more, and gains nothing."""
    return any(ONLY_A_KERNEL.search(error["text"]) for error in errors)
