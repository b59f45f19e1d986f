"""What a customer is worth: lifetime value from a retention rate (F17a), today's value against tomorrow's (F16)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.allocation import best_spread
from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_choice,
    require_frame,
    require_numbers,
    require_unique,
    require_whole,
)


def retention_clv(
    segments: pd.DataFrame, *, annual_discount_rate: float, first_payment: str, years: float = np.inf
) -> pd.DataFrame:
    """Lifetime value CLV = Σ m·rᵗ/(1+d)ᵗ of each row, its margin multiple, and what moves it by how much.

    In: ``margin`` m (currency a year while a customer), ``retention_rate`` r (0 … 1, a year) and, if wanted,
    ``acquisition_cost`` (currency, once). ``first_payment`` says where the sum begins and must be given:
    ``"after_one_year"`` t = 1, multiple r/(1+d−r) (Gupta & Lehmann 2003: the first margin is in hand already);
    ``"now"`` t = 0, multiple (1+d)/(1+d−r). ``years``: how many payments, 1 … 500 (a whole number),
    without end if not given.

    Out: the rows with ``first_payment``, ``margin_multiple``, ``clv``, ``net_clv`` (less the acquisition cost) and four
    elasticities of ``net_clv``: by how many per cent it moves when margin, retention rate, discount rate or acquisition
    cost rises by 1 %; missing where ``net_clv`` is not above 0. Before acquisition cost the elasticity of retention is
    the mean year of payment, weighted by present value: (1+d)/(1+d−r) for endless payments from t = 1. So Gupta,
    Lehmann & Stuart's (2004) "1 % of retention, margin, acquisition cost moves value by about 5, 1, 0.1 %" is no law:
    at d = 12 % it needs r = 0.87 and an acquisition cost of a tenth of the net value; at r = 0.6 retention brings
    2.2 %. The rate is taken as constant: where customers differ it rises with age, and this CLV is too low.
    Errors: CrmkitError for a rate outside 0 … 1, r = 1 without discount and without end, missing numbers.

    >>> rates = pd.DataFrame({"margin": 100.0, "retention_rate": [0.6, 0.7, 0.8, 0.9]})
    >>> clv = retention_clv(rates, annual_discount_rate=0.12, first_payment="after_one_year")
    >>> clv["margin_multiple"].round(3).tolist()
    [1.154, 1.667, 2.5, 4.091]
    """
    require_frame(segments, what="retention_clv")
    require_choice(first_payment, ("now", "after_one_year"), name="first_payment")
    require_between(annual_discount_rate, 0, 1, name="annual_discount_rate")
    if years != np.inf:
        years = require_whole(years, 1, 500, name="years")
    paid = segments if "acquisition_cost" in segments else segments.assign(acquisition_cost=0.0)
    m, r, cost = require_numbers(
        paid,
        {"margin": (-np.inf, np.inf), "retention_rate": (0, 1), "acquisition_cost": (0, np.inf)},
        what="retention_clv",
    )
    kept, wait = r / (1 + annual_discount_rate), first_payment == "after_one_year"
    if np.isfinite(years):
        worth = kept[:, None] ** (t := np.arange(years))  # today's worth of 1 in year t to those still there
        payments, mean_year = worth.sum(axis=1), (worth * t).sum(axis=1) / worth.sum(axis=1)
    else:
        refuse_rows(kept >= 1, "clv_without_end", segments["retention_rate"])
        payments, mean_year = 1 / (1 - kept), kept / (1 - kept)
    multiple, mean_year = payments * kept**wait, mean_year + wait
    clv, net = m * multiple, m * multiple - cost
    share = np.divide(clv, net, out=np.full(len(net), np.nan), where=net > 0)
    return segments.assign(
        first_payment=first_payment,
        margin_multiple=multiple,
        clv=clv,
        net_clv=net,
        elasticity_margin=share,
        elasticity_retention=share * mean_year,
        elasticity_acquisition=1 - share,
        elasticity_discount=-share * mean_year * annual_discount_rate / (1 + annual_discount_rate),
    )


# S2's quadrants I to IV; tried in this order, and every customer meets exactly one
QUADRANTS = {
    "low_value": lambda now, later: ~now & ~later,
    "neglected_potential": lambda now, later: ~now & later,
    "fading_value": lambda now, later: now & ~later,
    "valued_customer": lambda now, later: now & later,
}


@dataclass(frozen=True, kw_only=True)
class ValueMatrix(NearestName):
    """Customers by what they bring now and what they will bring.

    Value is dynamic: pandas.crosstab of the quadrants of two matrices, a period apart, shows who moved where.
    """

    assignments: pd.DataFrame  # the customers with quadrant and, with standard errors, quadrant_probability
    quadrants: pd.DataFrame  # a row per quadrant, I to IV: customers and both values, with shares
    current_cutoff: float  # currency; above it a value is high
    long_term_cutoff: float

    def spread_effort(self, *, elasticity: float) -> pd.DataFrame:
        """The same effort spread by current value, as firms do, and where it raises long-term value most.

        Assumed: a quadrant whose long-term value V was forecast at even effort per customer is worth V·(y/x)^e when its
        share of the effort is y instead of x, its share of the customers; e is the ``elasticity``, 0 … 0.99. Out, per
        quadrant with customers: ``by_current_effort_share`` (in proportion to current value),
        ``by_long_term_effort_share`` (equal marginal returns), and what they lead to, ``long_term_value_by_current``
        and ``long_term_value_by_long_term`` (currency).
        Errors: CrmkitError for an elasticity out of range, or no current value above 0 to go by.
        """
        require_between(elasticity, 0, 0.99, name="elasticity")
        table = self.quadrants[self.quadrants["customers"] > 0].reset_index(drop=True)
        now, value, even = (
            table[c].to_numpy(float) for c in ("current_value", "long_term_value", "customer_share")
        )
        if now.clip(0).sum() <= 0:
            raise CrmkitError("total_zero", name="current_value")
        best = best_spread(value, even, np.full(len(even), elasticity), 0 * even, np.full(len(even), np.inf))
        for by, share in (("current", now.clip(0) / now.clip(0).sum()), ("long_term", best)):
            table[f"by_{by}_effort_share"] = share
            table[f"long_term_value_by_{by}"] = value * (share / even) ** elasticity
        return table[["quadrant", "customers", *table.columns[-4:]]]


def value_matrix(
    customers: pd.DataFrame, *, current_cutoff: float | None = None, long_term_cutoff: float | None = None
) -> ValueMatrix:
    """Divide customers into four quadrants by current and long-term value: who is neglected for buying little now.

    In: ``customer_id``, ``current_value`` (currency in the latest period), ``long_term_value`` (currency, forecast from
    now on) and, if wanted, ``long_term_se``, the standard error of that forecast. A value is high when it lies above
    its cut-off, the median if none is given. Quadrants: I ``low_value``, II ``neglected_potential`` (low now, high
    later), III ``fading_value`` (high now, low later), IV ``valued_customer``; the lecture names II and IV.

    Out: ``ValueMatrix``. With ``long_term_se`` a customer has ``quadrant_probability``, how likely the true long-term
    value lies on the side of the cut-off where the forecast does (normal distribution, cut-off taken as known), and a
    quadrant its ``expected_customers``. It is calibrated when estimate and error are those of a forecast that already
    allows for regression to the mean (as posterior means are), not of a raw measurement.
    Errors: CrmkitError for repeated customers, missing or infinite numbers, a negative standard error.

    >>> four = pd.DataFrame({"customer_id": list("abcd"), "current_value": [1, 2, 8, 9],
    ...                      "long_term_value": [5, 50, 6, 60]})
    >>> value_matrix(four).assignments["quadrant"].tolist()
    ['low_value', 'neglected_potential', 'fading_value', 'valued_customer']
    """
    require_unique(customers, what="value_matrix")
    current, later = require_numbers(customers, ["current_value", "long_term_value"], what="value_matrix")
    cuts = [
        float(np.median(values)) if cut is None else cut
        for values, cut in ((current, current_cutoff), (later, long_term_cutoff))
    ]
    for name, cut in zip(("current_cutoff", "long_term_cutoff"), cuts):
        require_between(cut, -1e300, 1e300, name=name)
    high_now, high_later = current > cuts[0], later > cuts[1]
    meets = np.array([rule(high_now, high_later) for rule in QUADRANTS.values()])
    named = customers.assign(quadrant=np.array(list(QUADRANTS), dtype=object)[meets.argmax(axis=0)])
    table = pd.DataFrame({"quadrant": list(QUADRANTS), "customers": meets.sum(axis=1)})
    table["customer_share"] = table["customers"] / len(customers)
    for column, values in (("current_value", current), ("long_term_value", later)):
        table[column] = np.where(meets, values, 0.0).sum(axis=1)
        table[f"{column}_share"] = table[column] / (values.sum() if values.sum() > 0 else np.nan)
    if "long_term_se" in customers:
        from scipy.special import ndtr

        (se,) = require_numbers(customers, ["long_term_se"], low=0, what="value_matrix")
        above = np.divide(later - cuts[1], se, out=np.where(high_later, np.inf, -np.inf), where=se > 0)
        named["quadrant_probability"] = ndtr(np.where(high_later, above, -above))
        table["expected_customers"] = [
            float(ndtr(side)[high_now == now].sum()) for now in (False, True) for side in (-above, above)
        ]
    return ValueMatrix(
        assignments=named, quadrants=table, current_cutoff=float(cuts[0]), long_term_cutoff=float(cuts[1])
    )
