"""What several test files share: a real Chromium, and a sandbox that holds."""

import os
import shutil

import pytest

collect_ignore = ["benchmarks", "support"]  # scripts, and what tests import

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


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
    """A sandbox that held against the probes; where the machine allows none, what needs it is skipped by name."""
    from coursekit.sandbox.probes import choose

    tier, tried = choose(trust=False)
    if tier is None:
        pytest.skip(f"no sandbox holds on this machine: {tried or 'bubblewrap is not installed'}")
    return tier
