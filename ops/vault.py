"""Vault, as a workload meets it: with nothing but its service account's token."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

from collections.abc import Mapping
from typing import Any, cast

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidRequest, Unauthorized, VaultDown, VaultError

from .errors import OpsError
from .stack import VaultStore

_NEVER_A_VERSION = 2**31 - 1
"""A check-and-set parameter that no object matches: a write that is allowed after all changes nothing."""


class DeniedError(Exception):
    """Vault refused."""


class VaultSession:
    """A login to Vault by a role."""

    def __init__(self, store: VaultStore, parameters: Mapping[str, str], token: str) -> None:
        """
        :param store: The Vault.
        :param parameters: A SecretProviderClass's parameters, which say which role and which auth method.
        :param token: A service account's token.
        :raises DeniedError: Vault doesn't let this token in by that role.
        :raises OpsError: Vault can't be asked.
        """
        self._store = store
        self._client: Any = hvac.Client(
            url=store.address,
            namespace=parameters.get("vaultNamespace"),
            verify=store.ca_certificate or True,
            timeout=15,
        )
        self._ask(
            lambda: self._client.auth.kubernetes.login(
                role=parameters["roleName"], jwt=token, mount_point=parameters["vaultAuthMountPath"]
            )
        )

    def keys(self, path: str) -> set[str]:
        """The keys of the object at `path`, which may end in `?version=N`. Values are dropped at once.

        :raises DeniedError: The policy doesn't allow it.
        :raises OpsError: Vault can't be asked, or there is no such object.
        """
        address, _, version = path.partition("?version=")
        response = self._ask(
            lambda: self._client.adapter.get(f"/v1/{address}", params={"version": version} if version else {})
        )
        return set(cast("dict[str, Any]", response["data"]["data"]))

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
            raise DeniedError(_first(error)) from None
        except InvalidRequest as error:
            if "check-and-set" in str(error):
                raise _MismatchError from None
            raise DeniedError(_first(error)) from None
        except VaultDown:
            raise OpsError(f"Vault at {self._store.address} is sealed or not ready: unseal it and run again") from None
        except VaultError as error:
            raise OpsError(f"Vault at {self._store.address} answered: {_first(error)}") from None
        except requests.RequestException as error:
            raise OpsError(f"Vault at {self._store.address} can't be reached: {type(error).__name__}") from None


class _MismatchError(Exception):
    """The write was allowed, and changed nothing."""


def _first(error: VaultError) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
