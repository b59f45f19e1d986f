"""Examples of the plots of the economics of retention: published figures, a shop's cohorts, a trial."""

from functools import cache

import numpy as np
import pandas as pd

import crmkit


@cache
def scored():
    rng = np.random.default_rng(8)
    past, now = (crmkit.simulate_retention_trial(6000, rng=rng) for _ in range(2))
    return crmkit.retention_scores(now, trial=past, features=["months", "complaints", "usage_change"])


def targeting():
    terms = {"customer_value": 300, "cost_per_offer": 15}
    return {by: crmkit.targeting_curve(scored(), by=by, **terms) for by in ("risk", "response")}, {}


def groups():
    control = scored()[scored()["group"] == "control"]
    left = control.assign(left=1 - control["kept"])
    return crmkit.score_groups(left, score="risk", outcome="left"), {}


def levers():
    firm = {
        "customers": [1000],
        "new_customers": 100,
        "margin": 90,
        "retention_rate": 0.85,
        "acquisition_cost": 120,
    }
    return crmkit.customer_equity(pd.DataFrame(firm), annual_discount_rate=0.1).levers


EXAMPLES = {
    "plot_equity_levers": lambda: (levers(), {}),
    "plot_cohorts": lambda: (crmkit.cohort_table(crmkit.load("double_11_shop"), as_of="2024-12-31"), {}),
    "plot_score_groups": groups,
    "plot_targeting": targeting,
    "plot_retention_economics": lambda: (
        crmkit.retention_economics(annual_discount_rate=[0.05, 0.1, 0.15], reading="percentage_points"),
        {},
    ),
    "plot_retention_economics/readings": lambda: (
        crmkit.retention_economics(acquisition_years=[0.0, 3.0]),
        {},
    ),
}
