"""Property values as they cross the provider protocol: plain data with secrets and unknowns in it."""

import base64
import contextlib
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

_SIGNATURE = rpc._special_sig_key  # pyright: ignore[reportPrivateUsage] - the protocol's constants have no other home
_SECRET = rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]

_TELLING = 4
"""Length from which a secret is looked for in messages: shorter ones would tear up every ordinary word."""

UNKNOWN = rpc.UNKNOWN
"""A value that only an update will know."""


@dataclass(frozen=True)
class Secret:
    """A value that must stay secret."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


class UnsupportedValueError(ValueError):
    """A kind of value that the fakes don't take."""


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return the properties of a protocol message.

    :raises UnsupportedValueError: There is an asset, an archive or a resource reference among them.
    """
    return _decoded(json_format.MessageToDict(struct))


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return `properties` as a protocol message."""
    struct = struct_pb2.Struct()
    struct.update(_encoded(properties))
    return struct


def plain(value: Any) -> Any:
    """Return `value` without its secret marks."""
    if isinstance(value, Secret):
        return plain(value.value)
    return _inside(value, plain)


def known(value: Any) -> bool:
    """Return whether nothing in `value` is unknown."""
    value = plain(value)
    if isinstance(value, dict):
        return all(known(item) for item in value.values())
    if isinstance(value, list):
        return all(known(item) for item in value)
    return value != UNKNOWN


def secret_like(value: Any, pattern: Any) -> Any:
    """Return `value`, secret wherever `pattern` is."""
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


def mark_lists(value: Any) -> Any:
    """Return `value`, with every list secret that has a secret in it."""
    if isinstance(value, dict):
        return {key: mark_lists(item) for key, item in value.items()}
    if isinstance(value, list) and value != plain(value):
        return Secret(plain(value))
    return value


def marked(properties: Mapping[str, Any], secret: Collection[str]) -> dict[str, Any]:
    """Return `properties` with those named by `secret` marked as secrets."""
    return {
        key: Secret(value) if key in secret and value is not None and not isinstance(value, Secret) else value
        for key, value in properties.items()
    }


def merged(below: Any, above: Any) -> Any:
    """Return `above` on top of `below`, mapping by mapping."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}
    return above


def redacted(text: str, *values: Any) -> str:
    """Return `text` without the secrets in `values`: a server's refusal may quote what it refuses."""
    leaves = {leaf for value in values for leaf in _secret_leaves(value, inside=False)}
    hidden = leaves | {base64.b64encode(leaf.encode()).decode() for leaf in leaves}
    hidden |= {form for leaf in hidden for form in _in_json(leaf)}
    for leaf in sorted(hidden, key=len, reverse=True):
        text = text.replace(leaf, "[secret]")
    return text


def _in_json(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        # As servers in Go write it.
        yield escaped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _secret_leaves(value: Any, *, inside: bool) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _secret_leaves(value.value, inside=True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secret_leaves(item, inside=inside)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_leaves(item, inside=inside)
    elif inside and value is not None and value is not True and value is not False and value != UNKNOWN:
        yield from _forms(str(value))


def _forms(text: str) -> Iterator[str]:
    """Return what of a secret may be quoted: itself, its lines, and what is in it as base64 or JSON."""
    pieces = {text, *text.splitlines()}
    with contextlib.suppress(ValueError):
        pieces.add(base64.b64decode(text, validate=True).decode())
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict | list):
        pieces.update(_secret_leaves(document, inside=True))
    yield from (piece for piece in pieces if len(piece) >= _TELLING)


def _inside(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [change(item) for item in value]
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict) and _SIGNATURE in value:
        if value[_SIGNATURE] != _SECRET:
            raise UnsupportedValueError(
                "assets, archives and resource references are not supported by the sandbox's fake providers"
            )
        return Secret(_decoded(value["value"]))
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return _inside(value, _decoded)


def _encoded(value: Any) -> Any:
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _encoded(value.value)}
    return _inside(value, _encoded)
