"""Facts that two whole years allow: the same months compared, who made the difference, and whether there is a season."""

import numpy as np
import pandas as pd

from .describing import Log

YEAR = 12  # months
SEASON = 3  # months of a season


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
        "year_change_share": abs(latest / before - 1),
        "year_ago_revenue": float(whole.iloc[-YEAR - 1]),
        **_mover_facts(log, whole.index, latest - before),
        **_season_facts(whole),
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
        "mover": str(mover),
        "mover_before": float(table.at[mover, "before"]),
        "mover_after": float(table.at[mover, "after"]),
        "mover_share": float(moved[mover] / change),
        "others_change": float(change - moved[mover]),
    }


def _season_facts(whole: pd.Series) -> dict:
    """The three months in a row that bring most of every year, and the least and the most that they brought in one."""
    years = len(whole) // YEAR
    blocks = whole.iloc[-years * YEAR :].to_numpy(dtype=float).reshape(years, YEAR)
    if (blocks.sum(axis=1) <= 0).any():
        return {}
    shares = blocks / blocks.sum(axis=1, keepdims=True)
    windows = [np.roll(shares, -start, axis=1)[:, :SEASON].sum(axis=1) for start in range(YEAR)]
    start = int(np.argmax([window.min() for window in windows]))
    months = whole.index[-YEAR:]
    return {
        "season_years": years,
        "season_from": months[start],
        "season_to": months[(start + SEASON - 1) % YEAR],
        "season_low": float(windows[start].min()),
        "season_high": float(windows[start].max()),
    }
