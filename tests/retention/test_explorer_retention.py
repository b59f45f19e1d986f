"""The explorer of the published figures: what it shows is what ``defection_lift`` says, in both languages."""

import json

import numpy as np
import pytest
from explorers import assert_in_both_languages, marks, sweep

import crmkit
from crmkit.retention.explorer import explore_retention_economics


@pytest.fixture
def explorer():
    crmkit.set_language("both")
    return explore_retention_economics()


def test_bars_are_the_six_published_figures_and_the_lines_both_readings(explorer):
    scene = explorer.move(defection_rate=0.1, annual_discount_rate=0.1).scene
    widths = [bar["width"] / 570 for bar in marks(scene, "rect")]
    np.testing.assert_allclose(widths, [0.85, 0.50, 0.45, 0.45, 0.35, 0.30], atol=0.001)
    lines = {line["class"]: line["x1"] for line in marks(scene, "line")}
    for css, reading in (("crm-rule", "percentage_points"), ("crm-ghost", "relative")):
        lift = float(crmkit.defection_lift(0.1, annual_discount_rate=0.1, reading=reading))
        assert lines[css] == pytest.approx(190 + 570 * lift, abs=0.1)
    assert "33.3%" in scene["said"]["en"] and "2.6%" in scene["said"]["zh"]
    assert "car service" in scene["said"]["en"] and "软件" in scene["said"]["zh"]


def test_a_setting_that_means_nothing_says_so_and_one_far_off_names_none(explorer):
    assert "means nothing" in explorer.move(acquisition_years=5, defection_rate=0.6).scene["said"]["en"]
    far = explorer.move(acquisition_years=0, defection_rate=0.6, annual_discount_rate=0.1).scene
    assert "None of the six" in far["said"]["en"]


@pytest.mark.pictures
def test_every_setting_gives_a_small_scene_in_both_languages(explorer):
    for scene in sweep(explorer):
        assert_in_both_languages(explorer, scene)
        assert len(json.dumps(scene)) < 20_000
