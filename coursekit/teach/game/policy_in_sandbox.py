"""A student's side of the wall during one game of a contest: asks the student's ``policy`` once a quarter.

Nothing of coursekit is in there, so this file stands alone; it is sent as a submission's first cell. What comes in over
the line is what a manager sees; what goes out is a decision's record, the student's word.
"""

import json
import os
import pickle
import struct
import sys
import types

from crmkit.market import Decision, Ledgers, View


def read(line: int, size: int) -> bytes:
    held = bytearray()
    while len(held) < size:
        block = os.read(line, min(1 << 20, size - len(held)))
        if not block:
            raise EOFError
        held += block
    return bytes(held)


def send(line: int, **frame) -> None:
    text = json.dumps(frame, default=lambda value: value.tolist()).encode()  # numpy's numbers are numbers
    raw = struct.pack(">I", len(text)) + text
    while raw:
        raw = raw[os.write(line, raw) :]


def serve(source: str) -> None:
    """Load the policy and answer until the line is closed; what it keeps in a global lasts for this one game."""
    line = int(os.environ["GRADER_LINE"])
    module = sys.modules["policy"] = types.ModuleType("policy")
    module.__file__ = "policy.py"
    failed = None
    try:
        exec(compile(source, "policy.py", "exec"), module.__dict__)
    except BaseException as problem:  # sys.exit as well: said with the first answer
        failed = problem
    while True:
        try:
            (size,) = struct.unpack(">I", read(line, 4))
            sent = pickle.loads(read(line, size))  # from the grader, who made it
        except EOFError:
            return
        quarter = sent["quarter"]
        try:
            if failed is not None:
                raise failed
            seen = View(
                quarter=quarter,
                quarters=sent["quarters"],
                facts=sent["facts"],
                ledgers=Ledgers(sent["books"], sent["names"], sent["start"], sent["months"]),
                standard=Decision.from_record(sent["standard"]),
            )
            decided = module.policy(seen)
            if not isinstance(decided, Decision):
                raise TypeError(f"policy(view) gave {type(decided).__name__}, not a crmkit.market.Decision")
            send(line, quarter=quarter, decision=decided.record())
        except BaseException as problem:
            send(line, quarter=quarter, problem=f"{type(problem).__name__}: {problem}"[:300])
