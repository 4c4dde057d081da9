"""Whether a vault's name is free, asked before anything is created."""

import os

import pulumi
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.mgmt.keyvault import KeyVaultManagementClient

from strongroom.components.azure.client import ANY_METHOD, UNEXPECTED, build_client_options, describe_unexpected
from strongroom.components.azure.clouds import Cloud
from strongroom.components.azure.credentials import find_credential

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings

_KEY = ("backend", "vault", "name")


def find_taken_name(azure: AzureKeyVaultSettings, cloud: Cloud) -> list[ValidationIssue]:
    """Find out whether the name of a vault that the stack is to make is somebody else's, or was deleted softly.

    Where the Resource Manager can't be asked, nothing is reported here: it reports it itself.
    (Microsoft Learn: "Azure Key Vault soft-delete overview")
    """
    try:
        return list_name_issues(azure, cloud)
    except NotAskedError as error:
        pulumi.log.debug(f"whether the vault name {azure.vault.name!r} is free was not found out: {error}")
        return []


class NotAskedError(Exception):
    """The Resource Manager could not be asked: why."""


def list_name_issues(azure: AzureKeyVaultSettings, cloud: Cloud) -> list[ValidationIssue]:
    """List the issues of `find_taken_name`.

    :raises NotAskedError: The Resource Manager can't be asked, or need not be.
    """
    subscription = azure.subscription_id or os.environ.get("ARM_SUBSCRIPTION_ID")
    name = azure.vault.name
    if not azure.vault.create or azure.vault.recover or not name:
        raise NotAskedError("no vault is made")
    if not subscription or not cloud.management:
        raise NotAskedError("no subscription is named: set backend.subscriptionId, or ARM_SUBSCRIPTION_ID")
    management = f"https://{cloud.management}"
    try:
        with KeyVaultManagementClient(
            find_credential(azure.tenant_id, cloud.authority),
            subscription,
            management,
            credential_scopes=[f"{management}/.default"],
            retry_total=1,
            **build_client_options(),
        ) as client:
            return _query_name(client, azure, name)
    except AzureError as error:
        raise NotAskedError(f"the Resource Manager can't be asked: {type(error).__name__}") from None
    except UNEXPECTED as error:
        raise NotAskedError(describe_unexpected(f"{management} or Microsoft Entra ID", error)) from None


def _query_name(client: KeyVaultManagementClient, azure: AzureKeyVaultSettings, name: str) -> list[ValidationIssue]:
    try:
        client.vaults.get(azure.resource_group, name)
    except ResourceNotFoundError:
        answer = client.vaults.check_name_availability(
            {"name": name, "type": "Microsoft.KeyVault/vaults"}, **ANY_METHOD
        )
        if answer.name_available:
            return []
        return [
            ValidationIssue(
                _KEY, _find_deleted(client, azure, name) or f"{name!r} is taken, and not by this stack: choose another"
            )
        ]
    return []


def _find_deleted(client: KeyVaultManagementClient, azure: AzureKeyVaultSettings, name: str) -> str | None:
    if azure.location is None:
        return None
    try:
        client.vaults.get_deleted(name, azure.location)
    except AzureError:
        return None
    return (
        f"{name!r} was deleted softly and keeps its name: set vault.recover: true to have it back with what is in it, "
        f"purge it for good (az keyvault purge --name {name} --location {azure.location}), or choose another name"
    )
