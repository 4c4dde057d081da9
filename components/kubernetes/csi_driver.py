"""The Secrets Store CSI driver and Vault's provider for it."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.helm.v3 import Release

from ..charts import SECRETS_STORE_CSI_DRIVER, VAULT, Chart

CA_DIRECTORY = "/vault/tls"
CA_FILE = "ca.crt"
CA_PATH = f"{CA_DIRECTORY}/{CA_FILE}"
"""Where the installed Vault provider finds the CA that was given here, inside its pods."""


class SecretsStoreCsiDriver(pulumi.ComponentResource):
    """The Secrets Store CSI driver with Vault's provider, by their official Helm charts.

    Sync to Kubernetes Secrets and rotation are on. The driver asks for tokens of `audiences`: the chart asks for none
    by itself, and no workload identity works then. Install it once a cluster. (Secrets Store CSI Driver docs:
    "Installation", "Auto rotation of mounted contents"; Vault docs: "Vault CSI Provider Installation")
    """

    def __init__(
        self,
        name: str,
        *,
        audiences: Sequence[str],
        rotation_poll_interval: str = "2m",
        vault_ca_certificate: str | None = None,
        namespace: str = "kube-system",
        driver_chart: Chart = SECRETS_STORE_CSI_DRIVER,
        vault_chart: Chart = VAULT,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param audiences: Audiences of the service account tokens that the backends in use need.
        :param rotation_poll_interval: How old a mounted secret may be before it is read again, as a Go duration.
        :param vault_ca_certificate: PEM of the CA that signed Vault's certificate; mounted at `CA_PATH`.
        :param namespace: The namespace that both charts are installed in; it must exist.
        :param driver_chart: The driver's chart; another repository for a mirror.
        :param vault_chart: The chart that carries Vault's provider.
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
        authority = (
            ConfigMap(
                f"{name}-vault-ca",
                metadata={"name": f"{name}-vault-ca", "namespace": namespace},
                data={CA_FILE: vault_ca_certificate},
                opts=child,
            )
            if vault_ca_certificate
            else None
        )
        _release(
            f"{name}-vault",
            vault_chart,
            namespace,
            _provider_values(f"{name}-vault-ca" if authority else None),
            pulumi.ResourceOptions(parent=self, depends_on=[driver, *([authority] if authority else [])]),
        )
        self.register_outputs({})


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
