"""The contact centre's explorer: at every stop it shows what ``waiting_times`` gives."""

import json

import pandas as pd
import pytest
from explorers import assert_in_both_languages, marks, numbers, sweep

import crmkit
from crmkit import CrmkitError, explore_staffing, required_agents, waiting_times
from crmkit.display.numbers import percent

RUSH = pd.DataFrame({"contacts_per_hour": [600.0], "handling_minutes": 4.0, "agents": 45})


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_shows_the_waiting_times(lang):
    crmkit.set_language(lang)
    explorer = explore_staffing(RUSH)
    for scene in sweep(explorer):
        json.dumps(scene, allow_nan=False)
        assert_in_both_languages(explorer, scene)
        values = scene["values"]
        first = max(1, int(values["agents"]) - 4)
        hours = pd.DataFrame({**values, "agents": range(first, first + 15)})
        tried = waiting_times(hours)
        expected = []
        for row in tried.to_dict("records"):
            expected += [percent(row["answered_in_time"], 0), str(row["agents"])]
        assert numbers(scene) == expected
        enough = required_agents(hours.head(1))["agents"].iloc[0]
        assert f" {enough}" in scene["said"][lang]


def test_bars_are_as_high_as_the_share_and_the_line_stands_at_the_target():
    scene = explore_staffing(RUSH, target=0.5).scene
    hours = pd.concat([RUSH.assign(agents=n) for n in range(41, 56)])
    heights = [bar["height"] for bar in marks(scene, "rect")]
    assert heights == pytest.approx(list(190 * waiting_times(hours)["answered_in_time"]), abs=0.06)
    [line] = marks(scene, "line")
    assert line["y1"] == line["y2"] == 250 - 190 * 0.5


def test_the_line_strikes_no_number_out():
    explorer = explore_staffing(RUSH)
    for scene in sweep(explorer):
        (line,) = marks(scene, "line")
        shares = [mark["y"] for mark in marks(scene, "text") if str(mark["text"]).endswith("%")]
        assert shares and min(abs(y - line["y1"]) for y in shares) >= 9


def test_agents_who_never_catch_up_are_said():
    scene = explore_staffing(RUSH).move(agents=40).scene
    assert "never catch up" in scene["said"]["en"] and "处理不完" in scene["said"]["zh"]


@pytest.mark.parametrize("wrong", [RUSH.iloc[:0], RUSH.assign(agents=0), RUSH.drop(columns="agents")])
def test_an_hour_that_no_slider_could_show_is_refused(wrong):
    with pytest.raises(CrmkitError):
        explore_staffing(wrong)
