"""The explorer of the published figures: which assumptions make "5 % fewer defections" worth 25 to 85 % more."""

from collections.abc import Mapping

from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES, listed
from crmkit.display.numbers import percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .economics import PUBLISHED_LIFTS, READINGS, defection_lift

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 800, 330, 190, 760
_FULL = 1.0  # the lift at the right end of the picture
_NEAR = 0.05  # a published figure that is missed by less counts as met
_ROW, _TOP = 28, 40
# what a slider sets → lowest, highest, step, start
_SLIDERS = {
    "defection_rate": (0.05, 0.6, 0.01, 0.2),
    "annual_discount_rate": (0.0, 0.25, 0.01, 0.1),
    "annual_profit_growth": (-0.1, 0.15, 0.01, 0.0),
    "acquisition_years": (0.0, 5.0, 0.1, 0.0),
}


def explore_retention_economics() -> Explorer:
    """Sliders for defection, discount rate, growth of profit and cost of winning; the lift by both readings of "5 %".

    Bars of Reichheld & Sasser's six figures, ``PUBLISHED_LIFTS``, and over them a line for each reading: percentage
    points, and a part of the rate itself. The formula and the ranges are those of ``defection_lift``.

    >>> explore_retention_economics().move(defection_rate=0.1).values["defection_rate"]
    0.1
    """
    controls = [
        slider(name, start, low=low, high=high, step=step, label=term_texts(name))
        for name, (low, high, step, start) in _SLIDERS.items()
    ]
    return Explorer(controls, _compute)


def _compute(values: Mapping[str, float]) -> dict:
    lifts = {reading: float(defection_lift(**values, reading=reading)) for reading in READINGS}
    shown = {name: percent(values[name], 0) for name in _SLIDERS if name != "acquisition_years"}
    shown["acquisition_years"] = f"{values['acquisition_years']:.1f}"
    return economics_scene(lifts).as_dict(values=values, shown=shown, said=_finding(lifts))


def economics_scene(lifts: Mapping[str, float]) -> Scene:
    """The six published figures as bars, and each reading's lift as a line across them."""
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("npv_lift"))
    scene.text(_LEFT, 14, term_texts("npv_lift"), css="crm-strong")
    for i, row in enumerate(PUBLISHED_LIFTS.itertuples()):
        y = _TOP + _ROW * i
        scene.text(_LEFT - 10, y + 9, term_texts(row.sector), anchor="end")
        scene.rect(_LEFT, y, _across(row.npv_lift) - _LEFT, 18, fill="#bfd9ee")
        scene.text(_across(row.npv_lift) + 6, y + 9, percent(row.npv_lift, 0), css="crm-small")
    foot = _TOP + _ROW * len(PUBLISHED_LIFTS)
    for k, (reading, lift) in enumerate(lifts.items()):
        css = "crm-rule" if k == 0 else "crm-ghost"
        at = foot + 24 + 40 * k
        if lift == lift:  # missing where the customer is worth nothing, or without end
            scene.line(_across(lift), _TOP - 10, _across(lift), at - 8, css=css)
            scene.text(_across(lift), at + 2, _named(reading, lift), anchor=_anchor(lift), css="crm-small")
    scene.line(_LEFT, _TOP - 10, _LEFT, foot, css="crm-edge")
    return scene


def _across(lift: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * min(max(lift, 0.0), _FULL) / _FULL


def _anchor(lift: float) -> str:
    return "end" if lift > 0.5 else "start"


def _named(reading: str, lift: float) -> dict[str, str]:
    return {lang: f"{word} +{percent(lift)}" for lang, word in term_texts(reading).items()}


def _finding(lifts: Mapping[str, float]) -> dict[str, str]:
    points, relative = (lifts[reading] for reading in READINGS)
    if points != points:
        return MESSAGES.texts("explore_economics_none")
    near = PUBLISHED_LIFTS[(PUBLISHED_LIFTS["npv_lift"] - points).abs() < _NEAR]
    said = {"points": points, "relative": percent(relative) if relative == relative else "–"}
    if near.empty:
        return MESSAGES.texts("explore_economics_far", **said)
    sectors = listed(term_pair(sector) for sector in near["sector"])
    return MESSAGES.texts("explore_economics_near", sectors=sectors, **said)
