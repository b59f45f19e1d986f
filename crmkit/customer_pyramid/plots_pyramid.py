"""The pyramid, the better spread of its resources, and who moves between its tiers (F14)."""

from matplotlib.axes import Axes

from crmkit.display.drawing import (
    INK,
    VERMILION,
    axes,
    before_and_after,
    heat_map,
    label,
    on,
    row_labels,
    tier_colours,
)
from crmkit.display.numbers import percent

from .migration import Migration
from .pyramid import Pyramid, Reallocation


def plot_pyramid(result: Pyramid, *, ax: Axes | None = None) -> Axes:
    """The lecture's picture: a row per tier, best on top, with its share of customers, of value and of resources.

    ``result``: a ``Pyramid``. The bars are centred, all on one scale, so the left column is the pyramid itself and the
    middle one shows it upside down. A negative share (a tier that loses money) is hatched.
    """
    tiers = result.tiers
    ax = axes(ax, label("customer_pyramid"), size=(8, 4.2))
    columns = ["customer_share", "value_share", "resource_share"]
    widest = tiers[columns].abs().max().max()
    step = 1.28 * widest
    colours = tier_colours(len(tiers))
    for j, column in enumerate(columns):
        for i, share in enumerate(tiers[column]):
            loss = share < 0
            ax.barh(
                i,
                abs(share),
                left=j * step - abs(share) / 2,
                height=0.92,
                color="white" if loss else colours[i],
                edgecolor=VERMILION if loss else INK,
                linewidth=0.8,
                hatch="////" if loss else None,
            )
            inside = abs(share) > 0.24 * widest and not loss
            ax.text(
                j * step if inside else j * step + abs(share) / 2 + 0.02 * step,
                i,
                percent(share),
                va="center",
                ha="center" if inside else "left",
                color=on(colours[i]) if inside else INK,
            )
    ax.set_xlim(-0.56 * step, 2.56 * step)
    ax.set_xticks(
        [j * step for j in range(3)],
        [label(_BY.get(result.by, c) if c == "value_share" else c, lines=True) for c in columns],
    )
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0)
    row_labels(ax.yaxis, tiers["tier"])
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    return ax


_BY = {"revenue": "revenue_share", "margin": "margin_share", "profit": "profit_share"}


def plot_reallocation(result: Reallocation, *, ax: Axes | None = None) -> Axes:
    """Resources per tier before and after, and below the title the expected profit change with its interval.

    ``result``: a ``Reallocation``.
    """
    return before_and_after(ax, result.tiers, name="tier", profit_change=result.profit_change)


def plot_migration(result: Migration, *, ax: Axes | None = None) -> Axes:
    """From which tier to which: a heat map of the transition probabilities, rows sum to 100 %, new and lost included.

    ``result``: a ``Migration``.
    """
    shares = result.probabilities.dropna(how="all")  # a row in which nobody started says nothing
    if not result.counts["lost_customer"].any():
        shares = shares.drop(columns="lost_customer")
    ax = axes(ax, label("migration"), size=(7, 4.8))
    heat_map(ax, shares, lambda v: percent(v, 0 if v in (0, 1) else 1), x="tier_after", y="tier_before")
    return ax
