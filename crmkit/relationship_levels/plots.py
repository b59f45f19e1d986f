"""What a programme of each level brings in over the years, and in the end (F11)."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from crmkit.display.drawing import INK, axes, estimate_bars, label, lines

from .levels import ProgrammeEconomics


def plot_programme_years(result: ProgrammeEconomics, *, ax: Axes | None = None) -> Axes:
    """Cumulative discounted cash flow, a line per level; a ring marks the year in which it first breaks even.

    ``result``: a ``ProgrammeEconomics``. As long as a line is under zero, the programme has not paid for itself.
    """
    levels = result.levels.set_index("level")
    curves = result.yearly.pivot(index="year", columns="level", values="cumulative_discounted")[
        list(levels.index)
    ]
    ax = axes(ax, label("three_levels"), size=(7.4, 4.2), x="year", y="cumulative_discounted")
    lines(ax, curves.index, dict(curves.items()))
    ax.axhline(0, color=INK, linewidth=0.8)
    for level, year in levels["break_even_year"].dropna().items():
        (ring,) = ax.plot(
            year, curves.loc[year, level], "o", markersize=12, color="none", markeredgecolor=INK
        )
        ax.legend([ring], [label("break_even_year")], frameon=False, loc="best")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def plot_level_values(result: ProgrammeEconomics, *, ax: Axes | None = None) -> Axes:
    """A bar per level: the net present value of its programme, with its interval; the best one dark.

    ``result``: a ``ProgrammeEconomics``.
    """
    ax = axes(ax, label("three_levels"), size=(7, 3.4), x="net_present_value")
    best = max(result.npv, key=lambda level: result.npv[level].value)
    estimate_bars(ax, list(result.npv), list(result.npv.values()), best=best)
    ax.locator_params(axis="x", nbins=5)
    return ax
