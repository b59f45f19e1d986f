"""Where a memory cgroup may be made, read off the kernel's own words; and one that is made,
where this machine allows it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.sandbox.memory_group import MemoryGroup, memory_group, places

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has cgroups")
HOG = "import sys; sys.stdin.read(1); kept = bytearray(200 << 20); kept[:] = b'x' * (200 << 20)"


def machine(folder: Path, *, kind: str, at: str, root: str, options: str, own: str) -> tuple[Path, Path]:
    """The kernel's words about one file system of cgroups, and about the group that we are in."""
    mounts = folder / "mountinfo"
    mounts.write_text(
        f"22 1 0:21 / / rw - ext4 /dev/vda rw\n30 22 0:26 {root} {at} rw,nosuid - {kind} cgroup {options}\n"
    )
    groups = folder / "cgroup"
    groups.write_text(own)
    return mounts, groups


def handing_on(folder: Path, controllers: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.subtree_control").write_text(controllers)


def test_in_a_desktop_session_it_is_the_nearest_group_above_that_hands_memory_on(tmp_path):
    at = tmp_path / "fs"
    app = at / "user.slice" / "user-1000.slice" / "user@1000.service" / "app.slice"
    handing_on(app / "terminal.scope", "")
    handing_on(app, "cpu memory pids")
    handing_on(app.parent, "memory pids")
    handing_on(app.parent.parent, "pids")
    own = f"0::/{app.relative_to(at)}/terminal.scope\n"
    mounts, groups = machine(tmp_path, kind="cgroup2", at=str(at), root="/", options="rw,nsdelegate", own=own)
    assert places(mounts, groups) == [(app, 2), (app.parent, 2)]


def test_with_the_first_version_it_is_the_group_of_memory_that_we_are_in(tmp_path):
    own = "5:cpu,cpuacct:/other\n4:memory:/jobs/mine\n0::/third\n"
    mounts, groups = machine(
        tmp_path, kind="cgroup", at=str(tmp_path), root="/", options="rw,memory", own=own
    )
    assert places(mounts, groups) == [(tmp_path / "jobs" / "mine", 1)]


def test_in_a_container_that_sees_only_its_own_part_it_is_that_part(tmp_path):
    own = "4:memory:/docker/abc\n"
    mounts, groups = machine(
        tmp_path, kind="cgroup", at=str(tmp_path), root="/docker/abc", options="rw,memory", own=own
    )
    assert places(mounts, groups) == [(tmp_path, 1)]


def test_a_machine_without_cgroups_has_no_place_and_no_group(tmp_path, monkeypatch):
    assert places(tmp_path / "absent", tmp_path / "absent") == []
    monkeypatch.setattr("coursekit.sandbox.memory_group.places", list)
    assert memory_group([os.getpid()], 1 << 30) is None


def test_where_a_folder_may_be_made_but_holds_no_limit_there_is_no_group_and_nothing_is_left(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "coursekit.sandbox.memory_group.places", lambda: [(tmp_path, 2), (tmp_path / "absent", 1)]
    )
    monkeypatch.setattr(MemoryGroup, "close", lambda group: group.folder.rmdir())
    monkeypatch.setattr(Path, "write_text", _refuses)
    assert memory_group([os.getpid()], 1 << 30) is None
    assert not list(tmp_path.iterdir())


def _refuses(*_, **__):
    raise PermissionError


def test_the_kernel_ends_who_goes_beyond_and_the_group_says_so_and_goes_away():
    hog = subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.PIPE)
    group = memory_group([hog.pid], 100 << 20)
    try:
        if group is None:
            pytest.skip("no memory cgroup can be made on this machine")
        assert group.killed() == 0
        hog.stdin.write(b"1")
        hog.stdin.close()
        assert hog.wait() == -9 and group.killed() == 1
    finally:
        hog.kill()
        hog.wait()
        if group is not None:
            group.close()
    assert not group.folder.exists()


def test_a_group_that_a_killed_grader_has_left_is_taken_away_by_the_next_one():
    found = places()
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    group = memory_group([sleeper.pid], 100 << 20)
    try:
        if group is None:
            pytest.skip("no memory cgroup can be made on this machine")
        above = group.folder.parent
        assert above in [folder for folder, _ in found]
        left = above / "crmkit-99999999-0"  # no process has so high a number
        left.mkdir()
        memory_group([sleeper.pid], 100 << 20).close()
        assert not left.exists() and group.folder.exists()
    finally:
        sleeper.kill()
        sleeper.wait()
        if group is not None:
            group.close()
