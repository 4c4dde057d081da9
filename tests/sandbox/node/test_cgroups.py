"""Where the node's control groups go."""

from pathlib import Path

import pytest

from sandbox.node import cgroups
from sandbox.node.cgroups import list_hierarchies

V1 = """\
30 29 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V2 = "31 30 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_each_hierarchy_of_version_1_has_the_callers_own_directory() -> None:
    own = "4:memory:/session/1\n3:cpu,cpuacct:/\n2:name=systemd:/\n1:pids:/\n0::/\n"

    assert list_hierarchies(V1, own) == {
        "cpu,cpuacct": (Path("/sys/fs/cgroup/cpu,cpuacct"), "cpu,cpuacct"),
        "memory": (Path("/sys/fs/cgroup/memory/session/1"), "memory"),
        "name=systemd": (Path("/sys/fs/cgroup/systemd"), "name=systemd"),
    }


def test_version_2_has_one_hierarchy() -> None:
    assert list_hierarchies(V2, "0::/user.slice/1\n") == {"": (Path("/sys/fs/cgroup/user.slice/1"), "")}


def test_a_container_sees_its_own_group_as_the_root_of_the_hierarchy() -> None:
    mounts = "31 30 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"

    assert list_hierarchies(mounts, "4:memory:/docker/abc/x\n")["memory"][0] == Path("/sys/fs/cgroup/memory/x")


def test_where_there_are_none_every_controller_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "hierarchies", dict)

    assert cgroups.missing_controllers() == ["cpu", "cpuset", "memory", "pids"]


def test_a_group_of_version_2_is_made_below_the_root_with_its_controllers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "user.slice"
    own.mkdir()
    for directory in (tmp_path, own):
        (directory / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
        (directory / "cgroup.subtree_control").write_text("cpu cpuset pids\n")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: {"": (own, "")})

    assert cgroups.missing_controllers() == []
    assert cgroups.make("one") == [tmp_path / "one"]
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"


def test_groups_that_are_gone_are_no_error(tmp_path: Path) -> None:
    cgroups.remove([tmp_path / "gone"])
