"""Examples of the plots of loyalty."""

import numpy as np
import pandas as pd

from crmkit.loyalty.loyalty import (
    loyalty_forms,
    loyalty_or_inertia,
    loyalty_programme,
    points_liability,
    recovery_paradox,
    satisfaction_loyalty,
)

CURVES = {"competitive": [0.05, 0.10, 0.20, 0.40, 0.85], "captive": [0.70, 0.80, 0.86, 0.90, 0.92]}


def shoppers(n=1200):
    rng = np.random.default_rng(1)
    attitude, purchases = rng.integers(1, 11, n), rng.poisson(rng.gamma(2, 2, n))
    stays = 1 / (1 + np.exp(3.5 - 0.5 * attitude - 0.2 * purchases))
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "attitude": attitude,
            "involvement": attitude,
            "purchases": purchases,
            "retained": rng.random(n) < stays,
        }
    )


def survey(n=1500):
    rng = np.random.default_rng(2)
    market, score = rng.choice(["competitive", "captive"], n), rng.integers(1, 6, n)
    p = np.array([CURVES[m][s - 1] for m, s in zip(market, score)])
    return satisfaction_loyalty(
        pd.DataFrame(
            {
                "customer_id": np.arange(n),
                "market": market,
                "satisfaction": score,
                "loyalty": rng.binomial(10, p),
                "retained": rng.random(n) < p,
            }
        ),
        satisfied_from=4,
        loyal_from=6,
    )


def complaints(n=3000):
    rng = np.random.default_rng(3)
    heavy = rng.random(n) < 0.4
    complains = rng.random(n) < np.where(heavy, 0.4, 0.08)
    return pd.DataFrame(
        {
            "complaint": np.where(complains, "handled_well", "no_complaint"),
            "retained": rng.random(n) < np.where(heavy, 0.8, 0.45),
            "stratum": np.where(heavy, "11+", "1–10"),
        }
    )


def ledger():
    rows = [(f"{v:02}", age, 1000 * v, 80 * v * 0.92**age) for v in range(1, 13) for age in range(13 - v)]
    return pd.DataFrame(rows, columns=["vintage", "age_months", "points_issued", "points_redeemed"])


def programme(n=12_000):
    rng = np.random.default_rng(4)
    taste, invited = rng.gamma(2, 50, n), np.arange(n) % 2
    member = (invited == 1) & (rng.random(n) < 1 / (1 + np.exp(3 - taste / 40)))
    return pd.DataFrame(
        {
            "group": np.where(invited, "treated", "control"),
            "member": member,
            "revenue": taste * (1 + 0.02 * member),
        }
    )


EXAMPLES = {
    "plot_loyalty_forms": lambda: (loyalty_forms(shoppers(), attitude_from=7, purchases_from=4), {}),
    "plot_loyalty_forms/inertia": lambda: (
        loyalty_or_inertia(shoppers(), involvement_from=7, purchases_from=4),
        {},
    ),
    "plot_loyalty_forms/satisfaction": lambda: (survey().types, {}),
    "plot_satisfaction_loyalty": lambda: (survey(), {}),
    "plot_recovery_paradox": lambda: (recovery_paradox(complaints()), {}),
    "plot_loyalty_programme": lambda: (
        loyalty_programme(
            programme(),
            margin_rate=0.4,
            points_per_currency=1,
            cost_per_point=0.05,
            redemption_share=0.8,
            programme_cost=5000,
        ),
        {},
    ),
    "plot_points_liability": lambda: (points_liability(ledger(), cost_per_point=0.01, expiry_months=24), {}),
}
