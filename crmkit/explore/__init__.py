"""Explorers: move a slider and see the tested functions answer at once, in JupyterLab and whatever else shows widgets.

Python computes a scene (shapes and words in both languages, no figures left to compute), JavaScript draws it.
"""

from .market_board import market_board
from .pdca import explore_pdca
from .pyramid import explore_pyramid
from .relationship_levels import explore_relationship_levels
from .relationship_types import explore_relationship_types
from .rfm import explore_rfm

__all__ = ["explore_pdca", "explore_pyramid", "explore_relationship_levels", "explore_relationship_types", "explore_rfm",
           "market_board"]
