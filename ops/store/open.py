"""The store of a stack."""

from ..cluster.client import ClusterClient
from ..pulumi.stack import DeployedStack, VaultStore
from .base import Store


def store_of(stack: DeployedStack, cluster: ClusterClient) -> Store:
    """The store of `stack`."""
    # Whoever verifies Vault loads no client of Azure, and the other way round.
    if isinstance(stack.backend, VaultStore):
        from .vault import Vault  # noqa: PLC0415

        return Vault(stack, stack.backend)
    from .key_vault import KeyVault  # noqa: PLC0415

    return KeyVault(stack, stack.backend, cluster)
