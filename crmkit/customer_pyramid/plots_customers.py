"""Segments and sales (F13)."""

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.schema import require_choice, require_columns
from crmkit.display.alternative import tell
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    axes,
    colon,
    either_side,
    estimates,
    heat_map,
    label,
    paired_bars,
    row_labels,
    with_interval,
)
from crmkit.display.numbers import decimal, number, percent


def plot_rfm(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many customers have each pair of recency and frequency scores; the best are at the top right.

    ``scores``: what ``rfm_scores`` gives (recency_score, frequency_score).
    """
    require_columns(scores, ("recency_score", "frequency_score"), what="plot_rfm")
    ax = axes(ax, f"{label('rfm')}{colon()}{label('customers')}", size=(6, 4.6))
    counts = pd.crosstab(scores["frequency_score"], scores["recency_score"])
    every = range(1, int(max(counts.index.max(), counts.columns.max())) + 1)
    heat_map(
        ax,
        counts.reindex(index=reversed(every), columns=every, fill_value=0),
        lambda v: f"{v:,}",
        x="recency_score",
        y="frequency_score",
    )
    return ax


def plot_segments(sizes: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each segment's share of customers and of value, as two bars.

    ``sizes``: a row per segment with segment, customer_share, value_share (0…1).
    """
    require_columns(sizes, ("segment", "customer_share", "value_share"), what="plot_segments")
    ax = axes(ax, label("segments"), size=(7.2, 1.4 + 0.52 * len(sizes)), x=("", percent))
    paired_bars(ax, sizes, ("customer_share", "value_share"), show=percent, flat=True)
    for row in sizes.itertuples():
        shares = [("customer_share", percent(row.customer_share)), ("value_share", percent(row.value_share))]
        tell(ax, [(row.segment, shares)])
    ax.set_yticks(range(len(sizes)), [label(s, lines=False) for s in sizes["segment"]])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(sizes) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.legend(frameon=False, loc="lower right")
    return ax


def plot_segmentations(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How well each way of grouping customers ranks those who did something later, beside chance (0.5, the line).

    ``result``: what ``compare_segmentations`` gives.
    """
    require_columns(result, ("segmentation", "auc", "auc_low", "auc_high"), what="plot_segmentations")
    ax = axes(ax, label("compared_segmentations"), size=(7.2, 1.6 + 0.5 * len(result)), x=("auc", decimal))
    for i, estimate in enumerate(estimates(result, "auc")):
        ax.errorbar(estimate.value, i, xerr=either_side(estimate), fmt="o", color=INK, capsize=4)
        said = with_interval(estimate, partial(decimal, digits=3))
        ax.annotate(said, (1.02, i), va="center", fontsize=9, xycoords=("axes fraction", "data"))
    row_labels(ax.yaxis, result["segmentation"])
    ax.axvline(0.5, color=GREY, linestyle="--", linewidth=1)
    ax.set_ylim(len(result) - 0.4, -0.6)
    return ax


def plot_sales(transactions: pd.DataFrame, *, measure: str = "revenue", ax: Axes | None = None) -> Axes:
    """Month by month: ``revenue`` (sum of amount) or ``active_customers`` (who bought in the month).

    ``transactions``: customer_id, date, amount.
    """
    require_columns(transactions, ("customer_id", "date", "amount"), what="plot_sales")
    require_choice(measure, ("revenue", "active_customers"), name="measure")
    months = transactions.groupby(transactions["date"].dt.to_period("M"))
    totals = months["amount"].sum() if measure == "revenue" else months["customer_id"].nunique()
    totals = totals.reindex(pd.period_range(totals.index.min(), totals.index.max(), freq="M"), fill_value=0)
    ax = axes(ax, label(f"monthly_{measure}"), size=(7.2, 3.6), x="month", y=("", number))
    bars = ax.bar(range(len(totals)), totals, color=BLUE, width=0.75)
    if len(totals) <= 24:
        ax.bar_label(bars, [number(v) for v in totals], padding=2, fontsize=8)
    every = max(1, len(totals) // 12 + (len(totals) % 12 > 0)) if len(totals) > 12 else 1
    places = range(0, len(totals), every)
    ax.set_xticks(
        places,
        [
            totals.index[i].strftime("%m\n%Y" if i == 0 or totals.index[i].month <= every else "%m")
            for i in places
        ],
    )
    return ax
