"""sBG, the shifted-beta-geometric model (Fader & Hardie 2007): retention where a customer who leaves says so."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_between, require_numbers

from .fitting import Fitted, maximise


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeometric(Fitted):
    """Each customer leaves at every renewal with a probability of their own, beta distributed (alpha, beta)."""

    survivors: pd.DataFrame  # period, survivors: what was fitted
    constant_retention: (
        float  # the one retention rate that describes the same periods best: the naive reading
    )

    def curve(self, periods: int) -> pd.DataFrame:
        """``period`` 0 … periods, ``survival_share`` of the cohort, ``retention_rate`` of those still there before.

        The rate rises although nobody's own does: those likely to leave are gone first. ``constant_survival_share`` is
        what one retention rate for ever would leave.
        """
        from scipy.special import betaln

        require_between(periods, 1, 10_000, name="periods")
        a, b = self.params.values()
        t = np.arange(int(periods) + 1)
        return pd.DataFrame(
            {
                "period": t,
                "survival_share": np.exp(betaln(a, b + t) - betaln(a, b)),
                "retention_rate": np.where(t > 0, (b + t - 1) / (a + b + t - 1), np.nan),
                "constant_survival_share": self.constant_retention**t,
            }
        )

    def compare(self, survivors) -> pd.DataFrame:
        """``curve`` beside the cohort's ``survivors``, ``survivors_share`` and ``fitted`` (was the period used?)."""
        actual = _survivors(survivors)
        return self.curve(len(actual) - 1).assign(
            survivors=actual,
            survivors_share=actual / actual[0],
            fitted=np.arange(len(actual)) < len(self.survivors),
        )

    def residual_lifetime(self, *, renewals: int, discount_rate: float) -> float:
        """DERL: the discounted number of renewals still to come of a customer who has already renewed so many times.

        The next one is due now and counts in full, the others 1 / (1 + rate)^periods; ``discount_rate`` is per period.
        At rate 0 the sum is finite only for alpha > 1. Source: Fader & Hardie 2010, Marketing Science 29(1).
        """
        from scipy.special import hyp2f1

        a, b = self.params.values()
        require_between(renewals, 0, 100_000, name="renewals")
        require_between(discount_rate, 0 if a > 1 else 1e-4, 10, name="discount_rate")
        stays = (b + renewals) / (a + b + renewals)
        return float(stays * hyp2f1(1, b + renewals + 1, a + b + renewals + 1, 1 / (1 + discount_rate)))


def fit_sbg(survivors) -> ShiftedBetaGeometric:
    """Fit sBG by maximum likelihood to the survivors of one cohort.

    In: how many customers are left after 0, 1, 2, … renewals (Series, array or list; the first number is the cohort's
    size), at least three numbers. Out: ``params`` alpha, beta, ``log_likelihood``, ``standard_errors``, the methods.
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
        pd.DataFrame({"survivors": np.asarray(values).ravel()}),
        ["survivors"],
        what="survivors",
        low=0,
        whole=True,
    )
    if array[0] == 0 or (np.diff(array) > 0).any():
        row = int(np.argmax(np.diff(array, prepend=array[0] if array[0] else -1) > 0))
        raise CrmkitError("clv_survivors", row=row, column="survivors", value=array[row])
    return array
