"""The economics of retention (F18) in pictures: what the published figures assume, and whom to call."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.schema import require_columns
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    VERMILION,
    axes,
    colon,
    estimate_bars,
    estimates,
    heat_map,
    label,
    lines,
)
from crmkit.display.numbers import decimal, number, percent


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


def plot_cohorts(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The cohort table: who of each month's new customers bought in the months after; what was not seen stays white.

    ``table``: what ``cohort_table`` gives. A cohort's own month, always 100 %, is left out.
    """
    require_columns(table, ("cohort", "months_later", "active_share"), what="plot_cohorts")
    after = table[table["months_later"] > 0]
    cells = after.pivot(index="cohort", columns="months_later", values="active_share")
    cells = cells.dropna(how="all").dropna(how="all", axis=1)
    size = (min(12.0, 2.4 + 0.62 * cells.shape[1]), 1.6 + 0.42 * cells.shape[0])
    ax = axes(ax, label("cohort_table"), size=size)
    shown = cells.set_axis([f"{month:%Y-%m}" for month in cells.index])
    shown = shown.set_axis([str(later) for later in cells.columns], axis=1)
    heat_map(
        ax,
        shown,
        lambda share: "" if pd.isna(share) else percent(share, 0),
        x="months_later",
        y="cohort",
    )
    return ax


def plot_score_groups(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Predicted beside actual shares, from the highest scores on the left: where they agree, the score is calibrated.

    ``result``: what ``score_groups`` gives.
    """
    ax = axes(ax, label("score_groups"), size=(7.4, 4), x="score_group", y=("share", percent))
    at = result["score_group"]
    ends = [
        result["actual_share"] - result["actual_share_low"],
        result["actual_share_high"] - result["actual_share"],
    ]
    ax.errorbar(
        at, result["actual_share"], yerr=ends, fmt="o", color=INK, capsize=3, label=label("actual_share")
    )
    ax.plot(at, result["predicted_share"], "s--", color=BLUE, label=label("predicted_share"))
    ax.set_xticks(at)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    return ax


def plot_targeting(curves: dict[str, pd.DataFrame], *, ax: Axes | None = None) -> Axes:
    """Profit per customer of the base as an offer goes to more of the highest scores; a line per score.

    ``curves``: what to call a score → what ``targeting_curve`` gives for it.
    """
    ax = axes(
        ax,
        label("targeting_curve"),
        size=(7.4, 4.4),
        x="targeted_share",
        y=("profit_per_customer", number),
    )
    first = next(iter(curves.values()))
    profits = {name: curve["profit_per_customer"].to_numpy() for name, curve in curves.items()}
    lines(ax, first["targeted_share"], profits)
    ax.axhline(0, color=GREY, linewidth=1)
    return ax


def plot_equity_levers(levers: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """By how many per cent customer equity moves when each lever rises by 1 %; what lowers it is hatched.

    ``levers``: what ``customer_equity`` gives as ``levers``.
    """
    ax = axes(ax, label("equity_levers"), size=(7.2, 3.4), x=("equity_elasticity", decimal))
    estimate_bars(ax, levers["lever"], estimates(levers, "elasticity"), show=decimal)
    return ax
