"""The figures of the report, each as a matplotlib figure of its own that no later cell draws on."""

from collections.abc import Callable

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crmkit.customer_pyramid.plots_concentration import plot_lorenz
from crmkit.customer_pyramid.plots_customers import plot_segments
from crmkit.customer_pyramid.plots_pyramid import plot_migration, plot_reallocation
from crmkit.display.drawing import BLUE, ORANGE, axes, label, name_axis, paired_bars
from crmkit.display.numbers import percent

MOST_TICKS = 9


def drawn(draw: Callable[..., Axes], result) -> Figure:
    """The figure that ``draw`` makes of a result, without a title: its caption says what it shows."""
    ax = draw(result)
    ax.set_title("", loc="left")
    figure = ax.get_figure(root=True)
    assert figure is not None
    plt.close(figure)  # a notebook would draw an open one a second time
    return figure


def plot_sales_by_period(sales: pd.DataFrame) -> Axes:
    """First purchases and later ones, one on the other, period by period."""
    ax = axes(None, "", size=(8, 3.4))
    monthly = sales["period"].dt.freq.rule_code.startswith("M")
    names = [str(period) if monthly else str(period.start_time.date()) for period in sales["period"]]
    below = sales["first_revenue"].clip(lower=0)
    ax.bar(
        names,
        sales["first_revenue"],
        color=ORANGE,
        hatch="//",
        edgecolor="white",
        label=label("first_revenue"),
    )
    ax.bar(names, sales["later_revenue"], bottom=below, color=BLUE, label=label("later_revenue"))
    ax.set_xticks(
        range(len(names)), names
    )  # all are named, for whom the figure is read aloud, and few are shown
    for place, name in enumerate(ax.get_xticklabels()):
        name.set_visible(place % -(-len(names) // MOST_TICKS) == 0)
    ax.tick_params(axis="x", length=0)
    name_axis(ax.xaxis, "period")
    name_axis(ax.yaxis, "revenue")
    _legend_above(ax)
    return ax


def plot_tier_shares(tiers: pd.DataFrame) -> Axes:
    """Each tier's share of customers beside its share of revenue."""
    ax = axes(None, "", size=(7.2, 1.4 + 0.52 * len(tiers)), x=("", percent))
    paired_bars(ax, tiers, ("customer_share", "revenue_share"), show=percent, flat=True)
    ax.set_yticks(range(len(tiers)), [label(tier) for tier in tiers["tier"]])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(tiers) - 0.4, -0.6)
    ax.margins(x=0.12)
    _legend_above(ax)
    return ax


def _legend_above(ax: Axes) -> None:
    """The legend where no bar can stand under it, whatever the data are."""
    ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


FIGURES: dict[str, Callable[..., Axes]] = {
    "sales_figure": plot_sales_by_period,
    "lorenz_figure": plot_lorenz,
    "pyramid_figure": plot_tier_shares,
    "rfm_figure": plot_segments,
    "reallocate_figure": plot_reallocation,
    "migration_figure": plot_migration,
}
