"""The lanes of the tests: named once, registered, and left out of the fast one; all cores are used."""

import tomllib

import pytest
from places import ROOT, TESTS

from coursekit.testing import MOST, in_parallel

PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]


def lanes(request):
    """tests/conftest.py as pytest has loaded it."""
    return next(
        p for p in request.config.pluginmanager.get_plugins() if hasattr(p, "LANES") and hasattr(p, "ORDER")
    )


def test_every_lane_is_registered_and_its_place_is_there(request):
    conftest = lanes(request)
    registered = {marker.partition(":")[0] for marker in PYTEST["markers"]}
    assert registered == set(conftest.ORDER) >= {*conftest.LANES.values(), *conftest.FIXTURES.values()}
    assert all((TESTS / place).exists() for place in conftest.LANES)
    assert "--strict-markers" in PYTEST["addopts"]


def test_a_lane_is_read_off_the_place(request):
    conftest = lanes(request)
    assert conftest.lane_of(TESTS / "browser" / "test_browser.py") == "browser"
    assert conftest.lane_of(TESTS / "hostile") == "sandbox"
    assert conftest.lane_of(TESTS / "teach" / "test_contest.py") == "simulated"
    assert conftest.lane_of(TESTS / "teach" / "test_assign.py") == "executed"
    assert conftest.lane_of(TESTS / "teach" / "test_marks.py") is None
    assert conftest.lane_of(TESTS / "loyalty" / "test_loyalty.py") is None
    assert conftest.lane_of(ROOT / "crmkit" / "core" / "errors.py") is None


@pytest.mark.parametrize(
    ("arguments", "cores", "processes"),
    [
        ([], 2, 2),
        (["--fast"], 4, 4),
        (["-k", "zeithaml"], 2, 2),
        ([], 64, MOST),
        ([], 1, None),
        (["-n0"], 8, None),
        (["tests/core"], 8, None),
        (["tests/house/test_lanes.py::test_a_lane_is_read_off_the_place"], 8, None),
    ],
)
def test_all_tests_and_the_fast_ones_run_on_every_core_and_named_files_in_one_process(
    arguments, cores, processes
):
    options = in_parallel(arguments, cores)
    assert options[:2] == ([] if processes is None else ["-n", str(processes)])
