"""What a stack needs of Azure Key Vault."""

from collections.abc import Iterator

from strongroom.components.azure.objects import ObjectKind, VaultObject, find_vault_object, name_vault_object
from strongroom.components.azure.types import split_vault_id
from strongroom.stacks.provision.preflight_vault_name import NotAskedError, list_name_issues
from strongroom.stacks.settings.azure import AzureKeyVaultSettings
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.seeds import list_seeds

from ..errors import AbsentError, OpsError
from ..existing.azure import AzureFinder
from ..existing.find import New, find_existing
from ..findings import Finding
from ..store.key_vault_versions import KeyVaultVersions, format_object
from .declared import report_issues


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
    versions = KeyVaultVersions(azure.services.build_vault_url(vault), azure.tenant_id, azure.services.authority)
    unwritten = sorted(_list_unwritten(settings, azure), key=str)
    found = [_find_object(versions, item, version) for item, version in unwritten]
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


def _find_object(versions: KeyVaultVersions, item: VaultObject, version: str | None) -> Finding:
    place = format_object(item) + (f", version {version}" if version else "")
    try:
        found = versions.list(item)
    except AbsentError as error:
        return Finding.failed(str(error), "correct backend.vault.name or id", name="store")
    except OpsError as error:
        return Finding.skipped(str(error), name="object")
    of_it = [each for each in found if version in {None, each.version}]
    if not of_it:
        return Finding.failed(
            f"{versions.url} has no {place}",
            "write it: az keyvault secret set; or seed it (strongroom:seeds)",
            name="object",
        )
    if not any(each.enabled is not False for each in of_it):
        return Finding.failed(
            f"{place} is disabled", "enable it: az keyvault secret set-attributes --enabled true", name="object"
        )
    return Finding.ok(f"{place} is there", name="object")
