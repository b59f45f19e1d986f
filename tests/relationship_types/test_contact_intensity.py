"""Contact intensity (F9): known optima, coverage over many seeds, and what each reading makes of confounded data."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import crmkit
from crmkit import CrmkitError, fit_contact_response, set_language
from crmkit.core.glossary import has_term
from crmkit.relationship_types.contact_intensity import adjusted_contact_response, within_customer_response

PAYS = {"margin_per_response": 30.0, "cost_per_contact": 4.0}
B1, B2, BASE = 0.9, -0.12, 0.8


def response(x):
    return BASE * np.exp(B1 * np.log1p(x) + B2 * x)


ANNOYS = -B1 / B2 - 1  # 6.5: where the response turns
BEST = brentq(
    lambda x: 30 * response(x) * (B1 / (1 + x) + B2) - 4, 0.1, ANNOYS
)  # 3.9: where the next contact only pays


def trial(seed, n=1000, mean=response):
    """Contacts given out at random; customers differ, so that counts vary more than Poisson's."""
    rng = np.random.default_rng(seed)
    x, taste = rng.integers(0, 17, n), rng.gamma(2, 0.5, n)
    return pd.DataFrame(
        {"customer_id": np.arange(n), "contacts": x, "response": rng.poisson(taste * mean(x))}
    )


def market(seed, n=2000, by="prior_purchases"):
    """Heavy buyers are contacted more: by their recorded purchases, or by a taste that no record shows."""
    rng = np.random.default_rng(seed)
    taste = rng.gamma(1.5, 1 / 1.5, n)
    prior = rng.poisson(6 * taste)
    x = np.minimum(rng.poisson(1 + (0.9 * prior if by == "prior_purchases" else 5 * taste)), 30)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "contacts": x,
            "prior_purchases": prior,
            "response": rng.poisson(taste * response(x)),
        }
    )


def panel(seed, n=300, periods=6):
    rng = np.random.default_rng(seed)
    taste = np.repeat(rng.gamma(1.5, 1 / 1.5, n), periods)
    x = np.minimum(rng.poisson(1 + 5 * taste), 30)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), periods),
            "contacts": x,
            "response": rng.poisson(taste * response(x)),
        }
    )


def row(found):
    return found.segments.iloc[0]


def holds(found, annoys=ANNOYS, best=BEST):
    r = row(found)
    return [
        r.annoyance_point_low <= annoys <= r.annoyance_point_high,
        r.best_contacts_low <= best <= r.best_contacts_high,
    ]


def exact(x, mean):
    return pd.DataFrame({"customer_id": range(len(x)), "contacts": x, "response": mean(x)})


def test_closed_form_annoyance_point_and_the_optimum_by_root_finding():
    x = np.tile(np.arange(17.0), 20)
    r = row(fit_contact_response(exact(x, response).round(6), **PAYS))
    assert r.annoyance_point == pytest.approx(ANNOYS, abs=0.01) and r.best_contacts == pytest.approx(
        BEST, abs=0.01
    )
    assert r.profit_at_best == pytest.approx(30 * response(BEST) - 4 * BEST, rel=1e-3)
    assert r.profit_today == pytest.approx(30 * response(x).mean() - 4 * 8)
    r = row(fit_contact_response(exact(x, lambda x: 0.8 * np.exp(0.3 * x - 0.02 * x**2)).round(6), **PAYS))
    assert r.annoyance_point == pytest.approx(0.3 / 0.04, abs=0.01)


def test_coefficients_agree_with_statsmodels_glm_curve():
    import statsmodels.formula.api as smf
    from statsmodels.api import families

    data = trial(1)
    peer = smf.glm(
        "response ~ np.log1p(contacts) + contacts + I(contacts**2)", data, family=families.Poisson()
    ).fit(cov_type="HC0")
    curve = fit_contact_response(data, **PAYS).curve
    shown = peer.get_prediction(curve).summary_frame()
    np.testing.assert_allclose(curve["response"], shown["mean"], rtol=1e-6)
    # one row per customer: clustered errors are White's, with a correction for the sample that vanishes
    np.testing.assert_allclose(curve["response_high"], shown["mean_ci_upper"], rtol=2e-3)


@pytest.mark.simulated
def test_coverage_of_both_intervals_when_contacts_are_random():
    held = np.mean([holds(fit_contact_response(trial(seed), **PAYS)) for seed in range(120)], axis=0)
    assert (np.abs(held - 0.95) < 0.051).all()


@pytest.mark.simulated
def test_coverage_when_the_truth_is_a_parabola():
    def mean(x):
        return 0.8 * np.exp(0.3 * x - 0.02 * x**2)

    best = brentq(lambda x: 30 * mean(x) * (0.3 - 0.04 * x) - 4, 0.1, 7.5)
    held = np.mean(
        [holds(fit_contact_response(trial(seed, mean=mean), **PAYS), 7.5, best) for seed in range(60)], axis=0
    )
    assert (held > 0.88).all()


@pytest.mark.simulated
def test_advice_costs_little_profit_when_the_truth_has_neither_form():
    def mean(x):  # saturates at once, and annoys only from the ninth contact on
        return 1 + 1.5 * (1 - np.exp(-x / 1.5)) - 0.25 * np.maximum(0, x - 8)

    at = np.linspace(0, 16, 1601)
    profit = 30 * mean(at) - 4 * at
    lost = [
        profit.max()
        - np.interp(row(fit_contact_response(trial(s, mean=mean), **PAYS)).best_contacts, at, profit)
        for s in range(20)
    ]
    assert np.mean(lost) < 0.2 * (
        profit.max() - profit[at == 8][0]
    )  # of what the best is better than today's mean


@pytest.mark.simulated
def test_naive_reading_reverses_the_decision_and_the_adjusted_one_puts_it_right():
    naive, adjusted = [], []
    for seed in range(25):
        data = market(seed)
        naive.append(row(fit_contact_response(data, **PAYS)))
        adjusted.append(row(adjusted_contact_response(data, adjust_for=["prior_purchases"], **PAYS)))
    today = np.mean([r.contacts_today for r in naive])
    assert np.median([r.best_contacts for r in naive]) > today + 1  # "contact more"
    assert np.median([r.best_contacts for r in adjusted]) < today - 1  # the truth: fewer
    assert np.median([r.best_contacts for r in adjusted]) == pytest.approx(BEST, abs=0.35)
    assert np.mean([r.best_contacts_low <= BEST <= r.best_contacts_high for r in adjusted]) > 0.7
    assert np.mean([r.best_contacts_low <= BEST <= r.best_contacts_high for r in naive]) < 0.2


def test_the_curve_follows_the_means_among_like_customers_and_not_those_recorded():
    found = adjusted_contact_response(market(1), adjust_for=["prior_purchases"], **PAYS)
    seen = found.bins[found.bins["rows"] > 60]
    curve = np.interp(seen["contacts"], found.curve["contacts"], found.curve["response"])
    off = [np.abs(seen[c] / curve - 1).mean() for c in ("adjusted_response", "response")]
    assert off[0] < 0.12 < 0.3 < off[1]
    plain = fit_contact_response(market(1), **PAYS).bins
    np.testing.assert_allclose(plain["adjusted_response"], plain["response"])  # nothing to adjust for


@pytest.mark.parametrize(
    "column, value, code",
    [
        ("response", 1e9, "response_cannot_be_fitted"),
        ("response", np.inf, "cell_not_a_number"),
        ("contacts", 1e9, "cell_not_a_number"),
    ],
)
def test_a_typing_error_of_many_digits_is_named(column, value, code):
    data = market(2).astype({column: float})
    data.loc[data.index[3], column] = value
    with pytest.raises(CrmkitError) as error:
        fit_contact_response(data, **PAYS)
    assert error.value.code == code and error.value.column == column


@pytest.mark.simulated
def test_adjusting_does_not_help_when_what_decides_is_not_recorded():
    found = [
        row(adjusted_contact_response(market(s, by="taste"), adjust_for=["prior_purchases"], **PAYS))
        for s in range(15)
    ]
    assert np.median([r.best_contacts for r in found]) > BEST + 1
    assert np.mean([r.best_contacts_low <= BEST <= r.best_contacts_high for r in found]) < 0.4


@pytest.mark.simulated
def test_within_customer_reading_recovers_the_truth_although_taste_is_hidden():
    held, best = [], []
    for seed in range(30):
        found = within_customer_response(panel(seed), **PAYS)
        held.append(holds(found))
        best.append(row(found).best_contacts)
    assert np.median(best) == pytest.approx(BEST, abs=0.3) and (np.mean(held, axis=0) > 0.8).all()
    assert (
        row(fit_contact_response(panel(1), **PAYS)).best_contacts > BEST + 3
    )  # thrown together they mislead


def test_within_agrees_with_the_conditional_poisson_of_statsmodels():
    from statsmodels.discrete.conditional_models import ConditionalPoisson

    data = panel(3, n=600)

    def shape(x):
        return np.column_stack([np.log1p(x), x / 10, x**2 / 100])

    peer = ConditionalPoisson(
        data["response"], shape(data["contacts"].to_numpy(float)), groups=data["customer_id"]
    )
    at = np.linspace(0, 15, 1501)
    turn = at[np.argmax(shape(at) @ np.asarray(peer.fit(disp=0).params))]
    assert row(within_customer_response(data, **PAYS)).annoyance_point == pytest.approx(turn, abs=0.5)


def test_no_turn_in_the_data_is_said_and_not_extrapolated():
    data = trial(4)
    few = data[data["contacts"] <= 3]
    found = fit_contact_response(few, **PAYS)
    r = row(found)
    assert r.annoyance_point_high == np.inf and found.curve["contacts"].max() == 3
    assert len(found.notes) >= 2 and "3" in found.notes[1][1]
    free = fit_contact_response(exact(np.tile(np.arange(8.0), 30), lambda x: 1 + x), **PAYS)
    assert (
        row(free)[["annoyance_point", "annoyance_point_high"]].tolist() == [np.inf, np.inf]
        and len(free.notes) == 3
    )
    assert np.isnan(row(free)["profit_at_best"])


def test_each_segment_has_its_own_optimum():
    tough = trial(5, mean=lambda x: response(x) * np.exp(-0.1 * x)).assign(segment="small")
    keen = trial(6).assign(segment="gold", customer_id=lambda t: t["customer_id"] + 5000)
    found = fit_contact_response(pd.concat([tough, keen]), **PAYS).segments.set_index("segment")
    assert found.index.tolist() == ["gold", "small"]
    assert found.loc["small", "best_contacts_high"] < found.loc["gold", "best_contacts_low"]
    alone = row(fit_contact_response(keen, **PAYS))
    assert found.loc["gold", "best_contacts"] == alone["best_contacts"]


# laws


def test_dearer_contacts_never_raise_the_optimum_and_free_ones_go_to_the_annoyance_point():
    data = trial(7)
    best = [
        row(fit_contact_response(data, margin_per_response=30, cost_per_contact=c)).best_contacts
        for c in (0, 1, 2, 4, 8, 16, 1000)
    ]
    assert best == sorted(best, reverse=True) and best[-1] == 0
    r = row(fit_contact_response(data, margin_per_response=30, cost_per_contact=0))
    assert r.best_contacts == pytest.approx(r.annoyance_point, abs=0.01)


def test_another_currency_scales_profit_and_leaves_contacts_alone():
    data = trial(8)
    one, hundred = (
        row(fit_contact_response(data, margin_per_response=30 * k, cost_per_contact=4 * k)) for k in (1, 100)
    )
    assert hundred.best_contacts == one.best_contacts and hundred.best_contacts_low == one.best_contacts_low
    assert hundred.profit_at_best == pytest.approx(100 * one.profit_at_best)
    # the response may be margin already
    money = fit_contact_response(
        data.assign(response=data["response"] * 30.0), margin_per_response=1, cost_per_contact=4
    )
    assert row(money).best_contacts == pytest.approx(one.best_contacts, abs=0.02)


def test_order_of_rows_and_index_do_not_matter_and_the_input_is_left_alone():
    data = trial(9)
    before = data.copy()
    shuffled = data.sample(frac=1, random_state=1)
    a, b = fit_contact_response(data, **PAYS), fit_contact_response(shuffled, **PAYS)
    pd.testing.assert_frame_equal(a.segments, b.segments, rtol=1e-6)
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda d: d.drop(columns="contacts"), "columns_needed"),
        (lambda d: d.drop(columns="customer_id"), "columns_needed"),
        (lambda d: d.iloc[:0], "no_values"),
        (lambda d: d.iloc[:1], "contacts_do_not_vary"),
        (lambda d: d.assign(contacts=3), "contacts_do_not_vary"),
        (lambda d: d.assign(response=0), "contacts_do_not_vary"),
        (lambda d: d.assign(response=d["response"].astype(float).where(d.index != 7)), "cell_not_a_number"),
        (lambda d: d.assign(contacts=-1), "cell_not_a_number"),
        (lambda d: d.assign(response="many"), "cell_not_a_number"),
        (lambda d: d.assign(response=np.inf), "cell_not_a_number"),
        (lambda d: d.assign(customer_id=None), "missing_values"),
        (lambda d: d.assign(segment=[None, "gold"] * 50), "missing_values"),
    ],
)
def test_bad_tables_are_refused_with_what_to_do(spoil, code):
    for read in (fit_contact_response, within_customer_response):
        with pytest.raises(CrmkitError) as error:
            read(spoil(trial(1, n=100)), **PAYS)
        assert error.value.code == code and error.value.message_zh != error.value.message_en


def test_what_repeats_another_column_does_no_harm_but_contacts_cannot_be_adjusted_for_themselves():
    data = trial(1).assign(one=1, member=lambda t: t.index % 2)
    plain = row(fit_contact_response(data, **PAYS))
    assert row(adjusted_contact_response(data, adjust_for=["one"], **PAYS)).best_contacts == pytest.approx(
        plain.best_contacts, abs=0.01
    )
    found = row(adjusted_contact_response(data, adjust_for=["one", "member", "member"], **PAYS))
    assert found.best_contacts == pytest.approx(plain.best_contacts, abs=0.5)
    with pytest.raises(CrmkitError) as error:
        adjusted_contact_response(data, adjust_for=["contacts"], **PAYS)
    assert error.value.code == "contacts_do_not_vary"


def test_other_bad_arguments_are_refused():
    for wrong in (
        {"margin_per_response": 0},
        {"margin_per_response": np.nan},
        {"cost_per_contact": -1},
        {"confidence": 95},
    ):
        with pytest.raises(CrmkitError) as error:
            fit_contact_response(trial(1, n=100), **{**PAYS, **wrong})
        assert error.value.code == "out_of_range"
    once = trial(1, n=100)  # one period a customer: nothing to compare within
    with pytest.raises(CrmkitError) as error:
        within_customer_response(once, **PAYS)
    assert error.value.code == "contacts_do_not_vary"


def test_every_column_has_a_heading_in_both_languages():
    found = fit_contact_response(trial(1, n=300), **PAYS)
    frames = (found.segments, found.curve, found.bins)
    assert [c for frame in frames for c in frame if not has_term(c)] == []
    set_language("zh")
    assert "全部客户" in repr(crmkit.show(found.segments))


def test_the_picture_holds_the_curve_and_says_what_is_not_seen():
    import matplotlib

    matplotlib.use("agg")
    from gallery import draw, example
    from matplotlib import pyplot as plt

    set_language("en")
    result, with_ = example("plot_contact_response")
    ax = draw("plot_contact_response")
    curve = result.curve[result.curve["segment"] == with_["segment"]]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), curve["response"])
    r = result.segments.set_index("segment").loc[with_["segment"]]
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert f"{r.best_contacts:.1f} (95%: {r.best_contacts_low:.1f}–{r.best_contacts_high:.1f})" in words[4]
    unseen = draw("plot_contact_response/no turn seen")
    assert "> 3" in unseen.get_legend().get_texts()[4].get_text()
    funnel = example("plot_participation_funnel")[0]
    assert [b.get_width() for b in draw("plot_participation_funnel").patches][1:] == pytest.approx(
        [*funnel["step_rate"][1:]]
    )
    plt.close("all")
