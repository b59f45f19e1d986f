"""What each relationship type earns, where on the map which one does, and where the published table differs (F6–F8)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import named
from crmkit.core.messages import MESSAGES, listed
from crmkit.display.alternative import tell
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    PAPER,
    VERMILION,
    axes,
    colon,
    estimate_bars,
    estimates,
    label,
    name_axis,
)
from crmkit.display.numbers import number, number_pair

from .types import MATRIX, THRESHOLDS, TYPES, TypeComparison

_SHADES = ("#FFFFFF", "#D9E6EE", "#9DBFD6", "#4E86AE", "#123F66")  # from basic to partnership, light to dark


def plot_type_profits(result: TypeComparison, *, segment: str | None = None, ax: Axes | None = None) -> Axes:
    """A bar per relationship type: its profit in one segment (the first if none is named), the best one dark.

    ``result``: a ``TypeComparison``; with draws each bar has its interval. A loss so large that the others could not be
    told apart is cut off («); the number beside it is whole.
    """
    names = result.profits.iloc[:, 0]
    name = names.iloc[0] if segment is None else segment
    rows = result.profits[names == name].set_index("relationship_type")
    ax = axes(ax, f"{label('type_profits')}{colon()}{label(str(name))}", size=(7.6, 4.4), x="profit")
    estimate_bars(ax, TYPES, estimates(rows, "profit", result.confidence), best=rows["profit"].idxmax())
    deepest = -1.5 * rows["profit"].abs().nlargest(2).iloc[1]
    ax.set_xlim(
        max(ax.get_xlim()[0], deepest), max(1.1 * rows[["profit", "profit_high"]].max().max(), -0.1 * deepest)
    )
    for i in np.flatnonzero(rows["profit"] < deepest):
        ax.annotate("«", (0.01, i), xycoords=("axes fraction", "data"), va="center", fontsize=16, bbox=PAPER)
    ax.locator_params(axis="x", nbins=5)
    return ax


def plot_type_frontier(
    result: pd.DataFrame,
    *,
    thresholds: Mapping[str, tuple[float, float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The map of customers × unit margin: shaded by the type that earns most, the published 3×3 laid over in words.

    ``result``: what ``type_frontier`` gives; ``thresholds`` where the table's medium and many (high) begin, if not as
    in ``compare_relationship_types``.
    """
    thresholds = THRESHOLDS if thresholds is None else thresholds
    ax = axes(ax, label("type_frontier"), size=(8.4, 5.4))
    best = result.pivot(index="unit_margin", columns="customers", values="relationship_type").map(TYPES.index)
    ax.pcolormesh(
        best.columns, best.index, best, cmap=ListedColormap(_SHADES), vmin=-0.5, vmax=4.5, shading="nearest"
    )
    ax.set(xscale="log", yscale="log")
    middles = {}
    for draw, column in ((ax.axvline, "customers"), (ax.axhline, "unit_margin")):
        edges = np.array([result[column].min(), *thresholds[column], result[column].max()])
        middles[column] = np.sqrt(edges[1:] * edges[:-1])
        line = [draw(edge, color=VERMILION, linestyle="--", linewidth=1.2) for edge in thresholds[column]][0]
    for x, many in zip(middles["customers"], ("few", "medium", "many")):
        for y, high in zip(middles["unit_margin"], ("low", "medium", "high")):
            said = label("_or_".join(MATRIX[many, high]), lines=True)
            ax.text(x, y, said, ha="center", va="center", fontsize=9, bbox=PAPER)
            near = (
                best.index[np.abs(best.index - y).argmin()],
                best.columns[np.abs(best.columns - x).argmin()],
            )
            earns = [("best_type", label(TYPES[best.loc[near]])), ("published_type", said.replace("\n", " "))]
            tell(ax, [(_place(x, y), earns)])
    name_axis(ax.xaxis, "customers")
    name_axis(ax.yaxis, "unit_margin")
    ax.minorticks_off()
    ax.legend(
        [*(Patch(facecolor=shade, edgecolor=INK) for shade in _SHADES), line],
        [label(slug, lines=True) for slug in (*TYPES, "published_type")],
        title=label("best_type", lines=True),
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
    )
    return ax


def _place(customers: float, unit_margin: float) -> Pair:
    """A place of the map, in words."""
    along = MESSAGES.pair("alternative_figure", what=named("customers"), value=number_pair(customers))
    across = MESSAGES.pair("alternative_figure", what=named("unit_margin"), value=number_pair(unit_margin))
    return listed([along, across])


def plot_type_agreement(result: TypeComparison, *, ax: Axes | None = None) -> Axes:
    """A row per segment: square the type in the published table, dot the most profitable one, and what the gap costs.

    ``result``: a ``TypeComparison``. A line joins the two where they differ, with the reason beside it.
    """
    best = result.best
    ax = axes(ax, label("type_agreement"), size=(9.6, 1.8 + 0.75 * len(best)))
    for i, row in enumerate(best.itertuples()):
        book, ours = [TYPES.index(t) for t in row.published_type.split("_or_")], TYPES.index(row.best_type)
        if not row.agree:
            ax.plot([book[-1], ours], [i, i], color=GREY, linewidth=2)
        (squares,) = ax.plot(book, [i] * len(book), "s", markersize=13, color="white", markeredgecolor=INK)
        (dot,) = ax.plot(ours, i, "o", markersize=7, color=BLUE)
        said = label("agree") if row.agree else f"{label(row.reason, lines=True)} ({number(row.given_up)})"
        ax.annotate(said, (1.02, i), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=INK)
        types = [(column, label(getattr(row, column))) for column in ("published_type", "best_type")]
        given_up = [] if row.agree else [("given_up", f"{number(row.given_up)} ({label(row.reason)})")]
        tell(ax, [(str(best.iloc[i, 0]), types + given_up)])
    ax.set_xticks(range(len(TYPES)), [label(t, lines=True) for t in TYPES])
    ax.set_yticks(range(len(best)), [label(str(name), lines=True) for name in best.iloc[:, 0]])
    ax.set(xlim=(-0.5, len(TYPES) - 0.5), ylim=(len(best) - 0.4, -0.6))
    ax.grid(axis="x", color="#E6E6E6")
    ax.tick_params(length=0)
    ax.legend(
        [squares, dot],
        [label("published_type"), label("best_type")],
        loc="upper center",
        frameon=False,
        ncols=2,
        bbox_to_anchor=(0.5, -0.55 / (0.5 + 0.75 * len(best))),
    )
    return ax
