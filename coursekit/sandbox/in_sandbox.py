"""What runs inside the sandbox: a warm process without any answer, which forks one child per submission.

Nothing of coursekit is there, so this file knows crmkit and its neighbours alone; it is started by `warm.py` with one
end of a socket. Each request brings two descriptors: a notebook's code cells to read (JSON), and a line for what comes
of them. The child gets namespaces of its own (user, mount, pid, network, ipc, host name), a private scratch folder,
limits, a keyring and a filter of the kernel's calls, and loses every privilege before the first cell runs. What it
writes into the line is the student's word and is taken for no more.

A submission is process 1 of its namespace. The warm process holds a descriptor of it (a pidfd) and ends it by that, and
the kernel every other process of the namespace with it, whatever any of them has asked to be told of its parent's end.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from crmkit.answers.sink import ANSWERS, DESCRIPTOR, send_frame

from .calls import Calls, NoSeccomp
from .memory_used import memory_used

# Linux's numbers, for which Python has no names before 3.12, or none at all
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = 64  # more than any kernel has; beyond its last one it says EINVAL

NOBODY = 65534
KILLED_FIRST = 1000  # if memory runs out on the machine, a submission goes before anything else
KILLED_SECOND = 500  # then a process that only has to be started again
WATCH = 100  # milliseconds between two looks at the memory of a submission
OPEN_FILES = 256
# that wait for one submission: the kernel counts them for a user, and nobody may see that another has many
PENDING_SIGNALS = 64
KERNEL_START = 30  # seconds until a kernel has to have answered
FORK_PAUSES = (0.1, 0.3, 1.0)  # seconds
GO = b"1"  # to process 1, once it can be ended for certain

# why a submission is over
BY_ITSELF = "by_itself"
ASKED = "asked"  # by the grader
GRADER_GONE = "grader_gone"
TOO_MUCH_MEMORY = "too_much_memory"
USED_NOTHING = {"status": 97, "cpu_seconds": 0.0, "memory_mb": 0.0, "seconds": 0.0, "ended": BY_ITSELF}
LINE = "GRADER_LINE"  # in a submission's environment: the descriptor over which it speaks, both ways
libc = ctypes.CDLL(None, use_errno=True)


_OF_EACH_SCRIPT = "客A"  # drawn once, so that the fonts of both are found before the first answer


def checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def prctl(option: int, value: int) -> int:
    return libc.prctl(option, value, 0, 0, 0)


def mount_private(target: str, options: str, flags: int = 0) -> None:
    flags |= MS_NOSUID | MS_NODEV
    checked(libc.mount(b"tmpfs", target.encode(), b"tmpfs", flags, options.encode()), f"tmpfs {target}")


def unshare(flags: int) -> None:
    if hasattr(os, "unshare"):  # from Python 3.12 on
        os.unshare(flags)
    else:
        checked(libc.unshare(flags), "unshare")


def drop_root(uid: int = NOBODY) -> None:
    """Become an ordinary user for good, if we are root: the machine's limits and permissions do not hold for root."""
    if os.getuid() == 0:
        os.setgroups([])
        try:
            os.setresgid(uid, uid, uid)
        except OSError:  # root of a user namespace that knows fewer users
            uid = NOBODY
            os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    checked(prctl(PR_SET_NO_NEW_PRIVS, 1), "no_new_privs")


def warm(modules: list[str]):
    """Load what exercises use, once; the shell that will run the cells."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    # a fork takes along what other threads hold locked, never the threads: there shall be none. This one is pyarrow's
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    import importlib
    import warnings

    warnings.simplefilter("ignore")
    for name in modules:
        importlib.import_module(name)
    shell = new_shell()
    if "matplotlib.pyplot" in sys.modules or "seaborn" in modules:
        draw_once(with_seaborn="seaborn" in modules and "pandas" in modules)
    import gc

    gc.collect()
    gc.freeze()
    return shell


def draw_once(*, with_seaborn: bool) -> None:
    """Much of matplotlib and seaborn is made ready at its first use: fonts at the first text that is drawn."""
    import io

    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    ax.set_title(_OF_EACH_SCRIPT)
    figure.savefig(io.BytesIO())
    if with_seaborn:
        import pandas as pd
        import seaborn as sns

        frame = pd.DataFrame({"name": ["a", "b", "a", "b"], "value": [1.0, 2.0, 4.0, 3.0]})
        means = frame.groupby("name")["value"].mean().reset_index()
        figure, ax = plt.subplots()
        sns.barplot(data=means, x="name", y="value", ax=ax)
        figure.savefig(io.BytesIO())
    plt.close("all")


def new_shell():
    """A shell that does what a notebook's does, except what is only for eyes: nobody sees anything here."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class UnseenResult(DisplayHook):
        """Keeps `_` and `Out`; draws nothing."""

        def write_output_prompt(self):
            pass

        def compute_format_data(self, result):
            return {}, {}

    class NotebookShell(InteractiveShell):  # `submission_run.needs_kernel` knows its name
        displayhook_class = Type(UnseenResult)

        def enable_gui(self, gui=None):
            pass

        def enable_matplotlib(self, gui=None):
            return gui or "inline", "agg"  # whatever screen is asked for, a chart's numbers are the same

        def showtraceback(self, *_, **__):
            pass  # colouring it for nobody takes longer than most cells

        showsyntaxerror = showindentationerror = showtraceback

        def _format_exception_for_storage(self, *_, **__):
            return {}  # for a history that is not kept

    shell = NotebookShell.instance(
        config=Config(HistoryManager={"enabled": False})
    )  # it would be a thread's work
    shell.colors = "NoColor"
    return shell


# --- the child ------------------------------------------------------------------------------------------------------


def enter_namespaces() -> None:
    """Namespaces of one submission; afterwards this process only waits, and its child is process 1 in them."""
    prctl(PR_SET_DUMPABLE, 1)  # else /proc/self/uid_map belongs to root
    uid = os.getuid()
    gid = os.getgid()
    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(line)


def give_way(points: int) -> None:
    """How soon the kernel kills this process and all that it starts, if memory runs out on the machine."""
    with open("/proc/self/oom_score_adj", "w") as stream:
        stream.write(str(points))


def wall_in(limits: dict, calls: Calls) -> None:
    """Private scratch, no /proc, limits, no privileges, few calls; called in process 1 of the namespaces."""
    import resource

    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    give_way(KILLED_FIRST)
    checked(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
    mount_private(limits["scratch"], f"size={limits['disk']},nr_inodes=20000,mode=0700")
    mount_private("/dev/shm", f"size={limits['shared_memory']},nr_inodes=1000,mode=0700")
    mount_private("/proc", "size=4096,mode=0555", MS_RDONLY)
    os.chdir(limits["scratch"])
    limit_resources(limits)
    limit(resource.RLIMIT_NPROC, limits["processes"])
    drop_capabilities()
    calls.leave_keyring()
    calls.limit_this_process()


def limit_resources(limits: dict) -> None:
    """The limits that hold for every process of a submission by itself."""
    import resource

    for what, value in (
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_SIGPENDING, PENDING_SIGNALS),
        (resource.RLIMIT_AS, limits["memory"]),
    ):
        limit(what, value)


def limit(what: int, value: int) -> None:
    """Set a limit for good; where the machine has a lower one, that stays."""
    import resource

    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        value = min(value, most)
    resource.setrlimit(what, (value, value))


def drop_capabilities() -> None:
    """No capability is left, not even in the namespaces of its own: what is mounted stays mounted."""
    for capability in range(CAPABILITIES):
        prctl(PR_CAPBSET_DROP, capability)
    header = struct.pack("Ii", LINUX_CAPABILITY_VERSION_3, 0)
    none_at_all = struct.pack("6I", *[0] * 6)
    checked(libc.capset(header, none_at_all), "capset")


def speak_over(line: int) -> None:
    """Where this submission's answers go from now on, and with what a cell of the grader's own may speak, both ways."""
    os.environ[ANSWERS] = f"{DESCRIPTOR}{line}"
    os.environ[LINE] = str(line)


def send_error(line: int, cell: int, name: str, text: str) -> None:
    send_frame(line, error={"cell": cell, "name": name[:80], "text": text[:300]})


def run_cells(shell, cells: list[str], line: int) -> None:
    """Every cell in order, also after one that failed; answers are sent whenever one is recorded."""
    sys.path.insert(0, "")  # a notebook imports the files that it writes
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for number, source in enumerate(cells):
        send_frame(line, cell=number)
        try:
            result = loop.run_until_complete(run_cell(shell, source))
            error = result.error_before_exec or result.error_in_exec
        except BaseException as problem:  # of a task that an earlier cell left behind
            error = problem
        if error is not None:
            send_error(line, number, type(error).__name__, str(error))
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")  # as the kernel does after each cell
    send_frame(line, done=True)


async def run_cell(shell, source: str):
    """One cell while a loop runs, as in a notebook: with `await` at the top it becomes part of it."""
    try:
        transformed, failed = shell.transform_cell(source), None
    except Exception:
        transformed, failed = source, sys.exc_info()
    if not shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=failed):
        return shell.run_cell(source, store_history=True)
    try:
        return await shell.run_cell_async(
            source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failed
        )
    finally:
        shell.events.trigger("post_execute")


class Kernel:
    """A kernel of its own, for what insists on one; it is started here, behind the same wall and limits.

    It speaks over files in the scratch folder: there is no network, not even to itself. Its answers go over the same
    line as a submission's; what it shows goes nowhere.
    """

    def __init__(self, line: int):
        from jupyter_client.blocking import BlockingKernelClient
        from jupyter_client.connect import write_connection_file

        folder = tempfile.mkdtemp(prefix="k")
        file, _ = write_connection_file(
            os.path.join(folder, "kernel.json"), transport="ipc", ip=os.path.join(folder, "s")
        )
        environment = dict(os.environ)
        environment.pop("MPLBACKEND", None)  # figures are drawn as in Jupyter
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", file, "--HistoryManager.enabled=False"],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[line],
            preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        )
        self.client = BlockingKernelClient(connection_file=file)
        self.client.load_connection_file()
        self.client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)

    def run(self, source: str, *, seconds: float = float("inf"), silent: bool = False) -> dict:
        """The kernel's reply to a cell; ChildProcessError where there is none."""
        from queue import Empty

        asked = self.client.execute(source, silent=silent, allow_stdin=False, stop_on_error=False)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                reply = self.client.get_shell_msg(timeout=0.2)
            except Empty:
                if self.process.poll() is not None:
                    break
                continue
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]
        raise ChildProcessError(f"kernel: {self.process.poll()}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def run_in_kernel(cells: list[str], line: int) -> None:
    """The same as `run_cells` in a kernel of its own."""
    kernel = Kernel(line)
    try:
        kernel.run("", seconds=KERNEL_START, silent=True)
    except ChildProcessError as problem:
        send_frame(line, no_kernel=str(problem)[:300])
        return
    for number, source in enumerate(cells):
        send_frame(line, cell=number)
        reply = kernel.run(source)
        if reply["status"] == "error":
            send_error(line, number, str(reply.get("ename")), str(reply.get("evalue")))
    send_frame(line, done=True)
    kernel.end()


def child(
    shell, cells_fd: int, line: int, warm: socket.socket, limits: dict, calls: Calls | None, in_kernel: bool
) -> None:
    """Never returns. The waiting process ends as its child, process 1, ended;
    that begins when the warm process knows it.
    """
    close_all_but(cells_fd, line, warm.fileno())
    speak_over(line)
    os.setsid()
    try:
        if calls:
            enter_namespaces()
            first = os.fork()
            if first:
                os.close(line)
                socket.send_fds(warm, [str(first).encode()], [os.pidfd_open(first)])
                warm.close()
                end_as(first)
            if warm.recv(1) != GO:
                os._exit(97)
            warm.close()
            wall_in(limits, calls)
        else:
            warm.close()
            os.chdir(tempfile.mkdtemp(dir=limits["scratch"]))
        if limits["files"]:  # the pack's own data, a fresh copy for each
            shutil.copytree(limits["files"], ".", dirs_exist_ok=True, copy_function=shutil.copyfile)
        with os.fdopen(cells_fd, "rb") as stream:
            cells = json.loads(stream.read())
    except BaseException as problem:
        send_frame(line, wall=f"{type(problem).__name__}: {problem}")
        os._exit(97)
    run_and_exit(shell, cells, line, in_kernel)


def close_all_but(*kept: int) -> None:
    """Nothing of the warm process's own is left open in a submission; its standard streams lead nowhere."""
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def end_as(pid: int) -> None:
    """Wait for a child, and end as it did: killed where it was killed,
    which nobody in its namespace can do to process 1.
    """
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(code if code >= 0 else 128 - code)


def run_and_exit(shell, cells: list[str], line: int, in_kernel: bool) -> None:
    try:
        if in_kernel:
            run_in_kernel(cells, line)
        else:
            run_cells(shell, cells, line)
    finally:
        os._exit(0)


# --- the warm process -----------------------------------------------------------------------------------------------


def serve(control: socket.socket, settings: dict) -> None:
    calls = None
    if settings["walled"]:
        try:
            calls = Calls()
        except NoSeccomp as problem:
            control.send(json.dumps({"no_seccomp": str(problem)}).encode())
            return
    shell = warm(settings["modules"])
    limits = settings["limits"]
    # all processes together; what a single one may have, it is refused before that (a MemoryError), and goes on
    address_space, resident = memory_of_this_process()
    together = limits["memory"] + resident
    limits["memory"] += address_space  # of which a kernel of its own, which begins empty, may fill more
    prctl(PR_SET_DUMPABLE, 0)  # no child may look into it, or write
    control.send(json.dumps({"ready": True, "memory": limits["memory"]}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
        if not message:
            return
        if len(descriptors) != 2:  # the end of a submission that was over already
            continue
        before = time.monotonic()
        ours, theirs = socket.socketpair()
        try:
            pid = fork()
        except OSError as problem:  # of this submission it is said; the next one finds this process alive
            send_frame(descriptors[1], wall=f"fork: {problem}")
            close_both(ours, theirs, descriptors)
            control.send(json.dumps(USED_NOTHING).encode())
            continue
        if pid == 0:
            child(shell, *descriptors, theirs, limits, calls, message == b"kernel")
        theirs.close()
        for descriptor in descriptors:
            os.close(descriptor)
        running = Running(pid, ours if calls else None)
        why = running.wait(control, limits["memory"] if message == b"kernel" else together)
        status, used = running.end()
        ours.close()
        if why == GRADER_GONE:
            return
        control.send(json.dumps({**what_it_used(status, used, before), "ended": why}).encode())


def close_both(ours: socket.socket, theirs: socket.socket, descriptors: list[int]) -> None:
    ours.close()
    theirs.close()
    for descriptor in descriptors:
        os.close(descriptor)


def fork() -> int:
    """A machine at its limit of processes or memory may have room a moment later. Errors: OSError where it has none."""
    for pause in FORK_PAUSES:
        try:
            return os.fork()
        except OSError:
            time.sleep(pause)
    return os.fork()


def memory_of_this_process() -> tuple[int, int]:
    """Bytes of address space that the warm process holds, which every child has as well, and of it in memory."""
    import resource

    with open("/proc/self/statm") as stream:
        address_space, resident = stream.read().split()[:2]
    return int(address_space) * resource.getpagesize(), int(resident) * resource.getpagesize()


class Running:
    """A submission as the warm process knows it: the process that waits for it, and process 1 of its namespace."""

    def __init__(self, pid: int, told: socket.socket | None):
        """``told``: where the waiting process says which process 1 is;
        None where there is no wall and it is the same.
        """
        self.pid = pid
        self.waiting = os.pidfd_open(pid)
        self.first: int | None = None
        if told is None:
            return
        _, descriptors, _, _ = socket.recv_fds(told, 64, 1)
        if descriptors:  # else it could not be walled in, has said so, and is over
            self.first = descriptors[0]
            told.send(GO)

    def wait(self, control: socket.socket, memory: int) -> str:
        """Wait until it has ended, the grader asks for its end or is gone,
        or all of it together takes too much memory.
        """
        # not select, which fails above descriptor 1023: the grader chose the number of `control`
        either = select.poll()
        either.register(self.waiting, select.POLLIN)
        either.register(control, select.POLLIN)
        pause = WATCH if self.first is not None else None
        while True:
            readable = dict(either.poll(pause))
            if self.waiting in readable:
                return BY_ITSELF
            if control.fileno() in readable:
                return ASKED if control.recv(65536) else GRADER_GONE
            if memory_used(without={1, os.getpid()}, enough=memory) > memory:
                return TOO_MUCH_MEMORY

    def end(self) -> tuple:
        """End it with everything that it started, and wait until it is gone; its status, and what it used."""
        last = self.waiting if self.first is None else self.first
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(last, signal.SIGKILL)
        gone = select.poll()
        gone.register(last, select.POLLIN)
        gone.poll()
        _, status, used = os.wait4(self.pid, 0)
        for descriptor in (self.waiting, self.first):
            if descriptor is not None:
                os.close(descriptor)
        return status, used


def what_it_used(status: int, used, began: float) -> dict:
    return {
        "status": os.waitstatus_to_exitcode(status),
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / 1024,
        "seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    chosen = json.loads(sys.argv[2])
    give_way(KILLED_SECOND)
    if chosen["walled"]:
        drop_root(chosen["limits"]["uid"])
    serve(socket.socket(fileno=int(sys.argv[1])), chosen)
    os._exit(0)  # taking a large process apart takes longer than a submission
