"""How a customer answers: the response to contact, and counts of purchases."""

import numpy as np

from .parameters import LAWS

SHAPES = ("saturating", "quadratic", "cliff")


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
