"""The explorer of the four forms says what loyalty_forms says, market by market."""

import numpy as np
import pandas as pd
import pytest

from crmkit.display.scene import to_svg
from crmkit.loyalty.explorer import _points, explore_loyalty_forms
from crmkit.loyalty.loyalty import loyalty_forms

CUT = {"attitude_from": 7, "purchases_from": 4}


def _customers(seed=3, n=800):
    """Attitude holds customers where a rival is, and nowhere else."""
    rng = np.random.default_rng(seed)
    market = np.where(np.arange(n) % 2 == 0, "quiet_street", "rival_street")
    attitude = rng.integers(1, 11, n)
    stays = np.where(market == "quiet_street", 0.8, np.where(attitude >= 7, 0.8, 0.3))
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "market": market,
            "attitude": attitude,
            "purchases": rng.poisson(4, n),
            "retained": (rng.random(n) < stays).astype(int),
        }
    )


def _texts(explorer):
    return [mark["text"] for mark in explorer.scene["marks"] if mark["kind"] == "text"]


def test_each_market_has_the_four_forms_with_their_shares_and_who_came_again():
    customers = _customers()
    explorer = explore_loyalty_forms(customers, **CUT).move(attitude_from=5)
    said = [text["en"] for text in _texts(explorer) if isinstance(text, dict)]
    for _, part in customers.groupby("market"):
        forms = loyalty_forms(part, attitude_from=5, purchases_from=4).forms
        for form in forms.itertuples():
            assert f"{form.customer_share:.1%} of customers" in said
            low, high = f"{form.retention_rate_low:.0%}", f"{form.retention_rate_high:.0%}"
            assert f"back {form.retention_rate:.0%} ({low}–{high})" in said


def test_the_finding_gives_the_gap_of_each_market_in_points_with_its_interval():
    customers = _customers()
    explorer = explore_loyalty_forms(customers, **CUT)
    for market, name in (
        ("quiet_street", "street without a rival"),
        ("rival_street", "street with a new rival"),
    ):
        gap = loyalty_forms(customers[customers["market"] == market], **CUT).gap
        said = explorer.scene["said"]["en"].replace("−", "-")
        assert f"{name}: of the truly loyal {100 * gap.value:+.0f} points" in said
        assert f"(interval {100 * gap.low:+.0f} to {100 * gap.high:+.0f})" in said
    assert "没有对手的街" in explorer.scene["said"]["zh"]


def test_an_end_of_the_interval_that_rounds_to_nothing_has_no_sign():
    assert [_points(share) for share in (-0.003, 0.004, 0.18, -0.05)] == ["0", "0", "+18", "−5"]


def test_without_markets_there_is_one_square_and_settings_stay_within_the_sliders():
    explorer = explore_loyalty_forms(_customers().drop(columns="market"), **CUT)
    assert sum(mark["kind"] == "rect" for mark in explorer.scene["marks"]) == 4
    explorer.move(attitude_from=99)
    assert explorer.values["attitude_from"] == max(
        c["max"] for c in explorer.controls if c["name"] == "attitude_from"
    )


def test_an_empty_box_is_said_and_not_compared():
    customers = _customers()
    customers.loc[customers["market"] == "quiet_street", "attitude"] = 10
    customers.loc[customers.index[:2], "attitude"] = [10, 9]
    explorer = explore_loyalty_forms(customers, **CUT)
    assert "one of the boxes is empty" in explorer.scene["said"]["en"]


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_picture_stands_alone_in_each_language(lang):
    assert to_svg(explore_loyalty_forms(_customers(), **CUT).scene, lang).startswith("<svg")
