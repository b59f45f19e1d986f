"""What stands in the place of a figure: told from what is drawn, and in the output of a notebook's cell."""

import re

import matplotlib

matplotlib.use("agg")
import nbformat
import numpy as np
import pandas as pd
import pytest
from gallery import draw, example
from kernels import WarmKernel
from matplotlib import pyplot as plt

import crmkit
from crmkit.display.alternative import MOST_BARS, WithAlternative, alternative
from crmkit.display.numbers import number
from crmkit.display.page_language import drawn_in


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_bars_are_named_with_their_values_as_the_axis_writes_them():
    crmkit.set_language("en")
    ax = pd.Series([0.1, 0.25], index=["old", "new"]).plot.barh(xlabel="share")
    ax.set_title("Two groups")
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} per cent")
    said = alternative(ax.figure)
    assert said == (
        "Figure “Two groups”; horizontal axis: share; vertical axis: —. bars: old 10 per cent, new 25 per cent."
    )


def test_of_many_bars_the_ends_are_told_and_of_a_line_its_course():
    crmkit.set_language("en")
    _, (left, right) = plt.subplots(ncols=2)
    left.bar(np.arange(MOST_BARS + 1), np.arange(MOST_BARS + 1))
    right.plot([0, 1, 2], [5, 7, 6], label="sales")
    said = alternative(left.figure)
    assert "13 bars, largest: 12 12, smallest: 0 0" in said
    assert "line “sales”: from (0, 5) through (1, 7) to (2, 6), between 5 and 7" in said


def test_a_bar_is_told_by_its_length_wherever_it_starts():
    crmkit.set_language("en")
    _, ax = plt.subplots()
    ax.bar(["sales", "costs", "left"], [100, -60, 40], bottom=[0, 100, 0])
    assert "bars: sales 100, costs −60, left 40" in alternative(ax.figure)


def test_each_line_that_is_named_at_its_end_is_told_by_its_name():
    crmkit.set_language("zh")
    said = alternative(draw("plot_programme_years").figure)
    assert all(f"线“{level}”：" in said for level in ("财务", "社会", "结构"))


def test_estimates_with_whiskers_are_told_once_and_by_name():
    crmkit.set_language("en")
    _, ax = plt.subplots()
    ax.errorbar([1, 2, 3], [5, 6, 7], yerr=1, fmt="o", capsize=3, label="measured")
    assert alternative(ax.figure) == "Figure. 3 points “measured”: 1 to 3 across, 5 to 7 upwards."


def test_small_lines_on_scales_of_their_own_are_told_by_what_they_measure():
    crmkit.set_language("en")
    said = alternative(draw("plot_indicators").figure)
    assert "sales: 2023Q1 24.36k, 2024Q2 30.25k" in said
    assert "retention rate: 2023Q2 63.9%, 2024Q2 44.0%" in said


def test_a_bridge_is_told_by_its_steps_and_not_by_where_they_end():
    result, _ = example("plot_campaign_bridge")
    crmkit.set_language("en")
    said = alternative(draw("plot_campaign_bridge").figure)
    messages = result.set_index("step").loc["campaign_messages", "amount"]
    assert f"cost of messages: −{abs(messages):.0f}" in said


def test_a_figure_of_which_nothing_can_be_told_says_that_it_is_one():
    crmkit.set_language("en")
    assert alternative(plt.figure()) == "A figure."


def test_a_figure_of_both_languages_is_drawn_in_the_one_its_page_shows_and_keeps_both(monkeypatch):
    crmkit.set_language("both")
    figure, ax = plt.subplots()
    ax.bar([crmkit.term("gold"), crmkit.term("iron")], [3, 1])
    ax.set_title(crmkit.in_language("客户占比", "customer share") + " 2024")
    ax.bar_label(ax.containers[0], [f"{crmkit.term('customers')}: {n}" for n in (3, 1)])
    drawn = []

    def printer(figure):
        figure.draw_without_rendering()
        labels = [*ax.get_xticklabels(), ax.title, *ax.texts]
        drawn.append(" ".join(label.get_text() for label in labels))
        return b""

    for lang in ("zh", "en", None):
        monkeypatch.setattr("crmkit.display.alternative.shown_language", lambda lang=lang: lang)
        _, about = WithAlternative(printer)(figure)
        for words in (drawn[-1], about["alt"]):
            assert bool(re.search("[\u4e00-\u9fff]", words)) == (lang != "en")
            assert bool(re.search("[a-z]{4}", words)) == (lang != "zh")
    assert ax.get_title() == "客户占比 customer share 2024"
    assert crmkit.term("gold") in [label.get_text() for label in ax.get_xticklabels()]


@pytest.mark.executed
def test_in_a_notebook_the_text_goes_with_the_picture_whoever_has_drawn_it(tmp_path):
    cells = [
        "import crmkit; crmkit.set_language('zh')",
        "import pandas as pd\nax = pd.Series([3, 1], index=['甲', '乙']).plot.bar(title='两家店')",
    ]
    kernel = WarmKernel(tmp_path)
    try:
        done = kernel.run(
            nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(c) for c in cells],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            )
        )
    finally:
        kernel.stop()
    (picture,) = [o for o in done.cells[-1].outputs if "image/png" in o.get("data", {})]
    assert "两家店" in picture.metadata["image/png"]["alt"] and "甲 3" in picture.metadata["image/png"]["alt"]


def test_numbers_of_a_figure_of_both_languages_are_in_wan_on_a_chinese_page():
    crmkit.set_language("both")
    figure, ax = plt.subplots()
    title = ax.set_title(f"{number(600_000)} ({number(-5_400)} ~ {number(1_234_567)})")
    with drawn_in("zh"):
        figure.draw_without_rendering()
        assert title.get_text() == "60万 (−5,400 ~ 120万)"
    assert title.get_text() == "600k (−5.4k ~ 1.2M)"
