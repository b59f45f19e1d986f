"""What runs inside the sandbox: a warm process without any answer, which forks one child per submission.

Nothing of coursekit is there, so this file stands alone; it is started by `sandbox.py` with one end of a socket. Each
request brings two descriptors: a notebook's code cells to read (JSON), and a pipe for what comes of them. The child
gets namespaces of its own (user, mount, pid, network, ipc, host name), a private scratch folder and limits, and loses every
privilege before the first cell runs. What it writes into the pipe is the student's word and is taken for no more.
"""

import asyncio
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

NEW = {
    "user": 0x10000000,
    "mount": 0x20000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
}
MS_NOSUID_NODEV, MS_REC_PRIVATE, MS_RDONLY = 2 | 4, 0x4000 | 0x40000, 1
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
NOBODY = 65534
LINE = "GRADER_LINE"  # in a submission's environment: the descriptor over which it speaks
libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount_private(target: str, options: str, flags: int = MS_NOSUID_NODEV) -> None:
    checked(libc.mount(b"tmpfs", target.encode(), b"tmpfs", flags, options.encode()), f"tmpfs {target}")


def drop_root() -> None:
    """Become nobody for good, if we are root: the machine's limits and permissions do not hold for root."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def warm(modules: list[str]):
    """Load what exercises use, once; the shell that will run the cells."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    # a fork takes along what other threads hold locked, never the threads: there shall be none. This one is pyarrow's
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    import importlib
    import io
    import warnings

    warnings.simplefilter("ignore")
    for name in modules:
        importlib.import_module(name)
    shell = new_shell()
    if "matplotlib.pyplot" in sys.modules or "seaborn" in modules:
        import matplotlib.pyplot as plt

        figure, ax = plt.subplots()  # fonts are looked up at the first text that is drawn
        ax.set_title("客户 customer")
        figure.savefig(io.BytesIO())
        if "seaborn" in modules and "pandas" in modules:  # much of both is made ready at its first use
            import pandas as pd
            import seaborn as sns

            frame = pd.DataFrame({"name": ["a", "b", "a", "b"], "value": [1.0, 2.0, 4.0, 3.0]})
            means = frame.groupby("name")["value"].mean().reset_index()
            sns.barplot(data=means, x="name", y="value", ax=plt.subplots()[1]).figure.savefig(io.BytesIO())
        plt.close("all")
    import gc

    gc.collect()
    gc.freeze()
    return shell


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

    class NotebookShell(InteractiveShell):  # `sandbox.needs_kernel` knows its name
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
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self/uid_map belongs to root
    uid, gid = os.getuid(), os.getgid()
    checked(libc.unshare(sum(NEW.values())), "unshare")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(line)


def wall_in(limits: dict) -> None:
    """Private scratch, no /proc, limits, no privileges; called in process 1 of the namespaces."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with open("/proc/self/oom_score_adj", "w") as stream:
        stream.write("1000")  # if memory runs out on the machine, this goes first
    checked(libc.mount(None, b"/", None, MS_REC_PRIVATE, None), "private mounts")
    mount_private(limits["scratch"], f"size={limits['disk']},nr_inodes=20000,mode=0700")
    mount_private("/dev/shm", "size=67108864,nr_inodes=1000,mode=0700")
    mount_private("/proc", "size=4096,mode=0555", MS_NOSUID_NODEV | MS_RDONLY)
    os.chdir(limits["scratch"])
    for what, value in (
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits["memory"]),
    ):
        resource.setrlimit(what, (value, value))
    # no capability is left, not even in the namespaces of its own: what is mounted stays mounted
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; beyond the last one it says EINVAL
    header, data = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
    checked(libc.capset(header, data), "capset")


class Pipe:
    """Frames of JSON to the grader: 4 bytes of length, then text."""

    def __init__(self, descriptor: int):
        self.descriptor = descriptor

    def send(self, **frame) -> None:
        text = json.dumps(frame, allow_nan=False).encode()
        raw = struct.pack(">I", len(text)) + text
        while raw:
            raw = raw[os.write(self.descriptor, raw) :]


def send_answers(pipe: Pipe) -> None:
    """From now on every answer that this process records goes into the pipe."""
    import crmkit.answers.sheet

    crmkit.answers.sheet.AnswerSheet._write = lambda sheet: pipe.send(sheet=sheet.to_json())


def send_error(pipe: Pipe, cell: int, name: str, text: str) -> None:
    pipe.send(error={"cell": cell, "name": name[:80], "text": text[:300]})


def run_cells(shell, cells: list[str], pipe: Pipe) -> None:
    """Every cell in order, also after one that failed; answers are sent whenever one is recorded."""
    send_answers(pipe)
    sys.path.insert(0, "")  # a notebook imports the files that it writes
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for number, source in enumerate(cells):
        pipe.send(cell=number)
        try:
            result = loop.run_until_complete(run_cell(shell, source))
            error = result.error_before_exec or result.error_in_exec
        except BaseException as problem:  # of a task that an earlier cell left behind
            error = problem
        if error is not None:
            send_error(pipe, number, type(error).__name__, str(error))
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")  # as the kernel does after each cell
    pipe.send(done=True)


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


KERNEL_START = 30  # seconds until a kernel has to have answered


def run_in_kernel(cells: list[str], pipe: Pipe) -> None:
    """The same in a kernel of its own, for what insists on one. It is started here, behind the same wall and limits.

    It speaks over files in the scratch folder: there is no network, not even to itself. Its answers go into the same
    pipe; what it shows goes nowhere.
    """
    from queue import Empty

    from jupyter_client.blocking import BlockingKernelClient
    from jupyter_client.connect import write_connection_file

    folder = tempfile.mkdtemp(prefix="k")
    file, _ = write_connection_file(
        os.path.join(folder, "kernel.json"), transport="ipc", ip=os.path.join(folder, "s")
    )
    environment = {
        k: v for k, v in os.environ.items() if k != "MPLBACKEND"
    }  # figures are drawn as in Jupyter
    kernel = subprocess.Popen(
        [sys.executable, "-m", "ipykernel_launcher", "-f", file, "--HistoryManager.enabled=False"],
        env=environment,
        stdin=subprocess.DEVNULL,
        pass_fds=[pipe.descriptor],
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
    )
    client = BlockingKernelClient(connection_file=file)
    client.load_connection_file()
    client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)

    def reply_to(message: str, end: float = float("inf")) -> dict:
        while time.monotonic() < end:
            try:
                reply = client.get_shell_msg(timeout=0.2)
            except Empty:
                if kernel.poll() is not None:
                    break
                continue
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"]
        raise ChildProcessError(f"kernel: {kernel.poll()}")

    try:
        # one expression without names, so that the student's namespace stays empty
        here = f"(lambda run: run['send_answers'](run['Pipe']({pipe.descriptor})))(__import__('runpy').run_path({__file__!r}))"
        started = reply_to(
            client.execute(here, silent=True, allow_stdin=False), time.monotonic() + KERNEL_START
        )
        if started["status"] != "ok":
            raise ChildProcessError(f"kernel: {started.get('evalue')}")
    except ChildProcessError as problem:
        pipe.send(no_kernel=str(problem)[:300])
        return
    for number, source in enumerate(cells):
        pipe.send(cell=number)
        reply = reply_to(client.execute(source, allow_stdin=False, stop_on_error=False))
        if reply["status"] == "error":
            send_error(pipe, number, str(reply.get("ename")), str(reply.get("evalue")))
    pipe.send(done=True)
    kernel.kill()
    kernel.wait()


def child(shell, cells_fd: int, result_fd: int, limits: dict, walled: bool, in_kernel: bool) -> None:
    """Never returns. The waiting process ends as its child, process 1, ended."""
    keep = (cells_fd, result_fd)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:
                pass
    pipe = Pipe(result_fd)
    os.environ[LINE] = str(
        result_fd
    )  # a cell of the grader's own may speak with it over this line, both ways
    os.setsid()
    try:
        if walled:
            enter_namespaces()
            first = os.fork()
            if first:
                os.close(result_fd)
                _, status = os.waitpid(first, 0)
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
            wall_in(limits)
        else:
            os.chdir(tempfile.mkdtemp(dir=limits["scratch"]))
        if limits["files"]:  # the pack's own data, a fresh copy for each
            shutil.copytree(limits["files"], ".", dirs_exist_ok=True, copy_function=shutil.copyfile)
        with os.fdopen(cells_fd, "rb") as stream:
            cells = json.loads(stream.read())
    except BaseException as problem:
        pipe.send(wall=f"{type(problem).__name__}: {problem}")
        os._exit(97)
    try:
        if in_kernel:
            run_in_kernel(cells, pipe)
        else:
            run_cells(shell, cells, pipe)
    finally:
        os._exit(0)


# --- the warm process -----------------------------------------------------------------------------------------------


def serve(control: socket.socket, settings: dict) -> None:
    shell = warm(settings["modules"])
    with open("/proc/self/statm") as stream:
        own = int(stream.read().split()[0]) * resource.getpagesize()
    limits = settings["limits"]
    limits["memory"] += own
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no child may look into it, or write
    control.send(json.dumps({"ready": True, "uid": os.getuid()}).encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
        if not message:
            return
        if len(descriptors) != 2:  # the end of a submission that was over already
            continue
        before = time.monotonic()
        pid = os.fork()
        if pid == 0:
            child(shell, *descriptors, limits, settings["walled"], message == b"kernel")
        for descriptor in descriptors:
            os.close(descriptor)
        ended = os.pidfd_open(pid)
        readable, _, _ = select.select([ended, control], [], [])
        if ended not in readable:  # the grader asks for its end, or is gone itself
            os.kill(pid, signal.SIGKILL)
            if not control.recv(65536):
                return
        _, status, used = os.wait4(pid, 0)
        os.close(ended)
        control.send(
            json.dumps(
                {
                    "status": os.waitstatus_to_exitcode(status),
                    "cpu_seconds": used.ru_utime + used.ru_stime,
                    "memory_mb": used.ru_maxrss / 1024,
                    "seconds": time.monotonic() - before,
                }
            ).encode()
        )


if __name__ == "__main__":
    chosen = json.loads(sys.argv[2])
    if chosen["walled"]:
        drop_root()
    serve(socket.socket(fileno=int(sys.argv[1])), chosen)
    os._exit(0)  # taking a large process apart takes longer than a submission
