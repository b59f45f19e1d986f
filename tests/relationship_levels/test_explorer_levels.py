"""The explorer of the three levels: what it shows is what the tested model computes, in both languages, and at once."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from explorers import assert_in_both_languages, marks, sweep, texts
from gallery.relationship_levels import BASE, PLANS
from matplotlib import pyplot as plt

import crmkit
from crmkit.display.numbers import number, percent
from crmkit.relationship_levels.explorer import explore_relationship_levels


@pytest.fixture
def explorer():
    crmkit.set_language("both")
    return explore_relationship_levels(BASE, programmes=PLANS)


def test_bars_are_the_cumulative_cash_flows_and_the_numbers_the_net_present_values(explorer):
    moved = explorer.move(
        retention_rate=0.7,
        margin_per_purchase=9,
        customers=30_000,
        margin_given_away=0.1,
        imitation_half_life_years=0.5,
    )
    base = replace(BASE, retention_rate=0.7, margin_per_purchase=9, customers=30_000)
    first = replace(PLANS[0], margin_given_away=0.1, imitation_half_life_years=0.5)
    result = crmkit.programme_economics([first, *PLANS[1:]], base=base)
    bars, money = marks(moved.scene, "rect"), result.yearly["cumulative_discounted"].to_numpy()
    assert [bar["class"] == "crm-ghost" for bar in bars] == (money < 0).tolist() and (money < 0).any()
    heights = np.array([bar["height"] for bar in bars])
    np.testing.assert_allclose(heights / heights.max(), abs(money) / abs(money).max(), atol=0.001)
    zero = marks(moved.scene, "line")[0]["y1"]
    ends = [bar["y"] if m < 0 else bar["y"] + bar["height"] for bar, m in zip(bars, money)]
    np.testing.assert_allclose(ends, zero, atol=0.2)
    texts = [m["text"]["en"] for m in marks(moved.scene, "text") if isinstance(m["text"], dict)]
    crmkit.set_language("en")
    assert texts[2::2] == [f"net present value {number(e.value)}" for e in result.npv.values()]


def test_finding_names_the_best_level_and_what_was_given_away_for_nothing(explorer):
    result = crmkit.programme_economics(PLANS, base=BASE)
    best = result.levels.loc[result.levels["net_present_value"].idxmax()]
    points = result.yearly[result.yearly["level"] == "financial"].sum(numeric_only=True)
    for lang in ("zh", "en"):
        said = explorer.scene["said"][lang]
        assert crmkit.core.glossary.term_pair(best["level"])[lang == "en"] in said
        assert (
            number(best["net_present_value"], lang) in said and f"{best['value_per_customer']:,.2f}" in said
        )
        assert percent(points["reward_anyway"] / points["reward_cost"], 0) in said
    nothing = explorer.move(customers=0).scene["said"]
    assert "no programme earns its money back" in nothing["en"] and "没有一个项目" in nothing["zh"]


def test_every_setting_gives_a_small_scene_in_both_languages(explorer):
    for end in ("min", "max"):
        scene = explorer.move(**{c["name"]: c[end] for c in explorer.controls}).scene
        assert len(json.dumps(scene)) < 20_000 and set(scene["shown"]) == {
            c["name"] for c in explorer.controls
        }
        pairs = [m["text"] for m in marks(scene, "text") if isinstance(m["text"], dict)]
        for pair in [*pairs, scene["said"], scene["title"], *(c["label"] for c in explorer.controls)]:
            assert any("一" <= c <= "鿿" for c in pair["zh"]) and not any(
                "一" <= c <= "鿿" for c in pair["en"]
            )
            assert not {"_", "{"} & set(pair["zh"] + pair["en"]) and " nan" not in pair["en"]
        boxes = [(m["y"], m["y"] + m["height"]) for m in marks(scene, "rect")]
        assert min(low for low, _ in boxes) >= 0 and max(high for _, high in boxes) <= scene["height"]


def by_hand(values):
    """The account with the same base and programmes; the half-life's last stop is never."""
    half_life = values["imitation_half_life_years"]
    base = replace(
        BASE, **{name: values[name] for name in ("retention_rate", "margin_per_purchase", "customers")}
    )
    first = replace(
        PLANS[0],
        margin_given_away=values["margin_given_away"],
        imitation_half_life_years=math.inf if half_life > 10.05 else half_life,
    )
    return crmkit.programme_economics([first, *PLANS[1:]], base=base)


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_of_every_control_shows_what_the_account_computes(lang):
    crmkit.set_language(lang)
    explorer = explore_relationship_levels(BASE, programmes=PLANS)
    for scene in sweep(explorer):
        result = by_hand(scene["values"])
        money = result.yearly["cumulative_discounted"].to_numpy()
        bars = marks(scene, "rect")
        assert [bar["class"] == "crm-ghost" for bar in bars] == (money < 0).tolist()
        heights = np.array([bar["height"] for bar in bars])
        np.testing.assert_allclose(heights / heights.max(), abs(money) / abs(money).max(), atol=0.001)
        words = [text for text in texts(scene) if isinstance(text, dict)]
        worth = [text for text in words if text["en"].startswith("net present value ")]
        for said, estimate in zip(worth, result.npv.values(), strict=True):
            assert said["en"].endswith(f" {number(estimate.value, 'en')}")
            assert said["zh"].endswith(f" {number(estimate.value, 'zh')}")
        assert_in_both_languages(explorer, scene)
        json.dumps(scene, allow_nan=False)


def test_it_begins_with_the_static_figure_beside_it(explorer):
    figure = crmkit.plots.plot_programme_years(crmkit.programme_economics(PLANS, base=BASE))
    curves = [line.get_ydata() for line in figure.lines if len(line.get_ydata()) == 6]
    heights = np.array([bar["height"] for bar in marks(explorer.scene, "rect")])
    money = abs(np.concatenate(curves))
    np.testing.assert_allclose(heights / heights.max(), money / money.max(), atol=0.001)
    plt.close("all")


@pytest.mark.parametrize(
    ("base", "first"),
    [
        ({"retention_rate": 0.99}, {}),
        ({"margin_per_purchase": 0}, {}),
        ({}, {"margin_given_away": 0.8}),
        ({}, {"imitation_half_life_years": 25.0}),
        ({}, {"imitation_half_life_years": math.inf}),
        ({}, {"imitation_half_life_years": 0.0}),
    ],
)
def test_the_sliders_begin_at_what_is_given_however_far_out_it_lies(base, first):
    base, plans = replace(BASE, **base), [replace(PLANS[0], **first), *PLANS[1:]]
    explorer = explore_relationship_levels(base, programmes=plans)
    result = crmkit.programme_economics(plans, base=base)
    worth = [
        text["en"]
        for text in texts(explorer.scene)
        if isinstance(text, dict) and text["en"].startswith("net present value ")
    ]
    assert worth == [f"net present value {number(e.value, 'en')}" for e in result.npv.values()]
    shown = explorer.scene["shown"]["imitation_half_life_years"]
    half_life = plans[0].imitation_half_life_years
    assert shown == ("∞" if half_life == math.inf else f"{half_life:.1f}")
    for control in explorer.controls:
        assert control["min"] < control["max"] and control["step"] > 0
        assert json.dumps(control, allow_nan=False)


def test_a_long_horizon_has_bars_and_years_that_do_not_run_into_one_another():
    scene = explore_relationship_levels(BASE, programmes=PLANS, years=100).scene
    assert min(bar["width"] for bar in marks(scene, "rect")) > 0
    years = [m for m in marks(scene, "text") if m["anchor"] == "middle" and m["x"] < 250]
    assert np.diff([year["x"] for year in years]).min() > 14
