"""The indicator sheet (F31): sales, customers, retention, repeat rate, margin and satisfaction, period by period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crmkit.core.errors import NearestName
from crmkit.core.intervals import tails, wilson
from crmkit.core.schema import (
    REQUIRED_TRANSACTION_COLUMNS,
    as_day,
    require_between,
    require_choice,
    require_confidence,
    require_dates,
    require_numbers,
)
from crmkit.data.engine import open_log
from crmkit.data.frames import Transactions

PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, kw_only=True)
class Indicators(NearestName):
    """One sheet of key figures, and the intervals of those that are proportions."""

    sheet: pd.DataFrame  # a row per period
    intervals: pd.DataFrame  # period, measure, customers (or answers), share, share_low, share_high


def indicators(
    transactions: Transactions,
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

    In: ``customer_id``, ``date``, ``amount`` (currency), perhaps ``order_id``, ``unit_cost`` and ``quantity``, as a
    frame or Parquet as for ``customer_summary``; rows after ``as_of`` are not counted. ``log_starts``: the first day
    that the log covers, if that is within a period. ``margin_rate`` (0 … 1) goes before the costs in the log.
    ``market_size``: {period: all sales in the market}.
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
    require_choice(period, PERIODS, name="period")
    require_confidence(confidence)
    require_between(0 if margin_rate is None else margin_rate, 0, 1, name="margin_rate")
    for size in (market_size or {}).values():
        require_between(size, 0, np.inf, name="market_size")
    until = as_day(as_of)
    since = None if log_starts is None else as_day(log_starts)
    costs = ["unit_cost", "quantity"] if margin_rate is None else []
    with open_log(
        transactions,
        required=REQUIRED_TRANSACTION_COLUMNS,
        optional=["order_id", *costs],
        what="indicators",
    ) as log:
        asked = log.period(until)
        counts = log.ask("indicators", months=_MONTHS[period], **asked)
        first = log.first
    every = pd.period_range(
        pd.Period(first, PERIODS[period]), pd.Period(until, PERIODS[period]), name="period"
    )
    counts = _whole_range(counts, every, months=_MONTHS[period])
    money = (counts[[c for c in ("money", "margin") if c in counts]] / asked["units"]).round(2)
    complete = np.asarray(every.end_time.normalize() <= pd.Timestamp(until))
    if since is not None:
        complete = complete & np.asarray(every.start_time >= pd.Timestamp(since))

    sheet = _sales(every, money["money"], complete)
    if market_size is not None:
        sheet["market_share"] = _market_share(sheet, market_size)
    orders = counts["orders"].where(counts["orders"] > 0)
    sheet = sheet.assign(
        active_customers=counts["active"],
        new_customers=counts["new"],
        retention_rate=np.nan,
        repeat_rate=np.nan,
        orders=counts["orders"],
        average_order_value=sheet["sales"] / orders,
    )
    if margin_rate is not None:
        sheet["margin"] = (sheet["sales"] * margin_rate).round(2)
        sheet["margin_rate"] = margin_rate
    elif "margin" in money:
        sheet["margin"] = money["margin"]
        sheet["margin_rate"] = sheet["margin"] / sheet["sales"].where(sheet["sales"] > 0)

    # a period not over has no shares, nor is it one to compare with
    active = counts["active"].where(complete, 0)
    active_before = active.shift(fill_value=0).where(complete, 0)
    shares = {
        "retention_rate": (counts["retained"], active_before),
        "repeat_rate": (counts["repeating"], active),
    }
    if satisfaction is not None:
        scores = _scores(satisfaction, every, top_score)
        half = _student(scores["size"], confidence) * scores["sem"]
        sheet = sheet.assign(
            satisfaction=scores["mean"],
            satisfaction_low=scores["mean"] - half,
            satisfaction_high=scores["mean"] + half,
        )
        shares["top_box_share"] = scores["best"], scores["size"]
    intervals = []
    for measure, (count, of) in shares.items():
        # a share of nobody is missing
        sheet[measure], low, high = wilson(count.to_numpy(), of.to_numpy(), confidence=confidence)
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


def _whole_range(counts: pd.DataFrame, every: pd.PeriodIndex, *, months: int) -> pd.DataFrame:
    """The counts with a row for each period of ``every``, nothing counted in those without a row of the log."""
    since_year_0 = every[0].year * 12 + every[0].month - 1
    counts = counts.set_axis(counts["period"].to_numpy() - since_year_0 // months)
    return counts.reindex(pd.RangeIndex(len(every)), fill_value=0).drop(columns="period")


def _sales(every: pd.PeriodIndex, sales: pd.Series, complete: np.ndarray) -> pd.DataFrame:
    """The sheet's first columns: sales, and their growth from one whole period to the next."""
    before = sales.where(complete).shift()
    growth = sales / before.where(before > 0) - 1
    return pd.DataFrame(
        {
            "period": every.astype(str),
            "complete": complete,
            "sales": sales,
            "sales_growth_rate": growth.where(complete),
        }
    )


def _market_share(sheet: pd.DataFrame, market_size: Mapping[str, float]) -> pd.Series:
    share = sheet["sales"] / sheet["period"].map(dict(market_size))
    share = share.where(sheet["complete"])
    if not sheet["period"].isin(market_size).any():
        require_choice(next(iter(market_size), None), sheet["period"].tolist(), name="market_size")
    require_between(share.fillna(0).max(), 0, 1, name="market_share")
    return share


def _scores(satisfaction: pd.DataFrame, every: pd.PeriodIndex, top_score: float | None) -> pd.DataFrame:
    """Each period's answers: size, mean and its standard error, and how many gave the best score."""
    days = require_dates(satisfaction, what="indicators").astype("datetime64[us]")  # of Arrow's kind too
    (score,) = require_numbers(satisfaction, ["score"], what="indicators")
    require_between(top_score, score.max(), np.inf, name="top_score")
    slot = days.dt.to_period(every.freq).astype("int64").to_numpy() - every[0].ordinal
    answers = pd.DataFrame({"score": score, "best": score == top_score})
    scores = answers["score"].groupby(slot).agg(["size", "mean", "sem"])
    scores["best"] = answers["best"].groupby(slot).sum()
    scores = scores.reindex(range(len(every)))
    return scores.assign(best=scores["best"].fillna(0))


def _student(answers: pd.Series, confidence: float) -> np.ndarray:
    """Student's point of the interval of a mean; missing for a single answer."""
    from scipy.stats import t

    return t.ppf(tails(confidence)[1], answers - 1)
