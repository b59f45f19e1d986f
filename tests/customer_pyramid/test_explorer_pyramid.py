"""The pyramid's explorer: at every stop of every control it shows what ``pyramid`` and ``reallocate`` compute."""

import json

import numpy as np
import pandas as pd
import pytest
from explorers import assert_in_both_languages, marks, numbers, sweep
from matplotlib import pyplot as plt

import crmkit
from crmkit.customer_pyramid.explorer_pyramid import MARGIN_RATE, explore_pyramid
from crmkit.display.numbers import number, percent

TIERS = ("platinum", "gold", "iron", "lead")


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(3)
    n = 500
    return pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(n)], "revenue": np.round(rng.pareto(1.4, n) * 50, 2)}
    )


@pytest.fixture(scope="module")
def cost(customers):
    return pd.DataFrame(
        {"customer_id": customers["customer_id"], "cost": 4 + 0.15 * customers["revenue"].to_numpy()}
    )


def by_hand(customers, values, *, margin_rate, resources=None, of_revenue=None, **given):
    """The pyramid, and the better spread of its resources, from the public functions with the same arguments."""
    shares = {tier: values[tier] for tier in TIERS[:3]}
    rule = crmkit.ByCustomerShare({**shares, "lead": 1 - sum(shares.values())})
    by = values.get("by", "revenue")
    result = crmkit.pyramid(
        customers, by=by, tiers=rule, margin_rate=margin_rate, resources=resources, **given
    )
    rate = margin_rate if of_revenue is None else of_revenue
    return result, crmkit.reallocate(result, elasticity=values["elasticity"], margin_rate=rate)


def expected_numbers(result, better) -> list[str]:
    after = better.tiers.set_index("tier")["resource_share_after"].reindex(list(TIERS), fill_value=0.0)
    columns = [result.tiers[name] for name in ("customer_share", "value_share", "resource_share")]
    return [percent(share) for column in [*columns, after] for share in column]


def assert_shows(explorer, scene, result, better):
    assert numbers(scene) == expected_numbers(result, better), scene["values"]
    change = better.profit_change.value
    for lang in ("zh", "en"):
        assert f"{'+' if change > 0 else ''}{number(change, lang)}" in scene["said"][lang]
        assert percent(result.tiers["value_share"][:2].sum()) in scene["said"][lang]
    assert_in_both_languages(explorer, scene)
    json.dumps(scene, allow_nan=False)


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("by", ["revenue", "profit"])
def test_every_stop_of_every_control_shows_what_the_public_functions_compute(customers, cost, by, lang):
    crmkit.set_language(lang)
    given = {"cost_to_serve": cost, "margin_rate": 0.35}
    explorer = explore_pyramid(customers, **given).move(by=by)
    for scene in sweep(explorer):
        assert_shows(explorer, scene, *by_hand(customers, scene["values"], **given))


def test_by_profit_the_margin_rate_counts(customers, cost):
    explorer = explore_pyramid(customers, cost_to_serve=cost, margin_rate=0.2).move(by="profit")
    result = crmkit.pyramid(customers, by="profit", cost_to_serve=cost, margin_rate=0.2)
    lead = result.tiers["value_share"].iloc[-1]
    assert lead < 0, "the tier that loses money"
    assert numbers(explorer.scene)[7] == percent(lead)


def test_own_margins_count_where_no_rate_is_given(customers, cost):
    own = customers.assign(margin=customers["revenue"] * np.linspace(0.1, 0.6, len(customers)))
    explorer = explore_pyramid(own, cost_to_serve=cost)
    assert [o["value"] for o in explorer.controls[-1]["options"]] == ["revenue", "margin", "profit"]
    rate = own["margin"].sum() / own["revenue"].sum()
    for by in ("revenue", "margin", "profit"):
        scene = explorer.move(by=by).scene
        hand = by_hand(own, scene["values"], margin_rate=None, of_revenue=rate, cost_to_serve=cost)
        assert_shows(explorer, scene, *hand)


def test_with_neither_rate_nor_margins_the_stated_rate_counts(customers, cost):
    explorer = explore_pyramid(customers, cost_to_serve=cost)
    for by in ("revenue", "profit"):
        scene = explorer.move(by=by).scene
        hand = by_hand(customers, scene["values"], margin_rate=MARGIN_RATE, cost_to_serve=cost)
        assert_shows(explorer, scene, *hand)


@pytest.mark.pictures
def test_given_resources_are_those_of_the_tiers(customers):
    resources = {"platinum": 10.0, "gold": 20.0, "iron": 30.0, "lead": 40.0}
    explorer = explore_pyramid(customers, resources=resources, margin_rate=0.4)
    for scene in sweep(explorer):
        hand = by_hand(customers, scene["values"], margin_rate=0.4, resources=resources)
        assert_shows(explorer, scene, *hand)


def test_it_begins_with_the_static_figure_beside_it(customers, cost):
    for by in ("revenue", "profit"):
        explorer = explore_pyramid(customers, cost_to_serve=cost, margin_rate=0.35).move(by=by)
        result = crmkit.pyramid(customers, by=by, cost_to_serve=cost, margin_rate=0.35)
        figure = crmkit.plots.plot_pyramid(result)
        assert [t.get_text() for t in figure.texts] == numbers(explorer.scene)[:12]
        widths = [abs(bar.get_width()) for bar in figure.patches]
        drawn = [mark["width"] for mark in marks(explorer.scene, "rect")][:12]
        np.testing.assert_allclose(
            np.array(drawn) / drawn[0], np.array(widths) / widths[0], rtol=0.02, atol=0.1
        )
        better = crmkit.reallocate(result, elasticity=0.3, margin_rate=0.35)
        title = crmkit.plots.plot_reallocation(better).get_title(loc="left")
        assert number(better.profit_change.value) in title
        assert number(better.profit_change.value, "en") in explorer.scene["said"]["en"]
        plt.close("all")


def test_a_total_that_is_not_above_zero_has_no_shares(customers, cost):
    dear = cost.assign(cost=cost["cost"] * 100)
    scene = explore_pyramid(customers, cost_to_serve=dear, margin_rate=0.1).move(by="profit").scene
    assert numbers(scene)[4:8] == ["–"] * 4
    json.dumps(scene, allow_nan=False)
    assert "–" in scene["said"]["en"] and "nan" not in scene["said"]["en"]


def test_a_tier_without_resources_is_said_and_the_rest_stays(customers):
    none_for_gold = {"platinum": 10.0, "gold": 0.0, "iron": 30.0, "lead": 40.0}
    explorer = explore_pyramid(customers, resources=none_for_gold)
    scene = explorer.scene
    assert len(numbers(scene)) == 12, "no better spread can be worked out"
    with pytest.raises(crmkit.CrmkitError) as refused:
        by_hand(customers, scene["values"], margin_rate=0.3, resources=none_for_gold)
    assert refused.value.message_zh in scene["said"]["zh"]
    assert refused.value.message_en in scene["said"]["en"]


def test_the_scene_is_small_and_its_choices_are_those_that_the_data_allow(customers):
    explorer = explore_pyramid(customers)
    assert len(json.dumps(explorer.scene)) < 10_000
    assert "by" not in [control["name"] for control in explorer.controls]
