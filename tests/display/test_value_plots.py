"""The plots of value, retention, repeat orders, stakeholders and expectations:
what is drawn is what the result holds.
"""

import matplotlib

matplotlib.use("agg")
import numpy as np
import pandas as pd
import pytest
from gallery import draw, example
from matplotlib import pyplot as plt

import crmkit
from crmkit import plots
from crmkit.display.numbers import number, percent


@pytest.fixture(autouse=True)
def english():
    crmkit.set_language("en")
    yield
    plt.close("all")


def test_matrix_tiles_are_the_quadrants_low_at_the_lower_left_and_say_their_shares():
    table = example("plot_value_matrix")[0].quadrants
    ax = draw("plot_value_matrix")
    tiles = np.asarray(ax.collections[0].get_array()).ravel()
    assert tiles == pytest.approx(table["long_term_value_share"].to_numpy())
    places = {text.get_text().split("\n")[0]: text.get_position() for text in ax.texts}
    assert places == {
        "I  Low-value customer": (0.5, 0.5),
        "II  Neglected potential": (1.5, 0.5),
        "III  Fading-value customer": (0.5, 1.5),
        "IV  Valued customer": (1.5, 1.5),
    }
    assert all(
        percent(share) in text.get_text() for share, text in zip(table["current_value_share"], ax.texts)
    )


def test_multiples_are_drawn_for_both_first_payments_and_the_published_ones_are_written():
    result, with_ = example("plot_retention_clv")
    ax = draw("plot_retention_clv")
    for line, first in zip(ax.lines, ("after_one_year", "now")):
        rows = result[result["first_payment"] == first]
        np.testing.assert_allclose(line.get_xydata(), rows[["retention_rate", "margin_multiple"]])
    assert {"1.154", "1.667", "2.500", "4.091"} <= {text.get_text() for text in ax.texts}


def test_the_marks_are_the_implied_rates_and_what_has_no_solution_stands_apart():
    result = example("plot_retention_economics")[0]
    ax = draw("plot_retention_economics")
    for rate, line in zip((0.05, 0.1, 0.15), ax.lines):
        wanted = result.loc[result["annual_discount_rate"] == rate, "defection_rate"]
        assert line.get_xdata() == pytest.approx(wanted.fillna(-0.03).to_numpy())
        assert [round(y) for y in line.get_ydata()] == list(range(6))
    assert ax.get_yticklabels()[0].get_text() == "Bank +85%"
    assert ax.get_xticklabels()[0].get_text() == "No solution" and ax.get_xticks()[0] == -0.03
    nothing = crmkit.retention_economics(reading="relative")
    assert (plots.plot_retention_economics(nothing).lines[0].get_xdata() == -0.03).all()


def test_repeat_bars_are_the_shares_and_the_steps_the_curve():
    result = example("plot_repeat_split")[0]
    ax = draw("plot_repeat_split")
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(result.split["repeat_share"].tolist())
    ax = draw("plot_second_order")
    np.testing.assert_allclose(ax.lines[0].get_xydata(), result.curve[["days_since_first", "returned_share"]])
    marks = [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xydata()) == 1]
    assert marks == [(result.naive_median_days, 0.5), (result.median_days.value, 0.5)]
    assert number(result.median_days.high) in ax.get_title(loc="left")
    assert "> 250" in draw("plot_second_order/half not reached").get_title(loc="left")
    log = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "amount": [1.0]})
    assert "–" in plots.plot_second_order(crmkit.repeat_business(log, as_of="2024-02-01")).get_title(
        loc="left"
    )


def test_lines_join_the_two_orders_of_priority_and_falls_are_dashed():
    table = example("plot_stakeholder_map")[0].stakeholders.sort_values("textbook_priority")
    ax = draw("plot_stakeholder_map")
    assert [tuple(line.get_ydata()) for line in ax.lines] == list(
        zip(table["textbook_priority"], table["priority"])
    )
    assert [line.get_linestyle() == "--" for line in ax.lines] == (
        table["priority"] > table["textbook_priority"]
    ).tolist()
    assert number(table["loss_avoided_per_effort"].iloc[0]) in ax.texts[0].get_text()


def test_gap_bars_are_the_worth_and_carry_the_stated_order():
    result = example("plot_expectation_gaps")[0]
    ax = draw("plot_expectation_gaps")
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(result["worth"].tolist())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == f"Reliability  #{result['stated_priority'].iloc[0]}" and ax.yaxis_inverted()
