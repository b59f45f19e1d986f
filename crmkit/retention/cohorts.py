"""Cohort tables (F18): of those who first bought in each month, how many buy in the months after;
unseen cells are empty.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day
from crmkit.data.engine import open_log
from crmkit.data.frames import Transactions


def cohort_table(transactions: Transactions, *, as_of: date | str) -> pd.DataFrame:
    """Which share of those who first bought in each month bought in every month after.

    In: a frame or Parquet as for ``customer_summary``, with ``customer_id``, ``date``, ``amount``; returns make no
    purchase, and what comes after ``as_of`` is left out. A customer's cohort is the month of the first purchase in the
    log: who was a customer before it begins is not new, and has to be taken out first. Out, a row per cohort and month:
    ``cohort`` (its first day), ``customers``, ``months_later`` (0 is the cohort's own month), ``active_customers`` and
    ``active_share``. A month that had not ended by ``as_of`` is not seen: both are missing, never 0, which is a month
    that was seen and in which nobody bought. To buy in a month is not to be still a customer: somebody may stay away
    and come back, so the shares need not fall.
    Errors: CrmkitError for missing columns or values, dates as text, no purchase up to ``as_of``.

    >>> log = pd.DataFrame({"customer_id": list("aabb"), "amount": 10.0, "date": pd.to_datetime(
    ...     ["2024-01-05", "2024-02-10", "2024-02-01", "2024-02-20"])})
    >>> cohort_table(log, as_of="2024-03-10")["active_share"].tolist()
    [1.0, 1.0, nan, 1.0, nan]
    """
    day = as_day(as_of)
    with open_log(transactions, required=REQUIRED_TRANSACTION_COLUMNS, what="cohort_table") as log:
        counted = log.ask("cohort_activity", **log.period(day))
    if counted.empty:
        raise CrmkitError("no_purchases", value=as_of)
    this_month = 12 * day.year + day.month - 1
    ended = (day + timedelta(days=1)).month != day.month
    last_seen = this_month if ended else this_month - 1
    active = counted.set_index(["first_month", "months_later"])["active_customers"]
    rows = []
    for first_month in counted["first_month"].unique().tolist():
        size = int(active[first_month, 0])
        for later in range(this_month - first_month + 1):
            seen = first_month + later <= last_seen
            bought = float(active.get((first_month, later), 0)) if seen else np.nan
            rows.append((first_month, size, later, bought))
    table = pd.DataFrame(rows, columns=["cohort", "customers", "months_later", "active_customers"])
    table["active_share"] = table["active_customers"] / table["customers"]
    starts = [pd.Timestamp(year=month // 12, month=month % 12 + 1, day=1) for month in table["cohort"]]
    return table.assign(cohort=pd.Series(starts, dtype="datetime64[s]"))
