"""The customer summary beside the bare group-by by customer and lifetimes: python tests/benchmarks/summary.py [ROWS …].

Prints seconds, ratios of medians and peak memory of one run. Every measurement is a child process of its own, so that
peaks do not add up, and the contestants take turns, so that a busy machine slows them alike.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import peers  # noqa: E402

ROWS = (1_000_000, 10_000_000)
TURNS = 3
LIMITS = {"ratio": 2.5, "lifetimes": 5.0, "megabytes": 1200}
AS_OF = "2024-12-31"


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
            writer.write_table(pa.table({"customer_id": ids, "date": date, "amount": amount}, schema=schema))


def _seconds(work) -> float:
    """The median of three, after one that warms up what every contestant needs."""
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def bare(path: str) -> float:
    """The lower bound: what any summary must at least do, in the same engine, to a pandas frame."""
    import duckdb

    def work():
        with duckdb.connect() as con:
            con.execute("SET preserve_insertion_order=false")
            con.read_parquet(path).create_view("transactions")
            con.execute("SELECT customer_id, count(*), min(date), max(date), sum(amount) FROM transactions"
                        " GROUP BY customer_id").df()

    return _seconds(work)


def ours(path: str) -> float:
    import crmkit

    return _seconds(lambda: crmkit.customer_summary(path, as_of=AS_OF))


def ours_from_frame(path: str) -> float:
    import pandas as pd

    log = pd.read_parquet(path)
    return ours(log)


def _child(what: str, path: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", what, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, megabytes = output.split()
    return float(seconds), float(megabytes)


def main(sizes=ROWS) -> bool:
    passed = True
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.parquet"
            make_log(log, rows)
            contestants = {
                "bare group-by": lambda: _child("bare", log), "crmkit, Parquet": lambda: _child("ours", log),
                "crmkit, pandas frame": lambda: _child("ours_from_frame", log),
                "lifetimes, pandas frame": lambda: peers.lifetimes_summary(log, AS_OF),
            }
            measured = {name: [] for name in contestants}
            for _ in range(TURNS):
                for name, run in contestants.items():
                    measured[name].append(run())
        seconds = {name: statistics.median(s for s, _ in pairs) for name, pairs in measured.items()}
        peak = {name: max(m for _, m in pairs) for name, pairs in measured.items()}
        print(f"{rows:,} rows")
        for name in contestants:
            times = seconds[name] / seconds["bare group-by"]
            print(f"  {name:24} {seconds[name]:7.2f} s  {peak[name]:6.0f} MB  {times:6.2f} × bare")
        ratio = seconds["crmkit, Parquet"] / seconds["bare group-by"]
        faster = seconds["lifetimes, pandas frame"] / seconds["crmkit, pandas frame"]
        fits = peak["crmkit, Parquet"] < LIMITS["megabytes"]
        good = ratio <= LIMITS["ratio"] and faster >= LIMITS["lifetimes"] and fits
        print(f"  Parquet {ratio:.2f} × bare (at most {LIMITS['ratio']}), {faster:.1f} × faster than lifetimes (at"
              f" least {LIMITS['lifetimes']:.0f}), peak {peak['crmkit, Parquet']:.0f} MB (under {LIMITS['megabytes']})"
              f" -> {'pass' if good else 'FAIL'}")
        passed &= good
    return passed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        taken = globals()[sys.argv[2]](sys.argv[3])
        print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        sys.exit(not main([int(float(n)) for n in sys.argv[1:]] or ROWS))
