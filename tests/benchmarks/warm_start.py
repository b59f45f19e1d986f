"""What kit.py adds to a start when everything is installed: python tests/benchmarks/warm_start.py [ROUNDS].

Starts `open --help` through kit.py and through the installed command in turn; the quickest of each, in seconds. Needs
the checkout's own .venv, which any verb of kit.py makes.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / ".venv" / ("Scripts/crmkit.exe" if os.name == "nt" else "bin/crmkit")


def seconds(*start: str) -> float:
    began = time.perf_counter()
    subprocess.run([*start, "open", "--help"], check=True, capture_output=True)
    return time.perf_counter() - began


def main(rounds: int = 5) -> None:
    subprocess.run([sys.executable, str(ROOT / "kit.py"), "open", "--help"], check=True, capture_output=True)
    direct, through = [], []
    for _ in range(rounds):
        direct.append(seconds(str(COMMAND)))
        through.append(seconds(sys.executable, str(ROOT / "kit.py")))
    added = min(through) - min(direct)
    print(f"crmkit {min(direct):.2f} s, through kit.py {min(through):.2f} s: {added:+.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
