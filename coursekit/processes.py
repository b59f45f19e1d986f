"""Processes that do a share of the work: none outlives the one that asked for it, however that ends."""

import os
import threading
from multiprocessing import connection, parent_process


def end_with_parent() -> None:
    """Called first in a process of `multiprocessing`: a thread ends it when its parent is gone, kill -9 included.

    What it has started itself ends as it loses its parent.
    """
    threading.Thread(target=_wait, args=(parent_process().sentinel,), daemon=True).start()


def _wait(sentinel) -> None:
    connection.wait([sentinel])
    os._exit(1)
