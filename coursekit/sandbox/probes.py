"""Does the wall hold? A probe goes through the real sandbox and tries what an attacker would try.

Each attempt is harmless and succeeds where nothing is walled off (a test holds that), so that a wall that does nothing
is not taken for one.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import crmkit
from coursekit.messages import MESSAGES, KitError

from .protocol import Limits, Outcome, SandboxError, Wall
from .survivors import end_survivors, survives
from .walls import tiers, wall

READY = 10.0  # seconds for a submission that only has to say that it runs
PAUSE = 1.0  # seconds before a wall that did not stand is put up once more
# calls of the kernel that no exercise needs, each with arguments that do nothing: call → arguments
CALLS = {
    "add_key": (0, 0, 0, 0, 0),
    "bpf": (-1, 0, 0),
    "fanotify_init": (-1, -1),
    "init_module": (0, 0, 0),
    "inotify_init1": (-1,),
    "io_uring_setup": (0, 0),
    "kexec_load": (0, -1, 0, -1),
    "keyctl": (-1, 0, 0),
    "memfd_create": (0, 0),
    "mount": (0, 0, 0, 0, 0),
    "msgget": (4711, 0),
    "perf_event_open": (0, 0, 0, 0, 0),
    "process_vm_readv": (-1, 0, 0, 0, 0, 0),
    "ptrace": (-1, 0, 0, 0),
    "quotactl": (-1, 0, 0, 0),
    "request_key": (0, 0, 0, 0),
    "semget": (4711, 0, 0),
    "setns": (-1, 0),
    "shmget": (4711, 0, 0),
    "unshare": (0,),
    "userfaultfd": (-1,),
}
ATTEMPTS = (
    "read_a_secret",
    "read_the_course",
    "write_outside",
    "open_a_socket",
    "open_another_family",
    "signal_a_neighbour",
    "see_other_processes",
    "see_a_lock",
    "make_a_namespace",
    "outlive_the_run",
    "outlive_its_end",
    *(f"call_{name}" for name in CALLS),
)

# run as a submission; `target` is filled in. What it finds leaves as the answer to a text question
_PROBE = """
import ctypes, errno, fcntl, json, os, socket, subprocess, sys
from pathlib import Path
import crmkit
from crmkit import AnswerSheet
target, done = {target!r}, {{}}
answer = AnswerSheet("probe", seed=1, questions=[{{"id": "found", "kind": "text"}}])
def attempt(name, action):
    try:
        done[name] = bool(action())
    except BaseException:
        done[name] = False
attempt("read_a_secret", lambda: Path(target["secret"]).read_text() == target["content"])
attempt("read_the_course", lambda: Path(target["course"]).read_text())
attempt("write_outside", lambda: Path(target["write"]).write_text("here") and True)
def connect():
    with socket.create_connection(("127.0.0.1", target["port"]), timeout=1) as line:
        return line.recv(5) == b"hello"
attempt("open_a_socket", connect)
def other_family():
    opened = []
    for family in set(range(1, 46)) - {{socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}}:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
                opened.append(family)
            except OSError:
                pass
    return opened
attempt("open_another_family", other_family)
attempt("signal_a_neighbour", lambda: os.kill(target["neighbour"], 0) is None)
attempt("see_other_processes", lambda: Path(f"/proc/{{target['neighbour']}}/cmdline").read_bytes())
def see_a_lock():
    with open(crmkit.__file__) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
attempt("see_a_lock", see_a_lock)
libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
def answers(name, arguments):
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    result = libc.syscall(*map(ctypes.c_long, [number, *arguments]))
    return number >= 0 and (result >= 0 or ctypes.get_errno() != errno.ENOSYS)
for name, arguments in target["calls"].items():
    attempt(f"call_{{name}}", lambda: answers(name, arguments))
def namespace():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if libc.unshare(0x10000000) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
attempt("make_a_namespace", namespace)
def outlive():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)", target["marker"]], start_new_session=True)
    return True
attempt("outlive_the_run", outlive)
answer("found", json.dumps(done))
"""
# process 1 wants no word of its parent's end, and neither it nor what it starts ends by itself; says when it is ready
_STAYS = """
import ctypes, os, subprocess, sys, time
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)", {marker!r}], start_new_session=True)
os.write(int(os.environ["GRADER_LINE"]), b"READY")
time.sleep(20)
"""


@dataclass(frozen=True)
class Probed:
    """What was found out about a wall: attempt → whether it succeeded; and who holds a submission to its memory."""

    found: dict[str, bool]
    memory: str


def probe(tier: str) -> Probed:
    """Try everything behind this wall; SandboxError when nothing can be run there at all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        open(crmkit.__file__, "rb") as source,
    ):
        _share_lock(source)
        secret = Path(folder, "secret.txt")
        content = uuid.uuid4().hex
        secret.write_text(content)
        os.chmod(folder, 0o777)  # permissions alone must not be what keeps the probe out
        os.chmod(secret, 0o666)
        neighbour = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        marker = f"crmkit-probe-{uuid.uuid4().hex}"
        target = {
            "secret": str(secret),
            "content": content,
            "write": str(Path(folder, "written.txt")),
            "course": str(Path(__file__).parents[1] / "lessons" / "exercise.py"),
            "port": server.getsockname()[1],
            "neighbour": neighbour.pid,
            "marker": marker,
            "calls": CALLS,
        }
        server.settimeout(0.1)
        try:
            with wall(
                tier=tier, limits=Limits(seconds=20), modules=["crmkit", "crmkit.answers.sheet"]
            ) as warm:
                _greet(server)
                outcome = warm.run([_PROBE.format(target=target)])
                alive = survives(marker) if outcome.state == "ended" else False
                stays = _stays(warm, f"{marker}-stays") if outcome.state == "ended" else False
                memory = warm.memory
        finally:
            neighbour.kill()
            neighbour.wait()
            end_survivors(marker)
        try:
            found = json.loads(outcome.sheet["answers"]["found"]["value"])
        except (TypeError, KeyError, ValueError):
            raise SandboxError(f"{outcome.state} {outcome.detail}") from None
        found["outlive_the_run"] = alive
        found["outlive_its_end"] = stays
        found["write_outside"] = Path(target["write"]).exists()
        return Probed({name: bool(found.get(name)) for name in ATTEMPTS}, memory)


def _share_lock(source: IO) -> None:
    """Hold a lock that a submission would see if it saw any; of which other probes may hold one as well."""
    with contextlib.suppress(ImportError, OSError):  # Windows; a file system without locks
        import fcntl

        fcntl.flock(source, fcntl.LOCK_SH)


def _stays(warm: Wall, marker: str) -> bool:
    """Whether a submission that does everything to stay is still there after its end."""
    channel = warm.open([_STAYS.format(marker=marker)])
    said = b""
    end = time.monotonic() + READY
    with contextlib.suppress(OSError):  # TimeoutError too: what does not start does not stay
        while b"READY" not in said and time.monotonic() < end:
            block = channel.receive(end - time.monotonic())
            if not block:
                break
            said += block
    channel.end(Outcome("timeout"))
    return survives(marker)


def _greet(server: socket.socket) -> None:
    """Answer whoever connects, from a thread that ends with the server."""

    def serve():
        while server.fileno() != -1:
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            line.sendall(b"hello")
            line.close()

    threading.Thread(target=serve, daemon=True).start()


def choose(*, trust: bool) -> tuple[str | None, dict[str, str]]:
    """The first wall that holds against every attempt, and what became of each that was tried; trust:
    none is needed.
    """
    tried = {}
    for tier in tiers():
        try:
            probed, before = tried_out(tier)
        except (SandboxError, OSError) as problem:
            tried[tier] = last_line(problem)
            continue
        broke = [name for name, succeeded in probed.found.items() if succeeded]
        if not broke:
            return tier, tried | {tier: "; ".join(["held", *_said_of(probed, before)])}
        tried[tier] = ", ".join(broke)
    return ("trust" if trust else None), tried


def chosen_wall(*, error: str, trust: bool = False) -> tuple[str, dict[str, str]]:
    """The wall that is used, and what became of each that was tried.

    Errors: KitError called ``error``, with the reasons, where none holds and none is waived.
    """
    tier, tried = choose(trust=trust)
    if tier is None:
        why = "; ".join(f"{name}: {what}" for name, what in tried.items())
        why = why or MESSAGES.say("grade_no_bubblewrap", between=" ")
        raise KitError(error, value=", ".join(tried) or "—", why=why)
    return tier, tried


def tried_out(tier: str) -> tuple[Probed, str]:
    """What was found; and why nothing could be tried at first, where that was so.

    A wall that does not stand is put up once more: on a machine that is at its limits a process is killed, or not
    started, that would have been a moment later. What an attempt has found stays found.
    """
    try:
        return probe(tier), ""
    except (SandboxError, OSError) as problem:
        time.sleep(PAUSE)
        return probe(tier), last_line(problem)


def _said_of(probed: Probed, before: str) -> list[str]:
    """What an instructor may want to know of a wall that held."""
    said = [MESSAGES.say(f"sandbox_memory_{probed.memory}", between=" ")]
    if before:
        said.append(MESSAGES.say("sandbox_second_try", between=" ", why=before))
    return said


def last_line(problem: Exception) -> str:
    """The last thing that an error says: of what a program has written before it died, the reason."""
    said = str(problem).strip()
    return said.splitlines()[-1][:300] if said else type(problem).__name__
