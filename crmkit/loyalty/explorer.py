"""The explorer of the four forms of loyalty: where will and action are cut, and what each market did next."""

import pandas as pd

from crmkit.core.catalogue import joined
from crmkit.core.glossary import named, term_texts
from crmkit.core.language import minus_sign
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_columns
from crmkit.display.numbers import percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .loyalty import LoyaltyForms, loyalty_forms

_WIDTH, _TOP, _LEFT, _SIDE, _BETWEEN = 800, 58, 24, 348, 40
_HEIGHT = _TOP + _SIDE + 34
# where a form stands in the square: columns from the left, rows from the top; action to the right, will upwards
_PLACES = {
    "latent_loyalty": (0, 0),
    "true_loyalty": (1, 0),
    "no_loyalty": (0, 1),
    "spurious_loyalty": (1, 1),
}
_FILLS = (
    "#eef4f9",
    "#c9dfef",
    "#9cc5e2",
)  # of the customers in the box under a third came back, more, over two thirds
_ANYWHERE = "all_customers"


def explore_loyalty_forms(
    customers: pd.DataFrame, *, attitude_from: float, purchases_from: float
) -> Explorer:
    """Sliders for the two thresholds; a square for each market shows its four forms and how many bought again.

    ``customers``: as for ``loyalty_forms`` with ``retained``, and ``market`` where several are compared (two find
    room). Under the picture: how many more of the true than of the spurious stayed, with its interval.

    >>> import numpy as np
    >>> number = np.arange(200)
    >>> people = pd.DataFrame({"customer_id": number, "attitude": number % 10 + 1})
    >>> people = people.assign(purchases=number % 7, retained=number % 3 > 0)
    >>> explore_loyalty_forms(people, attitude_from=7, purchases_from=4).move(attitude_from=5).values["attitude_from"]
    5.0
    """
    require_columns(customers, ("attitude", "purchases", "retained"), what="explore_loyalty_forms")
    markets = customers["market"] if "market" in customers else pd.Series(_ANYWHERE, customers.index)
    parts = dict(list(customers.groupby(markets, sort=True)))
    controls = []
    for name, start in (("attitude", attitude_from), ("purchases", purchases_from)):
        low, high = (float(customers[name].quantile(end)) for end in (0.1, 0.9))
        controls.append(
            slider(
                f"{name}_from",
                start,
                low=min(low, start),
                high=max(high, start),
                step=1,
                label=MESSAGES.texts(f"explore_{name}_from"),
            )
        )

    def compute(values: dict) -> dict:
        found = {market: loyalty_forms(part, **values) for market, part in parts.items()}
        shown = {name: f"{value:.0f}" for name, value in values.items()}
        return forms_scene(found).as_dict(values=values, shown=shown, said=_finding(found))

    return Explorer(controls, compute)


def forms_scene(found: dict[str, LoyaltyForms]) -> Scene:
    """A square per market, darker where more bought again."""
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("will_and_action"))
    for i, (market, result) in enumerate(found.items()):
        left = _LEFT + (_SIDE + _BETWEEN) * i
        scene.text(left, 30, named(market)._asdict(), css="crm-strong", lines="middle")
        half = _SIDE / 2
        for form in result.forms.to_dict("records"):
            column, row = _PLACES[form["segment"]]
            x, y = left + half * column, _TOP + half * row
            shade = min(2, int(form["retention_rate"] * 3)) if form["customers"] else 0
            scene.rect(x, y, half, half, fill=_FILLS[shade])
            middle = x + half / 2
            scene.text(
                middle, y + 40, term_texts(form["segment"]), anchor="middle", css="crm-strong", lines="middle"
            )
            share = MESSAGES.texts("explore_form_share", share=percent(form["customer_share"]))
            scene.text(middle, y + 82, share, anchor="middle", css="crm-small", lines="middle")
            if form["customers"]:
                rates = (form[f"retention_rate{end}"] for end in ("", "_low", "_high"))
                rate, low, high = (percent(value, 0) for value in rates)
                stayed = MESSAGES.texts("explore_form_stayed", rate=rate, low=low, high=high)
                scene.text(middle, y + 126, stayed, anchor="middle", lines="middle")
        scene.text(left + _SIDE, _TOP + _SIDE + 18, _axes(), anchor="end", css="crm-small")
    return scene


def _axes() -> dict[str, str]:
    """What grows upwards and to the right."""
    return MESSAGES.texts("explore_forms_axes", up=named("attitude"), right=named("purchases"))


def _finding(found: dict[str, LoyaltyForms]) -> dict[str, str]:
    said = []
    for market, result in found.items():
        if result.gap is None:
            said.append(MESSAGES.pair("explore_forms_none", market=named(market)))
            continue
        gap, low, high = [_points(end) for end in result.gap.numbers if end is not None]
        said.append(MESSAGES.pair("explore_forms_said", market=named(market), gap=gap, low=low, high=high))
    return joined(*said)._asdict()


def _points(difference: float) -> str:
    """A difference of shares in whole percentage points; none has no sign."""
    points = round(100 * difference)
    return minus_sign(f"{points:+d}") if points else "0"
