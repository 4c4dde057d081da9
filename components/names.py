"""The names a user writes, each checked once, where it enters."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}")
_OBJECT_SEGMENT = re.compile(r"[A-Za-z0-9_.-]+")
_OBJECT_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_ENVIRONMENT_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE_PERMISSION = re.compile(r"0[0-7]{3}")


class Declaration(BaseModel):
    """What a user declares: immutable, spelled in camel case in stack files, unknown keys refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )


def _dns_label(value: str) -> str:
    if not _DNS_LABEL.fullmatch(value):
        raise ValueError(
            "is not a legal Kubernetes name: use 1 to 63 lower-case letters, digits and '-', "
            "with a letter or digit at both ends"
        )
    return value


def _file_name(value: str) -> str:
    if not _FILE_NAME.fullmatch(value):
        raise ValueError("is not a legal file name: use letters, digits, '-', '_' and '.', not a '.' first, and no '/'")
    return value


def object_path(value: str) -> str:
    """`value`, if it names one object of a store and nothing else.

    Policies are derived from it, so whatever a policy could read as a pattern (`*`, `+`, `{{`) or a server could
    resolve to another place (`..`, `%2f`, a leading `/`) is a `ValueError`.
    (Vault docs: "Policies", on globs and templates)
    """
    segments = value.split("/")
    if any(segment in {".", ".."} or not _OBJECT_SEGMENT.fullmatch(segment) for segment in segments):
        raise ValueError(
            "is not a legal object name: use letters, digits, '-', '_' and '.', with single '/' between segments; "
            "'.' and '..' as segments, wildcards and '%' escapes are refused"
        )
    return value


def _object_key(value: str) -> str:
    if not _OBJECT_KEY.fullmatch(value):
        raise ValueError("is not a legal key: use letters, digits, '-', '_' and '.'")
    return value


def _environment_variable(value: str) -> str:
    if not _ENVIRONMENT_VARIABLE.fullmatch(value):
        raise ValueError(
            "is not a legal environment variable: use letters, digits and '_', not a digit first, e.g. DB_PASSWORD"
        )
    return value


def _file_permission(value: str) -> str:
    if not _FILE_PERMISSION.fullmatch(value):
        raise ValueError('is not a file permission: use a quoted octal number of four digits, e.g. "0644"')
    return value


def _mount_path(value: str) -> str:
    if not value.startswith("/") or value == "/" or ".." in value.split("/") or ":" in value:
        raise ValueError("is not a mount path: use an absolute path without '..' and ':', e.g. /mnt/secrets-store")
    return value


DnsLabel = Annotated[str, AfterValidator(_dns_label)]
"""A Kubernetes name as RFC 1123 has it. (Kubernetes docs: "Object Names and IDs")"""

FileName = Annotated[str, AfterValidator(_file_name)]
"""A file in the mount, and so a legal key of a Kubernetes Secret. (Kubernetes docs: "Secrets")"""

ObjectPath = Annotated[str, AfterValidator(object_path)]
"""One object in the store."""

ObjectKey = Annotated[str, AfterValidator(_object_key)]
"""One key of an object that has several."""

EnvironmentVariable = Annotated[str, AfterValidator(_environment_variable)]
"""A container's environment variable. (Kubernetes docs: "Define Environment Variables for a Container")"""

FilePermission = Annotated[str, AfterValidator(_file_permission)]
"""An octal file permission, as a string."""

MountPath = Annotated[str, AfterValidator(_mount_path)]
"""An absolute path in a container."""

GoDuration = Annotated[str, Field(pattern=r"^[1-9][0-9]*[smh]$")]
"""A duration as Go writes it, e.g. `2m`."""
