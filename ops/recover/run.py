"""After a crash: the lock of an engine that is dead, and operations of which nobody saw the end."""

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
import yaml
from pulumi import automation

from strongroom.policy.rules.rule import at

from ..errors import OpsError
from ..origins.origin import Interrupted, Origin
from ..pulumi.engine import driving, last_line
from ..pulumi.stack import exported, run_pulumi, workspace
from ..timestamps import parse_time
from .orphans import end_orphaned_plugins
from .pending_operations import list_created, mended

_PATIENCE = 60.0
"""Seconds that an engine whose program died may take to end."""

Say = Callable[[str], None]


@dataclass
class Recovered:
    """What was done, resources by their URNs."""

    unlocked: bool = False
    """Whether a dead engine's lock was taken away."""

    ended: list[str] = field(default_factory=list[str])
    """Plugins that a dead engine had left running."""

    found: list[str] = field(default_factory=list[str])
    """Resources that the interrupted update was at, and that exist: the state has them as they are."""

    gone: list[str] = field(default_factory=list[str])
    """Resources that it was at, and that don't exist."""

    dropped: list[str] = field(default_factory=list[str])
    """Resources that it was making and that are nowhere but in the state: the next update makes them."""

    left: dict[str, str] = field(default_factory=dict[str, str])
    """Resources that it was making, and that are not the stack's: who made them, and what to do. The state hasn't
    them."""


def recover(stack: str, say: Say, *, adopt: bool | None = None) -> Recovered:
    """Make the state of `stack` true again after an update that was cut short.

    The lock of an engine that is dead is taken away, one that lives is waited for. What was being created, changed or
    deleted is looked up at its server, and the state says what is there; nothing is created, changed or deleted.
    Plugins of dead engines, which have their credentials, are ended. It may be cut short itself, and run again.

    What somebody else made under the name of what was being created is no part of the stack, which would delete it.

    :param say: Told of what takes long.
    :param adopt: What to do with what exists where no server says who made it: `True` to take it into the state,
        `False` to leave it alone. If omitted, recovering it is refused.
    :raises OpsError: An engine still works on the stack, or may, from another machine; the Pulumi CLI is missing or
        fails; a server can't be asked; or it is not known who made something, and `adopt` doesn't say.
    """
    files = _files(stack)
    locks = _wait_for_engines(stack, files, say) if files else []
    done = Recovered(unlocked=bool(locks))
    done.ended = end_orphaned_plugins({**os.environ, **workspace(stack).environment})
    if files is not None:
        _mend(files.beside)
    whole = exported(stack)
    deployment: dict[str, Any] = whole.get("deployment") or {}
    # Before the lock goes: it alone says when the update began.
    origins = _trace_origins(stack, deployment, locks, say)
    if adopt is None:
        _refuse_unknown(stack, origins)
    if locks:
        run_pulumi(stack, "cancel", "--yes", "--stack", stack)
    own = {urn for urn, origin in origins.items() if origin.maker == "stack" or (origin.maker == "unknown" and adopt)}
    after = mended(deployment, own)
    done.dropped = after.dropped
    done.gone = [urn for urn in after.left if origins[urn].maker == "nobody"]
    done.left = {
        urn: f"{origins[urn].reason}: {origins[urn].fix}" for urn in after.left if origins[urn].maker != "nobody"
    }
    if deployment.get("pending_operations"):
        run_pulumi(
            stack, "stack", "import", "--stack", stack, told=json.dumps({**whole, "deployment": after.deployment})
        )
    if after.uncertain:
        say(f"asking the servers about {len(after.uncertain)} resources that an update was interrupted at")
        there = _refreshed(stack, after.uncertain)
        done.found = [urn for urn in after.uncertain if urn in there]
        done.gone += [urn for urn in after.uncertain if urn not in there]
    return done


def _trace_origins(
    stack: str, deployment: Mapping[str, Any], locks: Sequence[Mapping[str, Any]], say: Say
) -> dict[str, Origin]:
    """Find out who made what was being created, by URN."""
    created = list_created(deployment)
    if not created:
        return {}
    from ..origins.trace import trace_origins  # noqa: PLC0415 - it loads clients of every server

    say(f"looking for who made {len(created)} resources that an update was interrupted at")
    interrupted = Interrupted(
        # Of several, the last: what is older than that may be somebody else's.
        max((datetime.fromisoformat(lock["timestamp"]) for lock in locks), default=None),
        parse_time(at(deployment, "manifest", "time")),
    )
    return trace_origins(stack, created, deployment.get("resources") or (), interrupted)


def _refuse_unknown(stack: str, origins: Mapping[str, Origin]) -> None:
    """Refuse to choose where nothing tells who made something.

    :raises OpsError: There is such a thing.
    """
    unknown = [origin for origin in origins.values() if origin.maker == "unknown"]
    if not unknown:
        return
    listed = "; ".join(origin.reason for origin in unknown)
    command = f"strongroom recover --stack {stack}"
    raise OpsError(
        f"Stack {stack!r} was interrupted while it made what exists now, and it is not known who made it: {listed}. "
        f"If the stack did, which will then delete it: `{command} --adopt`; if somebody else did: `{command} --leave`. "
        "Until then its state and its lock stay as they are"
    )


def _refreshed(stack: str, urns: list[str]) -> set[str]:
    """Have the engine read `urns`; every resource that the state has after."""
    with driving(stack) as driven:
        try:
            driven.refresh(target=urns, color="never", suppress_outputs=True, suppress_progress=True)
        except automation.CommandError as error:
            raise OpsError(f"Stack {stack!r} can't be compared with its servers: {last_line(error)}") from None
    return {resource["urn"] for resource in exported(stack)["deployment"].get("resources") or ()}


@dataclass(frozen=True)
class _Files:
    """What a backend that keeps files has of one stack."""

    locks: Path
    """The directory with a file for each engine that works on it."""

    beside: Path
    """The file beside the state."""


def _mend(beside: Path) -> None:
    """Remove what a killed engine leaves of the file beside the state: empty, it makes the state unreadable.

    It holds the type of the contents and a digest that nobody compares; where it is missing, the state is read as it
    is. With `?metadata=skip` in the backend's URL there is none. (Go Cloud docs: "fileblob")
    """
    try:
        json.loads(beside.read_text())
    except FileNotFoundError:
        return
    except ValueError:
        beside.unlink()


def _wait_for_engines(stack: str, files: _Files, say: Say) -> list[Mapping[str, Any]]:
    """Wait until no engine works on the stack, and return the locks of dead ones of this machine.

    :raises OpsError: One works longer, or may, from another machine.
    """
    end, told = time.monotonic() + _PATIENCE, False
    while locks := [lock for file in sorted(files.locks.glob("*.json")) if (lock := _read(file))]:
        foreign = [lock for lock in locks if lock["hostname"] != socket.gethostname()]
        living = foreign or [lock for lock in locks if _lives(lock)]
        if not living:
            return locks
        who = f"pulumi (pid {living[0]['pid']} on {living[0]['hostname']})"
        if foreign or time.monotonic() > end:
            raise OpsError(
                f"Stack {stack!r} is locked by {who} since {living[0]['timestamp']}: wait for it; "
                f"if it is dead for certain, run `pulumi cancel --stack {stack}`"
            )
        if not told:
            say(f"waiting for {who}, which still works on this stack")
            told = True
        time.sleep(0.2)
    return []


def _files(stack: str) -> _Files | None:
    """Where the backend keeps files, if it does; elsewhere, locks end by themselves, or by `pulumi cancel`.

    (Pulumi docs: "DIY backends")
    """
    backend: str = json.loads(run_pulumi(stack, "whoami", "--verbose", "--json"))["url"]
    if not backend.startswith("file://"):
        return None
    home = Path(backend.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi"
    project: str = yaml.safe_load((workspace(stack).project / "Pulumi.yaml").read_text())["name"]
    return _Files(home / "locks" / "organization" / project / stack, home / "stacks" / project / f"{stack}.json.attrs")


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None  # it was taken away meanwhile, or is being written


def _lives(lock: Mapping[str, Any]) -> bool:
    """Whether the process that holds `lock` is there: that one, and not another that has its id now."""
    try:
        process = psutil.Process(int(lock["pid"]))
        born = process.create_time()
        dead = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return not dead and born <= datetime.fromisoformat(lock["timestamp"]).timestamp()
