"""Who joins the firm this month, and with which traits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmkit.market.simulator.customers import NEVER, Customers
from crmkit.market.simulator.decision import Campaign, Decision
from crmkit.market.simulator.ledgers import SOURCES
from crmkit.market.simulator.parameters import LAWS
from crmkit.market.simulator.scenario import Scenario

from .traits import draw_traits

_BEFORE_START, _LAUNCH, _ADVERTISING, _PROMOTION, _REFERRAL = range(len(SOURCES))
BILLS = 28  # days on which bills are written: every month has them


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrived:
    """Everybody, newcomers included."""

    everybody: Customers
    first_newcomer: int  # number of the first who joins during the month
    hunters: float  # share of the bargain hunters whom no offer has used up


def arrive(
    scenario: Scenario,
    decision: Decision,
    *,
    known: Customers,
    campaigns: Sequence[Campaign],
    referrers: np.ndarray,
    hunters: float,
    month: int,
    start: int,
    days: int,
    rng: np.random.Generator,
) -> Arrived:
    """Draw this month's newcomers: of the launch, won by the firm's name and advertising, tempted, recommended."""
    # an offer uses up those whom it tempts: there are only so many bargain hunters
    offer = max([campaign.newcomer_discount for campaign in campaigns], default=0.0)
    taken = (1 - np.exp(-LAWS.offer_appeal * offer)) * hunters
    hunters_left = min(1.0, hunters - taken + 1 / LAWS.hunter_months)

    # newcomers mind the price as customers do: else a firm could live on them at any price
    demand = _demand(scenario, decision.price)
    sent = referrers
    if demand < 1:
        sent = referrers[rng.random(len(referrers)) < demand]
    won = _won(scenario, decision, month)
    tempted = scenario.promotion_customers * taken
    counts = {
        _LAUNCH if scenario.arrival_months else _BEFORE_START: _launched(scenario, month),
        _ADVERTISING: rng.poisson(won * demand),
        _PROMOTION: rng.poisson(tempted * demand),
        _REFERRAL: len(sent),
    }
    source = np.repeat(list(counts), list(counts.values())).astype(np.int8)
    newcomers = _drawn(
        scenario, source, known=known, sent=sent, offer=offer, month=month, start=start, days=days, rng=rng
    )
    return Arrived(
        everybody=known.with_newcomers(newcomers),
        first_newcomer=len(known) + int((source == _BEFORE_START).sum()),
        hunters=hunters_left,
    )


def _launched(scenario: Scenario, month: int) -> int:
    """Customers of the start who come this month: evenly spread, the odd ones in the first."""
    months = max(scenario.arrival_months, 1)
    if month >= months:
        return 0
    odd = scenario.customers % months if month == 0 else 0
    return scenario.customers // months + odd


def _won(scenario: Scenario, decision: Decision, month: int) -> float:
    """Newcomers to be expected by themselves (from the second month on) and by advertising, which levels off."""
    by_themselves = scenario.acquisition_per_month if month > 0 else 0.0
    reach = max(scenario.acquisition_cost * scenario.acquisition_cap, 1e-9)
    return by_themselves + scenario.acquisition_cap * (1 - np.exp(-decision.acquisition_budget / reach))


def _demand(scenario: Scenario, price: float) -> float:
    """Times the newcomers, at this price."""
    minded = sum(group.customer_share * group.price_sensitivity for group in scenario.segments.values())
    felt = scenario.loss_aversion if price > 1 else 1
    return np.exp(np.clip(-np.log(price) * minded * felt, LAWS.pull_least, LAWS.pull_most))


def _drawn(
    scenario: Scenario,
    source: np.ndarray,
    *,
    known: Customers,
    sent: np.ndarray,
    offer: float,
    month: int,
    start: int,
    days: int,
    rng: np.random.Generator,
) -> Customers:
    """Customers who came by these sources. The order in which chance is drawn is part of the market."""
    n = len(source)
    of_the_start, tempted, referred = source == _BEFORE_START, source == _PROMOTION, source == _REFERRAL
    segment = _draw(rng, n, [group.customer_share for group in scenario.segments.values()])
    referred_by = np.full(n, -1)
    referred_by[referred] = sent
    if len(known):  # like refers like
        segment[referred] = known.segment[sent]
    joined = start + (rng.random(n) * days).astype(int)
    joined[of_the_start] = -1 - (rng.random(of_the_start.sum()) * LAWS.history_days).astype(int)

    traits = draw_traits(scenario, segment, rng)
    traits["lapse_per_month"][tempted] *= np.float32(scenario.promotion_lapse)
    traits["price_sensitivity"][tempted] *= np.float32(scenario.promotion_sensitivity)

    # customers from before the start have earlier books: the margin of a year that the firm remembers
    orders_a_month = 1.0
    if scenario.setting == "noncontractual":
        orders_a_month = rng.poisson(12 * traits["purchases_per_month"].astype(float)) / 12
    score = orders_a_month * traits["unit_price"] * traits["units_per_order"] * traits["margin_rate"]
    zero = np.zeros(n, dtype=np.float32)
    return Customers(
        traits=traits,
        memory={
            "state": traits["satisfaction"],
            "pressure": zero,
            "bond": zero,
            "stocked": zero,
            "score": (score * of_the_start).astype(np.float32),
            "offer": (tempted * offer).astype(np.float32),
        },
        segment=segment,
        source=source,
        tier=np.full(n, len(scenario.tiers) - 1, dtype=np.int8),
        channel=_draw(rng, n, [*scenario.channels.values()]),
        referred_by=referred_by,
        joined=joined.astype(np.int32),
        bill_day=(joined % BILLS).astype(np.int8),
        left=np.full(n, NEVER, dtype=np.int32),
        last_order=np.full(n, month, dtype=np.int32),
        served=np.zeros(n, dtype=np.int64),
    )


def _draw(rng: np.random.Generator, n: int, shares: list[float]) -> np.ndarray:
    """``n`` numbers of groups, drawn by their shares."""
    return rng.choice(len(shares), size=n, p=np.array(shares) / sum(shares)).astype(np.int8)
