"""Customer lifetime value: closed forms, the likelihoods written out a second time, and simulation with known truth."""

import numpy as np
import pandas as pd
import pytest
from clv_customers import FITS, TRUTH, ages_of, cdnow, known, model, simulate, spenders
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

import crmkit
from crmkit.core.glossary import has_term
from crmkit.customer_value.clv import beta_geometric, pareto
from crmkit.customer_value.clv.gamma_gamma import GammaGamma

# --- the likelihoods a second time, by numerical integration over the unseen -----------------


def likelihood(kind, params, x, t_x, age):
    """The density of one history, over the rate by its closed gamma integral and over leaving by quadrature."""
    r, alpha = params["r"], params["alpha"]

    def given_exposure(t):
        return np.exp(
            special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + t)
        )

    if kind == "pareto":
        life = stats.lomax(params["s"], scale=params["beta"])  # when the customer leaves
        gone, _ = integrate.quad(
            lambda t: given_exposure(t) * life.pdf(t), t_x, age, epsabs=0, epsrel=1e-11, limit=200
        )
        return given_exposure(age) * life.sf(age) + gone
    quits = stats.beta(params["a"], params["b"])
    chances = x + (kind == "mbg")
    stays = integrate.quad(lambda p: quits.pdf(p) * (1 - p) ** chances, 0, 1, epsabs=0, epsrel=1e-10)[0]
    leaves = integrate.quad(
        lambda p: quits.pdf(p) * p * (1 - p) ** (chances - 1), 0, 1, epsabs=0, epsrel=1e-10
    )[0]
    return given_exposure(age) * stays + (given_exposure(t_x) * leaves if chances else 0)


HISTORIES = [
    (0, 0.0, 1.0),
    (0, 0.0, 52.0),
    (1, 3.0, 40.0),
    (2, 30.4, 38.9),
    (9, 38.0, 38.0),
    (25, 20.0, 52.0),
]


@pytest.mark.parametrize("kind", FITS)
@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("scale", [1.0, 0.4, 2.0])  # Pareto: beta above, far below and far above alpha
def test_p_alive_and_likelihood_agree_with_integration_over_the_unseen(kind, history, scale):
    params = {k: v * scale if k in ("a", "beta") else v for k, v in TRUTH[kind].items()}
    x, t_x, age = (np.array([v], dtype=float) for v in history)
    whole = likelihood(kind, params, *history)
    if kind == "pareto":
        score = pareto._score(x, t_x, age, np.ones(1))
        never = (1 + age[0] / params["beta"]) ** -params["s"]
    else:
        score = beta_geometric._score(x, t_x, age, np.ones(1), int(kind == "mbg"))
        chances = x[0] + (kind == "mbg")
        never = np.exp(
            special.betaln(params["a"], params["b"] + chances) - special.betaln(params["a"], params["b"])
        )
    assert score(np.log(list(params.values())))[0] == pytest.approx(np.log(whole), abs=1e-8)
    r, alpha = params["r"], params["alpha"]
    made = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
    here = never * np.exp(made)
    frame = pd.DataFrame({"frequency": x, "t_x": t_x * 7, "T": age * 7})
    assert model(kind, params).p_alive(frame)[0] == pytest.approx(here[0] / whole, rel=1e-8)


@pytest.mark.parametrize("kind", FITS)
def test_the_gradient_is_the_slope_of_the_likelihood(kind):
    rng = np.random.default_rng(1)
    frame, _ = simulate(kind, TRUTH[kind], ages_of(300, rng), rng)
    columns = [frame[c].to_numpy() / unit for c, unit in (("frequency", 1), ("t_x", 7), ("T", 7))]
    score = (
        pareto._score(*columns, np.ones(300))
        if kind == "pareto"
        else beta_geometric._score(*columns, np.ones(300), int(kind == "mbg"))
    )
    at = np.log(list(TRUTH[kind].values())) + 0.2
    rows = [(score(at + h)[0] - score(at - h)[0]) / 2e-5 for h in np.eye(4) * 1e-5]
    assert score(at)[1] == pytest.approx(rows, abs=1e-8)


@pytest.mark.filterwarnings("ignore:Extremely bad integrand")
@pytest.mark.parametrize(
    "alpha, beta", [(10, 10), (10, 10 * (1 + 1e-9)), (0.01, 50), (50, 0.01), (1e4, 1), (1, 1e4)]
)
@pytest.mark.parametrize(
    "history", [(0, 0, 1e-9), (0, 0, 500), (1500, 30, 500), (1500, 499.9, 500), (3, 5, 5)]
)
def test_pareto_holds_where_the_hypergeometric_function_fails(alpha, beta, history):
    params = {"r": 0.6, "alpha": alpha, "s": 0.7, "beta": beta}
    x, t_x, age = (np.array([v], dtype=float) for v in history)
    stays, gone, *_ = (part[0] for part in pareto._parts(tuple(params.values()), x, t_x, age))

    # the same integral in logarithms of time from t_x, piece by piece, scaled by its greatest value
    def height(t):
        return -(0.6 + x[0]) * np.log(alpha + t) - 1.7 * np.log(beta + t)

    pieces = t_x[0] + np.concatenate([[0], np.geomspace(1e-12, max(age[0] - t_x[0], 1e-12), 60)])
    found = sum(
        integrate.quad(lambda t: np.exp(height(t) - height(t_x[0])), low, high, epsabs=0, epsrel=1e-10)[0]
        for low, high in zip(pieces, pieces[1:])
        if high <= age[0]
    )
    if age[0] - t_x[0] > 1e-10:
        assert gone == pytest.approx(np.log(0.7 * found) + height(t_x[0]), abs=1e-7)
    assert stays == pytest.approx(-(0.6 + x[0]) * np.log(alpha + age[0]) - 0.7 * np.log(beta + age[0]))
    alive = model("pareto", params).p_alive(pd.DataFrame({"frequency": x, "t_x": t_x * 7, "T": age * 7}))[0]
    assert 0 <= alive <= 1


def test_expected_purchases_agree_with_the_closed_forms_of_the_papers():
    frame = pd.DataFrame(
        {"frequency": [0, 0, 1, 4, 60], "t_x": [0, 0, 70, 150, 250.0], "T": [7, 273, 273, 200, 260.0]}
    )
    x, age = frame["frequency"].to_numpy(), frame["T"].to_numpy() / 7
    for a in (0.4, 0.9, 2.2):
        r, alpha, b, t = 0.8, 6.0, 2.5, 39.0
        fit = model("bg", {"r": r, "alpha": alpha, "a": a, "b": b})
        ours = (fit.expected_purchases(frame, days=t * 7) / fit.p_alive(frame)).to_numpy()
        z = t / (
            alpha + age + t
        )  # Fader, Hardie & Lee 2005, equation 10, its hypergeometric by Euler's transformation
        gauss = special.hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
        closed = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * gauss)
        assert ours == pytest.approx(closed, rel=1e-9)
        new = (
            (a + b - 1)
            / (a - 1)
            * (1 - (alpha / (alpha + t)) ** r * special.hyp2f1(r, b, a + b - 1, t / (alpha + t)))
        )
        assert fit.expected_purchases_new(t * 7)[0] == pytest.approx(new, rel=1e-9)
    for s in (0.6, 1.7):
        r, alpha, beta, t = 0.8, 6.0, 9.0, 39.0
        fit = model("pareto", {"r": r, "alpha": alpha, "s": s, "beta": beta})
        closed = (
            (r + x)
            * (beta + age)
            / (alpha + age)
            / (s - 1)
            * (1 - ((beta + age) / (beta + age + t)) ** (s - 1))
        )
        ours = (fit.expected_purchases(frame, days=t * 7) / fit.p_alive(frame)).to_numpy()
        assert ours == pytest.approx(closed, rel=1e-9)


@pytest.mark.parametrize(
    "params, history",
    [
        (
            {"r": 2.18, "alpha": 0.104, "a": 1.44, "b": 233.0},
            (3, 0.222, 511),
        ),  # scipy's 2F1 is NaN in both its forms
        ({"r": 0.24, "alpha": 4.4, "a": 600.0, "b": 0.5}, (3000, 50, 39)),
        ({"r": 900.0, "alpha": 900.0, "a": 0.8, "b": 2.4}, (0, 30, 390)),
        ({"r": 0.24, "alpha": 4.4, "a": 1.0, "b": 2.4}, (40, 39, 39)),
    ],
)
def test_the_purchase_rate_agrees_with_integration_over_the_chance_to_leave_even_at_the_edges(
    params, history
):
    x, age, t = (np.array([[v]], dtype=float) for v in history)
    r, alpha, a, b = params.values()
    y, stays = t[0, 0] / (alpha + history[1]), b + history[0]

    def at(u):  # logit of the chance
        return np.exp(
            -a * np.logaddexp(0, -u)
            - stays * np.logaddexp(0, u)
            - special.betaln(a, stays)
            - (r + history[0] + 1) * np.log1p(y / (1 + np.exp(-u)))
        )

    whole = sum(integrate.quad(at, low, low + 1, epsabs=0, epsrel=1e-11)[0] for low in range(-60, 60))
    found = model("bg", params)._rate(x, age, t)[0, 0]
    assert found == pytest.approx((r + history[0]) / (alpha + history[1]) * whole, rel=1e-8, abs=1e-12)


def test_discounted_purchases_tend_to_dert_of_fader_hardie_and_lee_2005():
    r, alpha, s, beta = TRUTH["pareto"].values()
    fit = model("pareto", TRUTH["pareto"])
    frame = pd.DataFrame({"frequency": [0, 3, 12], "t_x": [0, 100, 250.0], "T": [273.0] * 3})
    force = np.log(1.15) / 365 * 7  # 15 % a year, in weeks
    age = 39.0
    dert = (
        force ** (s - 1)
        * (r + frame["frequency"])
        * (beta + age) ** s
        / (alpha + age)
        * special.hyperu(s, s, force * (beta + age))
        * fit.p_alive(frame)
    )
    found = fit.discounted_purchases(frame, days=100 * 365, annual_discount_rate=0.15)
    assert found.to_numpy() == pytest.approx(dert.to_numpy(), rel=1e-5)


@pytest.mark.parametrize("kind", FITS)
def test_the_probabilities_of_counts_add_up_and_have_the_expected_mean(kind):
    fit, x = model(kind, TRUTH[kind]), np.arange(3000)
    for days in (10.0, 273.0):
        p = fit.p_frequency(x, days)
        assert (p >= 0).all() and p.sum() == pytest.approx(1, abs=1e-8)
        assert p @ x == pytest.approx(fit.expected_purchases_new(days)[0], rel=1e-6)


# --- known truth -----------------------------------------------------------------------------


FORECAST = ["p_alive", "expected_purchases"]
FOUR = pd.DataFrame(
    {
        "customer_id": ["bought once", "came back", "gone silent", "buys often"],
        "frequency": [0, 2, 4, 20],
        "t_x": [0.0, 120.0, 90.0, 260.0],
        "T": [270.0, 270.0, 270.0, 270.0],
    }
)


def covered(kind, seeds, *, n=700, regular=False):
    """Per parameter and per forecast of four histories, the share of 95 % intervals that hold the truth."""
    held = []
    right = model(kind, TRUTH[kind]).forecast(FOUR, days=364)[FORECAST]
    for seed in range(seeds):
        rng = np.random.default_rng([seed, n])
        frame, _ = simulate(kind, TRUTH[kind], ages_of(n, rng), rng, regular=regular)
        fit = FITS[kind](frame)
        table = fit.table.set_index("parameter")
        truth = pd.Series(TRUTH[kind])
        found = fit.forecast(FOUR, days=364)
        inside = (table["estimate_low"] <= truth) & (truth <= table["estimate_high"])
        for name in FORECAST:
            sure = (found[f"{name}_low"] <= right[name]) & (right[name] <= found[f"{name}_high"])
            inside = pd.concat([inside, sure.set_axis(name + " " + FOUR["customer_id"])])
        held.append(inside)
    return pd.DataFrame(held).mean()


def expected_share(seeds):
    """What 95 % may come out as: three standard errors of a share of so many."""
    return 0.95 - 3 * (0.95 * 0.05 / seeds) ** 0.5


@pytest.mark.simulated
@pytest.mark.parametrize("kind, seeds", [("bg", 80), ("mbg", 60), ("pareto", 30)])
def test_intervals_hold_the_simulated_truth_in_about_95_of_100_samples(kind, seeds):
    # over 150, 150 and 60 samples of 1,500: 94–97 %, 92–97 %, 90–97 %
    shares = covered(kind, seeds)
    assert (shares >= expected_share(seeds)).all(), shares


@pytest.mark.simulated
def test_intervals_miss_the_truth_when_purchases_are_more_regular_than_the_model_says():
    shares = covered("bg", 20, regular=True)
    assert shares["alpha"] < 0.2, shares


def test_standard_errors_agree_with_statsmodels_curvature_of_the_likelihood_written_out_again():
    from statsmodels.tools.numdiff import approx_hess3

    x, t_x, age = (cdnow()[c].to_numpy(float) / unit for c, unit in (("frequency", 1), ("t_x", 7), ("T", 7)))

    def bg_nbd(p):  # Fader, Hardie & Lee 2005, equation 6
        r, alpha, a, b = p
        common = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + special.betaln(a, b + x)
        dead = np.where(
            x > 0, np.log(a / (b + np.maximum(x, 1) - 1)) - (r + x) * np.log(alpha + t_x), -np.inf
        )
        return (common - special.betaln(a, b) + np.logaddexp(-(r + x) * np.log(alpha + age), dead)).sum()

    def pareto_nbd(p):  # Fader & Hardie 2005; alpha < beta here
        r, alpha, s, beta = p
        k = r + s + x

        def part(t):
            return special.hyp2f1(k, r + x, k + 1, (beta - alpha) / (beta + t)) / (beta + t) ** k

        gone = s / k * (part(t_x) - part(age))
        stay = (alpha + age) ** -(r + x) * (beta + age) ** -s
        return (
            special.gammaln(r + x)
            - special.gammaln(r)
            + r * np.log(alpha)
            + s * np.log(beta)
            + np.log(stay + gone)
        ).sum()

    buyers = cdnow().query("frequency > 0")
    n, z = buyers["frequency"].to_numpy(float), buyers["monetary"].to_numpy()

    def gamma_gamma(p):
        p, q, v = p
        return (
            special.gammaln(p * n + q)
            - special.gammaln(p * n)
            - special.gammaln(q)
            + q * np.log(v)
            + (p * n - 1) * np.log(z)
            + p * n * np.log(n)
            - (p * n + q) * np.log(n * z + v)
        ).sum()

    for fit, again in (
        (crmkit.fit_bg_nbd(cdnow()), bg_nbd),
        (crmkit.fit_pareto_nbd(cdnow()), pareto_nbd),
        (crmkit.fit_gamma_gamma(cdnow()), gamma_gamma),
    ):
        at = np.array(list(fit.params.values()))
        assert fit.log_likelihood == pytest.approx(again(at), abs=1e-4)
        for change in np.eye(len(at)) * 1e-3:  # a maximum: nothing near is likelier
            assert again(at * (1 + change)) < fit.log_likelihood > again(at * (1 - change))
        covariance = np.linalg.inv(-approx_hess3(at, again))
        errors = np.sqrt(np.diag(covariance))
        assert list(fit.standard_errors.values()) == pytest.approx(errors, rel=2e-3)
        assert list(fit.covariance) == list(fit.covariance.index) == list(fit.params)
        assert fit.covariance.to_numpy() / np.outer(errors, errors) == pytest.approx(
            covariance / np.outer(errors, errors), abs=5e-3
        )


@pytest.mark.simulated
def test_standard_errors_agree_with_the_spread_of_fits_to_samples_from_the_fit():
    rng = np.random.default_rng(3)
    fit = crmkit.fit_bg_nbd(cdnow())
    ages = cdnow()["T"].to_numpy() / 7
    samples = (simulate("bg", fit.params, ages, rng)[0] for _ in range(40))
    drawn = [np.log(list(crmkit.fit_bg_nbd(sample).params.values())) for sample in samples]
    relative = np.array(list(fit.standard_errors.values())) / list(fit.params.values())
    assert np.std(drawn, axis=0) == pytest.approx(
        relative, rel=0.4
    )  # the spread of 40 is itself known to 11 %


# --- spend and survival ----------------------------------------------------------------------


@pytest.mark.simulated
def test_gamma_gamma_recovers_the_truth_with_coverage_and_expects_what_is_spent():
    held = []
    for seed in range(60):
        frame, mean = spenders(np.random.default_rng(seed), 800)
        fit = crmkit.fit_gamma_gamma(frame)
        table, truth = fit.table, np.array([6.0, 4.0, 15.0])
        inside = (table["estimate_low"] <= truth) & (truth <= table["estimate_high"])
        seen = pd.DataFrame(
            {"customer_id": range(3), "frequency": [0, 1, 8], "monetary": [np.nan, 60.0, 12.0]}
        )
        spent = fit.forecast(seen)
        right = [30.0, (15 + 60) * 6 / (6 + 3), (15 + 8 * 12) * 6 / (48 + 3)]  # (v + x·z)·p / (p·x + q − 1)
        sure = (spent["expected_spend_low"] <= right) & (right <= spent["expected_spend_high"])
        held.append([*inside, *sure])
    assert (np.mean(held, axis=0) >= expected_share(60)).all(), np.mean(held, axis=0)
    frame, mean = spenders(np.random.default_rng(99), 40_000)
    fit = crmkit.fit_gamma_gamma(frame)
    expected = fit.expected_spend(frame)
    assert fit.spend_frequency_correlation.contains(0)
    for group in (
        pd.qcut(expected, 5, labels=False).to_frame("g").groupby("g").groups.values()
    ):  # calibrated throughout
        assert expected[group].mean() == pytest.approx(mean[group].mean(), rel=0.03)
    # nearer to the truth than the customer's own average, and than the mean of all
    assert ((expected - mean) ** 2).mean() < 0.8 * min(((frame["monetary"] - mean) ** 2).mean(), mean.var())


def test_gamma_gamma_weighs_the_own_average_against_the_population_mean():
    fit = crmkit.fit_gamma_gamma(cdnow())
    p, q, v = fit.params.values()
    frame = pd.DataFrame({"frequency": [0, 1, 10, 1000], "monetary": [np.nan, 100.0, 100, 100]})
    found = fit.expected_spend(frame)
    assert found[0] == pytest.approx(v * p / (q - 1))
    own = p * frame["frequency"] / (p * frame["frequency"] + q - 1)
    assert found.to_numpy() == pytest.approx(
        (own * frame["monetary"].fillna(0) + (1 - own) * found[0]).to_numpy()
    )
    assert found.is_monotonic_increasing and found[3] == pytest.approx(100, rel=1e-3)


def test_scaling_the_currency_scales_spend_and_its_scale_only():
    once = crmkit.fit_gamma_gamma(cdnow())
    cents = crmkit.fit_gamma_gamma(cdnow().assign(monetary=cdnow()["monetary"] * 100))
    assert [cents.params[k] for k in "pq"] == pytest.approx([once.params[k] for k in "pq"], rel=1e-6)
    assert cents.params["v"] == pytest.approx(100 * once.params["v"], rel=1e-6)
    assert cents.log_likelihood == pytest.approx(once.log_likelihood - 946 * np.log(100), rel=1e-9)


@pytest.mark.simulated
def test_sbg_recovers_the_truth_with_coverage():
    held = []
    # survival B(α, β + t) / B(α, β), and the renewals of those with five behind them, added up one by one
    t = np.arange(3000)
    survival = special.beta(0.8, 3.0 + t) / special.beta(0.8, 3.0)
    right = pd.DataFrame(
        {"survival_share": survival, "retention_rate": np.append(np.nan, survival[1:] / survival[:-1])}
    ).iloc[[3, 12]]
    renewals = (survival[6:] / survival[5] * 1.1 ** -np.arange(len(t) - 6)).sum()
    for seed in range(150):
        rng = np.random.default_rng(seed)
        leaves = rng.geometric(np.maximum(rng.beta(0.8, 3.0, 2000), 1e-12))
        fit = crmkit.fit_sbg([(leaves > t).sum() for t in range(8)])
        inside = (fit.table["estimate_low"] <= [0.8, 3.0]) & (fit.table["estimate_high"] >= [0.8, 3.0])
        curve = fit.curve(12).iloc[[3, 12]]  # within the periods seen, and beyond them
        there, stays = right["survival_share"], right["retention_rate"]
        sure = (curve["survival_share_low"] <= there) & (there <= curve["survival_share_high"])
        sure_rate = (curve["retention_rate_low"] <= stays) & (stays <= curve["retention_rate_high"])
        old = fit.residual_lifetime(renewals=5, discount_rate=0.1)
        held.append([*inside, *sure, *sure_rate, old.contains(renewals)])
    assert (np.mean(held, axis=0) >= expected_share(150)).all(), np.mean(held, axis=0)


def test_sbg_standard_errors_agree_with_statsmodels_curvature():
    from statsmodels.tools.numdiff import approx_hess3

    left = np.array([1000, 869, 743, 653, 593, 551, 517, 491])

    def again(p):  # Fader & Hardie 2007, equations 5 and 6, by their recursion
        a, b = p
        chance, stays, value = a / (a + b), b / (a + b), 0.0
        for t, lost in enumerate(-np.diff(left), start=1):
            if t > 1:
                chance *= (b + t - 2) / (a + b + t - 1)
                stays -= chance
            value += lost * np.log(chance)
        return value + left[-1] * np.log(stays)

    fit = crmkit.fit_sbg(left)
    at = np.array(list(fit.params.values()))
    assert fit.log_likelihood == pytest.approx(again(at), abs=1e-8)
    assert list(fit.standard_errors.values()) == pytest.approx(
        np.sqrt(np.diag(np.linalg.inv(-approx_hess3(at, again)))), rel=1e-3
    )


def test_residual_lifetime_is_the_discounted_sum_of_the_survival_curve():
    fit = crmkit.fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    curve = fit.curve(10_000)["survival_share"].to_numpy()
    for renewals in (0, 1, 5):
        ahead = curve[renewals + 1 :] / curve[renewals]
        summed = (ahead * 1.1 ** -np.arange(len(ahead))).sum()
        assert fit.residual_lifetime(renewals=renewals, discount_rate=0.1).value == pytest.approx(
            summed, rel=1e-9
        )
    a, b = 2.5, 3.0
    known_fit = fit.__class__(
        params={"alpha": a, "beta": b},
        log_likelihood=0.0,
        covariance=known({"alpha": a, "beta": b}),
        customers=1,
        survivors=fit.survivors,
        constant_retention=0.5,
    )
    assert known_fit.residual_lifetime(renewals=0, discount_rate=0).value == pytest.approx(
        b / (a - 1)
    )  # the mean of a sum


# --- what must hold for any history ----------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(1, 400), st.floats(1, 900), st.floats(0, 900), st.sampled_from(sorted(FITS)))
def test_p_alive_falls_with_silence_and_forecasts_grow_with_the_horizon(x, t_x, silence, kind):
    fit = model(kind, TRUTH[kind])
    frame = pd.DataFrame({"frequency": x, "t_x": t_x, "T": t_x + silence * np.linspace(0, 1, 6)})
    alive = fit.p_alive(frame)
    assert ((alive >= 0) & (alive <= 1)).all() and (alive.diff().dropna() <= 1e-12).all()
    short, long = (fit.expected_purchases(frame, days=d) for d in (30, 300))
    assert ((short >= 0) & (short <= long)).all()
    assert (fit.discounted_purchases(frame, days=300, annual_discount_rate=0.2) <= long).all()


@pytest.mark.parametrize("kind", FITS)
def test_the_order_of_rows_and_the_unit_of_time_change_nothing_but_the_unit(kind):
    summary = cdnow()
    before = summary.copy(deep=True)
    weekly, shuffled = FITS[kind](summary), FITS[kind](summary.sample(frac=1, random_state=1))
    daily = FITS[kind](summary, time_unit="day")
    assert summary.equals(before)
    assert list(shuffled.params.values()) == pytest.approx(list(weekly.params.values()), rel=1e-7)
    in_time = [name for name in weekly.params if name in ("alpha", "beta")]
    in_days = {k: v * (7 if k in in_time else 1) for k, v in weekly.params.items()}
    assert daily.params == pytest.approx(in_days, rel=1e-6)
    density = summary["frequency"].sum() * np.log(7)
    assert daily.log_likelihood == pytest.approx(weekly.log_likelihood - density, rel=1e-9)
    ours, theirs = (fit.expected_purchases(summary, days=90).to_numpy() for fit in (weekly, daily))
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_one_time_buyers_are_alive_for_certain_under_bg_nbd_only():
    once = pd.DataFrame({"frequency": 0, "t_x": 0.0, "T": [0.0, 30, 3000]})
    alive = {kind: model(kind, TRUTH[kind]).p_alive(once).to_numpy() for kind in FITS}
    assert (alive["bg"] == 1).all()
    assert alive["mbg"][0] == pytest.approx(2.5 / 3.1) and (np.diff(alive["mbg"]) < 0).all()
    assert alive["pareto"][0] == 1 and (np.diff(alive["pareto"]) < 0).all() and alive["pareto"][2] < 0.1


def test_every_column_has_a_term():
    fit = crmkit.fit_bg_nbd(cdnow())
    validation = crmkit.validate_holdout(crmkit.load("cdnow_sample"), calibration_end="1997-09-30")
    frames = [
        fit.table,
        fit.clv(
            cdnow(),
            spend=GammaGamma(
                params={"p": 6.0, "q": 4.0, "v": 15.0},
                log_likelihood=0.0,
                covariance=known({"p": 6.0, "q": 4.0, "v": 15.0}),
                customers=1,
                spend_frequency_correlation=None,
            ),
            days=365,
            annual_discount_rate=0.1,
            margin_rate=0.3,
        ),
        crmkit.fit_sbg([100, 60, 45]).compare([100, 60, 45, 36]),
        validation.tracking,
        validation.frequencies,
        validation.customers,
        validation.errors,
    ]
    missing = {c for frame in frames for c in frame.columns if not has_term(c)}
    assert not missing | {m for m in validation.errors["measure"] if not has_term(m)}


def test_customers_with_only_returns_are_named_and_can_be_left_out():
    log = crmkit.load("cdnow_sample")
    odd = pd.DataFrame(
        {"customer_id": ["only returns"], "date": [pd.Timestamp("1997-03-01")], "amount": [-5.0]}
    )
    summary = crmkit.customer_summary(pd.concat([log, odd]), as_of="1997-09-30")
    with pytest.raises(crmkit.CrmkitError) as caught:
        crmkit.fit_bg_nbd(summary)
    assert caught.value.code == "clv_only_returns" and caught.value.value == "only returns"
    assert crmkit.fit_bg_nbd(summary.query("purchases > 0")).log_likelihood == pytest.approx(
        -9582.4292, abs=1e-3
    )
