"""Retention economics (F18): what fewer defections are worth, what the published figures assume, when keeping pays."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from crmkit.core.intervals import Numbers, difference_of_shares
from crmkit.core.schema import (
    as_numbers,
    require_between,
    require_choice,
    require_known,
    require_numbers,
    require_unique,
)
from crmkit.core.trials import is_treated

READINGS = ("percentage_points", "relative")
# Reichheld & Sasser (1990): by how much a customer's net present value rises when the defection rate falls by "5 %"
PUBLISHED_LIFTS = pd.DataFrame(
    {
        "sector": ["bank", "insurance", "wholesale", "laundry", "software", "car_service"],
        "npv_lift": [0.85, 0.50, 0.45, 0.45, 0.35, 0.30],
    }
)
# what the lift depends on, and its range
_ASSUMPTIONS = {
    "defection_rate": (0.0, 0.95),
    "annual_discount_rate": (0.0, 0.5),
    "annual_profit_growth": (-0.3, 0.5),
    "acquisition_years": (0.0, 20.0),
}


def defection_lift(
    defection_rate: float | Numbers,
    *,
    annual_discount_rate: float | Numbers,
    annual_profit_growth: float | Numbers = 0.0,
    acquisition_years: float | Numbers = 0.0,
    reading: str = "percentage_points",
    cut: float = 0.05,
) -> np.ndarray:
    """By what share a customer's net present value rises when fewer customers defect: 0.85 is +85 %.

    NPV, in years of today's profit: 1/(1 − q) − a with q = (1 − δ)(1 + g)/(1 + d); δ the defection rate a year, g by
    how much a customer's profit grows a year, d the discount rate, a what winning the customer cost; the first profit
    is made now. ``reading``: δ falls by ``cut`` in ``percentage_points`` (25 % to 20 %), or by that part of itself,
    ``relative`` (25 % to 23.75 %). All but these two may be arrays. Missing where it means nothing: the customer is
    worth nothing or without end, or δ is smaller than the cut. Without growth and acquisition cost the relative reading
    gives at most cut/(1 − cut), 5.3 %, and the points at most cut/d. The value of a customer rises, not a year's
    profit. Errors: CrmkitError for another reading, or a number outside δ 0 … 0.95, d 0 … 0.5, g −0.3 … 0.5, a 0 … 20.

    >>> points, relative = (defection_lift(0.10, annual_discount_rate=0.1, reading=reading) for reading in READINGS)
    >>> round(float(points), 3), round(float(relative), 3)
    (0.333, 0.026)
    """
    require_choice(reading, READINGS, name="reading")
    require_between(cut, 0, 1, name="cut")
    rate = _assumed("defection_rate", defection_rate)
    discount = _assumed("annual_discount_rate", annual_discount_rate)
    growth = _assumed("annual_profit_growth", annual_profit_growth)
    cost = _assumed("acquisition_years", acquisition_years)
    fewer = rate - cut if reading == "percentage_points" else rate * (1 - cut)
    before = 1 - (1 - rate) * (1 + growth) / (1 + discount)
    after = 1 - (1 - fewer) * (1 + growth) / (1 + discount)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = (1 / after - cost) / (1 / before - cost) - 1
    return np.where((after > 0) & (before * cost < 1) & (fewer > -1e-12), lift, np.nan)


def _assumed(name: str, given: float | Numbers) -> np.ndarray:
    """One assumption as numbers, refused outside its range."""
    numbers = as_numbers(given)
    low, high = _ASSUMPTIONS[name]
    for end in (numbers.min(), numbers.max()):
        require_between(float(end), low, high, name=name)
    return numbers


def retention_economics(
    claims: pd.DataFrame | None = None,
    *,
    unknown: str = "defection_rate",
    reading: str | Sequence[str] = READINGS,
    cut: float = 0.05,
    defection_rate: float | Numbers = 0.2,
    annual_discount_rate: float | Numbers = 0.1,
    annual_profit_growth: float | Numbers = 0.0,
    acquisition_years: float | Numbers = 0.0,
) -> pd.DataFrame:
    """Under which assumptions each published figure comes true: one is solved for, the others are tried as given.

    ``claims``: ``sector`` and ``npv_lift`` (0.85 = +85 %), Reichheld & Sasser's six (``PUBLISHED_LIFTS``) if not given.
    ``unknown`` is the assumption to be found, one of ``defection_rate``, ``annual_discount_rate``,
    ``annual_profit_growth`` (all a year), ``acquisition_years`` (the cost of winning a customer in years of today's
    profit); what is given for it is not used. Of every other one, and of ``reading``, several may be given: all
    combinations are tried. ``defection_lift`` has the formula and the ranges searched.

    Out: ``sector``, ``npv_lift``, ``reading``, the four assumptions, a row per solution (scipy's brentq; there may be
    two, as a customer hardly worth winning gains much in per cent), or one row with the unknown missing where nothing
    fits; ``highest_lift``, the most found in its range; each assumption + ``_effect``: the change of the lift when
    that one is 0.01 higher (a point; of acquisition a hundredth of a year). Contested: Sharp (2010) holds that
    defection hardly differs between brands of one size, so that 5 points are not to be had; and what the cut costs is
    not in the figure: ``keeping_pays`` asks that.
    Errors: CrmkitError for an unknown or reading that is none, a number out of its range.

    >>> retention_economics(annual_discount_rate=0.05)["defection_rate"].round(3).tolist()
    [0.059, 0.1, 0.111, 0.111, 0.143, 0.167, nan, nan, nan, nan, nan, nan]
    """
    claims = PUBLISHED_LIFTS if claims is None else claims
    require_choice(unknown, _ASSUMPTIONS, name="unknown")
    require_between(cut, 0, 1, name="cut")
    require_known(claims, ["sector"], what="retention_economics")
    (lifts,) = require_numbers(claims, ["npv_lift"], low=0, what="retention_economics")
    given = {
        "defection_rate": defection_rate,
        "annual_discount_rate": annual_discount_rate,
        "annual_profit_growth": annual_profit_growth,
        "acquisition_years": acquisition_years,
        "reading": reading,
    }
    tried = {name: np.atleast_1d(values).tolist() for name, values in given.items() if name != unknown}
    names = list(reversed(tried))
    rows = []
    for values in product(*(tried[name] for name in names)):
        search = _Search(setting=dict(zip(names, values)), unknown=unknown, cut=cut)
        for sector, lift in zip(claims["sector"], lifts):
            for solution in search.solutions(lift) or [np.nan]:
                rows.append({"sector": sector, "npv_lift": lift} | search.row(solution, lift))
    effects = [f"{name}_effect" for name in _ASSUMPTIONS]
    columns = ["sector", "npv_lift", "reading", *_ASSUMPTIONS, "highest_lift", *effects]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(effects, float))


class _Search:
    """All assumptions but one given: where over the range of the unknown one the lift is a published figure."""

    def __init__(self, *, setting: dict, unknown: str, cut: float):
        self.setting = setting
        self.unknown = unknown
        self.cut = cut
        low, high = _ASSUMPTIONS[unknown]
        by_points = unknown == "defection_rate" and setting["reading"] == "percentage_points"
        self.tried = np.linspace(cut if by_points else low, high, 4001)  # a rate cannot fall below 0
        self.found = self.lift(**{unknown: self.tried})

    def lift(self, **assumed) -> np.ndarray:
        """The lift under the setting, with the assumptions given in place of its own."""
        return defection_lift(**(self.setting | assumed), cut=self.cut)

    def solutions(self, lift: float) -> list[float]:
        """The values of the unknown under which the lift comes true, in order; there may be two."""
        from scipy.optimize import brentq

        def off(assumed):
            return self.lift(**{self.unknown: assumed}) - lift

        at_lift = np.isclose(self.found, lift, rtol=1e-9)  # the range may end at a solution
        distance = np.where(at_lift, 0.0, self.found - lift)
        solved = self.tried[distance == 0].tolist()
        for i in np.flatnonzero(distance[:-1] * distance[1:] < 0):
            solved.append(brentq(off, self.tried[i], self.tried[i + 1]))
        return sorted(solved)

    def row(self, solution: float, lift: float) -> dict:
        """The assumptions, the most that is found in the range, and what each moves when it is 0.01 higher."""
        row = self.setting | {self.unknown: solution}
        moved = {}
        if not np.isnan(solution):
            for name, (_, top) in _ASSUMPTIONS.items():
                higher = min(row[name] + 0.01, top)
                moved[f"{name}_effect"] = self.lift(**(row | {name: higher})) - lift
        return row | {"highest_lift": np.nanmax(self.found, initial=0)} | moved


def keeping_pays(customers: pd.DataFrame, *, offers: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Does a retention offer pay, and how many times dearer is acquiring: a trial with a control group, per segment.

    In, a row per customer: ``group`` (treated, who were made the offer, or control; drawn by lot: see ``trial_frame``,
    and ``trial_from_counts`` for a trial that was written down as counts), ``kept`` (0, 1) and, of several segments,
    ``segment``. ``offers``, a row per ``segment``: ``cost_per_offer``, ``customer_value`` (net present value of one
    customer kept) and ``acquisition_cost``, all in currency. The offer is paid to everybody who is offered it, also to
    those who would have stayed anyway, so a customer saved costs ``cost_per_offer`` ÷ ``saved_share``.

    Out: the offers with ``treated`` and ``control`` (customers), ``saved_share`` (kept with less kept without;
    Newcombe's 1998 interval ``saved_share_low``, ``saved_share_high``), ``cost_ratio`` (acquisition cost ÷ cost per
    customer saved: the "5 to 8 times"), ``naive_cost_ratio`` (÷ cost per customer kept, as if nobody stayed without the
    offer), ``break_even_ratio`` (acquisition cost ÷ customer value: under it the offer loses money, however dear new
    customers are), ``profit_per_offer`` (saved share × value − cost) with ``profit_per_offer_low`` and
    ``profit_per_offer_high``, and ``decision``: ``pays`` or ``loses`` where the interval leaves no doubt, else
    ``open_question``.
    Errors: CrmkitError for cells other than 0 and 1, costs that are not above 0, a segment without an offer or with
    two, an offer without customers in both groups.

    >>> from crmkit import trial_from_counts
    >>> trial = pd.DataFrame({"segment": ["gold", "iron"], "customers_treated": 1000, "kept_treated": [800, 985],
    ...                       "customers_control": 1000, "kept_control": [700, 975]})
    >>> offers = pd.DataFrame({"segment": ["gold", "iron"], "cost_per_offer": 10.0, "customer_value": 300.0,
    ...                        "acquisition_cost": 500.0})
    >>> found = keeping_pays(trial_from_counts(trial, outcome="kept"), offers=offers)
    >>> found[["cost_ratio", "naive_cost_ratio", "break_even_ratio", "decision"]].round(2).values.tolist()
    [[5.0, 40.0, 1.67, 'pays'], [0.5, 49.25, 1.67, 'loses']]
    """
    treated = is_treated(customers, what="keeping_pays")
    (kept,) = require_numbers(customers, ["kept"], low=0, high=1, whole=True, what="keeping_pays")
    cost, value, new = require_numbers(
        offers, ["cost_per_offer", "customer_value", "acquisition_cost"], low=1e-9, what="keeping_pays"
    )
    place = np.zeros(len(customers), dtype=int)  # of each customer's offer
    if "segment" in customers or len(offers) > 1:
        require_known(customers, ["segment"], what="keeping_pays")
        require_unique(offers, "segment", what="keeping_pays(offers=)", code="segment_twice")
        place = pd.Index(offers["segment"]).get_indexer(customers["segment"])
        if (place < 0).any():
            unknown = customers["segment"].iloc[int(np.argmax(place < 0))]
            require_choice(unknown, offers["segment"].tolist(), name="segment")

    def counted(chosen):
        return np.bincount(place[chosen], minlength=len(offers))

    n, others = counted(treated), counted(~treated)
    kept_treated, kept_control = counted(treated & (kept == 1)), counted(~treated & (kept == 1))
    saved = [
        difference_of_shares(*trial, confidence=confidence)
        for trial in zip(kept_treated, n, kept_control, others)
    ]
    share, low, high = np.array([estimate.numbers for estimate in saved], dtype=float).T
    return offers.assign(
        treated=n,
        control=others,
        saved_share=share,
        saved_share_low=low,
        saved_share_high=high,
        cost_ratio=new * share / cost,
        naive_cost_ratio=new * kept_treated / n / cost,
        break_even_ratio=new / value,
        profit_per_offer=share * value - cost,
        profit_per_offer_low=low * value - cost,
        profit_per_offer_high=high * value - cost,
        decision=np.select([low * value > cost, high * value < cost], ["pays", "loses"], "open_question"),
    )
