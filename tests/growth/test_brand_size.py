"""Double jeopardy: the law of small brands, beside the Dirichlet model of which it is an approximation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, nbinom

from crmkit.core.errors import CrmkitError
from crmkit.growth.brand_size import double_jeopardy

HOUSEHOLDS = 10_000
SHARES = np.array([0.38, 0.27, 0.18, 0.12, 0.05])


def dirichlet_category(*, mean=3.0, shape=0.5, switching=1.2):
    """Expected buyers and purchases of each brand (Goodhardt, Ehrenberg & Chatfield 1984), summed by scipy.

    Purchases of the category are negative binomial; those of a brand among n of them are beta-binomial.
    """
    n = np.arange(400)
    of_category = nbinom.pmf(n, shape, shape / (shape + mean))
    rows = []
    for name, share in zip("ABCDE", SHARES):
        alpha = switching * share
        nothing = betabinom.pmf(0, n, alpha, switching - alpha)
        buyers = HOUSEHOLDS * (of_category * (1 - nothing)).sum()
        rows.append({"brand": name, "buyers": buyers, "purchases": HOUSEHOLDS * mean * share})
    return pd.DataFrame(rows)


def test_two_brands_by_hand():
    brands = pd.DataFrame({"brand": ["small", "large"], "buyers": [200, 500], "purchases": [500, 2000]})
    found = double_jeopardy(brands, households=1000)
    assert found["brand"].tolist() == ["large", "small"]
    assert found["penetration"].tolist() == [0.5, 0.2]
    # w(1 - b): 4 x 0.5 = 2 and 2.5 x 0.8 = 2
    assert found["expected_purchases_per_buyer"].tolist() == pytest.approx([4, 2.5])
    assert found["difference"].tolist() == pytest.approx([0, 0])


def test_a_dirichlet_category_keeps_to_the_law_within_a_tenth():
    found = double_jeopardy(dirichlet_category(), households=HOUSEHOLDS)
    assert found["penetration"].is_monotonic_decreasing
    assert found["purchases_per_buyer"].is_monotonic_decreasing
    assert (found["difference"] / found["purchases_per_buyer"]).abs().max() < 0.1


def test_sampled_households_agree_with_the_dirichlet_models_sums():
    rng = np.random.default_rng(4)
    people = 40_000
    total = rng.poisson(rng.gamma(0.5, 6, people))
    bought = rng.multinomial(total, rng.dirichlet(1.2 * SHARES, people))
    sampled = pd.DataFrame(
        {"brand": list("ABCDE"), "buyers": (bought > 0).sum(axis=0), "purchases": bought.sum(axis=0)}
    )
    seen = double_jeopardy(sampled, households=people)
    expected = double_jeopardy(dirichlet_category(), households=HOUSEHOLDS)
    np.testing.assert_allclose(seen["penetration"], expected["penetration"], rtol=0.05)
    np.testing.assert_allclose(seen["purchases_per_buyer"], expected["purchases_per_buyer"], rtol=0.05)


def test_size_reverses_the_verdict_on_a_small_brand():
    """Its buyers buy it least, and still a little more than its size alone would lead one to expect."""
    found = double_jeopardy(dirichlet_category(), households=HOUSEHOLDS).set_index("brand")
    assert found["purchases_per_buyer"].idxmin() == "E"
    assert found.loc["E", "difference"] > 0


def test_a_brand_that_its_buyers_leave_lies_below_what_its_size_says():
    brands = dirichlet_category()
    brands.loc[2, "purchases"] *= 0.6
    found = double_jeopardy(brands, households=HOUSEHOLDS).set_index("brand")
    assert found["difference"].idxmin() == "C"


def test_rows_in_any_order_give_the_same_and_the_input_stays():
    brands = dirichlet_category()
    before = brands.copy()
    one = double_jeopardy(brands, households=HOUSEHOLDS)
    other = double_jeopardy(brands.sample(frac=1, random_state=1), households=HOUSEHOLDS)
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(brands, before)


@pytest.mark.parametrize(
    "brands, code",
    [
        ({"brand": ["a", "a"], "buyers": [10, 20], "purchases": [20, 30]}, "brand_not_unique"),
        ({"brand": ["a"], "buyers": [10], "purchases": [20]}, "one_brand"),
        ({"brand": ["a", "b"], "buyers": [10, 20], "purchases": [20, 19]}, "fewer_purchases_than_buyers"),
        ({"brand": ["a", "b"], "buyers": [10, 100], "purchases": [20, 200]}, "more_buyers_than_households"),
    ],
)
def test_brands_that_cannot_be_are_refused(brands, code):
    with pytest.raises(CrmkitError) as error:
        double_jeopardy(pd.DataFrame(brands), households=100)
    assert error.value.code == code
