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
# segments of which is said that they have come back several times
OFTEN = ("cant_lose", "loyal", "at_risk")
ONCE_MORE = 2  # purchases of the median customer, with which nobody has come back several times
ALMOST_AWAY = "about_to_sleep"  # whoever has long been away is no longer about to
AWAY_FROM = 2  # usual intervals after which somebody is away
GONE_FROM = 3  # usual intervals after which nobody is still buying
UNNAMED = "no_segment"
YEAR_DAYS = 365  # of silence, after which somebody is probably gone
LATE = 1.5  # usual intervals after which a regular payment is late
ENDED = 3  # usual intervals after which it has probably ended


# ---- segments


def scores_of(log: Log, *, bins: int, gap: int) -> pd.DataFrame:
    """The scores and segments of the buyers, without the names that the group's own days and purchases contradict."""
    scores = name_segments(rfm_scores(log.buyers, bins=bins), bins=bins)
    groups = log.buyers.merge(scores, on="customer_id", validate="one_to_one").groupby("segment")
    silence = groups["days_since_last"].median().round() / gap
    away = silence.index.isin(AWAY)
    may_be_gone = away & (silence.index != ALMOST_AWAY)
    wrong = (away & (silence < AWAY_FROM)) | (~may_be_gone & (silence > GONE_FROM))
    wrong |= silence.index.isin(OFTEN) & (groups["purchases"].median() <= ONCE_MORE)
    return scores.assign(
        segment=scores["segment"].mask(scores["segment"].isin(silence.index[wrong]), UNNAMED)
    )


def unnamed_facts(scores: pd.DataFrame) -> dict:
    """What part of the buyers no name fits."""
    return {"unnamed_share": float((scores["segment"] == UNNAMED).mean())}


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
    named = segments[segments["segment"] != UNNAMED]
    largest = named.loc[named["customers"].idxmax()]
    richest = named.iloc[0]
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
        "is_named": int(row.segment != UNNAMED),
    }


# ---- whose silence is unusual


def silence_chance(intervals, days_of_intervals, silence):
    """The chance of a silence longer than this one, at a pace that is known only from these intervals.

    Purchases come at random (exponential intervals); with x intervals in t days and a vague prior on the pace, a
    silence of more than s days has the predictive chance (1 + s/t)^−x.

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
    listed = min(calls, len(silent))
    return {
        "looked_at": len(seen),
        "chance": chance,
        "silent": len(silent),
        "by_chance": max(1, round(by_chance)),
        "silent_surely": surely,
        "silent_beyond_chance": max(beyond, surely),
        "call_customers": listed,
        "call_more": len(silent) - listed,
        "call_long": int((silent["days_since_last"] > YEAR_DAYS).sum()),
    }


def silent_half_facts(log: Log, seen: pd.DataFrame, *, half: int, chance: float) -> dict:
    """Of the ``half`` customers who brought half of revenue: how many are unusually silent,
    and how long the largest is.
    """
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


def call_table(log: Log, seen: pd.DataFrame, *, chance: float) -> pd.DataFrame:
    """Whom to get in touch with, those first who are likeliest to come back, with their contact columns.

    That is, those whose silence is the shortest against their own interval; last, those silent for more than a year.
    """
    silent = seen[seen["silence_chance"] < chance]
    surely = silent["silence_chance"] < chance / max(1, len(seen))
    silent = silent.assign(
        surely_silent=np.where(surely, "★", ""),
        gone=silent["days_since_last"] > YEAR_DAYS,
        times=silent["days_since_last"] / silent["usual_interval"],
    )
    ordered = silent.sort_values(["gone", "times", "customer_id"])
    return _listed(log, ordered, more=["silence_chance", "surely_silent"])


def late_payers(log: Log, spread: pd.DataFrame) -> pd.DataFrame:
    """Who pays at regular intervals and is past one and a half of them."""
    regular = spread[spread["spread"] <= REGULAR]
    regular = log.repeat.drop(columns="usual_interval").merge(regular, on="customer_id")
    silence = (log.last_day - regular["last"]).dt.days
    regular = regular.assign(
        usual_interval=regular["mean"], last_purchase=regular["last"], days_since_last=silence
    )
    return regular[silence > LATE * regular["usual_interval"]]


def late_facts(late: pd.DataFrame) -> dict:
    recent = late["days_since_last"] < ENDED * late["usual_interval"]
    return {
        "late_customers": len(late),
        "late_recent": int(recent.sum()),
        "late_revenue": round(float(late["revenue"].sum()), 2),
    }


def late_table(log: Log, late: pd.DataFrame) -> pd.DataFrame:
    return _listed(log, late.sort_values(["days_since_last", "customer_id"]))


def _by_revenue(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.sort_values(["revenue", "customer_id"], ascending=[False, True])


def _listed(log: Log, customers: pd.DataFrame, *, more: list[str] | None = None) -> pd.DataFrame:
    table = customers.merge(contacts_of(log), on="customer_id", how="left")
    table = table.round({"usual_interval": 0}).astype({"days_since_last": int, "usual_interval": int})
    shown = ["customer_id", *CONTACTS, "revenue", "purchases", "last_purchase", "days_since_last"]
    shown += ["usual_interval", *(more or [])]
    return table[[name for name in shown if name in table]]
