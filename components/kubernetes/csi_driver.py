"""The Secrets Store CSI driver and its providers."""

from collections.abc import Collection
from typing import Any, Literal

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.helm.v3 import Release

from ..charts import AZURE_PROVIDER, SECRETS_STORE_CSI_DRIVER, VAULT, Chart

CA_DIRECTORY = "/vault/tls"
CA_FILE = "ca.crt"
CA_PATH = f"{CA_DIRECTORY}/{CA_FILE}"
"""Where the installed Vault provider finds the CA that was given here, inside its pods."""


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
        providers: Collection[Literal["azure", "vault"]] = ("vault",),
        rotation_poll_interval: str = "2m",
        vault_ca_certificate: str | None = None,
        namespace: str = "kube-system",
        driver_chart: Chart = SECRETS_STORE_CSI_DRIVER,
        vault_chart: Chart = VAULT,
        azure_chart: Chart = AZURE_PROVIDER,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param audiences: Audiences of the service account tokens that the backends in use need.
        :param providers: The providers to install beside it.
        :param rotation_poll_interval: How old a mounted secret may be before it is read again, as a Go duration.
        :param vault_ca_certificate: PEM of the CA that signed Vault's certificate; mounted at `CA_PATH`.
        :param namespace: The namespace that both charts are installed in; it must exist.
        :param driver_chart: The driver's chart; another repository for a mirror.
        :param vault_chart: The chart that carries Vault's provider.
        :param azure_chart: The chart of Azure Key Vault's provider; the driver in it is left out.
        """
        super().__init__("strongroom:index:SecretsStoreCsiDriver", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        driver = _release(
            name,
            driver_chart,
            namespace,
            {
                "syncSecret": {"enabled": True},
                "enableSecretRotation": True,
                "rotationPollInterval": rotation_poll_interval,
                "tokenRequests": [{"audience": audience} for audience in sorted(set(audiences))],
            },
            child,
        )
        if "vault" in providers:
            self._vault_provider(name, vault_chart, namespace, vault_ca_certificate, driver)
        if "azure" in providers:
            _release(
                f"{name}-azure",
                azure_chart,
                namespace,
                # The chart bundles a driver, and an older one.
                {"secrets-store-csi-driver": {"install": False}},
                pulumi.ResourceOptions(parent=self, depends_on=[driver]),
            )
        self.register_outputs({})

    def _vault_provider(
        self, name: str, chart: Chart, namespace: str, ca_certificate: str | None, driver: pulumi.Resource
    ) -> None:
        authority = (
            ConfigMap(
                f"{name}-vault-ca",
                metadata={"name": f"{name}-vault-ca", "namespace": namespace},
                data={CA_FILE: ca_certificate},
                opts=pulumi.ResourceOptions(parent=self),
            )
            if ca_certificate
            else None
        )
        _release(
            f"{name}-vault",
            chart,
            namespace,
            _provider_values(f"{name}-vault-ca" if authority else None),
            pulumi.ResourceOptions(parent=self, depends_on=[driver, *([authority] if authority else [])]),
        )


def _release(name: str, chart: Chart, namespace: str, values: dict[str, Any], opts: pulumi.ResourceOptions) -> Release:
    return Release(
        name,
        name=name,
        chart=chart.name,
        version=chart.version,
        repository_opts={"repo": chart.repository},
        namespace=namespace,
        atomic=True,
        timeout=600,
        values=values,
        opts=opts,
    )


def _provider_values(authority: str | None) -> dict[str, Any]:
    # The agent beside the provider ignores a custom CA.
    csi: dict[str, Any] = {"enabled": True, "agent": {"enabled": False}}
    if authority:
        csi["volumes"] = [{"name": "vault-ca", "configMap": {"name": authority}}]
        csi["volumeMounts"] = [{"name": "vault-ca", "mountPath": CA_DIRECTORY, "readOnly": True}]
    return {"csi": csi, "server": {"enabled": False}, "injector": {"enabled": False}}
