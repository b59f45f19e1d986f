"""The pyramid's explorer: move the cut-offs, see who brings the value, who gets the resources, and who should."""

import numpy as np
import pandas as pd

from crmkit.core.catalogue import Pair
from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.display.numbers import number, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer

from .pyramid import ByCustomerShare, RankedCustomers, rank_customers, reallocate

_TIERS = ("platinum", "gold", "iron", "lead")
_COLOURS = ("#bfd9ee", "#e69f00", "#6b7780", "#3f464c")
# tier -> lowest, highest, step and first setting of its share of customers (Zeithaml's); the last tier is the rest
_SHARES = {
    "platinum": (0.002, 0.1, 0.002, 0.01),
    "gold": (0.005, 0.2, 0.005, 0.04),
    "iron": (0.01, 0.5, 0.01, 0.15),
}
_WIDTH, _TOP, _ROW, _LEFT, _COLUMN, _FULL = 800, 62, 52, 84, 178, 128


def explore_pyramid(
    customers: pd.DataFrame,
    *,
    cost_to_serve: pd.DataFrame | None = None,
    margin_rate: float = 0.3,
    resources: dict[str, float] | None = None,
) -> Explorer:
    """Sliders for the tiers' shares of customers and for the elasticity; the pyramid and the better allocation follow.

    ``customers``: as for ``pyramid`` (customer_id, revenue; a column margin, or ``cost_to_serve``, adds a choice of
    what counts as value). ``margin_rate`` turns revenue into margin for the expected profit change.

    >>> from crmkit import load, customer_summary
    >>> explorer = explore_pyramid(customer_summary(load("cdnow_sample"), as_of="1998-06-30"))
    >>> explorer.move(platinum=0.02).values["platinum"]
    0.02
    """
    possible = {"revenue": True, "margin": "margin" in customers, "profit": cost_to_serve is not None}
    choices = [by for by, there in possible.items() if there]
    ranked = {by: rank_customers(customers, by=by, cost_to_serve=cost_to_serve) for by in choices}
    controls = [
        {
            "name": tier,
            "kind": "range",
            "min": low,
            "max": high,
            "step": step,
            "value": first,
            "label": MESSAGES.texts("explore_tier_share", tier=term_pair(tier)),
        }
        for tier, (low, high, step, first) in _SHARES.items()
    ]
    controls.append(
        {
            "name": "elasticity",
            "kind": "range",
            "min": 0,
            "max": 0.9,
            "step": 0.05,
            "value": 0.3,
            "label": term_texts("elasticity"),
        }
    )
    if len(choices) > 1:
        controls.append(
            {
                "name": "by",
                "kind": "choice",
                "value": "revenue",
                "label": MESSAGES.texts("explore_by"),
                "options": [{"value": c, "label": term_texts(c)} for c in choices],
            }
        )
    return Explorer(
        controls,
        lambda values: pyramid_scene(
            ranked[values.get("by", "revenue")], values, margin_rate=margin_rate, resources=resources
        ),
    )


def pyramid_scene(ranked: RankedCustomers, values: dict, *, margin_rate: float = 0.3, resources=None) -> dict:
    """The scene for what the controls are set to: columns of centred bars, dashed the better spread of the budget."""
    by = ranked.by
    shares = {tier: values[tier] for tier in _SHARES}
    result = ranked.cut(ByCustomerShare({**shares, "lead": 1 - sum(shares.values())}), resources=resources)
    better = reallocate(result, elasticity=values["elasticity"], margin_rate=margin_rate)
    tiers = result.tiers
    after = better.tiers.set_index("tier")["resource_share_after"]
    after = after.reindex(tiers["tier"], fill_value=0.0)  # a tier without customers gets nothing
    columns = {
        "customer_share": tiers["customer_share"],
        f"{by}_share": tiers["value_share"],
        "resource_share": tiers["resource_share"],
        "resource_share_after": after,
    }

    scene = Scene(_WIDTH, _TOP + _ROW * len(tiers) + 8, title=term_texts("customer_pyramid"))
    widest = max(float(np.nanmax(np.abs(shares))) for shares in columns.values())
    for j, (slug, shares) in enumerate(columns.items()):
        middle = _LEFT + _COLUMN * (j + 0.5)
        scene.text(middle, 22, term_texts(slug), anchor="middle", css="crm-strong", lines="down")
        for i, share in enumerate(shares):
            y, width = _TOP + _ROW * i, abs(share) / widest * _FULL
            dashed = share < 0 or slug == "resource_share_after"  # a loss, or what is not there yet
            scene.rect(
                middle - width / 2,
                y + 2,
                width,
                _ROW - 4,
                fill=None if dashed else _COLOURS[i],
                css="crm-ghost" if dashed else "crm-edge",
            )
            if width > 56:
                scene.text(
                    middle,
                    y + _ROW / 2,
                    percent(share),
                    anchor="middle",
                    css="" if dashed else "crm-on-dark" if i > 1 else "crm-on-light",
                )
            else:
                scene.text(middle + width / 2 + 6, y + _ROW / 2, percent(share))
    for i, tier in enumerate(tiers["tier"]):
        scene.text(8, _TOP + _ROW * (i + 0.5), term_texts(tier), css="crm-strong", lines="middle")

    best, change = tiers.iloc[:2], better.profit_change.value
    elasticity = f"{values['elasticity']:.2f}"
    sign = "+" if change > 0 else ""
    finding = MESSAGES.texts(
        "explore_pyramid_said",
        by=term_pair(by),
        customers=percent(best["customer_share"].sum()),
        value=percent(best["value_share"].sum()),
        resources=percent(best["resource_share"].sum()),
        elasticity=elasticity,
        change=Pair(sign + number(change, "zh"), sign + number(change, "en")),
    )
    shown = {tier: percent(values[tier]) for tier in _SHARES} | {"elasticity": elasticity}
    return scene.as_dict(values=values, shown=shown, said=finding)
