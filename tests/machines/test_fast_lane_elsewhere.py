"""A good part of the fast lane again: in other time zones and locales, with a narrow umask, no HOME, a read-only checkout."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from places import ROOT

# what reads clocks, locales, fonts, files and the checkout: some twenty seconds a time
ROOMS = (
    "tests/answers/test_answers.py",
    "tests/core/test_glossary.py",
    "tests/customer_pyramid/test_segments.py",
    "tests/data/test_datasets.py",
    "tests/intake/test_transactions.py",
    "tests/display/test_fonts.py",
    "tests/display/test_tables.py",
    "tests/client/test_check.py",
    "tests/market/test_game_file.py",
    "crmkit/core",
    "crmkit/data",
    "crmkit/intake",
)
# where no name of a file is Chinese, which a C locale without UTF-8 cannot hold
PLAIN_NAMES = (
    "tests/answers/test_answers.py",
    "tests/core/test_glossary.py",
    "tests/customer_pyramid/test_segments.py",
)
LEFT_OUT = ("work", ".venv*", ".git", ".pytest_cache", ".hypothesis", "run-output", "*cache*", "__pycache__")


@cache
def locales() -> frozenset[str]:
    """The locales that this machine has, by their plain names."""
    if shutil.which("locale") is None:
        return frozenset()
    listed = subprocess.run(["locale", "-a"], capture_output=True, encoding="utf-8", errors="replace")
    return frozenset(name.lower().replace("-", "") for name in listed.stdout.split())


def run(
    checkout: Path,
    folder: Path,
    *,
    prefix: list[str] | None = None,
    before: str = "pass",
    rooms=ROOMS,
    **environment: str,
) -> subprocess.CompletedProcess:
    """pytest on ROOMS in a checkout, temporary files in ``folder``.

    ``prefix``: what the command line begins with; ``before``: what Python does first in the process.
    """
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "CRMKIT_", "PYTEST_", "TZ"))
    }
    kept |= {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **environment}
    start = f"import os, sys; {before}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    arguments = ["--fast", "-q", "-x", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp")]
    return subprocess.run(
        [*(prefix or []), sys.executable, "-c", start, *arguments, *rooms],
        cwd=checkout,
        env=kept,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=900,
    )


def green(done: subprocess.CompletedProcess) -> None:
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


PLACES = {
    "Shanghai, C": {"TZ": "Asia/Shanghai", "LANG": "C", "LC_ALL": "C"},
    "Los Angeles, GB18030": {"TZ": "America/Los_Angeles", "LANG": "zh_CN.gb18030", "LC_ALL": "zh_CN.gb18030"},
}


@pytest.mark.parametrize("place", PLACES)
def test_the_fast_lane_is_green_in_another_time_zone_and_locale(place, tmp_path):
    wanted = PLACES[place]
    if wanted["LANG"] != "C" and wanted["LANG"].lower() not in locales():
        wanted = {"TZ": wanted["TZ"], "LANG": "C"}  # the time zone all the same
    green(run(ROOT, tmp_path, **wanted))


def test_the_fast_lane_is_green_without_the_utf_8_mode_and_in_the_c_locale(tmp_path):
    """Files are opened by their own encoding, never by the machine's: PYTHONUTF8 is kit.py's, an editor does not set it."""
    green(
        run(ROOT, tmp_path, rooms=PLAIN_NAMES, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LANG="C", LC_ALL="C")
    )


# a mount that even root cannot write to; where a user may not mount, the permissions of the files have to do
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77; shift; exec "$@"'


def behind_a_read_only_mount(checkout: Path) -> list[str]:
    """The beginning of a command line; empty where this user may not mount, or there is no ``unshare``."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return []
    prefix = [unshare, "-rm", "sh", "-c", READ_ONLY, "sh", str(checkout)]
    tried = subprocess.run([*prefix, "touch", str(checkout / "written")], capture_output=True, text=True)
    return prefix if "Read-only file system" in tried.stderr else []


def test_the_fast_lane_is_green_in_a_read_only_checkout_with_spaces_and_chinese_an_empty_home_and_umask_077(
    tmp_path,
):
    checkout, home = tmp_path / "课程 kit", tmp_path / "家 home"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*LEFT_OUT))
    home.mkdir()
    everything = [checkout, *checkout.rglob("*")]
    for path in everything:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        done = run(
            checkout,
            tmp_path,
            prefix=behind_a_read_only_mount(checkout),
            before="os.umask(0o077)",
            HOME=str(home),
            USERPROFILE=str(home),
        )
    finally:
        for path in everything:
            path.chmod(path.stat().st_mode | 0o200)
    green(done)
