"""The firm's books: what happened, as far as a firm can see it, month by month in whole cents, and as tables."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

# ledger -> its columns; amounts in currency units with two decimals
COLUMNS = {
    "customers": (
        "customer_id",
        "joined",
        "source",
        "segment",
        "tier",
        "channel",
        "referred_by",
        "cost_to_serve",
        "left_on",
    ),
    "transactions": ("customer_id", "date", "amount", "order_id", "quantity", "unit_cost", "channel"),
    "contacts": ("customer_id", "date", "programme", "policy", "arm", "contacts", "cost"),
    "complaints": ("customer_id", "date", "resolved", "cost"),
    "surveys": ("customer_id", "date", "satisfaction", "recommend", "intention"),
    "costs": ("month", "item", "tier", "amount"),
}
# the words that the numbers of these columns stand for, in all markets
SOURCES = ("before_start", "launch", "advertising", "promotion", "referral")
ITEMS = (
    "contacts",
    "relationship_programme",
    "campaigns",
    "financial",
    "social",
    "structural",
    "service_quality",
    "complaints",
    "care",
    "acquisition",
    "cost_to_serve",
    "fixed_cost",
)
ARMS = ("treated", "control")
_MONEY = ("amount", "unit_cost", "cost", "cost_to_serve")
_DATES = ("date", "joined", "left_on", "month")


@dataclass(frozen=True, repr=False)
class Ledgers:
    """Six tables of a span of months; each is made from the books when it is first asked for.

    ``customers`` (as they stand at the end of the span; ``left_on`` only where there is a contract), ``transactions``
    (canonical columns), ``contacts`` (a row per customer, month and programme; ``arm`` is ``control`` for customers
    held out), ``complaints``, ``surveys`` (``satisfaction`` 1 … 10, ``recommend`` 0 … 10, ``intention`` to buy again
    1 … 5) and ``costs`` (a row per month, item and tier). Currency units; dates without time.
    """

    books: dict  # ledger -> column -> whole numbers: cents, days since the start, customers by number
    names: dict  # column -> the words that its codes stand for
    start: np.datetime64
    months: np.ndarray  # first day of each month of the span: one without any row is a month all the same

    def __repr__(self) -> str:
        rows = ((name, len(next(iter(book.values())))) for name, book in self.books.items())
        return f"<Ledgers: {', '.join(f'{name} {n:,}' for name, n in rows)} rows; {len(self.months)} months>"

    def _frame(self, ledger: str) -> pd.DataFrame:
        book, columns = self.books[ledger], {}
        for name in COLUMNS[ledger]:
            values = book[name]
            if name in ("customer_id", "referred_by", "order_id"):
                columns[name] = ids(values, "O" if name == "order_id" else "C")
            elif name in _DATES:
                missing = values > 10**6
                dates = self.start + np.where(missing, 0, values).astype("timedelta64[D]")
                columns[name] = np.where(missing, np.datetime64("NaT"), dates).astype("datetime64[us]")
            elif name in self.names:
                columns[name] = pd.array(self.names[name], dtype="str").take(values)
            else:
                columns[name] = values / 100 if name in _MONEY else values
        return pd.DataFrame(columns)

    customers = cached_property(lambda self: self._frame("customers"))
    transactions = cached_property(lambda self: self._frame("transactions"))
    contacts = cached_property(lambda self: self._frame("contacts"))
    complaints = cached_property(lambda self: self._frame("complaints"))
    surveys = cached_property(lambda self: self._frame("surveys"))
    costs = cached_property(lambda self: self._frame("costs"))

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """The result a month: ``month``, ``revenue``, ``cost_of_goods``, ``programme_cost``, ``profit`` (currency)."""
        sales, costs = self.books["transactions"], self.books["costs"]

        def total(days, cents):
            summed = np.zeros(len(self.months), dtype=np.int64)
            # whole cents, so that the books reconcile exactly
            np.add.at(summed, np.searchsorted(self.months, days, side="right") - 1, cents)
            return summed

        revenue = total(sales["date"], sales["amount"])
        goods = total(sales["date"], sales["unit_cost"] * sales["quantity"])
        programme = total(costs["month"], costs["amount"])
        cents = {
            "revenue": revenue,
            "cost_of_goods": goods,
            "programme_cost": programme,
            "profit": revenue - goods - programme,
        }
        dates = (self.start + self.months.astype("timedelta64[D]")).astype("datetime64[us]")
        return pd.DataFrame({"month": dates, **{name: values / 100 for name, values in cents.items()}})


def ids(numbers: np.ndarray, letter: str) -> pd.api.extensions.ExtensionArray:
    """C00000007 for 7, missing for a number below 0; done by Arrow, for tens of millions of rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.cast(
        pa.array(np.asarray(numbers, dtype=np.int64) + 10**8, mask=np.asarray(numbers) < 0), pa.string()
    )
    return pd.array(pc.utf8_replace_slice(text, 0, 1, letter), dtype="str")


def numbers(customer_ids) -> np.ndarray:
    """7 for C00000007, below 0 for what is nobody's customer_id.

    >>> numbers(["C00000007", "7", "O00000007"]).tolist()
    [7, -1, -1]
    """
    text = pd.Series(customer_ids, dtype="str")
    return text.where(text.str.fullmatch("C[0-9]{8}"), "C-1").str[1:].astype(np.int64).to_numpy()
