"""`contest`: the policies that students hand in, on markets that nobody has seen, the same for all.

Seeds follow from a secret that is drawn here. A policy runs behind the wall (`seat`); the market, and with it the
truth, runs in a process that never loads a student's code.
"""

import ast
import hmac
import os
import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from coursekit.messages import KitError, message
from coursekit.sandbox.probes import choose
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.grade.intake import Found, Refused, read_notebook, take_in
from coursekit.teach.grade.results import Journal
from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import Estimate, mean_of
from crmkit.market.game import rules
from crmkit.market.game.game import Setup

from .policy_process import Lost, Seat
from .submissions import Problem, benchmarks, copies, do_all, told, whose

LONGEST = 200_000  # characters of a policy


@dataclass(kw_only=True)
class Standing:
    """One student: the mean over the seeds, and how sure it is."""

    student: str
    file: str
    games: list[dict] = field(repr=False)
    value: float  # mean, currency
    gain: Estimate  # over the firm that changes nothing, paired by seed, 95 %
    score: Estimate  # 0 does nothing, 100 is the search with the truth in hand
    rank: int | None = None  # None: it never decided anything
    apart: Estimate | None = None  # mean lead over the next in rank, paired by seed, 95 %

    @property
    def cpu_seconds(self) -> float:
        return sum(g["cpu_seconds"] for g in self.games)

    @property
    def lost(self) -> Counter:
        """Reason → games that the policy did not decide to the end."""
        return Counter(g["reason"] for g in self.games if g["reason"])


@dataclass(frozen=True, kw_only=True)
class Contest:
    """A contest that is over: on what terms, on which seeds, what they were worth, and how everybody did."""

    setup: Setup
    seconds: float
    key: bytes = field(repr=False)
    seeds: list[int]
    marks: list[dict]  # by seed: what changing nothing and the search with the truth in hand came to
    standings: list[Standing]
    problems: list[Problem]
    about: Assignment | None


def contest(
    submissions: Path,
    *,
    setup: Setup,
    seeds: int = 20,
    seconds: float = 10.0,
    secret: Path | None = None,
    out: Path,
    jobs: int = 2,
    assignment: Path | None = None,
    rounds: int = 2,
    lang: str = "both",
    say=print,
) -> Contest:
    """Play every policy on every seed and write the reports. A second call plays only what has not been played.

    ``setup``: the game that all play, its seed left out of account; ``seconds``: for one decision; ``rounds``: of the
    search that sets what 100 is.
    """
    from .leaderboard_page import write_contest

    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    intake = take_in(submissions, (".py", ".ipynb"))
    if not intake.notebooks and not intake.refused:
        raise KitError("submissions_empty", value=str(submissions), allowed=".py, .ipynb")
    tier, tried = choose(trust=False)
    if tier != "bubblewrap":
        raise KitError(
            "contest_wall",
            why="; ".join(f"{k}: {v}" for k, v in tried.items())
            or message("grade_no_bubblewrap", between=" "),
        )
    say(message("grade_wall", tier=tier))
    key = read_secret(secret or out / "secret.key")
    drawn = [draw_seed(key, setup, number) for number in range(1, seeds + 1)]
    about = Assignment.read(assignment) if assignment else None
    theirs, problems = whose(intake.notebooks, about, submissions)
    problems += [Problem(label, "", reason) for label, reason in intake.refused]
    chosen, policies = {}, {}
    for student, files in theirs.items():
        for one in files:
            source, reason = read_policy(one)
            if source is None:
                problems.append(Problem(one.label, student, reason))
            elif student in chosen:
                problems.append(Problem(one.label, student, "earlier_file"))
            else:
                chosen[student], policies[student] = one, source
    problems += copies(chosen)
    journal = Journal(out / "journal.sqlite")
    try:
        wanted = {seed: (asdict(replace(setup, seed=seed)), rounds) for seed in drawn}
        marks = [*do_all(wanted, benchmarks, journal, jobs=jobs, say=say).values()]
        tasks = {(student, seed): (seed, source) for student, source in policies.items() for seed in drawn}
        played = do_all(tasks, play, journal, jobs=jobs, say=say, begin=begin, settings=(setup, seconds))
    finally:
        journal.close()
    standings = ranked(
        [
            standing(student, chosen[student].label, [played[student, seed] for seed in drawn], marks)
            for student in policies
        ]
    )
    result = Contest(
        setup=setup,
        seconds=seconds,
        key=key,
        seeds=drawn,
        marks=marks,
        standings=standings,
        problems=problems,
        about=about,
    )
    for line in write_contest(out, result, lang):
        say(line)
    return result


def read_secret(path: Path) -> bytes:
    """The contest's secret; drawn now, and readable to nobody else, where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            key = bytes.fromhex(path.read_text().strip())
        except ValueError:
            key = b""
        if len(key) < 16:
            raise KitError("contest_secret", value=str(path)) from None
        return key
    key = secrets.token_bytes(32)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key.hex() + "\n")
    return key


def draw_seed(key: bytes, setup: Setup, number: int) -> int:
    """HMAC-SHA256 of the contest and the game's number under the secret, cut to 48 bits: too many to be tried out."""
    text = f"contest\0{setup.scenario}\0{setup.level}\0{number}"
    return int.from_bytes(hmac.new(key, text.encode(), "sha256").digest()[:6], "big")


def read_policy(found: Found) -> tuple[str | None, str]:
    """The source that defines ``policy``, a file or a notebook's last cell that does; or None and the reason's code."""
    try:
        if found.name.lower().endswith(".py"):
            sources = [found.raw.decode("utf-8-sig")]
        else:
            sources = [source for source, _ in read_notebook(found.raw).cells]
    except Refused as problem:
        return None, problem.args[0]
    except UnicodeDecodeError:
        return None, "unreadable"
    for source in reversed(sources):
        try:
            tree = ast.parse(source) if "policy" in source and len(source) <= LONGEST else ast.Module([], [])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if any(
            "policy"
            in (getattr(node, "name", ""), *(getattr(t, "id", "") for t in getattr(node, "targets", ())))
            for node in tree.body
        ):
            return source, ""
    return None, "no_policy"


# --- games, in processes of their own -------------------------------------------------------------------------------

_setup = _seat = None


def begin(setup: Setup, seconds: float) -> None:
    global _setup, _seat
    _setup, _seat = setup, Seat(tier="bubblewrap", seconds=seconds, quarters=setup.quarters)


@lru_cache(32)
def _opened(seed: int):
    return replace(_setup, seed=seed).opened()


def play(seed: int, source: str) -> dict:
    """One game of one policy; from the quarter in which it fails, the firm works as it did before the game."""
    firm = _opened(seed)
    usual = standard = firm.scenario.status_quo
    decided, lost = 0, None
    _seat.sit(source)
    try:
        for _ in range(_setup.quarters):
            if lost is None:
                try:
                    decision = _seat.ask(rules.view(firm, quarters=_setup.quarters, standard=standard))
                    firm, standard, decided = (
                        _stepped(firm, decision),
                        replace(decision, trial=None),
                        decided + 1,
                    )
                    continue
                except Lost as problem:
                    lost = problem.args
                except CrmkitError as problem:  # for groups or customers that this market does not have
                    lost = "refused", told(problem)
            firm = _stepped(firm, usual)
    finally:
        used = _seat.rise(lost=lost is not None)
    reason, detail = lost or ("", "")
    came = rules.outcome(firm)
    return {
        "value": came.value,
        "profit": came.discounted_profit,
        "equity": came.equity,
        "decided": decided,
        "reason": reason,
        "detail": detail,
        "cpu_seconds": used.cpu_seconds,
        "again": reason in ("timeout", "no_wall"),
    }


def _stepped(firm, decision):
    after = firm.copy()  # a decision that the market refuses halfway leaves nothing behind
    after.step(decision, months=rules.QUARTER)
    return after


# --- what came of it ------------------------------------------------------------------------------------------------


def standing(student: str, file: str, games: list[dict], marks: list[dict]) -> Standing:
    """Means over the seeds; the score is the mean gain as a share of the search's mean gain on the same seeds."""
    values = np.array([g["value"] for g in games])
    gain = mean(values - [m["nothing"] for m in marks])
    whole = float(np.mean([m["search"] - m["nothing"] for m in marks])) / 100 or np.nan
    score = Estimate(
        value=gain.value / whole, low=gain.low / whole, high=gain.high / whole, confidence=gain.confidence
    )
    return Standing(
        student=student, file=file, games=games, value=float(values.mean()), gain=gain, score=score
    )


def mean(differences: np.ndarray) -> Estimate:
    """The mean with Student's interval; of games that are all alike, exactly that."""
    return (
        mean_of(differences) if differences.any() else Estimate(value=0.0, low=0.0, high=0.0, confidence=0.95)
    )


def ranked(standings: list[Standing]) -> list[Standing]:
    """Best mean first, equals sharing a rank, each with its lead over the next; last, unranked, who decided nothing."""
    standings = sorted(standings, key=lambda s: (-s.value, s.student))
    playing = [s for s in standings if any(g["decided"] for g in s.games)]
    for one, after in zip(playing, [*playing[1:], None]):
        one.rank = 1 + sum(other.value > one.value for other in playing)
        if after:
            one.apart = mean(np.array([a["value"] - b["value"] for a, b in zip(one.games, after.games)]))
    return playing + [s for s in standings if s.rank is None]
