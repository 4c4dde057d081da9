"""The key in Azure Key Vault that opens a Vault server, and the identity that may use it."""

from collections.abc import Iterator

import pulumi

from ...args import Args, Input
from ...azure.access import CRYPTO_SERVICE_ENCRYPTION_USER, Principal, declare_role_assignment
from ...azure.clouds import PUBLIC, Cloud
from ...azure.identities.base import Federation
from ...azure.identities.workload_identity import IdentityLocation, declare_identity, federate, name_identity
from ...azure.key_vault import Contents, KeyVault, KeyVaultArgs
from ...azure.objects import VaultObject
from ...azure.types import VaultName, VaultObjectName
from ...azure.vault_args import ExistingVault, NewVault, VaultKey
from ...cross_checks import cross_check
from ...field_types import DnsLabel
from ...urls import Issuer
from .seal import AzureKeyVaultSeal

_OPERATIONS = ("wrapKey", "unwrapKey")


class AzureSealKeyArgs(Args):
    """The arguments of an `AzureSealKey`."""

    place: IdentityLocation
    """Where the vault and the identity are."""

    issuer: Input[Issuer]
    """The cluster's OIDC issuer, exactly as it stands in its tokens."""

    vault_name: VaultName
    """The vault's name; it must decide by roles."""

    vault: NewVault | ExistingVault | None = None
    """How to make it, or that it exists; if omitted, a vault with production's defaults is made."""

    key_name: VaultObjectName = "vault-unseal"
    """The key's name in it."""

    key: VaultKey | None = None
    """The key; if omitted, an RSA key of 3072 bits."""

    namespace: DnsLabel = "vault"
    """The server's namespace."""

    service_account: DnsLabel = "vault"
    """The server's service account: its name."""

    cloud: Cloud = PUBLIC
    """The vault's cloud."""

    @cross_check
    def _check_key(self) -> Iterator[tuple[str, str]]:
        key = self.key
        if key and not (key.type.startswith("RSA") and set(_OPERATIONS) <= set(key.operations or _OPERATIONS)):
            yield "key", "Vault's seal needs an RSA key that may wrapKey and unwrapKey"


class AzureSealKey(pulumi.ComponentResource):
    """A key in a key vault that opens a Vault server, and an identity of the server's own that may use it.

    The identity gets `Key Vault Crypto Service Encryption User` at that key, and nothing else; a federated credential
    ties it to the server's service account. The key never leaves the vault: with it gone, the store is lost, which is
    why a new vault has purge protection. (Vault docs: "Azure Key Vault seal configuration"; Microsoft Learn: "Azure
    built-in roles for Security", "Workload identity federation")
    """

    seal: AzureKeyVaultSeal
    """For `VaultServerSpec`."""

    ready: list[pulumi.Resource]
    """What must exist before the server's pods can start."""

    def __init__(self, name: str, args: AzureSealKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the key, the identity, and its role at the key.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:AzureSealKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        federation = Federation(args.issuer, args.namespace, args.service_account)
        kept = KeyVault(
            name,
            KeyVaultArgs(
                vault_name=args.vault_name,
                resource_group=args.place.resource_group,
                tenant_id=args.place.tenant_id,
                cloud=args.cloud,
                vault=args.vault,
                contents=Contents(keys={args.key_name: args.key or VaultKey(operations=_OPERATIONS)}),
            ),
            child,
        )
        own = f"{args.namespace}/{args.service_account}"
        identity = declare_identity(
            own, name_identity(federation.namespace, federation.service_account), args.place, child
        )
        credential = federate(own, identity.name, args.place, federation, child)
        target = VaultObject("keys", args.key_name)
        role = declare_role_assignment(
            args.vault_name,
            kept.vault_id,
            Principal(own, identity.principal_id),
            CRYPTO_SERVICE_ENCRYPTION_USER,
            target,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[kept.objects[target]])),
        )
        self.seal = AzureKeyVaultSeal(
            tenant_id=args.place.tenant_id,
            client_id=identity.client_id,
            vault_name=args.vault_name,
            key_name=args.key_name,
            cloud=args.cloud.name,
        )
        self.ready = [kept.objects[target], credential, role]
        self.register_outputs({"clientId": identity.client_id})
