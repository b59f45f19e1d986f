"""What is installed: the locks and environment.yml say what pyproject says, and the wheel alone is the whole course."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import venv
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT
from rattler import MatchSpec, VersionSpec

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()
}
# the same package under its conda-forge name
CONDA = {
    "jupyter-client": "jupyter_client",
    "jupyter-server": "jupyter_server",
    "duckdb": "python-duckdb",
    "matplotlib": "matplotlib-base",
}
PYTHONS = [("3.11", "linux"), ("3.12", "win32"), ("3.13", "darwin"), ("3.14", "linux")]


def read_lock(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each pinned requirement of a lock with its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        requirement, *hashes = re.split(r"\s+--hash=", line)
        found.append((Requirement(requirement), hashes))
    return found


def pinned(name: str, python: str, system: str) -> dict[str, str]:
    """package → version of a lock on a Python and a system."""
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": {"linux": "Linux", "win32": "Windows", "darwin": "Darwin"}[system],
        "os_name": "nt" if system == "win32" else "posix",
        "extra": "",
    }
    return {
        canonicalize_name(r.name): next(iter(r.specifier)).version
        for r, _ in read_lock(name)
        if r.marker is None or r.marker.evaluate(environment)
    }


@pytest.mark.parametrize(("python", "system"), PYTHONS)
@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", ["build"]), ("requirements-test.lock", ["build", "test"])]
)
def test_a_lock_satisfies_pyproject_on_every_system(lock, extras, python, system):
    versions = pinned(lock, python, system)
    for requirement in [*REQUIRED, *(r for extra in extras for r in EXTRAS[extra])]:
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{lock} lacks {name}: make the locks anew"
        assert requirement.specifier.contains(versions[name]), (
            f"{lock}: {name} {versions[name]} is not {requirement}"
        )


@pytest.mark.parametrize(("python", "system"), PYTHONS)
def test_the_test_lock_only_adds_to_the_course_s_lock(python, system):
    course, test = (pinned(lock, python, system) for lock in ("requirements.lock", "requirements-test.lock"))
    assert course.items() <= test.items(), "uv would change the course's own packages"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock", "requirements-uv.lock"])
def test_a_lock_is_pinned_and_hashed_and_names_no_address(lock):
    for requirement, hashes in read_lock(lock):
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)) and requirement.url is None, requirement
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), requirement
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def test_the_lock_holds_what_builds_the_project_without_isolation():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert [str(r) for r in EXTRAS["build"]] == build


def conda() -> tuple[dict[str, MatchSpec], list[str]]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    specs = [MatchSpec(entry) for entry in listed if isinstance(entry, str)]
    return {spec.name.normalized: spec for spec in specs}, pip


def test_environment_yml_asks_for_what_pyproject_asks_for():
    specs, pip = conda()
    from_pip = {
        canonicalize_name(r.name): r for r in map(Requirement, [p for p in pip if not p.startswith("-")])
    }
    named = {CONDA.get(canonicalize_name(r.name), canonicalize_name(r.name)): r for r in REQUIRED}
    assert set(specs) - {"python", "pip"} | set(from_pip) == set(named)
    for name, requirement in named.items():
        if name in from_pip:
            assert from_pip[name].specifier == requirement.specifier, name
        else:
            wanted = VersionSpec(",".join(sorted(map(str, requirement.specifier), reverse=True)))
            assert specs[name].version == str(wanted), (
                f"{name}: {specs[name].version}, pyproject has {wanted}"
            )
    assert str(VersionSpec(PROJECT["requires-python"])) == specs["python"].version
    assert "--editable ." in pip


def test_environment_yml_uses_conda_forge_and_never_the_defaults():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_every_licence_that_is_named_is_there_in_full():
    starts = {"MIT": "MIT License", "CC-BY-4.0": "Attribution 4.0 International", "OFL-1.1": "Noto Sans SC"}
    assert set(PROJECT["license"].split(" AND ")) == set(starts)
    for name, start in starts.items():
        text = (ROOT / "LICENSES" / f"{name}.txt").read_text(encoding="utf-8")
        assert text.startswith(start) and len(text) > 1000
        assert f"LICENSES/{name}.txt" in (ROOT / "LICENSE").read_text(encoding="utf-8")


# ---- the wheel, alone


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "build",
            "--wheel",
            "--no-build-isolation",
            "--python",
            sys.executable,
            "--out-dir",
            str(folder),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
        timeout=600,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_course_the_language_switch_and_the_licences(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    homes = {"datasets": "crmkit/_datasets"} | {
        part: f"coursekit/course/{part}" for part in ("notebooks", "exercises", "solutions")
    }
    for part, home in homes.items():
        there = {
            p.relative_to(ROOT / part).as_posix()
            for p in (ROOT / part).rglob("*")
            if p.is_file() and not any(name.startswith(".") for name in p.relative_to(ROOT).parts)
        }
        assert there and {f"{home}/{name}" for name in there} <= names
    assert "coursekit/course/docs/glossary.html" in names
    assert not {name for name in names if name.startswith("coursekit/course/datasets")}
    assert any(name.endswith("share/jupyter/labextensions/crmkit-lang/package.json") for name in names)
    texts = {f"crmkit/data/sql/{path.name}" for path in (ROOT / "crmkit" / "data" / "sql").glob("*.sql")}
    assert (
        texts
        and texts | {"crmkit/core/columns.toml", "crmkit/market/words.toml", "coursekit/messages.toml"}
        <= names
    )
    assert any(name.startswith("crmkit/display/") and name.endswith(".otf") for name in names)
    assert sum("/licenses/" in name for name in names) >= 4
    assert not {name for name in names if name.startswith(("tests/", "lessons/", "kit.py"))}


@pytest.fixture(scope="module")
def alone(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel in it; the packages that it needs are this environment's own, seen by path."""
    folder = tmp_path_factory.mktemp("只有 wheel") / "env"
    venv.create(folder, with_pip=False)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / ("python.exe" if os.name == "nt" else "python")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--python",
            str(python),
            "--no-deps",
            "--offline",
            str(wheel),
        ],
        check=True,
        capture_output=True,
        timeout=600,
    )
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, capture_output=True, encoding="utf-8", check=True).stdout.strip())
    # a path file is read after the environment's own packages, and .pth files over there are not followed, so the
    # checkout stays out of sight
    import pandas

    (site / "dependencies.pth").write_text(str(Path(pandas.__file__).parent.parent), encoding="utf-8")
    return binaries


def test_the_wheel_alone_finds_its_course_and_its_data(alone, tmp_path):
    code = (
        "import crmkit, coursekit.learn.workspace as w; from crmkit.data.datasets import EDITIONS, datasets_folder; "
        "print(w.course_root()); print(crmkit.__file__); print(datasets_folder()); "
        "print(len(crmkit.load('cdnow_sample'))); print(all(len(crmkit.load(name)) for name in EDITIONS)); "
        "print(sum(path.startswith('datasets/') for path in w.course_files(w.course_root())))"
    )
    shown = subprocess.run(
        [alone / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.split("\n")
    assert shown[0].endswith("course") and shown[2].endswith("_datasets")
    assert str(ROOT) not in shown[0] + shown[1] + shown[2]
    assert int(shown[3]) > 5000 and shown[4] == "True"
    assert int(shown[5]) == sum(
        path.is_file() and not path.name.startswith(".") for path in (ROOT / "datasets").rglob("*")
    )


def test_the_wheel_alone_opens_jupyterlab_on_the_course(alone, tmp_path):
    process = subprocess.Popen(
        [alone / "crmkit", "open", "--no-browser", "--lang", "zh"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    timer = threading.Timer(600, process.kill)
    timer.start()
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(
                r"(http://127\.0\.0\.1:\d+)/lab/tree/notebooks/00_start_here.ipynb\?token=(\w+)", line
            ):
                break
        else:
            pytest.fail(said)
        base, token = found.groups()

        def get(path: str):
            with urlopen(f"{base}{path}?token={token}", timeout=600) as answer:
                return json.load(answer)

        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{base}/api/contents/notebooks", timeout=600)
        notebook = get("/api/contents/notebooks/00_start_here.ipynb")["content"]
        assert {"lang-zh", "lang-en"} <= {
            tag for cell in notebook["cells"] for tag in cell["metadata"].get("tags", [])
        }
        assert (tmp_path / "work" / "datasets" / "README.md").is_file()
        spec = get("/api/kernelspecs")["kernelspecs"]["python3"]["spec"]
        assert Path(spec["argv"][0]).parent == alone
        settings = get("/lab/api/settings/@jupyterlab/translation-extension:plugin")
        assert "zh_CN" in json.dumps(settings["schema"]["properties"]["locale"])
        page = urlopen(f"{base}/lab?token={token}", timeout=600).read().decode()
        assert "crmkit-lang" in page, "the language switch is one of JupyterLab's extensions"
    finally:
        timer.cancel()
        process.terminate()
        process.communicate(timeout=600)


def test_ci_runs_the_readme_s_test_command():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.rstrip().endswith('python3 kit.py test "$@"'), (
        "so the exit code and the last line are pytest's"
    )
    assert "kit.py test" in (ROOT / "README.md").read_text(encoding="utf-8")
    if not (ROOT / ".git").exists():  # an unpacked archive: what it holds is what was written down
        assert os.access(ROOT / ".ci" / "run", os.X_OK)
        return
    listed = subprocess.run(
        ["git", "ls-files", "-s", ".ci/run"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.startswith("100755")
