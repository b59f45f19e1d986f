"""Spreading a budget over uses with diminishing returns: margin · (amount / today's amount)^elasticity."""

import numpy as np

from .schema import require_between, require_draws, require_rng


def best_spread(
    margin: np.ndarray,
    before: np.ndarray,
    e: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    budget: float | None = None,
) -> np.ndarray:
    """The amounts with the highest sum of margin · (amount / before)^e that add up to the same budget.

    At the optimum all marginal returns are equal, unless an amount is at its ``low`` or ``high`` limit; the return that
    they share is found by bisection. Another ``budget`` is spent only as far as one more unit of money still returns
    one. A loss that falls with effort, -margin · (amount / before)^-e, is spread alike.

    >>> best_spread(*map(np.array, ([80.0, 20.0], [1.0, 4.0], [0.5, 0.5], [0.0, 0.0], [5.0, 5.0]))).round(2).tolist()
    [4.92, 0.08]
    """
    answering = margin * e > 0
    if not answering.any():
        return before.copy() if budget is None else low.copy()
    after = low.copy()  # a tier that does not answer, or loses more the more it gets, keeps the least
    same_total = budget is None
    total = before.sum() if budget is None else budget
    left_to_spend = total - after[~answering].sum()
    share, today, least, most = e[answering], before[answering], low[answering], high[answering]
    log_return = np.log(margin[answering] * share / today)  # today's marginal return

    def wanted(log_shared_return):
        amounts = today * np.exp((log_return - log_shared_return) / (1 - share))
        return np.minimum(np.maximum(amounts, least), most)

    # of the logarithm of the marginal return that all tiers share; under 0 a unit of money returns less than one
    bottom, top = (-700.0 if same_total else 0.0), 700.0
    with np.errstate(over="ignore"):
        while bottom < (middle := (bottom + top) / 2) < top:  # until no number lies between the two
            if wanted(middle).sum() > left_to_spend:
                bottom = middle
            else:
                top = middle
        after[answering] = wanted(top)
    left = total - after.sum()
    if same_total and left > 1e-9 * total:
        # every answering tier is at its upper limit: the rest stays where it was
        kept = before[~answering] - after[~answering]
        after[~answering] += left * kept / kept.sum()
    return after


def draw_elasticities(
    e: np.ndarray, sd: float | np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Elasticities that might be the true ones: beta distributed around ``e``, each for itself; one row per draw.

    ``sd``: one for all, or one for each.
    """
    for one in np.ravel(np.asarray(sd, dtype=object)):
        require_between(one, 0, 0.5, name="elasticity_sd")
    require_rng(rng)
    draws = require_draws(draws)
    spread = np.minimum(
        np.asarray(sd, dtype=float), 0.9 * np.sqrt(e * (1 - e))
    )  # a beta distribution cannot be wider
    drawn = np.tile(e, (draws, 1))
    for tier in np.flatnonzero(spread > 0):
        weight = e[tier] * (1 - e[tier]) / spread[tier] ** 2 - 1
        drawn[:, tier] = rng.beta(e[tier] * weight, (1 - e[tier]) * weight, draws)
    return drawn
