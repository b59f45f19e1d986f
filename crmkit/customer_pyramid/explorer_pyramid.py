"""The pyramid's explorer: move the cut-offs, see who brings the value, who gets the resources, and who should."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.glossary import term_pair, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_frame
from crmkit.display.numbers import number, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .pyramid import ByCustomerShare, Pyramid, RankedCustomers, Reallocation, rank_customers, reallocate

MARGIN_RATE = 0.3  # of revenue, where neither the caller nor the customers say
_COLOURS = ("#bfd9ee", "#e69f00", "#6b7780", "#3f464c")
# tier -> lowest, highest, step and first setting of its share of customers (Zeithaml's); the last tier is the rest
_SHARES = {
    "platinum": (0.002, 0.1, 0.002, 0.01),
    "gold": (0.005, 0.2, 0.005, 0.04),
    "iron": (0.01, 0.5, 0.01, 0.15),
}
_WIDTH, _TOP, _ROW = 800, 62, 52
_LEFT, _COLUMN, _FULL = 84, 178, 128  # where the columns begin, how wide each is, and its longest bar
_INSIDE = 56  # a bar this wide has room for its number


def explore_pyramid(
    customers: pd.DataFrame,
    *,
    cost_to_serve: pd.DataFrame | None = None,
    margin_rate: float | None = None,
    resources: Mapping[str, float] | None = None,
) -> Explorer:
    """Sliders for the tiers' shares of customers and for the elasticity; the pyramid and the better allocation follow.

    ``customers``: as for ``pyramid`` (customer_id, revenue; a column margin, or ``cost_to_serve``, adds a choice of
    what counts as value), and so are the other arguments. Without a ``margin_rate`` the customers' own margins count,
    and where they have none ``MARGIN_RATE``.

    >>> from crmkit import load, customer_summary
    >>> explorer = explore_pyramid(customer_summary(load("cdnow_sample"), as_of="1998-06-30"))
    >>> explorer.move(platinum=0.02).values["platinum"]
    0.02
    """
    require_frame(customers, what="explore_pyramid")
    if margin_rate is None and "margin" not in customers:
        margin_rate = MARGIN_RATE
    of_revenue = _own_margin_rate(customers) if margin_rate is None else margin_rate

    possible = {"revenue": True, "margin": "margin" in customers, "profit": cost_to_serve is not None}
    choices = [by for by, there in possible.items() if there]
    ranked = {
        by: rank_customers(customers, by=by, margin_rate=margin_rate, cost_to_serve=cost_to_serve)
        for by in choices
    }

    def compute(values: dict) -> dict:
        of = ranked[values.get("by", "revenue")]
        return pyramid_scene(of, values, margin_rate=of_revenue, resources=resources)

    return Explorer(_controls(choices), compute)


def _own_margin_rate(customers: pd.DataFrame) -> float:
    revenue = customers["revenue"].sum()
    return float(np.clip(customers["margin"].sum() / revenue, 0, 1)) if revenue > 0 else 0.0


def _controls(choices: list[str]) -> list[dict]:
    controls = [
        slider(
            tier,
            first,
            low=low,
            high=high,
            step=step,
            label=MESSAGES.texts("explore_tier_share", tier=term_pair(tier)),
        )
        for tier, (low, high, step, first) in _SHARES.items()
    ]
    controls.append(slider("elasticity", 0.3, low=0, high=0.9, step=0.05, label=term_texts("elasticity")))
    if len(choices) > 1:
        controls.append(
            {
                "name": "by",
                "kind": "choice",
                "value": "revenue",
                "label": MESSAGES.texts("explore_by"),
                "options": [{"value": by, "label": term_texts(by)} for by in choices],
            }
        )
    return controls


def pyramid_scene(
    ranked: RankedCustomers,
    values: dict,
    *,
    margin_rate: float = MARGIN_RATE,
    resources: Mapping[str, float] | None = None,
) -> dict:
    """The scene for what the controls are set to: columns of centred bars, dashed the better spread of the budget."""
    shares = {tier: values[tier] for tier in _SHARES}
    result = ranked.cut(ByCustomerShare({**shares, "lead": 1 - sum(shares.values())}), resources=resources)
    try:
        better = reallocate(result, elasticity=values["elasticity"], margin_rate=margin_rate)
        impossible = None
    except CrmkitError as error:  # a tier without resources, which no elasticity could raise
        better, impossible = None, error
    shown = {tier: percent(values[tier]) for tier in _SHARES} | {"elasticity": f"{values['elasticity']:.2f}"}

    scene = Scene(_WIDTH, _TOP + _ROW * len(result.tiers) + 8, title=term_texts("customer_pyramid"))
    _draw_columns(scene, _columns(result, better))
    for i, tier in enumerate(result.tiers["tier"]):
        scene.text(8, _TOP + _ROW * (i + 0.5), term_texts(tier), css="crm-strong", lines="middle")
    top = _top_two(result)
    said = {
        lang: MESSAGES.texts("explore_pyramid_said", by=term_texts(result.by)[lang], **top)[lang]
        + space
        + _after(better, impossible, shown["elasticity"], lang)
        for lang, space in (("zh", ""), ("en", " "))
    }
    return scene.as_dict(values=values, shown=shown, said=said)


def _columns(result: Pyramid, better: Reallocation | None) -> dict[str, np.ndarray]:
    tiers = result.tiers
    columns = {
        "customer_share": tiers["customer_share"].to_numpy(),
        f"{result.by}_share": tiers["value_share"].to_numpy(),
        "resource_share": tiers["resource_share"].to_numpy(),
    }
    if better is not None:
        after = dict(zip(better.tiers["tier"], better.tiers["resource_share_after"]))
        # a tier without customers gets nothing
        columns["resource_share_after"] = np.array([after.get(tier, 0.0) for tier in tiers["tier"]])
    return columns


def _draw_columns(scene: Scene, columns: dict[str, np.ndarray]) -> None:
    widest = np.nanmax(np.abs(np.concatenate(list(columns.values()))))
    for j, (slug, shares) in enumerate(columns.items()):
        middle = _LEFT + _COLUMN * (j + 0.5)
        scene.text(middle, 22, term_texts(slug), anchor="middle", css="crm-strong", lines="down")
        for i, share in enumerate(shares.tolist()):
            y = _TOP + _ROW * i
            if np.isnan(share):  # shares of a total that is not above 0
                scene.text(middle, y + _ROW / 2, "–", anchor="middle")
                continue
            width = abs(share) / widest * _FULL
            dashed = share < 0 or slug == "resource_share_after"  # a loss, or what is not there yet
            scene.rect(
                middle - width / 2,
                y + 2,
                width,
                _ROW - 4,
                fill=None if dashed else _COLOURS[i],
                css="crm-ghost" if dashed else "crm-edge",
            )
            if width > _INSIDE:
                css = "" if dashed else "crm-on-dark" if i > 1 else "crm-on-light"
                scene.text(middle, y + _ROW / 2, percent(share), anchor="middle", css=css)
            else:
                scene.text(middle + width / 2 + 6, y + _ROW / 2, percent(share))


def _top_two(result: Pyramid) -> dict[str, str]:
    """What the two best tiers have, as the finding names it."""
    named = {"customers": "customer_share", "value": "value_share", "resources": "resource_share"}
    shares = {name: float(result.tiers[column].to_numpy()[:2].sum()) for name, column in named.items()}
    return {name: "–" if np.isnan(share) else percent(share) for name, share in shares.items()}


def _after(better: Reallocation | None, impossible: CrmkitError | None, elasticity: str, lang: str) -> str:
    """What the dashed column says, or why there is none."""
    if better is None:
        assert impossible is not None
        return impossible.message_zh if lang == "zh" else impossible.message_en
    change = better.profit_change.value
    signed = ("+" if change > 0 else "") + number(change, lang)
    return MESSAGES.texts("explore_pyramid_dashed", elasticity=elasticity, change=signed)[lang]
