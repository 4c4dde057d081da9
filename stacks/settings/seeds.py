"""Values that a stack writes to its store."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field, PlainValidator, SecretStr, ValidatorFunctionWrapHandler, WrapValidator

from strongroom.components.field_types import Declaration, ObjectKey
from strongroom.components.seeds import Generate
from strongroom.components.seeds import Seed as ComponentSeed

from .raw import is_generator, is_text

NO_TEXT = "must be text (a number in quotes is text): set it with `pulumi config set --secret --path`"


class _Generator(Declaration):
    generate: Generate


def _read_seed(value: object) -> SecretStr | Generate:
    if isinstance(value, SecretStr | Generate):
        return value
    if isinstance(value, str) and value:
        return SecretStr(value)
    if isinstance(value, Mapping):
        if "generate" not in value:
            raise ValueError(
                "is neither text nor a generator: set text with `pulumi config set --secret --path`, or "
                "use {generate: {length: 32}}"
            )
        return _Generator.model_validate(value).generate
    if value is not None and value != "":
        raise ValueError(NO_TEXT)
    raise ValueError(
        "has no value: set one with `pulumi config set --secret --path`, or use {generate: {}} for a random value"
    )


Seed = Annotated[SecretStr | Generate, PlainValidator(_read_seed)]
"""A value that the stack writes: a config secret, or `{generate: {length: 32}}`."""


Seeds = Annotated[Mapping[ObjectKey, Seed], Field(min_length=1)]


def _read_object_seeds(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    if is_text(value) or is_generator(value):
        return _read_seed(value)
    return handler(value)


if TYPE_CHECKING:
    ObjectSeeds = Mapping[str, SecretStr | Generate] | SecretStr | Generate
else:
    # As a union, every error would be reported once for each of its members.
    ObjectSeeds = Annotated[Seeds, WrapValidator(_read_object_seeds)]
    """The values of one object by key, or its only value."""


def list_seeds(
    seeds: Mapping[str, Mapping[str, SecretStr | Generate] | SecretStr | Generate],
) -> Iterator[tuple[str, str | None, SecretStr | Generate]]:
    """List each value that the stack writes, with its object and key; the key is `None` if an object has one value."""
    for name, values in seeds.items():
        if isinstance(values, SecretStr | Generate):
            yield name, None, values
        else:
            yield from ((name, key, value) for key, value in values.items())


def to_seed(value: SecretStr | Generate) -> ComponentSeed:
    """Return `value` as a component's argument."""
    if isinstance(value, Generate):
        return value
    return pulumi.Output.secret(value.get_secret_value())
