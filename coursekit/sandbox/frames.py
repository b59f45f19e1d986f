"""What a submission sends, cut into frames: 4 bytes of length (big-endian), then JSON.
All of it is the student's word.
"""

import struct
from collections.abc import Iterator

from .cleaning import clean_json

HEAD = struct.Struct(">I")


class TooMuch(Exception):
    """A frame, or all of them together, are larger than what is allowed; its argument is how many bytes."""


class Frames:
    """Bytes in, frames out, within limits of size."""

    def __init__(self, *, largest: int, largest_total: int):
        self._largest, self._largest_total = largest, largest_total
        self._held = bytearray()
        self._total = 0

    def take_in(self, block: bytes) -> Iterator[dict | None]:
        """The frames that are whole now; None for one that is no table, so that a flood of these can be timed."""
        self._held += block
        self._total += len(block)
        at = 0
        while len(self._held) - at >= HEAD.size:
            (size,) = HEAD.unpack_from(self._held, at)
            if size > self._largest or self._total > self._largest_total:
                raise TooMuch(max(size, self._total))
            end = at + HEAD.size + size
            if len(self._held) < end:
                break
            yield decoded(bytes(self._held[at + HEAD.size : end]))
            at = end
        del self._held[:at]


def decoded(frame: bytes) -> dict | None:
    """The table that a frame holds; None where it holds none.
    The one door through which a submission's words come in.
    """
    try:
        said = clean_json(frame)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def framed(raw: bytes) -> bytes:
    """Bytes with their length before them, as the other side reads them."""
    return HEAD.pack(len(raw)) + raw
