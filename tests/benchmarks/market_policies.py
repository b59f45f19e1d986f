"""Profit of simple policies in every market: python tests/benchmarks/market_policies.py [SEEDS] [CUSTOMERS].

Do nothing, go on as today, spend on everything, the published 3 × 3 of relationship types, and a sound selective
policy: the right type for each segment, levels where they are wanted, complaints put right, some advertising. Two
years, mean over seeds in thousands; the same seeds for every policy, so that differences are of policy and not of luck.
"""

import sys
from dataclasses import replace

import numpy as np

from crmkit.market import Campaign, Decision, Market, Scenario, scenario

MONTHS = 24
_NOTE = (Campaign(name="newsletter", contacts=1),)
# what somebody who knows the market would do; nothing here is tuned to the last
SELECTIVE = {
    "appliance_club": Decision(contacts={"home_owners": 0.25}, social={"home_owners": 0.8}, complaint_handling=0.8,
                               campaigns=_NOTE),
    "computer_maker": Decision(relationship={"small_firms": "proactive"}, social={"small_firms": 0.5},
                               structural={"small_firms": 0.3}, complaint_handling=0.8, campaigns=_NOTE),
    "double_11_shop": Decision(relationship={"club_members": "proactive"}, contacts={"club_members": 0.8},
                               social={"club_members": 0.7}, service_quality=0.4, complaint_handling=0.8,
                               campaigns=(*_NOTE, Campaign(name="double_11", contacts=1, newcomer_discount=0.3,
                                                           calendar_months=(11,)))),
    "fast_food_chain": Decision(social={"regulars": 0.5}, service_quality=0.4, complaint_handling=0.8, campaigns=_NOTE),
    "household_hotline": Decision(relationship={"families": "reactive"}, contacts={"families": 0.6},
                                  social={"families": 0.6}, complaint_handling=0.8, campaigns=_NOTE),
    "industrial_group": Decision(relationship={"key_accounts": "partnership", "regional": "proactive"},
                                 contacts={"key_accounts": 3}, social={"key_accounts": 0.8, "regional": 0.4},
                                 structural={"key_accounts": 0.6}, service_quality=0.4, complaint_handling=0.8),
    "over_contacting_insurer": Decision(social={"families": 0.3}, service_quality=0.25, complaint_handling=0.8,
                                        campaigns=_NOTE),
    "supplement_maker": Decision(relationship={"seniors": "proactive"}, social={"seniors": 0.7}, service_quality=0.4,
                                 complaint_handling=0.8, campaigns=_NOTE),
    "telecom": Decision(structural={"heavy_users": 0.5}, service_quality=0.25, campaigns=_NOTE),
}
# customers (many, medium, few) × margin an order (high, medium, low): Kotler's table as textbooks reproduce it
_MATRIX = {"many": ("accountable", "reactive", "basic"), "medium": ("proactive", "accountable", "reactive"),
           "few": ("partnership", "proactive", "accountable")}


def everything(s: Scenario) -> Decision:
    """Every lever at its best-looking end, with a lavish budget."""
    care = {tier: 2 * s.care_scale * share * s.customers for tier, share in s.tiers.items()}
    return Decision(relationship="partnership", financial=0.1, social=1, structural=1, care=care, service_quality=1,
                    complaint_handling=1, acquisition_budget=2 * s.acquisition_cap * s.acquisition_cost,
                    campaigns=(Campaign(name="always", discount=0.1, newcomer_discount=0.2),))


def book(s: Scenario, full: int) -> Decision:
    """The published table, by number of customers (of the ``full`` market) and margin an order."""
    types = {}
    for name, group in s.segments.items():
        number, margin = group.customer_share * full, group.unit_price * group.units_per_order * group.margin_rate
        row = "many" if number > 1500 else "medium" if number > 150 else "few"
        types[name] = _MATRIX[row][0 if margin > 300 else 1 if margin > 50 else 2]
    return Decision(relationship=types)


def smaller(name: str, customers: int) -> Scenario:
    """The scenario with fewer customers, and flows and fixed cost in proportion."""
    s = scenario(name)
    share = min(1, customers / s.customers)
    flows = ("acquisition_per_month", "acquisition_cap", "promotion_customers", "fixed_cost")
    return replace(s, customers=round(s.customers * share), **{flow: getattr(s, flow) * share for flow in flows})


def profits(name: str, *, seeds: int, customers: int) -> dict[str, np.ndarray]:
    """Profit over two years of each policy, a value per seed."""
    s = smaller(name, customers)
    advertising = s.acquisition_cap * s.acquisition_cost / 4
    policies = {
        "nothing": Decision(service_quality=0, complaint_handling=0), "status quo": s.status_quo,
        "everything": everything(s), "book": book(s, scenario(name).customers),
        "selective": replace(SELECTIVE[name], acquisition_budget=advertising),
    }

    def profit(decision, seed):
        return Market(s, np.random.default_rng(seed)).step(decision, months=MONTHS).accounts["profit"].sum()

    return {name: np.array([profit(decision, seed) for seed in range(seeds)]) for name, decision in policies.items()}


if __name__ == "__main__":
    seeds, customers = (int(x) for x in (sys.argv[1:] + ["20", "1000"][len(sys.argv) - 1:]))
    for k, market in enumerate(SELECTIVE):
        table = profits(market, seeds=seeds, customers=customers)
        if not k:
            print(f"{'thousands, mean of ' + str(seeds) + ' seeds':40}" + "".join(f"{name:>14}" for name in table))
        means = "".join(f"{values.mean() / 1000:14,.0f}" for values in table.values())
        print(f"{market:24}{smaller(market, customers).customers:6,} customers{means}")
