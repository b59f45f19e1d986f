"""Canonical columns and their units, and the one kind of error that the kit raises at its users."""

from .language import in_language

# column -> what it holds; a client's file is renamed to these once, at the door (transactions.py)
TRANSACTION_COLUMNS = {
    "customer_id": "text; who bought",
    "date": "timestamp without time zone; when",
    "amount": "currency units, two decimals; negative for a return",
    "order_id": "text, optional",
    "product_id": "text, optional",
    "quantity": "units, optional",
    "unit_price": "currency units a unit, optional",
    "unit_cost": "currency units a unit, optional",
    "currency": "ISO 4217 code, optional; one per file",
    "channel": "text, optional",
}
REQUIRED_TRANSACTION_COLUMNS = ("customer_id", "date", "amount")


class CrmkitError(ValueError):
    """What was wrong, where, what was allowed and what to do, in the user's language.

    ``code`` names the message in messages.toml (``error_<code>``); ``row``, ``column`` and ``value`` say where, and
    are None where they do not apply. ``str(error)`` follows the language setting; ``message_zh`` and ``message_en``
    are always there.
    """

    def __init__(self, code: str, *, row: int | None = None, column: str | None = None, value=None, **fields):
        from .terms import message_pair  # terms needs this class for its own errors

        self.code, self.row, self.column, self.value = code, row, column, value
        self.message_zh, self.message_en = message_pair(f"error_{code}", row=row, column=column, value=value, **fields)
        super().__init__(self.message_en)

    def __str__(self) -> str:
        return in_language(self.message_zh, self.message_en, between="\n")


def require_columns(frame, columns, *, what: str) -> None:
    """Refuse a frame that lacks one of ``columns``; ``what`` names the function that asked."""
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise CrmkitError(
            "columns_needed", column=missing[0], what=what, missing=", ".join(missing),
            allowed=", ".join(map(str, frame.columns)) or "—",
        )


def require_choice(value, allowed, *, name: str) -> None:
    """Refuse a ``value`` of the argument ``name`` that is not among ``allowed``."""
    if value not in allowed:
        raise CrmkitError("not_a_choice", value=value, name=name, allowed=", ".join(map(str, allowed)))


def require_between(value, low, high, *, name: str) -> None:
    """Refuse a number of the argument ``name`` outside ``low`` … ``high`` (NaN and text too)."""
    try:
        inside = low <= value <= high
    except TypeError:
        inside = False
    if not inside:
        raise CrmkitError("out_of_range", value=value, name=name, low=low, high=high)


def require_known(frame, columns, *, what: str) -> None:
    """Refuse a frame that lacks one of ``columns`` or has an empty cell in it: names and labels, of any type."""
    require_columns(frame, columns, what=what)
    for column in columns:
        missing = frame[column].isna().to_numpy()
        if missing.any():
            raise CrmkitError("missing_values", column=column, count=int(missing.sum()), row=int(missing.argmax()))


def require_numbers(frame, columns, *, what: str, low: float = float("-inf"), high: float = float("inf"),
                    whole: bool = False) -> list:
    """The columns as float arrays, in order; refuses an empty frame, no columns, and cells that are no numbers inside.

    ``whole`` refuses fractions: with ``low=0, high=1`` a column of yes and no (True and False pass too).
    """
    import numpy as np
    import pandas as pd

    require_columns(frame, columns, what=what)
    if not len(frame) or not len(columns):
        raise CrmkitError("no_values", name=what)
    found = [pd.to_numeric(frame[c], errors="coerce").to_numpy(float, na_value=np.nan) for c in columns]
    for column, numbers in zip(columns, found):
        inside = np.isfinite(numbers) & (numbers >= low) & (numbers <= high)
        wrong = ~(inside & (numbers == np.rint(numbers)) if whole else inside)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise CrmkitError("cell_not_a_number", row=row, column=column, value=frame[column].iloc[row],
                              count=int(wrong.sum()), low=low, high=high)
    return found
