"""Facts that two whole years allow: the same months compared, who made the difference,
and whether there is a season.
"""

import numpy as np
import pandas as pd

from .describing import Log, called

YEAR = 12  # months
SEASON = 3  # months of a season
LEAST_DAYS = 14  # of a season that has begun, before it is compared


def year_facts(log: Log, whole: pd.Series) -> dict:
    """The latest twelve whole months against the twelve before; ``whole``: revenue by month, whole months only.

    Empty where the periods are no months, where fewer than 24 are whole, or where the earlier year brought nothing.
    """
    if whole.index.freqstr[0] != "M" or len(whole) < 2 * YEAR:
        return {}
    latest, before = float(whole.iloc[-YEAR:].sum()), float(whole.iloc[-2 * YEAR : -YEAR].sum())
    if before <= 0:
        return {}
    return {
        "year_revenue": latest,
        "year_before": before,
        "year_times": latest / before,
        "year_change": abs(latest - before),
        "year_change_share": abs(latest / before - 1),
        "year_ago_revenue": float(whole.iloc[-YEAR - 1]),
        **_mover_facts(log, whole.index, latest - before),
        **_season_facts(log, whole),
    }


def _mover_facts(log: Log, months: pd.PeriodIndex, change: float) -> dict:
    """The customer who did most of the change between the two years."""
    own = log.transactions["date"].dt.to_period("M")
    amounts = log.transactions["amount"]
    by_year = []
    for first, last in ((-YEAR, -1), (-2 * YEAR, -YEAR - 1)):
        rows = (own >= months[first]) & (own <= months[last])
        by_year.append(amounts[rows].groupby(log.transactions.loc[rows, "customer_id"]).sum())
    table = pd.concat(by_year, axis=1, keys=["after", "before"]).fillna(0.0)
    moved = table["after"] - table["before"]
    if not change or len(moved) < 2:
        return {}
    mover = (moved * np.sign(change)).idxmax()
    return {
        "mover": called(log, mover),
        "mover_before": float(table.at[mover, "before"]),
        "mover_after": float(table.at[mover, "after"]),
        "mover_change": abs(float(moved[mover])),
        "mover_share": float(moved[mover] / change),
        "others_change": float(change - moved[mover]),
    }


def _season_facts(log: Log, whole: pd.Series) -> dict:
    """The three months in a row that bring most of every year, and the least and the most that they brought in one."""
    years = len(whole) // YEAR
    blocks = whole.iloc[-years * YEAR :].to_numpy(dtype=float).reshape(years, YEAR)
    if (blocks.sum(axis=1) <= 0).any():
        return {}
    shares = blocks / blocks.sum(axis=1, keepdims=True)
    windows = [np.roll(shares, -start, axis=1)[:, :SEASON].sum(axis=1) for start in range(YEAR)]
    start = int(np.argmax([window.min() for window in windows]))
    months = whole.index[-YEAR:]
    first_month = months[start]
    return {
        **_latest_season(log, first_month),
        "season_years": years,
        "season_year_to": months[-1],
        "season_from": first_month,
        "season_to": months[(start + SEASON - 1) % YEAR],
        "season_low": float(windows[start].min()),
        "season_high": float(windows[start].max()),
    }


def _latest_season(log: Log, first_month: pd.Period) -> dict:
    """The latest season as far as it has come, and the same days a year before;
    of less than two weeks nothing is said.
    """
    since = first_month.start_time
    if (log.last_day - since).days >= 365:
        since += pd.DateOffset(years=1)
    if (log.last_day - since).days < LEAST_DAYS:
        since -= pd.DateOffset(years=1)
    until = min(log.last_day, since + pd.DateOffset(months=SEASON) - pd.DateOffset(days=1))
    facts = {"season_since": since, "season_until": until}
    for years_back, name in ((0, "now"), (1, "ago")):
        first, last = (day - pd.DateOffset(years=years_back) for day in (since, until))
        rows = log.transactions[log.transactions["date"].dt.normalize().between(first, last)]
        facts[f"season_{name}"] = float(rows["amount"].sum())
        facts[f"season_buyers_{name}"] = int(rows.loc[rows["amount"] >= 0, "customer_id"].nunique())
    if facts["season_ago"] > 0:
        facts["season_times"] = facts["season_now"] / facts["season_ago"]
    return facts
