"""``crmkit test`` and ``crmkit bench``: the tests and the measurements, from the checkout that they lie in."""

import os
import subprocess
import sys
from pathlib import Path

from .learn.workspace import CHECKOUT
from .messages import KitError

MOST = 8  # processes: each reads all the tests first, so more of them cost more than they save


def test(arguments: list[str]) -> int:
    """Run pytest with ``arguments``; the exit code is pytest's. All of the tests, and the fast lane, on every core."""
    needed("test", CHECKOUT / "tests")
    command = [sys.executable, "-m", "pytest", *in_parallel(arguments, cores()), *arguments]
    return subprocess.call(command, cwd=CHECKOUT, env=environment())


def environment() -> dict[str, str]:
    """The tests' variables: UTF-8 whatever the locale, and compiled code is kept,
    else hundreds of processes compile anew.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONUTF8": "1"}


def in_parallel(arguments: list[str], cores: int) -> list[str]:
    """pytest's options for ``cores`` processes: none for one core, where files are named, or where ``-n`` is given."""
    chosen = any(argument.startswith(("-n", "--numprocesses", "--pdb")) for argument in arguments)
    named = any((CHECKOUT / argument.partition("::")[0]).exists() for argument in arguments)
    if cores < 2 or chosen or named:
        return []
    # a file's tests share their servers and fitted models, so they stay in one process; the longest files come first
    return ["-n", str(min(cores, MOST)), "--dist", "loadfile", "--no-loadscope-reorder"]


def cores() -> int:
    """The cores that this process may use; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
