"""The explorer of P(alive): what it shows is what the fitted model says of the same history, in both languages."""

import json

import numpy as np
import pandas as pd
import pytest
from clv_customers import TRUTH, model
from explorers import assert_in_both_languages, marks, sweep

import crmkit
from crmkit.customer_value.explorer_alive import explore_p_alive

MODELS = {"bg_nbd": model("bg", TRUTH["bg"]), "pareto_nbd": model("pareto", TRUTH["pareto"])}


@pytest.fixture
def explorer():
    crmkit.set_language("both")
    return explore_p_alive(MODELS)


def test_the_path_is_p_alive_of_the_history_known_on_each_day():
    path = MODELS["pareto_nbd"].p_alive_path([0, 20, 50], until=90)
    for day in (0, 19, 20, 49, 50, 90):
        bought = [d for d in (0, 20, 50) if d <= day]
        history = pd.DataFrame(
            {"frequency": [len(bought) - 1], "t_x": [float(bought[-1])], "T": [float(day)]}
        )
        assert path["p_alive"][day] == pytest.approx(MODELS["pareto_nbd"].p_alive(history)[0])
    for wrong in ([1, 2], [0, 5, 5], [0, 91], []):
        with pytest.raises(crmkit.CrmkitError):
            MODELS["bg_nbd"].p_alive_path(wrong, until=90)


def test_the_last_bar_is_as_high_as_the_finding_says_and_every_purchase_has_its_stroke(explorer):
    scene = explorer.move(frequency=4, usual_interval=20, days_since_last=100, model="pareto_nbd").scene
    history = pd.DataFrame({"frequency": [4], "t_x": [80.0], "T": [180.0]})
    alive = float(MODELS["pareto_nbd"].p_alive(history)[0])
    bars = marks(scene, "rect")
    assert bars[-1]["height"] == pytest.approx(170 * alive, abs=0.1)
    assert f"{alive:.0%}" in scene["said"]["en"] and f"{alive:.0%}" in scene["said"]["zh"]
    strokes = [line for line in marks(scene, "line") if line["class"] == "crm-rule"]
    np.testing.assert_allclose(np.diff([line["x1"] for line in strokes]), 20 * 710 / 180, atol=0.11)


def test_under_bg_nbd_a_one_time_buyer_stays_alive_for_ever_and_not_under_pareto_nbd(explorer):
    silent = {"frequency": 0, "days_since_last": 360}
    assert "100%" in explorer.move(**silent, model="bg_nbd").scene["said"]["en"]
    assert "100%" not in explorer.move(**silent, model="pareto_nbd").scene["said"]["en"]


@pytest.mark.pictures
def test_every_setting_gives_a_small_scene_in_both_languages(explorer):
    for scene in sweep(explorer):
        assert_in_both_languages(explorer, scene)
        assert len(json.dumps(scene)) < 20_000
