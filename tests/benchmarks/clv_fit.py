"""Fitting BG/NBD beside lifetimes and pymc-marketing: python tests/benchmarks/clv_fit.py [CUSTOMERS …].

Prints seconds, ratios of medians and log-likelihoods of one run: CDNOW's sample, then simulated customers in whole days
(seed 1). The contestants take turns, each in a process of its own that has imported and, on a few rows, warmed up
before the clock starts, so that a busy machine slows all alike. pymc-marketing finds the maximum of the posterior under
flat priors, which is the maximum likelihood; under its default priors it is not. Ours gives standard errors too. The
log-likelihoods at all three optima are taken by one function.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import _peers as peers

CUSTOMERS = (0, 100_000, 1_000_000)  # 0: CDNOW's sample
LIMITS = {"lifetimes": 10.0, "log_likelihood": 1e-6}  # the first at a million

_TIMED = """
import sys, time, json, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.WARNING)
import pandas as pd
customers = pd.read_parquet(sys.argv[1])
{prepare}
fit(customers.head(500))
start = time.perf_counter()
found = fit(customers)
print(json.dumps([time.perf_counter() - start, [float(found[name]) for name in ("r", "alpha", "a", "b")]]))
"""
_CONTESTANTS = {
    "crmkit": (
        None,
        """
import crmkit
def fit(c):
    return crmkit.fit_bg_nbd(c).params
""",
    ),
    "lifetimes": (
        ".venv-peers",
        """
from lifetimes import BetaGeoFitter
customers = customers.assign(t_x=customers["t_x"] / 7, T=customers["T"] / 7)
def fit(c):
    return BetaGeoFitter().fit(c["frequency"], c["t_x"], c["T"]).params_
""",
    ),
    "pymc-marketing": (
        ".venv-peers-pymc",
        """
from pymc_extras.prior import Prior
from pymc_marketing.clv import BetaGeoModel
customers = customers.assign(recency=customers["t_x"] / 7, T=customers["T"] / 7)
def fit(c):
    flat = {name: Prior("HalfFlat") for name in ("r", "alpha", "a", "b")}
    model = BetaGeoModel(c[["customer_id", "frequency", "recency", "T"]], model_config=flat)
    model.fit(method="map", progressbar=False)
    return {name: model.fit_result[name].item() for name in flat}
""",
    ),
}


def simulated(n: int):
    """The history of n customers in whole days: BG/NBD with r 0.25, alpha 30 days, a 0.8, b 2.5."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(1)
    age = rng.integers(365, 730, n).astype(float)
    rate, quits = rng.gamma(0.25, 1 / 30, n), rng.beta(0.8, 2.5, n)
    x, t_x, now, here = np.zeros(n), np.zeros(n), np.zeros(n), np.arange(n)
    while len(here):
        now[here] += rng.exponential(1 / np.maximum(rate[here], 1e-300))
        here = here[now[here] <= age[here]]
        x[here] += 1
        t_x[here] = np.ceil(now[here])
        here = here[rng.random(len(here)) >= quits[here]]
    return pd.DataFrame(
        {"customer_id": np.arange(n), "frequency": x.astype(int), "t_x": np.minimum(t_x, age), "T": age}
    )


def log_likelihood(customers, params) -> float:
    """Fader, Hardie & Lee 2005, equation 6; time in weeks."""
    import numpy as np
    from scipy.special import betaln, gammaln

    r, alpha, a, b = params
    x, t_x, age = (
        customers[c].to_numpy(float) / unit for c, unit in (("frequency", 1), ("t_x", 7), ("T", 7))
    )
    dead = np.where(x > 0, np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + t_x), -np.inf)
    return float(
        (
            gammaln(r + x)
            - gammaln(r)
            + r * np.log(alpha)
            + betaln(a, b + x)
            - betaln(a, b)
            + np.logaddexp(-(r + x) * np.log(alpha + age), dead)
        ).sum()
    )


def run(name: str, path: Path) -> tuple[float, list[float]]:
    """Seconds and parameters of one fit in a process of its own."""
    environment, prepare = _CONTESTANTS[name]
    interpreter = str(peers.python(environment)) if environment else sys.executable
    done = subprocess.run(
        [interpreter, "-c", _TIMED.replace("{prepare}", prepare), str(path)],
        check=True,
        text=True,
        capture_output=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(sizes=CUSTOMERS) -> bool:
    import crmkit

    passed = True
    for n in sizes:
        customers = (
            simulated(n) if n else crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "customers.parquet"
            customers.to_parquet(path, index=False)
            turns = [
                {name: run(name, path) for name in _CONTESTANTS} for _ in range(5 if n < 1_000_000 else 3)
            ]
        took = {name: statistics.median(turn[name][0] for turn in turns) for name in _CONTESTANTS}
        reached = {name: log_likelihood(customers, turns[0][name][1]) for name in _CONTESTANTS}
        print(f"{len(customers):,} customers{'' if n else ' (CDNOW)'}")
        for name in _CONTESTANTS:
            print(
                f"  {name:15} {took[name]:8.3f} s  {took[name] / took['crmkit']:7.1f} × ours  log-likelihood"
                f" {reached[name]:.4f}  r, alpha, a, b: {' '.join(f'{p:.4f}' for p in turns[0][name][1])}"
            )
        apart = max(reached[name] / reached["crmkit"] - 1 for name in reached)
        below = max(abs(reached[name] / reached["crmkit"] - 1) for name in reached)
        faster = took["lifetimes"] / took["crmkit"]
        good = below <= LIMITS["log_likelihood"] and (n < 1_000_000 or faster >= LIMITS["lifetimes"])
        print(
            f"  optima apart by {below:.1e} (at most {LIMITS['log_likelihood']:.0e}; ours lower by {max(0, -apart):.1e}),"
            f" {faster:.1f} × faster than lifetimes -> {'pass' if good else 'FAIL'}"
        )
        passed &= good
    return passed


if __name__ == "__main__":
    sys.exit(not main([int(float(n)) for n in sys.argv[1:]] or CUSTOMERS))
