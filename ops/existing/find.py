"""What a stack would run into: found before anything is created."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from strongroom.policy.rules import Declared

from ..errors import OpsError
from ..findings import Finding
from .identity import Owned, derive_key


@dataclass(frozen=True)
class Existing:
    """Something that is on a server already."""

    what: str
    """What it is, and who made it if that is known, e.g. `namespace team (made by kubectl-create)`."""

    fix: str
    """The setting or the command that leaves it alone or adopts it."""

    adopted: bool = False
    """Whether the caller chose that an update takes it over."""

    made: datetime | None = None
    """When it was made, if its server says so and the finder reads it."""


@dataclass(frozen=True)
class New:
    """What a stack declares, and what it has of that."""

    resources: Collection[Declared]
    """What it declares."""

    owned: Owned
    """What its state holds."""


class Finder(Protocol):
    """Looks on one server, with the caller's rights."""

    name: str
    """What its findings are called."""

    def knows(self, resource: Declared) -> bool:
        """Tell whether a resource of that kind is looked for here."""
        ...

    def find(self, resource: Declared) -> Existing | None:
        """Find what is in the place of `resource`; `None` if nothing is.

        :raises OpsError: The server can't be asked, or not by this caller.
        """
        ...


def find_existing(finder: Finder, new: New) -> Iterator[Finding]:
    """Compare what a stack is to create with what is there and isn't its own."""
    sought = [
        resource
        for resource in new.resources
        if finder.knows(resource) and (key := derive_key(resource)) and key not in new.owned.keys
    ]
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    is_free = True
    for resource in sought:
        try:
            found = finder.find(resource)
        except OpsError as error:
            reasons[str(error)].append(resource.name)
            continue
        if found is None:
            continue
        is_free = False
        if new.owned.unknown:
            seen = f"{found.what} exists; whether it is this stack's own is not known: {new.owned.unknown}"
            yield Finding.skipped(seen, name=finder.name)
        elif found.adopted:
            yield Finding.warning(f"{found.what} exists, and the update takes it over", found.fix, name=finder.name)
        else:
            yield Finding.failed(f"{found.what} exists, and is not this stack's own", found.fix, name=finder.name)
    for reason, names in reasons.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Finding.skipped(f"{names[0]}{more}: {reason}", name=finder.name)
    if is_free and not reasons:
        yield Finding.ok(f"nothing is in the place of the {len(sought)} that are to be created", name=finder.name)
