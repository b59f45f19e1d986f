"""The draw of hidden traits: every customer differs about the means of a segment."""

import numpy as np

from crmkit.market.simulator.parameters import LAWS
from crmkit.market.simulator.scenario import Scenario

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


def draw_traits(scenario: Scenario, segment: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
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
