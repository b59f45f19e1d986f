"""How customers move between the tiers of the pyramid from one period to the next, and where that leads (F14)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.schema import require_kind

from .pyramid import Pyramid


@dataclass(frozen=True, kw_only=True)
class Migration(NearestName):
    """How customers moved between the tiers from one period to the next."""

    counts: pd.DataFrame  # customers; from: tiers and new_customer, to: tiers and lost_customer
    probabilities: pd.DataFrame  # the rows of counts as shares; missing where nobody started
    steady_state: (
        pd.DataFrame
    )  # tier, customers, customer_share: where it leads if every period is like this one


def migration(before: Pyramid, *, after: Pyramid) -> Migration:
    """Count who moved from which tier to which between two periods, with customers won and lost, and where that leads.

    In: two pyramids with the same tiers. A customer only in ``after`` comes from ``new_customer``, one only in
    ``before`` goes to ``lost_customer``. The steady state s solves s = s·P + n: P the probabilities between tiers,
    n the new customers per tier and period. Tiers that nobody is ever lost from settle at the stationary mix of P, and
    are infinite where new customers keep coming; the shares are then those of the growth. It is missing where a tier
    that customers reach had nobody in ``before``, since what they do next is not known.
    Errors: CrmkitError for pyramids of different tiers.

    >>> import pandas as pd
    >>> from crmkit import ByCutoff, pyramid
    >>> rule = ByCutoff({"gold": 10}, rest="lead")
    >>> first = pyramid(pd.DataFrame({"customer_id": list("abc"), "revenue": [20.0, 15, 5]}), tiers=rule)
    >>> second = pyramid(pd.DataFrame({"customer_id": list("abd"), "revenue": [20.0, 5, 1]}), tiers=rule)
    >>> migration(first, after=second).counts.loc["gold"].to_dict()
    {'gold': 1, 'lead': 1, 'lost_customer': 0}
    """
    for given in (before, after):
        require_kind(given, Pyramid, what="migration")
    names = list(before.rule.tiers)
    if names != list(after.rule.tiers):
        raise CrmkitError(
            "tier_names", name="after", value=", ".join(after.rule.tiers), allowed=", ".join(names)
        )
    both = before.assignments[["customer_id", "tier"]].merge(
        after.assignments[["customer_id", "tier"]], on="customer_id", how="outer", suffixes=("_from", "_to")
    )
    start, end = both["tier_from"].fillna("new_customer"), both["tier_to"].fillna("lost_customer")
    counts = (
        pd.crosstab(start, end)
        .reindex(index=[*names, "new_customer"], columns=[*names, "lost_customer"], fill_value=0)
        .rename_axis(index="from_tier", columns="to_tier")
    )
    started = counts.sum(axis=1)
    probabilities = counts.div(started.where(started > 0), axis=0)
    steady, share = _steady_state(
        probabilities.loc[names].to_numpy(float),
        counts.loc["new_customer", names].to_numpy(float),
        after.tiers["customers"].to_numpy(float),
    )
    return Migration(
        counts=counts,
        probabilities=probabilities,
        steady_state=pd.DataFrame(
            {"tier": pd.Series(names, dtype="str"), "customers": steady, "customer_share": share}
        ),
    )


def _steady_state(moves: np.ndarray, new: np.ndarray, today: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Customers per tier in the long run and their shares; ``moves`` from tier to tier and, last, to lost."""
    tiers = len(new)
    used = (new > 0) | (today > 0) | (np.nan_to_num(moves[:, :tiers]).sum(axis=0) > 0)
    if np.isnan(moves[used]).any():
        return np.full(tiers, np.nan), np.full(tiers, np.nan)
    moves = np.where(used[:, None], moves, np.eye(tiers, tiers + 1))
    # where everybody ends up: nobody leaves the lost; half wait each period, so that nothing swings to and fro
    end = (np.vstack([moves, np.eye(tiers + 1)[-1]]) + np.eye(tiers + 1)) / 2
    for _ in range(60):
        end = end @ end
        end /= end.sum(axis=1, keepdims=True)
    end = np.where(end > 1e-12, end, 0)[:tiers, :tiers]
    kept = end.diagonal() > 0  # tiers that somebody may stay in, or come back to, for ever
    steady, growth = today @ end, new @ end
    leaving = np.flatnonzero(~kept)
    inner = moves[np.ix_(leaving, leaving)]
    steady[leaving] = np.linalg.solve((np.eye(len(leaving)) - inner).T, new[leaving])
    steady[growth > 0] = np.inf
    mix = growth if growth.any() else steady
    return steady, mix / mix.sum() if mix.sum() > 0 else np.full(tiers, np.nan)
