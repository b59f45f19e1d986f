"""What the month leaves behind: complaints, satisfaction, recommendations, the survey, and its costs."""

from dataclasses import dataclass

import numpy as np

from crmkit.market.simulator.ledgers import ITEMS
from crmkit.market.simulator.parameters import LAWS

from .sections import Answered, Entry, Month, Opened, Settled


def settle(month: Month) -> Settled:
    """Close the month: what went wrong and how it was handled comes first, for satisfaction and costs hang on it."""
    opened, answered, traded = month.opened, month.answered, month.traded
    service = _serve(month)
    referrers = _referrers(opened, answered)
    survey = _survey(opened, answered)
    served = np.rint(traded.made * opened.traits["cost_to_serve"] * 100).astype(np.int64)
    return Settled(
        memory={
            "state": _satisfaction(opened, answered, service),
            "pressure": answered.pressure,
            "bond": answered.bond,
            "score": (1 - LAWS.score_speed) * opened.memory["score"] + LAWS.score_speed * traded.margin,
            "stocked": np.maximum(1 - answered.price ** opened.traits["price_sensitivity"], 0),
        },
        served=served,
        referrers=referrers,
        entries=[_complaints(opened, answered, service), survey, _costs(month, service, served)],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Service:
    """What went wrong, customer by customer."""

    quality: np.ndarray  # of the service, 0 … 1
    failed: np.ndarray  # True: something went wrong
    heard: np.ndarray  # True: and the firm heard of it
    resolved: np.ndarray  # True: and put it right
    cost: np.ndarray  # cents


def _serve(month: Month) -> _Service:
    """Orders go wrong by chance; the type decides whether the firm hears of it, its effort whether it is put right."""
    opened, scenario = month.opened, month.opened.scenario
    chance = opened.chance("failures")
    quality = opened.each(lambda arm: arm.service_quality)
    repair = opened.each(lambda arm: arm.complaint_handling)
    an_order = scenario.failure_rate * (1 - LAWS.failures_prevented * quality)
    any_order = 1 - (1 - an_order) ** month.traded.made
    heard = chance < any_order * opened.type["heard_share"]
    resolved = chance < any_order * opened.type["heard_share"] * repair
    share_of_cost = np.where(resolved, LAWS.repair_cost_base + repair, LAWS.unresolved_cost)
    return _Service(
        quality=quality,
        failed=chance < any_order,
        heard=heard,
        resolved=resolved,
        cost=heard * np.rint(scenario.complaint_cost * 100 * share_of_cost),
    )


def _complaints(opened: Opened, answered: Answered, service: _Service) -> Entry:
    rows = np.flatnonzero(service.heard)
    within = opened.luck.stream("orders").random(len(rows)) * answered.span[rows]
    return Entry(
        ledger="complaints",
        columns={
            "customer_id": opened.who[rows],
            "date": opened.start + (answered.since[rows] + within).astype(int),
            "resolved": service.resolved[rows],
            "cost": service.cost[rows],
        },
    )


def _satisfaction(opened: Opened, answered: Answered, service: _Service) -> np.ndarray:
    """Satisfaction after the month: some way to its aim, less what went wrong, and chance; 0 … 1."""
    scenario, state = opened.scenario, opened.memory["state"]
    aim = (
        opened.traits["satisfaction"]
        + scenario.quality_gain * (service.quality - LAWS.usual_quality)
        + answered.club
        + LAWS.care_satisfaction * answered.care
        + LAWS.bond_satisfaction * answered.bond
        - LAWS.annoyance_satisfaction * scenario.annoyance * answered.excess
    )
    harm = np.select(
        [service.resolved, service.heard, service.failed],
        [-scenario.recovery_bonus, LAWS.ignored_complaint * scenario.failure_drop, scenario.failure_drop],
        0.0,
    )
    chance = opened.luck.stream("noise").standard_normal(len(opened.everybody))[opened.who]
    after = state + scenario.satisfaction_speed * (aim - state) - harm + scenario.satisfaction_noise * chance
    return np.clip(after, 0, 1)


def _referrers(opened: Opened, answered: Answered) -> np.ndarray:
    """Who sends somebody: the satisfied do more often."""
    liking = np.exp(LAWS.referral_response * (opened.memory["state"] - LAWS.referral_satisfaction))
    probability = 1 - np.exp(-opened.traits["referrals_per_year"] / 12 * liking)
    tells = opened.chance("referrals") < probability
    return opened.who[answered.stays & tells]


def _survey(opened: Opened, answered: Answered) -> Entry:
    """Answers on satisfaction 1 … 10, recommending 0 … 10, and the will to buy again 1 … 5,
    which a tie may hold too.
    """
    asked = opened.on_file & answered.stays & (opened.chance("surveys") < opened.scenario.survey_share)
    who, luck = opened.who[asked], opened.luck.stream("surveys")
    state, tied = opened.memory["state"][asked], 1 - answered.free[asked]
    said = state + LAWS.survey_noise * luck.standard_normal(len(who))
    will = (
        LAWS.intention_by_satisfaction * state
        + LAWS.intention_by_tie * tied
        + LAWS.intention_noise * luck.standard_normal(len(who))
    )
    date = opened.start + luck.integers(0, 28, len(who))
    recommends = said - LAWS.recommend_below + LAWS.recommend_noise * luck.standard_normal(len(who))
    return Entry(
        ledger="surveys",
        columns={
            "customer_id": who,
            "date": date,
            "satisfaction": np.clip(np.rint(1 + 9 * said), 1, 10),
            "recommend": np.clip(np.rint(10 * recommends), 0, 10),
            "intention": np.clip(np.rint(1 + 4 * will), 1, 5),
        },
    )


def _costs(month: Month, service: _Service, served: np.ndarray) -> Entry:
    """What the month cost, by item and tier in whole cents; advertising and fixed cost belong to no tier."""
    opened, approached, answered = month.opened, month.approached, month.answered
    scenario = opened.scenario
    per_head = 100 * opened.on_file
    quality_squared = opened.each(lambda arm: arm.service_quality**2)
    of_customers = {
        "contacts": approached.contact_cost,
        "relationship_programme": per_head * opened.type["cost_per_month"],
        "campaigns": approached.message_cost,
        "financial": np.rint(answered.rebate * month.traded.amount),
        "social": per_head * answered.social**2 * scenario.social_cost,
        "care": 100 * answered.care_cost,
        "structural": per_head * answered.structural**2 * scenario.structural_cost,
        "service_quality": per_head * quality_squared * scenario.quality_cost,
        "complaints": service.cost,
        "cost_to_serve": served,
    }
    of_the_firm = {"acquisition": opened.arms[0].acquisition_budget, "fixed_cost": scenario.fixed_cost}
    tiers = len(scenario.tiers)
    table = np.zeros((len(ITEMS), tiers + 1))
    for name, cents in of_customers.items():
        table[ITEMS.index(name), :-1] = np.bincount(opened.tier, weights=cents, minlength=tiers)
    for name, amount in of_the_firm.items():
        table[ITEMS.index(name), -1] = 100 * amount
    item, tier = np.nonzero(table >= 0.5)
    return Entry(
        ledger="costs",
        columns={
            "month": np.full(len(item), opened.start),
            "item": item,
            "tier": tier,
            "amount": np.rint(table[item, tier]),
        },
    )
