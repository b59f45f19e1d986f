"""In whatever order a machine lists its files and fonts, the same comes out of load, build, intake, run and plots."""

import json
import os
import subprocess
import sys

import pytest
from places import ROOT, SUPPORT

WALKS = ("load", "build", "intake", "plots", "run")
LISTINGS = ("reversed", "1", "2")
CHEAP = {"load", "build", "intake"}  # the others run notebooks and draw: one other order is enough


def walked(name: str, folder, listings: str | None = None) -> dict:
    """What tests/support/walks.py prints, where folders and fonts are listed in that order."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CRMKIT_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(SUPPORT / "strange_machine"), str(ROOT)])
    environment["PYTHONUTF8"] = "1"
    if listings:
        environment["LISTINGS"] = listings
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "walks.py"), name, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("name", WALKS)
def test_the_order_in_which_a_machine_lists_files_and_fonts_changes_nothing(name, tmp_path):
    as_it_is = walked(name, tmp_path / "walk")
    for listings in LISTINGS if name in CHEAP else ("reversed",):
        assert walked(name, tmp_path / "walk", listings) == as_it_is, listings
    assert as_it_is.get("heard", []) == [], "matplotlib misses no face and no glyph"


def test_the_listings_are_really_in_another_order(tmp_path):
    """Else the test above would hold on any machine, whatever the kit did."""
    for number in range(8):
        (tmp_path / f"{number}.txt").touch()
    code = (
        "import glob, os, sys; from pathlib import Path; p = Path(sys.argv[1]); print([os.listdir(p),"
        " [e.name for e in os.scandir(p)], [q.name for q in p.iterdir()], [q.name for q in p.glob('*')],"
        " [q.name for q in p.rglob('*.txt')], [os.path.basename(q) for q in glob.glob(f'{p}/*')], next(os.walk(p))[2]])"
    )
    shown = {}
    for listings in LISTINGS:
        environment = os.environ | {"PYTHONPATH": str(SUPPORT / "strange_machine"), "LISTINGS": listings}
        command = [sys.executable, "-c", code, str(tmp_path)]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        shown[listings] = eval(ran.stdout)
    for listings, found in shown.items():
        assert all(one == found[0] for one in found), "every way of listing is turned"
        assert found[0] != sorted(found[0]), listings
    assert shown["reversed"][0] == sorted(shown["reversed"][0], reverse=True)
