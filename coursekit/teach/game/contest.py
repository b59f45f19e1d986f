"""`contest`: the policies that students hand in, on markets that nobody has seen, the same for all.

Seeds follow from a secret that is drawn here. A policy runs behind the wall (`policy_process`); the market, and with it
the truth, runs in a process that never loads a student's code.
"""

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from coursekit.messages import MESSAGES, KitError
from coursekit.sandbox.probes import chosen_wall
from coursekit.teach.assign.assignment import Assignment
from coursekit.teach.handed_in.identity import Submission
from coursekit.teach.handed_in.intake import Found, take_in
from coursekit.teach.results import Journal, in_use
from crmkit.market.game.game import Setup

from .contest_page import write_contest
from .policies import begin, play, read_policy
from .standings import Contest, ranked, standing
from .submissions import Problem, copies, decided, whose, why_set_aside
from .tasks import benchmarks, do_all

WANTED = (".py", ".ipynb")
SHORTEST_SECRET = 16  # bytes
OF_THE_MARKET = (
    600  # seconds of a game besides its decisions: the market's own reckoning, and putting up the wall
)


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
    say: Callable[[str], None] = print,
) -> Contest:
    """Play every policy on every seed and write the reports. A second call plays only what has not been played.

    ``setup``: the game that all play, its seed left out of account; ``seconds``: for one decision; ``rounds``: of the
    search that sets what 100 is.
    """
    if not submissions.exists():
        raise KitError("submissions_absent", value=str(submissions))
    intake = take_in(submissions, WANTED)
    if not intake.found and not intake.refused:
        raise KitError("submissions_empty", value=str(submissions), allowed=", ".join(WANTED))
    tier, _ = chosen_wall(error="contest_wall")
    say(MESSAGES.say("grade_wall", tier=tier))
    with in_use(out):
        key = read_secret(secret or out / "secret.key")
        drawn = [draw_seed(key, setup, number) for number in range(1, seeds + 1)]
        about = Assignment.read(assignment) if assignment else None
        theirs, problems = whose(intake.found, about, submissions, decided=decided(about))
        problems += [Problem(label, "", reason) for label, reason in intake.refused]
        policies, unused = choose_policies(theirs)
        problems += unused
        problems += copies({student: policy.found for student, policy in policies.items()})
        journal = Journal(out / "journal.sqlite")
        try:
            markets = {seed: (asdict(replace(setup, seed=seed)), rounds) for seed in drawn}
            marks = do_all(markets, benchmarks, journal, jobs=jobs, shown=say is print)
            games = {
                (student, seed): (seed, policy.source)
                for student, policy in policies.items()
                for seed in drawn
            }
            played = do_all(
                games,
                play,
                journal,
                jobs=jobs,
                shown=say is print,
                begin=begin,
                settings=(setup, tier, seconds),
                seconds=seconds * setup.quarters + OF_THE_MARKET,
            )
        finally:
            journal.close()
        by_seed = [marks[seed] for seed in drawn]
        for (_, seed), game in played.items():
            if "failed" in game:
                game |= as_if_nothing(game, marks[seed])
        standings = [
            standing(student, policy.found.label, [played[student, seed] for seed in drawn], by_seed)
            for student, policy in policies.items()
        ]
        result = Contest(
            setup=setup,
            seconds=seconds,
            key=key,
            seeds=drawn,
            marks=by_seed,
            standings=ranked(standings),
            problems=problems,
            about=about,
        )
        for line in write_contest(out, result, lang):
            say(line)
    return result


def as_if_nothing(game: dict, mark: dict) -> dict:
    """A game that came to no result counts as that of the firm that changes nothing."""
    detail = f"{game.pop('failed')}: {game['detail']}".rstrip(": ")
    return {
        "value": mark["nothing"],
        "profit": mark["nothing"],
        "equity": 0.0,
        "decided": 0,
        "reason": "no_result",
        "detail": detail,
        "cpu_seconds": 0.0,
    }


@dataclass(frozen=True)
class Policy:
    """The policy of a student or a team: what was handed in, and the source that defines it."""

    submission: Submission
    source: str

    @property
    def found(self) -> Found:
        return self.submission.found


def choose_policies(theirs: dict[str, list[Submission]]) -> tuple[dict[str, Policy], list[Problem]]:
    """Each student's or team's newest file that defines a policy; the others are listed with the reason."""
    policies: dict[str, Policy] = {}
    unused = []
    for student, files in theirs.items():
        for one in files:
            label = one.found.label
            source, reason = read_policy(one.found)
            if source is None:
                unused.append(Problem(label, one.student, reason))
            elif student in policies:
                unused.append(Problem(label, one.student, why_set_aside(one, policies[student].submission)))
            else:
                policies[student] = Policy(one, source)
    return policies, unused


# --- what nobody can know beforehand ----------------------------------------------------------------------------------


def read_secret(path: Path) -> bytes:
    """The contest's secret; drawn now, and readable to nobody else, where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_secret(path)
    key = secrets.token_bytes(32)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key.hex() + "\n")
    return key


def _kept_secret(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) < SHORTEST_SECRET:
        raise KitError("contest_secret", value=str(path))
    return key


def draw_seed(key: bytes, setup: Setup, number: int) -> int:
    """HMAC-SHA256 of the contest and the game's number under the secret, cut to 48 bits: too many to be tried out."""
    text = f"contest\0{setup.scenario}\0{setup.level}\0{number}"
    return int.from_bytes(hmac.new(key, text.encode(), "sha256").digest()[:6], "big")
