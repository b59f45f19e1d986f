"""What crmkit says, in both languages: the file messages.toml of each room."""

from collections.abc import Iterable
from pathlib import Path

from .catalogue import Catalogue, Pair

MESSAGES = Catalogue(*sorted(Path(__file__).parents[1].glob("*/messages.toml")))


def listed(items: Iterable, *, between: str = "names") -> Pair:
    """Names, numbers or Pairs one after the other, as each language separates ``names``, ``clauses`` or ``rows``.

    >>> listed(["gold", "iron"])
    Pair(zh='gold、iron', en='gold, iron')
    """
    separator = MESSAGES.pair(f"between_{between}")
    pairs = [item if isinstance(item, Pair) else Pair(str(item), str(item)) for item in items]
    return Pair(separator.zh.join(pair.zh for pair in pairs), separator.en.join(pair.en for pair in pairs))
