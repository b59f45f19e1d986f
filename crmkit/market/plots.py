"""The game on the simulated market: what a firm that was played is worth, and what its plans did in truth."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.intervals import Estimate
from crmkit.display.alternative import tell
from crmkit.display.drawing import (
    BLUE,
    INK,
    PALE,
    VERMILION,
    axes,
    colon,
    either_side,
    estimates,
    label,
    tick,
    with_interval,
)
from crmkit.display.numbers import decimal, number

from .game.search import Score
from .game.twin import Twin

HIGH = 0.62  # inches of a plan's row
_PARTS = (("discounted_profit", BLUE, None), ("equity", PALE, "//"))


def plot_score(score: Score, *, ax: Axes | None = None) -> Axes:
    """Each firm's discounted profit and customer equity, one upon the other, and above them its value and its score.

    ``score``: a ``crmkit.market.Score``. What is below zero hangs below the line, in red.
    """
    ax, table = axes(ax, label("game_score"), size=(7.2, 4.8), y="value"), score.table
    for slug, colour, hatch in _PARTS:
        ax.bar(0, 0, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.8, label=label(slug, lines=True))
    tops = []
    for place, row in table.reset_index(drop=True).iterrows():
        top = _stacked(ax, place, row)
        tops.append(top)
        ax.hlines(
            row["value"],
            place - 0.4,
            place + 0.4,
            color=INK,
            linewidth=2.5,
            label="" if place else label("value", lines=True),
        )
        whole = decimal(row["value"], 0)  # firms that lie close together are to be told apart
        ax.annotate(
            f"{whole}\n{label('score')} {_points(row['score'])}",
            (place, top),
            (0, 6),
            textcoords="offset points",
            ha="center",
            color=INK,
        )
        worth = [(slug, decimal(row[slug], 0)) for slug in ("discounted_profit", "equity", "value")]
        tell(ax, [(row["firm"], [*worth, ("score", _points(row["score"]))])])
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(table)), [label(firm, lines=True) for firm in table["firm"]])
    ax.set_ylim(top=1.2 * max(*tops, 1e-9))
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.13))
    return ax


def plot_twin(twin: Twin, *, show: Callable[[float], str] = number, ax: Axes | None = None) -> Axes:
    """What each quarter's plan was taken for, with its 95% interval, and beside it what the plan did in truth.

    ``twin``: a ``crmkit.market.Twin``; ``show`` writes the KPI's numbers. A truth outside the interval is hollow.
    """
    table = twin.table
    ax = axes(ax, label("twin_beside_estimate"), size=size_of_twin(twin))
    ax.axvline(0, color=PALE, linewidth=1)
    taken = estimates(table, "estimate")
    places = range(len(table))[::-1]  # the first quarter on top
    for place, found, truth, holds in zip(places, taken, table["true_effect"], table["holds_truth"]):
        _beside(ax, place, found, truth, holds=holds, named=not place)
        verdict = label("holds_truth" if holds else "misses_truth")
        ax.annotate(
            f"{with_interval(found, show)}\n{label('true_effect')}{colon()}{show(truth)}\n{verdict}",
            (1.02, place),
            va="center",
            fontsize=9,
            xycoords=("axes fraction", "data"),
        )
    quarters = [f"{label('quarter')} {number(quarter)}" for quarter in table["quarter"]]
    ax.set_yticks(range(len(table)), quarters[::-1])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.5, len(table) - 0.5)
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_formatter(lambda value, _: tick(value, show))
    ax.legend(
        frameon=False, fontsize=9, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.36 / (HIGH * len(table)))
    )
    return ax


def size_of_twin(twin) -> tuple[float, float]:
    """Inches of a figure in which every plan has room for its words."""
    return 8.4, 1.4 + HIGH * len(twin.table)


def _beside(ax: Axes, place: int, found: Estimate, truth: float, *, holds: bool, named: bool) -> None:
    """One plan: the estimate with its whiskers, and the truth as a diamond, filled where the interval holds it."""
    ax.errorbar(
        found.value,
        place,
        xerr=either_side(found),
        fmt="o",
        markersize=7,
        color=INK,
        markerfacecolor=BLUE,
        capsize=4,
        linewidth=1.4,
        label=label("estimate") if named else None,
    )
    ax.plot(
        truth,
        place,
        marker="D",
        markersize=9,
        linestyle="",
        color=VERMILION,
        markerfacecolor=VERMILION if holds else "white",
        markeredgewidth=1.8,
        label=label("true_effect") if named else None,
    )


def _stacked(ax: Axes, place: int, row: pd.Series) -> float:
    """One firm's parts, gains upward and losses downward from zero; the top."""
    up = down = 0.0
    for slug, colour, hatch in _PARTS:
        worth = row[slug]
        if worth < 0:
            crossed = "xx" if hatch else "////"
            ax.bar(
                place,
                worth,
                0.62,
                bottom=down,
                color="white",
                edgecolor=VERMILION,
                hatch=crossed,
                linewidth=0.8,
            )
            down += worth
        else:
            ax.bar(place, worth, 0.62, bottom=up, color=colour, edgecolor=INK, hatch=hatch, linewidth=0.8)
            up += worth
    return up


def _points(score: float) -> str:
    """A score, missing where the search found nothing better than to change nothing."""
    return "–" if pd.isna(score) else decimal(score, 1)
