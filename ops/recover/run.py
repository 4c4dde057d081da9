"""Recovery of a stack after a crash: the lock of a dead engine, and pending operations."""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from pulumi import automation

from strongroom.policy.rules.rule import at

from ..errors import OpsError
from ..origins.origin import InterruptedUpdate, Origin
from ..pulumi.engine import read_last_line, select_stack
from ..pulumi.project import find_workspace, read_project
from ..pulumi.stack import export_state, run_pulumi
from ..timestamps import parse_time
from .orphans import end_orphaned_plugins
from .pending_operations import list_created, repair_state

_WAIT_SECONDS = 60.0
"""Seconds that an engine whose program died may take to end."""

OnStep = Callable[[str], None]


@dataclass
class Recovered:
    """The result of a recovery, with resources by their URNs."""

    unlocked: bool = False
    """Whether a dead engine's lock was removed."""

    ended: list[str] = field(default_factory=list[str])
    """Plugins that a dead engine had left running."""

    found: list[str] = field(default_factory=list[str])
    """Resources with pending operations that exist: the state has them as they are."""

    gone: list[str] = field(default_factory=list[str])
    """Resources with pending operations that don't exist."""

    dropped: list[str] = field(default_factory=list[str])
    """Resources that were being created and are in the state alone: the next update creates them."""

    left: dict[str, str] = field(default_factory=dict[str, str])
    """Foreign resources in the place of those that were being created, with their origin and a fix; not in the
    state."""


def recover(stack: str, on_step: OnStep, *, adopt: bool | None = None) -> Recovered:
    """Repair the state of `stack` after an interrupted update.

    A dead engine's lock is removed, a running engine is waited for. What was being created, changed or deleted is
    looked up at its server, and the state is set to what exists; nothing is created, changed or deleted. Plugins of
    dead engines, which have their credentials, are ended. A recovery may itself be interrupted, and run again.

    A foreign object with the name of what was being created is not taken into the state: the stack would delete it.

    :param on_step: Called with a message before each step that takes long.
    :param adopt: Whether objects of unknown origin are taken into the state (`True`) or left alone (`False`); if
        omitted, the recovery fails on them.
    :raises OpsError: An engine still works on the stack, or may, from another machine; the Pulumi CLI is missing or
        fails; a server can't be reached; or an origin is unknown, and `adopt` is omitted.
    """
    files = _find_files(stack)
    locks = _wait_for_engines(stack, files, on_step) if files else []
    done = Recovered(unlocked=bool(locks))
    done.ended = end_orphaned_plugins(os.environ)
    if files is not None:
        _repair_attributes(files.beside)
    whole = export_state(stack)
    deployment: dict[str, Any] = whole.get("deployment") or {}
    # Before the lock is removed: only the lock has the time when the update began.
    origins = _trace_origins(stack, deployment, locks, on_step)
    if adopt is None:
        _refuse_unknown(stack, origins)
    if locks:
        run_pulumi(stack, "cancel", "--yes", "--stack", stack)
    own = {urn for urn, origin in origins.items() if origin.maker == "stack" or (origin.maker == "unknown" and adopt)}
    after = repair_state(deployment, own)
    done.dropped = after.dropped
    done.gone = [urn for urn in after.left if origins[urn].maker == "nobody"]
    done.left = {
        urn: f"{origins[urn].reason}: {origins[urn].fix}" for urn in after.left if origins[urn].maker != "nobody"
    }
    if deployment.get("pending_operations"):
        run_pulumi(
            stack,
            "stack",
            "import",
            "--stack",
            stack,
            standard_input=json.dumps({**whole, "deployment": after.deployment}),
        )
    if after.uncertain:
        on_step(f"reading {len(after.uncertain)} resources with pending operations from their servers")
        there = _refresh(stack, after.uncertain)
        done.found = [urn for urn in after.uncertain if urn in there]
        done.gone += [urn for urn in after.uncertain if urn not in there]
    return done


def _trace_origins(
    stack: str, deployment: Mapping[str, Any], locks: Sequence[Mapping[str, Any]], on_step: OnStep
) -> dict[str, Origin]:
    """Find the origins of what was being created, by URN."""
    created = list_created(deployment)
    if not created:
        return {}
    from ..origins.trace import trace_origins  # noqa: PLC0415 - it loads clients of every server

    on_step(f"finding the origin of {len(created)} resources with pending operations")
    update = InterruptedUpdate(
        # Of several, the last one: what is older may be foreign.
        max((datetime.fromisoformat(lock["timestamp"]) for lock in locks), default=None),
        parse_time(at(deployment, "manifest", "time")),
    )
    return trace_origins(stack, created, deployment.get("resources") or (), update)


def _refuse_unknown(stack: str, origins: Mapping[str, Origin]) -> None:
    """Refuse resources of unknown origin.

    :raises OpsError: There are some.
    """
    unknown = [origin for origin in origins.values() if origin.maker == "unknown"]
    if not unknown:
        return
    listed = "; ".join(origin.reason for origin in unknown)
    command = f"strongroom recover --stack {stack}"
    raise OpsError(
        f"An update of stack {stack!r} was interrupted while it created objects that exist now, and their origin is "
        f"unknown: {listed}. If the stack created them, which will then delete them, run `{command} --adopt`; if not, "
        f"run `{command} --leave`. Until then the state and its lock stay unchanged"
    )


def _refresh(stack: str, urns: list[str]) -> set[str]:
    """Refresh `urns`; return the URNs of all resources of the state afterwards."""
    try:
        select_stack(stack).refresh(target=urns, color="never", suppress_outputs=True, suppress_progress=True)
    except automation.CommandError as error:
        raise OpsError(f"Stack {stack!r} can't be compared with its servers: {read_last_line(error)}") from None
    return {resource["urn"] for resource in export_state(stack)["deployment"].get("resources") or ()}


@dataclass(frozen=True)
class _Files:
    """Files of one stack in a backend on disk."""

    locks: Path
    """The directory with a file for each engine that works on it."""

    beside: Path
    """The file beside the state."""


def _repair_attributes(beside: Path) -> None:
    """Remove the attributes file beside the state if a killed engine left it empty: the state would be unreadable.

    It holds the content type and an unused digest; without it, the state is read as it is. With `?metadata=skip` in the
    backend's URL there is none. (Go Cloud docs: "fileblob")
    """
    try:
        json.loads(beside.read_text())
    except FileNotFoundError:
        return
    except ValueError:
        beside.unlink()


def _wait_for_engines(stack: str, files: _Files, on_step: OnStep) -> list[Mapping[str, Any]]:
    """Wait until no engine works on the stack, and return the locks of dead ones of this machine.

    :raises OpsError: One works longer, or may, from another machine.
    """
    end, is_reported = time.monotonic() + _WAIT_SECONDS, False
    while locks := [lock for file in sorted(files.locks.glob("*.json")) if (lock := _read_lock(file))]:
        foreign = [lock for lock in locks if lock["hostname"] != socket.gethostname()]
        living = foreign or [lock for lock in locks if _is_alive(lock)]
        if not living:
            return locks
        who = f"pulumi (pid {living[0]['pid']} on {living[0]['hostname']})"
        if foreign or time.monotonic() > end:
            raise OpsError(
                f"Stack {stack!r} is locked by {who} since {living[0]['timestamp']}: wait for it; "
                f"if it is certainly dead, run `pulumi cancel --stack {stack}`"
            )
        if not is_reported:
            on_step(f"waiting for {who}, which still works on this stack")
            is_reported = True
        time.sleep(0.2)
    return []


def _find_files(stack: str) -> _Files | None:
    """Find the backend's files; `None` if it keeps none: its locks end by themselves, or by `pulumi cancel`.

    (Pulumi docs: "DIY backends")
    """
    backend: str = json.loads(run_pulumi(stack, "whoami", "--verbose", "--json"))["url"]
    if not backend.startswith("file://"):
        return None
    home = Path(backend.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi"
    project: str = read_project(find_workspace())["name"]
    return _Files(home / "locks" / "organization" / project / stack, home / "stacks" / project / f"{stack}.json.attrs")


def _read_lock(file: Path) -> Mapping[str, Any] | None:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None  # it was removed since, or is being written


def _is_alive(lock: Mapping[str, Any]) -> bool:
    """Return whether the process that holds `lock` still runs, and its id is not reused."""
    try:
        process = psutil.Process(int(lock["pid"]))
        born = process.create_time()
        dead = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return not dead and born <= datetime.fromisoformat(lock["timestamp"]).timestamp()
