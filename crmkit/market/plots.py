"""The game on the simulated market: what a firm that was played is worth."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.drawing import BLUE, INK, PALE, VERMILION, axes, label
from crmkit.display.numbers import decimal

_PARTS = (("discounted_profit", BLUE, None), ("equity", PALE, "//"))


def plot_score(score, *, ax: Axes | None = None) -> Axes:
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
            label=None if place else label("value", lines=True),
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
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(table)), [label(firm, lines=True) for firm in table["firm"]])
    ax.set_ylim(top=1.2 * max(*tops, 1e-9))
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.13))
    return ax


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
