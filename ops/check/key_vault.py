"""What a stack needs of Azure Key Vault."""

from collections.abc import Callable, Iterator

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

from strongroom.components.azure.client import UNEXPECTED, client_options, describe_unexpected
from strongroom.components.azure.credentials import find_credential
from strongroom.components.azure.objects import ObjectKind, VaultObject, find_vault_object, name_vault_object
from strongroom.components.azure.types import split_vault_id
from strongroom.stacks.provision.preflight_vault_name import NotAskedError, list_name_issues
from strongroom.stacks.settings.azure import AzureKeyVaultSettings
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.seeds import list_seeds

from ..existing.azure import AzureFinder
from ..existing.find import New, find_existing
from ..findings import Finding
from ..store.key_vault import is_missing_vault
from .declared import report_issues

_ONE = {"secrets": "secret", "keys": "key", "certificates": "certificate"}


def check_key_vault(settings: Settings, azure: AzureKeyVaultSettings, new: New) -> Iterator[Finding]:
    """Check that a new vault's name is free, or that an existing one has what workloads declare.

    Nothing may be in the place of what the stack creates.

    :param new: What the stack declares, and what it has deployed.
    """
    yield from _check_name_or_contents(settings, azure)
    yield from find_existing(AzureFinder(azure), new)


def _check_name_or_contents(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[Finding]:
    if azure.vault.create:
        try:
            yield from report_issues(
                "vault name", list_name_issues(azure, azure.services), f"{azure.vault.name} is free, or this stack's"
            )
        except NotAskedError as error:
            yield Finding.skipped(str(error), name="vault name")
        return
    vault = split_vault_id(azure.vault.id)[0] if azure.vault.id else azure.vault.name or ""
    contents = _Contents(azure.services.vault_url(vault), azure)
    found = [contents.has(item, version) for item, version in sorted(_list_unwritten(settings, azure), key=str)]
    # A missing vault lacks each of them.
    yield from dict.fromkeys(found)


def _list_unwritten(settings: Settings, azure: AzureKeyVaultSettings) -> set[tuple[VaultObject, str | None]]:
    """List the objects that workloads declare and the stack does not write."""
    certificates = set(azure.certificates)
    written: dict[ObjectKind, set[str]] = {
        "secrets": {name_vault_object(name, key) for name, key, _ in list_seeds(settings.seeds)} | certificates,
        "keys": set(azure.keys) | certificates,
        "certificates": certificates,
    }
    wanted = [(find_vault_object(secret), secret) for workload in settings.workloads for secret in workload.secrets]
    return {(item, secret.version) for item, secret in wanted if item.name not in written[item.kind]}


class _Contents:
    """A vault's objects, by the versions that the caller may list; values are not read."""

    def __init__(self, url: str, azure: AzureKeyVaultSettings) -> None:
        known = find_credential(azure.tenant_id, azure.services.authority)
        self._url = url
        secrets, keys, certificates = (
            SecretClient(url, known, **client_options()),
            KeyClient(url, known, **client_options()),
            CertificateClient(url, known, **client_options()),
        )
        self._versions: dict[ObjectKind, Callable[[str], Iterator[object]]] = {
            "secrets": secrets.list_properties_of_secret_versions,
            "keys": keys.list_properties_of_key_versions,
            "certificates": certificates.list_properties_of_certificate_versions,
        }

    def has(self, item: VaultObject, version: str | None) -> Finding:
        place = f"{_ONE[item.kind]} {item.name}" + (f", version {version}" if version else "")
        try:
            found = list(self._versions[item.kind](item.name))
        except AzureError as error:
            if is_missing_vault(error):
                return Finding.failed(
                    f"there is no vault at {self._url}", "correct backend.vault.name or id", name="store"
                )
            if not isinstance(error, ResourceNotFoundError):
                problem = "can't be read by this user" if isinstance(error, HttpResponseError) else "can't be reached"
                return Finding.skipped(f"{self._url} {problem} for {place}: {type(error).__name__}", name="object")
            found = []
        except UNEXPECTED as error:
            return Finding.skipped(describe_unexpected(f"{self._url} or Microsoft Entra ID", error), name="object")
        of_it = [each for each in found if version in {None, getattr(each, "version", None)}]
        if not of_it:
            return Finding.failed(
                f"{self._url} has no {place}",
                "write it: az keyvault secret set; or seed it (strongroom:seeds)",
                name="object",
            )
        if not any(getattr(each, "enabled", True) for each in of_it):
            return Finding.failed(
                f"{place} is disabled", "enable it: az keyvault secret set-attributes --enabled true", name="object"
            )
        return Finding.ok(f"{place} is there", name="object")
