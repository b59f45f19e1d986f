"""The relationship types' explorer: at every stop
of every control it shows what ``compare_relationship_types`` gives.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from explorers import assert_in_both_languages, marks, numbers, sweep
from matplotlib import pyplot as plt

import crmkit
from crmkit.display.numbers import number, percent
from crmkit.relationship_types.explorer import explore_relationship_types

SEGMENT = pd.DataFrame(
    {"customers": [2000], "unit_margin": [300.0], "purchases_per_year": [2.0], "retention_rate": [0.6]}
)


def by_hand(values, **given):
    row = {name: values[name] for name in ("retention_rate", "need")}
    row |= {name: 10 ** values[name] for name in ("unit_margin", "purchases_per_year")}
    row["customers"] = float(round(10 ** values["customers"]))
    dearer = {
        name: replace(plan, cost_per_contact=plan.cost_per_contact * values["cost_factor"])
        for name, plan in crmkit.PLANS.items()
    }
    return crmkit.compare_relationship_types(
        pd.DataFrame([{"segment": "", **row}]), plans=dearer, rng=np.random.default_rng(0), **given
    )


def assert_shows(scene, result):
    best = result.best.iloc[0]
    profits = result.profits["profit"]
    shown = numbers(scene)
    # a loss more than half as large again as the second largest amount is cut off, and marked
    cut_off = profits < -1.5 * profits.abs().nlargest(2).iloc[-1]
    assert shown.count("«") == cut_off.sum()
    drawn = [text for text in shown if text != "«"]
    expected = []
    for row in result.profits.to_dict("records"):
        expected.append(number(row["profit"]))
        if row["relationship_type"] in best["published_type"].split("_or_"):
            expected.append("◆")
        even = row["break_even_margin"]
        expected.append(number(even) if 0 < even < np.inf else "–")
    assert drawn == expected, scene["values"]
    dark = [i for i, mark in enumerate(marks(scene, "rect")) if mark.get("fill") == "#0072b2"]
    assert dark in ([], [result.profits["profit"].argmax()])
    for k, lang in enumerate(("zh", "en")):
        said = scene["said"][lang]
        assert crmkit.core.glossary.term_pair(best["best_type"])[k] in said
        assert crmkit.core.glossary.term_pair(best["published_type"])[k] in said
        assert best["agree"] or number(best["given_up"], lang) in said
        assert percent(best["best_probability"], 0) in said


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_stop_of_every_control_shows_what_the_comparison_computes(lang):
    crmkit.set_language(lang)
    explorer = explore_relationship_types(SEGMENT, years=4, annual_discount_rate=0.05)
    for scene in sweep(explorer):
        assert_shows(scene, by_hand(scene["values"], years=4, annual_discount_rate=0.05))
        assert_in_both_languages(explorer, scene)
        json.dumps(scene, allow_nan=False)


def test_bars_and_intervals_lie_where_the_account_puts_them():
    scene = explore_relationship_types(SEGMENT).scene
    profits = by_hand(scene["values"]).profits
    bars = marks(scene, "rect")
    widths = np.array([bar["width"] for bar in bars])
    sizes = profits["profit"].abs().to_numpy()
    whole = profits["profit"] > -1.5 * np.sort(sizes)[-2]  # a deeper loss is cut off
    np.testing.assert_allclose(widths[whole] / widths[0], sizes[whole] / sizes[0], rtol=0.01, atol=0.02)
    assert [bar["class"] == "crm-ghost" for bar in bars] == (profits["profit"] < 0).tolist()


def test_it_begins_with_the_static_figure_beside_it():
    crmkit.set_language("en")
    scene = explore_relationship_types(SEGMENT).scene
    result = by_hand(scene["values"])
    figure = crmkit.plots.plot_type_profits(result)
    beside = [t.get_text().split("\n")[0] for t in figure.texts if "\n" in t.get_text()]
    assert beside == [number(profit) for profit in result.profits["profit"]]
    assert beside == [text for text in numbers(scene) if text not in "◆«"][::2]
    plt.close("all")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("customers", 5_000_000),
        ("unit_margin", 0.25),
        ("unit_margin", 400_000.0),
        ("purchases_per_year", 0.02),
        ("purchases_per_year", 365.0),
        ("retention_rate", 1.0),
        ("need", 0.0),
    ],
)
def test_the_sliders_begin_at_the_segment_however_far_out_it_lies(column, value):
    segment = SEGMENT.assign(**{column: value})
    explorer = explore_relationship_types(segment)
    result = crmkit.compare_relationship_types(segment.assign(segment=""))
    shown = [text for text in numbers(explorer.scene) if text not in "◆«"][::2]
    assert shown == [number(profit) for profit in result.profits["profit"]]


def test_the_market_of_a_single_customer_is_the_tables():
    alone = SEGMENT.assign(customers=1, market_customers=50_000)
    best = crmkit.compare_relationship_types(alone.assign(segment="")).best.iloc[0]
    said = explore_relationship_types(alone).scene["said"]["en"]
    assert crmkit.core.glossary.term_pair(best["published_type"])[1] in said


@pytest.mark.parametrize(
    "wrong",
    [
        SEGMENT.iloc[:0],
        SEGMENT.assign(need=2),
        SEGMENT.drop(columns="unit_margin"),
        SEGMENT.assign(unit_margin=0.0),
        SEGMENT.assign(purchases_per_year=0.0),
    ],
    ids=["no row", "need beyond 1", "no margin", "a margin of 0", "no purchases"],
)
def test_a_segment_that_no_slider_could_show_is_refused(wrong):
    with pytest.raises(crmkit.CrmkitError):
        explore_relationship_types(wrong)
