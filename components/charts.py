"""Every Helm chart that Strongroom installs, pinned in this one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A Helm chart."""

    name: str
    """The chart's name in its repository."""

    repository: str
    """URL of the chart repository."""

    version: str
    """The chart's exact version."""


SECRETS_STORE_CSI_DRIVER = Chart(
    name="secrets-store-csi-driver",
    repository="https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts",
    version="1.6.0",
)

AZURE_PROVIDER = Chart(
    name="csi-secrets-store-provider-azure",
    repository="https://azure.github.io/secrets-store-csi-driver-provider-azure/charts",
    version="1.8.2",
)

VAULT = Chart(name="vault", repository="https://helm.releases.hashicorp.com", version="0.32.0")
