"""New versions of a key vault's secrets, and the end of earlier ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, HttpResponseError
from azure.keyvault.secrets import SecretClient

from strongroom.components.azure.client import build_client_options
from strongroom.components.azure.credentials import find_credential
from strongroom.components.azure.objects import VaultObject, name_vault_object

from ..errors import NotAllowedError, OpsError, UnreachableError
from ..findings import Finding
from ..pulumi.stack import DeployedStack, KeyVaultStore
from ..store.key_vault_versions import KeyVaultVersions
from .target import Target

_RIGHT = "it takes the role Key Vault Secrets Officer at the secret, or set by an access policy"

T = TypeVar("T")


class KeyVaultValues:
    """Secrets of a key vault, with the caller's login."""

    def __init__(self, stack: DeployedStack, store: KeyVaultStore) -> None:
        """Make clients; nothing is asked yet.

        :param stack: The stack, whose workloads may read an earlier version.
        :param store: The vault.
        """
        self._stack = stack
        self._versions = KeyVaultVersions(store.url, store.tenant_id, store.authority)
        self._client = SecretClient(
            store.url, find_credential(store.tenant_id, store.authority), **build_client_options()
        )

    def write(self, target: Target, values: Mapping[str | None, str]) -> None:
        """Write a value as a new version, with the content type and the tags of the last one.

        :raises NotAllowedError: The caller may not.
        :raises OpsError: The vault can't be reached.
        """
        name = _name(target)
        last = next(iter(self._list(target)), None)
        (value,) = values.values()
        options: dict[str, Any] = {"content_type": last.content_type, "tags": last.tags} if last else {}
        _ask(f"write {name}", lambda: self._client.set_secret(name, value, **options))

    def retire(self, target: Target, *, dry_run: bool) -> Finding:
        """Disable all versions but the newest, save those that a workload reads.

        :param dry_run: Only say what would be disabled.
        """
        name, done = _name(target), "would be disabled" if dry_run else "disabled"
        try:
            superseded = self._list_superseded(target)
            for each in superseded if not dry_run else ():
                version = each.version
                _ask(
                    f"disable {name} version {version}",
                    lambda version=version: self._client.update_secret_properties(name, version, enabled=False),
                )
        except OpsError as error:
            return Finding.failed(str(error), _RIGHT, name="earlier versions")
        seen = f"{done}: {', '.join(each.version for each in superseded)}" if superseded else "none is enabled"
        return Finding.ok(seen, name="earlier versions")

    def _list_superseded(self, target: Target) -> Sequence[Any]:
        pinned = {
            each.version
            for workload in self._stack.workloads
            for each in workload.objects
            if name_vault_object(each.object, each.key) == _name(target)
        }
        return [each for each in self._list(target)[1:] if each.enabled and each.version not in pinned]

    def _list(self, target: Target) -> Sequence[Any]:
        found = self._versions.list(VaultObject("secrets", _name(target)))
        return sorted(found, key=lambda each: each.created_on, reverse=True)


def _name(target: Target) -> str:
    return name_vault_object(target.object, target.declared[0].key)


def _ask(what: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except HttpResponseError as error:
        kind = NotAllowedError if error.status_code in {401, 403} else OpsError
        raise kind(f"The vault did not {what}: {type(error).__name__} {error.status_code}") from None
    except AzureError as error:
        raise UnreachableError(f"The vault can't be reached to {what}: {type(error).__name__}") from None
