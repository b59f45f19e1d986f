"""From the sales of a campaign to what it earned (F28): a bridge of steps, each against the control group."""

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.intervals import Estimate, difference_of_means, mean_of, of_confidence
from crmkit.core.schema import require_confidence, require_numbers
from crmkit.core.trials import is_treated

_MONEY = {
    "sales": (0, 1e15),
    "sales_after": (0, 1e15),
    "returned": (0, 1e15),
    "cost_of_sales": (0, 1e15),
    "campaign_cost": (0, 1e15),
}


def campaign_bridge(outcomes: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """What a campaign's sales leave once the control group's sales, those lent by later weeks,
    returns and costs are off (F28).

    In, a row per customer who was drawn, buyer or not: ``group`` (treated or control) and, in currency, ``sales`` in
    the campaign at prices paid, ``sales_after`` in the weeks that belong to it, ``returned`` (refunds for what was
    bought in either), ``cost_of_sales`` (goods kept and the cost of handling what came back) and ``campaign_cost``
    (messages).

    Out, a row per ``step`` with ``amount``, ``amount_low``, ``amount_high``, currency, for all treated customers
    together: ``campaign_sales``; ``would_have_come_anyway`` (the control group's mean, off); ``pulled_forward`` (what
    they bought less, or more, afterwards); ``returns``, ``goods_and_handling``, ``campaign_messages`` (more than the
    control group's); and ``contribution``, the sum of the others, with Welch's (1947) interval for the difference of
    means. The first two intervals are Student's. Errors: CrmkitError for another group, an amount below 0, fewer than 4
    customers in a group.

    >>> import pandas as pd
    >>> drawn = pd.DataFrame({"group": ["treated"] * 4 + ["control"] * 4, "sales": [90, 70, 0, 80, 40, 60, 50, 50],
    ...     "sales_after": [20, 20, 40, 20, 30, 30, 40, 20], "returned": [10, 0, 0, 10, 0, 0, 0, 0],
    ...     "cost_of_sales": [60, 50, 20, 50, 30, 40, 40, 30], "campaign_cost": [1] * 4 + [0] * 4})
    >>> campaign_bridge(drawn)["amount"].tolist()
    [240.0, -200.0, -20.0, -20.0, -40.0, -4.0, -44.0]
    """
    require_confidence(confidence)
    treated = is_treated(outcomes, what="campaign_bridge")
    sales, after, returned, goods, messages = require_numbers(outcomes, _MONEY, what="campaign_bridge")
    count = int(treated.sum())
    smallest = min(count, len(treated) - count)
    if smallest < 4:
        raise CrmkitError("arm_too_small", value="campaign_bridge", count=smallest)

    def more(amounts):
        """By how much the treated together exceed as many of the control group."""
        a, b = amounts[treated], amounts[~treated]
        if (
            np.ptp(a) == np.ptp(b) == 0
        ):  # a message costs the same for everybody: nothing varies, the ends are the value
            exactly = count * float(a[0] - b[0])
            return Estimate(value=exactly, low=exactly, high=exactly)
        return difference_of_means(a, b, confidence=confidence, times=count)

    def together(amounts, times):
        found = mean_of(amounts, confidence=confidence)
        ends = sorted(times * end for end in (found.low, found.high))
        return (times * found.value, *ends)

    contribution = sales + after - returned - goods - messages
    steps = {
        "campaign_sales": together(sales[treated], count),
        "would_have_come_anyway": together(sales[~treated], -count),
        "pulled_forward": more(after).numbers,
        "returns": more(-returned).numbers,
        "goods_and_handling": more(-goods).numbers,
        "campaign_messages": more(-messages).numbers,
        "contribution": more(contribution).numbers,
    }
    table = pd.DataFrame(
        [(step, *numbers) for step, numbers in steps.items()],
        columns=["step", "amount", "amount_low", "amount_high"],
    )
    return of_confidence(table, confidence)
