"""Facts of behaviour, and the lists that follow: segments, whose silence is unusual, and who pays late."""

import numpy as np
import pandas as pd

from crmkit.customer_pyramid.pyramid import Pyramid
from crmkit.customer_pyramid.segments import name_segments, rfm_scores

from .describing import CONTACTS, REGULAR, Log, contacts_of

LEAST_INTERVALS = 5  # of a customer, for their usual interval to say anything
# segments of which is said that they are away
AWAY = ("at_risk", "cant_lose", "about_to_sleep", "hibernating", "lost")
ALL_ARE_LOOKED_AT = 100  # in a file of fewer customers everybody is worth a look, and not only the top
LATE = 1.5  # usual intervals after which a regular payment is late
ENDED = 3  # usual intervals after which it has probably ended


# ---- segments


def scores_of(log: Log, *, bins: int) -> pd.DataFrame:
    return name_segments(rfm_scores(log.buyers, bins=bins), bins=bins)


def segments_table(log: Log, scores: pd.DataFrame) -> pd.DataFrame:
    """A row per segment: customers, revenue, their shares, and days since the last purchase in the middle."""
    named = log.buyers.merge(scores, on="customer_id", validate="one_to_one")
    table = named.groupby("segment").agg(
        customers=("customer_id", "count"),
        revenue=("revenue", "sum"),
        days_since_last=("days_since_last", "median"),
    )
    table = table.sort_values("revenue", ascending=False).reset_index()
    table["days_since_last"] = table["days_since_last"].round().astype(int)
    table.insert(2, "customer_share", table["customers"] / len(named))
    table.insert(4, "value_share", table["revenue"] / log.total)
    return table


def segment_facts(segments: pd.DataFrame) -> dict:
    largest = segments.loc[segments["customers"].idxmax()]
    richest = segments.iloc[0]
    return {
        "largest": largest["segment"],
        "largest_customers": int(largest["customers"]),
        "largest_share": float(largest["customer_share"]),
        "richest": richest["segment"],
        "largest_is_richest": int(largest["segment"] == richest["segment"]),
        "richest_share": float(richest["value_share"]),
    }


def row_facts(row, *, gap: int) -> dict:
    """What a sentence about one segment rests on; ``row`` is one of ``segments_table``."""
    return {
        "segment": row.segment,
        "segment_customers": row.customers,
        "segment_silence": row.days_since_last,
        "silence_times": row.days_since_last / gap,
        "is_away": int(row.segment in AWAY),
    }


# ---- whose silence is unusual


def silence_chance(intervals, days_of_intervals, silence):
    """The chance of a silence longer than this one, at a pace that is known only from these intervals.

    Purchases come at random (exponential intervals); with x intervals in t days and a vague prior on the pace, a silence of
    more than s days has the predictive chance (1 + s/t)^−x.

    >>> [round(float(silence_chance(x, x, 3)), 3) for x in (1, 2, 5, 10_000)]  # three mean intervals; the last is e^-3
    [0.25, 0.16, 0.095, 0.05]
    """
    return (1 + np.asarray(silence) / np.asarray(days_of_intervals)) ** -np.asarray(intervals, dtype=float)


def looked_at(log: Log, *, top: float) -> pd.DataFrame:
    """The customers whose usual interval is known well enough, with the chance of their silence."""
    repeat = log.repeat
    valued = repeat[repeat["revenue"] > 0]
    if len(log.customers) >= ALL_ARE_LOOKED_AT:
        border = log.customers["revenue"].quantile(1 - top)
        valued = valued[valued["revenue"] >= border]
    known = valued[valued["frequency"] >= LEAST_INTERVALS]
    chance = silence_chance(known["frequency"], known["t_x"], known["days_since_last"])
    return known.assign(silence_chance=chance)


def call_facts(seen: pd.DataFrame, *, chance: float, calls: int) -> dict:
    silent = seen[seen["silence_chance"] < chance]
    by_chance = chance * len(seen)
    # more of them than chance would list, or some so improbable that not even one in all these would be expected
    beyond = len(silent) - by_chance - 2 * float(np.sqrt(by_chance))
    surely = int((silent["silence_chance"] < chance / max(1, len(seen))).sum())
    listed = _by_revenue(silent).head(calls)
    return {
        "looked_at": len(seen),
        "chance": chance,
        "silent": len(silent),
        "by_chance": max(1, round(by_chance)),
        "silent_surely": surely,
        "silent_beyond_chance": max(beyond, surely),
        "call_customers": len(listed),
        "call_more": len(silent) - len(listed),
    }


def silent_half_facts(log: Log, seen: pd.DataFrame, *, half: int, chance: float) -> dict:
    """Of the ``half`` customers who brought half of revenue: how many are unusually silent, and how long the largest is."""
    largest = _by_revenue(log.customers)["customer_id"].head(half)
    silent = seen[(seen["silence_chance"] < chance) & seen["customer_id"].isin(largest)]
    facts = {"half_silent": len(silent)}
    if len(silent):
        facts["half_silent_days"] = int(_by_revenue(silent)["days_since_last"].iloc[0])
    return facts


def silent_top_facts(tiers: Pyramid, seen: pd.DataFrame, *, chance: float) -> dict:
    """How many of the two top tiers are unusually silent."""
    top = tiers.assignments["tier"].isin(tiers.tiers["tier"][:2])
    silent = seen.loc[seen["silence_chance"] < chance, "customer_id"]
    return {"top_two_silent": int(silent.isin(tiers.assignments.loc[top, "customer_id"]).sum())}


def call_table(log: Log, seen: pd.DataFrame, *, chance: float, calls: int) -> pd.DataFrame:
    """Whom to get in touch with, the largest first, with their contact columns."""
    silent = seen[seen["silence_chance"] < chance]
    return _listed(log, _by_revenue(silent).head(calls), more=["silence_chance"])


def late_payers(log: Log, spread: pd.DataFrame) -> pd.DataFrame:
    """Who pays at regular intervals and is past one and a half of them."""
    regular = spread.loc[spread["spread"] <= REGULAR, "customer_id"]
    repeat = log.repeat
    regular = repeat[repeat["customer_id"].isin(regular)]
    return regular[regular["days_since_last"] > LATE * regular["usual_interval"]]


def late_facts(late: pd.DataFrame) -> dict:
    recent = late["days_since_last"] < ENDED * late["usual_interval"]
    return {
        "late_customers": len(late),
        "late_recent": int(recent.sum()),
        "late_revenue": round(float(late["revenue"].sum()), 2),
    }


def late_table(log: Log, late: pd.DataFrame) -> pd.DataFrame:
    return _listed(log, _by_revenue(late))


def _by_revenue(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.sort_values(["revenue", "customer_id"], ascending=[False, True])


def _listed(log: Log, customers: pd.DataFrame, *, more: list[str] | None = None) -> pd.DataFrame:
    table = customers.merge(contacts_of(log), on="customer_id", how="left")
    table = table.round({"usual_interval": 0}).astype({"days_since_last": int, "usual_interval": int})
    shown = ["customer_id", *CONTACTS, "revenue", "purchases", "last_purchase", "days_since_last"]
    shown += ["usual_interval", *(more or [])]
    return table[[name for name in shown if name in table]]
