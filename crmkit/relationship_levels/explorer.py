"""The explorer of the three levels: who the customers are, what is given away, how fast rivals copy; what is left."""

from collections.abc import Iterable
from dataclasses import replace
from math import inf

import pandas as pd

from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_kind
from crmkit.display.numbers import number, number_pair, number_texts, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .levels import CustomerBase, Programme, ProgrammeEconomics, programme_economics

_WIDTH, _HEIGHT, _TOP, _FOOT, _PANEL = 800, 350, 84, 30, 262
_COLOURS = ("#bfd9ee", "#e69f00", "#3f464c")
_TRAITS = ("retention_rate", "margin_per_purchase", "customers")
_OF_THE_FIRST = ("margin_given_away", "imitation_half_life_years")
_RATES = {"retention_rate": (0, 0.95, 0.01), "margin_given_away": (0, 0.5, 0.01)}
_HALF_LIFE = (0, 10, 0.1)  # years; one step beyond the highest is never


def explore_relationship_levels(
    base: CustomerBase,
    *,
    programmes: Iterable[Programme],
    years: int = 5,
    annual_discount_rate: float = 0.1,
) -> Explorer:
    """Sliders for three traits of the base, and for what the first programme gives away and how fast it is copied.

    Arguments as for ``programme_economics``. A panel per level shows the cumulative discounted cash flow year by year,
    dashed while the programme has not paid for itself, and over it the net present value. The half-life's last stop
    is ∞: never copied.

    >>> points = Programme(level="financial", purchase_lift=0.2, margin_given_away=0.05, setup_cost=2000)
    >>> base = CustomerBase(customers=900, retention_rate=0.6, dispersion=0.5,
    ...                     margin_per_purchase=5, purchases_per_year=8)
    >>> explore_relationship_levels(base, programmes=[points]).move(margin_given_away=0.2).values["margin_given_away"]
    0.2
    """
    require_kind(base, CustomerBase, what="explore_relationship_levels")
    plans = list(programmes)
    first = plans[0]
    controls = [_control(name, getattr(base, name), term_texts(name)) for name in _TRAITS]
    controls += [_control(name, getattr(first, name), _of(first.level, name)) for name in _OF_THE_FIRST]
    never = controls[-1]["max"]

    def compute(values: dict) -> dict:
        traits = {name: values[name] for name in _TRAITS}
        terms = {name: values[name] for name in _OF_THE_FIRST}
        if terms["imitation_half_life_years"] >= never:
            terms["imitation_half_life_years"] = inf
        result = programme_economics(
            [replace(first, **terms), *plans[1:]],
            base=replace(base, **traits),
            years=years,
            annual_discount_rate=annual_discount_rate,
        )
        shown = {name: _shown(name, value) for name, value in (traits | terms).items()}
        return levels_scene(result).as_dict(values=values, shown=shown, said=_finding(result))

    return Explorer(controls, compute)


def _of(level: str, name: str) -> dict[str, str]:
    """What the slider of one level's programme is called."""
    return MESSAGES.texts("label_of", label=term_pair(level), of=term_pair(name))


def _control(name: str, start: float, label: dict[str, str]) -> dict:
    """A slider that begins at the given value, and reaches it where that lies beyond the usual range."""
    low: float
    high: float
    step: float
    if name == "imitation_half_life_years":
        low, high, step = _HALF_LIFE
        high = (high if start == inf else max(high, start)) + step
    elif name in _RATES:
        low, high, step = _RATES[name]
        high = max(high, start)
    else:
        size = start or 1.0  # a margin of nothing can be raised too
        low, high, step = start / 10, 5 * size, size / 10
    return slider(name, min(start, high), low=low, high=high, step=step, label=label)


def levels_scene(result: ProgrammeEconomics) -> Scene:
    """A panel per level: bars of the cumulative cash flow, dashed under zero."""
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("cumulative_discounted"))
    caption = {lang: f"{word} / {term_texts('year')[lang]}" for lang, word in scene.title.items()}
    scene.text(8, 14, caption, css="crm-small")
    money = result.yearly["cumulative_discounted"]
    high, low = max(0.0, money.max()), min(0.0, money.min())
    scale = (_HEIGHT - _TOP - _FOOT) / (high - low or 1)
    for j, (level, flows) in enumerate(result.yearly.groupby("level", sort=False)):
        left = 8 + _PANEL * j
        value = result.npv[level].value
        worth = {
            lang: f"{word} {number(value, lang)}" for lang, word in term_texts("net_present_value").items()
        }
        scene.text(left, 40, term_texts(level), css="crm-strong")
        scene.text(left, 60, worth)
        _draw_bars(scene, flows, left=left, zero=_TOP + high * scale, scale=scale, colour=_COLOURS[j])
    return scene


def _draw_bars(
    scene: Scene, flows: pd.DataFrame, *, left: float, zero: float, scale: float, colour: str
) -> None:
    width = (_PANEL - 22) / len(flows)
    every = -(-14 // int(width)) if width < 14 else 1  # years that are named, where there is no room for all
    for year, money in enumerate(flows["cumulative_discounted"].tolist()):
        x = left + width * year
        look = {"fill": colour, "css": "crm-edge"} if money >= 0 else {"css": "crm-ghost"}
        gap = min(2, width / 4)
        scene.rect(x + gap, zero - max(0, money) * scale, width - 2 * gap, abs(money) * scale, **look)
        if year % every == 0:
            scene.text(x + width / 2, _HEIGHT - 12, str(year), anchor="middle", css="crm-small")
    scene.line(left, zero, left + _PANEL - 22, zero, css="crm-edge")


def _shown(name: str, value: float) -> str | dict[str, str]:
    if name in _RATES:
        return percent(value)
    if name == "imitation_half_life_years":
        return "∞" if value == inf else f"{value:.1f}"
    return number_texts(value)


def _finding(result: ProgrammeEconomics) -> dict[str, str]:
    levels = result.levels
    best = levels.loc[levels["net_present_value"].idxmax()]
    first = levels["level"].iloc[0]
    rewards = result.yearly[result.yearly["level"] == first][["reward_anyway", "reward_cost"]].sum()
    pays = best["net_present_value"] > 0
    return MESSAGES.texts(
        "explore_levels_said" if pays else "explore_levels_none",
        best=term_pair(best["level"]),
        first=term_pair(first),
        value=number_pair(best["net_present_value"]),
        each=best["value_per_customer"],
        year=best["break_even_year"],
        years=result.yearly["year"].max(),
        anyway=rewards["reward_anyway"] / (rewards["reward_cost"] or 1),
    )
