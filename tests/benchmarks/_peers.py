"""The peers in environments of their own: python tests/benchmarks/_peers.py makes lifetimes';
--fixture also writes the committed fixture.

lifetimes 0.11.3 is archived and needs an older pandas, pymc-marketing 0.19.2 is the newest for Python 3.11 and brings
half a gigabyte, so neither is a dependency; the environments are .venv-peers/ and .venv-peers-pymc/, made by uv and
ignored by git. The fixture holds what lifetimes' summary_data_from_transaction_data says about CDNOW's sample.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1] / "support")
)  # also for the scripts that import this one
from places import ROOT

FIXTURE = ROOT / "tests" / "published" / "lifetimes_cdnow_sample.parquet"
PACKAGES = {
    ".venv-peers": [
        "lifetimes==0.11.3",
        "pandas==2.3.3",
        "numpy==2.2.6",
        "scipy==1.14.1",
        "pyarrow",
        "setuptools<81",
    ],
    ".venv-peers-pymc": ["pymc-marketing==0.19.2", "pyarrow"],
    **{
        f".venv-peers-{grader.split('==')[0]}": [  # each with what the notebooks use, in our versions
            grader,
            "ipykernel==7.4.0",
            "pandas==3.1.1",
            "numpy==2.4.6",
            "seaborn==0.13.2",
            "matplotlib==3.11.2",
        ]
        for grader in ("papermill==2.7.0", "nbgrader==0.9.6", "otter-grader==7.0.0")
    },
}

_SUMMARISE = """
import sys, time, resource
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data
log = pd.read_parquet(sys.argv[1])
log["date"] = log["date"].astype("datetime64[ns]")
start = time.perf_counter()
summary = summary_data_from_transaction_data(
    log, "customer_id", "date", "amount", observation_period_end=sys.argv[2], include_first_transaction=False)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
if len(sys.argv) > 3:
    summary.reset_index().to_parquet(sys.argv[3], index=False, compression="zstd")
"""


def python(name: str = ".venv-peers") -> Path:
    """The environment's interpreter, made first if it is not there."""
    environment = ROOT / name
    interpreter = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not interpreter.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(environment)], check=True)
        subprocess.run(
            [
                *uv,
                "pip",
                "install",
                "-q",
                "--compile-bytecode",
                "--python",
                str(interpreter),
                *PACKAGES[name],
            ],
            check=True,
        )
    return interpreter


def lifetimes_summary(log: Path, as_of: str, out: Path | None = None) -> tuple[float, float]:
    """Seconds and peak MB of lifetimes' summary of a Parquet log; the reading is not counted in the seconds."""
    command = [str(python()), "-W", "ignore", "-c", _SUMMARISE, str(log), as_of, *([str(out)] if out else [])]
    seconds, kilobytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[
        -2:
    ]
    return float(seconds), float(kilobytes) / 1024


if __name__ == "__main__":
    out = (
        FIXTURE if sys.argv[1:] == ["--fixture"] else None
    )  # a bench never changes what the tests compare with
    print(lifetimes_summary(ROOT / "datasets" / "cdnow_sample.parquet", "1997-09-30", out))
