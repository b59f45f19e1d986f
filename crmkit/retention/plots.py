"""The economics of retention (F18) in pictures: what the published figures assume, and whom to call."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.drawing import BLUE, GREY, INK, ORANGE, PALE, VERMILION, axes, colon, label
from crmkit.display.numbers import number, percent


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
