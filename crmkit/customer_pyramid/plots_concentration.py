"""How concentrated value is (F15)."""

import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.intervals import Estimate
from crmkit.core.schema import require_columns
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    PAPER,
    VERMILION,
    axes,
    colon,
    either_side,
    label,
    row_labels,
    with_interval,
)
from crmkit.display.numbers import number, percent

from .concentration import LongTail, ParetoTest, WhaleCurve


def plot_lorenz(curve: pd.DataFrame, *, gini: Estimate | None = None, ax: Axes | None = None) -> Axes:
    """The Lorenz curve, poorest customers first, against the line of equality; ``gini``: its Estimate, written in.

    ``curve``: what ``lorenz`` gives (customer_share, value_share).
    """
    require_columns(curve, ("customer_share", "value_share"), what="plot_lorenz")
    ax = axes(
        ax,
        label("lorenz_curve"),
        size=(5.6, 5),
        x=("customers_poorest_first", percent),
        y="cumulative_value_share",
    )
    x, y = curve["customer_share"], curve["value_share"]
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2)
    ax.plot(x, y, color=BLUE, linewidth=2.2)
    ax.fill_between(x, y, x, color=BLUE, alpha=0.13, linewidth=0)
    ax.annotate(
        label("equality_line", lines=True),
        (0.42, 0.42),
        (-8, 8),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontsize=9,
    )
    if gini is not None:
        ax.annotate(
            f"{label('gini')}\n{with_interval(gini, lambda v: f'{v:.3f}')}",
            (0.03, 0.97),
            va="top",
            xycoords="axes fraction",
        )
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return ax


def plot_pareto(curve: pd.DataFrame, *, test: ParetoTest | None = None, ax: Axes | None = None) -> Axes:
    """Cumulative value of the best customers; ``test`` (a ``ParetoTest``) sets the measured share beside the claim.

    ``curve``: what ``lorenz`` gives, drawn from its rich end.
    """
    require_columns(curve, ("customer_share", "value_share"), what="plot_pareto")
    ax = axes(
        ax,
        label("pareto_curve"),
        size=(6.4, 4.4),
        x=("customers_best_first", percent),
        y="cumulative_value_share",
    )
    ax.plot(1 - curve["customer_share"], 1 - curve["value_share"], color=BLUE, linewidth=2.2)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    if test is not None:
        found = test.estimate
        ax.plot(
            [test.top, test.top, 0], [0, test.share, test.share], color=GREY, linestyle=":", linewidth=1.2
        )
        ax.plot(
            test.top,
            test.share,
            marker="D",
            markersize=8,
            markerfacecolor="white",
            markeredgecolor=VERMILION,
            markeredgewidth=1.6,
            linestyle="none",
        )
        ax.errorbar(
            test.top, found.value, marker="o", markersize=7, color=INK, capsize=5, yerr=either_side(found)
        )
        claim = f"◇ {label('pareto_claim')}{colon()}{percent(test.top, 0)} → {percent(test.share, 0)}"
        measured = f"● {label('pareto_measured')}{colon()}{percent(test.top, 0)} → {with_interval(found)}"
        ax.annotate(
            f"{claim}\n{measured}",
            (0.985, 0.05),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            linespacing=1.6,
            bbox=PAPER,
        )
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    return ax


def plot_whale(result: WhaleCurve, *, ax: Axes | None = None) -> Axes:
    """The whale curve: cumulative profit, best customers first; its peak, and the loss in the tail after it.

    ``result``: a ``WhaleCurve``.
    """
    curve, peak, at = result.curve, result.peak_share, result.peak_customers_share
    ax = axes(
        ax,
        label("whale_curve"),
        size=(7, 4.4),
        x=("customers_best_first", percent),
        y="cumulative_profit_share",
    )
    x, y = curve["customer_share"], curve["profit_share"]
    ax.plot(x, y, color=BLUE, linewidth=2.2)
    ax.axhline(1, color=GREY, linewidth=1, linestyle="--")
    ax.fill_between(
        x,
        y,
        1,
        where=(x >= at.value) & (y >= 1),
        facecolor="none",
        edgecolor=VERMILION,
        hatch="////",
        linewidth=0,
    )
    ax.plot(at.value, peak.value, marker="o", markersize=7, color=INK)
    ax.plot([at.value, at.value], [0, peak.value], color=GREY, linewidth=1, linestyle=":")
    text = (
        f"{label('profit_peak')}{colon()}{with_interval(peak)}\n{label('peak_customers')}{colon()}{with_interval(at)}\n"
        f"{label('tail_loss')}{colon()}{with_interval(result.tail_loss, number)}"
    )
    ax.annotate(
        text, (0.985, 0.05), xycoords="axes fraction", ha="right", va="bottom", linespacing=1.6, bbox=PAPER
    )
    ax.set(xlim=(0, 1), ylim=(min(0, y.min()), max(1, y.max()) * 1.08))
    return ax


def plot_long_tail(result: LongTail, *, ax: Axes | None = None) -> Axes:
    """How many customers (or products) are in the tail and how much they bring: two bars, with intervals.

    ``result``: a ``LongTail``.
    """
    ax = axes(
        ax, f"{label('long_tail')}{colon()}< {number(result.threshold)}", size=(7, 2.8), x=("", percent)
    )
    for i, share in enumerate((result.customer_share, result.value_share)):
        for left, width, colour, hatch, name in (
            (0, share.value, ORANGE, "", "tail"),
            (share.value, 1 - share.value, PALE, "..", "head"),
        ):
            ax.barh(
                i,
                width,
                left=left,
                height=0.55,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0,
                label=label(name) if i == 0 else None,
            )
        ax.errorbar(share.value, i, color=INK, capsize=5, xerr=either_side(share))
        ax.text(1.02, i, with_interval(share).replace(" (", "\n("), va="center")
    row_labels(ax.yaxis, ["customer_share", "value_share"])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.spines[["left"]].set_visible(False)
    ax.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.14))
    return ax
