"""Markets made for one question each, and what an analyst reads in their ledgers, beside the truth that made them."""

from dataclasses import replace

import numpy as np
import pandas as pd

import crmkit
from crmkit.market import Campaign, Decision, Market, scenario


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain(*, customers: int, setting: str = "noncontractual", arrival_months: int = 0, **traits):
    """The record shop, whose customers answer to nothing, with other rates: one segment and the bare processes."""
    shop = scenario("record_shop")
    segments = {"buyers": replace(shop.segments["buyers"], **traits)}
    return replace(
        shop, customers=customers, setting=setting, arrival_months=arrival_months, segments=segments
    )


def one_segment(name: str, segment: str, *, customers: int, **changes):
    """A market of one of its segments only, with nobody joining: effects are then of policy alone."""
    s = scenario(name)
    traits = {k: changes.pop(k) for k in list(changes) if k in vars(s.segments[segment])}
    segments = {segment: replace(s.segments[segment], customer_share=1.0, referrals_per_year=0.0, **traits)}
    closed = {"acquisition_per_month": 0.0, "acquisition_cap": 0.0, "status_quo": Decision()}
    return replace(s, customers=customers, segments=segments, **closed, **changes)


def purchases(market: Market, *, months: int, decision=Decision()) -> np.ndarray:
    bought = market.step(decision, months=months).transactions["customer_id"].value_counts()
    return market.truth["customer_id"].map(bought).fillna(0).to_numpy()


def slopes(policy: str, seed: int) -> tuple[float, float]:
    """Purchases a month on contacts a month, as an analyst would regress them; and the true slope, from twins."""
    s = one_segment(
        "household_hotline",
        "families",
        customers=5000,
        lapse_per_month=0.0,
        contact_need=3.0,
        contact_tolerance=4.0,
        file_months=120,
    )  # else those who buy nothing drop off the file, which confounds the lottery again
    contacts = 1.0
    market = Market(s, rng(seed))
    market.step(Decision(contacts=0.0), months=6)

    def sales(twin, decision):
        return purchases(twin, months=6, decision=decision) / 6

    twins = {c: sales(market.copy(), Decision(contacts=c)).mean() for c in (0.5, 1.5)}
    books = market.step(Decision(contacts=contacts, contact_policy=policy), months=6)
    people = books.customers["customer_id"]
    bought = people.map(books.transactions["customer_id"].value_counts()).fillna(0) / 6
    called = people.map(books.contacts.groupby("customer_id")["contacts"].sum()).fillna(0) / 6
    return np.polyfit(called, bought, 1)[0], twins[1.5] - twins[0.5]


def uplifts(seeds: int) -> pd.DataFrame:
    """A campaign with half the customers held out: what ``uplift`` finds in orders a head, and the truth from twins."""
    s = one_segment("double_11_shop", "club_members", customers=1500, pull_forward=0.0)
    offer = Campaign(name="offer", discount=0.15, contacts=2.0, control_share=0.5)
    rows = []
    for seed in range(seeds):
        market = Market(s, rng(seed))
        for_all, for_none = (
            Decision(campaigns=(replace(offer, control_share=share),)) for share in (0.0, 1.0)
        )
        all_, none = (
            purchases(market.copy(), months=1, decision=decision) for decision in (for_all, for_none)
        )
        books = market.step(Decision(campaigns=(offer,)))
        mailed = books.contacts.set_index("customer_id")["arm"]
        bought = mailed.index.to_series().map(books.transactions["customer_id"].value_counts()).fillna(0)
        outcomes = pd.DataFrame({"group": mailed.to_numpy(), "outcome": bought.to_numpy()})
        rows.append(
            crmkit.uplift(outcomes).iloc[0][["uplift", "uplift_low", "uplift_high", "treated_mean"]].tolist()
            + [(all_ - none).mean()]
        )
    found = pd.DataFrame(rows, columns=["value", "low", "high", "naive", "truth"])
    return found.assign(
        truth=found["truth"].mean()
    )  # the market's own effect; the twins of one seed share its luck


PLANS = np.array([0, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6])  # contacts a month


def contact_market(**changes):
    """Seniors who want company, with nobody leaving and nobody dropped from the file: what contact does alone."""
    return one_segment(
        "supplement_maker",
        "seniors",
        customers=3000,
        lapse_per_month=0.0,
        carryover=0.0,
        file_months=120,
        **changes,
    )


def sold(s) -> np.ndarray:
    """Purchases under each of PLANS in truth: markets of the same luck, the same number of contacts for everybody."""
    crowd = replace(s, customers=10_000)
    return np.array(
        [
            purchases(Market(crowd, rng(100)), months=6, decision=Decision(contacts=x)).mean()
            for x in PLANS.tolist()
        ]
    )


def fitted(s, policy: str, seed: int) -> pd.Series:
    """What the kit's response model reads in half a year of this market's ledgers."""
    books = Market(s, rng(seed)).step(Decision(contacts=3.0, contact_policy=policy), months=6)
    people = books.customers["customer_id"]
    table = pd.DataFrame(
        {
            "customer_id": people,
            "contacts": people.map(books.contacts.groupby("customer_id")["contacts"].sum()).fillna(0) / 6,
            "response": people.map(books.transactions["customer_id"].value_counts()).fillna(0),
        }
    )
    return crmkit.fit_contact_response(table, margin_per_response=100.0, cost_per_contact=10.0).segments.iloc[
        0
    ]


CASES = {"as it is": {}, "drift": {"taste_drift": 0.08}, "cliff": {"response_shape": "cliff"}}
