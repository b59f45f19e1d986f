"""Bots play the game: python tests/benchmarks/market_bots.py [SEEDS] [CUSTOMERS] [SCENARIO …] [--search SEEDS].

Each bot is a policy: from what a manager sees (``crmkit.market.View``) to a decision. Some know nothing but the view
(do nothing, spend everywhere, the analysts), two know the trade as published (the matrix by the book, the sound
manager), and the search has the truth in hand. All meet the same markets and the same luck, seed by seed. Value is
profit and equity; score 0 is the status quo, 100 the search, over the seeds on which it was run (--search).
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd

from crmkit.core import intervals
from crmkit.market import (
    Campaign,
    Decision,
    Scenario,
    Trial,
    View,
    best_decision,
    carried_on,
    play,
    resized,
    scenario,
)
from crmkit.market.game.rules import QUARTERS, opened
from crmkit.market.simulator.ledgers import ids

Policy = Callable[[View], Decision]
_NOTE = (Campaign(name="newsletter", contacts=1),)
# what somebody who knows the trade as published would do, advertising for half the cap's cost; not tuned to the last
SOUND = {
    "appliance_club": Decision(
        contacts={"home_owners": 0.25}, social={"home_owners": 0.8}, complaint_handling=0.8, campaigns=_NOTE
    ),
    "computer_maker": Decision(
        relationship={"small_firms": "proactive"},
        social={"small_firms": 0.5},
        structural={"small_firms": 0.3},
        complaint_handling=0.8,
        campaigns=_NOTE,
    ),
    "double_11_shop": Decision(
        relationship={"club_members": "proactive"},
        contacts={"club_members": 0.8},
        social={"club_members": 0.7},
        service_quality=0.4,
        complaint_handling=0.8,
        campaigns=(
            *_NOTE,
            Campaign(name="double_11", contacts=1, newcomer_discount=0.3, calendar_months=(11,)),
        ),
    ),
    "fast_food_chain": Decision(
        social={"regulars": 0.5}, service_quality=0.4, complaint_handling=0.8, campaigns=_NOTE
    ),
    "household_hotline": Decision(
        relationship={"families": "reactive"},
        contacts={"families": 0.6},
        social={"families": 0.6},
        complaint_handling=0.8,
        campaigns=_NOTE,
    ),
    "industrial_group": Decision(
        relationship={"key_accounts": "partnership", "regional": "proactive"},
        contacts={"key_accounts": 3},
        social={"key_accounts": 0.8, "regional": 0.4},
        structural={"key_accounts": 0.6},
        service_quality=0.4,
        complaint_handling=0.8,
    ),
    "over_contacting_insurer": Decision(
        social={"families": 0.3}, service_quality=0.25, complaint_handling=0.8, campaigns=_NOTE
    ),
    "supplement_maker": Decision(
        relationship={"seniors": "proactive"},
        social={"seniors": 0.7},
        service_quality=0.4,
        complaint_handling=0.8,
        campaigns=_NOTE,
    ),
    "telecom": Decision(structural={"heavy_users": 0.5}, service_quality=0.25, campaigns=_NOTE),
}
# customers (many, medium, few) × margin an order (high, medium, low): Kotler's table as textbooks reproduce it
_MATRIX = {
    "many": ("accountable", "reactive", "basic"),
    "medium": ("proactive", "accountable", "reactive"),
    "few": ("partnership", "proactive", "accountable"),
}


# ---- trivial policies: one idea, held to whatever the books say ----------------------------------------------------


def spend_nothing(seen: View) -> Decision:
    return Decision(service_quality=0, complaint_handling=0)


def do_nothing(seen: View) -> Decision:
    return seen.standard


def _care(seen: View, share_of_scale: float) -> dict[str, float]:
    """A budget for each tier, so much a head of those who were there at the start."""
    heads = (seen.ledgers.books["customers"]["source"] == 0).sum()
    return {
        tier: share_of_scale * seen.facts["care_scale"] * share * heads
        for tier, share in seen.facts["tiers"].items()
    }


def _advertising(seen: View, share_of_cap: float) -> float:
    return share_of_cap * seen.facts["acquisition_cap"] * seen.facts["acquisition_cost"]


def maximum_everything(seen: View) -> Decision:
    """Every lever at its best-looking end, with a lavish budget."""
    return Decision(
        relationship="partnership",
        financial=0.1,
        social=1,
        structural=1,
        care=_care(seen, 2),
        service_quality=1,
        complaint_handling=1,
        acquisition_budget=_advertising(seen, 2),
        campaigns=(Campaign(name="always", discount=0.1, newcomer_discount=0.2),),
    )


def moderate_everywhere(seen: View) -> Decision:
    """A bit of everything for everybody, and no choice made."""
    return Decision(
        relationship="proactive",
        financial=0.03,
        social=0.5,
        structural=0.5,
        care=_care(seen, 0.5),
        service_quality=0.7,
        complaint_handling=0.8,
        acquisition_budget=_advertising(seen, 0.5),
        campaigns=(Campaign(name="always", contacts=1, newcomer_discount=0.1),),
    )


def newcomer_offers(seen: View) -> Decision:
    return replace(seen.standard, campaigns=(Campaign(name="welcome", contacts=0, newcomer_discount=0.3),))


def advertising_only(seen: View) -> Decision:
    return replace(seen.standard, acquisition_budget=_advertising(seen, 1))


def dearer(seen: View) -> Decision:
    return replace(seen.standard, price=1.1)


def harvest(seen: View) -> Decision:
    """As today, until the last quarter squeezes what it can."""
    return replace(spend_nothing(seen), price=1.15) if seen.quarter == seen.quarters else seen.standard


def book(trade: Scenario, *, full: int) -> Decision:
    """The published table of relationship types, by number of customers (``full`` in all) and margin an order."""
    types = {}
    for name, group in trade.segments.items():
        number, margin = (
            group.customer_share * full,
            group.unit_price * group.units_per_order * group.margin_rate,
        )
        row = "many" if number > 1500 else "medium" if number > 150 else "few"
        types[name] = _MATRIX[row][0 if margin > 300 else 1 if margin > 50 else 2]
    return Decision(relationship=types)


def sound(trade: Scenario) -> Decision:
    return replace(SOUND[trade.name], acquisition_budget=trade.acquisition_cap * trade.acquisition_cost / 2)


# ---- analysts, who know the books and the view's facts and nothing else -------------------------------------------


def _brought(seen: View, *, months: int = 3, since_served=0.0) -> np.ndarray:
    """What each customer brought in the last months, by number: margin less serving, contacts, complaints; currency."""
    books = seen.ledgers.books
    first = np.unique(books["costs"]["month"])[-months]
    total = since_served - books["customers"]["cost_to_serve"].astype(float)
    for ledger in (books[name] for name in ("transactions", "contacts", "complaints")):
        cents = (
            ledger["amount"] - ledger["unit_cost"] * ledger["quantity"]
            if "amount" in ledger
            else -ledger["cost"]
        )
        late = ledger["date"] >= first
        total += np.bincount(ledger["customer_id"][late], weights=cents[late], minlength=len(total))
    return total / 100


def _of(lever, segment: str, default=0.0):
    return (lever or {}).get(segment, (lever or {}).get("all", default))


def _planned(seen: View, d: Decision, segment: str) -> float:
    """Contacts a month that the decision gives a customer of the segment."""
    return _of(
        d.contacts, segment, seen.facts["types"][_of(d.relationship, segment, "basic")]["contacts_per_month"]
    )


def naive_analyst(seen: View) -> Decision:
    """Who was contacted more bought more, so contact pays: doubled where its slope is above its cost, halved elsewhere.

    The firm contacts good customers more because they are good: the slope is theirs and not the contact's.
    """
    books, d, contacts = seen.ledgers.books, seen.standard, {}
    late = books["contacts"]["date"] >= np.unique(books["costs"]["month"])[-3]
    cost = (
        np.bincount(
            books["contacts"]["customer_id"][late],
            weights=books["contacts"]["cost"][late],
            minlength=len(books["customers"]["segment"]),
        )
        / 100
    )
    margin = _brought(seen) + cost
    for k, segment in enumerate(seen.facts["segments"]):
        spent = cost[own := books["customers"]["segment"] == k]
        slope = np.cov(spent, margin[own])[0, 1] / max(spent.var(ddof=1), 1e-9)
        contacts[segment] = (
            min(2 * _planned(seen, d, segment), 20) if slope > 1 else _planned(seen, d, segment) / 2
        )
    return replace(d, contacts=contacts)


def _fewer_contacts(seen: View, d: Decision, segment: str) -> Decision:
    return replace(d, contacts={**(d.contacts or {}), segment: _planned(seen, d, segment) / 4})


def _no_frills(seen: View, d: Decision, segment: str) -> Decision:
    return replace(
        d,
        relationship={**d.relationship, segment: "basic"},
        contacts={**(d.contacts or {}), segment: min(_planned(seen, d, segment), 0.3)},
    )


def _a_club(seen: View, d: Decision, segment: str) -> Decision:
    return replace(d, social={**d.social, segment: 0.5})


def _proactive(seen: View, d: Decision, segment: str) -> Decision:
    kind = seen.facts["types"]["proactive"]
    return replace(
        d,
        relationship={**d.relationship, segment: "proactive"},
        contacts={**(d.contacts or {}), segment: kind["contacts_per_month"]},
    )


def _ties(seen: View, d: Decision, segment: str) -> Decision:
    return replace(d, structural={**d.structural, segment: 0.4})


def _put_right(seen: View, d: Decision, segment: str) -> Decision:
    return replace(d, complaint_handling=0.8)


def _plain_service(seen: View, d: Decision, segment: str) -> Decision:
    return replace(d, service_quality=0.6 * d.service_quality)


class Experimenter:
    """One trial a quarter: half of the customers, drawn by lot, try an idea; what brings more than it costs is kept.

    An idea is tried in all segments at once and judged in each by itself, but for what can only be done for all. What
    counts is what a customer brought, set against the quarter before, so that the lot of heavy and light buyers does
    not blur it; less what the idea costs a head; and where a contract shows who left, what a customer is worth for each
    departure. Advertising goes to where one more customer costs what a customer is worth.
    """

    PLAN = (
        (_no_frills, True),
        (_fewer_contacts, True),
        (_a_club, True),
        (_proactive, True),
        (_ties, True),
        (_put_right, False),
        (_plain_service, False),
    )  # an idea, and whether a segment can have it by itself

    def __init__(self, seed: int, *, confidence: float = 0.5):
        self.rng, self.confidence, self.served = np.random.default_rng([seed, 77]), confidence, None
        self.standard = self.held_out = self.before = None

    def __call__(self, seen: View) -> Decision:
        served = seen.ledgers.books["customers"]["cost_to_serve"].astype(float)
        if self.served is not None:
            now = _brought(seen, since_served=np.r_[self.served, np.zeros(len(served) - len(self.served))])
            if self.held_out is not None:
                self._judge(seen, now)
        else:  # what customers are worth is read once, from the year before the play
            self.standard, self.worth, now = seen.standard, _lifetime_value(seen), _brought(seen)
        self.served, self.before = served, now
        gain = self.worth / seen.facts["acquisition_cost"]
        self.standard = replace(
            self.standard, acquisition_budget=_advertising(seen, min(np.log(max(gain, 1)), 2))
        )
        self.held_out = None
        if seen.quarter > len(self.PLAN) or seen.quarter == seen.quarters:
            return self.standard
        people = np.flatnonzero(seen.ledgers.books["customers"]["left_on"] > 10**6)  # a day that has not come
        self.held_out = self.rng.random(len(now)) < 0.5
        new = self.standard
        for segment in seen.facts["segments"]:
            new = self.PLAN[seen.quarter - 1][0](seen, new, segment)
        return replace(
            new, trial=Trial(standard=self.standard, held_out=tuple(ids(people[self.held_out[people]], "C")))
        )

    def _judge(self, seen: View, now: np.ndarray) -> None:
        """Take the idea of the last quarter into the standard wherever it paid."""
        idea, by_segment = self.PLAN[seen.quarter - 2]
        people, known, old = seen.ledgers.books["customers"], len(self.held_out), self.standard
        there = people["left_on"][:known] >= np.unique(seen.ledgers.books["costs"]["month"])[-3]
        slope = np.cov(now[:known], self.before)[0, 1] / max(self.before.var(), 1e-9)
        result = now[:known] - slope * self.before - self.worth * (people["left_on"][:known] < 10**6)
        new = seen.standard
        parts = [(segment,) for segment in seen.facts["segments"]] if by_segment else [seen.facts["segments"]]
        for part in parts:
            codes = [seen.facts["segments"].index(segment) for segment in part]
            own = there & np.isin(people["segment"][:known], codes)
            if min((own & self.held_out).sum(), (own & ~self.held_out).sum()) < 2:
                continue
            dearer_by = _a_head(seen, new, part[0]) - _a_head(seen, old, part[0])
            found = intervals.difference_of_means(
                result[own & ~self.held_out],
                result[own & self.held_out],
                plus=-dearer_by,
                confidence=self.confidence,
            )
            if found.low > 0:
                for segment in part:
                    self.standard = idea(seen, self.standard, segment)


def _a_head(seen: View, d: Decision, segment: str) -> float:
    """What a customer of the segment costs a quarter by the decision, whatever they do; currency."""
    f = seen.facts
    club, ties = _of(d.social, segment), _of(d.structural, segment)
    return 3 * (
        f["types"][_of(d.relationship, segment, "basic")]["cost_per_month"]
        + f["social_cost"] * club**2
        + f["structural_cost"] * ties**2
        + f["quality_cost"] * d.service_quality**2
    )


def _lifetime_value(seen: View) -> float:
    """Of those there at the start: what half a year brought, and the share of it that the next half still did."""
    first = seen.ledgers.books["customers"]["source"] == 0
    year, late = (_brought(seen, months=n)[first].mean() for n in (12, 6))
    # serving is counted in both in full, so half of it is put back into the later half
    late += seen.ledgers.books["customers"]["cost_to_serve"][first].mean() / 200
    kept = min(max(late / max(year - late, 1e-9), 0.3), 0.9)
    return max(year - late, 0.0) / (1 - kept / 1.05)


# ---- the contest --------------------------------------------------------------------------------------------------

BOTS: dict[str, Callable[[Scenario, int, int], Policy]] = {
    "status quo": lambda trade, full, seed: do_nothing,
    "spend nothing": lambda trade, full, seed: spend_nothing,
    "maximum everything": lambda trade, full, seed: maximum_everything,
    "moderate everywhere": lambda trade, full, seed: moderate_everywhere,
    "newcomer offers": lambda trade, full, seed: newcomer_offers,
    "advertising only": lambda trade, full, seed: advertising_only,
    "advertising threefold": lambda trade, full, seed: (
        lambda seen: replace(seen.standard, acquisition_budget=_advertising(seen, 3))
    ),
    "price +10 %": lambda trade, full, seed: dearer,
    "harvest at the end": lambda trade, full, seed: harvest,
    "matrix by the book": lambda trade, full, seed: lambda seen: book(trade, full=full),
    "naive analyst": lambda trade, full, seed: naive_analyst,
    "experimental analyst": lambda trade, full, seed: Experimenter(seed),
    "sound manager": lambda trade, full, seed: lambda seen: sound(trade),
}
TRIVIAL = tuple(BOTS)[:10]


def games(
    name: str, seed: int, *, customers: int, bots=tuple(BOTS), search: bool = False
) -> dict[str, tuple]:
    """Value and CPU seconds of each bot in the game of this seed (level normal)."""
    full = scenario(name).customers
    trade = resized(scenario(name), customers=min(customers, full))
    found = {}
    for bot in bots:
        began = time.process_time()
        found[bot] = (
            play(trade, policy=BOTS[bot](trade, full, seed), seed=seed).value,
            time.process_time() - began,
        )
    if search:
        began = time.process_time()
        market = opened(trade, seed=seed)
        value = carried_on(market, best_decision(market), quarters=QUARTERS).value
        found["search"] = value, time.process_time() - began
    return found


def contest(
    name: str, *, seeds: int, customers: int, bots=tuple(BOTS), searches: int = 0, processes: int = 1
):
    """Values and CPU seconds, a row a seed and a column a bot; ``search`` is missing beyond its seeds."""
    jobs = dict(customers=customers, bots=bots)
    if processes == 1:
        rows = [games(name, seed, search=seed < searches, **jobs) for seed in range(seeds)]
    else:
        with ProcessPoolExecutor(processes) as pool:
            rows = [
                job.result()
                for job in [
                    pool.submit(games, name, seed, search=seed < searches, **jobs) for seed in range(seeds)
                ]
            ]
    values, seconds = (
        pd.DataFrame([{bot: cell[k] for bot, cell in row.items()} for row in rows]) for k in (0, 1)
    )
    return values, seconds


def table(values: pd.DataFrame, seconds: pd.DataFrame) -> pd.DataFrame:
    """A row a bot: ``value`` (mean), ``to_sound`` (paired difference to the sound manager) and its standard error, in
    thousands; share of seeds above the sound manager; on the seeds searched, ``score`` and share above the search."""
    searched = values.dropna() if "search" in values else values[:0].assign(search=0.0)
    scale = (searched["search"] - searched["status quo"]).mean()
    rows = []
    for bot, own in values.items():
        lead = (own - values["sound manager"]).dropna()
        rows.append(
            {
                "bot": bot,
                "value": own.mean() / 1000,
                "score": 100 * (searched[bot] - searched["status quo"]).mean() / scale,
                "to_sound": lead.mean() / 1000,
                "se": lead.std(ddof=1) / len(lead) ** 0.5 / 1000,
                "above_sound": (lead > 0).mean(),
                "above_search": (searched[bot] > searched["search"]).mean(),
                "cpu": seconds[bot].mean(),
            }
        )
    return pd.DataFrame(rows).set_index("bot")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("seeds", nargs="?", type=int, default=20)
    asked.add_argument("customers", nargs="?", type=int, default=400)
    asked.add_argument("scenarios", nargs="*", default=list(SOUND))
    asked.add_argument("--search", type=int, default=0, help="seeds on which the search is run too")
    a = asked.parse_args()
    for name in a.scenarios:
        began = time.perf_counter()
        values, seconds = contest(name, seeds=a.seeds, customers=a.customers, searches=a.search, processes=2)
        print(
            f"\n{name}: {a.seeds} seeds, search on {min(a.search, a.seeds)}, at most {a.customers} customers, "
            f"{seconds.sum().sum():.0f} s CPU, {time.perf_counter() - began:.0f} s"
        )
        print(table(values, seconds).to_string(float_format="{:,.2f}".format), flush=True)


if __name__ == "__main__":
    main()
