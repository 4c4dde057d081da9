"""Debian's packages of a container runtime, unpacked and not installed."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import ToolError

PACKAGES = ("containerd", "runc", "containernetworking-plugins", "busybox-static")
PROGRAMS = ("usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/bin/ctr", "usr/sbin/runc")
"""Those that have to run here, with what they are linked to."""

_NAME = "the container runtime"


def unpack(directory: Path, environment: Mapping[str, str]) -> None:
    """Download the packages, which apt checks, and unpack them below `directory`.

    :param directory: An empty directory.
    :param environment: The environment of apt.
    :raises ToolError: There is no apt, or it has no such packages, or what they hold doesn't run here.
    """
    apt, deb = (shutil.which(name, path=environment.get("PATH")) for name in ("apt-get", "dpkg-deb"))
    if not (apt and deb):
        raise ToolError(f"{_NAME} comes from Debian's packages, and there is no apt-get and dpkg-deb on PATH")
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        lists, archives = Path(scratch, "lists"), Path(scratch, "archives")
        for folder in (lists / "partial", archives / "partial"):
            folder.mkdir(parents=True)
        own = {"Dir::State::lists": lists, "Dir::Cache": scratch, "Debug::NoLocking": 1, "APT::Sandbox::User": ""}
        options = [part for name, value in own.items() for part in ("-o", f"{name}={value}")]
        for arguments in (["update"], ["download", *PACKAGES]):
            _run([apt, "-qq", *options, *arguments], archives, environment)
        for file in archives.glob("*.deb"):
            _run([deb, "-x", str(file), str(directory)], archives, environment)
    for program in PROGRAMS:
        _run([str(directory / program), "-v"], directory, environment)


def _run(command: list[str], directory: Path, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
        error = done.stderr.strip() if done.returncode else ""
    except OSError as failure:
        error = str(failure)
    if error:
        raise ToolError(f"{_NAME}: {' '.join(command)} failed: {error}")
