"""Vault, as a workload meets it: with nothing but its service account's token."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import requests
import yaml
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized, VaultDown, VaultError

from components.patience import READ_SECONDS, patience
from components.refusal import told
from components.vault.reach import VaultNode, client, connections, passing

from .cluster import ProviderClass
from .errors import OpsError, UnreachableError
from .stack import DeployedStack, DeployedWorkload, VaultStore
from .stores import DeniedError, Limit, MissingError, Promise, Session

_NEVER_A_VERSION = 2**31 - 1
"""A check-and-set parameter that no object matches: a write that is allowed after all changes nothing."""


class Vault:
    """A Vault and its workloads' roles."""

    admission = "logs in by its role"
    door = "its role"
    shared: str | None = None

    def __init__(self, stack: DeployedStack, store: VaultStore) -> None:
        """
        :param stack: The stack whose workloads read from it.
        :param store: The Vault.
        """
        self.stack = stack
        self.store = store

    def promises(self, provider_class: ProviderClass) -> Sequence[Promise]:
        """The files that a class promises."""
        entries: list[dict[str, Any]] = yaml.safe_load(provider_class.parameters["objects"]) or []
        return [_promise(entry["objectName"], entry["secretPath"], entry["secretKey"]) for entry in entries]

    def admit(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> "VaultSession":
        """Log in by the class's role."""
        del workload
        return VaultSession(self.stack, self.store, provider_class.parameters, token, self._clients)

    @cached_property
    def _clients(self) -> Callable[..., Any]:
        return vault_clients(self.store)


class VaultSession:
    """A login to Vault by a role."""

    def __init__(
        self,
        stack: DeployedStack,
        store: VaultStore,
        parameters: Mapping[str, str],
        token: str,
        clients: Callable[..., Any],
    ) -> None:
        """
        :param stack: The stack.
        :param store: The Vault.
        :param parameters: A SecretProviderClass's parameters, which say which role and which auth method.
        :param token: A service account's token.
        :param clients: As `vault_clients` makes them.
        :raises DeniedError: Vault doesn't let this token in by that role.
        :raises OpsError: Vault can't be asked.
        """
        self.name = parameters["roleName"]
        self._stack = stack
        self._store = store
        self._token = token
        self._client = clients(namespace=parameters.get("vaultNamespace"))
        self._ask(
            lambda: self._client.auth.kubernetes.login(
                role=parameters["roleName"], jwt=token, mount_point=parameters["vaultAuthMountPath"]
            )
        )

    def limits(self, workload: DeployedWorkload) -> Sequence[Limit]:
        """Others' objects, every folder's list, and writing its own."""
        data, metadata = f"{self._store.mount}/data", f"{self._store.mount}/metadata"
        own = {secret.object for secret in workload.objects}
        others = {secret.object for other in self._stack.workloads for secret in other.objects} - own
        folders = {name.rpartition("/")[0] for name in own | others}
        return [
            Limit(
                "is refused other workloads' objects",
                {name: lambda name=name: self.keys(f"{data}/{name}") for name in sorted(others)},
            ),
            Limit(
                "is refused listing",
                {
                    f"{folder}/": lambda folder=folder: self.list_below(f"{metadata}/{folder}")
                    for folder in sorted(folders)
                },
            ),
            Limit(
                "is refused writing",
                {name: lambda name=name: self.write(f"{data}/{name}") for name in sorted(own)},
            ),
        ]

    def keys(self, path: str) -> set[str]:
        """The keys of the object at `path`, which may end in `?version=N`. Values are dropped at once.

        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such object, or no such version of it.
        :raises OpsError: Vault can't be asked.
        """
        address, _, version = path.partition("?version=")
        try:
            response = self._ask(
                lambda: self._client.adapter.get(f"/v1/{address}", params={"version": version} if version else {})
            )
        except MissingError as error:
            if version and error.part == "object" and self._has(address):
                raise MissingError(f"there is no version {version}", "version") from None
            raise
        return set(cast("dict[str, Any]", response["data"]["data"]))

    def _has(self, address: str) -> bool:
        try:
            self._ask(lambda: self._client.adapter.get(f"/v1/{address}"))
        except MissingError as error:
            return error.part == "version"
        return True

    def list_below(self, path: str) -> None:
        """List what is at `path`.

        :raises DeniedError: The policy doesn't allow it.
        """
        self._ask(lambda: self._client.adapter.list(f"/v1/{path}"))

    def write(self, path: str) -> None:
        """Try to write to `path` in a way that changes nothing even where it is allowed.

        :raises DeniedError: The policy doesn't allow it.
        """
        body = {"options": {"cas": _NEVER_A_VERSION}, "data": {}}
        try:
            self._ask(lambda: self._client.adapter.post(f"/v1/{path}", json=body))
        except _MismatchError:
            return

    def _ask(self, call: Any) -> dict[str, Any]:
        try:
            return call()
        except (Forbidden, Unauthorized) as error:
            raise DeniedError(self._told(error)) from None
        except InvalidRequest as error:
            if "check-and-set" in str(error):
                raise _MismatchError from None
            raise DeniedError(self._told(error)) from None
        except InvalidPath as error:
            raise _missing(error) from None
        except VaultDown:
            raise UnreachableError(
                f"Vault at {self._store.address} is sealed or not ready: unseal it and run again"
            ) from None
        except VaultError as error:
            kind = UnreachableError if passing(error) else OpsError
            raise kind(f"Vault at {self._store.address} answered: {self._told(error)}") from None
        except requests.RequestException as error:
            raise UnreachableError(f"Vault at {self._store.address} can't be reached: {type(error).__name__}") from None

    def _told(self, error: VaultError) -> str:
        return told(error, self._token, self._client.token)


class _MismatchError(Exception):
    """The write was allowed, and changed nothing."""


def vault_clients(store: VaultStore) -> Callable[..., Any]:
    """What makes clients of `store`, by a `token` and a `namespace`, without the user's own token; they share their
    connections.

    :raises OpsError: The CA's file can't be used.
    """
    try:
        authority = Path(store.ca_certificate).expanduser().read_text() if store.ca_certificate else None
        node = VaultNode(store.address, ca_certificate=authority, tls_server_name=store.tls_server_name)
        shared = connections(node, patience())
    except (OSError, ValueError) as error:
        raise OpsError(f"{store.ca_certificate} can't be used as Vault's CA: {type(error).__name__}") from None
    return partial(client, node, timeout=READ_SECONDS, session=shared)


def _missing(error: InvalidPath) -> MissingError:
    answer: dict[str, Any] = getattr(error, "json", None) or {}
    data: dict[str, Any] = answer.get("data") or {}
    metadata: dict[str, Any] = data.get("metadata") or {}
    if not metadata:
        return MissingError("there is no such object", "object")
    gone = "destroyed" if metadata.get("destroyed") else "deleted"
    return MissingError(f"version {metadata.get('version')} is {gone}", "version")


def _promise(file: str, path: str, key: str) -> Promise:
    def read(session: Session) -> None:
        if key not in cast("VaultSession", session).keys(path):
            raise MissingError(f"there is no key {key}", "key")

    return Promise(file, path, read)
