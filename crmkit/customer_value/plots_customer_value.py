"""What a customer is worth, now and later, and what the published figures on retention assume (F16, F17a, F18)."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.drawing import (
    BLUE,
    GREY,
    HEAT,
    INK,
    ORANGE,
    PALE,
    VERMILION,
    axes,
    colon,
    label,
    lines,
    on,
)
from crmkit.display.numbers import number, percent


def plot_value_matrix(result, *, ax: Axes | None = None) -> Axes:
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
            color=on(tiles.to_rgba(row[shares[2]])),
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


def plot_retention_economics(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Which defection rate would make each published figure true: a mark per set of assumptions; none does: left.

    ``result``: what ``retention_economics`` gives for the defection rate.
    """
    ax = axes(
        ax,
        label("rate_that_figures_need", lines=True),
        size=(7.4, 6),
        x="defection_rate_before",
        y="npv_lift",
    )
    ax.grid(axis="y", color=PALE, linewidth=0.8)
    ax.set_axisbelow(True)
    settings = ("reading", "annual_discount_rate", "annual_profit_growth", "acquisition_years")
    varied = [c for c in settings if result[c].nunique() > 1] or ["reading"]
    lifts = result.groupby("sector", sort=False)["npv_lift"].first()
    sets = result.groupby(varied, sort=False)
    for k, (setting, rows) in enumerate(sets):
        said = [
            label(v)
            if c == "reading"
            else f"{label(c)}{colon()}{number(v) if c == settings[3] else percent(v, 0)}"
            for c, v in zip(varied, setting)
        ]
        at = lifts.index.get_indexer(rows["sector"]) + 0.18 * (k - (len(sets) - 1) / 2)
        ax.plot(
            rows["defection_rate"].fillna(-0.03),
            at,
            "osD^vP"[k % 6],
            markersize=7,
            markeredgecolor=INK,
            color=(BLUE, ORANGE, PALE, VERMILION, "white", GREY)[k % 6],
            label="\n".join(said),
        )
    last = int(100 * max(0.05, result["defection_rate"].max()))
    ticks = range(10 if last > 30 else 5, last + 6, 10 if last > 30 else 5)
    ax.set_xticks(
        [-0.03, *(t / 100 for t in ticks)], [label("no_solution", lines=True), *(f"{t}%" for t in ticks)]
    )
    ax.axvline(0, color=GREY, linewidth=1, linestyle=":")
    ax.set_yticks(
        range(len(lifts)), [f"{label(s, lines=True)} +{percent(lift, 0)}" for s, lift in lifts.items()]
    )
    ax.invert_yaxis()
    ax.legend(
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(0, -0.18),
        fontsize=9,
        title=label("provided_that"),
        alignment="left",
    )
    return ax
