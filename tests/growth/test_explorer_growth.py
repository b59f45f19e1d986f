"""The funnel's explorer says what purchase_funnel says, in both languages, at every stop of every slider."""

import pandas as pd
import pytest
from explorers import assert_in_both_languages, numbers, sweep

from crmkit.display.numbers import number
from crmkit.growth.explorer import explore_purchase_funnel
from crmkit.growth.growth import purchase_funnel

STAGES = ["approached", "product_understanding", "need_and_worth", "trust", "satisfaction"]


def funnel():
    return pd.DataFrame(
        {
            "stage": STAGES,
            "people": [4000, 2400, 1500, 420, 290],
            "value": [0, 0, 0, 120.0, 260.0],
            "cost": [0, 1000.0, 4000.0, 14000.0, 3000.0],
            "ceiling": [1, 0.9, 0.8, 0.32, 0.95],
        }
    )


def test_each_stage_has_the_net_gain_that_purchase_funnel_gives():
    explorer = explore_purchase_funnel(funnel(), lift=0.05).move(lift=0.1, cost_factor=0.5)
    wanted = purchase_funnel(funnel().assign(cost=funnel()["cost"] / 2), lift=0.1)
    assert numbers(explorer.scene) == [number(gain) for gain in wanted["net_gain"]]


def test_costs_reverse_which_stage_is_named_and_the_weakest_stays_the_same():
    explorer = explore_purchase_funnel(funnel(), lift=0.05)
    said = explorer.scene["said"]["en"]
    assert "Weakest: trust" in said and "understanding" in said
    free = explorer.move(cost_factor=0).scene["said"]["en"]
    assert free.count("trust") == 2


def test_where_nothing_pays_that_is_said():
    dear = funnel().assign(cost=[0, 1e6, 1e6, 1e6, 1e6])
    said = explore_purchase_funnel(dear, lift=0.05).scene["said"]
    assert "no stage" in said["en"] and "都不划算" in said["zh"]


@pytest.mark.pictures
def test_every_stop_of_every_slider_is_drawn_in_both_languages():
    explorer = explore_purchase_funnel(funnel(), lift=0.05)
    for scene in sweep(explorer):
        assert_in_both_languages(explorer, scene)


def test_what_no_slider_can_show_is_refused():
    with pytest.raises(ValueError):
        explore_purchase_funnel(funnel(), lift=0.9)
    with pytest.raises(ValueError):
        explore_purchase_funnel(funnel().assign(people=[10, 20, 5, 4, 3]), lift=0.05)
