"""Settings of a HashiCorp Vault that a stack deploys, and of its bootstrap."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from strongroom.components.azure.types import Guid, Region, ResourceGroup, VaultName, VaultObjectName
from strongroom.components.cross_checks import cross_check
from strongroom.components.field_types import Declaration, ListOf, LocalFile, Switch, Whole
from strongroom.components.urls import KeyAddress
from strongroom.components.vault.options import BootstrapOptions, check_pgp_keys
from strongroom.components.vault.server.args import VaultServerShape
from strongroom.components.vault.server.seal import ShamirSeal, TransitSeal


class AzureSealSettings(Declaration):
    """A key in Azure Key Vault that opens the server.

    It is made here, with an identity of the server's own that may use it and nothing else. The cluster's issuer is
    `kubernetes.oidcIssuer`.
    """

    kind: Literal["azurekeyvault"]
    """Which seal: `azurekeyvault`."""

    tenant_id: Guid
    """The Microsoft Entra tenant."""

    subscription_id: Guid | None = None
    """The subscription; if omitted, ARM_SUBSCRIPTION_ID or the Azure CLI's."""

    resource_group: ResourceGroup
    """The resource group of the key vault and of the identity; it must exist."""

    location: Region | None = None
    """Their region; if omitted, the resource group's."""

    vault: VaultName
    """The key vault's name, unique in Azure; with purge protection, since without the key the store is lost."""

    create: Switch = True
    """Make the key vault; false for one that exists, and decides by roles."""

    key: VaultObjectName = "vault-unseal"
    """The key's name in it."""


SEALS: Mapping[str, type[Declaration]] = {
    "shamir": ShamirSeal,
    "transit": TransitSeal,
    "azurekeyvault": AzureSealSettings,
}
"""The seals of a server, by their kind."""


class ServerSettings(VaultServerShape):
    """A Vault that the stack deploys by the official chart, `charts.vault`."""

    seal: Annotated[ShamirSeal | TransitSeal | AzureSealSettings, Field(discriminator="kind")] = ShamirSeal()
    """What opens it after a start: shares, a key in another Vault, or one in Azure Key Vault."""


class FileKeyStoreSettings(Declaration):
    """A recovery file of mode 0600 on the machine that runs the program: move it to a safe place."""

    kind: Literal["file"]
    """Which key store: `file`."""

    path: LocalFile
    """The file."""

    pgp_keys: ListOf[LocalFile] = ()
    """Files with public keys, one a share, as `gpg --export --armor` writes them: each share is then for one holder,
    and the recovery file opens nothing."""


class AzureKeyStoreSettings(Declaration):
    """Secrets in an Azure Key Vault that exists; another one than the seal's."""

    kind: Literal["azure-key-vault"]
    """Which key store: `azure-key-vault`."""

    vault_url: KeyAddress
    """The key vault's URL."""

    tenant_id: Guid
    """The Microsoft Entra tenant that it trusts."""

    name: VaultObjectName = "vault-bootstrap"
    """What the secrets' names begin with."""

    pgp_keys: ListOf[LocalFile] = ()
    """Files with public keys, as for `file`."""


KEY_STORES: Mapping[str, type[Declaration]] = {"file": FileKeyStoreSettings, "azure-key-vault": AzureKeyStoreSettings}
"""The key stores, by their kind."""


class BootstrapSettings(BootstrapOptions):
    """The bootstrap of a Vault: it is initialised, once in its store's life, and opened."""

    key_store: Annotated[FileKeyStoreSettings | AzureKeyStoreSettings, Field(discriminator="kind")]
    """Where the shares are kept."""

    nodes: ListOf[KeyAddress] = ()
    """URLs by which this machine reaches each server. If omitted, ports are forwarded to the
    pods of `backend.server`."""

    first_port: Annotated[Whole, Field(ge=1, le=65000)] = 18200
    """With ports forwarded: this machine's port for the first pod; the next has the next one."""

    @cross_check
    def _check_holders(self) -> Iterator[tuple[str, str]]:
        yield from check_pgp_keys(self, len(self.key_store.pgp_keys))
