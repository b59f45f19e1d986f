"""How the kernels that we start are reached: through files that only this account opens, not over the network.

Over TCP a kernel warns, with reason, that whoever listens on the machine reads along; and two kernels that start at
once may be given the same port. Where the platform has no such files (Windows), TCP is encrypted.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = "kernel"  # a kernel's files are called kernel-1 to kernel-5
LAST_SOCKET = f"{SOCKET}-5"
# also where encryption is not to be had, the kernel's remark about it is nothing that a user can act on
QUIET = ["--log-level=ERROR"]


@contextmanager
def private_transport() -> Iterator:
    """Settings (traitlets' Config) for one kernel manager; the kernel must have ended when the context does."""
    from traitlets.config import Config

    folder = socket_folder()
    if folder is None:
        yield Config(KernelManager={"transport_encryption": "auto"})
        return
    try:
        yield Config(KernelManager={"transport": "ipc", "ip": str(folder / SOCKET)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def socket_folder() -> Path | None:
    """A new folder of this account alone in which sockets can be made; None where there is none such.

    An address may have some 100 bytes, and not every file system takes sockets: so the folder is tried.
    """
    if os.name == "nt" or not hasattr(socket, "AF_UNIX"):
        return None
    for place in short_places():
        try:
            folder = Path(tempfile.mkdtemp(prefix="crm", dir=place))
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
