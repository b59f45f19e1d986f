"""How the firm's books are written: month after month, whole numbers in the smallest type that holds them."""

from collections.abc import Iterable, Mapping

import numpy as np

from .ledgers import COLUMNS
from .month.sections import Entry

_WRITTEN = tuple(name for name in COLUMNS if name != "customers")  # customers stand as they are today
_STORED = {
    "contacts": np.int16,
    "resolved": bool,
    "amount": np.int64,
    "unit_cost": np.int64,
    "cost": np.int64,
    "order_id": np.int64,
    "channel": np.int8,
    "policy": np.int8,
    "arm": np.int8,
    "programme": np.int8,
    "tier": np.int8,
    "item": np.int8,
}  # column -> type; what is not named is np.int32


class Books:
    """Entries of all months, only ever added to."""

    def __init__(self):
        self._entries: dict[str, list[tuple[int, Mapping[str, np.ndarray]]]] = {name: [] for name in _WRITTEN}

    def write(self, month: int, entries: Iterable[Entry]) -> None:
        """Add the entries of a month."""
        for entry in entries:
            stored = {
                column: values.astype(_STORED.get(column, np.int32))
                for column, values in entry.columns.items()
            }
            self._entries[entry.ledger].append((month, stored))

    def between(self, first: int, end: int) -> dict[str, dict[str, np.ndarray]]:
        """Ledger → column → numbers, of the months ``first`` … ``end`` − 1."""
        return {ledger: self._of_months(ledger, first, end) for ledger in _WRITTEN}

    def _of_months(self, ledger: str, first: int, end: int) -> dict[str, np.ndarray]:
        found = [columns for month, columns in self._entries[ledger] if first <= month < end]
        if not found:
            return {column: np.zeros(0, dtype=int) for column in COLUMNS[ledger]}
        return {column: np.concatenate([part[column] for part in found]) for column in COLUMNS[ledger]}

    def copy(self) -> "Books":
        """The same entries, to be gone on with apart."""
        twin = Books()
        twin._entries = {name: list(entries) for name, entries in self._entries.items()}
        return twin
