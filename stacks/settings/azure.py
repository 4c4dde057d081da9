"""What a stack may say of an Azure Key Vault."""

from collections.abc import Mapping
from typing import Annotated, Literal

from strongroom.components.azure.clouds import CLOUDS, Cloud, CloudName
from strongroom.components.azure.options import AccessMode, IdentityMode, RoleScope
from strongroom.components.azure.types import (
    Guid,
    IdentityName,
    Region,
    ResourceGroup,
    VaultId,
    VaultName,
    VaultObjectName,
)
from strongroom.components.azure.vault_args import Network, SecretAttributes, VaultCertificate, VaultKey, VaultShape
from strongroom.components.durations import SecondsOrNone
from strongroom.components.field_types import AbsolutePath, Declaration, DnsLabel, Switch, require_match
from strongroom.components.hosts import Host

_AUTHORITY = "is not a directory's host: write it without a scheme, e.g. login.microsoftonline.us"


class _WhichVault(Declaration):
    name: VaultName | None = None
    """Its name, unique in its cloud. Either this or, for one that exists, `id`."""

    create: Switch = True
    """Make it; false for one that exists, of which nothing is changed but what the stack keeps in it."""

    id: VaultId | None = None
    """The id of one that exists, in whichever resource group."""

    access: AccessMode = "rbac"
    """What decides on reads: role assignments at each object, or access policies, which can't be that narrow."""


class KeyVaultSettings(VaultShape, _WhichVault):
    """The vault: one of the stack's own, which is the recommended shape, or one that exists."""

    network: Network = Network()
    """Who reaches it."""


class IdentitySettings(Declaration):
    """Who workloads are to Azure."""

    mode: IdentityMode = "workload-identity"
    """`workload-identity`: an identity each, tied to its service account. `shared`: one for all. `addon`, `node`,
    `system-assigned`: the cluster's own. `service-principal`: credentials in a Kubernetes Secret. `identity-binding`:
    an identity each, by AKS's preview. `pod-identity`: archived, for clusters that have not left it."""

    name: IdentityName | None = None
    """With `shared`: the identity's name; `strongroom-<stack>` where it is left out."""

    existing: Switch = False
    """With `shared`: whether the identity exists."""

    client_id: Guid | None = None
    """With `addon`, `node` and `service-principal`: its client id."""

    principal_id: Guid | None = None
    """With `addon`, `node`, `system-assigned` and `service-principal`: its object id."""

    secret_name: DnsLabel = "secrets-store-creds"  # noqa: S105 - a name
    """With `service-principal`: the Kubernetes Secret with `clientid` and `clientsecret`, in each workload's namespace.
    It is made where `clientSecret` is set."""


class AzureStackSettings(Declaration):
    """A custom cloud, e.g. Azure Stack Hub."""

    authority: Annotated[str, require_match(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9.-]+)?", _AUTHORITY)]
    """Host of its directory."""

    vault_domain: Host
    """The domain of its key vaults."""

    environment_file: AbsolutePath
    """Path, in the CSI provider's pods, of the file that describes it."""


class AzureKeyVaultSettings(Declaration):
    """An Azure Key Vault."""

    kind: Literal["azure-key-vault"]
    """Which store: `azure-key-vault`."""

    tenant_id: Guid
    """The directory (Microsoft Entra tenant) that the vault trusts."""

    subscription_id: Guid | None = None
    """The subscription; ARM_SUBSCRIPTION_ID or the Azure CLI's where it is left out."""

    cloud: CloudName = "AzurePublicCloud"
    """The cloud."""

    azure_stack: AzureStackSettings | None = None
    """With `cloud: AzureStackCloud`: where its services are."""

    resource_group: ResourceGroup
    """The resource group of what the stack makes."""

    create_resource_group: Switch = False
    """Make it."""

    location: Region | None = None
    """The region of what the stack makes; the resource group's where it is left out."""

    vault: KeyVaultSettings
    """The vault."""

    role_scope: RoleScope = "object"
    """With `vault.access: rbac`: how far a role reaches. `vault` is wider than what is declared, and warns."""

    identity: IdentitySettings = IdentitySettings()
    """Who workloads are to Azure."""

    secrets: Mapping[VaultObjectName, SecretAttributes] = {}
    """Attributes of the secrets that `seeds` writes, by their names in the vault."""

    keys: Mapping[VaultObjectName, VaultKey] = {}
    """Keys that the vault makes."""

    certificates: Mapping[VaultObjectName, VaultCertificate] = {}
    """Certificates that the vault makes."""

    readiness_timeout: SecondsOrNone = 300
    """How long a pod waits until its access has taken effect, which takes Azure seconds to minutes. 0 for not at all:
    where the machine that deploys reaches the vault or the cluster's tokens not."""

    @property
    def services(self) -> Cloud:
        """Where the cloud's services are."""
        custom = self.azure_stack
        if custom is None:
            return CLOUDS[self.cloud]
        return Cloud(
            "AzureStackCloud", "", custom.authority, custom.vault_domain, environment_file=custom.environment_file
        )
