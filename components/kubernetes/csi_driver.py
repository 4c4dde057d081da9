"""The Secrets Store CSI driver and its providers."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from ..args import Args, Input
from ..errors import InvalidArgumentsError
from ..field_types import DnsLabel, Text
from ..helm.charts import AZURE_PROVIDER, SECRETS_STORE_CSI_DRIVER, VAULT, Chart
from ..helm.release import PlannedRelease, declare_release
from ..rotation import PollInterval, check_poll_interval

CA_DIRECTORY = "/vault/tls"
CA_FILE = "ca.crt"
CA_PATH = f"{CA_DIRECTORY}/{CA_FILE}"
"""Where the installed Vault provider finds the CA that was given here, inside its pods."""

NAMESPACE = "kube-system"
"""Where what is installed for a whole cluster lives."""

NO_SERVER: Mapping[str, Any] = {
    "enabled": False,
    # Made without a server too, and bound to the right to review everybody's tokens.
    "serviceAccount": {"create": False},
    "authDelegator": {"enabled": False},
}
"""The values of HashiCorp's chart that leave its server out, and what comes along with one."""

Provider = Literal["azure", "vault"]


class SecretsStoreCsiDriverArgs(Args):
    """The arguments of a `SecretsStoreCsiDriver`."""

    audiences: Sequence[Text]
    """Audiences of the service account tokens that the backends in use need."""

    providers: Sequence[Provider] = ("vault",)
    """The providers to install beside it."""

    rotation_poll_interval: PollInterval = "2m"
    """How old a mounted secret may be before it is read again, as a Go duration of at most 2m."""

    vault_ca_certificate: Input[str] | None = None
    """PEM of the CA that signed Vault's certificate; mounted at `CA_PATH`."""

    namespace: DnsLabel = NAMESPACE
    """The namespace that both charts are installed in; it must exist."""

    driver_chart: Chart = SECRETS_STORE_CSI_DRIVER
    """The driver's chart; another repository for a mirror."""

    vault_chart: Chart = VAULT
    """The chart that carries Vault's provider."""

    azure_chart: Chart = AZURE_PROVIDER
    """The chart of Azure Key Vault's provider, without the driver in it."""


def plan_driver_releases(
    name: str, args: SecretsStoreCsiDriverArgs
) -> dict[Literal["driver", "azure", "vault"], PlannedRelease]:
    """Plan the releases that `SecretsStoreCsiDriver` makes, by what they are.

    :raises InvalidArgumentsError: The driver would poll too seldom.
    """
    planned: dict[Literal["driver", "azure", "vault"], PlannedRelease] = {
        "driver": PlannedRelease(
            name,
            args.driver_chart,
            args.namespace,
            {
                "syncSecret": {"enabled": True},
                "enableSecretRotation": True,
                "rotationPollInterval": args.rotation_poll_interval,
                "tokenRequests": [{"audience": audience} for audience in sorted(set(args.audiences))],
            },
        )
    }
    interval = str(planned["driver"].whole["rotationPollInterval"])
    if issue := check_poll_interval(interval):
        raise InvalidArgumentsError(f"{name}: rotation_poll_interval {interval!r} {issue}")
    if "vault" in args.providers:
        values = _build_provider_values(_name_ca(name) if args.vault_ca_certificate is not None else None)
        planned["vault"] = PlannedRelease(f"{name}-vault", args.vault_chart, args.namespace, values)
    if "azure" in args.providers:
        # The chart bundles a driver, and an older one.
        values = {"secrets-store-csi-driver": {"install": False}}
        planned["azure"] = PlannedRelease(f"{name}-azure", args.azure_chart, args.namespace, values)
    return planned


class SecretsStoreCsiDriver(pulumi.ComponentResource):
    """The Secrets Store CSI driver, once, with the providers of the backends in use, by their official Helm charts.

    Sync to Kubernetes Secrets and rotation are on. The driver asks for tokens of `audiences`: the chart asks for none
    by itself, and no workload identity works then. Install it once a cluster. (Secrets Store CSI Driver docs:
    "Installation", "Auto rotation of mounted contents"; Vault docs: "Vault CSI Provider Installation";
    Azure Key Vault provider docs: "Installation")
    """

    def __init__(self, name: str, args: SecretsStoreCsiDriverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the releases of the driver and of its providers.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        :raises ChartError: A chart's file is not that chart, or the values don't fit it.
        :raises InvalidArgumentsError: The driver would poll too seldom.
        """
        super().__init__("strongroom:index:SecretsStoreCsiDriver", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        planned = plan_driver_releases(name, args)
        before: list[pulumi.Resource] = [declare_release(planned.pop("driver"), child)]
        if args.vault_ca_certificate is not None and "vault" in args.providers:
            authority = ConfigMap(
                _name_ca(name),
                metadata={"name": _name_ca(name), "namespace": args.namespace},
                data={CA_FILE: args.vault_ca_certificate},
                opts=child,
            )
            before.append(authority)
        for provider in planned.values():
            declare_release(provider, pulumi.ResourceOptions(parent=self, depends_on=before))
        self.register_outputs({})


def _name_ca(name: str) -> str:
    return f"{name}-vault-ca"


def _build_provider_values(authority: str | None) -> dict[str, Any]:
    # The agent beside the provider ignores a custom CA.
    csi: dict[str, Any] = {"enabled": True, "agent": {"enabled": False}}
    if authority:
        csi["volumes"] = [{"name": "vault-ca", "configMap": {"name": authority}}]
        csi["volumeMounts"] = [{"name": "vault-ca", "mountPath": CA_DIRECTORY, "readOnly": True}]
    return {"csi": csi, "server": NO_SERVER, "injector": {"enabled": False}}
