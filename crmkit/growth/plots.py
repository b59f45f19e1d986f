"""Growing the customer: the funnel, the ladder, cross-selling and referral (F23–F25, F27)."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from crmkit.display.drawing import (
    BLUE,
    DARK,
    GREY,
    INK,
    axes,
    estimate_bars,
    estimates,
    heat_map,
    label,
    lines,
)
from crmkit.display.numbers import number, percent

from .growth import CustomerLadder, ReferralGrowth


def plot_purchase_funnel(stages: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Who went on at each stage, and what lifting that stage would bring after its cost; the best one in blue.

    ``stages``: what ``purchase_funnel`` gives.
    """
    ax = axes(ax, label("purchase_funnel"), size=(8, 4.2), x=("worth_of_lifting", number))
    rows = [
        f"{label(r.stage)}\n{number(r.people_before)} → {number(r.people)}  ({percent(r.conversion_rate)})"
        for r in stages.itertuples()
    ]
    estimate_bars(ax, rows, estimates(stages, "net_gain"), best=rows[stages["net_gain"].argmax()])
    return ax


def plot_customer_ladder(result: CustomerLadder, *, ax: Axes | None = None) -> Axes:
    """From which rung to which, and beside each rung what a customer on it is worth.

    ``result``: a ``CustomerLadder``.
    """
    ax = axes(ax, label("customer_ladder"), size=(8, 4.8))
    moves, rungs = result.transitions, result.rungs
    table = moves.pivot(index="from_rung", columns="to_rung", values="probability")
    table = table.loc[rungs["rung"], moves["to_rung"].unique()]
    worth = [f"{label(r.rung, lines=True)}\n{label('value')} {number(r.value)}" for r in rungs.itertuples()]
    heat_map(
        ax, table.set_axis(worth), lambda v: percent(v, 0 if v in (0, 1) else 1), x="to_rung", y="from_rung"
    )
    return ax


def plot_cross_sell(
    rules: pd.DataFrame, *, false_discovery_rate: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Lift and support of every pair; pairs that chance does not explain are filled, and the surest six are named.

    ``rules``: what ``cross_sell_rules`` gives.
    """
    ax = axes(ax, label("cross_selling"), size=(7.4, 4.6))
    pairs = rules[rules["product_id"].astype(str) < rules["next_product_id"].astype(str)]
    sure = pairs["p_adjusted"] <= false_discovery_rate
    looks: tuple[tuple[pd.DataFrame, str, dict[str, Any]], ...] = (
        (pairs[~sure], "may_be_chance", {"facecolors": "none", "edgecolors": GREY}),
        (pairs[sure], "beyond_chance", {"color": BLUE, "marker": "D"}),
    )
    for rows, slug, look in looks:
        ax.scatter(
            rows["rule_support"], rows["rule_lift"], label=f"{label(slug)} ({len(rows)})", s=28, **look
        )
    for i, r in enumerate(pairs[sure].head(6).sort_values("rule_support").itertuples()):
        ax.annotate(
            f"{label(r.product_id)} + {label(r.next_product_id)}",
            (r.rule_support, r.rule_lift),
            (6, 5 if i % 2 else -11),
            textcoords="offset points",
            fontsize=9,
            color=INK,
        )
    ax.axhline(1, color=DARK, linewidth=0.8, linestyle="--")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda v, _: percent(v))
    ax.xaxis.set_minor_formatter("")
    ax.set(xlabel=label("rule_support"), ylabel=label("rule_lift"))
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)
    return ax


def plot_referral_growth(result: ReferralGrowth, *, ax: Axes | None = None) -> Axes:
    """The number of customers to come, with its interval, and what it would be if nobody referred anybody.

    ``result``: a ``ReferralGrowth``.
    """
    paths = result.paths
    ax = axes(ax, label("referral_growth"), size=(7, 4.2), x="periods_later", y="customers")
    lines(
        ax,
        paths["period"],
        {"customers": paths["customers"], "without_referral": paths["without_referral"]},
        bands={"customers": (paths["customers_low"], paths["customers_high"])},
    )
    return ax


def plot_double_jeopardy(brands: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How often each brand's buyers buy it, by how many buy it at all, beside what its size leads one to expect.

    ``brands``: what ``double_jeopardy`` gives.
    """
    ax = axes(
        ax, label("double_jeopardy"), size=(7, 4.2), x=("penetration", percent), y="purchases_per_buyer"
    )
    expected = "expected_purchases_per_buyer"
    ax.plot(
        brands["penetration"],
        brands[expected],
        color=DARK,
        linestyle="--",
        linewidth=1.2,
        label=label(expected),
    )
    ax.scatter(
        brands["penetration"], brands["purchases_per_buyer"], color=BLUE, label=label("purchases_per_buyer")
    )
    for row in brands.itertuples():
        place = (row.penetration, row.purchases_per_buyer)
        ax.annotate(
            label(row.brand), place, (0, 8), textcoords="offset points", ha="center", color=INK, fontsize=9
        )
    ax.set_ylim(0, 1.25 * brands["purchases_per_buyer"].max())
    ax.margins(x=0.15)  # for names in the middle of which the outermost points stand
    ax.legend(frameon=False, loc="lower right")
    return ax
