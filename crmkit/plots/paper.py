"""What every plot is drawn with: words in the language, axes, colours; computes nothing.

Readable in greyscale and by the colour-blind: what a colour says is said by place, hatching or a label too. Without
``ax`` a figure with constrained layout is made, so that labels in both languages are never clipped.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import FuncFormatter

from .. import fonts
from ..intervals import Estimate
from ..language import get_language, in_language
from ..tables import number, percent
from ..terms import has_term, term_pair

BLUE, ORANGE, VERMILION, INK = "#0072B2", "#E69F00", "#D55E00", "#222222"  # Okabe and Ito's
PALE, GREY, DARK = "#C4C9CD", "#8A8F94", "#5F666D"  # beside blue; lines; beside orange
TIER_COLOURS = ("#BFD9EE", "#E69F00", "#6B7780", "#3F464C")  # platinum, gold, iron, lead; in greyscale light to dark
PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}  # under words that a line may cross
HEAT = "YlGnBu"  # one direction of lightness, so greyscale keeps the order


# --- words and numbers ----------------------------------------------------------------------

def label(slug: str, *, lines: bool = False) -> str:
    """A term as a label: begins with a capital in English; ``lines`` puts the two languages one below the other."""
    if not has_term(slug):
        return str(slug)  # a client's own tier or segment
    zh, en = term_pair(slug)
    return in_language(zh, en[:1].upper() + en[1:] if get_language() == "en" else en, between="\n" if lines else " ")


def with_interval(estimate, show=percent) -> str:
    """``66.3% (95%: 65.0%–67.5%)``; the value alone where there is no interval."""
    if estimate.low is None:
        return show(estimate.value)
    dash = " – " if estimate.low < 0 else "–"  # beside a minus sign a bare dash is read as another
    return f"{show(estimate.value)} ({estimate.level:.0%}: {show(estimate.low)}{dash}{show(estimate.high)})"


def estimates(table: pd.DataFrame, column: str, level: float) -> list[Estimate]:
    """A column as estimates, with the interval of its ``_low`` and ``_high`` where the table has them."""
    ends = (table.get(f"{column}_{end}", [None] * len(table)) for end in ("low", "high"))
    return [Estimate(value=v, low=low, high=high, level=level) for v, low, high in zip(table[column], *ends)]


# --- the paper ------------------------------------------------------------------------------

def axes(ax: Axes | None, title: str, *, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """The Axes given, or those of a new figure, ready to be drawn on: the font, the title, no frame above and right."""
    fonts.use()
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set_title(title, loc="left", color=INK, pad=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def share_axis(axis, slug: str) -> None:
    """Shares as percentages, under the term."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, 0)))
    axis.set_label_text(label(slug))


def on(colour: str) -> str:
    """Ink or white, whichever is read better on the colour."""
    r, g, b = to_rgb(colour)
    return INK if 0.299 * r + 0.587 * g + 0.114 * b > 0.5 else "white"


def tier_colours(n: int) -> list:
    shades = plt.get_cmap("cividis")
    return list(TIER_COLOURS) if n == 4 else [shades(0.95 - 0.85 * i / max(1, n - 1)) for i in range(n)]


def row_labels(axis, slugs) -> None:
    axis.set_ticks(range(len(slugs)), [label(s, lines=True) for s in slugs])
    axis.set_tick_params(length=0)


def heat_map(ax: Axes, table: pd.DataFrame, show) -> None:
    import seaborn as sns

    sns.heatmap(table, ax=ax, cmap=HEAT, annot=table.map(show), fmt="", cbar=False, linewidths=1, linecolor="white")
    for set_ticks, slugs in ((ax.set_xticks, table.columns), (ax.set_yticks, table.index)):
        set_ticks([i + 0.5 for i in range(len(slugs))], [label(str(s), lines=True) for s in slugs], rotation=0)
    ax.tick_params(length=0)


def money_axis(axis, slug: str) -> None:
    """Numbers as the tables write them, under the term."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    axis.set_label_text(label(slug))


def estimate_bars(ax: Axes, slugs, estimates, *, show=number, best=None) -> None:
    """A row per slug: a bar, its interval and the value beside it; ``best`` is the slug to be seen first.

    Below zero a bar is hatched, so that a loss is seen without colour.
    """
    for i, (slug, estimate) in enumerate(zip(slugs, estimates)):
        value, loss = estimate.value, estimate.value < 0
        ax.barh(i, value, height=0.6, color="white" if loss else BLUE if slug == best else PALE,
                edgecolor=VERMILION if loss else INK, linewidth=0.8, hatch="////" if loss else None)
        if estimate.low is not None:
            ax.errorbar(value, i, xerr=[[max(0, value - estimate.low)], [max(0, estimate.high - value)]], color=INK,
                        capsize=4, linewidth=1.2)
        ax.annotate(with_interval(estimate, show).replace(" (", "\n("), (1.02, i), va="center", fontsize=9,
                    xycoords=("axes fraction", "data"))
    row_labels(ax.yaxis, slugs)
    ax.invert_yaxis()
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.spines["left"].set_visible(False)


def lines(ax: Axes, x, series: dict, *, bands: dict | None = None) -> None:
    """A line per slug, told apart by dashes as well as colour, named at its right end; ``bands``: slug → (low, high)."""
    ends = []
    for i, (slug, y) in enumerate(series.items()):
        colour = (BLUE, VERMILION, DARK, ORANGE, INK)[i % 5]
        ax.plot(x, y, color=colour, linestyle=("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))[i % 5], linewidth=2)
        if bands and slug in bands:
            ax.fill_between(x, *bands[slug], color=colour, alpha=0.15, linewidth=0)
        last = np.flatnonzero(np.isfinite(np.asarray(y, dtype=float)))[-1]
        ends.append((float(np.asarray(y, dtype=float)[last]), slug, colour))
    # names that would lie on one another are moved apart; two languages take two lines
    low, high = ax.get_ylim()
    apart = (high - low) * (0.11 if get_language() == "both" else 0.065)
    place = -np.inf
    for y, slug, colour in sorted(ends):
        place = max(y, place + apart)
        ax.annotate(label(slug, lines=True), (1.015, place), va="center", color=INK, fontsize=9,
                    xycoords=("axes fraction", "data"), linespacing=1.1)
        ax.plot(1.006, place, marker="s", markersize=4, color=colour, clip_on=False,
                transform=ax.get_yaxis_transform())
