"""The indicator sheet (F31): sales, customers, retention, repeat rate, margin and satisfaction, period by period.

(The module is not called ``indicators``: it would hide the function ``crmkit.indicators``.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import tails, wilson
from crmkit.core.schema import (
    as_day,
    require_between,
    require_choice,
    require_confidence,
    require_dates,
    require_known,
    require_numbers,
)

PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}


@dataclass(frozen=True, kw_only=True)
class Indicators:
    """One sheet of key figures, and the intervals of those that are proportions."""

    sheet: pd.DataFrame  # a row per period
    intervals: pd.DataFrame  # period, measure, customers (or answers), share, share_low, share_high


def indicators(
    transactions: pd.DataFrame,
    *,
    as_of: date | str,
    period: str = "quarter",
    log_starts: date | str | None = None,
    margin_rate: float | None = None,
    market_size: Mapping[str, float] | None = None,
    satisfaction: pd.DataFrame | None = None,
    top_score: float | None = None,
    confidence: float = 0.95,
) -> Indicators:
    """One sheet of the firm's indicators by ``month``, ``quarter`` or ``year``, computed from its transactions.

    In: ``customer_id``, ``date``, ``amount`` (currency), perhaps ``order_id``, ``unit_cost`` and ``quantity``; rows
    after ``as_of`` are not counted. ``log_starts``: the first day that the log covers, if that is within a period.
    ``margin_rate`` (0 … 1) goes before the costs in the log. ``market_size``: {period: all sales in the market}.
    ``satisfaction``: ``date``, ``score``, a row per answer, with ``top_score``, the best score that could be given.

    Out: ``sheet`` with ``period`` ("1997Q1"), ``complete``, ``sales`` (returns deducted, to the cent),
    ``sales_growth_rate`` (against the period before), ``market_share``, ``active_customers`` (bought in the period),
    ``new_customers`` (for the first time in the log: in its first period that is everybody), ``retention_rate`` (of the
    customers active in the period before, who bought again in this one), ``repeat_rate`` (of those active in this one,
    who bought on at least two days of it), ``orders`` (distinct order_id; without it, days on which a customer bought),
    ``average_order_value`` (sales per order), ``margin``, ``margin_rate``, ``satisfaction`` (mean), with
    ``satisfaction_low`` and ``satisfaction_high`` (Student's interval), ``top_box_share``; market, margin and
    satisfaction only where they were given. As in the customer summary a row of amount 0 is a purchase, and one below 0
    a return and none. The first period has nothing to compare with: growth and retention are missing, not 0. Of one
    not over by ``as_of``, or not covered from its start, growth, market share, retention and repeat rate are missing
    too: half a quarter beside a whole one looks like a collapse. ``intervals``: Wilson's (1927), customers taken as
    independent, for the tendency behind each share.

    Retention compares two periods, repeat rate looks at one: a firm with a yearly product retains without repeats.
    Errors: CrmkitError for missing columns, values or dates, an ``as_of`` before the first row, a market smaller than
    the sales, scores above ``top_score``.

    >>> log = pd.DataFrame({"customer_id": list("aabba"), "amount": [10.0, 20, 30, 5, 15], "date": pd.to_datetime(
    ...     ["2024-01-05", "2024-02-01", "2024-03-01", "2024-03-01", "2024-04-02"])})
    >>> sheet = indicators(log, as_of="2024-06-30").sheet
    >>> sheet[["period", "sales", "sales_growth_rate", "retention_rate", "repeat_rate"]].round(3)
       period  sales  sales_growth_rate  retention_rate  repeat_rate
    0  2024Q1   65.0                NaN             NaN          0.5
    1  2024Q2   15.0             -0.769             0.5          0.0
    """
    from scipy.stats import t

    require_choice(period, PERIODS, name="period")
    require_confidence(confidence)
    require_between(0 if margin_rate is None else margin_rate, 0, 1, name="margin_rate")
    for size in (market_size or {}).values():
        require_between(size, 0, np.inf, name="market_size")
    costs = (
        ["unit_cost", "quantity"]
        if margin_rate is None and {"unit_cost", "quantity"} <= set(transactions)
        else []
    )
    log = _dated(transactions, ["amount", *costs], "customer_id").reset_index(drop=True)
    until, since = (pd.Timestamp(as_day(day)) for day in (as_of, log_starts or pd.Timestamp.min))
    log = log[log["date"] < until + pd.Timedelta(days=1)]
    if log.empty:
        raise CrmkitError("as_of_too_early", value=as_of, first=transactions["date"].min())
    slots = log["date"].dt.to_period(PERIODS[period])
    every = pd.period_range(slots.min(), pd.Period(until, PERIODS[period]))
    complete = np.asarray((every.end_time.normalize() <= until) & (every.start_time >= since))
    log["slot"] = slots.astype("int64") - every[0].ordinal

    def by_period(counted):
        return counted.reindex(range(len(every)), fill_value=0).to_numpy()

    bought = log[log["amount"] >= 0].assign(day=log["date"].dt.normalize())
    days = bought.groupby(["slot", "customer_id"], as_index=False)["day"].nunique()
    again = days.merge(days.assign(slot=days["slot"] + 1), on=["slot", "customer_id"])
    active, retained, repeating, new, orders = map(
        by_period,
        (
            days.groupby("slot").size(),
            again.groupby("slot").size(),
            (days["day"] > 1).groupby(days["slot"]).sum(),
            days.groupby("customer_id")["slot"].min().value_counts(),
            bought.groupby("slot")["order_id"].nunique()
            if "order_id" in log
            else days.groupby("slot")["day"].sum(),
        ),
    )
    sales = pd.Series(by_period((log["amount"] * 100).round().groupby(log["slot"]).sum()) / 100)
    before = sales.where(complete).shift()
    sheet = pd.DataFrame(
        {
            "period": every.astype(str),
            "complete": complete,
            "sales": sales,
            "sales_growth_rate": (sales / before.where(before > 0) - 1).where(complete),
        }
    )
    if market_size is not None:
        sheet["market_share"] = (sales / sheet["period"].map(dict(market_size))).where(complete)
        if not sheet["period"].isin(market_size).any():
            require_choice(next(iter(market_size), None), sheet["period"].tolist(), name="market_size")
        require_between(sheet["market_share"].fillna(0).max(), 0, 1, name="market_share")
    sheet = sheet.assign(
        active_customers=active,
        new_customers=new,
        retention_rate=np.nan,
        repeat_rate=np.nan,
        orders=orders,
        average_order_value=sales / np.where(orders > 0, orders, np.nan),
    )
    if margin_rate is not None:
        sheet = sheet.assign(margin=(sales * margin_rate).round(2), margin_rate=margin_rate)
    elif costs:
        sheet["margin"] = by_period(
            (log["amount"] - log["unit_cost"] * log["quantity"]).groupby(log["slot"]).sum()
        )
        sheet["margin_rate"] = sheet["margin"] / sales.where(sales > 0)
    base = np.append(0, active[:-1] * complete[:-1]) * complete
    shares = {"retention_rate": (retained, base), "repeat_rate": (repeating, active * complete)}
    if satisfaction is not None:
        answers = _dated(satisfaction, ["score"])
        require_between(top_score, answers["score"].max(), np.inf, name="top_score")
        slot = answers["date"].dt.to_period(PERIODS[period]).astype("int64") - every[0].ordinal
        scores = answers["score"].groupby(slot).agg(["size", "mean", "sem"]).reindex(sheet.index)
        half = t.ppf(tails(confidence)[1], scores["size"] - 1) * scores["sem"]
        sheet = sheet.assign(
            satisfaction=scores["mean"],
            satisfaction_low=scores["mean"] - half,
            satisfaction_high=scores["mean"] + half,
        )
        best = (answers["score"] == top_score).groupby(slot).sum()
        shares["top_box_share"] = by_period(best), scores["size"].to_numpy()
    intervals = []
    for measure, (count, of) in shares.items():
        sheet[measure], low, high = wilson(count, of, confidence=confidence)  # a share of nobody is missing
        intervals.append(
            pd.DataFrame(
                {
                    "period": sheet["period"],
                    "measure": measure,
                    "customers": of + 0.0,
                    "share": sheet[measure],
                    "share_low": low,
                    "share_high": high,
                }
            )
        )
    return Indicators(sheet=sheet, intervals=pd.concat(intervals).dropna().reset_index(drop=True))


def _dated(frame: pd.DataFrame, numbers: list[str], *others: str) -> pd.DataFrame:
    """A copy, its dates without time zone; refuses missing columns and cells, and dates kept as text."""
    require_known(frame, others, what="indicators")
    clean = frame.assign(
        date=require_dates(frame, what="indicators").astype("datetime64[us]")
    )  # of Arrow's kind too
    return clean.assign(**dict(zip(numbers, require_numbers(frame, numbers, what="indicators"))))
