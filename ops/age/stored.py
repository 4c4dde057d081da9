"""Objects of a store, by what it says of their versions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from strongroom.policy.rules import Declared

from ..verify.deployment import GENERATED


@dataclass(frozen=True)
class Version:
    """The version of an object that is read."""

    name: str
    written: datetime
    expires: datetime | None


@dataclass(frozen=True)
class StoredObject:
    """An object that workloads read."""

    name: str
    """Its name, with the version if one is pinned."""

    find: Callable[[], Version]
    """Find the version that is read; raises `AbsentError` if there is none, `NotAllowedError` if the caller may not
    look, and `OpsError` if the store can't be reached."""

    right: str
    """How the caller gets the right to look."""

    writer: Declared | None
    """The resource by which the stack writes it; `None` if others write it."""

    write: str
    """How its owner writes a new version, if the stack doesn't."""

    every: timedelta | None
    """The age at which an update writes a new version; `None` if none does by itself."""

    @property
    def fix(self) -> str:
        """How to make it new."""
        if self.writer is None:
            return self.write
        generated = [urn for urn in self.writer.dependencies if GENERATED in urn]
        replaced = "".join(f" --replace '{urn}'" for urn in generated)
        return f"pulumi up{replaced}" if generated else self.write_in_file

    @property
    def write_in_file(self) -> str:
        """How to make one new whose value is in the stack's file."""
        return "set another value in the stack's file, then pulumi up"
