"""The times of the year at which a business is closed, and intervals counted in the days on which it is open."""

from collections.abc import Iterable

import pandas as pd

GAP_DAYS = 28  # without a sale, from which on a gap in a file is worth a word
GAP_TIMES = 10  # the longest of twenty usual gaps between days with sales
FEWEST = 20  # gaps between days with sales, below which none of them can be called usual
SAME_TIME = 21  # days by which the same season may begin or end earlier or later in another year
YEAR_DAYS = 365.25

Stretch = tuple[pd.Timestamp, pd.Timestamp]  # its first and its last day


def long_gaps(dates: pd.Series) -> list[Stretch]:
    """The stretches without any sale that are out of all proportion to the others."""
    days = pd.Series(dates.dt.normalize().unique()).sort_values(ignore_index=True)
    gaps = days.diff().dt.days.dropna()
    if len(gaps) < FEWEST:
        return []
    usual = float(gaps.drop(gaps.idxmax()).quantile(0.95))
    day = pd.Timedelta(days=1)
    long = gaps[(gaps > GAP_DAYS) & (gaps > GAP_TIMES * usual)].index
    return [(days[place - 1] + day, days[place] - day) for place in long]


def same_every_year(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Those that come back at the same time of another year."""
    stretches = list(stretches)
    return [
        one for one in stretches if any(_same_time(one, other) for other in stretches if other is not one)
    ]


def _same_time(one: Stretch, other: Stretch) -> bool:
    return all(_off_the_year(a, b) <= SAME_TIME for a, b in zip(one, other))


def _off_the_year(one: pd.Timestamp, other: pd.Timestamp) -> float:
    """By how many days the distance between two days is more or less than whole years."""
    over = abs((one - other).days) % YEAR_DAYS
    return min(over, YEAR_DAYS - over)


def in_open_days(
    customers: pd.DataFrame, closed: Iterable[Stretch], *, last_day: pd.Timestamp
) -> pd.DataFrame:
    """The customer summary with every number of days counted without those on which the business is closed."""

    def clock(days: pd.Series) -> pd.Series:
        shut = pd.Series(pd.Timedelta(0), index=days.index)
        for first, last in closed:
            length = last - first + pd.Timedelta(days=1)
            shut += (days - first).clip(pd.Timedelta(0), length).fillna(pd.Timedelta(0))
        return days - shut

    first, last = clock(customers["first_purchase"]), clock(customers["last_purchase"])
    now = clock(pd.Series([last_day])).iloc[0]
    counted = {"days_since_last": now - last, "t_x": last - first, "T": now - first}
    return customers.assign(**{name: days.dt.days.astype("float64") for name, days in counted.items()})
