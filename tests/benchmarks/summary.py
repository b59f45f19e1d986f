"""The customer summary beside the bare group-by by customer and lifetimes: python tests/benchmarks/summary.py [ROWS …].

Prints seconds, ratios of medians and peak memory of one run. Summary and group-by take turns in one process, so that a
busy machine slows both alike; the peak is that of a process which does nothing else. The other scans of a log, repeat
business and indicators, take turns with them and have no limit of their own.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _peers as peers

ROWS = (1_000_000, 10_000_000)
TURNS = 5
CONTESTANTS = (
    "bare group-by",
    "summary, Parquet",
    "summary, pandas frame",
    "repeat business, Parquet",
    "indicators, Parquet",
    "lifetimes, pandas frame",
)
LIMITS = {"ratio": 2.0, "lifetimes": 5.0, "megabytes": 1200}
AS_OF = "2024-12-31"
# what each contestant but the last does in a process of its own
ALONE = ("bare", "ours", "ours_from_frame", "repeat_business", "indicators")


def make_log(path: Path, rows: int) -> None:
    """A log with ten rows per customer on average, text ids, times of day and some returns; seed 1."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    schema = pa.schema({"customer_id": pa.string(), "date": pa.timestamp("us"), "amount": pa.float64()})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 1_000_000):
            n = min(1_000_000, rows - start)
            ids = np.char.add("C", np.char.zfill(rng.integers(0, rows // 10, n).astype(str), 8))
            seconds = rng.integers(0, 1000 * 86_400, n).astype("timedelta64[s]")
            amount = np.round(rng.lognormal(3, 1, n) * rng.choice([1, -1], n, p=[0.97, 0.03]), 2)
            date = (np.datetime64("2022-01-01") + seconds).astype("datetime64[us]")
            writer.write_table(
                pa.table({"customer_id": ids, "date": date, "amount": amount}, schema=schema), 122_880
            )


def bare(path: str) -> None:
    """The lower bound: what any summary must at least do, in the same engine, to a pandas frame."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order=false")
        con.read_parquet(path).create_view("transactions")
        con.execute(
            "SELECT customer_id, count(*), min(date), max(date), sum(amount) FROM transactions"
            " GROUP BY customer_id"
        ).df()


def ours(source) -> None:
    import crmkit

    crmkit.customer_summary(source, as_of=AS_OF)


def ours_from_frame(path: str) -> None:
    import pandas as pd

    ours(pd.read_parquet(path))


def repeat_business(path: str) -> None:
    import crmkit

    crmkit.repeat_business(path, as_of=AS_OF)


def indicators(path: str) -> None:
    import crmkit

    crmkit.indicators(path, as_of=AS_OF)


def in_turns(path: str) -> list[float]:
    """Median seconds of the contestants but lifetimes, in their order, after a turn to warm up."""
    import pandas as pd

    log = pd.read_parquet(path)
    works = (
        lambda: bare(path),
        lambda: ours(path),
        lambda: ours(log),
        lambda: repeat_business(path),
        lambda: indicators(path),
    )
    taken = []
    for _ in range(TURNS + 1):
        turn = []
        for work in works:
            start = time.perf_counter()
            work()
            turn.append(time.perf_counter() - start)
        taken.append(turn)
    return [statistics.median(column) for column in zip(*taken[1:])]


def _child(what: str, path: Path) -> list[float]:
    """What the function of that name returns, and last the peak of its process in MB."""
    command = [sys.executable, __file__, "--child", what, str(path)]
    return [
        float(n) for n in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    ]


def main(sizes=ROWS) -> bool:
    passed = True
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.parquet"
            make_log(log, rows)
            *seconds, _ = _child("in_turns", log)
            theirs = [peers.lifetimes_summary(log, AS_OF) for _ in range(3)]
            seconds.append(statistics.median(s for s, _ in theirs))
            peak = [
                *(_child(what, log)[-1] for what in ALONE),
                max(m for _, m in theirs),
            ]
        print(f"{rows:,} rows")
        for name, took, memory in zip(CONTESTANTS, seconds, peak):
            print(f"  {name:24} {took:7.2f} s  {memory:6.0f} MB  {took / seconds[0]:6.2f} × bare")
        ratio, faster = seconds[1] / seconds[0], seconds[-1] / seconds[2]
        good = ratio <= LIMITS["ratio"] and faster >= LIMITS["lifetimes"] and peak[1] < LIMITS["megabytes"]
        print(
            f"  Parquet {ratio:.2f} × bare (at most {LIMITS['ratio']}), {faster:.1f} × faster than lifetimes (at"
            f" least {LIMITS['lifetimes']:.0f}), peak {peak[1]:.0f} MB (under {LIMITS['megabytes']})"
            f" -> {'pass' if good else 'FAIL'}"
        )
        passed &= good
    return passed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        taken = globals()[sys.argv[2]](sys.argv[3]) or []
        print(*taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        sys.exit(not main([int(float(n)) for n in sys.argv[1:]] or ROWS))
