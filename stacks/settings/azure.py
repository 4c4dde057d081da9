"""What a stack may say of an Azure Key Vault."""

from collections.abc import Iterator, Mapping
from typing import Literal

from strongroom.components.azure.clouds import CLOUDS, Authority, Cloud, CloudName
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
from strongroom.components.azure.vault_args import (
    SecretAttributes,
    VaultCertificate,
    VaultKey,
    VaultShape,
    check_hardware,
)
from strongroom.components.cross_checks import Location, cross_check
from strongroom.components.durations import SecondsOrNone
from strongroom.components.field_types import AbsolutePath, Declaration, DnsLabel, Switch
from strongroom.components.hosts import Host

_MODES_OF_KEYS: Mapping[str, tuple[IdentityMode, ...]] = {
    "name": ("shared",),
    "existing": ("shared",),
    "client_id": ("addon", "node", "service-principal"),
    "principal_id": ("addon", "node", "system-assigned", "service-principal"),
    "secret_name": ("service-principal",),
}
"""The keys of an identity that only some modes have."""


class _WhichVault(Declaration):
    name: VaultName | None = None
    """Its name, unique in its cloud. Either this or, for one that exists, `id`."""

    create: Switch = True
    """Make it; false for one that exists, of which nothing is changed but what the stack keeps in it."""

    id: VaultId | None = None
    """The id of one that exists, in whichever resource group."""

    access: AccessMode = "rbac"
    """What decides on reads: role assignments at each object, or access policies, which can't be that narrow."""

    @cross_check
    def _check_which(self) -> Iterator[tuple[str, str]]:
        if self.name is None and self.id is None:
            yield "name", "This setting is required: use 3 to 24 letters, digits and single '-', unique in all of Azure"
        if self.name is not None and self.id is not None:
            yield "id", "This setting and name both select the vault: keep one of them"

    @cross_check
    def _check_id(self) -> Iterator[tuple[str, str]]:
        if self.id is not None and self.create:
            yield "id", "This setting selects an existing vault: set create: false as well"


class KeyVaultSettings(VaultShape, _WhichVault):
    """The vault: one of the stack's own, which is the recommended shape, or one that exists."""

    @cross_check
    def _check_existing(self) -> Iterator[tuple[str, str]]:
        for name in VaultShape.model_fields:
            if not self.create and name in self.model_fields_set:
                yield name, "This setting is allowed with create: true only: an existing vault is not changed"


class IdentitySettings(Declaration):
    """Who workloads are to Azure."""

    mode: IdentityMode = "workload-identity"
    """`workload-identity`: an identity each, federated with its service account. `shared`: one for all. `addon`,
    `node`, `system-assigned`: the cluster's own. `service-principal`: credentials in a Kubernetes Secret.
    `identity-binding`: an identity each, by AKS's preview. `pod-identity`: archived, for clusters that still
    have it."""

    name: IdentityName | None = None
    """With `shared`: the identity's name; defaults to `strongroom-<stack>`."""

    existing: Switch = False
    """With `shared`: whether the identity exists."""

    client_id: Guid | None = None
    """With `addon`, `node` and `service-principal`: its client id."""

    principal_id: Guid | None = None
    """With `addon`, `node`, `system-assigned` and `service-principal`: its object id."""

    secret_name: DnsLabel = "secrets-store-creds"  # noqa: S105 - a name
    """With `service-principal`: the Kubernetes Secret with `clientid` and `clientsecret`, in each workload's namespace.
    It is made where `clientSecret` is set."""

    @cross_check
    def _check_keys_of_mode(self) -> Iterator[tuple[str, str]]:
        for name, modes in _MODES_OF_KEYS.items():
            if name in self.model_fields_set and self.mode not in modes and getattr(self, name, None) is not None:
                yield (
                    name,
                    f"This setting is allowed with mode {' or '.join(map(repr, modes))} only, and mode is "
                    f"{self.mode!r}",
                )


class AzureStackSettings(Declaration):
    """A custom cloud, e.g. Azure Stack Hub."""

    authority: Authority
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
    """The Microsoft Entra tenant that the vault trusts."""

    subscription_id: Guid | None = None
    """The subscription; defaults to ARM_SUBSCRIPTION_ID or the Azure CLI's."""

    cloud: CloudName = "AzurePublicCloud"
    """The cloud."""

    azure_stack: AzureStackSettings | None = None
    """With `cloud: AzureStackCloud`: where its services are."""

    resource_group: ResourceGroup
    """The resource group of what the stack makes."""

    create_resource_group: Switch = False
    """Make it."""

    location: Region | None = None
    """The region of what the stack makes; defaults to the resource group's."""

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

    @cross_check
    def _check_cloud(self) -> Iterator[tuple[str, str]]:
        custom = self.cloud == "AzureStackCloud"
        if custom and self.azure_stack is None:
            yield (
                "azure_stack",
                "This setting is required with cloud 'AzureStackCloud': set where its services are",
            )
        if self.azure_stack is not None and not custom:
            yield "azure_stack", "This setting is allowed with cloud 'AzureStackCloud' only"

    @cross_check
    def _check_region(self) -> Iterator[tuple[str, str]]:
        if self.create_resource_group and self.location is None:
            yield "location", "This setting is required with createResourceGroup: name a region, e.g. westeurope"

    @cross_check
    def _check_hardware(self) -> Iterator[tuple[Location, str]]:
        for own, entry in (*self.keys.items(), *self.certificates.items()):
            if self.vault.create:
                yield from check_hardware(self.vault.sku, own, entry)

    @cross_check
    def _check_scope(self) -> Iterator[tuple[str, str]]:
        if self.vault.access == "policies" and "role_scope" in self.model_fields_set:
            yield (
                "role_scope",
                "This setting is allowed with vault.access 'rbac' only: role assignments and access policies exclude "
                "each other, so choose one",
            )

    @property
    def services(self) -> Cloud:
        """Where the cloud's services are."""
        custom = self.azure_stack
        if custom is None:
            return CLOUDS[self.cloud]
        return Cloud(
            name="AzureStackCloud",
            authority=custom.authority,
            vault_domain=custom.vault_domain,
            environment_file=custom.environment_file,
        )
