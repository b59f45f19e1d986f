"""Trials in the simulated market: who gets what, what couples the two arms, and that the check finds the truth."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import difference
from crmkit.market import Campaign, Decision, Market, Trial, replay, scenario
from crmkit.market.simulator.ledgers import COLUMNS, numbers

LEDGERS = tuple(COLUMNS)
OLD = Decision(
    relationship={"all": "basic", "gold": "reactive"},
    contact_policy="randomised",
    contacts={"all": 1.0},
    financial=0.01,
    service_quality=0.4,
    campaigns=(Campaign(name="letters", control_share=0.5),),
)
NEW = Decision(
    relationship={"all": "proactive", "gold": "partnership"},
    contact_policy="by_value",
    financial={"gold": 0.05},
    social=1.0,
    structural=0.5,
    care={"gold": 2000.0},
    service_quality=0.8,
    complaint_handling=0.9,
    price=0.95,
    acquisition_budget=3000.0,
    campaigns=(
        Campaign(name="spring", discount=0.1, control_share=0.3, newcomer_discount=0.2),
        Campaign(name="club_day"),
    ),
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def begun(name: str, *, seed: int = 1, months: int = 3, before: Decision | None = None, **changes) -> Market:
    """A market under way, of 300 customers, so that there is somebody to hold out."""
    s = replace(scenario(name), **{"customers": 300, **changes})
    market = Market(s, rng(seed))
    market.step(before or s.status_quo, months=months)
    return market


def drawn(market: Market, share: float = 0.5, *, seed: int = 9) -> tuple[str, ...]:
    """Customers on the firm's books, held out at random."""
    known = market.ledgers.customers["customer_id"]
    return tuple(known[rng(seed).random(len(known)) < share])


def on_trial(new: Decision, standard: Decision, held_out) -> Decision:
    return replace(new, trial=Trial(standard=standard, held_out=held_out))


def same(one, other) -> None:
    """Equal to the cent and the day."""
    for ledger in LEDGERS:
        pd.testing.assert_frame_equal(getattr(one, ledger), getattr(other, ledger), check_exact=True)


def per_customer(market: Market, decision: Decision, customers, *, months: int = 3) -> np.ndarray:
    """Purchases in the quarter of each of the customers, 0 for who bought nothing."""
    bought = market.step(decision, months=months).transactions["customer_id"].value_counts()
    return bought.reindex(customers, fill_value=0).to_numpy()


# ---- sameness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["double_11_shop", "over_contacting_insurer", "appliance_club", "telecom"])
@pytest.mark.parametrize("decision", [OLD, NEW], ids=["old", "new"])
def test_a_trial_of_the_standard_against_itself_changes_nothing(name, decision):
    """Begun anew, and in the middle of a randomised policy: nobody's luck is drawn again."""
    for before in (None, decision):
        market = begun(name, before=before)
        twin = market.copy()
        same(
            market.step(on_trial(decision, decision, drawn(market)), months=4), twin.step(decision, months=4)
        )
        pd.testing.assert_frame_equal(market.truth, twin.truth, check_exact=True)


@pytest.mark.parametrize("name", ["double_11_shop", "over_contacting_insurer"])
def test_a_trial_of_nobody_and_one_of_everybody_are_no_trial(name):
    """With nobody held out it is the decision; with everybody it is the standard, but for what is the firm's alone."""
    market = begun(name)
    same(market.copy().step(on_trial(NEW, OLD, ()), months=4), market.copy().step(NEW, months=4))
    firm = replace(NEW, acquisition_budget=0.0, campaigns=(Campaign(name="spring"),))
    closed = replace(
        market.scenario,
        acquisition_per_month=0.0,
        segments={
            key: replace(part, referrals_per_year=0.0) for key, part in market.scenario.segments.items()
        },
    )
    market = Market(closed, rng())
    market.step(OLD, months=3)
    everybody = tuple(market.ledgers.customers["customer_id"])
    one, other = (market.copy().step(d, months=4) for d in (on_trial(firm, OLD, everybody), OLD))
    same(one, other)


def test_a_trial_is_the_same_in_twelve_steps_in_one_in_a_copy_and_in_a_replay():
    market = begun("appliance_club", before=OLD)
    decision = on_trial(NEW, OLD, drawn(market))
    whole, parts, twin = market.copy(), market.copy(), market.copy()
    whole.step(decision, months=12)
    for _ in range(12):
        parts.step(decision)
    twin.step(decision, months=5)
    same(whole.ledgers, parts.ledgers)
    pd.testing.assert_frame_equal(whole.truth, parts.truth, check_exact=True)
    assert whole.decisions == parts.decisions == [(OLD, 3), (decision, 12)] and market.decisions == [(OLD, 3)]
    twin.copy().step(NEW, months=2)
    twin.step(decision, months=7)
    same(whole.ledgers, twin.ledgers)
    saved = json.loads(json.dumps([[d.record(), months] for d, months in whole.decisions]))
    again = replay(whole.scenario, rng(), [(Decision.from_record(d), months) for d, months in saved])
    same(whole.ledgers, again.ledgers)
    same(whole.step(OLD, months=2), again.step(OLD, months=2))


def test_a_decision_keeps_its_trial_in_json_and_without_one_its_record_is_as_before():
    decision = on_trial(NEW, OLD, ("C00000004", "C00000002"))
    assert Decision.from_record(json.loads(json.dumps(decision.record()))) == decision
    assert "trial" not in NEW.record() and decision.arms == (NEW, OLD) and NEW.arms == (NEW,)
    assert decision.groups() == {"all", "gold"}
    assert on_trial(NEW, replace(OLD, social={"platinum": 1.0}), ()).groups() == {"all", "gold", "platinum"}


def test_a_hundred_thousand_customers_held_out_are_read_from_their_names():
    names = tuple(f"C{7 * k:08}" for k in range(100_000))
    trial = Trial(standard=OLD, held_out=names)
    assert (trial.numbers == 7 * np.arange(100_000)).all() and trial.numbers is trial.numbers
    assert Decision.from_record(replace(NEW, trial=trial).record()).trial == trial
    assert (
        numbers(
            [
                "C00000299",
                "c00000299",
                "C000000299",
                "C0000029",
                "C-0000001",
                "C1e000000",
                None,
                "",
                "C٠٠٠٠٠٠٠١",
            ]
        ).tolist()
        == [299] + [-1] * 8
    )


# ---- twins ---------------------------------------------------------------------------------------------------------

# What couples customers, in a trial as in any year: the club's dilution (the fewer members, the finer), the tiers and
# the policy by_value (both by rank or mean of the whole file), referrals and other newcomers (who count in the tiers),
# the months that rivals have had to imitate a rebate, and the order in which the month's days and prices are drawn.
# The market below has none of them but the last, which moves only the day; so has every lever of the two decisions.
LONE = {"social_dilution": 0.0, "price_noise": 0.0, "tiers": {"gold": 1.0}, "acquisition_per_month": 0.0}
LONE_OLD = replace(OLD, financial=0.0, complaint_handling=0.2)
LONE_NEW = replace(
    NEW,
    contact_policy="randomised",
    care=0.0,
    acquisition_budget=0.0,
    campaigns=(Campaign(name="spring", discount=0.1, control_share=0.3), Campaign(name="club_day")),
)


def without_days(ledger: str, books, customers) -> pd.DataFrame:
    """The rows of these customers, a month each, in a fixed order; the day and the order's number drop out."""
    frame = getattr(books, ledger)
    frame = frame[frame["customer_id"].isin(customers)]
    if ledger != "contacts" and len(frame):
        frame = frame.assign(date=frame["date"].dt.to_period("M").astype(str)).drop(
            columns="order_id", errors="ignore"
        )
    return frame.sort_values(list(frame.columns)).reset_index(drop=True)


@pytest.mark.parametrize("name", ["appliance_club", "telecom", "over_contacting_insurer", "double_11_shop"])
def test_each_arm_lives_as_if_its_decision_were_for_all_where_nothing_couples_customers(name):
    segments = {
        key: replace(part, referrals_per_year=0.0, units_per_order=1.0)
        for key, part in scenario(name).segments.items()
    }
    market = begun(name, before=LONE_OLD, customers=1000, failure_rate=0.3, segments=segments, **LONE)
    held = drawn(market, 0.4)
    trial, full, kept = (market.copy() for _ in range(3))
    books = trial.step(on_trial(LONE_NEW, LONE_OLD, held), months=6)
    treated = tuple(set(market.ledgers.customers["customer_id"]) - set(held))
    rows = 0
    for twin, decision, customers in ((full, LONE_NEW, treated), (kept, LONE_OLD, held)):
        would = twin.step(decision, months=6)
        for ledger in ("transactions", "contacts", "complaints"):
            expected = without_days(ledger, would, customers)
            pd.testing.assert_frame_equal(without_days(ledger, books, customers), expected, check_exact=True)
            rows += len(expected)
        hidden = [market.truth.set_index("customer_id").loc[list(customers)] for market in (trial, twin)]
        pd.testing.assert_frame_equal(*hidden, check_exact=True)
    assert (
        rows
        == sum(len(getattr(books, ledger)) for ledger in ("transactions", "contacts", "complaints"))
        > 1500
    )
    assert len(without_days("transactions", books, treated)) != len(
        without_days("transactions", full.ledgers, held)
    )


@pytest.mark.parametrize(
    "lever, item",
    [
        ({"social": 1.0}, "social"),
        ({"structural": 1.0}, "structural"),
        ({"service_quality": 0.8}, "service_quality"),
        ({"care": {"gold": 900.0, "iron": 300.0}}, "care"),
        ({"relationship": "partnership"}, "relationship_programme"),
        ({"contacts": 8.0}, "contacts"),
        ({"campaigns": (Campaign(name="spring"),)}, "campaigns"),
    ],
)
def test_a_head_costs_in_a_trial_what_it_costs_in_the_full_roll_out(lever, item):
    """Two trials that swap the groups cost together, tier by tier, what the lever for all and for nobody cost."""
    market = begun("appliance_club", customers=2000)
    old, held = Decision(service_quality=0.3, contacts=1.0), drawn(market, 0.7)
    new, others = replace(old, **lever), tuple(set(market.ledgers.customers["customer_id"]) - set(held))

    def spent(decision):
        costs = market.copy().step(decision).costs
        return costs[costs["item"] == item].set_index("tier")["amount"]

    a_trial, its_mirror = spent(on_trial(new, old, held)), spent(on_trial(new, old, others))
    full, kept = spent(new), spent(old)
    both, expected = a_trial.add(its_mirror, fill_value=0), full.add(kept, fill_value=0)
    pd.testing.assert_series_equal(both.sort_index(), expected.sort_index(), atol=0.02, rtol=0)
    assert kept.sum() < a_trial.sum() < its_mirror.sum() < full.sum()


def test_newcomers_and_what_is_the_firms_alone_follow_the_decision():
    market = begun("double_11_shop")
    calm = Decision(campaigns=(Campaign(name="letters"),), acquisition_budget=0.0)
    held = tuple(market.ledgers.customers["customer_id"])
    books = market.step(on_trial(NEW, calm, held), months=3)
    costs = books.costs.groupby("item")["amount"].sum()
    assert (
        costs["acquisition"] == 9000 and "care" in costs and (books.customers["source"] == "promotion").any()
    )
    mailed = books.contacts[books.contacts["programme"] != "relationship"]
    old = mailed["customer_id"].isin(held)
    assert set(mailed.loc[old, "programme"]) == {"letters"}
    assert set(mailed.loc[~old, "programme"]) == {"spring", "club_day"} and old.any()


def test_a_club_tried_on_half_promises_more_than_it_gives_to_all():
    """The first club members are the only ones: dilution, which no control group shows (interference, Cox 1958)."""
    market = begun("appliance_club", customers=3000, social_dilution=0.8, months=1)
    held = drawn(market)
    known = market.ledgers.customers["customer_id"]
    others = known[~known.isin(held)]
    old, new = Decision(), Decision(social=1.0)
    tried = per_customer(market.copy(), on_trial(new, old, held), others, months=6).mean()
    full, none = (per_customer(market.copy(), d, others, months=6).mean() for d in (new, old))
    assert none < full < tried


# ---- does the check find the truth ---------------------------------------------------------------------------------

TRIED = {
    "price": ("household_hotline", {"price": 0.8}, {}),
    "relationship_type": ("supplement_maker", {"relationship": "proactive"}, {}),
    "social": ("appliance_club", {"social": 1.0}, {"social_dilution": 0.0}),
}
SEEDS = 80


@pytest.mark.parametrize("lever", TRIED)
def test_welch_intervals_of_random_trials_hold_the_twins_truth_neyman_1923_welch_1947(lever):
    """95 % intervals of purchases a head in the quarter, over markets of 400: coverage within binomial bounds.

    The truth is each market's own: its copy with the lever for all, less its copy with the lever for nobody.
    """
    name, change, changes = TRIED[lever]
    held_truth, held_zero = 0, 0
    for seed in range(SEEDS):
        market = begun(name, seed=seed, customers=400, before=Decision(), **changes)
        customers, held = market.ledgers.customers["customer_id"], drawn(market, seed=[seed, 1])
        new, old = Decision(**change), Decision()
        bought = per_customer(market.copy(), on_trial(new, old, held), customers)
        control = customers.isin(held).to_numpy()
        found = difference(bought[~control], bought[control])
        all_new, all_old = (per_customer(market.copy(), d, customers).mean() for d in (new, old))
        held_truth += found.contains(all_new - all_old)
        held_zero += found.contains(0)
    low, high = stats.binom.ppf([0.001, 0.999], SEEDS, 0.95)
    assert low <= held_truth <= high
    assert held_zero < low


# ---- what it says to bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, names",
    [
        (lambda market: on_trial(NEW, on_trial(OLD, OLD, ()), ()), ("trial=Trial(",)),
        (lambda market: on_trial(NEW, {"social": 1.0}, ()), ("social", "standard=Decision(")),
        (lambda market: on_trial(NEW, OLD, "C00000007"), ("C00000007", "held_out=(")),
        (lambda market: on_trial(NEW, OLD, None), ("None", "held_out=(")),
        (
            lambda market: Decision.from_record({"trial": {"standard": 3, "held_out": []}}),
            ("=3", "standard=Decision("),
        ),
        (lambda market: replace(NEW, trial=("C00000007",)), ("C00000007", "trial=Trial(")),
        (lambda market: on_trial(NEW, OLD, ("C00000001", "C00000007", "C00000007")), ("C00000007", "2")),
        (lambda market: Decision.from_record({"trial": {"standard": {}, "held": []}}), ("held", "held_out")),
        (lambda market: Decision.from_record({"trial": {"held_out": []}}), ("standard",)),
        (lambda market: Decision.from_record({"trial": "none"}), ("none", "trial=Trial(")),
        (
            lambda market: market.step(on_trial(NEW, OLD, ("C00000001", "C00000300"))),
            ("1", "C00000300", "C00000299"),
        ),
        (lambda market: market.step(on_trial(NEW, OLD, ("C1",))), ("“C1”", "C00000000 … C00000299")),
        (lambda market: market.step(on_trial(NEW, OLD, (7, None, "C00000001"))), ("“7”", "2", "C00000299")),
        (
            lambda market: Market(market.scenario, rng()).step(on_trial(NEW, OLD, ("C00000000",))),
            ("C00000000", "—"),
        ),
        (
            lambda market: market.step(on_trial(NEW, Decision(social={"titan": 1.0}), ())),
            ("titan", "platinum"),
        ),
        (lambda market: market.step(on_trial(NEW, Decision(care={"all": 10.0}), ())), ("all", "platinum")),
    ],
)
def test_a_trial_that_cannot_be_is_named_with_what_is_allowed_and_loses_nothing(wrong, names):
    market = begun(
        "fast_food_chain",
        months=1,
        acquisition_per_month=0.0,
        segments={
            key: replace(part, referrals_per_year=0.0)
            for key, part in scenario("fast_food_chain").segments.items()
        },
    )
    assert len(market.truth) == 300
    before = market.ledgers
    with pytest.raises(CrmkitError) as error:
        wrong(market)
    for text in (error.value.message_zh, error.value.message_en):
        assert all(name in text for name in names), text
    assert market.month == 1 and len(market.decisions) == 1
    same(market.ledgers, before)
