"""A picture states the confidence of the intervals that it draws, whatever was chosen where they were made."""

from functools import partial
from importlib import import_module

import gallery
import gallery.planning
import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")
from matplotlib import pyplot as plt

import crmkit
from crmkit import plots

# plot → the function that makes what it draws, and takes ``confidence``
MADE_BY = {
    "plot_uplift": "uplift",
    "plot_ways_of_planning": "compare_plans",
    "plot_campaign_bridge": "campaign_bridge",
    "plot_purchase_funnel": "purchase_funnel",
    "plot_segmentations": "compare_segmentations",
    "plot_value_by_source": "value_by_source",
    "plot_expectation_gaps": "expectation_gaps",
    "plot_repeat_split": "repeat_business",
}


def made(plot, confidence, monkeypatch):
    """The gallery's example of ``plot``, made at another confidence."""
    owner = gallery.planning if plot == "plot_ways_of_planning" else crmkit
    name = MADE_BY[plot]
    maker = gallery._MAKERS[plot]
    for kept in vars(import_module(maker.__module__)).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
    with monkeypatch.context() as changed:
        changed.setattr(owner, name, partial(getattr(owner, name), confidence=confidence))
        return maker()[0]


def table_of(result):
    return getattr(result, "split", result)


@pytest.mark.parametrize("plot", MADE_BY)
def test_a_picture_states_the_confidence_that_was_asked_for(plot, monkeypatch):
    result = made(plot, 0.8, monkeypatch)
    figure = getattr(plots, plot)(result).figure
    said = " ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))
    plt.close(figure)
    assert "80%" in said and "95%" not in said


@pytest.mark.parametrize("plot", MADE_BY)
def test_more_confidence_makes_a_wider_interval_about_the_same_value(plot, monkeypatch):
    narrow, wide = (table_of(made(plot, confidence, monkeypatch)) for confidence in (0.8, 0.99))
    measures = [name.removesuffix("_low") for name in narrow if str(name).endswith("_low")]
    assert measures
    for measure in measures:
        if measure in narrow:
            assert np.allclose(narrow[measure], wide[measure], equal_nan=True)
        open_ends = narrow[f"{measure}_high"] > narrow[f"{measure}_low"]
        assert (wide[f"{measure}_low"] <= narrow[f"{measure}_low"]).all()
        assert (wide[f"{measure}_high"] >= narrow[f"{measure}_high"]).all()
        spread = (wide[f"{measure}_high"] - wide[f"{measure}_low"])[open_ends]
        assert (spread > (narrow[f"{measure}_high"] - narrow[f"{measure}_low"])[open_ends]).all()
