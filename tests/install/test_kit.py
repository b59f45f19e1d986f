"""kit.py on a bare machine: first start, warm start, repairs, and each thing that can go wrong there.

The repairs are tried on a whole folder with a real .venv, but with a short lock (what the command line needs, taken
from requirements.lock with its hashes), so that one try takes seconds. One test installs everything.
"""

import ast
import contextlib
import errno
import http.server
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tokenize
import zipfile
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

from coursekit.cli import verbs

POSIX = os.name != "nt"
CHINESE = re.compile("[\u4e00-\u9fff]")


def copy_project(folder: Path) -> Path:
    """A folder as an unpacked ZIP has it: the files of the checkout, nothing that was made there."""
    made = (".git", ".venv*", "work", "run-output", "dist", "__pycache__", ".*cache", ".hypothesis", ".kit*")
    ignored = shutil.ignore_patterns(*made)
    shutil.copytree(ROOT, folder, ignore=ignored)
    return folder


def short_lock() -> str:
    """The lines of requirements.lock that `crmkit --help` and an editable installation need."""
    few, waiting = set(), ["typer", "hatchling"]
    while waiting:
        name = waiting.pop()
        if name not in few:
            few.add(name)
            needed = [Requirement(line) for line in distribution(name).requires or []]
            waiting += [
                canonicalize_name(r.name) for r in needed if not r.marker or r.marker.evaluate({"extra": ""})
            ]
    blocks = re.split(
        r"^(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return "".join(block for block in blocks if block.split("==")[0] in few)


def clean(**more) -> dict[str, str]:
    """This environment without what a developer's shell, a CI or this test-suite's own start has set."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CRMKIT", "UV_", "VIRTUAL_ENV"))}
    return env | {"CRMKIT_LANG": "en", "PYTHONUTF8": "1"} | more


def no_index(**more) -> dict[str, str]:
    """An environment whose package index is a closed port, and no other source or cache of packages."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {k: v for k, v in clean().items() if not k.startswith("PIP_")}
    return (
        env
        | {
            "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_RETRIES": "0",
            "PIP_NO_CACHE_DIR": "1",
            "UV_HTTP_RETRIES": "0",
            "UV_NO_CACHE": "1",
        }
        | more
    )


def kit(
    folder: Path, *arguments: str, python=sys.executable, env=None, **more
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [python, str(folder / "kit.py"), *arguments],
        env=env or clean(),
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=300,
        **more,
    )


def said_in_both(text: str, zh: str, en: str) -> None:
    assert zh in text and en in text, text
    assert "Traceback" not in text, text


def load_kit(folder: Path = ROOT):
    """kit.py as a module of its own."""
    spec = importlib.util.spec_from_file_location("kit_under_test", folder / "kit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare(tmp_path):
    """A folder with just what kit.py reads before it installs anything."""
    folder = tmp_path / "课程 kit"
    for name in (
        "kit.py",
        "pyproject.toml",
        "requirements.lock",
        "requirements-uv.lock",
        "requirements-test.lock",
        "coursekit/messages.toml",
        "crmkit/__init__.py",
        "crmkit/core/__init__.py",
        "crmkit/core/language.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def killed_and_mended(tmp_path_factory):
    """A copy in a folder with Chinese characters and a space: killed during its first start, then started again.

    Holds the folder (a test may move it), the stamp after the kill, and what the second start said.
    """
    folder = copy_project(tmp_path_factory.mktemp("unpacked") / "课程 kit")
    (folder / "requirements.lock").write_text(short_lock(), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(folder / "kit.py"), "open", "--help"],
        env=clean(),
        start_new_session=POSIX,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600  # of one that hangs
    while not (folder / ".venv" / "pyvenv.cfg").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if POSIX:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    stamp = json.loads((folder / ".venv" / "kit.json").read_text(encoding="utf-8"))
    return {"folder": folder, "stamp": stamp, "said": works(folder)}


@pytest.fixture
def installed(killed_and_mended):
    """That folder, in working order; a test that damages it lets kit.py repair it."""
    return killed_and_mended["folder"]


def works(folder: Path, **more) -> str:
    """kit.py brings the command up; what it said on the way."""
    result = kit(folder, "open", "--help", **more)
    assert result.returncode == 0, result.stderr
    assert "--no-browser" in result.stdout
    return result.stderr


# ---- before anything is installed


def old_pythons() -> list[str]:
    names = ["python2.7", *(f"python3.{minor}" for minor in range(4, 11))]
    places = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found = {name: str(place / name) for name in names for place in places if (place / name).is_file()}
    return [
        path
        for path in found.values()
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
    ]


def test_old_python_is_told_what_is_needed_by_a_pretended_version(bare):
    code = (
        "import runpy, sys; sys.version_info = (3, 6, 15); sys.argv = ['kit.py', 'open']; "
        "runpy.run_path('kit.py', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=bare, env=clean(), capture_output=True, encoding="utf-8"
    )
    assert result.returncode == 1
    said_in_both(
        result.stderr, "这个 Python 是 3.6，太旧了：需要 3.11", "This Python is 3.6, which is too old: 3.11"
    )


NONE_OLD = pytest.param(None, marks=pytest.mark.skip(reason="no Python older than 3.11 on this machine"))


@pytest.mark.parametrize("python", old_pythons() or [NONE_OLD])
def test_old_python_reads_kit_far_enough_to_say_what_is_needed(bare, python):
    result = kit(bare, "open", python=python)
    assert result.returncode == 1
    said_in_both(result.stderr, "太旧了：需要 3.11", "too old: 3.11 or newer")
    assert not (bare / ".venv").exists()


def test_kit_keeps_to_syntax_that_python_2_7_reads():
    newer = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.AsyncFunctionDef,
        ast.Nonlocal,
        ast.Starred,
        ast.Match,
        ast.YieldFrom,
        ast.TryStar,
    )
    for node in ast.walk(ast.parse((ROOT / "kit.py").read_text(encoding="utf-8"))):
        where = getattr(node, "lineno", "?")
        assert not isinstance(node, newer), f"kit.py line {where}: {type(node).__name__}"
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs and not node.args.posonlyargs and node.returns is None, where
            assert not any(argument.annotation for argument in node.args.args), where
        if isinstance(node, ast.Raise):
            assert node.cause is None, f"kit.py line {where}: raise … from"
        if isinstance(node, ast.ClassDef):
            assert not node.keywords, where
        if isinstance(node, ast.Dict):
            assert None not in node.keys, f"kit.py line {where}: ** in a dict"
        if isinstance(node, ast.Call):
            assert all(keyword.arg for keyword in node.keywords), f"kit.py line {where}: ** in a call"


def test_kit_has_nothing_that_only_the_tokens_show_and_python_2_7_does_not_read():
    """Underscores in numbers, f-strings, names beyond ASCII;
    a comma after the last of what a function takes by a star.
    """
    text = (ROOT / "kit.py").read_text(encoding="utf-8")
    assert text.startswith("# -*- coding: utf-8 -*-\n"), "else its Chinese is a syntax error there"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        where = f"kit.py line {token.start[0]}: {token.string[:40]}"
        if token.type == tokenize.NUMBER:
            assert "_" not in token.string, where
        elif token.type == tokenize.NAME:
            assert token.string.isascii(), where
        elif token.type == tokenize.STRING:
            assert re.match(r"[rRbBuU]?['\"]", token.string), where
    assert not re.search(r"\*\w+,\s*\)", text), (
        "a formatter puts a comma there, which Python 2.7 does not read"
    )


def test_kit_imports_nothing_but_the_standard_library_and_the_language_setting():
    for node in ast.walk(ast.parse((ROOT / "kit.py").read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names or name == "crmkit.core.language", name


@pytest.mark.parametrize(
    ("lang", "zh", "en"), [("zh", True, False), ("en", False, True), ("both", True, True)]
)
def test_help_follows_the_language_and_installs_nothing(bare, lang, zh, en):
    result = kit(bare, "--help", env=clean(CRMKIT_LANG=lang))
    assert result.returncode == 0
    assert ("打开课程" in result.stdout) is zh and ("open the course" in result.stdout) is en
    assert all(re.search(rf"^  {verb}\b", result.stdout, re.MULTILINE) for verb in verbs())
    assert not (bare / ".venv").exists()


def test_help_follows_the_systems_language(bare):
    env = {k: v for k, v in clean().items() if k not in ("CRMKIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")}
    assert "用法" in kit(bare, env=env | {"LANG": "zh_CN.UTF-8"}).stdout
    assert "Usage" in kit(bare, env=env | {"LANG": "de_DE.UTF-8"}).stdout


def test_an_unknown_verb_lists_the_verbs_and_installs_nothing(bare):
    result = kit(bare, "opne")
    assert result.returncode == 2
    said_in_both(result.stderr, "没有“opne”这个命令", "There is no verb “opne”")
    assert all(verb in result.stderr for verb in verbs())
    assert not (bare / ".venv").exists()


def test_a_console_without_chinese_gets_question_marks_instead_of_a_traceback(bare):
    result = kit(bare, "opne", env=clean(PYTHONUTF8="0", PYTHONIOENCODING="ascii"))
    assert result.returncode == 2 and "There is no verb" in result.stderr and "Traceback" not in result.stderr


# ---- what can go wrong on the first start


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_the_module_is_told_which_debian_package_has_it(bare, tmp_path, module):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nclass Missing:\n    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n            raise ModuleNotFoundError('No module named ' + repr(name))\n"
        "sys.meta_path.insert(0, Missing())\n",
        encoding="utf-8",
    )
    result = kit(bare, "open", env=clean(PYTHONPATH=str(tmp_path)))
    assert result.returncode == 1
    package = f"python3.{sys.version_info.minor}-venv"
    said_in_both(
        result.stderr,
        f"缺少 venv 或 ensurepip 模块，不能建立 .venv。Debian、Ubuntu：sudo apt install {package}",
        f"sudo apt install {package}",
    )


def test_no_network_is_said_and_the_next_start_goes_on_from_there(bare):
    env = no_index()
    first = kit(bare, "open", env=env)
    assert first.returncode == 1
    said_in_both(first.stderr, "连不上软件源", "package index cannot be reached")
    assert "PIP_INDEX_URL" in first.stderr
    again = kit(bare, "open", env=env)
    assert again.returncode == 1 and "cannot be reached" in again.stderr
    assert "mending" not in again.stderr, "nothing was half-done, so .venv is not made again"


def test_no_network_is_recognised_in_uvs_own_words():
    env = no_index()
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--dry-run",
            "--python",
            sys.executable,
            "--reinstall",
            "--index-url",
            env["PIP_INDEX_URL"],
            "typer",
        ],
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert result.returncode != 0
    trouble = load_kit().diagnose("requirements.lock", result.stderr)
    assert "连不上软件源" in trouble.zh and trouble.nothing_written


def in_small_disk(tmp_path: Path, megabytes: int, command: list[str], **more):
    """Run a command in a private mount of that size over ``tmp_path``; skipped where a user may not mount."""
    unshare = shutil.which("unshare")
    script = f'mount -t tmpfs -o size={megabytes}m none "$1" || exit 77; shift; exec "$@"'
    if not unshare:
        pytest.skip("unshare is not on this machine")
    result = subprocess.run(
        [unshare, "-rm", "sh", "-c", script, "sh", str(tmp_path), *command],
        env=clean(),
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        **more,
    )
    if result.returncode == 77 or "unshare:" in result.stderr:
        pytest.skip("this user may not mount a small disk: " + result.stderr.strip())
    return result


@pytest.mark.parametrize("checked_before", [True, False], ids=["too little to begin with", "full on the way"])
def test_no_disk_space_is_said_on_a_disk_that_is_really_full(bare, tmp_path, checked_before):
    disk = tmp_path / "disk"
    disk.mkdir()
    code = (
        "import shutil, sys; sys.dont_write_bytecode = True; shutil.copytree(sys.argv[1], sys.argv[2]); "
        "sys.path.insert(0, sys.argv[2]); import kit; "
        + ("" if checked_before else "kit.NEEDED_GB = 0; ")
        + "sys.exit(kit.main(['open']))"
    )
    result = in_small_disk(disk, 6, [sys.executable, "-c", code, str(bare), str(disk / "kit")])
    assert result.returncode == 1, result.stderr
    said_in_both(result.stderr, "磁盘空间不够", "Not enough disk space")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_no_disk_space_when_the_kits_own_file_cannot_be_written(bare):
    (bare / ".venv").mkdir()
    (bare / ".venv" / "kit.json.new").symlink_to("/dev/full")
    result = kit(bare, "open")
    assert result.returncode == 1
    said_in_both(result.stderr, "磁盘空间不够", "Not enough disk space")


@pytest.mark.parametrize(
    ("words", "zh"),
    [
        (
            "  × Failed to download `polars`\n  ╰─▶ failed to write to file: No space left on device (os error 28)",
            "磁盘空间不够",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "磁盘空间不够",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "校验值不符"),
        (
            "error: failed to create directory `/home/x/.cache/uv`: Permission denied (os error 13)",
            "不能写入",
        ),
        ("ERROR: HTTPSConnectionPool(host='a'): Read timed out.", "连不上软件源"),
        (
            "error: Request failed after 3 retries\n  Caused by: invalid peer certificate: UnknownIssuer",
            "连不上软件源",
        ),
        ("error: something new", "停在：uv"),
    ],
)
def test_what_the_installers_say_is_told_apart(words, zh):
    trouble = load_kit().diagnose("uv", words)
    assert zh in trouble.zh and not CHINESE.search(trouble.en)


@pytest.mark.skipif(not POSIX, reason="permissions of POSIX")
def test_a_read_only_folder_is_said(bare):
    module = load_kit(bare)
    shutil.rmtree(bare / "crmkit")
    report = bare.parent / "said.txt"
    report.touch()
    report.chmod(0o666)
    closed = {
        p: p.stat().st_mode for p in bare.parents if not p.stat().st_mode & 0o001
    }  # pytest's folders, to others
    for folder, mode in closed.items():
        folder.chmod(mode | 0o055)
    bare.chmod(0o555)
    child = os.fork()
    if child == 0:  # as somebody who is not root: root may write anywhere
        with contextlib.suppress(BaseException):
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            sys.stderr = sys.stdout = report.open("w", encoding="utf-8")
            code = module.main(["open"])
            sys.stderr.flush()
            os._exit(code)
        os._exit(99)
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for folder, mode in {**closed, bare: 0o700}.items():
            folder.chmod(mode)
    text = report.read_text(encoding="utf-8")
    assert code == 1, text
    said_in_both(text, "不能写入", "Cannot write")
    assert not (bare / ".venv").exists()


def test_a_full_quota_and_a_locked_file_are_told_apart_from_a_bug():
    module = load_kit()
    assert "磁盘空间不够" in module.from_oserror(OSError(errno.ENOSPC, "full", "x")).zh
    assert "不能写入" in module.from_oserror(OSError(errno.EROFS, "read-only", "x")).zh
    assert module.from_oserror(OSError(errno.EINVAL, "bug", "x")) is None


def test_a_port_in_use_is_said_in_both_languages(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "coursekit.cli",
                "open",
                str(tmp_path / "w"),
                "--no-browser",
                "--port",
                str(port),
            ],
            env=clean(CRMKIT_LANG="both"),
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )
    assert result.returncode == 1
    said_in_both(result.stderr, f"端口 {port} 已被别的程序占用", f"Port {port} is in use")
    assert not (tmp_path / "w").exists(), "nothing is laid when it cannot be opened"


# ---- the first start, later starts, and repairs


def test_a_first_run_killed_while_the_venv_is_made_is_mended_with_progress_shown(killed_and_mended):
    folder, said = killed_and_mended["folder"], killed_and_mended["said"]
    assert killed_and_mended["stamp"] == {"running": "venv"}
    said_in_both(said, "上次的安装没有做完，现在重新装好", "mending it now")
    assert re.search(r"Installed \d+ packages", said), "uv's progress is shown"
    assert works(folder) == ""


def test_a_run_killed_while_packages_are_installed_counts_as_interrupted(installed):
    works(installed)
    module = load_kit(installed)
    stamp, want = module.read_stamp(), module.wanted(False)
    assert module.complete(stamp, want)
    assert not module.complete(stamp | {"running": "requirements.lock"}, want)


def test_a_warm_start_installs_nothing(installed):
    works(installed)
    files = sorted(path for path in (installed / ".venv").rglob("*") if path.suffix not in (".pyc",))
    before = {path: path.lstat().st_mtime_ns for path in files if not path.is_dir()}
    said = kit(installed, "open", "--help")
    assert said.returncode == 0 and said.stderr == ""
    assert {path: path.lstat().st_mtime_ns for path in before} == before


def test_everything_is_started_in_utf8_mode_and_with_the_command_that_users_type(installed):
    works(installed)
    cli = installed / "coursekit" / "cli.py"
    original = cli.read_text(encoding="utf-8")
    try:
        cli.write_text(
            "import os, sys\ndef main():\n    print(sys.flags.utf8_mode, os.environ['CRMKIT_COMMAND'], sys.argv[1:])\n",
            encoding="utf-8",
        )
        result = kit(installed, "check", "客户 数据.csv", env=clean(PYTHONUTF8="0"))
    finally:
        cli.write_text(original, encoding="utf-8")
    assert (
        result.stdout.strip() == "1 python3 kit.py ['check', '客户 数据.csv']"
        if POSIX
        else "py kit.py" in result.stdout
    )


def test_the_exit_code_is_the_commands(installed):
    works(installed)
    assert kit(installed, "reset").returncode == 2
    assert kit(installed, "reset", "99", str(installed / "elsewhere")).returncode == 1


def test_a_changed_lock_is_installed_once(installed):
    works(installed)
    lock = installed / "requirements.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "# another day\n", encoding="utf-8")
    said_in_both(works(installed), "课程更新了", "The course has changed")
    assert works(installed) == ""


def test_a_moved_folder_is_repaired_without_a_network(killed_and_mended):
    folder = killed_and_mended["folder"]
    works(folder)
    moved = folder.with_name("moved, 换了地方")
    folder.rename(moved)
    killed_and_mended["folder"] = moved
    closed = no_index()["PIP_INDEX_URL"].removesuffix(
        "/simple"
    )  # the same index as before, behind a dead proxy
    said = works(
        moved, env=clean(HTTP_PROXY=closed, HTTPS_PROXY=closed, ALL_PROXY=closed, UV_HTTP_RETRIES="0")
    )
    said_in_both(said, "文件夹换了位置", "The folder has moved")
    for script in ("crmkit", "activate") if POSIX else ():
        text = (moved / ".venv" / "bin" / script).read_text(encoding="utf-8")
        assert str(moved) in text and str(folder) not in text
    assert works(moved) == ""


@pytest.mark.skipif(not POSIX, reason="a venv of Windows has no links")
def test_a_venv_whose_python_was_uninstalled_counts_as_interrupted(installed):
    works(installed)
    module = load_kit(installed)
    want = module.wanted(False)
    assert module.complete(module.read_stamp(), want) and module.python_works(clean())
    link = installed / ".venv" / "bin" / "python"
    target = os.readlink(link)
    link.unlink()
    link.symlink_to("/nowhere/bin/python3")
    try:
        assert not module.complete(module.read_stamp(), module.wanted(False)) and not module.python_works(
            clean()
        )
    finally:
        link.unlink()
        link.symlink_to(target)


def test_a_command_that_was_deleted_comes_back(installed):
    works(installed)
    next((installed / ".venv").glob("*/crmkit*")).unlink()
    works(installed)
    assert works(installed) == ""


def test_two_starts_at_once_do_not_mix(installed):
    works(installed)
    lock = installed / "requirements.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "# two windows\n", encoding="utf-8")
    both = [
        subprocess.Popen(
            [sys.executable, str(installed / "kit.py"), "open", "--help"],
            env=clean(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=600)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("课程更新了" in text for text in said) == 1, "the second waits and then has nothing to do"


def test_a_read_only_folder_that_is_installed_still_starts(installed):
    works(installed)
    module = load_kit(installed)
    stamp = Path(module.STAMP)
    before = stamp.stat().st_mtime_ns, sorted(p.name for p in (installed / ".venv").iterdir())
    assert works(installed) == ""
    assert before == (stamp.stat().st_mtime_ns, sorted(p.name for p in (installed / ".venv").iterdir()))


# ---- mirrors


@pytest.fixture
def mirror(tmp_path):
    """A package index of one package on this machine: its address, the package's hash, and the paths asked for."""
    wheel = tmp_path / "kitprobe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        # different for every test: a lock with the same hash as the last one would rightly install nothing
        archive.writestr("kitprobe.py", f"here = True  # {tmp_path.name} {time.time_ns()}\n")
        archive.writestr(
            "kitprobe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: kitprobe\nVersion: 1.0\n"
        )
        archive.writestr(
            "kitprobe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("kitprobe-1.0.dist-info/RECORD", "")
    digest = sha256(wheel.read_bytes()).hexdigest()
    asked = []

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = b""
            if self.path == "/simple/kitprobe/":
                body = f'<a href="/{wheel.name}#sha256={digest}">{wheel.name}</a>'.encode()
            elif self.path == f"/{wheel.name}":
                body = wheel.read_bytes()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if b"href" in body else "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple", digest, asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("way", ["pip.conf", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_a_mirror_is_taken_from_the_usual_places(installed, mirror, tmp_path, way):
    address, digest, asked = mirror
    lock = installed / "requirements.lock"
    before = lock.read_text(encoding="utf-8")
    env = no_index()
    if way == "pip.conf":
        config = tmp_path / "pip.conf"
        config.write_text(f"[global]\nindex-url = {address}\n", encoding="utf-8")
        env["PIP_CONFIG_FILE"] = str(config)
        del env["PIP_INDEX_URL"]
    elif way == "PIP_EXTRA_INDEX_URL":  # beside an index that knows nothing of the package
        env |= {"PIP_INDEX_URL": address.replace("/simple", "/other"), way: address}
    else:
        if way.startswith("UV"):
            del env["PIP_INDEX_URL"]
        env[way] = address
    try:
        lock.write_text(f"kitprobe==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
        works(installed, env=env)
        assert "/simple/kitprobe/" in asked
        ask = [load_kit(installed).PYTHON, "-c", "import kitprobe; print(kitprobe.here)"]
        found = subprocess.run(ask, capture_output=True, encoding="utf-8", check=False)
        assert found.stdout.strip() == "True", found.stderr
    finally:
        subprocess.run(
            [sys.executable, "-m", "uv", "pip", "uninstall", "--python", installed / ".venv", "kitprobe"],
            capture_output=True,
            check=False,
        )
        lock.write_text(before, encoding="utf-8")


def test_a_mirror_with_another_file_under_the_same_name_is_refused(installed, mirror):
    address, _, _ = mirror
    lock = installed / "requirements.lock"
    before = lock.read_text(encoding="utf-8")
    try:
        lock.write_text(f"kitprobe==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
        result = kit(installed, "open", "--help", env=no_index(PIP_INDEX_URL=address))
    finally:
        lock.write_text(before, encoding="utf-8")
    assert result.returncode == 1
    said_in_both(result.stderr, "与锁定的校验值不符", "not the one that was locked")


def test_pips_settings_are_handed_to_uv_only_where_uv_has_none_of_its_own():
    module = load_kit()
    pip = {
        "index-url": "https://a/simple",
        "extra-index-url": "https://b/simple https://c/simple",
        "find-links": "/x /y",
        "cert": "/ca.pem",
        "proxy": "http://p:1",
        "timeout": "60",
        "trusted-host": "a",
    }
    handed = module.uv_environment({}, pip)
    assert handed == {
        "UV_DEFAULT_INDEX": "https://a/simple",
        "UV_INDEX": "https://b/simple https://c/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/x,/y",
        "SSL_CERT_FILE": "/ca.pem",
        "HTTP_PROXY": "http://p:1",
        "HTTPS_PROXY": "http://p:1",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INSECURE_HOST": "a",
    }
    own = module.uv_environment({"UV_DEFAULT_INDEX": "https://u/simple"}, pip)
    assert own["UV_DEFAULT_INDEX"] == "https://u/simple" and "UV_INDEX" not in own
    assert (
        module.pip_environment({"UV_DEFAULT_INDEX": "mine=https://u/simple"})["PIP_INDEX_URL"]
        == "https://u/simple"
    )
    assert module.pip_environment({"UV_INDEX_URL": "u", "PIP_INDEX_URL": "p"})["PIP_INDEX_URL"] == "p"


# ---- everything


def test_first_start_from_an_unpacked_folder_opens_the_course(tmp_path):
    """The whole lock, in a folder with a space and Chinese characters, to a notebook served by JupyterLab."""
    from urllib.request import urlopen

    folder = copy_project(tmp_path / "课程 kit")
    process = subprocess.Popen(
        [sys.executable, str(folder / "kit.py"), "open", "--no-browser", "--lang", "zh"],
        env=clean(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    timer = threading.Timer(600, process.kill)
    timer.start()
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if address := re.search(r"http://127\.0\.0\.1:\d+/lab\S+", line):
                break
        else:
            pytest.fail("".join(said))
        base, token = address.group().split("/lab")[0], address.group().split("token=")[1]
        with urlopen(
            f"{base}/api/contents/notebooks/00_start_here.ipynb?token={token}", timeout=600
        ) as answer:
            cells = json.load(answer)["content"]["cells"]
        assert any(CHINESE.search("".join(cell["source"])) for cell in cells)
        assert (folder / "work" / "notebooks" / "00_start_here.ipynb").is_file()
    finally:
        timer.cancel()
        process.terminate()
        process.communicate(timeout=600)
