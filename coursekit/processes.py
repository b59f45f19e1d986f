"""How a process of ours begins: none outlives the one that asked for it, and none loads what nobody uses."""

import os
import sys
import threading
from multiprocessing import connection, parent_process


def end_with_parent() -> None:
    """Called first in a process of `multiprocessing`: a thread ends it when its parent is gone, kill -9 included.

    What it has started itself ends as it loses its parent. The process begins as the command does, too.
    """
    without_iri_grammar()
    threading.Thread(target=_wait, args=(parent_process().sentinel,), daemon=True).start()


def _wait(sentinel) -> None:
    connection.wait([sentinel])
    os._exit(1)


def without_iri_grammar() -> None:
    """Called first in a process of ours: jsonschema then does without the grammar by which it could check IRIs.

    It takes two seconds to build while jsonschema is imported (nbformat does that), and no schema of ours has an IRI.
    """
    sys.modules.setdefault("rfc3987_syntax", None)
