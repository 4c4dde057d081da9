"""Looking into what was written, before it is known to be right."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from .faults import Location

_GENERATOR = {"length", "special"}


def mapping(value: object) -> Mapping[str, Any]:
    """`value`, or nothing where it is no mapping."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def entries(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The entries of a list, by index."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        for index, entry in enumerate(cast("Sequence[object]", value)):
            yield index, mapping(entry)


def secrets(raw: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """Every secret of every workload, with its place."""
    for number, workload in entries(raw.get("workloads")):
        for index, secret in entries(workload.get("secrets")):
            if secret:
                yield ("workloads", number, "secrets", index), secret


def is_generator(value: object) -> bool:
    """Whether `value` is `{generate: {…}}`, and not an object with a key of that name."""
    if list(mapping(value)) != ["generate"]:
        return False
    below = mapping(value)["generate"]
    return isinstance(below, Mapping) and set(mapping(cast("object", below))) <= _GENERATOR
