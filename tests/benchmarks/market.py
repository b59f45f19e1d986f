"""A market of a million customers over two years: CPU and wall seconds, and peak memory, each run in its own process.

    python tests/benchmarks/market.py [CUSTOMERS] [SCENARIO …]

Medians of three. "Books" is the simulation, "tables" the making of all six ledgers as frames, "summary" the kit's own
customer summary of the transactions, for scale. The flow of newcomers grows with the market.
"""

import json
import statistics
import subprocess
import sys

CUSTOMERS, MONTHS, RUNS = 1_000_000, 24, 3
SCENARIOS = ("household_hotline", "telecom")
_MEASURE = """
import json, resource, sys, time
from dataclasses import replace
import numpy as np
import crmkit
from crmkit.market import Market, scenario
from crmkit.market.simulator.ledgers import COLUMNS

name, customers, months = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = scenario(name)
share = customers / s.customers
s = replace(s, customers=customers, **{flow: getattr(s, flow) * share
            for flow in ("acquisition_per_month", "acquisition_cap", "promotion_customers")})
marks = []

def mark():
    marks.append((time.perf_counter(), time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

mark()
market = Market(s, np.random.default_rng(1))
books = market.step(s.status_quo, months=months)
mark()
frames = {ledger: getattr(books, ledger) for ledger in COLUMNS}
mark()
crmkit.customer_summary(frames["transactions"], as_of=str(frames["transactions"]["date"].max().date()))
mark()
spans = [{"wall": b[0] - a[0], "cpu": b[1] - a[1], "mb": b[2]} for a, b in zip(marks, marks[1:])]
print(json.dumps({"spans": spans, "rows": {ledger: len(frame) for ledger, frame in frames.items()}}))
"""


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS
    for name in sys.argv[2:] or SCENARIOS:
        command = [sys.executable, "-c", _MEASURE, name, str(customers), str(MONTHS)]
        said = [
            subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(RUNS)
        ]
        runs = [
            json.JSONDecoder().raw_decode(text[text.index('{"spans') :])[0] for text in said
        ]  # beside DuckDB's bar
        print(
            f"{name}: {customers:,} customers × {MONTHS} months, medians of {RUNS};",
            ", ".join(f"{rows:,} {ledger}" for ledger, rows in runs[0]["rows"].items()),
        )
        for k, stage in enumerate(("books", "tables", "summary")):
            median = {x: statistics.median(run["spans"][k][x] for run in runs) for x in ("wall", "cpu", "mb")}
            seconds = f"{median['wall']:6.1f} s wall {median['cpu']:6.1f} s CPU"
            print(f"  {stage:8} {seconds}, peak so far {median['mb']:.0f} MB")


if __name__ == "__main__":
    main()
