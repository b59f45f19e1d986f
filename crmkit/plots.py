"""Pictures of the models' results: ``plot_x(result, *, ax=None)`` draws what it is given and returns the Axes.

Readable in greyscale and by the colour-blind: what a colour says is said by place, hatching or a label too. Without
``ax`` a figure with constrained layout is made, so that labels in both languages are never clipped.
"""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import FuncFormatter

from . import fonts
from .language import get_language, in_language
from .schema import require_choice, require_columns
from .tables import number, percent
from .terms import has_term, message, term_pair

BLUE, ORANGE, VERMILION, INK = "#0072B2", "#E69F00", "#D55E00", "#222222"  # Okabe and Ito's
PALE, GREY, DARK = "#C4C9CD", "#8A8F94", "#5F666D"  # beside blue; lines; beside orange
TIER_COLOURS = ("#BFD9EE", "#E69F00", "#6B7780", "#3F464C")  # platinum, gold, iron, lead; in greyscale light to dark
_PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}  # under words that a line may cross
_HEAT = "YlGnBu"  # one direction of lightness, so greyscale keeps the order


# --- words and numbers --------------------------------------------------------------------------------------

def label(slug: str, *, lines: bool = False) -> str:
    """A term as a label: begins with a capital in English; ``lines`` puts the two languages one below the other."""
    if not has_term(slug):
        return str(slug)  # a client's own tier or segment
    zh, en = term_pair(slug)
    return in_language(zh, en[:1].upper() + en[1:] if get_language() == "en" else en, between="\n" if lines else " ")


def _with_interval(estimate, show=percent) -> str:
    """``66.3% (95%: 65.0%–67.5%)``; the value alone where there is no interval."""
    if estimate.low is None:
        return show(estimate.value)
    return f"{show(estimate.value)} ({estimate.level:.0%}: {show(estimate.low)}–{show(estimate.high)})"


# --- the paper ----------------------------------------------------------------------------------------------

def _axes(ax: Axes | None, title: str, *, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    fonts.use()
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set_title(title, loc="left", color=INK, pad=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _share_axis(axis, slug: str) -> None:
    axis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, 0)))
    axis.set_label_text(label(slug))


def _on(colour: str) -> str:
    """Ink or white, whichever is read better on the colour."""
    r, g, b = to_rgb(colour)
    return INK if 0.299 * r + 0.587 * g + 0.114 * b > 0.5 else "white"


def _tier_colours(n: int) -> list:
    shades = plt.get_cmap("cividis")
    return list(TIER_COLOURS) if n == 4 else [shades(0.95 - 0.85 * i / max(1, n - 1)) for i in range(n)]


def _row_labels(axis, slugs) -> None:
    axis.set_ticks(range(len(slugs)), [label(s, lines=True) for s in slugs])
    axis.set_tick_params(length=0)


# --- the pyramid --------------------------------------------------------------------------------------------

def plot_pyramid(result, *, ax: Axes | None = None) -> Axes:
    """The lecture's picture: a row per tier, best on top, with its share of customers, of value and of resources.

    ``result``: a ``Pyramid``. The bars are centred, all on one scale, so the left column is the pyramid itself and the
    middle one shows it upside down. A negative share (a tier that loses money) is hatched.
    """
    tiers = result.tiers
    ax = _axes(ax, label("customer_pyramid"), size=(8, 4.2))
    columns = ["customer_share", "value_share", "resource_share"]
    widest = tiers[columns].abs().max().max()
    step = 1.28 * widest
    colours = _tier_colours(len(tiers))
    for j, column in enumerate(columns):
        for i, share in enumerate(tiers[column]):
            loss = share < 0
            ax.barh(i, abs(share), left=j * step - abs(share) / 2, height=0.92, color="white" if loss else colours[i],
                    edgecolor=VERMILION if loss else INK, linewidth=0.8, hatch="////" if loss else None)
            inside = abs(share) > 0.24 * widest and not loss
            ax.text(j * step if inside else j * step + abs(share) / 2 + 0.02 * step, i, percent(share), va="center",
                    ha="center" if inside else "left", color=_on(colours[i]) if inside else INK)
    ax.set_xlim(-0.56 * step, 2.56 * step)
    ax.set_xticks([j * step for j in range(3)], [label(_BY.get(result.by, c) if c == "value_share" else c, lines=True)
                                                 for c in columns])
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0)
    _row_labels(ax.yaxis, tiers["tier"])
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    return ax


_BY = {"revenue": "revenue_share", "margin": "margin_share", "profit": "profit_share"}


def plot_reallocation(result, *, ax: Axes | None = None) -> Axes:
    """Resources per tier before and after, and below the title the expected profit change with its interval.

    ``result``: a ``Reallocation``.
    """
    tiers = result.tiers
    ax = _axes(ax, label("reallocation"), size=(7, 4.2))
    for offset, column, colour, hatch in ((-0.2, "resources_before", PALE, ""), (0.2, "resources_after", BLUE, "//")):
        bars = ax.bar([i + offset for i in range(len(tiers))], tiers[column], width=0.38, color=colour, hatch=hatch,
                      edgecolor="white", linewidth=0, label=label(column, lines=True))
        ax.bar_label(bars, [number(v) for v in tiers[column]], padding=2, fontsize=9)
    ax.set_xticks(range(len(tiers)), [label(t, lines=True) for t in tiers["tier"]])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.set_ylabel(label("resources"))
    ax.margins(y=0.12)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set_title(f"{label('reallocation')}\n{label('profit_change')}: {_with_interval(result.profit_change, number)}",
                 loc="left", color=INK, pad=10)
    return ax


def plot_migration(result, *, ax: Axes | None = None) -> Axes:
    """From which tier to which: a heat map of the transition probabilities, rows sum to 100 %, new and lost included.

    ``result``: a ``Migration``.
    """
    shares = result.probabilities.dropna(how="all")  # a row in which nobody started says nothing
    if not result.counts["lost_customer"].any():
        shares = shares.drop(columns="lost_customer")
    ax = _axes(ax, label("migration"), size=(7, 4.8))
    _heat_map(ax, shares, lambda v: percent(v, 0 if v in (0, 1) else 1))
    ax.set_xlabel(label("tier_after"))
    ax.set_ylabel(label("tier_before"))
    return ax


def _heat_map(ax: Axes, table: pd.DataFrame, show) -> None:
    import seaborn as sns

    sns.heatmap(table, ax=ax, cmap=_HEAT, annot=table.map(show), fmt="", cbar=False, linewidths=1, linecolor="white")
    for set_ticks, slugs in ((ax.set_xticks, table.columns), (ax.set_yticks, table.index)):
        set_ticks([i + 0.5 for i in range(len(slugs))], [label(str(s), lines=True) for s in slugs], rotation=0)
    ax.tick_params(length=0)


# --- concentration ------------------------------------------------------------------------------------------

def plot_lorenz(curve: pd.DataFrame, *, gini=None, ax: Axes | None = None) -> Axes:
    """The Lorenz curve, poorest customers first, against the line of equality; ``gini``: its Estimate, written in.

    ``curve``: what ``lorenz`` gives (customer_share, value_share).
    """
    require_columns(curve, ("customer_share", "value_share"), what="plot_lorenz")
    ax = _axes(ax, label("lorenz_curve"), size=(5.6, 5))
    x, y = curve["customer_share"], curve["value_share"]
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2)
    ax.plot(x, y, color=BLUE, linewidth=2.2)
    ax.fill_between(x, y, x, color=BLUE, alpha=0.13, linewidth=0)
    ax.annotate(label("equality_line", lines=True), (0.42, 0.42), (-8, 8), textcoords="offset points", ha="right",
                color=INK, fontsize=9)
    if gini is not None:
        ax.annotate(f"{label('gini')}\n{_with_interval(gini, lambda v: f'{v:.3f}')}", (0.03, 0.97), va="top",
                    xycoords="axes fraction")
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    _share_axis(ax.xaxis, "customers_poorest_first")
    _share_axis(ax.yaxis, "cumulative_value_share")
    return ax


def plot_pareto(curve: pd.DataFrame, *, test=None, ax: Axes | None = None) -> Axes:
    """Cumulative value of the best customers; ``test`` (a ``ParetoTest``) sets the measured share beside the claim.

    ``curve``: what ``lorenz`` gives, drawn from its rich end.
    """
    require_columns(curve, ("customer_share", "value_share"), what="plot_pareto")
    ax = _axes(ax, label("pareto_curve"), size=(6.4, 4.4))
    ax.plot(1 - curve["customer_share"], 1 - curve["value_share"], color=BLUE, linewidth=2.2)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    if test is not None:
        found = test.estimate
        ax.plot([test.top, test.top, 0], [0, test.share, test.share], color=GREY, linestyle=":", linewidth=1.2)
        ax.plot(test.top, test.share, marker="D", markersize=8, markerfacecolor="white", markeredgecolor=VERMILION,
                markeredgewidth=1.6, linestyle="none")
        ax.errorbar(test.top, found.value, marker="o", markersize=7, color=INK, capsize=5,
                    yerr=None if found.low is None else [[found.value - found.low], [found.high - found.value]])
        claim = f"◇ {label('pareto_claim')}: {percent(test.top, 0)} → {percent(test.share, 0)}"
        measured = f"● {label('pareto_measured')}: {percent(test.top, 0)} → {_with_interval(found)}"
        ax.annotate(f"{claim}\n{measured}", (0.985, 0.05), xycoords="axes fraction", ha="right", va="bottom",
                    linespacing=1.6, bbox=_PAPER)
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    _share_axis(ax.xaxis, "customers_best_first")
    _share_axis(ax.yaxis, "cumulative_value_share")
    return ax


def plot_whale(result, *, ax: Axes | None = None) -> Axes:
    """The whale curve: cumulative profit, best customers first; its peak, and the loss in the tail after it.

    ``result``: a ``WhaleCurve``.
    """
    curve, peak, at = result.curve, result.peak_share, result.peak_customers_share
    ax = _axes(ax, label("whale_curve"), size=(7, 4.4))
    x, y = curve["customer_share"], curve["profit_share"]
    ax.plot(x, y, color=BLUE, linewidth=2.2)
    ax.axhline(1, color=GREY, linewidth=1, linestyle="--")
    ax.fill_between(x, y, 1, where=(x >= at.value) & (y >= 1), facecolor="none", edgecolor=VERMILION, hatch="////",
                    linewidth=0)
    ax.plot(at.value, peak.value, marker="o", markersize=7, color=INK)
    ax.plot([at.value, at.value], [0, peak.value], color=GREY, linewidth=1, linestyle=":")
    text = (f"{label('profit_peak')}: {_with_interval(peak)}\n{label('peak_customers')}: {_with_interval(at)}\n"
            f"{label('tail_loss')}: {_with_interval(result.tail_loss, number)}")
    ax.annotate(text, (0.985, 0.05), xycoords="axes fraction", ha="right", va="bottom", linespacing=1.6,
                bbox=_PAPER)
    ax.set(xlim=(0, 1), ylim=(min(0, y.min()), max(1, y.max()) * 1.08))
    _share_axis(ax.xaxis, "customers_best_first")
    _share_axis(ax.yaxis, "cumulative_profit_share")
    return ax


def plot_long_tail(result, *, ax: Axes | None = None) -> Axes:
    """How many customers (or products) are in the tail and how much they bring: two bars, with intervals.

    ``result``: a ``LongTail``.
    """
    ax = _axes(ax, f"{label('long_tail')}: < {number(result.threshold)}", size=(7, 2.8))
    for i, share in enumerate((result.customer_share, result.value_share)):
        for left, width, colour, hatch, name in ((0, share.value, ORANGE, "", "tail"),
                                                 (share.value, 1 - share.value, PALE, "..", "head")):
            ax.barh(i, width, left=left, height=0.55, color=colour, hatch=hatch, edgecolor="white", linewidth=0,
                    label=label(name) if i == 0 else None)
        if share.low is not None:
            ax.errorbar(share.value, i, color=INK, capsize=5,
                        xerr=[[share.value - share.low], [share.high - share.value]])
        ax.text(1.02, i, _with_interval(share).replace(" (", "\n("), va="center")
    _row_labels(ax.yaxis, ["customer_share", "value_share"])
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, 0)))
    ax.spines[["left"]].set_visible(False)
    ax.legend(frameon=False, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.14))
    return ax


# --- segments and sales -------------------------------------------------------------------------------------

def plot_rfm(scores: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """How many customers have each pair of recency and frequency scores; the best are at the top right.

    ``scores``: what ``rfm_scores`` gives (recency_score, frequency_score).
    """
    require_columns(scores, ("recency_score", "frequency_score"), what="plot_rfm")
    ax = _axes(ax, f"{label('rfm')}: {label('customers')}", size=(6, 4.6))
    counts = pd.crosstab(scores["frequency_score"], scores["recency_score"])
    every = range(1, int(max(counts.index.max(), counts.columns.max())) + 1)
    _heat_map(ax, counts.reindex(index=reversed(every), columns=every, fill_value=0), lambda v: f"{v:,}")
    ax.set_xlabel(label("recency_score"))
    ax.set_ylabel(label("frequency_score"))
    return ax


def plot_segments(sizes: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Each segment's share of customers and of value, as two bars.

    ``sizes``: a row per segment with segment, customer_share, value_share (0…1).
    """
    require_columns(sizes, ("segment", "customer_share", "value_share"), what="plot_segments")
    rows = range(len(sizes))
    ax = _axes(ax, label("segments"), size=(7.2, 1.4 + 0.52 * len(sizes)))
    for offset, column, colour, hatch in ((-0.2, "customer_share", DARK, ""), (0.2, "value_share", ORANGE, "//")):
        bars = ax.barh([i + offset for i in rows], sizes[column], height=0.38, color=colour, hatch=hatch,
                       edgecolor="white", linewidth=0, label=label(column))
        ax.bar_label(bars, [percent(v) for v in sizes[column]], padding=3, fontsize=9)
    ax.set_yticks(rows, [label(s, lines=False) for s in sizes["segment"]])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(sizes) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: percent(v, 0)))
    ax.legend(frameon=False, loc="lower right")
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
    ax = _axes(ax, label(f"monthly_{measure}"), size=(7.2, 3.6))
    bars = ax.bar(range(len(totals)), totals, color=BLUE, width=0.75)
    if len(totals) <= 24:
        ax.bar_label(bars, [number(v) for v in totals], padding=2, fontsize=8)
    every = max(1, len(totals) // 12 + (len(totals) % 12 > 0)) if len(totals) > 12 else 1
    places = range(0, len(totals), every)
    ax.set_xticks(places, [totals.index[i].strftime("%m\n%Y" if i == 0 or totals.index[i].month <= every else "%m")
                           for i in places])
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
    ax.set_xlabel(label("month"))
    return ax
