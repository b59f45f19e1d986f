"""crmkit: the small helper module behind the relationship-marketing course. 关系营销课程背后的小工具箱。

Public names are loaded the first time that they are used, so ``import crmkit`` opens no font and loads no
plotting, widgets or database engine.
"""

from importlib import import_module

__version__ = "0.1.0"

# public name -> module that owns it; the one list of what the kit promises
_OWNER = {
    # data in
    "load": "datasets",
    "read_transactions": "transactions",
    "check_transactions": "transactions",
    "customer_summary": "summary",
    # models
    "rfm_scores": "segments",
    "name_segments": "segments",
    "SegmentRule": "segments",
    "check_rules": "segments",
    "pyramid": "customer_pyramid",
    "reallocate": "customer_pyramid",
    "migration": "tier_migration",
    "compare_relationship_types": "relationship_types",
    "published_type": "relationship_types",
    "programme_economics": "relationship_levels",
    "recommend_level": "relationship_levels",
    "ByCustomerShare": "customer_pyramid",
    "ByValueShare": "customer_pyramid",
    "ByCutoff": "customer_pyramid",
    "pareto_share": "concentration",
    "pareto_test": "concentration",
    "lorenz": "concentration",
    "gini": "concentration",
    "whale_curve": "concentration",
    "long_tail": "concentration",
    "fit_bg_nbd": "clv",
    "fit_mbg_nbd": "clv",
    "fit_pareto_nbd": "clv",
    "fit_gamma_gamma": "clv",
    "fit_sbg": "clv",
    "validate_holdout": "clv",
    "repeat_business": "repeat_orders",
    "stakeholder_map": "stakeholders",
    "retention_clv": "customer_value",
    "value_matrix": "customer_value",
    "retention_economics": "defection",
    "expectation_gaps": "expectations",
    "PDCA": "pdca",
    "control_chart": "control_limits",
    "indicators": "kpi_sheet",
    "fit_contact_response": "contact_intensity",
    "loyalty_forms": "loyalty",
    "satisfaction_loyalty": "loyalty",
    "recovery_paradox": "loyalty",
    "loyalty_programme": "loyalty",
    "purchase_funnel": "growth",
    "customer_ladder": "growth",
    "referral_growth": "growth",
    "cross_sell_rules": "cross_selling",
    "uplift": "planning",
    "sample_size": "planning",
    "plan_budget": "planning",
    # language
    "set_language": "language",
    "get_language": "language",
    "term": "terms",
    "glossary": "terms",
    # explorers
    "explore_pyramid": "explore",
    "explore_relationship_types": "explore",
    "explore_rfm": "explore",
    "explore_relationship_levels": "explore",
    # questions
    "AnswerSheet": "questions",
    # tables and errors
    "show": "tables",
    "save_tables": "tables",
    "CrmkitError": "schema",
}

__all__ = sorted(_OWNER)


def __getattr__(name):
    if name in _OWNER:
        value = getattr(import_module(f"crmkit.{_OWNER[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'crmkit' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(_OWNER))
