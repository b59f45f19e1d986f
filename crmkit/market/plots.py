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
    for i, row in table.reset_index(drop=True).iterrows():
        up = down = 0.0
        for slug, colour, hatch in _PARTS:
            loss, worth = row[slug] < 0, row[slug]
            ax.bar(
                i,
                worth,
                0.62,
                bottom=down if loss else up,
                color="white" if loss else colour,
                linewidth=0.8,
                edgecolor=VERMILION if loss else INK,
                hatch="xx" if loss and hatch else "////" if loss else hatch,
            )
            up, down = (up, down + worth) if loss else (up + worth, down)
        tops.append(up)
        ax.hlines(
            row["value"],
            i - 0.4,
            i + 0.4,
            color=INK,
            linewidth=2.5,
            label=None if i else label("value", lines=True),
        )
        whole = decimal(row["value"], 0)  # firms that lie close together are to be told apart
        ax.annotate(
            f"{whole}\n{label('score')} {_points(row['score'])}",
            (i, up),
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


def _points(score: float) -> str:
    """A score, missing where the search found nothing better than to change nothing."""
    return "–" if pd.isna(score) else decimal(score, 1)
