"""Access to a configuration that has not been validated."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import SecretStr

_GENERATOR = {"length", "special", "initial", "every"}


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, and else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def is_generator(value: object) -> bool:
    """Return whether `value` is `{generate: {…}}`, and not an object with a key of that name."""
    if list(as_mapping(value)) != ["generate"]:
        return False
    below = as_mapping(value)["generate"]
    return isinstance(below, Mapping) and set(as_mapping(cast("object", below))) <= _GENERATOR


def is_text(value: object) -> bool:
    """Return whether `value` is text, as written or already wrapped as a secret."""
    return isinstance(value, str | SecretStr)
