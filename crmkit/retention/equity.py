"""Customer equity (F18): what all customers are worth, present and coming, which lever moves it,
and what moving it costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_choice,
    require_columns,
    require_frame,
    require_known,
    require_numbers,
    require_whole,
)

_PARTS = ("value_equity", "brand_equity", "relationship_equity")


@dataclass(frozen=True, kw_only=True)
class CustomerEquity(NearestName):
    """What the customers of a firm are worth today, by segment, and by how much each lever moves it."""

    segments: (
        pd.DataFrame
    )  # the segments with present_value, coming_value, acquisition_spending, customer_equity
    levers: pd.DataFrame  # lever, elasticity: by how many per cent equity moves when the lever rises by 1 %
    total: float  # currency


def customer_equity(
    segments: pd.DataFrame, *, annual_discount_rate: float, years: int = 500
) -> CustomerEquity:
    """The value of today's customers and of those to be won, and its elasticities (Gupta, Lehmann & Stuart 2004).

    In, a row per segment: ``customers`` today, ``new_customers`` won each year, ``margin`` (currency a year while a
    customer), ``retention_rate`` (0 … 1, a year) and ``acquisition_cost`` (currency per customer won). ``years``: how
    many years new customers go on being won, at the end of each; those won stay as long as they stay.

    Out: ``present_value``, this year's margin of today's customers left out as received (multiple r/(1+d−r)),
    ``coming_value``, what those to be won will bring (their first margin at once, multiple (1+d)/(1+d−r)), discounted,
    before ``acquisition_spending``, what winning them will cost, discounted; and ``customer_equity``, the two values
    less the spending.
    ``levers``: ``margin``, ``retention_rate``, ``acquisition_cost``, ``annual_discount_rate``, ``new_customers``, each
    with its ``elasticity``, from the derivative; each lever is moved in all segments, alone, and for good: a higher
    ``retention_rate`` holds in every year to come and for those still to be won. So compare what it adds with all that
    it costs, in every year, discounted to today. An elasticity holds for small moves, and compares 1 % with 1 %, not
    yuan with yuan: what a per cent costs is not in it.
    Errors: CrmkitError for numbers out of range, r = 1 without discount, an equity that is not above 0.

    >>> telecom = pd.DataFrame({"customers": [1000], "new_customers": [100], "margin": [90.0],
    ...                         "retention_rate": [0.85], "acquisition_cost": [120.0]})
    >>> found = customer_equity(telecom, annual_discount_rate=0.1)
    >>> round(found.total), found.levers["elasticity"].round(2).tolist()
    (582000, [1.21, 4.63, -0.21, -0.89, 0.47])
    """
    d = annual_discount_rate
    require_between(d, 0, 1, name="annual_discount_rate")
    years = require_whole(years, 0, 500, name="years")
    now, new, m, r, cost = require_numbers(
        segments,
        {
            "customers": (0, np.inf),
            "new_customers": (0, np.inf),
            "margin": (0, np.inf),
            "retention_rate": (0, 1),
            "acquisition_cost": (0, np.inf),
        },
        what="customer_equity",
    )
    refuse_rows(1 + d - r <= 0, "clv_without_end", segments["retention_rate"])
    at = np.arange(1, years + 1)
    # today's worth of 1 at the end of each year of winning, and how that moves with the discount rate
    worth, slope = ((1 + d) ** -at).sum(), (-at * (1 + d) ** -(at + 1.0)).sum()
    first = (1 + d) / (1 + d - r)  # multiple of those who pay their first margin at once
    present, coming = now * m * (first - 1), new * m * first * worth
    spending = new * cost * worth
    table = segments.assign(
        present_value=present,
        coming_value=coming,
        acquisition_spending=spending,
        customer_equity=present + coming - spending,
    )
    total = float(table["customer_equity"].sum())
    if total <= 0:
        raise CrmkitError("total_zero", name="customer_equity")
    by_rate = (now + new * worth) * m * (1 + d) / (1 + d - r) ** 2
    by_discount = -(now + new * worth) * m * r / (1 + d - r) ** 2 + new * (m * first - cost) * slope
    moves = {
        "margin": (present + coming).sum(),
        "retention_rate": (r * by_rate).sum(),
        "acquisition_cost": -spending.sum(),
        "annual_discount_rate": d * by_discount.sum(),
        "new_customers": (coming - spending).sum(),
    }
    levers = pd.DataFrame(
        {"lever": list(moves), "elasticity": [float(move) / total for move in moves.values()]}
    )
    return CustomerEquity(segments=table, levers=levers, total=total)


def driver_returns(
    drivers: pd.DataFrame,
    *,
    switching: pd.DataFrame,
    shares: Mapping[str, float],
    brand: str,
    customers: float,
    margin_per_purchase: float,
    purchases_per_year: float,
    annual_discount_rate: float,
    years: int = 5,
) -> pd.DataFrame:
    """What improving a driver of customer equity would bring and return,
    through brand switching (Rust, Lemon & Zeithaml 2004).

    ``switching``: a row per brand bought last, a column per brand bought next, the probabilities in a row adding up to
    1; ``shares`` of the ``customers`` of the market by the brand that they bought last. The equity of ``brand`` is the
    margin of their purchases of it over ``years``, discounted: customers who leave may come back, as they never do in a
    retention rate. ``drivers``, a row each: ``driver``; ``part`` of equity that it belongs to, ``value_equity``
    (quality, price, convenience), ``brand_equity`` (image, ethics) or ``relationship_equity`` (programmes, recognition,
    community); ``utility``, what one point of it adds to the log-odds of choosing the brand (from a logit of choices on
    ratings); ``points``, by how much it would be raised, for all ``years``; ``cost`` (currency, once, today) and
    ``yearly_cost`` (currency, at the end of each of the ``years``). A driver of relationship equity moves only those
    who bought the brand last, the others all customers of the market, also those of rivals.

    Out, added: ``repeat_before`` and ``repeat_after``, the probability of buying the brand again, ``customer_equity``
    afterwards, ``gain`` in it, ``total_cost``, both costs discounted to today, ``net_gain`` after it and
    ``return_on_cost``, net gain by total cost. Each driver is raised alone; a coefficient from a survey says what goes
    together, and only a trial says what a driver does.
    Errors: CrmkitError for rows that do not add up to 1, unknown brands or parts, numbers out of range.

    >>> brands = ["ours", "theirs"]
    >>> switching = pd.DataFrame([[0.8, 0.2], [0.1, 0.9]], index=brands, columns=brands)
    >>> service = pd.DataFrame({"driver": ["service"], "part": ["value_equity"], "utility": [0.2], "points": [1.0],
    ...                         "cost": [1000.0], "yearly_cost": [500.0]})
    >>> found = driver_returns(service, switching=switching, shares={"ours": 0.3, "theirs": 0.7}, brand="ours",
    ...     customers=1000, margin_per_purchase=10, purchases_per_year=4, annual_discount_rate=0.1)
    >>> found[["repeat_after", "gain", "return_on_cost"]].round(2).values.tolist()
    [[0.83, 10671.11, 2.69]]
    """
    require_frame(drivers, what="driver_returns")
    brands = [str(name) for name in switching.columns]
    require_choice(brand, brands, name="brand")
    require_columns(switching.T, brands, what="driver_returns")
    chances = switching.loc[brands, brands].to_numpy(float)
    uneven = ~np.isclose(chances.sum(axis=1), 1, atol=1e-6) | (chances < 0).any(axis=1)
    refuse_rows(uneven, "switching_rows", pd.Series(chances.sum(axis=1)))
    last = np.array([float(shares.get(name, np.nan)) for name in brands])
    if not (np.isfinite(last).all() and (last >= 0).all() and np.isclose(last.sum(), 1, atol=1e-6)):
        raise CrmkitError("brand_shares", allowed=", ".join(brands))
    for name, number, low in (
        ("customers", customers, 0),
        ("margin_per_purchase", margin_per_purchase, 0),
        ("purchases_per_year", purchases_per_year, 0.01),
    ):
        require_between(number, low, 1e15, name=name)
    require_between(annual_discount_rate, 0, 1, name="annual_discount_rate")
    years = require_whole(years, 1, 100, name="years")
    require_known(drivers, ["driver", "part"], what="driver_returns")
    for part in drivers["part"]:
        require_choice(part, _PARTS, name="part")
    utility, points = require_numbers(drivers, ["utility", "points"], what="driver_returns")
    once, yearly = require_numbers(drivers, ["cost", "yearly_cost"], low=0, what="driver_returns")

    ours = brands.index(brand)
    kept_for = 1 / (1 + annual_discount_rate) ** (1 / purchases_per_year)
    purchases = int(round(years * purchases_per_year))

    def equity(matrix: np.ndarray) -> float:
        bought, value = last, 0.0
        for number in range(1, purchases + 1):
            bought = bought @ matrix
            value += kept_for**number * bought[ours]
        return customers * margin_per_purchase * value

    before = equity(chances)
    moved = [
        _raised(chances, ours, rise, only_ours=part == "relationship_equity")
        for rise, part in zip(utility * points, drivers["part"])
    ]
    after = np.array([equity(matrix) for matrix in moved])
    ends = np.arange(1, years + 1)
    cost = once + yearly * ((1 + annual_discount_rate) ** -ends).sum()
    net = after - before - cost
    return drivers.assign(
        repeat_before=chances[ours, ours],
        repeat_after=[matrix[ours, ours] for matrix in moved],
        customer_equity=after,
        gain=after - before,
        total_cost=cost,
        net_gain=net,
        return_on_cost=np.divide(net, cost, out=np.full(len(cost), np.nan), where=cost > 0),
    )


def _raised(chances: np.ndarray, ours: int, rise: float, *, only_ours: bool) -> np.ndarray:
    """The switching matrix when the log-odds of choosing ours rise; the other brands lose in proportion."""
    rises = np.zeros(len(chances))
    rises[ours if only_ours else slice(None)] = rise
    weighted = chances.copy()
    weighted[:, ours] *= np.exp(rises)
    return weighted / weighted.sum(axis=1, keepdims=True)
