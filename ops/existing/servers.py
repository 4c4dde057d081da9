"""Connections to the servers in a stack's settings."""

from collections.abc import Callable, Mapping

from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..errors import OpsError
from ..pulumi.stack import Cluster, VaultStore
from .cluster import ClusterFinder
from .find import Finder

Connect = Callable[[], Finder]
"""Connects to a server; raises `OpsError` if it can't be asked."""


def list_servers(settings: Settings) -> Mapping[str, Connect]:
    """List what connects to each server that exists, by the package whose resources are on it.

    A cluster or a Vault that the stack makes itself is none: nothing of anybody else's is on it.
    """
    kubernetes, backend = settings.kubernetes, settings.backend
    servers: dict[str, Connect] = {}
    if not kubernetes.aks or kubernetes.kubeconfig or kubernetes.context:
        servers["kubernetes"] = lambda: ClusterFinder(
            Cluster(kubeconfig=kubernetes.kubeconfig, context=kubernetes.context)
        )
    if not isinstance(backend, VaultSettings):

        def connect_to_azure() -> Finder:
            from .azure import AzureFinder  # noqa: PLC0415 - a stack on Vault loads no client of Azure

            return AzureFinder(backend)

        servers["azure-native"] = connect_to_azure
    elif backend.address and not backend.server:
        servers["vault"] = lambda: _connect_to_vault(backend)
    return servers


def _connect_to_vault(backend: VaultSettings) -> Finder:
    from ..store.vault_operator import VaultOperator  # noqa: PLC0415 - nor a stack on Azure one of Vault
    from .vault import VaultFinder  # noqa: PLC0415

    operator = VaultOperator(build_vault_store(backend))
    if operator.sealed:
        raise OpsError(f"Vault at {backend.address} is sealed")
    return VaultFinder(operator)


def build_vault_store(backend: VaultSettings) -> VaultStore:
    """Build what a client must know of a Vault that exists, from a stack's settings."""
    return VaultStore(
        kind="vault",
        address=backend.address or "",
        namespace=backend.namespace,
        ca_certificate=backend.ca_certificate,
        tls_server_name=backend.tls_server_name,
        mount=backend.mount.path,
        auth_path=backend.auth.path,
        audience=backend.audience,
    )
