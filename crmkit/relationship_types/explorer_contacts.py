"""The contacts' explorer: change what a contact costs and a response is worth, see how many contacts still pay."""

import numpy as np

from crmkit.core.glossary import named, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_between, require_kind
from crmkit.display.numbers import number_pair, number_texts
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .contact_intensity import ContactResponse

_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 560, 64, 300
_BESIDE = 580


def explore_contacts(
    result: ContactResponse,
    *,
    margin_per_response: float,
    cost_per_contact: float,
    contacts_today: float | None = None,
) -> Explorer:
    """Sliders for the cost of a contact and the margin of a response; the profit by number of contacts follows.

    ``result``: a ``ContactResponse``; ``margin_per_response`` and ``cost_per_contact`` (currency): where the sliders
    begin; the sliders run from 0 (the margin: a tenth) to three times as much. Where there are several segments, one is
    chosen. ``contacts_today``: what the gain is counted from (the mean of the rows if not given; in a trial, give what
    customers get without it). What was fitted stays as it is, and nothing beyond the contacts seen is shown: what moves
    is the profit. Errors: CrmkitError for a margin or a cost that is not above 0.

    >>> import crmkit
    >>> import pandas as pd
    >>> x = np.arange(400) % 12
    >>> response = np.round((1 + x) * np.exp(-0.2 * x), 2)
    >>> table = pd.DataFrame({"customer_id": range(400), "contacts": x, "response": response})
    >>> found = crmkit.fit_contact_response(table, margin_per_response=10, cost_per_contact=1)
    >>> explore_contacts(found, margin_per_response=10, cost_per_contact=1).move(cost_per_contact=0).values
    {'segment': 'all_customers', 'margin_per_response': 10.0, 'cost_per_contact': 0.0}
    """
    require_kind(result, ContactResponse, what="explore_contacts")
    require_between(margin_per_response, 1e-9, 1e12, name="margin_per_response")
    require_between(cost_per_contact, 1e-9, 1e12, name="cost_per_contact")
    segments = result.segments["segment"].tolist()
    controls = [
        _slider("margin_per_response", margin_per_response, least=0.1 * margin_per_response),
        _slider("cost_per_contact", cost_per_contact, least=0.0),
    ]
    if len(segments) > 1:
        options = [{"value": name, "label": _label(name)} for name in segments]
        choice = {"name": "segment", "kind": "choice", "label": term_texts("segment"), "options": options}
        controls.insert(0, choice | {"value": segments[0]})
    return Explorer(
        controls, lambda values: contacts_scene({"segment": segments[0]} | values, result, contacts_today)
    )


def _label(segment: str) -> dict[str, str]:
    zh, en = named(segment)
    return {"zh": zh, "en": en}


def _slider(name: str, start: float, *, least: float) -> dict:
    start = float(start)
    return slider(name, start, low=float(least), high=3 * start, step=start / 20, label=term_texts(name))


def contacts_scene(values: dict, result: ContactResponse, contacts_today: float | None = None) -> dict:
    """The scene for a segment, a margin and a cost: profit over the contacts seen,
    with the best number and the turn.
    """
    from scipy.interpolate import CubicSpline

    curve = result.curve[result.curve["segment"] == values["segment"]]
    row = result.segments.set_index("segment").loc[values["segment"]]
    seen = curve["contacts"].to_numpy()
    x = np.linspace(seen[0], seen[-1], 1001)
    response = CubicSpline(seen, curve["response"])(x)
    profit = values["margin_per_response"] * response - values["cost_per_contact"] * x
    points = {
        "best_contacts": float(x[profit.argmax()]),
        "annoyance_point": float(row["annoyance_point"]),
        "contacts_today": float(row["contacts_today"] if contacts_today is None else contacts_today),
    }
    scene = Scene(800, 372, title=term_texts("contact_profit"))
    _draw(scene, x[::10], profit[::10], points)
    shown = {name: number_texts(values[name]) for name in ("margin_per_response", "cost_per_contact")}
    return scene.as_dict(values=values, shown=shown, said=_finding(x, profit, points))


def _draw(scene: Scene, x: np.ndarray, profit: np.ndarray, points: dict[str, float]) -> None:
    low, high = min(profit.min(), 0.0), max(profit.max(), 1e-9)

    def across(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (value - x[0]) / (x[-1] - x[0])

    def down(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)

    scene.text(8, 24, term_texts("profit"), css="crm-strong", lines="down")
    for value in (low, high):
        scene.text(_LEFT - 8, down(value), number_texts(value), anchor="end", css="crm-small")
    scene.line(_LEFT, down(0.0), _RIGHT, down(0.0), css="crm-edge")
    for start in range(len(x) - 1):
        end = start + 1
        scene.line(across(x[start]), down(profit[start]), across(x[end]), down(profit[end]), css="crm-rule")
    for i, (letter, (slug, value)) in enumerate(zip("ABC", points.items())):
        place = 90 + 62 * i
        inside = value <= x[-1]  # a turn that was not seen has no place
        if inside:
            scene.line(across(value), _TOP - 6, across(value), _BOTTOM + 6, css="crm-ghost")
            # letters that stand at the same number are still read one by one
            scene.text(across(value), _TOP - 14 - 13 * i, letter, anchor="middle", css="crm-strong")
        scene.text(_BESIDE, place, letter, css="crm-strong")
        scene.text(_BESIDE + 22, place, term_texts(slug), lines="down")
        scene.text(790, place, f"{value:.1f}" if inside else "–", anchor="end", css="crm-strong")
    for value in np.linspace(x[0], x[-1], 5):
        scene.text(across(value), _BOTTOM + 20, f"{value:.3g}", anchor="middle", css="crm-small")
    scene.text(_RIGHT, _BOTTOM + 42, term_texts("contacts"), anchor="end", lines="down")


def _finding(x: np.ndarray, profit: np.ndarray, points: dict[str, float]) -> dict[str, str]:
    best, today = points["best_contacts"], points["contacts_today"]
    fields = {
        "best": f"{best:.1f}",
        "today": f"{today:.1f}",
        "gain": number_pair(profit.max() - np.interp(today, x, profit)),
    }
    if best >= x[-1]:
        return MESSAGES.texts("explore_contacts_last", **fields)
    if best <= x[0]:
        return MESSAGES.texts("explore_contacts_first", **fields)
    return MESSAGES.texts("explore_contacts_inside", **fields)
