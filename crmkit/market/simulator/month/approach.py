"""What the firm does to each customer: contacts of the relationship, and campaigns with their control groups."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from crmkit.market.simulator.decision import POLICIES, Campaign, Decision
from crmkit.market.simulator.parameters import LAWS

from .begin import side_by_side
from .sections import Approached, Entry, Opened

RELATIONSHIP = "relationship"  # the programme under which contacts stand that belong to no campaign
_SPREAD = 28  # days over which a month's contacts are spread: every month has them


def approach(opened: Opened) -> Approached:
    """Contact the customers on file as the relationship type and the policy say, then run the campaigns."""
    policy = opened.each(lambda arm: POLICIES.index(arm.contact_policy))
    approached = _contact(opened, policy)
    for pair in side_by_side(opened.campaigns):
        approached = _campaign(opened, approached, pair, policy)
    return approached


def _contact(opened: Opened, policy: np.ndarray) -> Approached:
    own_number = opened.lever("contacts", np.nan)
    of_the_type = opened.type["contacts_per_month"]
    planned = np.where(np.isnan(own_number), of_the_type, own_number) * opened.on_file
    spells = list(zip(opened.arms, opened.since))
    dose = opened.each(lambda spell: _dose(opened, *spell), spells)
    # whole contacts, and the fraction by chance
    contacts = np.floor(planned * dose + opened.chance("contacts"))
    cost = np.rint(contacts * opened.type["cost_per_contact"] * 100)

    randomised = policy == POLICIES.index("randomised")
    nobody = np.zeros(len(opened.who))
    return Approached(
        contacts=contacts,
        contact_cost=cost,
        messages=nobody,
        message_cost=nobody,
        discount=nobody,
        entries=[
            _entry(
                opened,
                noted=(contacts > 0) | ((planned > 0) & randomised),
                held_out=dose == 0,
                programme=np.asarray(opened.programmes.index(RELATIONSHIP)),
                policy=policy,
                # the same customer on another day every month, and no two neighbours on the same
                date=opened.start + (7 * opened.who + 11 * opened.number) % _SPREAD,
                contacts=contacts,
                cost=cost,
            )
        ],
    )


def _dose(opened: Opened, arm: Decision, since: int) -> np.ndarray:
    """What the policy makes of one contact planned."""
    if arm.contact_policy == "equal":
        return np.ones(len(opened.who))
    if arm.contact_policy == "by_value":
        # who was sold to below cost is worth no less than nothing
        brought = np.maximum(opened.memory["score"], 0)
        times_the_mean = brought / max(opened.mean_on_file(brought), 1e-9)
        good = np.minimum(times_the_mean, LAWS.value_most) + LAWS.value_base
        return good / max(opened.mean_on_file(good), 1e-9)
    # drawn by lot: a customer keeps the lot for as long as the decision stands
    doses = np.array(LAWS.randomised_doses)
    lot = opened.luck.lottery(since, len(opened.everybody))
    return doses[(lot[opened.who] * len(doses)).astype(int)]


def _campaign(
    opened: Opened, approached: Approached, pair: Sequence[Campaign], policy: np.ndarray
) -> Approached:
    """One campaign more; in a trial the second of the pair is for those held out."""
    scenario = opened.scenario
    meant = opened.each(lambda campaign: opened.by_group(dict.fromkeys(campaign.groups, 1.0)), pair)
    target = opened.on_file & (meant > 0)
    control_share = opened.each(lambda campaign: campaign.control_share, pair)
    held_out = target & (opened.chance("campaigns") < control_share)
    treated = target & ~held_out

    discount = opened.each(lambda campaign: campaign.discount, pair) * treated
    messages = opened.each(lambda campaign: np.rint(campaign.contacts), pair) * treated
    cost = np.rint(messages * scenario.message_cost * 100)
    entry = _entry(
        opened,
        noted=target,
        held_out=held_out,
        programme=opened.each(lambda campaign: opened.programmes.index(campaign.name), pair),
        policy=policy,
        date=np.full(len(opened.who), opened.start + LAWS.campaign_day),
        contacts=messages,
        cost=cost,
    )
    return replace(
        approached,
        discount=np.maximum(approached.discount, discount),
        messages=approached.messages + messages,
        message_cost=approached.message_cost + cost,
        entries=[*approached.entries, entry],
    )


def _entry(
    opened: Opened,
    *,
    noted: np.ndarray,
    held_out: np.ndarray,
    programme: np.ndarray,
    policy: np.ndarray,
    date: np.ndarray,
    contacts: np.ndarray,
    cost: np.ndarray,
) -> Entry:
    """Rows of the book of contacts, of the customers noted; who is held out is noted with no contact."""
    rows = np.flatnonzero(noted)
    size = len(opened.who)
    return Entry(
        ledger="contacts",
        columns={
            "customer_id": opened.who[rows],
            "date": date[rows],
            "programme": np.broadcast_to(programme, size)[rows],
            "policy": np.broadcast_to(policy, size)[rows],
            "arm": held_out[rows],
            "contacts": contacts[rows],
            "cost": cost[rows],
        },
    )
