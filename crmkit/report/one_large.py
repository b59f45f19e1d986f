"""Facts of the few customers who bring much: who is silent as never before,
and what the others bring without the largest.
"""

import pandas as pd

from .describing import Log, called, days_bought

LARGE = 0.1  # share of revenue from which a customer's silence is worth a word of its own
KNOWN = 5  # intervals, at least, for their longest to say anything
LONGER = 1.25  # times the longest interval, from which a silence is no mere day more


def silence_facts(log: Log, whole: pd.Series) -> dict:
    """The largest of those with a tenth of revenue who have never been silent for so long; ``whole``:
    revenue by whole period.
    """
    if log.total <= 0:
        return {}
    repeat = log.repeat
    large = repeat[(repeat["revenue"] >= LARGE * log.total) & (repeat["frequency"] >= KNOWN)]
    gaps = days_bought(log).groupby("customer_id")["date"].diff().dt.days
    longest = gaps.groupby(days_bought(log)["customer_id"]).max()
    silence = large["days_since_last"] / large["customer_id"].map(longest).astype("float64")
    silent = large[silence >= LONGER].sort_values("revenue", ascending=False)
    if not len(silent):
        return {"large_silent": 0}
    first = silent.iloc[0]
    facts = {
        "large_silent": len(silent),
        "silent_customer": called(log, first["customer_id"]),
        "silent_share": float(first["revenue"]) / log.total,
        "silent_days": int(first["days_since_last"]),
        "silent_longest": int(longest[first["customer_id"]]),
    }
    if len(whole) >= 2:
        rows = log.transactions
        rest = rows[rows["customer_id"] != first["customer_id"]]
        by_period = rest["amount"].groupby(rest["date"].dt.to_period(whole.index.freqstr)).sum()
        before, last = by_period.reindex(whole.index[-2:], fill_value=0.0)
        facts |= {"before_full": whole.index[-2], "rest_last": float(last), "rest_before": float(before)}
    return facts


def segment_of_first(log: Log, scores: pd.DataFrame, segments: pd.DataFrame) -> dict:
    """The segment in which the largest customer stands, and what it brings without them."""
    first = log.customers.sort_values(["revenue", "customer_id"], ascending=[False, True]).iloc[0]
    own = scores.set_index("customer_id").at[first["customer_id"], "segment"]
    revenue = segments.set_index("segment").at[own, "revenue"]
    return {"first_segment": own, "first_segment_rest": float(revenue - first["revenue"])}
