"""Ports of this machine that lead to a store in the cluster."""

from collections.abc import Generator
from contextlib import contextmanager

from strongroom.components.vault.port_forward import ForwardError, PodForward

from ..errors import OpsError
from .stack import DeployedStack, VaultStore


@contextmanager
def forward_ports(stack: DeployedStack) -> Generator[None]:
    """Forward ports to the store's pods meanwhile, where the stack says that they must.

    :raises OpsError: A port is in use.
    """
    if not isinstance(stack.backend, VaultStore) or stack.backend.forward is None:
        yield
        return
    forward, cluster = stack.backend.forward, stack.kubernetes
    try:
        ports = PodForward(
            forward.pods,
            namespace=forward.namespace,
            first_port=forward.first_port,
            kubeconfig=cluster.kubeconfig,
            context=cluster.context,
        )
    except ForwardError as error:
        raise OpsError(str(error)) from None
    with ports:
        yield
