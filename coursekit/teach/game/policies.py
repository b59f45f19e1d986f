"""Policies as they are handed in, and the games that they play: the market in this process,
the policy behind the wall.
"""

import ast
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

from coursekit.teach.handed_in.intake import Found
from coursekit.teach.handed_in.notebook import NOTEBOOK, Refused, python_statements, read_notebook
from crmkit.core.errors import CrmkitError
from crmkit.market import Decision
from crmkit.market.game import rules
from crmkit.market.game.game import Setup

from .policy_process import Lost, PolicyProcess
from .submissions import told

PLAYED_AGAIN = ("timeout", "no_wall", "killed")  # reasons that may be the machine's fault


def read_policy(found: Found) -> tuple[str | None, str]:
    """The source that defines ``policy``, a file or a notebook's last cell that does; or None and the reason's code."""
    if found.problem:
        return None, found.problem
    try:
        if found.kind == NOTEBOOK:
            sources = [cell.source for cell in read_notebook(found.raw).cells]
        else:
            sources = [found.raw.decode("utf-8-sig")]
    except Refused as problem:
        return None, problem.args[0]
    except UnicodeDecodeError:
        return None, "unreadable"
    for source in reversed(sources):
        if "policy" in source and _defines_policy(source):
            return source, ""
    return None, "no_policy"


def _defines_policy(source: str) -> bool:
    """Whether ``policy`` is defined or assigned at the top of a source."""
    for statement in python_statements(source) or ():
        if getattr(statement, "name", "") == "policy":
            return True
        if isinstance(statement, ast.Assign):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            if "policy" in names:
                return True
    return False


# --- in processes of their own ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Where the games of one process are played."""

    setup: Setup
    policy: PolicyProcess


_table: Table | None = None


def begin(setup: Setup, tier: str, seconds: float) -> None:
    """Called first in a process that plays: the game, the wall, and the seconds for one decision."""
    global _table
    _table = Table(setup, PolicyProcess(tier=tier, seconds=seconds, quarters=setup.quarters))


@lru_cache(32)
def _opened(seed: int):
    return replace(_table.setup, seed=seed).opened()


def play(seed: int, source: str) -> dict:
    """One game of one policy; once more from its beginning where the policy was killed from outside."""
    played = _played(seed, source)
    if played["reason"] != "killed":
        return played
    return _played(seed, source)


def _played(seed: int, source: str) -> dict:
    """One game; from the quarter in which the policy fails, the firm works as it did before the game."""
    policy = _table.policy
    quarters = _table.setup.quarters
    firm = _opened(seed)
    usual = firm.scenario.status_quo
    standard = usual
    decided = 0
    lost: tuple = ()  # the reason, and in what words
    try:
        try:
            policy.begin(source)
        except Lost as problem:
            lost = problem.args
        for _ in range(quarters):
            if not lost:
                try:
                    decision = policy.ask(rules.view(firm, quarters=quarters, standard=standard))
                    firm = _stepped(firm, decision)
                    standard = replace(decision, trial=None)
                    decided += 1
                    continue
                except Lost as problem:
                    lost = problem.args
                except CrmkitError as problem:  # for groups or customers that this market does not have
                    lost = ("refused", told(problem))
                except Exception as problem:  # whatever a decision of the right form makes of the market
                    lost = ("broke_the_market", told(problem))
            firm = _stepped(firm, usual)
        came = rules.outcome(firm)
        if not _finite(came):
            raise ArithmeticError(came)
    except Exception as problem:  # what it had decided before leads nowhere: as if it had never decided
        lost = ("broke_the_market", told(problem))
        decided = 0
        came = rules.outcome(_as_usual(seed, quarters))
    finally:
        used = policy.end(lost=lost[0] if lost else "")
    reason, detail = lost or ("", "")
    if used.state == "killed":
        reason, detail = "killed", used.detail
    return {
        "value": came.value,
        "profit": came.discounted_profit,
        "equity": came.equity,
        "decided": decided,
        "reason": reason,
        "detail": detail,
        "cpu_seconds": used.cpu_seconds,
        "again": reason in PLAYED_AGAIN,
    }


def _as_usual(seed: int, quarters: int):
    """The firm that changes nothing, at the end of the game."""
    firm = _opened(seed)
    for _ in range(quarters):
        firm = _stepped(firm, firm.scenario.status_quo)
    return firm


def _finite(came) -> bool:
    return all(map(isfinite, (came.value, came.discounted_profit, came.equity)))


def _stepped(firm, decision: Decision):
    after = firm.copy()  # a decision that the market refuses halfway leaves nothing behind
    after.step(decision, months=rules.QUARTER)
    return after
