"""Examples of the pyramid's, the concentration's and the segments' plots."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

import crmkit


@cache
def customers():
    rng = np.random.default_rng(5)
    n = 400
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "revenue": np.round(rng.pareto(1.4, n) * 50, 2),
            "days_since_last": rng.integers(0, 500, n).astype(float),
            "frequency": rng.geometric(0.4, n) - 1,
        }
    )


@cache
def pyramid():
    return crmkit.pyramid(customers())


def rng():
    return np.random.default_rng(6)


def migration():
    later = customers().iloc[50:]
    after = crmkit.pyramid(later.assign(revenue=rng().permutation(later["revenue"])))
    return crmkit.migration(pyramid(), after=after), {}


def lorenz():
    return crmkit.lorenz(customers()["revenue"])


def sizes():
    named = crmkit.name_segments(crmkit.rfm_scores(customers())).merge(customers()).groupby("segment")
    segments = named.agg(n=("revenue", "size"), v=("revenue", "sum"))
    return pd.DataFrame(
        {
            "segment": segments.index,
            "customer_share": (segments["n"] / segments["n"].sum()).to_numpy(),
            "value_share": (segments["v"] / segments["v"].sum()).to_numpy(),
        }
    ), {}


def segmentations():
    drawn = rng()
    groups = pd.DataFrame({"segment": drawn.integers(0, 8, 600), "recency_score": drawn.integers(1, 6, 600)})
    groups["came"] = (drawn.random(600) < 0.1 + 0.1 * groups["segment"]).astype(int)
    names = ["segment", "recency_score"]
    return crmkit.compare_segmentations(groups, segmentations=names, outcome="came", rng=drawn), {}


def log():
    drawn = rng()
    dates = pd.to_datetime(drawn.integers(0, 500, 2000), unit="D", origin=dt.datetime(1997, 1, 1))
    return pd.DataFrame(
        {
            "customer_id": drawn.integers(0, 90, 2000).astype(str),
            "date": dates,
            "amount": drawn.gamma(2, 30, 2000),
        }
    ), {}


def revenue():
    return customers()["revenue"]


EXAMPLES = {
    "plot_pyramid": lambda: (pyramid(), {}),
    "plot_reallocation": lambda: (
        crmkit.reallocate(pyramid(), elasticity=0.3, margin_rate=0.3, rng=rng()),
        {},
    ),
    "plot_migration": migration,
    "plot_lorenz": lambda: (lorenz(), {"gini": crmkit.gini(revenue(), rng=rng(), resamples=200)}),
    "plot_pareto": lambda: (lorenz(), {"test": crmkit.pareto_test(revenue(), rng=rng(), resamples=200)}),
    "plot_whale": lambda: (crmkit.whale_curve(revenue() - 40, rng=rng(), resamples=200), {}),
    "plot_long_tail": lambda: (crmkit.long_tail(revenue(), threshold=50, rng=rng(), resamples=200), {}),
    "plot_rfm": lambda: (crmkit.rfm_scores(customers()), {}),
    "plot_segments": sizes,
    "plot_segmentations": segmentations,
    "plot_sales": log,
}
