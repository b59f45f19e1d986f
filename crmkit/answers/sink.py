"""Where recorded answers go besides the screen: what the environment's ``CRMKIT_ANSWERS`` names, a file or a line.

A path is a file that always holds the whole sheet. ``descriptor:N`` is an open descriptor of this process, into which
every new state of the sheet is sent as a frame: 4 bytes of length (big-endian), then JSON.
"""

import json
import os
import struct
from collections.abc import Callable

from crmkit.core.files import put

ANSWERS = "CRMKIT_ANSWERS"
DESCRIPTOR = "descriptor:"


def sink_of_environment() -> Callable[[dict], object] | None:
    """What takes the sheet whenever an answer is recorded; None where the environment names nothing."""
    named = os.environ.get(ANSWERS)
    if not named:
        return None
    if named.startswith(DESCRIPTOR):
        line = int(named.removeprefix(DESCRIPTOR))
        return lambda sheet: send_frame(line, sheet=sheet)
    return lambda sheet: put(named, json.dumps(sheet, ensure_ascii=False, allow_nan=False))


def send_frame(descriptor: int, **frame) -> None:
    """One frame into an open descriptor, whole."""
    text = json.dumps(frame).encode()
    raw = struct.pack(">I", len(text)) + text
    while raw:
        written = os.write(descriptor, raw)
        raw = raw[written:]
