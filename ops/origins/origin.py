"""What is known of the maker of something that has the name of what an interrupted update was creating."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from strongroom.policy.rules import Declared

from ..timestamps import format_time

_LATE = timedelta(minutes=1)
"""How long after an engine wrote its last state a server may still have obeyed it, clocks that differ included."""

Maker = Literal["stack", "other", "nobody", "unknown"]


@dataclass(frozen=True)
class Origin:
    """Who made it, and how that is known."""

    maker: Maker
    """The stack's interrupted update; somebody else; `nobody` if there is no such thing; `unknown` if nothing tells."""

    reason: str = ""
    """What there is and who made it, e.g. `namespace shop exists, made by kubectl-create at 2026-01-01T00:00:00Z`."""

    fix: str = ""
    """The setting or the command that leaves it alone or adopts it."""


OWN, ABSENT = Origin("stack"), Origin("nobody")


@dataclass(frozen=True)
class Interrupted:
    """When an update ran that was interrupted; each end is `None` if it is not known."""

    begun: datetime | None = None
    """When its engine locked the stack."""

    last_seen: datetime | None = None
    """When its engine wrote the state for the last time."""

    def judge(self, made: datetime | None, seen: str, fix: str) -> Origin:
        """Judge something by when it was made, where everything else says that it is the stack's.

        :param made: When it was made; `None` if its server doesn't say.
        :param seen: What there is and when it was made.
        :param fix: What to do if it is somebody else's.
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
    """Looks on one server, with the caller's rights."""

    def knows(self, resource: Declared) -> bool:
        """Tell whether a resource of that kind can be looked for here."""
        ...

    def examine(self, resource: Declared, interrupted: Interrupted) -> Origin:
        """Find out who made what is in the place of `resource`.

        :param interrupted: The update that was creating it.
        :raises OpsError: The server can't be asked, or not by this caller.
        """
        ...
