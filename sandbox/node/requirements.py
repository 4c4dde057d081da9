"""What a machine must have to run a node."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import cgroups

_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}
_PROGRAMS = {"unshare": "util-linux", "mount": "mount", "pivot_root": "util-linux", "ip": "iproute2"}
"""Programs, and Debian's packages of them."""

_KERNEL_LOG = Path("/dev/kmsg")

_PROBE = (
    'mount -t tmpfs probe "$1" && cd "$1" && mkdir lower && mount -t overlay -o "lowerdir=lower,$2" probe "$1/lower"'
)


def list_missing(state: Path) -> list[str]:
    """List what this machine lacks for a node, each in one line.

    :param state: The sandbox's state directory, which holds the node's containers.
    """
    if sys.platform != "linux":
        return [f"a node needs Linux, and this is {sys.platform}"]
    if os.geteuid() != 0:
        return ["a node needs root: it makes namespaces, mounts and control groups"]
    found = [f"the capability {name} is missing" for name in _missing_capabilities()]
    found += [
        f"there is no program {name} (Debian's package {package})"
        for name, package in _PROGRAMS.items()
        if not shutil.which(name)
    ]
    if controllers := cgroups.missing_controllers():
        found.append(f"no control groups for {', '.join(controllers)}: the kernel or the container gives none")
    if not _KERNEL_LOG.exists():
        found.append(f"there is no {_KERNEL_LOG}, which a kubelet reads")
    return found or _probe(state)


def _missing_capabilities() -> list[str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return [name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1]


def _probe(state: Path) -> list[str]:
    """Try what can't be looked up: namespaces, and a file system laid over another in the state directory."""
    home = state / "node" / "probe"
    shutil.rmtree(home, ignore_errors=True)
    for name in ("upper", "work", "root"):
        (home / name).mkdir(parents=True)
    done = subprocess.run(
        [
            "unshare",
            *("--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--fork"),
            *("sh", "-c", _PROBE, "sh", str(home / "root"), f"upperdir={home / 'upper'},workdir={home / 'work'}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(home, ignore_errors=True)
    if done.returncode == 0:
        return []
    reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
    return [f"namespaces and overlay mounts can't be made in {state}: {reason}"]
