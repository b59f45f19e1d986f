"""Facts of the file, of sales over time, and of who the customers are."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crmkit.core.schema import as_day
from crmkit.data.sales import sales_over_time
from crmkit.data.summary import customer_summary
from crmkit.intake.check import CheckReport
from crmkit.intake.judge import NAMELESS

from .closed import Stretch, in_open_days, long_gaps, same_every_year

SHOWN_PERIODS = 24  # periods in the table on the page
LATELY = 180  # days within which somebody has bought lately
SEEN = 180  # days after the first purchase, before which only quick returns can have been seen
ENOUGH = 20  # customers, from which on those who were seen for long stand for all
FOLLOWED = 90  # days that a customer must have been seen after the first purchase, at least
REGULAR = 0.2  # spread of a customer's intervals against their mean, below which they are regular
OF_USUAL = 1 / 3  # of the median purchase, below which one is no payment of a contract
MOST = 0.6  # of the customers with enough intervals, whose payments make a file one of contracts
CONTACTS = ("customer_name", "phone", "email")  # columns that a list of customers brings along
# notes that some of the money may be no sale, or not all of it is there
DOUBTS = (
    "unknown_states",
    "words_of_returns",
    "other_rows",
    "total_differs",
    "orders_in_parts",
    "future_dates",
)
_GROUPS = {"1": 1, "2": 2, "3": 3, "4–5": 5, "6–10": 10, "11+": np.inf}


@dataclass(frozen=True, kw_only=True)
class Log:
    """What the door has read, with its days: everything that the report looks at."""

    checked: CheckReport
    transactions: pd.DataFrame
    customers: pd.DataFrame  # the customer summary
    first_day: pd.Timestamp
    last_sale: pd.Timestamp
    last_day: pd.Timestamp
    closed: tuple[Stretch, ...] = ()  # when the business rests, every year at the same time

    @classmethod
    def of(cls, checked: CheckReport, *, as_of: date | str | None) -> "Log":
        """The log of what the door has found usable."""
        transactions = checked.transactions
        assert transactions is not None, "checked without keeping what was read"
        dates = transactions["date"]
        if checked.nameless is not None and len(checked.nameless):  # the till was open, whoever came
            dates = pd.concat([dates, checked.nameless["date"].astype(dates.dtype)])
        first_day = dates.min().normalize()
        last_sale = dates.max().normalize()
        last_day = pd.Timestamp(as_day(as_of)) if as_of else last_sale
        closed = tuple(same_every_year(long_gaps(transactions["date"])))
        customers = customer_summary(transactions, as_of=last_day)
        if closed:
            customers = in_open_days(customers, closed, last_day=last_day)
        return cls(
            checked=checked,
            transactions=transactions,
            customers=customers,
            first_day=first_day,
            last_sale=last_sale,
            last_day=last_day,
            closed=closed,
        )

    @property
    def span_days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def open_days(self) -> int:
        """The days that the file covers without those on which the business is closed."""
        return self.span_days - sum((last - first).days + 1 for first, last in self.closed)

    @property
    def total(self) -> float:
        return round(float(self.transactions["amount"].sum()), 2)

    @property
    def buyers(self) -> pd.DataFrame:
        """The customers with a purchase."""
        return self.customers[self.customers["purchases"] > 0]

    @property
    def repeat(self) -> pd.DataFrame:
        """The customers who bought on more than one day, with the mean interval between their purchases in days."""
        repeat = self.customers[self.customers["frequency"] > 0]
        return repeat.assign(usual_interval=repeat["t_x"] / repeat["frequency"])


# ---- the file


def file_facts(log: Log) -> dict:
    checked = log.checked
    negative = log.transactions.loc[log.transactions["amount"] < 0, "amount"]
    facts = {
        "rows_in": checked.rows_in,
        "rows_used": checked.rows_used,
        "rows_set_aside": checked.rows_set_aside,
        "zero_rows": checked.zero_amount_rows,
        "duplicate_rows": checked.duplicate_rows,
        "duplicates_dropped": int(checked.reasons.get("duplicate", 0) > 0),
        "negative_rows": len(negative),
        "negative_amount": round(float(negative.sum()), 2),
        "total": log.total,
        **_without_customer(log),
        "one_id": int(any(note["code"] == "one_customer" for note in checked.notes)),
        "doubts": sum(note["code"] in DOUBTS for note in checked.notes),
        "customers": len(log.customers),
        "span": (log.first_day, log.last_sale),
        "span_days": log.span_days,
        "as_of": log.last_day,
    }
    if log.total > negative.sum():  # something was sold
        facts["returns_share"] = float(-negative.sum() / (log.total - negative.sum()))
        facts["returns_rows_share"] = len(negative) / len(log.transactions)
    return facts


def _without_customer(log: Log) -> dict:
    """The money of the rows that name no customer, or nobody in particular:
    it is in the books and in none of the shares.
    """
    checked = log.checked
    rows = sum(checked.reasons.get(reason, 0) for reason in NAMELESS)
    money = round(sum(float(checked.money_set_aside.get(reason, 0)) for reason in NAMELESS), 2)
    both = round(log.total + money, 2)
    facts = {"nameless_rows": rows, "nameless_money": money, "both_money": both}
    if both > 0 and money > 0:
        facts["nameless_share"] = money / both
        facts["named_share"] = log.total / both
    return facts


def set_aside_table(log: Log) -> pd.DataFrame:
    """How many rows were set aside for each reason, and the money in those of them whose amount can be read."""
    money = log.checked.money_set_aside
    rows = [
        (reason, count, float(money.get(reason, 0))) for reason, count in log.checked.reasons.items() if count
    ]
    return pd.DataFrame(rows, columns=["reason", "rows", "amount"])


# ---- sales


def period_of(span_days: int) -> str:
    """In which periods sales are told: months, in a short file weeks or days."""
    if span_days > 150:
        return "month"
    return "week" if span_days > 21 else "day"


def sales_table(log: Log) -> pd.DataFrame:
    """By period: revenue, that of first purchases and that of later ones, the customers who bought,
    and the new ones.
    """
    sales = sales_over_time(log.transactions, as_of=log.last_sale, period=period_of(log.span_days))
    days = days_bought(log)
    slots = days["date"].dt.to_period(sales["period"].dt.freq)
    bought = days["customer_id"].groupby(slots).nunique()
    new = log.buyers["first_purchase"].dt.to_period(sales["period"].dt.freq).value_counts()
    for name, counts in (("customers_bought", bought), ("first_time_customers", new)):
        sales[name] = counts.reindex(sales["period"], fill_value=0).to_numpy()
    nameless = log.checked.nameless
    if nameless is not None and len(nameless):
        slots = nameless["date"].dt.to_period(sales["period"].dt.freq)
        of_nobody = nameless["amount"].groupby(slots).sum().reindex(sales["period"], fill_value=0.0).round(2)
        sales["nameless_revenue"] = of_nobody.to_numpy()
        both = sales["revenue"] + sales["nameless_revenue"]
        sales["named_share"] = (sales["revenue"] / both).where(both > 0)
    return sales


def sales_facts(log: Log, sales: pd.DataFrame) -> dict:
    sales = sales.set_index("period")
    newest = log.customers["first_purchase"].max()
    facts = {
        "periods": len(sales),
        "shown_periods": min(len(sales), SHOWN_PERIODS),
        "last_day": log.last_day,
        "partial_revenue": float(sales["revenue"].iloc[-1]),
        "partial": int(sales.index[-1].end_time.normalize() > log.last_day),
    }
    if not pd.isna(newest):
        facts["newest"] = newest
        facts["newest_at"] = ((newest - log.first_day).days + 1) / log.span_days
        facts |= _intake_facts(log)
    facts |= _gap_facts(log)
    facts |= _lately_facts(log)
    if log.total > 0:
        facts["first_share"] = float(sales["first_revenue"].sum()) / log.total
        facts["later_share"] = 1 - facts["first_share"]
    whole = whole_periods(log, sales)
    facts["full_periods"] = len(whole)
    facts["begun_late"] = int(sales.index[0] not in whole.index)
    if len(whole) < 2:
        return facts
    middle = float(whole.median())
    facts |= {
        "best": whole.idxmax(),
        "best_revenue": float(whole.max()),
        "lowest_revenue": float(whole.min()),
        "last_full": whole.index[-1],
        "last_full_revenue": float(whole.iloc[-1]),
        "best_is_latest": int(whole.idxmax() == whole.index[-1]),
        "steady_rise": int((whole.diff().dropna() > 0).all()),
    }
    if sales.index.freqstr[0] == "M" and len(whole) > 12:
        facts["new_last"] = int(sales.at[whole.index[-1], "first_time_customers"])
        facts["new_ago"] = int(sales.at[whole.index[-13], "first_time_customers"])
        if facts["new_ago"]:
            facts["new_times"] = facts["new_last"] / facts["new_ago"]
    if "named_share" in sales:
        facts["first_full"] = whole.index[0]
        for end, name in ((whole.index[0], "first"), (whole.index[-1], "last")):
            facts[f"named_{name}"] = float(sales.at[end, "named_share"])
            facts[f"all_{name}"] = float(sales.loc[end, ["revenue", "nameless_revenue"]].sum())
    half = len(whole) // 2
    early = float(whole.iloc[:half].sum())
    late = float(whole.iloc[-half:].sum())
    if middle > 0:
        facts["peak_times"] = float(whole.max()) / middle
        facts["lowest_times"] = float(whole.min()) / middle
    if early > 0:
        facts["late_half_times"] = late / early
    third = len(whole) // 3
    if third and whole.iloc[:third].sum() > 0:
        facts["third_periods"] = third
        facts["early_mean"] = float(whole.iloc[:third].mean())
        facts["late_mean"] = float(whole.iloc[-third:].mean())
        facts["late_times"] = facts["late_mean"] / facts["early_mean"]
    return facts


def whole_periods(log: Log, sales: pd.DataFrame) -> pd.Series:
    """Revenue by period, of the periods only that the file covers from beginning to end; ``sales``:
    indexed by period.
    """
    return sales.loc[_whole(sales.index, log), "revenue"]


def _lately_facts(log: Log) -> dict:
    """How many have bought lately, and how many had a year before, where the file reaches back so far."""
    year = pd.Timedelta(days=365)
    lately = pd.Timedelta(days=LATELY)
    if log.last_day - year - lately < log.first_day:
        return {}
    days = days_bought(log)
    then, now = (
        days.loc[(days["date"] > end - lately) & (days["date"] <= end), "customer_id"].nunique()
        for end in (log.last_day - year, log.last_day)
    )
    return {"lately_days": LATELY, "bought_lately": now, "bought_lately_ago": then}


def _intake_facts(log: Log) -> dict:
    """When nearly everybody had bought for the first time, and who came after."""
    first = log.customers["first_purchase"].dropna().sort_values()
    most = first.iloc[int(0.95 * (len(first) - 1))]
    since = log.last_sale - first.iloc[-1]
    return {
        "most_came": most,
        "most_came_at": ((most - log.first_day).days + 1) / log.span_days,
        "came_after": int((first > most).sum()),
        "newest_days": since.days,
        "new_before": int((first > first.iloc[-1] - since).sum()),
    }


def _gap_facts(log: Log) -> dict:
    """When the business is closed each year, and the longest other stretch without any row:
    perhaps a missing export.
    """
    others = [stretch for stretch in long_gaps(log.transactions["date"]) if stretch not in log.closed]
    facts: dict = {"missing": int(bool(others)), "closed_times": len(log.closed)}
    if others:
        facts["gap_from"], facts["gap_to"] = max(others, key=lambda stretch: stretch[1] - stretch[0])
        facts["gap_days"] = (facts["gap_to"] - facts["gap_from"]).days + 1
    if log.closed:
        facts["closed_from"], facts["closed_to"] = log.closed[-1]
        facts["closed_days"] = (facts["closed_to"] - facts["closed_from"]).days + 1
    return facts


def _whole(periods: pd.PeriodIndex, log: Log) -> np.ndarray:
    """Which periods the file covers from beginning to end.

    A first sale on the second day is no gap, nor is one on the fifth where no period has an earlier one, as where
    everybody pays on the fifth.
    """
    length = (periods.end_time - periods.start_time).days + 1
    missing_days = (log.first_day - periods.start_time).days
    own = log.transactions["date"].dt.to_period(periods.freq)
    into = (log.transactions["date"].dt.normalize() - own.dt.start_time).dt.days
    usual = into.groupby(own).min().iloc[1:].min()
    usual = 0 if pd.isna(usual) else usual
    begun = missing_days <= np.maximum(0.1 * length, usual)
    over = periods.end_time.normalize() <= log.last_day
    return np.asarray(begun & over)


# ---- customers


def customer_facts(log: Log) -> dict:
    customers, buyers, repeat = log.customers, log.buyers, log.repeat
    facts = {
        "buyers": len(buyers),
        "only_returns": len(customers) - len(buyers),
        "repeat_buyers": len(repeat),
        "gaps": int(repeat["frequency"].sum()),
        "last_days": int(buyers["last_purchase"].nunique()),
        "mean": float(customers["revenue"].mean()),
        "median": float(customers["revenue"].median()),
    }
    if len(buyers):
        facts["repeat_rate"] = len(repeat) / len(buyers)
    if log.total > 0:
        facts["repeat_revenue_share"] = float(repeat["revenue"].sum()) / log.total
    if len(repeat):
        seen = repeat[repeat["T"] >= SEEN]
        seen = seen if len(seen) >= ENOUGH else repeat
        facts["gap_left_out"] = len(repeat) - len(seen)
        gap = float(seen["usual_interval"].median())
        days = max(1, round(gap))
        facts["gap"] = days
        facts["windows"] = log.open_days / gap
        facts["wait_days"] = 3 * days
        facts["away_times"] = float(buyers["days_since_last"].quantile(0.8)) / gap
        facts |= _follow_up(buyers, days)
    return facts


def _follow_up(buyers: pd.DataFrame, gap: int) -> dict:
    """Who came back, among those who were seen long enough after their first purchase to have had the occasion."""
    follow_days = max(FOLLOWED, 2 * gap)
    followed = buyers[buyers["T"] >= follow_days]
    once = int((followed["frequency"] == 0).sum())
    facts: dict[str, float] = {"follow_days": follow_days, "followed": len(followed), "followed_once": once}
    if len(followed):
        facts["once_share"] = once / len(followed)
        facts["back_share"] = 1 - facts["once_share"]
    return facts


def purchase_days_table(log: Log) -> pd.DataFrame:
    """How many customers bought on one day, on two, and so on, and what they brought."""
    buyers = log.buyers
    groups = pd.cut(buyers["purchases"], [0, *_GROUPS.values()], labels=list(_GROUPS))
    table = buyers.groupby(groups, observed=True)["revenue"].agg(customers="count", revenue="sum")
    table["customer_share"] = table["customers"] / max(1, len(buyers))
    if log.total > 0:
        table["revenue_share"] = table["revenue"] / log.total
    return table.rename_axis("purchase_days").reset_index().astype({"purchase_days": str})


def days_bought(log: Log, *, of_usual: float = 0.0) -> pd.DataFrame:
    """The days on which each customer bought, in order;
    purchases below ``of_usual`` times their median one are left out.
    """
    bought = log.transactions.loc[log.transactions["amount"] >= 0, ["customer_id", "date", "amount"]]
    usual = bought.groupby("customer_id")["amount"].transform("median")
    bought = bought[bought["amount"] >= of_usual * usual]
    days = bought.assign(date=bought["date"].dt.normalize()).drop_duplicates(["customer_id", "date"])
    return days[days["date"] <= log.last_day].sort_values(["customer_id", "date"])


def interval_spread(log: Log) -> pd.DataFrame:
    """Of each customer with at least four intervals: their mean in days, their spread against it,
    and the last purchase.

    A drink at the bar between two fees is none of the payments.
    """
    days = days_bought(log, of_usual=OF_USUAL)
    gaps = days.groupby("customer_id")["date"].diff().dt.days.dropna()
    by_customer = gaps.groupby(days.loc[gaps.index, "customer_id"]).agg(["count", "mean", "std"])
    enough = by_customer[by_customer["count"] >= 4]
    last = days.groupby("customer_id")["date"].max()
    return enough.assign(spread=enough["std"] / enough["mean"], last=last).reset_index()


def regular_facts(log: Log, spread: pd.DataFrame) -> dict:
    """Who pays at regular intervals, and what part of the business that is."""
    regular = spread[spread["spread"] <= REGULAR]
    facts = {"regular_customers": len(spread), "regular_payers": len(regular), "regular_part": 0.0}
    if not len(regular):
        return facts
    facts["regular_share"] = len(regular) / len(spread)
    facts["regular_gap"] = round(float(regular["mean"].median()))
    facts["regular_payers_share"] = len(regular) / len(log.customers)
    theirs = log.customers["customer_id"].isin(regular["customer_id"])
    revenue = float(log.customers.loc[theirs, "revenue"].sum())
    facts["regular_revenue_share"] = revenue / log.total if log.total > 0 else 0.0
    if facts["regular_share"] >= MOST:
        of_those_who_came_back = len(regular) / len(log.repeat)
        facts["regular_part"] = max(of_those_who_came_back, facts["regular_revenue_share"])
    return facts


def contacts_of(log: Log) -> pd.DataFrame:
    """The contact columns of the file by customer_id, as last given; no columns where the file has none."""
    columns = [name for name in CONTACTS if name in log.transactions]
    given = log.transactions.sort_values("date", kind="stable")[["customer_id", *columns]]
    if not columns:
        return given.drop_duplicates("customer_id")
    return given.replace("", None).groupby("customer_id", as_index=False)[columns].last()


def called(log: Log, customer: object) -> str:
    """The customer's id, with the name where the file has one."""
    contacts = contacts_of(log)
    name = contacts.loc[contacts["customer_id"] == customer].get("customer_name")
    known = name is not None and len(name) and isinstance(name.iloc[0], str) and name.iloc[0] != str(customer)
    return f"{customer} ({name.iloc[0]})" if known else str(customer)
