"""Construction of a stack's store."""

from ..cluster.client import ClusterClient
from ..pulumi.stack import DeployedStack, VaultStore
from .base import Store


def open_store(stack: DeployedStack, cluster: ClusterClient) -> Store:
    """Build the store of `stack`."""
    # For Vault, no client of Azure is loaded, and the other way round.
    if isinstance(stack.backend, VaultStore):
        from .vault import Vault  # noqa: PLC0415

        return Vault(stack, stack.backend)
    from .key_vault import KeyVault  # noqa: PLC0415

    return KeyVault(stack, stack.backend, cluster)
