"""Access to a configuration that has not been validated."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import SecretStr

from ..errors import Location

_GENERATOR = {"length", "special"}


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, and else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def iterate_mappings(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """List the entries of a list that are mappings, with their index."""
    if isinstance(value, list | tuple):
        for index, entry in enumerate(cast("Sequence[object]", value)):
            if isinstance(entry, Mapping):
                yield index, as_mapping(cast("object", entry))


def list_secrets(raw: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """List every secret of every workload, with its location."""
    for number, workload in iterate_mappings(raw.get("workloads")):
        for index, secret in iterate_mappings(workload.get("secrets")):
            if secret:
                yield ("workloads", number, "secrets", index), drop_invalid_options(secret)


def drop_invalid_options(secret: Mapping[str, Any]) -> dict[str, Any]:
    """Return a secret without the options that are invalid by themselves."""
    return {
        name: value
        for name, value in secret.items()
        if name in {"object", "key", "env"} or not isinstance(value, Invalid)
    }


def is_generator(value: object) -> bool:
    """Return whether `value` is `{generate: {…}}`, and not an object with a key of that name."""
    if list(as_mapping(value)) != ["generate"]:
        return False
    below = as_mapping(value)["generate"]
    return isinstance(below, Mapping) and set(as_mapping(cast("object", below))) <= _GENERATOR


@dataclass(frozen=True, eq=False)
class Invalid:
    """A placeholder for a value that is invalid by itself, so that no cross-check reports it again."""

    value: Any


def read_name(value: object) -> str | None:
    """Return a name that others may refer to, valid or not; `None` if it is no text."""
    found = value.value if isinstance(value, Invalid) else value
    return found if isinstance(found, str) else None


def mask_invalid(raw: Mapping[str, Any], invalid: Collection[Location]) -> dict[str, Any]:
    """Return `raw` with `Invalid` at each of the locations `invalid`, whether or not a value is there."""
    return _mask(raw, (), invalid)


def _mask(value: Any, location: Location, invalid: Collection[Location]) -> Any:
    if location in invalid:
        return Invalid(value)
    if isinstance(value, Mapping):
        below = cast("Mapping[str, Any]", value)
        meant = {str(each[-1]): Invalid(None) for each in invalid if each[:-1] == location and each[-1] not in below}
        return meant | {key: _mask(entry, (*location, key), invalid) for key, entry in below.items()}
    if isinstance(value, list):
        return [_mask(entry, (*location, index), invalid) for index, entry in enumerate(cast("list[Any]", value))]
    return value


def is_text(value: object) -> bool:
    """Return whether `value` is text, as written or already wrapped as a secret."""
    return isinstance(value, str | SecretStr)
