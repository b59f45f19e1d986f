"""What every wall promises, held by the one of this machine; and how what comes through is cut into frames."""

import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.sandbox import probes
from coursekit.sandbox.frames import Frames, TooMuch, framed
from coursekit.sandbox.protocol import Limits, Outcome, SandboxError
from coursekit.sandbox.submission_run import LARGEST_FRAME, listen, note
from coursekit.sandbox.walls import wall
from coursekit.teach.game.policy_process import Lost, PolicyProcess

FEW = ["crmkit", "crmkit.answers.sheet"]
ECHO = """import os
line = int(os.environ["GRADER_LINE"])
while block := os.read(line, 65536):
    os.write(line, block.upper())"""


@pytest.fixture(scope="module")
def here(walled):
    with wall(tier=walled, limits=Limits(seconds=20), modules=FEW) as made:
        yield made


def heard_until(channel, words: bytes) -> bytes:
    heard = b""
    while words not in heard:
        heard += channel.receive(20)
    return heard


def test_a_submission_is_spoken_with_both_ways_and_then_ended(here):
    channel = here.open([ECHO])
    channel.send(b"one", 10)
    heard_until(channel, b"ONE")
    channel.send(b"two", 10)
    heard_until(channel, b"TWO")
    with pytest.raises(TimeoutError):
        channel.receive(0.1)
    began = time.monotonic()
    outcome = channel.end(Outcome("timeout"))
    assert outcome.cpu_seconds > 0 and time.monotonic() - began < 20


def test_whoever_does_not_listen_costs_only_the_time_that_was_given(here):
    channel = here.open(["import time; time.sleep(60)"])
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        channel.send(b"x" * (64 << 20), 0.5)
    channel.end(Outcome("timeout"))
    assert time.monotonic() - began < 20


def test_after_a_submission_that_was_spoken_with_the_next_one_runs(here):
    here.open([ECHO]).end(Outcome("timeout"))
    assert here.run(["x = 1"]).state == "ended"


def test_a_grader_that_holds_more_files_open_than_select_can_count_runs_submissions_as_ever(walled):
    resource = pytest.importorskip("resource")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1300:
        pytest.skip("this machine lets no process open 1300 files")
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with wall(tier=walled, limits=Limits(seconds=20), modules=FEW) as made:
            outcome = made.run(["import time; time.sleep(.3)"])
    finally:
        for descriptor in held:
            os.close(descriptor)
    assert (outcome.state, outcome.detail) == ("ended", "")


def test_where_no_wall_can_be_put_up_an_outcome_says_so():
    with_nothing = wall(tier="trust", modules=["no_such_module_anywhere"])
    outcome = with_nothing.run(["1"])
    assert outcome.state == "no_wall" and "no_such_module_anywhere" in outcome.detail


SAYING = """import json, os, struct
def say(**frame):
    raw = json.dumps(frame).encode()
    os.write(int(os.environ["GRADER_LINE"]), struct.pack(">I", len(raw)) + raw)
"""


@pytest.mark.parametrize(
    "said", ["wall='no room on this machine'", "no_kernel='x'", "cell=-7", "cell=10**30"]
)
def test_a_submission_that_says_there_was_no_wall_has_died_and_gains_no_mark_by_it(here, said):
    outcome = here.run(["x = 1", f"{SAYING}say({said})\nsay(wall='none')\nos._exit(0)"])
    assert (outcome.state, outcome.detail) == ("died", "exit 0")


def test_that_the_wall_was_not_put_up_is_taken_only_before_the_first_cell():
    before, after = Outcome("died"), Outcome("died")
    note(before, {"wall": "fork: no memory"})
    assert (before.state, before.detail) == ("no_wall", "fork: no memory")
    for frame in ({"cell": 0}, {"wall": "said by the student"}, {"no_kernel": "the same"}):
        note(after, frame)
    assert (after.state, after.last_cell) == ("died", 0)


def test_a_policy_cannot_say_so_either(monkeypatch):
    process = PolicyProcess.__new__(PolicyProcess)
    process.patience, process._channel, process._begun = 1.0, SimpleNamespace(send=lambda *_: None), False
    monkeypatch.setattr("coursekit.teach.game.policy_process.packed", lambda seen: {})
    coming = [{"cell": 0}, {"wall": "said by the policy"}, {"quarter": 1, "decision": {}}, {"wall": "again"}]
    monkeypatch.setattr(process, "_next", lambda end: coming.pop(0))
    assert process._answer(SimpleNamespace(quarter=1)) == {"quarter": 1, "decision": {}}
    process._begun = False  # another game, whose wall is not put up
    with pytest.raises(Lost) as caught:
        process._answer(SimpleNamespace(quarter=1))
    assert caught.value.args == ("no_wall", "again")


# --- a machine at its limits ------------------------------------------------------------------------------------------


def process_kept_loaded(warm) -> int:
    pid = warm.pid
    for _ in range(2):  # bubblewrap, its process 1, Python
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return pid


@pytest.fixture
def warm(walled):
    if walled != "bubblewrap":
        pytest.skip("a container runs one submission and keeps no process for others")
    with wall(tier=walled, limits=Limits(seconds=20), modules=FEW) as made:
        yield made


def test_where_the_warm_process_is_killed_it_is_said_how_it_ended_and_the_next_submission_runs(warm):
    channel = warm.open(["import time; time.sleep(60)"])
    os.kill(process_kept_loaded(warm), signal.SIGKILL)
    outcome = channel.end(Outcome("died"))
    assert "137 (SIGKILL)" in outcome.detail
    assert warm.run(["x = 1"]).state == "ended"


def test_where_a_start_fails_it_is_said_what_was_written_last():
    outcome = wall(tier="trust", modules=["no_such_module_anywhere"]).run(["1"])
    assert "ModuleNotFoundError: No module named 'no_such_module_anywhere'" in outcome.detail
    assert "exit status 1" in outcome.detail or "退出状态 1" in outcome.detail


def test_where_the_machine_refuses_another_process_it_is_said_and_the_warm_process_lives_on(walled):
    if walled != "bubblewrap" or os.getuid() != 0:
        pytest.skip("with an ordinary user's processes counted, bubblewrap itself would not start")
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_NPROC)
    with wall(tier=walled, limits=Limits(seconds=20), modules=FEW) as made:
        made.close()
        resource.setrlimit(resource.RLIMIT_NPROC, (1, usual[1]))
        try:
            made.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NPROC, usual)
        kept = process_kept_loaded(made)
        for _ in range(2):
            outcome = made.run(["x = 1"])
            assert outcome.state == "no_wall" and "fork" in outcome.detail
        assert process_kept_loaded(made) == kept


def test_as_root_no_two_sandboxes_share_a_user_whose_processes_are_counted(warm):
    if os.getuid() != 0:
        pytest.skip("an ordinary user has no other user to become")
    with wall(tier="bubblewrap", limits=Limits(seconds=20), modules=FEW) as second:
        users = set()
        for one in (warm, second):
            status = Path(f"/proc/{process_kept_loaded(one)}/status").read_text()
            users.add(status.split("Uid:")[1].split()[0])
    assert len(users) == 2 and not users & {"0", "65534"}


class Fails:
    """A probe that cannot be run at all for as many times as it is told, and finds nothing open afterwards."""

    def __init__(self, times: int, found: dict[str, bool]):
        self.times = times
        self.found = found

    def __call__(self, tier: str) -> probes.Probed:
        self.times -= 1
        if self.times >= 0:
            raise SandboxError("exit 137")
        return probes.Probed(self.found, "counted")


@pytest.mark.parametrize(
    ("times", "found", "chosen"),
    [
        (0, {"open_a_socket": False}, "bubblewrap"),
        (1, {"open_a_socket": False}, "bubblewrap"),
        (2, {"open_a_socket": False}, None),
        (0, {"open_a_socket": True}, None),
        (1, {"open_a_socket": True}, None),
    ],
)
def test_a_wall_that_does_not_stand_is_put_up_once_more_and_one_that_let_through_never_is(
    monkeypatch, times, found, chosen
):
    probe = Fails(times, found)
    monkeypatch.setattr(probes, "tiers", lambda: ["bubblewrap"])
    monkeypatch.setattr(probes, "PAUSE", 0)
    monkeypatch.setattr(probes, "probe", probe)
    tier, tried = probes.choose(trust=False)
    assert tier == chosen
    if times and chosen:
        assert "exit 137" in tried["bubblewrap"]
    if any(found.values()):
        assert tried["bubblewrap"] == "open_a_socket"
    assert probe.times == (0 if times == 2 else -1)  # asked once after the last failure, and at most twice


# --- frames -----------------------------------------------------------------------------------------------------------


def taken(blocks, **limits) -> list:
    frames = Frames(**({"largest": 1 << 20, "largest_total": 1 << 24} | limits))
    return [said for block in blocks for said in frames.take_in(block)]


@given(st.lists(st.dictionaries(st.text(), st.integers(-(2**53), 2**53) | st.text())), st.integers(1, 40))
def test_however_the_bytes_are_cut_the_same_frames_come_out(tables, size):
    raw = b"".join(framed(json.dumps(table).encode()) for table in tables)
    assert taken([raw[at : at + size] for at in range(0, len(raw), size)]) == tables


@given(st.binary(max_size=400))
def test_garbage_gives_tables_nothing_or_too_much_and_never_another_error(raw):
    try:
        found = taken([raw], largest=300)
    except TooMuch:
        return
    assert all(said is None or isinstance(said, dict) for said in found)


@pytest.mark.parametrize("raw", [b"[1]", b"3", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
def test_a_frame_that_is_no_table_is_none(raw):
    assert taken([framed(raw)]) == [None]


def test_too_large_a_frame_and_too_many_bytes_are_told_before_they_are_read():
    with pytest.raises(TooMuch):
        taken([(LARGEST_FRAME + 1).to_bytes(4, "big")], largest=LARGEST_FRAME)
    with pytest.raises(TooMuch):
        taken([framed(b"{}")] * 100, largest_total=300)


class Script:
    """A channel that says what it is told to, block by block."""

    def __init__(self, *blocks: bytes):
        self.blocks = list(blocks)

    def receive(self, seconds: float) -> bytes:
        if not self.blocks:
            raise TimeoutError
        return self.blocks.pop(0)


@pytest.mark.parametrize(
    ("blocks", "state"),
    [
        ([framed(b'{"done": true}')], "ended"),
        ([b""], "died"),
        ([framed(b'{"done": 1}'), b""], "died"),
        ([], "timeout"),
        ([b"\x7f\xff\xff\xff"], "too_much_output"),
        ([framed(b'{"wall": "fell"}'), b""], "no_wall"),
        ([framed(b'{"no_kernel": "kernel: 1"}'), b""], "no_wall"),
        ([framed(b'{"cell": 0}') + framed(b'{"wall": "fell"}'), b""], "died"),
        ([framed(b'{"cell": 0}'), framed(b'{"no_kernel": "kernel: 1"}'), b""], "died"),
        ([framed(b'{"cell": 0}'), framed(b'{"cell": -1}'), framed(b'{"wall": "fell"}'), b""], "died"),
        ([framed(b'{"cell": 0}'), framed(b'{"wall": "fell"}'), framed(b'{"done": true}')], "ended"),
    ],
)
def test_what_comes_of_a_submission_follows_from_what_it_says_last(blocks, state):
    outcome = Outcome("died")
    listen(Script(*blocks), outcome, seconds=5)
    assert outcome.state == state
