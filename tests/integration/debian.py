"""Programs that tests need from Debian's packages, where the machine has none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def brought(package: str, program: str, home: Path) -> Path:
    """Where the files of a package are: `/` where it is installed, else below `home`, with what it depends on.

    Nothing is installed: the packages are unpacked. The test is skipped where that can't be done.

    :param package: Its name.
    :param program: A file of it, e.g. `usr/sbin/slapd`, or a pattern.
    :param home: Where to unpack it.
    """
    if any(Path("/").glob(program)):
        return Path("/")
    apt, unpack = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if not (apt and unpack):
        pytest.skip(f"there is no {package} here, and no apt-get that would bring it")
    cache, root = home / "apt", home / "root"
    for folder in ("lists/partial", "archives/partial"):
        (cache / folder).mkdir(parents=True)
    own = [
        "-o",
        f"Dir::State::lists={cache / 'lists'}",
        "-o",
        f"Dir::Cache={cache}",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Sandbox::User=",
    ]
    subprocess.run([apt, "-qq", *own, "update"], check=True, capture_output=True)
    arguments = ["install", "--download-only", "--yes", "--no-install-recommends", package]
    subprocess.run([apt, "-qq", *own, *arguments], check=True, capture_output=True)
    for file in (cache / "archives").glob("*.deb"):
        subprocess.run([unpack, "-x", str(file), str(root)], check=True)
        file.unlink()
    if not any(root.glob(program)):
        pytest.skip(f"there is no {package} here, and its package has no {program}")
    return root


def libraries(root: Path) -> dict[str, str]:
    """The environment in which programs find the libraries that came with them."""
    folders = [folder for found in root.glob("usr/lib/*-linux-gnu*") for folder in (found, found / "pulseaudio")]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(str(folder) for folder in folders if folder.is_dir())}
