"""What a decision of the game changes, in words of both languages: ``contacts[families]: 0.4 → 0.6`` for a reader."""

import re
from html import escape

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import named, term_pair
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import percent
from crmkit.market.game.game import changes
from crmkit.market.simulator.decision import Decision

AS_THE_TYPE = "as_the_type"  # contacts where no number is given: the relationship type's own
SHARES = (
    "financial",
    "social",
    "structural",
    "service_quality",
    "complaint_handling",
    "price",
    "discount",
    "newcomer_discount",
    "control_share",
)  # of one: 0.1 is said as 10%
_PART = re.compile(
    r"(\w+)=(\[.*?\]|[^\s,]+)"
)  # of a campaign: name=spring discount=0.1 calendar_months=[4, 5]


def differences(decision: Decision, standard: Decision) -> list[Pair]:
    """What a decision changes against the standard, a lever a line.

    >>> differences(Decision(social={"gold": 0.5}), Decision())
    [('社会层：会员俱乐部（黄金）：0% → 50%', "social level: members' club (gold): 0% → 50%")]
    """
    return in_words(changes(decision, standard))


def in_words(told: str) -> list[Pair]:
    """What ``changes`` told, as it also stands in the cycle log, a lever a line; nothing of what it does not tell.

    >>> in_words("contacts[families]: 0.4 → –")[0][1], in_words("=")
    ('contacts a month (families): 0.4 → as the type', [])
    """
    lines = []
    for line in told.split("; "):
        if found := re.fullmatch(r"(\w+)(?:\[(.+?)\])?: (.*) → (.*)", line):
            lever, group, *values = found.groups()
            if lever == "campaigns" and len(set(re.findall("name=([^ ,]+)", line))) == 1:
                group, *values = _what_changed(*values)
            head = term_pair(f"lever_{lever}")
            if group:
                head = MESSAGES.pair("lever_of_group", lever=head, group=named(group))
            was_and_is = Pair(
                *(" → ".join(_value(lever, value, lang) for value in values) for lang in (0, 1))
            )
            lines.append(MESSAGES.pair("label_of", label=head, of=was_and_is))
    return lines


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def html(pair: Pair) -> str:
    """Each language in its own span, so that the page's switch can show one of them."""
    zh, en = map(escape, pair)
    if get_language() != "both" or zh == en:
        return f"<span>{in_language(zh, en)}</span>"
    return f'<span lang="zh">{zh}</span> <span lang="en">{en}</span>'


def _what_changed(was: str, now: str) -> tuple[str, str, str]:
    """Of one campaign before and after: its name, and of either side the parts that differ."""
    sides = [dict(_PART.findall(text)) for text in (was, now)]
    name = next(side["name"] for side in sides if side)
    parts = [
        part
        for part in {**sides[0], **sides[1]}
        if sides[0].get(part) != sides[1].get(part) and part != "name"
    ]
    return name, *(" ".join(f"{part}={side[part]}" for part in parts if part in side) for side in sides)


def _value(lever: str, text: str, lang: int) -> str:
    if lever == "campaigns":
        parts = [
            (
                "" if name == "name" else term_pair(f"campaign_{name}")[lang] + " ",
                [_value(name, part, lang) for part in value.strip("[]").replace("'", "").split(", ")],
            )
            for name, value in _PART.findall(text)
            if (name, value) != ("groups", "['all']")
        ]
        return ", ".join(name + ", ".join(values) for name, values in parts) or "–"
    if lever == "contacts" and text == "–":
        return term_pair(AS_THE_TYPE)[lang]
    try:
        return percent(float(text), 0) if lever in SHARES else f"{float(text):,.10g}"
    except ValueError:
        return named(text)[lang]
