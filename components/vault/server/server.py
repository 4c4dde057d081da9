"""A Vault server in the cluster."""

from collections.abc import Iterator, Sequence

import pulumi

from ...args import Args
from ...cross_checks import Location, cross_check
from ...field_types import Switch
from ...helm.charts import VAULT, Chart
from ...helm.release import PlannedRelease, declare_release
from .args import VaultServerSpec, check_server
from .certificates import build_certificate
from .chart_values import build_values
from .seal import ShamirSeal


class VaultServerArgs(Args):
    """The arguments of a `VaultServer`."""

    server: VaultServerSpec
    """What it is to be."""

    production: Switch = True
    """Refuse the dev server and plain HTTP."""

    chart: Chart = VAULT
    """The chart; another repository for a mirror."""

    after: Sequence[pulumi.Resource] = ()
    """What must exist before its pods can start: the namespace, a seal's key."""

    @cross_check
    def _check_server(self) -> Iterator[tuple[Location, str]]:
        sealed = not isinstance(self.server.seal, ShamirSeal)
        for field, issue in check_server(self.server, sealed=sealed, production=self.production):
            yield ("server", field), issue


class VaultServer(pulumi.ComponentResource):
    """A Vault server by the official Helm chart: storage, TLS, volumes for data and audit, pods kept apart.

    Helm does not wait: a pod is ready once it is open, and only `VaultBootstrap` opens it. The injector and the CSI
    provider of the chart are not installed; the latter comes with `SecretsStoreCsiDriver`. (Vault docs: "Run Vault on
    Kubernetes", "Production hardening"; Helm chart "vault")
    """

    address: str
    """URL of it in the cluster."""

    peers: list[str]
    """URLs by which its pods reach each other: the join addresses of bootstrap's nodes."""

    ca_certificate: pulumi.Output[str] | None
    """PEM of the CA of its certificate; `None` where it speaks plain HTTP."""

    release: pulumi.Resource
    """The chart's release: what bootstrap depends on."""

    def __init__(self, name: str, args: VaultServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the certificate and the chart's release.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        :raises ChartError: The chart's file is not that chart, or the values don't fit it.
        """
        super().__init__("strongroom:index:VaultServer", name, None, opts)
        server = args.server
        child = pulumi.ResourceOptions(parent=self, depends_on=list(args.after))
        certificate = build_certificate(server, server.tls, child) if server.tls else None
        required = [certificate.requires] if certificate and certificate.requires else []
        plan = plan_server_release(
            server, chart=args.chart, certificate=certificate.fingerprint if certificate else None
        )
        self.release = declare_release(
            plan, pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=required)), wait=False
        )
        self.address = server.address
        self.peers = server.peers
        self.ca_certificate = pulumi.Output.from_input(certificate.ca_certificate) if certificate else None
        self.register_outputs({"address": self.address, "peers": self.peers, "caCertificate": self.ca_certificate})


def plan_server_release(
    server: VaultServerSpec, *, chart: Chart = VAULT, certificate: pulumi.Input[str] | None = None
) -> PlannedRelease:
    """Plan the release that `VaultServer` makes; of its parameters.

    :param certificate: A value that changes with its certificate, where pods must start anew then.
    """
    return PlannedRelease(server.name, chart, server.namespace, build_values(server, certificate))
