"""How margin responds to resources, estimated from periods in which they differed (F29)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import require_confidence, require_known, require_numbers


@dataclass(frozen=True, kw_only=True)
class EstimatedElasticities(NearestName):
    """Elasticities with their intervals, and what they were estimated from."""

    options: pd.DataFrame  # option, periods, elasticity, elasticity_low, elasticity_high, elasticity_sd
    confidence: float  # of the intervals


def estimate_elasticity(periods: pd.DataFrame, *, confidence: float = 0.95) -> EstimatedElasticities:
    """By how many per cent margin rises with one per cent more resources, for each use, from its own periods.

    In: a row per ``option`` and period with ``resources`` and ``margin`` (currency, above 0). Resources have to have
    been given by chance or by plan, not after how well the period went: where busy months get more, the elasticity
    comes out too high. Out: ``EstimatedElasticities``; ``options`` has ``option``, ``periods``, ``elasticity``, the
    ends of its t interval ``elasticity_low`` and ``elasticity_high``, and ``elasticity_sd``, its standard error. Model:
    log margin = a + e · log resources by least squares, standard errors HC3 (MacKinnon & White 1985). Errors:
    CrmkitError for money that is not above 0, fewer than four periods, or the same resources in all.

    >>> spent = np.array([10.0, 20, 40, 80, 160])
    >>> tries = pd.DataFrame({"option": "core", "resources": spent})
    >>> tries["margin"] = 100 * spent**0.3 * [1.01, 1, 0.98, 1, 1.01]
    >>> estimate_elasticity(tries).options["elasticity"].round(2).tolist()
    [0.3]
    """
    from statsmodels.api import OLS

    require_confidence(confidence)
    require_known(periods, ["option"], what="estimate_elasticity")
    money = {"resources": (1e-9, np.inf), "margin": (1e-9, np.inf)}
    resources, margin = np.log(require_numbers(periods, money, what="estimate_elasticity"))
    names = periods["option"].to_numpy()
    rows = []
    for name in pd.unique(names):
        own = names == name
        if own.sum() < 4 or np.ptp(resources[own]) == 0:
            raise CrmkitError("resources_do_not_vary", column="resources", value=name, count=int(own.sum()))
        design = np.column_stack([np.ones(own.sum()), resources[own]])
        fit = OLS(margin[own], design).fit(cov_type="HC3", use_t=True)
        low, high = fit.conf_int(1 - confidence)[1]
        rows.append((name, int(own.sum()), fit.params[1], low, high, fit.bse[1]))
    columns = ["option", "periods", "elasticity", "elasticity_low", "elasticity_high", "elasticity_sd"]
    return EstimatedElasticities(options=pd.DataFrame(rows, columns=columns), confidence=confidence)
