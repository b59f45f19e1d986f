"""BG/NBD (Fader, Hardie & Lee 2005) and MBG/NBD (Batislam, Denizel & Filiztekin 2007)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .fitting import maximise
from .purchases import PurchaseModel, scaled


@dataclass(frozen=True, kw_only=True)
class BetaGeometric(PurchaseModel):
    """Purchases at a gamma distributed rate (r, alpha); after each, leaving has a beta distributed chance (a, b)."""

    first: int  # 1 where one may leave after the first purchase too (MBG/NBD), 0 where only after a repeat (BG/NBD)

    def _log_odds_alive(self, x, t_x, age):
        r, alpha, a, b = self.params.values()
        silent = np.log(alpha + age) - np.log(alpha + t_x)
        return -_log_odds_of_leaving(a, b, x + self.first) - (r + x) * silent

    def _rate(self, x, age, t):
        """E[λ·exp(−λpt)] of those alive: λ gamma (r + x, α + T), p beta (a, b + chances), by Pfaff's transformations.

        Where scipy's hypergeometric function fails (few cells, with a or b in the hundreds) by a sum over logit(p).
        """
        from scipy.special import betaln, hyp2f1

        r, alpha, a, b = self.params.values()
        stays, power, ratio = b + self.first + x, r + x + 1, 1 + t / (alpha + age)
        least, other = np.minimum(a, power), a + stays - np.maximum(a, power)
        with np.errstate(over="ignore", invalid="ignore"):
            share = ratio**-least * hyp2f1(least, other, a + stays, 1 - 1 / ratio)
        for row in np.flatnonzero(~np.isfinite(share).all(axis=1)):
            u = np.arange(-300, 100, 0.02)
            height = (
                -a * np.logaddexp(0, -u)
                - stays[row] * np.logaddexp(0, u)
                - betaln(a, stays[row])
                - power[row] * np.log1p((ratio[row] - 1)[:, None] / (1 + np.exp(-u)))
            )
            share[row] = 0.02 * np.exp(height).sum(axis=1)
        return (r + x) / (alpha + age) * share

    def _pmf(self, x, t):
        from scipy.special import betaln
        from scipy.stats import nbinom

        r, alpha, a, b = self.params.values()
        chances, share = x + self.first, alpha / (alpha + t)
        stays = np.exp(betaln(a, b + chances) - betaln(a, b))
        leaves = stays * a * (chances > 0) / np.maximum(b + chances - 1, b)
        return stays * nbinom.pmf(x, r, share) + leaves * nbinom.sf(x - 1, r, share)


def fit_bg_nbd(summary: pd.DataFrame, *, time_unit: str = "week") -> BetaGeometric:
    """Fit BG/NBD by maximum likelihood: how often customers buy while they are customers, and when they stop.

    In: ``frequency`` (repeat purchases), ``t_x`` and ``T`` (days), as ``customer_summary`` gives them; one row per
    customer. A customer with T = 0 is new today: it belongs, and says nothing. ``time_unit`` (day, week, month, year)
    is that of alpha only. Out: ``params`` r, alpha, a, b, ``log_likelihood``, ``covariance``,
    ``standard_errors``, and the methods.

    P(alive) is exactly 1 for a one-time buyer, however long ago: here a customer may leave only after a repeat
    purchase. Where many never come back ``fit_mbg_nbd`` is the better description. The 95 % intervals of
    ``table`` held the truth in 94 to 97 of 100 simulated samples of 1,500 customers; with purchases more regular than
    the model says (gaps gamma with shape 3) that of alpha held it in none: an interval presumes that the model is true.
    Errors: CrmkitError for missing columns, missing or impossible histories (negative or fractional frequency,
    t_x > T), fewer than two customers, no repeat buyer, and parameters that run away or do not converge.
    Source: Fader, Hardie & Lee 2005, Marketing Science 24(2).

    >>> import crmkit
    >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
    >>> {name: round(value, 3) for name, value in fit_bg_nbd(customers).params.items()}
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """
    return _fit(summary, time_unit, first=0, what="fit_bg_nbd")


def fit_mbg_nbd(summary: pd.DataFrame, *, time_unit: str = "week") -> BetaGeometric:
    """Fit MBG/NBD by maximum likelihood: BG/NBD in which a customer may leave right after the first purchase.

    In, out and errors as for ``fit_bg_nbd``. P(alive) of a one-time buyer starts at b / (a + b) and falls as the
    silence grows. Source: Batislam, Denizel & Filiztekin 2007, International Journal of Research in Marketing 24(3).

    >>> import crmkit
    >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
    >>> model = fit_mbg_nbd(customers)
    >>> bool(model.p_alive(customers.query("frequency == 0")).max() < 1)
    True
    """
    return _fit(summary, time_unit, first=1, what="fit_mbg_nbd")


def _fit(summary, time_unit, *, first, what) -> BetaGeometric:
    x, t_x, age, weight, unit = scaled(summary, time_unit=time_unit, what=what)
    found = maximise(
        _score(x, t_x, age, weight, first),
        ("r", "alpha", "a", "b"),
        scale=[1, unit, 1, 1],
        count=weight.sum(),
        what=what,
        density=-(weight @ x) * np.log(unit),
    )
    return BetaGeometric(**found, time_unit=time_unit, first=first)


def _log_odds_of_leaving(a, b, chances):
    """Of the last chance to leave having been taken, against the ones before and it not; −∞ where there was none."""
    with np.errstate(divide="ignore"):
        return np.log(a * (chances > 0) / np.maximum(b + chances - 1, b))


def _score(x, t_x, age, weight, first):
    """Mean log-likelihood and gradient in the log-parameters; special functions once per distinct number.

    Over the rows it adds up by sum() and not by @, whose threads wait for one another on a busy machine.
    """
    from scipy.special import digamma, gammaln

    (ix, ux), (it, ut), (iage, uage) = (pd.factorize(column) for column in (x, t_x, age))
    total, of_x, chances = weight.sum(), np.bincount(ix, weight), ux + first

    def score(p):
        r, alpha, a, b = params = np.exp(p)
        log_last, log_now = np.log(alpha + ut)[it], np.log(alpha + uage)[iage]
        odds = _log_odds_of_leaving(a, b, chances)[ix] + (r + x) * (log_now - log_last)
        small = np.exp(-np.abs(odds))  # this way five times faster than expit and logaddexp
        left = weight * np.where(odds > 0, 1, small) / (1 + small)
        stayed, gone = weight - left, np.bincount(ix, left)
        value = (
            total * (r * p[1] - gammaln(r) + gammaln(a + b) - gammaln(b))
            + (weight * (np.maximum(odds, 0) + np.log1p(small) - (r + x) * log_now)).sum()
            + of_x @ (gammaln(r + ux) + gammaln(b + chances) - gammaln(a + b + chances))
        )
        both = total * digamma(a + b) - of_x @ digamma(a + b + chances)
        slope = [
            total * (p[1] - digamma(r)) + of_x @ digamma(r + ux) - (stayed * log_now + left * log_last).sum(),
            total * r / alpha - ((r + x) * (stayed / (alpha + age) + left / (alpha + t_x))).sum(),
            both + gone.sum() / a,
            both
            - total * digamma(b)
            + of_x @ digamma(b + chances)
            - gone @ (1 / np.maximum(b + chances - 1, b)),
        ]
        return value / total, np.array(slope) * params / total

    return score
