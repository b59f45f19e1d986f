"""Examples of the relationship types' plots: four made-up segments, amounts in yuan."""

from functools import cache

import numpy as np
import pandas as pd

import crmkit
from crmkit.relationship_types.types import type_frontier


@cache
def compared():
    segments = pd.DataFrame(
        {
            "segment": ["S1", "S2", "S3", "Łódź & Söhne"],
            "customers": [300_000, 10_000, 150, 900],
            "unit_margin": [8.0, 300.0, 9_000.0, 20.0],
            "purchases_per_year": [6.0, 2.0, 8.0, 60.0],
            "retention_rate": [0.6, 0.6, 0.7, 0.95],
            "need": [1, 1, 1, 0.4],
        }
    )
    return crmkit.compare_relationship_types(segments, rng=np.random.default_rng(1), draws=500)


def frontier():
    return type_frontier(pd.DataFrame({"purchases_per_year": [4.0], "retention_rate": [0.6]}))


def without_draws():
    return crmkit.compare_relationship_types(
        pd.DataFrame(
            {
                "customer_id": ["c1", "c2"],
                "unit_margin": [50.0, 5000.0],
                "purchases_per_year": 2.0,
                "retention_rate": 0.5,
                "market_customers": 500_000,
            }
        )
    )


EXAMPLES = {
    "plot_type_profits": lambda: (compared(), {}),
    "plot_type_profits/large": lambda: (compared(), {"segment": "S3"}),
    "plot_type_profits/no interval": lambda: (without_draws(), {}),
    "plot_type_frontier": lambda: (frontier(), {}),
    "plot_type_agreement": lambda: (compared(), {}),
}
