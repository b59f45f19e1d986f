"""The data door on a file as large as Online Retail: CSV, Parquet and XLSX beside the bare reading of each, in one run.

    python tests/benchmarks/door_files.py [ROWS] [ROUNDS]

541,909 rows of eight columns are made. Each measurement is a process of its own, in turns, so that a busy machine slows
all alike; the least of the rounds counts. The XLSX check is to take at most 1.5 times what calamine alone takes to give
the rows; the total is compared with the maker's.
"""

import random
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

HEADER = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
MEASURED = (
    "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, total)"
)
CHECK = f"""
import resource, sys, time
from crmkit.intake.check import examine
start = time.perf_counter()
total = examine(sys.argv[1], keep=False).amount_total
{MEASURED}"""
DUCKDB = f"""
import resource, sys, time
import duckdb
start = time.perf_counter()
total = duckdb.sql(f"select round(sum(Quantity::decimal(18, 2) * UnitPrice::decimal(18, 2)), 2) from '{{sys.argv[1]}}'").fetchall()[0][0]
{MEASURED}"""
CALAMINE = f"""
import resource, sys, time
import python_calamine
start = time.perf_counter()
sheet = python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0)
total = sum(1 for row in sheet.iter_rows())
{MEASURED}"""
ROWS, ROUNDS = 541_909, 3


def made(rows: int):
    """The rows and, last of all, their total in cents."""
    rng, first = random.Random(11), date(2010, 12, 1)
    for place in range(rows):
        price = rng.randrange(29, 4995)
        pieces = rng.randrange(1, 25)
        day = first + timedelta(days=place * 373 // rows)
        at = f"{day} {rng.randrange(7, 20):02d}:{rng.randrange(60):02d}:00"
        product = rng.randrange(3900)
        customer = 12_346 + rng.randrange(4372)
        yield [
            f"{536365 + place // 20}",
            f"{20000 + product}",
            f"PRODUCT {product}",
            pieces,
            at,
            price / 100,
            customer,
            "United Kingdom",
        ]


def write(folder: Path, rows: int) -> tuple[dict[str, Path], str]:
    """The same rows as CSV, Parquet and XLSX, and their total."""
    import pandas as pd
    import xlsxwriter

    frame = pd.DataFrame(made(rows), columns=HEADER)
    cents = int((frame["Quantity"] * (frame["UnitPrice"] * 100).round().astype(int)).sum())
    paths = {kind: folder / f"retail.{kind}" for kind in ("csv", "parquet", "xlsx")}
    frame.to_csv(paths["csv"], index=False)
    frame.to_parquet(paths["parquet"], index=False)
    with xlsxwriter.Workbook(paths["xlsx"], {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Online Retail")
        sheet.write_row(0, 0, HEADER)
        for line, row in enumerate(frame.itertuples(index=False), 1):
            sheet.write_row(line, 0, row)
    return paths, f"{cents // 100}.{cents % 100:02d}"


def measure(script: str, path: Path) -> tuple[float, float, str]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    seconds, memory, total = done.stdout.split()
    return float(seconds), float(memory), total


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        paths, expected = write(Path(folder), rows)
        pairs = {"csv": ("DuckDB", DUCKDB), "parquet": ("DuckDB", DUCKDB), "xlsx": ("calamine", CALAMINE)}
        print(f"{rows:,} rows, least of {rounds} rounds in turns; total {expected}")
        for kind, (name, bare) in pairs.items():
            found = [(measure(bare, paths[kind]), measure(CHECK, paths[kind])) for _ in range(rounds)]
            alone = min(seconds for (seconds, *_), _ in found)
            checked = min(seconds for _, (seconds, *_) in found)
            memory = max(peak for _, (_, peak, _) in found)
            total = found[0][1][2]
            wrong += total != expected
            size = paths[kind].stat().st_size / 1e6
            print(
                f"{kind:8} {size:6.1f} MB   {name} alone {alone:6.2f} s   check {checked:6.2f} s   "
                f"ratio {checked / alone:5.2f}   peak {memory:5.0f} MB   total {'right' if total == expected else total}",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
