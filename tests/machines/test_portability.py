"""Where nothing of POSIX is there, everything is imported, students and consultants get through,
and the rest says why not.
"""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from places import ROOT, SUPPORT
from sources import files


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("别的 system")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, str(SUPPORT / "without_posix.py"), str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_every_module_can_be_imported_without_posix(told):
    assert told["imported"] == len(files("crmkit")) + len(files("coursekit"))


def test_a_student_loads_computes_draws_explores_answers_hands_in_and_plays(told):
    found = told["student"]
    assert found["customers"] == 2357 and found["tiers"] == 4
    assert found["picture"] and found["handed_in"] and found["marks"] > 10
    assert found["game"] >= 3, "the game's file, written without locks"


def test_a_consultant_checks_a_client_s_file_and_reads_it_as_run_does(told):
    found = told["consultant"]
    assert found["code"] == 0 and found["last"] == "2024-06-16"
    assert found["parameters"] == {"client": "健身房"}


def test_grading_says_in_the_user_s_language_that_it_needs_another_system_and_which(told):
    said = told["instructor"]
    assert set(said) == {"zh", "en"}
    assert "Linux" in said["zh"] and "批改" in said["zh"]
    assert "Linux" in said["en"] and "Grade on" in said["en"]


def test_kit_py_on_windows_looks_where_windows_has_things(monkeypatch):
    """``os.name`` is patched only while kit.py is read: what it starts cannot be tried here, where it looks can."""
    spec = importlib.util.spec_from_file_location("kit_on_windows", ROOT / "kit.py")
    kit = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patched:
        patched.setattr(os, "name", "nt")
        spec.loader.exec_module(kit)
    assert kit.WINDOWS and kit.START == "py kit.py"
    assert os.path.join("Scripts", "python.exe") in kit.PYTHON
