"""Messy client files with known totals: what a row means is written down before it is dressed up as a file.

The expected counts come from plain Decimal sums over the records below, never from crmkit.
"""

import csv
import datetime as dt
import io
import random
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path


@dataclass
class Record:
    """One row below the header: what it truly holds, or the reason for which it must be set aside."""

    customer: str = ""
    date: dt.date | None = None
    amount: Decimal | None = None
    reason: str | None = None
    raw: dict = field(default_factory=dict)  # cells that are written as they stand, whatever the truth


@dataclass
class Expected:
    """What anybody would reckon by hand from the records."""

    usable: bool = True
    code: str | None = None
    encoding: str | None = None
    records: list = field(default_factory=list)
    check: dict = field(default_factory=dict)  # arguments of the check

    def totals(self) -> dict:
        used = [r for r in self.records if r.reason is None]
        amounts = [r.amount for r in used]
        total = sum(amounts, Decimal("0.00")).quantize(Decimal("0.01"), ROUND_HALF_UP)  # rounded once
        reasons = {}
        for r in self.records:
            if r.reason:
                reasons[r.reason] = reasons.get(r.reason, 0) + 1
        return {
            "rows_in": len(self.records),
            "rows_used": len(used),
            "rows_set_aside": len(self.records) - len(used),
            "reasons": reasons,
            "customers": len({r.customer for r in used}),
            "amount_total": str(total),
            "zero_amount_rows": sum(a == 0 for a in amounts),
            "negative_amount_rows": sum(a < 0 for a in amounts),
            "first_date": str(min(r.date for r in used)),
            "last_date": str(max(r.date for r in used)),
        }


def sales(n: int, seed: int, *, places: int = 2, first=dt.date(2023, 1, 1), days: int = 700) -> list[Record]:
    """``n`` good rows; one in twelve is a return, one in thirty is free."""
    rng = random.Random(seed)
    rows = []
    for i in range(n):
        amount = Decimal(rng.randrange(100, 400_000)) / 100
        amount = -amount if i % 12 == 5 else Decimal(0) if i % 30 == 7 else amount
        rows.append(
            Record(
                f"{rng.randrange(1, 60):05d}",
                first + dt.timedelta(days=rng.randrange(days)),
                round(amount, places),
            )
        )
    return rows


def spoil(rows: list[Record]) -> list[Record]:
    """The usual dirt, one row each: nobody, no such day, no number, and a totals line at the end."""
    good = dt.date(2024, 3, 5)
    return [
        *rows[:3],
        Record(date=good, amount=Decimal(5), reason="missing_customer", raw={"customer": ""}),
        *rows[3:9],
        Record("00007", amount=Decimal(5), reason="bad_date", raw={"date": "2024-02-30"}),
        Record("00007", date=good, reason="bad_amount", raw={"amount": "待定"}),
        *rows[9:],
        Record(date=None, amount=Decimal(999), reason="total_row", raw={"customer": "合计", "date": ""}),
    ]


def cells(rows, *, customer=str, date=str, amount=str) -> list[list]:
    """The three cells of every record, each written in a client's own way."""
    table = []
    for r in rows:
        truth = {
            "customer": customer(r.customer) if r.customer else "",
            "date": date(r.date) if r.date else "",
            "amount": amount(r.amount) if r.amount is not None else "",
        }
        table.append(list((truth | r.raw).values()))
    return table


def csv_text(header, table, delimiter=",", end="\r\n", quoting=csv.QUOTE_MINIMAL) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([header, *table] if header else table)
    return stream.getvalue()


def workbook(path: Path, sheets: dict, *, hidden=(), merged_title: str | None = None, formats=None) -> None:
    """Sheets of rows; dates become date cells, numbers number cells, ``=…`` formulas with their result."""
    import xlsxwriter

    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if isinstance(cell, (dt.date, dt.datetime)):
                    sheet.write_datetime(i, j, cell, day)
                elif isinstance(cell, tuple):
                    sheet.write_formula(i, j, cell[0], None, cell[1])
                elif isinstance(cell, (int, float, Decimal)):
                    sheet.write_number(i, j, float(cell))
                elif cell != "":
                    sheet.write_string(i, j, cell)
        if merged_title and name == next(iter(sheets)):
            sheet.merge_range(0, 0, 0, 3, merged_title)
        if name in hidden:
            sheet.hide()
        else:
            sheet.activate()
    book.close()


# --- what the door says of rows that a test writes ------------------------------------------


def check(folder: Path, rows, *header, name: str = "f.csv", **how):
    """The report of a CSV file with these rows under this header."""
    import crmkit

    (folder / name).write_text(csv_text(list(header), rows), encoding="utf-8")
    return crmkit.check_transactions(folder / name, **how)


def asked(report) -> dict:
    """Each question's code with the totals of its readings."""
    return {q["code"]: {r["id"]: r["amount_total"] for r in q["readings"]} for q in report.questions}


def codes(report) -> list[str]:
    return [note["code"] for note in report.notes]
