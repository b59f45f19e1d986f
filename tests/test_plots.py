"""Plots: what is drawn is what the result holds, in the language, without a box, and nowhere but on the Axes given."""

import datetime as dt
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("agg")
from matplotlib import pyplot as plt

import crmkit
from crmkit import plots
from test_fonts import bare_machine, listening  # noqa: F401

MESSY = ("喆珺犇与合作伙伴 Łódź & Söhne", "$\\alpha$ 客户 <b>", "=1+1 −5%", "珺")


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(5)
    n = 400
    return pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(n)], "revenue": np.round(rng.pareto(1.4, n) * 50, 2),
        "days_since_last": rng.integers(0, 500, n).astype(float), "frequency": rng.geometric(0.4, n) - 1})


@pytest.fixture(scope="module")
def results(customers):
    """A result for every plot: name -> (what to give the plot, with what)."""
    rng = np.random.default_rng(6)
    revenue = customers["revenue"]
    pyramid = crmkit.pyramid(customers)
    later = crmkit.pyramid(customers.iloc[50:].assign(revenue=rng.permutation(revenue[50:])))
    curve = crmkit.lorenz(revenue)
    scores = crmkit.rfm_scores(customers)
    named = crmkit.name_segments(scores).merge(customers).groupby("segment")
    segments = named.agg(n=("revenue", "size"), v=("revenue", "sum"))
    sizes = pd.DataFrame({"segment": segments.index, "customer_share": (segments["n"] / segments["n"].sum()).to_numpy(),
                          "value_share": (segments["v"] / segments["v"].sum()).to_numpy()})
    dates = pd.to_datetime(rng.integers(0, 500, 2000), unit="D", origin=dt.datetime(1997, 1, 1))
    log = pd.DataFrame({"customer_id": rng.integers(0, 90, 2000).astype(str), "date": dates,
                        "amount": rng.gamma(2, 30, 2000)})
    return {
        "plot_pyramid": (pyramid, {}),
        "plot_reallocation": (crmkit.reallocate(pyramid, elasticity=0.3, margin_rate=0.3, rng=rng), {}),
        "plot_migration": (crmkit.migration(pyramid, later), {}),
        "plot_lorenz": (curve, {"gini": crmkit.gini(revenue, rng=rng, resamples=200)}),
        "plot_pareto": (curve, {"test": crmkit.pareto_test(revenue, rng=rng, resamples=200)}),
        "plot_whale": (crmkit.whale_curve(revenue - 40, rng=rng, resamples=200), {}),
        "plot_long_tail": (crmkit.long_tail(revenue, threshold=50, rng=rng, resamples=200), {}),
        "plot_rfm": (scores, {}),
        "plot_segments": (sizes, {}),
        "plot_sales": (log, {}),
    }


NAMES = ["plot_pyramid", "plot_reallocation", "plot_migration", "plot_lorenz", "plot_pareto", "plot_whale",
         "plot_long_tail", "plot_rfm", "plot_segments", "plot_sales"]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def _draw(results, name, **more):
    result, with_ = results[name]
    return getattr(plots, name)(result, **with_, **more)


def _texts(ax):
    return [t.get_text() for t in ax.figure.findobj(matplotlib.text.Text) if t.get_text()]


def test_every_public_plot_is_tested():
    assert sorted(NAMES) == sorted(n for n in vars(plots) if n.startswith("plot_"))


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_no_glyph_is_missing_even_in_messy_labels_on_a_bare_machine(results, bare_machine, name, lang):  # noqa: F811
    crmkit.set_language(lang)
    with listening() as heard:
        ax = _draw(results, name)
        for text in (*MESSY[:1], MESSY[1]):
            ax.set_title(text, loc="right", fontweight="bold")
            ax.figure.canvas.draw()
    assert heard == []


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_labels_are_words_of_the_language_inside_the_figure(results, name, lang):
    crmkit.set_language(lang)
    ax = _draw(results, name)
    ax.figure.canvas.draw()
    words = _texts(ax)
    assert not [t for t in words if "_" in t], "a slug without a term"
    chinese = [t for t in words if any("一" <= c <= "鿿" for c in t)]
    english = [t for t in words if any(c.isascii() and c.isalpha() and c not in "kM" for c in t)]
    assert bool(chinese) == (lang != "en") and (lang == "zh" or english)
    page = ax.figure.bbox
    limits = ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim())))
    beyond = [tick.label1 for axis, (low, high) in limits for tick in axis.get_major_ticks()
              if not low <= tick.get_loc() <= high]  # matplotlib does not draw these
    for text in ax.figure.findobj(matplotlib.text.Text):
        if text.get_text() and text.get_visible() and text not in beyond:
            box = text.get_window_extent()
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, text
            assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, text


@pytest.mark.parametrize("lang", ["zh", "both"])
@pytest.mark.parametrize("name", NAMES)
def test_tick_labels_do_not_overlap(results, name, lang):
    crmkit.set_language(lang)
    ax = _draw(results, name)
    ax.figure.canvas.draw()
    for axis in (ax.xaxis, ax.yaxis):
        boxes = [t.get_window_extent() for t in axis.get_ticklabels() if t.get_text()]
        assert not [1 for a, b in zip(boxes, boxes[1:]) if a.overlaps(b)]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_axes_given_are_drawn_on(results, name):
    figure, (ours, other) = plt.subplots(1, 2)
    before = len(plt.get_fignums())
    assert _draw(results, name, ax=ours) is ours
    assert len(plt.get_fignums()) == before and figure.axes == [ours, other]
    assert ours.has_data() or ours.patches
    assert not other.has_data() and not other.texts and not other.get_title(loc="left")


@pytest.mark.parametrize("name", NAMES)
def test_the_result_is_left_as_it_was(results, name):
    result = results[name][0]
    frame = result if isinstance(result, pd.DataFrame) else getattr(result, "tiers", None)
    before = frame.copy() if frame is not None else repr(result)
    _draw(results, name)
    if frame is not None:
        pd.testing.assert_frame_equal(frame, before)
    else:
        assert repr(result) == before


def test_pyramid_bars_are_as_wide_as_the_shares_and_say_so(results):
    crmkit.set_language("en")
    tiers = results["plot_pyramid"][0].tiers
    ax = _draw(results, "plot_pyramid")
    shares = [*tiers["customer_share"], *tiers["value_share"], *tiers["resource_share"]]
    assert [b.get_width() for b in ax.patches] == pytest.approx(shares)
    assert [t.get_text() for t in ax.texts] == [plots.percent(s) for s in shares]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Platinum", "Gold", "Iron", "Lead"]
    assert ax.yaxis_inverted()  # the best tier on top


def test_pyramid_hatches_a_tier_that_loses_money(results):
    pyramid = results["plot_pyramid"][0]
    loss = replace(pyramid, tiers=pyramid.tiers.assign(value_share=[0.7, 0.5, 0.2, -0.4]))
    ax = plots.plot_pyramid(loss)
    assert ax.patches[7].get_hatch() and ax.patches[7].get_width() == pytest.approx(0.4)
    assert "−40.0%" in [t.get_text() for t in ax.texts]


def test_reallocation_bars_are_the_resources_and_the_title_gives_the_profit_change(results):
    crmkit.set_language("en")
    result = results["plot_reallocation"][0]
    ax = _draw(results, "plot_reallocation")
    assert [b.get_height() for b in ax.patches] == pytest.approx(
        [*result.tiers["resources_before"], *result.tiers["resources_after"]])
    assert plots.number(result.profit_change.value) in ax.get_title(loc="left")


def test_migration_cells_are_the_probabilities(results):
    shares = results["plot_migration"][0].probabilities.dropna(how="all")
    assert len(shares) == 4  # nobody is new in these periods
    ax = _draw(results, "plot_migration")
    drawn = np.ma.filled(ax.collections[0].get_array(), np.nan).reshape(shares.shape)
    np.testing.assert_allclose(drawn, shares.to_numpy(dtype=float))


def test_lorenz_and_pareto_draw_the_curve_and_the_measured_share(results):
    crmkit.set_language("en")
    curve, with_ = results["plot_lorenz"]
    ax = _draw(results, "plot_lorenz")
    np.testing.assert_allclose(ax.lines[1].get_xydata(), curve[["customer_share", "value_share"]])
    assert f"{with_['gini'].value:.3f}" in ax.texts[-1].get_text()
    test = results["plot_pareto"][1]["test"]
    ax = _draw(results, "plot_pareto")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), 1 - curve[["customer_share", "value_share"]])
    points = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 1]
    assert (test.top, test.share) in points and (test.top, test.estimate.value) in points
    assert plots.percent(test.estimate.low) in ax.texts[-1].get_text()


def test_whale_marks_the_peak_and_the_loss_after_it(results):
    crmkit.set_language("en")
    result = results["plot_whale"][0]
    ax = _draw(results, "plot_whale")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), result.curve[["customer_share", "profit_share"]])
    peak = next(line.get_xydata()[0] for line in ax.lines if len(line.get_xydata()) == 1)
    assert tuple(peak) == (result.peak_customers_share.value, result.peak_share.value)
    assert plots.number(result.tail_loss.value) in ax.texts[-1].get_text()


def test_long_tail_bars_are_tail_and_head(results):
    result = results["plot_long_tail"][0]
    ax = _draw(results, "plot_long_tail")
    c, v = result.customer_share.value, result.value_share.value
    assert [b.get_width() for b in ax.patches] == pytest.approx([c, 1 - c, v, 1 - v])


def test_rfm_cells_count_every_customer_once_best_at_the_top_right(results):
    scores = results["plot_rfm"][0]
    ax = _draw(results, "plot_rfm")
    drawn = np.asarray(ax.collections[0].get_array()).reshape(5, 5)
    assert drawn.sum() == len(scores)
    assert drawn[0, 4] == ((scores["recency_score"] == 5) & (scores["frequency_score"] == 5)).sum()


def test_segments_bars_are_the_shares(results):
    sizes = results["plot_segments"][0]
    ax = _draw(results, "plot_segments")
    assert [b.get_width() for b in ax.patches] == pytest.approx([*sizes["customer_share"], *sizes["value_share"]])


def test_sales_bars_are_the_months_sums_and_months_without_sales_are_there(results):
    log = results["plot_sales"][0]
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


@pytest.mark.parametrize("colours", [plots.TIER_COLOURS, (plots.DARK, plots.ORANGE), (plots.PALE, plots.BLUE),
                                     (plots.ORANGE, plots.PALE)])
def test_colours_side_by_side_differ_in_greyscale(colours):
    grey = [np.dot(matplotlib.colors.to_rgb(c), (0.299, 0.587, 0.114)) for c in colours]
    assert min(abs(a - b) for a, b in zip(grey, grey[1:])) > 0.11
