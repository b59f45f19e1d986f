"""Examples of the levels' plots: an invented chain of shops, and one so small that no programme pays."""

from dataclasses import replace
from functools import cache

import numpy as np

import crmkit
from crmkit.relationship_levels.levels import CustomerBase, Programme

BASE = CustomerBase(
    customers=20_000, retention_rate=0.6, dispersion=0.45, margin_per_purchase=15, purchases_per_year=8
)
PLANS = (
    Programme(
        level="financial",
        purchase_lift=0.15,
        retention_lift=0.1,
        purchase_lift_sd=0.03,
        retention_lift_sd=0.03,
        margin_given_away=0.06,
        imitation_half_life_years=1,
        setup_cost=30_000,
        yearly_cost=20_000,
        yearly_cost_per_member=1,
    ),
    Programme(
        level="social",
        purchase_lift=0.12,
        retention_lift=0.25,
        purchase_lift_sd=0.03,
        retention_lift_sd=0.05,
        margin_given_away=0.03,
        imitation_half_life_years=3,
        setup_cost=90_000,
        yearly_cost=60_000,
        yearly_cost_per_member=10,
        offered_to="worthwhile",
    ),
    Programme(
        level="structural",
        purchase_lift=0.1,
        retention_lift=0.2,
        purchase_lift_sd=0.03,
        retention_lift_sd=0.05,
        imitation_half_life_years=6,
        held_by_switching_cost=0.4,
        setup_cost=300_000,
        yearly_cost=40_000,
        yearly_cost_per_member=50,
        offered_to="worthwhile",
    ),
)


@cache
def economics(customers=20_000, drawn=True):
    rng = np.random.default_rng(2) if drawn else None
    return crmkit.programme_economics(PLANS, base=replace(BASE, customers=customers), rng=rng)


EXAMPLES = {
    "plot_programme_years": lambda: (economics(), {}),
    "plot_programme_years/nothing pays": lambda: (economics(300), {}),
    "plot_level_values": lambda: (economics(), {}),
    "plot_level_values/no interval": lambda: (economics(300, False), {}),
}
