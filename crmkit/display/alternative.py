"""A text in the place of a figure, for who does not see it: made from what is drawn, in the language in force.

It goes into the output's metadata (``image/png`` → ``alt``), where nbconvert and the kit's pages read it; in JupyterLab
the extension crmkit-lang puts it on the picture.
"""

import sys
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import named
from crmkit.core.language import in_language, in_one
from crmkit.core.messages import MESSAGES, listed

from .chart import TooManyPoints, drawn_on
from .numbers import number, significant
from .page_language import drawn_in, shown_language

MOST_BARS = 12  # named one by one; of more, the longest and the shortest
MOST_POINTS = 200_000
LONGEST_LABEL = 80  # characters of a name in the text

_told: WeakKeyDictionary = WeakKeyDictionary()  # Axes → what its plot says of it


def tell(axes, rows: Iterable[tuple["Pair | str", "str | list[tuple]"]]) -> None:
    """What is said of an Axes row by row, where places of marks alone would say little.

    ``rows``: a name and its number, or its figures, each with a name; names are terms, Pairs, or what a client calls
    it.
    """
    for name, figures in rows:
        told = figures if isinstance(figures, str) else _figures(figures)
        row = MESSAGES.pair("alternative_row", name=_pair(name), figures=told)
        _told.setdefault(axes, []).append(row)


def _figures(named: list[tuple]) -> Pair:
    said = [MESSAGES.pair("alternative_figure", what=_pair(what), value=value) for what, value in named]
    return listed(said, between="clauses")


def in_four_digits(value: float, show) -> str:
    """A number for what is told: ``show`` writes it, ``number`` with the four digits that its picture could show."""
    return number(float(f"{value:.4g}"), exact=True) if show is number else show(value)


def _pair(name: "Pair | str") -> Pair:
    return name if isinstance(name, Pair) else named(name)


def alternative(figure) -> str:
    """What a matplotlib Figure shows, in a few sentences."""
    pairs = [_of_axes(axes) for axes in figure.axes if axes.get_visible()]
    said = [pair for pair in pairs if pair is not None] or [MESSAGES.pair("alternative_unknown")]
    return in_language(" ".join(zh for zh, _ in said), " ".join(en for _, en in said), between=" ")


def _of_axes(axes) -> Pair | None:
    """Title, axes and series of one Axes; None where nothing is drawn that can be told."""
    if axes in _told:
        return MESSAGES.pair("alternative_whole", head=_head(axes), rest=listed(_told[axes], between="rows"))
    try:
        drawn = drawn_on(axes, most=MOST_POINTS, longest_label=LONGEST_LABEL)
    except TooManyPoints:
        return MESSAGES.pair("alternative_many", head=_head(axes))
    if axes.texts and not (drawn["line"] or axes.get_xlabel() or axes.get_ylabel()):
        return _of_texts(axes)  # places say little without an axis: the numbers stand beside the bars
    bars = _joined(drawn["bars"])
    lying = any(series["horizontal"] for series in bars)
    along, across = (axes.yaxis, axes.xaxis) if lying else (axes.xaxis, axes.yaxis)
    parts = [_of_bars(series, across) for series in bars]
    parts += [_of_line(series, along, across) for series in drawn["line"] if len(series["points"]) > 1]
    parts += [_of_cloud(series, along, across) for series in drawn["scatter"] if _is_told(series)]
    parts += [_of_heat_map(mesh) for mesh in axes.collections if type(mesh).__name__ == "QuadMesh"]
    if not parts and axes.texts:
        return _of_texts(axes)
    alone = [point for series in drawn["scatter"] for point in series["points"]]
    if not parts and alone:  # estimates with their whiskers, each a series of its own
        parts = [_of_cloud({"label": "", "points": alone}, along, across)]
    if not parts:
        return None
    return MESSAGES.pair("alternative_whole", head=_head(axes), rest=listed(parts, between="clauses"))


def _head(axes) -> Pair:
    """The title, and what the axes are called where one of them is called anything."""
    title, x, y = _title(axes), axes.get_xlabel(), axes.get_ylabel()
    of = f"“{title}”" if title else ""
    if not (x or y):
        return MESSAGES.pair("alternative_texts", title=Pair(of, f" {of}" if of else ""))
    return MESSAGES.pair("alternative_axes", title=Pair(of, f" {of}" if of else ""), x=x or "—", y=y or "—")


def _is_told(cloud: dict) -> bool:
    """Ends of whiskers are drawn as a point or two without a name: they are no cloud."""
    return len(cloud["points"]) > (0 if cloud["label"] else 2)


def _title(axes) -> str:
    titles = (axes.get_title(place).strip() for place in ("left", "center", "right"))
    return next((_one_line(title) for title in titles if title), "")


def _of_texts(axes) -> Pair:
    """What is written in the figure, row by row, each row with the name that stands at its left."""
    axes.figure.draw_without_rendering()  # names at an axis exist only after a layout
    names = [
        (at, _one_line(label.get_text())) for at, label in zip(axes.get_yticks(), axes.get_yticklabels())
    ]
    to_data = axes.transData.inverted()
    rows: dict[str, list[tuple[float, str]]] = {}
    written = []
    for text in axes.texts:
        if text.get_visible() and text.get_text().strip():
            x, y = to_data.transform(text.get_transform().transform(text.get_position()))
            written.append((x, y, _one_line(text.get_text())))
    for x, y, words in sorted(written, key=lambda one: (-one[1], one[0])):
        near = min(names, key=lambda name: abs(name[0] - y), default=(0.0, ""))
        name = near[1] if abs(near[0] - y) < 0.5 else ""
        rows.setdefault(name, []).append((x, words))
    heads = [_one_line(label.get_text()) for label in axes.get_xticklabels()]
    told: list[Pair | str] = [listed([head for head in heads if head])] if any(heads) else []
    told += [" ".join([name, *(words for _, words in sorted(row))]).strip() for name, row in rows.items()]
    return MESSAGES.pair("alternative_whole", head=_head(axes), rest=listed(told, between="clauses"))


def _joined(groups: list[dict]) -> list[dict]:
    """Groups of bars without a name that stand in one row of the figure, as one group."""
    kept = [series for series in groups if series["label"]]
    for lying in (False, True):
        nameless = [s for s in groups if not s["label"] and s["horizontal"] is lying]
        points = [point for series in nameless for point in series["points"]]
        if points:
            kept.append({"label": "", "horizontal": lying, "points": points})
    return kept


def _of_bars(series: dict, axis) -> Pair:
    bars = [(_name(name), length) for name, _, length in series["points"]]  # wherever it starts
    if len(bars) > MOST_BARS:
        longest = max(bars, key=lambda bar: bar[1])
        shortest = min(bars, key=lambda bar: bar[1])
        return MESSAGES.pair(
            "alternative_many_bars",
            label=_label(series),
            count=len(bars),
            most=f"{longest[0]} {_written(longest[1], axis)}",
            least=f"{shortest[0]} {_written(shortest[1], axis)}",
        )
    told = listed([f"{name} {_written(value, axis)}" for name, value in bars])
    return MESSAGES.pair("alternative_bars", label=_label(series), bars=told)


def _of_line(series: dict, along, across) -> Pair:
    points = series["points"]
    ends = {"first": points[0], "middle": points[len(points) // 2], "last": points[-1]}
    told = {name: f"({_written(x, along)}, {_written(y, across)})" for name, (x, y) in ends.items()}
    ys = [y for _, y in points]
    return MESSAGES.pair(
        "alternative_line",
        label=_label(series),
        low=_written(min(ys), across),
        high=_written(max(ys), across),
        **told,
    )


def _of_cloud(series: dict, along, across) -> Pair:
    xs, ys = zip(*series["points"])
    return MESSAGES.pair(
        "alternative_cloud",
        label=_label(series),
        count=len(xs),
        left=_written(min(xs), along),
        right=_written(max(xs), along),
        low=_written(min(ys), across),
        high=_written(max(ys), across),
    )


def _of_heat_map(mesh) -> Pair:
    values = mesh.get_array().compressed() if hasattr(mesh.get_array(), "compressed") else mesh.get_array()
    return MESSAGES.pair(
        "alternative_heat_map",
        count=len(values),
        low=_digits(float(values.min())),
        high=_digits(float(values.max())),
    )


def _label(series: dict) -> Pair:
    label = _one_line(series["label"])
    zh, en = named(label)  # a column that was drawn as it is called has a heading
    return Pair(f"“{zh}”", f" “{en}”") if label else Pair("", "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _name(name) -> str:
    return _digits(name) if isinstance(name, float) else _one_line(str(name))


def _written(value: float, axis) -> str:
    """A number in four digits, as the axis writes it where it has its own way (per cent, money, dates)."""
    formatter = axis.get_major_formatter()
    if type(formatter).__name__ == "FuncFormatter":
        value = float(f"{value:.4g}")
    if type(formatter).__name__ in ("FuncFormatter", "AutoDateFormatter", "ConciseDateFormatter"):
        written = str(formatter(value)).strip()
        if written:
            return written
    return _digits(value)


def _digits(value: float) -> str:
    return significant(value, 4) if value else "0"


class WithAlternative:
    """Draws a Figure as ``printer`` does, and puts the text alternative beside it."""

    def __init__(self, printer: Callable):
        self.printer = printer

    def __call__(self, figure):
        lang = shown_language()
        with drawn_in(lang):
            made = self.printer(figure)
            if made is None:
                return None
            told = alternative(figure)
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return data, {**metadata, "alt": told if lang is None else in_one(told, lang)}


def serve() -> None:
    """From now on every figure that a notebook shows carries its text; does nothing outside of a notebook."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None and _attach not in shell.events.callbacks["post_execute"]:
        # before matplotlib's own function shows the figures of a cell, for that is registered with the first of them
        shell.events.register("post_execute", _attach)


def _attach() -> None:
    """Put ourselves before whatever draws figures as PNG or SVG, as soon as something does."""
    if "matplotlib.figure" not in sys.modules:
        return
    from IPython import get_ipython
    from matplotlib.figure import Figure

    for mime in ("image/png", "image/svg+xml"):
        formatter = get_ipython().display_formatter.formatters[mime]
        try:
            printer = formatter.lookup_by_type(Figure)
        except KeyError:
            continue
        if not isinstance(printer, WithAlternative):
            formatter.for_type(Figure, WithAlternative(printer))
