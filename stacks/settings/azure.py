"""What a stack may say of an Azure Key Vault."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from strongroom.components.azure.clouds import CLOUDS, Cloud, CloudName
from strongroom.components.azure.options import AccessMode, IdentityMode, KeyType, RoleScope
from strongroom.components.azure.types import (
    Guid,
    NetworkId,
    Region,
    ResourceGroup,
    SubnetId,
    VaultId,
    VaultName,
    VaultObjectName,
    VaultZoneId,
    WorkspaceId,
)
from strongroom.components.durations import IsoDuration, Moment, SecondsOrNone
from strongroom.components.field_types import AbsolutePath, Declaration, DnsLabel, Switch, Text, Whole, matching
from strongroom.components.hosts import DnsName, Host, PublicRange

TagName = Annotated[
    str, matching(r"[^<>%&\\?/\x00-\x1f]{1,512}", "is not a tag's name: use 1 to 512 characters, and none of <>%&\\?/")
]
TagValue = Annotated[str, Field(max_length=256)]
"""(Microsoft Learn: "Use tags to organize your Azure resources")"""

_IDENTITY = "is not an identity's name: use 3 to 128 letters, digits, '-' and '_', with a letter or digit first"
_AUTHORITY = "is not a directory's host: write it without a scheme, e.g. login.microsoftonline.us"
_SUBJECT = "is not a subject: write it as X.509 has it, e.g. CN=shop.example.net"


class PrivateEndpointSettings(Declaration):
    """A private address of the vault."""

    subnet_id: SubnetId
    """Id of the subnet that the address is in."""

    virtual_network_id: NetworkId | None = None
    """Id of the network that resolves the vault's name to it, by a private DNS zone that the stack makes."""

    dns_zone_id: VaultZoneId | None = None
    """Id of a private DNS zone `privatelink.vaultcore.azure.net` that exists, instead."""


class VaultNetworkSettings(Declaration):
    """Who reaches the vault."""

    public: Switch = True
    """Whether it has a public address."""

    allowed_ip_ranges: tuple[PublicRange, ...] = ()
    """Ranges that may use it; everybody where these and the subnets are left out."""

    allowed_subnet_ids: tuple[SubnetId, ...] = ()
    """Ids of subnets, with the service endpoint Microsoft.KeyVault, that may use it."""

    private_endpoint: PrivateEndpointSettings | None = None
    """A private address."""


class KeyVaultSettings(Declaration):
    """The vault: one of the stack's own, which is the recommended shape, or one that exists."""

    name: VaultName | None = None
    """Its name, unique in its cloud. Either this or, for one that exists, `id`."""

    create: Switch = True
    """Make it; false for one that exists, of which nothing is changed but what the stack keeps in it."""

    id: VaultId | None = None
    """The id of one that exists, in whichever resource group."""

    access: AccessMode = "rbac"
    """What decides on reads: role assignments at each object, or access policies, which can't be that narrow."""

    sku: Literal["standard", "premium"] = "standard"
    """`premium` keeps keys in hardware."""

    retention_days: Annotated[Whole, Field(ge=7, le=90)] = 90
    """How long what was deleted can be recovered. It can't be changed later."""

    purge_protection: Switch = True
    """Nobody can delete for good before that. It can't be turned off again."""

    recover: Switch = False
    """Recover a vault of that name that was deleted softly, rather than make one."""

    network: VaultNetworkSettings = VaultNetworkSettings()
    """Who reaches it."""

    audit_workspace_id: WorkspaceId | None = None
    """Id of the Log Analytics workspace that gets its audit log."""

    lock: Switch = False
    """Guard it against deletion with a lock. Azure then keeps the roles at its objects too: lift it before a workload,
    or one of its secrets, is removed."""

    tags: Annotated[Mapping[TagName, TagValue], Field(max_length=50)] = {}
    """Its tags."""


class IdentitySettings(Declaration):
    """Who workloads are to Azure."""

    mode: IdentityMode = "workload-identity"
    """`workload-identity`: an identity each, tied to its service account. `shared`: one for all. `addon`, `node`,
    `system-assigned`: the cluster's own. `service-principal`: credentials in a Kubernetes Secret. `identity-binding`:
    an identity each, by AKS's preview. `pod-identity`: archived, for clusters that have not left it."""

    name: Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}", _IDENTITY)] | None = None
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

    authority: Annotated[str, matching(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9.-]+)?", _AUTHORITY)]
    """Host of its directory."""

    vault_domain: Host
    """The domain of its key vaults."""

    environment_file: AbsolutePath
    """Path, in the CSI provider's pods, of the file that describes it."""


class SecretAttributes(Declaration):
    """What a vault tells of a secret. It enforces none of it."""

    content_type: Annotated[str, Field(max_length=255)] | None = None
    """What kind of text it is, e.g. `text/plain`."""

    not_before: Moment | None = None
    """Before when it should not be used, e.g. `2027-01-01T00:00:00Z`."""

    expires: Moment | None = None
    """After when it should not be used."""


class KeySettings(Declaration):
    """A key that the vault makes and never gives away."""

    type: KeyType = "RSA"
    """Its type; the HSM ones need `sku: premium`."""

    size: Literal[2048, 3072, 4096] | None = None
    """Bits of an RSA key; 3072 where it is left out."""

    curve: Literal["P-256", "P-384", "P-521", "P-256K"] | None = None
    """Curve of an EC key; `P-256` where it is left out."""

    operations: Annotated[
        tuple[Literal["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"], ...] | None, Field(min_length=1)
    ] = None
    """What it may be used for; everything that its type can where it is left out."""

    rotate_after: IsoDuration | None = None
    """The vault makes a new version this long after the last."""

    expires_after: IsoDuration | None = None
    """How long a version lives; longer than `rotateAfter`."""


class CertificateSettings(Declaration):
    """A certificate that the vault makes."""

    subject: Annotated[str, matching(r"CN=\S.*", _SUBJECT)]
    """X.509 subject, e.g. `CN=shop.example.net`."""

    dns_names: tuple[DnsName, ...] = ()
    """Alternative names."""

    issuer: Text = "Self"
    """`Self`, or an issuer that the vault knows."""

    validity_months: Annotated[Whole, Field(ge=1, le=1200)] = 12
    """How long it is valid."""

    renew_before_days: Annotated[Whole, Field(ge=1, le=32400)] = 30
    """How many days before its end the vault renews it."""

    key_type: KeyType = "RSA"
    """Its key's type; the HSM ones need `sku: premium`."""

    key_size: Literal[2048, 3072, 4096] | None = None
    """Bits of an RSA key; 3072 where it is left out."""

    exportable: Switch = True
    """Whether the private key may leave the vault: a workload that mounts it needs that."""

    content_type: Literal["pem", "pfx"] = "pem"
    """How the vault keeps the private key and the chain."""


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

    keys: Mapping[VaultObjectName, KeySettings] = {}
    """Keys that the vault makes."""

    certificates: Mapping[VaultObjectName, CertificateSettings] = {}
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
