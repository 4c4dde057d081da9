"""Looking into what was written, before it is known to be right."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import SecretStr

from ..errors import Location

_GENERATOR = {"length", "special"}


def mapping(value: object) -> Mapping[str, Any]:
    """`value`, or nothing where it is no mapping."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def entries(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The entries of a list that are mappings, by index."""
    if isinstance(value, list | tuple):
        for index, entry in enumerate(cast("Sequence[object]", value)):
            if isinstance(entry, Mapping):
                yield index, mapping(cast("object", entry))


def secrets(raw: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    """Every secret of every workload, with its place."""
    for number, workload in entries(raw.get("workloads")):
        for index, secret in entries(workload.get("secrets")):
            if secret:
                yield ("workloads", number, "secrets", index), known(secret)


def known(secret: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a secret, without options that are at fault themselves."""
    return {
        name: value
        for name, value in secret.items()
        if name in {"object", "key", "env"} or not isinstance(value, Wrong)
    }


def is_generator(value: object) -> bool:
    """Whether `value` is `{generate: {…}}`, and not an object with a key of that name."""
    if list(mapping(value)) != ["generate"]:
        return False
    below = mapping(value)["generate"]
    return isinstance(below, Mapping) and set(mapping(cast("object", below))) <= _GENERATOR


@dataclass(frozen=True, eq=False)
class Wrong:
    """What stands for a value that is at fault itself: no rule knows it, so none has more to say of it."""

    value: Any


def name_of(value: object) -> str | None:
    """A name that others may refer to, right or wrong; `None` where it is no text."""
    found = value.value if isinstance(value, Wrong) else value
    return found if isinstance(found, str) else None


def sifted(raw: Mapping[str, Any], wrong: Collection[Location]) -> dict[str, Any]:
    """`raw`, with `Wrong` in place of what is at the places `wrong`, there or meant to be."""
    return _sifted(raw, (), wrong)


def _sifted(value: Any, place: Location, wrong: Collection[Location]) -> Any:
    if place in wrong:
        return Wrong(value)
    if isinstance(value, Mapping):
        below = cast("Mapping[str, Any]", value)
        meant = {str(each[-1]): Wrong(None) for each in wrong if each[:-1] == place and each[-1] not in below}
        return meant | {key: _sifted(entry, (*place, key), wrong) for key, entry in below.items()}
    if isinstance(value, list):
        return [_sifted(entry, (*place, index), wrong) for index, entry in enumerate(cast("list[Any]", value))]
    return value


def is_text(value: object) -> bool:
    """Whether `value` is text: as written, or kept from view already."""
    return isinstance(value, str | SecretStr)
