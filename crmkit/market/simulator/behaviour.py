"""How a customer answers: the response to contact, counts of purchases, and the draw of hidden traits."""

from typing import TYPE_CHECKING

import numpy as np

from .parameters import LAWS

if TYPE_CHECKING:  # a scenario checks its shape of response against SHAPES
    from .scenario import Scenario

SHAPES = ("saturating", "quadratic", "cliff")
# traits drawn lognormally about the segment's mean; and shares, drawn so that they stay shares
SPREAD_TRAITS = (
    "price_sensitivity",
    "contact_gain",
    "contact_need",
    "contact_tolerance",
    "social_need",
    "care_gain",
    "referrals_per_year",
    "cost_to_serve",
)
SHARE_TRAITS = ("margin_rate", "structural_need", "switching_cost", "satisfaction")


def response(contacts, *, need, tolerance, annoyance: float, shape: str = "saturating") -> np.ndarray:
    """The answer to ``contacts`` a month, in units of the customer's contact gain: 0 at none, about 1 at the best.

    ``"saturating"``: 1 − exp(−3·contacts/need), less annoyance·(excess/tolerance)² beyond the tolerance.
    ``"quadratic"``: 2z − z² with z = contacts/tolerance, so the best is the tolerance itself.
    ``"cliff"``: the same rise, and beyond the tolerance a loss of 2·annoyance at once. Never below −3.

    >>> response(np.array([0.0, 2, 6]), need=2, tolerance=3, annoyance=1).round(2).tolist()
    [0.0, 0.95, -0.0]
    """
    contacts = np.asarray(contacts, dtype=float)
    if shape == "quadratic":
        z = contacts / tolerance
        return np.maximum(2 * z - z**2, LAWS.answer_least)
    excess = np.maximum(0, contacts / tolerance - 1)
    if shape == "saturating":
        loss = annoyance * excess**2
    else:
        loss = LAWS.cliff_loss * annoyance * (excess > 0)
    return np.maximum(1 - np.exp(-LAWS.contact_rise * contacts / need) - loss, LAWS.answer_least)


def poisson(uniform: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion: one uniform number a customer, so that two policies meet the same luck.

    >>> poisson(np.array([0.1, 0.5, 0.99]), np.array([1.0, 1, 1])).tolist()
    [0, 1, 4]
    """
    probability = np.exp(-mean)
    reached, count = probability.copy(), np.zeros(len(mean), dtype=np.int32)
    open_ = np.flatnonzero(uniform > reached)
    k = 0
    while len(open_):
        k += 1
        probability[open_] *= mean[open_] / k
        reached[open_] += probability[open_]
        count[open_] = k
        # the second condition ends the search where rounding keeps the sum below 1
        more = (uniform[open_] > reached[open_]) & ((probability[open_] > 1e-17) | (k < mean[open_]))
        open_ = open_[more]
    return count


def draw_traits(scenario: "Scenario", segment: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Hidden traits of customers of the given segments (numbers in the scenario's order), as 32-bit arrays."""
    groups = list(scenario.segments.values())
    n = len(segment)

    def of(name: str) -> np.ndarray:
        return np.array([getattr(group, name) for group in groups], dtype=float)[segment]

    def gamma(shape: str, mean: str) -> np.ndarray:
        return rng.gamma(of(shape)) / of(shape) * of(mean)

    def lognormal(spread: float | np.ndarray) -> np.ndarray:
        return np.exp(spread * rng.standard_normal(n) - spread**2 / 2)  # mean 1

    traits = {
        "purchases_per_month": gamma("purchase_shape", "purchases_per_month"),
        "lapse_per_month": gamma("lapse_shape", "lapse_per_month"),
        "unit_price": of("unit_price") * lognormal(of("price_spread")),
        "units_per_order": of("units_per_order"),
    }
    for name in SPREAD_TRAITS:
        traits[name] = of(name) * lognormal(scenario.trait_spread)
    for name in SHARE_TRAITS:  # a normal spread that narrows toward 0 and 1, so that a share stays a share
        mean = of(name)
        width = LAWS.share_spread * scenario.trait_spread * np.minimum(mean, 1 - mean)
        traits[name] = np.clip(mean + width * rng.standard_normal(n), 0, LAWS.share_most)
    return {name: values.astype(np.float32) for name, values in traits.items()}
