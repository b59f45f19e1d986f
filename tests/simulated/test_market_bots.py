"""No trivial bot wins, in any market: a small edition of tests/benchmarks/market_bots.py,
the same luck for all bots.
"""

from dataclasses import replace
from functools import cache

import market_bots as bench
import numpy as np
import pandas as pd
import pytest

from crmkit.market import best_decision, carried_on, play, resized, scenario
from crmkit.market.game.rules import facts, opened, view

SEEDS, CUSTOMERS = 2, 120
RIVALS = ("status quo", "moderate everywhere", "newcomer offers", "advertising only", "matrix by the book")


@cache
def values(name: str) -> pd.DataFrame:
    bots = (*RIVALS, "maximum everything", "naive analyst", "experimental analyst", "sound manager")
    return bench.contest(name, seeds=SEEDS, customers=CUSTOMERS, bots=bots)[0]


def pooled(better: str, worse: str) -> tuple[float, float]:
    """Mean and standard error of the lead, over markets and seeds, in shares of what the sound manager makes."""
    leads = np.concatenate(
        [
            (values(name)[better] - values(name)[worse]) / values(name)["sound manager"].mean()
            for name in bench.SOUND
        ]
    )
    return leads.mean(), leads.std(ddof=1) / len(leads) ** 0.5


@pytest.mark.parametrize("rival", RIVALS)
def test_a_sound_manager_beats_every_trivial_policy(rival):
    """Paired by market and seed, by more than two standard errors; and in no market is it behind in the mean."""
    lead, error = pooled("sound manager", rival)
    assert lead > 2 * error and lead > 0.05
    for name in bench.SOUND:
        assert values(name)["sound manager"].mean() > values(name)[rival].mean(), name


@pytest.mark.parametrize("name", bench.SOUND)
def test_spending_on_everything_ruins_the_firm(name):
    means = values(name).mean()
    assert means["maximum everything"] < min(0, means["status quo"], means["moderate everywhere"])


def test_neither_the_book_nor_going_on_as_before_is_the_better_of_the_two_everywhere():
    leads = {
        name: (values(name)["matrix by the book"] - values(name)["status quo"]).mean() for name in bench.SOUND
    }
    assert leads["industrial_group"] < 0 < leads["over_contacting_insurer"]


@pytest.mark.parametrize("name", ["over_contacting_insurer", "supplement_maker"])
def test_calling_everybody_and_conferences_for_all_are_worth_less_than_spending_nothing(name):
    nothing = bench.contest(name, seeds=SEEDS, customers=CUSTOMERS, bots=("spend nothing",))[0][
        "spend nothing"
    ]
    assert (values(name)["status quo"] < nothing).all()


def test_who_experiments_beats_who_takes_correlation_for_effect_and_who_does_nothing():
    for rival in ("naive analyst", "status quo"):
        lead, error = pooled("experimental analyst", rival)
        assert lead > 2 * error, rival


def test_doing_nothing_beats_the_naive_analyst():
    """Good customers are contacted more: who reads that as an effect spends on what does not pay."""
    lead, error = pooled("status quo", "naive analyst")
    assert lead > 2 * error


def test_the_search_with_the_truth_in_hand_is_above_every_bot():
    trade = resized(scenario("over_contacting_insurer"), customers=100)
    market = opened(trade, seed=1)
    found = carried_on(market, best_decision(market, quarters=2, rounds=1), quarters=2).value
    for bot, make in bench.BOTS.items():
        policy = make(trade, scenario(trade.name).customers, 1)
        assert play(trade, policy=policy, seed=1, quarters=2).value < found, bot


def test_the_experimenter_draws_by_lot_and_moves_its_standard_only_by_what_was_tried():
    trade = resized(scenario("telecom"), customers=300)
    market = opened(trade, seed=1)
    bot, standard = bench.Experimenter(1), trade.status_quo
    for quarter, (idea, _) in enumerate(bot.PLAN, start=1):
        seen = view(market, standard=standard)
        decision = bot(seen)
        assert seen.quarter == quarter and set(seen.facts) == set(facts(trade))
        here = market.truth["true_left"].isna().sum()  # a contract shows who is there
        assert len(decision.trial.held_out) == pytest.approx(here / 2, abs=4 * here**0.5 / 2)
        tried = bot.standard
        for segment in trade.segments:
            tried = idea(seen, tried, segment)
        assert decision.arms == (tried, bot.standard)
        market.step(decision, months=3)
        standard = decision.arms[0]
    assert bot(view(market, standard=standard)).trial is None


def test_the_table_scores_the_status_quo_0_and_the_search_100_and_counts_seeds():
    found = pd.DataFrame(
        {
            "status quo": [10e3, 20e3, 30e3],
            "sound manager": [15e3, 35e3, 30e3],
            "search": [20e3, 40e3, np.nan],
        }
    )
    table = bench.table(found, found * 0 + 1)
    assert table["score"].tolist() == [0, pytest.approx(100 * 10 / 15), 100]
    assert table["value"].tolist() == [20, pytest.approx(80 / 3), 30]
    assert table["above_search"].tolist() == [0, 0, 0] and table["above_sound"].tolist() == [0, 0, 1]
    assert table.loc["status quo", ["to_sound", "se"]].tolist() == [
        pytest.approx(-20 / 3),
        pytest.approx(np.std([5, 15, 0], ddof=1) / 3**0.5),
    ]


@pytest.mark.parametrize("price", [0.8, 1.3, 2.0])
def test_no_price_alone_beats_going_on_as_today(price):
    """Pooled over the markets: customers and newcomers answer to the price, so one number does not win."""
    leads = []
    for name in bench.SOUND:
        trade = resized(scenario(name), customers=CUSTOMERS)
        dear, today = (
            np.mean([play(trade, policy=policy, seed=seed).value for seed in range(SEEDS)])
            for policy in (lambda seen: replace(seen.standard, price=price), lambda seen: seen.standard)
        )
        leads.append((dear - today) / values(name)["sound manager"].mean())
    assert np.mean(leads) < -0.05 and np.median(leads) < 0
