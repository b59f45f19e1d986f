"""The data door: a client's export, as it comes, → canonical transactions and a report that reconciles. 数据入口。"""

from datetime import date
from pathlib import Path

import pandas as pd

from .check import CheckReport, examine
from .judge import REASONS
from .reading.columns import MappingGiven

__all__ = ["REASONS", "CheckReport", "check_transactions", "read_transactions"]


def check_transactions(
    source: pd.DataFrame | str | Path,
    *,
    mapping: MappingGiven = None,
    as_of: date | str | None = None,
    sheet: str | int | None = None,
    drop_duplicates: bool = False,
    answers: dict[str, str] | None = None,
) -> CheckReport:
    """Read a client's transactions and report on them; a file that cannot be used is reported, never raised.

    ``source``: path of a CSV/TSV/TXT, XLSX/XLS/XLSM/XLSB/ODS or Parquet file (or Parquet folder, glob), or a DataFrame.
    ``mapping``: a dict or the path of a TOML file; its keys are in the README, in its table “What a mapping file (TOML)
    may say”.
    ``sheet``: the sheet of a workbook, by its name, or its place counted from 0.
    ``answers``: for questions that the file leaves open, their code → the id of the reading that holds.
    ``as_of``: rows dated later are set aside. ``drop_duplicates``: set further exact copies of a row aside.

    >>> import pandas as pd
    >>> rows = [("A1", "2024-03-05", "¥1,200"), ("A1", "2024年3月6日", "(30.5)"), ("合计", None, "1169.5")]
    >>> frame = pd.DataFrame(rows, columns=["会员ID", "下单日期", "实付金额"])
    >>> report = check_transactions(frame)
    >>> report.rows_used, report.amount_total, report.reasons["total_row"], report.mapping["amount"]
    (2, '1169.50', 1, '实付金额')
    """
    return examine(
        source,
        mapping=mapping,
        as_of=as_of,
        sheet=sheet,
        drop_duplicates=drop_duplicates,
        answers=answers,
    )


def read_transactions(
    source: pd.DataFrame | str | Path,
    *,
    mapping: MappingGiven = None,
    as_of: date | str | None = None,
    sheet: str | int | None = None,
    drop_duplicates: bool = False,
    answers: dict[str, str] | None = None,
) -> pd.DataFrame:
    """A client's transactions as a frame: ``customer_id`` (text), ``date`` (timestamp), ``amount`` (currency units).

    Also ``order_id``, ``product_id``, ``quantity``, ``unit_price``, ``unit_cost``, ``currency``, ``channel``, and
    ``customer_name``, ``phone``, ``email`` where the file has them. ``source``, ``mapping``, ``as_of``, ``sheet``,
    ``drop_duplicates`` and ``answers`` as for ``check_transactions``. Raises CrmkitError when the file is refused; the
    error's ``report`` holds the counts.

    >>> import pandas as pd
    >>> sold = {"CustomerID": [17850.0], "InvoiceDate": ["12/25/2010 8:26"], "Quantity": [6], "UnitPrice": [2.55]}
    >>> read_transactions(pd.DataFrame(sold))
      customer_id                date  amount  quantity  unit_price
    0       17850 2010-12-25 08:26:00    15.3       6.0        2.55
    """
    report = examine(
        source,
        mapping=mapping,
        as_of=as_of,
        sheet=sheet,
        drop_duplicates=drop_duplicates,
        answers=answers,
    )
    if report.problem is not None:
        report.problem.report = report
        raise report.problem
    return report.transactions
