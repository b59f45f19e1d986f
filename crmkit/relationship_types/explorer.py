"""The relationship types' explorer: change the customers, see which type earns most, and what the table would say."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from crmkit.core.glossary import term_texts
from crmkit.core.language import WRITTEN
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_frame
from crmkit.display.numbers import number, number_texts, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .types import PLANS, TYPES, ContactPlan, TypeComparison, compare_relationship_types

# what a slider sets → lowest, highest, step; the first three are powers of ten
_SLIDERS = {
    "customers": (0, 6, 0.05),
    "unit_margin": (0, 5, 0.05),
    "purchases_per_year": (-1, 2, 0.05),
    "retention_rate": (0, 0.98, 0.02),
    "need": (0, 1, 0.05),
    "cost_factor": (0.1, 4, 0.1),
}
_POWERS = ("customers", "unit_margin", "purchases_per_year")
_TOP, _ROW = 56, 44
_LEFT, _FULL, _BOOK, _EVEN = 96, 300, 470, 790  # bars and their width, the table's pick, the break-even


def explore_relationship_types(
    segment: pd.DataFrame,
    *,
    plans: Mapping[str, ContactPlan] | None = None,
    years: int = 5,
    annual_discount_rate: float = 0.10,
) -> Explorer:
    """Sliders for customers, margin, purchases, loyalty, need and the cost of a contact; the types' profits follow.

    ``segment``: one row as for ``compare_relationship_types``, where the sliders begin. ``move`` takes customers,
    unit_margin and purchases_per_year as powers of ten, as the sliders do: 3 is 1,000. ``plans``: ``PLANS``
    if not given. ``cost_factor`` multiplies their costs of a contact. Errors: as there, and CrmkitError for a margin or
    purchases that are not above 0.

    >>> start = pd.DataFrame({"customers": [1000], "unit_margin": [100.0], "purchases_per_year": [3.0],
    ...                       "retention_rate": [0.6]})
    >>> explore_relationship_types(start).move(need=0).scene["values"]["need"]
    0.0
    """
    require_frame(segment, what="explore_relationship_types")
    plans = PLANS if plans is None else plans
    one = segment.head(1).assign(segment="")
    compare_relationship_types(one, plans=plans)  # refuses what no slider could show
    start = {"need": 1.0, "customers": 1.0, "cost_factor": 1.0} | one.iloc[0].to_dict()
    for name in _POWERS:
        require_between(start[name], 1e-6, 1e12, name=name)
    market = {name: start[name] for name in ("market_customers",) if name in start}
    return Explorer(
        [_control(name, start[name]) for name in _SLIDERS],
        lambda values: types_scene(
            values, plans=plans, years=years, annual_discount_rate=annual_discount_rate, **market
        ),
    )


def _control(name: str, start: float) -> dict:
    """A slider that begins at the segment's own value, and reaches it where that lies beyond the usual range."""
    low, high, step = _SLIDERS[name]
    value = float(np.log10(start) if name in _POWERS else start)
    low = min(low, value)
    high = max(high, value)
    return slider(name, value, low=low, high=high, step=step, label=term_texts(name))


def types_scene(
    values: dict,
    *,
    plans: Mapping[str, ContactPlan] = PLANS,
    years: int = 5,
    annual_discount_rate: float = 0.10,
    **market: float,
) -> dict:
    """The scene for what the controls are set to: a bar and its interval per type, the table's pick and break-even."""
    row = {name: 10 ** values[name] if name in _POWERS else values[name] for name in _SLIDERS}
    row["customers"] = float(round(row["customers"]))
    dearer = {
        name: replace(plan, cost_per_contact=plan.cost_per_contact * row["cost_factor"])
        for name, plan in plans.items()
    }
    # the same draws at every setting: what changes in the picture is what the reader changed
    result = compare_relationship_types(
        pd.DataFrame([{"segment": "", **row, **market}]),
        plans=dearer,
        years=years,
        annual_discount_rate=annual_discount_rate,
        rng=np.random.default_rng(0),
    )
    scene = Scene(800, _TOP + _ROW * len(TYPES) + 8, title=term_texts("type_profits"))
    _draw(scene, result)
    said = {lang: _finding(result, lang) for lang in WRITTEN}
    return scene.as_dict(values=values, shown={name: _shown(name, row[name]) for name in row}, said=said)


def _draw(scene: Scene, result: TypeComparison) -> None:
    best = result.best.iloc[0]
    rows = result.profits.to_dict("records")
    second = sorted(abs(row["profit"]) for row in rows)[-2]
    deepest = -1.5 * second  # a deeper loss is cut off, as in the plot
    low = min(0.0, max(deepest, min(row["profit_low"] for row in rows)))
    high = max(max(row["profit_high"] for row in rows), -0.1 * low, 1e-9)

    def x(value: float) -> float:
        return _LEFT + _FULL * (min(max(value, low), high) - low) / (high - low)

    for place, slug in ((_LEFT, "profit"), (_BOOK, "published_type"), (_EVEN, "break_even_margin")):
        side = "end" if place == _EVEN else "start"
        scene.text(place, 20, term_texts(slug), anchor=side, css="crm-strong", lines="down")
    for i, row in enumerate(rows):
        y, name, profit = _TOP + _ROW * (i + 0.5), row["relationship_type"], row["profit"]
        chosen, loss = name == best["best_type"], profit < 0
        scene.text(8, y, term_texts(name), css="crm-strong" if chosen else "", lines="middle")
        scene.rect(
            min(x(0), x(profit)),
            y - 13,
            abs(x(profit) - x(0)),
            26,
            css="crm-ghost" if loss else "crm-edge",
            fill=None if loss else "#0072b2" if chosen else "#c4c9cd",
        )
        scene.line(x(row["profit_low"]), y, x(row["profit_high"]), y, css="crm-edge")
        if profit < low:
            scene.text(_LEFT + 4, y, "«")  # cut off: the number beside it is whole
        scene.text(_LEFT + _FULL + 10, y, number_texts(profit), css="crm-small")
        if name in best["published_type"].split("_or_"):
            scene.text(_BOOK + 30, y, "◆", anchor="middle")
        even = row["break_even_margin"]
        scene.text(_EVEN, y, number_texts(even) if 0 < even < np.inf else "–", anchor="end")
    scene.line(x(0), _TOP, x(0), _TOP + _ROW * len(TYPES), css="crm-edge")


def _finding(result: TypeComparison, lang: str) -> str:
    best = result.best.iloc[0]
    words = {
        "best": term_texts(best["best_type"])[lang],
        "sure": percent(best["best_probability"], 0),
        "book": term_texts(best["published_type"])[lang],
    }
    if best["agree"]:
        return MESSAGES.texts("explore_types_agree", **words)[lang]
    reason = term_texts(best["reason"])[lang]
    given_up = number(best["given_up"], lang)
    return MESSAGES.texts("explore_types_said", **words, given_up=given_up, reason=reason)[lang]


def _shown(name: str, value: float) -> str | dict[str, str]:
    if name == "retention_rate":
        return percent(value, 0)
    if name == "cost_factor":
        return f"× {value:.1f}"
    return f"{value:.2f}" if name == "need" else number_texts(value)
