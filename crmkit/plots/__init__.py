"""Pictures of the models' results: ``plot_x(result, *, ax=None)`` draws what it is given and returns the Axes."""

from .clv import plot_conditional_expectation, plot_frequency_fit, plot_p_alive, plot_survival, plot_tracking
from .concentration import plot_long_tail, plot_lorenz, plot_pareto, plot_whale
from .customers import plot_rfm, plot_sales, plot_segments
from .paper import BLUE, ORANGE, axes, label, money_axis  # for a chart of one's own
from .pdca import plot_control_chart, plot_indicators, plot_pdca
from .pyramid import plot_migration, plot_pyramid, plot_reallocation
from .relationship_types import plot_type_agreement, plot_type_frontier, plot_type_profits
from .relationship_levels import plot_level_values, plot_programme_years
