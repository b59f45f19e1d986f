"""What a decision changes against another, lever by lever."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from crmkit.market.simulator.decision import BY_GROUP, Campaign, Decision

# what holds for a group that a lever does not name; of other levers 0, and of contacts the type's own number
_ELSE = {"relationship": "basic", "contacts": None}
Value = float | str | tuple[Campaign, ...] | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """One lever before and after: of a segment, a tier or ``"all"``; ``group`` is "" of what the whole firm does.

    A value is a number, a relationship type or contact policy, the campaigns; None: contacts as the type has them.
    """

    lever: str
    group: str
    before: Value
    after: Value

    def __str__(self) -> str:
        """As ``Decision`` names it: social[gold]: 0 → 0.5."""
        name = f"{self.lever}[{self.group}]" if self.group else self.lever
        return f"{name}: {_plain(self.before)} → {_plain(self.after)}"


def changes(decision: Decision, standard: Decision) -> tuple[Change, ...]:
    """What a decision changes against the standard, in the order of the levers' names; a trial is no change.

    >>> changes(Decision(social={"gold": 0.5}), Decision())
    (Change(lever='social', group='gold', before=0.0, after=0.5),)
    """
    found = []
    for lever in sorted(field.name for field in fields(Decision) if field.name != "trial"):
        before, after = getattr(standard, lever), getattr(decision, lever)
        if lever in BY_GROUP:
            found += _by_group(lever, before or {}, after or {})
        elif before != after:
            found.append(Change(lever=lever, group="", before=before, after=after))
    return tuple(found)


def in_code(told: Iterable[Change]) -> str:
    """Changes as the record of the cycles keeps them, in the words of the code; "=" where nothing changes."""
    return "; ".join(map(str, told)) or "="


def _by_group(lever: str, before: dict, after: dict) -> list[Change]:
    otherwise = _ELSE.get(lever, 0)
    found = []
    for group in sorted({*before, *after}):
        was = before.get(group, before.get("all", otherwise))
        will_be = after.get(group, after.get("all", otherwise))
        if was != will_be:
            found.append(Change(lever=lever, group=group, before=was, after=will_be))
    return found


def _plain(value: Value) -> str:
    if value is None or value == ():
        return "–"
    if isinstance(value, tuple):
        return ", ".join(map(_campaign, value))
    return value if isinstance(value, str) else f"{value:g}"


def _campaign(campaign: Campaign) -> str:
    """What is set of a campaign."""
    parts = {field.name: getattr(campaign, field.name) for field in fields(campaign)}
    return " ".join(
        f"{name}={list(part) if isinstance(part, tuple) else part}" for name, part in parts.items() if part
    )
