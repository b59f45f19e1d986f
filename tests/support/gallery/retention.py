"""Examples of the plots of the economics of retention: published figures."""

import crmkit

EXAMPLES = {
    "plot_retention_economics": lambda: (
        crmkit.retention_economics(annual_discount_rate=[0.05, 0.1, 0.15], reading="percentage_points"),
        {},
    ),
    "plot_retention_economics/readings": lambda: (
        crmkit.retention_economics(acquisition_years=[0.0, 3.0]),
        {},
    ),
}
