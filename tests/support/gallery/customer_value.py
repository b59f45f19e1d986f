"""Examples of the plots of customer value and retention economics: made-up customers, published figures."""

import numpy as np
import pandas as pd

import crmkit


def matrix():
    rng = np.random.default_rng(3)
    level, n = rng.lognormal(6, 0.6, 300), 300
    later = level * np.where(rng.random(n) < 0.5, rng.lognormal(1, 0.5, n), rng.lognormal(-1.2, 0.5, n)) * 3
    return crmkit.value_matrix(
        pd.DataFrame(
            {"customer_id": [f"c{i}" for i in range(n)], "current_value": level, "long_term_value": later}
        )
    ), {}


def multiples():
    def at(rates, first):
        return crmkit.retention_clv(
            pd.DataFrame({"margin": 100.0, "retention_rate": rates}),
            annual_discount_rate=0.12,
            first_payment=first,
        )

    rates = np.linspace(0, 0.95, 96)
    both = pd.concat([at(rates, first) for first in ("after_one_year", "now")])
    return both, {"marked": at([0.6, 0.7, 0.8, 0.9], "after_one_year")}


CAMPAIGN = pd.DataFrame(
    {"spend_per_prospect": [2.0], "acquired_share": [0.1], "ceiling": [0.4], "value_per_customer": [30.0]}
)


def sources():
    rng = np.random.default_rng(4)
    names = ["advertising", "promotion", "referral"]
    won = pd.DataFrame(
        {"source": np.repeat(names, 80), "margin": rng.gamma(1, np.repeat([220, 150, 380], 80))}
    )
    return crmkit.value_by_source(won, acquisition_cost=dict(zip(names, (140, 170, 60))))


EXAMPLES = {
    "plot_value_by_source": lambda: (sources(), {}),
    "plot_acquisition_curve": lambda: (crmkit.acquisition_curve(CAMPAIGN, highest_spend=6), {}),
    "plot_value_matrix": matrix,
    "plot_retention_clv": multiples,
}
