"""The node's file system: the machine's own programs and libraries, and all that a node writes in memory of its own."""

import subprocess
from pathlib import Path

from . import cgroups

_OWN = ("dev", "etc", "lost+found", "media", "mnt", "proc", "run", "sys", "tmp", "var")
"""Directories of the machine that the node has its own of, or none."""

_SYSCTLS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What a kubelet sets for the whole machine (Kubernetes' source: pkg/kubelet/cm). Here it finds files that say so."""


def mount(source: str, target: Path, *options: str) -> None:
    """Mount `source` at `target`, with options of mount(8)."""
    subprocess.run(["mount", "-n", *options, source, str(target)], check=True)


def build(root: Path, seen: list[str]) -> None:
    """Assemble the file system at `root`, and make it this process's own.

    :param root: An empty directory.
    :param seen: Directories that stay where they are, with what is below them.
    """
    groups = cgroups.hierarchies()
    mount("node", root, "-t", "tmpfs", "-o", "mode=0755")
    for entry in sorted(Path("/").iterdir()):
        there = root / entry.name
        if entry.is_symlink():
            there.symlink_to(entry.readlink())
        elif entry.is_dir():
            there.mkdir()
            if entry.name not in _OWN:
                mount(str(entry), there, "--rbind")
                mount("none", there, "-o", "remount,bind,ro")
    upper, work = root / "var/etc", root / "var/etc-work"
    for directory in (upper, work, root / "var/lib", root / "var/log", root / "run/containerd"):
        directory.mkdir(parents=True)
    (root / "var/run").symlink_to("/run")
    (root / "tmp").chmod(0o1777)
    mount("etc", root / "etc", "-t", "overlay", "-o", f"lowerdir=/etc,upperdir={upper},workdir={work}")
    mount("/dev", root / "dev", "--rbind")
    mount("proc", root / "proc", "-t", "proc")
    mount("sysfs", root / "sys", "-t", "sysfs")
    _mount_cgroups(root / "sys/fs/cgroup", groups)
    for number, (name, value) in enumerate(_SYSCTLS.items()):
        file = root / "var" / f"sysctl-{number}"
        file.write_text(f"{value}\n")
        mount(str(file), root / "proc/sys" / name, "--bind")
    for directory in seen:
        there = root / directory.lstrip("/")
        there.mkdir(parents=True, exist_ok=True)
        mount(directory, there, "--rbind")
    old = root / "mnt"
    subprocess.run(["pivot_root", str(root), str(old)], check=True)
    subprocess.run(["umount", "-n", "--lazy", "/mnt"], check=True)
    # Mounts that a driver's pod makes are to be seen by the kubelet and by other pods.
    mount("none", Path("/"), "--make-rshared")


def _mount_cgroups(place: Path, groups: dict[str, tuple[Path, str]]) -> None:
    if "" in groups:
        mount("cgroup2", place, "-t", "cgroup2")
        return
    mount("cgroups", place, "-t", "tmpfs", "-o", "mode=0755")
    for names in groups:
        directory = place / names.removeprefix("name=")
        directory.mkdir()
        mount("cgroup", directory, "-t", "cgroup", "-o", f"none,{names}" if names.startswith("name=") else names)
