"""The explorer of the three levels: who the customers are, what is given away, how fast rivals copy; what is left."""

from collections.abc import Iterable
from dataclasses import replace

from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import number, number_pair, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer

from .levels import CustomerBase, Programme, programme_economics

_WIDTH, _HEIGHT, _TOP, _FOOT, _PANEL = 800, 350, 84, 30, 262
_COLOURS = ("#bfd9ee", "#e69f00", "#3f464c")
_TRAITS, _OF_THE_FIRST = (
    ("repeat_rate", "unit_margin", "customers"),
    ("margin_given_away", "imitation_half_life_years"),
)
_SHOWN = {"repeat_rate": percent, "margin_given_away": percent, "imitation_half_life_years": "{:.1f}".format}


def explore_relationship_levels(
    base: CustomerBase,
    *,
    programmes: Iterable[Programme],
    years: int = 5,
    annual_discount_rate: float = 0.1,
) -> Explorer:
    """Sliders for three traits of the base, and for what the first programme gives away and how fast it is copied.

    Arguments as for ``programme_economics``. A panel per level shows the cumulative discounted cash flow year by year,
    dashed while the programme has not paid for itself, and over it the net present value.

    >>> points = Programme(level="financial", purchase_lift=0.2, margin_given_away=0.05, setup_cost=2000)
    >>> base = CustomerBase(customers=900, repeat_rate=0.6, dispersion=0.5, unit_margin=5, purchases_per_year=8)
    >>> explore_relationship_levels(base, programmes=[points]).move(margin_given_away=0.2).values["margin_given_away"]
    0.2
    """
    plans = list(programmes)
    first = term_pair(plans[0].level)
    controls = []
    for name in (*_TRAITS, *_OF_THE_FIRST):
        value = min(getattr(base if name in _TRAITS else plans[0], name), 1e10)
        low, high, step = {
            "repeat_rate": (0, 0.95, 0.01),
            "margin_given_away": (0, 0.5, 0.01),
            "imitation_half_life_years": (0, 10, 0.1),
        }.get(name, (value / 10, 5 * value, value / 10))
        label = term_texts(name)
        if name in _OF_THE_FIRST:
            label = MESSAGES.texts("label_of", label=first, of=term_pair(name))
        controls.append(
            {
                "name": name,
                "kind": "range",
                "min": low,
                "max": high,
                "step": step,
                "value": min(value, high),
                "label": label,
            }
        )
    how = {"years": years, "annual_discount_rate": annual_discount_rate}
    return Explorer(controls, lambda values: levels_scene(base, plans, values, **how))


def levels_scene(base: CustomerBase, plans: list[Programme], values: dict, **how) -> dict:
    """The scene for what the controls are set to: bars of the cumulative cash flow, dashed under zero."""
    base = replace(base, **{name: values[name] for name in _TRAITS})
    plans = [replace(plans[0], **{name: values[name] for name in _OF_THE_FIRST}), *plans[1:]]
    result = programme_economics(plans, base=base, **how)
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("cumulative_discounted"))
    caption = {lang: f"{word} / {term_texts('year')[lang]}" for lang, word in scene.title.items()}
    scene.text(8, 14, caption, css="crm-small")
    high, low = (extreme(0.0, extreme(result.yearly["cumulative_discounted"])) for extreme in (max, min))
    scale = (_HEIGHT - _TOP - _FOOT) / (high - low or 1)
    zero, width = _TOP + high * scale, (_PANEL - 22) / (how["years"] + 1)
    for j, (level, flows) in enumerate(result.yearly.groupby("level", sort=False)):
        left, value = 8 + _PANEL * j, result.npv[level].value
        scene.text(left, 40, term_texts(level), css="crm-strong")
        scene.text(
            left,
            60,
            {lang: f"{word} {number(value, lang)}" for lang, word in term_texts("net_present_value").items()},
        )
        for year, money in enumerate(flows["cumulative_discounted"]):
            mark = {"fill": _COLOURS[j], "css": "crm-edge"} if money >= 0 else {"css": "crm-ghost"}
            scene.rect(
                left + width * year + 2, zero - max(0, money) * scale, width - 4, abs(money) * scale, **mark
            )
            scene.text(left + width * (year + 0.5), _HEIGHT - 12, str(year), anchor="middle", css="crm-small")
        scene.line(left, zero, left + _PANEL - 22, zero, css="crm-edge")
    shown = {name: _SHOWN.get(name, number)(value) for name, value in values.items()}
    return scene.as_dict(values=values, shown=shown, said=_finding(result))


def _finding(result) -> dict[str, str]:
    best = result.levels.loc[result.levels["net_present_value"].idxmax()]
    first = result.yearly[result.yearly["level"] == result.levels["level"][0]].sum(numeric_only=True)
    key = "explore_levels_said" if best["net_present_value"] > 0 else "explore_levels_none"
    return MESSAGES.texts(
        key,
        best=term_pair(best["level"]),
        first=term_pair(result.levels["level"][0]),
        value=number_pair(best["net_present_value"]),
        each=best["value_per_customer"],
        year=best["break_even_year"],
        years=result.yearly["year"].max(),
        anyway=first["reward_anyway"] / (first["reward_cost"] or 1),
    )
