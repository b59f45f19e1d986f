"""Examples of the plots of campaigns and budgets."""

from functools import cache

import numpy as np
import pandas as pd

import crmkit
from crmkit.planning.planning import compare_plans, retention_by_source


@cache
def lifted():
    rng, segment = np.random.default_rng(1), np.repeat(["new_customers", "loyal", "at_risk"], 1200)
    group = rng.permutation(np.repeat(["treated", "control"], 1800))
    usual, more = (
        {"new_customers": 0.10, "loyal": 0.45, "at_risk": 0.06},
        {"new_customers": 0.08, "loyal": -0.01, "at_risk": 0.02},
    )
    chance = np.array([usual[s] + more[s] * (g == "treated") for s, g in zip(segment, group)])
    rows = pd.DataFrame({"group": group, "segment": segment, "outcome": rng.random(3600) < chance})
    return crmkit.uplift(rows, margin_per_unit=60, discount_per_unit=8, cost_per_contact=0.6)


def retention():
    rng = np.random.default_rng(2)
    stays, seen = np.r_[rng.exponential(6, 300), rng.exponential(14, 400)], rng.uniform(2, 18, 700)
    return retention_by_source(
        pd.DataFrame(
            {
                "source": ["double_11"] * 300 + ["other"] * 400,
                "months": np.minimum(stays, seen),
                "lost": stays <= seen,
            }
        )
    ), {}


@cache
def uses():
    table = pd.DataFrame(
        [(q, p, t) for q in "1234" for p in ("tea", "pot") for t in ("gold", "iron", "lead")],
        columns=["period", "product_id", "tier"],
    )
    tier, season = (
        table[c].map(m)
        for c, m in (
            ("tier", {"gold": 3.0, "iron": 1.5, "lead": 0.5}),
            ("period", {"1": 1.0, "2": 0.8, "3": 0.9, "4": 1.5}),
        )
    )
    return table.assign(
        option=range(24),
        resources=1000.0,
        margin=2500 * tier * season,
        elasticity=table["tier"].map({"gold": 0.35, "iron": 0.5, "lead": 0.15}),
    )


def plan():
    tiers = pd.DataFrame(
        {
            "option": ["platinum", "gold", "iron", "lead"],
            "resources": [4000.0, 8000, 14000, 34000],
            "margin": [60000.0, 52000, 38000, 22000],
            "elasticity": [0.15, 0.3, 0.45, 0.1],
        }
    )
    return crmkit.plan_budget(tiers, budget=60000, rng=np.random.default_rng(3)), {}


def bridge():
    rng = np.random.default_rng(5)
    treated = np.arange(1200) % 2 == 0
    sales = rng.gamma(0.5, 260, 1200) * np.where(treated, 1.4, 1.0)
    after = rng.gamma(0.5, 220, 1200) * np.where(treated, 0.9, 1.0)
    returned = (sales + after) * np.where(treated, 0.2, 0.08)
    return crmkit.campaign_bridge(
        pd.DataFrame(
            {
                "group": np.where(treated, "treated", "control"),
                "sales": sales,
                "sales_after": after,
                "returned": returned,
                "cost_of_sales": 0.7 * (sales + after - returned),
                "campaign_cost": np.where(treated, 1.5, 0.0),
            }
        )
    ), {}


def staffing():
    return pd.DataFrame(
        {
            "hour": ["usual_hour", "busiest_hour"],
            "contacts_per_hour": [60.0, 240.0],
            "handling_minutes": [4.0, 5.0],
        }
    ), {}


def curves():
    return pd.DataFrame(
        {
            "option": ["platinum", "gold", "iron"],
            "resources": [4000.0, 8000, 14000],
            "margin": [60000.0, 52000, 38000],
            "elasticity": [0.12, 0.3, 0.45],
            "elasticity_sd": [0.03, 0.05, 0.15],
            "known_by": ["estimated", "estimated", "assumed"],
        }
    )


EXAMPLES = {
    "plot_uplift": lambda: (lifted(), {}),
    "plot_uplift/profit": lambda: (lifted(), {"measure": "net_profit"}),
    "plot_sample_size": lambda: (crmkit.sample_size([0.01, 0.02, 0.03, 0.05, 0.08], baseline_rate=0.1), {}),
    "plot_retention_by_source": retention,
    "plot_response_curves": lambda: (curves(), {}),
    "plot_campaign_bridge": bridge,
    "plot_staffing": staffing,
    "plot_budget_plan": plan,
    "plot_ways_of_planning": lambda: (compare_plans(uses(), budget=24000, rng=np.random.default_rng(4)), {}),
}
