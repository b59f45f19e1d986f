"""What moves the customer: contact, price, programmes and satisfaction; and who leaves on which day."""

import numpy as np

from crmkit.market.simulator.behaviour import response
from crmkit.market.simulator.parameters import LAWS

from .sections import Answered, Approached, Opened

DAYS_A_MONTH = 365.25 / 12  # of the month in which rates are stated


def answer(opened: Opened, approached: Approached, *, rebate_months: int) -> Answered:
    """The customers' answers. ``rebate_months``: how long there has been a rebate, this month included."""
    scenario, traits, memory = opened.scenario, opened.traits, opened.memory
    # contact
    drift = np.exp(-scenario.taste_drift * opened.number)
    tolerance = traits["contact_tolerance"] * drift
    felt = approached.contacts + scenario.message_weight * approached.messages
    pressure = scenario.carryover * memory["pressure"] + (1 - scenario.carryover) * felt
    excess = np.clip(pressure / tolerance - 1, 0, LAWS.excess_most)
    contact = response(
        pressure,
        need=traits["contact_need"] * drift,
        tolerance=tolerance,
        annoyance=scenario.annoyance,
        shape=scenario.response_shape,
    )
    # the three levels, personal care, satisfaction
    rebate, social, structural = (opened.lever(name) for name in ("financial", "social", "structural"))
    club = traits["social_need"] * social * (1 - scenario.social_dilution * opened.mean_on_file(social))
    care_cost = _care_cost(opened)
    care = traits["care_gain"] * (1 - np.exp(-care_cost / scenario.care_scale))
    warmth = opened.type["contact_strength"] * traits["contact_gain"] * contact + club + care
    warmth += scenario.purchase_response * (memory["state"] - traits["satisfaction"])
    # price; a rise is felt more than a cut (Hardie, Johnson & Fader 1993)
    listed = opened.each(lambda arm: arm.price) * np.ones(len(opened.who))
    price = listed * (1 - approached.discount)
    cheaper = -np.log(price)
    cheaper *= np.where(cheaper < 0, scenario.loss_aversion, 1)
    novelty = 0.5 ** (rebate_months / scenario.imitation_half_life_months)
    thrift = traits["price_sensitivity"] * (cheaper + scenario.rebate_perceived * novelty * rebate)
    # who leaves
    bond = memory["bond"] + LAWS.bond_speed * (structural * traits["structural_need"] - memory["bond"])
    free = (1 - traits["switching_cost"]) * (1 - bond)
    kept_by_price = thrift * (scenario.setting == "contractual")  # a bill is what one thinks of in leaving
    loyalty = np.clip(warmth + kept_by_price, LAWS.loyalty_least, LAWS.loyalty_most)
    hazard = traits["lapse_per_month"] * np.exp(-scenario.lapse_response * loyalty) * free / DAYS_A_MONTH
    since = np.maximum(opened.everybody.joined[opened.who] - opened.start, 0).astype(float)
    with np.errstate(divide="ignore"):
        until = np.minimum(since - np.log1p(-opened.chance("lapse")) / hazard, opened.days)
    stays = opened.alive & (until >= opened.days)
    return Answered(
        pressure=pressure,
        excess=excess,
        rebate=rebate,
        social=social,
        structural=structural,
        club=club,
        care=care,
        care_cost=care_cost,
        listed=listed,
        price=price,
        pull=np.clip(warmth + thrift, LAWS.pull_least, LAWS.pull_most),
        bond=bond,
        free=free,
        since=since,
        until=until,
        stays=stays,
        left=opened.alive & ~stays,
        span=np.where(opened.alive, until - since, 0),
    )


def _care_cost(opened: Opened) -> np.ndarray:
    """Each customer's part of the tier's budget (currency): shared by the whole tier, as a full roll-out would be."""
    scenario = opened.scenario
    members = np.bincount(opened.tier[opened.on_file], minlength=len(scenario.tiers))
    heads = dict(zip(scenario.tiers, np.maximum(members, 1)))
    return opened.on_file * opened.each(
        lambda arm: opened.by_group({tier: arm.care.get(tier, 0) / heads[tier] for tier in heads})
    )
