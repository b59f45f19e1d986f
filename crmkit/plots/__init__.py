"""Pictures of the models' results: ``plot_x(result, *, ax=None)`` draws what it is given and returns the Axes."""

from .concentration import plot_long_tail, plot_lorenz, plot_pareto, plot_whale
from .customers import plot_rfm, plot_sales, plot_segments
from .pyramid import plot_migration, plot_pyramid, plot_reallocation
