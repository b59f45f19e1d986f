"""Loyalty (F19–F22): hand counts, published intervals, peers, coverage, and the decisions that the truth reverses."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import kstest

import crmkit
from crmkit import (
    CrmkitError,
    loyalty_forms,
    loyalty_programme,
    recovery_paradox,
    satisfaction_loyalty,
    set_language,
)
from crmkit.core.glossary import glossary_entry, has_term, term_pair
from crmkit.loyalty.loyalty import loyalty_or_inertia, points_liability

CUT = {"attitude_from": 7, "purchases_from": 4}


# F19 will and action


def shoppers(seed, n=1500, pull=0.5):
    """Who buys much may like the firm or not; when a rival opens, those stay whom attitude holds."""
    rng = np.random.default_rng(seed)
    attitude, purchases = rng.integers(1, 11, n), rng.poisson(rng.gamma(2, 2, n))
    stays = expit(-1 + pull * (attitude - 5.5) + 0.3 * np.minimum(purchases, 8))
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "attitude": attitude,
            "purchases": purchases,
            "value": purchases * 20.0,
            "retained": rng.random(n) < stays,
        }
    )


def test_forms_by_hand_thresholds_belong_to_the_high_side():
    five = pd.DataFrame(
        {
            "customer_id": list("abcde"),
            "attitude": [7, 7, 6.9, 1, 10],
            "purchases": [4, 3, 4, 0, 9],
            "value": [40.0, 30, 40, 0, 90],
        }
    )
    found = loyalty_forms(five, **CUT)
    assert found.assignments["segment"].tolist() == [
        "true_loyalty",
        "latent_loyalty",
        "spurious_loyalty",
        "no_loyalty",
        "true_loyalty",
    ]
    assert found.forms["customers"].tolist() == [2, 1, 1, 1] and found.forms["value"].tolist() == [
        130,
        30,
        40,
        0,
    ]
    assert found.forms["value_share"].tolist() == pytest.approx([0.65, 0.15, 0.2, 0])
    assert (found.odds_ratio, found.p_value, found.gap) == (None, None, None)


def test_forms_agree_with_the_lecture_by_their_terms():
    words = [
        term_pair(slug)[0] for slug in ("true_loyalty", "latent_loyalty", "spurious_loyalty", "no_loyalty")
    ]
    assert words == ["真实忠诚", "潜在忠诚", "虚假忠诚", "无忠诚"]

    assert all(
        glossary_entry(s)["action_zh"] and glossary_entry(s)["action_en"]
        for s in loyalty_forms(shoppers(1), **CUT).forms["segment"]
    )


def test_repeat_buying_alone_is_reversed_the_spurious_look_true_and_leave():
    data = shoppers(1)
    found = loyalty_forms(data, **CUT)
    often = data["purchases"] >= 4
    liking = data["attitude"] >= 7
    bought = data[often].groupby(liking)["purchases"].mean()
    assert abs(bought[True] - bought[False]) < 0.5  # by what they buy nobody could tell them apart
    forms = found.forms.set_index("segment")
    assert (
        forms.loc["spurious_loyalty", "retention_rate_high"]
        < forms.loc["true_loyalty", "retention_rate_low"] - 0.1
    )
    # and those who like the firm and seldom buy are kept more surely than those who buy and do not like it
    assert (
        forms.loc["latent_loyalty", "retention_rate_low"]
        > forms.loc["spurious_loyalty", "retention_rate_high"]
    )
    assert found.gap.low > 0.2 and found.odds_ratio.low > 1.3 and found.p_value < 1e-6


@pytest.mark.simulated
def test_labels_without_truth_are_not_confirmed_the_test_holds_its_level():
    p = [loyalty_forms(shoppers(seed, n=500, pull=0.0), **CUT).p_value for seed in range(80)]
    assert 0.005 < np.mean(np.array(p) < 0.05) < 0.1 and kstest(p, "uniform").pvalue > 0.001


@pytest.mark.simulated
def test_coverage_of_the_odds_ratio_when_the_model_is_true():
    def draw(seed, n=600):
        rng = np.random.default_rng(seed)
        attitude, purchases = rng.integers(1, 11, n), rng.poisson(4, n)
        stays = expit(-2 + 0.25 * attitude + 0.1 * purchases)
        return pd.DataFrame(
            {
                "customer_id": range(n),
                "attitude": attitude,
                "purchases": purchases,
                "retained": rng.random(n) < stays,
            }
        )

    held = [loyalty_forms(draw(seed), **CUT).odds_ratio.contains(np.exp(0.25)) for seed in range(120)]
    assert abs(np.mean(held) - 0.95) < 0.05


# F20 loyalty or inertia


@pytest.mark.simulated
def test_inertia_reverses_equal_repeat_buying_when_a_rival_makes_an_offer():
    data = shoppers(2).rename(columns={"attitude": "involvement"})
    found = loyalty_or_inertia(data, involvement_from=7, purchases_from=4)
    assert found.forms["segment"].tolist() == ["brand_loyalty", "not_repeating", "brand_inertia"]
    assert found.forms["customers"].sum() == len(data) and found.gap.low > 0.2
    same = [
        loyalty_or_inertia(
            shoppers(seed, n=600, pull=0.0).rename(columns={"attitude": "involvement"}),
            involvement_from=7,
            purchases_from=4,
        ).gap.contains(0)
        for seed in range(30)
    ]
    assert np.mean(same) > 0.8  # where involvement holds nobody, the two are one


# F21 satisfaction

CURVES = {"competitive": [0.05, 0.10, 0.20, 0.40, 0.85], "captive": [0.70, 0.80, 0.86, 0.90, 0.92]}


def survey(seed, n=3000):
    rng = np.random.default_rng(seed)
    market, score = rng.choice(["competitive", "captive"], n), rng.integers(1, 6, n)
    p = np.array([CURVES[m][s - 1] for m, s in zip(market, score)])
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "market": market,
            "satisfaction": score,
            "loyalty": rng.binomial(10, p),
            "retained": rng.random(n) < p,
        }
    )


SPLIT = {"satisfied_from": 4, "loyal_from": 6}


def test_types_by_hand():
    four = pd.DataFrame(
        {
            "customer_id": list("abcd"),
            "satisfaction": [5, 4, 3, 1],
            "loyalty": [9, 2, 6, 0],
            "retained": [1, 0, 1, 0],
            "market": "m",
        }
    )
    with pytest.raises(CrmkitError) as error:  # four customers fit any curve
        satisfaction_loyalty(four, **SPLIT)
    assert error.value.code == "outcome_separated"
    many = pd.concat(
        [
            four.assign(
                customer_id=four["customer_id"] + str(i), retained=[i % 2, i % 3 > 0, i % 2, i % 3 > 1]
            )
            for i in range(30)
        ]
    )
    found = satisfaction_loyalty(many, **SPLIT).types.forms
    assert found["segment"].tolist() == ["apostle", "mercenary", "hostage", "defector"]
    assert found["customers"].tolist() == [30] * 4


def test_four_is_good_enough_is_reversed_where_the_market_is_competitive():
    found = satisfaction_loyalty(survey(1), **SPLIT)
    gains = found.gains.set_index(["market", "from_score"])
    # the plan to lift the dissatisfied: right for captives, wrong where customers can choose
    assert gains.loc[("competitive", 4), "difference_low"] > gains.loc[("competitive", 1), "difference_high"]
    assert gains.loc[("captive", 4), "difference_high"] < gains.loc[("competitive", 4), "difference_low"]
    assert gains.loc["captive"]["difference"].idxmax() == 1
    assert found.p_value < 1e-6  # the curves differ
    # hostages are many where there is no choice, mercenaries where there is
    captive, free = (
        satisfaction_loyalty(survey(1).query("market == @m"), **SPLIT).types.forms.set_index("segment")
        for m in ("captive", "competitive")
    )
    assert captive.loc["hostage", "customer_share"] > 5 * free.loc["hostage", "customer_share"]
    assert free.loc["mercenary", "customer_share"] > 3 * captive.loc["mercenary", "customer_share"]


def test_curve_agrees_with_scikit_learn_market_by_market():
    from sklearn.linear_model import LogisticRegression

    data = survey(2)
    curve = satisfaction_loyalty(data, **SPLIT).curve
    for market, own in data.groupby("market"):
        shown = curve[curve["market"] == market]
        bent = [np.column_stack([x, (x - 3) ** 2]) for x in (own["satisfaction"], shown["satisfaction"])]
        peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(bent[0], own["retained"])
        np.testing.assert_allclose(shown["retention_rate"], peer.predict_proba(bent[1])[:, 1], atol=1e-5)


def test_curve_follows_a_jump_at_the_top_score_which_a_straight_one_misses():
    truth, rng = np.array([0.05, 0.10, 0.20, 0.40, 0.85]), np.random.default_rng(11)
    score = np.tile(np.arange(1, 6), 2000)
    data = pd.DataFrame(
        {
            "customer_id": range(10_000),
            "satisfaction": score,
            "loyalty": 5,
            "retained": rng.random(10_000) < truth[score - 1],
        }
    )
    curve = satisfaction_loyalty(data, **SPLIT).curve.set_index("satisfaction")["retention_rate"]
    assert np.abs(curve.to_numpy()[::10] - truth).max() < 0.06  # straight in the logit: 0.1 off


def test_curve_is_not_drawn_over_scores_that_a_market_does_not_have():
    data = survey(4)
    curve = satisfaction_loyalty(
        data[(data["market"] != "captive") | (data["satisfaction"] > 2)], **SPLIT
    ).curve
    assert curve.groupby("market")["satisfaction"].min().round(6).to_dict() == {
        "captive": 3,
        "competitive": 1,
    }


def test_numbers_kept_as_objects_and_repeated_row_labels_change_nothing():
    data, asked = survey(5), complaints(5)
    plain, odd = satisfaction_loyalty(data, **SPLIT), satisfaction_loyalty(data.astype(object), **SPLIT)
    pd.testing.assert_frame_equal(plain.curve, odd.curve)
    same = recovery_paradox(asked.set_axis(np.zeros(len(asked), dtype=int)))
    assert same.stratified.value == pytest.approx(recovery_paradox(asked).stratified.value)
    held = pd.DataFrame(
        {"vintage": "01", "age_months": [0, 1], "points_issued": 100, "points_redeemed": [20.5, 9]}
    )
    both = [
        points_liability(f, cost_per_point=1, expiry_months=4).liability for f in (held, held.astype(object))
    ]
    assert both[0] == both[1]


@pytest.mark.simulated
def test_coverage_of_the_curve_and_level_of_the_test_between_markets():
    held, p = [], []
    for seed in range(70):
        rng = np.random.default_rng(seed)
        score, market = rng.integers(1, 6, 500), rng.choice(["a", "b"], 500)
        data = pd.DataFrame(
            {
                "customer_id": range(500),
                "satisfaction": score,
                "loyalty": rng.integers(0, 11, 500),
                "market": market,
                "retained": rng.random(500) < expit(-2.5 + 0.8 * score),
            }
        )
        found = satisfaction_loyalty(data, **SPLIT)
        at = found.curve[(found.curve["market"] == "a") & (found.curve["satisfaction"] == 4)].iloc[0]
        held.append(at["retention_rate_low"] <= expit(0.7) <= at["retention_rate_high"])
        p.append(found.p_value < 0.05)
    assert abs(np.mean(held) - 0.95) < 0.06 and np.mean(p) < 0.13


def test_one_market_and_a_scale_of_ten():
    data = survey(3).drop(columns="market")
    found = satisfaction_loyalty(
        data.assign(satisfaction=data["satisfaction"] * 2), top_score=10, satisfied_from=8, loyal_from=6
    )
    assert found.p_value is None and found.curve["satisfaction"].max() == 10
    assert found.gains["from_score"].tolist() == [2, 4, 6, 8] and set(found.scores["market"]) == {
        "all_customers"
    }
    with pytest.raises(CrmkitError):
        satisfaction_loyalty(data.assign(satisfaction=6), **SPLIT)


# recovery


def complaints(seed, n=4000, true_gain=0.0):
    """Heavy buyers complain more and stay more, whatever is done about the complaint."""
    rng = np.random.default_rng(seed)
    heavy = rng.random(n) < 0.4
    complains = rng.random(n) < np.where(heavy, 0.4, 0.08)
    well = rng.random(n) < 0.7
    stays = (
        np.where(heavy, 0.8, 0.45)
        + np.where(complains & well, true_gain, 0)
        - np.where(complains & ~well, 0.3, 0)
    )
    return pd.DataFrame(
        {
            "complaint": np.where(
                ~complains, "no_complaint", np.where(well, "handled_well", "handled_badly")
            ),
            "retained": rng.random(n) < stays,
            "stratum": np.where(heavy, "heavy", "light"),
        }
    )


def test_crude_difference_is_newcombes_published_interval():
    asked = pd.DataFrame(
        {
            "complaint": ["handled_well"] * 70 + ["no_complaint"] * 80,
            "retained": [1] * 56 + [0] * 14 + [1] * 48 + [0] * 32,
        }
    )
    crude = recovery_paradox(asked).crude
    assert [crude.value, crude.low, crude.high] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)


def test_recovery_paradox_is_reversed_among_like_customers():
    found = recovery_paradox(complaints(1))
    assert found.crude.low > 0.08 and found.stratified.contains(0) and found.p_value > 0.05
    assert found.differences["measure"].tolist() == ["crude", "heavy", "light", "stratified"]
    real = recovery_paradox(complaints(1, true_gain=0.1))
    assert real.stratified.low > 0 and real.p_value < 0.01  # it can also find the paradox, where it is true


def test_stratified_difference_is_mantel_and_haenszels():
    data = complaints(2, true_gain=0.05)
    two = data[data["complaint"] != "handled_badly"]
    top = bottom = 0
    for _, own in two.groupby("stratum"):
        n1, n0 = (own["complaint"] == "handled_well").sum(), (own["complaint"] == "no_complaint").sum()
        rate = own.groupby("complaint")["retained"].mean()
        weight = n1 * n0 / (n1 + n0)
        top, bottom = top + weight * (rate["handled_well"] - rate["no_complaint"]), bottom + weight
    assert recovery_paradox(data).stratified.value == pytest.approx(top / bottom, abs=1e-12)


@pytest.mark.simulated
def test_coverage_of_the_stratified_difference_and_level_of_its_test():
    found = [recovery_paradox(complaints(seed, n=1500, true_gain=0.05)) for seed in range(80)]
    assert abs(np.mean([f.stratified.contains(0.05) for f in found]) - 0.95) < 0.055
    assert np.mean([f.crude.contains(0.05) for f in found]) < 0.3
    null = [recovery_paradox(complaints(seed, n=1500)).p_value < 0.05 for seed in range(60)]
    assert np.mean(null) < 0.12


def test_recovery_when_everybody_stays_has_no_difference_and_no_test():
    found = recovery_paradox(complaints(1).assign(retained=True))
    assert found.crude.contains(0) and (found.stratified, found.p_value) == (None, None)
    assert found.differences["measure"].tolist() == ["crude", "heavy", "light"]


# F22 points and programme


def ledger(rate=0.08, vintages=10, issued=1000.0):
    """A constant share of what is still held is redeemed each month; vintage v has been watched for v months."""
    rows = [
        (f"{v:02}", age, issued, issued * rate * (1 - rate) ** age)
        for v in range(1, vintages + 1)
        for age in range(v)
    ]
    return pd.DataFrame(rows, columns=["vintage", "age_months", "points_issued", "points_redeemed"])


def test_breakage_and_liability_in_closed_form_for_a_constant_rate():
    found = points_liability(ledger(), cost_per_point=0.01, expiry_months=24)
    assert found.breakage_rate == pytest.approx(0.92**24)
    left = 0.92 ** np.arange(1, 11)
    assert found.vintages["points_outstanding"].tolist() == pytest.approx(1000 * left)
    assert found.liability == pytest.approx(0.01 * 1000 * (left - 0.92**24).sum())
    assert found.curve["redeemed_share"].tolist() == pytest.approx(1 - 0.92 ** np.arange(1, 25))


def test_breakage_to_date_is_reversed_young_points_have_had_no_time():
    """Redeemed over issued says that most points are never claimed, and so that the programme is cheap."""
    rng = np.random.default_rng(1)
    rows = []
    for v in range(1, 19):
        held = issued = 50_000 + 3_000 * v  # the programme grows, so most points are young
        for age in range(19 - v):
            used = rng.binomial(held, 0.02 if age < 3 else 0.12)
            rows.append((f"{v:02}", age, issued, used))
            held -= used
    data = pd.DataFrame(rows, columns=["vintage", "age_months", "points_issued", "points_redeemed"])
    found = points_liability(data, cost_per_point=0.01, expiry_months=24)
    to_date = 1 - data["points_redeemed"].sum() / data.groupby("vintage")["points_issued"].first().sum()
    truth = 0.98**3 * 0.88**21
    assert to_date > 0.5 and found.breakage_rate == pytest.approx(truth, abs=0.01) and truth < 0.1
    margin, issued = (
        0.006,
        1.0,
    )  # margin per point issued: paid for with breakage to date, not with the true one
    assert margin - 0.01 * (1 - to_date) * issued > 0 > margin - 0.01 * (1 - found.breakage_rate) * issued


def test_liability_grows_with_the_time_left_and_with_the_cost_of_a_point():
    owed = [
        points_liability(ledger(), cost_per_point=0.01, expiry_months=m).liability for m in (10, 12, 24, 200)
    ]
    assert owed == sorted(owed)
    assert owed[-1] == pytest.approx(0.01 * (1000 * 0.92 ** np.arange(1, 11)).sum(), rel=1e-4)  # all of it
    assert points_liability(ledger(), cost_per_point=1.0, expiry_months=12).liability == pytest.approx(
        100 * owed[1]
    )
    none = points_liability(ledger(rate=0.0), cost_per_point=0.01, expiry_months=12)
    assert (none.liability, none.breakage_rate) == (0, 1)
    assert points_liability(ledger(rate=1.0, vintages=1), cost_per_point=1, expiry_months=5).liability == 0


def programme(seed, n=4000, lift=0.02):
    """Heavy buyers join; the programme makes members buy a little more."""
    rng = np.random.default_rng(seed)
    taste, invited = rng.gamma(2, 50, n), rng.permutation(np.arange(n) % 2)
    member = (invited == 1) & (rng.random(n) < expit((taste - 120) / 40))
    revenue = taste * rng.gamma(20, 1 / 20, n) * (1 + lift * member)
    return pd.DataFrame(
        {"group": np.where(invited, "treated", "control"), "member": member, "revenue": revenue}
    )


TERMS = {"margin_rate": 0.4, "points_per_currency": 1, "cost_per_point": 0.05, "redemption_share": 0.8}


def test_programme_by_hand():
    both = pd.DataFrame(
        {"group": ["control"] * 2 + ["treated"] * 2, "member": [0, 0, 1, 1], "revenue": [90.0, 110, 140, 80]}
    )
    found = loyalty_programme(
        both,
        margin_rate=0.5,
        points_per_currency=1,
        cost_per_point=0.1,
        redemption_share=0.5,
        programme_cost=2,
    )
    said = found.statement.set_index("measure")["value"]
    assert said["incremental_margin"] == pytest.approx(0.5 * (110 - 100) * 2)
    assert said["reward_cost"] == pytest.approx(-220 * 0.05) and said["programme_cost"] == -2
    assert said["net_profit"] == found.net_profit.value == pytest.approx(10 - 11 - 2)


def test_programme_that_members_make_look_good_is_reversed_by_the_control_group():
    found = loyalty_programme(programme(1, n=16_000), **TERMS)
    assert found.naive_profit.low > 0 > found.net_profit.high
    good = loyalty_programme(programme(1, lift=0.5), **TERMS)
    assert good.net_profit.low > 0  # and where it moves buying, the control group says so


@pytest.mark.simulated
def test_coverage_of_the_programmes_profit():
    big = programme(999, n=1_000_000)
    invited = big["group"] == "treated"
    member = big["member"] & invited
    plain = big["revenue"] / (1 + 0.02 * member)
    each = (0.4 * (big["revenue"] - plain) - big["revenue"] * member * 0.04)[invited].mean()
    held = [
        loyalty_programme(programme(seed, n=1000), **TERMS).net_profit.contains(500 * each)
        for seed in range(300)
    ]
    assert abs(np.mean(held) - 0.95) < 0.035


def test_profit_falls_with_redemption_and_scales_with_the_currency():
    data = programme(2)
    net = [
        loyalty_programme(data, **{**TERMS, "redemption_share": r}).net_profit.value for r in (0, 0.3, 0.6, 1)
    ]
    assert net == sorted(net, reverse=True)
    cents = loyalty_programme(data.assign(revenue=data["revenue"] * 100), **TERMS).net_profit
    assert cents.value == pytest.approx(100 * loyalty_programme(data, **TERMS).net_profit.value)


# all of them

CALLS = {
    "forms": (loyalty_forms, CUT, shoppers(1, n=300)),
    "inertia": (
        loyalty_or_inertia,
        {"involvement_from": 7, "purchases_from": 4},
        shoppers(1, n=300).rename(columns={"attitude": "involvement"}),
    ),
    "satisfaction": (satisfaction_loyalty, SPLIT, survey(1, n=400)),
    "recovery": (recovery_paradox, {}, complaints(1, n=800)),
    "points": (points_liability, {"cost_per_point": 0.01, "expiry_months": 24}, ledger()),
    "programme": (loyalty_programme, TERMS, programme(1, n=300)),
}


def frames(found):
    for value in vars(found).values():
        if isinstance(value, pd.DataFrame):
            yield value
        elif hasattr(value, "forms"):
            yield from frames(value)


@pytest.mark.parametrize("name", CALLS)
def test_order_does_not_matter_the_input_stays_and_columns_have_headings(name):
    call, with_, data = CALLS[name]
    before = data.copy()
    found, again = call(data, **with_), call(data.sample(frac=1, random_state=3), **with_)
    for a, b in zip(frames(found), frames(again)):
        by = ["customer_id"] if "customer_id" in a else [*a.columns[:2]]
        pd.testing.assert_frame_equal(
            a.sort_values(by, ignore_index=True), b.sort_values(by, ignore_index=True)
        )
        assert [c for c in a if not has_term(c)] == []
        set_language("zh")
        assert "_" not in repr(crmkit.show(a)).splitlines()[0]
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "spoil, code",
    [
        (lambda d, c: d.iloc[:0], "no_values"),
        (lambda d, c: d.drop(columns=c), "columns_needed"),
        (lambda d, c: d.astype({c: float}).assign(**{c: np.nan}), "cell_not_a_number"),
        (lambda d, c: d.assign(**{c: np.inf}), "cell_not_a_number"),
        (lambda d, c: d.assign(**{c: "often"}), "cell_not_a_number"),
    ],
)
def test_bad_tables_are_refused(name, spoil, code):
    call, with_, data = CALLS[name]
    column = {
        "forms": "purchases",
        "inertia": "involvement",
        "satisfaction": "satisfaction",
        "recovery": "retained",
        "points": "points_redeemed",
        "programme": "revenue",
    }[name]
    with pytest.raises(CrmkitError) as error:
        call(spoil(data, column), **with_)
    assert error.value.code == code and error.value.message_zh != error.value.message_en


@pytest.mark.parametrize(
    "call, code",
    [
        (lambda: loyalty_forms(shoppers(1, n=50).assign(customer_id=1), **CUT), "customer_not_unique"),
        (lambda: loyalty_forms(shoppers(1, n=50).assign(customer_id=None), **CUT), "missing_values"),
        (lambda: loyalty_forms(shoppers(1, n=50).assign(purchases=-1), **CUT), "cell_not_a_number"),
        (lambda: satisfaction_loyalty(survey(1, n=50).assign(market=None), **SPLIT), "missing_values"),
        (lambda: recovery_paradox(complaints(1).assign(stratum=None)), "missing_values"),
        (
            lambda: points_liability(ledger().assign(vintage=None), cost_per_point=1, expiry_months=24),
            "missing_values",
        ),
        (
            lambda: points_liability(ledger().assign(age_months=0.5), cost_per_point=1, expiry_months=24),
            "cell_not_a_number",
        ),
        (lambda: loyalty_forms(shoppers(1, n=50), attitude_from=np.nan, purchases_from=1), "out_of_range"),
        (lambda: loyalty_forms(shoppers(1, n=50).assign(retained=2), **CUT), "cell_not_a_number"),
        (lambda: loyalty_forms(shoppers(1, n=50).assign(retained=1), **CUT), "outcome_separated"),
        (lambda: loyalty_forms(shoppers(1, n=50), **CUT, confidence=95), "out_of_range"),
        (lambda: loyalty_forms(shoppers(1, n=1), **CUT), "outcome_separated"),
        (lambda: recovery_paradox(complaints(1).assign(complaint="bad")), "not_a_choice"),
        (lambda: recovery_paradox(complaints(1).query("complaint != 'handled_well'")), "out_of_range"),
        (lambda: recovery_paradox(complaints(1).assign(stratum=lambda t: t["complaint"])), "out_of_range"),
        (lambda: points_liability(ledger(), cost_per_point=0.01, expiry_months=5), "out_of_range"),
        (
            lambda: points_liability(
                ledger(rate=0.5).assign(points_redeemed=900), cost_per_point=1, expiry_months=24
            ),
            "points_do_not_add_up",
        ),
        (
            lambda: points_liability(pd.concat([ledger(), ledger()]), cost_per_point=1, expiry_months=24),
            "points_do_not_add_up",
        ),
        (
            lambda: points_liability(ledger().query("age_months != 1"), cost_per_point=1, expiry_months=24),
            "points_do_not_add_up",
        ),
        (lambda: loyalty_programme(programme(1).assign(group="control"), **TERMS), "step_skipped"),
        (lambda: loyalty_programme(programme(1).assign(group="control", member=0), **TERMS), "out_of_range"),
        (lambda: loyalty_programme(programme(1), **{**TERMS, "margin_rate": 40}), "out_of_range"),
        (lambda: loyalty_programme(programme(1), **{**TERMS, "cost_per_point": -1}), "out_of_range"),
    ],
)
def test_other_bad_arguments_are_refused_in_words(call, code):
    with pytest.raises(CrmkitError) as error:
        call()
    assert error.value.code == code


# pictures


def test_pictures_hold_the_numbers_of_the_results():
    import matplotlib

    matplotlib.use("agg")
    from gallery import draw, example
    from matplotlib import pyplot as plt

    set_language("en")
    statement = example("plot_loyalty_programme")[0].statement
    assert [b.get_width() for b in draw("plot_loyalty_programme").patches] == pytest.approx(
        [*statement["value"]]
    )
    found = example("plot_recovery_paradox")[0].differences
    assert [b.get_width() for b in draw("plot_recovery_paradox").patches] == pytest.approx(
        [*found["difference"]]
    )
    forms = example("plot_loyalty_forms")[0].forms
    said = [t.get_text() for t in draw("plot_loyalty_forms").texts]
    assert all(
        f"{share:.1%}" in text and f"{rate:.0%}" in text
        for share, rate, text in zip(forms["customer_share"], forms["retention_rate"], said)
    )
    assert said[2].startswith("Spurious loyalty")
    curve = example("plot_points_liability")[0].curve
    np.testing.assert_allclose(
        draw("plot_points_liability").lines[0].get_ydata()[1:], curve["redeemed_share"]
    )
    plt.close("all")
