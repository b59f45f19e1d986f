"""Campaigns and budgets: uplift, bridge, sample size, staffing, retention by source, budget plans (F28, F29)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.alternative import tell
from crmkit.display.drawing import (
    BLUE,
    DARK,
    INK,
    PALE,
    VERMILION,
    axes,
    before_and_after,
    colon,
    estimate_bars,
    estimates,
    label,
    name_axis,
    row_labels,
    with_interval,
)
from crmkit.display.numbers import number, percent

from .planning import BudgetPlan
from .staffing import TARGET, WITHIN_SECONDS, required_agents, waiting_times


def plot_uplift(table: pd.DataFrame, *, measure: str = "uplift", ax: Axes | None = None) -> Axes:
    """What the campaign changed, for all customers and for each segment; ``measure``: uplift or net_profit.

    ``table``: what ``uplift`` gives.
    """
    shares = measure == "uplift" and table[["treated_mean", "control_mean"]].max(axis=None) <= 1
    show = percent if shares else number
    ax = axes(ax, label(measure), size=(7, 0.9 + 0.75 * len(table)), x=(measure, show))
    estimate_bars(ax, table["segment"], estimates(table, measure), show=show)
    return ax


def plot_sample_size(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many customers a test needs, by the least effect that it is to find.

    ``table``: what ``sample_size`` gives for several effects.
    """
    ax, table = axes(ax, label("sample_size"), x="effect"), table.sort_values("effect")
    ax.plot(table["effect"], table["customers"], color=BLUE, marker="o", linewidth=2)
    for effect, n in zip(table["effect"], table["customers"]):
        ax.annotate(number(n), (effect, n), (6, 6), textcoords="offset points", fontsize=9, color=INK)
    ax.set_yscale("log")
    name_axis(ax.yaxis, "customers")
    ax.yaxis.set_minor_formatter("")
    ax.margins(0.1)
    return ax


def plot_retention_by_source(curves: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The share of customers still there, month by month, for each source, with intervals.

    ``curves``: what ``retention_by_source`` gives.
    """
    p = curves["p_value"].iloc[0]
    said = "p < 0.001" if p < 0.001 else "–" if pd.isna(p) else f"p = {p:.3f}"
    ax = axes(
        ax,
        f"{label('retention_rate')}\n{label('log_rank_test')}{colon()}{said}",
        x="months",
        y="retention_rate",
    )
    for i, (source, rows) in enumerate(curves.groupby("source", sort=False)):
        colour, dashes = (BLUE, VERMILION, DARK)[i % 3], ("-", "--", "-.", ":")[i % 4]
        ax.step(
            rows["months"],
            rows["retention_rate"],
            where="post",
            color=colour,
            linestyle=dashes,
            linewidth=2,
            label=label(source, lines=True),
        )
        ax.fill_between(
            rows["months"],
            rows["retention_rate_low"],
            rows["retention_rate_high"],
            step="post",
            color=colour,
            alpha=0.15,
            linewidth=0,
        )
    ax.set_ylim(0, 1.02)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_budget_plan(result: BudgetPlan, *, ax: Axes | None = None) -> Axes:
    """Resources per use before and after, and the profit that the change is expected to bring.

    ``result``: a ``BudgetPlan``.
    """
    return before_and_after(ax, result.options, name="option", profit_change=result.profit_change)


def plot_response_curves(options: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How margin responds to resources in each use: solid what was estimated from data, dashed what is assumed.

    ``options``: ``option``, ``resources``, ``margin``, ``elasticity``, ``known_by`` (estimated or assumed) and
    ``elasticity_sd``, from which the band of one standard deviation to either side is drawn. Margins are in per cent
    of today's, resources too: the dot is today.
    """
    ax = axes(ax, label("response_curves"), size=(7.4, 4.4), x="resources_of_today", y="margin_of_today")
    spent = np.linspace(0.25, 2, 141)
    colours = (BLUE, VERMILION, DARK, INK)
    for i, use in enumerate(options.to_dict("records")):
        estimated = use["known_by"] == "estimated"
        e, sd, colour = use["elasticity"], use["elasticity_sd"], colours[i % 4]
        ends = (spent ** max(e - sd, 0), spent ** min(e + sd, 1))
        ax.fill_between(
            spent, *ends, color=colour, alpha=0.14, linewidth=0, hatch=None if estimated else "...."
        )
        said = f"{label(use['option'])}{colon()}{e:.2f} ({label(use['known_by'])})"
        ax.plot(
            spent, spent**e, color=colour, linewidth=2.2, linestyle="-" if estimated else "--", label=said
        )
    ax.plot(1, 1, "o", color="white", markeredgecolor=INK)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16))
    return ax


def plot_ways_of_planning(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The profit that each way of planning makes of the same budget, the best in blue.

    ``table``: what ``compare_plans`` gives.
    """
    ax, table = (
        axes(ax, label("resource_planning"), size=(7.4, 4.4), x="profit"),
        table.sort_values("regret", kind="stable"),
    )
    estimate_bars(ax, table["way"], estimates(table, "profit"), best=table["way"].iloc[0])
    return ax


def plot_campaign_bridge(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """From the sales of the campaign down to its contribution, each step where the one before it ended.

    ``table``: what ``campaign_bridge`` gives.
    """
    ax = axes(ax, label("campaign_bridge"), size=(7.4, 4.8), x=("amount", number))
    ends = table["amount"].cumsum()
    for i, row in enumerate(table.to_dict("records")):
        whole = row["step"] in ("campaign_sales", "contribution")
        start = 0.0 if whole else ends[i - 1]
        loss = row["amount"] < 0
        ax.barh(
            i,
            row["amount"],
            left=start,
            height=0.6,
            color=BLUE if whole and not loss else "white" if loss else PALE,
            edgecolor=VERMILION if loss else INK,
            linewidth=0.8,
            hatch="////" if loss else None,
        )
        if not whole:
            ax.plot([start, start], [i - 0.7, i + 0.3], color=INK, linewidth=0.8)
    for i, estimate in enumerate(estimates(table, "amount")):
        exact = estimate.low == estimate.high
        said = number(estimate.value) if exact else with_interval(estimate, number).replace(" (", "\n(")
        ax.annotate(said, (1.02, i), va="center", fontsize=9, xycoords=("axes fraction", "data"))
        tell(ax, [(table["step"].iloc[i], said.replace("\n", " "))])
    ax.margins(x=0.05)
    row_labels(ax.yaxis, table["step"])
    ax.invert_yaxis()
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.spines["left"].set_visible(False)
    return ax


def plot_staffing(
    hours: pd.DataFrame,
    *,
    target: float = TARGET,
    within_seconds: float = WITHIN_SECONDS,
    ax: Axes | None = None,
) -> Axes:
    """The share of customers answered in time by the number of agents, a line per hour;
    the dot is the fewest for the target.

    ``hours``: as for ``required_agents``, with ``hour``, what each is called.
    """
    ax = axes(ax, label("staffing"), size=(7.4, 4.2), x="agents", y="answered_in_time")
    needed = required_agents(hours, target=target, within_seconds=within_seconds)
    for i, hour in enumerate(needed.to_dict("records")):
        first = max(1, int(hour["offered_load"]) - 2)
        tried = np.arange(first, hour["agents"] + 8)
        curve = waiting_times(
            pd.DataFrame(
                {
                    "contacts_per_hour": hour["contacts_per_hour"],
                    "handling_minutes": hour["handling_minutes"],
                    "agents": tried,
                }
            ),
            within_seconds=within_seconds,
        )
        colour, dashes = (BLUE, VERMILION, DARK)[i % 3], ("-", "--", "-.", ":")[i % 4]
        said = f"{label(hour['hour'])}{colon()}{hour['agents']}"
        ax.plot(
            tried,
            curve["answered_in_time"],
            color=colour,
            linestyle=dashes,
            linewidth=2,
            marker=".",
            label=said,
        )
        ax.plot(
            hour["agents"],
            hour["answered_in_time"],
            "o",
            color="white",
            markeredgecolor=colour,
            markersize=9,
            markeredgewidth=2,
        )
    ax.axhline(target, color=INK, linewidth=0.8, linestyle=":")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax
