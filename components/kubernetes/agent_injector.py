"""The Vault Agent injector."""

import pulumi

from ..helm.charts import VAULT, Chart
from ..helm.release import PlannedRelease, release
from .agent_injection import INJECTED
from .csi_driver import NAMESPACE, NO_SERVER


def injector_release(
    name: str, *, address: str, replicas: int = 2, namespace: str = NAMESPACE, chart: Chart = VAULT
) -> PlannedRelease:
    """The release that `VaultAgentInjector` makes; of its parameters."""
    return PlannedRelease(
        name,
        chart,
        namespace,
        {
            "global": {"externalVaultAddr": address},
            "server": NO_SERVER,
            "csi": {"enabled": False},
            "injector": {
                "enabled": True,
                "replicas": replicas,
                "podDisruptionBudget": {"maxUnavailable": 1},
                # A pod that nobody injected would start without its secrets. Only pods that ask for it are held up.
                "webhook": {"failurePolicy": "Fail", "objectSelector": {"matchLabels": INJECTED}},
            },
        },
    )


class VaultAgentInjector(pulumi.ComponentResource):
    """The Vault Agent injector, by the official Helm chart, without the chart's server and CSI provider.

    It looks at pods of workloads with the delivery `agent-injector` alone, and none of those starts while it is down:
    it would start without its secrets. Each pod says itself which Vault, role and certificate are its own. Install it
    once a cluster. (Vault docs: "Vault Agent Injector installation")
    """

    def __init__(
        self,
        name: str,
        *,
        address: str,
        replicas: int = 2,
        namespace: str = NAMESPACE,
        chart: Chart = VAULT,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack, and of the release.
        :param address: Vault's URL, for pods that name none.
        :param replicas: How many pods; each on a node of its own.
        :param namespace: The namespace that it is installed in; it must exist.
        :param chart: The chart; another repository for a mirror.
        :raises ChartError: The chart's file is not that chart, or the values don't fit it.
        """
        super().__init__("strongroom:index:VaultAgentInjector", name, None, opts)
        release(
            injector_release(name, address=address, replicas=replicas, namespace=namespace, chart=chart),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
