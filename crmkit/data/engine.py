"""DuckDB over whatever scans transactions: any kind of table under the name ``transactions``,
and the texts of sql/ on it.

A text is in DuckDB's dialect and says all that is counted; this file only finds the table, looks whether it is fit, and
runs the text. Lines that end in ``-- if COLUMN`` are kept where the table has that column, those in ``-- if no COLUMN``
where it has not; ``-- include FILE`` is another text.
"""

import glob
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from crmkit.core.errors import CrmkitError
from crmkit.core.schema import require_frame

_TEXTS = Path(__file__).parent / "sql"
_CONDITION = re.compile(r"\s*-- if (no )?(\w+)$")
_INCLUDE = re.compile(r"^(\s*)-- include (\w+)\.sql$")
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
# amounts are counted in hundredths of the currency, or in finer units where finer ones occur
_COARSEST, _FINEST = 100, 1_000_000
_EXACT = 2**53  # every whole number up to here is a double


def sql_text(name: str, *, columns: Collection[str] = ()) -> str:
    """The text ``name`` over a table ``transactions`` that has these optional columns, in DuckDB's dialect.

    >>> "COUNT(DISTINCT order_id)" in sql_text("summary", columns=["order_id"])
    True
    """
    lines = []
    for line in (_TEXTS / f"{name}.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("--"):
            continue
        if condition := _CONDITION.search(line):
            without, column = condition.groups()
            if (column in columns) == bool(without):
                continue
            line = line[: condition.start()]
        if included := _INCLUDE.match(line):
            indent, other = included.groups()
            lines += [f"{indent}{inner}" for inner in sql_text(other, columns=columns).splitlines()]
        else:
            lines.append(line.rstrip())
    return "\n".join(lines).strip()


class Log:
    """A table of transactions that stands open for questions."""

    def __init__(self, con: Any, columns: list[str], required: Sequence[str]):
        self._con = con
        self.columns = columns
        self._required = required
        self._numbers = [c for c in ("amount", "unit_cost", "quantity") if c in columns]
        self.first: date  # of all rows; known once the log was checked
        self.last: date

    def ask(self, text: str, **parameters: Any) -> pd.DataFrame:
        """The answer of a text of sql/ as a frame; of the parameters, the text takes those that it names."""
        question = sql_text(text, columns=self.columns)
        named = {name: value for name, value in parameters.items() if f"${name}" in question}
        return self._con.execute(question, named).df()

    def check(self) -> None:
        """Refuse a log without rows and one that lacks a value; Parquet answers this from its statistics."""
        needed = list(dict.fromkeys([*self._required, *self._numbers]))
        present = ", ".join(f"count({column})" for column in needed)
        days = "CAST(min(date) AS DATE), CAST(max(date) AS DATE)" if "date" in self.columns else "NULL, NULL"
        rows, self.first, self.last, *counts = self._con.execute(
            f"SELECT count(*), {days}, {present} FROM transactions"
        ).fetchone()
        if not rows:
            raise CrmkitError("no_transactions")
        for column, count in zip(needed, counts):
            if count < rows:
                where = self._first_row(f"{column} IS NULL")
                raise CrmkitError("missing_values", column=column, count=rows - count, row=where)

    def period(self, as_of: date) -> dict[str, Any]:
        """The parameters of a question up to the end of a day, ``as_of``, ``day_after`` and ``units``."""
        if self.first > as_of:
            raise CrmkitError("as_of_too_early", value=as_of.isoformat(), first=self.first.isoformat())
        day_after = as_of + timedelta(days=as_of < date.max)
        return {"as_of": as_of, "day_after": day_after, "units": self._units(day_after)}

    def _units(self, day_after: date) -> float:
        """In how many parts of the currency money is counted: the smallest unit that occurs,
        as far as totals stay exact.
        """
        units = _COARSEST
        while True:
            found = self.ask("units", day_after=day_after, units=float(units)).iloc[0]
            self._refuse_infinite(found)
            fractions = found["fractions"] + found.get("margin_fractions", 0)
            if not fractions or units == _FINEST:
                break
            units *= 10
        while units > 1 and not found["total"] * units < _EXACT:
            units //= 10
        return float(units)

    def _refuse_infinite(self, found: pd.Series) -> None:
        limit = _EXACT / _COARSEST
        if found["largest"] < limit and found.get("largest_margin", 0.0) < limit:
            return
        for column in self._numbers:
            value = f"CAST({column} AS DOUBLE)"
            row = self._first_row(f"NOT isfinite({value}) OR abs({value}) >= {limit:.0f}")
            if row is not None:
                raise CrmkitError("amount_not_finite", column=column, row=row, value=self._customer(row))
        raise CrmkitError("amount_not_finite", column="unit_cost", row=None, value="—")

    def _numbered(self) -> str:
        self._con.execute("SET preserve_insertion_order=true")
        return "(SELECT row_number() OVER () - 1 AS row, * FROM transactions)"

    def _first_row(self, condition: str) -> int | None:
        return self._con.execute(f"SELECT min(row) FROM {self._numbered()} WHERE {condition}").fetchone()[0]

    def _customer(self, row: int) -> Any:
        found = self._con.execute(f"SELECT customer_id FROM {self._numbered()} WHERE row = {row}")
        return found.fetchone()[0]


@contextmanager
def open_log(
    source: Any, *, required: Sequence[str], optional: Sequence[str] = (), what: str
) -> Iterator[Log]:
    """A pandas, Arrow or polars frame, or Parquet (a file, a folder, a glob), open for the questions of ``what``.

    Errors: CrmkitError for a source that is none of these or cannot be read, a column that is missing or of another
    kind than its name says, no rows, and missing values.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="crmkit-", ignore_cleanup_errors=True) as spill:
        con = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        try:
            con.execute(
                f"SET TimeZone='UTC'; SET memory_limit='{_MEMORY}'; SET preserve_insertion_order=false"
            )
            con.execute("SET temp_directory=$folder", {"folder": spill})
            _register(con, source, [*required, *optional], what)
            named = list(map(str, source.columns)) if isinstance(source, pd.DataFrame) else None
            log = Log(con, _view(con, required, optional, what, named), required)
            log.check()
            yield log
        except duckdb.Error as error:
            raise CrmkitError("unreadable_transactions", value=str(error).splitlines()[0]) from error
        finally:
            con.close()


def _register(con: Any, source: Any, wanted: list[str], what: str) -> None:
    """Make the source the table ``given``, with no more columns than are wanted."""
    if isinstance(source, (str, PathLike)):
        con.read_parquet(_parquet_files(source)).create_view("given")
    elif isinstance(source, pd.DataFrame):
        con.register("given", _clock_of_frame(source[[c for c in wanted if c in source.columns]]))
    elif isinstance(source, pd.Series):
        require_frame(source, what=what)
    elif hasattr(source, "__arrow_c_stream__"):
        con.register("given", _clock_of_arrow(source, wanted))
    else:
        raise CrmkitError("not_transactions", value=type(source).__name__)


def _clock_of_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its dates on their own clock, without a time zone."""
    if "date" not in frame or not pd.api.types.is_datetime64_any_dtype(frame["date"]):
        return frame
    if frame["date"].dt.tz is None:
        return frame
    return frame.assign(date=frame["date"].dt.tz_localize(None))


def _clock_of_arrow(source: Any, wanted: list[str]) -> Any:
    """The Arrow table of the wanted columns with its dates on their own clock, without a time zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table(source)
    table = table.select([c for c in wanted if c in table.column_names])
    place = table.schema.get_field_index("date")
    if place < 0 or not getattr(table.schema.field(place).type, "tz", None):
        return table
    return table.set_column(place, "date", pc.local_timestamp(table.column(place)))


def _view(
    con: Any, required: Sequence[str], optional: Sequence[str], what: str, named: list[str] | None
) -> list[str]:
    """Make ``given`` the view ``transactions``, of the kinds that the texts count on; the columns that it has.

    ``named``: the columns of the source where those that are not wanted were left out of ``given``.
    """
    given = con.table("given")
    types = dict(zip(given.columns, map(str, given.types)))
    for column in required:
        if column not in types:
            allowed = ", ".join(named or types) or "—"
            raise CrmkitError("columns_needed", column=column, what=what, missing=column, allowed=allowed)
    columns = [*required, *(c for c in optional if c in types)]
    if not {"unit_cost", "quantity"} <= set(columns):  # costs need both
        columns = [c for c in columns if c not in ("unit_cost", "quantity")]
    for column in columns:
        kind = types[column]
        if column == "date" and not kind.startswith(("DATE", "TIMESTAMP")):
            raise CrmkitError("dates_not_dates", column=column, value=kind)
        if column in ("amount", "unit_cost", "quantity") and not kind.startswith(_NUMBERS):
            raise CrmkitError("amounts_not_numbers", column=column, value=kind)
    # a category would sort by its own order; as text it sorts by its letters, as everywhere else
    picked = [f"CAST({c} AS VARCHAR) AS {c}" if types[c].startswith("ENUM") else c for c in columns]
    con.execute(f"CREATE VIEW transactions AS SELECT {', '.join(picked)} FROM given")
    return columns


def _parquet_files(path: str | PathLike) -> list[str]:
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
