"""Values that a stack writes to its store."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field, PlainValidator, SecretStr, ValidatorFunctionWrapHandler, WrapValidator

from strongroom.components import seeds
from strongroom.components.field_types import Declaration, ObjectKey, Switch, Whole

from .raw import is_generator, is_text

NO_TEXT = "must be text (a number in quotes is text): set it with `pulumi config set --secret --path`"


class Generated(Declaration):
    """A value that is generated once and kept in the stack's encrypted state."""

    length: Annotated[Whole, Field(ge=16, le=1024)] = 32
    """Characters."""

    special: Switch = True
    """Whether to use punctuation as well."""


class _Generate(Declaration):
    generate: Generated


def _read_seed(value: object) -> SecretStr | Generated:
    if isinstance(value, SecretStr | Generated):
        return value
    if isinstance(value, str) and value:
        return SecretStr(value)
    if isinstance(value, Mapping):
        if "generate" not in value:
            raise ValueError(
                "is neither text nor a generator: set text with `pulumi config set --secret --path`, or "
                "use {generate: {length: 32}}"
            )
        return _Generate.model_validate(value).generate
    if value is not None and value != "":
        raise ValueError(NO_TEXT)
    raise ValueError(
        "has no value: set one with `pulumi config set --secret --path`, or use {generate: {}} for a random value"
    )


Seed = Annotated[SecretStr | Generated, PlainValidator(_read_seed)]
"""A value that the stack writes: a config secret, or `{generate: {length: 32}}`."""


Seeds = Annotated[Mapping[ObjectKey, Seed], Field(min_length=1)]


def _read_object_seeds(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    if is_text(value) or is_generator(value):
        return _read_seed(value)
    return handler(value)


if TYPE_CHECKING:
    ObjectSeeds = Mapping[str, SecretStr | Generated] | SecretStr | Generated
else:
    # As a union, every error would be reported once for each of its members.
    ObjectSeeds = Annotated[Seeds, WrapValidator(_read_object_seeds)]
    """The values of one object by key, or its only value."""


def list_seeds(
    seeds: Mapping[str, Mapping[str, SecretStr | Generated] | SecretStr | Generated],
) -> Iterator[tuple[str, str | None, SecretStr | Generated]]:
    """List each value that the stack writes, with its object and key; the key is `None` if an object has one value."""
    for name, values in seeds.items():
        if isinstance(values, SecretStr | Generated):
            yield name, None, values
        else:
            yield from ((name, key, value) for key, value in values.items())


def to_seed(value: SecretStr | Generated) -> seeds.Seed:
    """Return `value` as a component's argument."""
    if isinstance(value, Generated):
        return seeds.Generate(length=value.length, special=value.special)
    return pulumi.Output.secret(value.get_secret_value())
