"""Pictures of the models' results: ``plot_x(result, *, ax=None)`` draws what it is given and returns the Axes.

Each chapter keeps its own pictures; this face shows them all in one place, loaded the first time that one is used.
"""

from dataclasses import is_dataclass
from functools import wraps
from importlib import import_module
from inspect import signature

from .core.errors import unknown_name
from .core.schema import require_kind

# module -> what it draws
_NAMES = {
    "display.drawing": "BLUE ORANGE axes label name_axis",  # for a chart of one's own
    "foundations.plots": "plot_expectation_gaps plot_repeat_split plot_second_order plot_second_orders plot_stakeholder_map",
    "relationship_types.plots_types": "plot_type_agreement plot_type_frontier plot_type_profits",
    "relationship_types.plots_contact_intensity": "plot_benefit_breadth plot_contact_response plot_message_plan plot_offer_effect plot_participation_funnel plot_promise_gap",
    "relationship_levels.plots": "plot_level_values plot_programme_years",
    "customer_pyramid.plots_pyramid": "plot_migration plot_pyramid plot_reallocation",
    "customer_pyramid.plots_concentration": "plot_long_tail plot_lorenz plot_pareto plot_whale",
    "customer_pyramid.plots_customers": "plot_rfm plot_sales plot_segmentations plot_segments",
    "customer_value.plots_customer_value": "plot_acquisition_curve plot_retention_clv plot_value_by_source plot_value_matrix",
    "customer_value.plots_clv": "plot_conditional_expectation plot_frequency_fit plot_p_alive plot_p_alive_path plot_survival plot_tracking",
    "retention.plots": "plot_cohorts plot_equity_levers plot_retention_economics plot_score_groups plot_targeting",
    "loyalty.plots": "plot_loyalty_forms plot_loyalty_programme plot_points_liability plot_recovery_paradox plot_satisfaction_loyalty",
    "growth.plots": "plot_cross_sell plot_customer_ladder plot_double_jeopardy plot_purchase_funnel plot_referral_growth",
    "planning.plots": "plot_budget_plan plot_campaign_bridge plot_response_curves plot_retention_by_source plot_sample_size plot_staffing plot_uplift plot_ways_of_planning",
    "pdca.plots": "plot_control_chart plot_indicators plot_pdca",
    "market.plots": "plot_score plot_twin",
}
_OWNER = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_OWNER)


def __getattr__(name):
    if name not in _OWNER:
        raise unknown_name("crmkit.plots", name, _OWNER)
    globals()[name] = value = _of_its_kind(getattr(import_module(f"crmkit.{_OWNER[name]}"), name))
    return value


def _of_its_kind(draw):
    """The picture of a result, which refuses what is no such result;
    a picture of a frame asks for its columns itself.
    """
    wanted = next(iter(signature(draw).parameters.values())).annotation if callable(draw) else None
    if not is_dataclass(wanted):
        return draw

    @wraps(draw)
    def drawn(*result, **how):
        for given in result[:1]:
            require_kind(given, wanted, what=draw.__name__)
        return draw(*result, **how)

    return drawn


def __dir__():
    return __all__
