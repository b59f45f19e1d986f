"""What a decision of the game changes, in words of both languages."""

from collections.abc import Iterable
from dataclasses import fields
from html import escape

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import named, term_pair
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import percent
from crmkit.market.game.changes import Change, Value, changes
from crmkit.market.simulator.decision import Campaign, Decision

AS_THE_TYPE = "as_the_type"  # contacts where no number is given: the relationship type's own
NOTHING = "–"
_LANGUAGES = (0, 1)  # places in a pair
# of one: 0.1 is said as 10%
_SHARES = (
    "financial",
    "social",
    "structural",
    "service_quality",
    "complaint_handling",
    "price",
    "discount",
    "newcomer_discount",
    "control_share",
)


def coin(currency: str) -> Pair:
    """What amounts are in: the unit's Chinese name, the ISO 4217 code in English.

    >>> coin("CNY")
    Pair(zh='元', en='CNY')
    """
    key = f"coin_{currency}"
    return MESSAGES.pair(key) if key in MESSAGES else Pair(currency, currency)


def differences(decision: Decision, standard: Decision) -> list[Pair]:
    """What a decision changes against the standard, a lever a line.

    >>> differences(Decision(social={"gold": 0.5}), Decision())
    [Pair(zh='社会层：会员俱乐部（黄金）：0% → 50%', en="social level: members' club (gold): 0% → 50%")]
    """
    return in_words(changes(decision, standard))


def in_words(told: Iterable[Change]) -> list[Pair]:
    """Changes, a line each.

    >>> in_words([Change(lever="contacts", group="families", before=0.4, after=None)])[0][1]
    'contacts a month (families): 0.4 → as the type'
    """
    return [_campaigns(change) if change.lever == "campaigns" else _lever(change) for change in told]


def capital(text: str) -> str:
    """The text with a capital letter where it begins."""
    return text[:1].upper() + text[1:]


def html(pair: Pair) -> str:
    """Each language in its own span, so that the page's switch can show one of them."""
    zh, en = map(escape, pair)
    if get_language() != "both" or zh == en:
        return f"<span>{in_language(zh, en)}</span>"
    return f'<span lang="zh">{zh}</span> <span lang="en">{en}</span>'


def _lever(change: Change) -> Pair:
    before, after = (_value(change.lever, value) for value in (change.before, change.after))
    return _line(change.lever, change.group, before, after)


def _line(lever: str, group: str, before: Pair, after: Pair) -> Pair:
    """social level: members' club (gold): 0% → 50%"""
    head = term_pair(f"lever_{lever}")
    if group:
        head = MESSAGES.pair("lever_of_group", lever=head, group=named(group))
    was_and_is = Pair(f"{before.zh} → {after.zh}", f"{before.en} → {after.en}")
    return MESSAGES.pair("label_of", label=head, of=was_and_is)


def _campaigns(change: Change) -> Pair:
    """Where it is one campaign before and after, what changes of it; else all of them on either side."""
    sides = (change.before, change.after)
    names = {campaign.name for side in sides for campaign in side}
    if len(names) > 1 or max(map(len, sides)) > 1:
        before, after = (_join([_named(campaign) for campaign in side]) for side in sides)
        return _line("campaigns", "", before, after)
    before, after = (_parts(side[0]) if side else {} for side in sides)
    changed = [part for part in {**before, **after} if before.get(part) != after.get(part)]
    said = [_join([side[part] for part in changed if part in side]) for side in (before, after)]
    return _line("campaigns", names.pop(), *said)


def _named(campaign: Campaign) -> Pair:
    return _join([named(campaign.name), *_parts(campaign).values()])


def _parts(campaign: Campaign) -> dict[str, Pair]:
    """Part → what is set of it, in words: discount for customers 25%."""
    found = {}
    for field in fields(campaign):
        value = getattr(campaign, field.name)
        is_usual = field.name == "name" or value == ("all",)
        if value and not is_usual:
            name, said = term_pair(f"campaign_{field.name}"), _value(field.name, value)
            found[field.name] = Pair(f"{name.zh} {said.zh}", f"{name.en} {said.en}")
    return found


def _join(pairs: Iterable[Pair]) -> Pair:
    pairs = list(pairs)
    zh, en = (", ".join(pair[language] for pair in pairs) or NOTHING for language in _LANGUAGES)
    return Pair(zh, en)


def _value(lever: str, value: Value) -> Pair:
    """A value of a lever, or of a campaign's part."""
    if value is None:
        return term_pair(AS_THE_TYPE)
    if isinstance(value, str):
        return named(value)
    if isinstance(value, (list, tuple)):
        return _join(_value(lever, part) for part in value)
    number = percent(value, 0) if lever in _SHARES else f"{value:,.10g}"
    return Pair(number, number)
