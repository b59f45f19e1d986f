"""A score with its interval on a scale, as the contest's page draws it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan

from crmkit.core.intervals import Estimate

from .shown import points

WIDTH = 150  # pixels
MARKS = (0.0, 100.0)  # the firm that changes nothing, the search with the truth in hand
FURTHEST = (-100.0, 250.0)  # scores that the scale reaches to: one wild policy shall not squeeze the others
MARGIN = 5.0


@dataclass(frozen=True)
class Scale:
    """From the lowest score that is drawn to the highest."""

    low: float
    high: float

    def at(self, score: float) -> str:
        """Where a score stands, in pixels; one beyond an end stands at that end."""
        share = (score - self.low) / (self.high - self.low)
        return f"{WIDTH * min(max(share, 0.0), 1.0):.1f}"


@dataclass(frozen=True)
class Whisker:
    """One score in pixels; ``further_left``: the score itself lies beyond the scale."""

    marks: list[str]
    low: str
    value: str
    high: str
    further_left: bool
    label: str
    width: int = WIDTH


def scale_of(scores: Iterable[Estimate]) -> Scale:
    """A scale on which the intervals lie, and both marks."""
    ends = [end for score in scores for end in (score.low, score.high) if not isnan(end)]
    lowest, highest = FURTHEST
    low = max(min([*ends, *MARKS]), lowest)
    high = min(max([*ends, *MARKS]), highest)
    return Scale(low - MARGIN, high + MARGIN)


def whisker(score: Estimate, scale: Scale) -> Whisker | None:
    """The score on the scale; None where there is none."""
    if isnan(score.value):
        return None
    return Whisker(
        marks=[scale.at(mark) for mark in MARKS],
        low=scale.at(score.low),
        value=scale.at(score.value),
        high=scale.at(score.high),
        further_left=score.value < scale.low,
        label=f"{points(score.low)} … {points(score.high)}",
    )
