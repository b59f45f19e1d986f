"""The explorer of P(alive): a customer's purchases on a line,
and how sure one may be that the customer is still one.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .clv.purchases import PurchaseModel

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 800, 300, 70, 780
_TOP, _FOOT, _LINE = 50, 220, 250  # of the curve, and the line on which purchases stand
_STEPS = 71  # bars of the curve
# what a slider sets → lowest, highest, step, start
_SLIDERS = {
    "frequency": (0, 8, 1, 3),
    "usual_interval": (7, 90, 1, 30),
    "days_since_last": (0, 360, 5, 120),
}


def explore_p_alive(models: Mapping[str, PurchaseModel]) -> Explorer:
    """Sliders for how often, how far apart and how long ago a customer bought; P(alive) follows day by day.

    ``models``: fitted purchase models by their slug (``bg_nbd``, ``mbg_nbd``, ``pareto_nbd``); with several, a choice
    lets them be compared on one history. Purchases stand at equal distances. Errors: CrmkitError for no model.

    >>> import crmkit
    >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
    >>> explore_p_alive({"bg_nbd": crmkit.fit_bg_nbd(customers)}).move(days_since_last=200).values["days_since_last"]
    200.0
    """
    if not models:
        raise CrmkitError("no_values", name="models")
    controls = [_slider(name) for name in _SLIDERS]
    controls.append(
        {
            "name": "model",
            "kind": "choice",
            "value": next(iter(models)),
            "label": term_texts("model"),
            "options": [{"value": name, "label": term_texts(name)} for name in models],
        }
    )

    def compute(values: dict) -> dict:
        model = models[values["model"]]
        path = alive_path(model, values)
        return alive_scene(path).as_dict(
            values=values,
            shown={name: f"{values[name]:.0f}" for name in _SLIDERS},
            said=_finding(model, path, values["model"]),
        )

    return Explorer(controls, compute)


def alive_path(model: PurchaseModel, values: Mapping[str, float]) -> pd.DataFrame:
    """The history that the sliders describe, from day to day: ``p_alive_path`` of evenly spaced purchases."""
    gap = int(values["usual_interval"])
    days = [gap * purchase for purchase in range(int(values["frequency"]) + 1)]
    return model.p_alive_path(days, until=days[-1] + int(values["days_since_last"]))


def _slider(name: str) -> dict:
    low, high, step, start = _SLIDERS[name]
    return slider(name, start, low=low, high=high, step=step, label=term_texts(name))


def alive_scene(path: pd.DataFrame) -> Scene:
    """Bars as high as P(alive) along the days, and under them a stroke for every purchase."""
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("p_alive_path"))
    scene.text(_LEFT, 16, term_texts("p_alive"), css="crm-strong")
    days = path["days_since_first"].to_numpy()
    last = max(int(days[-1]), 1)
    scale = (_RIGHT - _LEFT) / last
    for share in (0, 0.5, 1):
        y = _FOOT - share * (_FOOT - _TOP)
        scene.text(_LEFT - 8, y, percent(share, 0), anchor="end", css="crm-small")
        scene.line(_LEFT, y, _RIGHT, y, css="crm-faint")
    ends = np.unique(np.linspace(0, len(days), _STEPS).round().astype(int))
    for start, end in zip(ends[:-1], ends[1:]):
        alive = float(path["p_alive"].iloc[end - 1])
        left = _LEFT + scale * min(start, last)
        width = scale * min(end - start, last - start)
        height = alive * (_FOOT - _TOP)
        scene.rect(left, _FOOT - height, width, height, fill="#bfd9ee", css="crm-edge")
    scene.line(_LEFT, _LINE, _RIGHT, _LINE, css="crm-edge")
    for day in np.flatnonzero(path["days_since_last"].to_numpy() == 0):
        scene.line(_LEFT + scale * day, _LINE - 12, _LEFT + scale * day, _LINE + 12)
    scene.text(_LEFT, _HEIGHT - 16, term_texts("first_purchase"), css="crm-small")
    ends_on = {lang: f"{word} {last}" for lang, word in term_texts("days_since_first").items()}
    scene.text(_RIGHT, _HEIGHT - 16, ends_on, anchor="end", css="crm-small")
    return scene


def _finding(model: PurchaseModel, path: pd.DataFrame, name: str) -> dict[str, str]:
    today = path.tail(1)
    history = pd.DataFrame(
        {
            "frequency": today["frequency"],
            "t_x": today["days_since_first"] - today["days_since_last"],
            "T": today["days_since_first"],
        }
    )
    return MESSAGES.texts(
        "explore_p_alive_said",
        repeats=int(today["frequency"].iloc[0]),
        silent=int(today["days_since_last"].iloc[0]),
        model=term_pair(name),
        alive=float(today["p_alive"].iloc[0]),
        purchases=float(model.expected_purchases(history, days=365).iloc[0]),
    )
