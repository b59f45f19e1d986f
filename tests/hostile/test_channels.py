"""What one submission might leave for another, keep, take or start: nothing of it passes the wall,
all of it works without.

Each form runs twice. Behind the wall it has to fail; with the wall off it has to succeed, else the test would only show
that the attack was badly written. A form for which this kernel has no means is skipped by name.
"""

import contextlib
import ctypes
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from classroom import Classroom

import crmkit
from coursekit.sandbox import warm as warm_module
from coursekit.sandbox.calls import Calls
from coursekit.sandbox.probes import ATTEMPTS, CALLS, choose, probe
from coursekit.sandbox.protocol import Limits, Outcome
from coursekit.sandbox.survivors import end_survivors, survives
from coursekit.sandbox.warm import Warm, descendants
from coursekit.teach.game import policies
from coursekit.teach.grade.grade import grade
from crmkit.market.game.game import Setup

FULL = 12 / 14  # an honest notebook before its text is read
FEW = ["crmkit", "crmkit.answers.sheet"]
SHEET = """import ctypes, errno, fcntl, json, mmap, os, socket, struct, subprocess, sys, time
import crmkit
from crmkit import AnswerSheet
answer = AnswerSheet("x", seed=1, questions=[{"id": "a", "kind": "text"}])
libc, seccomp = ctypes.CDLL(None, use_errno=True), ctypes.CDLL("libseccomp.so.2")
def call(name, *arguments):
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    made = [one if isinstance(one, (bytes, ctypes.Array)) else ctypes.c_long(one) for one in arguments]
    return libc.syscall(ctypes.c_long(number), *made)
def frame(told):
    raw = json.dumps(told).encode()
    os.write(int(os.environ["GRADER_LINE"]), struct.pack(">I", len(raw)) + raw)
SHARED = crmkit.__file__
"""
READY = "os.write(int(os.environ['GRADER_LINE']), b'READY')"
SECONDS = Limits(seconds=25)


@pytest.fixture(scope="module")
def walled_in(walled):
    if walled != "bubblewrap":
        pytest.skip("the probes at the start try containers")
    with (
        Warm(tier="bubblewrap", limits=SECONDS, modules=FEW) as first,
        Warm(tier="bubblewrap", limits=SECONDS, modules=FEW) as second,
    ):
        yield first, second


@pytest.fixture(scope="module")
def open_field():
    keyctl = Calls().number("keyctl")
    libc = ctypes.CDLL(None)
    libc.syscall(keyctl, 1, None)  # as a login does (pam_keyinit): a keyring for the session …
    libc.syscall(keyctl, 8, ctypes.c_long(-4), ctypes.c_long(-3))  # … in which the user's own is linked
    with (
        Warm(tier="trust", limits=SECONDS, modules=FEW) as first,
        Warm(tier="trust", limits=SECONDS, modules=FEW) as second,
    ):
        yield first, second


def text(outcome: Outcome) -> str:
    return (outcome.sheet or {}).get("answers", {}).get("a", {}).get("value", "")


# --- the probes at the start ----------------------------------------------------------------------------------------


def test_every_attempt_of_the_probe_fails_behind_the_wall(walled):
    assert not any(probe(walled).found.values())


def test_every_attempt_of_the_probe_succeeds_with_the_wall_off_where_this_kernel_has_what_it_tries():
    absent = {f"call_{name}" for name, arguments in CALLS.items() if not _answers(name, arguments)}
    found = probe("trust").found
    assert {name for name in ATTEMPTS if not found[name]} == absent


def _answers(name: str, arguments: tuple) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(*map(ctypes.c_long, [Calls().number(name), *arguments]))
    return result >= 0 or os.strerror(ctypes.get_errno()) != os.strerror(38)


# --- from one submission to another ---------------------------------------------------------------------------------

# signals that wait, as many as the kernel allows one user, or fifty
QUEUE = """import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN + 3])
queued = 0
while queued < {most} and libc.sigqueue(os.getpid(), signal.SIGRTMIN + 3, ctypes.c_void_p(1)) == 0: queued += 1"""
# left by one, and found by another that runs meanwhile: form → (leaves, finds)
KEY = "call('add_key', b'user', b'crmkit-test-key', b'told', 4, {ring})"
FIND_KEY = """buffer = ctypes.create_string_buffer(64)
found = call('keyctl', 10, {ring}, b'user', b'crmkit-test-key', 0)
size = call('keyctl', 11, found, buffer, 64)
answer('a', 'found ' + buffer.raw[:size].decode() if size > 0 else 'none')"""
LEFT = {
    "a key in the session's keyring": (KEY.format(ring=-3), FIND_KEY.format(ring=-3)),
    "a key in the user's keyring": (KEY.format(ring=-4), FIND_KEY.format(ring=-4)),
    "a lock on a whole file": (
        "kept = open(SHARED); fcntl.flock(kept, fcntl.LOCK_EX)",
        "try:\n    fcntl.flock(open(SHARED), fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError:\n    answer('a', 'found')",
    ),
    "a lock on a part of a file": (
        "kept = os.open(SHARED, os.O_RDONLY)\n"
        "fcntl.fcntl(kept, fcntl.F_SETLK, struct.pack('hhqqi', fcntl.F_RDLCK, 0, 7, 1, 0))",
        "asked = struct.pack('hhqqi', fcntl.F_WRLCK, 0, 7, 1, 0)\n"
        "told = struct.unpack('hhqqi', fcntl.fcntl(os.open(SHARED, os.O_RDONLY), fcntl.F_GETLK, asked))\n"
        "if told[0] != fcntl.F_UNLCK: answer('a', 'found')",
    ),
    "a lock of an open file description": (
        "kept = os.open(SHARED, os.O_RDONLY)\n"
        "fcntl.fcntl(kept, 37, struct.pack('hhqqi', fcntl.F_RDLCK, 0, 9, 1, 0))",
        "asked = struct.pack('hhqqi', fcntl.F_WRLCK, 0, 9, 1, 0)\n"
        "told = struct.unpack('hhqqi', fcntl.fcntl(os.open(SHARED, os.O_RDONLY), 36, asked))\n"
        "if told[0] != fcntl.F_UNLCK: answer('a', 'found')",
    ),
    "System V shared memory": (
        "segment = call('shmget', 471147, 4096, 0o1666)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "ctypes.memmove(libc.shmat(segment, None, 0), b'told', 4)",
        "segment = call('shmget', 471147, 4096, 0)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "if segment >= 0: answer('a', 'found ' + ctypes.string_at(libc.shmat(segment, None, 0), 4).decode())",
    ),
    "a System V message": (
        "queue = call('msgget', 471148, 0o1666); libc.msgsnd(queue, struct.pack('l', 1) + b'told', 4, 0)",
        "if call('msgget', 471148, 0) >= 0: answer('a', 'found')",
    ),
    "a POSIX message queue": (
        "call('mq_open', b'crmkit-test', os.O_CREAT | os.O_RDWR, 0o666, 0)",
        "if call('mq_open', b'crmkit-test', os.O_RDWR, 0, 0) >= 0: answer('a', 'found')",
    ),
    "a name among abstract sockets": (
        "kept = socket.socket(socket.AF_UNIX); kept.bind('\\0crmkit-test')",
        "try:\n    socket.socket(socket.AF_UNIX).bind('\\0crmkit-test')\nexcept OSError:\n    answer('a', 'found')",
    ),
    "the number of signals that wait for a user": (
        QUEUE.format(most=10**6),
        f"{QUEUE.format(most=50)}\nif queued < 50: answer('a', f'found {{queued}}')",
    ),
    "a port": (
        "kept = socket.socket(); kept.bind(('127.0.0.1', 47114)); kept.listen()",
        "try:\n    socket.create_connection(('127.0.0.1', 47114), 1)\n    answer('a', 'found')\nexcept OSError:\n    pass",
    ),
    "a file in shared memory": (
        "open('/dev/shm/crmkit-test', 'w').write('told')",
        "answer('a', 'found ' + open('/dev/shm/crmkit-test').read())",
    ),
    "a temporary file": (
        "open('/tmp/crmkit-test', 'w').write('told')",
        "answer('a', 'found ' + open('/tmp/crmkit-test').read())",
    ),
}
# what was left with the wall off, taken away again by the same user
TIDY = """
for ring in (-3, -4):
    key = call('keyctl', 10, ring, b'user', b'crmkit-test-key', 0)
    if key > 0: call('keyctl', 21, key)
call('shmctl', call('shmget', 471147, 0, 0), 0, 0)
call('msgctl', call('msgget', 471148, 0), 0, 0)
call('mq_unlink', b'crmkit-test')
for left in ('/dev/shm/crmkit-test', '/tmp/crmkit-test'):
    if os.path.exists(left): os.unlink(left)
"""


def wait_until_ready(channel) -> None:
    said = b""
    while b"READY" not in said:
        block = channel.receive(20)
        if not block:
            return
        said += block


def told(form: str, pair: tuple[Warm, Warm]) -> str:
    """What the second finds while the first, which has left it, still runs."""
    leaves, finds = LEFT[form]
    channel = pair[0].open([SHEET, leaves, READY, "time.sleep(60)"])
    try:
        wait_until_ready(channel)
        return text(pair[1].run([SHEET, finds]))
    finally:
        channel.end(Outcome("timeout"))


@pytest.mark.parametrize("form", LEFT)
def test_nothing_that_one_submission_leaves_is_found_by_another(walled_in, form):
    assert not told(form, walled_in).startswith("found")


@pytest.mark.parametrize("form", LEFT)
def test_what_is_left_would_be_found_without_the_wall(open_field, form):
    try:
        found = told(form, open_field)
    finally:
        open_field[1].run([SHEET, TIDY])
    if "key" in form and not _answers("keyctl", CALLS["keyctl"]):
        pytest.skip("this kernel keeps no keys")
    assert found.startswith("found")


@pytest.mark.parametrize("form", LEFT)
def test_nothing_that_an_earlier_submission_has_left_is_found_by_a_later_one(walled_in, form):
    leaves, finds = LEFT[form]
    walled_in[0].run([SHEET, leaves])
    assert not text(walled_in[0].run([SHEET, finds])).startswith("found")


def test_an_instructors_keys_are_in_no_keyring_of_a_submission(walled):
    """A login hands its keyring on to all that it starts: Kerberos tickets, keys of encrypted folders."""
    if walled != "bubblewrap" or not _answers("keyctl", CALLS["keyctl"]):
        pytest.skip("no bubblewrap, or a kernel without keys")
    libc = ctypes.CDLL(None, use_errno=True)
    calls = Calls()
    key = libc.syscall(calls.number("add_key"), b"user", b"crmkit-test-key", b"ticket", 6, ctypes.c_long(-3))
    assert key > 0
    try:
        seen = {}
        for tier in ("trust", "bubblewrap"):
            with Warm(tier=tier, limits=SECONDS, modules=FEW) as one:
                seen[tier] = text(one.run([SHEET, FIND_KEY.format(ring=-3)]))
        assert seen == {"trust": "found ticket", "bubblewrap": "none"}
    finally:
        libc.syscall(calls.number("keyctl"), 21, ctypes.c_long(key))


# watched by one while another opens a file that both may read: form → code that answers `found`
WATCHES = {
    "inotify": "watch = libc.inotify_init1(os.O_NONBLOCK)\nlibc.inotify_add_watch(watch, SHARED.encode(), 0x20)\n"
    "READY()\ntime.sleep(6)\nanswer('a', 'found' if len(os.read(watch, 4096)) else 'none')",
    "dnotify": "import signal\nseen = []\nsignal.signal(signal.SIGIO, lambda *_: seen.append(1))\n"
    "folder = os.open(os.path.dirname(SHARED), os.O_RDONLY)\nfcntl.fcntl(folder, fcntl.F_NOTIFY, 1 | 0x80000000 - (1 << 32))\n"
    "READY()\ntime.sleep(6)\nanswer('a', 'found' if seen else 'none')",
}


@pytest.mark.parametrize("form", WATCHES)
@pytest.mark.parametrize("where", ["walled_in", "open_field"])
def test_whether_another_reads_a_file_is_seen_by_nobody_behind_the_wall(request, form, where):
    watching, reading = request.getfixturevalue(where)
    ready = "def READY(): os.write(int(os.environ['GRADER_LINE']), b'\\0\\0\\0\\2{}')"
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(watching.run([SHEET, ready, WATCHES[form]])))
    thread.start()
    time.sleep(1)
    reading.run([SHEET, "for _ in range(100):\n    open(SHARED).read(); time.sleep(0.05)"])
    thread.join()
    assert (text(outcome[0]) == "found") == (where == "open_field")


# --- namespaces, memory, calls ------------------------------------------------------------------------------------

# what a filter must stop by its arguments, or whatever way it is called
TRICKS = {
    # the old way into the kernel (int 0x80) has numbers of its own: 356 is memfd_create
    "a 32-bit call": "room = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)\n"
    "libc.mmap.restype = ctypes.c_void_p\nname = libc.mmap(None, 4096, 3, 0x62, -1, 0)  # below 2 GB\n"
    "ctypes.memmove(name, b'x', 2)\n"
    "room.write(b'\\x53\\x89\\xfb\\xb8' + struct.pack('<I', 356) + b'\\x31\\xc9\\xcd\\x80\\x5b\\xc3')\n"
    "run = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint)(ctypes.addressof(ctypes.c_char.from_buffer(room)))\n"
    "if run(name) >= 0: answer('a', 'got')",
    "memory that all its processes share and none is counted for": "mmap.mmap(-1, 4096); answer('a', 'got')",
    "the same by a device": "mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096); answer('a', 'got')",
    "a socket to the host (vsock)": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); answer('a', 'got')",
    "a socket of a family with bits that the kernel ignores": "if call('socket', 16 | 1 << 32, 3, 0) >= 0: answer('a', 'got')",
    "clone into a user namespace": "pid = call('clone', 0x10000000 | 17, 0, 0, 0, 0)\n"
    "if pid == 0: os._exit(0)\nif pid > 0: os.waitpid(pid, 0); answer('a', 'got')",
    "clone3 into a user namespace": "made = (ctypes.c_ulonglong * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0)\n"
    "pid = call('clone3', made, 64)\nif pid == 0: os._exit(0)\nif pid > 0: os.waitpid(pid, 0); answer('a', 'got')",
    "memory that is a file": "if call('memfd_create', b'x', 0) >= 0: answer('a', 'got')",
    "another program's page cache": "if call('cachestat', os.open(SHARED, 0), (ctypes.c_ulonglong * 2)(), (ctypes.c_ulonglong * 5)(), 0)"
    " >= 0 or call('mincore', 0, 0, (ctypes.c_ubyte * 1)()) >= 0: answer('a', 'got')",
    "what is in the page cache, by a read that does not wait": "if os.preadv(os.open(SHARED, 0), [bytearray(9)], 0, 8) >= 0: answer('a', 'got')",
    "a lease": "open('here', 'w').write('x')\nif fcntl.fcntl(os.open('here', 0), 1024, 0) == 0: answer('a', 'got')",
    "a trace of its own child": "libc.prctl(4, 1, 0, 0, 0)\npid = os.fork()\nif pid == 0: time.sleep(1); os._exit(0)\n"
    "if call('ptrace', 0x4206, pid, 0, 0) >= 0: answer('a', 'got')",
}


@pytest.mark.parametrize("form", TRICKS)
def test_no_trick_gets_a_call_through(walled_in, form):
    assert text(walled_in[0].run([SHEET, TRICKS[form]])) == ""


@pytest.mark.parametrize("form", TRICKS)
def test_every_trick_works_without_the_wall(open_field, form):
    got = text(open_field[0].run([SHEET, TRICKS[form]]))
    if "vsock" in form and not got and not os.path.exists("/dev/vsock"):
        pytest.skip("this kernel has no sockets to its host")
    if "32-bit" in form and not got:
        pytest.skip("this kernel or processor takes no 32-bit calls")
    assert got == "got"


# --- memory -----------------------------------------------------------------------------------------------------------

LITTLE = Limits(seconds=25, memory=400 << 20)
HOGS = {
    "many processes, each below its own limit": "for _ in range(8):\n    if os.fork() == 0:\n"
    "        kept = bytearray(os.urandom(1 << 20)) * 200; time.sleep(30); os._exit(0)\ntime.sleep(30)",
    "many sessions that nobody waits for": "for _ in range(8):\n    if os.fork() == 0:\n        os.setsid()\n"
    "        if os.fork() == 0:\n            kept = bytearray(os.urandom(1 << 20)) * 200; time.sleep(30)\n        os._exit(0)\ntime.sleep(30)",
    "processes that hide their maps": "for _ in range(8):\n    if os.fork() == 0:\n        libc.prctl(4, 0, 0, 0, 0)\n"
    "        kept = bytearray(os.urandom(1 << 20)) * 200; time.sleep(30); os._exit(0)\ntime.sleep(30)",
    "maps that the next process keeps": "for _ in range(10):\n"
    "    kept = mmap.mmap(-1, 150 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
    "    for at in range(0, 150 << 20, 4096): kept[at] = 1\n"
    "    if os.fork() == 0: time.sleep(30); os._exit(0)\n    kept.close()\ntime.sleep(30)",
    "sockets that are full": "for _ in range(40):\n    if os.fork() == 0:\n        kept = []\n"
    "        for _ in range(100):\n            pair = socket.socketpair(); kept.append(pair); pair[0].setblocking(False)\n"
    "            try:\n                while True: pair[0].send(bytes(1 << 16))\n            except OSError: pass\n"
    "        time.sleep(30)\ntime.sleep(30)",
}


@pytest.fixture(params=["cgroup", "counted"], scope="module")
def little(request, walled):
    if walled != "bubblewrap":
        pytest.skip("a container has a limit of its own")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "counted":
            patch.setattr(warm_module, "memory_group", lambda pids, limit: None)
        with Warm(tier="bubblewrap", limits=LITTLE, modules=FEW) as made:
            if made.memory != request.param:
                pytest.skip("no memory cgroup can be made here")
            yield made


@pytest.mark.parametrize("form", HOGS)
def test_all_processes_of_a_submission_together_are_held_to_its_memory(little, form):
    outcome = little.run([SHEET, "answer('a', 'kept')", HOGS[form]])
    assert outcome.state == "too_much_memory" and text(outcome) == "kept", outcome
    after = little.run([SHEET, "answer('a', 'next')"])
    assert (after.state, text(after)) == ("ended", "next")


def test_an_honest_large_table_fits_and_is_no_hog(little):
    code = "import numpy as np\nkept = np.ones(25_000_000)\ntime.sleep(0.5)\nanswer('a', str(len(kept)))"
    outcome = little.run([SHEET, code])
    assert (outcome.state, text(outcome)) == ("ended", "25000000")


def test_if_memory_runs_out_submissions_go_first_then_what_can_be_started_again_never_the_grader(walled_in):
    channel = walled_in[0].open([SHEET, READY, "time.sleep(30)"])
    wait_until_ready(channel)
    scores = {}
    for pid in descendants(walled_in[0].pid):
        with open(f"/proc/{pid}/oom_score_adj") as stream:
            scores[pid] = int(stream.read())
    channel.end(Outcome("timeout"))
    with open("/proc/self/oom_score_adj") as stream:
        own = int(stream.read())
    *_, waiting, first = scores.values()
    assert first == 1000 and own < waiting < first


# --- what stays, and who is killed ------------------------------------------------------------------------------------

MARKER = "crmkit-channel-survivor"
STAYS = f"""
libc.prctl(1, 0, 0, 0, 0)
import signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        libc.prctl(1, 0, 0, 0, 0)
        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {MARKER!r}])
"""
ENDS = {
    "a timeout": ("time.sleep(60)", 4),
    "a forged end": ("frame({'done': True}); time.sleep(60)", 20),
    "a closed line": ("os.close(int(os.environ['GRADER_LINE'])); time.sleep(60)", 20),
    "too much output": (
        "os.write(int(os.environ['GRADER_LINE']), b'\\x7f\\xff\\xff\\xff'); time.sleep(60)",
        20,
    ),
    "its own end": ("os._exit(0)", 20),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_outlives_a_submission_however_it_ends(walled, end):
    if walled != "bubblewrap":
        pytest.skip("a container is taken away with all that is in it")
    last, seconds = ENDS[end]
    with Warm(tier="bubblewrap", limits=Limits(seconds=seconds), modules=FEW) as one:
        try:
            one.run([SHEET, STAYS, last])
            assert not survives(MARKER)
        finally:
            end_survivors(MARKER)
        assert one.run([SHEET, "answer('a', 'next')"]).state == "ended"


def test_it_would_outlive_it_without_the_wall():
    with Warm(tier="trust", limits=Limits(seconds=4), modules=FEW) as one:
        try:
            one.run([SHEET, STAYS, "time.sleep(60)"])
            assert survives(MARKER)
        finally:
            end_survivors(MARKER)


class Killer(threading.Thread):
    """Kills something of a submission once it runs, for as many times as it is told."""

    def __init__(self, warm: Warm, which: int, times: int):
        super().__init__(daemon=True)
        self.warm = warm
        self.which = (
            which  # of the family: the last is process 1, before it the one that waits, then the warm process
        )
        self.times = times

    def run(self) -> None:
        for _ in range(self.times):
            end = time.monotonic() + 20
            while time.monotonic() < end:
                family = descendants(self.warm.pid) if self.warm.pid else []
                if len(family) >= 5:
                    break
                time.sleep(0.02)
            time.sleep(0.3)
            with contextlib.suppress(OSError):
                os.kill(family[self.which], signal.SIGKILL)
            time.sleep(0.5)


@pytest.mark.parametrize("which", [-1, -2, -3, 0])
def test_a_submission_that_is_killed_from_outside_is_run_again_and_says_so(walled, which):
    if walled != "bubblewrap":
        pytest.skip("of a container the engine knows")
    with Warm(tier="bubblewrap", limits=Limits(seconds=25), modules=FEW) as one:
        Killer(one, which, 1).start()
        outcome = one.run([SHEET, "time.sleep(1.5)", "answer('a', 'whole')"])
    assert (outcome.state, text(outcome), outcome.attempts) == ("ended", "whole", 2), outcome
    assert outcome.detail


def test_one_that_is_killed_again_is_said_to_be_killed_and_not_to_have_died(walled):
    if walled != "bubblewrap":
        pytest.skip("of a container the engine knows")
    with Warm(tier="bubblewrap", limits=Limits(seconds=25), modules=FEW) as one:
        Killer(one, -1, 2).start()
        outcome = one.run([SHEET, "time.sleep(5)"])
    assert (outcome.state, outcome.attempts) == ("killed", 2), outcome


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("os._exit(137)", "died"),
        ("os._exit(9)", "died"),
        ("ctypes.string_at(0)", "died"),
        ("os.kill(os.getpid(), 9)\nanswer('a', 'went on')", "ended"),
        (
            "import resource\nfor change in (resource.setrlimit, lambda *w: resource.prlimit(0, *w)):\n"
            "    change(resource.RLIMIT_CPU, (1, 1))\nend = time.process_time() + 2\nwhile time.process_time() < end: pass",
            "ended",
        ),
    ],
)
def test_no_submission_can_pretend_that_it_was_killed(walled_in, code, state):
    outcome = walled_in[0].run([SHEET, code])
    assert (outcome.state, outcome.attempts) == (state, 1), outcome


def test_whoever_is_killed_from_outside_keeps_no_nought_and_is_graded_in_full_the_next_time(walled, tmp_path):
    if walled != "bubblewrap":
        pytest.skip("of a container the engine knows")
    room = Classroom(tmp_path, students=1)
    room.hand_in(room.students[0], before=["import time; time.sleep(2)"])
    stop = threading.Event()
    thread = threading.Thread(target=_kill_every_submission, args=(stop,), daemon=True)
    thread.start()
    try:
        graded = _graded(room, tmp_path)
    finally:
        stop.set()
        thread.join()
    assert graded.state == "killed" and not graded.total
    again = _graded(room, tmp_path)
    assert again.state == "ended" and again.total == pytest.approx(FULL)


def _graded(room: Classroom, folder):
    done = grade(room.out, assignment=room.folder, out=folder / "grades", jobs=1, say=lambda *_: None)
    return done[room.students[0]]


def _kill_every_submission(stop: threading.Event) -> None:
    """Kill what gives way first among our own, once a second after it has begun;
    the probe at the start is over by then.
    """
    known = {}
    while not stop.is_set():
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/oom_score_adj") as stream:
                    first_to_go = stream.read() == "1000\n"
                if first_to_go and time.monotonic() - known.setdefault(pid, time.monotonic()) > 1:
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def test_on_a_machine_without_libseccomp_nothing_is_run_and_both_languages_say_what_to_install(
    walled, monkeypatch
):
    if walled != "bubblewrap":
        pytest.skip("an image brings the library along")
    library = next(Path("/usr/lib").glob("*/libseccomp.so.2"), None)
    if library is None:
        pytest.skip("libseccomp lies somewhere else here")
    usual = warm_module.bubblewrap

    def without_it(command, files=None):
        made = usual(command, files)
        at = made.index("--chdir")
        return [*made[:at], "--ro-bind", "/dev/null", str(library.resolve()), *made[at:]]

    monkeypatch.setattr(warm_module, "bubblewrap", without_it)
    tier, tried = choose(trust=False)
    if tier is None:  # else there is a container's wall, which is taken then
        assert "libseccomp2" in tried["bubblewrap"]
    crmkit.set_language("both")
    said = tried["bubblewrap"]
    assert "apt install libseccomp2" in said and "没有找到" in said and "was not found" in said


def test_a_policy_that_is_killed_from_outside_plays_its_game_again(walled, tmp_path):
    if walled != "bubblewrap":
        pytest.skip("of a container the engine knows")
    policies.begin(Setup(scenario="household_hotline", seed=0, quarters=2, customers=100), walled, 20)
    warm = policies._table.policy.wall
    source = "import time\ndef policy(view):\n    time.sleep(1)\n    return view.standard"
    try:
        Killer(warm, -1, 1).start()
        once = policies.play(7, source)
        Killer(warm, -1, 2).start()
        twice = policies.play(7, source)
    finally:
        warm.close()
    assert (once["reason"], once["decided"], once["again"]) == ("", 2, False), once
    assert (twice["reason"], twice["again"]) == ("killed", True), twice
