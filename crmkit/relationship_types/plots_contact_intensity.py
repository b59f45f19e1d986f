"""How many contacts and messages pay (F9), and the three defects (F10): participation, promises, breadth."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmkit.core.intervals import Estimate
from crmkit.display.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    VERMILION,
    axes,
    colon,
    estimate_bars,
    estimates,
    label,
    lines,
    with_interval,
)
from crmkit.display.numbers import number, percent

from .contact_intensity import ContactResponse
from .defects import BenefitBreadth, OfferEffect
from .permission import MessagePlan


def plot_contact_response(
    result: ContactResponse, *, segment: str | None = None, ax: Axes | None = None
) -> Axes:
    """The fitted response with its band, the means, and the two points that matter, with their intervals.

    Where contacts were not given at random the means are those among like customers; those recorded are crosses.
    ``result``: a ``ContactResponse``; ``segment``: which one (the first if not given). The distance between the curve
    and the dashed line is the profit in units of the response: the best number of contacts is where it is widest.
    """
    found = result.segments.set_index("segment")
    segment = segment or found.index[0]
    curve, bins = (frame[frame["segment"] == segment] for frame in (result.curve, result.bins))
    ax = axes(
        ax,
        f"{label('contact_response')}{colon()}{label(segment)}",
        size=(7, 5),
        x="contacts",
        y=("response", number),
    )
    x = curve["contacts"]
    ax.fill_between(x, curve["response_low"], curve["response_high"], color=BLUE, alpha=0.18, linewidth=0)
    ax.plot(x, curve["response"], color=BLUE, linewidth=2.2, label=label("as_fitted"))
    ax.plot(x, curve["break_even_response"], color=GREY, linestyle="--", label=label("break_even_response"))
    shown = "mean_recorded"
    if not np.allclose(
        bins["response"], bins["adjusted_response"]
    ):  # the curve need not follow what was recorded
        ax.plot(bins["contacts"], bins["response"], "x", color=GREY, label=label(shown))
        shown = "adjusted_response"
    ax.plot(
        bins["contacts"],
        bins["adjusted_response"],
        "o",
        color="white",
        markeredgecolor=INK,
        label=label(shown),
    )
    most, means = x.max(), bins[["response", "adjusted_response"]].max(axis=None)
    top = max(curve["response_high"].quantile(0.9), means)
    ax.set_yticks(
        [tick for tick in ax.get_yticks() if 0 <= tick <= top]
    )  # under zero there are only the two points
    for slug, colour, marker, y in (
        ("best_contacts", VERMILION, "D", -0.06 * top),
        ("annoyance_point", INK, "s", -0.13 * top),
    ):
        value, low, high = found.loc[segment, [slug, f"{slug}_low", f"{slug}_high"]]
        point = Estimate(value=value, low=low, high=high, confidence=result.confidence)
        said = with_interval(point, lambda v: f"{v:.1f}" if v <= most else f"> {most:g}")
        ax.plot([point.low, min(point.high, most)], [y, y], color=colour, linewidth=2)
        ax.plot(
            min(point.value, most),
            y,
            marker if point.value <= most else ">",
            color=colour,
            linestyle="none",
            label=f"{label(slug)}{colon()}{said}",
        )
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_ylim(-0.2 * top, 1.12 * top)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.14))
    return ax


def _rate_bars(ax: Axes, slugs, names, rates, lows, highs, dark) -> None:
    """A row per slug: its rate with the interval and the figures beside it; ``dark``: the rows to be seen first."""
    for i, (rate, low, high, first) in enumerate(zip(rates, lows, highs, dark)):
        ax.barh(
            i, rate, height=0.6, color=ORANGE if first else PALE, hatch="//" if first else None, edgecolor=INK
        )
        if np.isfinite(low):
            ax.errorbar(rate, i, xerr=[[rate - low], [high - rate]], color=INK, capsize=4)
            ax.annotate(
                f"{percent(rate)}\n({percent(low)}–{percent(high)})",
                (1.02, i),
                va="center",
                fontsize=9,
                xycoords=("axes fraction", "data"),
            )
    ax.tick_params(axis="y", length=0)
    ax.set_yticks(range(len(slugs)), [f"{label(slug, lines=True)}{name}" for slug, name in zip(slugs, names)])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)


def plot_participation_funnel(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A row per step: how many are left, and which share of those at the step before, with its interval.

    ``result``: what ``participation_funnel`` gives. The weakest step is hatched.
    """
    ax = axes(ax, label("participation_funnel"), size=(7.4, 3.4), x="step_rate")
    people = [f"\n{number(n)}" for n in result["customers"]]
    _rate_bars(
        ax,
        result["measure"],
        people,
        result["step_rate"].fillna(1),
        result["step_rate_low"],
        result["step_rate_high"],
        result["weakest"],
    )
    return ax


def plot_promise_gap(result: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A row per promise: on how many orders it was kept, with interval; the last row is all promises together.

    ``result``: what ``promise_gap`` gives.
    """
    ax = axes(ax, label("promises_kept"), size=(7.4, 3.4), x="kept_share")
    together = result["measure"] == "all_promises"
    _rate_bars(
        ax,
        result["measure"],
        [""] * len(result),
        result["kept_share"],
        result["kept_share_low"],
        result["kept_share_high"],
        together,
    )
    return ax


def plot_offer_effect(result: OfferEffect, *, ax: Axes | None = None) -> Axes:
    """A row per step: how many more took it with the offer, in points; above them what an offer earns.

    ``result``: an ``OfferEffect``.
    """
    earned = f"{label('profit_per_offer')}{colon()}{with_interval(result.profit_per_offer, number)}"
    ax = axes(ax, f"{label('offer_effect')}\n{earned}", size=(7.4, 3.2), x=("difference_points", percent))
    shown = estimates(result.steps, "difference", result.profit_per_offer.confidence)
    estimate_bars(ax, result.steps["measure"], shown, show=percent)
    return ax


def plot_benefit_breadth(result: BenefitBreadth, *, ax: Axes | None = None) -> Axes:
    """The effect per member falls as more have the benefit; the total per customer rises, and may turn.

    ``result``: a ``BenefitBreadth``. The dotted line is the best breadth, where the data show one.
    """
    curve, best = result.curve, result.best_breadth
    said = f"{label('best_breadth')}{colon()}{with_interval(best, lambda v: percent(v, 0) if np.isfinite(v) else '…')}"
    ax = axes(
        ax,
        f"{label('benefit_breadth')}\n{said}",
        size=(7.4, 4.2),
        x="breadth_share",
        y=("", number),
    )
    lines(
        ax,
        curve["breadth_share"],
        {c: curve[c] for c in ("effect_per_member", "effect_per_customer")},
        bands={"effect_per_member": (curve["effect_per_member_low"], curve["effect_per_member_high"])},
    )
    if np.isfinite(best.value):
        ax.axvline(best.value, color=INK, linestyle=":")
    return ax


def plot_message_plan(result: MessagePlan, *, channel: str | None = None, ax: Axes | None = None) -> Axes:
    """Profit by messages a month: as it is, with withdrawals, and as it seems to who does not count them.

    ``result``: a ``MessagePlan``; ``channel``: which one (the first if not given). The dots are the best number of
    messages by either line.
    """
    found = result.channels.set_index("channel")
    channel = channel or found.index[0]
    curve = result.curve[result.curve["channel"] == channel].set_index("messages")
    best = found.loc[channel, ["best_messages", "messages_if_nobody_left"]].astype(int)
    ax = axes(
        ax,
        f"{label('message_plan')}{colon()}{label(channel)}",
        size=(7.4, 4.2),
        x="messages",
        y=("profit", number),
    )
    shown = curve[: max(12, best.max() + 3)]
    for name, at, colour, line, marker in (
        ("profit", best["best_messages"], BLUE, "-", "D"),
        ("profit_if_nobody_left", best["messages_if_nobody_left"], VERMILION, "--", "o"),
    ):
        ax.plot(shown.index, shown[name], line, color=colour, linewidth=2, label=label(name))
        if at in shown.index:
            ax.plot(at, curve.loc[at, name], marker, color=colour)
            ax.annotate(f"{at}", (at, curve.loc[at, name]), (0, 8), textcoords="offset points", ha="center")
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.margins(y=0.15)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16))
    return ax
