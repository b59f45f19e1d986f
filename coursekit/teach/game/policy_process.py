"""Where a student's policy sits during one game of a contest: the wall of the grading, spoken to over one line.

The market runs out here. In go the books that a manager may see, out comes one decision a quarter as JSON. So neither
the truth nor the seed is anywhere in the process that runs a student's code, whatever that digs for.
"""

import json
import pickle
import socket
import struct
import time
from pathlib import Path

from coursekit.sandbox.warm import Limits, Outcome, Warm
from crmkit.market import Decision, View
from crmkit.market.game.rules import require_playable
from crmkit.market.simulator.ledgers import COLUMNS

from .submissions import told

PLAYER = Path(__file__).with_name("policy_in_sandbox.py")
MODULES = [
    "numpy",
    "pandas",
    "scipy.stats",
    "scipy.optimize",
    "crmkit",
    "crmkit.answers.sheet",
    "crmkit.market",
]
LARGEST, LARGEST_GAME = 1 << 20, 8 << 20  # bytes of one decision, and of all that one game says


class Lost(Exception):
    """A policy that decides no more: why (raised, timeout, ended, flood, refused, no_wall), and in what words."""


def packed(seen: View) -> dict:
    """All that goes in: named one by one, so that nothing comes along which a manager does not see."""
    ledgers = seen.ledgers
    return {
        "quarter": seen.quarter,
        "quarters": seen.quarters,
        "facts": dict(seen.facts),
        "standard": seen.standard.record(),
        "names": ledgers.names,
        "start": ledgers.start,
        "months": ledgers.months,
        "books": {
            name: {column: ledgers.books[name][column] for column in columns}
            for name, columns in COLUMNS.items()
        },
    }


class Seat(Warm):
    """One warm process behind the wall; of each game a fresh child, which remembers nothing of any other game."""

    def __init__(self, *, tier: str, seconds: float, quarters: int):
        super().__init__(tier=tier, modules=MODULES, limits=Limits(cpu=int(seconds * quarters) + 1))
        self.patience = seconds  # of the clock, for one decision

    def sit(self, source: str) -> None:
        """Begin a game with the policy that ``source`` defines."""
        self.line, theirs = socket.socketpair()
        self.held, self.total = bytearray(), 0
        with theirs:
            self.begin([PLAYER.read_text(encoding="utf-8"), f"serve({source!r})"], theirs.fileno())

    def ask(self, seen: View) -> Decision:
        """The decision for this quarter; Lost where there is none."""
        raw, end = pickle.dumps(packed(seen)), time.monotonic() + self.patience
        try:
            self.line.settimeout(self.patience)
            self.line.sendall(struct.pack(">I", len(raw)) + raw)
            said = self._next(end)
            while said.get("quarter") != seen.quarter:
                said = self._next(end)
        except TimeoutError:
            raise Lost("timeout", f"{self.patience:g} s") from None
        except OSError:
            raise Lost("ended", "") from None
        if "problem" in said:
            raise Lost("raised", str(said["problem"])[:300])
        try:
            decision = Decision.from_record(said["decision"])
            require_playable(decision)
            return decision
        except Exception as problem:  # whatever a record that is none makes of itself
            raise Lost("refused", told(problem)) from None

    def _next(self, end: float) -> dict:
        """The next frame that is a table, within the limits of size and time."""
        while True:
            if len(self.held) >= 4:
                (size,) = struct.unpack_from(">I", self.held)
                if size > LARGEST or self.total > LARGEST_GAME:
                    raise Lost("flood", f"{max(size, self.total):,} B")
                if len(self.held) >= 4 + size:
                    frame = bytes(self.held[4 : 4 + size])
                    del self.held[: 4 + size]
                    try:
                        said = json.loads(frame)
                    except (ValueError, RecursionError):
                        said = None
                    if isinstance(said, dict):
                        if "wall" in said:
                            raise Lost("no_wall", str(said["wall"])[:300])
                        if "error" in said:  # of the cell that asks the policy, which then asks no more
                            raise Lost("ended", str(said["error"])[:300])
                        return said
                    if time.monotonic() < end:
                        continue
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.line.settimeout(left)
            block = self.line.recv(1 << 16)
            if not block:
                raise ConnectionResetError
            self.held += block
            self.total += len(block)

    def rise(self, *, lost: bool) -> Outcome:
        """End the game and all that it started; what it used."""
        self.line.close()
        return self.end(Outcome("timeout" if lost else "ended"))
