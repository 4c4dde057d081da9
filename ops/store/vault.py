"""Vault, as a workload uses it: with its service account's token alone."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import requests
import yaml
from hvac.exceptions import InvalidPath, InvalidRequest, VaultDown, VaultError

from strongroom.components.certificates import is_issue_path
from strongroom.components.paths import is_versioned_path
from strongroom.components.redact import redact_error
from strongroom.components.retry import READ_SECONDS, make_retry
from strongroom.components.vault.client import VaultNode, create_client, create_session, is_transient

from ..cluster.client import ProviderClass
from ..errors import OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, DeployedWorkload, VaultStore
from .base import (
    CurrentVersion,
    DeniedCheck,
    DeniedError,
    ExpectedFile,
    MissingError,
    Session,
    decode,
    format_keys,
    read_field,
)
from .sampler import Sampler
from .vault_denials import list_denied_checks
from .vault_responses import NotVaultError, StrictAdapter, is_refusal

if TYPE_CHECKING:
    from ..verify.check import Check
    from ..verify.deployment import Deployment
    from ..verify.digests import Digests
    from .vault_operator import VaultOperator

_MOMENT = "60s"
"""How long a certificate is valid that was issued to see that one can be."""

_NEVER_A_VERSION = 2**31 - 1
"""A check-and-set parameter that no object matches: a write that is allowed after all changes nothing."""


class Vault:
    """A Vault, with the roles of a stack's workloads."""

    login_title = "logs in by its role"
    login_by = "its role"
    shared: str | None = None

    def __init__(self, stack: DeployedStack, store: VaultStore) -> None:
        """Keep what sessions have in common.

        :param stack: The stack whose workloads read from it.
        :param store: The Vault.
        """
        self.store = store
        self._objects = Sampler(item.object for workload in stack.workloads for item in workload.objects)
        self._dynamic = Sampler(each.path for workload in stack.workloads for each in workload.dynamic)

    def list_expected_files(self, provider_class: ProviderClass) -> Sequence[ExpectedFile]:
        """List the files that a SecretProviderClass has the driver mount."""
        try:
            entries: list[dict[str, Any]] = yaml.safe_load(provider_class.parameters["objects"]) or []
            return [_expect_file(entry) for entry in entries]
        except (yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise OpsError(
                "the objects of the SecretProviderClass can't be parsed as Vault's provider does: "
                f"{type(error).__name__}"
            ) from None

    def log_in(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> "VaultSession":
        """Log in by the role of the SecretProviderClass."""
        del workload
        parameters = provider_class.parameters
        return VaultSession(
            self._objects,
            self.store,
            parameters,
            token,
            self._clients,
            operator=lambda: self._operator,
            dynamic=self._dynamic,
        )

    @cached_property
    def _operator(self) -> "VaultOperator":
        from .vault_operator import VaultOperator  # noqa: PLC0415 - it needs this module

        return VaultOperator(self.store)

    @cached_property
    def _clients(self) -> Callable[..., Any]:
        return list_vault_clients(self.store)


class VaultSession:
    """A login to Vault by a role."""

    def __init__(
        self,
        objects: Sampler,
        store: VaultStore,
        parameters: Mapping[str, str],
        token: str,
        clients: Callable[..., Any],
        *,
        operator: "Callable[[], VaultOperator] | None" = None,
        dynamic: Sampler | None = None,
    ) -> None:
        """Log in.

        :param objects: The names of the objects that any workload of the stack declares.
        :param store: The Vault.
        :param parameters: A SecretProviderClass's parameters, which say which role and which auth method.
        :param token: A service account's token.
        :param clients: Builds clients, as `list_vault_clients` returns.
        :param operator: Returns the caller's own access to Vault.
        :param dynamic: The paths by which Vault makes secrets for any workload of the stack.
        :raises DeniedError: Vault refuses this token for that role.
        :raises OpsError: Vault can't be reached.
        """
        self.name = parameters["roleName"]
        self._objects = objects
        self.store = store
        self._token = token
        self._find_operator = operator
        self.dynamic = dynamic or Sampler([])
        """The paths by which Vault makes secrets for any workload."""
        self._taken: dict[str, frozenset[str]] = {}
        self._client = clients(namespace=parameters.get("vaultNamespace"))
        answer = self._ask(
            lambda: self._client.auth.kubernetes.login(
                role=parameters["roleName"], jwt=token, mount_point=parameters["vaultAuthMountPath"], use_token=False
            ),
            login=True,
        )
        given: Any = answer.get("auth")
        if not isinstance(given, dict) or not isinstance(cast("dict[str, Any]", given).get("client_token"), str):
            raise OpsError(
                f"Vault at {store.address} accepted the login and returned no token: check the proxy in front of it"
            )
        self._client.token = cast("dict[str, Any]", given)["client_token"]
        self.login: Mapping[str, Any] = {
            name: value for name, value in cast("dict[str, Any]", given).items() if name != "client_token"
        }
        """Vault's response to the login, without the token."""

    def list_denied_checks(self, workload: DeployedWorkload) -> Sequence[DeniedCheck]:
        """List what this workload must be refused: see `strongroom.ops.store.vault_denials`."""
        return list_denied_checks(self, self._objects, self.store, workload)

    @property
    def operator(self) -> "VaultOperator | None":
        """The caller's own access to Vault; `None` if the caller has no token."""
        found = self._find_operator() if self._find_operator else None
        return found if found and found.has_token else None

    def close(self) -> None:
        """Revoke the token if it, or the caller, may do so: no token is left behind."""
        try:
            self._ask(lambda: self._client.adapter.post("/v1/auth/token/revoke-self", json={}))
        except DeniedError:
            if self.operator:
                with suppress(OpsError):
                    self.operator.revoke(str(self.login.get("accessor")))
        except OpsError:
            return

    def inspect(
        self, workload: DeployedWorkload, deployment: "Deployment", digests: "Digests | None"
    ) -> Iterable["Check"]:
        """Compare the token, and what it may do, with what was deployed for the workload; the operator compares values.

        A workload may read one version alone, and no seed that is nobody's.
        """
        del digests
        from ..verify.vault_token import check_capabilities, check_token  # noqa: PLC0415 - it needs this module

        yield from check_token(self, workload, deployment)
        yield check_capabilities(self, self._objects, self.store, workload)

    def read_keys(self, path: str) -> set[str]:
        """Read the keys of the object at `path`, which may end in `?version=N`. Values are dropped at once.

        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such object, or no such version of it.
        :raises OpsError: Vault can't be reached.
        """
        return set(self._read_version(path)["data"])

    def read_content(self, path: str, key: str, encoding: str, field: str | None = None) -> bytes | None:
        """Read what a file of a key holds; `None` if its value is no text, or of another encoding.

        :param field: The names that lead to the part of its JSON value that is the file's.
        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such object, or no such version, key or field of it.
        :raises OpsError: Vault can't be reached.
        """
        try:
            value: object = self._read_version(path)["data"][key]
        except KeyError:
            raise MissingError(f"there is no key {key}", "key") from None
        content = decode(value, encoding) if isinstance(value, str) else None
        return content if field is None else read_field(value if content is None else content, field)

    def read_all(self, path: str) -> bytes | None:
        """Read what a file of all keys holds; `None` if a value is no text.

        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such object, or no such version of it.
        :raises OpsError: Vault can't be reached.
        """
        return format_keys(self._read_version(path)["data"])

    def find_version(self, path: str) -> CurrentVersion | None:
        """Find the version at `path`; `None` if the response doesn't say when it was written.

        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such object, or no such version of it.
        :raises OpsError: Vault can't be reached.
        """
        metadata: Any = self._read_version(path).get("metadata") or {}
        try:
            return CurrentVersion(str(metadata["version"]), datetime.fromisoformat(metadata["created_time"]))
        except (KeyError, TypeError, ValueError):
            return None

    def _read_version(self, path: str) -> dict[str, Any]:
        address, _, version = path.partition("?version=")
        try:
            response = self._ask(
                lambda: self._client.adapter.get(f"/v1/{address}", params={"version": version} if version else {})
            )
        except MissingError as error:
            if version and error.part == "object" and self._has(address):
                raise MissingError(f"there is no version {version}", "version") from None
            raise
        data = cast("dict[str, Any]", response.get("data") or {})
        if not isinstance(data.get("data"), dict):
            raise OpsError(f"{self.store.address}'s response for {address} is no object of KV version 2")
        return data

    def _has(self, address: str) -> bool:
        try:
            self._ask(lambda: self._client.adapter.get(f"/v1/{address}"))
        except MissingError as error:
            return error.part == "version"
        return True

    def take(self, path: str, key: str, body: Mapping[str, str] | None = None) -> None:
        """Have Vault make what it makes at `path`, once, and drop it; a lease ends with the login.

        :param key: What the response must have.
        :param body: What is sent, if it is written and not read.
        :raises DeniedError: The policy doesn't allow it.
        :raises MissingError: There is no such role, or what it gives has no `key`.
        :raises OpsError: Vault can't be reached, or the database behind it.
        """
        if path not in self._taken:
            adapter, address = self._client.adapter, f"/v1/{path}"
            try:
                answer = self._ask(lambda: adapter.post(address, json=body) if body else adapter.get(address))
            except UnreachableError as error:
                # Vault answers, and the database doesn't: other checks go on.
                raise OpsError(f"nothing was made: {error}") from None
            self._taken[path] = frozenset(cast("dict[str, Any]", answer.get("data") or {}))
        if key not in self._taken[path]:
            raise MissingError(f"there is no {key}", "key")

    def list_below(self, path: str) -> None:
        """List what is at `path`.

        :raises DeniedError: The policy doesn't allow it.
        """
        self._ask(lambda: self._client.adapter.list(f"/v1/{path}"))

    def write(self, path: str) -> None:
        """Send a write to `path` that changes nothing even if it is allowed.

        :raises DeniedError: The policy doesn't allow it.
        """
        body = {"options": {"cas": _NEVER_A_VERSION}, "data": {}}
        try:
            self._ask(lambda: self._client.adapter.post(f"/v1/{path}", json=body))
        except _MismatchError:
            return

    def probe(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a request that changes nothing even if it is allowed: it is cut off after its rights were checked.

        :raises DeniedError: The policy doesn't allow it.
        :raises OpsError: Vault can't be reached.
        """
        # Vault looks at the type of a patch even before it looks at rights.
        headers = {"Content-Type": "application/merge-patch+json"} if method == "patch" else {}
        try:
            self._ask(
                lambda: self._client.adapter.request(method, f"/v1/{path}", headers=headers, json=dict(body or {})),
                probe=True,
            )
        except (_MismatchError, MissingError):
            return

    def query_capabilities(self, paths: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Query what the token may do at `paths`.

        :raises DeniedError: It may not query that.
        """
        answer = self._ask(lambda: self._client.adapter.post("/v1/sys/capabilities-self", json={"paths": list(paths)}))
        return cast("Mapping[str, Sequence[str]]", answer.get("data") or {})

    def list_mounts(self) -> Mapping[str, Sequence[str]]:
        """List the engines and auth methods at which the token may do anything: by `secret` and `auth`, their paths.

        Vault lists them for every token. (Vault docs: "/sys/internal/ui/mounts")
        """
        answer = self._ask(lambda: self._client.adapter.get("/v1/sys/internal/ui/mounts"))
        data = cast("dict[str, dict[str, Any]]", answer.get("data") or {})
        return {
            part: sorted(
                path
                for path, mount in (data.get(part) or {}).items()
                if (mount.get("config") or {}).get("listing_visibility") != "unauth"
            )
            for part in ("secret", "auth")
        }

    def _ask(self, call: Any, *, login: bool = False, probe: bool = False) -> dict[str, Any]:
        try:
            return call()
        except NotVaultError as error:
            kind = UnreachableError if error.is_transient else OpsError
            raise kind(f"Response of {self.store.address}: {error}") from None
        except InvalidPath as error:
            raise _build_missing_error(error) from None
        except VaultDown:
            raise UnreachableError(
                f"Vault at {self.store.address} is sealed or not ready: unseal it and run again"
            ) from None
        except VaultError as error:
            if is_refusal(error, login=login):
                raise DeniedError(self._redact(error)) from None
            # The request passed the check of rights.
            if isinstance(error, InvalidRequest) and (probe or "check-and-set" in str(error)):
                raise _MismatchError from None
            kind = UnreachableError if is_transient(error) else OpsError
            raise kind(f"Response of Vault at {self.store.address}: {self._redact(error)}") from None
        except requests.RequestException as error:
            raise UnreachableError(f"Vault at {self.store.address} can't be reached: {type(error).__name__}") from None

    def _redact(self, error: VaultError) -> str:
        return redact_error(error, self._token, self._client.token)


class _MismatchError(Exception):
    """The write was allowed, and changed nothing."""


def list_vault_clients(store: VaultStore) -> Callable[..., Any]:
    """Return a function that builds clients of `store` by a `token` and a `namespace`.

    The clients share connections, and never use the user's own token.

    :raises OpsError: The CA's file can't be used.
    """
    try:
        authority = Path(store.ca_certificate).expanduser().read_text() if store.ca_certificate else None
        node = VaultNode(address=store.address, ca_certificate=authority, tls_server_name=store.tls_server_name)
        shared = create_session(node, make_retry())
    except (OSError, ValueError) as error:
        raise OpsError(f"{store.ca_certificate} can't be used as Vault's CA: {type(error).__name__}") from None
    return partial(create_client, node, timeout=READ_SECONDS, session=shared, adapter=StrictAdapter)


def _build_missing_error(error: InvalidPath) -> MissingError:
    answer: dict[str, Any] = getattr(error, "json", None) or {}
    data: dict[str, Any] = answer.get("data") or {}
    metadata: dict[str, Any] = data.get("metadata") or {}
    if not metadata:
        return MissingError("there is no such object", "object")
    gone = "destroyed" if metadata.get("destroyed") else "deleted"
    return MissingError(f"version {metadata.get('version')} is {gone}", "version")


def _expect_file(entry: Mapping[str, Any]) -> ExpectedFile:
    file, path, key = entry["objectName"], entry["secretPath"], entry["secretKey"]
    if not is_versioned_path(path):
        # A certificate is dropped with its key, and ends soon.
        body = {**entry["secretArgs"], "ttl": _MOMENT} if is_issue_path(path) else None
        return ExpectedFile(
            file,
            path,
            lambda session: cast("VaultSession", session).take(path, key, body),
            # Each reader gets another: what a pod has can't be compared.
            mode=entry.get("filePermission", 0o644),
        )

    whole = entry.get("format") == "json"

    def read(session: Session) -> None:
        if key not in cast("VaultSession", session).read_keys(path) and not whole:
            raise MissingError(f"there is no key {key}", "key")

    def read_contents(session: Session) -> Mapping[str, bytes | None]:
        opened = cast("VaultSession", session)
        try:
            if whole:
                return {file: opened.read_all(path)}
            return {file: opened.read_content(path, key, entry.get("encoding", "utf-8"), entry.get("field"))}
        except MissingError as error:
            if expected.may_lack(error):
                return {file: b""}
            raise

    expected = ExpectedFile(
        file,
        path,
        read,
        lambda session: cast("VaultSession", session).find_version(path),
        read_contents,
        mode=entry.get("filePermission", 0o644),
        optional=entry.get("optional", False),
    )
    return expected
