# -*- coding: utf-8 -*-
"""One command from a bare Python to the course. 从只有 Python 的电脑到打开课程，只要一条命令。

    python3 kit.py open         (Windows: py kit.py open)

The first start makes the folder .venv beside this file, installs the locked versions into it and hands over to the
command `crmkit`; a later start only compares a few hashes. Standard library only. The syntax of this file is kept so
old that Python 2.7 still reads it far enough to say what is needed: no f-strings, no annotations.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)


def say(zh, en):
    """Both languages, always: what kit.py itself says is about a machine whose language may be set wrongly."""
    sys.stderr.write("\n" + zh + "\n" + en + "\n")
    sys.stderr.flush()


def newer_pythons():
    """Commands on this machine that do start a Python new enough (a version manager leaves names that do not)."""
    names = ["py -3"] if os.name == "nt" else ["python3.%d" % minor for minor in range(20, OLDEST[1] - 1, -1)]
    code = "import sys; print(sys.version_info >= %r)" % (OLDEST,)
    found = []
    for name in names:
        answer = os.popen('%s -c "%s" 2>%s' % (name, code, os.devnull)).read()
        if answer.strip() == "True":
            found.append(name)
    return found


if sys.version_info < OLDEST:
    have = "%d.%d" % sys.version_info[:2]
    need = "%d.%d" % OLDEST
    others = newer_pythons()
    if others:
        how_zh = "这台电脑上有，请改用：%s kit.py …" % others[0]
        how_en = "This machine has one, so use: %s kit.py …" % others[0]
    else:
        how_zh = "请到 python.org 下载安装，再运行一次。"
        how_en = "Install one from python.org and run this again."
    say(
        "这个 Python 是 %s，太旧了：需要 %s 或更新的版本。" % (have, need) + how_zh,
        "This Python is %s, which is too old: %s or newer is needed. " % (have, need) + how_en,
    )
    sys.exit(1)

import contextlib
import errno
import hashlib
import importlib
import json
import re
import shutil
import signal
import subprocess
import tomllib

WINDOWS = os.name == "nt"
VENV = os.path.join(HERE, ".venv")
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
EXE = ".exe" if WINDOWS else ""
START = "py kit.py" if WINDOWS else "python3 kit.py"  # what users type
PYTHON = os.path.join(BIN, "python" + EXE)
STAMP = os.path.join(VENV, "kit.json")  # what is installed, written after each step
LOCK_FILE = os.path.join(VENV, "kit.lock")  # held while installing, so that two starts do not mix
NEEDED_GB = 2.0  # a fresh .venv is 1.4 GB, and downloads are unpacked beside it first

NEEDS_TEST_TOOLS = ("test", "bench", "build")


class Trouble(Exception):
    """Something that the user can mend: said in both languages, without a traceback."""

    def __init__(self, zh, en, nothing_written=False, known=True):
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.nothing_written = nothing_written
        self.known = known


def no_space(where):
    free = "?"
    with contextlib.suppress(OSError):
        free = "%.1f" % (shutil.disk_usage(existing(where)).free / 1e9)
    return Trouble(
        "磁盘空间不够：%s 所在的盘还剩 %s GB，第一次安装约需 %.0f GB。腾出空间后再运行一次，会接着装好。"
        % (where, free, NEEDED_GB),
        "Not enough disk space: %s GB are free where %s is, and a first installation takes about %.0f GB. "
        "Make room and run this again; it will finish the work." % (free, where, NEEDED_GB),
    )


def read_only(where):
    return Trouble(
        "不能写入：%s\n请把整个文件夹复制到自己能写的地方（例如桌面或“文档”），再在那里运行。" % where,
        "Cannot write (see the line above). Copy the whole folder to a place of your own (the desktop, your documents) "
        "and run it there.",
    )


def no_venv(detail):
    package = "python%d.%d-venv" % sys.version_info[:2]
    return Trouble(
        "这个 Python 缺少 venv 或 ensurepip 模块，不能建立 .venv。Debian、Ubuntu：sudo apt install %s；"
        "其他系统：请安装 python.org 的 Python。（%s）" % (package, detail),
        "This Python lacks the venv or ensurepip module, so .venv cannot be made. On Debian or Ubuntu: "
        "sudo apt install %s. Elsewhere: install Python from python.org. (%s)" % (package, detail),
    )


def no_network(detail):
    return Trouble(
        "下载不了软件包：连不上软件源。请检查网络；如果要用镜像，先设置 PIP_INDEX_URL，例如\n"
        "    PIP_INDEX_URL=https://镜像地址/simple\n再运行一次。已经下载的不会重来。（%s）" % detail,
        "The packages could not be downloaded: the package index cannot be reached. Check the network; to use a "
        "mirror, set PIP_INDEX_URL (see the line above) and run this again. What is downloaded already is kept. (%s)"
        % detail,
        nothing_written=True,  # both uv and pip fetch everything before they install anything
    )


def wrong_hash(detail):
    return Trouble(
        "下载到的文件与锁定的校验值不符，没有安装。换一个软件源（PIP_INDEX_URL）再试。（%s）" % detail,
        "A downloaded file is not the one that was locked, so it was not installed. Try another package index "
        "(PIP_INDEX_URL). (%s)" % detail,
        nothing_written=True,
    )


def failed(step, detail):
    return Trouble(
        "安装没有完成，停在：%s。上面几行是原因。再运行一次会从头修好；仍不行时，请把上面的输出发给课程的维护者。（%s）"
        % (step, detail),
        "The installation stopped at: %s. The lines above say why. Running this again starts that part afresh; if it "
        "still fails, send the output above to whoever gave you the course. (%s)" % (step, detail),
        known=False,
    )


# what pip, uv and the system say -> which of the troubles it is; first match wins
SIGNS = (
    (
        no_space,
        r"No space left on device|Disk quota exceeded|os error (?:28|112|122)\b|\[Errno (?:28|122)\]"
        r"|not enough space on the disk",
    ),
    (wrong_hash, r"DO NOT MATCH THE HASHES|Hash mismatch"),
    (no_venv, r"ensurepip is not available|No module named '?ensurepip"),
    (
        read_only,
        r"Read-only file system|Permission denied|os error (?:13|30)\b|\[Errno (?:13|30)\]|Access is denied",
    ),
    (
        no_network,
        r"Failed to fetch|error sending request|dns error|Connection refused|Connection reset|timed? ?out"
        r"|Network is unreachable|name resolution|Name or service not known|NewConnectionError|ProxyError"
        r"|SSLError|CERTIFICATE_VERIFY_FAILED|invalid peer certificate|getaddrinfo failed|network was disabled"
        r"|No matching distribution found|HTTP status",
    ),
)


def diagnose(step, output):
    """The Trouble that the output of a failed step speaks of."""
    for trouble, sign in SIGNS:
        match = re.search(sign, output, re.IGNORECASE)
        if match:
            start = output.rfind("\n", 0, match.start()) + 1
            line = output[start:].split("\n", 1)[0].strip()
            return trouble(VENV if trouble is no_space else line[:200])
    if shutil.disk_usage(existing(VENV)).free < 20e6:  # whatever it says then
        return no_space(VENV)
    return failed(step, (output.strip().splitlines() or ["?"])[-1][:200])


def from_oserror(error):
    """The Trouble behind an OSError of our own, or None."""
    where = error.filename or VENV
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return no_space(where)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return read_only(where)
    return None


def existing(path):
    """The nearest folder above ``path`` that exists."""
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


# ---- what is installed, what should be ------------------------------------------------------------------------------


def digest(*names):
    """One hash over files of this folder."""
    total = hashlib.sha256()
    for name in names:
        with open(os.path.join(HERE, name), "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def interpreter():
    """What tells whether .venv still starts the Python that it was made with (an upgrade replaces it)."""
    real = os.path.realpath(PYTHON)
    with contextlib.suppress(OSError):
        return [real, os.stat(real).st_mtime_ns]
    return [real, None]


def wanted(test_tools):
    """The stamp of a complete installation of this folder as it is now."""
    stamp = {
        "folder": HERE,
        "uv": digest("requirements-uv.lock"),
        "requirements": digest("requirements.lock"),
        "project": digest("pyproject.toml"),
        "interpreter": interpreter(),
    }
    if test_tools:
        stamp["test"] = digest("requirements-test.lock")
    return stamp


def read_stamp():
    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError):
        return {}


def write_stamp(stamp):
    """Written beside and renamed, so that a stamp is whole or not there."""
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file, ensure_ascii=False, indent=1)
    os.replace(STAMP + ".new", STAMP)


def complete(stamp, want):
    # a lock of the test tools stays satisfied while only the course is used
    return "running" not in stamp and all(stamp.get(key) == value for key, value in want.items())


@contextlib.contextmanager
def only_one():
    """Waits for another kit.py that is installing; the system frees the lock even when that one is killed."""
    os.makedirs(VENV, exist_ok=True)
    with open(LOCK_FILE, "a+b") as file:
        if WINDOWS:
            import msvcrt

            def take():
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            def take():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        waiting = False
        while True:
            try:
                take()
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                    raise
                if not waiting:
                    say("另一个窗口正在安装，等它装完……", "Another window is installing; waiting for it …")
                    waiting = True
                import time

                time.sleep(0.5)
        yield


def run(step, command, env, quiet=False):
    """Run one step of the installation, its output shown as it comes and read when it fails."""
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            # uv lists every one of the 150 packages at the end; the user has seen the downloads
            if not quiet and not re.match(r"\s*[+~-] \S+==", line):
                sys.stderr.write("  " + line)
                sys.stderr.flush()
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code:
        output = "".join(lines)
        trouble = diagnose(step, output)
        if quiet and not trouble.known:
            sys.stderr.write(output)
        raise trouble


# ---- mirrors --------------------------------------------------------------------------------------------------------

UV_INDEX_NAMES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_NO_INDEX",
    "UV_FIND_LINKS",
)


def pip_settings(env):
    """What pip would use, from its variables and its own configuration files; variables win."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"],
        env=env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    ).stdout
    settings = {}
    for section in (r"global", r"install", r":env:"):
        for key, value in re.findall(r"^%s\.([a-z-]+)='(.*)'$" % section, listed, re.MULTILINE):
            settings[key] = value.replace("\\n", " ").strip()
    return settings


def environment(environ):
    """The environment of everything that kit.py starts: UTF-8, and nothing of another Python."""
    env = dict(environ)
    env["PYTHONUTF8"] = "1"
    for name in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV"):
        env.pop(name, None)
    return env


def pip_environment(env):
    """For the one package that pip installs: a mirror that was given to uv alone serves pip too."""
    env = dict(env)
    index = env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    if index and not env.get("PIP_INDEX_URL"):
        env["PIP_INDEX_URL"] = re.sub(r"^[\w.-]+=(?=\w+:)", "", index)  # uv allows a name before the address
    # settings that send packages elsewhere than into .venv
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV"):
        env.pop(name, None)
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    return env


def uv_environment(env, pip):
    """Hand pip's mirrors (``pip_settings``) to uv, unless uv has been given its own."""
    env = dict(env)
    for name in ("UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_TARGET", "UV_PREFIX", "UV_PROJECT_ENVIRONMENT"):
        env.pop(name, None)
    if not any(env.get(name) for name in UV_INDEX_NAMES):
        if pip.get("index-url"):
            env["UV_DEFAULT_INDEX"] = pip["index-url"]
        if pip.get("extra-index-url"):
            env["UV_INDEX"] = pip["extra-index-url"]
            # pip looks in all of its indexes; the hashes in the locks are what makes that safe
            env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
        if pip.get("find-links"):
            env["UV_FIND_LINKS"] = ",".join(pip["find-links"].split())
        if pip.get("no-index", "").lower() in ("1", "true", "yes", "on"):
            env["UV_NO_INDEX"] = "1"
    if pip.get("trusted-host"):
        env.setdefault("UV_INSECURE_HOST", pip["trusted-host"])
    if pip.get("cert"):
        env.setdefault("SSL_CERT_FILE", pip["cert"])
    if pip.get("timeout") or pip.get("default-timeout"):
        env.setdefault("UV_HTTP_TIMEOUT", pip.get("timeout") or pip["default-timeout"])
    if pip.get("proxy"):
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            if not env.get(name.lower()):
                env.setdefault(name, pip["proxy"])
    return env


# ---- the installation -----------------------------------------------------------------------------------------------


def python_works(env):
    """Whether .venv has a Python that starts, new enough and with pip: a killed first run leaves halves of this."""
    code = "import sys, pip; sys.exit(sys.version_info < %r)" % (OLDEST,)
    with contextlib.suppress(OSError):
        return subprocess.run([PYTHON, "-c", code], env=env, capture_output=True, check=False).returncode == 0
    return False


def clear_venv():
    """Empty .venv; the lock file stays, we hold it."""
    for name in os.listdir(VENV):
        path = os.path.join(VENV, name)
        if path == LOCK_FILE:
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def make_venv(env):
    for module in ("venv", "ensurepip"):
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise no_venv(str(error))
    # in two steps, because venv alone hides what stopped ensurepip
    run("python -m venv", [sys.executable, "-m", "venv", "--without-pip", VENV], env, quiet=True)
    run(
        "ensurepip",
        [PYTHON, "-m", "ensurepip", "--upgrade", "--default-pip"],
        pip_environment(env),
        quiet=True,
    )


def install(test_tools):
    """Bring .venv to what the locks say; whatever an interrupted or moved run left is mended."""
    env = environment(os.environ)
    with only_one():
        stamp, want = read_stamp(), wanted(test_tools)
        if complete(stamp, want):  # another window has just done it
            return
        fresh = not os.path.exists(os.path.join(VENV, "pyvenv.cfg"))
        if fresh:
            say(
                "第一次启动：正在把课程要用的软件装进 %s，需要几分钟和约 %.0f GB 空间。" % (VENV, NEEDED_GB),
                "First start: installing what the course needs into %s. It takes some minutes and about %.0f GB."
                % (VENV, NEEDED_GB),
            )
            if shutil.disk_usage(VENV).free < NEEDED_GB * 1e9:
                raise no_space(VENV)
        elif "running" in stamp or not python_works(env):
            say(
                "上次的安装没有做完，现在重新装好。", "The last installation was interrupted; mending it now."
            )
            clear_venv()
            fresh = True
        elif stamp.get("folder", HERE) != HERE:
            say("文件夹换了位置，正在修复 .venv。", "The folder has moved; repairing .venv.")
        else:
            say("课程更新了，正在更新 .venv。", "The course has changed; updating .venv.")
        moved = stamp.get("folder", HERE) != HERE
        if fresh or moved:  # in place when moved: rewrites the paths in pyvenv.cfg and the activate scripts
            stamp = {"running": "venv"}
            write_stamp(stamp)
            make_venv(env)
            want = wanted(test_tools)  # only now is it known which Python .venv starts

        def step(name, command, environ):
            stamp["running"] = name  # found by the next run if this one is killed
            write_stamp(stamp)
            try:
                run(name, command, environ)
            except Trouble as trouble:
                if trouble.nothing_written:
                    del stamp["running"]
                    write_stamp(stamp)
                raise
            del stamp["running"]

        uv = os.path.join(BIN, "uv" + EXE)
        if stamp.get("uv") != want["uv"]:
            step(
                "uv",
                [
                    PYTHON,
                    "-m",
                    "pip",
                    "install",
                    "--require-hashes",
                    "--no-deps",
                    "-r",
                    os.path.join(HERE, "requirements-uv.lock"),
                ],
                pip_environment(env),
            )
            stamp["uv"] = want["uv"]
        env = uv_environment(env, pip_settings(env))
        target = [uv, "pip", "install", "--python", PYTHON]
        for key, file in (("requirements", "requirements.lock"), ("test", "requirements-test.lock")):
            if key in want and stamp.get(key) != want[key]:
                command = target + ["--require-hashes", "--compile-bytecode", "-r", os.path.join(HERE, file)]
                if moved:
                    # the scripts name the old place; what uv has kept is enough, also without a network
                    try:
                        step(file, command + ["--reinstall", "--offline"], env)
                    except Trouble:
                        step(file, command + ["--reinstall"], env)
                else:
                    step(file, command, env)
                stamp[key] = want[key]
        step("crmkit", target + ["--no-deps", "--no-build-isolation", "--editable", HERE], env)
        step("kernel", [PYTHON, "-m", "coursekit.kernels.kernelspec"], env)
        stamp.update(want)
        write_stamp(stamp)
        say("装好了。", "Installed.")


# ---- the command line -----------------------------------------------------------------------------------------------


def verbs():
    """The verbs and what each does, in both languages: the entries [verb_…] of coursekit/messages.toml."""
    with open(os.path.join(HERE, "coursekit", "messages.toml"), "rb") as file:
        entries = tomllib.load(file)
    return {
        key[len("verb_") :].replace("_", "-"): entry
        for key, entry in entries.items()
        if key.startswith("verb_")
    }


def show_help(file):
    # lies beside this file and needs nothing but the standard library
    from crmkit.core.language import get_language

    chosen = get_language()
    shown = ["zh", "en"] if chosen == "both" else [chosen]
    head = {"zh": "用法：%s 命令 …", "en": "Usage: %s VERB …"}
    tail = {
        "zh": "%s 命令 --help 列出该命令的全部选项。第一次启动会安装所需软件（约 %.0f GB，几分钟）。",
        "en": "%s VERB --help lists the options of one verb. The first start installs what is needed (about %.0f GB, "
        "some minutes).",
    }
    for lang in shown:
        file.write(head[lang] % START + "\n")
    file.write("\n")
    for verb, entry in verbs().items():
        for number, lang in enumerate(shown):
            file.write("  %-14s%s\n" % ("" if number else verb, entry[lang]))
    file.write("\n")
    for lang in shown:
        file.write(tail[lang] % (START, NEEDED_GB) + "\n")


def hand_over(arguments):
    """Become `crmkit`: same folder, same arguments, its exit code is ours."""
    command = os.path.join(BIN, "crmkit" + EXE)
    env = environment(os.environ)
    env["CRMKIT_COMMAND"] = START  # so that its help shows what the user types
    sys.stdout.flush()
    sys.stderr.flush()
    if not WINDOWS:
        os.execve(command, [command] + arguments, env)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for crmkit; we wait for its exit code
    return subprocess.call([command] + arguments, env=env)


def main(arguments):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console without Chinese shows ? instead of failing
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        show_help(sys.stdout)
        return 0
    if arguments[0] not in verbs():
        say(
            "没有“%s”这个命令。可用的命令：" % arguments[0],
            "There is no verb “%s”. The verbs are:" % arguments[0],
        )
        show_help(sys.stderr)
        return 2
    test_tools = arguments[0] in NEEDS_TEST_TOOLS
    try:
        if not complete(read_stamp(), wanted(test_tools)):
            install(test_tools)
        try:
            return hand_over(arguments)
        except OSError:  # the command is gone or its Python is: someone cleaned up inside .venv
            os.remove(STAMP)
            install(test_tools)
            return hand_over(arguments)
    except Trouble as trouble:
        say(trouble.zh, trouble.en)
        return 1
    except OSError as error:
        trouble = from_oserror(error)
        if trouble is None:
            raise
        say(trouble.zh, trouble.en)
        return 1
    except KeyboardInterrupt:
        say(
            "已停止。再运行一次就行；装到一半的会重新装好（要几分钟）。",
            "Stopped. Run it again; what was half installed is installed afresh (some minutes).",
        )
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
