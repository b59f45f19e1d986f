"""Customer lifetime value put to use: forecasts against simulated futures, decisions that it reverses, bad input."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from clv_customers import FITS, TRUTH, ages_of, cdnow, model, simulate, spenders

import crmkit
from crmkit import CrmkitError
from crmkit.customer_value.clv.beta_geometric import BetaGeometric

UP_TO = "1997-09-30"


# --- forecasts against what the simulated customers then do ----------------------------------


@pytest.mark.simulated
@pytest.mark.parametrize("kind", FITS)
def test_forecasts_agree_with_the_simulated_future_discounted_and_not(kind):
    rng = np.random.default_rng(11)
    frame, after = simulate(kind, TRUTH[kind], ages_of(30_000, rng), rng, later=52.0)
    fit = model(kind, TRUTH[kind])
    made = np.array([len(times) for times in after])
    expected = fit.expected_purchases(frame, days=52 * 7)
    groups = frame["frequency"].clip(upper=6)
    error = made.std() / np.sqrt(len(made))
    assert abs(expected.mean() - made.mean()) < 3.5 * error
    for group in range(7):  # and within each group of customers, not on average only
        of = (groups == group).to_numpy()
        assert abs(expected[of].mean() - made[of].mean()) < 4 * made[of].std() / np.sqrt(of.sum())
    discounted = np.array([(1.3 ** (-np.array(times) * 7 / 365)).sum() for times in after])
    found = fit.discounted_purchases(frame, days=52 * 7, annual_discount_rate=0.3).mean()
    assert abs(found - discounted.mean()) < 3.5 * error
    assert found < 0.95 * expected.mean()


@pytest.mark.simulated
def test_clv_is_the_discounted_margin_of_the_simulated_future():
    rng = np.random.default_rng(5)
    frame, after = simulate("pareto", TRUTH["pareto"], ages_of(30_000, rng), rng, later=104.0)
    spend, mean = spenders(rng, len(frame), frequency=frame["frequency"].to_numpy())
    frame["monetary"] = spend["monetary"].where(frame["frequency"] > 0)
    money = dataclasses.replace(
        crmkit.fit_gamma_gamma(frame), params={"p": 6.0, "q": 4.0, "v": 15.0}
    )  # the truth
    rates = {"days": 104 * 7, "annual_discount_rate": 0.1}
    found = model("pareto", TRUTH["pareto"]).clv(frame, spend=money, **rates, margin_rate=0.25)
    true = np.array([(1.1 ** (-np.array(times) * 7 / 365)).sum() for times in after]) * mean * 0.25
    numbers = ["p_alive", "expected_purchases", "expected_spend", "clv"]
    assert list(found) == ["customer_id", *(f"{n}{end}" for n in numbers for end in ("", "_low", "_high"))]
    tenths = pd.qcut(found["clv"].rank(method="first"), 10, labels=False).to_numpy()
    for tenth in range(10):  # calibrated from the worst tenth to the best
        made, said = true[tenths == tenth], found["clv"][tenths == tenth]
        assert abs(made.mean() - said.mean()) < 3.5 * made.std() / np.sqrt(len(made))
    halved = model("pareto", TRUTH["pareto"]).clv(frame, spend=money, **rates, margin_rate=0.125)
    assert halved["clv"].to_numpy() * 2 == pytest.approx(found["clv"].to_numpy())
    # and fitted: near, with two years ahead of one year observed
    fitted = FITS["pareto"](frame).clv(frame, spend=crmkit.fit_gamma_gamma(frame), **rates, margin_rate=0.25)
    assert fitted["clv"].sum() == pytest.approx(true.sum(), rel=0.1)


# --- decisions that the models reverse -------------------------------------------------------


@pytest.mark.simulated
def test_clv_reverses_the_choice_of_the_best_fifth_by_past_revenue_and_earns_more():
    """The faithful heavy buyer of last year who has fallen silent is on the revenue list and not on the model's."""
    rng = np.random.default_rng(8)
    frame, after = simulate(
        "bg", {"r": 0.8, "alpha": 3.0, "a": 0.8, "b": 2.5}, ages_of(20_000, rng), rng, later=52.0
    )
    spend, mean = spenders(rng, len(frame), frequency=frame["frequency"].to_numpy())
    frame["monetary"] = spend["monetary"].where(frame["frequency"] > 0)
    revenue = (frame["frequency"] * spend["monetary"]).to_numpy()
    clv = crmkit.fit_bg_nbd(frame).clv(
        frame, spend=crmkit.fit_gamma_gamma(frame), days=364, annual_discount_rate=0.1, margin_rate=1.0
    )
    later = np.array([len(times) for times in after]) * mean
    fifth = len(frame) // 5
    best = {
        name: set(np.argsort(-np.asarray(score), kind="stable")[:fifth])
        for name, score in (("clv", clv["clv"]), ("revenue", revenue), ("frequency", frame["frequency"]))
    }
    earned = {name: later[sorted(chosen)].sum() for name, chosen in best.items()}
    assert earned["clv"] > 1.1 * earned["revenue"] and earned["clv"] > 1.1 * earned["frequency"], earned
    dropped, taken = sorted(best["revenue"] - best["clv"]), sorted(best["clv"] - best["revenue"])
    assert len(dropped) > 0.2 * fifth and clv.loc[dropped, "p_alive"].mean() < 0.4
    assert later[dropped].mean() < 0.5 * later[taken].mean()


def test_sbg_reverses_the_decision_to_spend_on_an_old_customer():
    """One churn rate for all calls a gift of 4 margins too dear for a customer of five renewals; in truth it pays."""
    rng = np.random.default_rng(2)
    churn = rng.beta(0.7, 1.2, 200_000)
    leaves = rng.geometric(np.maximum(churn, 1e-9))  # at which renewal
    fit = crmkit.fit_sbg([(leaves > t).sum() for t in range(6)])
    rate, still = fit.constant_retention, leaves[leaves > 5] - 5
    constant = rate * 1.1 / (1.1 - rate)  # the same discounted sum with one rate for ever
    true = ((1 - 1.1 ** -(np.minimum(still, 2000) - 1.0)) / (1 - 1 / 1.1)).mean()
    model = fit.residual_lifetime(renewals=5, discount_rate=0.1).value
    assert constant < 4 < min(model, true)
    assert model == pytest.approx(true, rel=0.03)
    assert constant < 0.7 * true


# --- holdout ---------------------------------------------------------------------------------


def test_the_holdout_splits_as_the_customer_summary_does():
    log = crmkit.load("cdnow")
    found = crmkit.validate_holdout(log, calibration_end=UP_TO)
    before = crmkit.customer_summary(log, as_of=UP_TO)
    whole = crmkit.customer_summary(log, as_of="1998-06-30").set_index("customer_id")
    ours = found.customers
    assert ours["customer_id"].tolist() == before["customer_id"].tolist()
    for column in ("frequency", "t_x", "T"):
        assert (ours[column] == before[column]).all()
    bought = whole.loc[ours["customer_id"], "purchases"].to_numpy() - before["purchases"].to_numpy()
    assert (ours["actual_purchases"] == bought).all()
    assert found.model.params == crmkit.fit_bg_nbd(before).params
    assert list(ours["expected_purchases"]) == pytest.approx(
        list(found.model.expected_purchases(before, days=273))
    )


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_the_model_beats_the_old_rate_on_cdnow_in_every_measure_and_the_parts_add_up(kind):
    log = crmkit.load("cdnow_sample")
    before = log.copy(deep=True)
    found = crmkit.validate_holdout(log, calibration_end=UP_TO, model=kind)
    assert log.equals(before)
    errors = found.errors.set_index("measure").abs()
    assert (errors["model"] < errors["baseline"]).all()
    table, customers = found.frequencies, found.customers
    for column in ("expected_customers", "actual_customers"):
        assert table[column].sum() == pytest.approx(len(customers))
    for name in ("actual", "expected", "baseline"):
        total = (table[f"{name}_per_customer"] * table["actual_customers"]).sum()
        assert total == pytest.approx(customers[f"{name}_purchases"].sum())
    end, last = found.tracking[~found.tracking["holdout"]].iloc[-1], found.tracking.iloc[-1]
    assert end["week_ends"] == pd.Timestamp(UP_TO) and last["week_ends"] == pd.Timestamp("1998-06-30")
    assert end["cumulative_actual_purchases"] == customers["frequency"].sum()
    for name in ("actual", "expected"):
        by_week = found.tracking[f"{name}_purchases"].cumsum()
        assert by_week.to_numpy() == pytest.approx(found.tracking[f"cumulative_{name}_purchases"].to_numpy())
    for name in ("actual", "baseline"):
        grown = last[f"cumulative_{name}_purchases"] - end[f"cumulative_{name}_purchases"]
        assert grown == pytest.approx(customers[f"{name}_purchases"].sum())
    days = (
        pd.Timestamp("1998-06-30") - pd.to_datetime(log.groupby("customer_id")["date"].min())
    ).dt.days.to_numpy()
    assert last["cumulative_expected_purchases"] == pytest.approx(
        found.model.expected_purchases_new(days).sum()
    )


def test_the_holdout_takes_time_zones_times_of_day_returns_and_late_customers_as_the_summary_does():
    log = crmkit.load("cdnow_sample").assign(date=lambda f: f["date"] + pd.Timedelta(hours=20))
    plain = crmkit.validate_holdout(log, calibration_end=UP_TO)
    odd = pd.DataFrame(
        {
            "customer_id": ["returns only", "late", "late"],
            "amount": [-5.0, 3.0, 4.0],
            "date": pd.to_datetime(["1997-03-01", "1997-12-01", "1998-01-01"]),
        }
    )
    more = pd.concat([log, odd]).assign(date=lambda f: f["date"].dt.tz_localize("America/New_York"))
    shuffled = more.sample(frac=1, random_state=1)
    found = crmkit.validate_holdout(shuffled, calibration_end=pd.Timestamp("1997-09-30 12:00"))
    pd.testing.assert_frame_equal(found.customers, plain.customers)
    pd.testing.assert_frame_equal(found.tracking, plain.tracking)


# --- bad input -------------------------------------------------------------------------------


def frame(**columns):
    base = {
        "frequency": [0, 1, 3],
        "t_x": [0.0, 20, 90],
        "T": [100.0, 100, 100],
        "monetary": [np.nan, 20.0, 30.0],
    }
    return pd.DataFrame({**base, **columns})


@pytest.mark.parametrize(
    "columns, code, row, said",
    [
        ({"frequency": [0, -1, 3]}, "cell_not_a_number", 1, "frequency"),
        ({"frequency": [0, 1.5, 3]}, "cell_not_a_number", 1, "1.5"),
        ({"frequency": [0, 1, "many"]}, "cell_not_a_number", 2, "many"),
        ({"T": [100, 100, np.nan]}, "cell_not_a_number", 2, "T"),
        ({"T": [100, np.inf, 100]}, "cell_not_a_number", 1, "inf"),
        ({"t_x": [0, 101, 90.0]}, "clv_history_impossible", 1, "101"),
        ({"t_x": [0, 0.0, 90.0]}, "clv_history_impossible", 1, "1 customer"),
        ({"t_x": [5, 20.0, 90.0]}, "clv_history_impossible", 0, "customer_summary"),
        ({"customer_id": ["a", "b", "a"]}, "customer_not_unique", 2, "“a”"),
    ],
)
@pytest.mark.parametrize("fit", [crmkit.fit_bg_nbd, crmkit.fit_pareto_nbd])
def test_an_impossible_history_is_refused_with_its_row(fit, columns, code, row, said):
    with pytest.raises(CrmkitError, match=said) as caught:
        fit(frame(**columns))
    assert (caught.value.code, caught.value.row) == (code, row)
    with pytest.raises(CrmkitError):
        crmkit.fit_bg_nbd(cdnow()).p_alive(frame(**columns))


def test_too_few_customers_no_repeat_buyers_and_no_column_are_refused():
    for fit in FITS.values():
        for given, code in (
            (frame().iloc[:0], "no_values"),
            (frame().iloc[2:], "clv_too_few"),
            (frame(frequency=0, t_x=0.0), "clv_no_repeat_buyers"),
            (frame(frequency=0, t_x=0.0, T=0.0), "clv_no_repeat_buyers"),
            (frame().drop(columns="t_x"), "columns_needed"),
        ):
            with pytest.raises(CrmkitError) as caught:
                fit(given)
            assert caught.value.code == code
        with pytest.raises(CrmkitError, match="week"):
            fit(frame(), time_unit="fortnight")


def test_customers_who_are_new_today_belong_and_change_nothing():
    more = pd.concat([cdnow(), cdnow().head(50).assign(customer_id=range(50), frequency=0, t_x=0.0, T=0.0)])
    assert crmkit.fit_bg_nbd(more).params == pytest.approx(crmkit.fit_bg_nbd(cdnow()).params, rel=1e-6)
    assert crmkit.fit_pareto_nbd(more).params == pytest.approx(
        crmkit.fit_pareto_nbd(cdnow()).params, rel=1e-6
    )


@pytest.mark.parametrize("kind", FITS)
def test_customers_all_alike_make_the_parameters_run_away_and_it_is_said(kind):
    rng = np.random.default_rng(4)
    gaps = rng.exponential(70, (400, 60)).cumsum(
        axis=1
    )  # everybody buys at the same rate and nobody ever leaves
    alike = pd.DataFrame({"frequency": (gaps < 700).sum(axis=1), "T": 700.0})
    alike["t_x"] = np.where(gaps < 700, gaps, 0).max(axis=1)
    with pytest.raises(CrmkitError, match="0 or to infinity") as caught:
        FITS[kind](alike)
    assert caught.value.code == "clv_runs_away" and "5" in str(caught.value) and caught.value.message_zh


def test_a_likelihood_without_a_summit_that_is_not_far_away_says_what_was_tried():
    from crmkit.customer_value.clv.fitting import maximise

    def saddle(p):  # no maximum: rises along the first parameter for ever, in waves
        return 0.1 * p[0] + np.sin(p[0]) - p[1] ** 2, np.array([0.1 + np.cos(p[0]), -2 * p[1]])

    found = maximise(saddle, ("r", "alpha"), scale=[1, 1], count=10, what="a test")
    assert found["params"]["alpha"] == pytest.approx(1)  # a summit between the waves will do

    def noise(p):
        return float(np.sin(1e6 * p[0])), np.array([0.5, 0.5])

    with pytest.raises(CrmkitError, match="5 starts") as caught:
        maximise(noise, ("r", "alpha"), scale=[1, 1], count=10, what="a test")
    assert caught.value.code in ("clv_not_converged", "clv_runs_away")


@pytest.mark.parametrize(
    "spend, row", [([5.0, 0.0, 3], 1), ([5.0, 4, -3], 2), ([5.0, np.nan, 3], 1), ([5.0, np.inf, 3], 1)]
)
def test_gamma_gamma_refuses_spend_that_is_not_above_zero(spend, row):
    given = frame(monetary=spend)
    with pytest.raises(CrmkitError, match="1 repeat buyer.*monetary > 0") as caught:
        crmkit.fit_gamma_gamma(given)
    assert caught.value.code == "clv_spend_not_positive" and caught.value.row == row
    assert "位复购客户" in caught.value.message_zh


def test_gamma_gamma_needs_repeat_buyers_who_differ_and_a_mean():
    with pytest.raises(CrmkitError, match="at least 2") as caught:
        crmkit.fit_gamma_gamma(frame(frequency=[0, 0, 3]))
    assert caught.value.code == "clv_too_few_repeat_buyers"
    rng = np.random.default_rng(3)
    x = rng.integers(1, 20, 300)
    alike = pd.DataFrame({"frequency": x, "monetary": rng.gamma(4.0 * x, 5) / x})  # one mean for all
    with pytest.raises(CrmkitError) as caught:
        crmkit.fit_gamma_gamma(alike)
    assert caught.value.code == "clv_runs_away"
    heavy = dataclasses.replace(crmkit.fit_gamma_gamma(cdnow()), params={"p": 6.0, "q": 0.9, "v": 1.0})
    with pytest.raises(CrmkitError, match="infinite"):
        heavy.expected_spend(frame())
    same = pd.DataFrame({"frequency": 2, "monetary": spenders(rng, 500)[0]["monetary"]})
    assert crmkit.fit_gamma_gamma(same).spend_frequency_correlation is None


@pytest.mark.parametrize(
    "survivors, code",
    [
        ([100, 90, 95], "clv_survivors"),
        ([0, 0, 0], "clv_survivors"),
        ([100, 90.5, 80], "cell_not_a_number"),
        ([100, -1, -2], "cell_not_a_number"),
        ([100, np.nan, 80], "cell_not_a_number"),
        ([], "no_values"),
        ([100, 90], "clv_nothing_to_fit"),
        ([100, 100, 100], "clv_nothing_to_fit"),
        ([100, 0, 0], "clv_nothing_to_fit"),
        ([100_000, 80_000, 64_000, 51_200, 40_960], "clv_runs_away"),  # everybody at the same 20 %
    ],
)
def test_survivors_that_say_nothing_are_refused(survivors, code):
    with pytest.raises(CrmkitError) as caught:
        crmkit.fit_sbg(survivors)
    assert caught.value.code == code and caught.value.message_zh
    if code == "clv_survivors" and survivors[0]:
        assert caught.value.row == 2


@pytest.mark.parametrize(
    "given, code",
    [
        ({"calibration_end": "1997-01-03"}, "clv_calibration_end"),
        ({"calibration_end": "1998-06-29"}, "clv_calibration_end"),
        ({"calibration_end": "soon"}, "as_of_not_a_date"),
        ({"calibration_end": UP_TO, "model": "lstm"}, "not_a_choice"),
    ],
)
def test_a_holdout_that_cannot_be_is_refused(given, code):
    with pytest.raises(CrmkitError) as caught:
        crmkit.validate_holdout(crmkit.load("cdnow_sample"), **given)
    assert caught.value.code == code


def test_a_log_that_is_none_is_refused():
    log = crmkit.load("cdnow_sample")
    for wrong, code in (
        (log.drop(columns="amount"), "columns_needed"),
        ("log.parquet", "no_parquet"),
        (log.to_dict(), "not_transactions"),
        (log.assign(date="1997-01-01"), "dates_not_dates"),
        (log.iloc[:0], "no_transactions"),
        (log.assign(amount="dear"), "amounts_not_numbers"),
        (log.assign(date=log["date"].where(log.index != 7)), "missing_values"),
    ):
        with pytest.raises(CrmkitError) as caught:
            crmkit.validate_holdout(wrong, calibration_end=UP_TO)
        assert caught.value.code == code
    assert caught.value.row == 7


@pytest.mark.parametrize(
    "bad", [{"days": -1}, {"days": np.nan}, {"annual_discount_rate": -0.1}, {"margin_rate": 2}]
)
def test_horizons_and_rates_outside_sense_are_refused(bad):
    fit, spend = crmkit.fit_bg_nbd(cdnow()), crmkit.fit_gamma_gamma(cdnow())
    with pytest.raises(CrmkitError, match=next(iter(bad))):
        fit.clv(
            cdnow(), **{"spend": spend, "days": 90, "annual_discount_rate": 0.1, "margin_rate": 0.3, **bad}
        )
    sbg = crmkit.fit_sbg([1000, 631, 468, 382])
    with pytest.raises(CrmkitError, match="discount_rate"):
        sbg.residual_lifetime(renewals=0, discount_rate=0)  # alpha below 1: the sum has no end


def test_a_fit_is_frozen_and_shown_in_both_languages():
    fit = crmkit.fit_bg_nbd(cdnow())
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.time_unit = "day"
    crmkit.set_language("both")
    assert "标准误" in repr(crmkit.show(fit.table)) and "standard error" in repr(crmkit.show(fit.table))
    assert isinstance(fit, BetaGeometric)


def test_the_plots_draw_what_the_results_hold():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    from crmkit import plots

    found = crmkit.validate_holdout(crmkit.load("cdnow_sample"), calibration_end=UP_TO)
    cohort = crmkit.fit_sbg([1000, 631, 468, 382]).compare([1000, 631, 468, 382, 326])
    names = ("actual", "expected", "baseline")
    for ax, frame, columns in (
        (plots.plot_tracking(found), found.tracking, [f"cumulative_{n}_purchases" for n in names]),
        (plots.plot_conditional_expectation(found), found.frequencies, [f"{n}_per_customer" for n in names]),
        (
            plots.plot_survival(cohort),
            cohort,
            ["survivors_share", "survival_share", "constant_survival_share"],
        ),
    ):
        for line, column in zip(ax.lines, columns):
            np.testing.assert_allclose(line.get_ydata(), frame[column])
    assert plots.plot_tracking(found).lines[3].get_xdata()[0] == 39
    assert plots.plot_survival(cohort).lines[3].get_xdata()[0] == 3
    bars = plots.plot_frequency_fit(found).patches
    held = [*found.frequencies["actual_customers"], *found.frequencies["expected_customers"]]
    assert [bar.get_height() for bar in bars] == pytest.approx(held)
    grid = found.model.p_alive_grid(T=273)
    drawn = plots.plot_p_alive(grid).collections[0].get_array()
    np.testing.assert_allclose(np.ma.filled(drawn, np.nan).reshape(grid.shape), grid.to_numpy())
    assert (grid[6].dropna().diff().dropna() < 0).all()
    assert (
        grid.loc[0, 6] > grid.loc[0, 1] and grid.loc[182, 6] < grid.loc[182, 1]
    )  # it tells more of who buys often
    plt.close("all")
