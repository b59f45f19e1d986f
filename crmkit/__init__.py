"""crmkit: the small helper module behind the relationship-marketing course. 关系营销课程背后的小工具箱。

Public names are loaded the first time that they are used, so ``import crmkit`` opens no font and loads no
plotting, widgets or database engine.
"""

from importlib import import_module

__version__ = "0.1.0"

# module -> its public names; the one list of what the kit promises
_NAMES = {
    # data in
    "datasets": "load",
    "transactions": "read_transactions check_transactions",
    "summary": "customer_summary",
    # models
    "segments": "rfm_scores name_segments",
    "customer_pyramid": "pyramid reallocate ByCustomerShare ByValueShare ByCutoff",
    "tier_migration": "migration",
    "concentration": "pareto_share pareto_test lorenz gini whale_curve long_tail",
    "clv": "fit_bg_nbd fit_mbg_nbd fit_pareto_nbd fit_gamma_gamma fit_sbg validate_holdout",
    "customer_value": "retention_clv value_matrix",
    "defection": "retention_economics",
    "repeat_orders": "repeat_business",
    "stakeholders": "stakeholder_map",
    "expectations": "expectation_gaps",
    "relationship_types": "compare_relationship_types published_type",
    "relationship_levels": "programme_economics recommend_level",
    "contact_intensity": "fit_contact_response",
    "loyalty": "loyalty_forms satisfaction_loyalty recovery_paradox loyalty_programme",
    "growth": "purchase_funnel customer_ladder referral_growth",
    "cross_selling": "cross_sell_rules",
    "planning": "uplift sample_size plan_budget",
    "pdca": "PDCA",
    "control_limits": "control_chart",
    "kpi_sheet": "indicators",
    # language, explorers, questions, tables, errors
    "language": "set_language",
    "terms": "term glossary",
    "explore": "explore_pyramid explore_rfm explore_relationship_types explore_relationship_levels",
    "questions": "AnswerSheet",
    "tables": "show save_tables",
    "schema": "CrmkitError",
}
_OWNER = {name: module for module, names in _NAMES.items() for name in names.split()}
_ROOMS = ("explore", "market", "plots")  # opened by their own name: crmkit.market.scenarios()

__all__ = sorted(_OWNER)


def __getattr__(name):
    if name in _OWNER:
        value = getattr(import_module(f"crmkit.{_OWNER[name]}"), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return import_module(f"crmkit.{name}")
    raise AttributeError(f"module 'crmkit' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(_OWNER) | set(_ROOMS))
