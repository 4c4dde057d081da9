"""Origins of objects with the names of what an interrupted update was creating."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from strongroom.policy.rules import Declared

from ..timestamps import format_time

_LATE = timedelta(minutes=1)
"""How long after an engine's last state a server may still have created an object, clock differences included."""

Maker = Literal["stack", "other", "nobody", "unknown"]


@dataclass(frozen=True)
class Origin:
    """The maker of an object, with the reason."""

    maker: Maker
    """The stack's update; another; `nobody` if the object does not exist; or `unknown`."""

    reason: str = ""
    """Description of the object and its maker, e.g. `namespace shop exists, made by kubectl-create at
    2026-01-01T00:00:00Z`."""

    fix: str = ""
    """The setting or the command that leaves it alone or adopts it."""


OWN, ABSENT = Origin("stack"), Origin("nobody")


@dataclass(frozen=True)
class InterruptedUpdate:
    """The time span of an update that left pending operations; each end is `None` if unknown."""

    begun: datetime | None = None
    """When its engine locked the stack."""

    last_seen: datetime | None = None
    """When its engine wrote the state for the last time."""

    def judge(self, made: datetime | None, seen: str, fix: str) -> Origin:
        """Judge an object by its time of creation, if all else matches the stack.

        :param made: When it was created; `None` if unknown.
        :param seen: Description of the object and its creation.
        :param fix: What to do if it is foreign.
        """
        if made is None or self.begun is None or self.last_seen is None:
            return Origin("unknown", f"{seen}; when the interrupted update ran is not known", fix)
        # Servers count whole seconds.
        if made < self.begun.replace(microsecond=0):
            return Origin("other", f"{seen}, before the interrupted update began at {format_time(self.begun)}", fix)
        if made > self.last_seen + _LATE:
            return Origin(
                "unknown",
                f"{seen}, after the interrupted update was last at work at {format_time(self.last_seen)}",
                fix,
            )
        return OWN


class Examiner(Protocol):
    """A search for origins on one server, with the caller's rights."""

    def knows(self, resource: Declared) -> bool:
        """Return whether a resource of that kind can be examined here."""
        ...

    def examine(self, resource: Declared, update: InterruptedUpdate) -> Origin:
        """Find the origin of the object in the place of `resource`.

        :param update: The update that was creating it.
        :raises OpsError: The server can't be reached, or refuses this caller.
        """
        ...
