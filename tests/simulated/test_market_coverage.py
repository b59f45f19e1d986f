"""Do the kit's intervals hold the market's truth? Retention, tier values and relationship types over many markets.

The models see ledgers; the truth is a closed form, a crowd of 20,000, or twins of the same luck. What fails is held
here as a failure, with how far it goes and what repairs it. tests/benchmarks/market_recovery.py prints it as a table.
"""

from functools import cache

import market_recovery as bench
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import crmkit

TIERS = ["platinum", "gold", "iron", "lead"]
LATER = ["share left after 24 months", "share left after 36 months", "months stayed of 36"]


def enough(of) -> np.ndarray:
    """So many of 95% intervals hold the truth in all but one of a thousand such counts."""
    return binom.ppf(0.001, of, 0.95)


# ---- retention -----------------------------------------------------------------------------------------------------


@cache
def retention(case: str, seeds: int, customers: int = 2000) -> pd.DataFrame:
    s, steps, told = bench.retention_cases(customers)[case]
    return bench.covered(bench.retention(s, steps, seeds=seeds, **told))


def test_the_beta_geometric_fitted_to_gamma_hazards_is_within_a_hundredth_of_their_closed_form_three_years_on():
    """Two laws, near relations: fitted without noise on 12 months, sBG is off by at most 0.01 at any month."""
    t = np.arange(37.0)
    for rate, shape in ((0.034, 0.8), (0.1, 0.8), (0.1, 2.0)):
        law = bench.gamma_hazards(rate, shape)
        fit = crmkit.fit_sbg(np.rint(1e8 * law(t[:13])))
        assert np.abs(fit.curve(36)["survival_share"] - law(t)).max() < 0.01, (rate, shape)


def test_sbg_holds_the_closed_form_of_gamma_hazards_within_and_beyond_its_year_and_one_retention_rate_does_not():
    """40 markets of 2,000 contracts: shares left after 6, 24 and 36 months, months stayed; mean error under 2%."""
    found = retention("gamma hazards, nothing else", 40)
    assert (found["of"] == 40).all() and (found["held"] >= enough(40)).all(), found
    assert (found["value_error"].abs() < 0.02).all()
    assert found.loc["share left after 36 months", "naive_error"] < -0.5  # half as many as there are
    assert found.loc["months stayed of 36", "naive_error"] < -0.1


def test_two_segments_mixed_are_held_at_2000_customers_for_a_mixture_is_what_sbg_is_about():
    found = retention("telecom, two segments, satisfaction moving", 12)
    assert (found["of"] >= 9).all() and (found["held"] >= enough(found["of"])).all(), found


def test_where_satisfaction_moves_sbg_misses_the_crowds_truth_and_more_customers_do_not_help():
    """A failure that is known: early disappointment hides how customers differ, so the fit foretells too few, after
    three years by 8 to 15%. Intervals from 2,000 customers are wide enough to hold that (the table), from 8,000 not.
    """
    found = retention("light users, four times as many", 10)
    end = found.loc["share left after 36 months"]
    assert end["held"] <= end["of"] / 2 and -0.15 < end["value_error"] < -0.08 and end["naive_error"] < -0.2
    assert found.loc["share left after 6 months", "held"] >= enough(10) - 1  # within the year it is right


def test_fitted_from_the_seventh_month_on_when_satisfaction_has_settled_sbg_holds_the_crowds_truth():
    """The repair of the failure above: those left after half a year are a cohort of sBG's all the same."""
    found = retention("light users, four times as many, first half-year left out", 8)
    assert (found["of"] >= 7).all() and (found["held"] >= enough(found["of"])).all(), found
    assert (found["value_error"].abs() < 0.04).all()


def test_where_tastes_drift_sbg_refuses_more_often_than_not_rather_than_guess():
    """Hazards that rise look like customers all alike: the fit says that it has no summit."""
    assert (retention("light users, tastes drifting 5% a month", 10)["of"] <= 5).all()


def test_what_the_firm_changes_after_the_fit_no_fit_can_know():
    """A failure by nature: better service and bundles from month 13 keep a fifth more in three years than foretold."""
    found = retention("light users, service and bundles from month 13", 12)
    assert (found.loc[LATER, "held"] <= found.loc[LATER, "of"] / 2).all()
    assert found.loc["share left after 6 months", "held"] >= enough(12) - 1
    assert -0.3 < found.loc["share left after 36 months", "value_error"] < -0.15


# ---- tier values ---------------------------------------------------------------------------------------------------


@cache
def tiers(case: str, seeds: int, customers: int = 1500) -> pd.DataFrame:
    s, decision, told = bench.tier_cases(customers)[case]
    return bench.tier_values(s, decision, seeds=seeds, draws=100, **told)


def test_next_years_margin_of_every_tier_lies_in_the_models_intervals_and_last_years_in_none():
    """Regression to the mean in the realised margins of 40 markets: whoever was platinum earns far less the year after.

    Pareto/NBD with Gamma-Gamma foretells each tier within 5% in the mean, though prices here are lognormal; last year's
    is 60 to 100% too much, and Student's interval of it holds the truth for no tier in any market.
    """
    frame = tiers("bare shop: gamma rates, lognormal prices", 40)
    found, naive = bench.covered(frame), bench.covered(frame, low="naive_low", high="naive_high")
    assert (found["of"] == 40).all() and (found["held"] >= enough(40)).all(), found
    assert (found["value_error"].abs() < 0.05).all() and found["naive_error"].between(0.6, 1.0).all()
    assert (naive["held"] == 0).all()


def test_the_order_of_the_tiers_is_right_and_yet_the_model_chooses_a_better_twentieth():
    """Realised margins: the tiers keep their order in 38 markets of 40 and more; the model's best 5% earn 5% more."""
    frame = tiers("bare shop: gamma rates, lognormal prices", 40)
    truth = frame.pivot(index="seed", columns="at", values="truth")[TIERS]
    assert (np.diff(truth, axis=1) < 0).all(axis=1).sum() >= 38
    once = frame.drop_duplicates("seed")
    gain = once["top_by model"] / once["top_by last margin"] - 1
    assert gain.mean() - 2 * gain.std() / len(gain) ** 0.5 > 0.05 and (gain > 0).mean() > 0.9


def test_with_answers_and_two_segments_the_tiers_are_within_25_percent_where_last_year_is_40_to_110_too_high():
    """Realised margins of the hotline: nearer by far, and yet more than half the intervals hold, not 19 in 20. Some
    markets are refused: in a year too few leave to tell how they differ in that."""
    found = bench.covered(tiers("hotline, two segments, satisfaction moving", 8, 2500))
    assert (found["of"] >= 5).all() and found["held"].sum() >= found["of"].sum() / 2, found
    assert (found["value_error"].abs() < 0.25).all() and found["naive_error"].between(0.4, 1.1).all()


def test_books_that_end_with_the_season_make_the_gone_look_alive_and_a_year_that_ends_in_october_repairs_it():
    """A failure that is known: after November and December nearly everybody has just bought, and the lead tier is
    foretold a quarter too high and more. A year from November to October, fitted by segment, holds what comes."""
    season = bench.covered(tiers("web shop, books that end with the season", 8)).loc["lead"]
    assert season["held"] <= 2 and season["value_error"] > 0.25
    repaired = bench.covered(tiers("web shop, books that end in October, fitted by segment", 10)).loc["lead"]
    assert (
        repaired["held"] >= enough(repaired["of"])
        and abs(repaired["value_error"]) < 0.1
        and repaired["of"] >= 8
    )


@pytest.mark.parametrize(
    "case, above",
    [
        ("supplement maker, tastes drifting 5% a month", 0.4),
        ("web shop, service and complaints dropped next year", 0.08),
    ],
)
def test_tiers_are_foretold_too_high_where_the_next_year_is_another_one(case, above):
    """A failure by nature: foretold is 40% more than comes, and over, where tastes drift; 8% where service drops."""
    found = bench.covered(tiers(case, 6))
    assert (found["value_error"] > above).all() and found["held"].sum() < enough(found["of"].sum()), found
    assert (found["naive_error"] > found["value_error"]).all()  # and last year's margin is further off


# ---- which relationship type pays ----------------------------------------------------------------------------------

CONTACTED = ["reactive", "accountable", "proactive"]
SEEDS = {
    "supplement_maker": 8,
    "over_contacting_insurer": 8,
    "telecom": 6,
    "household_hotline": 3,
}  # markets of each


@cache
def types(name: str, segment: str, seeds: int, *changes) -> pd.DataFrame:
    return bench.types(name, segment, seeds=seeds, customers=1500, **dict(changes))


def held(frame: pd.DataFrame, kinds=CONTACTED, low="low", high="high") -> tuple[int, int]:
    rows = frame[frame["at"].isin(kinds)]
    return int(((rows[low] <= rows["truth"]) & (rows["truth"] <= rows[high])).sum()), len(rows)


@pytest.mark.parametrize(
    "name, segment",
    [("supplement_maker", "seniors"), ("over_contacting_insurer", "families"), ("telecom", "heavy_users")],
)
def test_fed_with_a_pilot_the_comparisons_intervals_hold_the_twins_gains_and_its_choice_forgoes_little(
    name, segment
):
    """By lot, 300 customers to each type for a year: the two-year gains of twins lie within the intervals. What is
    forgone is where two types are near each other; it is a tenth and less of what the naive reading forgoes."""
    frame = types(name, segment, SEEDS[name])
    hits, of = held(frame)
    assert hits >= enough(of), (hits, of)
    lost = {by: bench.choice(frame, by)["forgone"].mean() for by in ("value", "naive")}
    assert (
        lost["value"] < 8 and lost["value"] < lost["naive"] / 10
    )  # per cent of the segment's margin in the two years


def test_fed_with_assumed_lifts_the_comparison_calls_the_insurers_families_whom_twins_show_better_left_alone():
    """A finding: passive ledgers do not know the response. With the kit's own assumptions the choice is proactive in
    every market, 10% of the margin is forgone and more, and no interval holds; the pilot forgoes under 2%."""
    frame = types("over_contacting_insurer", "families", SEEDS["over_contacting_insurer"])
    assumed, pilot = (bench.choice(frame, by) for by in ("assumed", "value"))
    assert (assumed["at"] == "proactive").all() and frame.groupby("at")["truth"].mean().idxmax() == "basic"
    assert assumed["forgone"].mean() > 10 and pilot["forgone"].mean() < 2
    assert held(frame, low="assumed_low", high="assumed_high")[0] == 0


@pytest.mark.parametrize(
    "name, segment", [("supplement_maker", "seniors"), ("over_contacting_insurer", "families")]
)
def test_the_naive_reading_buys_partnership_that_loses_more_than_four_fifths_of_the_margin(name, segment):
    """Good customers are called more, so calls seem to pay without end; twins under partnership lose 80% and more."""
    naive = bench.choice(types(name, segment, SEEDS[name]), "naive")
    assert (naive["at"] == "partnership").all() and naive["forgone"].mean() > 80


def test_the_pilot_needs_no_shape_of_the_response_and_holds_at_a_cliff():
    frame = types("supplement_maker", "seniors", 4, ("response_shape", "cliff"))
    hits, of = held(frame)
    assert hits >= enough(of) and bench.choice(frame, "value")["forgone"].mean() < 8


def test_where_tastes_drift_last_years_pilot_is_too_kind_to_contact_and_its_intervals_fail():
    """A failure that is known: the twins' gain under proactive is below the pilot's in every market, in most below its
    interval; the choice, to leave them alone, is still right."""
    frame = types("supplement_maker", "seniors", 6, ("taste_drift", 0.05))
    proactive = frame[frame["at"] == "proactive"]
    assert held(frame, ["proactive"])[0] <= 3 and (proactive["value"] > proactive["truth"]).all()
    assert bench.choice(frame, "value")["forgone"].mean() < 2


def test_partnerships_loss_is_read_too_small_where_nobody_sees_who_has_left():
    """A failure that is known: the model stops paying for whoever leaves, and the firm goes on calling them; under a
    contract, where leaving is seen, the same reading is right to 3%."""

    def error(name, segment):
        gains = types(name, segment, SEEDS[name]).query("at == 'partnership'")
        return gains["value"].mean() / gains["truth"].mean() - 1

    assert error("household_hotline", "singles") < -0.05 and abs(error("telecom", "heavy_users")) < 0.03
