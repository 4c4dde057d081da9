"""Charts as files: what is in them, and whether values fit them."""

import hashlib
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import yaml

from ..errors import ChartError
from .charts import Chart

if TYPE_CHECKING:
    from jsonschema import ValidationError

_WANTED = ("Chart.yaml", "values.yaml", "values.schema.json")

_LARGEST = 5 * 1024 * 1024
"""Bytes of a file in a chart, as Helm has it."""


@dataclass(frozen=True)
class ChartFile:
    """A chart in a directory or an archive."""

    name: str
    version: str

    digest: str | None
    """SHA-256 of the archive; `None` for a directory."""

    defaults: Mapping[str, Any]
    """Its `values.yaml`."""

    schema: Mapping[str, Any] | None
    """Its `values.schema.json`, where it has one."""


def read_chart(path: str) -> ChartFile:
    """Read the chart at `path`.

    :raises ChartError: There is none, or it can't be read.
    """
    place = Path(path).expanduser()
    try:
        digest = None if place.is_dir() else hashlib.sha256(place.read_bytes()).hexdigest()
        files = _read_directory(place) if place.is_dir() else _read_archive(place)
        described: Any = yaml.safe_load(files["Chart.yaml"])
        defaults: Any = yaml.safe_load(files.get("values.yaml", "")) or {}
        schema: Any = json.loads(files["values.schema.json"]) if "values.schema.json" in files else None
        return ChartFile(str(described["name"]), str(described["version"]), digest, defaults, schema)
    except OSError as error:
        raise ChartError(f"{path!r} can't be read ({error.strerror or type(error).__name__})") from None
    except (KeyError, TypeError, ValueError, EOFError, zlib.error, yaml.YAMLError, tarfile.TarError) as error:
        raise ChartError(f"{path!r} is no chart ({type(error).__name__}): name a chart's directory or .tgz") from None


def load_chart(chart: Chart) -> ChartFile | None:
    """Load the file that `chart` names, which must be that chart; `None` if it names none.

    :raises ChartError: It is another chart or version, or its archive has another digest.
    """
    if chart.path is None:
        return None
    found = read_chart(chart.path)
    if (found.name, found.version) != (chart.name, chart.version):
        raise ChartError(
            f"{chart.path!r} is {found.name} {found.version}, not {chart.name} {chart.version}: name that one, or say "
            "its version"
        )
    if found.digest and chart.digest and found.digest != chart.digest:
        raise ChartError(
            f"{chart.path!r} has the SHA-256 {found.digest}, not {chart.digest}: fetch it again, or say its digest "
            "where you packed it yourselves"
        )
    return found


def deep_merge(below: Mapping[str, Any], above: Mapping[str, Any], *, removing: bool = False) -> dict[str, Any]:
    """Return `below` with what `above` has: mappings are merged, and anything else of `above` replaces what is below.

    :param removing: Whether null takes away what is below, as it does over a chart's defaults, or is kept for that.
    """
    made = dict(below)
    for key, value in above.items():
        if value is None and removing:
            made.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(made.get(key), Mapping):
            made[key] = deep_merge(made[key], cast("Mapping[str, Any]", value), removing=removing)
        else:
            made[key] = value
    return made


def check_values(file: ChartFile, values: Mapping[str, Any]) -> list[str]:
    """List the errors that the chart's schema finds in `values`, none if it has no schema. No value is repeated.

    :raises ChartError: The schema can't be used.
    """
    if file.schema is None:
        return []
    # A stack that installs no chart does without.
    from jsonschema import Draft7Validator, SchemaError, validators  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    within = Registry[Any]()  # a schema's references stay within it: nothing is fetched
    kind: Any = validators.validator_for(file.schema, default=Draft7Validator)  # pyright: ignore[reportUnknownMemberType]
    try:
        kind.check_schema(file.schema)
        whole = deep_merge(file.defaults, values, removing=True)
        found: list[ValidationError] = list(kind(file.schema, registry=within).iter_errors(whole))
    except (SchemaError, Unresolvable) as error:
        raise ChartError(
            f"{file.name} {file.version} has a schema that can't be used: {type(error).__name__}"
        ) from None
    return sorted(dict.fromkeys(_format_error(error) for error in found))


def _read_directory(place: Path) -> dict[str, str]:
    return {name: (place / name).read_text() for name in _WANTED if (place / name).is_file()}


def _read_archive(place: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    with tarfile.open(place) as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            if len(parts) == 2 and parts[1] in _WANTED and member.isfile() and member.size <= _LARGEST:
                content = archive.extractfile(member)
                files[parts[1]] = content.read().decode() if content else ""
    return files


def _format_error(error: "ValidationError") -> str:
    place = ".".join(str(step) for step in error.absolute_path) or "the top level"
    match str(error.validator):
        case "type":
            return f"{place} must be of type {_format_list(error.validator_value)}"
        case "enum" | "const":
            return f"{place} must be one of {_format_list(error.validator_value)}"
        case "required":
            return f"{place} lacks a required key, of {_format_list(error.validator_value)}"
        case "additionalProperties":
            known = _format_list(error.schema.get("properties", {})) if isinstance(error.schema, Mapping) else ""
            return f"{place} has a key that the chart doesn't know; it knows {known}"
        case rule:
            return f"{place} breaks the rule {rule}: {json.dumps(error.validator_value)[:200]}"


def _format_list(value: Any) -> str:
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list | Mapping) else str(value)
