"""A number given as text, as nothing or as NaN where an argument is meant to be one: an error in words, everywhere."""

import inspect

import numpy as np
import pandas as pd
import pytest
from stakeholders import PARTIES

import crmkit
from crmkit import CrmkitError
from crmkit.growth.growth import referral_value
from crmkit.planning.planning import check_randomisation, compare_plans, retention_by_source
from crmkit.relationship_types.contact_intensity import fit_contact_response
from crmkit.relationship_types.defects import benefit_breadth, offer_effect, participation_funnel
from crmkit.retention.economics import keeping_pays

RNG = np.random.default_rng
VALUES = RNG(1).gamma(2, 50, 60)
CUSTOMERS = pd.DataFrame({"customer_id": range(60), "revenue": VALUES, "margin": VALUES / 3})
TIERS = crmkit.pyramid(CUSTOMERS, tiers=crmkit.ByCustomerShare({"gold": 0.2, "lead": 0.8}))
MATRIX = CUSTOMERS.assign(current_value=VALUES, long_term_value=VALUES[::-1])
RATES = pd.DataFrame({"margin": [100.0], "retention_rate": [0.7]})
TRIAL = pd.DataFrame({"group": ["treated", "control"] * 30, "outcome": VALUES, "before": VALUES[::-1]})
KEPT = TRIAL.assign(kept=[1, 1, 0] * 20)
OFFERS = pd.DataFrame({"cost_per_offer": [10.0], "customer_value": 300.0, "acquisition_cost": 500.0})
USES = pd.DataFrame(
    {"option": ["a", "b"], "resources": 10.0, "margin": [80.0, 20.0], "elasticity": 0.5, "tier": ["g", "l"]}
)
STAGES = pd.DataFrame({"stage": ["approached", "trust"], "people": [100, 40], "value": [0, 50.0]})
PANEL = pd.DataFrame(
    {
        "customer_id": list("aabbcc"),
        "period": [1, 2] * 3,
        "rung": ["client", "client", "client", "lost_customer", "client", "client"],
    }
)
PERIODS = pd.DataFrame(
    {"customers": [100], "referred_customers": 6, "other_new_customers": 8, "customers_lost": 10}
)
LOG = pd.DataFrame(
    {
        "customer_id": list("aabba"),
        "amount": [10.0, 20, 30, 5, 15],
        "date": pd.to_datetime(["2024-01-05", "2024-02-01", "2024-03-01", "2024-03-01", "2024-04-02"]),
    }
)
STEPS = pd.DataFrame(
    {"group": ["control", "treated"] * 30, "tried": [0, 1, 1] * 20, "active": [0, 0, 1] * 20}
)
STAYS = pd.DataFrame({"source": ["a", "b"] * 10, "months": range(1, 21), "lost": [1, 0, 1, 1] * 5})
FORUMS = pd.DataFrame(
    {"breadth_share": np.linspace(0.1, 1, 8), "effect_per_member": np.linspace(9, 2, 8) + [0, 0.1] * 4}
)
CONTACTS = pd.DataFrame(
    {"customer_id": np.arange(200) // 2, "contacts": np.arange(200) % 10, "response": RNG(2).poisson(3, 200)}
)

# the call, and every argument of it that is a number
CALLS = [
    (lambda **n: crmkit.pareto_share(VALUES, **{"rng": RNG(1)} | n), "top confidence resamples"),
    (lambda **n: crmkit.pareto_test(VALUES, rng=RNG(1), **n), "top share confidence"),
    (lambda **n: crmkit.long_tail(VALUES, **{"threshold": 50, "rng": RNG(1)} | n), "threshold confidence"),
    (lambda **n: crmkit.ByCustomerShare({"gold": 0.2, "lead": 0.8} | n), "gold lead"),
    (lambda **n: crmkit.ByCutoff({"gold": 20, "iron": 10} | n, rest="lead"), "gold iron"),
    (lambda **n: TIERS and crmkit.pyramid(CUSTOMERS, by="margin", **n), "margin_rate"),
    (
        lambda **n: crmkit.pyramid(CUSTOMERS, tiers=TIERS.rule, resources={"gold": 1, "lead": 2} | n),
        "gold lead",
    ),
    (
        lambda **n: crmkit.reallocate(TIERS, rng=RNG(1), **{"elasticity": 0.2, "margin_rate": 0.3} | n),
        "elasticity margin_rate elasticity_sd at_least at_most draws confidence",
    ),
    (lambda **n: crmkit.rfm_scores(CUSTOMERS.assign(days_since_last=1, frequency=2), **n), "bins"),
    (
        lambda **n: crmkit.retention_clv(RATES, first_payment="now", **{"annual_discount_rate": 0.1} | n),
        "annual_discount_rate years",
    ),
    (lambda **n: crmkit.value_matrix(MATRIX, **n), "current_cutoff long_term_cutoff"),
    (lambda **n: crmkit.value_matrix(MATRIX).spread_effort(**{"elasticity": 0.5} | n), "elasticity"),
    (
        lambda **n: crmkit.retention_economics(**n),
        "cut annual_discount_rate annual_profit_growth acquisition_years",
    ),
    (lambda **n: keeping_pays(KEPT, offers=OFFERS, **n), "confidence"),
    (
        lambda **n: crmkit.repeat_business(LOG, as_of="2024-06-30", **{"rng": RNG(1)} | n),
        "confidence resamples",
    ),
    (lambda **n: crmkit.stakeholder_map(PARTIES, rng=RNG(1), **n), "at_least elasticity_sd draws confidence"),
    (lambda **n: crmkit.uplift(TRIAL, **n), "margin_per_unit discount_per_unit cost_per_contact confidence"),
    (lambda **n: check_randomisation(TRIAL, **n), "treated_share"),
    (
        lambda **n: crmkit.sample_size([0.1], **{"baseline_rate": 0.2} | n),
        "baseline_rate power confidence controls_per_treated",
    ),
    (lambda **n: retention_by_source(STAYS, **n), "confidence"),
    (
        lambda **n: crmkit.plan_budget(USES, rng=RNG(1), **{"budget": 20} | n),
        "budget elasticity_sd draws confidence",
    ),
    (
        lambda **n: compare_plans(
            USES, ways={"planning_by_customer": "tier"}, rng=RNG(1), **{"budget": 20} | n
        ),
        "budget elasticity_sd draws confidence",
    ),
    (lambda **n: crmkit.purchase_funnel(STAGES, rng=RNG(1), **n), "lift draws confidence"),
    (
        lambda **n: crmkit.customer_ladder(
            PANEL,
            rungs=pd.DataFrame({"rung": ["client"], "margin": [100]}),
            rng=RNG(1),
            **{"discount_rate_per_period": 0.1} | n,
        ),
        "discount_rate_per_period resamples confidence",
    ),
    (lambda **n: crmkit.referral_growth(PERIODS, **n), "horizon confidence"),
    (
        lambda **n: referral_value(
            pd.DataFrame({"customer_id": ["a"], "referred_value": 9.0, "periods_later": 1}),
            **{"came_anyway_share": 0.5, "discount_rate_per_period": 0.1} | n,
        ),
        "came_anyway_share discount_rate_per_period acquisition_cost reward",
    ),
    (lambda **n: crmkit.indicators(LOG, as_of="2024-06-30", **n), "margin_rate confidence"),
    (
        lambda **n: crmkit.indicators(
            LOG, as_of="2024-06-30", market_size={"2024Q1": 900} | {"2024Q2": v for v in n.values()}
        ),
        "market_size",
    ),
    (lambda **n: crmkit.control_chart(VALUES[:20], **n), "baseline_points"),
    (lambda **n: crmkit.PDCA.start([0, 1, 1, 0], kpi="repeat_rate", question="?", **n), "confidence"),
    (lambda **n: participation_funnel(STEPS[["tried"]], steps=["tried"], **n), "confidence"),
    (lambda **n: offer_effect(STEPS, **{"value": 10, "cost": 2} | n), "value cost confidence"),
    (lambda **n: benefit_breadth(FORUMS, **n), "confidence"),
    (
        lambda **n: fit_contact_response(CONTACTS, **{"margin_per_response": 5, "cost_per_contact": 1} | n),
        "margin_per_response cost_per_contact confidence",
    ),
]


@pytest.mark.parametrize("call, name", [(call, name) for call, names in CALLS for name in names.split()])
@pytest.mark.parametrize("wrong", ["a half", float("nan")], ids=["text", "nan"])
def test_what_is_no_number_is_refused_where_one_is_meant(call, name, wrong):
    call()
    with pytest.raises(CrmkitError):
        call(**{name: wrong})


SHOP = crmkit.CustomerBase(
    customers=100, retention_rate=0.5, dispersion=0.5, margin_per_purchase=10, purchases_per_year=10
)
CLUB = crmkit.Programme(level="social", purchase_lift=0.5, purchase_lift_sd=0.1, setup_cost=3000)
CASES = pd.DataFrame(
    {
        "segment": ["a"],
        "customers": 100,
        "unit_margin": 40.0,
        "purchases_per_year": 3.0,
        "retention_rate": 0.5,
    }
)
CHANCES = pd.DataFrame([[0.8, 0.2], [0.1, 0.9]], index=["a", "b"], columns=["a", "b"])
DRIVERS = pd.DataFrame(
    {
        "driver": ["care"],
        "part": "value_equity",
        "utility": 0.2,
        "points": 1.0,
        "cost": 9.0,
        "yearly_cost": 5.0,
    }
)
COHORTS = RATES.assign(customers=9.0, acquisition_cost=10.0, new_customers=5.0)
ONE_BRAND = {"customers": 100, "margin_per_purchase": 10, "purchases_per_year": 4}
ALIKE = CASES.drop(columns=["customers", "unit_margin", "segment"])
# every promised function that discounts by the year, or counts years
BY_THE_YEAR = {
    "compare_relationship_types": lambda **n: crmkit.compare_relationship_types(CASES, **n),
    "customer_equity": lambda **n: crmkit.customer_equity(COHORTS, **{"annual_discount_rate": 0.1} | n),
    "defection_lift": lambda **n: crmkit.defection_lift(0.2, **{"annual_discount_rate": 0.1} | n),
    "driver_returns": lambda **n: crmkit.driver_returns(
        DRIVERS,
        switching=CHANCES,
        shares={"a": 0.3, "b": 0.7},
        brand="a",
        **ONE_BRAND | {"annual_discount_rate": 0.1} | n,
    ),
    "explore_relationship_levels": lambda **n: crmkit.explore_relationship_levels(
        SHOP, programmes=[CLUB], **n
    ),
    "explore_relationship_types": lambda **n: crmkit.explore_relationship_types(CASES, **n),
    "programme_economics": lambda **n: crmkit.programme_economics(CLUB, base=SHOP, **n),
    "recommend_level": lambda **n: crmkit.recommend_level(SHOP, programmes=[CLUB], **n),
    "retention_clv": lambda **n: crmkit.retention_clv(
        RATES, first_payment="now", **{"annual_discount_rate": 0.1} | n
    ),
    "retention_economics": lambda **n: crmkit.retention_economics(**n),
    "type_frontier": lambda **n: crmkit.type_frontier(ALIKE, **n),
}
LADDER = {"rungs": pd.DataFrame({"rung": ["client"], "margin": [100]}), "discount_rate_per_period": 0.1}
# every promised function that draws at random, by how often it is told to
DRAWING = {
    "compare_plans": lambda n: compare_plans(
        USES, budget=20, ways={"planning_by_customer": "tier"}, rng=RNG(1), draws=n
    ),
    "compare_relationship_types": lambda n: crmkit.compare_relationship_types(CASES, rng=RNG(1), draws=n),
    "customer_ladder": lambda n: crmkit.customer_ladder(PANEL, **LADDER, rng=RNG(1), resamples=n),
    "gini": lambda n: crmkit.gini(VALUES, rng=RNG(1), resamples=n),
    "long_tail": lambda n: crmkit.long_tail(VALUES, threshold=50, rng=RNG(1), resamples=n),
    "pareto_share": lambda n: crmkit.pareto_share(VALUES, rng=RNG(1), resamples=n),
    "pareto_test": lambda n: crmkit.pareto_test(VALUES, rng=RNG(1), resamples=n),
    "plan_budget": lambda n: crmkit.plan_budget(USES, budget=20, rng=RNG(1), draws=n),
    "programme_economics": lambda n: crmkit.programme_economics(CLUB, base=SHOP, rng=RNG(1), draws=n),
    "purchase_funnel": lambda n: crmkit.purchase_funnel(STAGES, rng=RNG(1), draws=n),
    "reallocate": lambda n: crmkit.reallocate(TIERS, elasticity=0.2, margin_rate=0.3, rng=RNG(1), draws=n),
    "recommend_level": lambda n: crmkit.recommend_level(SHOP, programmes=[CLUB], rng=RNG(1), draws=n),
    "repeat_business": lambda n: crmkit.repeat_business(LOG, as_of="2024-06-30", rng=RNG(1), resamples=n),
    "stakeholder_map": lambda n: crmkit.stakeholder_map(PARTIES, rng=RNG(1), draws=n),
    "whale_curve": lambda n: crmkit.whale_curve(VALUES, rng=RNG(1), resamples=n),
}


def test_every_promised_function_that_draws_is_tried_here():
    drawing = set()
    for name in crmkit.__all__:
        promised = getattr(crmkit, name)
        if (
            inspect.isfunction(promised)
            and {"draws", "resamples"} & inspect.signature(promised).parameters.keys()
        ):
            drawing.add(name)
    assert drawing == set(DRAWING)


def taking(argument: str) -> list[str]:
    """The promised functions with this argument."""
    promised = {name: getattr(crmkit, name) for name in crmkit.__all__}
    functions = {name: found for name, found in promised.items() if inspect.isfunction(found)}
    return [name for name, found in functions.items() if argument in inspect.signature(found).parameters]


@pytest.mark.parametrize("name", taking("annual_discount_rate"))
def test_a_discount_rate_in_per_cent_is_refused_and_written_as_a_share(name):
    BY_THE_YEAR[name](annual_discount_rate=0.1)
    with pytest.raises(CrmkitError) as error:
        BY_THE_YEAR[name](annual_discount_rate=10)
    assert "10% 写成 0.1" in error.value.message_zh and "write 10% as 0.1" in error.value.message_en


@pytest.mark.parametrize("name", taking("years"))
def test_years_are_whole_and_a_part_of_one_is_not_silently_cut_off(name):
    BY_THE_YEAR[name](years=5.0)
    with pytest.raises(CrmkitError) as error:
        BY_THE_YEAR[name](years=5.5)
    assert "整数" in error.value.message_zh and "5.5; a whole number" in error.value.message_en


RFM = CUSTOMERS.assign(days_since_last=1, frequency=2)
PERMITTED = pd.DataFrame(
    {
        "channel": ["sms"],
        "permitted": 100,
        "margin_first_message": 1.0,
        "fall_share": 0.3,
        "cost_per_message": 0.05,
        "opt_out_rate": 0.01,
        "permission_value": 40.0,
    }
)
LETTERS = pd.DataFrame(
    {"spend_per_prospect": [2.0], "acquired_share": 0.1, "ceiling": 0.4, "value_per_customer": 30.0}
)
WHOLE = {
    "bins": lambda n: crmkit.rfm_scores(RFM, bins=n),
    "check_rules": lambda n: crmkit.check_rules(crmkit.SEGMENT_RULES, bins=n),
    "horizon": lambda n: crmkit.referral_growth(PERIODS, horizon=n),
    "baseline_points": lambda n: crmkit.control_chart(VALUES[:20], baseline_points=n),
    "most": lambda n: crmkit.message_plan(PERMITTED, most=n),
    "steps": lambda n: crmkit.acquisition_curve(LETTERS, highest_spend=4, steps=n),
    "draws": lambda n: crmkit.stakeholder_map(PARTIES, rng=RNG(1), draws=n + 100),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_counted_is_a_whole_number(name):
    WHOLE[name](7.0)
    with pytest.raises(CrmkitError) as error:
        WHOLE[name](7.5)
    assert "a whole number is wanted" in error.value.message_en


@pytest.mark.parametrize("lift", [10, 25])
def test_a_lift_in_per_cent_is_refused_and_one_that_more_than_doubles_purchases_is_not(lift):
    for plan in (crmkit.Programme, crmkit.ContactPlan):
        needed = {"level": "social"} if plan is crmkit.Programme else {}
        for share in (lift / 100, 1.36):  # a pilot on seniors gave 1.36
            plan(**needed, purchase_lift=share)
        with pytest.raises(CrmkitError, match="between −1 and 5"):
            plan(**needed, purchase_lift=lift)


@pytest.mark.parametrize("name", DRAWING)
def test_an_interval_of_fewer_than_a_hundred_draws_is_refused(name):
    """From one draw the ends of an interval were that draw, beside the value; from none there was an IndexError."""
    DRAWING[name](100)
    for too_few in (0, 1, 99, -5):
        with pytest.raises(CrmkitError) as error:
            DRAWING[name](too_few)
        assert error.value.code == "out_of_range"


@pytest.mark.parametrize("name", DRAWING)
def test_a_seed_in_place_of_a_generator_is_told_how_to_make_one(name, monkeypatch):
    monkeypatch.setitem(globals(), "RNG", lambda seed: seed)
    with pytest.raises(CrmkitError) as error:
        DRAWING[name](100)
    assert error.value.code == "not_a_generator" and "np.random.default_rng(1)" in error.value.message_zh


@pytest.mark.parametrize("name", ["gini", "long_tail", "pareto_share", "repeat_business", "whale_curve"])
def test_resamples_without_a_generator_give_no_interval_and_say_so(name, monkeypatch):
    monkeypatch.setitem(globals(), "RNG", lambda seed: None)
    with pytest.raises(CrmkitError) as error:
        DRAWING[name](1000)
    assert (
        error.value.code == "resamples_without_rng"
        and "rng=np.random.default_rng(1)" in error.value.message_en
    )
    assert DRAWING[name](None)
