"""Explorers: move a slider and see the tested functions answer at once, in JupyterLab and whatever else shows widgets.

Each chapter keeps its own; this face shows them all in one place, loaded the first time that one is used.
"""

from importlib import import_module

from .core.errors import unknown_name

# explorer -> its module
_OWNER = {
    "explore_second_order": "foundations.explorer",
    "explore_loyalty_forms": "loyalty.explorer",
    "explore_relationship_types": "relationship_types.explorer",
    "explore_contacts": "relationship_types.explorer_contacts",
    "explore_relationship_levels": "relationship_levels.explorer",
    "explore_retention_economics": "retention.explorer",
    "explore_purchase_funnel": "growth.explorer",
    "explore_pyramid": "customer_pyramid.explorer_pyramid",
    "explore_rfm": "customer_pyramid.explorer_rfm",
    "explore_budget": "planning.explorer",
    "explore_staffing": "planning.explorer_staffing",
    "explore_p_alive": "customer_value.explorer_alive",
    "explore_pdca": "pdca.explorer",
    "market_board": "market.board",
}

__all__ = sorted(_OWNER)


def __getattr__(name):
    if name not in _OWNER:
        raise unknown_name("crmkit.explore", name, _OWNER)
    globals()[name] = value = getattr(import_module(f"crmkit.{_OWNER[name]}"), name)
    return value


def __dir__():
    return __all__
