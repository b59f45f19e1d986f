"""RFM's explorer: at every stop of every control it shows customers scored and named one by one."""

import json

import numpy as np
import pandas as pd
import pytest
from explorers import assert_in_both_languages, marks, numbers, stops, sweep, texts
from matplotlib import pyplot as plt

import crmkit
from crmkit.core.glossary import term_texts
from crmkit.customer_pyramid.explorer_rfm import explore_rfm, rules
from crmkit.customer_pyramid.segments import check_rules
from crmkit.display.numbers import percent


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(3)
    n = 500
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "revenue": np.round(rng.pareto(1.4, n) * 50, 2),
            "days_since_last": rng.integers(0, 500, n).astype(float),
            "frequency": rng.geometric(0.4, n) - 1,
        }
    )


def assert_shows(customers, scene):
    values = scene["values"]
    bins = values["bins"]
    limits = {name: value for name, value in values.items() if name != "bins"}
    scores = crmkit.rfm_scores(customers, bins=bins)
    named = crmkit.name_segments(scores, rules=rules(**limits), bins=bins).merge(customers)
    counts = pd.crosstab(scores["recency_score"], scores["frequency_score"])
    every = range(1, bins + 1)
    grid = counts.reindex(index=every, columns=every, fill_value=0).to_numpy().ravel()
    assert numbers(scene)[: bins**2] == [f"{count:,}" for count in grid]
    shown = texts(scene)
    for rule in rules(**limits):
        inside = named[named["segment"] == rule.slug]
        at = shown.index(term_texts(rule.slug))
        share = percent(len(inside) / len(named))
        value = percent(inside["revenue"].sum() / named["revenue"].sum())
        assert shown[at + 1 : at + 3] == [share, value], (values, rule.slug)
    champions = named[named["segment"] == "champions"]
    assert percent(len(champions) / len(named)) in scene["said"]["en"]


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("bins", range(3, 8))
def test_every_stop_of_every_control_shows_what_the_public_functions_compute(customers, bins, lang):
    crmkit.set_language(lang)
    explorer = explore_rfm(customers).move(bins=bins)
    begun = explorer.values
    for control in explorer.controls:
        for value in stops(control | {"max": explorer.scene["most"].get(control["name"], control["max"])}):
            scene = explorer.move(**{**begun, control["name"]: value}).scene
            assert scene["values"][control["name"]] == value
            assert_shows(customers, scene)
            assert_in_both_languages(explorer, scene)
            explorer.move(**begun)


def test_thresholds_go_back_to_where_they_were_put_when_there_are_scores_enough_again(customers):
    explorer = explore_rfm(customers)
    before = explorer.scene
    assert explorer.move(bins=3).values == {"bins": 3, "recent_from": 3, "frequent_from": 3, "big_from": 3}
    assert explorer.move(bins=5).scene == before, "4, 4 and 4 as at the start"
    explorer.move(recent_from=2).move(bins=3)
    assert explorer.move(bins=5).values["recent_from"] == 2, "one that the reader has moved stays moved"


def test_a_threshold_goes_no_further_than_there_are_scores(customers):
    explorer = explore_rfm(customers).move(recent_from=7, frequent_from=7, big_from=7, bins=7)
    assert explorer.values["recent_from"] == 7
    for bins in range(7, 2, -1):
        scene = explorer.move(bins=bins).scene
        assert scene["most"] == dict.fromkeys(("recent_from", "frequent_from", "big_from"), bins)
        assert {scene["values"][name] for name in scene["most"]} == {bins}
        line = next(mark for mark in marks(scene, "line"))
        grid = marks(scene, "rect")[: bins**2]
        assert line["x1"] < max(cell["x"] + cell["width"] for cell in grid), "the threshold lies in the grid"


def test_it_begins_with_the_static_figure_beside_it(customers):
    crmkit.set_language("en")
    scene = explore_rfm(customers).scene
    figure = crmkit.plots.plot_rfm(crmkit.rfm_scores(customers))
    rows = np.array([t.get_text() for t in figure.texts]).reshape(5, 5)  # from the highest frequency down
    assert rows[::-1].T.ravel().tolist() == numbers(scene)[:25]
    plt.close("all")


@pytest.mark.parametrize("bins", range(3, 8))
def test_rules_cover_every_combination(bins):
    for recent in range(2, bins + 1):
        for frequent in range(2, bins + 1):
            assert check_rules(rules(recent, frequent, 2), bins=bins).complete


def test_the_scene_is_small(customers):
    assert max(len(json.dumps(scene)) for scene in sweep(explore_rfm(customers).move(bins=7))) < 40_000
