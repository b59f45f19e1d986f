"""Customers whose lifetime values are known: simulated from the stories behind the models,
never from their formulas.
"""

from functools import cache

import numpy as np
import pandas as pd

import crmkit
from crmkit.customer_value.clv.beta_geometric import BetaGeometric
from crmkit.customer_value.clv.pareto import ParetoNBD

FITS = {"bg": crmkit.fit_bg_nbd, "mbg": crmkit.fit_mbg_nbd, "pareto": crmkit.fit_pareto_nbd}


TRUTH = {
    "bg": {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 2.5},
    "mbg": {"r": 0.8, "alpha": 6.0, "a": 0.6, "b": 2.5},
    "pareto": {"r": 0.8, "alpha": 6.0, "s": 0.7, "beta": 9.0},
}  # in weeks


def known(params):
    """The covariance of parameters that are known."""
    return pd.DataFrame(0.0, index=list(params), columns=list(params))


def model(kind, params, time_unit="week"):
    more = {
        "params": params,
        "log_likelihood": 0.0,
        "covariance": known(params),
        "customers": 1,
        "time_unit": time_unit,
    }
    return ParetoNBD(**more) if kind == "pareto" else BetaGeometric(**more, first=int(kind == "mbg"))


@cache
def cdnow():
    return crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")


def simulate(kind, params, ages, rng, *, regular=False, later=0.0):
    """Histories (days) of one customer per age (weeks), and each one's purchase times in the ``later`` weeks after."""
    n = len(ages)
    rate = rng.gamma(params["r"], 1 / params["alpha"], n)
    if kind == "pareto":
        death = rng.exponential(1, n) / rng.gamma(params["s"], 1 / params["beta"], n)
        quits = np.zeros(n)
    else:
        death, quits = np.full(n, np.inf), rng.beta(params["a"], params["b"], n)
    here = rng.random(n) >= quits if kind == "mbg" else np.ones(n, bool)
    now, x, t_x = np.zeros(n), np.zeros(n), np.zeros(n)
    after = [[] for _ in range(n)]
    while here.any():
        who = np.flatnonzero(here)
        # regular: gaps with a shape of 3 instead of the exponential's 1, the mean unchanged
        gap = rng.gamma(3, 1 / 3, len(who)) if regular else rng.exponential(1, len(who))
        with np.errstate(divide="ignore", over="ignore"):
            now[who] += gap / rate[who]
        bought = now[who] < np.minimum(death[who], ages[who] + later)
        here[who[~bought]] = False
        who = who[bought]
        early = who[now[who] <= ages[who]]
        x[early] += 1
        t_x[early] = now[early]
        for i in who[now[who] > ages[who]]:
            after[i].append(now[i] - ages[i])
        here[who[rng.random(len(who)) < quits[who]]] = False
    frame = pd.DataFrame({"customer_id": np.arange(n), "frequency": x, "t_x": t_x * 7, "T": ages * 7.0})
    return frame, after


def ages_of(n, rng):
    return rng.integers(20, 60, n).astype(float)


def spenders(rng, n, p=6.0, q=4.0, v=15.0, frequency=None):
    x = rng.geometric(0.4, n).astype(float) if frequency is None else frequency
    nu = rng.gamma(q, 1 / v, n)
    count = np.maximum(x, 1)
    return pd.DataFrame({"frequency": x, "monetary": rng.gamma(p * count, 1 / nu) / count}), p / nu
