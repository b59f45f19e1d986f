"""Customer lifetime value (F17): what the purchase models and the survival curve say, beside what happened."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.schema import require_columns
from crmkit.display.drawing import BLUE, DARK, GREY, INK, VERMILION, axes, heat_map, label, paired_bars
from crmkit.display.numbers import number, percent

from .clv.holdout import HoldoutValidation

_COUNTS = ("actual_purchases", "expected_purchases", "baseline_purchases")
_STYLES = ((INK, "-", "o"), (BLUE, "--", "s"), (VERMILION, ":", "^"))


def plot_tracking(result: HoldoutValidation, *, ax: Axes | None = None) -> Axes:
    """Cumulative repeat purchases by week, actual, by the model and at the old rate; the calibration ends at the line.

    ``result``: a ``HoldoutValidation``.
    """
    frame = result.tracking
    ax = axes(
        ax, label("purchase_tracking"), size=(7.6, 4.4), x="week", y=("repeat_purchases_cumulative", number)
    )
    _curves(ax, frame["week"], frame, [f"cumulative_{name}" for name in _COUNTS], every=6)
    _split(ax, frame.loc[~frame["holdout"], "week"].max(), "calibration")
    return ax


def plot_frequency_fit(result: HoldoutValidation, *, ax: Axes | None = None) -> Axes:
    """How many customers made 0, 1, 2 … repeat purchases in the calibration: actual beside the model.

    ``result``: a ``HoldoutValidation``.
    """
    ax = axes(ax, label("frequency_fit"), size=(9, 4.4), x="calibration_frequency", y="customers")
    frame = result.frequencies
    paired_bars(
        ax, frame, ("actual_customers", "expected_customers"), show=lambda count: number(round(count))
    )
    ax.set_xticks(range(len(frame)), frame["frequency"])
    ax.legend(frameon=False)
    return ax


def plot_conditional_expectation(result: HoldoutValidation, *, ax: Axes | None = None) -> Axes:
    """Purchases per customer in the holdout, by how often they had bought before: actual, model, at the old rate.

    ``result``: a ``HoldoutValidation``.
    """
    ax = axes(
        ax,
        label("conditional_expectation"),
        size=(7, 4.2),
        x="calibration_frequency",
        y=("holdout_purchases_per_customer", number),
    )
    frame = result.frequencies
    _curves(ax, frame["frequency"], frame, [name.replace("purchases", "per_customer") for name in _COUNTS])
    return ax


def plot_p_alive(grid: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """P(alive) by frequency and silence: the more somebody used to buy, the more the same silence tells.

    ``grid``: what ``p_alive_grid`` gives.
    """
    ax = axes(ax, label("p_alive"), size=(7, 4.6))
    shown = grid.set_axis([f"{d:.0f}" for d in grid.index]).set_axis([str(x) for x in grid.columns], axis=1)
    heat_map(
        ax, shown, lambda p: "" if np.isnan(p) else percent(p, 0), x="repeat_frequency", y="days_since_last"
    )
    return ax


def plot_p_alive_path(path: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """P(alive) of one customer from day to day; a stroke at the foot for each purchase.

    ``path``: what ``p_alive_path`` gives.
    """
    require_columns(path, ("days_since_first", "days_since_last", "p_alive"), what="plot_p_alive_path")
    ax = axes(ax, label("p_alive_path"), size=(7.6, 3.6), x="days_since_first", y=("p_alive", percent))
    ax.plot(path["days_since_first"], path["p_alive"], color=BLUE, linewidth=1.8)
    bought = path.loc[path["days_since_last"] == 0, "days_since_first"]
    ax.vlines(bought, 0, 0.08, color=VERMILION, linewidth=3, label=label("purchases"))
    ax.set_ylim(0, 1.04)
    ax.legend(frameon=False)
    return ax


def plot_survival(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The survival curve: who stayed, what sBG says, and what one retention rate for ever would leave.

    ``frame``: what ``compare`` gives; periods that the fit did not see lie right of the line.
    """
    require_columns(frame, ("period", "survivors_share", "survival_share", "fitted"), what="plot_survival")
    ax = axes(ax, label("survival_curve"), size=(7, 4.2), x="renewals", y="customer_share")
    _curves(ax, frame["period"], frame, ["survivors_share", "survival_share", "constant_survival_share"])
    if not frame["fitted"].all():
        _split(ax, frame.loc[frame["fitted"], "period"].max(), "fitted")
    ax.set_ylim(0, 1.04)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}")
    return ax


def _curves(ax, x, frame, slugs, *, every=1) -> None:
    """What happened, the model and the naive reading: told apart by marker and dash as well as colour."""
    for slug, (colour, dash, marker) in zip(slugs, _STYLES):
        ax.plot(
            x,
            frame[slug],
            color=colour,
            linestyle=dash,
            marker=marker,
            markevery=every,
            markersize=5,
            linewidth=1.8,
            label=label(slug),
        )
    ax.legend(facecolor="white", edgecolor="none")  # a line may pass behind it


def _split(ax, at, before) -> None:
    ax.axvline(at, color=GREY, linewidth=1.2)
    for offset, side, slug in ((-6, "right", before), (6, "left", "holdout")):
        ax.annotate(
            label(slug),
            (at, 0.02),
            (offset, 0),
            xycoords=("data", "axes fraction"),
            fontsize=9,
            color=DARK,
            textcoords="offset points",
            ha=side,
        )
