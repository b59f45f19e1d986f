"""The explorer and the picture of the second order say what repeat_business says."""

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import plots
from crmkit.display.scene import to_svg
from crmkit.foundations.explorer import explore_second_order
from crmkit.foundations.repeat_business import repeat_business


def _shops(seed=5, customers=60):
    rng = np.random.default_rng(seed)
    shops = {}
    for name, gap in (("east_shop", 80), ("west_shop", 25)):
        first = rng.integers(0, 150, customers)
        second = first + rng.integers(1, gap, customers)
        back = rng.random(customers) < 0.8  # the others are still waiting on the last day
        days = np.concatenate([first, second[back]])
        who = np.concatenate([np.arange(customers), np.flatnonzero(back)])
        dates = pd.Timestamp("2025-01-01") + pd.to_timedelta(days, unit="D")
        shops[name] = pd.DataFrame({"customer_id": who, "date": dates, "amount": 10.0})
    return shops


@pytest.fixture
def explorer():
    return explore_second_order(_shops(), first_day="2025-03-31", last_day="2025-12-31")


def _texts(explorer):
    return [mark["text"] for mark in explorer.scene["marks"] if mark["kind"] == "text"]


def test_bars_are_repeat_business_at_the_day_and_within_the_days_that_are_set(explorer):
    explorer.move(days_open=50, within_days=30)
    assert explorer.scene["shown"]["days_open"] == "2025-05-20"
    for log in _shops().values():
        found = repeat_business(log, as_of="2025-05-20")
        assert f"{found.split['repeat_share'].iloc[0]:.1%}" in _texts(explorer)
        assert f"{found.within(30).value:.1%}" in _texts(explorer)


def test_the_share_of_repeat_orders_moves_with_the_last_day_and_the_share_back_hardly_does(explorer):
    def shares():
        return [float(text[:-1]) for text in _texts(explorer) if isinstance(text, str) and "." in text]

    explorer.move(days_open=0, within_days=30)
    early = shares()
    explorer.move(days_open=1000)
    late = shares()
    repeat, back = np.subtract(late, early)[[0, 1]], np.subtract(late, early)[[2, 3]]
    assert (repeat > 3).all() and (np.abs(back) < repeat).all()


def test_days_beyond_what_was_observed_end_at_the_last_day_observed():
    shops = _shops()
    explorer = explore_second_order(shops, first_day="2025-01-20", last_day="2025-02-10")
    explorer.move(days_open=0, within_days=180)
    found = repeat_business(shops["east_shop"], as_of="2025-01-20")
    assert f"{found.curve['returned_share'].iloc[-1]:.1%}" in _texts(explorer)


def test_the_finding_names_both_shops_in_both_languages_and_the_picture_stands_alone(explorer):
    said = explorer.scene["said"]
    assert "东店" in said["zh"] and "西店" in said["zh"] and "2025-12-31" in said["zh"]
    assert "East shop" in said["en"] and "West shop" in said["en"]
    for lang in ("zh", "en", "both"):
        assert to_svg(explorer.scene, lang).startswith("<svg")


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_picture_of_several_shops_holds_their_curves_and_shares(lang):
    crmkit.set_language(lang)
    found = {name: repeat_business(log, as_of="2025-12-31") for name, log in _shops().items()}
    ax = plots.plot_second_orders(found)
    for line, result in zip(ax.get_lines(), found.values()):
        assert line.get_ydata() == pytest.approx(result.curve["returned_share"])
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(named) == 2
    for text, result in zip(named, found.values()):
        assert f"{result.split['repeat_share'].iloc[0]:.1%}" in text
