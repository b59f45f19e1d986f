"""All the parties that a firm lives by (F2): what a broken relation would cost, where effort prevents most of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.allocation import best_spread, draw_elasticities
from crmkit.core.errors import NearestName
from crmkit.core.intervals import Estimate, interval_of
from crmkit.core.schema import require_between, require_choice, require_known, require_numbers, require_unique

# Christopher, Payne & Ballantyne's (1991) six, and the two that the lecture names in place of referral and recruitment
MARKETS = (
    "customer_market",
    "referral_market",
    "supplier_market",
    "recruitment_market",
    "influence_market",
    "internal_market",
    "competitor_market",
    "distributor_market",
)


@dataclass(frozen=True, kw_only=True)
class StakeholderMap(NearestName):
    """Expected losses from relations that break, today and with the same effort better spread."""

    stakeholders: (
        pd.DataFrame
    )  # a row per stakeholder: loss, effort before and after, both orders of priority
    loss_avoided: Estimate  # currency a year; the interval is over the uncertain elasticities


def stakeholder_map(
    stakeholders: pd.DataFrame,
    *,
    at_least: float = 0.5,
    rng: np.random.Generator | None = None,
    elasticity_sd: float = 0.1,
    draws: int = 2000,
    confidence: float = 0.95,
) -> StakeholderMap:
    """Where one more unit of effort prevents most: expected yearly loss, its marginal change, and the best spread.

    In, a row per stakeholder: ``stakeholder``, ``market`` (one of the six markets, or of the lecture's six),
    ``value_at_stake`` (currency a year, lost if the relation breaks), ``break_probability`` (in a year, at today's
    effort), ``effort`` (a year, any unit, above 0), ``elasticity`` (0 … 0.99: by how many per cent the probability
    falls with 1 % more effort), and the textbook's scores ``importance`` and ``strength`` (1 … 5).

    Assumed: expected loss = value × probability × (effort / today's)^−elasticity, each further unit doing less. The
    same total is spread so that the marginal losses are equal; nobody gets under ``at_least`` of today's effort, nor so
    little that the break would be certain. Out, besides the input: ``expected_loss`` (currency a year),
    ``loss_avoided_per_effort`` (by one more unit today), ``priority`` by it, ``textbook_priority`` (importance ×
    weakness, which is 6 − strength; ties by row), ``effort_after``, ``expected_loss_after``. The scores know neither
    money nor what effort can still change, so the two orders may reverse. With ``rng`` the plan is tried on
    elasticities drawn around those given (beta distribution, standard deviation ``elasticity_sd``): the interval.
    Errors: CrmkitError for another market, repeated stakeholders, a number out of its range.

    >>> two = pd.DataFrame({
    ...     "stakeholder": ["regulator", "dealers"], "market": ["influence_market", "distributor_market"],
    ...     "value_at_stake": [900.0, 600.0], "break_probability": [0.2, 0.2], "effort": 10.0,
    ...     "elasticity": [0.02, 0.5], "importance": [5, 3], "strength": [2, 3]})
    >>> stakeholder_map(two).stakeholders[["priority", "textbook_priority", "effort_after"]].round(1).values.tolist()
    [[2.0, 1.0, 5.0], [1.0, 2.0, 15.0]]
    """
    require_known(stakeholders, ["stakeholder", "market"], what="stakeholder_map")
    require_unique(stakeholders, "stakeholder", what="stakeholder_map", code="stakeholder_not_unique")
    limits = {
        "value_at_stake": (0, np.inf),
        "break_probability": (0, 1),
        "effort": (1e-9, np.inf),
        "elasticity": (0, 0.99),
        "importance": (1, 5),
        "strength": (1, 5),
    }
    value, chance, effort, e, importance, strength = require_numbers(
        stakeholders, limits, what="stakeholder_map"
    )
    require_between(at_least, 0, 1, name="at_least")
    for market in stakeholders["market"]:
        require_choice(market, MARKETS, name="market")
    loss = value * chance
    with np.errstate(divide="ignore"):
        least = effort * np.maximum(at_least, chance ** (1 / e))
    after = best_spread(-loss, effort, -e, least, np.full(len(e), np.inf))
    avoided = loss * (1 - (after / effort) ** -e)
    loss_avoided = Estimate(value=float(avoided.sum()))
    if rng is not None:
        tried = draw_elasticities(e, elasticity_sd, draws, rng)
        saved = (loss * (1 - (after / effort) ** -tried)).sum(axis=1)
        loss_avoided = interval_of(saved, value=loss_avoided.value, confidence=confidence)
    gain = loss * e / effort
    return StakeholderMap(
        stakeholders=stakeholders.assign(
            expected_loss=loss,
            loss_avoided_per_effort=gain,
            priority=_priority(gain),
            textbook_priority=_priority(importance * (6 - strength)),
            effort_after=after,
            expected_loss_after=loss - avoided,
        ),
        loss_avoided=loss_avoided,
    )


def _priority(score: np.ndarray) -> np.ndarray:
    """1 for the highest score; ties by row."""
    return (-score).argsort(kind="stable").argsort() + 1
