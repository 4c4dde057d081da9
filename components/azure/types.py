"""The names that Azure takes, each checked once, where it enters."""

import re
from typing import Annotated

from pydantic import AfterValidator

from ..field_types import require_match

_VAULT = re.compile(r"(?!.*--)[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]")
_GROUP = r"[-\w._()]{0,89}[-\w_()]"
_IN_A_GROUP = rf"/subscriptions/[0-9A-Za-z-]+/resourceGroups/(?P<group>(?u:{_GROUP}))/providers/"
_VAULT_ID = re.compile(rf"{_IN_A_GROUP}Microsoft\.KeyVault/vaults/(?P<name>{_VAULT.pattern})", re.IGNORECASE | re.ASCII)
_OBJECT = re.compile(r"[0-9A-Za-z-]{1,127}")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VERSION = re.compile(r"[0-9a-f]{32}")


def check_vault_name(value: str) -> str:
    """Return `value`, if a key vault can have that name.

    :raises ValueError: None can.
    """
    if not _VAULT.fullmatch(value):
        raise ValueError(
            "is not a legal vault name: use 3 to 24 letters, digits and single '-', "
            "with a letter first and a letter or digit last"
        )
    return value


def _check_vault_id(value: str) -> str:
    if not _VAULT_ID.fullmatch(value):
        raise ValueError(
            "is not a vault's id: it looks like "
            "/subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/NAME (`az keyvault show --query id`)"
        )
    return value


def split_vault_id(vault_id: str) -> tuple[str, str]:
    """Return the name and the resource group in a vault's id."""
    found = _VAULT_ID.fullmatch(vault_id)
    if found is None:
        raise ValueError(f"{vault_id!r} is not a vault's id")
    return found["name"], found["group"]


def check_object_name(name: str) -> str | None:
    """Return why a vault can't hold an object called `name`, as the end of a sentence; `None` where it can.

    (Microsoft Learn: "About keys, secrets, and certificates", on object identifiers)
    """
    if _OBJECT.fullmatch(name):
        return None
    legal = re.sub(r"[^0-9A-Za-z-]+", "-", name).strip("-")[:127]
    hint = f", e.g. {legal!r}" if legal else ""
    return f"is not a legal name in Key Vault: use 1 to 127 letters, digits and '-'{hint}"


def check_version(version: str) -> str | None:
    """Return why `version` can't be a Key Vault object's, as the end of a sentence; `None` where it can."""
    if _VERSION.fullmatch(version):
        return None
    return "is not a version of Key Vault's: those have 32 hexadecimal digits; leave it out for the latest"


def _check_object_name(value: str) -> str:
    if issue := check_object_name(value):
        raise ValueError(issue)
    return value


def _check_guid(value: str) -> str:
    if not _GUID.fullmatch(value.lower()):
        raise ValueError("is not a GUID: it looks like 11111111-2222-3333-4444-555555555555")
    return value.lower()


VaultName = Annotated[str, AfterValidator(check_vault_name)]
"""A key vault's name, unique in its cloud. (Microsoft Learn: "Naming rules and restrictions for Azure resources")"""

VaultId = Annotated[str, AfterValidator(_check_vault_id)]
"""A key vault's id in the Resource Manager."""

VaultObjectName = Annotated[str, AfterValidator(_check_object_name)]
"""The name of a secret, key or certificate."""

Guid = Annotated[str, AfterValidator(_check_guid)]
"""The id of a tenant, a subscription, a client or a principal."""

OptionalGuid = Annotated[str, AfterValidator(lambda value: value and _check_guid(value))]
"""The id of a client, or nothing."""

IdentityName = Annotated[
    str,
    require_match(
        r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
        "is not an identity's name: use 3 to 128 letters, digits, '-' and '_', with a letter or digit first",
    ),
]
"""A user-assigned identity's name. (Microsoft Learn: "Naming rules and restrictions for Azure resources")"""

ResourceGroup = Annotated[
    str,
    require_match(
        _GROUP,
        "is not a resource group's name: use 1 to 90 letters, digits, '-', '_', '.', '(' and ')', and no '.' last",
    ),
]
"""A resource group's name. (Microsoft Learn: "Naming rules and restrictions for Azure resources")"""

Region = Annotated[
    str,
    require_match(
        r"[A-Za-z][A-Za-z0-9 ]{1,49}", "is not a region: use its name, e.g. westeurope (az account list-locations)"
    ),
]
"""An Azure region."""


def _require_id(kind: str, example: str) -> AfterValidator:
    """Build a validator of ids in the Resource Manager.

    :param kind: Pattern of the resource's type and name.
    :param example: What one looks like behind the resource group.
    """
    return require_match(
        rf"(?i:{_IN_A_GROUP.replace('?P<group>', '')}{kind})",
        f"is not the id that it must be: it looks like /subscriptions/…/resourceGroups/…/providers/{example}",
    )


_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"

NetworkId = Annotated[
    str, _require_id(rf"Microsoft\.Network/virtualNetworks/{_NAME}", "Microsoft.Network/virtualNetworks/NAME")
]
"""A virtual network's id."""

SubnetId = Annotated[
    str,
    _require_id(
        rf"Microsoft\.Network/virtualNetworks/{_NAME}/subnets/{_NAME}",
        "Microsoft.Network/virtualNetworks/NAME/subnets/NAME",
    ),
]
"""A subnet's id."""

EventDestinationId = Annotated[
    str,
    _require_id(
        rf"(?:Microsoft\.EventHub/namespaces/{_NAME}/eventhubs/{_NAME}"
        rf"|Microsoft\.ServiceBus/namespaces/{_NAME}/(?:queues|topics)/{_NAME}"
        rf"|Microsoft\.Storage/storageAccounts/{_NAME}/queueServices/default/queues/{_NAME})",
        "Microsoft.EventHub/namespaces/NAME/eventhubs/NAME, or of a queue or topic of Service Bus, or a queue of a "
        "storage account",
    ),
]
"""The id of an event hub, of a queue or topic of Service Bus, or of a storage account's queue."""

VaultZoneId = Annotated[
    str,
    _require_id(
        r"Microsoft\.Network/privateDnsZones/privatelink\.vaultcore\.azure\.[a-z.]+",
        "Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net",
    ),
]
"""The id of a private DNS zone for key vaults."""

WorkspaceId = Annotated[
    str,
    _require_id(rf"Microsoft\.OperationalInsights/workspaces/{_NAME}", "Microsoft.OperationalInsights/workspaces/NAME"),
]
"""A Log Analytics workspace's id."""
