"""What every plot is drawn with: words in the language, axes, colours; computes nothing.

Readable in greyscale and by the colour-blind: what a colour says is said by place, hatching or a label too. Without
``ax`` a figure with constrained layout is made, so that labels in both languages are never clipped.

seaborn draws the heat maps. Bars and lines are matplotlib's: seaborn would estimate their intervals anew from rows,
and these come from the tested models; hatches, names at the ends of lines and numbers beside bars would be set by hand
on what it returns all the same.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb

from crmkit.core.columns import column_kind
from crmkit.core.glossary import has_term, named
from crmkit.core.intervals import Estimate
from crmkit.core.language import get_language, in_language
from crmkit.core.messages import MESSAGES

from . import fonts
from .chart import UNLISTED
from .numbers import number, percent, written

BLUE, ORANGE, VERMILION, INK = "#0072B2", "#E69F00", "#D55E00", "#222222"  # Okabe and Ito's
PALE, GREY, DARK = "#C4C9CD", "#8A8F94", "#5F666D"  # beside blue; lines; beside orange
TIER_COLOURS = (
    "#BFD9EE",
    "#E69F00",
    "#6B7780",
    "#3F464C",
)  # platinum, gold, iron, lead; in greyscale light to dark
PAPER = {
    "facecolor": "white",
    "edgecolor": "none",
    "alpha": 0.85,
    "pad": 2,
}  # under words that a line may cross
HEAT = "YlGnBu"  # one direction of lightness, so greyscale keeps the order


# --- words and numbers ----------------------------------------------------------------------


def label(slug: str, *, lines: bool = False) -> str:
    """A term as a label: begins with a capital in English; ``lines`` puts the two languages one below the other."""
    zh, en = named(slug)  # a client's own tier or segment is called as it is
    if get_language() == "en" and has_term(slug):
        en = en[:1].upper() + en[1:]
    return in_language(zh, en, between="\n" if lines else " ")


def colon() -> str:
    """Between a label and what it is of, as the language writes it."""
    zh, en = MESSAGES.pair("colon")
    return zh if get_language() == "zh" else en


def with_interval(estimate, show=percent) -> str:
    """``66.3% (95%: 65.0%–67.5%)``; the value alone where there is no interval."""
    if estimate.low is None:
        return show(estimate.value)
    dash = " – " if estimate.low < 0 else "–"  # beside a minus sign a bare dash is read as another
    interval = f"{show(estimate.low)}{dash}{show(estimate.high)}"
    return f"{show(estimate.value)} ({percent(estimate.confidence, 0)}: {interval})"


def estimates(table: pd.DataFrame, column: str, confidence: float | None = None) -> list[Estimate]:
    """A column as estimates: the ends of its interval stand in its ``_low`` and ``_high``, where the table has them.

    ``confidence``: of these intervals; if None, what the table was told of itself (``intervals.of_confidence``).
    """
    stated = table.attrs.get("confidence", 0.95) if confidence is None else confidence
    ends = (table.get(f"{column}_{end}", pd.Series(np.nan, table.index)) for end in ("low", "high"))
    return [
        Estimate(
            value=v,
            low=None if pd.isna(low) else low,
            high=None if pd.isna(low) else high,
            confidence=stated,
        )
        for v, low, high in zip(table[column], *ends)
    ]


def either_side(estimate: Estimate) -> list | None:
    """How far the interval reaches below and above the value, as matplotlib's ``xerr`` and ``yerr`` ask for it."""
    if estimate.low is None:
        return None
    low, high = estimate.ends
    return [[max(0, estimate.value - low)], [max(0, high - estimate.value)]]


# --- the paper ------------------------------------------------------------------------------


# what an axis may be called: a slug, or a slug and how its ticks are written
Named = str | tuple[str, Callable[[float], str]] | None


def axes(
    ax: Axes | None, title: str, *, size: tuple[float, float] = (6.4, 4.2), x: Named = None, y: Named = None
) -> Axes:
    """The Axes given, or those of a new figure, ready to be drawn on: the font, the title, no frame above and right.

    ``x`` and ``y``: a slug, or a slug (empty: no word) and how its ticks are written, as for ``name_axis``.
    """
    fonts.serve()
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set_title(title, loc="left", color=INK, pad=10)
    ax.spines[["top", "right"]].set_visible(False)
    for axis, wanted in ((ax.xaxis, x), (ax.yaxis, y)):
        if wanted:
            name_axis(axis, *([wanted] if isinstance(wanted, str) else wanted))
    return ax


def name_axis(axis: Axis, slug: str, show: Callable[[float], str] | None = None) -> None:
    """The term at an axis; ``show`` writes its ticks: if not given, as the column's kind asks,
    where it has one to ask.
    """
    axis.set_label_text(label(slug))
    if show is None and column_kind(slug) in ("share", "money", "count"):
        show = written(slug)
    if show is not None:
        axis.set_major_formatter(lambda v, _: tick(v, show))


def tick(value: float, show) -> str:
    """A number where it stands: ``number`` unrounded, ``percent`` whole if it is, others as they write it."""
    if show is number:
        return number(value, exact=True)
    return (
        percent(value, int(abs(100 * value - round(100 * value)) > 1e-6)) if show is percent else show(value)
    )


def on(colour: str | tuple[float, float, float, float]) -> str:
    """Ink or white, whichever is read better on the colour."""
    r, g, b = to_rgb(colour)
    return INK if 0.299 * r + 0.587 * g + 0.114 * b > 0.5 else "white"


def tier_colours(n: int) -> list:
    shades = plt.get_cmap("cividis")
    return list(TIER_COLOURS) if n == 4 else [shades(0.95 - 0.85 * i / max(1, n - 1)) for i in range(n)]


def row_labels(axis, slugs) -> None:
    axis.set_ticks(range(len(slugs)), [label(s, lines=True) for s in slugs])
    axis.set_tick_params(length=0)


def heat_map(ax: Axes, table: pd.DataFrame, show, *, x: str, y: str) -> None:
    """The table's cells, the darker the more, written by ``show``; ``x`` and ``y`` name its columns and its rows."""
    import seaborn as sns

    sns.heatmap(
        table, ax=ax, cmap=HEAT, annot=table.map(show), fmt="", cbar=False, linewidths=1, linecolor="white"
    )
    for set_ticks, slugs in ((ax.set_xticks, table.columns), (ax.set_yticks, table.index)):
        set_ticks(
            [i + 0.5 for i in range(len(slugs))], [label(str(s), lines=True) for s in slugs], rotation=0
        )
    ax.tick_params(length=0)
    name_axis(ax.xaxis, x)
    name_axis(ax.yaxis, y)


def paired_bars(
    ax: Axes, table: pd.DataFrame, slugs, *, show=number, colours=(DARK, ORANGE), flat=False
) -> None:
    """Two columns side by side, a pair of bars for each row (``flat``: lying), each with its number at its end."""
    for offset, slug, colour, hatch in zip((-0.2, 0.2), slugs, colours, ("", "//")):
        bars = (ax.barh if flat else ax.bar)(
            np.arange(len(table)) + offset,
            table[slug],
            0.38,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=label(slug, lines=not flat),
        )
        ax.bar_label(bars, [show(value) for value in table[slug]], padding=3, fontsize=9)


def before_and_after(ax: Axes | None, table: pd.DataFrame, *, name: str, profit_change: Estimate) -> Axes:
    """Resources before and after, a pair of bars for each row, and below the title the change of profit to expect.

    ``table``: ``resources_before``, ``resources_after``, and the column ``name`` with what the resources go to.
    """
    said = f"{label('profit_change')}{colon()}{with_interval(profit_change, number)}"
    ax = axes(ax, f"{label('reallocation')}\n{said}", size=(7, 4.2), y="resources")
    paired_bars(ax, table, ("resources_before", "resources_after"), colours=(PALE, BLUE))
    ax.set_xticks(range(len(table)), [label(slug, lines=True) for slug in table[name]])
    ax.margins(y=0.12)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def estimate_bars(ax: Axes, slugs, estimates, *, show=number, best=None) -> None:
    """A row per slug: a bar, its interval and the value beside it; ``best`` is the slug to be seen first.

    Below zero a bar is hatched, so that a loss is seen without colour.
    """
    for i, (slug, estimate) in enumerate(zip(slugs, estimates)):
        value, loss = estimate.value, estimate.value < 0
        ax.barh(
            i,
            value,
            height=0.6,
            color="white" if loss else BLUE if slug == best else PALE,
            edgecolor=VERMILION if loss else INK,
            linewidth=0.8,
            hatch="////" if loss else None,
        )
        ax.errorbar(value, i, xerr=either_side(estimate), color=INK, capsize=4, linewidth=1.2)
        ax.annotate(
            with_interval(estimate, show).replace(" (", "\n("),
            (1.02, i),
            va="center",
            fontsize=9,
            xycoords=("axes fraction", "data"),
        )
    row_labels(ax.yaxis, slugs)
    ax.invert_yaxis()
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.spines["left"].set_visible(False)


def lines(ax: Axes, x, series: dict, *, bands: dict | None = None) -> None:
    """A line per slug, told apart by dashes as well as colour, named at its right end; ``bands``:
    slug → (low, high).
    """
    ends = []
    for i, (slug, y) in enumerate(series.items()):
        colour = (BLUE, VERMILION, DARK, ORANGE, INK)[i % 5]
        dashes = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))[i % 5]
        ax.plot(x, y, color=colour, linestyle=dashes, linewidth=2, label=UNLISTED + label(slug))
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
        ax.annotate(
            label(slug, lines=True),
            (1.015, place),
            va="center",
            color=INK,
            fontsize=9,
            xycoords=("axes fraction", "data"),
            linespacing=1.1,
        )
        ax.plot(
            1.006,
            place,
            marker="s",
            markersize=4,
            color=colour,
            clip_on=False,
            transform=ax.get_yaxis_transform(),
        )
