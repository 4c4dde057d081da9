"""What of the machine a node sees."""

import subprocess
from pathlib import Path

import pytest

from sandbox.node import filesystem

V1 = {"cpu,cpuacct": ["cgroup", "cpu,cpuacct"], "systemd": ["cgroup", "none,name=systemd"]}


@pytest.mark.parametrize(
    ("hierarchies", "mounted"), [(("cpu,cpuacct", "name=systemd"), V1), (("",), {"cgroup": ["cgroup2"]})]
)
def test_a_node_has_the_machines_programs_and_nothing_of_a_container_runtime_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hierarchies: tuple[str, ...], mounted: dict[str, list[str]]
) -> None:
    mounts: list[tuple[str, Path, tuple[str, ...]]] = []

    def mount(source: str, target: Path, *options: str) -> None:
        target.mkdir(parents=True, exist_ok=True)
        mounts.append((source, target, options))

    monkeypatch.setattr(filesystem, "mount", mount)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(filesystem.cgroups, "hierarchies", lambda: dict.fromkeys(hierarchies, (Path("/"), "")))
    root = tmp_path / "root"
    root.mkdir()

    filesystem.build(root, ["/srv/sandbox"])

    bound = {source for source, _, options in mounts if "--rbind" in options}
    assert {"/usr", "/dev", "/srv/sandbox"} <= bound
    # A containerd has its socket, its images and its settings there.
    assert not {"/run", "/var", "/etc"} & bound
    assert ("none", root / "usr", ("-o", "remount,bind,ro")) in mounts
    # Of the control groups, what each mount is of.
    groups = [(target.name, options) for source, target, options in mounts if source.startswith("cgroup")]
    assert {name: [*options[1:2], *options[3:]] for name, options in groups if "tmpfs" not in options} == mounted
