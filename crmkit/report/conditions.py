"""When a sentence of the report may be said: facts against numbers, as sentences.toml states it."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Real
from pathlib import Path

from crmkit.core.catalogue import Catalogue, Pair

from .sentences import SENTENCES

FACTS = Catalogue(Path(__file__).with_name("facts.toml"))
_SIGNS = {">=": "≥", "<=": "≤", "==": "=", ">": ">", "<": "<"}
_COMPARISONS = {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}
Facts = Mapping[str, object]


@dataclass(frozen=True)
class Condition:
    """A fact against a number.

    >>> rule = Condition.read("customers >= 100")
    >>> rule.holds({"customers": 100}), rule.holds({"customers": 99}), rule.holds({})
    (True, False, False)
    """

    fact: str
    comparison: str
    number: float

    @classmethod
    def read(cls, text: str) -> "Condition":
        """The condition that a line of sentences.toml states."""
        fact, comparison, number = text.split()
        if comparison not in _COMPARISONS:
            raise ValueError(text)
        return cls(fact, comparison, float(number))

    def holds(self, facts: Facts) -> bool:
        """Whether the facts meet it; a fact that the data do not give, or that is no number, meets nothing."""
        value = facts.get(self.fact)
        if not isinstance(value, Real) or value != value:
            return False
        return bool(_COMPARISONS[self.comparison](value, self.number))

    @property
    def words(self) -> Pair:
        """The condition in both languages."""
        bound = f"{_SIGNS[self.comparison]} {self.number:g}"
        fact = FACTS.pair(self.fact)
        return Pair(f"{fact.zh} {bound}", f"{fact.en} {bound}")

    def __str__(self) -> str:
        return f"{self.fact} {self.comparison} {self.number:g}"


@cache
def conditions_of(key: str) -> tuple[Condition, ...]:
    """What must hold for a sentence to be said, that of the sentence that it is ``like`` first."""
    entry = SENTENCES.entry(key)
    inherited = conditions_of(entry["like"]) if "like" in entry else ()
    own = tuple(Condition.read(line) for line in entry.get("when", ()))
    return (*inherited, *own)


def excluded_by(key: str) -> tuple[str, ...]:
    """The sentences in whose place this one stands: it is said only where none of them may be."""
    return tuple(SENTENCES.entry(key).get("unless", ()))


def may_say(key: str, facts: Facts) -> bool:
    """Whether the facts bear the sentence."""
    return first_failing(key, facts) is None and said_instead(key, facts) is None


def first_failing(key: str, facts: Facts) -> Condition | None:
    """The first condition of a sentence that the facts do not meet."""
    return next((condition for condition in conditions_of(key) if not condition.holds(facts)), None)


def said_instead(key: str, facts: Facts) -> str | None:
    """The sentence that is said in the place of this one."""
    return next((other for other in excluded_by(key) if may_say(other, facts)), None)
