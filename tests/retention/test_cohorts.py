"""Cohort tables: counted by hand and by pandas on CDNOW; a month that was not seen is empty,
one without buyers is 0.
"""

import numpy as np
import pandas as pd
import pytest

import crmkit

LOG = pd.DataFrame(
    {
        "customer_id": list("aaabbcd"),
        "date": pd.to_datetime(
            ["2023-12-31", "2024-02-01", "2024-02-09", "2023-12-02", "2024-03-03", "2024-02-05", "2024-02-06"]
        ),
        "amount": [10.0, 10, 10, 10, 10, 10, -5],
    }
)


def test_shares_by_hand_over_the_turn_of_a_year_and_a_return_is_no_purchase():
    table = crmkit.cohort_table(LOG, as_of="2024-03-31")
    wide = table.pivot(index="cohort", columns="months_later", values="active_customers")
    assert wide.index.strftime("%Y-%m").tolist() == ["2023-12", "2024-02"]
    np.testing.assert_equal(wide.to_numpy(), [[2, 0, 1, 1], [1, 0, np.nan, np.nan]])
    assert table["customers"].tolist() == [2, 2, 2, 2, 1, 1]


def test_a_month_that_has_not_ended_is_empty_and_one_without_buyers_is_zero():
    during = crmkit.cohort_table(LOG, as_of="2024-03-30").set_index(["cohort", "months_later"])[
        "active_share"
    ]
    december = during.xs(pd.Timestamp("2023-12-01"))
    assert december.iloc[1] == 0 and np.isnan(december.iloc[3])
    ended = crmkit.cohort_table(LOG, as_of="2024-03-31").set_index(["cohort", "months_later"])["active_share"]
    assert ended.xs(pd.Timestamp("2023-12-01")).iloc[3] == 0.5
    leap = crmkit.cohort_table(LOG, as_of="2024-02-29").set_index(["cohort", "months_later"])["active_share"]
    assert leap.xs(pd.Timestamp("2023-12-01")).iloc[2] == 0.5, "29 February ends the month in 2024"


def test_filling_the_unseen_with_zero_reverses_which_cohort_comes_back_more():
    """The young cohort returns more in every month that was seen of both, and looks worse when gaps are zeros."""
    table = crmkit.cohort_table(crmkit.load("double_11_shop"), as_of="2024-10-31")
    wide = table[table["months_later"] > 0].pivot(
        index="cohort", columns="months_later", values="active_share"
    )
    old, young = wide.loc["2024-06-01"], wide.loc["2024-08-01"]
    both = old.notna() & young.notna()
    assert young[both].mean() > old[both].mean()
    assert young.fillna(0).mean() < old.fillna(0).mean()


def test_cdnow_agrees_with_a_crosstab_in_pandas():
    log = crmkit.load("cdnow_sample")
    found = crmkit.cohort_table(log, as_of="1998-06-30")
    month = log["date"].dt.year * 12 + log["date"].dt.month
    first = month.groupby(log["customer_id"]).transform("min")
    counted = pd.crosstab(first, month - first, values=log["customer_id"], aggfunc="nunique")
    wide = found.pivot(index="cohort", columns="months_later", values="active_customers")
    np.testing.assert_array_equal(wide.to_numpy(), counted.to_numpy())
    assert wide.isna().sum().sum() == 3, "February's cohort has one unseen month, March's two"


def test_a_log_without_purchases_or_columns_is_refused():
    with pytest.raises(crmkit.CrmkitError):
        crmkit.cohort_table(LOG.drop(columns="amount"), as_of="2024-03-31")
    with pytest.raises(crmkit.CrmkitError):
        crmkit.cohort_table(LOG.assign(amount=-1.0), as_of="2024-03-31")
