"""Every Helm chart that Strongroom installs, pinned in this one place."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from ..args import Args
from ..field_types import LocalFile, Text, require_match


def _check_repository(value: str) -> str:
    if not re.fullmatch(r"(https|oci)://[^\s/@?#]+(/[^\s@?#]*)?", value):
        raise ValueError("is not a chart repository: write its https:// or oci:// URL, without credentials")
    return value.rstrip("/")


ChartRepository = Annotated[str, AfterValidator(_check_repository)]
"""URL of a repository or a registry of charts."""

ChartVersion = Annotated[
    str,
    require_match(
        r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?",
        'is not a chart\'s version: write all three numbers, in quotes, e.g. "1.6.0"',
    ),
]
"""A chart's exact version. (Semantic Versioning 2.0.0)"""

ChartDigest = Annotated[
    str,
    require_match(r"[0-9a-f]{64}", "is not a SHA-256: use its 64 lower-case hexadecimal digits (sha256sum CHART.tgz)"),
]
"""SHA-256 of a chart's archive."""


class Chart(Args):
    """A Helm chart, and where it comes from."""

    name: Text
    """The chart's name in its repository."""

    repository: ChartRepository
    """URL of the chart repository: `https://`, or `oci://` for a registry."""

    version: ChartVersion
    """The chart's exact version."""

    digest: ChartDigest | None = None
    """SHA-256 of the chart's archive, in hexadecimal digits; `None` where its publisher keeps none that stays."""

    path: LocalFile | None = None
    """A directory, or an archive, with the chart: it is installed instead of the repository's."""

    values: Mapping[str, Any] = {}
    """Values merged over those that Strongroom sends, e.g. a mirror of the chart's images."""


SECRETS_STORE_CSI_DRIVER = Chart(
    name="secrets-store-csi-driver",
    repository="https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts",
    version="1.6.0",
    digest="63a35e803d78a07df990411fc2df66d1f9426ed4508cc5794b5b4f125bb50744",
)

AZURE_PROVIDER = Chart(
    name="csi-secrets-store-provider-azure",
    repository="https://azure.github.io/secrets-store-csi-driver-provider-azure/charts",
    version="1.8.2",
    digest="6ec47f4dfb81a49a5cc426ca965a97519551a020dbe3dafe49962a2f565cfbcb",
)

VAULT = Chart(
    name="vault",
    repository="https://helm.releases.hashicorp.com",
    version="0.32.0",
    digest="e31ddf3f6dd031c0f5407dd6b63361ea5ff655f89c781049b39f4c2a95a6f88a",
)

AKV2K8S = Chart(
    name="akv2k8s",
    repository="https://charts.spvapi.no",
    version="2.8.4",
    # Its publisher packs every chart anew, whenever one is published.
    digest=None,
)

CHARTS: Mapping[str, Chart] = {
    chart.name: chart for chart in (SECRETS_STORE_CSI_DRIVER, AZURE_PROVIDER, VAULT, AKV2K8S)
}
"""All of them, by name."""
