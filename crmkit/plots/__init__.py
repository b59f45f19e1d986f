"""Pictures of the models' results: ``plot_x(result, *, ax=None)`` draws what it is given and returns the Axes."""

from .clv import plot_conditional_expectation, plot_frequency_fit, plot_p_alive, plot_survival, plot_tracking
from .concentration import plot_long_tail, plot_lorenz, plot_pareto, plot_whale
from .customer_value import plot_retention_clv, plot_retention_economics, plot_value_matrix
from .customers import plot_rfm, plot_sales, plot_segments
from .foundations import plot_expectation_gaps, plot_repeat_split, plot_second_order, plot_stakeholder_map
from .growth import plot_cross_sell, plot_customer_ladder, plot_purchase_funnel, plot_referral_growth
from .market import plot_score
from .paper import BLUE, ORANGE, axes, label, money_axis  # for a chart of one's own
from .pdca import plot_control_chart, plot_indicators, plot_pdca
from .planning import (
    plot_budget_plan, plot_retention_by_source, plot_sample_size, plot_uplift, plot_ways_of_planning,
)
from .pyramid import plot_migration, plot_pyramid, plot_reallocation
from .relationship_types import plot_type_agreement, plot_type_frontier, plot_type_profits
from .relationship_levels import plot_level_values, plot_programme_years
from .contact_intensity import plot_benefit_breadth, plot_contact_response, plot_offer_effect, plot_participation_funnel
from .contact_intensity import plot_promise_gap
from .loyalty import plot_loyalty_forms, plot_loyalty_programme, plot_points_liability, plot_recovery_paradox
from .loyalty import plot_satisfaction_loyalty
