"""The control chart (XmR) of an indicator: chance told from change, phase by phase (F30).

(The module is not called ``control_chart``: it would hide the function ``crmkit.control_chart``.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import numbers_in, require_choice, require_numbers, require_unique, require_whole

D2 = 1.128  # mean range of two standard normal values, 2/√π; 3/D2 is the 2.66 of the textbooks
D4 = 3.267  # 1 + 3·d3/d2 for two values: the upper limit of a range in mean ranges (3.268 where d2 was rounded first)
LEAST = 6  # a phase with fewer points has no limits of its own


@dataclass(frozen=True, kw_only=True)
class ControlChart(NearestName):
    """An indicator with its natural process limits, and the points that signal a change."""

    points: pd.DataFrame  # a row per period: value, moving range, its phase and that phase's limits
    phases: pd.DataFrame  # a row per phase: 0 before the first change, 1 from the first one on, …
    signals: (
        pd.DataFrame
    )  # period, kpi_value, reason: a row for every rule that a point breaks; empty: nothing changed


def control_chart(
    values: pd.Series | Sequence[float], *, phase_starts: Sequence = (), baseline_points: int | None = None
) -> ControlChart:
    """Natural process limits of an indicator, mean ± 2.66 mean moving ranges, and the signals beyond chance.

    In: one number per period in the order of time, a Series (its index names the periods) or a list (periods 1, 2, …).
    ``phase_starts``: the periods from which a changed way of working holds, as after a cycle that set a standard; each
    begins a phase with limits of its own. ``baseline_points``: only the first so many points of a phase (all, if not
    given) make its limits, and the later ones are judged by them. A phase with fewer than six keeps the limits of the
    phase before it.

    Out: ``ControlChart``; ``points`` have ``period``, ``kpi_value``, ``phase``, ``moving_range`` (missing where a phase
    begins), ``centre``, ``lower_limit``, ``upper_limit``, ``range_limit``; ``phases`` have ``phase``, ``starts``,
    ``baseline_points``, ``centre``, ``mean_moving_range`` and the limits. Reasons: ``beyond_limits`` (rule 1 of
    Western Electric 1956 and Nelson 1984); ``two_of_three`` (two of three points beyond two thirds of the way to the
    same limit); ``eight_on_one_side`` of the centre (Nelson asks for nine); marked is the point that completes the
    pattern; ``range_beyond_limit`` (a moving range over 3.267 mean ranges). Sources: Shewhart 1931, Wheeler 1993.

    With known limits and steady normal values, rule 1 alone cries wolf once in 370 periods, the first three rules
    together once in 122 (Champ & Woodall 1987). Limits from few points are rough: of later steady points beyond them
    lie 1.1 % after 20 baseline points, 4.6 % after 6, instead of 0.27 %. Values that follow each other (a correlation
    r from one period to the next) make the limits too narrow, by the factor √(1 − r): at r = 0.5, 3.4 % of steady
    points lie outside. Then chart longer periods, or the change against the same period a year earlier.
    Errors: CrmkitError for missing or infinite values, fewer than six in the first phase, a period unknown or
    given twice.

    >>> flow = control_chart([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])  # NIST's handbook, 6.3.2.2
    >>> flow.phases[["centre", "lower_limit", "upper_limit"]].round(2).iloc[0].tolist(), len(flow.signals)
    ([50.81, 45.82, 55.8], 0)
    """
    periods = values.index if isinstance(values, pd.Series) else range(1, len(values) + 1)
    points = pd.DataFrame(
        {"period": [str(period) for period in periods], "kpi_value": numbers_in(values, name="values")}
    )
    [points["kpi_value"]] = require_numbers(points, ["kpi_value"], what="control_chart")
    require_unique(points, "period", what="control_chart", code="period_repeated")
    if baseline_points is not None:
        baseline_points = require_whole(baseline_points, LEAST, np.inf, name="baseline_points")
    for start in phase_starts:
        require_choice(str(start), points["period"].tolist()[1:], name="phase_starts")
    points["phase"] = points["period"].isin([str(start) for start in phase_starts]).cumsum()
    points["moving_range"] = points.groupby("phase")["kpi_value"].diff().abs()
    place = points.groupby("phase").cumcount()
    first = points if baseline_points is None else points[place < baseline_points]
    phases = first.groupby("phase").agg(
        starts=("period", "first"),
        baseline_points=("kpi_value", "size"),
        centre=("kpi_value", "mean"),
        mean_moving_range=("moving_range", "mean"),
    )
    short = phases["baseline_points"] < LEAST
    if short.iloc[0]:
        raise CrmkitError("control_chart_short", value=phases["baseline_points"].iloc[0], least=LEAST)
    phases.loc[short, ["baseline_points", "centre", "mean_moving_range"]] = [0, np.nan, np.nan]
    phases = phases.ffill()
    away = 3 / D2 * phases["mean_moving_range"]
    phases = phases.assign(
        lower_limit=phases["centre"] - away,
        upper_limit=phases["centre"] + away,
        range_limit=D4 * phases["mean_moving_range"],
    )
    points = points.join(phases[["centre", "lower_limit", "upper_limit", "range_limit"]], on="phase")
    off = points["kpi_value"] - points["centre"]
    off = off.where(off.abs() > 1e-9 * points["centre"].abs(), 0)  # not beside the centre by rounding only
    # limits without width: whatever is not the centre is infinitely far from it
    sigmas = (off / ((points["upper_limit"] - points["centre"]) / 3)).where(off != 0, 0)
    broken = pd.concat([broken_rules(part) for _, part in sigmas.groupby(points["phase"])])
    broken["range_beyond_limit"] = points["moving_range"] > points["range_limit"]
    row, rule = np.nonzero(broken.to_numpy())
    signals = (
        points.loc[row, ["period", "kpi_value"]].assign(reason=broken.columns[rule]).reset_index(drop=True)
    )
    return ControlChart(points=points, phases=phases.reset_index(), signals=signals)


def broken_rules(sigmas: pd.Series) -> pd.DataFrame:
    """Which points complete which pattern; ``sigmas``: distances from the centre in standard deviations, in time order.

    >>> broken_rules(pd.Series([0, 2.5, 0.1, 2.1, 3.2]))["two_of_three"].tolist()
    [False, False, False, True, True]
    """
    far = [(side * sigmas > 2) for side in (1, -1)]
    return pd.DataFrame(
        {
            "beyond_limits": sigmas.abs() > 3,
            "two_of_three": np.any([f & (f.rolling(3, min_periods=1).sum() >= 2) for f in far], axis=0),
            "eight_on_one_side": np.sign(sigmas).rolling(8).sum().abs() == 8,
        }
    )
