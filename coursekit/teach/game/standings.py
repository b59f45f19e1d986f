"""What came of a contest: means over the seeds, how sure they are, who is ahead of whom."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from coursekit.teach.assign.assignment import Assignment
from crmkit.core.intervals import Estimate, mean_of
from crmkit.market.game.game import Setup

from .submissions import Problem, wants_an_eye


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
        return sum(game["cpu_seconds"] for game in self.games)

    @property
    def lost(self) -> Counter:
        """Reason → games that the policy did not decide to the end."""
        return Counter(game["reason"] for game in self.games if game["reason"])


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

    @property
    def wants_an_eye(self) -> bool:
        """Whether somebody should look at a file or a game before the places are read out."""
        return wants_an_eye(self.problems) or any(one.lost for one in self.standings)


def standing(student: str, file: str, games: list[dict], marks: list[dict]) -> Standing:
    """Means over the seeds; the score is the mean gain as a share of the search's mean gain on the same seeds."""
    values = np.array([game["value"] for game in games])
    gain = mean(values - [mark["nothing"] for mark in marks])
    whole = float(np.mean([mark["search"] - mark["nothing"] for mark in marks])) / 100 or np.nan
    score = Estimate(
        value=gain.value / whole,
        low=gain.low / whole,
        high=gain.high / whole,
        confidence=gain.confidence,
    )
    return Standing(
        student=student, file=file, games=games, value=float(values.mean()), gain=gain, score=score
    )


def mean(differences: np.ndarray) -> Estimate:
    """The mean with Student's interval; of games that are all alike, exactly that."""
    if differences.any():
        return mean_of(differences)
    return Estimate(value=0.0, low=0.0, high=0.0, confidence=0.95)


def ranked(standings: list[Standing]) -> list[Standing]:
    """Best mean first, equals sharing a rank, each with its lead over the next; last, unranked, who decided nothing."""
    standings = sorted(standings, key=lambda one: (-one.value, one.student))
    playing = [one for one in standings if any(game["decided"] for game in one.games)]
    for one in playing:
        one.rank = 1 + sum(other.value > one.value for other in playing)
    for one, after in zip(playing, playing[1:]):
        leads = [mine["value"] - theirs["value"] for mine, theirs in zip(one.games, after.games)]
        one.apart = mean(np.array(leads))
    return playing + [one for one in standings if one.rank is None]
