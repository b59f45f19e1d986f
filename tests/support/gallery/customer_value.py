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


EXAMPLES = {
    "plot_value_matrix": matrix,
    "plot_retention_clv": multiples,
    "plot_retention_economics": lambda: (
        crmkit.retention_economics(annual_discount_rate=[0.05, 0.1, 0.15], reading="percentage_points"),
        {},
    ),
    "plot_retention_economics/readings": lambda: (
        crmkit.retention_economics(acquisition_years=[0.0, 3.0]),
        {},
    ),
}
