"""The game on the simulated market: what a firm played by hand was worth, and how players compare."""

import pandas as pd
from matplotlib.axes import Axes

from ..intervals import Estimate
from ..tables import number
from .paper import BLUE, INK, PALE, VERMILION, axes, either_side, label, money_axis, row_labels

_PARTS = (("discounted_profit", BLUE, None), ("equity", PALE, "//"))


def plot_score(score, *, ax: Axes | None = None) -> Axes:
    """Each firm's discounted profit and customer equity, one upon the other, and above them its value and its score.

    ``score``: a ``crmkit.market.Score``. What is below zero hangs below the line, in red.
    """
    ax, table = axes(ax, label("game_score"), size=(7.2, 4.8), y=("value", number)), score.table
    for slug, colour, hatch in _PARTS:
        ax.bar(0, 0, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.8, label=label(slug, lines=True))
    tops = []
    for i, row in table.reset_index(drop=True).iterrows():
        up = down = 0.0
        for slug, colour, hatch in _PARTS:
            loss, worth = row[slug] < 0, row[slug]
            ax.bar(i, worth, 0.62, bottom=down if loss else up, color="white" if loss else colour, linewidth=0.8,
                   edgecolor=VERMILION if loss else INK, hatch="xx" if loss and hatch else "////" if loss else hatch)
            up, down = (up, down + worth) if loss else (up + worth, down)
        tops.append(up)
        ax.hlines(row["value"], i - 0.4, i + 0.4, color=INK, linewidth=2.5,
                  label=None if i else label("value", lines=True))
        ax.annotate(f"{number(row['value'])}\n{label('score')} {_points(row['score'])}", (i, up), (0, 6),
                    textcoords="offset points", ha="center", color=INK)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xticks(range(len(table)), [label(firm, lines=True) for firm in table["firm"]])
    ax.set_ylim(top=1.2 * max(*tops, 1e-9))
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.13))
    return ax


def _points(score: float) -> str:
    """A score, missing where the search found nothing better than to change nothing."""
    return "–" if pd.isna(score) else f"{score:.1f}".replace("-", "−")


def plot_leaderboard(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The players by rank with their scores, 0 the firm that changes nothing and 100 the search with the truth in hand.

    ``table``: ``rank``, ``player``, ``score`` and perhaps ``low`` and ``high``, the ends of its interval. A score below
    zero is hatched.
    """
    ax = axes(ax, label("leaderboard"), size=(7.2, 1.4 + 0.42 * len(table)), x="score")
    table = table.sort_values("rank", kind="stable").reset_index(drop=True)
    for i, row in table.iterrows():
        loss, ends = row["score"] < 0, either_side(Estimate(
            value=row["score"], low=row.get("low"), high=row.get("high"), level=0.95))
        ax.barh(i, row["score"], 0.62, color="white" if loss else BLUE if row["rank"] == 1 else PALE, linewidth=0.8,
                edgecolor=VERMILION if loss else INK, hatch="////" if loss else None)
        ax.errorbar(row["score"], i, xerr=ends, color=INK, capsize=4, linewidth=1.2)
        ax.annotate(_points(row["score"]), (1.01, i), va="center", fontsize=9,
                    xycoords=("axes fraction", "data"))
    row_labels(ax.yaxis, [f"{rank}  {player}" for rank, player in zip(table["rank"], table["player"])])
    ax.invert_yaxis()
    for firm, line in (("do_nothing", 0), ("truth_search", 100)):
        ax.axvline(line, color=INK, linewidth=0.8, linestyle="--" if line else "-")
        ax.annotate(label(firm, lines=True), (line, 1.01), xycoords=("data", "axes fraction"), ha="center", fontsize=9)
    ax.set_title(ax.get_title(loc="left"), loc="left", color=INK, pad=36)
    return ax
