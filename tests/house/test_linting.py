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


INSIDE = ("intake", "market")  # of these two wings what is promised, of all others every line


def test_the_types_fit_together_in_every_chapter_and_in_what_is_promised():
    """mypy keeps what it has read in .mypy_cache, by the contents of the files: a second run takes a tenth."""
    of_pictures = {
        getattr(plots, name).__module__ for name in plots.__all__ if callable(getattr(plots, name))
    }
    owners = {f"crmkit.{module}" for module in crmkit.PROMISED.values()} | of_pictures
    chapters = {path.parent.name for path in (ROOT / "crmkit").glob("*/__init__.py")} - set(INSIDE)
    promised = sorted(owner for owner in owners if owner.split(".")[1] not in chapters)
    modules = [word for owner in promised for word in ("-m", owner)]
    packages = [word for chapter in sorted(chapters) for word in ("-p", f"crmkit.{chapter}")]
    code, said = ran("mypy", *modules, *packages)
    assert code == 0, said
