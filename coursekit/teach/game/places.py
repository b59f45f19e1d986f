"""Who stands where on the leaderboard."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(kw_only=True)
class Place:
    """One student's game, verified."""

    student: str
    file: str
    profit: float  # discounted to the first day of play, currency
    equity: float
    value: float
    score: float  # 0: the firm that changes nothing, 100: the search with the truth in hand
    rank: int = 0


class Board(list[Place]):
    """The places, the best first; and whether something else wants somebody's eye."""

    def __init__(self, places: list[Place], *, wants_an_eye: bool):
        super().__init__(places)
        self.wants_an_eye = wants_an_eye


def ranked(places: list[Place], by: Callable[[Place], float]) -> list[Place]:
    """The best first, equals sharing a rank."""
    places = sorted(places, key=lambda place: (-by(place), place.student))
    for place in places:
        place.rank = 1 + sum(by(other) > by(place) for other in places)
    return places
