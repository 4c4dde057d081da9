"""The names that Azure takes, each checked once, where it enters."""

import re
from typing import Annotated

from pydantic import AfterValidator

_VAULT = re.compile(r"(?!.*--)[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]")
_VAULT_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.KeyVault/vaults/(?P<name>[^/]+)",
    re.IGNORECASE,
)
_OBJECT = re.compile(r"[0-9A-Za-z-]{1,127}")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VERSION = re.compile(r"[0-9a-f]{32}")


def _vault_name(value: str) -> str:
    if not _VAULT.fullmatch(value):
        raise ValueError(
            "is not a legal vault name: use 3 to 24 letters, digits and single '-', "
            "with a letter first and a letter or digit last"
        )
    return value


def _vault_id(value: str) -> str:
    if not _VAULT_ID.fullmatch(value):
        raise ValueError(
            "is not a vault's id: it looks like "
            "/subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/NAME (`az keyvault show --query id`)"
        )
    return value


def vault_and_group(vault_id: str) -> tuple[str, str]:
    """The name and the resource group in a vault's id."""
    found = _VAULT_ID.fullmatch(vault_id)
    if found is None:
        raise ValueError(f"{vault_id!r} is not a vault's id")
    return found["name"], found["group"]


def object_fault(name: str) -> str | None:
    """Why a vault can't hold an object called `name`, as the end of a sentence; `None` where it can.

    (Microsoft Learn: "About keys, secrets, and certificates", on object identifiers)
    """
    if _OBJECT.fullmatch(name):
        return None
    legal = re.sub(r"[^0-9A-Za-z-]+", "-", name).strip("-")[:127]
    hint = f", e.g. {legal!r}" if legal else ""
    return f"is not a legal name in Key Vault: use 1 to 127 letters, digits and '-'{hint}"


def version_fault(version: str) -> str | None:
    """Why `version` can't be a Key Vault object's, as the end of a sentence; `None` where it can."""
    if _VERSION.fullmatch(version):
        return None
    return "is not a version of Key Vault's: those have 32 hexadecimal digits; leave it out for the latest"


def _object_name(value: str) -> str:
    if fault := object_fault(value):
        raise ValueError(fault)
    return value


def _guid(value: str) -> str:
    if not _GUID.fullmatch(value.lower()):
        raise ValueError("is not a GUID: it looks like 11111111-2222-3333-4444-555555555555")
    return value.lower()


VaultName = Annotated[str, AfterValidator(_vault_name)]
"""A key vault's name, unique in its cloud. (Microsoft Learn: "Naming rules and restrictions for Azure resources")"""

VaultId = Annotated[str, AfterValidator(_vault_id)]
"""A key vault's id in the Resource Manager."""

VaultObjectName = Annotated[str, AfterValidator(_object_name)]
"""The name of a secret, key or certificate."""

Guid = Annotated[str, AfterValidator(_guid)]
"""The id of a tenant, a subscription, a client or a principal."""
