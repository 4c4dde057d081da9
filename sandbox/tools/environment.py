"""The environment of builds and downloads, and the directories that they write to."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import ANOTHER_CACHE, ToolError, nearest

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
    :param cache: Where Go keeps its files if there is no home directory, or it can't be written to.
    """
    kept = drop_emulator_proxy(given)
    # As official builds are made; and all tools share what they compile.
    kept["CGO_ENABLED"] = "0"
    if "GOGC" not in kept:
        # Each compiler lives for seconds: collecting garbage took it a fifth of them.
        kept |= {"GOGC": "off", "GOMEMLIMIT": kept.get("GOMEMLIMIT", "1GiB")}
    home = kept.get("HOME")
    if not home or not is_writable(Path(home) / "go"):
        kept.setdefault("GOPATH", str(cache / "go"))
    if not home or not is_writable(Path(kept.get("XDG_CACHE_HOME") or f"{home}/.cache") / "go-build"):
        kept.setdefault("GOCACHE", str(cache / "go-build"))
    return kept


def list_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Map the names of the proxy variables in `environment` to their values, without credentials."""
    names = [*_ASKED, *(name.lower() for name in _ASKED)]
    return {name: re.sub(r"(://)[^/@,|\s]*@", r"\1", environment[name]) for name in names if environment.get(name)}


def default_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return where tools are kept: `STRONGROOM_CACHE`, or `strongroom` in the user's cache directory.

    One that is there is used even if it can't be written to: it is read. Without any, it is `private_cache()`.

    :raises ToolError: As in `private_cache`, or the variable names a home that is not known.
    """
    environment = os.environ if environment is None else environment
    if named := environment.get("STRONGROOM_CACHE"):
        return _expand("STRONGROOM_CACHE", named)
    own = _own_cache(environment)
    return own if own and os.access(own, os.R_OK | os.X_OK) and own.is_dir() else private_cache(environment)


def private_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return `strongroom` in the user's cache directory, or a directory of the user's in `TMPDIR`.

    :raises ToolError: Neither can be written to, or others may write to the second.
    """
    environment = os.environ if environment is None else environment
    own = _own_cache(environment)
    if own and is_writable(own):
        return own
    try:
        directory = Path(tempfile.gettempdir()) / f"strongroom-{os.getuid()}"
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise ToolError(
            f"There is no directory for tools that can be written to: {error}. Free one, or {ANOTHER_CACHE}"
        ) from None
    if found.st_uid != os.getuid() or directory.is_symlink() or found.st_mode & 0o077:
        raise ToolError(f"{directory} is not a directory of this user's alone. Delete it, or {ANOTHER_CACHE}")
    return directory


def is_writable(directory: Path) -> bool:
    """Return whether files can be made in `directory`, or it can be made."""
    there = nearest(directory)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _own_cache(environment: Mapping[str, str]) -> Path | None:
    if base := environment.get("XDG_CACHE_HOME"):
        return _expand("XDG_CACHE_HOME", base) / "strongroom"
    home = environment.get("HOME")
    return Path(home) / ".cache" / "strongroom" if home else None


def _expand(variable: str, named: str) -> Path:
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise ToolError(f"{variable}: {named!r} begins with a home that is not known. Name an absolute path") from None
