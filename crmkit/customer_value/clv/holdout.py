"""Holdout validation: fit a purchase model on the first part of a log, and hold its forecast against the rest."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import as_day, require_choice, require_dates, require_known, require_numbers

from .beta_geometric import fit_bg_nbd, fit_mbg_nbd
from .pareto import fit_pareto_nbd
from .purchases import PurchaseModel

MODELS = {"bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd}
_MANY = 7  # frequencies from here on are shown as one
_COUNTS = ["actual_purchases", "expected_purchases", "baseline_purchases"]


@dataclass(frozen=True, kw_only=True)
class HoldoutValidation:
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
    transactions: pd.DataFrame, *, calibration_end: date | str, model: str = "bg_nbd", time_unit: str = "week"
) -> HoldoutValidation:
    """Fit ``model`` (bg_nbd, mbg_nbd, pareto_nbd) on the days up to ``calibration_end`` and test it on those after.

    In: ``customer_id``, ``date``, ``amount``; days with a return only are no purchases, as in ``customer_summary``.
    The customers are those first seen in the calibration. Out: ``tracking`` (their repeat purchases by week and
    cumulative, over both parts; weeks end at calibration_end), ``frequencies`` (how many customers made 0, 1, … 7+
    repeat purchases in the calibration, and how many each of them then made on average), ``customers``, and ``errors``:
    of the total and of the mean week's cumulative number as shares of the actual, and the mean absolute and root mean
    squared error of a customer's count. The baseline lets everybody go on at frequency / T, as without a model.
    Errors: CrmkitError for a log that is no frame or lacks a column, missing dates, a calibration_end that leaves less
    than a week on either side, and all that the fit refuses.

    >>> import crmkit
    >>> result = validate_holdout(crmkit.load("cdnow_sample"), calibration_end="1997-09-30")
    >>> result.holdout_days, int(result.customers["actual_purchases"].sum())
    (273, 1882)
    """
    require_choice(model, tuple(MODELS), name="model")
    days, first, end, last = _purchase_days(transactions, calibration_end)
    start = days.groupby("customer_id")["day"].min()
    start = start[start <= end]
    days = days[days["customer_id"].isin(start.index)]
    until = days[days["day"] <= end].groupby("customer_id")["day"].agg(["size", "max"])
    customers = pd.DataFrame({"frequency": until["size"] - 1, "t_x": until["max"] - start, "T": end - start})
    fit = MODELS[model](customers := customers.reset_index(), time_unit=time_unit)
    rate = customers["frequency"] / customers["T"].clip(lower=1)  # T is 0 only where frequency is
    actual = (days["day"] > end).groupby(days["customer_id"]).sum().to_numpy()
    expected = fit.expected_purchases(customers, days=last - end)
    customers = customers.assign(**dict(zip(_COUNTS, (actual, expected, rate * (last - end)))))
    tracking = _tracking(days, start, fit, rate.sum(), first, end, last)
    return HoldoutValidation(
        model=fit,
        holdout_days=last - end,
        tracking=tracking,
        customers=customers,
        frequencies=_frequencies(customers, fit),
        errors=_errors(customers, tracking),
    )


def _purchase_days(transactions, calibration_end) -> tuple[pd.DataFrame, int, int, int]:
    """The distinct days on which each customer bought, and the log's first day, its cut and its last; days counted."""
    if not isinstance(transactions, pd.DataFrame):
        raise CrmkitError("clv_log_not_a_frame", value=type(transactions).__name__)
    (amount,) = require_numbers(transactions, ["amount"], what="validate_holdout")
    require_known(transactions, ["customer_id"], what="validate_holdout")
    day = require_dates(transactions, what="validate_holdout").to_numpy("datetime64[D]").astype(int)
    end = np.datetime64(as_day(calibration_end), "D").astype(int)
    first, last = day.min(), day.max()
    if not first + 7 <= end <= last - 7:
        raise CrmkitError(
            "clv_calibration_end",
            value=calibration_end,
            first=np.datetime64(int(first + 7), "D"),
            last=np.datetime64(int(last - 7), "D"),
        )
    bought = transactions[["customer_id"]].assign(day=day)[amount >= 0].drop_duplicates()
    return bought, int(first), int(end), int(last)


def _tracking(days, start, fit, rate, first, end, last) -> pd.DataFrame:
    """Repeat purchases of the cohort by week; a last week that is not whole is left out, a first one is kept."""
    ends = np.arange(end - (end - first) // 7 * 7, last + 1, 7)
    repeats = np.sort(days["day"][days["day"] > days["customer_id"].map(start)])
    actual = np.searchsorted(repeats, ends, side="right")
    begun, customers = np.unique(start, return_counts=True)
    by_age = fit.expected_purchases_new(np.arange(last - first + 1))
    expected = np.array([customers @ by_age[np.maximum(week - begun, 0)] for week in ends])
    return pd.DataFrame(
        {
            "week": np.arange(1, len(ends) + 1),
            "week_ends": ends.astype("datetime64[D]").astype("datetime64[s]"),
            "holdout": ends > end,
            "actual_purchases": np.diff(actual, prepend=0),
            "expected_purchases": np.diff(expected, prepend=0),
            "cumulative_actual_purchases": actual,
            "cumulative_expected_purchases": expected,
            "cumulative_baseline_purchases": np.where(
                ends < end, np.nan, actual[ends == end][0] + rate * (ends - end)
            ),
        }
    )


def _frequencies(customers, fit) -> pd.DataFrame:
    group = customers["frequency"].clip(upper=_MANY)
    ages, count = np.unique(customers["T"], return_counts=True)
    expected = [count @ fit.p_frequency(x, ages) for x in range(_MANY)]
    frame = customers.groupby(group)[_COUNTS].mean().reindex(range(_MANY + 1)).reset_index(drop=True)
    frame.columns = frame.columns.str.replace("purchases", "per_customer")
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
