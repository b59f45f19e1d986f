"""The customer summary: a hand-worked table, a second engine, laws, every kind of input, and what is refused."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit
from crmkit.core.errors import CrmkitError

COLUMNS = [
    "customer_id",
    "first_purchase",
    "last_purchase",
    "purchases",
    "frequency",
    "days_since_last",
    "t_x",
    "T",
    "revenue",
    "repeat_revenue",
    "monetary",
]
AS_OF = date(2024, 3, 31)


def _log(rows, columns=("customer_id", "date", "amount", "order_id")):
    log = pd.DataFrame(rows, columns=list(columns)[: len(rows[0])])
    return log.assign(date=pd.to_datetime(log["date"], format="ISO8601").astype("datetime64[us]"))


# worked by hand: who, when, how much, order
WORKED = _log(
    [
        ("ann", "2024-01-01 09:00", 10.00, "o1"),  # two rows of one order on one day: one purchase, one order
        ("ann", "2024-01-01 18:30", 5.50, "o1"),
        (
            "ann",
            "2024-01-31 23:59",
            20.00,
            "o2",
        ),  # a day with a purchase and a partial return: one purchase of 12.00
        ("ann", "2024-01-31 00:00", -8.00, "o3"),
        ("ann", "2024-02-10", -5.50, "o4"),  # a day of returns only: lowers value, is no purchase
        ("ann", "2024-03-01", 30.00, "o5"),
        ("ann", "2024-03-01", 4.00, "o6"),  # two orders on one day: one purchase, two orders
        ("ann", "2024-04-01", 99.00, "o7"),  # after as_of: not counted
        ("bob", "2024-03-31", 0.00, "o8"),  # a zero row on the last day is a purchase
        ("cat", "2024-01-15", -7.25, "o9"),  # only returns
        ("dan", "2024-01-05", -3.00, "o10"),  # a return of something bought before the log began
        ("dan", "2024-02-04", 40.00, "o11"),
        ("dan", "2024-02-14", 60.10, "o12"),
        ("eve", "2024-05-01", 5.00, "o13"),  # first seen after as_of: no row
    ]
)


def test_the_hand_worked_table():
    found = crmkit.customer_summary(WORKED, as_of=AS_OF)
    nan, nat = np.nan, pd.NaT
    expected = pd.DataFrame(
        [
            ("ann", "2024-01-01", "2024-03-01", 3, 4, 2, 30, 60, 90, 56.00, 40.50, 20.25),
            ("bob", "2024-03-31", "2024-03-31", 1, 1, 0, 0, 0, 0, 0.00, 0.00, nan),
            ("cat", nat, nat, 0, 0, 0, nan, nan, nan, -7.25, -7.25, nan),
            ("dan", "2024-02-04", "2024-02-14", 2, 2, 1, 46, 10, 56, 97.10, 57.10, 57.10),
        ],
        columns=[*COLUMNS[:4], "orders", *COLUMNS[4:]],
    )
    for day in ("first_purchase", "last_purchase"):
        expected[day] = pd.to_datetime(expected[day])
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_exact=False, rtol=1e-12)
    without = crmkit.customer_summary(WORKED.drop(columns="order_id"), as_of=AS_OF)
    assert list(without.columns) == COLUMNS
    pd.testing.assert_frame_equal(without, found.drop(columns="orders"))


def test_the_kinds_of_the_columns_do_not_depend_on_the_data():
    with_missing = crmkit.customer_summary(WORKED, as_of=AS_OF)
    without = crmkit.customer_summary(WORKED[WORKED["customer_id"] == "bob"], as_of=AS_OF)
    assert with_missing.dtypes.to_dict() == without.dtypes.to_dict()
    assert pd.api.types.is_datetime64_dtype(without["first_purchase"])
    assert without[["purchases", "frequency"]].dtypes.unique().tolist() == [np.dtype("int64")]


# laws

rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "客户'", 'd"; --']),
        st.integers(0, 60),
        st.integers(-5_000, 20_000),
        st.sampled_from(["o1", "o2", "o3"]),
    ),
    min_size=1,
    max_size=40,
)


def _drawn(drawn):
    day = pd.Timestamp("2024-01-01")
    return _log(
        [(who, day + pd.Timedelta(days=days), cents / 100, order) for who, days, cents, order in drawn]
    )


@pytest.mark.simulated
@settings(max_examples=15)
@given(rows, st.randoms(use_true_random=False))
def test_totals_reconcile_and_row_order_does_not_matter(drawn, random):
    log = _drawn(drawn)
    before = log.copy(deep=True)
    found = crmkit.customer_summary(log, as_of=AS_OF)
    pd.testing.assert_frame_equal(log, before)
    assert (found["revenue"] * 100).round().sum() == sum(cents for _, _, cents, _ in drawn)
    assert found["customer_id"].tolist() == sorted(
        log["customer_id"].unique(), key=lambda text: text.encode()
    )
    shuffled = log.sample(frac=1, random_state=random.randrange(2**31))
    pd.testing.assert_frame_equal(crmkit.customer_summary(shuffled, as_of=AS_OF), found)


@pytest.mark.simulated
@settings(max_examples=15)
@given(rows)
def test_what_must_hold_of_every_customer(drawn):
    log = _drawn(drawn)
    found = crmkit.customer_summary(log, as_of=AS_OF).set_index("customer_id")
    bought = found[found["purchases"] > 0]
    assert (bought["t_x"] + bought["days_since_last"] == bought["T"]).all()
    assert ((bought["frequency"] == bought["purchases"] - 1) & (bought["t_x"] >= bought["frequency"])).all()
    assert (found["orders"] >= (found["purchases"] > 0)).all()
    days = log[log["amount"] >= 0].groupby("customer_id")["date"].nunique()
    assert found["purchases"].to_dict() == days.reindex(found.index, fill_value=0).to_dict()
    repeat = found[found["frequency"] > 0]
    assert np.allclose(repeat["monetary"] * repeat["frequency"], repeat["repeat_revenue"])


@pytest.mark.simulated
@settings(max_examples=12)
@given(rows, st.integers(1, 60))
def test_a_return_never_adds_a_purchase_and_lowers_revenue_by_its_amount(drawn, day):
    log = _drawn(drawn)
    back = _log([("a", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), -12.34, "o9")])
    before = crmkit.customer_summary(log, as_of=AS_OF).set_index("customer_id")
    after = crmkit.customer_summary(pd.concat([log, back]), as_of=AS_OF).set_index("customer_id")
    old = before.loc["a"] if "a" in before.index else pd.Series({"purchases": 0, "orders": 0, "revenue": 0.0})
    assert after.loc["a", ["purchases", "orders"]].tolist() == old[["purchases", "orders"]].tolist()
    assert after.loc["a", "revenue"] == pytest.approx(old["revenue"] - 12.34, abs=1e-9)


def test_cents_add_up_exactly_whatever_the_order():
    # 0.1 added ten times is not 1.0 in floating point; counted in cents it is
    log = _log([("a", f"2024-01-{day:02d}", 0.1) for day in range(1, 11)])
    assert crmkit.customer_summary(log, as_of=AS_OF)["revenue"].tolist() == [1.0]


# kinds of input


def _sources(folder):
    simple = WORKED.assign(date=WORKED["date"].dt.floor("s"))
    arrow = pa.Table.from_pandas(simple, preserve_index=False)
    (folder / "分店 [1]'s").mkdir()
    pq.write_table(arrow.slice(0, 6), folder / "分店 [1]'s" / "一月.parquet")
    pq.write_table(arrow.slice(6), folder / "分店 [1]'s" / "二月.parquet")
    pq.write_table(arrow, folder / "all.parquet")
    days = arrow.set_column(1, "date", arrow["date"].cast(pa.date32()))
    cents = pa.array([Decimal(f"{amount:.2f}") for amount in simple["amount"]], pa.decimal128(12, 2))
    pq.write_table(days.set_column(2, "amount", cents), folder / "decimal.parquet")
    utc = arrow.set_column(1, "date", arrow["date"].cast(pa.timestamp("us", "UTC")))
    pq.write_table(utc, folder / "instant.parquet")
    return {
        "pandas": simple,
        "more columns": simple.assign(day="x", cents=1, note=None),
        "nullable": simple.convert_dtypes(),
        "objects": simple.astype({"customer_id": object, "order_id": object}),
        "category": simple.assign(
            customer_id=pd.Categorical(simple["customer_id"], ["eve", "dan", "cat", "bob", "ann"])
        ),
        "dates": simple.assign(date=[day.date() for day in simple["date"]]),
        "zoned": simple.assign(date=simple["date"].dt.tz_localize("Asia/Shanghai")),
        "arrow": arrow,
        "arrow zoned": pa.Table.from_pandas(
            simple.assign(date=simple["date"].dt.tz_localize("America/New_York")), preserve_index=False
        ),
        "polars": pl.from_pandas(simple),
        "polars zoned": pl.from_pandas(simple).with_columns(
            pl.col("date").dt.replace_time_zone("Asia/Tokyo")
        ),
        "file": folder / "all.parquet",
        "file as text": str(folder / "all.parquet"),
        "folder with a bracket and a quote": folder / "分店 [1]'s",
        "glob": str(folder / "分店 [[]1]*" / "*月.parquet"),
        "decimal and date": folder / "decimal.parquet",
        "instants in UTC": folder / "instant.parquet",
    }


def test_every_kind_of_input_gives_the_same_summary(tmp_path):
    sources = _sources(tmp_path)
    expected = crmkit.customer_summary(WORKED, as_of=AS_OF)
    for name, source in sources.items():
        found = crmkit.customer_summary(source, as_of=AS_OF)
        pd.testing.assert_frame_equal(found, expected, obj=name)


def test_whole_amounts_and_whole_ids():
    days = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"])
    log = pd.DataFrame({"customer_id": [10, 9, 9], "date": days, "amount": [1, 2, 3]})
    found = crmkit.customer_summary(log, as_of=AS_OF)
    assert found["customer_id"].tolist() == [9, 10] and found["revenue"].tolist() == [5.0, 1.0]


@pytest.mark.parametrize(
    "as_of",
    [
        date(2024, 3, 31),
        datetime(2024, 3, 31, 23, 0),
        pd.Timestamp("2024-03-31"),
        np.datetime64("2024-03-31"),
        "2024-03-31",
        "2024-03-31 12:00:00",
        WORKED["date"].max().replace(month=3, day=31),
    ],
)
def test_as_of_may_be_any_kind_of_day(as_of):
    expected = crmkit.customer_summary(WORKED, as_of=AS_OF)
    pd.testing.assert_frame_equal(crmkit.customer_summary(WORKED, as_of=as_of), expected)


def test_as_of_includes_its_whole_day():
    log = _log([("a", "2024-03-31 23:59:59", 5.0), ("a", "2024-04-01 00:00:00", 7.0)])
    assert crmkit.customer_summary(log, as_of=AS_OF)["revenue"].tolist() == [5.0]


# what is refused


def _spoilt(**columns):
    return WORKED.head(3).assign(**columns)


@pytest.mark.parametrize(
    "log, code, column, row",
    [
        (WORKED.drop(columns="amount"), "columns_needed", "amount", None),
        (WORKED.head(0), "no_transactions", None, None),
        (_spoilt(customer_id=["a", None, "b"]), "missing_values", "customer_id", 1),
        (_spoilt(customer_id=[1.0, 2.0, np.nan]), "missing_values", "customer_id", 2),
        (_spoilt(date=pd.to_datetime(["2024-01-01", "2024-01-02", None])), "missing_values", "date", 2),
        (_spoilt(amount=[np.nan, 1.0, 2.0]), "missing_values", "amount", 0),
        (_spoilt(amount=[1.0, np.inf, 2.0]), "amount_not_finite", "amount", 1),
        (_spoilt(amount=[1.0, 2.0, -np.inf]), "amount_not_finite", "amount", 2),
        (
            pa.table(
                {"customer_id": ["a", "b"], "date": [date(2024, 1, 1)] * 2, "amount": [1.0, float("nan")]}
            ),
            "amount_not_finite",
            "amount",
            1,
        ),
        (_spoilt(amount=[1.0, 1e17, 2.0]), "amount_not_finite", "amount", 1),
        (_spoilt(date=["2024-01-01", "2024-01-02", "2024-01-03"]), "dates_not_dates", "date", None),
        (_spoilt(date=[20240101, 20240102, 20240103]), "dates_not_dates", "date", None),
        (_spoilt(amount=["1", "2", "3"]), "amounts_not_numbers", "amount", None),
        (_spoilt(amount=[True, False, True]), "amounts_not_numbers", "amount", None),
        ([("a", "2024-01-01", 1.0)], "not_transactions", None, None),
    ],
)
def test_unfit_transactions_are_refused_and_located(log, code, column, row):
    with pytest.raises(CrmkitError) as error:
        crmkit.customer_summary(log, as_of=AS_OF)
    assert (error.value.code, error.value.column, error.value.row) == (code, column, row)
    assert error.value.message_zh != error.value.message_en


@pytest.mark.parametrize(
    "as_of, code",
    [
        ("31/03/2024", "as_of_not_a_date"),
        (None, "as_of_not_a_date"),
        (20240331, "as_of_not_a_date"),
        (pd.NaT, "as_of_not_a_date"),
        (True, "as_of_not_a_date"),
        (date(2023, 12, 31), "as_of_too_early"),
    ],
)
def test_as_of_that_is_no_day_or_too_early_is_refused(as_of, code):
    with pytest.raises(CrmkitError) as error:
        crmkit.customer_summary(WORKED, as_of=as_of)
    assert error.value.code == code


def test_paths_that_hold_no_parquet_are_refused(tmp_path):
    (tmp_path / "log.csv").write_text("customer_id,date,amount\n")
    (tmp_path / "broken.parquet").write_text("not parquet at all")
    for path, code in (
        (tmp_path / "none.parquet", "no_parquet"),
        (tmp_path / "log.csv", "unreadable_transactions"),
        (str(tmp_path / "'; DROP TABLE x; --*.parquet"), "no_parquet"),
        (tmp_path / "broken.parquet", "unreadable_transactions"),
    ):
        with pytest.raises(CrmkitError) as error:
            crmkit.customer_summary(path, as_of=AS_OF)
        assert error.value.code == code


def test_text_with_quotes_is_data_and_never_sql():
    nasty = ["'; DROP TABLE transactions; --", 'a"b', "$as_of", "客户'一", "--", ""]
    log = _log([(who, "2024-01-01", 1.0) for who in nasty])
    found = crmkit.customer_summary(log, as_of=AS_OF)
    assert sorted(found["customer_id"]) == sorted(nasty) and found["revenue"].sum() == len(nasty)


def test_every_column_of_log_and_summary_has_a_heading_in_both_languages():
    from crmkit.core.glossary import has_term
    from crmkit.core.schema import TRANSACTION_COLUMNS

    assert [c for c in (*TRANSACTION_COLUMNS, *COLUMNS, "orders") if not has_term(c)] == []
