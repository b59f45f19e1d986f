"""What customers expect (F26): how important they call it, how much their satisfaction moves with it, and the gaps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import of_confidence
from crmkit.core.schema import (
    require_between,
    require_columns,
    require_confidence,
    require_numbers,
)

SEVEN_EXPECTATIONS = (
    "value",
    "communication",
    "attitude",
    "reliability",
    "quality",
    "guarantee",
    "understanding",
)


def expectation_gaps(
    survey: pd.DataFrame,
    *,
    scale: tuple[float, float],
    expectations: Sequence[str] = SEVEN_EXPECTATIONS,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Which gap to close first: importance derived from the data × performance, beside the importance people state.

    In, a row per respondent: ``satisfaction`` (overall), a column per expectation with how well the firm meets it, and
    ``stated_`` + its name with how important the respondent calls it, all on ``scale`` (lowest, highest). Respondents
    with a missing answer are left out (``respondents`` says how many are used).

    Out, the greatest ``worth`` first: ``expectation``, ``performance`` (mean), ``gap`` (top of the scale −
    performance), ``stated_importance`` (mean), ``derived_importance`` (points of satisfaction for one point more, all
    other expectations equal: least squares with HC3 errors, statsmodels) with
    ``derived_importance_low`` and ``derived_importance_high``, ``worth`` (derived
    × gap: the satisfaction that closing the gap would bring) with ``worth_low`` and ``worth_high`` (gap taken as
    known), ``priority`` by it and ``stated_priority`` (stated × gap: Martilla & James 1977 with stated scores). A
    survey shows who is satisfied, not what makes them so: mood colours all answers alike and inflates every
    importance; a trial settles it.
    Errors: CrmkitError for answers off the scale, too few respondents, expectations whose answers move together
    exactly or never differ.

    >>> rng = np.random.default_rng(1)
    >>> names = ["attitude", "quality", "stated_attitude", "stated_quality"]
    >>> answers = pd.DataFrame(rng.integers(1, 8, (300, 4)), columns=names)
    >>> answers["satisfaction"] = (1 + 0.6 * answers["attitude"] + 0.1 * answers["quality"]).round()
    >>> gaps = expectation_gaps(answers, scale=(1, 7), expectations=names[:2])
    >>> gaps["expectation"].tolist(), gaps["derived_importance"].round(1).tolist()
    (['attitude', 'quality'], [0.6, 0.1])
    """
    import statsmodels.api as sm

    require_columns(survey, expectations, what="expectation_gaps")
    names = list(expectations)
    lowest, top = _ends(scale)
    if not names:
        raise CrmkitError("no_values", name="expectations")
    require_confidence(confidence)
    columns = ["satisfaction", *names, *(f"stated_{name}" for name in names)]
    require_columns(survey, columns, what="expectation_gaps")
    known = survey[columns].notna().all(axis=1).to_numpy(dtype=bool)
    if known.sum() < len(names) + 20:
        raise CrmkitError("too_few_respondents", value=int(known.sum()), needed=len(names) + 20)
    answers = np.where(known[:, None], survey[columns], lowest)  # so that an error names the survey's own row
    satisfied, *marks = (
        answer[known]
        for answer in require_numbers(
            pd.DataFrame(answers, columns=columns), columns, low=lowest, high=top, what="expectation_gaps"
        )
    )
    met, stated = np.split(np.array(marks), 2)
    if np.linalg.matrix_rank(met - met.mean(axis=1, keepdims=True)) < len(names):
        raise CrmkitError("expectations_move_together", value=", ".join(names))
    fit = sm.OLS(satisfied, sm.add_constant(met.T)).fit(cov_type="HC3")
    derived, (low, high) = fit.params[1:], fit.conf_int(alpha=1 - confidence)[1:].T
    gap, claimed = top - met.mean(axis=1), stated.mean(axis=1)
    first = [(-score).argsort(kind="stable").argsort() + 1 for score in (derived * gap, claimed * gap)]
    table = pd.DataFrame(
        {
            "expectation": names,
            "performance": met.mean(axis=1),
            "gap": gap,
            "stated_importance": claimed,
            "derived_importance": derived,
            "derived_importance_low": low,
            "derived_importance_high": high,
            "worth": derived * gap,
            "worth_low": low * gap,
            "worth_high": high * gap,
            "priority": first[0],
            "stated_priority": first[1],
            "respondents": len(satisfied),
        }
    )
    return of_confidence(table.sort_values("priority", ignore_index=True), confidence)


def _ends(scale) -> tuple[float, float]:
    """The lowest and the highest answer; refuses what is not two numbers, the lower first."""
    try:
        lowest, top = scale
        in_order = lowest < top
    except (TypeError, ValueError):
        in_order = False
    if not in_order:
        raise CrmkitError("scale_not_two", value=scale)
    for end in (lowest, top):
        require_between(end, -1e15, 1e15, name="scale")
    return lowest, top
