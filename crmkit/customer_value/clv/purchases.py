"""What BG/NBD, MBG/NBD and Pareto/NBD say alike once they are fitted: who is alive, what will be bought, its worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_between, require_choice

from .fitting import Fitted, counted, histories

UNITS = {"day": 1.0, "week": 7.0, "month": 365 / 12, "year": 365.0}  # days in a unit of the model's time
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


@dataclass(frozen=True, kw_only=True)
class PurchaseModel(Fitted):
    """A fitted model of repeat purchases; every method takes and gives days, whatever the parameters' ``time_unit``."""

    time_unit: str

    def p_alive(self, summary: pd.DataFrame) -> pd.Series:
        """P(alive): the probability that a customer is still one, given frequency, t_x and T (days).

        1 for every one-time buyer under BG/NBD, where a customer leaves only after a repeat purchase; less under
        MBG/NBD, where one may leave after the first purchase too, and Pareto/NBD, where one may leave at any time.
        """
        return pd.Series(
            self._alive(*self._histories(summary, "p_alive")), index=summary.index, name="p_alive"
        )

    def expected_purchases(self, summary: pd.DataFrame, *, days: float) -> pd.Series:
        """How many purchases each customer will make in the next ``days`` days, given the history so far."""
        return self.discounted_purchases(summary, days=days, annual_discount_rate=0).rename(
            "expected_purchases"
        )

    def discounted_purchases(
        self, summary: pd.DataFrame, *, days: float, annual_discount_rate: float
    ) -> pd.Series:
        """``expected_purchases``, each counted 1 / (1 + rate)^(days until it / 365)."""
        require_between(days, 0, 365_000, name="days")
        require_between(annual_discount_rate, 0, 10, name="annual_discount_rate")
        x, t_x, age = self._histories(summary, "discounted_purchases")
        ux, uage, _ = counted(x, age)  # what those alive will buy depends on these two only
        place = pd.MultiIndex.from_arrays([ux, uage]).get_indexer(pd.MultiIndex.from_arrays([x, age]))
        future = self._future(ux, uage, days, annual_discount_rate)[place]
        return pd.Series(self._alive(x, t_x, age) * future, index=summary.index, name="discounted_purchases")

    def expected_purchases_new(self, days) -> np.ndarray:
        """E[X(t)]: how many repeat purchases a new customer makes in the first ``days`` days; one for each number."""
        days = np.atleast_1d(np.asarray(days, dtype=float))
        require_between(days.min(initial=0), 0, days.max(initial=0), name="days")
        none = np.zeros(len(days))
        return self._alive(none, none, none) * self._future(none, none, days, 0.0)

    def clv(
        self, summary: pd.DataFrame, *, spend, days: float, annual_discount_rate: float, margin_rate: float
    ) -> pd.DataFrame:
        """What each customer will bring in the next ``days`` days, discounted: purchases × spend × margin rate.

        In: the summary with ``customer_id``, ``frequency``, ``t_x``, ``T``, ``monetary``; ``spend``, a fitted
        Gamma-Gamma. Out: ``customer_id``, ``p_alive``, ``expected_purchases`` (not discounted), ``expected_spend``
        (currency per purchase), ``clv`` (currency, today's value, without what has already been bought).
        """
        require_between(margin_rate, 0, 1, name="margin_rate")
        frame = summary[["customer_id"]].assign(
            p_alive=self.p_alive(summary),
            expected_purchases=self.expected_purchases(summary, days=days),
            expected_spend=spend.expected_spend(summary),
        )
        later = self.discounted_purchases(summary, days=days, annual_discount_rate=annual_discount_rate)
        return frame.assign(clv=later * frame["expected_spend"] * margin_rate)

    def p_alive_grid(self, *, T: float, frequencies=range(7), steps: int = 7) -> pd.DataFrame:
        """P(alive) of customers first seen ``T`` days ago: rows days since the last purchase, columns frequency.

        A one-time buyer has been silent for all of T, and only a repeat buyer for less: the other cells are missing.
        """
        cells = pd.DataFrame(
            [
                (silent, x)
                for silent in np.linspace(0, T, steps).round()
                for x in frequencies
                if (silent < T) == (x > 0)
            ],
            columns=["days_since_last", "frequency"],
        )
        alive = self.p_alive(cells.assign(T=T, t_x=T - cells["days_since_last"]))
        return cells.assign(p=alive).pivot(index="days_since_last", columns="frequency", values="p")

    def p_frequency(self, frequency, days) -> np.ndarray:
        """P(X(t) = x): the probability that a new customer makes exactly so many repeat purchases in so many days."""
        return self._pmf(
            *np.broadcast_arrays(np.asarray(frequency, float), np.asarray(days, float) / self._unit)
        )

    @property
    def _unit(self) -> float:
        return UNITS[self.time_unit]

    def _histories(self, summary, what) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, t_x, age = histories(summary, what=what)
        return x, t_x / self._unit, age / self._unit

    def _future(self, x, age, days, annual_discount_rate) -> np.ndarray:
        """Discounted purchases of customers who are alive, by quadrature of their rate over the coming time."""
        force = np.log1p(annual_discount_rate) / 365 * self._unit
        scale = min(self.params["alpha"], self.params.get("beta", np.inf))
        t, weight = time_nodes(np.asarray(days) / self._unit, scale + age)
        return (weight * np.exp(-force * t) * self._rate(x[:, None], age[:, None], t)).sum(axis=1)


def time_nodes(end, shift) -> tuple[np.ndarray, np.ndarray]:
    """Times from 0 to ``end`` and weights of a Gauss-Legendre rule, even in log(shift + time)."""
    half = np.log1p(end / shift)[..., None] / 2
    at = np.asarray(shift)[..., None] * np.exp(half * (1 + _NODES))
    return at - np.asarray(shift)[..., None], half * _WEIGHTS * at


def scaled(summary, *, time_unit: str, what: str) -> tuple:
    """The distinct histories, their count, and the unit: times run to 10 while the fit looks for its parameters."""
    require_choice(time_unit, tuple(UNITS), name="time_unit")
    x, t_x, age = histories(summary, what=what)
    if len(x) < 2 or not x.any():
        raise CrmkitError("clv_no_repeat_buyers" if len(x) > 1 else "clv_too_few", what=what, value=len(x))
    days = age.max() / 10
    return *counted(x, t_x / days, age / days), days / UNITS[time_unit]
