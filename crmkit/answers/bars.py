"""Bars that their reader cannot compare: stacked, hidden behind others, or on a scale that has no zero."""

from collections import defaultdict

from crmkit.core.catalogue import Pair
from crmkit.core.messages import MESSAGES


def said_of_bars(axes) -> list[Pair]:
    """What to say of the bars of an Axes beside how many there are; empty where each is seen whole from zero."""
    groups = [group for group in axes.containers if getattr(group, "patches", None)]
    if not groups:
        return []
    said = []
    lying = groups[0].orientation == "horizontal"
    scale, axis = (axes.get_xscale(), "x") if lying else (axes.get_yscale(), "y")
    if scale != "linear":
        said.append(MESSAGES.pair("answer_bars_not_linear", axis=axis))
    starts = _starts(groups, lying)
    shared = [found for found in starts.values() if len(found) > 1]
    if any(len(set(found)) < len(found) for found in shared):
        said.append(MESSAGES.pair("answer_bars_hidden"))
    elif shared:
        said.append(MESSAGES.pair("answer_bars_stacked"))
    return said


def _starts(groups, lying: bool) -> dict[tuple, list[float]]:
    """Where the bars begin that share a place, a width and a direction; a bar without length hides nothing."""
    starts = defaultdict(list)
    for group in groups:
        for bar in group.patches:
            x, y, width, height = bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()
            place, start, length = ((y, height), x, width) if lying else ((x, width), y, height)
            if length:
                starts[(*(round(float(number), 6) for number in place), length > 0)].append(
                    round(float(start), 9)
                )
    return starts
