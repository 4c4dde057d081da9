"""Releases of Helm charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pulumi

from ..errors import ChartError
from .chart_file import check_values, deep_merge, load_chart
from .charts import Chart

if TYPE_CHECKING:
    from pulumi_kubernetes.helm.v3 import Release

_TIMEOUT = 600
"""Seconds that Helm waits for what it installs."""


@dataclass(frozen=True)
class PlannedRelease:
    """A release, before it is declared."""

    name: str
    """The release's name."""

    chart: Chart
    """What is installed."""

    namespace: str
    """Where; it must exist."""

    values: Mapping[str, Any]
    """What Strongroom sends; those of the chart's own replacement take precedence."""

    @property
    def whole(self) -> dict[str, Any]:
        """All values that are sent."""
        return deep_merge(self.values, self.chart.values)


def list_release_issues(planned: PlannedRelease) -> list[str]:
    """List the errors of a release that are known before anything is created: of its chart's file, if it names one."""
    try:
        file = load_chart(planned.chart)
        return check_values(file, _describe_value(planned.whole)) if file else []
    except ChartError as error:
        return [str(error)]


def declare_release(planned: PlannedRelease, opts: pulumi.ResourceOptions, *, wait: bool = True) -> "Release":
    """Install or upgrade a release; one that fails is rolled back.

    :param wait: Whether to wait until what it installs is ready.
    :raises ChartError: The chart's file is not that chart, or the values don't fit it.
    """
    # A stack that installs no chart does without.
    from pulumi_kubernetes.helm.v3 import Release  # noqa: PLC0415

    if wrong := list_release_issues(planned):
        raise ChartError(f"chart {planned.chart.name}: {'; '.join(wrong)}")
    return Release(
        planned.name,
        name=planned.name,
        namespace=planned.namespace,
        atomic=wait,
        skip_await=not wait,
        timeout=_TIMEOUT,
        values=planned.whole,
        **_locate_chart(planned.chart),
        opts=opts,
    )


def _describe_value(value: Any) -> Any:
    """Return what is known of a value: some text for an output that is yet to come."""
    if isinstance(value, Mapping):
        return {key: _describe_value(each) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_describe_value(each) for each in cast("list[Any]", value)]
    return "known later" if isinstance(value, pulumi.Output) else value


def _locate_chart(chart: Chart) -> dict[str, Any]:
    """Return where Helm finds it. A chart in a registry has no repository (Helm docs: "Use OCI-based registries")."""
    if chart.path is not None:
        return {"chart": str(Path(chart.path).expanduser())}
    if chart.repository.startswith("oci://"):
        return {"chart": f"{chart.repository}/{chart.name}", "version": chart.version}
    return {"chart": chart.name, "version": chart.version, "repository_opts": {"repo": chart.repository}}
