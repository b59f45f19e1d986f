"""crmkit: the small helper module behind the relationship-marketing course. 关系营销课程背后的小工具箱。

Public names are loaded the first time that they are used, so ``import crmkit`` opens no font and loads no
plotting, widgets or database engine.
"""

from importlib import import_module

__version__ = "0.1.0"

# module -> its public names: all that lessons, README and docs use of the kit, chapter by chapter, and no more; what is
# not here is private to its chapter (tests/house/test_promises.py)
_NAMES = {
    # data in
    "data.datasets": "load resolve",
    "data.summary": "customer_summary",
    "data.sales": "sales_over_time",
    # a client's own data in
    "intake.door": "read_transactions check_transactions",
    # the foundations: F1, F2, F26
    "foundations.repeat_business": "repeat_business",
    "foundations.stakeholder_map": "stakeholder_map",
    "foundations.expectation_gaps": "expectation_gaps",
    # the five types of relationship: F6-F10
    "relationship_types.types": "PLANS ContactPlan compare_relationship_types published_type relationship_type type_frontier",
    "relationship_types.contact_intensity": "fit_contact_response adjusted_contact_response within_customer_response",
    "relationship_types.defects": "participation_funnel offer_effect promise_gap benefit_breadth",
    "relationship_types.permission": "message_plan",
    # the three levels: F11, F12
    "relationship_levels.levels": "CustomerBase Programme level_crosswalk measure_base programme_economics recommend_level",
    # the customer pyramid: F13-F15
    "customer_pyramid.segments": "SEGMENT_RULES SegmentRule check_rules name_segments rfm_scores",
    "customer_pyramid.clusters": "cluster_customers cluster_stability compare_segmentations",
    "customer_pyramid.pyramid": "ByCustomerShare ByCutoff ByValueShare pyramid reallocate",
    "customer_pyramid.migration": "migration",
    "customer_pyramid.concentration": "gini long_tail lorenz pareto_share pareto_test whale_curve",
    # customer value: F16, F17
    "customer_value.value_matrix": "retention_clv value_matrix",
    "customer_value.acquisition": "acquisition_curve acquisition_spending value_by_source",
    "customer_value.clv.beta_geometric": "fit_bg_nbd fit_mbg_nbd",
    "customer_value.clv.pareto": "fit_pareto_nbd",
    "customer_value.clv.gamma_gamma": "fit_gamma_gamma",
    "customer_value.clv.sbg": "fit_sbg",
    "customer_value.clv.holdout": "validate_holdout",
    # the economics of retention: F18
    "retention.economics": "defection_lift keeping_pays retention_economics",
    "retention.cohorts": "cohort_table",
    "retention.equity": "customer_equity driver_returns",
    "retention.targeting": "retention_scores score_groups simulate_retention_trial targeting_curve",
    # loyalty: F19-F22
    "loyalty.loyalty": "loyalty_forms loyalty_or_inertia loyalty_programme points_liability recovery_paradox satisfaction_loyalty",
    # growth: F23-F25, F27
    "growth.growth": "customer_ladder purchase_funnel referral_growth referral_value",
    "growth.cross_selling": "cross_sell_rules growth_split next_product",
    "growth.brand_size": "double_jeopardy",
    # planning: F28, F29
    "planning.elasticity": "estimate_elasticity",
    "planning.bridge": "campaign_bridge",
    "planning.planning": "check_randomisation compare_plans plan_budget retention_by_source sample_size uplift",
    "planning.staffing": "required_agents waiting_times",
    # PDCA: F30, F31
    "pdca.cycles": "PDCA difference",
    "pdca.control_chart": "control_chart",
    "pdca.indicators": "indicators",
    "pdca.explorer": "two_years",
    # the form of a trial, which several chapters take
    "core.trials": "trial_frame trial_from_counts",
    # language, words, explorers, answers, tables, errors
    "display.setting": "set_language",
    "core.language": "in_language",
    "core.glossary": "term glossary",
    "core.errors": "CrmkitError",
    "explore": "explore_budget explore_contacts explore_loyalty_forms explore_p_alive explore_pdca explore_purchase_funnel explore_pyramid explore_rfm explore_second_order explore_relationship_types explore_relationship_levels explore_retention_economics explore_staffing",
    "answers.sheet": "AnswerSheet",
    "answers.own_seed": "checked_seed",
    "display.tables": "show save_tables",
    "report.study": "study_client",
    "report.weighing": "Assumptions",
}
PROMISED = {name: module for module, names in _NAMES.items() for name in names.split()}
# opened by their own name: crmkit.market.scenarios()
_ROOMS = {"explore": "explore", "market": "market", "plots": "plots"}

__all__ = sorted(PROMISED)


def __getattr__(name):
    if name in PROMISED:
        value = getattr(import_module(f"crmkit.{PROMISED[name]}"), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return import_module(f"crmkit.{_ROOMS[name]}")
    from .core.errors import unknown_name

    raise unknown_name("crmkit", name, [*PROMISED, *_ROOMS])


def __dir__():
    return sorted(set(globals()) | set(PROMISED) | set(_ROOMS))
