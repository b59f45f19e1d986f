"""What stands in the place of a figure: told from what is drawn, and in the output of a notebook's cell."""

import re

import matplotlib

matplotlib.use("agg")
import nbformat
import numpy as np
import pandas as pd
import pytest
from kernels import WarmKernel
from matplotlib import pyplot as plt

import crmkit
from crmkit.display.alternative import MOST_BARS, WithAlternative, alternative


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
