"""The budget's explorer: at every stop it shows what ``plan_budget`` gives."""

import json

import numpy as np
import pandas as pd
import pytest
from explorers import assert_in_both_languages, marks, numbers, sweep

import crmkit
from crmkit import CrmkitError, explore_budget, plan_budget
from crmkit.display.numbers import number, percent
from crmkit.display.scene import to_svg

USES = pd.DataFrame(
    {
        "option": ["leading_hospitals", "core_hospitals", "new_hospitals"],
        "resources": [400_000.0, 300_000, 100_000],
        "margin": [2_000_000.0, 1_200_000, 250_000],
        "elasticity": [0.1, 0.3, 0.35],
        "elasticity_sd": [0.03, 0.05, 0.15],
    }
)


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_shows_the_plan(lang):
    crmkit.set_language(lang)
    explorer = explore_budget(USES, budget=800_000)
    for scene in sweep(explorer):
        json.dumps(scene, allow_nan=False)
        assert_in_both_languages(explorer, scene)
        values = scene["values"]
        believed = USES.assign(elasticity=(USES["elasticity"] * values["elasticity_factor"]).clip(upper=0.9))
        plan = plan_budget(believed, budget=values["budget"], rng=np.random.default_rng(0))
        expected = []
        for row in plan.options.to_dict("records"):
            back = row["marginal_return"]
            share = row["resources_after"] / max(plan.options["resources_after"].sum(), 1e-9)
            expected += [number(row["resources_after"]), percent(share, 0)]
            expected.append(f"{back:.2f}" if np.isfinite(back) else "–")
        assert numbers(scene) == expected
        assert number(plan.profit.value, lang) in scene["said"][lang]


def test_bars_are_in_proportion_to_the_money():
    scene = explore_budget(USES, budget=800_000).scene
    plan = plan_budget(USES, budget=800_000).options
    widths = np.array([bar["width"] for bar in marks(scene, "rect")]).reshape(-1, 2)
    money = plan[["resources_after", "resources_before"]].to_numpy()
    np.testing.assert_allclose(widths / widths.max(), money / money.max(), atol=0.002)


def test_money_that_should_not_be_spent_is_said():
    scene = explore_budget(USES, budget=800_000).move(elasticity_factor=0.3).scene
    assert "should not be spent" in scene["said"]["en"]


def test_less_profit_than_today_is_called_less_and_an_interval_of_one_number_is_none():
    said = explore_budget(USES, budget=800_000).move(budget=0).scene["said"]
    assert said["zh"].startswith("利润 0，比今天的花法少 ")
    assert said["en"].startswith("Profit 0, ") and "less than with today's spending" in said["en"]
    assert "−" not in said["zh"] + said["en"]


def test_a_page_in_chinese_counts_in_wan_where_the_setting_is_both():
    crmkit.set_language("both")
    scene = explore_budget(USES, budget=800_000).scene
    assert scene["shown"]["budget"] == {"zh": "80万", "en": "800k", "both": "800k"}
    assert "80万" not in to_svg(scene, "en") and "k</text>" not in to_svg(scene, "zh")


@pytest.mark.parametrize("wrong", [USES.iloc[:0], USES.assign(resources=0.0), USES.drop(columns="margin")])
def test_uses_that_no_slider_could_show_are_refused(wrong):
    with pytest.raises(CrmkitError):
        explore_budget(wrong, budget=800_000)
