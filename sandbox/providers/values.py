"""Property values as they cross the provider protocol: plain data with secrets and unknowns in it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

_SIGNATURE = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage] - the protocol's constants have no other home
_SECRET = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]

UNKNOWN = rpc.UNKNOWN
"""A value that only an update will know."""


@dataclass(frozen=True)
class Secret:
    """A value that must stay secret."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a protocol message.

    :raises ValueError: There is an asset, an archive or a resource reference among them.
    """
    return _decoded(json_format.MessageToDict(struct))


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """`properties` as a protocol message."""
    struct = struct_pb2.Struct()
    struct.update(_encoded(properties))
    return struct


def plain(value: Any) -> Any:
    """`value` without its secret marks."""
    if isinstance(value, Secret):
        return plain(value.value)
    return _inside(value, plain)


def known(value: Any) -> bool:
    """Whether nothing in `value` is unknown."""
    value = plain(value)
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    if isinstance(value, list):
        return all(known(item) for item in value)
    return value != UNKNOWN


def secret_like(value: Any, pattern: Any) -> Any:
    """`value`, secret wherever `pattern` is."""
    if isinstance(value, Secret):
        return value
    if isinstance(pattern, Secret):
        return Secret(value)
    if isinstance(value, dict) and isinstance(pattern, dict):
        return {key: secret_like(item, pattern.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(pattern, list):
        padded = pattern + [None] * (len(value) - len(pattern))
        return [secret_like(item, like) for item, like in zip(value, padded, strict=False)]
    return value


def _inside(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [change(item) for item in value]
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict) and _SIGNATURE in value:
        if value[_SIGNATURE] != _SECRET:
            raise ValueError("assets, archives and resource references are not supported by the sandbox's stand-ins")
        return Secret(_decoded(value["value"]))
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return _inside(value, _decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _encoded(value.value)}
    return _inside(value, _encoded)
