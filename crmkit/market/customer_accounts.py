"""What each customer brought in a span of months, from the books and the firm's own prices: the KPIs of the game."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..schema import require_choice
from .decision import Decision
from .ledgers import Ledgers
from .scenario import Scenario

KPIS = ("contribution", "margin", "purchases", "active")
MONTHS = 3


def customer_kpi(customers: pd.Series, *, kpi: str, books: Ledgers, served_before: pd.Series, trade: Scenario,
                 decision: Decision, standard: Decision, held_out=()) -> np.ndarray:
    """``kpi`` of each of the ``customers`` (ids) over the quarter of ``books``.

    ``active``: 1 who bought, 0 who did not. ``purchases``: orders. ``margin``: sales less cost of goods (currency).
    ``contribution``: margin less what this customer cost: serving, contacts and messages, complaints, rebate, and a head's
    part of relationship type, club, ties, care and service quality under the decision that holds for them
    (currency; as if on file for the whole quarter). Advertising and fixed cost belong to no customer.
    """
    require_choice(kpi, KPIS, name="kpi")
    sales = books.transactions
    if kpi in ("active", "purchases"):
        orders = _summed(pd.Series(1.0, index=sales.index), sales, customers)
        return orders if kpi == "purchases" else (orders > 0).astype(float)
    margin = _summed(sales["amount"] - sales["unit_cost"] * sales["quantity"], sales, customers)
    return margin if kpi == "margin" else margin - _costs(customers, books, served_before, trade, {
        False: decision, True: standard}, customers.isin(set(held_out)).to_numpy())


def _costs(ids: pd.Series, books: Ledgers, served_before: pd.Series, trade: Scenario, under: Mapping, held) -> np.ndarray:
    people = books.customers.set_index("customer_id")
    members = people["tier"].value_counts()
    served = (people["cost_to_serve"] - served_before.reindex(people.index).fillna(0)).reindex(ids).to_numpy()
    people = people.loc[ids, ["segment", "tier"]]
    spent = served + _summed(books.contacts["cost"], books.contacts, ids)
    spent += _summed(books.complaints["cost"], books.complaints, ids)
    sales = _summed(books.transactions["amount"], books.transactions, ids)
    a_head = np.zeros(len(ids))
    for arm, d in under.items():
        kinds = _lever(d.relationship, people, "basic")
        month = (kinds.map({name: kind.cost_per_month for name, kind in trade.types.items()}).to_numpy(dtype=float)
                 + trade.social_cost * _lever(d.social, people, 0.0).to_numpy(dtype=float) ** 2
                 + trade.structural_cost * _lever(d.structural, people, 0.0).to_numpy(dtype=float) ** 2
                 + trade.quality_cost * d.service_quality ** 2
                 + people["tier"].map({tier: d.care.get(tier, 0) / max(members.get(tier, 0), 1) for tier in trade.tiers}
                                      ).to_numpy(dtype=float))
        rebate = _lever(d.financial, people, 0.0).to_numpy(dtype=float)
        a_head = np.where(held == arm, MONTHS * month + rebate * sales, a_head)
    return spent + a_head


def _lever(values: Mapping, people: pd.DataFrame, default) -> pd.Series:
    """What holds for each: the tier's entry before the segment's before all customers'."""
    own = people["tier"].map(values).astype(object)
    return own.fillna(people["segment"].map(values).astype(object)).fillna(values.get("all", default))


def _summed(values: pd.Series, ledger: pd.DataFrame, ids: pd.Series) -> np.ndarray:
    return values.groupby(ledger["customer_id"]).sum().reindex(ids).fillna(0).to_numpy(dtype=float)
