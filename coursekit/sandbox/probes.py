"""Does the wall hold? A probe goes through the real sandbox and tries what an attacker would try.

Each attempt is harmless and succeeds where nothing is walled off (a test holds that), so that a wall that does nothing
is not taken for one.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from coursekit.messages import MESSAGES

from .protocol import Limits, SandboxError
from .survivors import end_survivors, survives
from .walls import tiers, wall

PAUSE = 1.0  # seconds before a wall that did not stand is put up once more
ATTEMPTS = (
    "read_a_secret",
    "read_the_course",
    "write_outside",
    "open_a_socket",
    "signal_a_neighbour",
    "see_other_processes",
    "outlive_the_run",
)

# run as a submission; `target` is filled in. What it finds leaves as the answer to a text question
_PROBE = """
import json, os, socket, subprocess, sys
from pathlib import Path
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
attempt("signal_a_neighbour", lambda: os.kill(target["neighbour"], 0) is None)
attempt("see_other_processes", lambda: Path(f"/proc/{{target['neighbour']}}/cmdline").read_bytes())
def outlive():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)", target["marker"]], start_new_session=True)
    return True
attempt("outlive_the_run", outlive)
answer("found", json.dumps(done))
"""


def probe(tier: str) -> dict[str, bool]:
    """Attempt → whether it succeeded behind this wall; SandboxError when nothing can be run there at all."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
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
        }
        server.settimeout(0.1)
        try:
            with wall(
                tier=tier, limits=Limits(seconds=20), modules=["crmkit", "crmkit.answers.sheet"]
            ) as warm:
                _greet(server)
                outcome = warm.run([_PROBE.format(target=target)])
                alive = survives(marker) if outcome.state == "ended" else False
        finally:
            neighbour.kill()
            neighbour.wait()
            end_survivors(marker)
        try:
            found = json.loads(outcome.sheet["answers"]["found"]["value"])
        except (TypeError, KeyError, ValueError):
            raise SandboxError(f"{outcome.state} {outcome.detail}") from None
        found["outlive_the_run"] = alive
        found["write_outside"] = Path(target["write"]).exists()
        return {name: bool(found.get(name)) for name in ATTEMPTS}


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
    """The first wall that holds against every attempt, and what became of each that was tried; trust: none is needed."""
    tried = {}
    for tier in tiers():
        try:
            broke, before = tried_out(tier)
        except (SandboxError, OSError) as problem:
            tried[tier] = last_line(problem)
            continue
        if not broke:
            held = MESSAGES.say("sandbox_second_try", between=" ", why=before) if before else "held"
            return tier, tried | {tier: held}
        tried[tier] = ", ".join(broke)
    return ("trust" if trust else None), tried


def tried_out(tier: str) -> tuple[list[str], str]:
    """The attempts that succeeded; and why nothing could be tried at first, where that was so.

    A wall that does not stand is put up once more: on a machine that is at its limits a process is killed, or not
    started, that would have been a moment later. What an attempt has found stays found.
    """
    before = ""
    try:
        found = probe(tier)
    except (SandboxError, OSError) as problem:
        before = last_line(problem)
        time.sleep(PAUSE)
        found = probe(tier)
    return [name for name, succeeded in found.items() if succeeded], before


def last_line(problem: Exception) -> str:
    """The last thing that an error says: of what a program has written before it died, the reason."""
    said = str(problem).strip()
    return said.splitlines()[-1][:300] if said else type(problem).__name__
