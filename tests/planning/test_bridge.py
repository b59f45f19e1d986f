"""The bridge from sales to contribution: its sum, its intervals, and a market whose truth is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import CrmkitError, campaign_bridge, uplift
from crmkit.market import Market, scenario

MONEY = ["sales", "sales_after", "returned", "cost_of_sales", "campaign_cost"]


def drawn(rng, n=400):
    treated = rng.permutation(n) < n // 2
    frame = pd.DataFrame(rng.gamma(0.5, 100, (n, 5)), columns=MONEY)
    return frame.assign(group=np.where(treated, "treated", "control"))


def test_the_steps_add_up_to_the_contribution():
    amounts = campaign_bridge(drawn(np.random.default_rng(1)))["amount"]
    assert amounts[:-1].sum() == pytest.approx(amounts.iloc[-1])


def test_the_contribution_and_its_interval_are_those_of_uplift_for_all_who_were_treated():
    trial = drawn(np.random.default_rng(2))
    more = trial["sales"] + trial["sales_after"]
    less = trial["returned"] + trial["cost_of_sales"] + trial["campaign_cost"]
    found = uplift(trial.assign(outcome=more - less)).iloc[0]
    last = campaign_bridge(trial).iloc[-1]
    expected = [found["treated"] * found[f"uplift{end}"] for end in ("", "_low", "_high")]
    np.testing.assert_allclose(last[["amount", "amount_low", "amount_high"]].astype(float), expected)


def test_sales_that_rise_reverse_to_a_loss_and_the_interval_covers_the_truth_of_twin_markets():
    """The simulated shop's Double 11, 20 times: each month beside the same month without the campaign."""
    covered = []
    for seed in range(20):
        trial, truth = twins(seed)
        table = campaign_bridge(trial).set_index("step")
        last = table.loc["contribution"]
        assert table["amount"].head(2).sum() > 0  # they bought more
        assert truth < 0
        covered.append(last["amount_low"] <= truth <= last["amount_high"])
    assert sum(covered) >= 17  # of 20 at 95 %: 16 or fewer come up once in 400 times


def twins(seed):
    """Customers of a November campaign with half held out, and what it truly changed for those treated."""
    shop = scenario("double_11_shop")
    campaign = replace(shop.status_quo.campaigns[0], control_share=0.5)
    books = []
    for campaigns in ((campaign,), ()):
        market = Market(shop, np.random.default_rng(seed))
        market.step(replace(shop.status_quo, campaigns=campaigns), months=12)
        books.append(market.ledgers)
    messages = books[0].contacts.query("programme == 'double_11'").drop_duplicates("customer_id")
    people = messages.set_index("customer_id")["arm"]
    with_it, without = (money(book.transactions, people.index) for book in books)
    trial = with_it.assign(group=people, returned=0.0, campaign_cost=0.0).reset_index()
    treated = (people == "treated").to_numpy()
    margin_with, margin_without = (
        (table["sales"] + table["sales_after"] - table["cost_of_sales"])[treated].sum()
        for table in (with_it, without)
    )
    return trial, margin_with - margin_without


def money(transactions, people):
    inside = transactions[transactions["date"] >= "2024-11-01"]
    november = inside["date"] < "2024-12-01"
    parts = {
        "sales": inside["amount"].where(november, 0),
        "sales_after": inside["amount"].where(~november, 0),
        "cost_of_sales": inside["quantity"] * inside["unit_cost"],
    }
    table = pd.DataFrame(parts).groupby(inside["customer_id"]).sum()
    return table.reindex(people).fillna(0.0)


@pytest.mark.parametrize("wrong", [{"sales": -1.0}, {"group": "held_out"}, {"group": "treated"}])
def test_what_is_no_trial_in_money_is_refused(wrong):
    with pytest.raises(CrmkitError):
        campaign_bridge(drawn(np.random.default_rng(3)).assign(**wrong))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_bar_of_the_bridge_begins_where_the_one_before_ended(lang):
    crmkit.set_language(lang)
    table = campaign_bridge(drawn(np.random.default_rng(4)))
    bars = crmkit.plots.plot_campaign_bridge(table).patches
    ends = table["amount"].cumsum()
    starts = [0.0, *ends[:-2], 0.0]
    np.testing.assert_allclose([bar.get_x() for bar in bars], starts, atol=1e-6)
    np.testing.assert_allclose([bar.get_width() for bar in bars], table["amount"])
