"""The contacts' explorer: at every stop it shows the profit of the fitted curve, its highest point and the turn."""

import json

import numpy as np
import pandas as pd
import pytest
from explorers import assert_in_both_languages, numbers, sweep
from scipy.optimize import minimize_scalar

import crmkit
from crmkit import CrmkitError, explore_contacts, fit_contact_response

MONEY = {"margin_per_response": 30.0, "cost_per_contact": 4.0}


@pytest.fixture(scope="module")
def fitted():
    """Two segments of known shape: one turns at 6.5 contacts, the other never does."""
    x = np.tile(np.arange(17.0), 20)
    turning = pd.DataFrame(
        {"segment": "families", "contacts": x, "response": 0.8 * (1 + x) ** 0.9 * np.exp(-0.12 * x)}
    )
    rising = pd.DataFrame({"segment": "young_singles", "contacts": x, "response": 0.8 * (1 + x) ** 0.9})
    table = pd.concat([turning, rising], ignore_index=True).round(6)
    return fit_contact_response(table.assign(customer_id=np.arange(len(table))), **MONEY)


def best_by_scipy(values):
    def loss(x):
        response = 0.8 * (1 + x) ** 0.9 * np.exp(-0.12 * x)
        return values["cost_per_contact"] * x - values["margin_per_response"] * response

    return minimize_scalar(loss, bounds=(0, 16), method="bounded").x


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_shows_the_best_number_that_scipy_finds_on_the_true_curve(fitted, lang):
    crmkit.set_language(lang)
    explorer = explore_contacts(fitted, **MONEY)
    for scene in sweep(explorer):
        json.dumps(scene, allow_nan=False)
        assert_in_both_languages(explorer, scene)
        if scene["values"]["segment"] == "families":
            best = best_by_scipy(scene["values"])
            shown = float(numbers(scene)[numbers(scene).index("A", 3) + 1])
            assert shown == pytest.approx(best, abs=0.06)
            assert f"{shown:.1f}" in scene["said"][lang]


def test_the_turn_stays_where_the_response_turns_whatever_contacts_cost(fitted):
    explorer = explore_contacts(fitted, **MONEY)
    turns = set()
    for cost in (0.0, 4.0, 12.0):
        shown = numbers(explorer.move(cost_per_contact=cost).scene)
        turns.add(shown[len(shown) - shown[::-1].index("B")])
    assert turns == {"6.5"}


def test_where_profit_rises_to_the_end_nothing_is_extrapolated(fitted):
    scene = explore_contacts(fitted, **MONEY).move(segment="young_singles", cost_per_contact=0).scene
    assert "nothing is extrapolated" in scene["said"]["en"] and "16.0" in scene["said"]["en"]


def test_the_gain_is_counted_from_the_contacts_that_customers_get_today(fitted):
    scene = explore_contacts(fitted, **MONEY, contacts_today=16).scene
    x = np.array([3.9, 16.0])
    best, today = 30 * 0.8 * (1 + x) ** 0.9 * np.exp(-0.12 * x) - 4 * x
    assert f"adds {best - today:.0f} per" in scene["said"]["en"]


@pytest.mark.parametrize("wrong", [{"margin_per_response": 0}, {"cost_per_contact": -1}])
def test_money_that_no_slider_could_show_is_refused(fitted, wrong):
    with pytest.raises(CrmkitError):
        explore_contacts(fitted, **(MONEY | wrong))
