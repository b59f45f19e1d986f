"""Examples of the plots of repeat orders, stakeholders and expectations: a made-up log, firm and survey."""

from functools import cache

import numpy as np
import pandas as pd

import crmkit


@cache
def repeat(median=60):
    rng, n = np.random.default_rng(4), 300
    first = rng.integers(0, 200, n)
    second = first + np.ceil(rng.exponential(median / np.log(2), n)).astype(int)
    log = pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(n).astype(str), 2),
            "day": np.r_[first, second],
            "amount": rng.gamma(2, 60, 2 * n),
            "quantity": 1,
        }
    )
    log["unit_cost"] = (
        log["amount"] * np.r_[np.full(n, 0.9), np.full(n, 0.6)]
    )  # the first order is won at a discount
    log = log[log["day"] <= 250].assign(
        date=lambda x: pd.Timestamp("2024-01-01") + pd.to_timedelta(x["day"], unit="D")
    )
    return crmkit.repeat_business(log, as_of="2024-09-07", rng=rng, resamples=200)


def firm():
    return crmkit.stakeholder_map(
        pd.DataFrame(
            {
                "stakeholder": ["Łódź & Söhne", "A & Co", "S1", "S2", "S3", "S4"],
                "market": [
                    "influence_market",
                    "distributor_market",
                    "supplier_market",
                    "internal_market",
                    "customer_market",
                    "referral_market",
                ],
                "value_at_stake": [9e5, 6e5, 4e5, 3e5, 1.5e6, 1e5],
                "break_probability": [0.05, 0.15, 0.1, 0.2, 0.05, 0.3],
                "effort": [100.0, 100, 80, 60, 300, 20],
                "elasticity": [0.02, 0.5, 0.3, 0.4, 0.3, 0.2],
                "importance": [5, 4, 3, 3, 5, 2],
                "strength": [1, 3, 3, 2, 4, 2],
            }
        )
    ), {}


def survey():
    rng, n = np.random.default_rng(5), 300
    names = ["value", "communication", "attitude", "reliability", "quality", "guarantee", "understanding"]
    met = pd.DataFrame(6 + rng.normal(0, 0.7, (n, 1)) + rng.normal(0, 1, (n, 7)), columns=names)
    satisfied = 1 + met.to_numpy() @ [0.05, 0.1, -0.02, 0.3, 0.2, 0.05, 0.15] + rng.normal(0, 0.8, n)
    stated = pd.DataFrame(
        rng.normal([9.5, 6, 6, 7, 9, 6.5, 6], 0.5, (n, 7)), columns=[f"stated_{c}" for c in names]
    )
    return crmkit.expectation_gaps(
        met.join(stated).assign(satisfaction=satisfied).clip(0, 10), scale=(0, 10)
    ), {}


EXAMPLES = {
    "plot_repeat_split": lambda: (repeat(), {}),
    "plot_second_order": lambda: (repeat(), {}),
    "plot_second_order/half not reached": lambda: (repeat(900), {}),
    "plot_second_orders": lambda: ({"Łódź & Söhne": repeat(), "S1": repeat(900)}, {}),
    "plot_stakeholder_map": firm,
    "plot_expectation_gaps": survey,
}
