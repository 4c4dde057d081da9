"""What a key vault may be, and what may be in it: known without loading a provider."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from ..args import Args
from ..cross_checks import Location, cross_check, skip_invalid
from ..durations import IsoDuration, Moment
from ..field_types import ListOf, Switch, Text, Whole, require_match
from ..hosts import DnsName, PublicRange
from .options import KeyType
from .types import EventDestinationId, NetworkId, Region, SubnetId, VaultZoneId, WorkspaceId

TagName = Annotated[
    str,
    require_match(r"[^<>%&\\?/\x00-\x1f]{1,512}", "is not a tag's name: use 1 to 512 characters, and none of <>%&\\?/"),
]
TagValue = Annotated[str, Field(max_length=256)]
"""(Microsoft Learn: "Use tags to organize your Azure resources")"""

_DAYS = {"Y": 365, "M": 30, "W": 7, "D": 1}
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
    """Who can connect to the vault."""

    public: Switch = True
    """Whether it has a public address."""

    allowed_ip_ranges: ListOf[PublicRange] = ()
    """Ranges that may use it; everybody, if these and the subnets are omitted."""

    allowed_subnet_ids: ListOf[SubnetId] = ()
    """Ids of subnets, with the service endpoint Microsoft.KeyVault, that may use it."""

    private_endpoint: PrivateEndpoint | None = None
    """A private address."""

    @cross_check
    def _check_ways(self) -> Iterator[tuple[str, str]]:
        if not self.public and self.private_endpoint is None:
            yield (
                "private_endpoint",
                "This setting is required with public: false: without it nobody could connect to the vault",
            )

    @cross_check
    def _check_firewall(self) -> Iterator[tuple[str, str]]:
        for name in ("allowed_ip_ranges", "allowed_subnet_ids"):
            if not self.public and getattr(self, name):
                yield (
                    name,
                    "This setting is allowed with public: true only: a vault without a public address ignores it",
                )

    @cross_check
    def _check_name(self) -> Iterator[tuple[str, str]]:
        end = self.private_endpoint
        if end and (end.virtual_network_id is None) == (end.dns_zone_id is None):
            yield (
                "private_endpoint",
                "This setting needs exactly one of virtualNetworkId (creates a DNS zone) and dnsZoneId (an existing "
                "one)",
            )


class VaultShape(Args):
    """What a vault is, save its name and its region."""

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

    expiry_events_to_id: EventDestinationId | None = None
    """Id of the event hub, of the queue or topic of Service Bus, or of the storage account's queue that gets an event
    30 days before a secret, key or certificate ends, and one at its end, by Event Grid.
    (Microsoft Learn: "Azure Key Vault as Event Grid source")"""

    lock: Switch = False
    """Guard it against deletion with a lock. Azure then keeps the roles at its objects too: lift it before a workload,
    or one of its secrets, is removed."""

    tags: Annotated[Mapping[TagName, TagValue], Field(max_length=50)] = {}
    """Its tags."""

    network: Network = Network()
    """Who can connect to it."""


class NewVault(VaultShape):
    """A vault that the stack makes."""

    location: Region | None = None
    """Its region; the resource group's, if omitted."""


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

    @cross_check
    def _check_life(self) -> Iterator[tuple[str, str]]:
        if self.not_before and self.expires and self.expires <= self.not_before:
            first, last = (each.isoformat().replace("+00:00", "Z") for each in (self.not_before, self.expires))
            yield "expires", f"{last!r} is not after notBefore, {first!r}"


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

    @cross_check
    def _check_form(self) -> Iterator[tuple[str, str]]:
        wrong = "size" if self.type.startswith("EC") else "curve"
        if getattr(self, wrong) is not None:
            yield wrong, f"This setting is not allowed with type {self.type!r}"

    @cross_check
    def _check_operations(self) -> Iterator[tuple[str, str]]:
        if self.type.startswith("EC") and (others := sorted(set(self.operations or ()) - {"sign", "verify"})):
            yield (
                "operations",
                f"{', '.join(others)} is not possible: a key of type {self.type!r} can only sign and verify",
            )

    @cross_check
    def _check_rotation(self) -> Iterator[tuple[str, str]]:
        if self.expires_after is not None and self.rotate_after is None:
            yield "rotate_after", "This setting is required with expiresAfter"
        if self.rotate_after is not None and _count_days(self.rotate_after) < 7:
            yield "rotate_after", f"{self.rotate_after!r} is too short: use 7 days (P7D) or more"

    @cross_check
    def _check_life(self) -> Iterator[tuple[str, str]]:
        if self.expires_after is None:
            return
        days = _count_days(self.expires_after)
        if days < 28:
            yield "expires_after", f"{self.expires_after!r} is too short: use 28 days (P28D) or more"
        elif self.rotate_after is not None and days < _count_days(self.rotate_after) + 7:
            yield (
                "expires_after",
                f"{self.expires_after!r} must be 7 days or more longer than rotateAfter, {self.rotate_after!r}",
            )


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

    @cross_check
    def _check_size(self) -> Iterator[tuple[str, str]]:
        if self.key_type.startswith("EC") and self.key_size is not None:
            yield "key_size", f"This setting is not allowed with keyType {self.key_type!r}"

    @cross_check
    def _check_renewal(self) -> Iterator[tuple[str, str]]:
        """Check when it is renewed (Azure Key Vault REST: "Create Certificate", on days_before_expiry)."""
        most = 27 * self.validity_months
        if self.renew_before_days > most:
            yield (
                "renew_before_days",
                f"{self.renew_before_days} must be {most} or less, 27 for each month of validityMonths, "
                f"{self.validity_months}",
            )


@skip_invalid
def check_hardware(sku: str, own: str, entry: VaultKey | VaultCertificate) -> Iterator[tuple[Location, str]]:
    """Check that a vault of `sku` can make what it keeps as `own`."""
    collection, field = ("keys", "type") if isinstance(entry, VaultKey) else ("certificates", "keyType")
    type_ = entry.type if isinstance(entry, VaultKey) else entry.key_type
    if sku == "standard" and type_.endswith("-HSM"):
        yield (collection, own, field), f"{type_!r} needs hardware: set vault.sku to 'premium'"


def list_clashes(
    secrets: Iterable[str], keys: Iterable[str], certificates: Iterable[str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """List the objects that would overwrite others, by their collection and name.

    A certificate is a key and a secret of its name too, and names ignore case.
    (Microsoft Learn: "About Azure Key Vault certificates")
    """
    made: dict[str, str] = {}
    for collection, what, names in (
        ("certificates", "", certificates),
        ("keys", "This key would overwrite the key", keys),
        ("secrets", "This secret would overwrite the private key", secrets),
    ):
        known: dict[str, str] = {}
        for own in names:
            if (first := known.setdefault(own.lower(), own)) != own:
                same = f"{own!r} is the same as {first!r} in the vault, whose names ignore case: rename one"
                yield (collection, own), same
            elif own.lower() in made:
                yield (collection, own), f"{what} of the certificate {made[own.lower()]!r}: rename one"
        made = made or known


def _count_days(duration: str) -> int:
    return sum(int(count) * _DAYS[unit] for count, unit in re.findall(r"([0-9]+)([YMWD])", duration))
