"""The interface of a store for `verify` and `doctor`: log a workload in, read what it declares, refuse the rest."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from ..cluster.client import ProviderClass
from ..errors import AbsentError
from ..pulumi.stack import DeployedWorkload

if TYPE_CHECKING:
    from ..verify.check import Check
    from ..verify.deployment import Deployment
    from ..verify.digests import Digests


class DeniedError(Exception):
    """The store refused. The text says why, and how to fix it if it should not have."""


class NotTriedError(Exception):
    """The request can't be made from here. The text says why."""


class MissingError(AbsentError):
    """The store lacks what a SecretProviderClass names."""

    def __init__(self, message: str, part: Literal["object", "version", "key", "field"]) -> None:
        """Keep the text and what is missing.

        :param message: The text.
        :param part: What is missing; a version that is disabled counts as missing.
        """
        super().__init__(message)
        self.part = part


@dataclass(frozen=True)
class CurrentVersion:
    """The version of an object that a workload reads."""

    name: str
    """Its name in the store."""

    written: datetime


@dataclass(frozen=True)
class ExpectedFile:
    """A file that a SecretProviderClass has the driver mount."""

    file: str
    """Its name below the mount path."""

    place: str
    """Where the store keeps its value."""

    read: Callable[["Session"], None]
    """Read the value and drop it; raises `DeniedError`, or `MissingError` if there is none."""

    find_version: Callable[["Session"], CurrentVersion | None] = lambda _: None
    """Find its version, if the store says so; raises what `read` does."""

    read_contents: "Callable[[Session], Mapping[str, bytes | None]]" = lambda _: {}
    """Read what its files hold, by their names: several if older versions are mounted, and `None` for a file that the
    provider converts. Raises what `read` does."""

    mode: int = 0o644
    """The permission that its files are written with. (Secrets Store CSI Driver docs: "Provider Implementation")"""

    optional: bool = False
    """Whether its key may be missing: the file is empty then."""

    object_id: str | None = None
    """Id by which the provider has the driver record its version; `None` if it records no version of the store's."""

    def may_lack(self, error: Exception) -> bool:
        """Check whether `error` is that its key is missing, which is allowed."""
        return self.optional and isinstance(error, MissingError) and error.part == "key"


def read_field(value: object, field: str) -> bytes | None:
    """Read a field of a JSON value as an agent's template does; `None` if it is formatted in a way of Go's own.

    :param value: The text, or the value that it stands for.
    :param field: The names that lead to it, with `.` between them.
    :raises MissingError: The value has no such field.
    """
    try:
        found: Any = json.loads(value) if isinstance(value, bytes) else value
    except ValueError:
        found = None
    for name in field.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise MissingError(f"its value is no JSON object with the field {field}", "field")
        found = cast("Mapping[str, Any]", found)[name]
    if isinstance(found, str):
        return found.encode()
    return None if isinstance(found, float | Mapping | list) else json.dumps(found).encode()


def format_keys(values: Mapping[str, object]) -> bytes | None:
    """Format an object's keys as an agent's `toUnescapedJSON` does; `None` if a value is no text."""
    if not all(isinstance(value, str) for value in values.values()):
        return None  # Numbers are formatted as they were written.
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # Go escapes JavaScript's line ends, too. (Go docs: "encoding/json", on `Marshal`)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def decode(text: str, encoding: str) -> bytes | None:
    """Decode a value as the provider does before it writes a file; `None` if it is not of that encoding."""
    try:
        if encoding == "base64":
            return base64.b64decode(text, validate=True)
        return bytes.fromhex(text) if encoding == "hex" else text.encode()
    except ValueError:
        return None


@dataclass(frozen=True)
class DeniedCheck:
    """Requests that the store must refuse."""

    what: str
    """Title of the check, e.g. `is refused listing`."""

    attempts: Mapping[str, Callable[[], object]]
    """The requests by name; each must raise `DeniedError`."""

    reason: str | None = None
    """Why the check is skipped, if it is."""


class Session(Protocol):
    """A workload's login."""

    name: str
    """Name that the store knows the workload by."""

    def list_denied_checks(self, workload: DeployedWorkload) -> Sequence[DeniedCheck]:
        """List what this workload must be refused."""
        ...

    def close(self) -> None:
        """Log out."""
        ...

    def inspect(
        self, workload: DeployedWorkload, deployment: "Deployment", digests: "Digests | None"
    ) -> Iterable["Check"]:
        """Compare what the store returns to the workload itself with what was deployed for it.

        :param digests: Digests of the values that the stack wrote; if `None`, values are not compared.
        """
        ...


class Store(Protocol):
    """A store, as a workload uses it: with the workload's own credentials alone."""

    login_title: str
    """Title of the check of a login, e.g. `logs in by its role`."""

    login_by: str
    """What allows a login, e.g. `its role`."""

    shared: str | None
    """Why other workloads can log in the same way, if they can."""

    def list_expected_files(self, provider_class: ProviderClass) -> Sequence[ExpectedFile]:
        """List the files that a SecretProviderClass has the driver mount."""
        ...

    def log_in(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> Session:
        """Log a workload in with a token of a service account; empty if it needs none.

        :raises DeniedError: The store refuses the login.
        :raises NotTriedError: Only a node of the cluster can log in.
        :raises OpsError: The store can't be reached.
        """
        ...


def build_reads(
    store: Store, workload: DeployedWorkload, provider_class: ProviderClass, token: str
) -> Mapping[str, Callable[[], None]]:
    """Build a login and a read for each file of a workload, by where its value is: what a revoked one must be refused.

    :param token: Of its service account.
    """

    def read(file: ExpectedFile) -> None:
        session = store.log_in(workload, provider_class, token)
        try:
            file.read(session)
        finally:
            session.close()

    return {file.place: partial(read, file) for file in store.list_expected_files(provider_class)}
