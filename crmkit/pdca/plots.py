"""Improvement in cycles: the control chart, the rising steps of PDCA (F30), and the indicator sheet (F31)."""

from collections.abc import Callable

from matplotlib.axes import Axes

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import named
from crmkit.display.alternative import in_four_digits, tell
from crmkit.display.drawing import (
    BLUE,
    DARK,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    axes,
    colon,
    label,
    row_labels,
    tick,
    with_interval,
)
from crmkit.display.numbers import number, percent

from .control_chart import ControlChart
from .cycles import PDCA
from .indicators import Indicators

# a signal is told by its shape; colour only helps
_SIGNALS = {
    "beyond_limits": ("D", VERMILION),
    "two_of_three": ("^", ORANGE),
    "eight_on_one_side": ("s", ORANGE),
    "range_beyond_limit": ("X", DARK),
}


def plot_control_chart(
    result: ControlChart,
    *,
    kpi: str = "kpi_value",
    show: Callable[[float], str] = number,
    ax: Axes | None = None,
) -> Axes:
    """The indicator with its centre and natural limits, phase by phase; signals by shape, changes marked on top.

    ``result``: a ``ControlChart``; ``kpi`` names the indicator, ``show`` writes its numbers (``tables.percent``).
    """
    points = result.points
    ax = axes(ax, f"{label('control_chart')}{colon()}{label(kpi)}", size=(8.4, 4.4))
    ax.set_title(ax.get_title(loc="left"), loc="left", color=INK, pad=24)  # room for the cycles below it
    for phase, part in points.groupby("phase"):
        ends = part.index[0] - 0.5, part.index[-1] + 0.5
        ax.hlines(part["centre"].iloc[0], *ends, color=BLUE, label="" if phase else label("centre"))
        ax.hlines(
            part[["lower_limit", "upper_limit"]].iloc[0],
            *ends,
            color=GREY,
            linestyle="--",
            label="" if phase else label("natural_limits"),
        )
        ax.plot(part.index, part["kpi_value"], color=INK, linewidth=1, marker="o", markersize=4)
        if phase:
            ax.axvline(ends[0], color=INK, linestyle=":", linewidth=1.2)
            ax.annotate(
                f"{label('cycle')} {phase}", (ends[0], 1.01), xycoords=("data", "axes fraction"), fontsize=9
            )
    for reason, (marker, colour) in _SIGNALS.items():
        hit = points[points["period"].isin(result.signals.query("reason == @reason")["period"])]
        if len(hit):
            ax.plot(
                hit.index,
                hit["kpi_value"],
                linestyle="none",
                marker=marker,
                markersize=10,
                label=label(reason),
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=1.8,
            )
    tell(ax, _said(result, kpi, show))
    return _finished(ax, points["period"], show)


def _said(result, kpi: str, show):
    """The course of the indicator, the limits of each phase and the points that signal, in words."""
    points = result.points
    course = points.iloc[
        [0, points["kpi_value"].argmin(), points["kpi_value"].argmax(), -1]
    ].drop_duplicates()
    yield kpi, [(f"{row.period}", in_four_digits(row.kpi_value, show)) for row in course.itertuples()]
    limits = ("centre", "lower_limit", "upper_limit")
    for phase, part in points.groupby("phase"):
        name = _nth_cycle(phase) if phase else "natural_limits"
        yield name, [(limit, in_four_digits(part[limit].iloc[0], show)) for limit in limits]
    for reason, broken in result.signals.groupby("reason", sort=False):
        yield reason, [(f"{row.period}", in_four_digits(row.kpi_value, show)) for row in broken.itertuples()]


def plot_pdca(result: PDCA, *, show: Callable[[float], str] = number, ax: Axes | None = None) -> Axes:
    """The spiral as steps: per cycle the level it starts from, its target, and what treated and control group came to.

    ``result``: a ``PDCA``; ``show`` writes the KPI's numbers.
    """
    ax = axes(ax, f"{label('pdca')}{colon()}{label(result.kpi)}", size=(8.4, 4.6))
    for i, cycle in enumerate(result.cycles):
        ax.hlines(
            cycle.baseline.value,
            i - 0.42,
            i + 0.42,
            color=BLUE,
            linewidth=3,
            label="" if i else label("baseline"),
        )
        for name, marker, place, face, edge in (
            ("target", "D", i - 0.12, "white", VERMILION),
            ("result", "o", i + 0.12, INK, INK),
            ("control_result", "s", i + 0.3, "white", DARK),
        ):
            if (found := getattr(cycle, name)) is not None:
                value = getattr(found, "value", found)
                bar = None if name == "target" else [[value - found.low], [found.high - value]]
                ax.errorbar(
                    place,
                    value,
                    yerr=bar,
                    fmt=marker,
                    markersize=8,
                    markerfacecolor=face,
                    color=edge,
                    capsize=4,
                    label="" if i else label(name),
                )
    tell(ax, ((_nth_cycle(i), _levels(cycle, show)) for i, cycle in enumerate(result.cycles, 1)))
    return _finished(
        ax,
        [
            f"{label('cycle')} {i}\n{label(cycle.decision or 'open_cycle', lines=True)}"
            for i, cycle in enumerate(result.cycles, 1)
        ],
        show,
    )


def _nth_cycle(place: int) -> Pair:
    zh, en = named("cycle")
    return Pair(f"{zh} {place}", f"{en} {place}")


def _levels(cycle, show) -> list[tuple[str, str]]:
    """The levels of a cycle that are known so far, in words."""
    levels = [(name, getattr(cycle, name)) for name in ("baseline", "target", "result", "control_result")]
    return [
        (name, tick(level, show) if name == "target" else with_interval(level, show))
        for name, level in levels
        if level is not None
    ]


def plot_indicators(result: Indicators, *, ax: Axes | None = None) -> Axes:
    """The sheet as small lines, one row per indicator, each on its own scale; at the right the last complete value.

    ``result``: ``Indicators``. A hollow point, joined to nothing, is a period not complete.
    """
    sheet, complete = result.sheet, result.sheet["complete"]
    rows = [c for c in sheet.columns[2:] if sheet[c].notna().any() and not c.endswith(("_low", "_high"))]
    ax = axes(ax, label("kpi"), size=(8.4, 1.2 + 0.62 * len(rows)))
    for i, row in enumerate(rows):
        values = sheet[row].astype(float)
        y = i + 0.3 - 0.6 * (values - values.min()) / (values.max() - values.min() or 1)
        ax.plot(y.where(complete), color=BLUE, linewidth=1.8, marker="o", markersize=5)
        ax.plot(
            y[~complete],
            color=BLUE,
            linestyle="none",
            marker="o",
            markersize=5,
            markerfacecolor="white",
            label="" if i or complete.all() else label("incomplete_period"),
        )
        last, show = (
            values[complete].last_valid_index(),
            percent if row.endswith(("_rate", "_share")) else number,
        )
        ax.annotate(
            "–" if last is None else f"{show(values[last])}  ({sheet['period'][last]})",
            (1.02, i),
            va="center",
            fontsize=9,
            xycoords=("axes fraction", "data"),
        )
        known = values[complete].dropna()
        tell(
            ax, [(row, [(f"{sheet['period'][at]}", in_four_digits(known[at], show)) for at in _ends(known)])]
        )
    row_labels(ax.yaxis, rows)
    ax.invert_yaxis()
    ax.spines["left"].set_visible(False)
    if not complete.all():
        ax.legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 1))
    return _finished(ax, sheet["period"])


def _ends(values) -> list:
    """Where a row begins and ends, as far as it is complete."""
    return list(dict.fromkeys([*values.index[:1], *values.index[-1:]]))


def _finished(ax: Axes, periods, show=None) -> Axes:
    """The names of as many periods as have room; and, with ``show``, numbers on the left and a legend below."""
    every = -(-len(periods) // 9)
    ax.set_xticks(range(0, len(periods), every), periods[::every])
    if show is not None:
        ax.yaxis.set_major_formatter(lambda value, _: tick(value, show))
        ax.legend(frameon=False, fontsize=9, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.16))
    return ax
