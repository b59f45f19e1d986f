"""The explorer of the second order: several shops beside each other, and how what one sees grows with the last day."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import numpy as np

from crmkit.core.catalogue import joined
from crmkit.core.glossary import named, term_texts
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import as_day
from crmkit.display.numbers import number, number_pair, percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .repeat_business import RepeatBusiness, repeat_business

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 800, 380, 44, 62, 46
_CURVE, _SIDE, _FULL = 400, 530, 190  # width of the curves, where the bars begin, and their greatest width
_COLOURS = ("#0072b2", "#e69f00", "#3f464c")
_LONGEST = 180  # days after the first order that the picture shows


def explore_second_order(
    shops: Mapping[str, object], *, first_day: date | str, last_day: date | str, within_days: int = 60
) -> Explorer:
    """Sliders for the last day observed and for a number of days: repeat share, and who has ordered again by then.

    ``shops``: name to transactions, two or three of them. The curves are ``repeat_business``'s, those still waiting
    counted in; the bars under them are the share of revenue from repeat orders, which grows with a shop's age, and the
    share of customers who order again within so many days, which does not.

    >>> from crmkit import load
    >>> shops = {"cdnow": load("cdnow_sample")}
    >>> explorer = explore_second_order(shops, first_day="1997-04-01", last_day="1998-06-30")
    >>> explorer.move(within_days=90).values["within_days"]
    90.0
    """
    first, last = as_day(first_day), as_day(last_day)
    open_days = (last - first).days
    controls = [
        slider(
            "days_open", open_days, low=0, high=open_days, step=1, label=MESSAGES.texts("explore_days_open")
        ),
        slider(
            "within_days",
            within_days,
            low=10,
            high=_LONGEST,
            step=5,
            label=MESSAGES.texts("explore_within_days"),
        ),
    ]

    @cache
    def seen_by(as_of: date) -> dict[str, RepeatBusiness]:
        return {name: repeat_business(log, as_of=as_of) for name, log in shops.items()}

    def compute(values: dict) -> dict:
        as_of = first + timedelta(days=int(values["days_open"]))
        found = seen_by(as_of)
        shown = {"days_open": as_of.isoformat(), "within_days": number(values["within_days"])}
        said = _finding(found, as_of, values["within_days"])
        return second_order_scene(found, values["within_days"]).as_dict(values=values, shown=shown, said=said)

    return Explorer(controls, compute)


def _share_within(result: RepeatBusiness, days: float) -> float:
    """The share that has ordered again, up to what has been observed."""
    longest = float(result.curve["days_since_first"].iloc[-1])
    return result.within(min(days, longest)).value


def second_order_scene(found: Mapping[str, RepeatBusiness], within_days: float) -> Scene:
    """A curve per shop at the left, and at the right two bars for each."""
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("time_to_second_order"))
    height = _HEIGHT - _TOP - _BOTTOM
    floor = _TOP + height
    scene.text(_LEFT, 22, scene.title, css="crm-small")
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = floor - share * height
        scene.line(_LEFT, y, _LEFT + _CURVE, y, css="crm-faint")
        scene.text(_LEFT - 6, y, percent(share, 0), anchor="end", css="crm-small")
    for days in range(0, _LONGEST + 1, 30):
        scene.text(_LEFT + _CURVE * days / _LONGEST, floor + 14, str(days), anchor="middle", css="crm-small")
    scene.text(_LEFT + _CURVE, floor + 32, term_texts("days_since_first"), anchor="end", css="crm-small")
    mark = _LEFT + _CURVE * within_days / _LONGEST
    scene.line(mark, _TOP, mark, floor)
    for i, (name, result) in enumerate(found.items()):
        _curve(scene, result, colour=_COLOURS[i], height=height)
        last = floor - _share_within(result, _LONGEST) * height
        scene.text(_LEFT + _CURVE + 6, last, named(name)._asdict(), css="crm-small", lines="middle")
    _bars(scene, found, within_days)
    return scene


def _curve(scene: Scene, result: RepeatBusiness, *, colour: str, height: float) -> None:
    """The curve as a row of narrow bars' tops: one mark for every two days that were observed."""
    floor = _TOP + height
    days, shares = (result.curve[name].to_numpy() for name in ("days_since_first", "returned_share"))
    step = 2
    for start in np.arange(0, min(_LONGEST, days[-1]), step):
        share = shares[np.searchsorted(days, start, side="right") - 1]
        x = _LEFT + _CURVE * start / _LONGEST
        scene.rect(x, floor - share * height - 1.5, _CURVE * step / _LONGEST, 3, fill=colour, css="")


def _bars(scene: Scene, found: Mapping[str, RepeatBusiness], within_days: float) -> None:
    """Under each of two headings a bar per shop."""
    y = _TOP
    headings = (
        (term_texts("repeat_share"), lambda r: float(r.split["repeat_share"].iloc[0])),
        (
            MESSAGES.texts("explore_back_within", days=number(within_days)),
            lambda r: _share_within(r, within_days),
        ),
    )
    for heading, share_of in headings:
        scene.text(_SIDE, y, heading, css="crm-strong", lines="up")
        y += 20
        for i, (name, result) in enumerate(found.items()):
            share = share_of(result)
            scene.text(_SIDE, y + 8, named(name)._asdict(), css="crm-small")
            scene.rect(_SIDE, y + 20, _FULL * share, 16, fill=_COLOURS[i])
            scene.text(_SIDE + _FULL * share + 6, y + 28, percent(share))
            y += 46
        y += 34


def _finding(found: Mapping[str, RepeatBusiness], as_of: date, days: float) -> dict[str, str]:
    said = [MESSAGES.pair("explore_second_order_said", day=as_of.isoformat())]
    for name, result in found.items():
        said.append(
            MESSAGES.pair(
                "explore_second_order_shop",
                shop=named(name),
                customers=number_pair(result.customers),
                repeat=percent(float(result.split["repeat_share"].iloc[0])),
                back=percent(_share_within(result, days)),
                days=number(days),
            )
        )
    return joined(*said)._asdict()
