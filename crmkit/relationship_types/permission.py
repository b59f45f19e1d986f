"""How many messages a channel bears once customers may withdraw: what being allowed to write is worth (F9).

A message costs more than its sending: some of those who get it withdraw their consent, and cannot be written to again.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.errors import NearestName
from crmkit.core.schema import require_columns, require_numbers, require_whole

MOST_MESSAGES = 31  # a month: one a day, the ceiling that platforms commonly set
_LIMITS = {
    "permitted": (0, 1e12),
    "margin_first_message": (0, 1e12),
    "fall_share": (0, 1),
    "cost_per_message": (0, 1e12),
    "opt_out_rate": (0, 1),
    "permission_value": (0, 1e12),
}


@dataclass(frozen=True, kw_only=True)
class MessagePlan(NearestName):
    """The number of messages a month that pays in each channel, with what withdrawals cost and without."""

    channels: pd.DataFrame  # a row per channel
    curve: pd.DataFrame  # channel, messages, profit, profit_if_nobody_left


def message_plan(channels: pd.DataFrame, *, most: int = MOST_MESSAGES) -> MessagePlan:
    """Find how many messages a month pay in each channel, where a share of the readers withdraws after each.

    In: a row per ``channel`` (each once): ``permitted`` (customers who have agreed to be written to there),
    ``margin_first_message`` (currency per reader that the first message of a month brings), ``fall_share`` (0 … 1, by
    how much less each further message of the month brings), ``cost_per_message`` (currency per reader),
    ``opt_out_rate`` (0 … 1, share of the readers who withdraw after one message) and ``permission_value`` (currency
    that being allowed to write to one customer is still worth after this month). ``most``: messages a month at most.

    Out: ``MessagePlan``. ``channels``: ``channel``, ``hidden_cost`` (opt_out_rate · permission_value, currency per
    message and reader), ``break_even_opt_out_rate`` (beyond which not even the first message pays),
    ``best_messages``, ``messages_if_nobody_left`` (what is best for who does not count withdrawals), ``profit`` at the
    best number, ``profit_uncounted`` (what the other number really earns) and ``lost_permissions`` at either,
    ``lost_permissions`` and ``lost_uncounted``. ``curve``: a row per channel and number of messages.

    Formula: the k-th message goes to permitted·(1−u)^(k−1) readers and adds margin·(1−fall)^(k−1) − cost − u·V for
    each; it pays as long as that is above 0. Errors: CrmkitError for numbers outside these limits or a missing column.

    >>> two = pd.DataFrame({"channel": ["sms", "wecom"], "permitted": 1000, "margin_first_message": [1.0, 1.0],
    ...                     "fall_share": 0.3, "cost_per_message": [0.05, 0.0], "opt_out_rate": [0.01, 0.002],
    ...                     "permission_value": 40.0})
    >>> message_plan(two).channels[["best_messages", "messages_if_nobody_left"]].values.tolist()
    [[3, 9], [8, 31]]
    """
    require_columns(channels, ["channel"], what="message_plan")
    permitted, margin, fall, cost, leave, worth = require_numbers(channels, _LIMITS, what="message_plan")
    most = require_whole(most, 1, 1000, name="most")
    k = np.arange(1, most + 1)
    readers = permitted[:, None] * (1 - leave[:, None]) ** (k - 1)
    brings = margin[:, None] * (1 - fall[:, None]) ** (k - 1) - cost[:, None]
    hidden = leave * worth
    seen = _sums(permitted[:, None] * brings)
    real = _sums(readers * (brings - hidden[:, None]))
    best, uncounted = real.argmax(axis=1), seen.argmax(axis=1)
    row = np.arange(len(permitted))
    table = pd.DataFrame(
        {
            "channel": channels["channel"].to_numpy(),
            "hidden_cost": hidden,
            "break_even_opt_out_rate": _break_even(margin - cost, worth),
            "best_messages": best,
            "messages_if_nobody_left": uncounted,
            "profit": real[row, best],
            "profit_uncounted": real[row, uncounted],
            "lost_permissions": permitted * (1 - (1 - leave) ** best),
            "lost_uncounted": permitted * (1 - (1 - leave) ** uncounted),
        }
    )
    numbers = np.tile(np.append(0, k), len(table))
    curve = pd.DataFrame(
        {
            "channel": np.repeat(table["channel"].to_numpy(), len(k) + 1),
            "messages": numbers,
            "profit": real.ravel(),
            "profit_if_nobody_left": seen.ravel(),
        }
    )
    return MessagePlan(channels=table, curve=curve)


def _sums(added: np.ndarray) -> np.ndarray:
    """The profit of 0, 1, 2, … messages from what each of them adds."""
    return np.column_stack([np.zeros(len(added)), added.cumsum(axis=1)])


def _break_even(earned: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """The opt-out rate at which the first message earns nothing: 0 where it never earns, 1 where it always does."""
    rate = np.divide(earned, worth, out=np.where(earned > 0, 1.0, 0.0), where=worth > 0)
    return np.clip(rate, 0, 1)
