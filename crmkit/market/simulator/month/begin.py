"""The month's dates, whom it concerns, and in which tier of the pyramid each customer stands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from crmkit.market.simulator.customers import Customers
from crmkit.market.simulator.decision import Campaign, Decision
from crmkit.market.simulator.scenario import Scenario

from .luck import Luck
from .sections import Opened


def running(arms: Sequence[Decision], calendar_month: int) -> tuple[list[Campaign], ...]:
    """Of each arm the campaigns that run in this month of the year, 1 … 12."""
    return tuple(
        [x for x in arm.campaigns if not x.calendar_months or calendar_month in x.calendar_months]
        for arm in arms
    )


def side_by_side(campaigns: Sequence[Sequence[Campaign]]) -> list[list[Campaign]]:
    """First with first, second with second; an arm with fewer runs the other's campaign for nobody."""
    pairs = []
    for pair in zip_longest(*campaigns):
        there = next(campaign for campaign in pair if campaign)
        pairs.append([campaign or replace(there, groups=()) for campaign in pair])
    return pairs


def with_programmes(known: tuple[str, ...], campaigns: Sequence[Sequence[Campaign]]) -> tuple[str, ...]:
    """The names of programmes in the order in which they were first run; the books hold their places."""
    names = list(known)
    for pair in side_by_side(campaigns):
        for campaign in reversed(pair):
            if campaign.name not in names:
                names.append(campaign.name)
    return tuple(names)


def begin(
    scenario: Scenario,
    decision: Decision,
    *,
    everybody: Customers,
    first_newcomer: int,
    campaigns: tuple[list[Campaign], ...],
    programmes: tuple[str, ...],
    since: tuple[int, ...],
    calendar_month: int,
    month: int,
    start: int,
    days: int,
    luck: Luck,
) -> Opened:
    """The month as it begins, newcomers included."""
    alive = everybody.left >= start
    if scenario.setting == "contractual":  # a contract shows who is there …
        on_file = alive.copy()
    else:  # … without one the firm knows only who has bought lately
        on_file = everybody.last_order >= month - scenario.file_months
    on_file[first_newcomer:] = False
    held_out = np.zeros(len(everybody), dtype=bool)
    if decision.trial:
        held_out[decision.trial.numbers] = True

    who = np.flatnonzero(alive | on_file)
    segment = everybody.segment[who]
    tier = tiers(scenario, everybody.memory["score"][who], on_file[who])
    return Opened(
        scenario=scenario,
        number=month,
        start=start,
        days=days,
        luck=luck,
        season=scenario.seasonality[calendar_month - 1],
        arms=decision.arms,
        since=since,
        campaigns=campaigns,
        programmes=programmes,
        everybody=everybody,
        who=who,
        segment=segment,
        tier=tier,
        newcomer=who >= first_newcomer,
        alive=alive[who],
        on_file=on_file[who],
        held_out=held_out[who],
        traits=_in_64_bits(everybody.traits, who),
        memory=_in_64_bits(everybody.memory, who),
    )


def _in_64_bits(arrays: Mapping[str, np.ndarray], who: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[who].astype(float) for name, values in arrays.items()}


def tiers(scenario: Scenario, score: np.ndarray, on_file: np.ndarray) -> np.ndarray:
    """Place in the pyramid by recent margin, best tier 0; who brings nothing is in the last."""
    last = len(scenario.tiers) - 1
    ranked = -np.sort(-score[on_file & (score > 0)])
    shares = np.cumsum([*scenario.tiers.values()])[:-1]
    bounds = np.ceil(shares * on_file.sum()).astype(int)
    cuts = [ranked[bound - 1] if 0 < bound <= len(ranked) else 0.0 for bound in bounds]
    tier = np.zeros(len(score))
    for cut in cuts:
        tier += score < cut
    return np.where(on_file & (score > 0), tier, last).astype(np.int8)
