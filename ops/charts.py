"""The charts that Strongroom installs, held against what their repositories publish."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
import yaml

from strongroom.components.errors import ChartError
from strongroom.components.helm.chart_file import checked
from strongroom.components.helm.charts import CHARTS, Chart

from .errors import OpsError

_PATIENCE = 15
"""Seconds."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""An index has megabytes."""


@dataclass(frozen=True)
class CheckedChart:
    """A pinned chart, and whether it is what it was when it was pinned."""

    name: str
    version: str
    place: str
    """Its repository, or the file that was given."""

    digest: str | None
    """The pinned SHA-256 of its archive."""

    passed: bool | None
    """Whether the archive has that digest; `None` where it could not be found out."""

    detail: str
    """What was seen."""


def check_charts(places: Mapping[str, str]) -> list[CheckedChart]:
    """Every chart, checked.

    :param places: Where to look for a chart instead of its repository, by its name: an archive, or a mirror's URL.
    :raises OpsError: A name is no chart's.
    """
    if unknown := sorted(set(places) - set(CHARTS)):
        raise OpsError(f"There is no chart {', '.join(unknown)}: there are {', '.join(CHARTS)}")
    return [_checked(_placed(chart, places.get(name))) for name, chart in CHARTS.items()]


def _placed(chart: Chart, place: str | None) -> Chart:
    if place is None:
        return chart
    return replace(chart, repository=place.rstrip("/")) if "://" in place else replace(chart, path=place)


def _checked(chart: Chart) -> CheckedChart:
    passed, detail = _of_file(chart) if chart.path else _of_repository(chart)
    return CheckedChart(chart.name, chart.version, chart.path or chart.repository, chart.digest, passed, detail)


def _of_file(chart: Chart) -> tuple[bool | None, str]:
    try:
        found = checked(chart)
    except ChartError as error:
        return False, str(error)
    digest = found.digest if found else None
    if digest is None:
        return None, "is a directory, which has no digest"
    return _compared(chart, digest, "the file")


def _of_repository(chart: Chart) -> tuple[bool | None, str]:
    if not chart.repository.startswith(("https://", "http://")):
        return None, "is in a registry, which is not asked: pull it, and name the archive"
    try:
        index: Any = yaml.load(_fetched(f"{chart.repository}/index.yaml"), _LOADER)  # noqa: S506 - it is a safe one
        versions: list[Any] = index["entries"].get(chart.name, [])
        entry: Any = next((each for each in versions if str(each["version"]) == chart.version), None)
        if entry is None:
            return False, f"its repository has no version {chart.version}"
        archive = hashlib.sha256(_fetched(urljoin(f"{chart.repository}/", entry["urls"][0]))).hexdigest()
    except requests.HTTPError as error:
        return None, f"could not be had: {error}"
    except requests.RequestException as error:
        return None, f"could not be reached: {type(error).__name__}"
    except (yaml.YAMLError, KeyError, IndexError, TypeError, AttributeError):
        return None, "could not be had: its repository has no index that can be read"
    published = entry.get("digest")
    if published and published != archive:
        return False, f"its repository publishes the SHA-256 {published} and serves {archive}"
    return _compared(chart, archive, "its repository")


def _compared(chart: Chart, digest: str, where: str) -> tuple[bool | None, str]:
    if chart.digest is None:
        return None, f"no digest is pinned; {where} has {digest}"
    if digest != chart.digest:
        return False, f"{where} has {digest}, which is not what is pinned"
    return True, f"{where} has what is pinned"


def _fetched(url: str) -> bytes:
    answer = requests.get(url, timeout=_PATIENCE)
    answer.raise_for_status()
    return answer.content


def place(written: str) -> tuple[str, str]:
    """A chart's name and place, as `NAME=PLACE` on a command line.

    :raises OpsError: It is written otherwise, or names a file that isn't there.
    """
    name, equals, where = written.partition("=")
    if not name or not equals or not where:
        raise OpsError(f"{written!r} names no chart and place: write e.g. vault=./vault-0.32.0.tgz")
    if "://" not in where and not Path(where).expanduser().exists():
        raise OpsError(f"{where!r} isn't there: name a chart's archive, or a mirror's URL")
    return name, where
