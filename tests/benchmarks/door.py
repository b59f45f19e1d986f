"""The data door on a million rows: seconds and peak memory of ``check``,
beside DuckDB's bare read of the same file in the same run.

    python tests/benchmarks/door.py [ROWS]

Each measurement is its own process, so that peak memory is its own; the total is compared with the generator's.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = "订单编号,客户编号,下单时间,商品,数量,单价,实付金额,渠道\n"
PEAK = "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, total)"
DOOR = f"""
import resource, sys, time
from crmkit.intake.check import examine
start = time.perf_counter()
total = examine(sys.argv[1], keep=False).amount_total
{PEAK}"""
BOUND = f"""
import resource, sys, time
import duckdb
start = time.perf_counter()
total = duckdb.sql(f"select sum(cast(实付金额 as decimal(18, 2))) from read_csv('{{sys.argv[1]}}', all_varchar=true)").fetchall()[0][0]
{PEAK}"""


def write(path: Path, rows: int, encoding: str) -> str:
    rng, cents = random.Random(1), 0
    with path.open("w", encoding=encoding, newline="") as stream:
        stream.write(HEADER)
        for i in range(rows):
            amount = rng.randrange(100, 999_999)
            cents += amount
            when = f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
            stream.write(
                f"SO{i:08d},{rng.randrange(200_000):07d},{when},商品{rng.randrange(500)},{rng.randrange(1, 9)},"
                f"{rng.randrange(100, 99_999) / 100:.2f},{amount // 100}.{amount % 100:02d},门店{rng.randrange(30)}\n"
            )
    return f"{cents // 100}.{cents % 100:02d}"


def measure(script: str, path: Path, times: int = 3) -> tuple[float, float, str]:
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(times)
    ]
    return min(float(r[0]) for r in runs), max(float(r[1]) for r in runs), runs[0][2]


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "utf8.csv", Path(folder) / "gb18030.csv"
        expected = write(path, rows, "utf-8")
        write(other, rows, "gb18030")
        bound, bound_mb, total = measure(BOUND, path)
        assert total == expected, (total, expected)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB; best of three")
        print(f"{'':28}{'s':>8}{'MB':>8}{'× bound':>10}")
        print(f"{'DuckDB read_csv, text':28}{bound:8.2f}{bound_mb:8.0f}{1:10.1f}")
        for name, file in (("check, UTF-8", path), ("check, GB18030", other)):
            seconds, megabytes, total = measure(DOOR, file)
            assert total == expected, (total, expected)
            print(f"{name:28}{seconds:8.2f}{megabytes:8.0f}{seconds / bound:10.1f}")


if __name__ == "__main__":
    main()
