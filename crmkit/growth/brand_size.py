"""Growth by more buyers or by buying more often: double jeopardy, the law of small brands (F25)."""

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import (
    refuse_rows,
    require_between,
    require_columns,
    require_numbers,
    require_unique,
)


def double_jeopardy(brands: pd.DataFrame, *, households: float) -> pd.DataFrame:
    """Compare how often each brand's buyers buy it with what its size alone would lead one to expect (F25).

    In: a row per brand of one category and period: ``brand``, ``buyers``, households that bought it at least once, and
    ``purchases``, how often they bought it together. ``households``: how many there are, buyers or not.
    Out, the largest first: ``brand``, ``penetration`` b, buyers as a share of households, ``purchases_per_buyer`` w,
    ``expected_purchases_per_buyer`` w₀/(1 − b), where w₀ is the mean of w(1 − b) over the brands (Ehrenberg, Goodhardt
    & Barwise 1990), and ``difference``, w less what is expected. A small brand has fewer buyers, and they buy it a
    little less often, even where no brand is better liked by those who buy it.
    Errors: CrmkitError for a brand twice, fewer than two brands, more buyers than households or than purchases.

    >>> import pandas as pd
    >>> two = pd.DataFrame({"brand": ["large", "small"], "buyers": [500, 200], "purchases": [2000, 500]})
    >>> double_jeopardy(two, households=1000)["expected_purchases_per_buyer"].tolist()
    [4.0, 2.5]
    """
    require_columns(brands, ["brand", "buyers", "purchases"], what="double_jeopardy")
    buyers, purchases = require_numbers(
        brands, {"buyers": (1, 1e15), "purchases": (1, 1e15)}, what="double_jeopardy"
    )
    require_between(households, 1, 1e15, name="households")
    require_unique(brands, "brand", what="double_jeopardy", code="brand_not_unique")
    if len(brands) < 2:
        raise CrmkitError("one_brand", count=len(brands))
    refuse_rows(purchases < buyers, "fewer_purchases_than_buyers", brands["purchases"])
    refuse_rows(buyers >= households, "more_buyers_than_households", brands["buyers"])
    penetration = buyers / households
    often = purchases / buyers
    expected = (often * (1 - penetration)).mean() / (1 - penetration)
    found = pd.DataFrame(
        {
            "brand": brands["brand"].to_numpy(),
            "penetration": penetration,
            "purchases_per_buyer": often,
            "expected_purchases_per_buyer": expected,
            "difference": often - expected,
        }
    )
    return found.sort_values(["penetration", "brand"], ascending=[False, True], ignore_index=True)
