"""What `verify` needs of a store: to let a workload in, to read what it declares, to refuse the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from ..cluster.client import ProviderClass
from ..errors import AbsentError
from ..pulumi.stack import DeployedWorkload

if TYPE_CHECKING:
    from ..verify.check import Check
    from ..verify.deployment import Deployment
    from ..verify.digests import Digests


class DeniedError(Exception):
    """The store refused: why, and what to do where it should not have."""


class NotTriedError(Exception):
    """It can't be tried here: why."""


class MissingError(AbsentError):
    """The store has not what a class promises."""

    def __init__(self, told: str, part: Literal["object", "version", "key"]) -> None:
        """
        :param told: What the store said.
        :param part: What is missing; a version that is disabled counts as missing.
        """
        super().__init__(told)
        self.part = part


@dataclass(frozen=True)
class Promise:
    """A file that a class promises."""

    file: str
    """Its name below the mount path."""

    place: str
    """Where the store keeps its value."""

    read: Callable[["Session"], None]
    """Read it and drop it; raises `DeniedError`, or `MissingError` where it isn't there."""

    find_change: Callable[["Session"], datetime | None] = lambda _: None
    """Find out when its version was written, if the store says; raises what `read` does."""


@dataclass(frozen=True)
class Limit:
    """Something that must be refused."""

    what: str
    """As the reader is told, e.g. `is refused listing`."""

    attempts: Mapping[str, Callable[[], object]]
    """What to try, by name; each must raise `DeniedError`."""

    reason: str | None = None
    """Why it isn't tried, where it isn't."""


class Session(Protocol):
    """A workload, let in."""

    name: str
    """Who it is to the store."""

    def limits(self, workload: DeployedWorkload) -> Sequence[Limit]:
        """What this workload must be refused."""
        ...

    def close(self) -> None:
        """End it."""
        ...

    def inspect(
        self, workload: DeployedWorkload, deployment: "Deployment", digests: "Digests | None"
    ) -> Iterable["Check"]:
        """Compare what the store says to the workload itself with what was deployed for it.

        :param digests: Those of the values that the stack wrote; if `None`, values are not compared.
        """
        ...


class Store(Protocol):
    """A store, as a workload meets it: with nothing but what the workload has."""

    admission: str
    """What being let in is called, e.g. `logs in by its role`."""

    door: str
    """What lets it in, e.g. `its role`."""

    shared: str | None
    """Why other workloads are let in by the same door, where they are."""

    def promises(self, provider_class: ProviderClass) -> Sequence[Promise]:
        """The files that a class promises."""
        ...

    def admit(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> Session:
        """Let a workload in with a token of a service account; empty where it needs none.

        :raises DeniedError: It isn't let in.
        :raises NotTriedError: Only a node of the cluster can try.
        :raises OpsError: The store can't be asked.
        """
        ...
