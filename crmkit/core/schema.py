"""Canonical columns and their units, and the checks that every public function makes of what it is given."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from numbers import Real

from .catalogue import Pair
from .errors import CrmkitError, refusal
from .messages import MESSAGES
from .written import LENGTHS, number_meant

# column -> what it holds; a client's file is renamed to these once, at the door (intake)
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
    # how to reach the customer: kept for lists of whom to contact, and used for nothing else
    "customer_name": "text, optional",
    "phone": "text, optional",
    "email": "text, optional",
}
# the five relationship types, from the loosest to the closest (Kotler & Keller)
RELATIONSHIP_TYPES = ("basic", "reactive", "accountable", "proactive", "partnership")
_DAY = re.compile(r"(\d{4})[-/.年 ]{1,2}(\d{1,2})[-/.月 ]{1,2}(\d{1,2})日?")
_NO_LIMIT = 1e9  # so large an upper limit only guards the arithmetic
REQUIRED_TRANSACTION_COLUMNS = ("customer_id", "date", "amount")


def require_frame(frame, *, what: str) -> None:
    """Refuse what is no pandas frame; ``what`` names the function that asked."""
    import pandas as pd

    if isinstance(frame, pd.DataFrame):
        return
    kinds = {"dict": dict, "text": str, "series": pd.Series, "number": Real}
    words = next(
        (f"not_a_frame_but_{kind}" for kind, types in kinds.items() if isinstance(frame, types)),
        "not_a_frame",
    )
    said = frame[:40] if isinstance(frame, str) else type(frame).__name__
    raise refusal("not_a_frame", words, what=what, value=said)


def require_kind(value, kind: type, *, what: str) -> None:
    """Refuse a ``value`` that is not the result of another step; ``what`` names the function that asked."""
    if not isinstance(value, kind):
        words = "not_a_kind_but_dict" if isinstance(value, dict) else "not_a_kind"
        raise refusal("not_a_kind", words, what=what, value=type(value).__name__, allowed=kind.__name__)


def require_columns(frame, columns, *, what: str) -> None:
    """Refuse a frame that lacks one of ``columns``, and what is no pandas frame;
    ``what`` names the function that asked.

    Of a text in place of the list Python would take the letters one by one.
    """
    require_frame(frame, what=what)
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        words = "not_a_list" if isinstance(columns, str) else "not_a_list_but_one"
        raise refusal("not_a_list", words, value=columns, what=what)
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise CrmkitError(
            "columns_needed",
            column=missing[0],
            what=what,
            missing=", ".join(missing),
            allowed=", ".join(map(str, frame.columns)) or "—",
        )


def require_choice(value, allowed, *, name: str) -> None:
    """Refuse a ``value`` of the argument ``name`` that is not among ``allowed``."""
    if value not in allowed:
        quoted = isinstance(value, str) and any(option is True for option in allowed)
        words = "yes_or_no_as_text" if quoted else "not_a_choice"
        raise refusal("not_a_choice", words, value=value, name=name, allowed=", ".join(map(str, allowed)))


def require_between(value, low, high, *, name: str) -> None:
    """Refuse a number of the argument ``name`` outside ``low`` … ``high`` (NaN, text and several numbers too)."""
    try:
        inside = bool(low <= value <= high)
    except (TypeError, ValueError):  # a column is neither inside nor outside
        inside = False
    if not inside:
        words, fields = _outside(value, low, high, name)
        raise refusal(
            "out_of_range", words, **{"value": value, "name": name, "low": low, "high": high} | fields
        )


def require_whole(value, low, high, *, name: str) -> int:
    """The number as an int; refused outside ``low`` … ``high``, and where it has decimals, which would be cut off."""
    require_between(value, low, high, name=name)
    if value != int(value):
        raise refusal("out_of_range", "not_whole", value=value, name=name)
    return int(value)


def _outside(value, low, high, name: str) -> tuple[str, dict]:
    """The message for what is outside, and what it says beside the limits; a limit that only guards is not written."""
    if not isinstance(high, Real):  # days, say: no number is wanted
        return "out_of_range", {}
    low, high = float(low), float(high)
    if isinstance(value, str):
        # 12 months are not 12 of an argument called years; what is at most 1 is a share
        lengths = LENGTHS.intersection(name.split("_"))
        meant = number_meant(value, unit=next(iter(lengths), "share" if high <= 1 else None))
        if meant is None:
            return "number_in_words", {}
        number = float(meant)
        if low <= number <= high:
            return "number_as_text", {"meant": meant}
        number = int(number) if number.is_integer() else number
        words, fields = _outside(number, low, high, name)
        return words, {"value": number} | fields
    if isinstance(value, (list, tuple)):
        return "one_number_not_a_list", {}
    if hasattr(value, "iloc"):
        return "one_number_not_a_column", {"value": type(value).__name__}
    if isinstance(value, Real) and value != value:
        return "number_missing", {}
    if callable(value):
        return "number_not_called", {"value": getattr(value, "__name__", type(value).__name__)}
    if isinstance(value, Real) and low < high <= 1 < float(value) <= 100:
        return "out_of_range_share", {"meant": value / 100}
    if high >= _NO_LIMIT:
        return ("out_of_range_positive" if 0 < low < 1e-3 else "out_of_range_low"), {}
    return "out_of_range", {}


def require_confidence(confidence) -> None:
    """Refuse a confidence level outside 0.5 … 0.999."""
    require_between(confidence, 0.5, 0.999, name="confidence")


def require_draws(draws, *, name: str = "draws") -> int:
    """The number of simulated draws, whole; under 100 the ends of an interval would be those of single draws."""
    return require_whole(draws, 100, 1_000_000, name=name)


def require_rng(rng) -> None:
    """Refuse what cannot draw: a seed, say, in place of the generator made from it."""
    import numpy as np

    if not isinstance(rng, np.random.Generator):
        raise CrmkitError("not_a_generator", value=rng)


def _wanted(low: float, high: float) -> Pair:
    """Which numbers a column may hold, in words; of limits that are none nothing is said."""
    if high >= _NO_LIMIT:
        high = math.inf
    if 0 < low < 1e-3 and math.isinf(high):
        return MESSAGES.pair("wanted_number_above_zero")
    if math.isinf(low) and math.isinf(high):
        return MESSAGES.pair("wanted_any_number")
    if math.isinf(high):
        return MESSAGES.pair("wanted_number_from", low=low)
    return MESSAGES.pair("wanted_number_between", low=low, high=high)


def refuse_rows(wrong, code: str, column=None, *, words: str | None = None, **fields) -> None:
    """Raise the error ``code`` where a row is wrong: the first one, its cell of ``column`` (a Series), how many.

    ``words``: the message that says it, if it is not the one of that code.
    """
    if wrong.any():
        row = int(wrong.argmax())
        cell = {} if column is None else {"column": column.name, "value": column.iloc[row]}
        raise refusal(code, words or code, **{"row": row, "count": int(wrong.sum())} | cell | fields)


def require_known(frame, columns, *, what: str) -> None:
    """Refuse a frame that lacks one of ``columns`` or has an empty cell in it: names and labels, of any type."""
    require_columns(frame, columns, what=what)
    for column in columns:
        refuse_rows(frame[column].isna().to_numpy(), "missing_values", column=frame[column], value=None)


def require_unique(
    frame, column: str = "customer_id", *, what: str, code: str = "customer_not_unique"
) -> None:
    """Refuse a frame that lacks ``column``, or has a name in it twice or missing: one row per customer."""
    require_columns(frame, [column], what=what)
    refuse_rows((frame[column].isna() | frame[column].duplicated()).to_numpy(), code, frame[column])


def require_dates(frame, *, what: str):
    """The column ``date`` on its own clock, without time zone; refuses missing cells, and dates kept as text."""
    import pandas as pd

    require_known(frame, ["date"], what=what)
    if not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        raise CrmkitError("dates_not_dates", column="date", value=str(frame["date"].dtype))
    return frame["date"].dt.tz_localize(None)


def as_day(value, *, code: str = "as_of_not_a_date", **fields) -> date:
    """The day of a date, a timestamp or an ISO text; anything else is the error ``code``."""
    import pandas as pd

    try:
        day = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(day, date):
            day = pd.Timestamp(day) if hasattr(day, "dtype") else None  # numpy.datetime64
        return day.date() if isinstance(day, datetime) and not pd.isna(day) else date.fromisoformat(str(day))
    except (ValueError, TypeError) as error:
        meant = _day_meant(value) if isinstance(value, str) else None
        words = f"{code}_but_number" if isinstance(value, Real) else f"{code}_but_text" if meant else code
        raise refusal(code, words, value=value, meant=meant, **fields) from error


def _day_meant(text: str) -> date | None:
    """The day of a text that has year, month and day in this order, however they are set apart; None of another."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def numbers_in(values, *, name: str):
    """``as_numbers`` of what must be one column of numbers; refuses a whole table, its name,
    and texts in the column.
    """
    import numpy as np
    import pandas as pd

    kinds = {"a_table": pd.DataFrame, "a_text": str, "a_dict": Mapping}
    for words, types in kinds.items():
        if isinstance(values, types):
            said = values if isinstance(values, str) else type(values).__name__
            raise refusal("not_a_column", f"not_a_column_but_{words}", name=name, value=said)
    numbers = as_numbers(values)
    for row, (cell, number) in enumerate(zip(np.ravel(values), numbers.flat)):
        if isinstance(cell, str) and number != number:
            raise CrmkitError("column_of_text", name=name, value=cell[:40], row=row)
    return numbers


def as_numbers(values):
    """The values as a float array of the same shape; what is no number is NaN, for a check to refuse."""
    import numpy as np
    import pandas as pd

    flat = values if isinstance(values, pd.Series) else pd.Series(np.ravel(values))
    return pd.to_numeric(flat, errors="coerce").to_numpy(float, na_value=np.nan).reshape(np.shape(values))


def require_numbers(
    frame, columns, *, what: str, low: float = float("-inf"), high: float = float("inf"), whole: bool = False
) -> list:
    """The columns as float arrays, in order; refuses an empty frame, no columns, and cells that are no numbers inside.

    ``columns`` with limits of their own: {column: (low, high)}. ``whole`` refuses fractions: with ``low=0, high=1`` a
    column of yes and no (True and False pass too).
    """
    import numpy as np

    require_columns(frame, columns, what=what)
    if not len(frame) or not len(columns):
        raise CrmkitError("no_values", name=what)
    limits = (
        columns.items() if isinstance(columns, Mapping) else [(column, (low, high)) for column in columns]
    )
    found = []
    for column, (low, high) in limits:
        numbers = as_numbers(frame[column])
        wrong = ~(np.isfinite(numbers) & (numbers >= low) & (numbers <= high))
        if whole:
            wrong |= numbers != np.rint(numbers)
        empty = frame[column].isna().to_numpy() & wrong
        if empty.any():
            refuse_rows(empty, "cell_not_a_number", frame[column], words="cell_empty")
        first = int(wrong.argmax())
        in_per_cent = low < high <= 1 and (1 < numbers[first] <= 100 or "%" in str(frame[column].iloc[first]))
        words = "cell_in_per_cent" if in_per_cent and not whole else None
        refuse_rows(wrong, "cell_not_a_number", frame[column], words=words, wanted=_wanted(low, high))
        found.append(numbers)
    return found
