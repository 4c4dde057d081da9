"""A Vault server in the cluster."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from ..charts import VAULT, Chart
from .chart_values import values
from .tls import CertManagerTls, issued
from .wanted import Server, faults


class VaultServer(pulumi.ComponentResource):
    """A Vault server by the official Helm chart: raft storage, TLS, volumes for data and audit, pods kept apart.

    Helm does not wait: a pod is ready once it is open, and only `VaultBootstrap` opens it. The injector and the CSI
    provider of the chart are left out; the latter comes with `SecretsStoreCsiDriver`. (Vault docs: "Run Vault on
    Kubernetes", "Production hardening"; Helm chart "vault")
    """

    address: str
    """URL of it in the cluster."""

    peers: list[str]
    """URLs by which its pods reach each other: the join addresses of bootstrap's nodes."""

    release: pulumi.Resource
    """The chart's release: what bootstrap depends on."""

    def __init__(
        self,
        name: str,
        *,
        server: Server,
        production: bool = True,
        chart: Chart = VAULT,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param server: What it is to be.
        :param production: Refuse the dev server and plain HTTP.
        :param chart: The chart; another repository for a mirror.
        :raises ValueError: What it is told to be can't be; all that is wrong is told.
        """
        super().__init__("strongroom:index:VaultServer", name, None, opts)
        if wrong := faults(server, production):
            raise ValueError(f"VaultServer {name!r}: {'; '.join(wrong)}")
        child = pulumi.ResourceOptions(parent=self)
        certificates = (
            issued(server.name, server.namespace, server.tls, server.also_named, child)
            if isinstance(server.tls, CertManagerTls)
            else []
        )
        self.release = Release(
            name,
            name=server.name,
            chart=chart.name,
            version=chart.version,
            repository_opts={"repo": chart.repository},
            namespace=server.namespace,
            skip_await=True,
            values=values(server),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=certificates)),
        )
        self.address = server.address
        self.peers = server.peers
        self.register_outputs({"address": self.address, "peers": self.peers})
