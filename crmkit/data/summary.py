"""The customer summary: from a transaction log to one row per customer, by one SQL text (summary.sql)."""

import glob
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import REQUIRED_TRANSACTION_COLUMNS, as_day

from .frames import Transactions

_SQL = Path(__file__).parent / "sql" / "summary.sql"
_DAYS = ["days_since_last", "t_x", "T"]
# DuckDB's share of the memory; what does not fit goes to a temporary folder, so that 10 M rows stay under 1.2 GB in all
_MEMORY = "850MB"
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)


def customer_summary(transactions: Transactions, *, as_of: date | str) -> pd.DataFrame:
    """One row per customer, sorted by customer_id: when they bought, how often, how much, as of the end of a day.

    In: a pandas, Arrow or polars frame with ``customer_id``, ``date`` (date or timestamp), ``amount`` (currency) and
    perhaps ``order_id``; or the path of a Parquet file, of a folder of them, or a glob. Rows after ``as_of`` (a date,
    or its ISO text) are not counted: that is how a calibration period is cut.

    Out: ``first_purchase``, ``last_purchase`` (day); ``purchases`` (days on which the customer bought: all rows of a
    day are one purchase); ``orders`` (distinct order_id that are not only returns; given with order_id); ``frequency``
    (repeat purchases = purchases − 1); ``days_since_last`` (last purchase to as_of), ``t_x`` (first to last purchase;
    the "recency" of BTYD models), ``T`` (first purchase to as_of), all in days; ``revenue`` (everything, returns
    deducted), ``repeat_revenue`` (revenue without the first purchase day), ``monetary`` (repeat_revenue per repeat
    purchase; missing without one), in currency.

    Settled by the published fits: a row with amount 0 is a purchase like any other. BG/NBD on the raw CDNOW log then
    gives Fader, Hardie and Lee's estimates; without the zero rows it does not (tests/published/test_published_values.py). A
    row under 0 is a return: it lowers revenue, and never makes a purchase. A day with a purchase and a return is one
    purchase. A customer with returns only keeps a row (so that revenue adds up to the log's total to the cent):
    purchases 0, dates and days missing. Amounts are rounded to the cent row by row. A column with a time zone is cut
    into days on its own clock when it comes in a frame, in UTC when it comes from Parquet.

    Errors: CrmkitError for a missing column, a missing customer, date or amount, an infinite amount, dates or amounts
    kept as text, no rows, an unreadable path, an ``as_of`` that is no date or lies before the first row.

    >>> import pandas as pd
    >>> log = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "amount": [10.0, 5.0, -2.0, 8.0],
    ...                     "date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-12", "2024-01-05"])})
    >>> customer_summary(log, as_of="2024-01-31")[["customer_id", "frequency", "t_x", "T", "revenue", "monetary"]]
      customer_id  frequency   t_x     T  revenue  monetary
    0           a          1  10.0  30.0     13.0       3.0
    1           b          0   0.0  26.0      8.0       NaN
    """
    import duckdb

    day = as_day(as_of)
    with tempfile.TemporaryDirectory(prefix="crmkit-", ignore_cleanup_errors=True) as spill:
        con = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        try:
            con.execute(
                f"SET TimeZone='UTC'; SET memory_limit='{_MEMORY}'; SET preserve_insertion_order=false"
            )
            con.execute("SET temp_directory=$folder", {"folder": spill})
            columns = _register(con, transactions)
            _check(con, day)
            text = summary_sql(with_orders="order_id" in columns)
            summary = con.execute(
                text, {"as_of": day, "day_after": day + timedelta(days=day < date.max)}
            ).df()
            return _finish(con, summary)
        except duckdb.Error as error:
            raise CrmkitError("unreadable_transactions", value=str(error).splitlines()[0]) from error
        finally:
            con.close()


def summary_sql(*, with_orders: bool) -> str:
    """The SQL text in DuckDB's dialect over a table ``transactions``; parameters ``$as_of`` and ``$day_after``.

    >>> "COUNT(DISTINCT order_id)" in summary_sql(with_orders=False)
    False
    """
    lines = [line for line in _SQL.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    kept = [line for line in lines if with_orders or not line.endswith("-- order_id")]
    return "\n".join(line.removesuffix("-- order_id").rstrip() for line in kept).strip()


def _register(con, source) -> list[str]:
    """Make the source the table ``transactions`` with the columns that count; refuse it if they are not fit."""
    if isinstance(source, (str, Path)):
        con.read_parquet(_parquet_files(source)).create_view("given")
    elif isinstance(source, pd.DataFrame):
        source = source[_wanted(source.columns)]
        zoned = "date" in source and isinstance(source["date"].dtype, pd.DatetimeTZDtype)
        con.register("given", source.assign(date=source["date"].dt.tz_localize(None)) if zoned else source)
    elif hasattr(source, "__arrow_c_stream__"):
        import pyarrow as pa
        import pyarrow.compute as pc

        table = pa.table(source)
        table = table.select(_wanted(table.column_names))
        at = table.schema.get_field_index("date")
        if at >= 0 and getattr(table.schema.field(at).type, "tz", None):
            table = table.set_column(at, "date", pc.local_timestamp(table.column(at)))
        con.register("given", table)
    else:
        raise CrmkitError("not_transactions", value=type(source).__name__)

    given = con.table("given")
    types = dict(zip(given.columns, map(str, given.types)))
    for column in REQUIRED_TRANSACTION_COLUMNS:
        if column not in types:
            raise CrmkitError(
                "columns_needed",
                column=column,
                what="customer_summary",
                missing=column,
                allowed=", ".join(types) or "—",
            )
    if not types["date"].startswith(("DATE", "TIMESTAMP")):
        raise CrmkitError("dates_not_dates", column="date", value=types["date"])
    if not types["amount"].startswith(_NUMBERS):
        raise CrmkitError("amounts_not_numbers", column="amount", value=types["amount"])
    columns = _wanted(types)
    # a category would sort by its own order; as text it sorts by its letters, as everywhere else
    picked = [
        "CAST(customer_id AS VARCHAR) AS customer_id"
        if c == "customer_id" and types[c].startswith("ENUM")
        else c
        for c in columns
    ]
    con.execute(f"CREATE VIEW transactions AS SELECT {', '.join(picked)} FROM given")
    return columns


def _wanted(columns) -> list[str]:
    return [c for c in (*REQUIRED_TRANSACTION_COLUMNS, "order_id") if c in columns]


def _parquet_files(path) -> list[str]:
    folder = Path(path)
    if folder.is_file():
        found = [str(folder)]
    elif folder.is_dir():
        found = [str(file) for file in sorted(folder.rglob("*.parquet"))]
    else:
        found = sorted(file for file in glob.glob(str(path), recursive=True) if Path(file).is_file())
    if not found:
        raise CrmkitError("no_parquet", value=str(path))
    return [glob.escape(file) for file in found]  # a bracket in a file's name is not a pattern


def _check(con, as_of: date) -> None:
    """Nothing missing, at least one row on or before as_of; Parquet answers this from its statistics."""
    rows, *present, first = con.execute(
        "SELECT count(*), count(customer_id), count(date), count(amount), CAST(min(date) AS DATE) FROM transactions"
    ).fetchone()
    if not rows:
        raise CrmkitError("no_transactions")
    for column, count in zip(REQUIRED_TRANSACTION_COLUMNS, present):
        if count < rows:
            raise CrmkitError(
                "missing_values", column=column, count=rows - count, row=_first_row(con, f"{column} IS NULL")
            )
    if first > as_of:
        raise CrmkitError("as_of_too_early", value=as_of.isoformat(), first=first.isoformat())


def _first_row(con, condition: str) -> int:
    con.execute("SET preserve_insertion_order=true")
    numbered = "SELECT row_number() OVER () - 1 AS row, * FROM transactions"
    return con.execute(f"SELECT min(row) FROM ({numbered}) WHERE {condition}").fetchone()[0]


def _finish(con, summary: pd.DataFrame) -> pd.DataFrame:
    wrong = ~(summary["revenue"].abs() < 2**53 / 100)  # NaN and infinity too
    if wrong.any():
        row = _first_row(
            con, "NOT isfinite(CAST(amount AS DOUBLE)) OR abs(CAST(amount AS DOUBLE)) >= 90071992547409"
        )
        raise CrmkitError(
            "amount_not_finite", column="amount", row=row, value=summary["customer_id"][wrong.idxmax()]
        )
    return summary.astype({**dict.fromkeys(_DAYS, "float64"), "monetary": "float64"})
