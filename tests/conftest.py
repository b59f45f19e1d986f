"""What several test files share: lanes by folder, a real Chromium, and a sandbox that holds."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# no clock for an example, for machines differ; on CI always the same examples, elsewhere new ones
settings.register_profile("kit", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("kit")

# jsonschema looks for it to check IRIs, which nobody here asks for, and it takes seconds to build its grammar
sys.modules.setdefault("rfc3987_syntax", None)

collect_ignore = ["benchmarks", "support"]  # scripts, and what tests import

TESTS = Path(__file__).parent
# Folder or file → its lane. The fast lane is what is in none of them.
LANES = {
    "browser": "browser",
    "kernels": "executed",
    "install": "install",
    "sandbox": "sandbox",
    "hostile": "sandbox",
    "simulated": "simulated",
    "market": "simulated",
    "intake/test_transactions_values.py": "simulated",
    "teach/test_leaderboard.py": "simulated",
    "teach/test_contest.py": "simulated",
    "teach/test_debrief.py": "simulated",
    "teach/test_one_fate_games.py": "simulated",
    "teach/test_one_fate.py": "sandbox",
    "teach/test_packs.py": "executed",
    "teach/test_assign.py": "executed",
    "teach/test_moved_due.py": "executed",
    "teach/test_teams.py": "executed",
    "teach/test_doubtful_rosters.py": "executed",
    "teach/test_marks_of_gradings.py": "executed",
    "teach/test_statement.py": "executed",
    "teach/test_marking_screen.py": "executed",
    "display/test_plots.py": "pictures",
    "machines": "machines",
}
# every lane, the longest first
ORDER = ("install", "executed", "machines", "browser", "sandbox", "simulated", "pictures")
# a test of another folder that asks for one of these is in the lane as well
FIXTURES = {
    "browser": "browser",
    "walled": "sandbox",
    "built": "executed",
    "kernel": "executed",
    "studies": "executed",
}

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def lane_of(path: Path) -> str | None:
    """The lane of a file or folder of tests, by the folders that it lies in."""
    if not path.is_relative_to(TESTS):
        return None
    inside = path.relative_to(TESTS).as_posix() + "/"
    return next((lane for folder, lane in LANES.items() if inside.startswith(f"{folder}/")), None)


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="only what needs " + "no " + ", no ".join(ORDER))


def pytest_ignore_collect(collection_path, config):
    """In the fast lane the files of the others are not even opened."""
    if config.getoption("--fast") and lane_of(collection_path):
        return True
    return None


def pytest_collection_modifyitems(config, items):
    """Mark the lanes. The slow ones come first, so that no process is left alone with a long file at the end."""
    for item in items:
        lanes = {lane_of(item.path), *(FIXTURES.get(name) for name in getattr(item, "fixturenames", ()))}
        for lane in lanes - {None}:
            item.add_marker(lane)
    if config.getoption("--fast"):
        slow = set(ORDER)
        left_out = [item for item in items if slow & {mark.name for mark in item.iter_markers()}]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)
    by_name = {mark: place for place, mark in enumerate(ORDER)}
    items.sort(
        key=lambda item: min(
            (by_name.get(m.name, len(ORDER)) for m in item.iter_markers()), default=len(ORDER)
        )
    )


@pytest.fixture(autouse=True)
def both_languages():
    """Every test begins in both languages, whatever the one before it chose."""
    from crmkit.core.setting import using

    with using("both"):
        yield


@pytest.fixture(scope="module")
def browser():
    """Chromium through playwright; closed with the file, for nothing else in its process can run asyncio meanwhile."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "the browser tests need Chromium, and on CI they must run"
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    quiet = [
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet.append("no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{option}" for option in quiet]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def walled():
    """A sandbox that held against the probes; where the machine allows none, what needs it is skipped by name.

    On CI nothing is skipped without a word: CRMKIT_NO_WALL says that this machine is known to allow none.
    """
    from coursekit.sandbox.probes import choose

    tier, tried = choose(trust=False)
    if tier is None:
        known = os.environ.get("CRMKIT_NO_WALL")
        assert not os.environ.get("CI") or known, f"no sandbox holds here, and on CI one must: {tried}"
        pytest.skip(f"no sandbox holds on this machine: {tried or 'bubblewrap is not installed'}")
    return tier
