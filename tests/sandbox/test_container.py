"""Grading in containers. `docker` here is a stand-in that puts up bubblewrap: it shows that the grader's side, the
messages and process 1 work together, and what is asked of Docker; not that Docker keeps what it is asked."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classroom import Classroom
from places import ROOT

from coursekit.sandbox import probes
from coursekit.sandbox.container import PROGRAMS, Containers, answering, command
from coursekit.sandbox.probes import probe
from coursekit.sandbox.protocol import Limits, Outcome
from coursekit.sandbox.walls import tiers
from coursekit.teach.game.contest import contest
from coursekit.teach.grade.grade import grade
from crmkit.market import play, resized, scenario
from crmkit.market.game.game import Setup

pytestmark = pytest.mark.usefixtures("walled")
FEW = ["crmkit", "crmkit.answers.sheet"]
FILES_INSIDE = (
    "in_sandbox.py",
    "in_container.py",
    "memory_used.py",
    "calls.py",
    "calls.json",
    "fingerprint.py",
)

# run, rm, ps and info of docker, as far as the grader asks for them; what was asked is written down
STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
here = Path({folder!r})
with (here / "asked.jsonl").open("a") as stream:
    stream.write(json.dumps(sys.argv[1:]) + "\\n")
verb, rest = sys.argv[1], sys.argv[2:]
pid_of = lambda name: here / name
if verb == "info":
    sys.exit((here / "no_service").exists())
if verb == "rm":
    try:
        outer = int(pid_of(rest[-1]).read_text())
        for pid in [*Path(f"/proc/{{outer}}/task/{{outer}}/children").read_text().split(), outer]:
            os.kill(int(pid), 9)  # first process 1 of its namespace
    except (OSError, ValueError):
        pass
    pid_of(rest[-1]).unlink(missing_ok=True)
if verb == "ps":
    name = rest[-1].removeprefix("name=")
    print("abc" if pid_of(name).exists() else "")
if verb == "run":
    from coursekit.sandbox.bubblewrap import bubblewrap
    name, at = rest[rest.index("--name") + 1], rest.index("crmkit-grader")
    if (here / "no_image").exists():
        sys.exit("Unable to find image 'crmkit-grader:latest' locally")
    pid_of(name).write_text(str(os.getpid()))
    wall = bubblewrap([{python!r}, *rest[at + 1:]])
    files = Path({root!r}, "coursekit/sandbox")
    binds = [part for f in {files_inside!r}
             for part in ("--ro-bind", str(files / f), f"/kit/grader/{{f}}")]
    # as docker does: first the user and the filter that were asked for, then the program
    profile = next(word for word in rest if word.startswith("seccomp=")).removeprefix("seccomp=")
    filtered = "import runpy; from grader.calls import Calls, Path; from grader.in_sandbox import drop_root; drop_root(); "
    filtered += "Calls(Path('/profile.json')).limit_this_process()"
    program = wall.index("-m")
    wall[program:program + 2] = ["-c", filtered + "; runpy.run_module('grader.in_container', run_name='__main__')"]
    binds += ["--ro-bind", profile, "/profile.json"]
    # as with docker: what runs is process 1, and nothing but its standard input tells it of the grader's end
    wall[wall.index("--die-with-parent")] = "--as-pid-1"
    cut = wall.index("--chdir")
    os.execvp("bwrap", [*wall[:cut], *binds, *wall[cut:]])
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A folder in which the stand-in writes down what it was asked."""
    folder = tmp_path / "docker"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(
        STAND_IN.format(python=sys.executable, root=str(ROOT), folder=str(folder), files_inside=FILES_INSIDE)
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_a_container_gets_no_network_no_privilege_nothing_of_this_computer_and_limits():
    line = command("docker", "one", Limits(memory=1 << 30, disk=1 << 20, processes=40), FEW)
    pairs = set(zip(line, line[1:]))
    assert {
        ("--network", "none"),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--user", "65534:65534"),
        ("--pids-limit", "48"),
        ("--ipc", "private"),
        ("--pull", "never"),
        ("--log-driver", "none"),
        ("--oom-score-adj", "500"),
        ("--security-opt", f"seccomp={ROOT / 'coursekit/sandbox/calls.json'}"),
    } <= pairs
    assert "--read-only" in line and line[line.index("--memory") + 1] == line[line.index("--memory-swap") + 1]
    assert not {"-v", "--volume", "--mount", "--privileged", "--pid", "--device", "--cap-add"} & set(line)
    # of this computer it gets to see nothing; the profile is read by the engine
    assert str(ROOT) not in " ".join(word for word in line if not word.startswith("seccomp=")) and not any(
        os.environ.get(k, "-") in line for k in ("HOME", "USER")
    )


def test_podman_in_a_virtual_machine_is_asked_for_no_file_of_this_computer(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    asked = {program: " ".join(command(program, "one", Limits(), FEW)) for program in PROGRAMS}
    assert "seccomp=" in asked["docker"] and "seccomp=" not in asked["podman"]


def test_the_profile_is_one_that_docker_reads():
    profile = json.loads((ROOT / "coursekit/sandbox/calls.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO" and profile["defaultErrnoRet"] == 38
    for rule in profile["syscalls"]:
        assert set(rule) <= {"comment", "names", "action", "errnoRet", "args"}
        assert rule["action"] == "SCMP_ACT_ALLOW" or "errnoRet" in rule
        assert all(set(one) == {"index", "value", "valueTwo", "op"} for one in rule.get("args", []))
    listed = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert not listed & {"add_key", "keyctl", "unshare", "setns", "mount", "memfd_create", "ptrace", "clone3"}
    # what an engine needs itself between putting up the filter and starting the program
    assert {"execve", "close_range", "openat", "getdents64", "futex", "rt_sigreturn", "tgkill"} <= listed


def test_the_image_holds_crmkit_and_no_coursekit_or_answers():
    text = (ROOT / "coursekit/sandbox/Containerfile").read_text(encoding="utf-8")
    copied = {word for line in text.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]}
    assert copied == {
        "requirements.lock",
        "datasets",
        "crmkit",
        *(f"coursekit/sandbox/{name}" for name in FILES_INSIDE),
    }
    assert all((ROOT / name).exists() for name in copied)


def test_a_program_whose_service_does_not_answer_is_no_tier(docker):
    assert answering()[0] == "docker" and "docker" in tiers()
    (docker / "no_service").touch()
    assert "docker" not in answering() and "docker" not in tiers() and set(answering()) <= set(PROGRAMS)


def test_every_attempt_to_get_out_fails_and_no_container_is_left(docker):
    probed = probe("docker")
    assert not any(probed.found.values()) and probed.memory == "container"
    assert {p.name for p in docker.iterdir()} == {"docker", "asked.jsonl"}


def test_a_missing_image_is_said(docker):
    (docker / "no_image").touch()
    with Containers(tier="docker", modules=FEW) as wall:
        outcome = wall.run(["1"])
    assert outcome.state == "no_wall" and "Unable to find image" in outcome.detail


def test_an_image_of_another_version_is_not_used(docker, monkeypatch):
    monkeypatch.setattr("coursekit.sandbox.container.fingerprint", lambda package: "another")
    with Containers(tier="docker", modules=FEW) as wall:
        outcome = wall.run(["1"])
    assert outcome.state == "no_wall" and "another version" in outcome.detail


FLOOD = """import os
for descriptor in range(3, 64):
    try:
        while True:
            os.write(descriptor, (b"\\0\\0\\0\\x02{}" + b"\\0\\0\\x10\\0" + b" " * 4096) * 100)
    except OSError:
        pass"""
SHEET = """from crmkit import AnswerSheet
answer = AnswerSheet("x", seed=1, questions=[{"id": "q", "kind": "text"}])
answer("q", "here")"""


def test_each_submission_has_a_container_of_its_own_and_limits_hold(docker, tmp_path):
    (tmp_path / "files" / "more").mkdir(parents=True)
    (tmp_path / "files" / "more" / "a.csv").write_text("x\n1\n")
    with Containers(tier="docker", limits=Limits(seconds=10), modules=FEW, files=tmp_path / "files") as wall:
        first = wall.run(
            [
                SHEET,
                "open('more/b', 'w').write('left')",
                "assert open('more/a.csv').read() == 'x\\n1\\n'",
                "1 / 0",
            ]
        )
        again = wall.run(
            [SHEET, "import os; assert os.listdir('more') == ['a.csv'] and os.getuid() == 65534"]
        )
        ended = wall.run([SHEET, "import os; os._exit(3)"])
        began = time.monotonic()
        stuck = wall.run([SHEET, "while True: pass"])
        assert time.monotonic() - began < 60
        much = wall.run([SHEET, FLOOD])
    assert first.state == again.state == "ended" and [e["name"] for e in first.errors] == [
        "ZeroDivisionError"
    ]
    assert first.sheet["answers"]["q"]["value"] == "here" and not again.errors and again.cpu_seconds > 0
    assert (
        (ended.state, ended.detail) == ("died", "exit 3")
        and stuck.state == "timeout"
        and much.state == "too_much_output"
    )
    assert ended.sheet and stuck.sheet and stuck.last_cell == 1
    assert {p.name for p in docker.iterdir()} == {"docker", "asked.jsonl"}


def test_where_the_grader_is_killed_its_container_ends(docker):
    code = f"""import sys; sys.path.insert(0, {str(ROOT)!r})
from coursekit.sandbox.container import Containers
from coursekit.sandbox.protocol import Limits, Outcome
Containers(tier="docker", limits=Limits(seconds=60), modules={FEW!r}).run(["import time; time.sleep(50)"])"""
    grader = subprocess.Popen([sys.executable, "-c", code])
    end = time.monotonic() + 60
    while (
        living_containers(docker) < 2 and time.monotonic() < end
    ):  # the one that runs, and the one that waits
        time.sleep(0.05)
    assert living_containers(docker) == 2
    time.sleep(1)
    grader.kill()
    grader.wait()
    end = time.monotonic() + 20
    while living_containers(docker) and time.monotonic() < end:
        time.sleep(0.1)
    assert living_containers(docker) == 0


def living_containers(folder: Path) -> int:
    return sum(_runs(path.read_text()) for path in folder.glob("crmkit-*"))


def _runs(pid: str) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{int(pid)}/stat").read_text()
    except (OSError, ValueError):
        return False


def test_marks_are_those_that_bubblewrap_gives(docker, tmp_path, monkeypatch):

    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0], {"uplift": "uplift = 0.9"})
    marks, ended = {}, {}
    for tier in ("docker", "bubblewrap"):
        monkeypatch.setattr(probes, "choose", lambda trust, tier=tier: (tier, {tier: "held"}))
        graded = grade(
            room.out,
            assignment=room.folder,
            out=tmp_path / tier,
            jobs=1,
            limits=Limits(seconds=600),
            say=lambda *_: None,
        )
        marks[tier] = {s: [(q.question, q.score) for q in g.questions] for s, g in graded.items()}
        ended[tier] = [(g.state, g.errors, g.cpu_seconds) for g in graded.values()]
    assert [e[0][:2] for e in ended.values()] == [("ended", [])] * 2, ended
    assert marks["docker"] == marks["bubblewrap"] and dict(marks["docker"][room.students[0]])["uplift"] == 0
    assert dict(marks["docker"][room.students[0]])["by_segment"] == 1


def test_a_submission_in_a_container_is_spoken_with_both_ways(docker):
    code = """import os
line = int(os.environ["GRADER_LINE"])
while block := os.read(line, 65536):
    os.write(line, block.upper())"""
    with Containers(tier="docker", limits=Limits(seconds=20), modules=FEW) as wall:
        channel = wall.open([code])
        try:
            for word in (b"one", b"two"):
                channel.send(word, 10)
                heard = b""
                while word.upper() not in heard:  # behind the frame that says which cell runs
                    heard += channel.receive(10)
            with pytest.raises(TimeoutError):
                channel.receive(0.2)
        finally:
            outcome = channel.end(Outcome("timeout"))
    assert outcome.state == "timeout"
    assert {p.name for p in docker.iterdir()} == {"docker", "asked.jsonl"}


def test_a_contest_is_played_in_containers_and_worth_what_it_is_without_a_wall(docker, tmp_path, monkeypatch):
    setup = Setup(scenario="household_hotline", seed=0, quarters=2, customers=100)
    sources = {
        "usual": "def policy(view):\n    return view.standard",
        "social": "from dataclasses import replace\ndef policy(view):\n    return replace(view.standard, social=0.3)",
        "endless": "def policy(view):\n    while True: pass",
        "dies": "import os\ndef policy(view):\n    os._exit(0)",
    }
    for name, source in sources.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "policy.py").write_text(source)
    monkeypatch.setattr(probes, "choose", lambda trust: ("docker", {"docker": "held"}))
    found = contest(
        tmp_path / "in",
        setup=setup,
        seeds=2,
        seconds=6,
        rounds=0,
        jobs=1,
        out=tmp_path / "out",
        say=lambda *_: None,
    )
    games = {one.student: one.games[0] for one in found.standings}
    market = resized(scenario(setup.scenario), customers=100)
    for name in ("usual", "social"):
        own = {}
        exec(sources[name], own)
        without = play(market, policy=own["policy"], seed=found.seeds[0], quarters=2)
        assert games[name]["value"] == pytest.approx(without.value, abs=0.005) and games[name]["decided"] == 2
    assert games["endless"]["reason"] == "timeout" and games["dies"]["reason"] == "ended"
    assert games["endless"]["value"] == games["dies"]["value"] == games["usual"]["value"]
    asked = [json.loads(line)[0] for line in (docker / "asked.jsonl").read_text().splitlines()]
    assert asked.count("run") >= 4
    end = time.monotonic() + 20  # the one that waited for another game ends as its grader is gone
    while living_containers(docker) and time.monotonic() < end:
        time.sleep(0.1)
    assert living_containers(docker) == 0
