"""The stakeholder map against the closed form of equal marginal losses, scipy's optimum, and simulated truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.foundations.stakeholder_map import MARKETS, stakeholder_map


def _firm(rng=None, n=6, **change):
    rng = rng or np.random.default_rng(3)
    return pd.DataFrame(
        {
            "stakeholder": [f"s{i}" for i in range(n)],
            "market": [MARKETS[i % len(MARKETS)] for i in range(n)],
            "value_at_stake": rng.lognormal(11, 1, n),
            "break_probability": rng.uniform(0.02, 0.3, n),
            "effort": rng.uniform(20, 200, n),
            "elasticity": rng.uniform(0.05, 0.6, n),
            "importance": rng.integers(1, 6, n),
            "strength": rng.integers(1, 6, n),
        }
    ).assign(**change)


def test_a_hand_worked_map():
    firm = _firm(
        n=2,
        value_at_stake=[1000.0, 400.0],
        break_probability=[0.1, 0.2],
        effort=[10.0, 10.0],
        elasticity=[0.5, 0.5],
        importance=[5, 2],
        strength=[1, 5],
    )
    table = stakeholder_map(firm).stakeholders
    assert table["expected_loss"].tolist() == [100, 80]
    assert table["loss_avoided_per_effort"].tolist() == [5, 4]
    assert table["textbook_priority"].tolist() == [1, 2]  # 5 × 5 and 2 × 1
    share = np.array([100, 80]) ** (1 / 1.5)  # equal marginal losses
    assert table["effort_after"].to_numpy() == pytest.approx(20 * share / share.sum())
    assert table["effort_after"].sum() == pytest.approx(20)


@pytest.mark.parametrize("seed", range(6))
def test_the_spread_agrees_with_scipys_optimum(seed):
    firm = _firm(np.random.default_rng(seed))
    table = stakeholder_map(firm).stakeholders
    loss, x, e = (table[c].to_numpy() for c in ("expected_loss", "effort", "elasticity"))
    low = x * np.maximum(0.5, firm["break_probability"].to_numpy() ** (1 / e))
    peer = minimize(
        lambda y: (loss / loss.sum() * (y / x) ** -e).sum(),
        x,
        method="SLSQP",
        bounds=[(a, None) for a in low],
        constraints={"type": "eq", "fun": lambda y: (y.sum() - x.sum()) / x.sum()},
        options={"maxiter": 2000, "ftol": 1e-14},
    )
    ours = (loss * (table["effort_after"].to_numpy() / x) ** -e).sum()
    assert ours <= peer.fun * loss.sum() * (1 + 1e-9) and ours == pytest.approx(
        peer.fun * loss.sum(), rel=1e-5
    )
    assert ours == pytest.approx(table["expected_loss_after"].sum())
    assert (
        table["effort_after"].sum() == pytest.approx(x.sum()) and (table["effort_after"] >= low - 1e-9).all()
    )


def test_importance_by_strength_reverses_and_the_effort_it_asks_for_prevents_less_of_the_simulated_losses():
    # the regulator is important and the relation weak, but effort moves it little; the dealers answer to effort
    firm = _firm(
        n=3,
        stakeholder=["regulator", "dealers", "staff"],
        value_at_stake=[5e5, 4e5, 2e5],
        break_probability=[0.05, 0.15, 0.2],
        effort=100.0,
        elasticity=[0.02, 0.5, 0.3],
        importance=[5, 4, 3],
        strength=[1, 3, 3],
    )
    found = stakeholder_map(firm)
    table = found.stakeholders.set_index("stakeholder")
    assert table.loc["regulator", ["textbook_priority", "priority"]].tolist() == [1, 3]
    assert table.loc["dealers", ["textbook_priority", "priority"]].tolist() == [2, 1]
    weight = firm["importance"] * (6 - firm["strength"])
    by_scores = (300 * weight / weight.sum()).to_numpy()
    rng, years = np.random.default_rng(1), 40_000
    lost = {}
    for name, effort in (
        ("today", firm["effort"]),
        ("scores", by_scores),
        ("best", table["effort_after"].to_numpy()),
    ):
        chance = firm["break_probability"] * (effort / firm["effort"]) ** -firm["elasticity"]
        lost[name] = (rng.random((years, 3)) < chance.to_numpy()) @ firm["value_at_stake"].to_numpy() / years
    lost = {name: each.sum() for name, each in lost.items()}
    assert lost["best"] < lost["today"] < lost["scores"]
    assert lost["today"] - lost["best"] == pytest.approx(found.loss_avoided.value, abs=4000)


@pytest.mark.simulated
def test_the_interval_covers_the_loss_avoided_when_the_elasticities_are_drawn_as_assumed():
    rng, held = np.random.default_rng(7), []
    for _ in range(200):
        firm = _firm(rng)
        mean, sd = firm["elasticity"].to_numpy(), 0.05
        weight = mean * (1 - mean) / np.minimum(sd, 0.9 * np.sqrt(mean * (1 - mean))) ** 2 - 1
        true = rng.beta(mean * weight, (1 - mean) * weight)
        found = stakeholder_map(firm, rng=rng, elasticity_sd=sd, draws=400)
        table = found.stakeholders
        avoided = (table["expected_loss"] * (1 - (table["effort_after"] / table["effort"]) ** -true)).sum()
        held.append(found.loss_avoided.contains(avoided))
    assert 0.9 < np.mean(held) < 0.99


def test_units_order_and_input():
    firm = _firm()
    before, found = firm.copy(deep=True), stakeholder_map(firm)
    yuan = stakeholder_map(firm.assign(value_at_stake=7 * firm["value_at_stake"]))
    assert yuan.loss_avoided.value == pytest.approx(7 * found.loss_avoided.value)
    assert yuan.stakeholders["effort_after"].to_numpy() == pytest.approx(
        found.stakeholders["effort_after"].to_numpy()
    )
    hours = stakeholder_map(firm.assign(effort=60 * firm["effort"]))
    assert hours.stakeholders["effort_after"].to_numpy() == pytest.approx(
        60 * found.stakeholders["effort_after"].to_numpy()
    )
    back = stakeholder_map(firm.iloc[::-1]).stakeholders.iloc[::-1]
    assert back["effort_after"].to_numpy() == pytest.approx(found.stakeholders["effort_after"].to_numpy())
    pd.testing.assert_frame_equal(firm, before)
    assert found.loss_avoided.value >= 0 and found.loss_avoided.low is None


def test_a_break_never_becomes_more_than_certain_and_who_does_not_answer_keeps_the_least():
    firm = _firm(
        n=3, value_at_stake=[10.0, 1e6, 1e6], break_probability=[0.9, 0.1, 0.0], elasticity=[0.6, 0.3, 0.0]
    )
    table = stakeholder_map(firm, at_least=0.0).stakeholders
    assert (table["expected_loss_after"] <= table["value_at_stake"] + 1e-9).all()
    assert table["effort_after"].tolist()[0] == pytest.approx(firm["effort"][0] * 0.9 ** (1 / 0.6))
    assert table["effort_after"].tolist()[2] == 0
    idle = stakeholder_map(firm.assign(elasticity=0.0))
    assert (
        idle.loss_avoided.value == 0 and idle.stakeholders["effort_after"].tolist() == firm["effort"].tolist()
    )
    assert stakeholder_map(firm.iloc[:1]).loss_avoided.value == 0


@pytest.mark.parametrize(
    "change, code",
    [
        ({"market": "moon"}, "not_a_choice"),
        ({"stakeholder": "same"}, "stakeholder_not_unique"),
        ({"break_probability": 1.2}, "cell_not_a_number"),
        ({"effort": 0.0}, "cell_not_a_number"),
        ({"elasticity": np.nan}, "cell_not_a_number"),
        ({"importance": 9}, "cell_not_a_number"),
    ],
)
def test_stakeholders_that_cannot_be_are_refused(change, code):
    with pytest.raises(CrmkitError) as error:
        stakeholder_map(_firm(**change))
    assert error.value.code == code
    with pytest.raises(CrmkitError):
        stakeholder_map(_firm().iloc[:0])
    with pytest.raises(CrmkitError):
        stakeholder_map(_firm(), at_least=2)
    for argument in ({"draws": 0}, {"confidence": 95}):
        with pytest.raises(CrmkitError):
            stakeholder_map(_firm(), rng=np.random.default_rng(1), **argument)


def test_every_column_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term

    table = stakeholder_map(_firm()).stakeholders
    assert [name for name in (*table, *MARKETS) if not has_term(name)] == []
    crmkit.set_language("zh")
    assert "供应商市场" in repr(crmkit.show(table))
