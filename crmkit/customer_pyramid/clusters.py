"""Clusters beside rules (F13): customers grouped by closeness, how stable such groups are, and what they predict."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import of_confidence, tails
from crmkit.core.schema import (
    require_between,
    require_frame,
    require_known,
    require_numbers,
    require_rng,
    require_unique,
    require_whole,
)

_BEHAVIOUR = ("days_since_last", "frequency", "revenue")
_STARTS = 10
_STEPS = 60  # of one run of k-means; on three columns it rests long before


def cluster_customers(
    customers: pd.DataFrame, *, clusters: int, rng: np.random.Generator, starts: int = _STARTS
) -> pd.DataFrame:
    """Customers in groups of like behaviour, found by k-means (Lloyd 1982) instead of rules.

    In: ``customer_id``, ``days_since_last`` (days), ``frequency`` (repeat purchases), ``revenue`` (currency, below 0
    counted as 0). Each is taken as log(1 + x), so that a few large buyers do not make groups of their own, and divided
    by its standard deviation, so that no unit weighs more than another. Out: the customers with ``cluster``, numbered
    from 1, the cluster that spent most per customer. Of ``starts`` random beginnings (k-means++, scipy) the one with
    the smallest distances within clusters is kept. The number of clusters is a choice: the method finds as many groups
    as it is asked for, also where there are none.
    Errors: CrmkitError for repeated customers, cells that are no numbers, fewer different customers than clusters.

    >>> few = pd.DataFrame({"customer_id": list("abcd"), "days_since_last": [3, 5, 300, 320],
    ...                     "frequency": [9, 8, 0, 0], "revenue": [400.0, 380, 20, 25]})
    >>> cluster_customers(few, clusters=2, rng=np.random.default_rng(1))["cluster"].tolist()
    [1, 1, 2, 2]
    """
    points = _points(customers, clusters, what="cluster_customers")
    starts = require_whole(starts, 1, 1000, name="starts")
    found = _nearest(points, _centres(points, clusters, rng, starts))
    spent = pd.Series(customers["revenue"].to_numpy(float)).groupby(found).mean()
    place = spent.rank(ascending=False, method="first").astype(int)
    return customers.assign(cluster=place.reindex(found).to_numpy())


def cluster_stability(
    customers: pd.DataFrame, *, clusters: Sequence[int], rng: np.random.Generator, runs: int = 6
) -> pd.DataFrame:
    """Would the same groups be found again: agreement between runs, for each number of clusters.

    In: as for ``cluster_customers``; a run is one grouping, as there the best of ten random beginnings. Out, a row per
    number of ``clusters``: ``agreement_other_start``, the mean agreement of each two of ``runs`` that differ in their
    random beginnings alone, and ``agreement_other_customers``, of each two of ``runs`` on samples of the customers
    (drawn with replacement), all applied to all customers. Agreement is ``adjusted_rand``: 1 the same groups, 0 no more
    than chance. Groups that do not come back are not there. Errors: as for ``cluster_customers``.

    >>> rng = np.random.default_rng(1)
    >>> twice = pd.DataFrame({"customer_id": range(80), "days_since_last": [5, 300] * 40,
    ...                       "frequency": [9, 0] * 40, "revenue": rng.normal([400, 20] * 40, 4)})
    >>> cluster_stability(twice, clusters=[2], rng=rng)["agreement_other_customers"].tolist()
    [1.0]
    """
    require_frame(customers, what="cluster_stability")
    runs = require_whole(runs, 2, 1000, name="runs")
    rows = []
    for number in clusters:
        points = _points(customers, number, what="cluster_stability")
        again, elsewhere = [], []
        for _ in range(runs):
            again.append(_nearest(points, _centres(points, number, rng, _STARTS)))
            drawn = points[rng.integers(0, len(points), len(points))]
            elsewhere.append(_nearest(points, _centres(drawn, number, rng, _STARTS)))
        rows.append(
            {
                "clusters": int(number),
                "agreement_other_start": _agreement(again),
                "agreement_other_customers": _agreement(elsewhere),
            }
        )
    return pd.DataFrame(rows)


def _agreement(groupings: list[np.ndarray]) -> float:
    """The mean agreement of each two groupings of the same customers."""
    return float(np.mean([adjusted_rand(first, second) for first, second in combinations(groupings, 2)]))


def adjusted_rand(first, second) -> float:
    """How far two groupings of the same customers agree: 1 the same groups,
    0 no more than chance (Hubert & Arabie 1985).

    Of all pairs of customers it counts those that both groupings put together, less what chance would give, by the most
    that could be. What the groups are called does not matter. Errors: CrmkitError for different lengths, or fewer than
    two.

    >>> adjusted_rand(["gold", "gold", "lead", "lead"], [2, 2, 1, 1])
    1.0
    """
    require_between(len(first), 2, np.inf, name="customers")
    require_between(len(second), len(first), len(first), name="customers")
    table = pd.crosstab(np.asarray(first), np.asarray(second)).to_numpy(float)
    together = _pairs(table).sum()
    in_first, in_second = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    by_chance = in_first * in_second / _pairs(table.sum())
    most = (in_first + in_second) / 2
    if most == by_chance:  # both all in one group, or nobody with anybody: they agree
        return 1.0
    return float((together - by_chance) / (most - by_chance))


def compare_segmentations(
    customers: pd.DataFrame,
    *,
    segmentations: Sequence[str],
    outcome: str,
    rng: np.random.Generator,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Which grouping tells best who will do something later, judged on customers that it has not learnt from.

    In: the columns named in ``segmentations`` (groups, by name or number) and ``outcome`` (0, 1), known after the
    groups were made. One half of the customers, drawn by lot, shows how often each group did it; the other half is
    ranked by that. Out, a row per segmentation and one, ``by_chance``, whose groups are those of the first, shuffled:
    ``segmentation``, ``groups``, ``auc`` with ``auc_low`` and ``auc_high`` (the probability that of one who did it and
    one who did not, the first is in the group ranked higher; ties count half; 0.5 is chance), and ``difference`` from
    the first segmentation with its interval. Intervals: DeLong, DeLong & Clarke-Pearson 1988, which allows for all
    being judged on the same customers; they hold for this split, and another seed moves them a little.
    Errors: CrmkitError for missing columns or values, an outcome other than 0 and 1, fewer than ten of either in a
    half.

    >>> rng = np.random.default_rng(1)
    >>> past = pd.DataFrame({"rules": rng.integers(0, 2, 400)})
    >>> past["came"] = (rng.random(400) < 0.2 + 0.6 * past["rules"]).astype(int)
    >>> found = compare_segmentations(past, segmentations=["rules"], outcome="came", rng=rng)
    >>> found[["segmentation", "groups"]].values.tolist(), bool(found["auc_low"].iloc[0] > 0.7)
    ([['rules', 2], ['by_chance', 2]], True)
    """
    require_known(customers, segmentations, what="compare_segmentations")
    names = list(segmentations)
    require_between(len(names), 1, 100, name="segmentations")
    (did,) = require_numbers(customers, [outcome], low=0, high=1, whole=True, what="compare_segmentations")
    groupings = {name: pd.factorize(customers[name])[0] for name in names}
    require_rng(rng)
    groupings["by_chance"] = rng.permutation(groupings[names[0]])
    learn = rng.permutation(len(did)) < len(did) // 2
    for half in (learn, ~learn):
        for kind in (0, 1):
            require_between(int((did[half] == kind).sum()), 10, np.inf, name=f"{outcome} = {kind}")
    scores = np.array([_learnt(groups, did, learn) for groups in groupings.values()])
    auc, covariance = _delong(scores, did[~learn].astype(bool))
    error = np.sqrt(np.diag(covariance))
    apart = np.sqrt(np.maximum(np.diag(covariance) + covariance[0, 0] - 2 * covariance[0], 0))
    found = pd.DataFrame({"segmentation": list(groupings)})
    found["groups"] = [int(groups.max()) + 1 for groups in groupings.values()]
    wide = _normal(confidence)
    found["auc"], found["auc_low"], found["auc_high"] = auc, auc - wide * error, auc + wide * error
    difference = auc - auc[0]
    found["difference"] = difference
    found["difference_low"], found["difference_high"] = difference - wide * apart, difference + wide * apart
    return of_confidence(found, confidence)


def _points(customers: pd.DataFrame, clusters: int, *, what: str) -> np.ndarray:
    """A row per customer: the logarithms of the behaviour in units of their standard deviation."""
    require_unique(customers, what=what)
    numbers = np.column_stack(require_numbers(customers, list(_BEHAVIOUR), what=what))
    points = np.log1p(np.maximum(numbers, 0))
    spread = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1)
    clusters = require_whole(clusters, 2, 50, name="clusters")
    different = len(np.unique(points, axis=0))
    if different < clusters:
        raise CrmkitError("clusters_too_many", value=int(clusters), count=different)
    return points


def _centres(points: np.ndarray, clusters: int, rng: np.random.Generator, starts: int) -> np.ndarray:
    """The centres with the smallest squared distances to them, of several runs of k-means."""
    from scipy.cluster.vq import ClusterError, kmeans2

    require_rng(rng)
    best, smallest = None, np.inf
    while best is None:
        for _ in range(starts):
            try:
                centres, nearest = kmeans2(
                    points, int(clusters), iter=_STEPS, minit="++", missing="raise", rng=rng
                )
            except ClusterError:  # a cluster lost all its customers: begin elsewhere
                continue
            distances = ((points - centres[nearest]) ** 2).sum()
            if distances < smallest:
                best, smallest = centres, distances
    return best


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    from scipy.cluster.vq import vq

    return vq(points, centres)[0]


def _pairs(counts):
    return counts * (counts - 1) / 2


def _learnt(groups: np.ndarray, did: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """For the half that judges: how often the customer's group did it in the half that was learnt from."""
    rate = pd.Series(did[learn]).groupby(groups[learn]).mean()
    return pd.Series(groups[~learn]).map(rate).fillna(did[learn].mean()).to_numpy()


def _delong(scores: np.ndarray, did: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas under the curve, a score a row, and their covariance."""
    from scipy.stats import rankdata

    yes, no = int(did.sum()), int((~did).sum())
    ranks = rankdata(scores, axis=1)
    above = (ranks[:, did] - rankdata(scores[:, did], axis=1)) / no
    below = 1 - (ranks[:, ~did] - rankdata(scores[:, ~did], axis=1)) / yes
    return above.mean(axis=1), np.atleast_2d(np.cov(above)) / yes + np.atleast_2d(np.cov(below)) / no


def _normal(confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(tails(confidence)[1]))
