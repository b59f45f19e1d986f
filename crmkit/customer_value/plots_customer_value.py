"""What a customer is worth, now and later, and what winning one costs (F16, F17)."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.drawing import (
    HEAT,
    INK,
    VERMILION,
    axes,
    estimate_bars,
    estimates,
    label,
    lines,
    on,
)
from crmkit.display.numbers import number, percent

from .value_matrix import ValueMatrix


def plot_value_matrix(result: ValueMatrix, *, ax: Axes | None = None) -> Axes:
    """The lecture's picture, current value upwards, long-term value to the right: who is where and what they bring.

    ``result``: a ``ValueMatrix``. The darker a quadrant, the more of the long-term value is in it.
    """
    ax = axes(ax, label("value_matrix"), size=(7.4, 5.4))
    shares = ["customer_share", "current_value_share", "long_term_value_share"]
    tiles = ax.pcolormesh(
        result.quadrants[shares[2]].to_numpy().reshape(2, 2),
        cmap=HEAT,
        vmin=0,
        vmax=1,
        edgecolor="white",
        linewidth=4,
    )
    for i, row in result.quadrants.iterrows():
        said = [
            f"{('I', 'II', 'III', 'IV')[i]}  {label(row['quadrant'], lines=True)}",
            "",
            *(f"{label(c)} {percent(row[c])}" for c in shares),
        ]
        ax.text(
            i % 2 + 0.5,
            i // 2 + 0.5,
            "\n".join(said),
            ha="center",
            va="center",
            linespacing=1.4,
            fontsize=9,
            color=on(tuple(tiles.to_rgba(row[shares[2]]))),
        )
    for axis, slug, cut in (
        (ax.xaxis, "long_term_value", result.long_term_cutoff),
        (ax.yaxis, "current_value", result.current_cutoff),
    ):
        axis.set_ticks([0.5, 1.5], [f"≤ {number(cut)}", f"> {number(cut)}"])
        axis.set_label_text(f"{label(slug)} →")
    ax.tick_params(length=0)
    return ax


def plot_retention_clv(
    result: pd.DataFrame, *, marked: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """The margin multiple against the retention rate, a line per ``first_payment``; ``marked`` points have numbers.

    ``result`` and ``marked``: what ``retention_clv`` gives for a range of rates, and for a few.
    """
    ax = axes(
        ax,
        label("margin_multiple"),
        size=(7, 4.2),
        x="retention_rate",
        y=("margin_multiple", number),
    )
    multiples = result.pivot(index="retention_rate", columns="first_payment", values="margin_multiple")
    lines(ax, multiples.index, multiples.to_dict("list"))
    for row in (result.iloc[:0] if marked is None else marked).itertuples():
        ax.plot(row.retention_rate, row.margin_multiple, "o", color=INK)
        ax.annotate(
            f"{row.margin_multiple:.3f}",
            (row.retention_rate, row.margin_multiple),
            (6, -13),
            textcoords="offset points",
        )
    return ax


def plot_value_by_source(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What a customer of each source brought, with its interval; a cross at what winning one cost.

    ``result``: what ``value_by_source`` gives.
    """
    ax = axes(ax, label("value_by_source"), size=(7.4, 3.4), x=("value_per_customer", number))
    estimate_bars(ax, result["source"], estimates(result, "value_per_customer"))
    at = range(len(result))
    ax.plot(result["acquisition_cost"], at, "X", color=VERMILION, markeredgecolor=INK, markersize=10)
    ax.plot([], [], "X", color=VERMILION, markeredgecolor=INK, label=label("acquisition_cost"))
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.2))
    return ax


def plot_acquisition_curve(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What the average and the next customer cost as more is spent on each prospect, beside what a customer is worth.

    ``curve``: what ``acquisition_curve`` gives.
    """
    ax = axes(
        ax,
        label("acquisition_curve"),
        size=(7.4, 4.2),
        x=("spend_per_prospect", number),
        y=("cost_per_customer_won", number),
    )
    shown = ["cost_per_customer", "cost_of_next_customer", "value_per_customer"]
    lines(ax, curve["spend_per_prospect"], {name: curve[name] for name in shown})
    return ax
