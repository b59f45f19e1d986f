"""A student's side of the wall during one game of a contest: asks the student's ``policy`` once a quarter.

Nothing of coursekit is in there, so this file knows crmkit alone; it is sent as a submission's first cell. What comes
in over the line is what a manager sees; what goes out is a decision's record, the student's word.
"""

import json
import os
import pickle
import struct
import sys
import traceback
import types

from crmkit.answers.sink import send_frame
from crmkit.market import Decision, Ledgers, View

FILE = "policy.py"  # what a policy is called in what its errors say


def read(line: int, size: int) -> bytes:
    held = bytearray()
    while len(held) < size:
        block = os.read(line, min(1 << 20, size - len(held)))
        if not block:
            raise EOFError
        held += block
    return bytes(held)


def next_view(line: int) -> dict:
    """What is to be seen in the next quarter; EOFError where the game is over."""
    (size,) = struct.unpack(">I", read(line, 4))
    return pickle.loads(read(line, size))  # from the grader, who made it


def plain(record: dict) -> dict:
    """A decision's record with numpy's numbers as numbers."""
    return json.loads(json.dumps(record, default=lambda value: value.tolist()))


def load(source: str) -> types.ModuleType:
    """The policy as a module; what it keeps in a global lasts for this one game."""
    module = sys.modules["policy"] = types.ModuleType("policy")
    module.__file__ = FILE
    exec(compile(source, FILE, "exec"), module.__dict__)
    return module


def decide(module: types.ModuleType, sent: dict) -> dict:
    seen = View(
        quarter=sent["quarter"],
        quarters=sent["quarters"],
        facts=sent["facts"],
        ledgers=Ledgers(sent["books"], sent["names"], sent["start"], sent["months"]),
        standard=Decision.from_record(sent["standard"]),
    )
    decided = module.policy(seen)
    if not isinstance(decided, Decision):
        raise TypeError(f"policy(view) gave {type(decided).__name__}, not a crmkit.market.Decision")
    return plain(decided.record())


def said_of(problem: BaseException) -> str:
    """What an error says, and in which line of the policy it came up."""
    lines = [
        line for frame, line in traceback.walk_tb(problem.__traceback__) if frame.f_code.co_filename == FILE
    ]
    if isinstance(problem, SyntaxError) and problem.filename == FILE and problem.lineno:
        lines.append(problem.lineno)
    where = f"{FILE}:{lines[-1]} " if lines else ""
    return f"{where}{type(problem).__name__}: {problem}"[:300]


def serve(source: str) -> None:
    """Load the policy and answer until the line is closed."""
    line = int(os.environ["GRADER_LINE"])
    module = None
    failed = None
    try:
        module = load(source)
    except BaseException as problem:  # sys.exit as well: said with the first answer
        failed = problem
    while True:
        try:
            sent = next_view(line)
        except EOFError:
            return
        try:
            if failed is not None:
                raise failed
            send_frame(line, quarter=sent["quarter"], decision=decide(module, sent))
        except BaseException as problem:
            send_frame(line, quarter=sent["quarter"], problem=said_of(problem))
