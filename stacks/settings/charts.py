"""Settings of the Helm charts that a stack installs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from strongroom.components.cross_checks import Location, cross_check
from strongroom.components.field_types import Declaration, LocalFile
from strongroom.components.helm.charts import (
    AKV2K8S,
    AZURE_PROVIDER,
    SECRETS_STORE_CSI_DRIVER,
    VAULT,
    Chart,
    ChartDigest,
    ChartRepository,
    ChartVersion,
)
from strongroom.components.rotation import check_poll_interval


class ChartSettings(Declaration):
    """Another source or version of a chart than the pinned one."""

    path: LocalFile | None = None
    """A directory, or an archive, with the chart."""

    repository: ChartRepository | None = None
    """A mirror of its repository: an `https://` URL, or `oci://` for a registry."""

    version: ChartVersion | None = None
    """Its exact version; defaults to the pinned one."""

    digest: ChartDigest | None = None
    """SHA-256 of its archive; defaults, for the pinned version, to the pinned one."""

    values: Mapping[str, Any] = {}
    """Values merged over those that Strongroom sets, e.g. a mirror of its images. Secrets don't belong here."""

    @cross_check
    def _check_source(self) -> Iterator[tuple[str, str]]:
        if self.path is not None and self.repository is not None:
            yield "repository", "This setting and path both locate the chart: keep one of them"


class ChartsSettings(Declaration):
    """The charts that the stack installs, pinned by repository, version and digest in components/helm/charts.py."""

    driver: Annotated[ChartSettings, Field(alias=SECRETS_STORE_CSI_DRIVER.name)] = ChartSettings()
    """The Secrets Store CSI driver."""

    azure_provider: Annotated[ChartSettings, Field(alias=AZURE_PROVIDER.name)] = ChartSettings()
    """Azure Key Vault's provider for it."""

    vault: Annotated[ChartSettings, Field(alias=VAULT.name)] = ChartSettings()
    """HashiCorp's chart: Vault's provider for the driver, and the Vault Agent injector."""

    akv2k8s: Annotated[ChartSettings, Field(alias=AKV2K8S.name)] = ChartSettings()
    """akv2k8s."""

    @cross_check
    def _check_poll_interval(self) -> Iterator[tuple[Location, str]]:
        interval = self.driver.values.get("rotationPollInterval")
        if isinstance(interval, str) and (problem := check_poll_interval(interval)):
            yield ("driver", "values", "rotationPollInterval"), f"{interval!r} {problem}"

    @property
    def charts(self) -> Mapping[str, Chart]:
        """The charts by name, with these settings applied."""
        return {
            chart.name: _apply(chart, own)
            for chart, own in (
                (SECRETS_STORE_CSI_DRIVER, self.driver),
                (AZURE_PROVIDER, self.azure_provider),
                (VAULT, self.vault),
                (AKV2K8S, self.akv2k8s),
            )
        }


def _apply(pinned: Chart, own: ChartSettings) -> Chart:
    version = own.version or pinned.version
    return Chart(
        name=pinned.name,
        path=own.path,
        repository=own.repository or pinned.repository,
        version=version,
        digest=own.digest or (pinned.digest if version == pinned.version else None),
        values=own.values,
    )
