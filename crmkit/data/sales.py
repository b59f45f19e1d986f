"""Sales over time, from customers who buy for the first time and from others, by one SQL text (sql/sales.sql)."""

from datetime import date

import pandas as pd

from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day, require_choice

from .engine import open_log
from .frames import Transactions

_FREQUENCIES = {"day": "D", "week": "W", "month": "M"}


def sales_over_time(transactions: Transactions, *, as_of: date | str, period: str = "month") -> pd.DataFrame:
    """Revenue by ``day``, ``week`` (from Monday) or ``month``, parted into first purchases and what came later.

    In: a frame or Parquet as for ``customer_summary``; rows after ``as_of`` are not counted. Out, a row per period from
    the first with a row to the last, those between without one too: ``period``, ``first_revenue`` (of each customer's
    first purchase day, and what came before it), ``later_revenue`` (everything else: also what somebody gave back who
    never bought), ``revenue``, in currency, returns deducted. Errors: as ``customer_summary``; another ``period``.

    >>> log = pd.DataFrame({"customer_id": list("aab"), "amount": [10.0, 5.0, 8.0],
    ...                     "date": pd.to_datetime(["2024-01-05", "2024-03-01", "2024-03-09"])})
    >>> sales_over_time(log, as_of="2024-03-31")
        period  first_revenue  later_revenue  revenue
    0  2024-01           10.0            0.0     10.0
    1  2024-02            0.0            0.0      0.0
    2  2024-03            8.0            5.0     13.0
    """
    require_choice(period, _FREQUENCIES, name="period")
    with open_log(transactions, required=REQUIRED_TRANSACTION_COLUMNS, what="sales_over_time") as log:
        asked = log.period(as_day(as_of))
        days = log.ask("sales", **asked)
    slots = days["day"].dt.to_period(_FREQUENCIES[period])
    every = pd.period_range(slots.min(), slots.max(), name="period")
    money = days[["first_money", "later_money"]].groupby(slots).sum().reindex(every, fill_value=0.0)
    money["all_money"] = money["first_money"] + money["later_money"]
    sales = money / asked["units"]  # divided last, so that totals agree to the cent
    return sales.set_axis(["first_revenue", "later_revenue", "revenue"], axis="columns").reset_index()
