"""What is drawn on an Axes, as data: bars, lines and scatters, as their reader sees them.

Answers are recorded by it, and a figure's text alternative is made from it.
"""

import math
import warnings

Series = dict  # label, points; of bars also whether they lie
UNLISTED = "_called "  # before a name that is written in the figure: matplotlib's legends leave out what begins with "_"


class TooManyPoints(Exception):
    """More points in one series than were allowed: ``points``."""

    def __init__(self, points: int):
        self.points = points
        super().__init__(points)


def drawn_on(axes, *, most: int, longest_label: int) -> dict[str, list[Series]]:
    """``bars``, ``line`` and ``scatter`` of an Axes; TooManyPoints where a series has more than ``most``."""
    return {
        "bars": _bars(axes, longest_label),
        "line": _lines(axes, most, longest_label),
        "scatter": _scatters(axes, most, longest_label),
    }


def _label(artist, longest: int) -> str:
    text = str(artist.get_label() or "").removeprefix(UNLISTED)
    return "" if text.startswith("_") else text[:longest]


def _number(value) -> float | None:
    """A coordinate of 12 significant digits, so that machines agree; what is not finite as None."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return number if number.is_integer() else float(f"{number:.12g}")


def _bars(axes, longest_label: int) -> list[Series]:
    """Every group of bars: per bar its tick label (or position), where it starts and how far it reaches."""
    groups = [c for c in axes.containers if getattr(c, "patches", None)]
    if not groups:
        return []
    with warnings.catch_warnings(action="ignore"):  # of fonts: the drawing itself says that
        axes.figure.draw_without_rendering()  # tick labels exist only after a layout
    series = []
    for group in groups:
        lying = group.orientation == "horizontal"
        axis = axes.yaxis if lying else axes.xaxis
        ticks = [
            (float(at), label.get_text()) for at, label in zip(axis.get_ticklocs(), axis.get_ticklabels())
        ]
        bars = (_bar(bar, lying, ticks) for bar in group.patches)
        points = [bar for bar in bars if bar is not None]
        if points:
            label = _label(group, longest_label)
            series.append({"label": label, "horizontal": lying, "points": points})
    return series


def _bar(bar, lying: bool, ticks: list[tuple[float, str]]) -> list | None:
    """One bar as [name or place, start, length]; None where it has no finite place or length."""
    x, y = _number(bar.get_x()), _number(bar.get_y())
    width, height = _number(bar.get_width()), _number(bar.get_height())
    if x is None or y is None or width is None or height is None:
        return None
    middle, start, length = (y + height / 2, x, width) if lying else (x + width / 2, y, height)
    near = min(ticks, key=lambda tick: abs(tick[0] - middle), default=(math.inf, ""))
    name = near[1] if abs(near[0] - middle) < 0.5 and near[1] else _number(middle)
    return [name, start, length]


def _lines(axes, most: int, longest_label: int) -> list[Series]:
    """Every line in data coordinates (not the guides of axhline), gaps left out."""
    return [
        {"label": _label(line, longest_label), "points": _points(line, most)}
        for line in axes.lines
        if line.get_visible() and line.get_transform() == axes.transData and not _only_markers(line)
    ]


def _only_markers(line) -> bool:
    return line.get_linestyle() in ("None", "", " ")


def _scatters(axes, most: int, longest_label: int) -> list[Series]:
    clouds = [c for c in axes.collections if type(c).__name__ == "PathCollection" and len(c.get_offsets())]
    found = []
    for cloud in clouds:
        xs, ys = cloud.get_offsets().T
        found.append({"label": _label(cloud, longest_label), "points": _pairs(xs, ys, most)})
    estimates = [c for c in axes.containers if type(c).__name__ == "ErrorbarContainer"]
    called = {middle: container for container in estimates if (middle := container.lines[0]) is not None}
    # of whiskers: no points of their own
    ends = {cap for container in estimates for cap in container.lines[1]}
    for line in axes.lines:
        if _only_markers(line) and line.get_transform() == axes.transData and line not in ends:
            label = _label(called.get(line, line), longest_label)
            found.append({"label": label, "points": _points(line, most)})
    return found


def _points(line, most: int) -> list[list[float]]:
    return _pairs(line.get_xdata(orig=False), line.get_ydata(orig=False), most)


def _pairs(xs, ys, most: int) -> list[list[float]]:
    if len(xs) > most:
        raise TooManyPoints(len(xs))
    pairs = ((_number(x), _number(y)) for x, y in zip(xs, ys))
    return [[x, y] for x, y in pairs if x is not None and y is not None]
