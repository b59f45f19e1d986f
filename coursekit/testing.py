"""``crmkit test`` and ``crmkit bench``: the tests and the measurements, from the checkout that they lie in."""

import os
import subprocess
import sys
from pathlib import Path

from .learn.workspace import CHECKOUT
from .messages import KitError


def test(arguments: list[str]) -> int:
    """Run pytest with ``arguments``; on CI two at a time, unless ``-n`` says otherwise. The exit code is pytest's."""
    needed("test", CHECKOUT / "tests")
    command = [sys.executable, "-m", "pytest"]
    if os.environ.get("CI") and not any(a.startswith(("-n", "--numprocesses")) for a in arguments):
        # a file's tests share their servers and fitted models, so they stay in one process
        command += ["-n", "2", "--dist", "loadfile"]
    return subprocess.call(command + list(arguments), cwd=CHECKOUT, env={**os.environ, "PYTHONUTF8": "1"})


def bench(name: str | None = None) -> int:
    """Run one script of tests/benchmarks, or all of them one after the other; 1 when any failed."""
    folder = CHECKOUT / "tests" / "benchmarks"
    needed("bench", folder)
    scripts = {p.stem: p for p in sorted(folder.glob("*.py")) if not p.stem.startswith("_")}
    if name is not None and name not in scripts:
        raise KitError("unknown_benchmark", value=name, allowed=", ".join(scripts))
    failed = 0
    for stem, script in scripts.items():
        if name in (None, stem):
            print(f"== {stem}", flush=True)
            failed |= subprocess.call([sys.executable, str(script)], cwd=CHECKOUT) != 0
    return int(failed)


def needed(verb: str, folder: Path) -> None:
    if not folder.is_dir():
        raise KitError("only_in_checkout", value=verb, allowed=folder)
