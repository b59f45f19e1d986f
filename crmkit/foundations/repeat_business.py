"""First orders against repeat orders (F1): what each brings, who comes back, and after how long."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import Estimate, bootstrap, mean_of, survival_curve
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day, require_between, require_confidence
from crmkit.data.engine import open_log
from crmkit.data.frames import Transactions

_RESAMPLES = 500  # two measures of a long log: half as many as elsewhere


@dataclass(frozen=True, kw_only=True)
class RepeatBusiness(NearestName):
    """What first and repeat orders bring, and how customers come back for a second one."""

    # measure (revenue, margin), first_orders, repeat_orders (currency), repeat_share with its _low and _high (missing
    # without a generator)
    split: pd.DataFrame
    repeat_rate: Estimate  # share of customers with a second order by as_of; Wilson's interval
    curve: pd.DataFrame  # days_since_first (order), returned_share with its _low and _high (Kaplan-Meier)
    median_days: Estimate  # days until half of all customers have ordered again; infinite where not seen
    naive_median_days: float  # of those who are back already: too short, the slow ones are still missing
    customers: int

    def within(self, days: float) -> Estimate:
        """The share of customers who order again within so many days, up to the longest time observed."""
        require_between(days, 0, float(self.curve["days_since_first"].iloc[-1]), name="days")
        at = self.curve[self.curve["days_since_first"] <= days].iloc[-1].to_dict()
        return Estimate(
            value=at["returned_share"],
            low=at["returned_share_low"],
            high=at["returned_share_high"],
            confidence=self.median_days.confidence,
        )


def repeat_business(
    transactions: Transactions,
    *,
    as_of: date | str,
    rng: np.random.Generator | None = None,
    resamples: int | None = None,
    confidence: float = 0.95,
) -> RepeatBusiness:
    """How much of revenue and margin repeat orders bring, who has come back, and how long the second order takes.

    In: a frame or Parquet as for ``customer_summary``, with ``customer_id``, ``date``, ``amount`` (currency). Margin is
    amount − ``unit_cost`` × ``quantity`` where both columns are there, else left out (at one margin rate for all goods
    its share would be that of revenue). All purchases of a day are one order; an amount of 0 is a purchase, one under 0
    a return: it lowers the money of its day and makes no order (as in ``customer_summary``). What came before the first
    purchase counts with it; customers with returns only, and everything after ``as_of`` (a date or its ISO text), are
    left out. A first order is the first in the log: of a customer who bought before the log begins it is not, and
    repeat business is then understated.

    Out: ``RepeatBusiness``. The time to the second order is censored for those who are not back yet: Kaplan & Meier
    (1958) with log-log intervals, from scipy; the median's by Brookmeyer & Crowley (1982). It assumes that customers
    won late are like those won early. With ``rng`` the shares have bootstrap intervals over customers, of 500
    ``resamples`` if not given. Errors: CrmkitError for missing columns or values, dates as text, no purchase up to
    ``as_of``, a total not above 0.

    >>> log = pd.DataFrame({"customer_id": list("aabccd"), "amount": [60.0, 40, 50, 30, 20, 10], "date": pd.to_datetime(
    ...     ["2024-01-01", "2024-01-11", "2024-01-05", "2024-01-06", "2024-01-26", "2024-01-30"])})
    >>> found = repeat_business(log, as_of="2024-01-31")
    >>> round(float(found.split["repeat_share"].iloc[0]), 3), found.repeat_rate.value, found.median_days.value
    (0.286, 0.5, 20.0)
    """
    require_confidence(confidence)
    if resamples is None and rng is not None:
        resamples = _RESAMPLES
    with open_log(
        transactions,
        required=REQUIRED_TRANSACTION_COLUMNS,
        optional=["unit_cost", "quantity"],
        what="repeat_business",
    ) as log:
        period = log.period(as_day(as_of))
        buyers = log.ask("repeat_business", **period)
    if buyers.empty:
        raise CrmkitError("no_purchases", value=as_of)

    rows = []
    for measure, column in (("revenue", "money"), ("margin", "margin")):
        if f"first_{column}" not in buyers:
            continue
        each = buyers[[f"first_{column}", f"later_{column}"]].to_numpy(float)
        total = each.sum(axis=0)  # of whole units, so that nothing is lost
        if total.sum() <= 0:
            raise CrmkitError("total_zero", name=measure)
        share = bootstrap(each, _repeat_share, rng=rng, resamples=resamples, confidence=confidence)
        rows.append([measure, *total / period["units"], *share.numbers])
    split = pd.DataFrame(
        rows,
        columns=[
            "measure",
            "first_orders",
            "repeat_orders",
            "repeat_share",
            "repeat_share_low",
            "repeat_share_high",
        ],
    )

    back = buyers["back"] == 1
    waited = buyers["waited_days"]
    waiting = survival_curve(waited, back, confidence=confidence)
    curve = pd.DataFrame(
        {
            "days_since_first": waiting["time"],
            "returned_share": 1 - waiting["share"],
            "returned_share_low": 1 - waiting["share_high"],
            "returned_share_high": 1 - waiting["share_low"],
        }
    )
    half, soon, late = (
        float(np.fmin(np.inf, curve["days_since_first"][curve[c] >= 0.5].min()))
        for c in ("returned_share", "returned_share_high", "returned_share_low")
    )
    return RepeatBusiness(
        split=split.astype({"repeat_share_low": float, "repeat_share_high": float}),
        customers=len(buyers),
        curve=curve,
        repeat_rate=mean_of(back, confidence=confidence),
        median_days=Estimate(value=half, low=soon, high=late, confidence=confidence),
        naive_median_days=float(waited[back].median()),
    )


def _repeat_share(money: np.ndarray, weights: np.ndarray) -> float:
    """The later part of all money, the customers weighted."""
    later = (money[:, 1] * weights).sum()
    everything = (money.sum(axis=1) * weights).sum()
    return float(later / everything)
