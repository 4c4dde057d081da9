"""Vault, with the token of the user who runs a command."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import requests
from hvac.exceptions import Forbidden, InvalidPath, VaultError

from strongroom.components.redact import redact_error
from strongroom.components.vault.client import is_transient

from ..errors import AbsentError, NotAllowedError, OpsError, UnknownTokenError, UnreachableError
from ..pulumi.stack import VaultStore
from .vault import list_vault_clients

_ENDED = "invalid accessor"
"""Vault's error for a token that ended while it was looked for; the status differs."""

_UNKNOWN = "invalid token"
"""Vault's error for an unknown token. (Vault's source: "request_handling.go")"""

_TOKEN_FILE = Path("~/.vault-token")
"""Where `vault login` keeps a token. (Vault docs: "Token helpers")"""


class VaultOperator:
    """A client of Vault with the user's own token, which may allow less than what is requested."""

    def __init__(self, store: VaultStore) -> None:
        """Make a client.

        :param store: The Vault.
        :raises OpsError: The CA's file can't be used.
        """
        self._store = store
        self._token = os.environ.get("VAULT_TOKEN") or _read_token_file()
        clients = list_vault_clients(store)
        self._client = clients(token=self._token, namespace=store.namespace)
        # A namespace has no seal of its own.
        self._root_namespace = clients()

    @property
    def sealed(self) -> bool:
        """Whether Vault is sealed, or not initialised; no token is needed.

        :raises OpsError: Vault can't be reached.
        """
        status: Any = self._ask(self._root_namespace.sys.read_seal_status)
        return bool(status["sealed"]) or not status["initialized"]

    @property
    def has_token(self) -> bool:
        """Whether there is a token."""
        return bool(self._token)

    def read(self, path: str, **parameters: str) -> Mapping[str, Any]:
        """Read `path`, e.g. `auth/kubernetes/role/shop.orders`.

        :param parameters: Query parameters of the request.
        :raises NotAllowedError: There is no token, or it may not read that.
        :raises AbsentError: There is nothing.
        :raises OpsError: Vault can't be reached.
        """
        return self._read_data(lambda: self._client.adapter.get(f"/v1/{path}", params=parameters), path)

    def list_names(self, path: str) -> list[str]:
        """List what is below `path`, e.g. `sys/policies/acl`; nothing if there is nothing.

        :raises NotAllowedError: There is no token, or it may not list that.
        :raises OpsError: Vault can't be reached.
        """
        try:
            names: Any = self._read_data(lambda: self._client.adapter.list(f"/v1/{path}"), path).get("keys")
        except AbsentError:
            return []
        return [str(name) for name in cast("list[object]", names)] if isinstance(names, list) else []

    def query(self, path: str, **body: Any) -> Mapping[str, Any]:
        """Send a request that changes nothing to `path`, e.g. `sys/capabilities-accessor`.

        :raises NotAllowedError: There is no token, or it may not do that.
        :raises AbsentError: There is nothing.
        :raises OpsError: Vault can't be reached.
        """
        return self._read_data(lambda: self._client.adapter.post(f"/v1/{path}", json=body), path)

    def write(self, path: str, **body: Any) -> None:
        """Write to `path`, e.g. another version of an object.

        :raises NotAllowedError: There is no token, or it may not do that.
        :raises OpsError: Vault refuses it otherwise, or can't be reached.
        """
        self._ask_as_user(lambda: self._client.adapter.post(f"/v1/{path}", json=body))

    def delete(self, path: str) -> None:
        """Delete what is at `path`, e.g. a role; nothing if there is nothing.

        :raises NotAllowedError: There is no token, or it may not do that.
        :raises OpsError: Vault can't be reached.
        """
        self._ask_as_user(lambda: self._client.adapter.delete(f"/v1/{path}"))

    def revoke(self, accessor: str) -> None:
        """Revoke a token, and with it its leases, by its accessor.

        :raises NotAllowedError: There is no token, or it may not do that.
        :raises AbsentError: The token ended meanwhile.
        :raises OpsError: Vault can't be reached.
        """
        body = {"accessor": accessor}
        self._ask_as_user(lambda: self._client.adapter.post("/v1/auth/token/revoke-accessor", json=body))

    def _read_data(self, call: Any, path: str) -> Mapping[str, Any]:
        answer: Any = self._ask_as_user(call)
        data: Any = cast("dict[str, Any]", answer).get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise OpsError(
                f"The response of Vault at {self._store.address} for {path} is no JSON object of Vault's: check the "
                "proxy in front of it"
            )
        return cast("dict[str, Any]", data)

    def list_keys(self, mount: str, name: str, version: str | None = None) -> set[str]:
        """List the keys of an object of a KV version 2 engine.

        Values are not requested, unless the token may read nothing else; then they are dropped at once.

        (Vault docs: "KV secrets engine - version 2 (API)", on subkeys)

        :raises NotAllowedError: There is no token, or it may read neither.
        :raises AbsentError: There is no such object, or no such version of it.
        :raises OpsError: Vault can't be reached.
        """
        parameters = {"version": version} if version else {}
        try:
            return set(self.read(f"{mount}/subkeys/{name}", **parameters)["subkeys"] or ())
        except NotAllowedError:
            return set(self.read(f"{mount}/data/{name}", **parameters)["data"] or ())

    def _ask_as_user(self, call: Any) -> Any:
        if not self._token:
            raise NotAllowedError("VAULT_TOKEN is not set")
        return self._ask(call)

    def _ask(self, call: Any) -> Any:
        try:
            return call()
        except Forbidden as error:
            if any(_UNKNOWN in str(each) for each in error.errors or ()):
                raise UnknownTokenError(
                    "Vault does not know the token in VAULT_TOKEN: it is wrong, or has ended"
                ) from None
            raise NotAllowedError("the token in VAULT_TOKEN may not read that") from None
        except InvalidPath:
            raise AbsentError("there is nothing at that path") from None
        except VaultError as error:
            if any(_ENDED in str(each) for each in error.errors or ()):
                raise AbsentError("the token does not exist any more") from None
            kind = UnreachableError if is_transient(error) else OpsError
            raise kind(f"Response of Vault at {self._store.address}: {redact_error(error, self._token)}") from None
        except requests.RequestException as error:
            raise UnreachableError(f"Vault at {self._store.address} can't be reached: {type(error).__name__}") from None


def _read_token_file() -> str:
    try:
        return _TOKEN_FILE.expanduser().read_text().strip()
    except OSError:
        return ""
