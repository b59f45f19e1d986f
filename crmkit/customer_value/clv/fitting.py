"""Maximum likelihood over positive parameters, with standard errors, and what a customer's history must be for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import tails
from crmkit.core.schema import refuse_rows, require_columns, require_numbers, require_unique

# logarithms of the parameters, as many as there are
_STARTS = ((0, 0, 0, 0), (-1, 1, 0, 1), (1, 2, 1, 0), (-1, 0, -2, -2), (2, 0, 2, 3))
_STEP = 1e-4  # of the log-parameters, for slope and curvature: the error is its square


@dataclass(frozen=True, kw_only=True)
class Fitted(NearestName):
    """What every fit holds; ``params`` and ``covariance`` are named as the paper names them.

    An interval of anything that a fit foretells speaks of the estimate: of what these customers' histories leave open
    about the parameters. What a single customer will do scatters far more widely around the expectation, and an
    interval presumes that the model is true.
    """

    params: dict[str, float]
    log_likelihood: float
    covariance: pd.DataFrame  # of the parameters, from the observed information: a row and a column for each
    customers: int  # that the fit was made on

    @property
    def standard_errors(self) -> dict[str, float]:
        """The standard error of each parameter, in its unit."""
        return dict(zip(self.params, np.sqrt(np.diag(self.covariance)).tolist()))

    @property
    def table(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``standard_error``, and the 95 % interval ``estimate_low`` … ``estimate_high``.

        The interval is taken on the logarithm, where the likelihood of a positive parameter is closer to symmetric.
        """
        found = pd.DataFrame({"estimate": self.params, "standard_error": self.standard_errors})
        factor = np.exp(1.959963984540054 * found["standard_error"] / found["estimate"])
        found = found.assign(
            estimate_low=found["estimate"] / factor, estimate_high=found["estimate"] * factor
        )
        return found.rename_axis("parameter").reset_index()

    def _variance(self, numbers: Callable[[Self], np.ndarray]) -> np.ndarray:
        """The variance of ``numbers(fit)`` by the delta method, from differences in the logarithm of each parameter.

        Where a number is infinite, the logarithm of 0 or the log-odds of 1, no parameter can move it: its variance is
        0.
        """
        slopes = []
        for name, value in self.params.items():
            up = replace(self, params=self.params | {name: value * np.exp(_STEP)})
            down = replace(self, params=self.params | {name: value * np.exp(-_STEP)})
            with np.errstate(invalid="ignore"):  # infinity less infinity
                slopes.append((numbers(up) - numbers(down)) / (2 * _STEP))
        slope = np.where(np.isfinite(numbers(self)), slopes, 0.0)
        at = np.array(list(self.params.values()))
        relative = self.covariance.to_numpy() / np.outer(at, at)  # of the logarithms
        return np.maximum(np.einsum("i...,ij,j...->...", slope, relative, slope), 0)


def around(value: np.ndarray, variance: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of a positive number's interval, where ``variance`` is that of its logarithm."""
    factor = np.exp(reach(variance, confidence))
    return value / factor, value * factor


def reach(variance: np.ndarray, confidence: float) -> np.ndarray:
    """How far a normal interval reaches to either side."""
    from scipy.stats import norm

    return norm.ppf(tails(confidence)[1]) * np.sqrt(variance)


def with_ends(name: str, value, low, high) -> dict:
    """The three columns of a number and its interval."""
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def maximise(score, names, *, scale, count: float, what: str, density: float = 0.0) -> dict:
    """The fields of ``Fitted`` at the highest likelihood: BFGS from several starts, then Newton steps.

    ``score(log_parameters)`` gives the mean log-likelihood of the ``count`` observations and its gradient; ``scale``
    turns the parameters into the data's units, and adding ``density`` the log-likelihood. A start has arrived when a
    Newton step moves no parameter by more than 0.01 %: the slope alone also vanishes on the way to infinity.
    Errors: CrmkitError when the parameters run to 0 or to infinity, or when no start arrives, with what was tried.
    """
    from scipy.optimize import minimize

    tried = []
    for start in np.array(_STARTS, dtype=float)[:, : len(names)]:
        at = minimize(
            lambda p: tuple(-part for part in score(np.clip(p, -14, 14))),
            start,
            jac=True,
            method="BFGS",
            options={"gtol": 1e-7},
        ).x  # not L-BFGS-B: on a busy machine its threads wait for one another
        for _ in range(8):
            steps = np.eye(len(at)) * _STEP
            curvature = np.array([score(at - step)[1] - score(at + step)[1] for step in steps]) / (2 * _STEP)
            if np.linalg.eigvalsh((curvature + curvature.T) / 2)[0] <= 1e-9:
                break  # flat, or no summit
            move = np.linalg.solve(curvature, score(at)[1])
            at = at + np.clip(move, -1, 1)
            # a thousandth to a thousand times the start
            if np.abs(move).max() < 1e-4 and np.abs(at).max() < 7:
                values = np.exp(at) * scale
                of_logarithms = np.linalg.inv((curvature + curvature.T) / 2) / count
                covariance = of_logarithms * np.outer(values, values)
                return {
                    "params": dict(zip(names, values.tolist())),
                    "customers": int(count),
                    "log_likelihood": float(score(at)[0] * count + density),
                    "covariance": pd.DataFrame(covariance, index=list(names), columns=list(names)),
                }
        tried.append(np.clip(at, -14, 14))
    best = max(tried, key=lambda p: score(p)[0])
    reached = ", ".join(f"{name} {value:.3g}" for name, value in zip(names, np.exp(best) * scale))
    far = np.abs(best).max() > 4.5
    raise CrmkitError(
        "clv_runs_away" if far else "clv_not_converged", what=what, tried=len(tried), value=reached
    )


def counted(*columns) -> tuple[np.ndarray, ...]:
    """The distinct rows of the columns and, last, how many there are of each."""
    rows = pd.DataFrame(dict(enumerate(columns))).groupby(list(range(len(columns))), sort=False).size()
    distinct = [rows.index.get_level_values(i).to_numpy(float) for i in range(len(columns))]
    return *distinct, rows.to_numpy(float)


def histories(summary: pd.DataFrame, *, what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """frequency, t_x and T (days) as arrays, refused where they cannot be a customer's history."""
    (x,) = require_numbers(summary, ["frequency"], what=what, low=0, whole=True)
    require_columns(summary, ["t_x", "T"], what=what)
    if "purchases" in summary:  # whoever has only returns has no first purchase to count from
        refuse_rows(
            summary["T"].isna() & (summary["purchases"] == 0),
            "clv_only_returns",
            summary["customer_id"] if "customer_id" in summary else summary["T"],
        )
    t_x, age = require_numbers(summary, ["t_x", "T"], what=what, low=0)
    refuse_rows((t_x > age) | ((t_x > 0) != (x > 0)), "clv_history_impossible", summary["t_x"])
    if "customer_id" in summary:
        require_unique(summary, what=what)
    return x, t_x, age
