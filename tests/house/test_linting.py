"""Lines as the formatter leaves them, no finding of the linter, and types that fit together in what is promised."""

import subprocess
import sys

import pytest
from places import ROOT

import crmkit
from crmkit import plots


def ran(*command: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(command):
    code, said = ran("ruff", *command, "--no-cache", ".")
    assert code == 0, said


def test_the_types_of_promised_functions_fit_together():
    """mypy keeps what it has read in .mypy_cache, by the contents of the files: a second run takes a tenth."""
    of_pictures = {
        getattr(plots, name).__module__ for name in plots.__all__ if callable(getattr(plots, name))
    }
    owners = {f"crmkit.{module}" for module in crmkit.PROMISED.values()} | of_pictures
    modules = [word for owner in sorted(owners) for word in ("-m", owner)]
    code, said = ran("mypy", *modules)
    assert code == 0, said
