"""Plots: what is drawn is what the result holds, in the language, without a box, and nowhere but on the Axes given."""

import copy
import re
from dataclasses import fields, is_dataclass, replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from gallery import NAMES, draw, example
from glyphs import listening
from matplotlib import pyplot as plt
from matplotlib.ticker import FixedLocator

import crmkit
from crmkit import plots
from crmkit.core.setting import using
from crmkit.display import drawing as paper
from crmkit.display.alternative import alternative
from crmkit.display.numbers import number, percent

UNITS = {"": 1, "%": 0.01, "k": 1e3, "M": 1e6, "B": 1e9, "万": 1e4, "亿": 1e8}
MESSY = ("喆珺犇与合作伙伴 Łódź & Söhne", "$\\alpha$ 客户 <b>", "=1+1 −5%", "珺")


@pytest.fixture(autouse=True)
def closed():
    """What a test drew is closed; what its module shares stays."""
    before = set(plt.get_fignums())
    yield
    for figure in set(plt.get_fignums()) - before:
        plt.close(figure)


def same(a, b) -> bool:
    """Equal all through, frames and arrays included; what is no data compares by what it says of itself."""
    if isinstance(a, (pd.DataFrame, pd.Series)):
        return a.equals(b)
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b or a is b or callable(a) or repr(a) == repr(b)


def _texts(ax):
    return [t.get_text() for t in ax.figure.findobj(matplotlib.text.Text) if t.get_text()]


def test_every_public_plot_is_tested():
    assert {n.split("/")[0] for n in NAMES} == {n for n in plots.__all__ if n.startswith("plot_")}


# in both languages at once in the fast lane; each alone in the lane of pictures
LANGUAGES = [
    pytest.param("zh", marks=pytest.mark.pictures),
    pytest.param("en", marks=pytest.mark.pictures),
    "both",
]


@pytest.mark.pictures
@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_no_glyph_is_missing_even_in_messy_labels_on_a_bare_machine(bare_machine, name, lang):
    crmkit.set_language(lang)
    with listening() as heard:
        ax = draw(name)
        ax.set_title(MESSY[0], loc="right", fontweight="bold")
        ax.text(0.5, 0.5, MESSY[1], transform=ax.transAxes, fontweight="bold")
        ax.figure.canvas.draw()
    assert heard == []


@pytest.fixture(scope="module", params=LANGUAGES)
def lang(request):
    return request.param


@pytest.fixture(scope="module", params=NAMES)
def drawn(request, lang):
    """The Axes of an example, drawn once in a language for every test that only looks at it."""
    with using(lang):
        ax = draw(request.param)
        ax.figure.canvas.draw()
    yield ax
    plt.close(ax.figure)


def test_labels_are_words_of_the_language_inside_the_figure(drawn, lang):
    ax = drawn
    words = _texts(ax)
    assert not [t for t in words if "_" in t], "a slug without a term"
    chinese = [t for t in words if any("一" <= c <= "鿿" for c in t)]
    english = [t for t in words if any(c.isascii() and c.isalpha() and c not in "kM" for c in t)]
    assert bool(chinese) == (lang != "en") and (lang == "zh" or english)
    page = ax.figure.bbox
    limits = ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim())))
    beyond = [
        tick.label1
        for axis, (low, high) in limits
        for tick in axis.get_major_ticks()
        if not low <= tick.get_loc() <= high
    ]  # matplotlib does not draw these
    for text in ax.figure.findobj(matplotlib.text.Text):
        if text.get_text() and text.get_visible() and text not in beyond:
            box = text.get_window_extent()
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, text
            assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, text


def test_every_figure_has_a_text_in_its_place_that_tells_its_title_and_numbers_in_the_language(drawn, lang):
    with using(lang):
        said = alternative(drawn.figure)
    titles = [drawn.get_title(place) for place in ("left", "center", "right")]
    assert any(title and " ".join(title.split()) in said for title in titles)
    assert re.search(r"\d", said), "numbers, not the title alone"
    chinese = re.search("[\u4e00-\u9fff]", said)
    assert bool(chinese) == (lang != "en")
    assert "Figure" not in said if lang == "zh" else "Figure" in said


def test_tick_labels_do_not_overlap(drawn):
    for axis in (drawn.xaxis, drawn.yaxis):
        boxes = [t.get_window_extent() for t in axis.get_ticklabels() if t.get_text()]
        assert not [1 for a, b in zip(boxes, boxes[1:]) if a.overlaps(b)]


def says_where_it_stands(ax) -> list[str]:
    """The numbers at the ticks, each compared with its place; where ticks stand at names there are none."""
    said = []
    for axis in (ax.xaxis, ax.yaxis):
        if not isinstance(axis.get_major_locator(), FixedLocator):
            for place, text in zip(axis.get_majorticklocs(), axis.get_ticklabels()):
                if found := re.fullmatch(r"(−?[\d,.]+)([%kMB万亿]?)", text.get_text()):
                    number = float(found[1].replace("−", "-").replace(",", "")) * UNITS[found[2]]
                    assert number == pytest.approx(place, rel=1e-6, abs=1e-9), text
                    said.append(text.get_text())
    return said


def test_a_tick_with_a_number_says_where_it_stands(drawn):
    says_where_it_stands(drawn)


@pytest.mark.parametrize("written", ["zh", "en"])
@pytest.mark.parametrize("top", [0.28, 22.5, 1.75e6, 2.6e9])
def test_a_tick_is_not_rounded_away_from_its_place(top, written):
    crmkit.set_language(written)
    ax = paper.axes(None, "", y=("value", number))
    ax.set_ylim(0, top)
    ax.figure.canvas.draw()
    assert len(set(says_where_it_stands(ax))) >= 4
    ax.set_ylim(top, 1.01 * top)
    ax.figure.canvas.draw()
    assert len(set(says_where_it_stands(ax))) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_only_the_axes_given_are_drawn_on(name):
    figure, (ours, other) = plt.subplots(1, 2)
    before = len(plt.get_fignums())
    assert draw(name, ax=ours) is ours
    assert len(plt.get_fignums()) == before and figure.axes == [ours, other]
    assert ours.has_data() or ours.patches
    assert not other.has_data() and not other.texts and not other.get_title(loc="left")


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_left_as_it_was(name):
    result = example(name)[0]
    before = copy.deepcopy(result)
    draw(name)
    assert same(result, before)


def test_pyramid_bars_are_as_wide_as_the_shares_and_say_so():
    crmkit.set_language("en")
    tiers = example("plot_pyramid")[0].tiers
    ax = draw("plot_pyramid")
    shares = [*tiers["customer_share"], *tiers["value_share"], *tiers["resource_share"]]
    assert [b.get_width() for b in ax.patches] == pytest.approx(shares)
    assert [t.get_text() for t in ax.texts] == [percent(s) for s in shares]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Platinum", "Gold", "Iron", "Lead"]
    assert ax.yaxis_inverted()  # the best tier on top


def test_pyramid_hatches_a_tier_that_loses_money():
    pyramid = example("plot_pyramid")[0]
    loss = replace(pyramid, tiers=pyramid.tiers.assign(value_share=[0.7, 0.5, 0.2, -0.4]))
    ax = plots.plot_pyramid(loss)
    assert ax.patches[7].get_hatch() and ax.patches[7].get_width() == pytest.approx(0.4)
    assert "−40.0%" in [t.get_text() for t in ax.texts]


def test_reallocation_bars_are_the_resources_and_the_title_gives_the_profit_change():
    crmkit.set_language("en")
    result = example("plot_reallocation")[0]
    ax = draw("plot_reallocation")
    assert [b.get_height() for b in ax.patches] == pytest.approx(
        [*result.tiers["resources_before"], *result.tiers["resources_after"]]
    )
    assert number(result.profit_change.value) in ax.get_title(loc="left")


def test_migration_cells_are_the_probabilities():
    shares = example("plot_migration")[0].probabilities.dropna(how="all")
    assert len(shares) == 4  # nobody is new in these periods
    ax = draw("plot_migration")
    drawn = np.ma.filled(ax.collections[0].get_array(), np.nan).reshape(shares.shape)
    np.testing.assert_allclose(drawn, shares.to_numpy(dtype=float))


def test_lorenz_and_pareto_draw_the_curve_and_the_measured_share():
    crmkit.set_language("en")
    curve, with_ = example("plot_lorenz")
    ax = draw("plot_lorenz")
    np.testing.assert_allclose(ax.lines[1].get_xydata(), curve[["customer_share", "value_share"]])
    assert f"{with_['gini'].value:.3f}" in ax.texts[-1].get_text()
    test = example("plot_pareto")[1]["test"]
    ax = draw("plot_pareto")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), 1 - curve[["customer_share", "value_share"]])
    points = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 1]
    assert (test.top, test.share) in points and (test.top, test.estimate.value) in points
    assert percent(test.estimate.low) in ax.texts[-1].get_text()


def test_whale_marks_the_peak_and_the_loss_after_it():
    crmkit.set_language("en")
    result = example("plot_whale")[0]
    ax = draw("plot_whale")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), result.curve[["customer_share", "profit_share"]])
    peak = next(line.get_xydata()[0] for line in ax.lines if len(line.get_xydata()) == 1)
    assert tuple(peak) == (result.peak_customers_share.value, result.peak_share.value)
    assert number(result.tail_loss.value) in ax.texts[-1].get_text()


def test_long_tail_bars_are_tail_and_head():
    result = example("plot_long_tail")[0]
    ax = draw("plot_long_tail")
    c, v = result.customer_share.value, result.value_share.value
    assert [b.get_width() for b in ax.patches] == pytest.approx([c, 1 - c, v, 1 - v])


def test_rfm_cells_count_every_customer_once_best_at_the_top_right():
    scores = example("plot_rfm")[0]
    ax = draw("plot_rfm")
    drawn = np.asarray(ax.collections[0].get_array()).reshape(5, 5)
    assert drawn.sum() == len(scores)
    assert drawn[0, 4] == ((scores["recency_score"] == 5) & (scores["frequency_score"] == 5)).sum()


def test_segments_bars_are_the_shares():
    sizes = example("plot_segments")[0]
    ax = draw("plot_segments")
    assert [b.get_width() for b in ax.patches] == pytest.approx(
        [*sizes["customer_share"], *sizes["value_share"]]
    )


def test_sales_bars_are_the_months_sums_and_months_without_sales_are_there():
    log = example("plot_sales")[0]
    gap = log[log["date"].dt.to_period("M") != "1997-06"]
    heights = [b.get_height() for b in plots.plot_sales(gap).patches]
    assert sum(heights) == pytest.approx(gap["amount"].sum()) and heights[5] == 0
    buyers = [b.get_height() for b in plots.plot_sales(log, measure="active_customers").patches]
    first = log[log["date"].dt.to_period("M") == "1997-01"]
    assert buyers[0] == first["customer_id"].nunique()
    with pytest.raises(crmkit.CrmkitError, match="active_customers"):
        plots.plot_sales(log, measure="profit")


def test_a_plot_refuses_a_frame_without_its_columns():
    with pytest.raises(crmkit.CrmkitError, match="value_share"):
        plots.plot_lorenz(pd.DataFrame({"customer_share": [0, 1]}))


@pytest.mark.parametrize(
    "colours",
    [paper.TIER_COLOURS, (paper.DARK, paper.ORANGE), (paper.PALE, paper.BLUE), (paper.ORANGE, paper.PALE)],
)
def test_colours_side_by_side_differ_in_greyscale(colours):
    grey = [np.dot(matplotlib.colors.to_rgb(c), (0.299, 0.587, 0.114)) for c in colours]
    assert min(abs(a - b) for a, b in zip(grey, grey[1:])) > 0.11


def test_ticks_of_shares_say_where_they_stand():
    ax = plt.figure().add_subplot()
    paper.name_axis(ax.xaxis, "difference_points", percent)
    ax.set_xticks([-0.025, 0, 0.025, 0.05, 0.29])  # rounded, −2.5 and 2.5 % would read −2 and 2 %, or 3 %
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["−2.5%", "0%", "2.5%", "5%", "29%"]


def test_the_contact_plot_shows_what_was_recorded_only_where_it_differs_from_the_mean_among_like_customers():
    crmkit.set_language("en")
    for name, points in (("plot_contact_response", 2), ("plot_contact_response/no turn seen", 1)):
        said = [text.get_text() for text in draw(name).get_legend().get_texts()]
        assert sum("mean" in text.lower() for text in said) == points
