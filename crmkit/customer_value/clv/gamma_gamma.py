"""Gamma-Gamma (Fader, Hardie & Lee 2005; Fader & Hardie 2013): what a customer spends on a purchase."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import Estimate
from crmkit.core.schema import as_numbers, refuse_rows, require_columns, require_numbers, require_unique

from .fitting import Fitted, around, maximise, with_ends


@dataclass(frozen=True, kw_only=True)
class GammaGamma(Fitted):
    """Spend gamma distributed (p, ν) around each customer's mean, ν gamma distributed (q, v) over the customers."""

    spend_frequency_correlation: Estimate | None  # the model holds it for 0; None where either does not vary

    def expected_spend(self, summary: pd.DataFrame) -> pd.Series:
        """The mean spend per purchase to expect of each customer, in currency.

        A weighted mean of the customer's own average (``monetary``, over ``frequency`` purchases) and of the
        population's, v·p / (q − 1): the more purchases, the more the own one counts. One-time buyers get the latter.
        Errors: CrmkitError when the population has no mean (q ≤ 1), for spend of 0 or less.
        """
        if self.params["q"] <= 1:
            raise CrmkitError("clv_no_mean_spend", value=round(self.params["q"], 4))
        spent = self._expected(*_spend(summary, "expected_spend"))
        return pd.Series(spent, index=summary.index, name="expected_spend")

    def forecast(self, summary: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
        """``expected_spend`` of each customer with its interval, by the delta method on the logarithm.

        In: ``customer_id``, ``frequency``, ``monetary``. Out: ``customer_id``, ``expected_spend``,
        ``expected_spend_low``, ``expected_spend_high``, currency per purchase: what the fit leaves open about the
        expectation, not what a purchase will in fact cost. Errors: as for ``expected_spend``.

        >>> import crmkit
        >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
        >>> found = fit_gamma_gamma(customers).forecast(customers.head(1))
        >>> found.iloc[0, 1:].astype(float).round(1).tolist()
        [24.7, 23.7, 25.7]
        """
        require_unique(summary, what="forecast")
        spent = self.expected_spend(summary).to_numpy()
        ends = around(spent, self._variance_of_log_spend(summary), confidence)
        return summary[["customer_id"]].assign(**with_ends("expected_spend", spent, *ends))

    def _expected(self, x, z) -> np.ndarray:
        p, q, v = self.params.values()
        return (v + x * z) * p / (p * x + q - 1)

    def _variance_of_log_spend(self, summary: pd.DataFrame) -> np.ndarray:
        x, z = _spend(summary, "forecast")
        return self._variance(lambda fit: np.log(fit._expected(x, z)))


def fit_gamma_gamma(summary: pd.DataFrame) -> GammaGamma:
    """Fit Gamma-Gamma to the repeat buyers by maximum likelihood.

    In: ``frequency`` and ``monetary`` (currency per repeat purchase), as ``customer_summary`` gives them; one-time
    buyers are left out. Out: ``params`` p, q, v (v in currency), ``log_likelihood``, ``covariance``,
    ``standard_errors``,
    ``spend_frequency_correlation``. The model takes spend to be independent of frequency: look at that first.
    Errors: CrmkitError for missing columns, repeat buyers with a spend of 0 or less or none (how many, the first row),
    fewer than two repeat buyers, and parameters that run away or do not converge. Source: Fader, Hardie & Lee 2005,
    Journal of Marketing Research 42(4).

    >>> import crmkit
    >>> customers = crmkit.customer_summary(crmkit.load("cdnow_sample"), as_of="1997-09-30")
    >>> {name: round(value, 1) for name, value in fit_gamma_gamma(customers).params.items()}
    {'p': 6.2, 'q': 3.7, 'v': 15.4}
    """
    from scipy.special import digamma, gammaln

    x, z = _spend(summary, "fit_gamma_gamma")
    x, z = x[x > 0], z[x > 0]
    if len(x) < 2:
        raise CrmkitError("clv_too_few_repeat_buyers", column="frequency", value=len(x))
    related, unit = _correlation(x, z), z.mean()
    z = z / unit

    def score(logs):
        p, q, v = params = np.exp(logs)
        shape, rate = p * x, np.log(x * z + v)
        each = gammaln(shape + q) - gammaln(shape) - (shape + q) * rate + shape * np.log(x * z) - np.log(z)
        slope = np.array(
            [
                x * (digamma(shape + q) - digamma(shape) + np.log(x * z) - rate),
                digamma(shape + q) - rate + logs[2] - digamma(q),
                q / v - (shape + q) / (x * z + v),
            ]
        )
        return each.mean() + q * logs[2] - gammaln(q), slope.mean(axis=1) * params

    found = maximise(
        score,
        ("p", "q", "v"),
        scale=[1, 1, unit],
        count=len(x),
        what="fit_gamma_gamma",
        density=-len(x) * np.log(unit),
    )
    return GammaGamma(**found, spend_frequency_correlation=related)


def _spend(summary, what) -> tuple[np.ndarray, np.ndarray]:
    """frequency and monetary (0 for one-time buyers), refused where a repeat buyer's spend is no positive number."""
    require_columns(summary, ("frequency", "monetary"), what=what)
    (x,) = require_numbers(summary, ["frequency"], what=what, low=0, whole=True)
    z = as_numbers(summary["monetary"])
    refuse_rows((x > 0) & ~((z > 0) & (z < np.inf)), "clv_spend_not_positive", summary["monetary"])
    return x, np.where(x > 0, z, 0)


def _correlation(x, z) -> Estimate | None:
    from scipy.stats import pearsonr

    if len(x) < 4 or np.ptp(x) == 0 or np.ptp(z) == 0:
        return None
    found = pearsonr(x, z)
    low, high = found.confidence_interval(0.95)  # by Fisher's transformation
    return Estimate(value=float(found.statistic), low=float(low), high=float(high), confidence=0.95)
