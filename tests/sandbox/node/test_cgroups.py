"""Where the node's control groups go."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.node import cgroups, inside
from sandbox.node.cgroups import list_hierarchies

V1 = """\
30 29 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
V2 = "31 30 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def of_version_2(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hierarchy at `root`, which gives no memory yet, and the caller below it."""
    own = root / "user.slice"
    own.mkdir()
    for directory in (root, own):
        (directory / "cgroup.controllers").write_text("cpuset cpu memory pids\n")
        (directory / "cgroup.subtree_control").write_text("cpu cpuset pids\n")
    monkeypatch.setattr(cgroups, "hierarchies", lambda: {"": (own, "")})


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
    of_version_2(tmp_path, monkeypatch)

    assert cgroups.missing_controllers() == []
    assert cgroups.make("one") == [tmp_path / "one"]
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"


@pytest.mark.parametrize(("processes", "missing"), [("", []), ("1\n", ["memory"])])
def test_a_containers_root_of_version_2_with_processes_gives_no_other_controllers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: str, missing: list[str]
) -> None:
    of_version_2(tmp_path, monkeypatch)
    (tmp_path / "cgroup.type").write_text("domain\n")
    (tmp_path / "cgroup.procs").write_text(processes)

    assert cgroups.missing_controllers() == missing


def test_a_command_enters_the_groups_and_in_version_2_one_below_that_gives_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "version 1", tmp_path / "version 2"
    for directory in (first, second, second / "init"):
        directory.mkdir()
    unshare = tmp_path / "unshare"
    unshare.write_text('#!/bin/sh\necho "$1" > "$0.asked"; shift; exec "$@"\n')
    unshare.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    command = [*cgroups.enter([first, second]), "sh", "-c", "echo $$ $1", "sh", "a b"]
    process, *argument = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert argument == ["a", "b"]
    assert {(each / "cgroup.procs").read_text().strip() for each in (first, second, second / "init")} == {process}
    assert Path(f"{unshare}.asked").read_text() == "--cgroup\n"


@pytest.mark.parametrize(("version", "given"), [(1, None), (2, "+pids")])
def test_the_node_gives_pods_the_controllers_that_it_has(tmp_path: Path, version: int, given: str | None) -> None:
    control = tmp_path / "cgroup.subtree_control"
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
        control.write_text("cpu\n")

    inside.enable_controllers(tmp_path)

    assert (control.read_text() if control.exists() else None) == given


def test_groups_that_are_gone_are_no_error(tmp_path: Path) -> None:
    cgroups.remove([tmp_path / "gone"])
