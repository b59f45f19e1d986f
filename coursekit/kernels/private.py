"""Kernels that we start: reached through files that only this account opens,
and started again where they do not answer.

Over TCP a kernel warns, with reason, that whoever listens on the machine reads along; and two kernels that start at
once may be given the same port. Where a platform has no such files (Windows), TCP is encrypted.

This module loads jupyter_client: import it where a kernel is started.
"""

import os
import shutil
import socket
import tempfile
import weakref
from pathlib import Path

import zmq
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from coursekit.messages import KitError

PREFIX = "crmkernel-"  # of the folders in which the files lie
SOCKET = "kernel"  # a kernel's files are called kernel-1 to kernel-5
FIRST_SOCKET, LAST_SOCKET = f"{SOCKET}-1", f"{SOCKET}-5"
STARTS = 3
PATIENCE = 300  # seconds until a kernel that lives must have answered, on however busy a machine
# the kernel's own remarks are for who runs servers; its output and its errors are not affected
QUIET = "--log-level=CRITICAL"


class PrivateKernelManager(AsyncKernelManager):
    """A kernel manager for nbclient and papermill (``kernel_manager_class``);
    the kernel that it starts has answered.
    """

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        folder = socket_folder()
        if folder is not None:
            self.transport = "ipc"
            self.ip = str(folder / SOCKET)
            self._remove_sockets = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        elif zmq.has("curve"):
            self.transport_encryption = "auto"

    async def start_kernel(self, **how) -> None:
        """Start the kernel; KitError after a few that did not answer."""
        why = ""
        for _ in range(STARTS):
            await super().start_kernel(**how)
            why = await self._no_answer()
            if not why:
                return
            await super().shutdown_kernel(now=True, restart=True)
            self.cleanup_connection_file()  # the next one may be reached at other ports
        await self.shutdown_kernel(now=True)
        raise KitError("kernel_does_not_start", count=STARTS, why=why)

    async def _no_answer(self) -> str:
        """Why the kernel cannot be used; empty when it has answered."""
        client = self.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=PATIENCE)
        except RuntimeError as problem:
            return str(problem)
        finally:
            client.stop_channels()
        return ""

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        await super().shutdown_kernel(now=now, restart=restart)
        if self.transport == "ipc" and not restart:
            self._remove_sockets()


class PrivateProvisioner(LocalProvisioner):
    """Starts a kernel for whoever asks, with encryption where the kernel would be reached over TCP without it.

    jupyter_client finds it by the name that a kernelspec gives (kernelspec.py).
    """

    async def pre_launch(self, **how):
        manager = self.parent
        if manager is not None and manager.transport == "tcp" and zmq.has("curve"):
            manager.transport_encryption = "auto"
        return await super().pre_launch(**how)


def socket_folder() -> Path | None:
    """A new folder of this account alone in which sockets can be made; None where there is none such.

    An address may have some 100 bytes, and not every file system takes sockets: so the folder is tried.
    """
    if os.name == "nt" or not hasattr(socket, "AF_UNIX"):
        return None
    for place in short_places():
        try:
            remove_left_behind(Path(place))
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError:
            continue
        if takes_sockets(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def short_places() -> list[str]:
    """Where a folder may be made for a while, the one that the system keeps for the account first."""
    named = (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp")
    return [place for place in dict.fromkeys(named) if os.path.isdir(place)]


def takes_sockets(folder: Path) -> bool:
    """Whether a kernel's last socket can be made in ``folder``."""
    address = folder / LAST_SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.bind(str(address))
        address.unlink()
    except OSError:
        return False
    return True


def remove_left_behind(place: Path) -> None:
    """Take away the folders of kernels whose program was killed: nobody answers at their sockets any more."""
    for folder in place.glob(f"{PREFIX}*"):
        address = folder / FIRST_SOCKET
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.connect(str(address))
        except ConnectionRefusedError:
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # its kernel is about to start, or it is another account's
