"""Whom to make an offer: scores against scikit-learn and the truth, curves by hand and against what was simulated."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import crmkit

FEATURES = ["months", "complaints", "usage_change"]
VALUE, COST = 300.0, 15.0


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(8)
    past = crmkit.simulate_retention_trial(20_000, rng=rng)
    now = crmkit.simulate_retention_trial(20_000, rng=rng)
    return past, crmkit.retention_scores(now, trial=past, features=FEATURES)


def test_scores_are_those_of_scikit_learns_logistic_regressions(scored):
    past, now = scored
    stays = {}
    for group in ("control", "treated"):
        chosen = past[past["group"] == group]
        fit = LogisticRegression(C=np.inf, max_iter=10_000, tol=1e-10).fit(chosen[FEATURES], chosen["kept"])
        stays[group] = fit.predict_proba(now[FEATURES])[:, 1]
    np.testing.assert_allclose(now["risk"], 1 - stays["control"], atol=2e-3)
    np.testing.assert_allclose(now["response"], stays["treated"] - stays["control"], atol=2e-3)


def test_the_truth_that_is_simulated_is_the_share_that_leaves():
    trial = crmkit.simulate_retention_trial(200_000, rng=np.random.default_rng(1))
    kept = trial.groupby("group")["kept"].mean()
    assert kept["control"] == pytest.approx(1 - trial["true_risk"].mean(), abs=0.004)
    saved = kept["treated"] - kept["control"]
    assert saved == pytest.approx(trial["true_response"].mean(), abs=0.006)


def test_choice_by_risk_is_reversed_by_response_and_response_earns_more_of_the_truth(scored):
    """Ascarza (2018): risk predicts who leaves, and the offer to the riskiest fifth loses money."""
    _, now = scored
    assert roc_auc_score(1 - now["kept"], now["risk"]) > roc_auc_score(1 - now["kept"], -now["response"])
    earned = {}
    for score in ("risk", "response"):
        best = now.nlargest(len(now) // 5, score)
        earned[score] = (VALUE * best["true_response"] - COST).sum()
    assert earned["risk"] < 0 < earned["response"]
    curves = {
        score: crmkit.targeting_curve(now, by=score, customer_value=VALUE, cost_per_offer=COST)
        for score in earned
    }
    assert curves["response"]["qini"].iloc[0] > 0.01 > abs(curves["risk"]["qini"].iloc[0])
    for score, curve in curves.items():
        fifth = curve[np.isclose(curve["targeted_share"], 0.2)].iloc[0]
        assert fifth["profit_per_customer"] == pytest.approx(earned[score] / len(now), abs=1.5)


def test_the_curve_by_hand_and_as_many_offers_by_lot():
    trial = pd.DataFrame(
        {
            "group": ["treated", "control"] * 4,
            "kept": [1, 0, 1, 0, 1, 1, 0, 1],
            "score": [8, 7, 6, 5, 4, 3, 2, 1],
        }
    )
    curve = crmkit.targeting_curve(trial, by="score", customer_value=100, cost_per_offer=10, steps=4)
    np.testing.assert_allclose(
        curve["saved_per_customer"], [0, 1 / 4, 2 / 4, 3 / 4 * (1 - 1 / 3), 3 / 4 - 2 / 4]
    )
    np.testing.assert_allclose(curve["by_lot_per_customer"], [0, 1 / 16, 2 / 16, 3 / 16, 4 / 16])
    np.testing.assert_allclose(curve["profit_per_customer"], [0, 22.5, 45, 42.5, 15])
    assert curve["qini"].iloc[0] == pytest.approx((0 + 3 / 16 + 6 / 16 + 5 / 16 + 0) / 5)


def test_a_score_of_chance_has_a_qini_near_zero_whichever_way_it_is_drawn():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(40):
        trial = crmkit.simulate_retention_trial(2000, rng=rng).assign(score=rng.random(2000))
        found.append(crmkit.targeting_curve(trial, by="score", customer_value=1, cost_per_offer=0)["qini"][0])
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found)) + 1e-9


def test_groups_are_scikit_learns_calibration_by_quantiles(scored):
    _, now = scored
    control = now[now["group"] == "control"].assign(left=lambda rows: 1 - rows["kept"])
    groups = crmkit.score_groups(control, score="risk", outcome="left", groups=10)
    actual, predicted = calibration_curve(control["left"], control["risk"], n_bins=10, strategy="quantile")
    np.testing.assert_allclose(groups["actual_share"][::-1], actual, atol=0.004)
    np.testing.assert_allclose(groups["predicted_share"][::-1], predicted, atol=0.002)
    inside = (groups["actual_share_low"] <= groups["predicted_share"]) & (
        groups["predicted_share"] <= groups["actual_share_high"]
    )
    assert inside.sum() >= 8, "a model that is right is calibrated"
    assert groups["gain_share"].iloc[-1] == 1 and groups["lift"].iloc[0] > 2


def test_wrong_input_is_refused():
    trial = crmkit.simulate_retention_trial(60, rng=np.random.default_rng(1))
    with pytest.raises(crmkit.CrmkitError, match="control|treated"):
        crmkit.retention_scores(trial, trial=trial, features=FEATURES)
    with pytest.raises(crmkit.CrmkitError):
        crmkit.targeting_curve(trial, by="no_such_score", customer_value=1, cost_per_offer=1)
    with pytest.raises(crmkit.CrmkitError):
        crmkit.score_groups(trial, score="months", outcome="kept")
