"""A process that works for this one and can be ended: what it works on may be made of a student's numbers.

It has a limit of time for each piece of work, and of memory. Where it is over the one or dies of the other, that piece
has failed and nothing else: the next is done by a fresh process.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from threading import local

from coursekit.processes import end_with_parent

ATTEMPTS = 2  # of work whose process died: something outside may have killed it
START = 300  # seconds until a process has to be ready; they count for no work
READY = "ready"


class WorkFailed(Exception):
    """Work that gave nothing: ``kind`` is timeout, died or raised, ``why`` what the error said."""

    def __init__(self, kind: str, why: str = ""):
        super().__init__(kind, why)
        self.kind, self.why = kind, why


class Worker:
    """One process, started when there is work; used by one thread. ``begin(*settings)`` is called in it first."""

    def __init__(
        self,
        begin: Callable[..., None] | None = None,
        settings: tuple = (),
        *,
        memory: int | None = None,
    ):
        self._begin, self._settings, self._memory = begin, settings, memory
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection | None = None
        self._stopped = False

    def call(self, work: Callable, *arguments, seconds: float | None = None) -> object:
        """``work(*arguments)`` in the process; an error of its own comes out as it is. Errors: WorkFailed."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._call(work, arguments, seconds)
            except WorkFailed as problem:
                if problem.kind != "died":
                    raise
        return self._call(work, arguments, seconds)

    def _call(self, work: Callable, arguments: tuple, seconds: float | None) -> object:
        if self._stopped:
            raise WorkFailed("died")
        if self._process is None:
            self._start()
        try:
            self._line.send((work, arguments))
            if not self._line.poll(seconds):
                self.close()
                raise WorkFailed("timeout", f"{seconds:g} s")
            good, came = self._line.recv()
        except (EOFError, OSError):
            code = self._exit_code()
            raise WorkFailed("died", f"exit {code}") from None
        if good:
            return came
        raise came

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._line, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_serve, args=(theirs, self._begin, self._settings, self._memory), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            ready = self._line.poll(START) and self._line.recv() == READY
        except (EOFError, OSError):
            ready = False
        if not ready:
            raise WorkFailed("died", f"exit {self._exit_code()}")

    def _exit_code(self) -> int | None:
        process = self._process
        process.join(1)
        code = process.exitcode
        self.close()
        return code

    def stop(self) -> None:
        """Called by another thread: what is being worked on ends, and nothing is begun any more."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is None:
            return
        self._line.close()
        self._process.kill()
        self._process.join()
        self._process.close()
        self._process = None


class Workers:
    """A worker for each thread that asks for one."""

    def __init__(self, make: Callable[[], Worker]):
        self._make = make
        self._mine = local()
        self._all: list[Worker] = []

    def mine(self) -> Worker:
        if not hasattr(self._mine, "worker"):
            self._mine.worker = self._make()
            self._all.append(self._mine.worker)
        return self._mine.worker

    def stop(self) -> None:
        for worker in self._all:
            worker.stop()

    def close(self) -> None:
        for worker in self._all:
            worker.close()


# --- in the other process ---------------------------------------------------------------------------------------------


def _serve(line: Connection, begin: Callable[..., None] | None, settings: tuple, memory: int | None) -> None:
    end_with_parent()
    if begin:
        begin(*settings)
    if memory:
        _limit_memory(memory)
    line.send(READY)
    while True:
        try:
            work, arguments = line.recv()
        except EOFError:
            return
        try:
            answer = (True, work(*arguments))
        except Exception as problem:
            answer = (False, problem)
        try:
            line.send(answer)
        except Exception as problem:  # what came of it cannot be sent
            line.send((False, WorkFailed("raised", f"{type(problem).__name__}: {problem}"[:300])))


def _limit_memory(more: int) -> None:
    """Nothing beyond what is held now and so many bytes; on systems that cannot say so, nothing is limited."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        with open("/proc/self/statm") as stream:
            held = int(stream.read().split()[0]) * resource.getpagesize()
    except OSError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + more
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
