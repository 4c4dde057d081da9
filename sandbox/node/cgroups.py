"""The node's control groups: one below the caller's own in each hierarchy, removed with all that is in it."""

import contextlib
import os
import shlex
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

NEEDED = ("cpu", "cpuset", "memory", "pids")
"""The controllers that a kubelet asks for."""

_SECONDS = 10.0

_LEAF = "init"
"""The group below a node's, in version 2, for the processes that would keep it from giving controllers to others."""


def list_hierarchies(mounts: str, own: str) -> dict[str, tuple[Path, str]]:
    """Map each hierarchy of control groups to this process's directory in it, and to the options that mount it.

    :param mounts: The text of `/proc/self/mountinfo`.
    :param own: The text of `/proc/self/cgroup`.
    """
    # "4:memory:/path"; version 2 has no controllers in its line.
    places = dict(line.split(":", 2)[1:] for line in own.splitlines())
    found: dict[str, tuple[Path, str]] = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, mount = before.split()[3:5]
        if kind not in ("cgroup", "cgroup2"):
            continue
        names = [name for name in places if name and set(name.split(",")) <= set(options.split(","))]
        name = names[0] if kind == "cgroup" and names else ""
        place = places.get(name)
        if place is not None and (name or kind == "cgroup2"):
            inside = place.removeprefix(root.rstrip("/")) if root != "/" else place
            found[name] = (Path(f"{mount}{inside}".rstrip("/")), name)
    if any(found):  # version 1, with or without an empty hierarchy of version 2 beside it
        found.pop("", None)
    return found


def hierarchies() -> dict[str, tuple[Path, str]]:
    """Map this machine's hierarchies as `list_hierarchies` does."""
    try:
        mounts, own = (Path("/proc/self", name).read_text() for name in ("mountinfo", "cgroup"))
    except OSError:
        return {}
    return list_hierarchies(mounts, own)


def missing_controllers() -> list[str]:
    """List the controllers that a kubelet needs and this machine lacks."""
    found = hierarchies()
    if "" in found:
        root = _root(found[""][0])
        # A container's root is none of the hierarchy's: with processes of its own it gives no more than it did before.
        is_busy = (root / "cgroup.type").exists() and (root / "cgroup.procs").read_text()
        there = (root / ("cgroup.subtree_control" if is_busy else "cgroup.controllers")).read_text().split()
    else:
        there = [controller for names in found for controller in names.split(",")]
    return [controller for controller in NEEDED if controller not in there]


def make(name: str) -> list[Path]:
    """Make a control group in each hierarchy, below this process's own, and return their directories.

    :param name: Its name.
    """
    made: list[Path] = []
    for names, (place, _) in hierarchies().items():
        parent = place if names else _root(place)
        directory = parent / name
        if not names:
            enable(parent, NEEDED)
        directory.mkdir(exist_ok=True)
        if not names:
            (directory / _LEAF).mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if "cpuset" in names.split(","):
                (directory / file).write_text((parent / file).read_text())
        made.append(directory)
    return made


def enter(directories: list[Path]) -> list[str]:
    """Return the command line that runs the command after it in control groups that `make` made.

    They are the roots of a namespace. In version 2 the command is in a group below, as are those that it starts.
    """

    def join(groups: list[Path], then: str) -> str:
        return "; ".join([*(f"echo $$ > {shlex.quote(str(each / 'cgroup.procs'))}" for each in groups), then])

    leaves = [each / _LEAF for each in directories if (each / _LEAF).is_dir()]
    below = shlex.quote(join(leaves, 'exec "$@"'))
    return ["sh", "-ec", join(directories, f'exec unshare --cgroup sh -ec {below} sh "$@"'), "sh"]


def remove(directories: list[Path]) -> None:
    """End what runs in control groups that `make` made, and remove them with all below them."""
    end = time.monotonic() + _SECONDS
    for directory in directories:
        while directory.is_dir() and time.monotonic() < end:
            for process in _processes(directory):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            with contextlib.suppress(OSError):  # a process that ends is in its group for a moment more
                for below in sorted(directory.rglob("*/"), reverse=True):
                    below.rmdir()
                directory.rmdir()
            time.sleep(0.01)


def _processes(directory: Path) -> Iterator[int]:
    for file in directory.rglob("cgroup.procs"):
        with contextlib.suppress(OSError):
            yield from (int(line) for line in file.read_text().split() if int(line) > 0)


def _root(place: Path) -> Path:
    # Version 2 gives controllers to no group that has processes, save the root.
    while (place.parent / "cgroup.controllers").is_file():
        place = place.parent
    return place


def enable(group: Path, controllers: Iterable[str]) -> None:
    """Have a group of version 2 give `controllers` to those below it."""
    there = (group / "cgroup.subtree_control").read_text().split()
    for controller in controllers:
        if controller not in there:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
