"""A good part of the fast lane again: in other time zones and locales, with a narrow umask, no HOME,
a read-only checkout.
"""

import os
import shutil
import subprocess
import sys
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
# the market's lane is another, but a game's file goes from machine to machine
GAME_FILES = tuple(
    f"tests/market/test_game_file.py::{name}"
    for name in (
        "test_a_last_line_cut_off_anywhere_is_dropped_by_resume_and_named_by_verify",
        "test_a_file_is_never_written_over_and_one_that_cannot_be_is_refused",
        "test_what_mail_and_editors_do_to_a_file_leaves_it_the_same_game",
    )
)
LEFT_OUT = ("work", ".venv*", ".git", ".pytest_cache", ".hypothesis", "run-output", "*cache*", "__pycache__")


def chinese_machine(folder: Path) -> dict[str, str]:
    """The variables of a Chinese machine that writes GB18030; the locale is made here, for few machines have it."""
    localedef = shutil.which("localedef")
    if localedef is None:
        assert not os.environ.get("CI"), "localedef is missing, and on CI the Chinese locale must be tried"
        pytest.skip("no localedef to make a Chinese locale with")
    name = "zh_CN.gb18030"
    made = subprocess.run(
        [localedef, "-i", "zh_CN", "-f", "GB18030", str(folder / name)], capture_output=True, text=True
    )
    if not (folder / name).exists():
        pytest.skip(f"localedef has no source for a Chinese locale: {made.stderr.strip()[:200]}")
    return {"LOCPATH": str(folder), "LANG": name, "LC_ALL": name}


def run(
    checkout: Path,
    folder: Path,
    *,
    prefix: list[str] | None = None,
    before: str = "pass",
    rooms=ROOMS,
    lane: tuple[str, ...] = ("--fast",),
    **environment: str,
) -> subprocess.CompletedProcess:
    """pytest on ROOMS in a checkout, temporary files in ``folder``.

    ``prefix``: what the command line begins with; ``before``: what Python does first in the process;
    ``lane``: the option that leaves out what belongs to other lanes.
    """
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "CRMKIT_", "PYTEST_", "TZ"))
    }
    kept |= {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **environment}
    start = f"import os, sys; {before}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    arguments = [*lane, "-q", "-x", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp")]
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


C_LOCALE = {"LANG": "C", "LC_ALL": "C"}


def test_every_room_named_here_is_of_the_fast_lane(request):
    """Else the lane leaves its tests out, and the room is green on nothing."""
    lanes = next(p for p in request.config.pluginmanager.get_plugins() if hasattr(p, "lane_of"))
    assert not [room for room in (*ROOMS, *PLAIN_NAMES) if lanes.lane_of(ROOT / room)]


def test_the_fast_lane_is_green_in_shanghai_and_the_c_locale(tmp_path):
    green(run(ROOT, tmp_path, TZ="Asia/Shanghai", **C_LOCALE))


def test_the_fast_lane_is_green_in_los_angeles_and_a_chinese_locale(tmp_path):
    green(run(ROOT, tmp_path, TZ="America/Los_Angeles", **chinese_machine(tmp_path)))


def test_a_games_file_is_the_same_in_los_angeles_and_a_chinese_locale(tmp_path):
    chinese = chinese_machine(tmp_path)
    green(run(ROOT, tmp_path, rooms=GAME_FILES, lane=(), TZ="America/Los_Angeles", **chinese))


@pytest.mark.parametrize("locale", ["C", "GB18030"])
def test_the_fast_lane_is_green_without_the_utf_8_mode(locale, tmp_path):
    """Files are opened by their own encoding, never by the machine's: PYTHONUTF8 is kit.py's,
    an editor does not set it.
    """
    chosen = C_LOCALE if locale == "C" else chinese_machine(tmp_path)
    green(run(ROOT, tmp_path, rooms=PLAIN_NAMES, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", **chosen))


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
