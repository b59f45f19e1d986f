"""The explorer of RFM: from which score on a customer counts as recent, frequent, big, and who then falls where."""

import numpy as np
import pandas as pd

from crmkit.core.glossary import term_texts
from crmkit.core.messages import MESSAGES
from crmkit.core.schema import require_columns
from crmkit.display.numbers import percent
from crmkit.display.scene import Scene
from crmkit.display.widget import Explorer, slider

from .segments import SegmentRule, name_segments, rfm_scores

_SCORES = ("recency_score", "frequency_score", "monetary_score")
_THRESHOLDS = ("recent_from", "frequent_from", "big_from")
_WIDTH, _HEIGHT, _LEFT, _TOP, _SIDE = 760, 412, 40, 38, 310
_TABLE, _FULL = 392, 300
_COLOURS = ("#5f666d", "#e69f00")  # customers, revenue


def explore_rfm(customers: pd.DataFrame) -> Explorer:
    """Sliders for the number of scores and three thresholds; the grid of customers and the segments follow.

    ``customers``: customer_id, days_since_last, frequency, revenue. A threshold goes as far as there are scores.

    >>> from crmkit import load, customer_summary
    >>> explorer = explore_rfm(customer_summary(load("cdnow_sample"), as_of="1998-06-30"))
    >>> explorer.move(bins=4, recent_from=9).values["recent_from"]  # no score above 4 there
    4
    >>> explorer.move(bins=7).values["recent_from"]  # there it is as high as it goes
    7
    """
    require_columns(customers, ("customer_id", "days_since_last", "frequency", "revenue"), what="explore_rfm")
    cells = Cells(customers)
    controls = [
        slider(name, value, low=low, high=7, step=1, label=MESSAGES.texts(f"explore_{name}"))
        for name, low, value in (("bins", 3, 5), *((threshold, 2, 4) for threshold in _THRESHOLDS))
    ]
    asked = Asked()
    return Explorer(controls, lambda values: rfm_scene(cells, asked(values)))


class Asked:
    """Where the reader has put each threshold: it goes back there as soon as there are scores enough again."""

    def __init__(self):
        self._asked: dict[str, float] = {}
        self._shown: dict[str, float] = {}

    def __call__(self, values: dict) -> dict:
        for name in _THRESHOLDS:
            if values[name] != self._shown.get(name):
                self._asked[name] = values[name]
            self._shown[name] = min(self._asked[name], values["bins"])
        return {**values, **self._asked}


class Cells:
    """How many customers and how much revenue each combination of scores has; scored once for a number of bins."""

    def __init__(self, customers: pd.DataFrame):
        self.customers = customers
        self._by_bins: dict[int, pd.DataFrame] = {}
        self._revenue = customers["revenue"].to_numpy(dtype=float)

    def __call__(self, bins: int) -> pd.DataFrame:
        if bins not in self._by_bins:
            self._by_bins[bins] = self._count(bins)
        return self._by_bins[bins]

    def _count(self, bins: int) -> pd.DataFrame:
        scores = rfm_scores(self.customers, bins=bins)
        shape, cells = (bins,) * 3, bins**3
        places = scores[list(_SCORES)].to_numpy() - 1
        cell = np.ravel_multi_index(places.T, shape)
        every = np.array(np.unravel_index(np.arange(cells), shape)) + 1
        counted = dict(zip(_SCORES, every))
        counted["customer_id"] = np.arange(cells)
        counted["customers"] = np.bincount(cell, minlength=cells)
        counted["revenue"] = np.bincount(cell, self._revenue, minlength=cells)
        return pd.DataFrame(counted)


def rules(recent_from: int, frequent_from: int, big_from: int) -> tuple[SegmentRule, ...]:
    """Five segments out of three thresholds; the first rule that fits names the customer."""
    recent, frequent, big = f"R >= {recent_from}", f"F >= {frequent_from}", f"M >= {big_from}"
    return (
        SegmentRule("champions", f"{recent} and {frequent} and {big}"),
        SegmentRule("loyal", f"{recent} and {frequent}"),
        SegmentRule("potential_loyal", recent),
        SegmentRule("at_risk", f"{frequent} or {big}"),
        SegmentRule("hibernating", "otherwise"),
    )


def rfm_scene(cells: Cells, values: dict) -> dict:
    """The scene for what the controls are set to: the R×F grid with the thresholds, and the segments beside it."""
    bins = int(values["bins"])
    limit = {name: min(int(values[name]), bins) for name in _THRESHOLDS}
    named = name_segments(cells(bins), rules=rules(**limit), bins=bins)
    scene = Scene(_WIDTH, _HEIGHT, title=term_texts("rfm"))
    _grid(scene, named, bins, limit)

    segment, counts = named["segment"].to_numpy(), named[["customers", "revenue"]].to_numpy()
    slugs = [rule.slug for rule in rules(**limit)]
    sums = {slug: counts[segment == slug].sum(axis=0) for slug in slugs}
    total = np.where(counts.sum(axis=0) == 0, 1, counts.sum(axis=0))
    shares = {slug: [float(share) for share in part / total] for slug, part in sums.items()}
    widest = max(max(pair) for pair in shares.values()) or 1
    row = _SIDE / len(slugs)
    for i, slug in enumerate(slugs):
        y = _TOP + row * (i + 0.5)
        scene.text(_TABLE, y - 20, term_texts(slug), css="crm-strong")
        for dy, share, colour in zip((-3, 13), shares[slug], _COLOURS):
            width = max(0, share) / widest * _FULL
            scene.rect(_TABLE, y + dy - 7, width, 14, fill=colour)
            scene.text(_TABLE + width + 6, y + dy, percent(share), css="crm-small")
    for k, (slug, colour) in enumerate(zip(("customer_share", "revenue_share"), _COLOURS)):
        scene.rect(_TABLE, _TOP + _SIDE + 14 + 24 * k, 12, 12, fill=colour)
        scene.text(_TABLE + 20, _TOP + _SIDE + 20 + 24 * k, term_texts(slug), css="crm-small")

    said = MESSAGES.texts(
        "explore_rfm_said",
        customers=percent(shares["champions"][0]),
        value=percent(shares["champions"][1]),
        risk=percent(shares["at_risk"][1]),
    )
    kept = {"bins": bins} | limit
    return scene.as_dict(
        values=kept,
        shown={name: str(value) for name, value in kept.items()},
        said=said,
        most=dict.fromkeys(limit, bins),
    )


def _grid(scene: Scene, named: pd.DataFrame, bins: int, limit: dict[str, int]) -> None:
    counts = (
        named["customers"].to_numpy().reshape(bins, bins, bins).sum(axis=2)
    )  # the cells are in the order R, F, M
    side, most = _SIDE / bins, counts.max()
    for r in range(1, bins + 1):
        for f in range(1, bins + 1):
            count = int(counts[r - 1, f - 1])
            depth = (count / most) ** 0.5
            x, y = _LEFT + (r - 1) * side, _TOP + (bins - f) * side
            scene.rect(x, y, side, side, fill=_shade(depth), css="crm-faint")
            scene.text(
                x + side / 2,
                y + side / 2,
                f"{count:,}",
                anchor="middle",
                css="crm-on-dark" if depth > 0.6 else "crm-on-light",
            )
    for score in range(1, bins + 1):
        scene.text(
            _LEFT + (score - 0.5) * side, _TOP + _SIDE + 14, str(score), anchor="middle", css="crm-small"
        )
        scene.text(
            _LEFT - 12, _TOP + (bins - score + 0.5) * side, str(score), anchor="middle", css="crm-small"
        )
    x, y = _LEFT + (limit["recent_from"] - 1) * side, _TOP + (bins - limit["frequent_from"] + 1) * side
    scene.line(x, _TOP, x, _TOP + _SIDE)
    scene.line(_LEFT, y, _LEFT + _SIDE, y)
    foot = _TOP + _SIDE + 38
    scene.text(_LEFT + _SIDE - 18, foot, term_texts("recency_score"), anchor="end")
    scene.text(_LEFT + _SIDE, foot, "→", anchor="end")
    scene.text(_LEFT - 12, 18, "↑", anchor="middle")
    scene.text(_LEFT + 2, 18, term_texts("frequency_score"))


def _shade(depth: float) -> str:
    """White to deep blue; lightness falls all the way, so greyscale keeps the order."""
    low, high = (247, 251, 255), (8, 48, 107)
    return "#" + "".join(f"{round(a + (b - a) * depth):02x}" for a, b in zip(low, high))
