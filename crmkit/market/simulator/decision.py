"""What the firm does in a month: everything that a player, a bot or a lesson may change."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import RELATIONSHIP_TYPES, require_between, require_choice

from .ledgers import numbers
from .records import from_record, to_record

TYPES = RELATIONSHIP_TYPES
POLICIES = ("equal", "by_value", "randomised")
# lever by group, of numbers -> lowest and highest
_LEVERS = {
    "contacts": (0, 60),
    "financial": (0, 0.5),
    "social": (0, 1),
    "structural": (0, 1),
    "care": (0, 1e12),
}
BY_GROUP = ("relationship", *_LEVERS)
# lever of the firm -> lowest and highest
_NUMBERS = {
    "service_quality": (0, 1),
    "complaint_handling": (0, 1),
    "price": (0.5, 2),
    "acquisition_budget": (0, 1e12),
}


_OF_A_CAMPAIGN = {
    "discount": (0, 0.9),
    "contacts": (0, 60),
    "control_share": (0, 1),
    "newcomer_discount": (0, 0.9),
}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A mailing with an offer to customers on file, and perhaps an offer to people who are not customers yet.

    >>> Campaign(name="double_11", discount=0.2, control_share=0.1, calendar_months=(11,)).contacts
    2.0
    """

    name: str
    discount: float = 0.0  # off the price, for the treated in the month of the campaign
    contacts: float = 2.0  # messages to each treated customer
    groups: tuple[str, ...] = ("all",)  # segments or tiers that it is for
    control_share: float = 0.0  # of them, drawn at random, hear nothing and pay the full price
    newcomer_discount: float = 0.0  # off the first order of people that the offer brings in
    calendar_months: tuple[int, ...] = ()  # 1 … 12; empty: every month

    def __post_init__(self):
        for name, bounds in _OF_A_CAMPAIGN.items():
            require_between(getattr(self, name), *bounds, name=f"campaign.{name}")
        for month in self.calendar_months:
            require_between(month, 1, 12, name="campaign.calendar_months")
        if not isinstance(self.name, str) or not self.name or self.name == "relationship":
            raise CrmkitError("campaign_name", value=self.name)
        object.__setattr__(self, "groups", tuple(self.groups))
        object.__setattr__(self, "calendar_months", tuple(self.calendar_months))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An experiment: customers ``held_out``, by customer_id, who go on under ``standard`` while the others try the new.

    They live under it in all that a customer sees. What is the firm's alone, the acquisition budget and the offers to
    newcomers, follows the decision, and so does everybody who joins meanwhile.

    >>> trial = Trial(standard=Decision(), held_out=("C00000007", "C00000021"))
    >>> Decision(social=1.0, trial=trial).arms[1] == Decision()
    True
    """

    standard: "Decision"
    held_out: tuple[str, ...]

    def __post_init__(self):
        nested = not isinstance(self.standard, Decision) or self.standard.trial
        if nested or isinstance(self.held_out, str) or not np.iterable(self.held_out):
            given = f"standard={str(self.standard)[:60]}, held_out={str(self.held_out)[:60]}"
            raise CrmkitError("trial_form", value=given)
        object.__setattr__(self, "held_out", tuple(map(str, self.held_out)))
        if len(set(self.held_out)) < len(self.held_out):
            customer, times = Counter(self.held_out).most_common(1)[0]
            raise CrmkitError("trial_twice", value=customer, times=times)

    @cached_property
    def numbers(self) -> np.ndarray:
        """The customers held out by number, below 0 for what is nobody's customer_id."""
        return numbers(self.held_out)


def _by_group(name: str, value) -> dict:
    """A lever as a mapping of groups, every entry checked."""
    values = dict(value) if isinstance(value, Mapping) else {"all": value}
    for group, entry in values.items():
        if name == "relationship":
            require_choice(entry, TYPES, name=f"{name}[{group}]")
        else:
            require_between(entry, *_LEVERS[name], name=f"{name}[{group}]")
    return values


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the firm does, month after month, until it decides otherwise.

    A lever takes one value for all customers, or a mapping of groups: ``"all"``, a segment of the scenario, a tier of
    its pyramid. A tier's entry goes before its segment's, and a segment's before ``"all"``.

    >>> Decision(relationship={"all": "basic", "platinum": "partnership"}, service_quality=0.7).relationship["all"]
    'basic'
    """

    # one of the five types: contacts, and how complaints are heard
    relationship: Mapping[str, str] | str = "basic"
    # a month, in place of the type's own number
    contacts: Mapping[str, float] | float | None = None
    # or "by_value": good customers get more; or "randomised": 0 … 2 times the number, by lot
    contact_policy: str = "equal"
    financial: Mapping[str, float] | float = 0.0  # level 1: rebate, share of the price
    social: Mapping[str, float] | float = 0.0  # level 2: 0 … 1, how much of a members' club there is
    structural: Mapping[str, float] | float = 0.0  # level 3: 0 … 1, how far systems and processes are linked
    care: Mapping[str, float] | float = 0.0  # budget a month (currency) shared by all customers of the tier
    service_quality: float = 0.5  # 0 … 1
    complaint_handling: float = 0.5  # 0 … 1, probability that a complaint which is heard is put right
    price: float = 1.0  # times the list price
    acquisition_budget: float = 0.0  # currency a month
    campaigns: tuple[Campaign, ...] = ()
    trial: Trial | None = None  # tries all this on some customers and leaves the others under the standard

    def __post_init__(self):
        for name in BY_GROUP:
            if name != "contacts" or self.contacts is not None:
                object.__setattr__(self, name, _by_group(name, getattr(self, name)))
        for name, bounds in _NUMBERS.items():
            require_between(getattr(self, name), *bounds, name=name)
        require_choice(self.contact_policy, POLICIES, name="contact_policy")
        object.__setattr__(self, "campaigns", tuple(self.campaigns))
        for campaign in self.campaigns:
            if not isinstance(campaign, Campaign):
                raise CrmkitError("campaign_form", value=str(campaign)[:60])
        if not isinstance(self.trial, Trial | None):
            raise CrmkitError("trial_form", value=self.trial)

    @property
    def arms(self) -> tuple["Decision", ...]:
        """What customers meet: the decision and, in a trial, the standard for those held out."""
        return (replace(self, trial=None), self.trial.standard) if self.trial else (self,)

    def groups(self) -> set[str]:
        """Every group that the decision names, its trial's standard included."""
        named: set[str] = set()
        for arm in self.arms:
            for name in BY_GROUP:
                named.update(getattr(arm, name) or {})
            for campaign in arm.campaigns:
                named.update(campaign.groups)
        return named

    def record(self) -> dict:
        """The decision as plain numbers, text, lists and tables, for JSON or TOML; ``from_record`` reads it back."""
        return to_record(self)

    @classmethod
    def from_record(cls, record: Mapping) -> "Decision":
        """The decision that ``record`` was made from.

        >>> d = Decision(social={"gold": 0.5}, campaigns=(Campaign(name="spring", discount=0.1),))
        >>> Decision.from_record(d.record()) == d
        True
        """
        return from_record(cls, record, where="decision")
