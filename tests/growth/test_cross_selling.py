"""Cross-selling against counts by hand, peer libraries, and baskets in which the truth was planted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, hypergeom

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import has_term
from crmkit.growth.cross_selling import cross_sell_rules, growth_split, next_product

PRODUCTS = 30
POPULAR = (1 / np.arange(1, PRODUCTS + 1) ** 0.8) / (1 / np.arange(1, PRODUCTS + 1) ** 0.8).sum()


def baskets(rng, n=1500, *, planted=(), uneven=True):
    """Independent products in baskets of uneven size; ``planted``: (a, b, chance that b comes with a)."""
    size = rng.gamma(1.0, 4, n) if uneven else np.full(n, 4.0)
    held = rng.random((n, PRODUCTS)) < 1 - np.exp(-size[:, None] * POPULAR)
    for a, b, chance in planted:
        held[:, b] |= held[:, a] & (rng.random(n) < chance)
    order, product = np.nonzero(held)
    return pd.DataFrame({"order_id": order, "product_id": product})


def table(lines):
    """Baskets × products."""
    return np.unique(lines["order_id"], return_inverse=True)[1], lines["product_id"].to_numpy()


def test_support_confidence_and_lift_agree_with_counts_in_a_matrix():
    lines = baskets(np.random.default_rng(1))
    order, product = table(lines)
    held = np.zeros((order.max() + 1, PRODUCTS))
    held[order, product] = 1
    both, each = held.T @ held, held.sum(axis=0)
    rules = cross_sell_rules(lines, min_support=0.02)
    a, b = rules["product_id"], rules["next_product_id"]
    assert rules["baskets"].tolist() == both[a, b].tolist()
    assert rules["rule_confidence"].tolist() == pytest.approx((both[a, b] / each[a]).tolist())
    assert rules["rule_lift"].tolist() == pytest.approx((both[a, b] * len(held) / each[a] / each[b]).tolist())
    wanted = (both >= 0.02 * len(held)).sum() - (each >= 0.02 * len(held)).sum()
    assert len(rules) == wanted


def test_adjusted_p_values_agree_with_scipys_benjamini_hochberg_over_every_pair_of_products():
    rules = cross_sell_rules(baskets(np.random.default_rng(2), planted=[(3, 7, 0.3)]), min_support=0.01)
    one_way = rules[rules["product_id"] < rules["next_product_id"]]
    frequent = 30  # every product is in more than one basket of a hundred
    every = np.append(one_way["p_value"], np.ones(frequent * (frequent - 1) // 2 - len(one_way)))
    assert one_way["p_adjusted"].tolist() == pytest.approx(
        false_discovery_control(every)[: len(one_way)].tolist()
    )


def test_expected_baskets_agree_with_draws_without_replacement():
    # baskets of 3 out of 40 products alike: a pair is in 3·2/(40·39) of them, not in (3/40)²
    rng = np.random.default_rng(3)
    rows = [(n, p) for n in range(4000) for p in rng.permutation(40)[:3]]
    rules = cross_sell_rules(pd.DataFrame(rows, columns=["order_id", "product_id"]), min_support=0.001)
    assert rules["expected_baskets"].mean() == pytest.approx(4000 * 6 / (40 * 39), rel=0.02)
    assert rules["expected_baskets"].mean() < 0.8 * 4000 * (3 / 40) ** 2
    assert (rules["p_adjusted"] > 0.05).all()


def fisher(lines, rules):
    """Adjusted p-values of Fisher's exact test, which takes all baskets as alike."""
    each, n = lines["product_id"].value_counts(), lines["order_id"].nunique()
    p = hypergeom.sf(rules["baskets"] - 1, n, each[rules["product_id"]], each[rules["next_product_id"]])
    return false_discovery_control(p)


@pytest.mark.simulated
def test_without_association_discoveries_are_rare_and_basket_size_reverses_lift_and_fishers_test():
    rng, ours, naive, exact = np.random.default_rng(4), [], [], []
    for _ in range(60):
        lines = baskets(rng)
        rules = cross_sell_rules(lines)
        ours.append((rules["p_adjusted"] <= 0.05).any())
        naive.append((rules["rule_lift"] > 1).mean())
        exact.append((fisher(lines, rules) <= 0.05).any())
    assert np.mean(ours) <= 0.10  # every discovery is false here: the rate is held
    assert np.mean(naive) > 0.95  # yet nearly every pair has a lift above 1
    assert np.mean(exact) == 1  # and Fisher's test finds pairs in every one of these markets


@pytest.mark.simulated
def test_planted_pairs_are_found_and_few_others():
    rng, planted, found, false = np.random.default_rng(5), [(3, 7, 0.3), (10, 20, 0.3), (5, 25, 0.25)], [], []
    pairs = {(a, b) for a, b, _ in planted} | {(b, a) for a, b, _ in planted}
    for _ in range(25):
        rules = cross_sell_rules(baskets(rng, 2500, planted=planted)).query("p_adjusted <= 0.05")
        named = [pair in pairs for pair in zip(rules["product_id"], rules["next_product_id"])]
        found.append(sum(named) / 6)
        false.append(1 - np.mean(named) if named else 0)
    assert np.mean(found) > 0.95 and np.mean(false) < 0.10


def test_lift_reverses_the_popular_product_that_confidence_puts_first():
    rules = cross_sell_rules(baskets(np.random.default_rng(6), 4000, planted=[(5, 25, 0.25)]))
    after = rules[rules["product_id"] == 5].set_index("next_product_id")
    assert after["rule_confidence"].idxmax() == 0 and after["p_value"].idxmin() == 25
    assert after["rule_lift"].idxmax() == 25


def test_rules_ignore_row_order_and_repeated_lines_and_leave_their_input():
    lines = baskets(np.random.default_rng(7), 400)
    before = lines.copy()
    rules = cross_sell_rules(lines)
    twice = cross_sell_rules(pd.concat([lines, lines]).sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(rules, twice)
    pd.testing.assert_frame_equal(lines, before)


def test_baskets_of_one_product_have_no_rules():
    lines = pd.DataFrame({"order_id": [1, 2, 3], "product_id": ["a", "b", "a"]})
    assert cross_sell_rules(lines).empty and "p_adjusted" in cross_sell_rules(lines)


@pytest.mark.parametrize(
    "lines, code",
    [
        (pd.DataFrame({"order_id": [1], "product_id": [None]}), "missing_values"),
        (pd.DataFrame({"order_id": [], "product_id": []}), "no_transactions"),
        (pd.DataFrame({"order_id": [1]}), "columns_needed"),
    ],
)
def test_lines_without_baskets_are_refused(lines, code):
    with pytest.raises(CrmkitError) as error:
        cross_sell_rules(lines)
    assert error.value.code == code


def test_the_next_product_earns_more_in_the_holdout_than_offering_the_most_popular():
    rng = np.random.default_rng(8)
    planted = [(2, 20, 0.7), (4, 24, 0.7), (6, 21, 0.7), (8, 26, 0.7), (9, 28, 0.7), (13, 23, 0.7)]
    margins = pd.DataFrame({"product_id": range(PRODUCTS), "margin": rng.uniform(5, 15, PRODUCTS)})
    market = baskets(rng, 6000, planted=planted)
    known = market[market["order_id"] < 3000]
    rules = cross_sell_rules(known)
    new = market[market["order_id"] >= 3000].rename(columns={"order_id": "customer_id"})
    hidden = new.groupby("customer_id").sample(
        1, random_state=1
    )  # one thing that each will buy is not seen yet
    seen = new.drop(hidden.index)
    offers = next_product(seen, rules=rules[rules["p_adjusted"] <= 0.05], margins=margins)
    margin = margins["margin"].to_numpy()
    bought = hidden.set_index("customer_id")["product_id"].reindex(offers["customer_id"]).to_numpy()
    earned = (margin[offers["next_product_id"].astype(int)] * (bought == offers["next_product_id"])).mean()
    ranking = (known["product_id"].value_counts() * pd.Series(margin)).sort_values(ascending=False).index
    has = seen.groupby("customer_id")["product_id"].agg(set)
    popular = np.array([next(p for p in ranking if p not in has[c]) for c in offers["customer_id"]])
    assert len(offers) > 500 and earned > 1.3 * (margin[popular] * (bought == popular)).mean()


def test_an_offer_is_never_what_the_customer_has_and_margin_reverses_the_surest():
    rules = pd.DataFrame(
        {
            "product_id": ["tea"] * 3,
            "next_product_id": ["cup", "pot", "jar"],
            "rule_confidence": [0.5, 0.2, 0.4],
        }
    )
    margins = pd.DataFrame({"product_id": ["cup", "pot", "jar"], "margin": [2.0, 9.0, 4.0]})
    owned = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "product_id": ["tea", "tea", "pot", "soap"]})
    found = next_product(owned, rules=rules, margins=margins)
    assert found["next_product_id"].tolist() == [
        "pot",
        "jar",
    ]  # not the cup, which is the surest; c has no rule
    assert found["expected_margin"].tolist() == pytest.approx([1.8, 1.6])


def test_products_are_the_same_as_numbers_and_as_text_and_have_one_margin():
    rules = pd.DataFrame({"product_id": ["1"], "next_product_id": ["2"], "rule_confidence": [0.5]})
    owned, margins = (
        pd.DataFrame({name: [number], other: [more]})
        for name, number, other, more in (
            ("product_id", 1, "customer_id", "a"),
            ("product_id", 2, "margin", 4.0),
        )
    )
    assert next_product(owned, rules=rules, margins=margins)["expected_margin"].tolist() == [2.0]
    assert next_product(
        owned.assign(product_id="soap"), rules=rules, margins=margins
    ).empty  # no rule applies
    with pytest.raises(CrmkitError) as error:
        next_product(owned, rules=rules, margins=pd.concat([margins, margins]))
    assert error.value.code == "product_not_unique"


def test_a_frame_indexed_by_customer_is_split_alike():
    sold = pd.DataFrame({"customer_id": ["a", "b"], "product_id": ["tea", "tea"], "amount": [1.0, 2.0]})
    named = sold.set_index("customer_id", drop=False)
    assert growth_split(named, after=named).equals(growth_split(sold, after=sold))


def test_amounts_that_were_read_as_text_are_numbers_for_the_split_too():
    sold = pd.DataFrame({"customer_id": ["a", "b"], "product_id": ["tea", "tea"], "amount": [1.0, 2.5]})
    written = sold.assign(amount=["1", "2.5"])
    assert growth_split(written, after=sold).equals(growth_split(sold, after=written))
    assert growth_split(written, after=sold)["revenue_change"].tolist() == [0] * 5
    with pytest.raises(CrmkitError) as error:
        growth_split(sold, after=sold.assign(amount=["1", "much"]))
    assert error.value.code == "cell_not_a_number"


def test_a_hand_worked_split_of_growth():
    then, now = (
        pd.DataFrame(
            {"customer_id": list(who), "product_id": ["tea", second, "tea", "tea"], "amount": amount}
        )
        for who, second, amount in (("aabc", "soap", [50, 10, 30, 20.0]), ("aabd", "cup", [60, 15, 25, 40.0]))
    )
    found = growth_split(then, after=now).set_index("source")
    assert found["revenue_change"].to_dict() == {
        "new_customer": 40,
        "lost_customer": -20,
        "volume_growth": 5,
        "cross_selling": 15,
        "dropped_products": -10,
    }
    assert found["customers"].tolist() == [1, 1, 2, 1, 1]


rows = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-500, 5000)), min_size=1, max_size=40
)


@settings(max_examples=40)
@given(rows, rows)
def test_the_parts_of_growth_add_up_to_the_change_in_revenue(then, now):
    frames = [pd.DataFrame(r, columns=["customer_id", "product_id", "amount"]) for r in (then, now)]
    found = growth_split(frames[0], after=frames[1])
    assert found["revenue_change"].sum() == pytest.approx(
        frames[1]["amount"].sum() - frames[0]["amount"].sum()
    )
    kept = set(frames[0]["customer_id"]) & set(frames[1]["customer_id"])
    change = [f[f["customer_id"].isin(kept)]["amount"].sum() for f in frames]
    assert found["revenue_change"][2:].sum() == pytest.approx(change[1] - change[0])


def test_every_column_and_source_is_a_term():
    rules = cross_sell_rules(baskets(np.random.default_rng(7), 400))
    split = growth_split(
        *(pd.DataFrame({"customer_id": [1], "product_id": [1], "amount": [2]}),),
        after=pd.DataFrame({"customer_id": [1], "product_id": [1], "amount": [3]}),
    )
    offers = next_product(
        pd.DataFrame({"customer_id": [1], "product_id": [0]}),
        rules=rules,
        margins=pd.DataFrame({"product_id": range(PRODUCTS), "margin": 1.0}),
    )
    assert (
        sorted(
            {w for f in (rules, split, offers) for w in f if not has_term(w)}
            | {s for s in split["source"] if not has_term(s)}
        )
        == []
    )
