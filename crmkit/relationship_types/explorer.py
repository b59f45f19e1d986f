"""The relationship types' explorer: change the customers, see which type earns most, and what the table would say."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import number, number_pair, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer

from .types import PLANS, TYPES, ContactPlan, compare_relationship_types

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
_TOP, _ROW, _LEFT, _FULL, _BOOK, _EVEN = 56, 44, 96, 300, 470, 790


def explore_relationship_types(
    segment: pd.DataFrame,
    *,
    plans: Mapping[str, ContactPlan] | None = None,
    years: int = 5,
    annual_discount_rate: float = 0.10,
) -> Explorer:
    """Sliders for customers, margin, purchases, loyalty, need and the cost of a contact; the types' profits follow.

    ``segment``: one row as for ``compare_relationship_types``, where the sliders begin. ``move`` takes customers,
    unit_margin and purchases_per_year as powers of ten, as the sliders do: 3 is 1,000. ``plans``: ``PLANS`` if not given. ``cost_factor`` multiplies the
    plans' costs of a contact.

    >>> start = pd.DataFrame({"customers": [1000], "unit_margin": [100.0], "purchases_per_year": [3.0],
    ...                       "retention_rate": [0.6]})
    >>> explore_relationship_types(start).move(need=0).scene["values"]["need"]
    0.0
    """
    plans = PLANS if plans is None else plans
    compare_relationship_types(
        segment.head(1).assign(segment=""), plans=plans
    )  # refuses what no slider could show
    start = {"need": 1.0, "customers": 1.0, "cost_factor": 1.0} | segment.iloc[0].to_dict()
    controls = [
        {
            "name": name,
            "kind": "range",
            "min": low,
            "max": high,
            "step": step,
            "label": term_texts(name),
            "value": min(
                high, max(low, float(np.log10(max(start[name], 1e-9)) if name in _POWERS else start[name]))
            ),
        }
        for name, (low, high, step) in _SLIDERS.items()
    ]
    return Explorer(
        controls, lambda values: types_scene(values, plans=plans, years=years, rate=annual_discount_rate)
    )


def types_scene(
    values: dict, *, plans: Mapping[str, ContactPlan] = PLANS, years: int = 5, rate: float = 0.10
) -> dict:
    """The scene for what the controls are set to: a bar and its interval per type, the table's pick and break-even."""
    row = {name: 10 ** values[name] if name in _POWERS else values[name] for name in _SLIDERS}
    row["customers"] = float(round(row["customers"]))
    dearer = {
        name: replace(p, cost_per_contact=p.cost_per_contact * row["cost_factor"])
        for name, p in plans.items()
    }
    # the same draws at every setting: what changes in the picture is what the reader changed
    result = compare_relationship_types(
        pd.DataFrame([{"segment": "", **row}]),
        plans=dearer,
        years=years,
        annual_discount_rate=rate,
        rng=np.random.default_rng(0),
        draws=300,
    )
    (best,), rows = result.best.to_dict("records"), result.profits.to_dict("records")
    deepest = (
        -1.5 * sorted(abs(r["profit"]) for r in rows)[-2]
    )  # a loss beyond this is cut off, as in the plot
    low = min(0.0, max(deepest, min(r["profit_low"] for r in rows)))
    high = max(max(r["profit_high"] for r in rows), -0.1 * low, 1e-9)

    def x(value):
        return _LEFT + _FULL * (np.clip(value, low, high) - low) / (high - low)

    scene = Scene(800, _TOP + _ROW * len(TYPES) + 8, title=term_texts("type_profits"))
    for place, slug in ((_LEFT, "profit"), (_BOOK, "published_type"), (_EVEN, "break_even_margin")):
        side = "end" if place == _EVEN else "start"
        scene.text(place, 20, term_texts(slug), anchor=side, css="crm-strong", lines="down")
    for i, r in enumerate(rows):
        y, name, even = _TOP + _ROW * (i + 0.5), r["relationship_type"], r["break_even_margin"]
        chosen, loss = name == best["best_type"], r["profit"] < 0
        scene.text(8, y, term_texts(name), css="crm-strong" if chosen else "", lines="middle")
        scene.rect(
            min(x(0), x(r["profit"])),
            y - 13,
            abs(x(r["profit"]) - x(0)),
            26,
            css="crm-ghost" if loss else "crm-edge",
            fill=None if loss else "#0072b2" if chosen else "#c4c9cd",
        )
        scene.line(x(r["profit_low"]), y, x(r["profit_high"]), y, css="crm-edge")
        scene.text(_LEFT + _FULL + 10, y, number(r["profit"]), css="crm-small")
        if name in best["published_type"].split("_or_"):
            scene.text(_BOOK + 30, y, "◆", anchor="middle")
        scene.text(_EVEN, y, number(even) if 0 < even < np.inf else "–", anchor="end")
    scene.line(x(0), _TOP, x(0), _TOP + _ROW * len(TYPES), css="crm-edge")
    said = MESSAGES.texts(
        "explore_types_said",
        best=term_pair(best["best_type"]),
        sure=percent(best["best_probability"], 0),
        book=term_pair(best["published_type"]),
        given_up=number_pair(best["given_up"]),
        reason=term_pair("agree" if best["agree"] else best["reason"]),
    )
    shown = {
        name: percent(value, 0)
        if name == "retention_rate"
        else f"× {value:.1f}"
        if name == "cost_factor"
        else f"{value:.2f}"
        if name == "need"
        else number(value)
        for name, value in row.items()
    }
    return scene.as_dict(values=values, shown=shown, said=said)
