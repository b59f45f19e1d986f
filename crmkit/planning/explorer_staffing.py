"""The contact centre's explorer: change the rush, the time that each contact takes and the agents, see who waits."""

import numpy as np
import pandas as pd

from crmkit.core.glossary import term_texts
from crmkit.core.language import WRITTEN
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_numbers
from crmkit.display.numbers import number, number_texts, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .staffing import TARGET, WITHIN_SECONDS, required_agents, waiting_times

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 800, 300, 30, 790, 60, 250
_NUMBER = 10  # a number in small print, so far from a line, is whole
_BEFORE, _BARS = 4, 15  # bars for fewer agents than are on duty, and in all


def explore_staffing(
    hour: pd.DataFrame, *, target: float = TARGET, within_seconds: float = WITHIN_SECONDS
) -> Explorer:
    """Sliders for contacts an hour, minutes of each, and agents; bars show who would be answered in time.

    ``hour``: as for ``waiting_times``, of which the first row is where the sliders begin; ``target``: the share wanted,
    drawn as a line. Contacts and minutes go up to twice, agents to three times what they begin with.

    >>> import pandas as pd
    >>> rush = pd.DataFrame({"contacts_per_hour": [600.0], "handling_minutes": 4.0, "agents": 45})
    >>> explore_staffing(rush).move(agents=41).values["agents"]
    41.0
    """
    require_between(target, 0.01, 0.9999, name="target")
    waiting_times(hour, within_seconds=within_seconds)  # refuses what no slider could show
    columns = ("contacts_per_hour", "handling_minutes", "agents")
    numbers = require_numbers(hour, columns, what="explore_staffing")
    contacts, minutes, agents = (float(values[0]) for values in numbers)
    controls = [
        _control("contacts_per_hour", contacts, high=2 * contacts, step=contacts / 20),
        _control("handling_minutes", minutes, high=2 * minutes, step=minutes / 16),
        _control("agents", agents, high=3 * agents, step=1.0),
    ]
    return Explorer(controls, lambda values: staffing_scene(values, target, within_seconds))


def _control(name: str, start: float, *, high: float, step: float) -> dict:
    return slider(name, start, low=step, high=high, step=step, label=term_texts(name))


def staffing_scene(values: dict, target: float, within_seconds: float) -> dict:
    """The scene for a rush: a bar for each number of agents around those on duty, and the target as a line."""
    agents = int(values["agents"])
    first = max(1, agents - _BEFORE)
    hours = pd.DataFrame(
        {
            "contacts_per_hour": values["contacts_per_hour"],
            "handling_minutes": values["handling_minutes"],
            "agents": np.arange(first, first + _BARS),
        }
    )
    tried = waiting_times(hours, within_seconds=within_seconds)
    enough = required_agents(hours.head(1), target=target, within_seconds=within_seconds).iloc[0]
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("staffing"))
    _draw(scene, tried, agents, target)
    shown: dict[str, str | dict[str, str]] = {
        "contacts_per_hour": number_texts(values["contacts_per_hour"]),
        "handling_minutes": f"{values['handling_minutes']:.2f}",
        "agents": f"{agents}",
    }
    here = tried[tried["agents"] == agents].iloc[0]
    return scene.as_dict(
        values=values, shown=shown, said=_finding(here, int(enough["agents"]), within_seconds)
    )


def _draw(scene: Scene, tried: pd.DataFrame, agents: int, target: float) -> None:
    between = (_RIGHT - _LEFT) / _BARS
    high = _BOTTOM - _TOP
    scene.text(_LEFT, 20, term_texts("answered_in_time"), css="crm-strong", lines="down")
    rows = tried.to_dict("records")
    middles = [_LEFT + between * (i + 0.5) for i in range(len(rows))]
    for middle, row in zip(middles, rows):
        height = high * row["answered_in_time"]
        fill = "#0072b2" if row["agents"] == agents else "#b9d6e8"
        scene.rect(middle - between * 0.4, _BOTTOM - height, between * 0.8, height, fill=fill)
    line = _BOTTOM - high * target
    scene.line(_LEFT, line, _RIGHT, line)
    for middle, row in zip(middles, rows):  # over the line
        top = _BOTTOM - high * row["answered_in_time"]
        above = top - 10
        if abs(above - line) < _NUMBER:  # the line would strike it out
            above = line - _NUMBER
        scene.text(middle, above, percent(row["answered_in_time"], 0), anchor="middle", css="crm-small")
        css = "crm-strong" if row["agents"] == agents else ""
        scene.text(middle, _BOTTOM + 16, f"{row['agents']}", anchor="middle", css=css)
    scene.text(_RIGHT, _BOTTOM + 38, term_texts("agents"), anchor="end", css="crm-small")


def _finding(here: pd.Series, enough: int, within_seconds: float) -> dict[str, str]:
    found = {}
    for lang in WRITTEN:
        fields = {
            "load": f"{here['offered_load']:.1f}",
            "agents": f"{here['agents']:.0f}",
            "share": percent(here["answered_in_time"], 0),
            "seconds": f"{within_seconds:.0f}",
            "enough": f"{enough}",
        }
        waits = np.isfinite(here["mean_wait_seconds"])
        if waits:
            fields["wait"] = number(here["mean_wait_seconds"], lang)
        found[lang] = MESSAGES.texts("explore_staffing" if waits else "explore_staffing_never", **fields)[
            lang
        ]
    return found
