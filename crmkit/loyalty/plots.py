"""Loyalty by will and action, satisfaction, recovery, and what a programme earns (F19–F22)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from crmkit.display.drawing import (
    BLUE,
    INK,
    PAPER,
    VERMILION,
    axes,
    colon,
    estimate_bars,
    estimates,
    label,
    lines,
)
from crmkit.display.numbers import number, percent

from .loyalty import LoyaltyForms, LoyaltyProgramme, PointsLiability, RecoveryParadox, SatisfactionLoyalty

# the questions that the forms answer, by the first form: what is asked upwards, and to the right
_ASKED = {
    "true_loyalty": ("attitude", "purchases"),
    "brand_loyalty": ("involvement", "purchases"),
    "apostle": ("satisfaction", "loyalty"),
}


def plot_loyalty_forms(result: LoyaltyForms, *, ax: Axes | None = None) -> Axes:
    """The forms as a square, darker where more customers are: their share and, where known, how many came back.

    ``result``: a ``LoyaltyForms``, or the ``types`` of a ``SatisfactionLoyalty``.
    """
    forms = result.forms
    up, right = _ASKED[forms["segment"][0]]
    ax = axes(ax, f"{label(up)} × {label(right)}", size=(7, 4.6))
    places = (
        [(1, 1, 1), (0, 1, 1), (1, 0, 1), (0, 0, 1)] if len(forms) == 4 else [(1, 1, 1), (0, 0, 2), (1, 0, 1)]
    )
    for (x, y, height), form in zip(places, forms.to_dict("records")):
        ax.add_patch(Rectangle((x, y), 1, height, facecolor=BLUE, alpha=0.05 + 0.55 * form["customer_share"]))
        ax.add_patch(Rectangle((x, y), 1, height, facecolor="none", edgecolor="white", linewidth=3))
        said = f"{label(form['segment'])}\n{label('customer_share')} {percent(form['customer_share'])}"
        if np.isfinite(form.get("retention_rate", np.nan)):
            rate, low, high = (
                percent(form[k], 0) for k in ("retention_rate", "retention_rate_low", "retention_rate_high")
            )
            said += f"\n{label('retained')} {rate} ({low}–{high})"
        ax.text(x + 0.5, y + height / 2, said, ha="center", va="center", linespacing=1.5, color=INK)
    ax.set(
        xlim=(0, 2), ylim=(0, 2), xlabel=f"{label(right)} →", ylabel=f"{label(up)} →", xticks=[], yticks=[]
    )
    ax.spines[:].set_visible(False)
    return ax


def plot_satisfaction_loyalty(result: SatisfactionLoyalty, *, ax: Axes | None = None) -> Axes:
    """Who buys again, by satisfaction: a fitted curve with its band per market, and the shares as counted.

    ``result``: a ``SatisfactionLoyalty``.
    """
    wide = result.curve.pivot(index="satisfaction", columns="market")
    ax = axes(
        ax,
        f"{label('satisfaction')} × {label('loyalty')}",
        size=(7.4, 4.4),
        x="satisfaction",
        y=("retained", percent),
    )
    ax.set_ylim(0, 1)
    for i, (_, counted) in enumerate(result.scores.groupby("market")):
        y, x = counted["retention_rate"], counted["satisfaction"]
        ax.errorbar(
            x,
            y,
            yerr=[y - counted["retention_rate_low"], counted["retention_rate_high"] - y],
            fmt="osD^v"[i % 5],
            color=INK,
            capsize=3,
            markerfacecolor="white",
            linewidth=1,
        )
    lines(
        ax,
        wide.index,
        dict(wide["retention_rate"].items()),
        bands={
            market: (wide["retention_rate_low"][market], wide["retention_rate_high"][market])
            for market in wide["retention_rate"]
        },
    )
    ax.set_xticks(sorted(result.scores["satisfaction"].unique()))
    return ax


def plot_recovery_paradox(result: RecoveryParadox, *, ax: Axes | None = None) -> Axes:
    """Retention after a complaint handled well, less that without a complaint: crude, in each stratum, and pooled.

    ``result``: a ``RecoveryParadox``.
    """
    ax = axes(ax, label("recovery_paradox"), size=(7.4, 3.8), x=("difference_points", percent))
    table = result.differences
    estimate_bars(
        ax,
        table["measure"],
        estimates(table, "difference", result.crude.confidence),
        show=percent,
        best="stratified",
    )
    return ax


def plot_loyalty_programme(result: LoyaltyProgramme, *, ax: Axes | None = None) -> Axes:
    """What the programme earns against the control group, and the two last rows: what the look at members says.

    ``result``: a ``LoyaltyProgramme``.
    """
    ax, table = axes(ax, label("loyalty_programme"), size=(7.6, 4.6), x="value"), result.statement
    estimate_bars(
        ax, table["measure"], estimates(table, "value", result.net_profit.confidence), best="net_profit"
    )
    ax.axhline(3.5, color=INK, linestyle=":", linewidth=1)
    ax.locator_params(axis="x", nbins=5)
    return ax


def plot_points_liability(result: PointsLiability, *, ax: Axes | None = None) -> Axes:
    """The share of points redeemed by their age; what stays above the curve at expiry is breakage.

    ``result``: a ``PointsLiability``.
    """
    months, redeemed = result.curve["age_months"] + 1, result.curve["redeemed_share"]
    ax = axes(
        ax,
        f"{label('points_liability')}{colon()}{number(result.liability)}",
        size=(6.4, 4.2),
        x="age_months",
        y="redeemed_share",
    )
    ax.step([0, *months], [0, *redeemed], where="post", color=BLUE, linewidth=2.2)
    last = months.iloc[-1]
    ax.plot([last, last], [redeemed.iloc[-1], 1], color=VERMILION, linewidth=4, solid_capstyle="butt")
    ax.annotate(
        f"{label('breakage')}{colon()}{percent(result.breakage_rate)}",
        (last, 1 - result.breakage_rate / 2),
        (-8, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        bbox=PAPER,
    )
    ax.set_ylim(0, 1)
    return ax
