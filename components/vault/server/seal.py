"""The seals that open a Vault server after a start: people with shares, or a key elsewhere."""

from typing import Annotated, Any, Literal

from ...args import Input
from ...azure.clouds import CloudName
from ...azure.types import VaultName, VaultObjectName
from ...field_types import Declaration, DnsLabel, ObjectKey, require_match
from ...urls import KeyAddress
from .pod_paths import TRANSIT_CA_DIRECTORY
from .tls import CA_FILE

_MOUNT = "is not an engine's path: use letters, digits, '-', '_' and '.', with single '/' between them"


class ShamirSeal(Declaration):
    """Shares of a key: people with enough of them open each pod after each start.

    (Vault docs: "Seal/Unseal")
    """

    kind: Literal["shamir"] = "shamir"
    """Which seal: `shamir`."""


class AzureKeyVaultSeal(Declaration):
    """A key in Azure Key Vault, used as the server's workload identity.

    The identity needs the key's get, wrap and unwrap (the role "Key Vault Crypto Service Encryption User" on the key),
    and a federated credential for the server's service account. (Vault docs: "Azure Key Vault seal configuration";
    Microsoft Learn: "Workload identity federation")
    """

    tenant_id: str
    """The Microsoft Entra tenant."""

    client_id: Input[str]
    """Client id of the identity."""

    vault_name: VaultName
    """The key vault's name."""

    key_name: VaultObjectName
    """The key's name; an RSA key."""

    cloud: CloudName = "AzurePublicCloud"
    """The cloud that it is in."""


class TransitSeal(Declaration):
    """A key in another Vault's transit engine.

    (Vault docs: "Transit seal configuration")
    """

    kind: Literal["transit"] = "transit"
    """Which seal: `transit`."""

    address: KeyAddress
    """URL of the other Vault."""

    key_name: ObjectKey
    """The key's name."""

    token_secret: DnsLabel
    """A Secret in the server's namespace whose `token` is a token of the other Vault that may use the key; periodic
    and orphan, because Vault renews it."""

    mount_path: Annotated[str, require_match(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?", _MOUNT)] = "transit"
    """Where the engine is mounted."""

    ca_secret: DnsLabel | None = None
    """A Secret in the server's namespace whose `ca.crt` signed the other Vault's certificate."""


Seal = ShamirSeal | AzureKeyVaultSeal | TransitSeal


def build_seal_stanza(seal: Seal) -> dict[str, Any]:
    """Build the seal of the server's configuration; nothing for shares."""
    match seal:
        case ShamirSeal():
            return {}
        case AzureKeyVaultSeal():
            elsewhere = {} if seal.cloud == "AzurePublicCloud" else {"environment": seal.cloud.upper()}
            return {
                "azurekeyvault": {
                    "tenant_id": seal.tenant_id,
                    "vault_name": seal.vault_name,
                    "key_name": seal.key_name,
                    **elsewhere,
                }
            }
        case TransitSeal():
            authority = {"tls_ca_cert": f"{TRANSIT_CA_DIRECTORY}/{CA_FILE}"} if seal.ca_secret else {}
            return {
                "transit": {
                    "address": seal.address,
                    "key_name": seal.key_name,
                    "mount_path": f"{seal.mount_path.strip('/')}/",
                    **authority,
                }
            }
