"""Examples of the plots of contact intensity and of the three defects."""

import numpy as np
import pandas as pd

from crmkit.relationship_types.contact_intensity import adjusted_contact_response, fit_contact_response
from crmkit.relationship_types.defects import benefit_breadth, offer_effect, participation_funnel, promise_gap
from crmkit.relationship_types.permission import message_plan

PAYS = {"margin_per_response": 30.0, "cost_per_contact": 4.0}


def contacts(n=2000):
    """Heavy buyers are contacted more; one customer in four belongs to the gold tier."""
    rng = np.random.default_rng(1)
    taste = rng.gamma(1.5, 1 / 1.5, n)
    prior = rng.poisson(6 * taste)
    x = np.minimum(rng.poisson(1 + 0.9 * prior), 24)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "contacts": x,
            "prior_purchases": prior,
            "segment": np.where(np.arange(n) % 4, "iron", "gold"),
            "response": rng.poisson(0.8 * taste * (1 + x) ** 0.9 * np.exp(-0.12 * x)),
        }
    )


def few_contacts():
    rng = np.random.default_rng(2)
    x = rng.integers(0, 4, 800)
    return pd.DataFrame(
        {"customer_id": np.arange(800), "contacts": x, "response": rng.poisson(0.5 + 0.4 * x)}
    )


def people(n=600):
    rng = np.random.default_rng(3)
    offered = np.arange(n) % 2
    tried = rng.random(n) < 0.25 + 0.3 * offered
    return pd.DataFrame(
        {
            "group": np.where(offered, "treated", "control"),
            "tried": tried,
            "active": tried & (rng.random(n) < 0.5 - 0.2 * offered),
        }
    )


def parcels(n=400):
    rng = np.random.default_rng(4)
    hurry = rng.normal(size=n)
    return pd.DataFrame({"delivery_days": 2 - 0.6 * hurry, "price": 10 + 2 * hurry})


def forums(n=40):
    rng = np.random.default_rng(5)
    breadth = rng.uniform(0.05, 1, n)
    return pd.DataFrame(
        {"breadth_share": breadth, "effect_per_member": 10 - 8 * breadth + rng.normal(0, 1, n)}
    )


def channels():
    return pd.DataFrame(
        {
            "channel": ["sms", "wecom"],
            "permitted": [20_000, 8_000],
            "margin_first_message": [0.6, 0.9],
            "fall_share": [0.25, 0.15],
            "cost_per_message": [0.05, 0.01],
            "opt_out_rate": [0.008, 0.004],
            "permission_value": 30.0,
        }
    )


EXAMPLES = {
    "plot_contact_response": lambda: (
        adjusted_contact_response(contacts(), adjust_for=["prior_purchases"], **PAYS),
        {"segment": "iron"},
    ),
    "plot_contact_response/no turn seen": lambda: (fit_contact_response(few_contacts(), **PAYS), {}),
    "plot_message_plan": lambda: (message_plan(channels()), {}),
    "plot_message_plan/no message pays": lambda: (
        message_plan(channels().assign(opt_out_rate=0.05)),
        {"channel": "wecom"},
    ),
    "plot_participation_funnel": lambda: (participation_funnel(people()), {}),
    "plot_offer_effect": lambda: (offer_effect(people(), value=60, cost=10), {}),
    "plot_promise_gap": lambda: (promise_gap(parcels(), at_most={"delivery_days": 2.5, "price": 12}), {}),
    "plot_benefit_breadth": lambda: (benefit_breadth(forums()), {}),
}
