"""Pareto/NBD (Schmittlein, Morrison & Colombo 1987), without the hypergeometric function that makes it fail."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .fitting import maximise
from .purchases import PurchaseModel, scaled, time_nodes

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_ROWS = 8_000  # at a time: a million customers need no more memory than a few, and no sum waits for threads


@dataclass(frozen=True, kw_only=True)
class ParetoNBD(PurchaseModel):
    """Purchases at a gamma distributed rate (r, alpha), until a lifetime ends at a gamma distributed rate (s, beta)."""

    def _log_odds_alive(self, x, t_x, age):
        params, odds = tuple(self.params.values()), np.empty(len(x))
        for i in range(0, len(x), _ROWS):
            rows = slice(i, i + _ROWS)
            stays, left, *_ = _parts(params, x[rows], t_x[rows], age[rows])
            odds[rows] = stays - left
        return odds

    def _rate(self, x, age, t):
        r, alpha, s, beta = self.params.values()
        return (r + x) / (alpha + age) * (1 + t / (beta + age)) ** -s

    def _pmf(self, x, t):
        from scipy.stats import nbinom

        r, alpha, s, beta = self.params.values()
        until, weight = time_nodes(t, np.full_like(t, beta))
        leaves = weight * s / beta * (1 + until / beta) ** -(s + 1)
        return (1 + t / beta) ** -s * nbinom.pmf(x, r, alpha / (alpha + t)) + (
            leaves * nbinom.pmf(x[..., None], r, alpha / (alpha + until))
        ).sum(axis=-1)


def fit_pareto_nbd(summary: pd.DataFrame, *, time_unit: str = "week") -> ParetoNBD:
    """Fit Pareto/NBD by maximum likelihood: as BG/NBD, but a customer may leave at any moment, not only at a purchase.

    In, out and errors as for ``fit_bg_nbd``; ``params`` r, alpha, s, beta, the latter and alpha in ``time_unit``. The
    likelihood's integral over the moment of leaving is taken by quadrature, all terms positive: it has no branches for
    alpha above or below beta, and holds for large frequencies. Sources: Schmittlein, Morrison & Colombo 1987,
    Management Science 33(1); Fader & Hardie's note of 2005 on the likelihood.

    >>> import crmkit
    >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
    >>> {name: round(value, 3) for name, value in fit_pareto_nbd(customers).params.items()}
    {'r': 0.553, 'alpha': 10.578, 's': 0.606, 'beta': 11.669}
    """
    x, t_x, age, weight, unit = scaled(summary, time_unit=time_unit, what="fit_pareto_nbd")
    found = maximise(
        _score(x, t_x, age, weight),
        ("r", "alpha", "s", "beta"),
        scale=[1, unit, 1, unit],
        count=weight.sum(),
        what="fit_pareto_nbd",
        density=-(weight @ x) * np.log(unit),
    )
    return ParetoNBD(**found, time_unit=time_unit)


def _parts(params, x, t_x, age):
    """Log-weights of staying and of having left, and for the latter: each node's share, log(alpha + t), log(beta + t).

    Left: s·∫ (alpha + t)^−(r + x) (beta + t)^−(s + 1) dt from t_x to T. It is even in log(t + the smaller of alpha and
    beta), and is cut where it has fallen by e^−40, so that many purchases do not crowd it between two nodes.
    """
    r, alpha, s, beta = params
    end = np.minimum(age, t_x + (alpha + t_x) * np.expm1(np.minimum(40 / (r + x), 600)))
    small = min(alpha, beta)
    start, end = np.log(small + t_x), np.log(small + end)
    half = np.maximum(end - start, 1e-300) / 2
    near = ((start + end) / 2)[:, None] + half[:, None] * _NODES
    far = np.log(np.exp(near) + abs(alpha - beta))
    log_a, log_b = (near, far) if alpha <= beta else (far, near)
    height = near - (r + x)[:, None] * log_a - (s + 1) * log_b
    top = height.max(axis=1)
    share = _WEIGHTS * np.exp(height - top[:, None])
    area = share.sum(axis=1)
    stays = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    return stays, np.log(s) + top + np.log(half) + np.log(area), share / area[:, None], log_a, log_b


def _score(x, t_x, age, weight):
    """Mean log-likelihood and gradient in the log-parameters."""
    from scipy.special import digamma, expit, gammaln

    total = weight.sum()

    def score(p):
        r, alpha, s, beta = params = np.exp(p)
        value, slope = 0.0, np.zeros(4)
        for i in range(0, len(x), _ROWS):
            n, w, until = x[i : i + _ROWS], weight[i : i + _ROWS], age[i : i + _ROWS]
            stays, gone, share, log_a, log_b = _parts(params, n, t_x[i : i + _ROWS], until)
            left = w * expit(gone - stays)
            stayed = w - left
            value += w @ (np.logaddexp(stays, gone) + gammaln(r + n))
            slope += [
                w @ digamma(r + n) - stayed @ np.log(alpha + until) - left @ (share * log_a).sum(axis=1),
                -(stayed * (r + n)) @ (1 / (alpha + until))
                - (left * (r + n)) @ (share * np.exp(-log_a)).sum(axis=1),
                left.sum() / s - stayed @ np.log(beta + until) - left @ (share * log_b).sum(axis=1),
                -s * stayed @ (1 / (beta + until)) - (s + 1) * left @ (share * np.exp(-log_b)).sum(axis=1),
            ]
        value += total * (r * p[1] + s * p[3] - gammaln(r))
        slope += total * np.array([p[1] - digamma(r), r / alpha, p[3], s / beta])
        return value / total, slope * params / total

    return score
