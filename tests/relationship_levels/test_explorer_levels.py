"""The explorer of the three levels: what it shows is what the tested model computes, in both languages, and at once."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from gallery.relationship_levels import BASE, PLANS

import crmkit
from crmkit.display.numbers import number, percent
from crmkit.relationship_levels.explorer import explore_relationship_levels


@pytest.fixture
def explorer():
    crmkit.set_language("both")
    return explore_relationship_levels(BASE, programmes=PLANS)


def marks(scene, kind):
    return [m for m in scene["marks"] if m["kind"] == kind]


def test_bars_are_the_cumulative_cash_flows_and_the_numbers_the_net_present_values(explorer):
    moved = explorer.move(
        repeat_rate=0.7, unit_margin=9, customers=30_000, margin_given_away=0.1, imitation_half_life_years=0.5
    )
    base = replace(BASE, repeat_rate=0.7, unit_margin=9, customers=30_000)
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


def test_a_step_is_fast_enough_to_follow_the_hand(explorer):
    def step(i):
        start = time.perf_counter()
        explorer.move(repeat_rate=0.3 + i / 100)
        return time.perf_counter() - start

    assert min(map(step, range(20))) < 0.010
