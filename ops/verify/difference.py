"""Differences between deployed documents and those of a server."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..pulumi.state import HIDDEN

Path = tuple[str, ...]
"""The way to a field: keys of objects; `[name]` or `[number]` for an item of a list."""

_LONGEST = 80
_QUANTITIES = {"limits", "requests", "sizeLimit"}
_PRIVATE = {"value", "data", "stringData", "token_reviewer_jwt"}
"""Fields that may hold a secret."""


@dataclass(frozen=True)
class Difference:
    """A field that isn't as it was deployed."""

    path: Path
    expected: object
    """What was deployed; `None` if nothing was."""

    found: object
    """What the server has; `None` if nothing."""

    owner: str = ""
    """Who wrote it, if that is known."""

    def __str__(self) -> str:
        by = f" (by {self.owner})" if self.owner else ""
        expected, found = (_format_value(self.path, value) for value in (self.expected, self.found))
        return f"{format_path(self.path)}: expected {expected}, found {found}{by}"


def compare(
    expected: object, found: object, known: Mapping[str, Collection[object]] | None = None, path: Path = ()
) -> Iterator[Difference]:
    """Compare a document of a server with the one that was deployed.

    Empty and absent values are equal, and what the state keeps encrypted is not compared.

    :param known: Additions by a server that change nothing: allowed values, by the field's name. Any other addition is
        a difference; if omitted, additions are ignored.
    """
    if expected == HIDDEN:
        return
    if isinstance(expected, Mapping) or (not expected and isinstance(found, Mapping)):
        one = cast("Mapping[str, Any]", expected or {})
        other = cast("Mapping[str, Any]", found if isinstance(found, Mapping) else {})
        if found is not None and not isinstance(found, Mapping):
            yield Difference(path, one, found)
            return
        for name in sorted({*one, *(other if known is not None else ())}):
            if name not in one and known is not None and is_known(other[name], known.get(name)):
                continue
            yield from compare(one.get(name), other.get(name), known, (*path, name))
    elif isinstance(expected, list) or (not expected and isinstance(found, list)):
        yield from _compare_lists(cast("list[Any]", expected or []), cast("object", found), known, path)
    elif not _is_same(path, expected, found):
        yield Difference(path, expected, found)


def is_known(value: object, allowed: Collection[object] | None) -> bool:
    """Return whether a server's addition changes nothing: it is empty, or an allowed value."""
    return _is_empty(value) or any(each in ("*", value) for each in allowed or ())


def format_path(path: Path) -> str:
    """Format a path, e.g. `spec.containers[orders].image`."""
    return "".join(part if part.startswith("[") else f".{part}" for part in path).removeprefix(".")


def _compare_lists(
    expected: list[Any], found: object, known: Mapping[str, Collection[object]] | None, path: Path
) -> Iterator[Difference]:
    if found is not None and not isinstance(found, list):
        yield Difference(path, expected, found)
        return
    one, other = _index_by_key(expected), _index_by_key(cast("list[Any]", found or []))
    for name in dict.fromkeys((*one, *other)):
        if name not in one or name not in other:
            yield Difference((*path, name), one.get(name), other.get(name))
        else:
            yield from compare(one[name], other[name], known, (*path, name))


def _index_by_key(items: list[Any]) -> dict[str, Any]:
    """Index a list as Kubernetes does: mounts by their paths, all else by names, and otherwise by numbers."""
    for key in ("mountPath", "name"):
        keys = [cast("Mapping[str, Any]", item).get(key) if isinstance(item, Mapping) else None for item in items]
        if all(isinstance(each, str) for each in keys) and len(set(keys)) == len(keys):
            return {f"[{each}]": item for each, item in zip(keys, items, strict=True)}
    return {f"[{number}]": item for number, item in enumerate(items)}


def _is_same(path: Path, expected: object, found: object) -> bool:
    return expected == found or (_is_empty(expected) and _is_empty(found)) or _is_quantity(path, expected, found)


def _is_quantity(path: Path, expected: object, found: object) -> bool:
    """Return whether two values are one quantity: the API server writes `1000m` as `1`.

    (Kubernetes docs: "Resource Management for Pods and Containers")
    """
    if _QUANTITIES.isdisjoint(path):
        return False
    from kubernetes.utils import quantity  # noqa: PLC0415 - it loads the whole client

    parse = cast("Callable[[object], object]", quantity.parse_quantity)  # pyright: ignore[reportUnknownMemberType]
    try:
        return parse(expected) == parse(found)
    except ValueError:
        return False


def _is_empty(value: object) -> bool:
    return value is None or value in ("", {}, [])


def _format_value(path: Path, value: object) -> str:
    if _is_empty(value):
        return "nothing"
    if not _PRIVATE.isdisjoint(path) or isinstance(value, Mapping):
        return "something" if not isinstance(value, Mapping) else _format_names(cast("Mapping[str, Any]", value))
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _format_names(value: Mapping[str, Any]) -> str:
    """Format an object by its name or its fields alone: a value in it may be a secret."""
    name = value.get("name")
    return json.dumps(name) if isinstance(name, str) else f"fields {', '.join(sorted(value))}"
