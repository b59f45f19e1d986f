"""Holdout validation: fit a purchase model on the first part of a log, and hold its forecast against the rest."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..schema import REQUIRED_TRANSACTION_COLUMNS, CrmkitError, require_choice, require_columns
from .beta_geometric import fit_bg_nbd, fit_mbg_nbd
from .pareto import fit_pareto_nbd
from .purchases import PurchaseModel

MODELS = {"bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd}
_MANY = 7  # frequencies from here on are shown as one


@dataclass(frozen=True, kw_only=True)
class HoldoutValidation:
    """A model fitted up to ``calibration_end``, and what happened then; the baseline: everybody's rate until then."""

    model: PurchaseModel
    calibration_end: pd.Timestamp
    holdout_days: int
    tracking: pd.DataFrame     # week, week_ends, holdout, actual_, expected_, baseline_purchases, each cumulative_ too
    frequencies: pd.DataFrame  # frequency, actual_customers, expected_customers: repeat purchases in the calibration
    conditional: pd.DataFrame  # frequency, customers, actual_, expected_, baseline_purchases: per customer, holdout
    customers: pd.DataFrame    # customer_id, frequency, t_x, T, actual_, expected_, baseline_purchases
    errors: pd.DataFrame       # measure, model, baseline


def validate_holdout(transactions: pd.DataFrame, *, calibration_end, model: str = "bg_nbd",
                     time_unit: str = "week") -> HoldoutValidation:
    """Fit ``model`` (bg_nbd, mbg_nbd, pareto_nbd) on the days up to ``calibration_end`` and test it on those after.

    In: ``customer_id``, ``date``, ``amount``; days with a return only are no purchases, as in ``customer_summary``.
    The customers are those first seen in the calibration. Out: ``tracking`` (repeat purchases by week, over both
    parts; weeks end at calibration_end), ``frequencies`` (how many customers made 0, 1, … 7+ repeat purchases),
    ``conditional`` (purchases in the holdout by them), ``customers``, and ``errors``: the total's and the mean week's
    cumulative error as shares of the actual, and the mean absolute and root mean squared error of a customer's count.
    The baseline lets everybody go on at frequency / T: what one would say without a model.
    Errors: CrmkitError for a log that is not a frame or lacks a column, a calibration_end outside the log or that
    leaves less than a week, and all that the fit refuses.

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
    customers = pd.DataFrame({
        "customer_id": start.index, "frequency": until["size"].to_numpy() - 1,
        "t_x": (until["max"] - start).to_numpy(float), "T": (end - start).to_numpy(float)})
    fit = MODELS[model](customers, time_unit=time_unit)
    rate = customers["frequency"] / customers["T"].where(customers["T"] > 0, np.inf)
    customers["actual_purchases"] = (days["day"] > end).groupby(days["customer_id"]).sum().to_numpy()
    customers["expected_purchases"] = fit.expected_purchases(customers, days=last - end)
    customers["baseline_purchases"] = rate * (last - end)
    tracking = _tracking(days, start, fit, rate.sum(), first, end, last)
    group = customers["frequency"].clip(upper=_MANY)
    names = [*map(str, range(_MANY)), f"{_MANY}+"]
    columns = ["actual_purchases", "expected_purchases", "baseline_purchases"]
    conditional = customers.groupby(group)[columns].mean().reindex(range(_MANY + 1))
    observed = group.value_counts().reindex(range(_MANY + 1), fill_value=0).to_numpy()
    ages, count = np.unique(customers["T"], return_counts=True)
    expected = np.array([count @ fit.p_frequency(x, ages) for x in range(_MANY)])
    return HoldoutValidation(
        model=fit, calibration_end=transactions["date"].min().normalize() + pd.Timedelta(end - first, "D"),
        holdout_days=int(last - end), tracking=tracking, customers=customers,
        frequencies=pd.DataFrame({"frequency": names, "actual_customers": observed,
                                  "expected_customers": [*expected, len(customers) - expected.sum()]}),
        conditional=conditional.assign(frequency=names, customers=observed).reset_index(drop=True)[
            ["frequency", "customers", *columns]],
        errors=_errors(customers, tracking))


def _purchase_days(transactions, calibration_end) -> tuple[pd.DataFrame, int, int, int]:
    """The distinct days on which each customer bought, and the log's first day, its cut and its last; days counted."""
    if not isinstance(transactions, pd.DataFrame):
        raise CrmkitError("not_transactions", value=type(transactions).__name__)
    require_columns(transactions, REQUIRED_TRANSACTION_COLUMNS, what="validate_holdout")
    for column in REQUIRED_TRANSACTION_COLUMNS:
        if (missing := transactions[column].isna()).any():
            raise CrmkitError("missing_values", column=column, count=int(missing.sum()), row=int(np.argmax(missing)))
    if not pd.api.types.is_datetime64_any_dtype(transactions["date"]):
        raise CrmkitError("dates_not_dates", column="date", value=str(transactions["date"].dtype))
    numbers = transactions["date"].dt.tz_localize(None).to_numpy("datetime64[D]").astype(int)
    end = pd.to_datetime(calibration_end, errors="coerce")
    if not isinstance(end, pd.Timestamp):
        raise CrmkitError("as_of_not_a_date", value=calibration_end)
    cut = int(end.to_datetime64().astype("datetime64[D]").astype(int))
    first, last = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, -1)
    if not first + 7 <= cut <= last - 7:
        raise CrmkitError("clv_calibration_end", value=calibration_end, first=np.datetime64(first + 7, "D"),
                          last=np.datetime64(last - 7, "D"))
    bought = pd.DataFrame({"customer_id": transactions["customer_id"].to_numpy(), "day": numbers})
    return bought[transactions["amount"].to_numpy() >= 0].drop_duplicates(), first, cut, last


def _tracking(days, start, fit, rate, first, end, last) -> pd.DataFrame:
    """Repeat purchases of the cohort week by week; a last week that is not whole is left out, a first one is kept."""
    ends = np.arange(end - (end - first) // 7 * 7, last + 1, 7)
    repeats = np.sort(days["day"].to_numpy()[days["day"].to_numpy() > days["customer_id"].map(start).to_numpy()])
    begun, customers = np.unique(start, return_counts=True)
    by_age = fit.expected_purchases_new(np.arange(last - first + 1))
    expected = [customers @ by_age[np.maximum(week - begun, 0)] for week in ends]
    actual = np.searchsorted(repeats, ends, side="right")
    baseline = np.where(ends >= end, actual[ends <= end][-1] + rate * (ends - end), np.nan)
    frame = pd.DataFrame({"week": np.arange(1, len(ends) + 1), "holdout": ends > end,
                          "week_ends": ends.astype("datetime64[D]").astype("datetime64[s]")})
    for name, cumulative in (("actual", actual), ("expected", expected), ("baseline", baseline)):
        frame[f"{name}_purchases"] = np.diff(cumulative, prepend=0 * cumulative[0])
        frame[f"cumulative_{name}_purchases"] = cumulative
    return frame


def _errors(customers, tracking) -> pd.DataFrame:
    actual, ahead, rows = customers["actual_purchases"], tracking[tracking["holdout"]], {}
    for name, column in (("model", "expected_purchases"), ("baseline", "baseline_purchases")):
        missed = customers[column] - actual
        path = ahead[f"cumulative_{column}"] / ahead["cumulative_actual_purchases"] - 1
        rows[name] = [missed.sum() / actual.sum() if actual.any() else np.nan, path.abs().mean(), missed.abs().mean(),
                      np.sqrt((missed**2).mean())]
    return pd.DataFrame({"measure": ["total_error_share", "tracking_error_share", "mean_absolute_error",
                                     "root_mean_squared_error"], **rows})
