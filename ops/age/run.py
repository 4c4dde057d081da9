"""Ages of the objects that a stack's workloads read, against their limits."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from strongroom.components.durations import parse_age_seconds
from strongroom.policy.rules import Declared

from ..errors import AbsentError, NotAllowedError, OpsError
from ..findings import Finding
from ..pulumi.stack import DeclaredObject, DeployedStack, VaultStore
from ..timestamps import format_time
from ..verify.deployment import Deployment
from .stored import StoredObject

_NEAR = timedelta(days=30)
"""How long before its end an object is near it, as in Key Vault's own events. (Microsoft Learn: "Azure Key Vault as
Event Grid source")"""

_UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


@dataclass(frozen=True)
class Age(Finding):
    """The age of an object: `warning` if it ends soon, `failed` if it is too old or its age can't be found out."""

    workloads: Sequence[str] = ()
    """The workloads that read it."""

    version: str | None = None
    written: str | None = None
    expires: str | None = None


def parse_age(text: str, option: str = "--older-than") -> timedelta:
    """Parse an age, e.g. `90d`.

    :param text: The age.
    :param option: What it was given for.
    :raises OpsError: It is none.
    """
    try:
        return timedelta(seconds=cast("int", parse_age_seconds(text)))
    except ValueError as error:
        raise OpsError(f"{option}: {text!r} {error}") from None


def list_ages(
    stack: DeployedStack, resources: Collection[Declared], older_than: timedelta | None = None
) -> Sequence[Age]:
    """List the ages of all objects that workloads declare, each once.

    :param stack: The stack.
    :param resources: Its state.
    :param older_than: The oldest that is allowed; if omitted, only what has expired in the store is too old, or should
        have been made anew by an update.
    :raises UnreachableError: The store doesn't respond.
    """
    describe = open_objects(stack, Deployment(stack, resources))
    objects: dict[str, StoredObject] = {}
    readers: dict[str, dict[str, None]] = {}
    for workload in stack.workloads:
        for declared in workload.objects:
            stored = describe(declared)
            objects[stored.name] = stored
            readers.setdefault(stored.name, {})[workload.path] = None
    return [_judge(stored, [*readers[name]], older_than) for name, stored in sorted(objects.items())]


def open_objects(stack: DeployedStack, deployment: Deployment) -> Callable[[DeclaredObject], StoredObject]:
    """Return a function that describes an object of the stack's store.

    :param stack: The stack.
    :param deployment: Its resources.
    """
    # For Vault, no client of Azure is loaded, and the other way round.
    if isinstance(stack.backend, VaultStore):
        from .vault import open_metadata  # noqa: PLC0415

        return open_metadata(stack.backend, deployment)
    from .key_vault import open_attributes  # noqa: PLC0415

    return open_attributes(stack.backend, deployment)


def _judge(stored: StoredObject, workloads: Sequence[str], older_than: timedelta | None) -> Age:
    try:
        version = stored.find()
    except AbsentError as error:
        return Age(stored.name, "failed", str(error), stored.fix, workloads)
    except NotAllowedError as error:
        return Age(stored.name, "failed", f"not found out: {error}", stored.right, workloads)
    now = datetime.now(UTC)
    age, left = now - version.written, version.expires - now if version.expires else None
    limit = min((each for each in (older_than, stored.every) if each is not None), default=None)
    overdue = stored.every is not None and age > stored.every
    old = limit is not None and age > limit
    ended = left is not None and left <= timedelta()
    near = left is not None and left <= _NEAR
    seen = f"written {_format(age)} ago"
    if limit is not None and old:
        seen += f", which is more than {_format(limit)}"
    if left is not None:
        seen += f"; expired {_format(-left)} ago" if ended else f"; expires in {_format(left)}"
    return Age(
        stored.name,
        "failed" if old or ended else "warning" if near else "ok",
        seen,
        "pulumi up" if overdue else stored.fix if old or near else "",
        workloads,
        version.name,
        format_time(version.written),
        format_time(version.expires) if version.expires else None,
    )


def _format(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS.items() if seconds >= size), ("second", 1))
    count = seconds // size
    return f"{count} {unit}" + ("" if count == 1 else "s")
