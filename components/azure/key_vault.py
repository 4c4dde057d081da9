"""A key vault: made, or found, with the objects that the stack keeps in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import pulumi
from pulumi_azure_native import authorization, keyvault, monitor, network, privatedns

from ..args import Args, Input
from ..cross_checks import Location, cross_check
from ..field_types import SECRET
from ..seeds import Seed, is_initial, resolve_seed
from .access import CERTIFICATES_OFFICER, Principal, declare_role_assignment
from .certificate import Certificate, CertificateArgs
from .clouds import PUBLIC, Cloud
from .errors import UnsuitableResourceError
from .expiry_events import declare_expiry_events
from .objects import VaultObject
from .options import AccessMode, check_size
from .types import Guid, ResourceGroup, VaultName, VaultObjectName
from .vault_args import (
    ExistingVault,
    NewVault,
    PrivateEndpoint,
    SecretAttributes,
    VaultCertificate,
    VaultKey,
    check_hardware,
    list_clashes,
)

PRIVATE_ZONE = "privatelink.vaultcore.azure.net"
"""(Microsoft Learn: "Azure Private Endpoint private DNS zone values")"""

WrittenObject = keyvault.Secret | keyvault.Key | Certificate
"""An object that the stack keeps in a vault."""

_CERTIFICATE_PERMISSIONS = ("get", "create", "update", "delete", "recover")


class VaultSecret(SecretAttributes):
    """A secret that the stack writes."""

    value: Annotated[Seed, SECRET]
    """What it is."""


class Contents(Args):
    """What the stack keeps in a vault, by name.

    A certificate is a key and a secret of its name too, and case makes no difference to names.
    (Microsoft Learn: "About keys, secrets, and certificates")
    """

    secrets: Mapping[VaultObjectName, VaultSecret] = {}
    """Secrets."""

    keys: Mapping[VaultObjectName, VaultKey] = {}
    """Keys."""

    certificates: Mapping[VaultObjectName, VaultCertificate] = {}
    """Certificates."""

    @cross_check
    def _check_names(self) -> Iterator[tuple[Location, str]]:
        yield from list_clashes(self.secrets, self.keys, self.certificates)

    @cross_check
    def _check_sizes(self) -> Iterator[tuple[Location, str]]:
        for name, secret in self.secrets.items():
            if isinstance(secret.value, str) and (issue := check_size(secret.value)):
                yield ("secrets", name, "value"), issue


class KeyVaultArgs(Args):
    """The arguments of a `KeyVault`."""

    vault_name: VaultName
    """The vault's name, unique in its cloud."""

    resource_group: Input[ResourceGroup]
    """The resource group that it is in."""

    tenant_id: Guid
    """The Microsoft Entra tenant that it trusts."""

    cloud: Cloud = PUBLIC
    """Its cloud."""

    access: AccessMode = "rbac"
    """What decides on reads: role assignments or access policies."""

    vault: NewVault | ExistingVault | None = None
    """How to make it, or that it exists; if omitted, a vault with production's defaults is made."""

    contents: Contents | None = None
    """What the stack keeps in it."""

    @cross_check
    def _check_hardware(self) -> Iterator[tuple[Location, str]]:
        contents, vault = self.contents or Contents(), self.vault or NewVault()
        for own, entry in (*contents.keys.items(), *contents.certificates.items()):
            for location, issue in check_hardware(vault.sku, own, entry) if isinstance(vault, NewVault) else ():
                yield ("contents", *location), issue


class KeyVault(pulumi.ComponentResource):
    """An Azure Key Vault, with role-based access, soft delete and purge protection by default.

    One vault an application and environment is the shape that Microsoft recommends, and the default; a shared one is
    used by `ExistingVault`. Secrets and keys are written by way of the Resource Manager, certificates by the data
    plane: the deployer gets `Key Vault Certificates Officer` at each certificate for that, and nothing that reads a
    secret.
    (Microsoft Learn: "Best practices for using Azure Key Vault", "Azure Key Vault soft-delete overview")
    """

    name: str
    """The vault's name."""

    resource_group: pulumi.Input[str]
    """The resource group that it is in."""

    vault_id: pulumi.Output[str]
    """Its id in the Resource Manager."""

    url: str
    """Its data plane."""

    objects: Mapping[VaultObject, WrittenObject]
    """What the stack keeps in it."""

    access: AccessMode
    """What decides on reads."""

    certificates: Mapping[str, VaultCertificate]
    """The certificates that the stack keeps in it."""

    def __init__(self, name: str, args: KeyVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the vault and its objects.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:KeyVault", name, None, opts)
        vault = args.vault or NewVault()
        self.name = args.vault_name
        self.resource_group = args.resource_group
        self.access = args.access
        self.certificates = args.contents.certificates if args.contents else {}
        self.url = args.cloud.build_vault_url(args.vault_name)
        self._tenant = args.tenant_id
        self._cloud = args.cloud
        self._child = pulumi.ResourceOptions(parent=self)
        self._made: keyvault.Vault | None = None
        if isinstance(vault, ExistingVault):
            self._use()
        else:
            self._make(name, vault)
        self.objects = self._keep(name, args.contents or Contents())
        secrets = (args.contents or Contents()).secrets
        initial = sorted(own for own, secret in secrets.items() if is_initial(secret.value))
        self.register_outputs({"vaultId": self.vault_id, "url": self.url, "initial": initial})

    def _use(self) -> None:
        found = keyvault.get_vault_output(
            vault_name=self.name,
            resource_group_name=self.resource_group,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        self.vault_id = pulumi.Output.all(found.id, found.properties.enable_rbac_authorization).apply(
            lambda found: self._check_access_mode(str(found[0]), bool(found[1]))
        )

    def _check_access_mode(self, vault_id: str, rbac: bool) -> str:
        actual = "rbac" if rbac else "policies"
        if actual != self.access:
            raise UnsuitableResourceError(
                f"The vault {self.name!r} decides by {actual!r}, not by {self.access!r}: "
                f"what is granted would have no effect. Set access to {actual!r}, or change the vault"
            )
        return vault_id

    def _make(self, name: str, vault: NewVault) -> None:
        rules = vault.network
        limited = bool(rules.allowed_ip_ranges or rules.allowed_subnet_ids) or not rules.public
        self._made = keyvault.Vault(
            name,
            vault_name=self.name,
            resource_group_name=self.resource_group,
            location=vault.location,
            tags=vault.tags or None,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=self._tenant,
                sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName(vault.sku)),
                # If omitted, its default depends on the version of the API.
                enable_rbac_authorization=self.access == "rbac",
                enable_soft_delete=True,
                soft_delete_retention_in_days=vault.retention_days,
                # The API refuses false.
                enable_purge_protection=True if vault.purge_protection else None,
                create_mode=keyvault.CreateMode.RECOVER if vault.recover else None,
                public_network_access="Enabled" if rules.public else "Disabled",
                network_acls=keyvault.NetworkRuleSetArgs(
                    bypass="AzureServices",
                    default_action="Deny" if limited else "Allow",
                    ip_rules=[keyvault.IPRuleArgs(value=value) for value in rules.allowed_ip_ranges],
                    virtual_network_rules=[keyvault.VirtualNetworkRuleArgs(id=id_) for id_ in rules.allowed_subnet_ids],
                ),
            ),
            # Logged once, when it is made.
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(ignore_changes=["properties.createMode"])
            ),
        )
        self.vault_id = self._made.id
        if rules.private_endpoint:
            self._join(name, rules.private_endpoint, vault.location)
        guarded: list[pulumi.Resource] = []
        if vault.audit_workspace_id:
            guarded.append(self._declare_audit(name, vault.audit_workspace_id))
        if vault.expiry_events_to_id:
            guarded.append(declare_expiry_events(name, self.vault_id, vault.expiry_events_to_id, self._child))
        if vault.lock:
            self._lock(name, guarded)

    def _join(self, name: str, endpoint: PrivateEndpoint, location: str | None) -> None:
        made = network.PrivateEndpoint(
            name,
            private_endpoint_name=f"{self.name}-vault",
            resource_group_name=self.resource_group,
            location=location,
            subnet=network.SubnetArgs(id=endpoint.subnet_id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name=self.name, private_link_service_id=self.vault_id, group_ids=["vault"]
                )
            ],
            opts=self._child,
        )
        zone: pulumi.Input[str] | None = endpoint.dns_zone_id
        if zone is None and endpoint.virtual_network_id:
            created = privatedns.PrivateZone(
                name,
                private_zone_name=PRIVATE_ZONE,
                resource_group_name=self.resource_group,
                location="global",
                opts=self._child,
            )
            privatedns.VirtualNetworkLink(
                name,
                virtual_network_link_name=self.name,
                private_zone_name=created.name,
                resource_group_name=self.resource_group,
                location="global",
                registration_enabled=False,
                virtual_network=privatedns.SubResourceArgs(id=endpoint.virtual_network_id),
                opts=self._child,
            )
            zone = created.id
        if zone is not None:
            network.PrivateDnsZoneGroup(
                name,
                private_dns_zone_group_name="default",
                private_endpoint_name=made.name,
                resource_group_name=self.resource_group,
                private_dns_zone_configs=[
                    network.PrivateDnsZoneConfigArgs(name=PRIVATE_ZONE.replace(".", "-"), private_dns_zone_id=zone)
                ],
                opts=self._child,
            )

    def _declare_audit(self, name: str, workspace_id: str) -> monitor.DiagnosticSetting:
        return monitor.DiagnosticSetting(
            name,
            name="strongroom-audit",
            resource_uri=self.vault_id,
            workspace_id=workspace_id,
            logs=[monitor.DiagnosticsLogSettingsArgs(category="AuditEvent", enabled=True)],
            opts=self._child,
        )

    def _lock(self, name: str, guarded: Sequence[pulumi.Resource]) -> None:
        authorization.ManagementLockByScope(
            name,
            lock_name="strongroom",
            scope=self.vault_id,
            level="CanNotDelete",
            notes="Holds the secrets of workloads; made by Strongroom",
            # The lock guards these too, and so must be gone before they can go.
            opts=pulumi.ResourceOptions(parent=self, depends_on=guarded),
        )

    def _keep(self, name: str, contents: Contents) -> dict[VaultObject, WrittenObject]:
        # What is in a vault goes with it; only a single object's removal needs rights in the data plane.
        inside = pulumi.ResourceOptions(parent=self, deleted_with=self._made, depends_on=self._made or [])
        kept: dict[VaultObject, WrittenObject] = {}
        for own, secret in contents.secrets.items():
            kept[VaultObject("secrets", own)] = self._declare_secret(own, secret, inside)
        for own, key in contents.keys.items():
            kept[VaultObject("keys", own)] = self._declare_key(own, key, inside)
        allowed = self._grant_deployer(contents.certificates)
        for own, certificate in contents.certificates.items():
            made = Certificate(
                f"{name}/{own}",
                CertificateArgs(
                    name=own,
                    vault_url=self.url,
                    tenant_id=self._tenant,
                    cloud=self._cloud,
                    certificate=certificate,
                ),
                pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=allowed)),
            )
            # Its private half is a secret, and its public key a key, of the same name.
            kept |= dict.fromkeys((VaultObject(kind, own) for kind in ("certificates", "secrets", "keys")), made)
        return kept

    def _declare_secret(self, name: str, secret: VaultSecret, opts: pulumi.ResourceOptions) -> keyvault.Secret:
        return keyvault.Secret(
            name,
            secret_name=name,
            vault_name=self.name,
            resource_group_name=self.resource_group,
            properties=keyvault.SecretPropertiesArgs(
                value=resolve_seed(name, secret.value, self),
                content_type=secret.content_type,
                attributes=keyvault.SecretAttributesArgs(
                    enabled=True, not_before=_to_epoch(secret.not_before), expires=_to_epoch(secret.expires)
                ),
            ),
            # To Azure's Resource Manager they are one: with changed attributes the value would be written again.
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(ignore_changes=["properties"] if is_initial(secret.value) else None)
            ),
        )

    def _declare_key(self, name: str, key: VaultKey, opts: pulumi.ResourceOptions) -> keyvault.Key:
        rotation = (
            keyvault.RotationPolicyArgs(
                attributes=keyvault.KeyRotationPolicyAttributesArgs(expiry_time=key.expires_after),
                lifetime_actions=[
                    keyvault.LifetimeActionArgs(
                        action=keyvault.ActionArgs(type=keyvault.KeyRotationPolicyActionType.ROTATE),
                        trigger=keyvault.TriggerArgs(time_after_create=key.rotate_after),
                    )
                ],
            )
            if key.rotate_after
            else None
        )
        rsa = key.type.startswith("RSA")
        return keyvault.Key(
            name,
            key_name=name,
            vault_name=self.name,
            resource_group_name=self.resource_group,
            properties=keyvault.KeyPropertiesArgs(
                kty=key.type,
                key_size=(key.size or 3072) if rsa else None,
                curve_name=None if rsa else (key.curve or "P-256"),
                key_ops=list(key.operations) if key.operations else None,
                rotation_policy=rotation,
            ),
            opts=opts,
        )

    def _grant_deployer(self, certificates: Iterable[str]) -> list[pulumi.Resource]:
        """Declare what lets the deployer make these certificates, and read no secret."""
        names = sorted(certificates)
        if not names:
            return []
        me = authorization.get_client_config_output(opts=pulumi.InvokeOutputOptions(parent=self)).object_id
        inside = pulumi.ResourceOptions(parent=self, deleted_with=self._made)
        if self.access == "rbac":
            deployer = Principal("deployer", me, None)
            return [
                declare_role_assignment(
                    self.name,
                    self.vault_id,
                    deployer,
                    CERTIFICATES_OFFICER,
                    VaultObject("certificates", name),
                    opts=inside,
                )
                for name in names
            ]
        policy = keyvault.AccessPolicyEntryArgs(
            tenant_id=self._tenant,
            object_id=me,
            permissions=keyvault.PermissionsArgs(certificates=list(_CERTIFICATE_PERMISSIONS)),
        )
        return [
            keyvault.AccessPolicy(
                "deployer",
                vault_name=self.name,
                resource_group_name=self.resource_group,
                policy=policy,
                opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=self._made or [])),
            )
        ]


def _to_epoch(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def read_version(written: WrittenObject) -> pulumi.Output[str]:
    """Return the version of an object that the stack keeps in a key vault; it is not secret."""
    match written:
        case keyvault.Secret():
            uri = pulumi.Output.unsecret(written.properties).apply(lambda found: found.secret_uri_with_version)
        case keyvault.Key():
            uri = written.key_uri_with_version
        case Certificate():
            return written.version
    return uri.apply(lambda found: (found or "").rpartition("/")[2])
