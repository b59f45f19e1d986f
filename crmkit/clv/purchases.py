"""What BG/NBD, MBG/NBD and Pareto/NBD say alike once they are fitted: who is alive, what will be bought, its worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..schema import CrmkitError, require_between, require_choice
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
        return pd.Series(self._alive(*self._histories(summary, "p_alive")), index=summary.index, name="p_alive")

    def expected_purchases(self, summary: pd.DataFrame, *, days: float) -> pd.Series:
        """How many purchases each customer will make in the next ``days`` days, given the history so far."""
        return self.discounted_purchases(summary, days=days, annual_discount_rate=0).rename("expected_purchases")

    def discounted_purchases(self, summary: pd.DataFrame, *, days: float, annual_discount_rate: float) -> pd.Series:
        """``expected_purchases``, each counted 1 / (1 + rate)^(days until it / 365)."""
        require_between(days, 0, 365_000, name="days")
        require_between(annual_discount_rate, 0, 10, name="annual_discount_rate")
        x, t_x, age = self._histories(summary, "expected_purchases")
        ux, uage, _ = counted(x, age)  # the purchases of those alive depend on these two only
        place = pd.MultiIndex.from_arrays([ux, uage]).get_indexer(pd.MultiIndex.from_arrays([x, age]))
        future = self._future(ux, uage, days, annual_discount_rate)[place]
        return pd.Series(self._alive(x, t_x, age) * future, index=summary.index, name="discounted_purchases")

    def expected_purchases_new(self, days) -> np.ndarray:
        """E[X(t)]: how many repeat purchases a new customer makes in the first ``days`` days (a number or several)."""
        each = np.atleast_1d(np.asarray(days, dtype=float))
        require_between(each.min(initial=0), 0, each.max(initial=0), name="days")
        none = np.zeros(len(each))
        made = self._alive(none, none, none) * self._future(none, none, each, 0.0)
        return made if np.ndim(days) else made[0]

    def clv(self, summary: pd.DataFrame, *, spend, days: float, annual_discount_rate: float,
            margin_rate: float) -> pd.DataFrame:
        """What each customer will bring in the next ``days`` days, discounted: purchases × spend × margin rate.

        In: the summary with ``customer_id``, ``frequency``, ``t_x``, ``T``, ``monetary``; ``spend``, a fitted
        Gamma-Gamma. Out: ``customer_id``, ``p_alive``, ``expected_purchases`` (not discounted), ``expected_spend``
        (currency per purchase), ``clv`` (currency, today's value, without what has already been bought).
        """
        require_between(margin_rate, 0, 1, name="margin_rate")
        later = self.discounted_purchases(summary, days=days, annual_discount_rate=annual_discount_rate)
        each = spend.expected_spend(summary)
        ids = summary["customer_id"] if "customer_id" in summary else pd.Series(summary.index, index=summary.index)
        return pd.DataFrame({"customer_id": ids, "p_alive": self.p_alive(summary),
                             "expected_purchases": self.expected_purchases(summary, days=days), "expected_spend": each,
                             "clv": later * each * margin_rate})

    def p_alive_grid(self, *, T: float, frequencies=range(7), steps: int = 7) -> pd.DataFrame:
        """P(alive) of customers first seen ``T`` days ago: rows days since the last purchase, columns frequency.

        Only repeat buyers can have been silent for less than T; a one-time buyer's column has its one value, at T.
        """
        silent = np.linspace(0, T, steps).round()
        cells = pd.MultiIndex.from_product([silent, frequencies]).to_frame(index=False)
        cells = cells.set_axis(["days_since_last", "frequency"], axis=1).assign(T=float(T))
        cells["t_x"] = cells["T"] - cells["days_since_last"]
        there = cells[(cells["t_x"] > 0) == (cells["frequency"] > 0)]
        return there.assign(p=self.p_alive(there)).pivot(index="days_since_last", columns="frequency", values="p")

    def p_frequency(self, frequency, days) -> np.ndarray:
        """P(X(t) = x): the probability that a new customer makes exactly so many repeat purchases in so many days."""
        x, t = np.broadcast_arrays(np.asarray(frequency, dtype=float), np.asarray(days, dtype=float) / self._unit)
        return self._pmf(x, t)

    @property
    def _unit(self) -> float:
        return UNITS[self.time_unit]

    def _histories(self, summary, what) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, t_x, age = histories(summary, what=what)
        return x, t_x / self._unit, age / self._unit

    def _future(self, x, age, days, annual_discount_rate) -> np.ndarray:
        """Discounted purchases of customers who are alive, by quadrature of their rate over the coming time."""
        force = np.log1p(annual_discount_rate) / 365 * self._unit
        t, weight = time_nodes(np.zeros_like(x), np.asarray(days) / self._unit, self._scale + age)
        return (weight * np.exp(-force * t) * self._rate(x[:, None], age[:, None], t)).sum(axis=1)


def time_nodes(low, high, shift) -> tuple[np.ndarray, np.ndarray]:
    """Times and weights of a Gauss-Legendre rule from ``low`` to ``high``, even in log(shift + time)."""
    start, end = np.log(shift + low), np.log(shift + high)
    at = np.exp((start + end)[..., None] / 2 + (end - start)[..., None] / 2 * _NODES)
    return at - np.asarray(shift)[..., None], (end - start)[..., None] / 2 * _WEIGHTS * at


def scaled(summary, *, time_unit: str, what: str) -> tuple:
    """The distinct histories, their count, and the unit: times run to 10 while the fit looks for its parameters."""
    require_choice(time_unit, tuple(UNITS), name="time_unit")
    x, t_x, age, weight = counted(*histories(summary, what=what, fitting=True))
    days = age.max() / 10
    return x, t_x / days, age / days, weight, days / UNITS[time_unit]
