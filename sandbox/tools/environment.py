"""The environment of builds and downloads, and the directories that they write to: whoever asks for them."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

EMULATOR = "STRONGROOM_EMULATOR_PROXY"
"""Set beside a proxy variable that leads to the sandbox's own emulator, which knows no way to a registry."""

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_ASKED = (*_PROXIES, "GOPROXY")


def drop_emulator_proxy(given: Mapping[str, str]) -> dict[str, str]:
    """Return `given` as a package client should see it: without a proxy that leads to the emulator.

    :param given: The caller's environment.
    """
    emulator = given.get(EMULATOR)
    names = {*_PROXIES, *(name.lower() for name in _PROXIES)}
    return {name: value for name, value in given.items() if name not in names or value != emulator}


def clean_environment(given: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Return `given` as a build should see it: without the emulator's proxy, and with all that Go needs.

    :param given: The caller's environment.
    :param cache: Where Go keeps its files if there is no home directory.
    """
    kept = drop_emulator_proxy(given)
    # As official builds are made; and all tools share what they compile.
    kept["CGO_ENABLED"] = "0"
    if "GOGC" not in kept:
        # Each compiler lives for seconds: collecting garbage took it a fifth of them.
        kept |= {"GOGC": "off", "GOMEMLIMIT": kept.get("GOMEMLIMIT", "1GiB")}
    if not kept.get("HOME"):
        kept.setdefault("GOPATH", str(cache / "go"))
        kept.setdefault("GOCACHE", str(cache / "go-build"))
    return kept


def list_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Map the names of the proxy variables in `environment` to their values, without credentials."""
    names = [*_ASKED, *(name.lower() for name in _ASKED)]
    return {name: re.sub(r"(://)[^/@,|\s]*@", r"\1", environment[name]) for name in names if environment.get(name)}


def default_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return where tools are kept: `STRONGROOM_CACHE`; if omitted, defaults to `private_cache()`."""
    environment = os.environ if environment is None else environment
    named = environment.get("STRONGROOM_CACHE")
    return Path(named).expanduser().absolute() if named else private_cache(environment)


def private_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return `strongroom` in the user's cache directory; without a home, a directory of the user's in `TMPDIR`."""
    environment = os.environ if environment is None else environment
    if base := environment.get("XDG_CACHE_HOME"):
        return Path(base).expanduser() / "strongroom"
    home = environment.get("HOME")
    if home and is_writable(Path(home)):
        return Path(home) / ".cache" / "strongroom"
    directory = Path(tempfile.gettempdir()) / f"strongroom-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if found.st_uid != os.getuid() or directory.is_symlink() or found.st_mode & 0o077:
        raise PermissionError(f"{directory} is not a directory of this user's alone")
    return directory


def is_writable(directory: Path) -> bool:
    """Whether files can be made in `directory`, or it can be made."""
    there = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
