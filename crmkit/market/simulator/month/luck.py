"""Chance, in streams numbered by (seed, month, purpose): a month meets the same luck whatever the others were like."""

import numpy as np

_PURPOSES = (
    "arrivals",
    "contacts",
    "campaigns",
    "lapse",
    "counts",
    "orders",
    "failures",
    "noise",
    "referrals",
    "surveys",
)  # their order is part of the streams' numbers


class Luck:
    """The chance of one month."""

    def __init__(self, seed: int, month: int):
        self._seed = seed
        self._streams = {
            purpose: np.random.default_rng([seed, month, number]) for number, purpose in enumerate(_PURPOSES)
        }

    def stream(self, purpose: str) -> np.random.Generator:
        """The stream of one purpose; it goes on where the last draw left it."""
        return self._streams[purpose]

    def lottery(self, since: int, customers: int) -> np.ndarray:
        """A number 0 … 1 a customer that stays the customer's own as long as the decision made in ``since`` stands."""
        stream = np.random.default_rng([self._seed, since, len(_PURPOSES)])
        return stream.random(customers)
