"""sBG, the shifted-beta-geometric model (Fader & Hardie 2007): retention where a customer who leaves says so."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import Estimate, Numbers
from crmkit.core.schema import (
    numbers_in,
    require_between,
    require_confidence,
    require_numbers,
    require_whole,
)

from .fitting import Fitted, around, maximise, reach, with_ends


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeometric(Fitted):
    """Each customer leaves at every renewal with a probability of their own, beta distributed (alpha, beta)."""

    survivors: pd.DataFrame  # period, survivors: what was fitted
    constant_retention: (
        float  # the one retention rate that describes the same periods best: the naive reading
    )

    def curve(self, periods: int, *, confidence: float = 0.95) -> pd.DataFrame:
        """``period`` 0 … periods, ``survival_share`` of the cohort, ``retention_rate`` of those still there before.

        Both with ``_low`` and ``_high`` (delta method on the log-odds): what the fit leaves open about the two, not how
        a cohort of so few customers may come out. The rate rises although nobody's own does: those likely to leave are
        gone first. ``constant_survival_share`` is what one retention rate for ever would leave.
        """
        from scipy.special import expit

        periods = require_whole(periods, 1, 10_000, name="periods")
        t = np.arange(periods + 1)

        def log_odds_there(fit):
            return fit._log_odds_there(t)

        def log_odds_staying(fit):
            return fit._log_odds_staying(t)

        there = log_odds_there(self)
        wide = reach(self._variance(log_odds_there), confidence)
        stays = np.where(t > 0, log_odds_staying(self), np.nan)
        wide_rate = reach(self._variance(log_odds_staying), confidence)
        return pd.DataFrame(
            {
                "period": t,
                **with_ends("survival_share", expit(there), expit(there - wide), expit(there + wide)),
                **with_ends(
                    "retention_rate", expit(stays), expit(stays - wide_rate), expit(stays + wide_rate)
                ),
                "constant_survival_share": self.constant_retention**t,
            }
        )

    def compare(self, survivors: Numbers) -> pd.DataFrame:
        """``curve`` beside the cohort's ``survivors``, ``survivors_share`` and ``fitted`` (was the period used?)."""
        actual = _survivors(survivors)
        return self.curve(len(actual) - 1).assign(
            survivors=actual,
            survivors_share=actual / actual[0],
            fitted=np.arange(len(actual)) < len(self.survivors),
        )

    def residual_lifetime(self, *, renewals: int, discount_rate: float, confidence: float = 0.95) -> Estimate:
        """DERL: the discounted number of renewals still to come of a customer who has already renewed so many times.

        The next one is due now and counts in full, the others 1 / (1 + rate)^periods; ``discount_rate`` is per period.
        At rate 0 the sum is finite only for alpha > 1. The interval is that of the expectation, by the delta method on
        the logarithm. Source: Fader & Hardie 2010, Marketing Science 29(1).
        """
        renewals = require_whole(renewals, 0, 100_000, name="renewals")
        least = 0 if self.params["alpha"] > 1 else 1e-4
        require_between(discount_rate, least, 1, name="discount_rate")
        require_confidence(confidence)

        def log_renewals(fit):
            return np.log(fit._renewals_to_come(renewals, discount_rate))

        value = self._renewals_to_come(renewals, discount_rate)
        low, high = around(value, self._variance(log_renewals), confidence)
        return Estimate(value=float(value), low=float(low), high=float(high), confidence=confidence)

    def _renewals_to_come(self, renewals, discount_rate) -> np.ndarray:
        from scipy.special import hyp2f1

        a, b = self.params.values()
        stays = (b + renewals) / (a + b + renewals)
        return stays * hyp2f1(1, b + renewals + 1, a + b + renewals + 1, 1 / (1 + discount_rate))

    def _log_odds_there(self, t) -> np.ndarray:
        """Of still being there after t renewals."""
        from scipy.special import betaln

        a, b = self.params.values()
        there = betaln(a, b + t) - betaln(a, b)  # its logarithm
        with np.errstate(divide="ignore"):  # everybody is there at first
            return there - np.log(-np.expm1(there))

    def _log_odds_staying(self, t) -> np.ndarray:
        """Of staying at the t-th renewal, for those who are still there."""
        a, b = self.params.values()
        return np.log(b + np.maximum(t, 1) - 1) - np.log(a)


def fit_sbg(survivors: Numbers) -> ShiftedBetaGeometric:
    """Fit sBG by maximum likelihood to the survivors of one cohort.

    In: how many customers are left after 0, 1, 2, … renewals (Series, array or list; the first number is the cohort's
    size), at least three numbers. Out: ``params`` alpha, beta, ``log_likelihood``, ``covariance``,
    ``standard_errors``, the methods.
    Errors: CrmkitError for numbers that are missing, negative, fractional or rising (which period), fewer than three,
    nobody or everybody lost, and parameters that run to infinity (customers all alike). Source: Fader & Hardie
    2007, Journal of Interactive Marketing 21(1).

    >>> model = fit_sbg([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> {name: round(value, 3) for name, value in model.params.items()}
    {'alpha': 0.668, 'beta': 3.806}
    """
    from scipy.special import betaln, digamma

    left = _survivors(survivors)
    lost, t = -np.diff(left), np.arange(1, len(left))
    if len(t) < 2 or not lost.any() or left[1] == 0:
        raise CrmkitError("clv_nothing_to_fit", value=", ".join(f"{n:g}" for n in left[:3]))
    # how many left at their t-th renewal, having stayed at t − 1; and last, how many stayed at all of them
    weight, alpha_more, beta_more = np.append(lost, left[-1]), np.append(t > 0, 0), np.append(t - 1, t[-1])

    def score(logs):
        a, b = params = np.exp(logs)
        both = digamma(a + b) - digamma(a + b + alpha_more + beta_more)
        slope = np.array(
            [
                weight @ (digamma(a + alpha_more) - digamma(a) + both),
                weight @ (digamma(b + beta_more) - digamma(b) + both),
            ]
        )
        value = weight @ (betaln(a + alpha_more, b + beta_more) - betaln(a, b))
        return value / left[0], slope * params / left[0]

    found = maximise(score, ("alpha", "beta"), scale=[1, 1], count=left[0], what="fit_sbg")
    return ShiftedBetaGeometric(
        **found,
        survivors=pd.DataFrame({"period": np.arange(len(left)), "survivors": left}),
        constant_retention=float(1 - lost.sum() / left[:-1].sum()),
    )


def _survivors(values) -> np.ndarray:
    (array,) = require_numbers(
        pd.DataFrame({"survivors": numbers_in(values, name="survivors").ravel()}),
        ["survivors"],
        what="survivors",
        low=0,
        whole=True,
    )
    if array[0] == 0 or (np.diff(array) > 0).any():
        row = int(np.argmax(np.diff(array, prepend=array[0] if array[0] else -1) > 0))
        raise CrmkitError("clv_survivors", row=row, column="survivors", value=array[row])
    return array
