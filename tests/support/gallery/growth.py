"""Examples of the plots of growth: funnel, ladder, cross-selling and referral."""

import numpy as np
import pandas as pd

import crmkit


def funnel():
    people = pd.DataFrame(
        {
            "stage": ["approached", "product_understanding", "need_and_worth", "trust", "satisfaction"],
            "people": [2000, 1300, 800, 220, 150],
            "value": [0, 0, 0, 150, 300],
            "cost": [0, 1500, 2000, 9000, 2500],
            "ceiling": [1, 0.9, 0.9, 0.3, 0.9],
        }
    )
    return crmkit.purchase_funnel(people, rng=np.random.default_rng(1)), {}


RUNGS = ["first_time_buyer", "repeat_buyer", "client", "member"]


def ladder():
    chain = np.array(
        [
            [0.30, 0.25, 0.05, 0, 0.40],
            [0.10, 0.40, 0.25, 0.05, 0.20],
            [0, 0.10, 0.60, 0.20, 0.10],
            [0, 0, 0.05, 0.90, 0.05],
            [0, 0, 0, 0, 1],
        ]
    )
    rng, states = np.random.default_rng(2), [np.arange(800) % 4]
    for _ in range(4):
        states.append((rng.random(800)[:, None] > chain.cumsum(axis=1)[states[-1]]).sum(axis=1))
    panel = pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(800), 5),
            "period": np.repeat(np.arange(5), 800),
            "rung": np.array([*RUNGS, "lost_customer"])[np.concatenate(states)],
        }
    )
    money = pd.DataFrame({"rung": RUNGS, "margin": [20, 60, 150, 260], "cost": [40, 30, 30, 40]})
    return crmkit.customer_ladder(panel, rungs=money, discount_rate_per_period=0.1), {}


def rules():
    rng, names = (
        np.random.default_rng(3),
        np.array(["T-100", "C-200", "P-300", *(f"S-{i}" for i in range(20))]),
    )
    popular = 0.35 / np.arange(1, 24) ** 0.6
    held = rng.random((2500, 23)) < popular * rng.gamma(2, 0.5, 2500)[:, None]
    held[:, 1] |= held[:, 0] & (rng.random(2500) < 0.3)
    held[:, 15] |= held[:, 9] & (rng.random(2500) < 0.3)
    order, product = np.nonzero(held)
    return crmkit.cross_sell_rules(pd.DataFrame({"order_id": order, "product_id": names[product]})), {}


def referral():
    return crmkit.referral_growth(
        pd.DataFrame(
            {
                "customers": [900, 960, 1010],
                "referred_customers": [80, 92, 101],
                "other_new_customers": [70, 75, 72],
                "customers_lost": [90, 117, 108],
            }
        ),
        horizon=24,
    ), {}


def brands():
    table = pd.DataFrame(
        {
            "brand": ["large", "medium", "small"],
            "buyers": [450, 220, 80],
            "purchases": [1800, 620, 190],
        }
    )
    return crmkit.double_jeopardy(table, households=1000), {}


EXAMPLES = {
    "plot_double_jeopardy": brands,
    "plot_purchase_funnel": funnel,
    "plot_customer_ladder": ladder,
    "plot_cross_sell": rules,
    "plot_referral_growth": referral,
}
