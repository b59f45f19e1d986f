"""The customer summary: from a transaction log to one row per customer, by one SQL text (sql/summary.sql)."""

from datetime import date

import pandas as pd

from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day

from .engine import open_log
from .frames import Transactions

_DAYS = ["days_since_last", "t_x", "T"]


def customer_summary(transactions: Transactions, *, as_of: date | str) -> pd.DataFrame:
    """One row per customer, sorted by customer_id: when they bought, how often, how much, as of the end of a day.

    In: a pandas, Arrow or polars frame with ``customer_id``, ``date`` (date or timestamp), ``amount`` (currency) and
    perhaps ``order_id``; or the path of a Parquet file, of a folder of them, or a glob. Rows after ``as_of`` (a date,
    or its ISO text) are not counted: that is how a calibration period is cut.

    Out: ``first_purchase``, ``last_purchase`` (day); ``purchases`` (days on which the customer bought: all rows of a
    day are one purchase); ``orders`` (distinct order_id that are not only returns; given with order_id); ``frequency``
    (repeat purchases = purchases − 1); ``days_since_last`` (last purchase to as_of), ``t_x`` (first to last purchase;
    the "recency" of BTYD models), ``T`` (first purchase to as_of), all in days; ``revenue`` (everything, returns
    deducted), ``repeat_revenue`` (revenue without the first purchase day), ``monetary`` (repeat_revenue per repeat
    purchase; missing without one), in currency.

    Settled by the published fits: a row with amount 0 is a purchase like any other. BG/NBD on the raw CDNOW log then
    gives Fader, Hardie and Lee's estimates; without the zero rows it does not
    (tests/published/test_published_values.py). A row under 0 is a return: it lowers revenue, and never makes a
    purchase. A day with a purchase and a return is one purchase. A customer with returns only keeps a row (so that
    revenue adds up to the log's total to the cent): purchases 0, dates and days missing. Money is added in cents, or in
    finer units where the log has finer amounts (to six decimals), and never as fractions: the order of the rows does
    not change a total. A column with a time zone is cut into days on its own clock when it comes in a frame, in UTC
    when it comes from Parquet.

    Errors: CrmkitError for a missing column, a missing customer, date or amount, an infinite amount, dates or amounts
    kept as text, no rows, an unreadable path, an ``as_of`` that is no date or lies before the first row.

    >>> import pandas as pd
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "amount": [10.0, 5.0, -2.0, 8.0],
    ...                     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-12", "2024-01-05"])})
    >>> customer_summary(log, as_of="2024-01-31")[["customer_id", "frequency", "t_x", "T", "revenue", "monetary"]]
      customer_id  frequency   t_x     T  revenue  monetary
    0           a          1  10.0  30.0     13.0       3.0
    1           b          0   0.0  26.0      8.0       NaN
    """
    day = as_day(as_of)
    with open_log(
        transactions, required=REQUIRED_TRANSACTION_COLUMNS, optional=["order_id"], what="customer_summary"
    ) as log:
        summary = log.ask("summary", **log.period(day))
    # missing where somebody only gave back, and of one kind whether anybody did or not
    return summary.astype(dict.fromkeys([*_DAYS, "monetary"], "float64"))
