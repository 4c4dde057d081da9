"""The key in Azure Key Vault that opens a Vault server, and who may use it."""

import pulumi

from ...azure.access import CRYPTO_SERVICE_ENCRYPTION_USER, Principal, role_assignment
from ...azure.clouds import PUBLIC, Cloud
from ...azure.identities.base import Federation
from ...azure.identities.workload_identity import Place, federate, identity_name, user_assigned
from ...azure.key_vault import Contents, KeyVault, KeyVaultArgs
from ...azure.objects import VaultObject
from ...azure.vault_args import ExistingVault, NewVault, VaultKey
from .seal import AzureKeyVaultSeal

_OPERATIONS = ("wrapKey", "unwrapKey")


class AzureSealKey(pulumi.ComponentResource):
    """A key in a key vault that opens a Vault server, and an identity of the server's own that may use it.

    The identity gets `Key Vault Crypto Service Encryption User` at that key, and nothing else; a federated credential
    ties it to the server's service account. The key never leaves the vault: with it gone, the store is lost, which is
    why a new vault has purge protection. (Vault docs: "Azure Key Vault seal configuration"; Microsoft Learn: "Azure
    built-in roles for Security", "Workload identity federation")
    """

    seal: AzureKeyVaultSeal
    """For `VaultServerArgs`."""

    ready: list[pulumi.Resource]
    """What must exist before the server's pods can start."""

    def __init__(
        self,
        name: str,
        *,
        place: Place,
        issuer: pulumi.Input[str],
        vault_name: str,
        vault: NewVault | ExistingVault | None = None,
        key_name: str = "vault-unseal",
        key: VaultKey | None = None,
        namespace: str = "vault",
        service_account: str = "vault",
        cloud: Cloud = PUBLIC,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param place: Where the vault and the identity are.
        :param issuer: The cluster's OIDC issuer, exactly as it stands in its tokens.
        :param vault_name: The vault's name; it must decide by roles.
        :param vault: How to make it, or that it exists; a vault with production's defaults where it is left out.
        :param key_name: The key's name in it.
        :param key: What the key is; RSA of 3072 bits where it is left out.
        :param namespace: The server's namespace.
        :param service_account: The server's service account: its name.
        :param cloud: The vault's cloud.
        :raises ValueError: A key that can't wrap.
        """
        super().__init__("strongroom:index:AzureSealKey", name, None, opts)
        key = key or VaultKey(operations=_OPERATIONS)
        if not key.type.startswith("RSA") or not set(_OPERATIONS) <= set(key.operations or _OPERATIONS):
            raise ValueError(f"AzureSealKey {name!r}: Vault's seal needs an RSA key that may wrapKey and unwrapKey")
        child = pulumi.ResourceOptions(parent=self)
        federation = Federation(issuer, namespace, service_account)
        kept = KeyVault(
            name,
            KeyVaultArgs(
                vault_name=vault_name,
                resource_group=place.resource_group,
                tenant_id=place.tenant_id,
                cloud=cloud,
                vault=vault,
                contents=Contents(keys={key_name: key}),
            ),
            child,
        )
        own = f"{namespace}/{service_account}"
        identity = user_assigned(own, identity_name(federation.namespace, federation.service_account), place, child)
        credential = federate(identity.name, place, federation, child)
        target = VaultObject("keys", key_name)
        role = role_assignment(
            vault_name,
            kept.vault_id,
            Principal(own, identity.principal_id),
            CRYPTO_SERVICE_ENCRYPTION_USER,
            target,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[kept.objects[target]])),
        )
        self.seal = AzureKeyVaultSeal(place.tenant_id, identity.client_id, vault_name, key_name, cloud.name)
        self.ready = [kept.objects[target], credential, role]
        self.register_outputs({"clientId": identity.client_id})
