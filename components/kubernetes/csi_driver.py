"""The Secrets Store CSI driver and its providers."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from ..helm.charts import AZURE_PROVIDER, SECRETS_STORE_CSI_DRIVER, VAULT, Chart
from ..helm.release import PlannedRelease, release
from ..rotation import check_poll_interval

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


def driver_releases(
    name: str,
    *,
    audiences: Collection[str],
    providers: Collection[Provider] = ("vault",),
    rotation_poll_interval: str = "2m",
    vault_ca: bool = False,
    namespace: str = NAMESPACE,
    driver_chart: Chart = SECRETS_STORE_CSI_DRIVER,
    vault_chart: Chart = VAULT,
    azure_chart: Chart = AZURE_PROVIDER,
) -> dict[Literal["driver", "azure", "vault"], PlannedRelease]:
    """The releases that `SecretsStoreCsiDriver` makes, by what they are; of its parameters.

    :param vault_ca: Whether Vault's provider is given a CA.
    :raises ValueError: The driver would poll too seldom.
    """
    planned: dict[Literal["driver", "azure", "vault"], PlannedRelease] = {
        "driver": PlannedRelease(
            name,
            driver_chart,
            namespace,
            {
                "syncSecret": {"enabled": True},
                "enableSecretRotation": True,
                "rotationPollInterval": rotation_poll_interval,
                "tokenRequests": [{"audience": audience} for audience in sorted(set(audiences))],
            },
        )
    }
    interval = str(planned["driver"].whole["rotationPollInterval"])
    if fault := check_poll_interval(interval):
        raise ValueError(f"{name}: rotation_poll_interval {interval!r} {fault}")
    if "vault" in providers:
        values = _provider_values(_ca_name(name) if vault_ca else None)
        planned["vault"] = PlannedRelease(f"{name}-vault", vault_chart, namespace, values)
    if "azure" in providers:
        # The chart bundles a driver, and an older one.
        values = {"secrets-store-csi-driver": {"install": False}}
        planned["azure"] = PlannedRelease(f"{name}-azure", azure_chart, namespace, values)
    return planned


class SecretsStoreCsiDriver(pulumi.ComponentResource):
    """The Secrets Store CSI driver, once, with the providers of the backends in use, by their official Helm charts.

    Sync to Kubernetes Secrets and rotation are on. The driver asks for tokens of `audiences`: the chart asks for none
    by itself, and no workload identity works then. Install it once a cluster. (Secrets Store CSI Driver docs:
    "Installation", "Auto rotation of mounted contents"; Vault docs: "Vault CSI Provider Installation";
    Azure Key Vault provider docs: "Installation")
    """

    def __init__(
        self,
        name: str,
        *,
        audiences: Collection[str],
        providers: Collection[Provider] = ("vault",),
        rotation_poll_interval: str = "2m",
        vault_ca_certificate: pulumi.Input[str] | None = None,
        namespace: str = NAMESPACE,
        driver_chart: Chart = SECRETS_STORE_CSI_DRIVER,
        vault_chart: Chart = VAULT,
        azure_chart: Chart = AZURE_PROVIDER,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param audiences: Audiences of the service account tokens that the backends in use need.
        :param providers: The providers to install beside it.
        :param rotation_poll_interval: How old a mounted secret may be before it is read again, as a Go duration of at
            most 2m.
        :param vault_ca_certificate: PEM of the CA that signed Vault's certificate; mounted at `CA_PATH`.
        :param namespace: The namespace that both charts are installed in; it must exist.
        :param driver_chart: The driver's chart; another repository for a mirror.
        :param vault_chart: The chart that carries Vault's provider.
        :param azure_chart: The chart of Azure Key Vault's provider; the driver in it is left out.
        :raises ChartError: A chart's file is not that chart, or the values don't fit it.
        :raises ValueError: The driver would poll too seldom.
        """
        super().__init__("strongroom:index:SecretsStoreCsiDriver", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        planned = driver_releases(
            name,
            audiences=audiences,
            providers=providers,
            rotation_poll_interval=rotation_poll_interval,
            vault_ca=vault_ca_certificate is not None,
            namespace=namespace,
            driver_chart=driver_chart,
            vault_chart=vault_chart,
            azure_chart=azure_chart,
        )
        before: list[pulumi.Resource] = [release(planned.pop("driver"), child)]
        if vault_ca_certificate is not None and "vault" in providers:
            authority = ConfigMap(
                _ca_name(name),
                metadata={"name": _ca_name(name), "namespace": namespace},
                data={CA_FILE: vault_ca_certificate},
                opts=child,
            )
            before.append(authority)
        for provider in planned.values():
            release(provider, pulumi.ResourceOptions(parent=self, depends_on=before))
        self.register_outputs({})


def _ca_name(name: str) -> str:
    return f"{name}-vault-ca"


def _provider_values(authority: str | None) -> dict[str, Any]:
    # The agent beside the provider ignores a custom CA.
    csi: dict[str, Any] = {"enabled": True, "agent": {"enabled": False}}
    if authority:
        csi["volumes"] = [{"name": "vault-ca", "configMap": {"name": authority}}]
        csi["volumeMounts"] = [{"name": "vault-ca", "mountPath": CA_DIRECTORY, "readOnly": True}]
    return {"csi": csi, "server": NO_SERVER, "injector": {"enabled": False}}
