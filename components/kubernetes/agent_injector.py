"""The Vault Agent injector."""

from typing import Annotated

import pulumi
from pydantic import Field

from ..args import Args
from ..field_types import DnsLabel, Whole
from ..helm.charts import VAULT, Chart
from ..helm.release import PlannedRelease, declare_release
from ..urls import Address
from .agent_injection import INJECTED
from .csi_driver import NAMESPACE, NO_SERVER


class VaultAgentInjectorArgs(Args):
    """The arguments of a `VaultAgentInjector`."""

    address: Address
    """Vault's URL, for pods that name none."""

    replicas: Annotated[Whole, Field(ge=1)] = 2
    """How many pods; each on a node of its own."""

    namespace: DnsLabel = NAMESPACE
    """The namespace that it is installed in; it must exist."""

    chart: Chart = VAULT
    """The chart; another repository for a mirror."""


def plan_injector_release(name: str, args: VaultAgentInjectorArgs) -> PlannedRelease:
    """Plan the release that `VaultAgentInjector` makes."""
    return PlannedRelease(
        name,
        args.chart,
        args.namespace,
        {
            "global": {"externalVaultAddr": args.address},
            "server": NO_SERVER,
            "csi": {"enabled": False},
            "injector": {
                "enabled": True,
                "replicas": args.replicas,
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

    def __init__(self, name: str, args: VaultAgentInjectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the chart's release.

        :param name: The component's name in the stack, and of the release.
        :param args: Its arguments.
        :raises ChartError: The chart's file is not that chart, or the values don't fit it.
        """
        super().__init__("strongroom:index:VaultAgentInjector", name, None, opts)
        declare_release(plan_injector_release(name, args), pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
