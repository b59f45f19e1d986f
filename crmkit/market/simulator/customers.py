"""The state of every customer there ever was: what was drawn once, what a month remembers of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

NEVER = 2**30  # a day that does not come


@dataclass(frozen=True, eq=False, kw_only=True)
class Customers:
    """Arrays with a place for every customer, newest last; the customer's number is the place.

    A month begins with new arrays (``with_newcomers``) and writes into them only when it is over; so what was handed
    out at the end of a month does not change afterwards, and a copy of a market shares nothing for long.
    """

    traits: Mapping[str, np.ndarray]  # drawn once; named and measured as in parameters.toml, in 32 bits
    memory: Mapping[str, np.ndarray]  # what the next month needs to know (``MEMORY``), in 32 bits
    segment: np.ndarray  # number in the scenario's order
    source: np.ndarray  # number in ledgers.SOURCES: what brought the customer
    tier: np.ndarray  # number in the scenario's order, as of the last month on file
    channel: np.ndarray  # number in the scenario's order
    referred_by: np.ndarray  # number of a customer; -1 nobody
    joined: np.ndarray  # day since the start
    bill_day: np.ndarray  # of the month, from 0; used where there is a contract
    left: np.ndarray  # day since the start; NEVER for who is still there
    last_order: np.ndarray  # month
    served: np.ndarray  # cost to serve until now, cents

    @classmethod
    def nobody(cls) -> "Customers":
        """Before the first month."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(traits={}, memory={}, **dict.fromkeys(_OWN, nothing))

    def __len__(self) -> int:
        return len(self.left)

    def with_newcomers(self, others: "Customers") -> "Customers":
        """Everybody, in new memory."""

        def joined(known: np.ndarray | None, new: np.ndarray) -> np.ndarray:
            if known is None or not len(self):
                return new.copy()
            return np.concatenate([known, new])

        def all_joined(known: Mapping, new: Mapping) -> dict[str, np.ndarray]:
            return {name: joined(known.get(name), values) for name, values in new.items()}

        own = {name: joined(getattr(self, name), getattr(others, name)) for name in _OWN}
        return Customers(
            traits=all_joined(self.traits, others.traits),
            memory=all_joined(self.memory, others.memory),
            **own,
        )


_OWN = tuple(field.name for field in fields(Customers) if field.name not in ("traits", "memory"))
# memory -> what it is
MEMORY = {
    "state": "satisfaction now, 0 … 1",
    "pressure": "contacts that are still felt, a month",
    "bond": "structural bond, 0 … 1",
    "stocked": "share of the last month's price that a promotion took off, as far as this customer minds prices",
    "score": "margin a month that the firm remembers, currency",
    "offer": "discount on the first order, share of the price",
}
