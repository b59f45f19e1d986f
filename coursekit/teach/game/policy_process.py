"""Where a student's policy sits during one game of a contest: behind the wall, spoken to over one channel.

The market runs out here. In go the books that a manager may see, out comes one decision a quarter as JSON. So neither
the truth nor the seed is anywhere in the process that runs a student's code, whatever that digs for.
"""

import pickle
import time
from collections.abc import Iterator
from pathlib import Path

from coursekit.sandbox.frames import Frames, TooMuch, framed
from coursekit.sandbox.protocol import Channel, Limits, Outcome, SandboxError
from coursekit.sandbox.walls import wall
from crmkit.market import Decision, View
from crmkit.market.game.rules import require_playable
from crmkit.market.simulator.ledgers import COLUMNS

from .submissions import told

IN_THE_SANDBOX = Path(__file__).with_name("policy_in_sandbox.py")
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
STATES = {"ended": "died"}  # of a policy that went by itself it is asked why; any other is ended here
BEGIN = 60  # seconds of a game besides its decisions


class Lost(Exception):
    """A policy that decides no more: why (raised, timeout, ended, flood, refused, no_wall), and in what words.

    A game that was lost because its policy ended may turn out to have been killed from outside, as its end is looked
    at.
    """


class PolicyProcess:
    """One wall for many games; of each game a fresh submission, which remembers nothing of any other game."""

    def __init__(self, *, tier: str, seconds: float, quarters: int):
        self.patience = seconds  # of the clock, for one decision
        most = seconds * quarters
        limits = Limits(seconds=most + BEGIN, cpu=int(most) + 1)
        self.wall = wall(tier=tier, modules=MODULES, limits=limits)
        self._channel: Channel | None = None  # of the game that is played now
        self._frames: Frames | None = None
        self._coming: Iterator[dict | None] = iter(())
        self._begun = False  # whether the wall stands and the policy's own code may speak

    def begin(self, source: str) -> None:
        """Begin a game with the policy that ``source`` defines; Lost where there is no wall for it."""
        self._frames = Frames(largest=LARGEST, largest_total=LARGEST_GAME)
        self._coming = iter(())
        self._begun = False
        try:
            self._channel = self.wall.open([IN_THE_SANDBOX.read_text(encoding="utf-8"), f"serve({source!r})"])
        except SandboxError as problem:
            raise Lost("no_wall", str(problem)[:300]) from None

    def ask(self, seen: View) -> Decision:
        """The decision for this quarter; Lost where there is none."""
        try:
            said = self._answer(seen)
        except TimeoutError:
            raise Lost("timeout", f"{self.patience:g} s") from None
        except TooMuch as problem:
            raise Lost("flood", f"{problem.args[0]:,} B") from None
        except OSError:
            raise Lost("ended", "") from None
        if "problem" in said:
            raise Lost("raised", str(said["problem"])[:300])
        try:
            decision = Decision.from_record(said["decision"])
            require_playable(decision)
        except Exception as problem:  # whatever a record that is none makes of itself
            raise Lost("refused", told(problem)) from None
        return decision

    def _answer(self, seen: View) -> dict:
        """Show what is seen, and wait for the frame that speaks of this quarter."""
        end = time.monotonic() + self.patience
        self._channel.send(framed(pickle.dumps(packed(seen))), self.patience)
        while True:
            said = self._next(end)
            self._begun |= "cell" in said  # said before any of the policy's own code runs
            if "wall" in said and not self._begun:
                raise Lost("no_wall", str(said["wall"])[:300])
            if "error" in said:  # of the cell that asks the policy, which then asks no more
                raise Lost("ended", str(said["error"])[:300])
            if said.get("quarter") == seen.quarter:
                return said

    def _next(self, end: float) -> dict:
        """The next frame that is a table; TimeoutError after ``end``, also where frames keep coming."""
        while True:
            for said in self._coming:
                if said is not None:
                    return said
                if time.monotonic() > end:
                    raise TimeoutError
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            block = self._channel.receive(left)
            if not block:
                raise ConnectionResetError
            self._coming = self._frames.take_in(block)

    def end(self, *, lost: str) -> Outcome:
        """End the game and all that it started; what it used. ``lost``: why the policy decides no more, or nothing."""
        outcome = Outcome(STATES.get(lost, "timeout") if lost else "ended")
        if self._channel is None:
            return outcome
        channel, self._channel = self._channel, None
        return channel.end(outcome)


def packed(seen: View) -> dict:
    """All that goes in: named one by one, so that nothing comes along which a manager does not see."""
    ledgers = seen.ledgers
    books = {}
    for name, columns in COLUMNS.items():
        books[name] = {column: ledgers.books[name][column] for column in columns}
    return {
        "quarter": seen.quarter,
        "quarters": seen.quarters,
        "facts": dict(seen.facts),
        "standard": seen.standard.record(),
        "names": ledgers.names,
        "start": ledgers.start,
        "months": ledgers.months,
        "books": books,
    }
