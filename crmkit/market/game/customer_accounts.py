"""What each customer brought in a quarter, from the books and the firm's own prices: the KPIs of the game."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmkit.core.schema import require_choice
from crmkit.market.simulator.decision import Decision
from crmkit.market.simulator.engine import Market
from crmkit.market.simulator.ledgers import Ledgers

KPIS = ("contribution", "margin", "purchases", "active")
MONTHS = 3


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """The books of three months, and what a firm keeps of every customer besides."""

    books: Ledgers
    served_before: pd.Series  # customer_id → cost to serve until the quarter began, currency
    on_file: np.ndarray  # customer × month, True: on file as the month began, so served and charged for
    tiers: np.ndarray  # customer × month, name of the tier in that month


def run_quarter(firm: Market, decision: Decision) -> Quarter:
    """Run the firm for three months under ``decision``."""
    served_before = firm.ledgers.customers.set_index("customer_id")["cost_to_serve"]
    filed, tiers = [], []
    for _ in range(MONTHS):
        filed.append(on_file(firm.ledgers, trade=firm.scenario, month=firm.month))
        tiers.append(firm.step(decision).customers["tier"].to_numpy(dtype=object))
    everybody = len(tiers[-1])
    return Quarter(
        books=firm.ledgers_between(firm.month - MONTHS, firm.month),
        served_before=served_before,
        on_file=_side_by_side(filed, np.zeros((everybody, MONTHS), dtype=bool)),
        tiers=_side_by_side(tiers, np.full((everybody, MONTHS), np.nan, dtype=object)),
    )


def _side_by_side(months: list[np.ndarray], table: np.ndarray) -> np.ndarray:
    """A column a month; who came in the last month was nowhere before, and the table says so already."""
    for place, values in enumerate(months):
        table[: len(values), place] = values
    return table


def on_file(books: Ledgers, *, trade, month: int) -> np.ndarray:
    """Of each customer of the books, whether on file on the first day of ``month`` (1: the firm's second).

    With contracts: not ended. Without: who bought, or came, in the trade's ``file_months`` before; at the start
    everybody. ``trade``: the scenario, or the same facts of it.
    """
    people, sales, start = books.books["customers"], books.books["transactions"], pd.Timestamp(books.start)
    contractual = trade.setting == "contractual"
    since = (start + pd.DateOffset(months=month - (0 if contractual else trade.file_months)) - start).days
    last = people["left_on"] if contractual else np.maximum(people["joined"], 0)  # a new array, of days
    if not contractual:
        np.maximum.at(last, sales["customer_id"], sales["date"])
    return last >= since


def customer_kpi(
    customers: pd.Series,
    *,
    kpi: str,
    books: Ledgers,
    served_before: pd.Series,
    trade,
    decision: Decision,
    standard: Decision,
    held_out=(),
    on_file=None,
    tiers=None,
) -> np.ndarray:
    """``kpi`` of each of the ``customers`` (ids) over the quarter of ``books``.

    ``active``: 1 who bought, 0 who did not. ``purchases``: orders. ``margin``: sales less cost of goods (currency).
    ``contribution``: margin less what this customer cost: serving, contacts and messages, complaints, rebate, and a
    head's part of relationship type, club, ties, care and service quality under the decision that holds for them
    (currency).
    Advertising and fixed cost belong to no customer; with these the contributions of all customers are the profit of
    the accounts, but for the cents to which the accounts round every item, tier and month.

    ``trade``: the scenario, or the same facts of it. ``on_file``, ``tiers``: as in ``Quarter``; without them everybody
    is taken as on file in all three months, in the tier at the end. Errors: CrmkitError for a KPI not known.
    """
    require_choice(kpi, KPIS, name="kpi")
    sales = books.transactions
    if kpi in ("active", "purchases"):
        orders = _summed(pd.Series(1.0, index=sales.index), sales, customers)
        return orders if kpi == "purchases" else (orders > 0).astype(float)
    margin = _summed(sales["amount"] - sales["unit_cost"] * sales["quantity"], sales, customers)
    if kpi == "margin":
        return margin
    people = books.customers.set_index("customer_id")
    served = people["cost_to_serve"] - served_before.reindex(people.index).fillna(0)
    spent = served.reindex(customers).to_numpy()
    for ledger in (books.contacts, books.complaints):
        spent = spent + _summed(ledger["cost"], ledger, customers)
    filed = np.ones((len(people), MONTHS), dtype=bool) if on_file is None else on_file
    tiers = np.repeat(people[["tier"]].to_numpy(), MONTHS, axis=1) if tiers is None else tiers
    month = (
        sales["date"].dt.to_period("M").astype("int64")
        - pd.Period(books.accounts["month"].iloc[0], "M").ordinal
    )
    held = people.index.isin(list(held_out))
    for k in range(MONTHS):
        sold = _summed(sales["amount"][month == k], sales[month == k], people.index)
        now = people[["segment"]].assign(tier=tiers[:, k])
        cost = np.where(held, *(_month(now, arm, trade, filed[:, k], sold) for arm in (standard, decision)))
        spent = spent + pd.Series(cost, index=people.index).reindex(customers).to_numpy()
    return margin - spent


def _month(people: pd.DataFrame, d: Decision, trade, filed: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """What everybody would have cost in a month under ``d``, beyond what the ledgers name them for."""

    def lever(values: Mapping, default=0.0) -> np.ndarray:  # a tier's entry goes before its segment's
        own = people["tier"].map(values).astype(object).fillna(people["segment"].map(values).astype(object))
        return own.fillna(values.get("all", default)).to_numpy()

    kinds = [trade.types[name].cost_per_month for name in lever(d.relationship, "basic")]
    members = people["tier"][filed].value_counts()
    care = people["tier"].map(
        {tier: d.care.get(tier, 0) / max(members.get(tier, 0), 1) for tier in trade.tiers}
    )
    heads = (
        np.array(kinds)
        + trade.social_cost * lever(d.social).astype(float) ** 2
        + trade.structural_cost * lever(d.structural).astype(float) ** 2
        + trade.quality_cost * d.service_quality**2
        + care.fillna(0).to_numpy(dtype=float)
    )
    return filed * heads + (lever(d.financial).astype(float) * sold).round(2)


def _summed(values: pd.Series, ledger: pd.DataFrame, ids) -> np.ndarray:
    return values.groupby(ledger["customer_id"]).sum().reindex(ids).fillna(0).to_numpy(dtype=float)
