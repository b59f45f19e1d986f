"""The funnel's explorer: how far a stage is lifted, what that costs, what later sales are worth;
the best stage follows.
"""

import numpy as np
import pandas as pd

from crmkit.core.glossary import named, term_texts
from crmkit.core.language import WRITTEN
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_frame
from crmkit.display.numbers import number, number_texts, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .growth import purchase_funnel

_TOP, _ROW = 58, 80
_ZERO, _WIDEST, _VALUE = 360, 290, 785
_BEST, _OTHER, _LOSS = "#0072b2", "#c4c9cd", "#f3d9c9"


def explore_purchase_funnel(people: pd.DataFrame, *, lift: float) -> Explorer:
    """Sliders for the lift, the cost of lifting and the value of later sales; which stage pays best is shown in blue.

    ``people``: as for ``purchase_funnel``. ``lift``: percentage points where its slider begins (0.05 = 5).
    ``later_value_factor`` multiplies the value of the last stage, ``cost_factor`` every cost. Errors: as for
    ``purchase_funnel``.

    >>> import pandas as pd
    >>> seal = pd.DataFrame({"stage": ["approached", "trust", "satisfaction"], "people": [900, 300, 200],
    ...                      "value": [0, 100, 100], "cost": [0, 5000, 100]})
    >>> explore_purchase_funnel(seal, lift=0.05).move(lift=0.1).values["lift"]
    0.1
    """
    require_frame(people, what="explore_purchase_funnel")
    require_between(lift, 0.01, 0.3, name="lift")
    purchase_funnel(people, lift=lift)  # refuses what no slider could show
    controls = [
        slider("lift", float(lift), low=0.01, high=0.3, step=0.01, label=term_texts("stage_lift")),
        _factor("later_value_factor"),
        _factor("cost_factor"),
    ]
    return Explorer(controls, lambda values: funnel_scene(values, people))


def _factor(name: str) -> dict:
    return slider(name, 1.0, low=0.0, high=3.0, step=0.25, label=MESSAGES.texts(f"explore_{name}"))


def funnel_scene(values: dict, people: pd.DataFrame) -> dict:
    """The scene for a lift: a bar per stage with its net gain, the weakest stage named, the best in blue."""
    table = people.assign(
        cost=people.get("cost", 0.0) * values["cost_factor"], value=people["value"].astype(float)
    )
    table.loc[table.index[-1], "value"] *= values["later_value_factor"]
    stages = purchase_funnel(table, lift=values["lift"])
    scene = Scene(800, _TOP + _ROW * len(stages) + 12, title=term_texts("purchase_funnel"))
    _draw(scene, stages)
    shown = {
        "lift": f"+{100 * values['lift']:.0f}",
        "later_value_factor": f"× {values['later_value_factor']:.2f}",
        "cost_factor": f"× {values['cost_factor']:.2f}",
    }
    return scene.as_dict(values=values, shown=shown, said=_finding(stages))


def _draw(scene: Scene, stages: pd.DataFrame) -> None:
    gains = stages["net_gain"].to_numpy()
    most = max(np.abs(gains).max(), 1e-9)
    best, weakest = int(gains.argmax()), int(stages["conversion_rate"].argmin())
    scene.text(_VALUE, 20, term_texts("worth_of_lifting"), anchor="end", css="crm-strong", lines="down")
    scene.line(_ZERO, _TOP - 8, _ZERO, _TOP + _ROW * len(stages), css="crm-edge")
    for i, row in enumerate(stages.to_dict("records")):
        y = _TOP + _ROW * (i + 0.5)
        scene.text(8, y - 18, named(row["stage"])._asdict(), css="crm-strong", lines="middle")
        rates = MESSAGES.texts(
            "explore_funnel_rate",
            rate=percent(row["conversion_rate"]),
            lifted=percent(row["lifted_rate"]),
        )
        scene.text(8, y + 18, rates, css="crm-small", lines="middle")
        wide = _WIDEST * abs(row["net_gain"]) / most
        if row["net_gain"] < 0:
            scene.rect(_ZERO, y - 14, wide, 28, fill=_LOSS, css="crm-ghost")
        else:
            scene.rect(_ZERO, y - 14, wide, 28, fill=_BEST if i == best else _OTHER)
        if i == weakest:
            mark = MESSAGES.texts("explore_funnel_weakest")
            scene.text(_ZERO - 8, y - 14, mark, anchor="end", css="crm-small", lines="middle")
        scene.text(_VALUE, y, number_texts(row["net_gain"]), anchor="end")


def _finding(stages: pd.DataFrame) -> dict[str, str]:
    best = stages.loc[stages["net_gain"].idxmax()]
    weakest = named(stages.loc[stages["conversion_rate"].idxmin(), "stage"])
    if best["net_gain"] <= 0:
        return MESSAGES.texts("explore_funnel_none", weakest=weakest)
    said = {}
    for lang in WRITTEN:
        fields = {
            "weakest": weakest,
            "best": named(best["stage"]),
            "gain": number(best["net_gain"], lang),
            "cost": number(best["cost"], lang),
        }
        said[lang] = MESSAGES.texts("explore_funnel_said", **fields)[lang]
    return said
