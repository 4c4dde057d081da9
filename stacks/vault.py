"""What a stack may say of a HashiCorp Vault."""

from typing import Annotated, Literal

from pydantic import Field

from components.names import Declaration, ObjectPath
from components.vault.choices import Reviewer

from .values import Address, Seconds
from .vault_server import BootstrapSettings, ServerSettings


class KvMount(Declaration):
    """The KV version 2 engine that holds the workloads' secrets."""

    path: ObjectPath = "secret"
    """Where it is mounted."""

    create: bool = False
    """Mount it. Left out, the engine exists, and so do the objects that `seeds` doesn't name."""


class KubernetesAuthSettings(Declaration):
    """The Kubernetes auth method that workloads log in by."""

    path: ObjectPath = "kubernetes"
    """Where it is mounted; a path of its own for each cluster that shares a Vault."""

    create: bool = True
    """Mount and configure it; false where it exists and is configured."""

    kubernetes_host: Address | None = None
    """URL of the API server, as Vault reaches it; the kubeconfig's where it is left out."""

    kubernetes_ca_certificate: str | None = None
    """File with the CA of the API server's certificate; the kubeconfig's where it is left out."""

    reviewer: Reviewer = "service-account"
    """Whose token reviews clients' tokens: `service-account` (made for it) for a Vault outside the cluster,
    `in-cluster` for one inside, `client` for the client's own."""


class VaultSettings(Declaration):
    """A HashiCorp Vault that exists, self-managed or HCP, or one that the stack deploys."""

    kind: Literal["vault"]
    """Which store: `vault`."""

    address: Address | None = None
    """Vault's URL, as this program and the CSI provider reach it; with `server` it is the server's own. The token comes
    from VAULT_TOKEN, or from `bootstrap`."""

    server: ServerSettings | None = None
    """Deploy a Vault in the cluster. It outlives the stack only in its volumes and in what `bootstrap` keeps."""

    bootstrap: BootstrapSettings | None = None
    """Initialise and open Vault, and configure it with a token that is made for it."""

    namespace: str | None = None
    """Vault Enterprise's or HCP's namespace."""

    ca_certificate: str | None = None
    """File with the CA of Vault's certificate; the system's CAs where it is left out."""

    provider_ca_path: str | None = None
    """Path of that CA inside the CSI provider's pods, where Strongroom does not install the provider."""

    tls_server_name: str | None = None
    """The name that Vault's certificate bears, where it is not the address's."""

    mount: KvMount = KvMount()
    """The KV version 2 engine."""

    auth: KubernetesAuthSettings = KubernetesAuthSettings()
    """The auth method."""

    audience: Annotated[str, Field(min_length=1)] = "vault"
    """Audience of the workloads' service account tokens."""

    token_ttl: Seconds = 1200
    """Life of a workload's Vault token."""

    token_max_ttl: Seconds = 3600
    """Its longest life, with renewals."""

    @property
    def in_cluster(self) -> str:
        """Vault's URL, as pods reach it."""
        return self.server.address if self.server else self.address or ""

    @property
    def has_authority(self) -> bool:
        """Whether a CA of its own signed its certificate."""
        return bool(self.server.tls if self.server else self.ca_certificate)
