"""Ages of objects of a key vault, by the attributes of their versions."""

from collections.abc import Callable
from functools import partial
from typing import Any

from strongroom.components.azure.objects import ObjectKind, VaultObject, name_vault_object

from ..errors import AbsentError
from ..pulumi.stack import DeclaredObject, KeyVaultStore
from ..store.key_vault_versions import KeyVaultVersions, format_object
from ..verify.deployment import Deployment
from .stored import StoredObject, Version

_KINDS: dict[str, tuple[ObjectKind, str]] = {
    "secret": ("secrets", "az keyvault secret set"),
    "key": ("keys", "az keyvault key rotate"),
    "cert": ("certificates", "az keyvault certificate create"),
}
"""Collection, and the command for a new version."""


def open_attributes(store: KeyVaultStore, deployment: Deployment) -> Callable[[DeclaredObject], StoredObject]:
    """Return a function that describes an object.

    :param store: The vault.
    :param deployment: The stack's resources.
    """
    versions = KeyVaultVersions(store.url, store.tenant_id, store.authority)

    def describe(declared: DeclaredObject) -> StoredObject:
        kind, command = _KINDS[declared.type]
        item = VaultObject(kind, name_vault_object(declared.object, declared.key))
        writer = deployment.find_vault_secret(item.name) if kind == "secrets" else None
        return StoredObject(
            format_object(item) + (f" version {declared.version}" if declared.version else ""),
            partial(_find_version, versions, item, declared.version),
            "it takes the role Key Vault Reader at the vault, or list by an access policy",
            writer,
            f"{command} --vault-name {store.vault} --name {item.name} ...",
            deployment.find_period(writer),
        )

    return describe


def _find_version(versions: KeyVaultVersions, item: VaultObject, pinned: str | None) -> Version:
    found: list[Any] = [each for each in versions.list(item) if pinned in {None, each.version}]
    if not found:
        raise AbsentError(f"{versions.url} has no such version" if pinned else f"{versions.url} has no such object")
    newest = max(found, key=lambda each: each.created_on)
    if newest.enabled is False:
        raise AbsentError(f"version {newest.version} is disabled")
    return Version(newest.version, newest.created_on, newest.expires_on)
