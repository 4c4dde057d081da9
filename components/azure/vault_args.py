"""What a key vault may be, and what may be in it: known without loading a provider."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from ..args import Args
from ..durations import IsoDuration, Moment
from ..field_types import ListOf, Switch, Text, Whole, require_match
from ..hosts import DnsName, PublicRange
from .options import KeyType
from .types import NetworkId, Region, SubnetId, VaultZoneId, WorkspaceId

TagName = Annotated[
    str,
    require_match(r"[^<>%&\\?/\x00-\x1f]{1,512}", "is not a tag's name: use 1 to 512 characters, and none of <>%&\\?/"),
]
TagValue = Annotated[str, Field(max_length=256)]
"""(Microsoft Learn: "Use tags to organize your Azure resources")"""

_SUBJECT = "is not a subject: write it as X.509 has it, e.g. CN=shop.example.net"


class PrivateEndpoint(Args):
    """A private address of the vault."""

    subnet_id: SubnetId
    """Id of the subnet that the address is in."""

    virtual_network_id: NetworkId | None = None
    """Id of the network that resolves the vault's name to it, by a private DNS zone that the stack makes."""

    dns_zone_id: VaultZoneId | None = None
    """Id of a private DNS zone `privatelink.vaultcore.azure.net` that exists, instead."""


class Network(Args):
    """Who reaches the vault."""

    public: Switch = True
    """Whether it has a public address."""

    allowed_ip_ranges: ListOf[PublicRange] = ()
    """Ranges that may use it; everybody, if these and the subnets are omitted."""

    allowed_subnet_ids: ListOf[SubnetId] = ()
    """Ids of subnets, with the service endpoint Microsoft.KeyVault, that may use it."""

    private_endpoint: PrivateEndpoint | None = None
    """A private address."""


class VaultShape(Args):
    """What a vault is, save its name and its network."""

    sku: Literal["standard", "premium"] = "standard"
    """`premium` keeps keys in hardware."""

    retention_days: Annotated[Whole, Field(ge=7, le=90)] = 90
    """How long what was deleted can be recovered. It can't be changed later."""

    purge_protection: Switch = True
    """Nobody can delete for good before that. It can't be turned off again."""

    recover: Switch = False
    """Recover a vault of that name that was deleted softly, rather than make one."""

    audit_workspace_id: WorkspaceId | None = None
    """Id of the Log Analytics workspace that gets its audit log."""

    lock: Switch = False
    """Guard it against deletion with a lock. Azure then keeps the roles at its objects too: lift it before a workload,
    or one of its secrets, is removed."""

    tags: Annotated[Mapping[TagName, TagValue], Field(max_length=50)] = {}
    """Its tags."""


class NewVault(VaultShape):
    """A vault that the stack makes."""

    location: Region | None = None
    """Its region; the resource group's, if omitted."""

    reach: Network = Network()
    """Who reaches it."""


class ExistingVault(Args):
    """A vault that somebody else made: nothing of it is changed but what the stack keeps in it."""


class SecretAttributes(Args):
    """What a vault tells of a secret. It enforces none of it."""

    content_type: Annotated[str, Field(max_length=255)] | None = None
    """What kind of text it is, e.g. `text/plain`."""

    not_before: Moment | None = None
    """Before when it should not be used, e.g. `2027-01-01T00:00:00Z`."""

    expires: Moment | None = None
    """After when it should not be used."""


class VaultKey(Args):
    """A key that the vault makes and never gives away."""

    type: KeyType = "RSA"
    """Its type; the HSM ones need `sku: premium`."""

    size: Literal[2048, 3072, 4096] | None = None
    """Bits of an RSA key; 3072, if omitted."""

    curve: Literal["P-256", "P-384", "P-521", "P-256K"] | None = None
    """Curve of an EC key; `P-256`, if omitted."""

    operations: Annotated[
        ListOf[Literal["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]] | None, Field(min_length=1)
    ] = None
    """What it may be used for; everything that its type can, if omitted."""

    rotate_after: IsoDuration | None = None
    """The vault makes a new version this long after the last."""

    expires_after: IsoDuration | None = None
    """How long a version lives; longer than `rotateAfter`."""


class VaultCertificate(Args):
    """A certificate that the vault makes."""

    subject: Annotated[str, require_match(r"CN=\S.*", _SUBJECT)]
    """X.509 subject, e.g. `CN=shop.example.net`."""

    dns_names: ListOf[DnsName] = ()
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
    """Bits of an RSA key; 3072, if omitted."""

    exportable: Switch = True
    """Whether the private key may leave the vault: a workload that mounts it needs that."""

    content_type: Literal["pem", "pfx"] = "pem"
    """How the vault keeps the private key and the chain."""
