"""Decisions at the limits of what is allowed, in every market: the books stay whole, and no lever runs away."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from crmkit.market import Campaign, Decision, Market, resized, scenario, scenarios
from crmkit.market.simulator.decision import POLICIES, TYPES

NAMES = scenarios()["name"].tolist()


def extreme(trade, luck: np.random.Generator) -> Decision:
    """A decision with every lever at the lowest or the highest that is allowed, or the status quo's own, by lot."""
    groups = list(trade.groups)

    def lever(low, high, named=groups):
        return {
            group: float(luck.choice([low, high])) for group in luck.choice(named, size=luck.integers(1, 3))
        }

    def one(low, high):
        return float(luck.choice([low, high, (low + high) / 2]))

    campaigns = tuple(
        Campaign(
            name=f"campaign {k}",
            discount=one(0, 0.9),
            contacts=one(0, 60),
            control_share=one(0, 1),
            newcomer_discount=one(0, 0.9),
            groups=tuple(luck.choice(groups, size=1)),
        )
        for k in range(luck.integers(0, 3))
    )
    return Decision(
        relationship={group: str(luck.choice(TYPES)) for group in luck.choice(groups, size=2)},
        contacts=None if luck.random() < 0.3 else lever(0, 60),
        contact_policy=str(luck.choice(POLICIES)),
        financial=lever(0, 0.5),
        social=lever(0, 1),
        structural=lever(0, 1),
        care=lever(0, 1e12, list(trade.tiers)),
        service_quality=one(0, 1),
        complaint_handling=one(0, 1),
        price=one(0.5, 2),
        acquisition_budget=one(0, 1e12),
        campaigns=campaigns,
    )


def require_whole_books(market: Market) -> None:
    """Identities of the accounts, in whole cents, and what no firm can have: negative contacts, costs, prices."""
    books, accounts = market.ledgers.books, market.ledgers.accounts
    sales, costs, contacts = books["transactions"], books["costs"], books["contacts"]
    goods = sales["unit_cost"] * sales["quantity"]
    money = accounts.drop(columns="month")
    assert np.isfinite(money.to_numpy()).all()
    cents = (money * 100).round().astype("int64").sum()
    assert cents["revenue"] == sales["amount"].sum() and cents["cost_of_goods"] == goods.sum()
    assert cents["programme_cost"] == costs["amount"].sum()
    assert cents["profit"] == cents["revenue"] - cents["cost_of_goods"] - cents["programme_cost"]
    item = dict(zip(market.ledgers.names["item"], np.bincount(costs["item"], costs["amount"], minlength=12)))
    calls = contacts["programme"] == 0
    assert (
        item["contacts"] == contacts["cost"][calls].sum()
        and item["campaigns"] == contacts["cost"][~calls].sum()
    )
    assert item["complaints"] == books["complaints"]["cost"].sum()
    assert item["cost_to_serve"] == books["customers"]["cost_to_serve"].sum()
    for ledger, column, least in (
        ("contacts", "contacts", 0),
        ("contacts", "cost", 0),
        ("complaints", "cost", 0),
        ("transactions", "amount", 1),
        ("transactions", "unit_cost", 0),
        ("transactions", "quantity", 1),
        ("costs", "amount", 1),
        ("customers", "cost_to_serve", 0),
    ):
        assert books[ledger][column].min(initial=least) >= least, (ledger, column)
    assert (
        contacts["contacts"].max(initial=0) < 60 * 25
    )  # of 60 planned, a customer worth four times the mean the most
    truth = market.truth.select_dtypes("float32")
    assert np.isfinite(truth.to_numpy()).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_decision_within_the_limits_breaks_the_books(name):
    """Twelve extreme decisions by lot, each for a quarter and one after the other, so that they meet odd states too."""
    trade = resized(scenario(name), customers=80)
    luck = np.random.default_rng(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            market = Market(trade, luck)
            for _ in range(4):
                market.step(extreme(trade, luck), months=3)
            require_whole_books(market)


@pytest.mark.parametrize("name", ["computer_maker", "double_11_shop", "industrial_group"])
def test_customers_sold_to_below_cost_are_contacted_as_those_who_bring_nothing(name):
    """Under "by_value" a score below 0 turned contacts negative, and a mean near 0 made billions of them."""
    trade = resized(scenario(name), customers=200)
    give_away = Decision(
        contacts=2.0,
        contact_policy="by_value",
        campaigns=(Campaign(name="gift", discount=0.9, contacts=0, newcomer_discount=0.9),),
    )
    for seed in range(4):
        market = Market(trade, np.random.default_rng(seed))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            books = market.step(give_away, months=24).books["contacts"]
        regular = books["contacts"][books["programme"] == 0]
        assert (market.truth["true_score"] < 0).mean() > 0.2  # the case is met
        assert regular.min() >= 0 and regular.max() <= 2 * 21 + 1
        assert regular.sum() / 24 < 3.5 * len(market.truth)  # two each as planned, of those on file
    require_whole_books(market)


def test_an_offer_uses_up_the_bargain_hunters_whom_a_year_makes_up_for():
    """Closed form: in the long run an offer every month brings a twelfth of the pool a month, however deep it is; one
    each November finds the pool full and brings 1 − exp(−5 · offer) of it."""
    trade = replace(
        scenario("double_11_shop"), customers=1, acquisition_per_month=0.0, promotion_customers=1200.0
    )

    def brought(offer, calendar_months=()):
        market = Market(trade, np.random.default_rng(5))
        decision = Decision(
            campaigns=(
                Campaign(
                    name="welcome", contacts=0, newcomer_discount=offer, calendar_months=calendar_months
                ),
            )
        )
        people = market.step(decision, months=48).customers
        joined = people.loc[people["source"] == "promotion", "joined"]
        return joined.dt.to_period("M").value_counts().sort_index()

    november = brought(0.3, (11,))
    assert november.index.month.tolist() == [11] * 4
    full = 1200 * (1 - np.exp(-1.5))
    assert np.abs(november - full).max() < 4 * full**0.5
    for offer in (0.1, 0.3, 0.9):
        always = brought(offer)
        assert always.iloc[0] == pytest.approx(1200 * (1 - np.exp(-5 * offer)), abs=4 * 1200**0.5)
        assert always.iloc[24:].mean() == pytest.approx(100, abs=4 * (100 / 24) ** 0.5)
