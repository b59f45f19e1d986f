"""How concentrated value is (F15): Pareto share, Lorenz and Gini, whale curve, long tail, each with an interval."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import Estimate, Numbers, bootstrap, bootstrap_each, checked_values
from crmkit.core.schema import require_between


def pareto_share(
    values: Numbers,
    *,
    top: float = 0.2,
    rng: np.random.Generator | None = None,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The share of all value that comes from the top share of customers: 1 − L(1 − top), L the Lorenz curve.

    ``values``: one number per customer, currency, none negative. The customer on the boundary counts in proportion.
    The interval needs ``rng``; ``resamples`` are 1,000 if not given.
    Errors: CrmkitError for negative or missing values, a total of 0, ``top`` outside 0 … 1.

    >>> pareto_share([60, 20, 10, 5, 5]).value
    0.6
    """
    require_between(top, 0, 1, name="top")
    return bootstrap(
        _shareable(values),
        lambda v, w: _top_share(v, w, top),
        rng=rng,
        resamples=resamples,
        confidence=confidence,
    )


@dataclass(frozen=True, kw_only=True)
class ParetoTest(NearestName):
    """What was claimed (the ``top`` customers bring ``share``), what was measured, and whether the two agree."""

    top: float
    share: float
    estimate: Estimate

    @property
    def inside(self) -> bool:
        """True when the claimed share lies in the interval: the data do not speak against the claim."""
        return self.estimate.contains(self.share)


def pareto_test(
    values: Numbers,
    *,
    rng: np.random.Generator,
    top: float = 0.2,
    share: float = 0.8,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> ParetoTest:
    """The 80/20 rule as a hypothesis: does the claimed share lie in the interval of the measured one?

    ``values`` as for ``pareto_share``; ``share`` is the claim, 0 … 1. Errors as there.

    >>> test = pareto_test(range(1, 1001), rng=np.random.default_rng(1))
    >>> round(test.estimate.value, 2), test.inside
    (0.36, False)
    """
    require_between(share, 0, 1, name="share")
    estimate = pareto_share(values, top=top, rng=rng, resamples=resamples, confidence=confidence)
    return ParetoTest(top=top, share=share, estimate=estimate)


def lorenz(values: Numbers) -> pd.DataFrame:
    """The Lorenz curve (1905): cumulative share of customers, smallest first, and of value, from 0, 0 to 1, 1.

    Out: ``customer_share``, ``value_share`` (0 … 1). Errors as for ``pareto_share``.

    >>> lorenz([1, 1, 2])["value_share"].tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    array = _shareable(values)
    value = np.concatenate([[0.0], array.cumsum()])
    return pd.DataFrame(
        {"customer_share": np.arange(len(value)) / len(array), "value_share": value / value[-1]}
    )


def gini(
    values: Numbers,
    *,
    rng: np.random.Generator | None = None,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """The Gini coefficient (1912): twice the area between Lorenz curve and equality; 0 all equal, near 1 one has all.

    ``values`` and errors as for ``pareto_share``. It is the plain sample coefficient, at most 1 − 1/n.

    >>> gini([0, 0, 0, 100]).value
    0.75
    """
    return bootstrap(_shareable(values), _gini, rng=rng, resamples=resamples, confidence=confidence)


@dataclass(frozen=True, kw_only=True)
class WhaleCurve(NearestName):
    """Cumulative profit from the most to the least profitable customer (Kaplan & Cooper 1998)."""

    curve: pd.DataFrame  # customer_share, profit (cumulative, currency), profit_share (of the total)
    peak_share: Estimate  # profit at the peak ÷ total profit; 1.3 = 130 %
    peak_customers_share: Estimate  # share of customers up to the peak: those who earn something
    tail_loss: Estimate  # currency: what the customers beyond the peak lose together

    def share_at(self, customer_share: float) -> float:
        """Cumulative share of the total profit at a share of customers, most profitable first.

        20/80/30 (Sherden 1994) reads: ``share_at(0.2)`` is 0.8, and ``share_at(0.7) - 1``, what the last 30 % of
        customers take back, is half of it.
        """
        require_between(customer_share, 0, 1, name="customer_share")
        return float(np.interp(customer_share, self.curve["customer_share"], self.curve["profit_share"]))


def whale_curve(
    profits: Numbers,
    *,
    rng: np.random.Generator | None = None,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> WhaleCurve:
    """The whale curve of profit after cost to serve: how high it rises and what the tail loses again.

    ``profits``: one number per customer, currency, negative ones welcome. Where the total is not above 0 the shares of
    it say nothing: ``profit_share`` is missing and ``peak_share`` infinite. Errors: CrmkitError for missing values.

    >>> whale = whale_curve([50, 40, 30, -20])
    >>> whale.peak_share.value, whale.peak_customers_share.value, whale.tail_loss.value
    (1.2, 0.75, 20.0)
    """
    array = checked_values(profits, name="profits", negative=True)[::-1]
    total = array.sum()
    profit = np.concatenate([[0.0], array.cumsum()])
    share = profit / total if total > 0 else np.full(len(profit), np.nan)
    customers = np.arange(len(profit)) / len(array)
    peak, earners, loss = bootstrap_each(
        array,
        (_peak_share, lambda v, w: w[v > 0].sum() / w.sum(), lambda v, w: (np.maximum(-v, 0) * w).sum()),
        rng=rng,
        resamples=resamples,
        confidence=confidence,
    )
    curve = pd.DataFrame({"customer_share": customers, "profit": profit, "profit_share": share})
    return WhaleCurve(curve=curve, peak_share=peak, peak_customers_share=earners, tail_loss=loss)


@dataclass(frozen=True, kw_only=True)
class LongTail(NearestName):
    """Everything under the threshold: its share of the customers (or products) and of the value."""

    threshold: float
    customer_share: Estimate
    value_share: Estimate


def long_tail(
    values: Numbers,
    *,
    threshold: float,
    rng: np.random.Generator | None = None,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> LongTail:
    """How much the many small ones bring together (Anderson 2004): those with a value strictly under the threshold.

    ``values``: one number per customer or per product, and ``threshold``, in currency. Errors as for ``pareto_share``.

    >>> tail = long_tail([100, 40, 20, 20, 20], threshold=40)
    >>> tail.customer_share.value, tail.value_share.value
    (0.6, 0.3)
    """
    require_between(threshold, -np.inf, np.inf, name="threshold")
    array = _shareable(values)
    small = array < threshold
    customers, value = bootstrap_each(
        array,
        (lambda v, w: w[small].sum() / w.sum(), lambda v, w: (v[small] * w[small]).sum() / _total(v, w)),
        rng=rng,
        resamples=resamples,
        confidence=confidence,
    )
    return LongTail(threshold=float(threshold), customer_share=customers, value_share=value)


# the statistics: values sorted as the caller has them, weights = how often each was drawn


def _shareable(values) -> np.ndarray:
    array = checked_values(values, name="values")
    if array.sum() <= 0:
        raise CrmkitError("total_zero", name="values")
    return array


def _total(values, weights) -> float:
    # not values @ weights: at this size the threads of a matrix product cost ten times what they save
    return float((values * weights).sum()) or np.nan  # a resample of zeros only has no shares


def _top_share(values, weights, top) -> float:
    customers, value = np.cumsum(weights), np.cumsum(values * weights)
    rest = (1 - top) * customers[-1]
    at = int(np.searchsorted(customers, rest, side="left"))
    if at >= len(values):
        return 0.0
    below = value[at] - (customers[at] - rest) * values[at]
    return float(1 - below / _total(values, weights))


def _gini(values, weights) -> float:
    # one minus the area under the Lorenz curve by trapezes, times two
    value = np.cumsum(values * weights)
    area = (weights * (2 * value - values * weights)).sum()
    return float(1 - area / (weights.sum() * (value[-1] or np.nan)))


def _peak_share(profits, weights) -> float:
    total = (profits * weights).sum()
    return float((np.maximum(profits, 0) * weights).sum() / total) if total > 0 else np.inf
