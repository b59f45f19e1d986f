"""The simulated market against what is known: closed forms, CDNOW's facts, its own counterfactuals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from known_markets import one_segment, plain, purchases, rng, slopes, uplifts
from scipy import stats

import crmkit
from crmkit.market import Decision, Market, scenario
from crmkit.market.simulator.behaviour import poisson, response

DAYS = 30.4375  # of the month in which a scenario states its rates


# ---- chance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.7, 12.0, 400.0])
def test_counts_by_inversion_are_poisson_quantiles(mean):
    uniform = rng().random(20_000)
    assert (
        poisson(uniform, np.full(len(uniform), mean)) == stats.poisson.ppf(uniform, mean)
    ).all() or mean == 0
    assert poisson(np.array([0.5, 1 - 2.0**-53]), np.array([0.0, mean])).tolist()[0] == 0


# ---- closed forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape, rate", [(0.5533, 0.4), (2.0, 0.25)])
def test_purchases_without_lapse_are_negative_binomial_ehrenberg_1959(shape, rate):
    """Poisson purchases at gamma rates: chi-square against the NBD over 12 months, and mean and variance."""
    s = plain(customers=20_000, purchases_per_month=rate, purchase_shape=shape, lapse_per_month=0.0)
    counts = purchases(Market(s, rng()), months=12).astype(int)
    months = 365 / DAYS
    law = stats.nbinom(shape, shape / (shape + rate * months))
    top = int(law.ppf(0.995))
    observed = np.bincount(np.minimum(counts, top), minlength=top + 1)
    expected = len(counts) * np.append(law.pmf(np.arange(top)), law.sf(top - 1))
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 0.001
    assert counts.mean() == pytest.approx(law.mean(), abs=4 * law.std() / len(counts) ** 0.5)


def test_expected_purchases_are_those_of_the_pareto_nbd_schmittlein_morrison_colombo_1987():
    """E[X(t)] = rβ / α(s − 1) · (1 − (β/(β + t))^(s − 1)), at CDNOW's published parameters, weeks."""
    r, alpha, s_, beta = 0.5533, 10.578, 0.6062, 11.668
    s = plain(customers=60_000)
    market, bought = Market(s, rng()), 0.0
    for months, days in ((3, 90), (6, 273), (9, 546)):  # 1997-01-01 on: to April, to October, to July 1998
        bought += purchases(market, months=months).sum() / s.customers
        t = days / 7
        expected = r * beta / (alpha * (s_ - 1)) * (1 - (beta / (beta + t)) ** (s_ - 1))
        assert bought == pytest.approx(expected, rel=0.025)


def test_churn_at_one_rate_is_geometric_and_at_gamma_rates_it_slows():
    """Survival after n months of 30.4375 days: q^n at one rate; (1 + μt/k)^−k over a gamma of shape k."""
    for shape in (1e6, 0.8):
        s = plain(customers=40_000, setting="contractual", lapse_per_month=0.05, lapse_shape=shape)
        market = Market(s, rng())
        for month in range(1, 25):
            market.step(Decision())
            t = (
                pd.Timestamp("1997-01-01") + pd.DateOffset(months=month) - pd.Timestamp("1997-01-01")
            ).days / DAYS
            expected = (1 + 0.05 * t / shape) ** -shape
            error = 4 * (expected * (1 - expected) / s.customers) ** 0.5
            assert market.truth["true_alive"].mean() == pytest.approx(expected, abs=error), (shape, month)


def test_a_contract_bills_every_living_customer_once_a_month():
    s = plain(customers=2000, setting="contractual", lapse_per_month=0.0)
    sales = Market(s, rng()).step(Decision(), months=5).transactions
    assert (sales.groupby(["customer_id", sales["date"].dt.to_period("M")]).size() == 1).all()
    assert len(sales) == 5 * 2000


# ---- CDNOW ---------------------------------------------------------------------------------------------------------


def cohort(log: pd.DataFrame, *, until: str) -> pd.Series:
    """Repeat purchase days per customer up to a day, the first not counted."""
    days = log[log["date"] <= until].drop_duplicates(["customer_id", "date"])
    return days.groupby("customer_id").size() - 1


def test_the_record_shop_has_the_facts_of_cdnow_fader_hardie_lee_2005():
    """Histogram of repeat purchases in 39 weeks, and repeat purchases tracked to week 78, against CDNOW's sample.

    The mean of 20 markets of CDNOW's size lies within 2 points of share in every bar, and within 5% of the cumulative
    track from June 1997 on. (In the first quarter, while customers still arrive, CDNOW's are busier by a fifth.)
    """
    real = crmkit.load("cdnow_sample")
    shop, decision = scenario("record_shop"), Decision()
    simulated = [Market(shop, rng(seed)).step(decision, months=18).transactions for seed in range(20)]
    held = np.array(
        [
            np.bincount(np.minimum(cohort(log, until="1997-09-30"), 7), minlength=8) / 2357
            for log in [real, *simulated]
        ]
    )
    assert np.abs(held[1:].mean(axis=0) - held[0]).max() < 0.02
    assert held[0][0] == pytest.approx(
        1411 / 2357
    )  # 1,411 of the sample never came back: the published figure
    track = np.array(
        [
            [cohort(log, until=end).sum() for end in ("1997-06-30", "1997-09-30", "1997-12-31", "1998-06-30")]
            for log in [real, *simulated]
        ]
    )
    assert np.abs(track[1:].mean(axis=0) / track[0] - 1).max() < 0.05


# ---- answers that go one way ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["saturating", "quadratic", "cliff"])
def test_the_answer_to_contact_rises_levels_off_and_turns(shape):
    contacts = np.linspace(0, 8, 801)
    answer = response(contacts, need=2.0, tolerance=2.5, annoyance=1.0, shape=shape)
    best = contacts[answer.argmax()]
    rising, falling = answer[contacts <= best], answer[contacts >= best]
    assert answer[0] == 0 and 2 < best < 3.5 and 0.9 < answer.max() <= 1
    assert (np.diff(rising) >= 0).all() and (np.diff(rising, 2)[1:-1] <= 1e-9).all()
    assert (np.diff(falling) <= 1e-9).all() or shape == "cliff"
    assert answer[-1] < 0


@pytest.mark.parametrize("shape", ["saturating", "quadratic", "cliff"])
def test_contact_beyond_the_tolerance_lowers_purchases_and_keeps_fewer(shape):
    s = one_segment("supplement_maker", "seniors", customers=8000, response_shape=shape)

    def sold(contacts):
        market = Market(s, rng())
        bought = purchases(market, months=12, decision=Decision(contacts=contacts)).mean()
        return bought, market.truth["true_alive"].mean()

    none, right, much, more = map(sold, (0.0, 2.0, 6.0, 10.0))
    assert right > none and right > much
    assert more[0] <= much[0] < none[0] and more[1] <= much[1] < none[1]


def test_each_lever_moves_sales_or_retention_the_way_that_theory_says():
    s = one_segment("household_hotline", "families", customers=6000)

    def outcome(**levers):
        market = Market(s, rng())
        return purchases(market, months=18, decision=Decision(**levers)).mean()

    base = outcome()
    heard = outcome(relationship="reactive", complaint_handling=0.9)
    better = [
        outcome(service_quality=0.9),
        outcome(social=1.0),
        outcome(structural=1.0),
        outcome(financial=0.05),
        outcome(price=0.9),
        heard,
    ]
    worse = [
        outcome(service_quality=0.1),
        outcome(price=1.1),
        outcome(relationship="partnership", contacts=6.0),
    ]
    assert min(better) > base > max(worse)
    # to hear complaints and do nothing about them is worse than to put them right
    assert outcome(relationship="reactive", complaint_handling=0.0) < heard
    # a cut raises sales by less than the same rise lowers them
    assert base - outcome(price=1.1) > outcome(price=0.9) - base


def test_customers_whom_a_promotion_brings_stay_less():
    """Double 11: of those who joined in November, the share still there half a year on, by what brought them."""
    s = scenario("double_11_shop")
    gaps = []
    for seed in range(5):
        market = Market(s, rng(seed))
        market.step(s.status_quo, months=17)
        people = market.ledgers.customers.merge(market.truth[["customer_id", "true_alive"]])
        joined = people[people["joined"].between("2024-11-01", "2024-11-30")]
        stay = joined.groupby("source")["true_alive"].mean()
        assert (joined["source"] == "promotion").sum() > 500
        gaps.append(stay["advertising"] - stay["promotion"])
        # and what the firm can see of it
        buys = market.ledgers.transactions.query("date >= '2024-12-01'")["customer_id"]
        again = joined["customer_id"].isin(buys).groupby(joined["source"]).mean()
        assert again["promotion"] < again["advertising"]
    assert np.mean(gaps) > 0.1


def test_referrals_come_from_the_satisfied():
    s = replace(scenario("appliance_club"), acquisition_per_month=0.0)
    policies = [Decision(service_quality=effort, social=effort) for effort in (0.0, 0.5, 1.0)]
    people = [Market(s, rng()).step(policy, months=12).customers for policy in policies]
    counts = [(customers["source"] == "referral").sum() for customers in people]
    assert counts[0] < counts[1] < counts[2]


def test_what_rivals_copy_wears_off():
    """The same rebate lifts sales less in its third year than in its first, and not where nobody imitates."""

    def lift(half_life):
        s = one_segment(
            "fast_food_chain",
            "regulars",
            customers=3000,
            lapse_per_month=0.0,
            imitation_half_life_months=half_life,
        )
        with_, without = (
            Market(s, rng()).step(Decision(financial=rebate), months=36).accounts["revenue"].to_numpy()
            for rebate in (0.1, 0.0)
        )
        ratio = with_ / without
        return ratio[:12].mean() - ratio[24:].mean()

    assert lift(12.0) > 0.05 and abs(lift(1200.0)) < 0.02


def test_drifting_tastes_move_the_best_number_of_contacts():
    def best(drift):
        s = one_segment(
            "supplement_maker",
            "seniors",
            customers=4000,
            taste_drift=drift,
            lapse_per_month=0.0,
            trait_spread=0.0,
        )
        late = {}
        for contacts in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
            market = Market(s, rng())
            market.step(Decision(contacts=contacts), months=30)
            late[contacts] = purchases(market, months=6, decision=Decision(contacts=contacts)).mean()
        return max(late, key=late.get)

    assert best(0.0) >= 2.0 and best(0.04) <= 1.0


# ---- the naive reading misleads ------------------------------------------------------------------------------------


def test_the_naive_regression_misleads_where_good_customers_are_called_more_and_not_under_a_random_policy():
    """Heavy buyers are contacted more, so contact seems to sell ten times what it does; drawn by lot, it does not."""
    observed = np.array([slopes("by_value", seed) for seed in range(8)])
    randomised = np.array([slopes("randomised", seed) for seed in range(8)])
    truth = randomised[:, 1].mean()
    assert truth > 0.02
    assert (observed[:, 0] > 10 * truth).all()
    error = randomised[:, 0] - randomised[:, 1]
    assert abs(error.mean()) < 4 * error.std(ddof=1) / len(error) ** 0.5


def test_uplift_against_the_control_group_covers_the_truth_in_95_of_100_markets():
    """A campaign's effect on orders per head: the kit's 95% interval, against twins of the market."""
    found = uplifts(100)
    hits = found["truth"].between(found["low"], found["high"]).sum()
    assert found["truth"][0] > 0.1 and 88 <= hits <= 100, hits
    # counting every order of those who were mailed as the campaign's work, one sees well over twice what it did
    assert (found["naive"] > 2.3 * found["truth"]).all()
