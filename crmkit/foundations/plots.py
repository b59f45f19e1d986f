"""Repeat orders, stakeholders, expectations (F1, F2, F26)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.alternative import tell
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    axes,
    colon,
    estimate_bars,
    estimates,
    label,
    with_interval,
)
from crmkit.display.numbers import decimal, number, percent

from .repeat_business import RepeatBusiness
from .stakeholder_map import StakeholderMap


def plot_repeat_split(result: RepeatBusiness, *, ax: Axes | None = None) -> Axes:
    """The share of revenue, and of margin, that repeat orders bring, with its interval.

    ``result``: a ``RepeatBusiness``.
    """
    split = result.split
    ax = axes(ax, label("repeat_share"), size=(7, 1.6 + 0.7 * len(split)), x="repeat_share")
    estimate_bars(
        ax, split["measure"], estimates(split, "repeat_share", result.repeat_rate.confidence), show=percent
    )
    ax.set_xlim(0, 1)
    return ax


def plot_second_order(result: RepeatBusiness, *, ax: Axes | None = None) -> Axes:
    """How many customers have ordered again so many days after the first order, those still waiting counted in.

    ``result``: a ``RepeatBusiness``. The hollow mark is the median of those already back: too early.
    """
    curve, median, early = result.curve, result.median_days, result.naive_median_days
    longest = number(curve["days_since_first"].max())
    seen = with_interval(median, number) if np.isfinite(median.value) else f"> {longest}"
    ax = axes(
        ax,
        f"{label('time_to_second_order')}\n● {label('median_days')}{colon()}{seen}\n"
        f"◇ {label('naive_median_days')}{colon()}{number(early) if early > 0 else '–'}",
        size=(7, 4.6),
        x="days_since_first",
        y="returned_share",
    )
    days = curve["days_since_first"]
    ax.step(days, curve["returned_share"], where="post", color=BLUE, linewidth=2)
    ax.fill_between(
        days,
        curve["returned_share_low"],
        curve["returned_share_high"],
        step="post",
        color=BLUE,
        alpha=0.15,
        linewidth=0,
    )
    ax.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
    ax.plot(early, 0.5, "D", markersize=8, markerfacecolor="white", markeredgecolor=ORANGE, markeredgewidth=2)
    ax.plot(median.value, 0.5, "o", markersize=8, color=INK)
    ax.set(ylim=(0, 1), xlim=(0, None))
    return ax


def plot_second_orders(results: Mapping, *, ax: Axes | None = None) -> Axes:
    """The curves of several shops in one picture, each up to what has been observed of it.

    ``results``: name to ``RepeatBusiness``. Beside each name: the share of its revenue that repeat orders bring.
    """
    ax = axes(ax, label("time_to_second_order"), size=(7, 4.6), x="days_since_first", y="returned_share")
    for (name, result), colour, style in zip(results.items(), (BLUE, ORANGE, INK), ("-", "--", ":")):
        curve = result.curve
        days = curve["days_since_first"]
        repeat = percent(float(result.split["repeat_share"].iloc[0]))
        said = f"{label(name)}{colon()}{label('repeat_share')} {repeat}"
        ax.step(days, curve["returned_share"], style, where="post", color=colour, linewidth=2, label=said)
        ax.fill_between(
            days,
            curve["returned_share_low"],
            curve["returned_share_high"],
            step="post",
            color=colour,
            alpha=0.15,
            linewidth=0,
        )
    ax.set(ylim=(0, 1), xlim=(0, None))
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16))
    return ax


def plot_stakeholder_map(result: StakeholderMap, *, ax: Axes | None = None) -> Axes:
    """Two orders of priority joined: the textbook's scores at the left, loss avoided at the right; dashed lines fall.

    ``result``: a ``StakeholderMap``. Beside each name at the right: the loss that one more unit of effort avoids.
    """
    table = result.stakeholders.sort_values("textbook_priority")
    ax = axes(ax, label("stakeholder_map"), size=(7, 1.4 + 0.55 * len(table)))
    for row in table.itertuples():
        falls = row.priority > row.textbook_priority
        ax.plot(
            [0, 1],
            [row.textbook_priority, row.priority],
            "o--" if falls else "o-",
            color=GREY if falls else BLUE,
        )
        ax.text(
            1.04,
            row.priority,
            f"{row.priority}  {label(row.stakeholder)}{colon()}{number(row.loss_avoided_per_effort)}",
            va="center",
        )
        orders = [("textbook_priority", f"{row.textbook_priority}"), ("priority", f"{row.priority}")]
        avoided = ("loss_avoided_per_effort", number(row.loss_avoided_per_effort))
        tell(ax, [(row.stakeholder, [*orders, avoided])])
    ax.set_yticks(
        range(1, len(table) + 1), [f"{label(s)}  {i}" for i, s in enumerate(table["stakeholder"], 1)]
    )
    ax.set_xticks([0, 1], [label(c, lines=True) for c in ("textbook_priority", "loss_avoided_per_effort")])
    ax.set(xlim=(-0.05, 1.7), ylim=(len(table) + 0.5, 0.5))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def plot_expectation_gaps(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The satisfaction that closing each gap would bring, greatest first; # is the order by what people state.

    ``result``: what ``expectation_gaps`` gives.
    """
    ax = axes(ax, label("worth"), size=(8, 4.8))
    estimate_bars(
        ax,
        result["expectation"],
        estimates(result, "worth"),
        show=decimal,
        best=result["expectation"].iloc[0],
    )
    ax.set_yticks(
        range(len(result)),
        [
            f"{label(name, lines=True)}  #{order}"
            for name, order in zip(result["expectation"], result["stated_priority"])
        ],
    )
    ax.set_xlabel(f"# {label('stated_priority')}")
    return ax
