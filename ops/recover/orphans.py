"""Plugins that an engine left running when it was killed: they have its credentials in their environment."""

import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil

_PLUGIN = re.compile(r"pulumi-(resource|language|analyzer)-[a-z0-9-]+(\.exe)?")
_MODULES = {"pulumi.dynamic": "pulumi-resource-pulumi-python", "pulumi.policy": "pulumi-analyzer-policy-python"}
"""Plugins that are modules of the Python SDK: their programs are scripts that become these."""

_ADDRESS = re.compile(r"(127\.0\.0\.1|localhost):(\d+)")
_GRACE_SECONDS = 5.0
"""Seconds that a plugin may take to end before it is killed."""


def end_orphaned_plugins(environment: Mapping[str, str]) -> list[str]:
    """End the plugins whose engine has ended, and list them.

    An engine starts each plugin with its own address as an argument, and ends them when it ends; not if it is killed.
    Plugins of this user and of the same PULUMI_HOME are ended if their engine no longer responds; no other process is.
    (Pulumi docs: "How Pulumi works", "Language hosts", "Resource providers")

    :param environment: The engine's environment.
    """
    orphans = dict(_find_orphans(_find_home(environment)))
    for process in orphans:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.terminate()
    _, alive = psutil.wait_procs(orphans, _GRACE_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()
    return sorted(f"{name} ({process.pid})" for process, name in orphans.items())


def _find_orphans(home: Path) -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            name = _name_plugin(words)
            address = next((match for word in words[1:] if (match := _ADDRESS.fullmatch(word))), None)
            own = name and address and process.uids().real == os.getuid() and _find_home(process.environ()) == home
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
        if own and name and address and not _is_listening(int(address[2])):
            yield process, name


def _name_plugin(words: Sequence[str]) -> str | None:
    # The second word is the program where the first is an interpreter.
    names = [Path(word).name for word in words[:2]]
    modules = [_MODULES[after] for word, after in pairwise(words) if word == "-m" and after in _MODULES]
    return next((each for each in (*names, *modules) if _PLUGIN.fullmatch(each)), None)


def _find_home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("PULUMI_HOME") or "~/.pulumi").expanduser().resolve()


def _is_listening(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return True  # the engine may still be there
