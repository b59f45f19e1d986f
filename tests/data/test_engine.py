"""The SQL texts on other engines, every kind of table under them, exact money, and what makes a log unfit."""

import sqlite3
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.data.engine import _TEXTS, open_log, sql_text

AS_OF = date(2024, 9, 30)
QUESTIONS = {
    "as_of": AS_OF,
    "day_after": date(2024, 10, 1),
    "calibration_end": date(2024, 6, 30),
    "units": 100.0,
    "months": 3,
    "least": 2,
}
OPTIONAL = ("order_id", "unit_cost", "quantity", "product_id")
NAMES = sorted(path.stem for path in _TEXTS.glob("*.sql"))


def drawn(seed: int, rows: int = 400) -> pd.DataFrame:
    """A log with returns, zero rows, several rows a day, times of day, and rows after the end; exact cents."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 86_400, rows), unit="s")
    cents = rng.integers(-2_000, 9_000, rows) * (rng.random(rows) > 0.05)
    return pd.DataFrame(
        {
            "customer_id": np.char.add("客", rng.integers(0, 60, rows).astype(str)),
            "date": day.astype("datetime64[us]"),
            "amount": cents / 100,
            "order_id": np.char.add("o", rng.integers(0, rows // 3, rows).astype(str)),
            "product_id": np.char.add("p", rng.integers(0, 9, rows).astype(str)),
            "quantity": rng.integers(1, 4, rows),
            "unit_cost": rng.integers(0, 500, rows) / 100,
        }
    )


def ours(name: str, log: pd.DataFrame) -> pd.DataFrame:
    with open_log(log, required=["customer_id", "date", "amount"], optional=OPTIONAL, what=name) as opened:
        return opened.ask(name, **QUESTIONS)


# ---- one text, other engines


class _ArgMin:
    """DuckDB's ARG_MIN, which SQLite lacks: the value where the other is smallest; a missing other does not count."""

    def __init__(self):
        self.best = None

    def step(self, value, by):
        if by is not None and (self.best is None or by < self.best[0]):
            self.best = (by, value)

    def finalize(self):
        return self.best and self.best[1]


def on_sqlite(text: str, log: pd.DataFrame, parameters: dict = QUESTIONS) -> pd.DataFrame:
    con = sqlite3.connect(":memory:")
    con.create_aggregate("ARG_MIN", 2, _ArgMin)
    con.create_function("YEAR", 1, lambda day: datetime.fromisoformat(day).year)
    con.create_function("MONTH", 1, lambda day: datetime.fromisoformat(day).month)
    log.assign(date=log["date"].dt.strftime("%Y-%m-%d %H:%M:%S")).to_sql("transactions", con, index=False)
    named = {name: value for name, value in parameters.items() if f"${name}" in text or f":{name}" in text}
    named = {name: str(value) if isinstance(value, date) else value for name, value in named.items()}
    return pd.read_sql(text, con, params=named)


def spark(name: str, columns) -> str:
    (text,) = sqlglot.transpile(
        sql_text(name, columns=columns),
        read="duckdb",
        write="spark",
        unsupported_level=sqlglot.ErrorLevel.RAISE,
    )
    return text


def with_and_without(name: str) -> list[list[str]]:
    """The sets of optional columns under which a text reads differently."""
    choices = [list(OPTIONAL), ["order_id"], ["unit_cost", "quantity"], []]
    return list({sql_text(name, columns=columns): columns for columns in choices}.values())


CASES = [
    pytest.param(name, columns, id=f"{name}-{'-'.join(columns) or 'plain'}")
    for name in NAMES
    for columns in with_and_without(name)
]


@pytest.mark.parametrize("name, columns", CASES)
def test_each_text_goes_to_spark_whole_and_what_is_shown_is_in_one_order(name, columns):
    text = spark(name, columns)
    tree = sqlglot.parse_one(text, read="spark")
    # nothing that sqlglot does not know, and would have passed through as it stands
    assert not list(tree.find_all(sqlglot.exp.Anonymous))
    again = sqlglot.transpile(text, read="spark", write="spark")[0]
    assert again == text
    keys = {"summary": ["customer_id"], "purchase_days": [], "units": []}
    ordered = [e.this.name for e in tree.args["order"].expressions] if tree.args.get("order") else []
    assert ordered[-1:] == keys.get(name, ordered[-1:])
    assert ordered or name in keys


def tidy(answer: pd.DataFrame) -> pd.DataFrame:
    """The answer with its days as days, in an order of its own where the text leaves it open."""
    days = [c for c in answer if c in ("day", "first_purchase", "last_purchase")]
    answer = answer.assign(**{c: pd.to_datetime(answer[c]) for c in days})
    if "purchase" in answer:
        answer = answer.astype({"purchase": bool}).sort_values(["customer_id", "day"], ignore_index=True)
    return answer


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name, columns", CASES)
def test_sqlite_gives_the_same_answer_from_the_spark_text(name, columns, seed):
    log = drawn(seed)[
        [
            "customer_id",
            "date",
            "amount",
            *columns,
            *(["product_id", "order_id"] if name.startswith("basket") else []),
        ]
    ]
    log = log.loc[:, ~log.columns.duplicated()]
    (text,) = sqlglot.transpile(spark(name, columns), read="spark", write="sqlite")
    theirs = tidy(on_sqlite(text, log))
    assert len(theirs) > (name != "units") * 1
    # the total of units is a bound, summed as floats: SQLite does that with a compensation from 3.43 on, and not before
    exact = {"check_exact": True} if name != "units" else {"rtol": 1e-12, "atol": 0}
    pd.testing.assert_frame_equal(theirs, tidy(ours(name, log)), check_dtype=False, **exact)


def test_sqlite_gives_the_same_summary_of_the_published_log():
    log = crmkit.load("cdnow_sample")
    parameters = {"as_of": date(1997, 9, 30), "day_after": date(1997, 10, 1), "units": 100.0}
    (text,) = sqlglot.transpile(sql_text("summary"), read="duckdb", write="sqlite")
    theirs = tidy(on_sqlite(text, log, parameters))
    pd.testing.assert_frame_equal(
        theirs, crmkit.customer_summary(log, as_of="1997-09-30"), check_dtype=False, check_exact=True
    )


# ---- every kind of table gives the same answer to the bit


def tables(log: pd.DataFrame, folder) -> dict:
    arrow = pa.Table.from_pandas(log, preserve_index=False)
    pq.write_table(arrow.slice(0, 150), folder / "一.parquet")
    pq.write_table(arrow.slice(150), folder / "二.parquet")
    return {
        "shuffled": log.sample(frac=1, random_state=1),
        "arrow types": log.convert_dtypes(dtype_backend="pyarrow"),
        "category": log.astype({c: "category" for c in log if c.endswith("_id")}),
        "zoned": log.assign(date=log["date"].dt.tz_localize("Asia/Shanghai")),
        "zoned arrow types": log.assign(date=log["date"].dt.tz_localize("Asia/Shanghai")).convert_dtypes(
            dtype_backend="pyarrow"
        ),
        "arrow": arrow,
        "polars": pl.from_pandas(log),
        "folder": folder,
        "glob": str(folder / "*.parquet"),
    }


def parts(result) -> list[pd.DataFrame]:
    """The frames of a result."""
    if isinstance(result, pd.DataFrame):
        return [result]
    return [value for value in vars(result).values() if isinstance(value, pd.DataFrame)]


SCANS = {
    "customer_summary": lambda log: crmkit.customer_summary(log, as_of=AS_OF),
    "sales_over_time": lambda log: crmkit.sales_over_time(log, as_of=AS_OF, period="week"),
    "repeat_business": lambda log: crmkit.repeat_business(log, as_of=AS_OF, rng=np.random.default_rng(1)),
    "validate_holdout": lambda log: crmkit.validate_holdout(log, calibration_end="1997-09-30"),
    "indicators": lambda log: crmkit.indicators(log, as_of=AS_OF, period="month"),
    "cross_sell_rules": lambda log: crmkit.cross_sell_rules(log),
}


@pytest.mark.parametrize("scan", SCANS)
def test_every_kind_of_table_and_order_of_rows_gives_the_same_answer_to_the_bit(scan, tmp_path):
    # a purchase model fits only people who differ
    log = crmkit.load("cdnow_sample") if scan == "validate_holdout" else drawn(3, 600)
    expected = parts(SCANS[scan](log))
    assert expected and all(len(frame) for frame in expected)
    for name, table in tables(log, tmp_path).items():
        for found, wanted in zip(parts(SCANS[scan](table)), expected, strict=True):
            pd.testing.assert_frame_equal(found, wanted, check_exact=True, obj=f"{scan} of {name}")


@pytest.mark.parametrize("scan", SCANS)
def test_what_is_no_table_or_lacks_a_column_is_refused_by_every_scan(scan, tmp_path):
    log = drawn(4)
    needed = "product_id" if scan == "cross_sell_rules" else "customer_id"
    for wrong, code in (
        (log.to_dict(), "not_transactions"),
        (str(tmp_path / "none.parquet"), "no_parquet"),
        (log.iloc[:0], "no_transactions"),
        (log.drop(columns=needed), "columns_needed"),
        (log.assign(**{needed: log[needed].where(log.index != 7)}), "missing_values"),
    ):
        with pytest.raises(CrmkitError) as error:
            SCANS[scan](wrong)
        assert error.value.code == code
    assert (error.value.row, error.value.column) == (7, needed)


# ---- money


def test_thousandths_are_added_as_such_and_rounding_each_row_to_cents_would_be_off():
    log = drawn(5).assign(amount=0.125)
    assert len(log) == 400
    found = crmkit.customer_summary(log, as_of="2024-12-31")["revenue"].sum()
    assert found == 400 * 0.125
    assert (log["amount"].round(2).sum()) == pytest.approx(400 * 0.12)  # two whole units of currency lost
    assert crmkit.sales_over_time(log, as_of="2024-12-31")["revenue"].sum() == found
    sheet = crmkit.indicators(log, as_of="2024-12-31", margin_rate=0.5).sheet
    rows = log.groupby(log["date"].dt.quarter).size()
    assert sheet["sales"].tolist() == (rows * 0.125).round(2).tolist()  # each period to the cent, once


def test_costs_finer_than_the_cent_keep_their_margin():
    log = drawn(6).assign(amount=10.0, quantity=3, unit_cost=0.3333)
    split = crmkit.repeat_business(log, as_of="2024-12-31").split.set_index("measure")
    margin = split.loc["margin", ["first_orders", "repeat_orders"]].sum()
    assert margin == pytest.approx(400 * (10 - 0.9999), abs=1e-9)


def test_amounts_of_any_number_of_decimals_agree_with_the_sum_of_doubles():
    rng = np.random.default_rng(7)
    log = drawn(7, 5_000)
    log["amount"] = rng.gamma(4, 10, len(log))
    found = crmkit.customer_summary(log, as_of="2024-12-31").set_index("customer_id")["revenue"]
    wanted = log.groupby("customer_id")["amount"].sum()
    assert found.to_numpy() == pytest.approx(wanted.to_numpy(), abs=1e-3)


def test_totals_that_leave_no_room_for_cents_are_counted_in_whole_units():
    log = drawn(8).assign(amount=9e12)  # 3.6e15 in all: in cents beyond what a double holds exactly
    found = crmkit.customer_summary(log, as_of="2024-12-31")["revenue"].sum()
    assert found == 400 * 9e12


# ---- sales over time


@pytest.mark.parametrize("period, frequency", [("day", "D"), ("week", "W"), ("month", "M")])
def test_sales_agree_with_a_pivot_of_the_rows(period, frequency):
    log = drawn(9, 60)
    first = log[log["amount"] >= 0].groupby("customer_id")["date"].min().dt.normalize()
    early = log["date"].dt.normalize() <= log["customer_id"].map(first)
    slots = log["date"].dt.to_period(frequency)
    wanted = log.pivot_table(index=slots, columns=early, values="amount", aggfunc="sum", fill_value=0.0)
    wanted = wanted.reindex(pd.period_range(slots.min(), slots.max(), freq=frequency), fill_value=0.0)
    found = crmkit.sales_over_time(log, as_of=log["date"].max(), period=period).set_index("period")
    assert found["first_revenue"].to_numpy() == pytest.approx(wanted[True].to_numpy())
    assert found["later_revenue"].to_numpy() == pytest.approx(wanted[False].to_numpy())
    assert found.index.equals(wanted.index)


def test_sales_of_cdnow_add_up_to_its_publication_and_agree_with_the_summary():
    log = crmkit.load("cdnow")
    sales = crmkit.sales_over_time(log, as_of="1998-06-30")
    customers = crmkit.customer_summary(log, as_of="1998-06-30")
    assert round(sales["revenue"].sum(), 2) == 2_500_315.63
    assert sales["later_revenue"].sum() == pytest.approx(customers["repeat_revenue"].sum(), abs=1e-6)
    assert sales["period"].astype(str).tolist()[:2] == ["1997-01", "1997-02"] and len(sales) == 18


def test_sales_refuse_another_period_and_a_day_before_the_log():
    for given, code in (({"period": "year"}, "not_a_choice"), ({"as_of": "2023-12-31"}, "as_of_too_early")):
        with pytest.raises(CrmkitError) as error:
            crmkit.sales_over_time(drawn(1), **{"as_of": AS_OF} | given)
        assert error.value.code == code


def test_a_column_in_place_of_a_log_and_a_renamed_one_are_told_with_all_that_is_there():
    log = pd.DataFrame(
        {"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "金额": [1.0], "x": [2]}
    )
    with pytest.raises(CrmkitError) as column:
        crmkit.repeat_business(log["金额"], as_of="2024-05-01")
    assert column.value.code == "not_a_frame" and "Series" in column.value.message_zh
    with pytest.raises(CrmkitError) as missing:
        crmkit.repeat_business(log, as_of="2024-05-01")
    assert "customer_id, date, 金额, x" in missing.value.message_zh
