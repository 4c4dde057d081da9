"""Comparison of the charts that Strongroom installs with their repositories."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
import yaml

from strongroom.components.errors import ChartError
from strongroom.components.helm.chart_file import load_chart
from strongroom.components.helm.charts import CHARTS, Chart

from .errors import OpsError

_TIMEOUT = 15
"""Seconds."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast loader: an index has megabytes."""


@dataclass(frozen=True)
class CheckedChart:
    """A pinned chart, with the result of its check."""

    name: str
    version: str
    place: str
    """Its repository, or the file that was given."""

    digest: str | None
    """The pinned SHA-256 of its archive."""

    passed: bool | None
    """Whether the archive has that digest; `None` if unknown."""

    detail: str
    """What was seen."""


def check_charts(places: Mapping[str, str]) -> list[CheckedChart]:
    """Check every chart.

    :param places: Other sources of charts than their repositories, by name: an archive, or a mirror's URL.
    :raises OpsError: There is no chart of a name.
    """
    if unknown := sorted(set(places) - set(CHARTS)):
        raise OpsError(f"There is no chart {', '.join(unknown)}: there are {', '.join(CHARTS)}")
    return [_check_chart(_locate(chart, places.get(name))) for name, chart in CHARTS.items()]


def _locate(chart: Chart, place: str | None) -> Chart:
    if place is None:
        return chart
    return chart.model_copy(update={"repository": place.rstrip("/")} if "://" in place else {"path": place})


def _check_chart(chart: Chart) -> CheckedChart:
    passed, detail = _check_file(chart) if chart.path else _check_repository(chart)
    return CheckedChart(chart.name, chart.version, chart.path or chart.repository, chart.digest, passed, detail)


def _check_file(chart: Chart) -> tuple[bool | None, str]:
    try:
        found = load_chart(chart)
    except ChartError as error:
        return False, str(error)
    digest = found.digest if found else None
    if digest is None:
        return None, "is a directory, which has no digest"
    return _compare(chart, digest, "the file")


def _check_repository(chart: Chart) -> tuple[bool | None, str]:
    if not chart.repository.startswith(("https://", "http://")):
        return None, "is in a registry, which is not read: pull it, and name the archive"
    try:
        index: Any = yaml.load(_fetch(f"{chart.repository}/index.yaml"), _LOADER)  # noqa: S506 - it is a safe one
        versions: list[Any] = index["entries"].get(chart.name, [])
        entry: Any = next((each for each in versions if str(each["version"]) == chart.version), None)
        if entry is None:
            return False, f"its repository has no version {chart.version}"
        archive = hashlib.sha256(_fetch(urljoin(f"{chart.repository}/", entry["urls"][0]))).hexdigest()
    except requests.HTTPError as error:
        return None, f"could not be downloaded: {error}"
    except requests.RequestException as error:
        return None, f"could not be reached: {type(error).__name__}"
    except (yaml.YAMLError, KeyError, IndexError, TypeError, AttributeError):
        return None, "could not be downloaded: its repository has no valid index"
    published = entry.get("digest")
    if published and published != archive:
        return False, f"its repository publishes the SHA-256 {published} and serves {archive}"
    return _compare(chart, archive, "its repository")


def _compare(chart: Chart, digest: str, where: str) -> tuple[bool | None, str]:
    if chart.digest is None:
        return None, f"no digest is pinned; {where} has {digest}"
    if digest != chart.digest:
        return False, f"{where} has {digest}, which is not what is pinned"
    return True, f"{where} has what is pinned"


def _fetch(url: str) -> bytes:
    response = requests.get(url, timeout=_TIMEOUT)
    response.raise_for_status()
    return response.content


def parse_place(written: str) -> tuple[str, str]:
    """Parse a chart's name and place from `NAME=PLACE`.

    :raises OpsError: It has another form, or names a file that does not exist.
    """
    name, equals, where = written.partition("=")
    if not name or not equals or not where:
        raise OpsError(f"{written!r} is not NAME=PLACE: write e.g. vault=./vault-0.32.0.tgz")
    if "://" not in where and not Path(where).expanduser().exists():
        raise OpsError(f"{where!r} does not exist: name a chart's archive, or a mirror's URL")
    return name, where
