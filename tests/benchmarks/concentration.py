"""The interval of the Gini coefficient over 23,570 customers beside a bootstrap written with numpy, in turn.

python tests/benchmarks/concentration.py [TURNS]
"""

import statistics
import sys
import time

import numpy as np

from crmkit import gini

CUSTOMERS = 23_570  # those of CDNOW
RESAMPLES = 1_000


def plain(revenue: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Each resample drawn, sorted and summed: the textbook's percentile bootstrap."""
    ranks = np.arange(1, revenue.size + 1)
    drawn = []
    for _ in range(RESAMPLES):
        sample = np.sort(rng.choice(revenue, revenue.size))
        drawn.append(2 * (ranks * sample).sum() / (revenue.size * sample.sum()) - 1 - 1 / revenue.size)
    return tuple(np.quantile(drawn, [0.025, 0.975]))


def seconds(call) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    revenue = np.random.default_rng(1).lognormal(3, 1, CUSTOMERS)
    ours, peer = [], []
    for turn in range(turns):
        ours.append(seconds(lambda: gini(revenue, rng=np.random.default_rng(turn))))  # noqa: B023 - called at once
        peer.append(seconds(lambda: plain(revenue, np.random.default_rng(turn))))  # noqa: B023 - called at once
    mine, plainly = statistics.median(ours), statistics.median(peer)
    print(
        f"gini with its interval: {mine:.2f} s; plain bootstrap: {plainly:.2f} s; ratio {mine / plainly:.2f}"
    )


if __name__ == "__main__":
    main()
