"""Holdout validation: fit a purchase model on the first part of a log, and hold its forecast against the rest."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day, require_choice
from crmkit.data.engine import open_log
from crmkit.data.frames import Transactions

from .beta_geometric import fit_bg_nbd, fit_mbg_nbd
from .pareto import fit_pareto_nbd
from .purchases import PurchaseModel

MODELS = {"bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd}
_WEEK = timedelta(days=7)
_MANY = 7  # frequencies from here on are shown as one
_COUNTS = ["actual_purchases", "expected_purchases", "baseline_purchases"]


@dataclass(frozen=True, kw_only=True)
class HoldoutValidation(NearestName):
    """A model fitted on the calibration, and what happened then; the baseline: everybody goes on at the old rate."""

    model: PurchaseModel
    holdout_days: int
    tracking: (
        pd.DataFrame
    )  # week, week_ends, holdout, actual_, expected_purchases; cumulative_actual_purchases …
    frequencies: (
        pd.DataFrame
    )  # frequency, actual_, expected_customers; actual_, expected_, baseline_per_customer
    customers: pd.DataFrame  # customer_id, frequency, t_x, T, actual_, expected_, baseline_purchases
    errors: pd.DataFrame  # measure, model, baseline


def validate_holdout(
    transactions: Transactions, *, calibration_end: date | str, model: str = "bg_nbd", time_unit: str = "week"
) -> HoldoutValidation:
    """Fit ``model`` (bg_nbd, mbg_nbd, pareto_nbd) on the days up to ``calibration_end`` and test it on those after.

    In: ``customer_id``, ``date``, ``amount``, as a frame or Parquet; days with a return only are no purchases, both as
    in ``customer_summary``. The customers are those first seen in the calibration. Out: ``tracking`` (their repeat
    purchases by week and cumulative, over both parts; weeks end at calibration_end), ``frequencies`` (how many
    customers made 0, 1, … 7+ repeat purchases in the calibration, and how many each of them then made on average),
    ``customers``, and ``errors``: of the total and of the mean week's cumulative number as shares of the actual, and
    the mean absolute and root mean squared error of a customer's count. The baseline lets everybody go on at frequency
    / T, as without a model. Errors: CrmkitError for a log that cannot be read or lacks a column or a value, a
    calibration_end that leaves less than a week on either side, and all that the fit refuses.

    >>> import crmkit
    >>> result = validate_holdout(crmkit.load("cdnow_sample"), calibration_end="1997-09-30")
    >>> result.holdout_days, int(result.customers["actual_purchases"].sum())
    (273, 1882)
    """
    require_choice(model, tuple(MODELS), name="model")
    end = as_day(calibration_end)
    with open_log(transactions, required=REQUIRED_TRANSACTION_COLUMNS, what="validate_holdout") as log:
        first, last = log.first, log.last
        if not first + _WEEK <= end <= last - _WEEK:
            raise CrmkitError(
                "clv_calibration_end", value=calibration_end, first=first + _WEEK, last=last - _WEEK
            )
        asked = {"calibration_end": end, **log.period(last)}
        customers = log.ask("holdout_customers", **asked)
        repeats = log.ask("holdout_days", **asked)
    holdout_days = (last - end).days
    fit = MODELS[model](customers, time_unit=time_unit)
    rate = customers["frequency"] / customers["T"].clip(lower=1)  # T is 0 only where frequency is
    customers["expected_purchases"] = fit.expected_purchases(customers, days=holdout_days)
    customers["baseline_purchases"] = rate * holdout_days
    tracking = _tracking(customers["T"], repeats, fit, rate.sum(), first, end, last)
    return HoldoutValidation(
        model=fit,
        holdout_days=holdout_days,
        tracking=tracking,
        customers=customers,
        frequencies=_frequencies(customers, fit),
        errors=_errors(customers, tracking),
    )


def _tracking(ages, repeats, fit, rate: float, first: date, end: date, last: date) -> pd.DataFrame:
    """Repeat purchases of the cohort by week; a last week that is not whole is left out, a first one is kept.

    ``ages``: days from each customer's first purchase to ``end``; ``repeats``: day, purchases.
    """
    weeks_before = (end - first).days // 7
    weeks_after = (last - end).days // 7
    days_to_end = np.arange(-weeks_before, weeks_after + 1) * 7  # of the last day of each week
    purchase_days = (repeats["day"] - pd.Timestamp(end)).dt.days.to_numpy()
    so_far = np.append(0, repeats["purchases"].to_numpy().cumsum())
    actual = so_far[np.searchsorted(purchase_days, days_to_end, side="right")]
    age, customers = np.unique(ages, return_counts=True)
    by_age = fit.expected_purchases_new(np.arange((last - first).days + 1))
    expected = np.array([customers @ by_age[np.maximum(age + week, 0)] for week in days_to_end])
    at_the_end = actual[weeks_before]
    baseline = np.where(days_to_end < 0, np.nan, at_the_end + rate * days_to_end)
    week_ends = np.datetime64(end, "D") + days_to_end
    return pd.DataFrame(
        {
            "week": np.arange(1, len(days_to_end) + 1),
            "week_ends": week_ends.astype("datetime64[s]"),
            "holdout": days_to_end > 0,
            "actual_purchases": np.diff(actual, prepend=0),
            "expected_purchases": np.diff(expected, prepend=0),
            "cumulative_actual_purchases": actual,
            "cumulative_expected_purchases": expected,
            "cumulative_baseline_purchases": baseline,
        }
    )


def _frequencies(customers, fit) -> pd.DataFrame:
    group = customers["frequency"].clip(upper=_MANY)
    ages, count = np.unique(customers["T"], return_counts=True)
    expected = [count @ fit.p_frequency(x, ages) for x in range(_MANY)]
    frame = customers.groupby(group)[_COUNTS].mean().reindex(range(_MANY + 1)).reset_index(drop=True)
    frame = frame.rename(
        columns={
            "actual_purchases": "actual_per_customer",
            "expected_purchases": "expected_per_customer",
            "baseline_purchases": "baseline_per_customer",
        }
    )
    frame.insert(0, "frequency", [*map(str, range(_MANY)), f"{_MANY}+"])
    frame.insert(1, "actual_customers", np.bincount(group, minlength=_MANY + 1))
    frame.insert(2, "expected_customers", [*expected, len(customers) - sum(expected)])
    return frame


def _errors(customers, tracking) -> pd.DataFrame:
    actual, ahead, found = customers["actual_purchases"], tracking[tracking["holdout"]], {}
    for name, column in (("model", "expected_purchases"), ("baseline", "baseline_purchases")):
        missed = customers[column] - actual
        path = ahead[f"cumulative_{column}"] / ahead["cumulative_actual_purchases"] - 1
        found[name] = {
            "total_error_share": missed.sum() / actual.sum(),
            "tracking_error_share": path.abs().mean(),
            "mean_absolute_error": missed.abs().mean(),
            "root_mean_squared_error": np.sqrt((missed**2).mean()),
        }
    return pd.DataFrame(found).rename_axis("measure").reset_index()
